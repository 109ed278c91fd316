//! What a rehearsal shows: rows of text, or a JSON object a row. Every row says what it is.
//!
//! Times are the scenario's, in UTC. Text that runs from right to left stands in a row of its own
//! within isolates, so that neither the mark nor a number in it changes place.

use std::{fmt, io::Write, path::Path, time::Duration};

use khatt_core::{
    alarm::{Cause, Change, ChangeKind},
    clocks,
    ladder::Level,
    scenario::{Action, Name, ReadBackResult, Scenario, StepFault},
};
use khatt_forms::{
    Catalogue, Direction, Language, Wordbook, acknowledgement_banner, has_refused_text,
    level_words, precedence_words, raw_rows, render,
};
use khatt_record::{
    EntryId,
    entry::Act as EntryAct,
    words::{CheckWords, WordLanguage},
};
use serde_json::{Value as Json, json};

use super::{
    Ended, RehearseError,
    stage::{Side, Stage},
};
use crate::{clock::Clock, control::views::zulu};

/// Where a rehearsal is shown, and how.
pub struct Show {
    out: Box<dyn Write>,
    form: Shape,
}

/// Rows of text, or of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// For people.
    Text,
    /// For machines: one object a row.
    Json,
}

/// What a level is of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// A message that officers released.
    Message,
    /// An acknowledgement, or what one machine says to the other.
    Answer,
}

impl fmt::Debug for Show {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Show").field("form", &self.form).finish_non_exhaustive()
    }
}

impl Show {
    /// Shows everything to `out`.
    #[must_use]
    pub fn new(out: Box<dyn Write>, form: Shape) -> Self {
        Self { out, form }
    }

    /// Writes one row: the text to people, the object to machines.
    pub(super) fn row(&mut self, text: &str, row: &str, mut value: Json) {
        let written = match self.form {
            Shape::Text => writeln!(self.out, "{MARK}{text}"),
            Shape::Json => {
                if let Some(object) = value.as_object_mut() {
                    object.insert("kind".to_owned(), json!("rehearsal"));
                    object.insert("row".to_owned(), json!(row));
                }
                writeln!(self.out, "{value}")
            }
        };
        // A reader that goes away is no fault of ours, and nothing can be told it.
        let _ = written.and_then(|()| self.out.flush());
    }

    /// Writes rows that only people want.
    pub(super) fn note(&mut self, text: &str) {
        if self.form == Shape::Text {
            self.row(text, "", json!({}));
        }
    }

    pub(super) fn opening(&mut self, scenario: &Scenario, stage: &Stage) {
        let title = |language: Language| {
            let mut titles = scenario.title.iter();
            titles.find(|(tag, _)| tag.as_str() == language.tag()).map(|(_, text)| text.as_str())
        };
        let start = zulu(scenario.start_ms);
        let words = CheckWords::of(stage.charter.hash(), WordLanguage::English).to_string();
        let line = stage.charter.line_id().to_string();
        let folder = stage.dir.display().to_string();
        let value = json!({ "scenario": scenario.name.as_str(), "aim": scenario.aim,
            "start": start, "line": line, "check_words": words, "dir": folder });
        self.row(title(Language::En).unwrap_or(scenario.name.as_str()), "opening", value);
        for language in [Language::Ar, Language::Fa] {
            if let Some(title) = title(language) {
                self.note(&isolated(title, language));
            }
        }
        self.note(&scenario.aim);
        self.note(&format!("Nothing in this is real. The scenario's clock starts at {start}."));
        for row in words.lines() {
            self.note(&format!("Check words: {row}"));
        }
        for side in &stage.sides {
            let languages: Vec<&str> = side.languages.iter().map(|held| held.tag()).collect();
            self.note(&format!("{} reads {}", side.post, languages.join(", ")));
        }
        self.note(&format!("Folders: {folder}"));
        self.note(acknowledgement_banner(Language::En));
    }

    /// Says which step comes.
    pub(super) fn step(&mut self, stage: &Stage, action: &Action) {
        let say = action.say.as_deref().unwrap_or_default();
        let value = json!({ "time": now(stage), "step": action.step.as_str(), "say": say });
        self.note("");
        self.row(&format!("{}  {}  {say}", now(stage), action.step), "step", value);
    }

    pub(super) fn refused(&mut self, stage: &Stage, step: &Name, code: &str) {
        let value = json!({ "time": now(stage), "step": step.as_str(), "code": code });
        self.row(&format!("  refused here: {code}"), "refused", value);
    }

    /// Shows a message as it is read at one side.
    pub(super) fn message(
        &mut self,
        stage: &Stage,
        side: &Side,
        entry: EntryId,
    ) -> Result<(), RehearseError> {
        let view = side.host.query(move |line, _| line.message_view(entry))?;
        let Some(view) = view.map_err(crate::folder::FolderError::from)? else {
            return Ok(());
        };
        if view.act == EntryAct::Service {
            // What a machine says to a machine is shown by what comes of it.
            return Ok(());
        }
        let language = side.language();
        let rows = view.body.as_ref().map(|body| {
            let form = Catalogue::builtin().get(body.form);
            let shown = form
                .and_then(|form| render(form, &body.filled, language, Wordbook::builtin()).ok());
            let odd = body.filled.values.values().any(has_refused_text);
            match shown {
                // A step of the ladder is one sentence; its rows are in the record.
                Some(shown) if view.act == EntryAct::Acknowledge => vec![shown.headline_text()],
                Some(shown) if !odd => shown.shown().lines().map(str::to_owned).collect(),
                _ => {
                    let raw = raw_rows(&body.filled, form).into_iter();
                    raw.map(|(name, text)| format!("{name}: {text}")).collect()
                }
            }
        });
        let rows = rows.unwrap_or_default();
        let precedence = u8::try_from(view.precedence.index()).unwrap_or(u8::MAX);
        let precedence = precedence_words(precedence, Language::En);
        let officers: Vec<String> = view
            .auth
            .iter()
            .flat_map(|auth| auth.officers())
            .filter_map(|(officer, _)| stage.charter.officer(*officer))
            .map(|officer| officer.title.clone())
            .collect();
        let written = entry.log == side.index;
        let what = if written { "written at" } else { "stored and read at" };
        let value = json!({ "time": now(stage), "post": side.post.as_str(),
            "entry": entry.to_string(), "precedence": precedence, "language": language.tag(),
            "officers": officers, "written_here": written, "text": rows });
        let signed = officers.join(", ");
        let (post, tag) = (&side.post, language.tag());
        self.row(
            &format!("  {entry} {what} {post} [{tag}] {precedence}; signed by {signed}"),
            "message",
            value,
        );
        for row in rows {
            self.note(&format!("    {}", isolated(&row, language)));
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "a rung is all of these")]
    pub(super) fn level(
        &mut self,
        stage: &Stage,
        at: &Name,
        by: &Name,
        of: EntryId,
        level: Level,
        proof: EntryId,
        what: Of,
    ) {
        if self.form == Shape::Text && what == Of::Answer {
            return;
        }
        let number = level.number();
        let words =
            khatt_forms::Level::new(number).map_or("", |level| level_words(level, Language::En));
        let value = json!({ "time": now(stage), "entry": of.to_string(), "level": number,
            "by": by.as_str(), "at": at.as_str(), "proof": proof.to_string() });
        let text = format!("  {} {of} at {by}: {words} (proof {proof})", now(stage));
        self.row(&text, "level", value);
    }

    pub(super) fn read_back(
        &mut self,
        stage: &Stage,
        at: &Name,
        by: &Name,
        of: EntryId,
        result: ReadBackResult,
    ) {
        let value = json!({ "time": now(stage), "entry": of.to_string(), "by": by.as_str(),
            "at": at.as_str(), "result": result.to_string() });
        let text = format!("  {} {of} read back by {by}; compared at {at}: {result}", now(stage));
        self.row(&text, "read-back", value);
    }

    pub(super) fn tested(&mut self, stage: &Stage, at: &Name, by: &Name) {
        let value = json!({ "time": now(stage), "at": at.as_str(), "by": by.as_str() });
        let text = format!("{}  line test of {at} answered by {by}", now(stage));
        self.row(&text, "line-test", value);
    }

    pub(super) fn alarm(&mut self, stage: &Stage, side: &Side, change: &Change) {
        let what = match change.kind {
            ChangeKind::Raised(_) | ChangeKind::Returned => "raised",
            ChangeKind::Cleared | ChangeKind::Normal => "over",
            ChangeKind::Overdue(_) => "seen by nobody in time",
            _ => return,
        };
        let (code, text) = (change.cause.code(), change.cause.text_key());
        let value = json!({ "time": now(stage), "at": side.post.as_str(), "code": code,
            "cause": change.cause.key(), "change": what });
        // That a draft waits for its second officer is shown by the officers who sign it.
        if self.form == Shape::Text && matches!(change.cause, Cause::ReleaseWaiting { .. }) {
            return;
        }
        let text = format!("  {} alarm {code} at {}: {text}, {what}", now(stage), side.post);
        self.row(&text, "alarm", value);
    }

    pub(super) fn escalated(&mut self, stage: &Stage, at: &Name, step: &clocks::Step) {
        let entry = step.key.message.to_string();
        let minutes = step.elapsed_ms / 60_000;
        let value = json!({ "time": now(stage), "at": at.as_str(), "entry": entry,
            "minutes": minutes });
        let text = format!("  {} {entry} at {at}: still owed after {minutes} min", now(stage));
        self.row(&text, "escalation", value);
    }

    pub(super) fn peer_refused(
        &mut self,
        stage: &Stage,
        at: &Name,
        by: &Name,
        entry: EntryId,
        code: u16,
    ) {
        let value = json!({ "time": now(stage), "at": at.as_str(), "by": by.as_str(),
            "entry": entry.to_string(), "code": code });
        self.row(&format!("  {entry} of {at} was refused by {by}: {code}"), "peer-refused", value);
    }

    pub(super) fn failed(&mut self, stage: &Stage, fault: &StepFault) {
        let (code, text) = (fault.code(), fault.to_string());
        let value = json!({ "time": now(stage), "code": code, "fault": text });
        self.note("");
        self.row(&format!("{}  NOT AS EXPECTED [{code}]: {text}", now(stage)), "failed", value);
    }

    pub(super) fn ended(&mut self, ended: &Ended, dir: &Path, stage: &Stage, took: Duration) {
        let (as_expected, text) = match ended {
            Ended::AsExpected => (true, "Everything was as the scenario expects."),
            Ended::Otherwise => (false, "Not everything was as the scenario expects."),
        };
        let seconds = took.as_secs_f64();
        let shown = dir.display().to_string();
        let value = json!({ "as_expected": as_expected, "dir": shown, "seconds": seconds });
        self.note("");
        self.row(&format!("{text} It took {seconds:.1} s."), "ended", value);
        let Some(first) = stage.sides.first() else {
            return;
        };
        let party = &first.party;
        self.note("To look at it again:");
        self.note(&format!("  khatt message list {shown}/{party}"));
        self.note(&format!(
            "  khatt verify {shown}/{party}/record.khatt --charter {shown}/charter.khatt"
        ));
    }
}

/// The scenario's time, as it is shown.
fn now(stage: &Stage) -> String {
    zulu(stage.clock.now().wall_ms)
}

/// Puts a text into isolates of its direction (Unicode UAX #9 §2.4).
fn isolated(text: &str, language: Language) -> String {
    match language.direction() {
        Direction::RightToLeft => format!("\u{2067}{text}\u{2069}"),
        Direction::LeftToRight => format!("\u{2066}{text}\u{2069}"),
    }
}

/// Stands before every row.
const MARK: &str = "REHEARSAL │ ";
