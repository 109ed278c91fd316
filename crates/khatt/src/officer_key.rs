//! An officer's key in a file under a passphrase (`spec/officer-key.md`).
//!
//! Argon2id makes a key from the passphrase, and that key seals the Ed25519 seed together with
//! everything before it in the file. What the officer signs is `khatt_record::statement`'s; who may
//! sign what, the charter's.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    ChaCha20Poly1305, Key, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use khatt_record::{PostSigner, SoftwareSigner};
use khatt_store::PassphraseCost;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::passphrase::Passphrase;

/// An officer's key, ready to sign.
pub struct OfficerKeyFile {
    signer: SoftwareSigner,
}

/// Why an officer's key file was not read or written.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum OfficerKeyError {
    /// There is no such file.
    #[error("local folder has no key of officer {0}")]
    LocalMissing(String),
    /// The passphrase does not open it, or the file was altered.
    #[error("local passphrase of the officer is wrong, or the key file was altered")]
    LocalWrongPassphrase,
    /// It is no officer's key file, or a damaged one.
    #[error("local file is no officer's key file, or it was damaged")]
    LocalMalformed,
    /// A later version of the file.
    #[error("local key file is of version {0}, which this khatt does not know")]
    LocalTooNew(u32),
    /// The file asks for more work than is allowed.
    #[error("local key file asks for a passphrase cost outside the allowed range")]
    LocalCost,
    /// The operating system refused something.
    #[error("local file system failed at an officer's key: {0}")]
    LocalIo(String),
}

impl OfficerKeyError {
    /// Returns the stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalMissing(_) => "KK-1201",
            Self::LocalWrongPassphrase => "KK-1202",
            Self::LocalMalformed => "KK-1203",
            Self::LocalTooNew(_) => "KK-1204",
            Self::LocalCost => "KK-1205",
            Self::LocalIo(_) => "KK-1206",
        }
    }
}

impl fmt::Debug for OfficerKeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OfficerKeyFile(redacted)")
    }
}

impl OfficerKeyFile {
    /// Takes a seed; the caller erases its copy.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self { signer: SoftwareSigner::from_seed(seed) }
    }

    /// Returns what signs.
    #[must_use]
    pub fn signer(&self) -> &SoftwareSigner {
        &self.signer
    }

    /// Reads the file and opens it with the passphrase.
    ///
    /// # Errors
    ///
    /// [`OfficerKeyError`].
    pub fn read(path: &Path, passphrase: &Passphrase) -> Result<Self, OfficerKeyError> {
        let file = fs::File::open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                let name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
                OfficerKeyError::LocalMissing(name.unwrap_or_default())
            }
            _ => OfficerKeyError::LocalIo(error.to_string()),
        })?;
        let mut bytes = Vec::with_capacity(FILE_LEN + 1);
        file.take(FILE_LEN as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| OfficerKeyError::LocalIo(error.to_string()))?;
        Ok(Self::from_seed(*decode(&bytes, passphrase)?))
    }

    /// Writes a new file that only its owner may read, and syncs it.
    ///
    /// # Errors
    ///
    /// [`OfficerKeyError`]; a file that is there already is not touched.
    pub fn write(
        path: &Path,
        seed: &[u8; 32],
        passphrase: &Passphrase,
        cost: PassphraseCost,
        fill: &mut dyn FnMut(&mut [u8]),
    ) -> Result<(), OfficerKeyError> {
        let bytes = encode(seed, passphrase, cost, fill)?;
        let failed = |error: std::io::Error| OfficerKeyError::LocalIo(error.to_string());
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        file.write_all(&bytes).map_err(failed)?;
        file.sync_all().map_err(failed)
    }
}

/// Writes the bytes of the file (`spec/officer-key.md` §1).
fn encode(
    seed: &[u8; 32],
    passphrase: &Passphrase,
    cost: PassphraseCost,
    fill: &mut dyn FnMut(&mut [u8]),
) -> Result<Vec<u8>, OfficerKeyError> {
    let (mut salt, mut nonce) = ([0; SALT_LEN], [0; NONCE_LEN]);
    fill(&mut salt);
    fill(&mut nonce);
    let mut bytes = Vec::with_capacity(FILE_LEN);
    bytes.extend_from_slice(MAGIC);
    for number in [VERSION, cost.memory_kib, cost.passes, cost.lanes] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes.extend_from_slice(&salt);
    bytes.extend_from_slice(&nonce);
    bytes.extend_from_slice(&SoftwareSigner::from_seed(*seed).public());
    let cipher = derive(passphrase, &salt, cost)?;
    let payload = Payload { msg: seed, aad: &bytes };
    let sealed = cipher
        .encrypt(&Nonce::from(nonce), payload)
        .map_err(|_| OfficerKeyError::LocalMalformed)?;
    bytes.extend_from_slice(&sealed);
    Ok(bytes)
}

/// Reads the bytes of the file (`spec/officer-key.md` §2).
///
/// # Errors
///
/// [`OfficerKeyError`]; costs beyond the caps are refused before any memory is taken.
fn decode(bytes: &[u8], passphrase: &Passphrase) -> Result<Zeroizing<[u8; 32]>, OfficerKeyError> {
    use OfficerKeyError::LocalMalformed as Malformed;
    if bytes.len() != FILE_LEN {
        return Err(Malformed);
    }
    let (header, sealed) = bytes.split_at_checked(HEADER_LEN).ok_or(Malformed)?;
    let (magic, rest) = header.split_first_chunk::<8>().ok_or(Malformed)?;
    if magic != MAGIC {
        return Err(Malformed);
    }
    let (version, rest) = number(rest)?;
    if version != VERSION {
        return Err(OfficerKeyError::LocalTooNew(version));
    }
    let (memory_kib, rest) = number(rest)?;
    let (passes, rest) = number(rest)?;
    let (lanes, rest) = number(rest)?;
    let (salt, rest) = rest.split_first_chunk::<SALT_LEN>().ok_or(Malformed)?;
    let (nonce, public) = rest.split_first_chunk::<NONCE_LEN>().ok_or(Malformed)?;
    let cipher = derive(passphrase, salt, PassphraseCost { memory_kib, passes, lanes })?;
    let payload = Payload { msg: sealed, aad: header };
    let seed = cipher
        .decrypt(&Nonce::from(*nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| OfficerKeyError::LocalWrongPassphrase)?;
    let seed = <[u8; 32]>::try_from(seed.as_slice()).map(Zeroizing::new).map_err(|_| Malformed)?;
    if SoftwareSigner::from_seed(*seed).public() != *public {
        return Err(Malformed);
    }
    Ok(seed)
}

fn number(bytes: &[u8]) -> Result<(u32, &[u8]), OfficerKeyError> {
    let (number, rest) = bytes.split_first_chunk::<4>().ok_or(OfficerKeyError::LocalMalformed)?;
    Ok((u32::from_be_bytes(*number), rest))
}

fn derive(
    passphrase: &Passphrase,
    salt: &[u8; SALT_LEN],
    cost: PassphraseCost,
) -> Result<ChaCha20Poly1305, OfficerKeyError> {
    if cost.memory_kib > MEMORY_KIB_MAX || cost.passes > PASSES_MAX || cost.lanes > LANES_MAX {
        return Err(OfficerKeyError::LocalCost);
    }
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32))
        .map_err(|_| OfficerKeyError::LocalCost)?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose(), salt, key.as_mut_slice())
        .map_err(|_| OfficerKeyError::LocalCost)?;
    Ok(ChaCha20Poly1305::new(&Key::from(*key)))
}

const MAGIC: &[u8; 8] = b"KHATTOFF";
const VERSION: u32 = 1;
const SALT_LEN: usize = 16;
const NONCE_LEN: usize = 12;
const HEADER_LEN: usize = 8 + 4 * 4 + SALT_LEN + NONCE_LEN + 32;
const FILE_LEN: usize = HEADER_LEN + 32 + 16;
const MEMORY_KIB_MAX: u32 = 1 << 20;
const PASSES_MAX: u32 = 64;
const LANES_MAX: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> Vec<u8> {
        let mut fill = |out: &mut [u8]| out.fill(0x5a);
        let cost = PassphraseCost::DANGEROUS_LEAST;
        encode(&[7; 32], &Passphrase::new(b"north"), cost, &mut fill).unwrap()
    }

    #[test]
    fn passphrase_opens_what_it_closed_and_no_other_does() {
        let bytes = made();
        assert_eq!(bytes.len(), FILE_LEN);
        assert_eq!(*decode(&bytes, &Passphrase::new(b"north")).unwrap(), [7; 32]);
        let wrong = decode(&bytes, &Passphrase::new(b"south")).unwrap_err();
        assert_eq!(wrong, OfficerKeyError::LocalWrongPassphrase);
    }

    #[test]
    fn altered_file_is_refused_at_every_bit() {
        let bytes = made();
        for bit in 0..bytes.len() * 8 {
            // Memory and passes with high bits set would only make this test slow.
            if (12..24).contains(&(bit / 8)) {
                continue;
            }
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&bad, &Passphrase::new(b"north")).is_err(), "bit {bit}");
        }
        for len in 0..bytes.len() {
            let cut = decode(&bytes[..len], &Passphrase::new(b"north")).unwrap_err();
            assert_eq!(cut, OfficerKeyError::LocalMalformed);
        }
    }

    #[test]
    fn cost_beyond_the_caps_is_refused_before_memory_is_taken() {
        let mut bytes = made();
        bytes[12..16].fill(0xff);
        let refused = decode(&bytes, &Passphrase::new(b"north")).unwrap_err();
        assert_eq!(refused, OfficerKeyError::LocalCost);
    }

    #[test]
    fn file_is_closed_to_others_and_never_written_over() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("watch.key");
        let mut fill = |out: &mut [u8]| out.fill(1);
        let mut write = |seed: &[u8; 32]| {
            let cost = PassphraseCost::DANGEROUS_LEAST;
            OfficerKeyFile::write(&path, seed, &Passphrase::new(b"north"), cost, &mut fill)
        };
        write(&[3; 32]).unwrap();
        assert!(matches!(write(&[4; 32]), Err(OfficerKeyError::LocalIo(_))));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let key = OfficerKeyFile::read(&path, &Passphrase::new(b"north")).unwrap();
        assert_eq!(key.signer().public(), SoftwareSigner::from_seed([3; 32]).public());
        assert_eq!(format!("{key:?}"), "OfficerKeyFile(redacted)");
    }
}
