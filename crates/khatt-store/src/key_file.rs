//! The file `post.key`: the archive key under a passphrase (`spec/store.md §2`).
//!
//! Argon2id makes a key from the passphrase; that key seals the archive key. The file carries the
//! cost, so that it can be raised later without touching the store.

use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use crate::error::OpenError;
use crate::folder;
use crate::vault::{Fill, Place, SEAL_LEN, Vault};

/// What guessing one passphrase costs (RFC 9106 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassphraseCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl PassphraseCost {
    /// The second recommended option of RFC 9106 §4: 64 MiB, three passes, four lanes.
    pub const RECOMMENDED: Self = Self { memory_kib: 65_536, passes: 3, lanes: 4 };

    /// The least that Argon2id allows. For tests: it protects nothing.
    pub const DANGEROUS_LEAST: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };
}

/// The random name of one store, the same in all of its files.
pub(crate) type StoreId = [u8; 16];

/// What `post.key` gives.
pub(crate) struct Opened {
    pub(crate) store_id: StoreId,
    pub(crate) archive_key: Zeroizing<[u8; 32]>,
}

pub(crate) const FILE: &str = "post.key";

/// Returns the bytes of `post.key`.
pub(crate) fn encode(
    opened: &Opened,
    passphrase: &[u8],
    cost: PassphraseCost,
    fill: &mut Fill,
) -> Result<Vec<u8>, OpenError> {
    let mut salt = [0_u8; 16];
    fill(&mut salt);
    let mut bytes = Vec::with_capacity(FILE_LEN);
    bytes.extend_from_slice(MAGIC);
    for number in [VERSION, cost.memory_kib, cost.passes, cost.lanes] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes.extend_from_slice(&salt);
    bytes.extend_from_slice(&opened.store_id);
    let vault = derive(passphrase, &salt, cost)?;
    let place = Place::file(FILE).part(&bytes);
    let sealed =
        vault.seal(fill, &place, opened.archive_key.as_slice()).ok_or(OpenError::LocalCost)?;
    bytes.extend_from_slice(&sealed);
    Ok(bytes)
}

/// Reads `post.key` from a folder.
pub(crate) fn read(dir: &Path, passphrase: &[u8]) -> Result<Opened, OpenError> {
    let bytes = folder::read_file(dir, FILE, FILE_LEN)?;
    decode(&bytes, passphrase)
}

fn decode(bytes: &[u8], passphrase: &[u8]) -> Result<Opened, OpenError> {
    let damaged = || OpenError::LocalDamaged { what: FILE.to_owned() };
    if bytes.len() != FILE_LEN {
        return Err(damaged());
    }
    let (header, sealed) = bytes.split_at_checked(HEADER_LEN).ok_or_else(damaged)?;
    let (magic, rest) = header.split_first_chunk::<8>().ok_or_else(damaged)?;
    let (version, rest) = number(rest).ok_or_else(damaged)?;
    let (memory_kib, rest) = number(rest).ok_or_else(damaged)?;
    let (passes, rest) = number(rest).ok_or_else(damaged)?;
    let (lanes, rest) = number(rest).ok_or_else(damaged)?;
    let (salt, rest) = rest.split_first_chunk::<16>().ok_or_else(damaged)?;
    let store_id = <StoreId>::try_from(rest).map_err(|_| damaged())?;
    if magic != MAGIC {
        return Err(damaged());
    }
    if version != VERSION {
        return Err(OpenError::LocalTooOld {
            needed: u64::from(version),
            known: u64::from(VERSION),
        });
    }
    let vault = derive(passphrase, salt, PassphraseCost { memory_kib, passes, lanes })?;
    let key = vault
        .open(&Place::file(FILE).part(header), sealed)
        .ok_or(OpenError::LocalWrongPassphrase)?;
    let archive_key = key.as_slice().try_into().map_err(|_| damaged())?;
    Ok(Opened { store_id, archive_key: Zeroizing::new(archive_key) })
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*number), rest))
}

/// Derives the wrapping key. Costs beyond the caps are refused before any memory is taken.
fn derive(passphrase: &[u8], salt: &[u8], cost: PassphraseCost) -> Result<Vault, OpenError> {
    if cost.memory_kib > MEMORY_KIB_MAX || cost.passes > PASSES_MAX || cost.lanes > LANES_MAX {
        return Err(OpenError::LocalCost);
    }
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32))
        .map_err(|_| OpenError::LocalCost)?;
    let mut key = Zeroizing::new([0_u8; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, key.as_mut_slice())
        .map_err(|_| OpenError::LocalCost)?;
    Ok(Vault::new(&key))
}

const MAGIC: &[u8; 8] = b"KHATTKEY";
const VERSION: u32 = 1;
const HEADER_LEN: usize = 56;
const FILE_LEN: usize = HEADER_LEN + 32 + SEAL_LEN;
const MEMORY_KIB_MAX: u32 = 1 << 21;
const PASSES_MAX: u32 = 64;
const LANES_MAX: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn fill() -> Fill {
        Box::new(|out| out.fill(0x5a))
    }

    fn opened() -> Opened {
        Opened { store_id: [3; 16], archive_key: Zeroizing::new([9; 32]) }
    }

    #[test]
    fn passphrase_opens_what_it_closed() {
        let cost = PassphraseCost::DANGEROUS_LEAST;
        let bytes = encode(&opened(), b"north", cost, &mut fill()).unwrap();
        assert_eq!(bytes.len(), FILE_LEN);
        let back = decode(&bytes, b"north").unwrap();
        assert_eq!((back.store_id, *back.archive_key), ([3; 16], [9; 32]));
        let wrong = decode(&bytes, b"south").map(|_| ()).unwrap_err();
        assert_eq!(wrong, OpenError::LocalWrongPassphrase);
    }

    #[test]
    fn altered_key_file_is_refused() {
        let cost = PassphraseCost::DANGEROUS_LEAST;
        let bytes = encode(&opened(), b"north", cost, &mut fill()).unwrap();
        for bit in 0..bytes.len() * 8 {
            // High bits of memory and passes would only make this test slow before it is refused.
            if (12..24).contains(&(bit / 8)) {
                continue;
            }
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&bad, b"north").is_err(), "bit {bit}");
        }
        assert!(decode(&bytes[..bytes.len() - 1], b"north").is_err());
    }

    #[test]
    fn cost_beyond_the_caps_is_refused_before_memory_is_taken() {
        let cost = PassphraseCost { memory_kib: u32::MAX, passes: 1, lanes: 1 };
        let refused = encode(&opened(), b"north", cost, &mut fill()).unwrap_err();
        assert_eq!(refused, OpenError::LocalCost);
    }
}
