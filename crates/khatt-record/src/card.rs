//! A card: what a party hands over so that a charter can be drawn up (`spec/charter.md §7`).
//!
//! It names the party's posts and officers and is signed by its root key, so that a card that was
//! changed on the way is noticed. That the root key is the party's is for people to establish.

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::cbor::{DecodeError, Reader, Writer};
use crate::charter::{
    Officer, Party, Post, is_name, list, read_officer, read_post, read_recovery, write_officer,
    write_post, write_recovery,
};
use crate::entry::POSTS_MAX;
use crate::keys::{PostSigner, PublicKey};

/// The greatest length of a card in bytes.
pub const CARD_MAX: usize = 64 * 1024;
const OFFICERS_MAX: usize = 64;

/// A party with its posts and officers, as it would stand in a charter.
///
/// In posts and officers the number of the party is 0 here; whoever draws up the charter sets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The party.
    pub party: Party,
    /// Its posts.
    pub posts: Vec<Post>,
    /// Its officers.
    pub officers: Vec<Officer>,
}

/// Why a card was refused.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CardError {
    /// It is malformed.
    #[error(transparent)]
    PeerMalformed(#[from] DecodeError),
    /// A post or officer with another party's number.
    #[error("peer's card lists a post or officer of another party")]
    PeerOtherParty,
    /// A recovery that asks for more keys than there are, or for none of some.
    #[error("peer's card has a recovery that cannot work")]
    PeerRecovery,
    /// A name that cannot be used in a charter.
    #[error("peer's card has an unusable name")]
    PeerUnusableName,
    /// Not signed by the root key in it.
    #[error("peer's card has a bad signature")]
    PeerBadSignature,
    /// The signer is not the root key in it.
    #[error("local key is not the root key of the card")]
    LocalOtherKey,
}

impl CardError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerMalformed(error) => error.code(),
            Self::PeerOtherParty => "card.other-party",
            Self::PeerRecovery => "card.recovery",
            Self::PeerUnusableName => "card.unusable-name",
            Self::PeerBadSignature => "card.bad-signature",
            Self::LocalOtherKey => "card.local-other-key",
        }
    }
}

impl Card {
    /// Signs the card and returns its file: `[1, name, root key, needed, [recovery key …], posts,
    /// officers, signature]`.
    ///
    /// # Errors
    ///
    /// [`CardError`] if the card breaks a rule or the signer holds another key.
    pub fn sign(&self, signer: &dyn PostSigner) -> Result<Vec<u8>, CardError> {
        self.check()?;
        if signer.public() != self.party.root_key {
            return Err(CardError::LocalOtherKey);
        }
        let mut out = Writer::with_capacity(4096);
        self.write(&mut out, 8);
        out.bytes(&signer.sign(&self.message()));
        Ok(out.finish())
    }

    /// Reads a card file and checks its signature.
    ///
    /// # Errors
    ///
    /// [`CardError`] if anything in it is wrong.
    pub fn from_bytes(file: &[u8]) -> Result<Self, CardError> {
        if file.len() > CARD_MAX {
            return Err(DecodeError::PeerTooLarge { at: 0 }.into());
        }
        let mut reader = Reader::new(file);
        reader.array_of(8)?;
        let at = reader.position();
        if reader.uint()? != 1 {
            return Err(DecodeError::PeerContradiction { what: "version", at }.into());
        }
        let name = reader.text(128)?.to_owned();
        let card = Self {
            party: read_party(&mut reader, name)?,
            posts: list(&mut reader, POSTS_MAX, read_post)?,
            officers: list(&mut reader, OFFICERS_MAX, read_officer)?,
        };
        let signature = reader.fixed()?;
        reader.finish()?;
        card.check()?;
        PublicKey::from_bytes(&card.party.root_key)
            .map_err(|_| CardError::PeerBadSignature)?
            .verify(&card.message(), &signature)
            .map_err(|_| CardError::PeerBadSignature)?;
        Ok(card)
    }

    fn check(&self) -> Result<(), CardError> {
        let parties = self.posts.iter().map(|post| post.party);
        if parties.chain(self.officers.iter().map(|officer| officer.party)).any(|p| p.0 != 0) {
            return Err(CardError::PeerOtherParty);
        }
        if !self.party.recovery.is_sound() {
            return Err(CardError::PeerRecovery);
        }
        let titles = self.officers.iter().map(|officer| &officer.title);
        let names = self.posts.iter().map(|post| &post.name).chain(titles);
        if names.chain([&self.party.name]).all(|name| is_name(name)) {
            Ok(())
        } else {
            Err(CardError::PeerUnusableName)
        }
    }

    fn write(&self, out: &mut Writer, items: usize) {
        out.array(items).uint(1).text(&self.party.name).bytes(&self.party.root_key);
        write_recovery(out, &self.party.recovery);
        out.array(self.posts.len());
        for post in &self.posts {
            write_post(out, post);
        }
        out.array(self.officers.len());
        for officer in &self.officers {
            write_officer(out, officer);
        }
    }

    /// What the root key signs: a label, and the hash of the card as an array of seven.
    fn message(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(4096);
        self.write(&mut out, 7);
        let mut message = b"khatt/1 card\0".to_vec();
        message.extend_from_slice(&Sha256::digest(out.finish()));
        message
    }
}

fn read_party(reader: &mut Reader<'_>, name: String) -> Result<Party, DecodeError> {
    let root_key = reader.fixed()?;
    Ok(Party { name, root_key, recovery: read_recovery(reader)?, orders: 0 })
}

#[cfg(test)]
mod tests;
