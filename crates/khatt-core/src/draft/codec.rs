//! The bytes of a draft in the working state. They hold its text: the store seals them.

use std::collections::BTreeMap;

use khatt_forms::{Body, MAX_BODY_BYTES};
use khatt_record::auth::{Checked, OfficerSignature, SIGNATURES_MAX};
use khatt_record::commit::Seed;

use super::{Draft, REASON_MAX, Returned, Signed};
use crate::Now;
use crate::StateError;
use crate::pack::{Pack, Unpack};
use crate::timer::Stopwatch;

const WHAT: &str = "draft";
const VERSION: u64 = 1;

impl Draft {
    /// Returns the draft as bytes that [`Draft::decode`] reads.
    #[must_use]
    pub fn encode(&self, now: Now) -> Vec<u8> {
        let mut pack = Pack::array_of(12);
        pack.uint(VERSION).bytes(self.seed.as_bytes()).uint(self.act as u64).bytes(&self.bytes);
        pack.precedence(self.precedence).option(self.thread, |pack, thread| {
            pack.entry(thread);
        });
        pack.uint(self.drafter.into()).uint(self.made_wall_ms);
        self.waiting.pack(&mut pack, now);
        pack.option(self.replaces, |pack, id| {
            pack.bytes(&id);
        });
        pack.array(self.signatures.len());
        for Signed { order, signature } in self.signatures.values() {
            pack.array(7).uint(signature.officer.into()).uint(signature.key.into());
            pack.uint(signature.role as u64).uint(signature.not_after_ms);
            pack.uint(signature.scheme as u64).bytes(&signature.signature).uint((*order).into());
        }
        pack.option(self.returned.as_ref(), |pack, returned| {
            pack.array(3).uint(returned.officer.into());
            pack.text(&returned.reason).uint(returned.wall_ms);
        });
        pack.finish()
    }

    /// Reads a draft back after a restart.
    ///
    /// # Errors
    ///
    /// [`StateError`] if the bytes are not exactly what [`Draft::encode`] writes, or hold a body
    /// that the forms of this version do not read.
    pub fn decode(bytes: &[u8], now: Now) -> Result<Self, StateError> {
        let mut unpack = Unpack::new(bytes, WHAT);
        unpack.exactly(12)?;
        if unpack.uint()? != VERSION {
            return unpack.fault();
        }
        let seed = Seed::new(unpack.fixed()?);
        let act = unpack.number()?;
        let bytes = unpack.bytes(MAX_BODY_BYTES)?;
        let Ok(body) = Body::decode(&bytes) else {
            return unpack.fault();
        };
        let precedence = unpack.precedence()?;
        let thread = unpack.option(Unpack::entry)?;
        let drafter = unpack.officer()?;
        let made_wall_ms = unpack.uint()?;
        let waiting = Stopwatch::unpack(&mut unpack, now)?;
        let replaces = unpack.option(Unpack::fixed)?;
        let mut signatures = BTreeMap::new();
        for _ in 0..unpack.at_most(SIGNATURES_MAX)? {
            unpack.exactly(7)?;
            let signature = OfficerSignature {
                officer: unpack.officer()?,
                key: unpack.number()?,
                role: unpack.number()?,
                not_after_ms: unpack.uint()?,
                scheme: unpack.number()?,
                signature: unpack.fixed()?,
            };
            let order = unpack.number()?;
            signatures.insert(signature.officer, Signed { order, signature });
        }
        let returned = unpack.option(|unpack| {
            unpack.exactly(3)?;
            Ok(Returned {
                officer: unpack.officer()?,
                reason: unpack.text(REASON_MAX)?,
                wall_ms: unpack.uint()?,
            })
        })?;
        let draft = Self {
            seed,
            act,
            body,
            bytes,
            precedence,
            thread,
            drafter,
            made_wall_ms,
            waiting,
            replaces,
            signatures,
            returned,
            checked: Checked::none(),
        };
        unpack.finish(&draft.encode(now))?;
        Ok(draft)
    }
}
