//! Signatures over a charter, and the chain of amendments (`spec/charter.md §4` to `§6`).

use std::collections::BTreeMap;

use thiserror::Error;

use crate::cbor::{DecodeError, Reader, Writer};
use crate::checkpoint::Origin;
use crate::ids::{Hash, Kind, LineId, OfficerIndex, PartyIndex, PostIndex};
use crate::keys::{PostSigner, PublicKey};
use crate::keys_in_force::KeysInForce;

use super::codec::{PARTIES_MAX, constant};
use super::{CHARTER_MAX, Charter, CharterError, Officer, Post, hash_bytes};

/// The version of the file around a charter.
const FILE: u64 = 1;

/// Why a charter file was refused, or a signature not added.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SignError {
    /// The file is malformed.
    #[error(transparent)]
    PeerMalformed(#[from] DecodeError),
    /// The charter breaks a rule.
    #[error(transparent)]
    PeerCharter(#[from] CharterError),
    /// A signature by a party that is not there.
    #[error("peer's charter is signed by party {0}, which is not there")]
    PeerNoSuchParty(PartyIndex),
    /// A signature does not verify under the party's root key.
    #[error("peer's signature of party {0} does not verify")]
    PeerBadSignature(PartyIndex),
    /// A party has not signed yet.
    #[error("peer party {0} has not signed")]
    PeerUnsigned(PartyIndex),
    /// The signer's key is the root key of no party.
    #[error("local key is the root key of no party of the charter")]
    LocalOtherKey,
}

impl SignError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerMalformed(error) => error.code(),
            Self::PeerCharter(error) => error.code(),
            Self::PeerNoSuchParty(_) => "charter.signed-by-nobody",
            Self::PeerBadSignature(_) => "charter.bad-signature",
            Self::PeerUnsigned(_) => "charter.unsigned",
            Self::LocalOtherKey => "charter.local-other-key",
        }
    }
}

/// Why a charter does not follow another.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum AmendError {
    /// It names another predecessor or another line.
    #[error("peer's amendment follows another charter")]
    PeerOtherPredecessor,
    /// It changes what the line is for.
    #[error("peer's amendment changes what the line is for")]
    PeerOtherKind,
    /// It changes the parties, which only a new line can.
    #[error("peer's amendment changes the parties, which needs a new line")]
    PeerOtherParties,
    /// It names another root key of a party than the one in force.
    #[error("peer's amendment has another root key of party {0} than the one in force")]
    PeerOtherRoot(PartyIndex),
    /// It stands on fewer key orders of a party than the charter before, or on some not held here.
    #[error("peer's amendment stands on other key orders of party {0} than those in force")]
    PeerOtherOrders(PartyIndex),
    /// It removes a post or gives its number to another.
    #[error("peer's amendment gives the number of post {0} to another")]
    PeerOtherPost(PostIndex),
    /// It changes a post's generation or log key, which a key order does, or begins with one.
    #[error("peer's amendment gives post {0} another generation or log key than those in force")]
    PeerUnannouncedKey(PostIndex),
    /// It removes an officer or a key, or gives its number to another.
    #[error("peer's amendment gives the number of officer {0} to another")]
    PeerOtherOfficer(OfficerIndex),
}

impl AmendError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerOtherPredecessor => "amend.other-predecessor",
            Self::PeerOtherKind => "amend.other-kind",
            Self::PeerOtherParties => "amend.other-parties",
            Self::PeerOtherRoot(_) => "amend.other-root",
            Self::PeerOtherOrders(_) => "amend.other-orders",
            Self::PeerOtherPost(_) => "amend.other-post",
            Self::PeerUnannouncedKey(_) => "amend.unannounced-key",
            Self::PeerOtherOfficer(_) => "amend.other-officer",
        }
    }
}

/// Returns what a party's root key signs for a charter of this kind and hash.
#[must_use]
pub fn signature_message(kind: Kind, hash: Hash) -> Vec<u8> {
    let mut message = b"khatt/1 charter\0".to_vec();
    message.push(kind as u8);
    message.extend_from_slice(&hash.0);
    message
}

/// A charter on its way between the parties: checked, signed by some of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CharterDraft {
    bytes: Vec<u8>,
    charter: Charter,
    signatures: BTreeMap<PartyIndex, [u8; 64]>,
}

impl CharterDraft {
    /// Takes a charter that nobody has signed.
    ///
    /// # Errors
    ///
    /// [`CharterError`] if it breaks a rule.
    pub fn new(charter: Charter) -> Result<Self, CharterError> {
        charter.check()?;
        Ok(Self { bytes: charter.encode(), charter, signatures: BTreeMap::new() })
    }

    /// Reads a charter file, checking the charter and every signature in it.
    ///
    /// # Errors
    ///
    /// [`SignError`] if anything in it is wrong. Missing signatures are no error.
    pub fn from_bytes(file: &[u8]) -> Result<Self, SignError> {
        let mut reader = Reader::new(file);
        reader.array_of(3)?;
        constant(&mut reader, FILE, "version")?;
        let bytes = reader.bytes(CHARTER_MAX)?;
        let charter = Charter::decode(bytes)?;
        charter.check()?;
        let mut draft = Self { bytes: bytes.to_vec(), charter, signatures: BTreeMap::new() };
        let mut last = None;
        for _ in 0..reader.array(PARTIES_MAX)? {
            let at = reader.position();
            reader.array_of(2)?;
            let party: PartyIndex = reader.number()?;
            if last.is_some_and(|last| last >= party) {
                return Err(DecodeError::PeerNotAscending { at }.into());
            }
            last = Some(party);
            draft.add_signature(party, reader.fixed()?)?;
        }
        reader.finish()?;
        Ok(draft)
    }

    /// Writes the charter file: `[1, charter, [[party, signature] …]]`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(self.bytes.len().saturating_add(600));
        out.array(3).uint(FILE).bytes(&self.bytes).array(self.signatures.len());
        for (party, signature) in &self.signatures {
            out.array(2).uint((*party).into()).bytes(signature);
        }
        out.finish()
    }

    /// Returns the charter.
    #[must_use]
    pub const fn charter(&self) -> &Charter {
        &self.charter
    }

    /// Returns the hash that the parties sign and whose check words they compare.
    #[must_use]
    pub fn hash(&self) -> Hash {
        hash_bytes(&self.bytes)
    }

    /// Returns the parties that have not signed.
    #[must_use]
    pub fn missing(&self) -> Vec<PartyIndex> {
        let signed = |party: &PartyIndex| !self.signatures.contains_key(party);
        self.charter.party_indices().filter(signed).collect()
    }

    /// Adds a party's signature after checking it. One that is there already stays.
    ///
    /// # Errors
    ///
    /// [`SignError`] if there is no such party or its root key does not verify the signature.
    pub fn add_signature(
        &mut self,
        party: PartyIndex,
        signature: [u8; 64],
    ) -> Result<(), SignError> {
        let root = self.charter.party(party).ok_or(SignError::PeerNoSuchParty(party))?.root_key;
        let message = signature_message(self.charter.kind, self.hash());
        PublicKey::from_bytes(&root)
            .map_err(|_| SignError::PeerBadSignature(party))?
            .verify(&message, &signature)
            .map_err(|_| SignError::PeerBadSignature(party))?;
        self.signatures.entry(party).or_insert(signature);
        Ok(())
    }

    /// Signs as the party whose root key the signer holds, and returns which one that is.
    ///
    /// # Errors
    ///
    /// [`SignError::LocalOtherKey`] if the signer holds no party's root key.
    pub fn sign(&mut self, signer: &dyn PostSigner) -> Result<PartyIndex, SignError> {
        let key = signer.public();
        let party = self
            .charter
            .party_indices()
            .find(|party| self.charter.party(*party).is_some_and(|party| party.root_key == key))
            .ok_or(SignError::LocalOtherKey)?;
        let message = signature_message(self.charter.kind, self.hash());
        self.add_signature(party, signer.sign(&message))?;
        Ok(party)
    }

    /// Takes over the signatures of another draft of the same charter.
    ///
    /// # Errors
    ///
    /// [`SignError::PeerUnsigned`] never; [`SignError::PeerBadSignature`] if the other draft is of
    /// another charter, because its signatures are not over this one.
    pub fn merge(&mut self, other: &Self) -> Result<(), SignError> {
        for (party, signature) in &other.signatures {
            self.add_signature(*party, *signature)?;
        }
        Ok(())
    }

    /// Returns the charter signed by all parties.
    ///
    /// # Errors
    ///
    /// [`SignError::PeerUnsigned`] names the first party that has not signed.
    pub fn complete(self) -> Result<SignedCharter, SignError> {
        if let Some(party) = self.missing().first() {
            return Err(SignError::PeerUnsigned(*party));
        }
        let key = |post: &Post| PublicKey::from_bytes(&post.log_key);
        let log_keys: Result<Vec<_>, _> = self.charter.posts.iter().map(key).collect();
        let mut officer_keys = Vec::with_capacity(self.charter.officers.len());
        for officer in &self.charter.officers {
            let keys: Result<Vec<_>, _> =
                officer.keys.iter().map(|key| PublicKey::from_bytes(&key.key)).collect();
            officer_keys.push(keys.map_err(|_| CharterError::PeerUnusableKey)?);
        }
        Ok(SignedCharter {
            line: self.charter.line_id(),
            hash: self.hash(),
            log_keys: log_keys.map_err(|_| CharterError::PeerUnusableKey)?,
            officer_keys,
            file: self.to_bytes(),
            draft: self,
        })
    }
}

/// A charter that satisfies every rule and that all its parties signed.
///
/// Holding one proves that this was checked. Keys are kept ready for use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCharter {
    draft: CharterDraft,
    line: LineId,
    hash: Hash,
    log_keys: Vec<PublicKey>,
    officer_keys: Vec<Vec<PublicKey>>,
    file: Vec<u8>,
}

impl SignedCharter {
    /// Reads a charter file that all parties signed.
    ///
    /// # Errors
    ///
    /// [`SignError`] if anything in it is wrong or a signature is missing.
    pub fn from_bytes(file: &[u8]) -> Result<Self, SignError> {
        CharterDraft::from_bytes(file)?.complete()
    }

    /// Returns the charter file.
    #[must_use]
    pub fn to_bytes(&self) -> &[u8] {
        &self.file
    }

    /// Returns the charter.
    #[must_use]
    pub const fn charter(&self) -> &Charter {
        &self.draft.charter
    }

    /// Returns the charter as it was encoded.
    #[must_use]
    pub fn charter_bytes(&self) -> &[u8] {
        &self.draft.bytes
    }

    /// Returns the hash of this charter.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// Returns the line's id: the hash of its first charter.
    #[must_use]
    pub const fn line_id(&self) -> LineId {
        self.line
    }

    /// Returns what the line is for.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.draft.charter.kind
    }

    /// Returns how many posts, and so logs, the line has.
    #[must_use]
    pub fn post_count(&self) -> usize {
        self.draft.charter.posts.len()
    }

    /// Returns a post.
    #[must_use]
    pub fn post(&self, post: PostIndex) -> Option<&Post> {
        self.charter().post(post)
    }

    /// Returns an officer.
    #[must_use]
    pub fn officer(&self, officer: OfficerIndex) -> Option<&Officer> {
        self.charter().officer(officer)
    }

    /// Returns the origin of a post's log in its present generation.
    #[must_use]
    pub fn origin(&self, post: PostIndex) -> Option<Origin> {
        let generation = self.post(post)?.generation;
        Some(Origin::of(self.line, self.kind(), post, generation))
    }

    /// Returns the key that signs a post's checkpoints.
    #[must_use]
    pub fn log_key(&self, post: PostIndex) -> Option<&PublicKey> {
        self.log_keys.get(post.index())
    }

    /// Returns a key of an officer, by its place among the officer's keys.
    #[must_use]
    pub fn officer_key(&self, officer: OfficerIndex, key: u8) -> Option<&PublicKey> {
        self.officer_keys.get(officer.index())?.get(usize::from(key))
    }

    /// Checks that `next` names this charter as its predecessor, and the same line and parties.
    ///
    /// That is all that two charters show by themselves; whether `next` may take this one's place
    /// is for [`crate::keys_in_force::KeysInForce::amended`] to say.
    ///
    /// # Errors
    ///
    /// [`AmendError`] names the first thing that differs.
    pub fn check_follows(&self, next: &Self) -> Result<(), AmendError> {
        let (old, new) = (self.charter(), next.charter());
        if new.previous != Some(self.hash) || next.line != self.line {
            return Err(AmendError::PeerOtherPredecessor);
        }
        if new.kind != old.kind {
            return Err(AmendError::PeerOtherKind);
        }
        let names = |charter: &Charter| -> Vec<String> {
            charter.parties.iter().map(|party| party.name.clone()).collect()
        };
        if names(old) == names(new) { Ok(()) } else { Err(AmendError::PeerOtherParties) }
    }
}

/// Two charters that replace the same one: whoever signed both broke the promise to sign one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CharterFork {
    /// One successor, signed by at least one party.
    pub one: CharterDraft,
    /// The other.
    pub other: CharterDraft,
}

/// Why two charters prove nothing against anybody.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CharterForkError {
    /// They are one and the same.
    #[error("peer's proof holds one charter twice")]
    PeerSame,
    /// They do not replace the same charter, or another than the one given.
    #[error("peer's proof holds charters that do not replace this one")]
    PeerOtherPredecessor,
    /// No party signed both.
    #[error("peer's proof holds no two signatures of one party")]
    PeerNobody,
}

impl CharterForkError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerSame => "charter-fork.same",
            Self::PeerOtherPredecessor => "charter-fork.other-predecessor",
            Self::PeerNobody => "charter-fork.nobody",
        }
    }
}

impl CharterFork {
    /// Returns the parties that signed two successors of the charter in force.
    ///
    /// # Errors
    ///
    /// [`CharterForkError`] if the two prove nothing.
    pub fn verify(&self, keys: &KeysInForce) -> Result<Vec<PartyIndex>, CharterForkError> {
        if self.one.hash() == self.other.hash() {
            return Err(CharterForkError::PeerSame);
        }
        let old = keys.charter();
        for draft in [&self.one, &self.other] {
            let amendment = draft.charter();
            if amendment.previous != Some(old.hash()) || amendment.line_id() != old.line_id() {
                return Err(CharterForkError::PeerOtherPredecessor);
            }
        }
        // Signatures were checked under the draft's own root keys: they must be the line's.
        let signed = |draft: &CharterDraft, party: PartyIndex| {
            draft.signatures.contains_key(&party)
                && draft.charter().party(party).is_some_and(|named| {
                    keys.root_key_after(party, named.orders) == Some(&named.root_key)
                })
        };
        let parties = old.charter().party_indices();
        let guilty: Vec<_> = parties
            .filter(|party| signed(&self.one, *party) && signed(&self.other, *party))
            .collect();
        if guilty.is_empty() { Err(CharterForkError::PeerNobody) } else { Ok(guilty) }
    }
}
