//! Messages that are certainly their author's: what they do to ladders, clocks and alarms.

use khatt_forms::{Body, Filled, Form, Language, Relation, Value, rendering_digest};
use khatt_record::{
    EntryId, PostIndex,
    auth::VerifiedAuth,
    entry::{Act, MessageHeader},
};

use super::{Line, Verdict};
use crate::line::judge::Permitted;
use crate::{
    alarm::Cause,
    ladder::{Answer, By, Climb, Proof, Step, Words},
    read_back::{self, ReadBack},
    time::Now,
};

/// Number of the form that takes a step of the ladder.
pub(super) const ACKNOWLEDGE: u8 = 4;
/// Number of the form that reads a message back.
pub(super) const READ_BACK: u8 = 5;
/// Number of the form of a line test.
pub(super) const LINE_TEST: u8 = 1;
/// Number of the form of the reply to a line test.
pub(super) const LINE_TEST_REPLY: u8 = 101;
/// Number of the form by which officers disclose an entry.
pub(in crate::line) const DISCLOSURE: u8 = 40;
/// Number of the form by which officers consent to an erasure.
pub(in crate::line) const ERASURE: u8 = 41;
/// Renderings compared at one tick: about a millisecond of work.
const RENDERINGS_A_TICK: usize = 8;

impl Line {
    /// Takes in a peer's message whose officers were checked.
    pub(in crate::line) fn incoming_message(
        &mut self,
        id: EntryId,
        header: &MessageHeader,
        permitted: Permitted,
        now: Now,
    ) -> Verdict {
        let Permitted { auth, body } = permitted;
        let Some(body) = body else {
            // Nobody can read it, and somebody must know that it came.
            self.follow_theirs(id, header.precedence, 0, now);
            return Verdict::Malformed;
        };
        let Some(form) = self.form(&body) else {
            self.follow_theirs(id, header.precedence, 0, now);
            return Verdict::FormUnknown(body.form);
        };
        self.unread.push_back(id);
        match header.act {
            Act::Acknowledge => self.acknowledgement(id, header, &body, form, &auth, now),
            Act::Service => self.service(id, header, &body, form, now),
            Act::Release => {
                self.follow_theirs(id, header.precedence, form.wanted_ack(), now);
                self.answers(id, header, &body, &auth, now);
            }
            Act::Disclose | Act::Erase => {
                self.follow_theirs(id, header.precedence, form.wanted_ack(), now);
                if header.act == Act::Erase {
                    self.consent(id, &body);
                }
            }
        }
        Verdict::Fine
    }

    /// Compares renderings with what the officers signed, a few at a time, when nothing else waits.
    ///
    /// A difference rings and blocks nothing, so no receipt need wait for it.
    pub(in crate::line) fn compare_renderings(&mut self, now: Now) {
        for _ in 0..RENDERINGS_A_TICK {
            let Some(id) = self.unread.pop_front() else {
                return;
            };
            if self.renders_alike(id) == Some(false) {
                self.raise(Cause::PeerRenderingDiffers { message: id }, now);
            }
        }
    }

    /// Tells whether a message reads here as its author says; `None` where there is nothing to read.
    fn renders_alike(&self, id: EntryId) -> Option<bool> {
        let body = Body::decode(&self.open_part(id)?.body).ok()?;
        let form = self.form(&body)?;
        let digest = rendering_digest(form, &body.filled, &self.languages(), self.parts.book);
        Some(digest.is_ok_and(|digest| digest == body.digest))
    }

    /// The form of a body, if the charter has it and this post holds the same.
    pub(super) fn form(&self, body: &Body) -> Option<&'static Form> {
        let form = self.parts.catalogue.get(body.form)?;
        let listed = self.charter.charter().forms.iter().any(|entry| {
            entry.number == body.form.number
                && entry.version == body.form.version
                && entry.hash.0 == form.hash()
        });
        listed.then_some(form)
    }

    /// The line's languages that this version can write.
    pub(super) fn languages(&self) -> Vec<Language> {
        let tags = &self.charter.charter().languages;
        tags.iter().filter_map(|tag| Language::from_tag(tag)).collect()
    }

    /// A step of the ladder, by a peer on a message of ours or by us on one of theirs.
    pub(super) fn acknowledgement(
        &mut self,
        id: EntryId,
        header: &MessageHeader,
        body: &Body,
        form: &'static Form,
        auth: &VerifiedAuth,
        now: Now,
    ) {
        let by = self.officer(auth);
        for target in targets(body, &[Relation::Acknowledges, Relation::Answers]) {
            if target.log == id.log {
                continue;
            }
            let step = if body.form.number == READ_BACK {
                self.read_back(id.log, target, body, now)
            } else {
                step_of(form, &body.filled, header.t_ms)
            };
            let Some(step) = step else { continue };
            let climb =
                Climb { step, by: by.clone(), claimed_ms: header.t_ms, proof: Proof::Entry(id) };
            self.climb(target, id.log, climb, now);
        }
    }

    /// Compares a read-back with the message it repeats, by value, field by field.
    fn read_back(&mut self, by: PostIndex, target: EntryId, body: &Body, now: Now) -> Option<Step> {
        let original = Body::decode(&self.open_part(target)?.body).ok()?;
        let form = self.form(&original)?;
        let repeated = read_back::repeated(&body.filled).ok()?;
        match read_back::judge(target, form, &original.filled, &repeated) {
            Ok(ReadBack::Match(matched)) => {
                self.clear(Cause::PeerReadBackDiffers { message: target, post: by }, now);
                Some(Step::Understood(matched))
            }
            _ => {
                if let Some(mut ladder) = self.ladder(target, now)
                    && ladder.read_back_differed(by).is_ok()
                {
                    self.put_ladder(ladder, now);
                }
                if target.log == self.own {
                    self.raise(Cause::PeerReadBackDiffers { message: target, post: by }, now);
                }
                None
            }
        }
    }

    /// A message that answers another one is the substance of A6.
    pub(super) fn answers(
        &mut self,
        id: EntryId,
        header: &MessageHeader,
        body: &Body,
        auth: &VerifiedAuth,
        now: Now,
    ) {
        let by = self.officer(auth);
        for target in targets(body, &[Relation::Answers]) {
            if target.log != id.log {
                let climb = Climb {
                    step: Step::Answer(Answer::Message(id)),
                    by: by.clone(),
                    claimed_ms: header.t_ms,
                    proof: Proof::Entry(id),
                };
                self.climb(target, id.log, climb, now);
            }
        }
    }

    /// Who signed last: the officer whose act it is.
    fn officer(&self, auth: &VerifiedAuth) -> By {
        auth.officers().last().map_or(By::Post, |(officer, _)| By::Officer {
            officer: *officer,
            role: self
                .charter
                .officer(*officer)
                .map(|officer| officer.title.clone())
                .unwrap_or_default(),
        })
    }
}

/// Tells whether a message's form may travel under its act: the post's own are line tests, one
/// officer's are steps of the ladder, what opens or destroys an entry has an act of its own, and
/// everything else is released by the charter's rule.
pub(in crate::line) fn act_fits(act: Act, body: Option<&Body>) -> bool {
    let form = body.map(|body| body.form.number);
    let forms: [u8; 2] = match act {
        // A body that cannot be read is kept and shown raw.
        Act::Release => return form.is_none_or(|form| ![DISCLOSURE, ERASURE].contains(&form)),
        Act::Acknowledge => [ACKNOWLEDGE, READ_BACK],
        Act::Service => [LINE_TEST, LINE_TEST_REPLY],
        Act::Disclose => [DISCLOSURE, DISCLOSURE],
        Act::Erase => [ERASURE, ERASURE],
    };
    form.is_some_and(|form| forms.contains(&form))
}

/// The entries that a body refers to in one of these ways.
fn targets(body: &Body, relations: &[Relation]) -> Vec<EntryId> {
    body.references
        .iter()
        .filter(|reference| relations.contains(&reference.relation))
        .map(|reference| EntryId { log: PostIndex(reference.log), index: reference.index })
        .collect()
}

/// Reads the step that an acknowledge form states.
fn step_of(form: &Form, filled: &Filled, claimed_ms: u64) -> Option<Step> {
    let value = |name: &str| filled.values.get(&form.field(name)?.number);
    let words = |name: &str| match value(name) {
        Some(Value::Text(text)) => Words::new(&text.text).ok(),
        _ => Words::new("").ok(),
    };
    let Some(Value::Level(level)) = value("level") else {
        return None;
    };
    match level.number() {
        2 => Some(Step::Operator),
        4 => Some(Step::Authority { to: words("authority")?, claimed_ms }),
        5 => Some(Step::Units { scope: words("scope")?, claimed_ms }),
        6 => {
            let Some(Value::Code(answer)) = value("answer") else {
                return None;
            };
            let answer = match answer.as_str() {
                "answer-yes" => Answer::Yes,
                "answer-no" => Answer::No,
                "answer-no-information" => Answer::NoInformation,
                "answer-stand-by" => {
                    let Some(Value::Instant(until)) = value("until") else {
                        return None;
                    };
                    let until_ms = u64::try_from(until.unix_s()).ok()?.saturating_mul(1000);
                    Answer::StandBy { until_ms }
                }
                _ => return None,
            };
            Some(Step::Answer(answer))
        }
        // A3 is never stated: it is reached by a read-back that the machine compared.
        _ => None,
    }
}
