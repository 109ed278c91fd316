//! What the officers of every post do: draft, release, acknowledge, read back, see to alarms.
//!
//! They mean to do what the plan says, each at his own pace. What they meant is told to the
//! checkers, so that a post cannot show more than was done.

use std::collections::BTreeMap;

use khatt_core::{
    alarm::Cause,
    line::{Act, Done, DraftId, NewDraft, Ticket, ToSign},
    read_back, testing,
};
use khatt_forms::{Body, Catalogue, Filled, Form, Language, Reference, Relation, Value, Wordbook};
use khatt_record::{
    EntryId, PartyIndex, PostIndex, Precedence, entry::Act as EntryAct, statement::Role,
};

use crate::{
    draw::Draw,
    plan::Ending,
    world::{Happening, World},
};

/// Something that officers of a post will do.
#[derive(Clone, Debug)]
pub(crate) enum Task {
    /// A message of the plan, by its place there.
    Message(usize),
    /// Whoever is next signs a draft.
    Sign(DraftId),
    /// Takes a step on a peer's message.
    Step(EntryId, Stepped),
    /// Looks at every alarm.
    SeeAlarms,
    /// Sees to everything that waits for an officer.
    ClearTheDesk,
    /// Tests the line.
    TestLine,
}

/// A step of the ladder, as an officer means it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stepped {
    Operator,
    ReadBack,
    /// He reads something else than was written.
    MisreadBack,
    Authority,
    Units,
    /// He says that he understood, and reads nothing back.
    Understood,
    Yes,
    NoInformation,
    StandBy,
    /// With a message of its own.
    Answer,
}

/// What an act of an officer was for.
#[derive(Clone, Debug)]
pub(crate) enum Errand {
    Draft(Waiting),
    Sign(DraftId),
    /// With critical values that are not those of the draft.
    Mistyped(DraftId),
    Other,
}

/// A draft that waits for its officers.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) filled: Filled,
    pub(crate) ending: Ending,
}

impl World {
    /// Lets officers of a post do something, if the post is there.
    pub(crate) fn task(&mut self, post: PostIndex, task: Task) {
        if self.posts[post.index()].line.is_none() {
            return;
        }
        match task {
            Task::Message(item) => self.draft_message(post, item),
            Task::Sign(draft) => self.sign(post, draft),
            Task::Step(entry, step) => self.take_step(post, entry, step),
            Task::SeeAlarms => self.see_alarms(post),
            Task::ClearTheDesk => self.clear_the_desk(post),
            Task::TestLine => self.ask(post, Act::TestLine, Errand::Other),
        }
    }

    fn ask(&mut self, post: PostIndex, act: Act, errand: Errand) {
        let state = &mut self.posts[post.index()];
        let ticket = Ticket(state.next_ticket);
        state.next_ticket += 1;
        state.errands.insert(ticket, errand);
        self.act(post, ticket, act);
    }

    fn draft_message(&mut self, post: PostIndex, item: usize) {
        let crate::plan::What::Message { form, precedence, refers, ending, .. } =
            self.plan.item[item].what
        else {
            return;
        };
        let held = self.watch.newest_message(post, refers);
        let (form, filled, language) = message(form);
        let relation = match form.name() {
            "correction" => Relation::Corrects,
            "amend-cancel" => Relation::Cancels,
            "clarification-response" | "proposal-accept" | "proposal-decline" => Relation::Answers,
            "concluded" => Relation::Closes,
            _ => Relation::Cites,
        };
        let references: Vec<Reference> = held
            .map(|id| Reference { relation, log: id.log.0, index: id.index })
            .into_iter()
            .collect();
        let precedence = Precedence::try_from(u64::from(precedence)).ok();
        let long = precedence == Some(Precedence::Flash) && filled.check_precedence(0).is_err();
        let draft = NewDraft {
            officer: testing::watch_officer(PartyIndex(post.0)),
            filled: filled.clone(),
            language,
            precedence: precedence.filter(|_| !long),
            references,
            thread: None,
        };
        let answered = held.filter(|id| relation == Relation::Answers && id.log != post);
        if let Some(id) = answered {
            self.watch.meant(post, id, 6);
        }
        let waiting = Waiting { filled, ending };
        self.ask(post, Act::Draft(draft), Errand::Draft(waiting));
    }

    /// The next officer signs; the second one types the critical values back.
    fn sign(&mut self, post: PostIndex, draft: DraftId) {
        let now = self.now_of(post);
        let state = &mut self.posts[post.index()];
        let Some(to_sign) = state.line.as_ref().and_then(|line| line.draft_to_sign(draft, now))
        else {
            return;
        };
        let Some(waiting) = state.drafts.get_mut(&draft) else {
            return;
        };
        let party = PartyIndex(post.0);
        let (watch, releasing) = (testing::watch_officer(party), testing::releasing_officer(party));
        let signed = u8::from(to_sign.wanted < 2);
        let (officer, role, typed) = match (to_sign.act, waiting.ending, signed) {
            (EntryAct::Acknowledge, ..) => (watch, Role::Acknowledge, None),
            (_, Ending::Alone, _) => {
                (releasing, Role::EmergencyRelease, Some(waiting.filled.clone()))
            }
            (_, _, 0) => (watch, Role::Draft, None),
            _ => (releasing, Role::Release, Some(waiting.filled.clone())),
        };
        let mut typed_back = typed;
        let mut mistyped = false;
        match waiting.ending {
            Ending::Returned if signed > 0 => {
                let reason = "not now".to_owned();
                let act = Act::Return { draft, officer: releasing, reason };
                return self.ask(post, act, Errand::Other);
            }
            Ending::Left if signed > 0 => return,
            Ending::Mistyped if signed > 0 => {
                waiting.ending = Ending::Released;
                if let Some(filled) = &mut typed_back {
                    let form = Catalogue::builtin().get(filled.form);
                    let critical = form.map(|form| filled.critical(form));
                    let first = critical.and_then(|held| held.first().map(|(number, _)| *number));
                    mistyped = first.is_some();
                    if let Some(first) = first {
                        filled.values.remove(&first);
                    }
                }
            }
            _ => {}
        }
        let twice = waiting.ending == Ending::Twice;
        if to_sign.wanted <= 1 || waiting.ending == Ending::Alone {
            // Now it can leave, and not before.
            self.watch.allowed(post, draft, waiting);
        }
        let signature = testing::sign(&self.charter, post, &to_sign, officer, role, now);
        let act = Act::Sign { draft, signature, typed_back };
        if twice {
            self.ask(post, act.clone(), Errand::Sign(draft));
        }
        let errand = if mistyped { Errand::Mistyped(draft) } else { Errand::Sign(draft) };
        self.ask(post, act, errand);
    }

    fn take_step(&mut self, post: PostIndex, entry: EntryId, step: Stepped) {
        let Some(line) = &self.posts[post.index()].line else {
            return;
        };
        let Ok(Some(view)) = line.message_view(entry) else {
            return;
        };
        if step == Stepped::Answer {
            self.watch.meant(post, entry, 6);
            let (_, filled, language) = message(0);
            let relation = Relation::Answers;
            let draft = NewDraft {
                officer: testing::watch_officer(PartyIndex(post.0)),
                filled: filled.clone(),
                language,
                precedence: None,
                references: vec![Reference { relation, log: entry.log.0, index: entry.index }],
                thread: None,
            };
            let waiting = Waiting { filled, ending: Ending::Released };
            return self.ask(post, Act::Draft(draft), Errand::Draft(waiting));
        }
        let (level, filled) = match step {
            Stepped::Operator => (2, stated("A2", &[])),
            Stepped::Authority => (4, stated("A4", &[("authority", "the minister")])),
            Stepped::Units => (5, stated("A5", &[("scope", "all batteries")])),
            Stepped::Understood => (0, stated("A3", &[])),
            Stepped::Yes => (6, stated("A6", &[("answer", "answer-yes")])),
            Stepped::NoInformation => (6, stated("A6", &[("answer", "answer-no-information")])),
            Stepped::StandBy => {
                let fields = [("answer", "answer-stand-by"), ("until", "2023-11-08T04:00Z")];
                (0, stated("A6", &fields))
            }
            Stepped::ReadBack | Stepped::MisreadBack => {
                let Some(filled) = view.body.as_ref().and_then(|body| repeated(body, step)) else {
                    return;
                };
                (if step == Stepped::ReadBack { 3 } else { 0 }, filled)
            }
            Stepped::Answer => return,
        };
        if level > 0 {
            self.watch.meant(post, entry, level);
        }
        if step == Stepped::MisreadBack {
            // Told that it does not match, he reads it again.
            let number = entry.index * 64 + u64::from(entry.log.0) * 8 + u64::from(post.0);
            self.watch.misread(post, entry);
            self.later(post, "reads again", number, Task::Step(entry, Stepped::ReadBack));
        }
        let relation = Relation::Acknowledges;
        let draft = NewDraft {
            officer: testing::watch_officer(PartyIndex(post.0)),
            filled: filled.clone(),
            language: Language::En,
            precedence: None,
            references: vec![Reference { relation, log: entry.log.0, index: entry.index }],
            thread: None,
        };
        let waiting = Waiting { filled, ending: Ending::Released };
        self.ask(post, Act::Draft(draft), Errand::Draft(waiting));
    }

    /// An engine's answer to an officer.
    pub(crate) fn answered(
        &mut self,
        post: PostIndex,
        ticket: Ticket,
        result: Result<Done, khatt_core::line::ActError>,
    ) {
        let Some(errand) = self.posts[post.index()].errands.remove(&ticket) else {
            return;
        };
        match (result, errand) {
            (Ok(Done::Drafted(ToSign { draft, .. })), Errand::Draft(waiting)) => {
                self.posts[post.index()].drafts.insert(draft, waiting);
                self.later(post, "signs", draft_number(draft), Task::Sign(draft));
            }
            (Ok(Done::Signed(ToSign { draft, .. })), Errand::Sign(_)) => {
                self.later(post, "releases", draft_number(draft), Task::Sign(draft));
            }
            (Ok(Done::Released(_)), Errand::Sign(draft)) => {
                self.tally.released += 1;
                self.posts[post.index()].drafts.remove(&draft);
            }
            (Ok(_), Errand::Mistyped(_)) => {
                let what = "critical values that were typed wrongly were taken".to_owned();
                self.broken(post, "what is released was signed for", what);
            }
            (Ok(_), _) => {}
            (Err(error), Errand::Sign(draft) | Errand::Mistyped(draft)) => {
                self.tally.note(&format!("act refused: {}", error.code()));
                let again = self.posts[post.index()].drafts.contains_key(&draft);
                if again && matches!(error.code(), "KC-1102" | "KC-2016") {
                    self.later(post, "signs again", draft_number(draft), Task::Sign(draft));
                }
            }
            (Err(error), _) => {
                let code = error.code();
                self.tally.note(&format!("act refused: {code}"));
                // What an officer of a sound post means to do can be done.
                if !matches!(
                    code,
                    "KC-1101"
                        | "KC-1102"
                        | "KC-1112"
                        | "KC-1107"
                        | "KC-2301"
                        | "KC-2302"
                        | "KC-1111"
                ) {
                    let what = format!("an officer's act was refused with {code}: {error}");
                    self.broken(post, "officers can act", what);
                }
            }
        }
    }

    /// A peer's message is here: officers see to it at their pace, or do not.
    pub(crate) fn message_came(&mut self, post: PostIndex, entry: EntryId) {
        let line = self.posts[post.index()].line.as_ref();
        let view = line.and_then(|line| line.message_view(entry).ok()).flatten();
        if view.is_none_or(|view| view.act != EntryAct::Release) {
            return;
        }
        let number = entry.index * 64 + u64::from(entry.log.0) * 8 + u64::from(post.0);
        let mut draw = Draw::of(self.plan.seed, "officers", number);
        if self.is_calm() {
            return self.later(post, "takes it", number, Task::Step(entry, Stepped::Operator));
        }
        if draw.chance(self.plan.posts[post.index()].refuses) {
            return;
        }
        let mut steps = vec![Stepped::Operator];
        for (step, often) in [
            (Stepped::ReadBack, 300),
            (Stepped::MisreadBack, 40),
            (Stepped::Authority, 150),
            (Stepped::Units, 100),
            (Stepped::Understood, 30),
            (Stepped::Yes, 60),
            (Stepped::NoInformation, 60),
            (Stepped::StandBy, 60),
            (Stepped::Answer, 40),
        ] {
            if draw.chance(often) {
                steps.push(step);
            }
        }
        for (place, step) in (0..).zip(steps) {
            self.later(post, "steps", number * 16 + place, Task::Step(entry, step));
        }
    }

    fn see_alarms(&mut self, post: PostIndex) {
        let Some(line) = &self.posts[post.index()].line else {
            return;
        };
        let officer = testing::watch_officer(PartyIndex(post.0));
        let unseen: Vec<Cause> =
            line.alarms().filter(|alarm| alarm.is_unseen()).map(|alarm| alarm.cause).collect();
        for cause in unseen {
            let act = Act::AcknowledgeAlarm { cause: cause.key(), officer };
            self.ask(post, act, Errand::Other);
        }
        self.at(self.now_ms + 10 * 60_000, Happening::Task(post, Task::SeeAlarms));
    }

    /// Everything that waits for an officer is seen to: messages, and drafts that nobody released.
    fn clear_the_desk(&mut self, post: PostIndex) {
        let Some(line) = &self.posts[post.index()].line else {
            return;
        };
        let owed: Vec<EntryId> = line
            .open_messages()
            .filter(|ladder| ladder.message().log != post && !ladder.is_met_by(post))
            .map(khatt_core::ladder::Ladder::message)
            .collect();
        let drafts: Vec<DraftId> = line
            .drafts()
            .filter(|draft| draft.act() == EntryAct::Release && draft.returned().is_none())
            .map(|draft| DraftId(draft.id()))
            .collect();
        for entry in self.watch.misread_by(post) {
            self.task(post, Task::Step(entry, Stepped::ReadBack));
        }
        for entry in owed {
            for step in [
                Stepped::Operator,
                Stepped::ReadBack,
                Stepped::Authority,
                Stepped::Units,
                Stepped::Yes,
            ] {
                self.task(post, Task::Step(entry, step));
            }
        }
        let officer = testing::releasing_officer(PartyIndex(post.0));
        for draft in drafts {
            let reason = "too late".to_owned();
            let act = Act::Return { draft, officer, reason };
            self.posts[post.index()].drafts.remove(&draft);
            self.ask(post, act, Errand::Other);
        }
    }

    /// Officers do something at their pace.
    pub(crate) fn later(&mut self, post: PostIndex, what: &str, number: u64, task: Task) {
        let pace_ms = self.plan.posts[post.index()].officers_ms;
        let mut draw = Draw::of(self.plan.seed, what, number);
        let wait_ms = if self.is_calm() { 2_000 } else { draw.about(pace_ms) };
        self.at(self.now_ms + wait_ms, Happening::Task(post, task));
    }

    /// After a start, officers find the drafts that wait, and go on with them.
    pub(crate) fn officers_return(&mut self, post: PostIndex) {
        let waiting: Vec<DraftId> = self.posts[post.index()].drafts.keys().copied().collect();
        for draft in waiting {
            self.later(post, "goes on", draft_number(draft), Task::Sign(draft));
        }
    }
}

fn draft_number(draft: DraftId) -> u64 {
    draft.0.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Returns one of the messages that officers send, by a number that wraps around.
fn message(number: u64) -> (&'static Form, Filled, Language) {
    static MESSAGES: std::sync::OnceLock<Vec<(&'static Form, Filled, Language)>> =
        std::sync::OnceLock::new();
    let messages = MESSAGES.get_or_init(|| {
        let forms = Catalogue::builtin().iter();
        let forms = forms.filter(|form| {
            !matches!(
                form.name(),
                "acknowledge"
                    | "disclosure"
                    | "erasure"
                    | "line-test"
                    | "line-test-reply"
                    | "read-back"
            )
        });
        forms
            .flat_map(|form| form.examples().iter().map(move |example| (form, example)))
            .filter_map(|(form, example)| {
                let filled = Filled::from_input(
                    form,
                    &example.inputs,
                    example.language,
                    Wordbook::builtin(),
                );
                Some((form, filled.ok()?, example.language))
            })
            .collect()
    });
    let at = usize::try_from(number).unwrap_or(0) % messages.len();
    messages[at].clone()
}

/// Returns a step as an officer states it.
fn stated(level: &str, fields: &[(&str, &str)]) -> Filled {
    let form = Catalogue::builtin().by_name("acknowledge").expect("a form of every charter");
    let mut all = vec![("role", "role-watch"), ("time", "2023-11-08T00:03Z"), ("level", level)];
    all.extend_from_slice(fields);
    let all: Vec<(String, String)> =
        all.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    let filled = Filled::from_input(form, &all, Language::En, Wordbook::builtin());
    filled.expect("what officers of a run state is well formed")
}

/// Returns the read-back of a message, or one in which a value is missing; nothing if it has
/// nothing critical.
fn repeated(body: &Body, step: Stepped) -> Option<Filled> {
    let form = Catalogue::builtin().get(body.form)?;
    let Filled { form: read, mut values } = read_back::wanted(form, &body.filled);
    if step == Stepped::MisreadBack {
        values.pop_last()?;
    }
    if values.is_empty() {
        return None;
    }
    let known = Catalogue::builtin().by_name("acknowledge")?;
    let form = Catalogue::builtin().by_name("read-back")?;
    let held = stated("A2", &[]);
    let mut filled = Filled { form: form.id(), values: BTreeMap::new() };
    for name in ["role", "time"] {
        let value = held.values.get(&known.field(name)?.number)?;
        filled.values.insert(form.field(name)?.number, value.clone());
    }
    filled.values.insert(form.field("fields")?.number, Value::Repeated { form: read, values });
    Some(filled)
}
