//! Signed notes and verifier keys, exactly as C2SP signed-note v1.0.0 has them.
//!
//! Only signature type 0x01 (Ed25519) is checked; signatures of other keys are passed over, as the
//! specification asks. What the text of a note says is left to [`crate::checkpoint`].

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::keys::{KeyError, PostSigner, PublicKey};

/// The greatest length of a note in bytes.
pub const NOTE_MAX: usize = 1 << 20;
/// The greatest number of signatures on a note. C2SP asks for at least 16.
pub const SIGNATURES_MAX: usize = 64;

const ED25519: u8 = 0x01;
const DASH: &str = "\u{2014} ";

/// Why a note was refused.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NoteError {
    /// The note is longer than [`NOTE_MAX`] or has more than [`SIGNATURES_MAX`] signatures.
    #[error("peer's note is too large")]
    PeerTooLarge,
    /// The note is not UTF-8, holds control characters, or has no signature part.
    #[error("peer's note is malformed")]
    PeerMalformed,
    /// No signature on it is by the key that was asked for.
    #[error("peer's note is not signed by the expected key")]
    PeerUnsigned,
    /// A signature names the key that was asked for but does not verify.
    #[error("peer's note has a bad signature")]
    PeerBadSignature,
}

impl NoteError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerTooLarge => "note.too-large",
            Self::PeerMalformed => "note.malformed",
            Self::PeerUnsigned => "note.unsigned",
            Self::PeerBadSignature => "note.bad-signature",
        }
    }
}

/// Why a verifier key was refused.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum VerifierKeyError {
    /// Not of the form `name+id+key`.
    #[error("peer's verifier key is malformed")]
    PeerMalformed,
    /// A signature type that is not Ed25519.
    #[error("peer's verifier key is of another type than ed25519")]
    PeerOtherType,
    /// The id does not belong to name and key.
    #[error("peer's verifier key has another id than its name and key give")]
    PeerOtherId,
    /// The key itself is unusable.
    #[error(transparent)]
    PeerKey(#[from] KeyError),
}

impl VerifierKeyError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerMalformed => "vkey.malformed",
            Self::PeerOtherType => "vkey.other-type",
            Self::PeerOtherId => "vkey.other-id",
            Self::PeerKey(error) => error.code(),
        }
    }
}

/// A name and the Ed25519 key that signs notes under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: PublicKey,
}

impl VerifierKey {
    /// Joins a name and a key.
    ///
    /// # Errors
    ///
    /// [`VerifierKeyError::PeerMalformed`] if the name is empty or holds a space, a plus or a
    /// control character.
    pub fn new(name: &str, key: PublicKey) -> Result<Self, VerifierKeyError> {
        if is_key_name(name) {
            Ok(Self { name: name.to_owned(), key })
        } else {
            Err(VerifierKeyError::PeerMalformed)
        }
    }

    /// Reads the text form, `name+id+base64`.
    ///
    /// # Errors
    ///
    /// [`VerifierKeyError`] if it is anything else.
    pub fn parse(text: &str) -> Result<Self, VerifierKeyError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(VerifierKeyError::PeerMalformed);
        };
        if text.len() > 1024 || id.len() != 8 {
            return Err(VerifierKeyError::PeerMalformed);
        }
        let id = HEXLOWER.decode(id.as_bytes()).map_err(|_| VerifierKeyError::PeerMalformed)?;
        let key = from_base64(key).ok_or(VerifierKeyError::PeerMalformed)?;
        let (kind, key) = key.split_first().ok_or(VerifierKeyError::PeerMalformed)?;
        if *kind != ED25519 {
            return Err(VerifierKeyError::PeerOtherType);
        }
        let key: &[u8; 32] = key.try_into().map_err(|_| VerifierKeyError::PeerMalformed)?;
        let verifier = Self::new(name, PublicKey::from_bytes(key)?)?;
        if verifier.id().as_slice() == id.as_slice() {
            Ok(verifier)
        } else {
            Err(VerifierKeyError::PeerOtherId)
        }
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Returns the four-byte key id.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        key_id(&self.name, self.key.as_bytes())
    }

    /// Returns the text form, `name+id+base64`.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut key = vec![ED25519];
        key.extend_from_slice(self.key.as_bytes());
        format!("{}+{}+{}", self.name, HEXLOWER.encode(&self.id()), BASE64.encode(&key))
    }
}

/// Returns the key id of an Ed25519 key under a name (C2SP signed-note, "Signatures").
#[must_use]
pub fn key_id(name: &str, key: &[u8; 32]) -> [u8; 4] {
    let mut hasher = Sha256::new();
    hasher.update(name.as_bytes());
    hasher.update([b'\n', ED25519]);
    hasher.update(key);
    let [a, b, c, d, ..] = <[u8; 32]>::from(hasher.finalize());
    [a, b, c, d]
}

/// Signs a text, which ends in a newline, and returns the whole note.
///
/// # Errors
///
/// [`NoteError::PeerMalformed`] if text or name cannot stand in a note.
pub fn sign(text: &str, name: &str, signer: &dyn PostSigner) -> Result<String, NoteError> {
    let signature = signer.sign(text.as_bytes());
    with_signature(text, name, &signer.public(), &signature)
}

/// Joins a text and a signature already made over it.
///
/// # Errors
///
/// [`NoteError::PeerMalformed`] if text or name cannot stand in a note.
pub fn with_signature(
    text: &str,
    name: &str,
    key: &[u8; 32],
    signature: &[u8; 64],
) -> Result<String, NoteError> {
    if !text.ends_with('\n') || !is_clean(text) || !is_key_name(name) {
        return Err(NoteError::PeerMalformed);
    }
    let mut blob = key_id(name, key).to_vec();
    blob.extend_from_slice(signature);
    Ok(format!("{text}\n{DASH}{name} {}\n", BASE64.encode(&blob)))
}

/// Finds the signature of `verifier` on a note, checks it, and returns text and signature.
///
/// # Errors
///
/// [`NoteError`] if the note is malformed, or not signed by that key.
pub fn open<'a>(note: &'a [u8], verifier: &VerifierKey) -> Result<(&'a str, [u8; 64]), NoteError> {
    let (text, signatures) = split(note)?;
    let mut found = None;
    for signature in &signatures {
        if signature.name == verifier.name && signature.id == verifier.id() {
            let bytes: [u8; 64] =
                signature.bytes.as_slice().try_into().map_err(|_| NoteError::PeerBadSignature)?;
            verifier
                .key
                .verify(text.as_bytes(), &bytes)
                .map_err(|_| NoteError::PeerBadSignature)?;
            found = found.or(Some(bytes));
        }
    }
    found.map(|signature| (text, signature)).ok_or(NoteError::PeerUnsigned)
}

/// One signature row of a note, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature<'a> {
    /// The name of the key.
    pub name: &'a str,
    /// The key id.
    pub id: [u8; 4],
    /// What the key made of the text.
    pub bytes: Vec<u8>,
}

/// Splits a note into its text and its signature rows, checking nothing but the form.
///
/// # Errors
///
/// [`NoteError`] if the note is malformed or too large.
pub fn split(note: &[u8]) -> Result<(&str, Vec<NoteSignature<'_>>), NoteError> {
    if note.len() > NOTE_MAX {
        return Err(NoteError::PeerTooLarge);
    }
    let note = std::str::from_utf8(note).map_err(|_| NoteError::PeerMalformed)?;
    if !is_clean(note) {
        return Err(NoteError::PeerMalformed);
    }
    // The text keeps its final newline; the empty row after it separates.
    let gap = note.rfind("\n\n").ok_or(NoteError::PeerMalformed)?;
    let (text, rest) =
        note.split_at_checked(gap.saturating_add(1)).ok_or(NoteError::PeerMalformed)?;
    let rows = rest.strip_prefix('\n').and_then(|rest| rest.strip_suffix('\n'));
    let mut signatures = Vec::new();
    for row in rows.ok_or(NoteError::PeerMalformed)?.split('\n') {
        if signatures.len() >= SIGNATURES_MAX {
            return Err(NoteError::PeerTooLarge);
        }
        signatures.push(signature_row(row).ok_or(NoteError::PeerMalformed)?);
    }
    Ok((text, signatures))
}

fn signature_row(row: &str) -> Option<NoteSignature<'_>> {
    let (name, blob) = row.strip_prefix(DASH)?.split_once(' ')?;
    if !is_key_name(name) {
        return None;
    }
    let blob = from_base64(blob)?;
    let (id, bytes) = blob.split_first_chunk::<4>()?;
    if bytes.is_empty() {
        return None;
    }
    Some(NoteSignature { name, id: *id, bytes: bytes.to_vec() })
}

fn is_clean(text: &str) -> bool {
    text.bytes().all(|byte| byte >= 0x20 || byte == b'\n')
}

/// Reads base64 with padding, in its only spelling: the decoder alone takes padding in the middle.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let bytes = BASE64.decode(text.as_bytes()).ok()?;
    (BASE64.encode(&bytes) == text).then_some(bytes)
}

fn is_key_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && name.chars().all(|c| !c.is_whitespace() && !c.is_control() && c != '+')
}

#[cfg(test)]
mod tests;
