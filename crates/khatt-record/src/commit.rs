//! Salted commitments to the sealed parts of a message, and opening them (`spec/entry.md §4`).
//!
//! A leaf names body and officers' signatures by hash only. The seed that salts both travels in
//! the sealed part; a disclosure hands over one salt, so that one part can be opened without the
//! other. How the parts are sealed is left to [`crate::seal`], what they say to others.

use std::fmt;

use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::cbor::{DecodeError, Reader, Writer};
use crate::entry::MessageHeader;
use crate::ids::Hash;

/// The greatest length of a body in bytes.
pub const BODY_MAX: usize = 256 * 1024;
/// The greatest length of the officers' signatures in bytes.
pub const AUTH_MAX: usize = 16 * 1024;

/// The random number behind one message's salts and draft id. Printing it prints a redaction.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; 16]);

impl Seed {
    /// Takes 16 random bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the 16 bytes, for sealing and storing.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Returns the salt of the body's commitment.
    #[must_use]
    pub fn body_salt(&self) -> [u8; 16] {
        self.expand(b"body")
    }

    /// Returns the salt of the commitment to the officers' signatures.
    #[must_use]
    pub fn auth_salt(&self) -> [u8; 16] {
        self.expand(b"auth")
    }

    /// Returns the id under which officers sign the draft.
    #[must_use]
    pub fn draft_id(&self) -> [u8; 16] {
        self.expand(b"draft")
    }

    /// HKDF-Expand (RFC 5869 §2.3) with the seed as key. HMAC fills a short key up with zeros, so
    /// filling it up here gives the same bytes and satisfies the library's check of its length.
    fn expand(&self, label: &[u8]) -> [u8; 16] {
        let mut key = zeroize::Zeroizing::new([0_u8; 32]);
        for (to, from) in key.iter_mut().zip(self.0) {
            *to = from;
        }
        let mut out = [0; 16];
        let done = Hkdf::<Sha256>::from_prk(key.as_slice())
            .is_ok_and(|expander| expander.expand(label, &mut out).is_ok());
        debug_assert!(done, "a key of 32 bytes and an output of 16 are within HKDF's limits");
        out
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(redacted)")
    }
}

/// Returns the commitment to a body under its salt.
#[must_use]
pub fn body_commitment(salt: &[u8; 16], body: &[u8]) -> Hash {
    commitment(b"khatt/1 body", salt, body)
}

/// Returns the commitment to encoded officers' signatures under their salt.
#[must_use]
pub fn auth_commitment(salt: &[u8; 16], auth: &[u8]) -> Hash {
    commitment(b"khatt/1 auth", salt, auth)
}

/// What a message's leaf only commits to. Printing it prints lengths, erased when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct OpenPart {
    /// The source of both salts and of the draft id.
    pub seed: Seed,
    /// The message itself, as `khatt-forms` encodes it.
    pub body: Vec<u8>,
    /// The officers' signatures, as [`crate::auth::Auth`] encodes them.
    pub auth: Vec<u8>,
}

/// Why an open part was refused.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum OpenError {
    /// The body is not what the leaf commits to.
    #[error("peer's body is not what its entry commits to")]
    PeerOtherBody,
    /// The officers' signatures are not what the leaf commits to.
    #[error("peer's officers' signatures are not what its entry commits to")]
    PeerOtherAuth,
}

impl OpenError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerOtherBody => "open.other-body",
            Self::PeerOtherAuth => "open.other-auth",
        }
    }
}

/// An open part that was found to be what a leaf commits to.
#[derive(Clone, Copy, Debug)]
pub struct Opened<'a> {
    part: &'a OpenPart,
}

impl<'a> Opened<'a> {
    /// Returns the body.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        &self.part.body
    }

    /// Returns the part.
    #[must_use]
    pub const fn part(&self) -> &'a OpenPart {
        self.part
    }
}

impl OpenPart {
    /// Returns the commitments to body and officers' signatures.
    #[must_use]
    pub fn commitments(&self) -> (Hash, Hash) {
        (
            body_commitment(&self.seed.body_salt(), &self.body),
            auth_commitment(&self.seed.auth_salt(), &self.auth),
        )
    }

    /// Checks both commitments of a leaf.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says which one does not fit.
    pub fn check_against(&self, header: &MessageHeader) -> Result<Opened<'_>, OpenError> {
        let (body, auth) = self.commitments();
        if body != header.c_body {
            Err(OpenError::PeerOtherBody)
        } else if auth != header.c_auth {
            Err(OpenError::PeerOtherAuth)
        } else {
            Ok(Opened { part: self })
        }
    }

    /// Writes `[seed, body, auth]`. The result holds the message in clear.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(self.body.len() + self.auth.len() + 32);
        self.write(&mut out);
        out.finish()
    }

    /// Writes `[seed, body, auth]` into something larger.
    pub fn write(&self, out: &mut Writer) {
        out.array(3).bytes(&self.seed.0).bytes(&self.body).bytes(&self.auth);
    }

    /// Reads what [`OpenPart::encode`] wrote.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the bytes are anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let part = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(part)
    }

    /// Reads `[seed, body, auth]` out of something larger.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the next item is anything else.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.array_of(3)?;
        Ok(Self {
            seed: Seed(reader.fixed()?),
            body: reader.bytes(BODY_MAX)?.to_vec(),
            auth: reader.bytes(AUTH_MAX)?.to_vec(),
        })
    }
}

impl fmt::Debug for OpenPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenPart(body of {} bytes, redacted)", self.body.len())
    }
}

fn commitment(label: &[u8], salt: &[u8; 16], bytes: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(label);
    hasher.update(salt);
    hasher.update(bytes);
    Hash(hasher.finalize().into())
}

#[cfg(test)]
mod tests;
