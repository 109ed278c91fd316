//! Encryption at rest: one archive key per store, one seal per row (`spec/store.md §3`).
//!
//! A seal names the table, the line and every other column of its row, so a row that was altered,
//! or moved to another place, does not open. How the archive key is kept is [`crate::key_file`]'s.

use std::fmt;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use khatt_record::LineId;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The nonces of one commit's seals, drawn from a random seed.
///
/// The seed is kept with the batch in the head file, so that a replay seals each row under the nonce
/// that it had and makes the same bytes again. A seed serves one commit and its replays.
#[derive(Clone, Debug)]
pub(crate) struct Nonces {
    seed: Seed,
    drawn: u64,
}

/// From what the nonces of one commit are drawn.
pub(crate) type Seed = [u8; 32];

impl Nonces {
    pub(crate) const fn new(seed: Seed) -> Self {
        Self { seed, drawn: 0 }
    }

    pub(crate) const fn seed(&self) -> &Seed {
        &self.seed
    }

    /// Draws the next: the first 24 bytes of SHA-256 of a label, the seed and how many came before.
    pub(crate) fn draw(&mut self) -> [u8; NONCE_LEN] {
        let mut hasher = Sha256::new();
        hasher.update(b"khatt/1 store nonce\0");
        hasher.update(self.seed);
        hasher.update(self.drawn.to_be_bytes());
        self.drawn = self.drawn.saturating_add(1);
        let mut nonce = [0_u8; NONCE_LEN];
        nonce.iter_mut().zip(hasher.finalize()).for_each(|(to, byte)| *to = byte);
        nonce
    }
}

/// Where random bytes come from. The host gives one that a cryptographer would accept.
pub type Fill = Box<dyn FnMut(&mut [u8]) + Send>;

/// Length of a seal over nothing: nonce and tag.
pub(crate) const SEAL_LEN: usize = NONCE_LEN + TAG_LEN;

/// Length of the tag that ends every seal.
pub(crate) const TAG_LEN: usize = 16;

/// The archive key of one store.
pub(crate) struct Vault {
    cipher: XChaCha20Poly1305,
}

impl Vault {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self { cipher: XChaCha20Poly1305::new(&Key::from(*key)) }
    }

    /// Seals `secret` under `place`. The result is nonce, ciphertext and tag.
    ///
    /// # Errors
    ///
    /// Returns `None` if `secret` is longer than the cipher can take (256 GiB).
    pub(crate) fn seal(&self, fill: &mut Fill, place: &Place, secret: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0_u8; NONCE_LEN];
        fill(&mut nonce);
        self.seal_under(nonce, place, secret)
    }

    /// As [`Vault::seal`], under a nonce that was never used for anything else.
    pub(crate) fn seal_under(
        &self,
        nonce: [u8; NONCE_LEN],
        place: &Place,
        secret: &[u8],
    ) -> Option<Vec<u8>> {
        let payload = Payload { msg: secret, aad: &place.0 };
        let ciphertext = self.cipher.encrypt(&XNonce::from(nonce), payload).ok()?;
        let mut sealed = Vec::with_capacity(nonce.len().saturating_add(ciphertext.len()));
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Some(sealed)
    }

    /// Opens what [`Vault::seal`] made for this place, or tells that it is not that.
    pub(crate) fn open(&self, place: &Place, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let payload = Payload { msg: ciphertext, aad: &place.0 };
        self.cipher.decrypt(&XNonce::from(*nonce), payload).ok().map(Zeroizing::new)
    }

    /// Tells whether `seal` is a seal over nothing for this place.
    pub(crate) fn is_seal(&self, place: &Place, seal: &[u8]) -> bool {
        self.open(place, seal).is_some_and(|secret| secret.is_empty())
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(<key>)")
    }
}

/// What a seal is bound to: label, table, line and columns, each with its length before it.
pub(crate) struct Place(Vec<u8>);

impl Place {
    /// Starts the place of a row. `table` is its table's name.
    pub(crate) fn row(table: &str, line: LineId) -> Self {
        Self(Vec::with_capacity(160)).part(LABEL).part(table.as_bytes()).part(&line.0)
    }

    /// Starts the place of something that belongs to no line.
    pub(crate) fn file(name: &str) -> Self {
        Self(Vec::with_capacity(160)).part(LABEL).part(name.as_bytes())
    }

    /// Adds a column.
    #[must_use]
    pub(crate) fn part(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    /// Adds a column that is a number.
    #[must_use]
    pub(crate) fn number(self, value: u64) -> Self {
        self.part(&value.to_be_bytes())
    }
}

const NONCE_LEN: usize = 24;
const LABEL: &[u8] = b"khatt/1 store";

#[cfg(test)]
mod tests {
    use super::*;

    fn fill() -> Fill {
        let mut next = 0_u8;
        Box::new(move |out| {
            for byte in out {
                next = next.wrapping_add(1);
                *byte = next;
            }
        })
    }

    #[test]
    fn seal_opens_only_in_its_place() {
        let vault = Vault::new(&[7; 32]);
        let place = || Place::row("state", LineId([1; 32])).part(b"key");
        let sealed = vault.seal(&mut fill(), &place(), b"secret").unwrap();
        assert_eq!(vault.open(&place(), &sealed).unwrap().as_slice(), b"secret");
        for other in [
            Place::row("evidence", LineId([1; 32])).part(b"key"),
            Place::row("state", LineId([2; 32])).part(b"key"),
            Place::row("state", LineId([1; 32])).part(b"ke").part(b"y"),
            Place::row("state", LineId([1; 32])).part(b"kez"),
        ] {
            assert!(vault.open(&other, &sealed).is_none());
        }
        assert!(Vault::new(&[8; 32]).open(&place(), &sealed).is_none());
    }

    #[test]
    fn flipped_bit_or_missing_byte_does_not_open() {
        let vault = Vault::new(&[7; 32]);
        let place = Place::file("heads");
        let sealed = vault.seal(&mut fill(), &place, b"x").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut bad = sealed.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(vault.open(&place, &bad).is_none());
        }
        for len in 0..sealed.len() {
            assert!(vault.open(&place, &sealed[..len]).is_none());
        }
    }

    #[test]
    fn nonces_of_one_seed_differ_and_come_again() {
        let draw = |seed| {
            let mut nonces = Nonces::new([seed; 32]);
            [nonces.draw(), nonces.draw(), nonces.draw()]
        };
        assert_eq!(draw(1), draw(1));
        let mut all = [draw(1), draw(2)].concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 6);
    }

    #[test]
    fn vault_prints_no_key() {
        assert_eq!(format!("{:?}", Vault::new(&[7; 32])), "Vault(<key>)");
    }
}
