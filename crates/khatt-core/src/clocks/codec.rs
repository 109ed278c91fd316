//! The bytes of clocks in the working state, one piece of state for each clock.

use super::{
    ATTEMPTS_MAX, Attempt, CLOCKS_MAX, Clock, ClockKey, Clocks, Duty, Owes, Stage, Terms,
    attempts::{Attempts, ROUTE_MAX},
};
use crate::Now;
use crate::StateError;
use crate::pack::{Pack, Unpack};
use crate::timer::{Deadline, Restarts, Stopwatch};

const WHAT: &str = "acknowledgement clock";
const VERSION: u64 = 1;

impl ClockKey {
    /// Returns the name under which this clock is kept, for example `clock/1/57/0/ack`.
    #[must_use]
    pub fn state_key(&self) -> String {
        let who = match self.owes {
            Owes::Us => "us".to_owned(),
            Owes::Peer(post) => post.to_string(),
        };
        let duty = match self.duty {
            Duty::Acknowledge => "ack",
            Duty::Answer => "answer",
        };
        format!("clock/{}/{who}/{duty}", self.message)
    }
}

impl Clocks {
    /// Returns one clock as bytes that [`Clocks::restore`] reads, with its remaining times.
    #[must_use]
    pub fn encode(&self, key: ClockKey, now: Now) -> Option<Vec<u8>> {
        self.running.get(&key).map(|clock| clock.encode(key, now))
    }

    /// Takes in one clock that was saved before a restart, which is counted from here on.
    ///
    /// # Errors
    ///
    /// [`StateError`] if the bytes are not exactly what [`Clocks::encode`] writes, or if there are
    /// more than [`CLOCKS_MAX`].
    pub fn restore(&mut self, bytes: &[u8], now: Now) -> Result<ClockKey, StateError> {
        let (key, mut clock) = Clock::decode(bytes, now)?;
        if self.running.len() >= CLOCKS_MAX {
            return Err(StateError::LocalDamaged { what: WHAT });
        }
        clock.restarts = clock.restarts.one_more();
        self.put(key, clock);
        Ok(key)
    }
}

impl Clock {
    fn encode(&self, key: ClockKey, now: Now) -> Vec<u8> {
        let mut pack = Pack::array_of(13);
        pack.uint(VERSION).entry(key.message);
        match key.owes {
            Owes::Us => pack.array(0),
            Owes::Peer(post) => pack.array(1).uint(post.into()),
        };
        pack.uint(key.duty as u64).precedence(self.precedence);
        pack.array(3);
        pack.uint(self.terms.acknowledge_ms)
            .uint(self.terms.escalate_ms)
            .uint(self.terms.give_up_ms);
        pack.uint(self.stage as u64);
        self.since.pack(&mut pack, now);
        pack.uint(self.restarts.0.into());
        pack.array(3);
        self.acknowledge.pack(&mut pack, now);
        self.escalate.pack(&mut pack, now);
        self.give_up.pack(&mut pack, now);
        pack.uint(self.stand_bys.into()).array(self.attempts.kept.len());
        for attempt in &self.attempts.kept {
            pack.array(3).uint(attempt.wall_ms).text(&attempt.route).uint(attempt.result as u64);
        }
        pack.uint(self.attempts.left_out);
        pack.finish()
    }

    fn decode(bytes: &[u8], now: Now) -> Result<(ClockKey, Self), StateError> {
        let mut unpack = Unpack::new(bytes, WHAT);
        unpack.exactly(13)?;
        if unpack.uint()? != VERSION {
            return unpack.fault();
        }
        let message = unpack.entry()?;
        let owes = unpack.option(Unpack::post)?.map_or(Owes::Us, Owes::Peer);
        let duty = match unpack.uint()? {
            0 => Duty::Acknowledge,
            1 => Duty::Answer,
            _ => return unpack.fault(),
        };
        let precedence = unpack.precedence()?;
        unpack.exactly(3)?;
        let terms = Terms::new(unpack.uint()?, unpack.uint()?, unpack.uint()?);
        let stage = match unpack.uint()? {
            0 => Stage::Waiting,
            1 => Stage::SecondDesk,
            2 => Stage::PhoneList,
            3 => Stage::GivenUp,
            _ => return unpack.fault(),
        };
        let since = Stopwatch::unpack(&mut unpack, now)?;
        let restarts = Restarts(unpack.number()?);
        unpack.exactly(3)?;
        let acknowledge = Deadline::unpack(&mut unpack, now)?;
        let escalate = Deadline::unpack(&mut unpack, now)?;
        let give_up = Deadline::unpack(&mut unpack, now)?;
        let stand_bys = unpack.number()?;
        let mut attempts = Attempts::default();
        for _ in 0..unpack.at_most(ATTEMPTS_MAX)? {
            unpack.exactly(3)?;
            attempts.kept.push(Attempt {
                wall_ms: unpack.uint()?,
                route: unpack.text(ROUTE_MAX)?,
                result: unpack.number()?,
            });
        }
        attempts.left_out = unpack.uint()?;
        let key = ClockKey { message, owes, duty };
        let clock = Self {
            precedence,
            terms,
            stage,
            since,
            restarts,
            acknowledge,
            escalate,
            give_up,
            stand_bys,
            attempts,
        };
        unpack.finish(&clock.encode(key, now))?;
        Ok((key, clock))
    }
}
