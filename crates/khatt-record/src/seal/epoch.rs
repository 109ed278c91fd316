//! Epochs: stretches of one sender's frames under one secret, and the capsules that hand it over.
//!
//! The byte layouts are `spec/epoch.md`. A capsule proves nothing about who made it (HPKE base
//! mode); that comes from the signed log entry in which it stands.

use core::fmt;

use hpke::{
    Deserializable, OpModeR, OpModeS, Serializable, aead::ChaCha20Poly1305, kdf::HkdfSha256,
    kem::XWing,
};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{Entropy, EntropyRng, PrekeySecret};
use crate::ids::{Kind, LineId, PostIndex};

pub use crate::entry::CAPSULE_LEN;

const ENCAPSULATED_LEN: usize = 1120;
const SECRET_LEN: usize = 32;
const LABEL: &[u8] = b"khatt/1 epoch\0";

/// The number of one sender's epoch, counted from 1; 0 is never used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EpochNumber(u32);

impl EpochNumber {
    /// Takes a number; `None` if it is 0.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        (number != 0).then_some(Self(number))
    }

    /// The number itself.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }

    /// The next epoch's number, or `None` after the last possible one.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }

    /// The two bytes that a frame shows of it.
    #[must_use]
    pub fn on_wire(self) -> u16 {
        let [_, _, high, low] = self.0.to_be_bytes();
        u16::from_be_bytes([high, low])
    }

    /// The full number meant by `wire`: of all that end in these two bytes, the one nearest to
    /// `around`, the highest number known from that sender (0 if none); `None` for 0 itself.
    #[must_use]
    pub fn nearest(wire: u16, around: u32) -> Option<Self> {
        let base = i64::from(around) & !0xFFFF;
        [base - 0x1_0000, base, base + 0x1_0000]
            .into_iter()
            .filter_map(|start| u32::try_from(start + i64::from(wire)).ok())
            .filter(|number| *number != 0)
            .min_by_key(|number| number.abs_diff(around))
            .map(Self)
    }
}

impl fmt::Display for EpochNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The 32-byte secret of an epoch, from which every frame's key is derived.
///
/// Erased from memory when dropped; its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct EpochSecret([u8; SECRET_LEN]);

impl EpochSecret {
    /// Draws a new secret.
    pub fn generate(entropy: &mut dyn Entropy) -> Self {
        let mut secret = Self([0; SECRET_LEN]);
        entropy.fill(&mut secret.0);
        secret
    }

    /// Takes a secret back from a store.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The secret bytes, for a store that encrypts them at rest.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for EpochSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EpochSecret(redacted)")
    }
}

/// A sender's running epoch: its secret, the tag of this process start, and the next counter.
///
/// A new process start must draw a new tag ([`SendEpoch::resume`]): then no key is ever used
/// twice, even by a machine that was rolled back and counts from an old number again.
#[derive(Clone)]
pub struct SendEpoch {
    secret: EpochSecret,
    number: EpochNumber,
    tag: [u8; 8],
    counter: u32,
}

impl SendEpoch {
    /// Opens a new epoch with a fresh secret and tag.
    pub fn open(number: EpochNumber, entropy: &mut dyn Entropy) -> Self {
        let secret = EpochSecret::generate(entropy);
        Self::resume(secret, number, entropy)
    }

    /// Goes on with a stored epoch after a process start, under a freshly drawn tag.
    pub fn resume(secret: EpochSecret, number: EpochNumber, entropy: &mut dyn Entropy) -> Self {
        let mut tag = [0; 8];
        entropy.fill(&mut tag);
        Self { secret, number, tag, counter: 0 }
    }

    /// The epoch's number.
    #[must_use]
    pub fn number(&self) -> EpochNumber {
        self.number
    }

    /// The epoch's secret.
    #[must_use]
    pub fn secret(&self) -> &EpochSecret {
        &self.secret
    }

    /// The tag drawn at this process start.
    #[must_use]
    pub fn tag(&self) -> [u8; 8] {
        self.tag
    }

    /// How many frames were sealed under this tag.
    #[must_use]
    pub fn sealed(&self) -> u32 {
        self.counter
    }

    /// Takes the next counter, or `None` when they are used up.
    pub(super) fn take_counter(&mut self) -> Option<u32> {
        let counter = self.counter;
        self.counter = counter.checked_add(1)?;
        Some(counter)
    }
}

impl fmt::Debug for SendEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendEpoch")
            .field("number", &self.number)
            .field("counter", &self.counter)
            .finish_non_exhaustive()
    }
}

/// A peer's epoch, as a receiver keeps it: enough to open any of its frames, in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiveEpoch {
    /// The epoch's secret.
    pub secret: EpochSecret,
    /// The epoch's number.
    pub number: EpochNumber,
}

/// To what a capsule is bound: it opens for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapsuleContext {
    /// The line.
    pub line: LineId,
    /// The line's kind.
    pub kind: Kind,
    /// The post that opens the epoch.
    pub sender: PostIndex,
    /// The post whose prekey it is sealed to.
    pub recipient: PostIndex,
    /// The epoch's number.
    pub epoch: EpochNumber,
    /// The number of the recipient's prekey; 0 is the one in the charter.
    pub prekey_no: u32,
}

impl CapsuleContext {
    /// The HPKE `info` bytes (`spec/epoch.md §3`).
    #[must_use]
    pub fn info(&self) -> Vec<u8> {
        let mut info = Vec::with_capacity(LABEL.len() + 32 + 3 + 8);
        info.extend_from_slice(LABEL);
        info.extend_from_slice(self.line.as_bytes());
        info.extend_from_slice(&[self.kind as u8, self.sender.0, self.recipient.0]);
        info.extend_from_slice(&self.epoch.get().to_be_bytes());
        info.extend_from_slice(&self.prekey_no.to_be_bytes());
        info
    }
}

/// Why a capsule could not be made or opened.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CapsuleError {
    /// The recipient published a prekey that is not a valid X-Wing key.
    #[error("peer published a prekey that is not a valid key")]
    PeerPrekeyInvalid,
    /// The capsule does not open: another prekey, another context, or altered bytes.
    #[error("peer sent a capsule that does not open with this prekey in this place")]
    PeerCapsuleUnopenable,
}

impl CapsuleError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::PeerPrekeyInvalid => "capsule.prekey-invalid",
            Self::PeerCapsuleUnopenable => "capsule.unopenable",
        }
    }
}

/// Seals an epoch's secret to one recipient's prekey.
///
/// # Errors
///
/// [`CapsuleError::PeerPrekeyInvalid`] if `prekey` is not an X-Wing public key.
pub fn seal_capsule(
    secret: &EpochSecret,
    context: &CapsuleContext,
    prekey: &[u8],
    entropy: &mut dyn Entropy,
) -> Result<[u8; CAPSULE_LEN], CapsuleError> {
    let public = <XWing as hpke::Kem>::PublicKey::from_bytes(prekey)
        .map_err(|_| CapsuleError::PeerPrekeyInvalid)?;
    let (encapsulated, sealed) =
        hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(
            &OpModeS::Base,
            &public,
            &context.info(),
            &secret.0,
            &[],
            &mut EntropyRng(entropy),
        )
        .map_err(|_| CapsuleError::PeerPrekeyInvalid)?;
    let mut bytes = Vec::with_capacity(CAPSULE_LEN);
    bytes.extend_from_slice(&encapsulated.to_bytes());
    bytes.extend_from_slice(&sealed);
    bytes.try_into().map_err(|_| CapsuleError::PeerPrekeyInvalid)
}

/// Opens a capsule with the secret half of the prekey it was sealed to.
///
/// # Errors
///
/// [`CapsuleError::PeerCapsuleUnopenable`] if it was made for another prekey or another place, or
/// was altered.
pub fn open_capsule(
    prekey: &PrekeySecret,
    context: &CapsuleContext,
    capsule: &[u8; CAPSULE_LEN],
) -> Result<ReceiveEpoch, CapsuleError> {
    let refused = |_| CapsuleError::PeerCapsuleUnopenable;
    let (encapsulated, sealed) = capsule.split_at(ENCAPSULATED_LEN);
    let encapsulated =
        <XWing as hpke::Kem>::EncappedKey::from_bytes(encapsulated).map_err(refused)?;
    let opened = Zeroizing::new(
        hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(
            &OpModeR::Base,
            &prekey.private(),
            &encapsulated,
            &context.info(),
            sealed,
            &[],
        )
        .map_err(refused)?,
    );
    let mut secret = EpochSecret([0; SECRET_LEN]);
    if opened.len() != SECRET_LEN {
        return Err(CapsuleError::PeerCapsuleUnopenable);
    }
    secret.0.copy_from_slice(&opened);
    Ok(ReceiveEpoch { secret, number: context.epoch })
}
