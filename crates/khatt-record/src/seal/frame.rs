//! Frames: sealed pieces that are the same on every route (`spec/frame.md`).
//!
//! A frame costs [`FRAME_OVERHEAD`] bytes over its items. Its key is used for this one frame only,
//! so frames open in any order and a repeat does no harm. Which epoch to try for a frame, from the
//! header that [`peek`] reads, is the caller's to find.

use chacha20poly1305::{ChaCha20Poly1305, KeyInit, aead::AeadInOut};
use hkdf::Hkdf;
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

use super::epoch::{
    CAPSULE_LEN, CapsuleContext, CapsuleError, EpochNumber, ReceiveEpoch, SendEpoch, open_capsule,
};
use super::items::{self, Item, ItemsError};
use super::prekey::PrekeySecret;
use crate::ids::{Kind, LineId, PostIndex};

/// The largest frame in bytes, header and tag included.
pub const FRAME_MAX: usize = 1 << 20;

/// What a frame costs over its items, in bytes: header 15, tag 16.
pub const FRAME_OVERHEAD: usize = HEADER_LEN + TAG_LEN;

const HEADER_LEN: usize = 15;
const TAG_LEN: usize = 16;
const FLAGS_FRAME: u8 = 0x01;
const FLAGS_CAPSULE: u8 = 0x11;
const LABEL: &[u8] = b"khatt/1 frame\0";

/// To what a frame is bound: it opens in no other line, of no other kind, from no other sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameContext {
    /// The line.
    pub line: LineId,
    /// The line's kind.
    pub kind: Kind,
    /// The post that sealed the frame.
    pub sender: PostIndex,
    /// How many posts the line's charter names; the items' `seen` lists have one item fewer.
    pub posts: usize,
}

/// Whether a frame carries a capsule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// A frame of an epoch that the receiver knows already.
    Plain,
    /// A frame that brings its epoch's secret along, in a capsule before the ciphertext.
    Capsule,
}

/// What can be read of a frame without any key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Whether a capsule follows the header.
    pub kind: FrameKind,
    /// The tag that the sender drew at its process start.
    pub tag: [u8; 8],
    /// The low two bytes of the epoch's number.
    pub epoch: u16,
    /// The frame's number under this tag.
    pub counter: u32,
}

impl FrameHeader {
    fn to_bytes(self) -> [u8; HEADER_LEN] {
        let flags = match self.kind {
            FrameKind::Plain => FLAGS_FRAME,
            FrameKind::Capsule => FLAGS_CAPSULE,
        };
        let [t0, t1, t2, t3, t4, t5, t6, t7] = self.tag;
        let [e0, e1] = self.epoch.to_be_bytes();
        let [c0, c1, c2, c3] = self.counter.to_be_bytes();
        [flags, t0, t1, t2, t3, t4, t5, t6, t7, e0, e1, c0, c1, c2, c3]
    }
}

/// A frame that brought its own epoch, opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedCapsule {
    /// The epoch that the capsule handed over; it opens the sender's further frames.
    pub epoch: ReceiveEpoch,
    /// The number of the prekey that opened it.
    pub prekey_no: u32,
    /// The items, the epoch entry's own capsule put back in its place.
    pub items: Vec<Item>,
}

/// Why a frame could not be sealed or opened.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FrameError {
    /// The bytes end before a frame can.
    #[error("carrier brought a frame that is cut short")]
    CarrierTruncated,
    /// The bytes exceed [`FRAME_MAX`].
    #[error("carrier brought a frame longer than {FRAME_MAX} bytes")]
    CarrierOversize,
    /// The first byte names a suite or shape that this version does not know.
    #[error("peer sent a frame of unknown suite {0:#04x}")]
    PeerUnknownSuite(u8),
    /// The frame does not open: altered on the way, or sealed for another place or epoch.
    #[error("carrier brought a frame that does not open here")]
    CarrierUnopenable,
    /// The frame belongs to another epoch than the one offered.
    #[error("local side offered another epoch than the frame's")]
    LocalOtherEpoch,
    /// The frame has a capsule where none was expected, or none where one was.
    #[error("local side took a capsule frame for a plain one or the reverse")]
    LocalOtherKind,
    /// None of the prekeys offered opens the capsule.
    #[error("peer sealed a capsule that none of our prekeys opens")]
    PeerCapsuleUnopenable,
    /// The frame is authentic but what it holds is not well formed.
    #[error("peer sealed malformed items: {0}")]
    PeerItems(#[source] ItemsError),
    /// The items to be sealed are too many, too long or not consistent.
    #[error("local items cannot be sealed: {0}")]
    LocalItems(#[source] ItemsError),
    /// All counters of this tag are used; open a new epoch.
    #[error("local epoch has no counters left")]
    LocalCountersExhausted,
}

impl FrameError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::CarrierTruncated => "frame.truncated",
            Self::CarrierOversize => "frame.oversize",
            Self::PeerUnknownSuite(_) => "frame.unknown-suite",
            Self::CarrierUnopenable => "frame.unopenable",
            Self::LocalOtherEpoch => "frame.other-epoch",
            Self::LocalOtherKind => "frame.other-kind",
            Self::PeerCapsuleUnopenable => "frame.capsule-unopenable",
            Self::PeerItems(_) => "frame.peer-items",
            Self::LocalItems(_) => "frame.local-items",
            Self::LocalCountersExhausted => "frame.counters-exhausted",
        }
    }
}

/// Reads a frame's header, which needs no key and proves nothing.
///
/// # Errors
///
/// [`FrameError`] if the bytes are too short or too long for a frame, or of an unknown suite.
pub fn peek(bytes: &[u8]) -> Result<FrameHeader, FrameError> {
    if bytes.len() > FRAME_MAX {
        return Err(FrameError::CarrierOversize);
    }
    let header = bytes.first_chunk::<HEADER_LEN>().ok_or(FrameError::CarrierTruncated)?;
    let [flags, t0, t1, t2, t3, t4, t5, t6, t7, e0, e1, c0, c1, c2, c3] = *header;
    let (kind, least) = match flags {
        FLAGS_FRAME => (FrameKind::Plain, FRAME_OVERHEAD),
        FLAGS_CAPSULE => (FrameKind::Capsule, FRAME_OVERHEAD + CAPSULE_LEN),
        other => return Err(FrameError::PeerUnknownSuite(other)),
    };
    if bytes.len() < least {
        return Err(FrameError::CarrierTruncated);
    }
    Ok(FrameHeader {
        kind,
        tag: [t0, t1, t2, t3, t4, t5, t6, t7],
        epoch: u16::from_be_bytes([e0, e1]),
        counter: u32::from_be_bytes([c0, c1, c2, c3]),
    })
}

/// Seals items into a frame of an epoch that the receiver already has, or will get by other ways.
///
/// # Errors
///
/// [`FrameError`] if the items cannot be written or the epoch's counters are used up; then nothing
/// may be sent, and a counter may have been spent.
pub fn seal_frame(
    epoch: &mut SendEpoch,
    context: &FrameContext,
    items: &[Item],
) -> Result<Vec<u8>, FrameError> {
    let plain = items::encode(items, context, None).map_err(FrameError::LocalItems)?;
    seal(epoch, context, FrameKind::Plain, &[], &plain)
}

/// Seals items into a frame that brings its epoch along in `capsule`, the recipient's own.
///
/// Where a leaf of the sender's log among `items` (the epoch entry) contains that capsule, it is
/// left out of the sealed part, so the frame carries it once.
///
/// # Errors
///
/// As for [`seal_frame`].
pub fn seal_capsule_frame(
    epoch: &mut SendEpoch,
    context: &FrameContext,
    capsule: &[u8; CAPSULE_LEN],
    items: &[Item],
) -> Result<Vec<u8>, FrameError> {
    let plain = items::encode(items, context, Some(capsule)).map_err(FrameError::LocalItems)?;
    seal(epoch, context, FrameKind::Capsule, capsule, &plain)
}

/// Opens a frame without a capsule.
///
/// # Errors
///
/// [`FrameError`]; `CarrierUnopenable` covers everything that authentication refuses.
pub fn open_frame(
    epoch: &ReceiveEpoch,
    context: &FrameContext,
    bytes: &[u8],
) -> Result<Vec<Item>, FrameError> {
    let header = peek(bytes)?;
    if header.kind != FrameKind::Plain {
        return Err(FrameError::LocalOtherKind);
    }
    let plain = open(epoch, context, &header, bytes, HEADER_LEN)?;
    items::decode(&plain, context, None).map_err(FrameError::PeerItems)
}

/// Opens a frame that brings its epoch along, with whichever of `prekeys` (number, secret) fits.
///
/// `known` is the highest epoch number known from this sender, 0 if none; the frame's two bytes of
/// number are read as the nearest to it.
///
/// # Errors
///
/// [`FrameError`]; `PeerCapsuleUnopenable` if no prekey opens the capsule.
pub fn open_capsule_frame(
    prekeys: &[(u32, &PrekeySecret)],
    recipient: PostIndex,
    known: u32,
    context: &FrameContext,
    bytes: &[u8],
) -> Result<OpenedCapsule, FrameError> {
    let header = peek(bytes)?;
    if header.kind != FrameKind::Capsule {
        return Err(FrameError::LocalOtherKind);
    }
    let capsule = bytes
        .get(HEADER_LEN..)
        .and_then(|rest| rest.first_chunk::<CAPSULE_LEN>())
        .ok_or(FrameError::CarrierTruncated)?;
    let number = EpochNumber::nearest(header.epoch, known).ok_or(FrameError::CarrierUnopenable)?;
    let opened = prekeys.iter().find_map(|(prekey_no, prekey)| {
        let place = CapsuleContext {
            line: context.line,
            kind: context.kind,
            sender: context.sender,
            recipient,
            epoch: number,
            prekey_no: *prekey_no,
        };
        let opened: Result<ReceiveEpoch, CapsuleError> = open_capsule(prekey, &place, capsule);
        opened.ok().map(|epoch| (*prekey_no, epoch))
    });
    let (prekey_no, epoch) = opened.ok_or(FrameError::PeerCapsuleUnopenable)?;
    let plain = open(&epoch, context, &header, bytes, HEADER_LEN + CAPSULE_LEN)?;
    let items = items::decode(&plain, context, Some(capsule)).map_err(FrameError::PeerItems)?;
    Ok(OpenedCapsule { epoch, prekey_no, items })
}

fn seal(
    epoch: &mut SendEpoch,
    context: &FrameContext,
    kind: FrameKind,
    capsule: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, FrameError> {
    let total = FRAME_OVERHEAD + capsule.len() + plain.len();
    if total > FRAME_MAX {
        return Err(FrameError::LocalItems(ItemsError::TooLong));
    }
    let counter = epoch.take_counter().ok_or(FrameError::LocalCountersExhausted)?;
    let header = FrameHeader { kind, tag: epoch.tag(), epoch: epoch.number().on_wire(), counter };
    let cipher = frame_cipher(epoch.secret().expose(), epoch.number(), context, &header);
    let mut frame = Vec::with_capacity(total);
    frame.extend_from_slice(&header.to_bytes());
    frame.extend_from_slice(capsule);
    let mut sealed = plain.to_vec();
    let bound = frame.clone();
    cipher
        .encrypt_in_place(&Default::default(), &bound, &mut sealed)
        .map_err(|_| FrameError::LocalItems(ItemsError::TooLong))?;
    frame.extend_from_slice(&sealed);
    Ok(frame)
}

fn open(
    epoch: &ReceiveEpoch,
    context: &FrameContext,
    header: &FrameHeader,
    bytes: &[u8],
    start: usize,
) -> Result<Zeroizing<Vec<u8>>, FrameError> {
    if epoch.number.on_wire() != header.epoch {
        return Err(FrameError::LocalOtherEpoch);
    }
    let (bound, sealed) = bytes.split_at_checked(start).ok_or(FrameError::CarrierTruncated)?;
    let cipher = frame_cipher(epoch.secret.expose(), epoch.number, context, header);
    let mut plain = sealed.to_vec();
    cipher
        .decrypt_in_place(&Default::default(), bound, &mut plain)
        .map_err(|_| FrameError::CarrierUnopenable)?;
    Ok(Zeroizing::new(plain))
}

/// The cipher under the one key of this frame (`spec/frame.md §3`).
fn frame_cipher(
    secret: &[u8; 32],
    epoch: EpochNumber,
    context: &FrameContext,
    header: &FrameHeader,
) -> ChaCha20Poly1305 {
    let mut info = Vec::with_capacity(LABEL.len() + 32 + 2 + 4 + 8 + 4);
    info.extend_from_slice(LABEL);
    info.extend_from_slice(context.line.as_bytes());
    info.extend_from_slice(&[context.kind as u8, context.sender.0]);
    info.extend_from_slice(&epoch.get().to_be_bytes());
    info.extend_from_slice(&header.tag);
    info.extend_from_slice(&header.counter.to_be_bytes());
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::from_prk(secret)
        .expect("a secret of 32 bytes is as long as the hash")
        .expand(&info, key.as_mut_slice())
        .expect("32 bytes are fewer than HKDF-SHA-256 can give");
    ChaCha20Poly1305::new((&*key).into())
}
