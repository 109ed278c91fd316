//! Line tests as this post sends, answers and judges them, without any officer.
//!
//! A test is a message like any other: logged, sealed, rendered, receipted. Its reply is taken from
//! what the replying post's own rendering shows, so a right reply proves rendering and not only wire.

use khatt_forms::{
    Body, Filled, Form, FormId, Language, PieceKind, Reference, Relation, Value, render,
};
use khatt_record::{
    EntryId, Precedence,
    auth::Auth,
    commit::{OpenPart, Seed},
    entry::{Act, MessageHeader},
};

use super::{
    super::{Effect, Event, Line},
    SKEW_MAX_MS,
    incoming::{LINE_TEST, LINE_TEST_REPLY},
};
use crate::{
    alarm::Cause,
    line_test::{Challenge, RANDOM_BYTES, Replied, Skew, Standing, TestStep, every_of, reply_to},
    store::{Sealed, StateChange},
    time::Now,
};

/// Line tests in a row that are answered at once.
const ANSWERS_AT_ONCE: u64 = 16;
/// After that, one in so many milliseconds.
const ANSWER_EVERY_MS: u64 = 10_000;

/// How many line tests of one peer were answered lately.
#[derive(Default)]
pub(in crate::line) struct Answers {
    /// Time since start at which all answers are free again.
    free_ms: u64,
}

impl Answers {
    fn take(&mut self, now: Now) -> bool {
        let next = self.free_ms.max(now.mono_ms).saturating_add(ANSWER_EVERY_MS);
        if next > now.mono_ms.saturating_add(ANSWERS_AT_ONCE * ANSWER_EVERY_MS) {
            return false;
        }
        self.free_ms = next;
        true
    }
}

impl Line {
    /// Sends the tests that are due, and rings for those that were missed.
    pub(super) fn line_tests_due(&mut self, now: Now) {
        let mut send = Vec::new();
        for post in self.other_posts().collect::<Vec<_>>() {
            let Some(tests) = self.people.tests.get_mut(&post) else {
                continue;
            };
            for step in tests.due(now) {
                self.people.figures().tested(post, step);
                match step {
                    TestStep::Send => send.push(post),
                    TestStep::Missed { standing, .. } => self.test_missed(post, standing, now),
                }
            }
        }
        if !send.is_empty() && self.halt.is_none() {
            self.send_line_test(&send, now);
        }
    }

    fn test_missed(&mut self, post: khatt_record::PostIndex, standing: Standing, now: Now) {
        match standing {
            Standing::Amber => self.raise(Cause::LineTestAmber { post }, now),
            Standing::Red => {
                self.clear(Cause::LineTestAmber { post }, now);
                self.raise(Cause::LineTestRed { post }, now);
            }
            Standing::Ok | Standing::Untested => {}
        }
        self.save_tests(post, now);
    }

    fn save_tests(&mut self, post: khatt_record::PostIndex, now: Now) {
        if let Some(tests) = self.people.tests.get(&post) {
            let bytes = Sealed(tests.encode(now));
            self.batch.state.push(StateChange::Put(format!("test/{post}"), bytes));
        }
    }

    fn send_line_test(&mut self, posts: &[khatt_record::PostIndex], now: Now) {
        let language = self.languages().first().copied().unwrap_or(Language::En);
        let mut random = [0; RANDOM_BYTES];
        self.parts.entropy.fill(&mut random);
        let challenge = Challenge::draw(language, &random);
        let serial = format!("{}-{:05}", self.own, self.logs[self.own.index()].size());
        let expected = challenge.rule(language);
        let fields = [
            ("serial", serial),
            ("challenge", challenge.text().to_owned()),
            ("expected", expected),
            ("route", "route-direct".to_owned()),
            ("role", "role-post".to_owned()),
            ("clock", zulu(now.wall_ms)),
        ];
        let Some(id) = self.send_service(LINE_TEST, &fields, language, Vec::new(), now) else {
            return;
        };
        for post in posts {
            if let Some(tests) = self.people.tests.get_mut(post)
                && let Some(step) = tests.sent(now, id, challenge.clone())
            {
                self.people.figures().tested(*post, step);
                if let TestStep::Missed { standing, .. } = step {
                    self.test_missed(*post, standing, now);
                }
            }
            self.save_tests(*post, now);
        }
    }

    /// Releases a message of the post itself. Nothing is sent if the charter lacks the form.
    fn send_service(
        &mut self,
        number: u8,
        fields: &[(&str, String)],
        language: Language,
        references: Vec<Reference>,
        now: Now,
    ) -> Option<EntryId> {
        let form = self.parts.catalogue.get(FormId { number, version: 1 })?;
        let inputs: Vec<(String, String)> =
            fields.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect();
        let filled = Filled::from_input(form, &inputs, language, self.parts.book).ok()?;
        let body = self.body_of(form, filled, language, references).ok()?;
        let mut seed = [0; 16];
        self.parts.entropy.fill(&mut seed);
        let auth = Auth::default().encode(now.wall_ms).ok()?;
        let open = OpenPart { seed: Seed::new(seed), body: body.encode(), auth };
        let (c_body, c_auth) = open.commitments();
        let header = MessageHeader {
            t_ms: now.wall_ms,
            seen: self.seen(),
            act: Act::Service,
            precedence: Precedence::Routine,
            thread: None,
            c_body,
            c_auth,
        };
        let id = self.append_message(header, &open);
        self.follow_own(id, Precedence::Routine, 1, now);
        Some(id)
    }

    /// A message of a peer's post itself: a test to answer, or the answer to one of ours.
    pub(super) fn service(
        &mut self,
        id: EntryId,
        header: &MessageHeader,
        body: &Body,
        form: &'static Form,
        now: Now,
    ) {
        match body.form.number {
            LINE_TEST => self.answer_test(id, body, form, now),
            LINE_TEST_REPLY => self.test_answered(id, header, body, form, now),
            // Only line tests may come without an officer; anything else is the peer's fault.
            _ => self.raise(Cause::PeerReleaseRule { post: id.log }, now),
        }
    }

    fn answer_test(&mut self, id: EntryId, body: &Body, form: &'static Form, now: Now) {
        // A reply is an entry of ours, counted by everybody: a flood of tests must not use up our
        // quota. The test is receipted all the same.
        let answers = self.peers.slot_mut(id.log.index()).map(|peer| peer.answers.take(now));
        if self.halt.is_some() || answers != Some(true) {
            return;
        }
        let language = self.languages().last().copied().unwrap_or(Language::En);
        let shown = render(form, &body.filled, language, self.parts.book).ok();
        let reply = shown.and_then(|shown| {
            let text_of = |name: &str| {
                let row = shown.rows.iter().find(|row| row.name == name)?;
                let words = row.value.iter().filter(|piece| piece.kind == PieceKind::FreeText);
                Some(words.map(|piece| piece.text.as_str()).collect::<String>())
            };
            Some(reply_to(&text_of("challenge")?, every_of(&text_of("expected")?)?))
        });
        let Some(Value::Identifier(serial)) =
            form.field("serial").and_then(|field| body.filled.values.get(&field.number))
        else {
            return;
        };
        let read = if reply.is_some() { "yes" } else { "no" };
        let fields = [
            ("serial", serial.clone()),
            ("reply", reply.unwrap_or_else(|| "-".to_owned())),
            ("role", "role-post".to_owned()),
            ("clock", zulu(now.wall_ms)),
            ("read", read.to_owned()),
        ];
        let references =
            vec![Reference { relation: Relation::Replies, log: id.log.0, index: id.index }];
        let _ = self.send_service(LINE_TEST_REPLY, &fields, body.language, references, now);
    }

    fn test_answered(
        &mut self,
        id: EntryId,
        header: &MessageHeader,
        body: &Body,
        form: &'static Form,
        now: Now,
    ) {
        let post = id.log;
        let test = body.references.iter().find(|reference| reference.relation == Relation::Replies);
        let (Some(test), Some(Value::Text(text))) = (
            test.filter(|test| test.log == self.own.0),
            form.field("reply").and_then(|field| body.filled.values.get(&field.number)),
        ) else {
            return;
        };
        let message = EntryId { log: self.own, index: test.index };
        let Some(tests) = self.people.tests.get_mut(&post) else {
            return;
        };
        match tests.reply(now, message, header.t_ms, &text.text) {
            Ok(Replied::Passed { round_trip, skew }) => {
                self.clear(Cause::LineTestAmber { post }, now);
                self.clear(Cause::LineTestRed { post }, now);
                match skew.map(Skew::proven_ms) {
                    Some(apart_ms) if apart_ms > SKEW_MAX_MS.unsigned_abs() => {
                        self.raise(Cause::PeerSkew { post }, now);
                    }
                    Some(_) => self.clear(Cause::PeerSkew { post }, now),
                    // A restart lies between: nothing was measured.
                    None => {}
                }
                let event = Event::LineTested { peer: post, round_trip, skew };
                self.effects.push(Effect::Event(event));
            }
            Ok(Replied::Wrong { .. }) => self.raise(Cause::LineTestWrong { post }, now),
            // Late, twice, or another's: it says nothing about the line.
            _ => {}
        }
        self.save_tests(post, now);
    }
}

/// A wall clock's claim as an officer would type it, to the second.
fn zulu(wall_ms: u64) -> String {
    let seconds = i64::try_from(wall_ms / 1000).unwrap_or(i64::MAX);
    khatt_forms::Instant::utc(seconds).map(|at| at.zulu_iso()).unwrap_or_default()
}
