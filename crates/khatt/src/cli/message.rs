//! `khatt message`: releasing, reading, acknowledging and answering.

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use khatt_forms::{Catalogue, LineKind, kind_words};
use khatt_record::{Precedence, statement::Role};

use super::{
    CommandError, Talk,
    disclose::erase,
    draft::{New, print_draft, session},
    end,
    inputs::Fields,
    sign::{Acting, As, show_draft, wall_ms},
};
use crate::{
    control::{
        ControlError,
        ask::{Answer, Ask, AskDraft},
        client::Session,
        desk::{entry_id, precedence},
        views::{DraftView, LadderView, MessageRow, MessageView, TextView, zulu},
    },
    folder::PostFolder,
    trouble::Trouble,
};

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Draft and release in one, where the charter lets one officer do both
    Send {
        /// The post's folder
        dir: PathBuf,
        #[command(flatten)]
        new: New,
        #[command(flatten)]
        release: Release,
    },
    /// Release a draft that another officer wrote
    Release {
        /// The post's folder
        dir: PathBuf,
        /// The draft, or the beginning of its number
        draft: String,
        /// Critical values, typed back unseen
        #[command(flatten)]
        fields: Fields,
        #[command(flatten)]
        release: Release,
        #[command(flatten)]
        who: As,
    },
    /// List messages in the order of display
    List {
        /// The post's folder
        dir: PathBuf,
        /// Only those of this post
        #[arg(long)]
        post: Option<String>,
        /// At most this many, the newest
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show one message as its reader sees it, and how far it has come
    Show {
        /// The post's folder
        dir: PathBuf,
        /// The entry, as in 1/12
        entry: String,
    },
    /// Acknowledge a message; a3 reads it back
    Ack {
        /// The post's folder
        dir: PathBuf,
        /// The entry, as in 1/12
        entry: String,
        /// a2 has it, a3 understood, a4 passed to authority, a5 units told
        #[arg(long, value_enum, ignore_case = true)]
        level: AckLevel,
        /// Further fields; for a3 the critical values, typed back
        #[command(flatten)]
        fields: Fields,
        #[command(flatten)]
        who: As,
    },
    /// Consent that a message's text is destroyed; it is once every party has consented
    Erase {
        /// The post's folder
        dir: PathBuf,
        /// The entry, as in 1/12
        entry: String,
        /// Why, for the record; never what is to be erased
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        who: As,
    },
    /// Answer a message in substance
    Answer {
        /// The post's folder
        dir: PathBuf,
        /// The entry, as in 1/12
        entry: String,
        /// The answer
        #[arg(long, value_enum)]
        answer: AnswerWord,
        /// With stand-by: until when
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// With no: why
        #[arg(long)]
        reason: Option<String>,
        /// Further fields
        #[command(flatten)]
        fields: Fields,
        #[command(flatten)]
        who: As,
    },
}

/// How a release is done and waited for.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Release {
    /// Release alone in an emergency; loudly marked on both sides
    #[arg(long)]
    emergency: bool,
    /// Wait until every other post has reached this level
    #[arg(long, value_enum, ignore_case = true)]
    wait: Option<WaitLevel>,
    /// How long to wait, in seconds
    #[arg(long, default_value_t = 600)]
    wait_s: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum WaitLevel {
    A1 = 1,
    A2 = 2,
    A3 = 3,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AckLevel {
    A2 = 2,
    A3 = 3,
    A4 = 4,
    A5 = 5,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnswerWord {
    Yes,
    No,
    NoInformation,
    StandBy,
}

pub(crate) fn run(verb: Verb, talk: Talk) -> u8 {
    let (Verb::Send { dir, .. }
    | Verb::Release { dir, .. }
    | Verb::List { dir, .. }
    | Verb::Show { dir, .. }
    | Verb::Ack { dir, .. }
    | Verb::Erase { dir, .. }
    | Verb::Answer { dir, .. }) = &verb;
    let talk = talk.at(&PostFolder::at(dir));
    let done = match &verb {
        Verb::Send { dir, new, release } => send(dir, new, release, &talk),
        Verb::Release { dir, draft, fields, release, who } => {
            release_draft(dir, draft, fields, release, who, &talk)
        }
        Verb::List { dir, post, limit } => list(dir, post.clone(), *limit, &talk),
        Verb::Show { dir, entry } => show(dir, entry, &talk),
        Verb::Ack { dir, entry, level, fields, who } => {
            acknowledge(dir, entry, *level, fields, who, &talk)
        }
        Verb::Erase { dir, entry, reason, who } => erase(dir, entry, reason.as_deref(), who, &talk),
        Verb::Answer { dir, entry, answer, until, reason, fields, who } => {
            let mut inputs = vec![("answer", answer.code().to_owned())];
            inputs.extend(until.iter().map(|until| ("until", until.clone())));
            inputs.extend(reason.iter().map(|reason| ("reason", reason.clone())));
            respond(dir, entry, 6, &inputs, fields, who, &talk)
        }
    };
    end(&talk, done)
}

impl AnswerWord {
    const fn code(self) -> &'static str {
        match self {
            Self::Yes => "answer-yes",
            Self::No => "answer-no",
            Self::NoInformation => "answer-no-information",
            Self::StandBy => "answer-stand-by",
        }
    }
}

fn send(dir: &Path, new: &New, release: &Release, talk: &Talk) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(dir)?;
    let acting = Acting::open(&folder, &new.who, talk)?;
    let form = Catalogue::builtin().find(&new.form);
    let form = form.map_err(|error| Trouble::typed(&[error], talk.language))?;
    let wanted = match &new.precedence {
        Some(name) => precedence(name)?,
        None => Precedence::try_from(u64::from(form.precedence())).unwrap_or(Precedence::Routine),
    };
    // Asked before anything is drafted, so that a refusal leaves nothing behind.
    let rule = acting.charter().charter().release_rule(wanted);
    if rule.signatures > 1 && !release.emergency {
        return Err(CommandError::LocalTwoOfficers(rule.signatures).into());
    }
    let mut session = session(&folder, talk)?;
    release.check(&session)?;
    let view = new.make(&mut session, &acting, talk)?;
    finish(&mut session, &acting, &view, None, release, talk)
}

fn release_draft(
    dir: &Path,
    draft: &str,
    fields: &Fields,
    release: &Release,
    who: &As,
    talk: &Talk,
) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(dir)?;
    let acting = Acting::open(&folder, who, talk)?;
    let mut session = session(&folder, talk)?;
    release.check(&session)?;
    let view = show_draft(&mut session, draft)?;
    let mut typed_back = if fields.is_empty() { None } else { Some(fields.read()?) };
    if typed_back.is_none() && view.rule > 1 && !release.emergency {
        typed_back = type_back(&view.critical, talk);
    }
    finish(&mut session, &acting, &view, typed_back, release, talk)
}

/// Asks the officer for the critical values, which are not shown.
fn type_back(critical: &[(String, String)], talk: &Talk) -> Option<Vec<(String, String)>> {
    if critical.is_empty() {
        return None;
    }
    let mut typed = Vec::with_capacity(critical.len());
    for (name, label) in critical {
        typed.push((name.clone(), talk.ask(&format!("{label} ({name})"))?));
    }
    Some(typed)
}

fn finish(
    session: &mut Session,
    acting: &Acting,
    view: &DraftView,
    typed_back: Option<Vec<(String, String)>>,
    release: &Release,
    talk: &Talk,
) -> Result<u8, Trouble> {
    let role = match view.to_sign.act.as_str() {
        "acknowledge" => Role::Acknowledge,
        _ if release.emergency => Role::EmergencyRelease,
        _ => Role::Release,
    };
    match acting.sign(session, &view.to_sign, role, typed_back)? {
        Answer::Released { entry } => released(session, &entry, release, talk),
        Answer::ToSign(to_sign) => {
            let view = show_draft(session, &to_sign.draft)?;
            print_draft(&view, talk);
            talk.say_word("say-signed", &to_sign.wanted.to_string());
            Ok(0)
        }
        _ => Err(ControlError::LocalMalformed.into()),
    }
}

fn released(
    session: &mut Session,
    entry: &str,
    release: &Release,
    talk: &Talk,
) -> Result<u8, Trouble> {
    let Some(level) = release.wait else {
        print_entry(entry, None, talk);
        talk.say_word(if session.is_running() { "say-released" } else { "say-kept" }, entry);
        return Ok(0);
    };
    let ask = Ask::Ladder {
        entry: entry.to_owned(),
        level: Some(level as u8),
        wait_ms: release.wait_s.saturating_mul(1000),
    };
    let Answer::Ladder(ladder) = session.ask(&ask, None)? else {
        return Err(ControlError::LocalMalformed.into());
    };
    print_entry(entry, Some(&ladder), talk);
    if ladder.reached {
        return Ok(0);
    }
    Err(CommandError::PeerNotReached(format!("A{}", level as u8)).into())
}

impl Release {
    fn check(&self, session: &Session) -> Result<(), CommandError> {
        if self.wait.is_some() && !session.is_running() {
            return Err(CommandError::LocalNeedsRunning);
        }
        Ok(())
    }

    const fn none() -> Self {
        Self { emergency: false, wait: None, wait_s: 0 }
    }
}

fn list(dir: &Path, post: Option<String>, limit: usize, talk: &Talk) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(dir)?;
    let mut session = session(&folder, talk)?;
    let Answer::Messages { messages } = session.ask(&Ask::Messages { post, limit }, None)? else {
        return Err(ControlError::LocalMalformed.into());
    };
    if let Some(first) = messages.first().filter(|_| !talk.json) {
        kind_row(&first.kind, talk);
    }
    for row in &messages {
        if talk.json {
            talk.row(row);
        } else {
            talk.data(&list_row(row, talk));
        }
    }
    if messages.is_empty() {
        talk.say_word("say-no-messages", "");
    }
    Ok(0)
}

fn list_row(row: &MessageRow, talk: &Talk) -> String {
    let levels: Vec<String> =
        row.levels.iter().map(|(post, level)| format!("{post}:{level}")).collect();
    let loud = if row.emergency { format!("  {}", talk.word("emergency")) } else { String::new() };
    format!(
        "{}  {}  {}  {}  {}{loud}  {}\n    {}",
        row.entry,
        row.time,
        row.from,
        row.precedence,
        row.title,
        levels.join(" "),
        if row.erased.is_empty() { row.headline.clone() } else { erased(row, talk) },
    )
}

/// Says by whose agreement a text was erased.
fn erased(row: &MessageRow, talk: &Talk) -> String {
    let by = row.erased.iter().map(|one| format!("{} ({})", one.party, one.entry));
    format!("{} {}", talk.word("erased"), by.collect::<Vec<_>>().join(", "))
}

fn show(dir: &Path, entry: &str, talk: &Talk) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(dir)?;
    let mut session = session(&folder, talk)?;
    let view = message(&mut session, entry)?;
    if talk.json {
        talk.row(&view);
        return Ok(0);
    }
    kind_row(&view.row.kind, talk);
    let row = &view.row;
    talk.data(&format!("{}  {}  {}  {}", row.entry, row.time, row.from, row.precedence));
    if row.emergency {
        talk.data(talk.word("emergency"));
    }
    for (relation, entry) in &view.references {
        talk.data(&format!("{relation} {entry}"));
    }
    match &view.text {
        Some(text) => print_text(text, talk),
        None if row.erased.is_empty() => talk.data(talk.word("no-body")),
        None => talk.data(&erased(row, talk)),
    }
    for (officer, role) in &view.officers {
        talk.data(&format!("{}: {officer} ({role})", talk.word("signed-by")));
    }
    print_ladder(&view.ladder, talk);
    Ok(0)
}

fn message(session: &mut Session, entry: &str) -> Result<MessageView, Trouble> {
    match session.ask(&Ask::Message { entry: entry.to_owned() }, None)? {
        Answer::Message(view) => Ok(*view),
        _ => Err(ControlError::LocalMalformed.into()),
    }
}

fn acknowledge(
    dir: &Path,
    entry: &str,
    level: AckLevel,
    fields: &Fields,
    who: &As,
    talk: &Talk,
) -> Result<u8, Trouble> {
    if level != AckLevel::A3 {
        return respond(dir, entry, level as u8, &[], fields, who, talk);
    }
    let folder = PostFolder::existing(dir)?;
    let acting = Acting::open(&folder, who, talk)?;
    let mut session = session(&folder, talk)?;
    let view = message(&mut session, entry)?;
    let text = view.text.ok_or(CommandError::LocalNoBody(entry_id(entry)?))?;
    let critical: Vec<(String, String)> = text
        .rows
        .iter()
        .filter(|row| row.critical)
        .map(|row| (row.field.clone(), row.label.clone()))
        .collect();
    let typed = if fields.is_empty() { type_back(&critical, talk) } else { Some(fields.read()?) };
    let mut repeated = text.form.clone();
    for (field, value) in typed.unwrap_or_default() {
        repeated.push_str(&format!(" | {field}={value}"));
    }
    let inputs = vec![
        ("fields".to_owned(), repeated),
        ("role".to_owned(), acting.role_code().to_owned()),
        ("time".to_owned(), zulu(wall_ms())),
    ];
    sign_response(&mut session, &acting, "read-back", inputs, entry, talk)
}

fn respond(
    dir: &Path,
    entry: &str,
    level: u8,
    given: &[(&str, String)],
    fields: &Fields,
    who: &As,
    talk: &Talk,
) -> Result<u8, Trouble> {
    entry_id(entry)?;
    let folder = PostFolder::existing(dir)?;
    let acting = Acting::open(&folder, who, talk)?;
    let mut session = session(&folder, talk)?;
    let mut inputs = vec![
        ("level".to_owned(), format!("A{level}")),
        ("role".to_owned(), acting.role_code().to_owned()),
        ("time".to_owned(), zulu(wall_ms())),
    ];
    inputs.extend(given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    inputs.extend(fields.read()?);
    sign_response(&mut session, &acting, "acknowledge", inputs, entry, talk)
}

fn sign_response(
    session: &mut Session,
    acting: &Acting,
    form: &str,
    inputs: Vec<(String, String)>,
    entry: &str,
    talk: &Talk,
) -> Result<u8, Trouble> {
    let ask = Ask::Draft(Box::new(AskDraft {
        officer: acting.name.clone(),
        form: form.to_owned(),
        inputs,
        language: talk.reading.tag().to_owned(),
        precedence: None,
        references: vec![("acknowledges".to_owned(), entry.trim().to_owned())],
        thread: None,
    }));
    let Answer::ToSign(to_sign) = acting.ask(session, &ask)? else {
        return Err(ControlError::LocalMalformed.into());
    };
    match acting.sign(session, &to_sign, Role::Acknowledge, None)? {
        Answer::Released { entry } => released(session, &entry, &Release::none(), talk),
        _ => Err(ControlError::LocalMalformed.into()),
    }
}

fn print_entry(entry: &str, ladder: Option<&LadderView>, talk: &Talk) {
    if talk.json {
        talk.row(&serde_json::json!({ "entry": entry, "ladder": ladder }));
        return;
    }
    talk.data(entry);
    if let Some(ladder) = ladder {
        print_ladder(ladder, talk);
    }
}

fn print_ladder(ladder: &LadderView, talk: &Talk) {
    for rung in &ladder.rungs {
        talk.data(&format!("{}  {}  {}", rung.time, rung.post, rung.words));
    }
    if !ladder.rungs.is_empty() {
        talk.data(&ladder.banner);
    }
}

/// Shows a message's text, right-to-left text as it is: one language per paragraph.
pub(crate) fn print_text(text: &TextView, talk: &Talk) {
    talk.data(&text.title);
    talk.data(&text.headline);
    for row in &text.rows {
        talk.data(&format!("  {} ({}): {}", row.label, row.field, row.value));
    }
    if text.differs {
        talk.data(talk.word("differs"));
    }
    for (field, value) in &text.raw {
        talk.data(&format!("  {field} = {value}"));
    }
    if !text.review.is_empty() {
        talk.data(&text.review);
    }
}

/// Says what the line is for. A real line says so too.
pub(crate) fn kind_row(kind: &str, talk: &Talk) {
    let kind = match kind {
        "real" => LineKind::Real,
        "drill" => LineKind::Drill,
        _ => LineKind::Rehearsal,
    };
    talk.data(kind_words(kind, talk.reading));
}
