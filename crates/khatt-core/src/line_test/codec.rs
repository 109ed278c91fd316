//! The bytes of a line's tests in the working state.

use super::{Answered, Challenge, LineTests, OpenTest, ROUND_TRIPS_MAX, Skew};
use crate::Now;
use crate::StateError;
use crate::pack::{Pack, Unpack};
use crate::timer::{Deadline, Restarts, Stopwatch};

const WHAT: &str = "line test";
const VERSION: u64 = 1;
const TEXT_MAX: usize = 256;

impl LineTests {
    /// Returns the tests as bytes that [`LineTests::decode`] reads, with remaining times.
    #[must_use]
    pub fn encode(&self, now: Now) -> Vec<u8> {
        let mut pack = Pack::array_of(15);
        pack.uint(VERSION).uint(self.post.into()).uint(self.interval_ms).uint(self.answer_ms);
        self.next.pack(&mut pack, now);
        pack.option(self.open.as_ref(), |pack, open| {
            pack.array(7).entry(open.message).text(&open.challenge.text);
            pack.uint(open.challenge.every.into());
            open.until.pack(pack, now);
            open.since.pack(pack, now);
            pack.uint(open.sent_wall_ms).uint(open.restarts.0.into());
        });
        pack.uint(match self.answered_once {
            Answered::Never => 0,
            Answered::Once => 1,
        });
        pack.uint(self.missed_in_row.into()).uint(self.sent).uint(self.missed).uint(self.wrong);
        pack.option(self.last_answer, |pack, last| last.pack(pack, now));
        pack.array(self.round_trips_ms.len());
        for ms in &self.round_trips_ms {
            pack.uint(*ms);
        }
        pack.option(self.skew, |pack, skew| {
            pack.array(2).int(skew.low_ms).int(skew.high_ms);
        });
        pack.uint(self.restarts.0.into());
        pack.finish()
    }

    /// Reads the tests back after a restart, which is counted from here on.
    ///
    /// # Errors
    ///
    /// [`StateError`] if the bytes are not exactly what [`LineTests::encode`] writes.
    pub fn decode(bytes: &[u8], now: Now) -> Result<Self, StateError> {
        let mut unpack = Unpack::new(bytes, WHAT);
        unpack.exactly(15)?;
        if unpack.uint()? != VERSION {
            return unpack.fault();
        }
        let mut tests = Self {
            post: unpack.post()?,
            interval_ms: unpack.uint()?,
            answer_ms: unpack.uint()?,
            next: Deadline::unpack(&mut unpack, now)?,
            open: unpack.option(|unpack| {
                unpack.exactly(7)?;
                Ok(OpenTest {
                    message: unpack.entry()?,
                    challenge: Challenge { text: unpack.text(TEXT_MAX)?, every: unpack.number()? },
                    until: Deadline::unpack(unpack, now)?,
                    since: Stopwatch::unpack(unpack, now)?,
                    sent_wall_ms: unpack.uint()?,
                    restarts: Restarts(unpack.number()?),
                })
            })?,
            answered_once: match unpack.uint()? {
                0 => Answered::Never,
                1 => Answered::Once,
                _ => return unpack.fault(),
            },
            missed_in_row: unpack.number()?,
            sent: unpack.uint()?,
            missed: unpack.uint()?,
            wrong: unpack.uint()?,
            last_answer: unpack.option(|unpack| Stopwatch::unpack(unpack, now))?,
            round_trips_ms: {
                let count = unpack.at_most(ROUND_TRIPS_MAX)?;
                (0..count).map(|_| unpack.uint()).collect::<Result<_, _>>()?
            },
            skew: unpack.option(|unpack| {
                unpack.exactly(2)?;
                Ok(Skew { low_ms: unpack.int()?, high_ms: unpack.int()? })
            })?,
            restarts: Restarts(unpack.number()?),
        };
        unpack.finish(&tests.encode(now))?;
        tests.restarts = tests.restarts.one_more();
        if let Some(open) = &mut tests.open {
            open.restarts = open.restarts.one_more();
        }
        Ok(tests)
    }
}
