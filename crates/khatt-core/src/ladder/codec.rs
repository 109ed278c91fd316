//! The bytes of a ladder in the working state.

use std::collections::BTreeMap;

use khatt_record::Hash;

use super::{Answer, By, Ladder, Level, Proof, Rung, Rungs, Step, WORDS_MAX, Wanted, Words};
use crate::Now;
use crate::StateError;
use crate::pack::{Pack, Unpack};
use crate::read_back::Matched;
use crate::timer::{Restarts, Stopwatch, Took};

const WHAT: &str = "acknowledgement ladder";
const VERSION: u64 = 1;
/// More posts than a charter can have, so that the bound never refuses a sound state.
const POSTS_MAX: usize = 64;

impl Ladder {
    /// Returns the ladder as bytes that [`Ladder::decode`] reads, with times run so far.
    #[must_use]
    pub fn encode(&self, now: Now) -> Vec<u8> {
        let mut pack = Pack::array_of(7);
        pack.uint(VERSION)
            .entry(self.message)
            .precedence(self.precedence)
            .uint(self.wanted.0.into());
        self.since.pack(&mut pack, now);
        pack.uint(self.restarts.0.into()).array(self.posts.len());
        for (post, rungs) in &self.posts {
            pack.array(5).uint((*post).into());
            pack.array(rungs.reached.len());
            for rung in rungs.reached.values() {
                rung.pack(&mut pack);
            }
            pack.option(rungs.stand_by.as_ref(), |pack, rung| rung.pack(pack));
            pack.uint(rungs.stand_bys.into()).uint(rungs.differing_read_backs.into());
        }
        pack.finish()
    }

    /// Reads a ladder back after a restart, which is counted from here on.
    ///
    /// # Errors
    ///
    /// [`StateError`] if the bytes are not exactly what [`Ladder::encode`] writes.
    pub fn decode(bytes: &[u8], now: Now) -> Result<Self, StateError> {
        let mut unpack = Unpack::new(bytes, WHAT);
        unpack.exactly(7)?;
        if unpack.uint()? != VERSION {
            return unpack.fault();
        }
        let message = unpack.entry()?;
        let precedence = unpack.precedence()?;
        let wanted = Wanted(unpack.number()?);
        if wanted.0 >> Level::ALL.len() != 0 {
            return unpack.fault();
        }
        let since = Stopwatch::unpack(&mut unpack, now)?;
        let restarts = Restarts(unpack.number()?);
        let mut posts = BTreeMap::new();
        for _ in 0..unpack.at_most(POSTS_MAX)? {
            unpack.exactly(5)?;
            let post = unpack.post()?;
            let mut rungs = Rungs::default();
            for _ in 0..unpack.at_most(Level::ALL.len())? {
                let rung = Rung::unpack(&mut unpack)?;
                rungs.reached.insert(rung.step.level(), rung);
            }
            rungs.stand_by = unpack.option(Rung::unpack)?;
            rungs.stand_bys = unpack.number()?;
            rungs.differing_read_backs = unpack.number()?;
            posts.insert(post, rungs);
        }
        let mut ladder = Self { message, precedence, wanted, since, restarts, posts };
        unpack.finish(&ladder.encode(now))?;
        ladder.restarts = restarts.one_more();
        Ok(ladder)
    }
}

impl Rung {
    fn pack(&self, pack: &mut Pack) {
        pack.array(5);
        match &self.step {
            Step::Stored => pack.array(1).uint(0),
            Step::Received => pack.array(1).uint(1),
            Step::Operator => pack.array(1).uint(2),
            Step::Understood(matched) => {
                pack.array(3).uint(3).entry(matched.message()).uint(matched.fields().into())
            }
            Step::Authority { to, claimed_ms } => {
                pack.array(3).uint(4).text(to.expose()).uint(*claimed_ms)
            }
            Step::Units { scope, claimed_ms } => {
                pack.array(3).uint(5).text(scope.expose()).uint(*claimed_ms)
            }
            Step::Answer(answer) => answer.pack(pack.array(2).uint(6)),
        };
        match &self.by {
            By::Relay(number) => pack.array(2).uint(0).uint((*number).into()),
            By::Post => pack.array(1).uint(1),
            By::Officer { officer, role } => {
                pack.array(3).uint(2).uint((*officer).into()).text(role)
            }
        };
        pack.uint(self.claimed_ms);
        match &self.proof {
            Proof::Entry(entry) => pack.array(2).uint(0).entry(*entry),
            Proof::Custody(hash) => pack.array(2).uint(1).bytes(hash.as_bytes()),
        };
        match self.took {
            Took::Exactly(ms) => pack.array(2).uint(0).uint(ms),
            Took::AtLeast(ms) => pack.array(2).uint(1).uint(ms),
        };
    }

    fn unpack(unpack: &mut Unpack<'_>) -> Result<Self, StateError> {
        unpack.exactly(5)?;
        // The lengths of the inner arrays are checked by the re-encoding at the end.
        unpack.at_most(3)?;
        let step = match unpack.uint()? {
            0 => Step::Stored,
            1 => Step::Received,
            2 => Step::Operator,
            3 => Step::Understood(Matched::restored(unpack.entry()?, unpack.number()?)),
            4 => Step::Authority { to: words(unpack)?, claimed_ms: unpack.uint()? },
            5 => Step::Units { scope: words(unpack)?, claimed_ms: unpack.uint()? },
            6 => Step::Answer(Answer::unpack(unpack)?),
            _ => return unpack.fault(),
        };
        unpack.at_most(3)?;
        let by = match unpack.uint()? {
            0 => By::Relay(unpack.number()?),
            1 => By::Post,
            2 => By::Officer { officer: unpack.officer()?, role: unpack.text(WORDS_MAX)? },
            _ => return unpack.fault(),
        };
        let claimed_ms = unpack.uint()?;
        unpack.at_most(2)?;
        let proof = match unpack.uint()? {
            0 => Proof::Entry(unpack.entry()?),
            1 => Proof::Custody(Hash(unpack.fixed()?)),
            _ => return unpack.fault(),
        };
        unpack.at_most(2)?;
        let took = match (unpack.uint()?, unpack.uint()?) {
            (0, ms) => Took::Exactly(ms),
            (1, ms) => Took::AtLeast(ms),
            _ => return unpack.fault(),
        };
        Ok(Self { step, by, claimed_ms, proof, took })
    }
}

impl Answer {
    fn pack(self, pack: &mut Pack) -> &mut Pack {
        match self {
            Self::Yes => pack.array(1).uint(0),
            Self::No => pack.array(1).uint(1),
            Self::StandBy { until_ms } => pack.array(2).uint(2).uint(until_ms),
            Self::NoInformation => pack.array(1).uint(3),
            Self::Message(entry) => pack.array(2).uint(4).entry(entry),
        }
    }

    fn unpack(unpack: &mut Unpack<'_>) -> Result<Self, StateError> {
        unpack.at_most(2)?;
        Ok(match unpack.uint()? {
            0 => Self::Yes,
            1 => Self::No,
            2 => Self::StandBy { until_ms: unpack.uint()? },
            3 => Self::NoInformation,
            4 => Self::Message(unpack.entry()?),
            _ => return unpack.fault(),
        })
    }
}

fn words(unpack: &mut Unpack<'_>) -> Result<Words, StateError> {
    Ok(Words(unpack.text(WORDS_MAX)?))
}
