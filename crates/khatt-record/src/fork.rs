//! Proof that a post signed two histories that cannot both be true (`spec/fork.md`).
//!
//! A proof needs nothing but the charter to be checked. Finding one, and what follows from it, is
//! left to the engine.

use thiserror::Error;

use crate::cbor::{DecodeError, Reader, Writer};
use crate::charter::SignedCharter;
use crate::checkpoint::{Checkpoint, CheckpointError, Origin, SignedCheckpoint};
use crate::entry::{POSTS_MAX, read_post};
use crate::ids::{Hash, PartyIndex, PostIndex};
use crate::keys::PublicKey;
use crate::keys_in_force::KeysInForce;
use crate::merkle::{PROOF_MAX, ProofError, verify_consistency};

/// Two checkpoints of one log that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForkProof {
    /// Two roots at one size.
    SameSize {
        /// Whose log.
        log: PostIndex,
        /// One checkpoint.
        a: SignedCheckpoint,
        /// The other, of the same size.
        b: SignedCheckpoint,
    },
    /// A later log that does not begin with the earlier one.
    Inconsistent {
        /// Whose log.
        log: PostIndex,
        /// The smaller checkpoint.
        older: SignedCheckpoint,
        /// The larger checkpoint.
        newer: SignedCheckpoint,
        /// The root that the log of `newer` had at the size of `older`.
        other_root_at_older: Hash,
        /// The proof of that, from `other_root_at_older` to the root of `newer`.
        consistency: Vec<Hash>,
    },
}

/// Who signed two histories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccusedPost {
    /// The post.
    pub post: PostIndex,
    /// Whose post it is.
    pub party: PartyIndex,
}

/// Why a fork proof proves nothing.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ForkError {
    /// The post is not in the charter.
    #[error("peer's proof is about post {0}, which is not in the charter")]
    PeerNoSuchPost(PostIndex),
    /// The checkpoints are of another log than the one accused.
    #[error("peer's proof holds checkpoints of another log")]
    PeerOtherOrigin,
    /// The sizes or roots do not contradict each other.
    #[error("peer's proof holds checkpoints that can both be true")]
    PeerNoContradiction,
    /// A checkpoint is not signed by the accused.
    #[error(transparent)]
    PeerCheckpoint(#[from] CheckpointError),
    /// The other root is not shown to be that of the later log.
    #[error(transparent)]
    PeerProof(#[from] ProofError),
}

impl ForkError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerNoSuchPost(_) => "fork.no-such-post",
            Self::PeerOtherOrigin => "fork.other-origin",
            Self::PeerNoContradiction => "fork.no-contradiction",
            Self::PeerCheckpoint(error) => error.code(),
            Self::PeerProof(error) => error.code(),
        }
    }
}

impl ForkProof {
    /// Returns the log that the proof is about.
    #[must_use]
    pub const fn log(&self) -> PostIndex {
        match self {
            Self::SameSize { log, .. } | Self::Inconsistent { log, .. } => *log,
        }
    }

    /// Checks the proof against the charter under which the log was written.
    ///
    /// # Errors
    ///
    /// [`ForkError`] if it proves nothing.
    pub fn verify(&self, charter: &SignedCharter) -> Result<AccusedPost, ForkError> {
        let missing = ForkError::PeerNoSuchPost(self.log());
        let origin = charter.origin(self.log()).ok_or(missing)?;
        let key = charter.log_key(self.log()).ok_or(missing)?;
        self.verify_by(charter, &origin, key)
    }

    /// Checks the proof by the generation of the post whose origin its checkpoints have.
    ///
    /// # Errors
    ///
    /// [`ForkError`] if it proves nothing.
    pub fn verify_in(&self, keys: &KeysInForce) -> Result<AccusedPost, ForkError> {
        let generations = keys.generations(self.log());
        if generations.is_empty() {
            return Err(ForkError::PeerNoSuchPost(self.log()));
        }
        let (first, _) = self.checkpoints();
        let signed_in = generations.iter().find(|one| one.origin == first.checkpoint.origin);
        let one = signed_in.ok_or(ForkError::PeerOtherOrigin)?;
        self.verify_by(keys.charter(), &one.origin, &one.log_key)
    }

    fn verify_by(
        &self,
        charter: &SignedCharter,
        origin: &Origin,
        key: &PublicKey,
    ) -> Result<AccusedPost, ForkError> {
        let post = self.log();
        let party = charter.post(post).ok_or(ForkError::PeerNoSuchPost(post))?.party;
        let (first, second) = self.checkpoints();
        let (old, new) = (&first.checkpoint, &second.checkpoint);
        if old.origin != *origin || new.origin != *origin {
            return Err(ForkError::PeerOtherOrigin);
        }
        match self {
            Self::SameSize { .. } if old.size == new.size && old.root != new.root => {}
            Self::Inconsistent { other_root_at_older: other, consistency, .. }
                if old.size < new.size && old.root != *other =>
            {
                verify_consistency(old.size, new.size, *other, new.root, consistency)?;
            }
            _ => return Err(ForkError::PeerNoContradiction),
        }
        first.clone().verify(key)?;
        second.clone().verify(key)?;
        Ok(AccusedPost { post, party })
    }

    /// Writes the proof (`spec/fork.md §2`).
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (first, second) = self.checkpoints();
        let mut out = Writer::with_capacity(320);
        let items = if matches!(self, Self::SameSize { .. }) { 6 } else { 8 };
        out.array(items).uint(1).uint(if items == 6 { 0 } else { 1 }).uint(self.log().into());
        out.text(first.checkpoint.origin.as_str());
        write_checkpoint(&mut out, first);
        write_checkpoint(&mut out, second);
        if let Self::Inconsistent { other_root_at_older, consistency, .. } = self {
            out.bytes(&other_root_at_older.0).array(consistency.len());
            for hash in consistency {
                out.bytes(&hash.0);
            }
        }
        out.finish()
    }

    /// Reads a proof, checking nothing but the form.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the bytes are not exactly a proof.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let items = reader.array(8)?;
        let at = reader.position();
        if reader.uint()? != 1 {
            return Err(DecodeError::PeerContradiction { what: "version", at });
        }
        let kind = reader.uint_max(1)?;
        if items != if kind == 0 { 6 } else { 8 } {
            return Err(DecodeError::PeerOtherLength { at: 0 });
        }
        let log = read_post(&mut reader, POSTS_MAX)?;
        let at = reader.position();
        let origin = Origin::parse(reader.text(32)?)
            .map_err(|_| DecodeError::PeerContradiction { what: "origin", at })?;
        let first = read_checkpoint(&mut reader, &origin)?;
        let second = read_checkpoint(&mut reader, &origin)?;
        let proof = if kind == 0 {
            Self::SameSize { log, a: first, b: second }
        } else {
            let other_root_at_older = Hash(reader.fixed()?);
            let count = reader.array(PROOF_MAX)?;
            let mut consistency = Vec::with_capacity(count);
            for _ in 0..count {
                consistency.push(Hash(reader.fixed()?));
            }
            Self::Inconsistent {
                log,
                older: first,
                newer: second,
                other_root_at_older,
                consistency,
            }
        };
        reader.finish()?;
        Ok(proof)
    }

    const fn checkpoints(&self) -> (&SignedCheckpoint, &SignedCheckpoint) {
        match self {
            Self::SameSize { a, b, .. } => (a, b),
            Self::Inconsistent { older, newer, .. } => (older, newer),
        }
    }
}

fn write_checkpoint(out: &mut Writer, signed: &SignedCheckpoint) {
    out.array(3).uint(signed.checkpoint.size);
    out.bytes(&signed.checkpoint.root.0).bytes(&signed.signature);
}

fn read_checkpoint(
    reader: &mut Reader<'_>,
    origin: &Origin,
) -> Result<SignedCheckpoint, DecodeError> {
    reader.array_of(3)?;
    let (size, root) = (reader.uint()?, Hash(reader.fixed()?));
    let checkpoint = Checkpoint { origin: origin.clone(), size, root };
    Ok(SignedCheckpoint { checkpoint, signature: reader.fixed()? })
}

#[cfg(test)]
mod tests;
