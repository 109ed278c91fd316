//! Officers' signatures on a message, and the rule that they must satisfy (`spec/statement.md §4`).
//!
//! [`check_auth`] opens the committed parts, checks every signature and the charter's rule, and its
//! result proves that this was done. What a role means at the desk is left to others.

use std::fmt;

use thiserror::Error;

use crate::cbor::{DecodeError, Reader, Writer};
use crate::charter::{Officer, Roles, Scheme, SignedCharter, YesNo};
use crate::commit::{OpenError, OpenPart};
use crate::entry::{Act, MessageHeader};
use crate::ids::{Hash, OfficerIndex, PartyIndex, PostIndex};
use crate::keys::{PostSigner, PublicKey};
use crate::keys_in_force::KeysInForce;
use crate::statement::{KeyId, Role, Statement, release_digest};

/// The greatest number of officers' signatures on one message.
pub const SIGNATURES_MAX: usize = 8;
/// How many good signatures are noted: each officer's, and one more for each that was made anew.
const CHECKED_MAX: usize = 2 * SIGNATURES_MAX;
/// The longest time between append and `not_after`, in seconds: a little more than 30 years.
const NOT_AFTER_MAX_S: u64 = 1_000_000_000;

/// One officer's signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OfficerSignature {
    /// Who signed.
    pub officer: OfficerIndex,
    /// With which of the officer's keys.
    pub key: u8,
    /// In what role.
    pub role: Role,
    /// Until when the statement holds, in milliseconds since 1970 UTC, a whole second.
    pub not_after_ms: u64,
    /// How.
    pub scheme: Scheme,
    /// The signature over [`Statement::to_be_signed`].
    pub signature: [u8; 64],
}

impl fmt::Debug for OfficerSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OfficerSignature(officer {}, {:?})", self.officer, self.role)
    }
}

/// All officers' signatures of one message, in the order in which they were made.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Auth(pub Vec<OfficerSignature>);

/// Signatures that were found good here, so that their arithmetic need not be done again.
///
/// Each is noted with the key and the bytes that it was checked against: where either is another,
/// or nothing was noted, the signature is checked. Rules are never noted. It says nothing of what
/// it is kept beside, so any two are equal.
#[derive(Clone, Debug, Default)]
pub struct Checked(Vec<(PublicKey, Vec<u8>, [u8; 64])>);

impl PartialEq for Checked {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Checked {}

impl Checked {
    /// Returns nothing noted.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    fn holds(&self, key: &PublicKey, signed: &[u8], signature: &[u8; 64]) -> bool {
        self.0.iter().any(|(of, bytes, held)| of == key && bytes == signed && held == signature)
    }
}

/// By what officers' signatures are judged: a charter, and what is in force of officers' keys.
///
/// A charter alone is right only where no key order can have changed an officer since.
pub trait OfficersInForce {
    /// Returns the charter, with its rules.
    fn charter(&self) -> &SignedCharter;
    /// Returns an officer.
    fn officer(&self, officer: OfficerIndex) -> Option<&Officer>;
    /// Returns a key of an officer, by its place among the officer's keys.
    fn officer_key(&self, officer: OfficerIndex, key: u8) -> Option<&PublicKey>;
}

impl OfficersInForce for SignedCharter {
    fn charter(&self) -> &SignedCharter {
        self
    }

    fn officer(&self, officer: OfficerIndex) -> Option<&Officer> {
        Self::officer(self, officer)
    }

    fn officer_key(&self, officer: OfficerIndex, key: u8) -> Option<&PublicKey> {
        Self::officer_key(self, officer, key)
    }
}

impl OfficersInForce for KeysInForce {
    fn charter(&self) -> &SignedCharter {
        Self::charter(self)
    }

    fn officer(&self, officer: OfficerIndex) -> Option<&Officer> {
        Self::officer(self, officer)
    }

    fn officer_key(&self, officer: OfficerIndex, key: u8) -> Option<&PublicKey> {
        Self::officer_key(self, officer, key)
    }
}

/// Why signatures could not be written for an entry.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum AuthEncodeError {
    /// The entry's time is later than a statement holds.
    #[error("local officer {0} signed for an earlier time than now")]
    LocalExpired(OfficerIndex),
    /// A `not_after` that is no whole second, or too far away.
    #[error("local officer {0} signed an unusable time")]
    LocalUnusableTime(OfficerIndex),
    /// More than [`SIGNATURES_MAX`] signatures.
    #[error("local message has too many signatures")]
    LocalTooMany,
}

impl AuthEncodeError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalExpired(_) => "auth.local-expired",
            Self::LocalUnusableTime(_) => "auth.local-unusable-time",
            Self::LocalTooMany => "auth.local-too-many",
        }
    }
}

/// Why officers' signatures do not permit a message.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum AuthError {
    /// Body or signatures are not what the entry commits to.
    #[error(transparent)]
    PeerOpen(#[from] OpenError),
    /// The signatures are malformed.
    #[error(transparent)]
    PeerMalformed(#[from] DecodeError),
    /// The post is not in the charter.
    #[error("peer's post {0} is not in the charter")]
    PeerNoSuchPost(PostIndex),
    /// The officer or key is not in the charter.
    #[error("peer's officer {0} or that key is not in the charter")]
    PeerNoSuchOfficer(OfficerIndex),
    /// The officer belongs to another party than the post.
    #[error("peer's officer {0} is of another party")]
    PeerOtherParty(OfficerIndex),
    /// The officer does not hold the role, or the role has no place in this act.
    #[error("peer's officer {0} may not sign in that role")]
    PeerOtherRole(OfficerIndex),
    /// One officer signed twice.
    #[error("peer's officer {0} signed twice")]
    PeerSignedTwice(OfficerIndex),
    /// The entry is later than the statement holds.
    #[error("peer's officer {0} signed for an earlier time")]
    PeerExpired(OfficerIndex),
    /// The signature does not verify.
    #[error("peer's signature of officer {0} does not verify")]
    PeerBadSignature(OfficerIndex),
    /// Fewer officers than the rule for the precedence asks for.
    #[error("peer's message has {given} of {needed} signatures")]
    PeerTooFew {
        /// How many different officers signed.
        given: usize,
        /// How many the charter asks for.
        needed: usize,
    },
    /// No releasing officer among them.
    #[error("peer's message has no signature that releases it")]
    PeerNotReleased,
    /// An emergency release where the charter has none.
    #[error("peer's message was released in an emergency, which the charter does not allow")]
    PeerNoEmergency,
    /// Signatures where none belong.
    #[error("peer's service message carries officers' signatures")]
    PeerNeedless,
}

impl AuthError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerOpen(error) => error.code(),
            Self::PeerMalformed(error) => error.code(),
            Self::PeerNoSuchPost(_) => "auth.no-such-post",
            Self::PeerNoSuchOfficer(_) => "auth.no-such-officer",
            Self::PeerOtherParty(_) => "auth.other-party",
            Self::PeerOtherRole(_) => "auth.other-role",
            Self::PeerSignedTwice(_) => "auth.signed-twice",
            Self::PeerExpired(_) => "auth.expired",
            Self::PeerBadSignature(_) => "auth.bad-signature",
            Self::PeerTooFew { .. } => "auth.too-few",
            Self::PeerNotReleased => "auth.not-released",
            Self::PeerNoEmergency => "auth.no-emergency",
            Self::PeerNeedless => "auth.needless",
        }
    }
}

/// Proof that a message's officers' signatures satisfy the charter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAuth {
    officers: Vec<(OfficerIndex, Role)>,
    emergency: YesNo,
}

impl VerifiedAuth {
    /// Returns who signed, and in what role, in the order in which they signed.
    #[must_use]
    pub fn officers(&self) -> &[(OfficerIndex, Role)] {
        &self.officers
    }

    /// Tells whether one officer released alone, which is to be shown loudly.
    #[must_use]
    pub const fn emergency(&self) -> YesNo {
        self.emergency
    }
}

impl OfficerSignature {
    /// Signs a statement with one of an officer's keys.
    #[must_use]
    pub fn make(statement: &Statement, key: KeyId, signer: &dyn PostSigner) -> Self {
        Self {
            officer: key.officer,
            key: key.key,
            role: statement.role,
            not_after_ms: statement.not_after_ms,
            scheme: Scheme::Ed25519,
            signature: signer.sign(&statement.to_be_signed(key)),
        }
    }

    /// Returns the statement that this signature is about.
    #[must_use]
    pub fn statement(
        &self,
        charter: &SignedCharter,
        post: PostIndex,
        act: Act,
        draft_id: [u8; 16],
        digest: Hash,
    ) -> Statement {
        Statement {
            line: charter.line_id(),
            kind: charter.kind(),
            post,
            act,
            draft_id,
            digest,
            role: self.role,
            not_after_ms: self.not_after_ms,
        }
    }

    /// Checks key, party, role and signature, for an entry of `post`.
    ///
    /// # Errors
    ///
    /// [`AuthError`] names what is wrong.
    pub fn check(
        &self,
        keys: &impl OfficersInForce,
        post: PostIndex,
        statement: &Statement,
    ) -> Result<(), AuthError> {
        self.check_but(keys, post, statement, &Checked::none()).map(|_| ())
    }

    /// As [`OfficerSignature::check`], and notes the signature for [`check_auth_but`].
    ///
    /// # Errors
    ///
    /// [`AuthError`] names what is wrong; nothing is noted then.
    pub fn check_noting(
        &self,
        keys: &impl OfficersInForce,
        post: PostIndex,
        statement: &Statement,
        checked: &mut Checked,
    ) -> Result<(), AuthError> {
        let (key, signed) = self.check_but(keys, post, statement, checked)?;
        if checked.0.len() < CHECKED_MAX && !checked.holds(&key, &signed, &self.signature) {
            checked.0.push((key, signed, self.signature));
        }
        Ok(())
    }

    fn check_but(
        &self,
        keys: &impl OfficersInForce,
        post: PostIndex,
        statement: &Statement,
        checked: &Checked,
    ) -> Result<(PublicKey, Vec<u8>), AuthError> {
        let party = keys.charter().post(post).ok_or(AuthError::PeerNoSuchPost(post))?.party;
        let officer =
            keys.officer(self.officer).ok_or(AuthError::PeerNoSuchOfficer(self.officer))?;
        if officer.party != party {
            return Err(AuthError::PeerOtherParty(self.officer));
        }
        if !permits(officer.roles, statement.act, self.role) {
            return Err(AuthError::PeerOtherRole(self.officer));
        }
        let key = keys
            .officer_key(self.officer, self.key)
            .ok_or(AuthError::PeerNoSuchOfficer(self.officer))?;
        let kid = KeyId { officer: self.officer, key: self.key };
        let signed = statement.to_be_signed(kid);
        if !checked.holds(key, &signed, &self.signature) {
            key.verify(&signed, &self.signature)
                .map_err(|_| AuthError::PeerBadSignature(self.officer))?;
        }
        Ok((*key, signed))
    }
}

impl Auth {
    /// Writes the signatures for an entry of this time.
    ///
    /// # Errors
    ///
    /// [`AuthEncodeError`] if a statement no longer holds at that time.
    pub fn encode(&self, t_ms: u64) -> Result<Vec<u8>, AuthEncodeError> {
        if self.0.len() > SIGNATURES_MAX {
            return Err(AuthEncodeError::LocalTooMany);
        }
        let mut out = Writer::with_capacity(80 * self.0.len() + 1);
        out.array(self.0.len());
        for one in &self.0 {
            if t_ms > one.not_after_ms {
                return Err(AuthEncodeError::LocalExpired(one.officer));
            }
            let ahead_s = (one.not_after_ms / 1000).saturating_sub(t_ms / 1000);
            if one.not_after_ms % 1000 != 0 || ahead_s > NOT_AFTER_MAX_S {
                return Err(AuthEncodeError::LocalUnusableTime(one.officer));
            }
            out.array(6).uint(one.officer.into()).uint(one.key.into()).uint(one.role as u64);
            out.uint(ahead_s).uint(one.scheme as u64).bytes(&one.signature);
        }
        Ok(out.finish())
    }

    /// Reads the signatures of an entry of this time.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the bytes are anything else.
    pub fn decode(bytes: &[u8], t_ms: u64) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let count = reader.array(SIGNATURES_MAX)?;
        let mut signatures = Vec::with_capacity(count);
        for _ in 0..count {
            reader.array_of(6)?;
            let officer: OfficerIndex = reader.number()?;
            let key = reader.uint_max(u8::MAX.into())?;
            let role = reader.number()?;
            let ahead_s = reader.uint_max(NOT_AFTER_MAX_S)?;
            signatures.push(OfficerSignature {
                officer,
                // Fits by the limit that it was read with.
                key: u8::try_from(key).unwrap_or(u8::MAX),
                role,
                not_after_ms: (t_ms / 1000).saturating_add(ahead_s).saturating_mul(1000),
                scheme: reader.number()?,
                signature: reader.fixed()?,
            });
        }
        reader.finish()?;
        Ok(Self(signatures))
    }
}

/// Checks that a message of `post` is what its entry commits to and that the charter permits it.
///
/// The keys are those in force for the author when it wrote the entry.
///
/// # Errors
///
/// [`AuthError`] names the first thing that is wrong.
pub fn check_auth(
    keys: &impl OfficersInForce,
    post: PostIndex,
    header: &MessageHeader,
    part: &OpenPart,
) -> Result<VerifiedAuth, AuthError> {
    check_auth_but(keys, post, header, part, &Checked::none())
}

/// As [`check_auth`], and spares the arithmetic of signatures that were noted as good.
///
/// # Errors
///
/// [`AuthError`] names the first thing that is wrong.
pub fn check_auth_but(
    keys: &impl OfficersInForce,
    post: PostIndex,
    header: &MessageHeader,
    part: &OpenPart,
    checked: &Checked,
) -> Result<VerifiedAuth, AuthError> {
    part.check_against(header)?;
    check_each(keys, post, header, &part.auth, part.seed.draft_id(), checked)
}

/// Checks signatures that were found to be what an entry of `post` commits to.
///
/// For what holds no seed: a disclosure hands over the draft's id instead.
///
/// # Errors
///
/// [`AuthError`] names the first thing that is wrong.
pub fn check_signatures(
    keys: &impl OfficersInForce,
    post: PostIndex,
    header: &MessageHeader,
    auth: &[u8],
    draft_id: [u8; 16],
) -> Result<VerifiedAuth, AuthError> {
    check_each(keys, post, header, auth, draft_id, &Checked::none())
}

fn check_each(
    keys: &impl OfficersInForce,
    post: PostIndex,
    header: &MessageHeader,
    auth: &[u8],
    draft_id: [u8; 16],
    checked: &Checked,
) -> Result<VerifiedAuth, AuthError> {
    let auth = Auth::decode(auth, header.t_ms)?;
    let verified = check_rule(keys.charter(), post, header, &auth)?;
    for one in &auth.0 {
        if header.t_ms > one.not_after_ms {
            return Err(AuthError::PeerExpired(one.officer));
        }
        let digest = release_digest(header.c_body, header.precedence, header.thread);
        let statement = one.statement(keys.charter(), post, header.act, draft_id, digest);
        one.check_but(keys, post, &statement, checked)?;
    }
    Ok(verified)
}

/// Checks everything about signatures that is not arithmetic: who, how many, in what role.
fn check_rule(
    charter: &SignedCharter,
    post: PostIndex,
    header: &MessageHeader,
    auth: &Auth,
) -> Result<VerifiedAuth, AuthError> {
    charter.post(post).ok_or(AuthError::PeerNoSuchPost(post))?;
    let mut officers: Vec<(OfficerIndex, Role)> = Vec::with_capacity(auth.0.len());
    for one in &auth.0 {
        if officers.iter().any(|(officer, _)| *officer == one.officer) {
            return Err(AuthError::PeerSignedTwice(one.officer));
        }
        officers.push((one.officer, one.role));
    }
    let has = |role: Role| officers.iter().any(|(_, held)| *held == role);
    let mut emergency = YesNo::No;
    match header.act {
        Act::Service if officers.is_empty() => {}
        Act::Service => return Err(AuthError::PeerNeedless),
        Act::Acknowledge if officers.is_empty() => {
            return Err(AuthError::PeerTooFew { given: 0, needed: 1 });
        }
        Act::Acknowledge => {}
        Act::Release | Act::Disclose | Act::Erase => {
            let rule = charter.charter().release_rule(header.precedence);
            if has(Role::EmergencyRelease) {
                // Nothing that can wait for a second officer is an emergency.
                if rule.emergency_single == YesNo::No || header.act != Act::Release {
                    return Err(AuthError::PeerNoEmergency);
                }
                emergency = YesNo::Yes;
            } else if !has(Role::Release) {
                return Err(AuthError::PeerNotReleased);
            } else if officers.len() < usize::from(rule.signatures) {
                let needed = usize::from(rule.signatures);
                return Err(AuthError::PeerTooFew { given: officers.len(), needed });
            }
        }
    }
    Ok(VerifiedAuth { officers, emergency })
}

/// Tells whether an officer with these roles may sign for an act in a role
/// (`spec/statement.md §5`).
#[must_use]
pub const fn permits(held: Roles, act: Act, role: Role) -> bool {
    let watch = Roles::WATCH.with(Roles::RELEASING).with(Roles::COMMANDER);
    let needed = match (act, role) {
        (Act::Release | Act::Disclose | Act::Erase, Role::Draft) => watch.with(Roles::LINGUIST),
        (Act::Release | Act::Disclose | Act::Erase, Role::Release) => {
            Roles::RELEASING.with(Roles::COMMANDER)
        }
        (Act::Release, Role::EmergencyRelease) | (Act::Acknowledge, Role::Acknowledge) => watch,
        _ => return false,
    };
    held.any_of(needed)
}

/// Returns the party that a post belongs to, if the charter has the post.
#[must_use]
pub fn party_of(charter: &SignedCharter, post: PostIndex) -> Option<PartyIndex> {
    charter.post(post).map(|post| post.party)
}

#[cfg(test)]
mod tests;
