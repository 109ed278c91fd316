//! How a batch is stored: made durable, then followed by the database, and what a full disk changes.

use khatt_core::line::{Input, Token};
use khatt_core::store::{Batch, CommitError, Writer};

use super::{HostError, Worker};

/// Whether the space held back for receipts is still there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ballast {
    Held,
    Released,
}

/// How far a batch is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// It survives a power cut.
    Durable,
    /// And it can be read.
    Whole,
}

impl Worker {
    /// Stores a batch, or at first only makes it durable: then frames leave, and the database follows.
    ///
    /// Once the space held back is given up, the database comes first, and finds out in time whether
    /// there is room.
    pub(super) fn store(&mut self, token: Token, batch: &Batch) -> Result<Stored, CommitError> {
        if self.store.must_follow() {
            // It was durable, and the disk was full.
            return self.store.follow().map(|()| Stored::Whole);
        }
        if self.ballast == Ballast::Released {
            return self.store.commit(self.line_id, batch).map(|()| Stored::Whole);
        }
        self.store.secure(self.line_id, batch)?;
        self.ahead = Some(token);
        Ok(Stored::Durable)
    }

    /// Tells the engine what became of a batch.
    pub(super) fn stored(
        &mut self,
        token: Token,
        outcome: Result<Stored, CommitError>,
    ) -> Result<(), HostError> {
        let input = match outcome {
            Ok(Stored::Durable) => Input::Durable(token),
            Ok(Stored::Whole) => {
                self.ballast_back();
                Input::Committed(token)
            }
            Err(fault @ CommitError::LocalFull) => {
                self.ballast_out();
                Input::CommitFailed { token, fault }
            }
            Err(fault) => return Err(HostError::LocalDisk(fault)),
        };
        let now = self.clock.now();
        self.line.handle(now, input);
        Ok(())
    }

    /// A full disk: the space held back is for what the peers wait for.
    pub(super) fn ballast_out(&mut self) {
        if self.ballast == Ballast::Held && self.store.release_ballast().is_ok() {
            self.ballast = Ballast::Released;
        }
    }

    pub(super) fn ballast_back(&mut self) {
        if self.ballast == Ballast::Released && self.store.reserve_ballast(BALLAST_BYTES).is_ok() {
            self.ballast = Ballast::Held;
        }
    }
}

/// What is held back again once a full disk has room.
const BALLAST_BYTES: u64 = 32 << 20;
