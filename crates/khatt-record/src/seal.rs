//! Sealing: what keeps everyone but the receiving post from reading a line.
//!
//! A sender opens an *epoch* by sending each recipient a 32-byte secret in an HPKE capsule
//! ([`epoch`], `spec/epoch.md`), and from then on packs *items* ([`items`]) into *frames*
//! ([`frame`], `spec/frame.md`) that cost 31 bytes each and open in any order on any medium.
//!
//! Nothing here is evidence: what was said is proved by commitments in the log and by checkpoint
//! signatures, so a lost epoch secret loses no record. When an epoch starts or ends, which prekey
//! is used, and where counters are kept belong to the engine.

pub mod epoch;
pub mod frame;
pub mod items;
pub mod prekey;
pub mod replay;

#[cfg(test)]
mod tests;

pub use epoch::{
    CAPSULE_LEN, CapsuleContext, CapsuleError, EpochNumber, EpochSecret, ReceiveEpoch, SendEpoch,
    open_capsule, seal_capsule,
};
pub use frame::{
    FRAME_MAX, FRAME_OVERHEAD, FrameContext, FrameError, FrameHeader, FrameKind, OpenedCapsule,
    open_capsule_frame, open_frame, peek, seal_capsule_frame, seal_frame,
};
pub use items::{ITEMS_MAX, Item, ItemsError, LeanMessage, LeanReceipt, Standing};
pub use prekey::{PREKEY_LEN, PrekeySecret};
pub use replay::{Arrival, ReplayWindows};

/// A source of random bytes, given from outside so that this crate has none of its own.
///
/// An implementation for real use must be a cryptographic generator; a test or a simulation gives
/// a seeded one, and then every byte that sealing produces is repeatable.
pub trait Entropy {
    /// Fills `out` with random bytes.
    fn fill(&mut self, out: &mut [u8]);
}

/// Hands an [`Entropy`] to crates that ask for a `rand_core` generator.
pub(crate) struct EntropyRng<'a>(pub(crate) &'a mut dyn Entropy);

impl hpke::rand_core::TryRng for EntropyRng<'_> {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill(out);
        Ok(())
    }
}

impl hpke::rand_core::TryCryptoRng for EntropyRng<'_> {}
