//! The acknowledgement ladder of one message: what each receiving post has said, with its proof.
//!
//! Stored, received, with an operator, understood, passed on, told to units, answered are seven
//! different things. A level is reached only by something signed (an entry; at a relay a custody),
//! and no level is ever inferred from another: "passed to authority" does not mean understood.
//! Levels come in any order. None of them is agreement, approval or clearance.
//!
//! Verifying signatures, decoding forms and judging read-backs happen before: this module takes
//! their results. Deadlines are in [`crate::clocks`], averages in [`crate::statistics`].

use std::collections::BTreeMap;

use khatt_record::{EntryId, Hash, OfficerIndex, PostIndex, Precedence};
use thiserror::Error;

use crate::Now;
use crate::read_back::Matched;
use crate::timer::{Restarts, Stopwatch, Took};

mod codec;
mod level;
#[cfg(test)]
mod tests;

pub use level::{Level, WORDS_MAX, Wanted, Words};

/// Who took a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// A relay, by the name of its key in the charter.
    Relay(u8),
    /// The receiving post's machine.
    Post,
    /// An officer of the receiving post.
    Officer {
        /// Who.
        officer: OfficerIndex,
        /// The role acted in, as the charter or the form names it.
        role: String,
    },
}

/// What shows that a step was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// An entry in the receiving post's own log.
    Entry(EntryId),
    /// A relay's signed custody, by its hash.
    Custody(Hash),
}

/// What was done, with what belongs to that level and no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A0.
    Stored,
    /// A1.
    Received,
    /// A2.
    Operator,
    /// A3; the value can only come from a read-back in which every critical field matched.
    Understood(Matched),
    /// A4.
    Authority {
        /// To whom it was passed.
        to: Words,
        /// When, as the peer claims, in milliseconds of Unix time.
        claimed_ms: u64,
    },
    /// A5, self-declared.
    Units {
        /// How far it was spread.
        scope: Words,
        /// When, as the peer claims, in milliseconds of Unix time.
        claimed_ms: u64,
    },
    /// A6, or a promise of it ([`Answer::StandBy`]).
    Answer(Answer),
}

/// The vocabulary of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// An answer will come; this promise is none.
    StandBy {
        /// Until when, as the peer claims, in milliseconds of Unix time.
        until_ms: u64,
    },
    /// The peer says that it has no information.
    NoInformation,
    /// The answer is a message of its own.
    Message(EntryId),
}

/// One step, with who and what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// What was done.
    pub step: Step,
    /// Who did it.
    pub by: By,
    /// When, as the entry claims, in milliseconds of Unix time.
    pub claimed_ms: u64,
    /// What proves it.
    pub proof: Proof,
    /// From our release (or receipt of the message) until we learned of it, by our own clock.
    pub took: Took,
}

/// A step as it comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Climb {
    /// What was done.
    pub step: Step,
    /// Who did it.
    pub by: By,
    /// When, as the entry claims, in milliseconds of Unix time.
    pub claimed_ms: u64,
    /// What proves it.
    pub proof: Proof,
}

/// What a step changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Climbed {
    /// The level was reached for the first time.
    First(Fact),
    /// The level had been reached before; the first proof stays.
    Again(Level),
    /// The peer asks for time: the answer clock may be set anew for this long.
    StandBy {
        /// What the peer asked for, by its own two times, in milliseconds. The clocks bound it.
        asked_ms: u64,
        /// How many times it has asked so far, this one included.
        times: u32,
    },
}

/// That one post reached one level, for [`crate::statistics`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The receiving post.
    pub post: PostIndex,
    /// Precedence of the message.
    pub precedence: Precedence,
    /// The level reached.
    pub level: Level,
    /// From our release until we learned of it.
    pub took: Took,
}

/// Why a step was not taken into the ladder.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum LadderError {
    /// The message was not addressed to that post.
    #[error("peer post {0} is no receiver of this message")]
    PeerNotReceiver(PostIndex),
    /// A level beyond a receipt needs an officer; a receipt needs the post itself.
    #[error("peer took step {} in a capacity that cannot take it", .0.code())]
    PeerWrongCapacity(Level),
    /// The proof is not an entry of the receiving post's own log (at a relay: no custody).
    #[error("peer step {} is not proved by an entry of its own log", .0.code())]
    PeerProofElsewhere(Level),
    /// The read-back repeats another message.
    #[error("peer read back another message than the one it acknowledges")]
    PeerOtherMessage,
    /// The role, the authority's name or the scope is too long to keep.
    #[error("peer acknowledgement holds more text than {max} bytes")]
    PeerTooLong {
        /// Most bytes allowed.
        max: usize,
    },
}

/// The ladder of one message, for every post that receives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    message: EntryId,
    precedence: Precedence,
    wanted: Wanted,
    since: Stopwatch,
    restarts: Restarts,
    posts: BTreeMap<PostIndex, Rungs>,
}

/// Where one receiving post stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rungs {
    reached: BTreeMap<Level, Rung>,
    stand_by: Option<Rung>,
    stand_bys: u32,
    differing_read_backs: u32,
}

impl LadderError {
    /// Returns the stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerNotReceiver(_) => "KC-2101",
            Self::PeerWrongCapacity(_) => "KC-2102",
            Self::PeerProofElsewhere(_) => "KC-2103",
            Self::PeerOtherMessage => "KC-2104",
            Self::PeerTooLong { .. } => "KC-2105",
        }
    }
}

impl Step {
    /// Returns the level that this step is about. A stand-by is about A6 and does not reach it.
    #[must_use]
    pub const fn level(&self) -> Level {
        match self {
            Self::Stored => Level::Stored,
            Self::Received => Level::Received,
            Self::Operator => Level::Operator,
            Self::Understood(_) => Level::Understood,
            Self::Authority { .. } => Level::Authority,
            Self::Units { .. } => Level::Units,
            Self::Answer(_) => Level::Answered,
        }
    }
}

impl Ladder {
    /// Forgets the words of whatever an entry proves, because its text was erased; the step stays.
    /// Returns whether there were any.
    pub fn forget_words(&mut self, proof: EntryId) -> bool {
        let mut forgot = false;
        for rungs in self.posts.values_mut() {
            for rung in rungs.reached.values_mut() {
                if rung.proof != Proof::Entry(proof) {
                    continue;
                }
                if let Step::Authority { to: words, .. } | Step::Units { scope: words, .. } =
                    &mut rung.step
                {
                    *words = Words(String::new());
                    forgot = true;
                }
            }
        }
        forgot
    }
}

impl Rungs {
    /// Returns the first step by which this level was reached; nothing if it was not, whatever the
    /// levels above it say.
    #[must_use]
    pub fn reached(&self, level: Level) -> Option<&Rung> {
        self.reached.get(&level)
    }

    /// Returns the highest level reached.
    #[must_use]
    pub fn highest(&self) -> Option<Level> {
        self.reached.last_key_value().map(|(level, _)| *level)
    }

    /// Returns the latest promise of an answer, until an answer has come.
    #[must_use]
    pub fn standing_by(&self) -> Option<&Rung> {
        if self.reached(Level::Answered).is_some() { None } else { self.stand_by.as_ref() }
    }

    /// Returns how many read-backs did not match.
    #[must_use]
    pub const fn differing_read_backs(&self) -> u32 {
        self.differing_read_backs
    }

    /// Tells whether every wanted level is reached. Only A2 may be shown by a higher one, and only
    /// if an officer signed that: the signature itself is the fact that A2 states.
    #[must_use]
    pub fn meets(&self, wanted: Wanted) -> bool {
        wanted.levels().all(|level| {
            self.reached(level).is_some() || (level == Level::Operator && self.officer_has_it())
        })
    }

    fn officer_has_it(&self) -> bool {
        self.reached
            .values()
            .chain(&self.stand_by)
            .any(|rung| matches!(rung.by, By::Officer { .. }))
    }
}

impl Ladder {
    /// Starts the ladder of a message at its release (or, for one we received, at our receipt).
    #[must_use]
    pub fn new(
        now: Now,
        message: EntryId,
        precedence: Precedence,
        wanted: Wanted,
        receivers: impl IntoIterator<Item = PostIndex>,
    ) -> Self {
        let posts = receivers.into_iter().map(|post| (post, Rungs::default())).collect();
        let since = Stopwatch::start(now);
        Self { message, precedence, wanted, since, restarts: Restarts(0), posts }
    }

    /// Returns the message.
    #[must_use]
    pub const fn message(&self) -> EntryId {
        self.message
    }

    /// Returns the message's precedence.
    #[must_use]
    pub const fn precedence(&self) -> Precedence {
        self.precedence
    }

    /// Returns which levels its author waits for.
    #[must_use]
    pub const fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// Returns each receiving post and where it stands.
    pub fn posts(&self) -> impl Iterator<Item = (PostIndex, &Rungs)> {
        self.posts.iter().map(|(post, rungs)| (*post, rungs))
    }

    /// Returns where one receiving post stands.
    #[must_use]
    pub fn post(&self, post: PostIndex) -> Option<&Rungs> {
        self.posts.get(&post)
    }

    /// Tells whether this post has reached every wanted level.
    #[must_use]
    pub fn is_met_by(&self, post: PostIndex) -> bool {
        self.post(post).is_some_and(|rungs| rungs.meets(self.wanted))
    }

    /// Takes in one proved step of `post`.
    ///
    /// # Errors
    ///
    /// [`LadderError`] if the step cannot be what it claims to be; the ladder is unchanged then.
    pub fn climb(
        &mut self,
        now: Now,
        post: PostIndex,
        climb: Climb,
    ) -> Result<Climbed, LadderError> {
        let took = Took::new(self.since.elapsed_ms(now), self.restarts);
        let (message, precedence) = (self.message, self.precedence);
        let rungs = self.posts.get_mut(&post).ok_or(LadderError::PeerNotReceiver(post))?;
        check(message, post, &climb)?;

        let Climb { step, by, claimed_ms, proof } = climb;
        let level = step.level();
        let rung = Rung { step, by, claimed_ms, proof, took };
        if let Step::Answer(Answer::StandBy { until_ms }) = rung.step {
            rungs.stand_by = Some(rung);
            rungs.stand_bys = rungs.stand_bys.saturating_add(1);
            // Both times are the peer's own, so only their difference means anything to us.
            let asked_ms = until_ms.saturating_sub(claimed_ms);
            return Ok(Climbed::StandBy { asked_ms, times: rungs.stand_bys });
        }
        if rungs.reached.contains_key(&level) {
            return Ok(Climbed::Again(level));
        }
        rungs.reached.insert(level, rung);
        Ok(Climbed::First(Fact { post, precedence, level, took }))
    }

    /// Counts a read-back that did not match. It reaches no level.
    ///
    /// # Errors
    ///
    /// [`LadderError::PeerNotReceiver`] if the message was not addressed to that post.
    pub fn read_back_differed(&mut self, post: PostIndex) -> Result<u32, LadderError> {
        let rungs = self.posts.get_mut(&post).ok_or(LadderError::PeerNotReceiver(post))?;
        rungs.differing_read_backs = rungs.differing_read_backs.saturating_add(1);
        Ok(rungs.differing_read_backs)
    }
}

fn check(message: EntryId, post: PostIndex, climb: &Climb) -> Result<(), LadderError> {
    let level = climb.step.level();
    let capacity = match (level, &climb.by) {
        (Level::Stored, By::Relay(_)) | (Level::Received, By::Post) => true,
        (Level::Stored | Level::Received, _) => false,
        (_, by) => matches!(by, By::Officer { .. }),
    };
    if !capacity {
        return Err(LadderError::PeerWrongCapacity(level));
    }
    let proved = match climb.proof {
        Proof::Entry(entry) => level != Level::Stored && entry.log == post,
        Proof::Custody(_) => level == Level::Stored,
    };
    if !proved {
        return Err(LadderError::PeerProofElsewhere(level));
    }
    match &climb.step {
        Step::Understood(matched) if matched.message() != message => {
            return Err(LadderError::PeerOtherMessage);
        }
        Step::Answer(Answer::Message(answer)) if answer.log != post => {
            return Err(LadderError::PeerProofElsewhere(level));
        }
        _ => {}
    }
    match &climb.by {
        By::Officer { role, .. } if role.len() > WORDS_MAX => {
            Err(LadderError::PeerTooLong { max: WORDS_MAX })
        }
        _ => Ok(()),
    }
}
