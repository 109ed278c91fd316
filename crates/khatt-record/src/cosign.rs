//! Post-quantum cosignatures over checkpoints: C2SP tlog-cosignature with ML-DSA-44 (`spec/cosignature.md`).
//!
//! A cosignature says that its post held the log up to that size with that root, its own log
//! included. It adds to the checkpoint's own signature and never takes its place. When one is made,
//! and which ones are kept, is left to others.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::charter::SignedCharter;
use crate::checkpoint::{Origin, neutral_name};
use crate::ids::{Hash, Kind, LineId, PostIndex};
use crate::pq::{self, PqSignature, PqSigner};

/// The greatest time of a cosignature, in seconds since 1970 (C2SP tlog-cosignature, "Format").
pub const TIME_MAX_S: u64 = i64::MAX as u64;

/// The signature type of a cosignature in notes and verifier keys.
const ML_DSA_44: u8 = 0x06;

/// The name of a cosigner on notes: 32 lowercase hex digits that say nothing to a stranger.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CosignerName(String);

impl CosignerName {
    /// Returns the name of a post as a cosigner in one generation (`spec/cosignature.md §1`).
    #[must_use]
    pub fn of(line: LineId, kind: Kind, post: PostIndex, generation: u32) -> Self {
        Self(neutral_name(b"khatt/1 cosigner\0", line, kind, post, generation))
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the id of a key under this name (C2SP tlog-cosignature, "Format").
    #[must_use]
    pub fn key_id(&self, key: &[u8]) -> [u8; 4] {
        let mut hasher = Sha256::new();
        hasher.update(self.0.as_bytes());
        hasher.update([b'\n', ML_DSA_44]);
        hasher.update(key);
        let [a, b, c, d, ..] = <[u8; 32]>::from(hasher.finalize());
        [a, b, c, d]
    }

    /// Returns the verifier key, `name+id+base64`, in the text form of C2SP.
    #[must_use]
    pub fn verifier_key(&self, key: &[u8]) -> String {
        let id = HEXLOWER.encode(&self.key_id(key));
        format!("{}+{id}+{}", self.0, BASE64.encode(&[&[ML_DSA_44], key].concat()))
    }
}

impl fmt::Display for CosignerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CosignerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CosignerName({})", self.0)
    }
}

/// What a cosigner signs: that at this time this was the largest log it held under this origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// Who says so.
    pub cosigner: CosignerName,
    /// When, in seconds since 1970 UTC; 0 says nothing of the time, nor that it was the largest.
    pub time_s: u64,
    /// Which log.
    pub origin: Origin,
    /// How many entries it has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

impl Cosigned {
    /// Returns the bytes that are signed (C2SP tlog-cosignature, "ML-DSA-44 signed message").
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        let mut out = b"subtree/v1\n\0".to_vec();
        // Both names have 32 bytes by their construction.
        for (name, rest) in
            [(self.cosigner.as_str(), Some(self.time_s)), (self.origin.as_str(), None)]
        {
            out.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
            out.extend_from_slice(name.as_bytes());
            out.extend(rest.into_iter().flat_map(u64::to_be_bytes));
        }
        out.extend_from_slice(&0_u64.to_be_bytes());
        out.extend_from_slice(&self.size.to_be_bytes());
        out.extend_from_slice(&self.root.0);
        out
    }

    /// Signs; `None` if the signer cannot just now.
    #[must_use]
    pub fn sign(&self, signer: &dyn PqSigner) -> Option<PqSignature> {
        signer.sign(&self.message())
    }

    /// Returns the row that carries a signature on a note, with its newline.
    #[must_use]
    pub fn note_row(&self, key: &[u8], signature: &PqSignature) -> String {
        let mut blob = self.cosigner.key_id(key).to_vec();
        blob.extend_from_slice(&self.time_s.to_be_bytes());
        blob.extend_from_slice(signature.as_bytes());
        format!("\u{2014} {} {}\n", self.cosigner, BASE64.encode(&blob))
    }
}

/// A cosignature as it travels and is kept, not yet checked. Its root is that of the entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// Who signed.
    pub post: PostIndex,
    /// In which generation of that post.
    pub generation: u32,
    /// Which log.
    pub log: PostIndex,
    /// Its size.
    pub size: u64,
    /// When, in seconds since 1970 UTC, or 0.
    pub time_s: u64,
    /// ML-DSA-44 over [`Cosigned::message`].
    pub signature: PqSignature,
}

/// Under which name and key a cosignature must hold, and over which log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignedBy {
    /// The cosigner's name in its generation.
    pub cosigner: CosignerName,
    /// Its ML-DSA-44 key in that generation; empty if it has none.
    pub key: Vec<u8>,
    /// The origin under which the log is signed at that size.
    pub origin: Origin,
}

/// Why a cosignature was refused.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CosignError {
    /// The charter has no such post or log.
    #[error("peer's cosignature names a post that is not in the charter")]
    PeerNoSuchPost,
    /// The post has no key for cosignatures, or not in that generation.
    #[error("peer's cosignature is by a key that the charter does not name")]
    PeerNoKey,
    /// The signature is not by the key over this log at this size.
    #[error("peer's cosignature does not verify over this log at this size")]
    PeerBadSignature,
}

impl CosignError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerNoSuchPost => "cosignature.no-such-post",
            Self::PeerNoKey => "cosignature.no-key",
            Self::PeerBadSignature => "cosignature.bad-signature",
        }
    }
}

impl Cosignature {
    /// Returns what is signed if the log has this root at this size, and the key that must have.
    ///
    /// # Errors
    ///
    /// [`CosignError`] if the charter names no such post, log or key.
    pub fn cosigned<'a>(
        &self,
        charter: &'a SignedCharter,
        root: Hash,
    ) -> Result<(Cosigned, &'a [u8]), CosignError> {
        let post = charter.post(self.post).ok_or(CosignError::PeerNoSuchPost)?;
        let origin = charter.origin(self.log).ok_or(CosignError::PeerNoSuchPost)?;
        if post.pq_key.is_empty() || post.generation != self.generation {
            return Err(CosignError::PeerNoKey);
        }
        let (line, kind) = (charter.line_id(), charter.kind());
        let cosigner = CosignerName::of(line, kind, self.post, self.generation);
        let (time_s, size) = (self.time_s, self.size);
        Ok((Cosigned { cosigner, time_s, origin, size, root }, &post.pq_key))
    }

    /// Checks the signature under what was found out about its generation and its log's.
    ///
    /// # Errors
    ///
    /// [`CosignError`] names what does not hold.
    pub fn verify_by(&self, signer: &CosignedBy, root: Hash) -> Result<(), CosignError> {
        if signer.key.is_empty() {
            return Err(CosignError::PeerNoKey);
        }
        let (cosigner, origin) = (signer.cosigner.clone(), signer.origin.clone());
        let (time_s, size) = (self.time_s, self.size);
        let cosigned = Cosigned { cosigner, time_s, origin, size, root };
        pq::verify(&signer.key, &cosigned.message(), &self.signature)
            .map_err(|_| CosignError::PeerBadSignature)
    }

    /// Checks the signature over the log's root at this size, for a line of one generation.
    ///
    /// # Errors
    ///
    /// [`CosignError`] names what does not hold.
    pub fn verify(&self, charter: &SignedCharter, root: Hash) -> Result<(), CosignError> {
        let (cosigned, key) = self.cosigned(charter, root)?;
        pq::verify(key, &cosigned.message(), &self.signature)
            .map_err(|_| CosignError::PeerBadSignature)
    }
}

#[cfg(test)]
mod tests;
