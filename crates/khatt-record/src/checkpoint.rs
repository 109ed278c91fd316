//! A post's signed statement of its log's size and root: C2SP tlog-checkpoint (`spec/checkpoint.md`).
//!
//! The signature is over the text of the note, so that it can be checked with any tool that knows
//! signed notes. When a checkpoint is made, and which ones are kept, is left to others.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::ids::{Hash, Kind, LineId, PostIndex};
use crate::keys::{PostSigner, PublicKey};
use crate::note::{self, NoteError, VerifierKey};

/// The name of one log on notes: 32 lowercase hex digits that say nothing to a stranger.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

/// The size and root of a log under its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: Origin,
    /// How many entries it has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

/// A checkpoint and a signature over it, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// Ed25519 over [`Checkpoint::note_text`].
    pub signature: [u8; 64],
}

/// A checkpoint whose signature was checked against the key given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCheckpoint {
    signed: SignedCheckpoint,
}

/// Why a checkpoint was refused.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CheckpointError {
    /// The note around it was refused.
    #[error(transparent)]
    PeerNote(#[from] NoteError),
    /// The text is not that of a checkpoint of ours: three rows, no extension.
    #[error("peer's note is no checkpoint")]
    PeerMalformed,
    /// The key is unusable.
    #[error("peer's log key is unusable")]
    PeerKey,
    /// The signature is not by the key.
    #[error("peer's checkpoint has a bad signature")]
    PeerBadSignature,
}

impl CheckpointError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerNote(error) => error.code(),
            Self::PeerMalformed => "checkpoint.malformed",
            Self::PeerKey => "checkpoint.key",
            Self::PeerBadSignature => "checkpoint.bad-signature",
        }
    }
}

/// Makes the name of a post on notes, in one of its parts: the first half of a hash, as hex.
pub(crate) fn neutral_name(
    label: &[u8],
    line: LineId,
    kind: Kind,
    post: PostIndex,
    generation: u32,
) -> String {
    let mut hasher = Sha256::new();
    hasher.update(label);
    hasher.update(line.0);
    hasher.update([kind as u8, post.0]);
    hasher.update(generation.to_be_bytes());
    let digest = <[u8; 32]>::from(hasher.finalize());
    let (half, _) = digest.split_at(16);
    HEXLOWER.encode(half)
}

impl Origin {
    /// Returns the origin of a post's log in one generation (`spec/checkpoint.md §1`).
    #[must_use]
    pub fn of(line: LineId, kind: Kind, post: PostIndex, generation: u32) -> Self {
        Self(neutral_name(b"khatt/1 origin\0", line, kind, post, generation))
    }

    /// Takes the text of an origin.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::PeerMalformed`] if it is not 32 lowercase hex digits.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == 32 && text.bytes().all(digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(CheckpointError::PeerMalformed)
        }
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({})", self.0)
    }
}

impl Checkpoint {
    /// Returns the text that is signed: origin, size and base64 root, a newline after each.
    #[must_use]
    pub fn note_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(&self.root.0))
    }

    /// Reads the text that is signed.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::PeerMalformed`] if writing it again would give another text.
    pub fn parse_text(text: &str) -> Result<Self, CheckpointError> {
        let malformed = CheckpointError::PeerMalformed;
        let mut rows = text.splitn(4, '\n');
        let (Some(origin), Some(size), Some(root)) = (rows.next(), rows.next(), rows.next()) else {
            return Err(malformed);
        };
        let root = note::from_base64(root).ok_or(malformed)?;
        let checkpoint = Self {
            origin: Origin::parse(origin)?,
            size: size.parse().map_err(|_| malformed)?,
            root: Hash(root.as_slice().try_into().map_err(|_| malformed)?),
        };
        if checkpoint.note_text() == text { Ok(checkpoint) } else { Err(malformed) }
    }

    /// Signs the checkpoint.
    #[must_use]
    pub fn sign(self, signer: &dyn PostSigner) -> SignedCheckpoint {
        let signature = signer.sign(self.note_text().as_bytes());
        SignedCheckpoint { checkpoint: self, signature }
    }
}

impl SignedCheckpoint {
    /// Returns the note, as any tool for C2SP signed notes reads it.
    ///
    /// The key is needed for its id only; the signature is not checked.
    #[must_use]
    pub fn to_note(&self, key: &[u8; 32]) -> String {
        let origin = self.checkpoint.origin.as_str();
        note::with_signature(&self.checkpoint.note_text(), origin, key, &self.signature)
            .unwrap_or_default() // an origin is always a key name and a checkpoint a clean text
    }

    /// Reads a note and checks the signature of `key` on it.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] if the note is no checkpoint or not signed by that key.
    pub fn parse_note(note: &[u8], key: &PublicKey) -> Result<VerifiedCheckpoint, CheckpointError> {
        let (text, _) = note::split(note)?;
        let checkpoint = Checkpoint::parse_text(text)?;
        let verifier = VerifierKey::new(checkpoint.origin.as_str(), *key)
            .map_err(|_| CheckpointError::PeerMalformed)?;
        let (_, signature) = note::open(note, &verifier)?;
        Ok(VerifiedCheckpoint { signed: Self { checkpoint, signature } })
    }

    /// Checks the signature strictly.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::PeerBadSignature`] if it is not by `key`.
    pub fn verify(self, key: &PublicKey) -> Result<VerifiedCheckpoint, CheckpointError> {
        key.verify(self.checkpoint.note_text().as_bytes(), &self.signature)
            .map_err(|_| CheckpointError::PeerBadSignature)?;
        Ok(VerifiedCheckpoint { signed: self })
    }

    /// Returns the verifier key of a log in the text form of C2SP (`origin+id+key`).
    #[must_use]
    pub fn verifier_key(origin: &Origin, key: &PublicKey) -> String {
        VerifierKey::new(origin.as_str(), *key)
            .map(|verifier| verifier.to_text())
            .unwrap_or_default() // an origin is always a key name
    }
}

impl VerifiedCheckpoint {
    /// Returns what was signed.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.signed.checkpoint
    }

    /// Returns the checkpoint with its signature.
    #[must_use]
    pub const fn signed(&self) -> &SignedCheckpoint {
        &self.signed
    }

    /// Returns the checkpoint with its signature.
    #[must_use]
    pub fn into_signed(self) -> SignedCheckpoint {
        self.signed
    }
}

#[cfg(test)]
mod tests;
