//! The people's side of a line: ladders, clocks, alarms, quotas, line tests and drafts, kept in step
//! with the record.
//!
//! The parts themselves are pure and stand beside this module ([`crate::ladder`],
//! [`crate::clocks`], [`crate::alarm`] …). Here they meet the log: what happened there moves them,
//! and what they ask for becomes events, alarms and state to store.

use std::collections::{BTreeMap, VecDeque};

use khatt_forms::FormId;
use khatt_record::{EntryId, PostIndex, Precedence, SignedCharter, charter::Quotas};

use super::{DraftId, Effect, Event, Line, Output};
use crate::{
    StateError,
    alarm::{Alarms, Cause},
    clocks::{ClockKey, Clocks, Duty, Owes, Terms},
    draft::Draft,
    ladder::{By, Climb, Climbed, Ladder, Level, Proof, Step, Wanted},
    line_test::LineTests,
    quota::{OwnMeter, PeerMeter, Verdict as QuotaVerdict},
    statistics::Statistics,
    store::{Sealed, StateChange},
    time::Now,
};

mod acts;
mod errors;
mod incoming;
mod tests_of_line;

pub(super) use acts::draft_key;
pub use errors::ActError;
pub(super) use incoming::{DISCLOSURE, ERASURE, act_fits};
pub(super) use tests_of_line::Answers;

/// How far a peer's claimed time may be from ours, beyond what a slow route explains.
const SKEW_MAX_MS: i64 = 120_000;
/// The state key of our own meter; a peer's has its number.
const OWN_METER: &str = "meter/own";
/// The state key of the figures of the line.
const STATISTICS: &str = "statistics";
/// Settled ladders kept in memory for the next question about them.
const SETTLED_KEPT: usize = 256;

/// What this post makes of a verified message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Fine,
    FormUnknown(FormId),
    Malformed,
}

/// Everything about people that a line keeps at one post.
pub(super) struct People {
    own: PostIndex,
    others: Vec<PostIndex>,
    quotas: Quotas,
    pub(super) alarms: Alarms,
    pub(super) clocks: Clocks,
    /// Our messages below this number have each post's receipt or refusal, as far as is known.
    receipted: BTreeMap<PostIndex, u64>,
    /// Messages on which somebody still owes something.
    pub(super) ladders: BTreeMap<EntryId, Ladder>,
    settled: VecDeque<Ladder>,
    pub(super) drafts: BTreeMap<DraftId, Draft>,
    /// Consents to erase an entry, by party, until every party has given its own.
    pub(super) consents: BTreeMap<EntryId, super::erase::Consents>,
    pub(super) tests: BTreeMap<PostIndex, LineTests>,
    own_meter: OwnMeter,
    peer_meters: BTreeMap<PostIndex, PeerMeter>,
    pub(super) statistics: Statistics,
    figures: Figures,
}

/// Whether the figures of the line are kept as they stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Figures {
    Kept,
    Changed,
}

impl People {
    pub(super) fn new(charter: &SignedCharter, own: PostIndex, now: Now) -> Self {
        let others: Vec<PostIndex> =
            charter.charter().posts().map(|(post, _)| post).filter(|post| *post != own).collect();
        let quotas = charter.charter().quotas;
        Self {
            own,
            peer_meters: others.iter().map(|post| (*post, PeerMeter::new(now, &quotas))).collect(),
            tests: others
                .iter()
                .map(|post| (*post, LineTests::new(now, *post, charter.charter().line_test)))
                .collect(),
            others,
            quotas,
            alarms: Alarms::new(),
            clocks: Clocks::new(),
            receipted: BTreeMap::new(),
            ladders: BTreeMap::new(),
            settled: VecDeque::new(),
            drafts: BTreeMap::new(),
            consents: BTreeMap::new(),
            own_meter: OwnMeter::new(),
            statistics: Statistics::new(),
            figures: Figures::Kept,
        }
    }

    /// Tells whether times run that are worth keeping, or figures that were not kept yet.
    pub(super) fn has_running_times(&self) -> bool {
        self.figures == Figures::Changed
            || self.clocks.next_due().is_some()
            || self.alarms.next_due().is_some()
    }

    /// What has run meanwhile, to be kept: a restart then gives back at most the time since.
    pub(super) fn running_times(&mut self, now: Now) -> Vec<StateChange> {
        let mut changes = Vec::new();
        let clocks = self.clocks.running(now).filter(|(_, left)| left.is_some());
        for (key, _) in clocks {
            if let Some(bytes) = self.clocks.encode(key, now) {
                changes.push(StateChange::Put(key.state_key(), Sealed(bytes)));
            }
        }
        for alarm in self.alarms.in_order() {
            // That of a waiting message is raised again from its ladder.
            let waits = matches!(alarm.cause, Cause::IncomingUnacknowledged { .. });
            if let (true, Some(bytes)) =
                (alarm.is_unseen() && !waits, self.alarms.encode(alarm.cause, now))
            {
                changes.push(StateChange::Put(alarm.cause.state_key(), Sealed(bytes)));
            }
        }
        if self.figures == Figures::Changed {
            self.figures = Figures::Kept;
            let bytes = Sealed(self.statistics.encode(now));
            changes.push(StateChange::Put(STATISTICS.to_owned(), bytes));
        }
        changes
    }

    /// The figures of the line, about to change.
    pub(super) fn figures(&mut self) -> &mut Statistics {
        self.figures = Figures::Changed;
        &mut self.statistics
    }

    /// Takes up one stored piece of state again. Unknown keys are left alone.
    pub(super) fn restore(&mut self, key: &str, value: &[u8], now: Now) -> Result<(), StateError> {
        match key.split_once('/').map(|(kind, _)| kind) {
            Some("ladder") => {
                let ladder = Ladder::decode(value, now)?;
                self.ladders.insert(ladder.message(), ladder);
            }
            Some("clock") => {
                self.clocks.restore(value, now)?;
            }
            Some("alarm") => {
                self.alarms.restore(value, now)?;
            }
            Some("draft") => {
                let draft = Draft::decode(value, now)?;
                self.drafts.insert(DraftId(draft.id()), draft);
            }
            Some("meter") => {
                if key == OWN_METER {
                    self.own_meter = OwnMeter::decode(value, now)?;
                } else if let Some(post) =
                    key.strip_prefix("meter/").and_then(|rest| rest.parse().ok())
                {
                    self.peer_meters.insert(PostIndex(post), PeerMeter::decode(value, now)?);
                }
            }
            _ if key == STATISTICS => self.statistics = Statistics::decode(value, now)?,
            Some("test") => {
                let tests = LineTests::decode(value, now)?;
                self.tests.insert(tests.post(), tests);
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn next_due(&self) -> Option<u64> {
        let tests = self.tests.values().map(LineTests::next_due).min();
        [self.clocks.next_due(), self.alarms.next_due(), tests].into_iter().flatten().min()
    }

    /// Counts by other quotas from now on, as an amendment of the charter would.
    #[cfg(test)]
    pub(super) fn set_quotas(&mut self, quotas: Quotas, now: Now) {
        self.quotas = quotas;
        for meter in self.peer_meters.values_mut() {
            *meter = PeerMeter::new(now, &quotas);
        }
    }

    /// Tells whether a peer's message is within its quota, and counts it.
    pub(super) fn within_quota(
        &mut self,
        post: PostIndex,
        precedence: Precedence,
        bytes: usize,
        now: Now,
    ) -> bool {
        let Some(meter) = self.peer_meters.get_mut(&post) else {
            return false;
        };
        meter.admit(now, &self.quotas, bytes as u64, precedence) == QuotaVerdict::Within
    }

    /// Takes our messages below `size` for which this post's receipt is still owed.
    ///
    /// Those below an earlier size are settled, so that a post to which much is open need not look
    /// at all of it for each receipt.
    pub(super) fn take_receipted(&mut self, by: PostIndex, size: u64) -> Vec<EntryId> {
        let settled = self.receipted.entry(by).or_default();
        let from = EntryId { log: self.own, index: *settled };
        let to = EntryId { log: self.own, index: size.max(*settled) };
        *settled = to.index;
        self.ladders
            .range(from..to)
            .filter(|(_, ladder)| {
                ladder.post(by).is_some_and(|rungs| rungs.reached(Level::Received).is_none())
            })
            .map(|(id, _)| *id)
            .collect()
    }
}

impl Line {
    /// Raises an alarm. Raising never stops anything.
    pub(super) fn raise(&mut self, cause: Cause, now: Now) {
        if let Some(change) = self.people.alarms.raise(now, cause) {
            self.alarm_changed(change, now);
        }
    }

    /// Clears an alarm whose cause is gone.
    pub(super) fn clear(&mut self, cause: Cause, now: Now) {
        if let Some(change) = self.people.alarms.clear(cause) {
            self.alarm_changed(change, now);
        }
    }

    pub(super) fn alarm_changed(&mut self, change: crate::alarm::Change, now: Now) {
        if let Cause::IncomingUnacknowledged { .. } = change.cause {
            // It rings once there is something to read, and is raised from its ladder at each start.
            self.effects.push(Effect::Event(Event::Alarm(change)));
        } else {
            self.outputs.push_back(Output::Event(Event::Alarm(change)));
            let key = change.cause.state_key();
            self.batch.state.push(match self.people.alarms.encode(change.cause, now) {
                Some(bytes) => StateChange::Put(key, Sealed(bytes)),
                None => StateChange::Delete(key),
            });
        }
    }

    /// Starts to follow a message of ours: who has it, who owes what.
    pub(super) fn follow_own(&mut self, id: EntryId, precedence: Precedence, level: u8, now: Now) {
        let wanted = wanted(level);
        let ladder = Ladder::new(now, id, precedence, wanted, self.people.others.iter().copied());
        self.put_ladder(ladder, now);
        for post in self.people.others.clone() {
            self.people.figures().released(post);
        }
        if wanted.needs_a_person() {
            for post in self.people.others.clone() {
                self.start_clock(id, Owes::Peer(post), precedence, now);
            }
        }
    }

    /// Starts to follow a peer's message: what we owe.
    pub(super) fn follow_theirs(
        &mut self,
        id: EntryId,
        precedence: Precedence,
        level: u8,
        now: Now,
    ) {
        let wanted = wanted(level.max(Level::Operator.number()));
        let mut ladder = Ladder::new(now, id, precedence, wanted, [self.own]);
        let proof = EntryId { log: self.own, index: self.logs[self.own.index()].size() };
        let climb = Climb {
            step: Step::Received,
            by: By::Post,
            claimed_ms: now.wall_ms,
            proof: Proof::Entry(proof),
        };
        let _ = ladder.climb(now, self.own, climb);
        self.put_ladder(ladder, now);
        self.start_clock(id, Owes::Us, precedence, now);
        self.raise(Cause::IncomingUnacknowledged { message: id, precedence }, now);
    }

    /// Keeps what a peer was counted, so that a restart of ours gives it no second quota.
    pub(super) fn save_meter(&mut self, post: PostIndex, now: Now) {
        if let Some(meter) = self.people.peer_meters.get(&post) {
            let bytes = Sealed(meter.encode(now));
            self.batch.state.push(StateChange::Put(format!("meter/{post}"), bytes));
        }
    }

    fn start_clock(&mut self, message: EntryId, owes: Owes, precedence: Precedence, now: Now) {
        let clock = self.charter.charter().clock(precedence);
        let terms = Terms::from_charter(
            clock.acknowledge_s.into(),
            clock.escalate_s.into(),
            clock.give_up_s.into(),
        );
        let key = ClockKey { message, owes, duty: Duty::Acknowledge };
        if self.people.clocks.start(now, key, precedence, terms).is_ok() {
            self.save_clock(key, now);
        }
    }

    fn save_clock(&mut self, key: ClockKey, now: Now) {
        let change = match self.people.clocks.encode(key, now) {
            Some(bytes) => StateChange::Put(key.state_key(), Sealed(bytes)),
            None => StateChange::Delete(key.state_key()),
        };
        self.batch.state.push(change);
    }

    /// Keeps a ladder: in the working state while anything is owed, beside it once all is done.
    pub(super) fn put_ladder(&mut self, ladder: Ladder, now: Now) {
        let id = ladder.message();
        let bytes = Sealed(ladder.encode(now));
        let settled = ladder.posts().all(|(post, _)| ladder.is_met_by(post));
        if settled {
            if self.people.ladders.remove(&id).is_some() {
                self.batch.state.push(StateChange::Delete(ladder_key("ladder", id)));
            }
            self.batch.state.push(StateChange::Put(ladder_key("done", id), bytes));
            self.people.settled.push_back(ladder);
            while self.people.settled.len() > SETTLED_KEPT {
                self.people.settled.pop_front();
            }
        } else {
            self.batch.state.push(StateChange::Put(ladder_key("ladder", id), bytes));
            self.people.ladders.insert(id, ladder);
        }
    }

    /// Finds a message's ladder, wherever it is kept.
    #[must_use]
    pub fn ladder(&self, id: EntryId, now: Now) -> Option<Ladder> {
        if let Some(ladder) = self.people.ladders.get(&id) {
            return Some(ladder.clone());
        }
        if let Some(ladder) = self.people.settled.iter().rev().find(|done| done.message() == id) {
            return Some(ladder.clone());
        }
        let key = ladder_key("done", id);
        let found = self.parts.reader.state(self.line, &key).ok()?;
        let (_, bytes) = found.into_iter().find(|(name, _)| *name == key)?;
        Ladder::decode(&bytes.0, now).ok()
    }

    /// Takes one step on a message's ladder and tells everybody whom it concerns.
    pub(super) fn climb(&mut self, id: EntryId, post: PostIndex, climb: Climb, now: Now) -> bool {
        let Some(mut ladder) = self.ladder(id, now) else {
            return false;
        };
        let proof = match climb.proof {
            Proof::Entry(entry) => Some(entry),
            Proof::Custody(_) => None,
        };
        let precedence = ladder.precedence();
        let by_officer = matches!(climb.by, By::Officer { .. });
        let Ok(climbed) = ladder.climb(now, post, climb) else {
            return false;
        };
        let met = ladder.is_met_by(post);
        self.put_ladder(ladder, now);
        let owes = if post == self.own { Owes::Us } else { Owes::Peer(post) };
        match climbed {
            Climbed::First(fact) => {
                self.people.figures().reached(now, fact);
                if fact.level >= Level::Operator
                    && let Some(proof) = proof
                {
                    let level = fact.level.number();
                    let event = Event::Level { entry: id, by: post, level, proof };
                    self.effects.push(Effect::Event(event));
                }
            }
            Climbed::StandBy { asked_ms, .. } => {
                let key = ClockKey { message: id, owes, duty: Duty::Answer };
                if self.people.clocks.stand_by(now, key, asked_ms).is_ok() {
                    self.save_clock(key, now);
                }
            }
            Climbed::Again(_) => {}
        }
        if met {
            let key = ClockKey { message: id, owes, duty: Duty::Acknowledge };
            if self.people.clocks.contains(key) {
                let _ = self.people.clocks.end(now, key);
                self.save_clock(key, now);
            }
            if post != self.own {
                self.clear(Cause::PeerSilent { message: id, precedence, post }, now);
            }
        }
        // The strip is about nobody having it; what else is owed has its own clock.
        if post == self.own && by_officer {
            self.clear(Cause::IncomingUnacknowledged { message: id, precedence }, now);
        }
        matches!(climbed, Climbed::First(_))
    }

    /// A peer's receipt for a message of ours was verified.
    pub(super) fn note_receipt(&mut self, entry: EntryId, receipt: EntryId, now: Now) {
        let climb = Climb {
            step: Step::Received,
            by: By::Post,
            claimed_ms: self.logs.slot(receipt.log.index()).map_or(0, |log| log.newest_ms),
            proof: Proof::Entry(receipt),
        };
        if self.climb(entry, receipt.log, climb, now) {
            let event = Event::Receipted { entry, by: receipt.log, receipt };
            self.outputs.push_back(Output::Event(event));
        }
    }

    /// What a peer's newest entry claims about the time.
    pub(super) fn claimed_time(&mut self, post: PostIndex, claimed_ms: u64, now: Now) {
        // A late entry may be honestly old; only the future cannot be explained by a slow route.
        let ahead = i64::try_from(claimed_ms).unwrap_or(i64::MAX)
            - i64::try_from(now.wall_ms).unwrap_or(i64::MAX);
        if ahead > SKEW_MAX_MS {
            self.raise(Cause::PeerSkew { post }, now);
        }
    }

    /// Whatever is due by the clocks.
    pub(super) fn people_due(&mut self, now: Now) {
        for change in self.people.alarms.due(now) {
            self.alarm_changed(change, now);
        }
        for step in self.people.clocks.due(now) {
            self.save_clock(step.key, now);
            let message = step.key.message;
            let cause = match (step.kind, step.key.owes) {
                (crate::clocks::StepKind::Silence, Owes::Peer(post)) => {
                    self.people.figures().silent(post);
                    Cause::PeerSilent { message, precedence: step.precedence, post }
                }
                (kind, _) => Cause::Escalation { message, precedence: step.precedence, step: kind },
            };
            self.outputs.push_back(Output::Event(Event::Escalate(step)));
            self.raise(cause, now);
        }
        self.line_tests_due(now);
    }

    /// After a start: what an officer still owes is rung again.
    pub(super) fn ring_again(&mut self, now: Now) {
        let owed: Vec<(EntryId, Precedence)> = self
            .people
            .ladders
            .iter()
            .filter(|(id, ladder)| {
                let reached = ladder.post(self.own).and_then(crate::ladder::Rungs::highest);
                id.log != self.own && reached < Some(Level::Operator)
            })
            .map(|(id, ladder)| (*id, ladder.precedence()))
            .collect();
        for (message, precedence) in owed {
            self.unread.push_back(message);
            self.raise(Cause::IncomingUnacknowledged { message, precedence }, now);
        }
    }
}

/// The levels that a form's wish stands for: our own post's receipt always, and the level itself.
fn wanted(level: u8) -> Wanted {
    let received = Wanted::one(Level::Received);
    Level::new(level).map_or(received, |level| received.and(level))
}

pub(super) fn ladder_key(kind: &str, id: EntryId) -> String {
    format!("{kind}/{}/{:020}", id.log, id.index)
}
