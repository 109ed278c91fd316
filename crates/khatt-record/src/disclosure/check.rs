//! Whether a disclosure is true, and what it shows then.

use std::sync::Arc;

use thiserror::Error;

use super::{Disclosure, LogKey, ReceiptPart};
use crate::auth::{AuthError, check_signatures};
use crate::cbor::DecodeError;
use crate::charter::{SignError, SignedCharter};
use crate::checkpoint::{Checkpoint, CheckpointError, Origin, SignedCheckpoint};
use crate::commit::{OpenError, auth_commitment, body_commitment};
use crate::entry::{Entry, MessageHeader};
use crate::ids::{OfficerIndex, PostIndex};
use crate::key_order::KeyOrderError;
use crate::keys::PublicKey;
use crate::keys_in_force::{Applied, Generation, KeysInForce};
use crate::merkle::{ProofError, leaf_hash, root_from_inclusion, verify_inclusion};
use crate::statement::Role;
use crate::verify::{Anchor, Answer, BodyCheck, BodyFinding, Established};

/// Why a disclosure is refused.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DisclosureFault {
    /// It is of another line, kind or set of posts than the charter or check words given.
    #[error("peer's disclosure is of another line than the charter or check words given")]
    PeerOtherLine,
    /// The charter that it encloses is refused.
    #[error("peer's disclosure encloses a charter that is refused: {0}")]
    PeerCharter(#[source] SignError),
    /// A key order that it encloses does not come into force after those before it.
    #[error("peer's disclosure encloses key orders that are not in force")]
    PeerOrder(Option<KeyOrderError>),
    /// A log's key or generation is none that the charter and the key orders enclosed name, or the
    /// post was cut off.
    #[error("peer's disclosure names another key than charter and key orders for post {0}")]
    PeerOtherKey(PostIndex),
    /// The author's checkpoint is none, not of this log, or not signed by its key.
    #[error("peer's disclosure has no checkpoint that its author signed: {0}")]
    PeerCheckpoint(#[source] CheckpointError),
    /// The checkpoint is of another log.
    #[error("peer's disclosure has a checkpoint of another log")]
    PeerOtherLog,
    /// The leaf is not at that place under the checkpoint.
    #[error("peer's disclosure does not lead to its author's checkpoint: {0}")]
    PeerPath(#[source] ProofError),
    /// The leaf is no message.
    #[error("peer's disclosure is not of a message")]
    PeerNoMessage(Option<DecodeError>),
    /// Body or officers' signatures are not what the leaf commits to.
    #[error("peer's disclosure opens something else than its entry: {0}")]
    PeerOpened(#[source] OpenError),
    /// The officers' signatures do not satisfy the charter.
    #[error("peer's disclosure shows officers who do not satisfy the charter: {0}")]
    PeerOfficers(#[source] AuthError),
    /// The body is none of the charter's forms.
    #[error("peer's disclosure has a malformed body")]
    PeerBody,
    /// The text is rendered otherwise here than its author signed.
    #[error("peer's disclosure is rendered otherwise here than by its author")]
    PeerRendering,
    /// A receipt is none for this log at this size, or its post did not sign it.
    #[error("peer's disclosure has a receipt of post {0} that does not hold")]
    PeerReceipt(PostIndex),
}

impl DisclosureFault {
    /// Returns the stable code of this fault, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerOtherLine => "disclosure.other-line",
            Self::PeerCharter(_) => "disclosure.charter",
            Self::PeerOrder(_) => "disclosure.order",
            Self::PeerOtherKey(_) => "disclosure.other-key",
            Self::PeerCheckpoint(_) => "disclosure.checkpoint",
            Self::PeerOtherLog => "disclosure.other-log",
            Self::PeerPath(_) => "disclosure.path",
            Self::PeerNoMessage(_) => "disclosure.no-message",
            Self::PeerOpened(_) => "disclosure.opened",
            Self::PeerOfficers(_) => "disclosure.officers",
            Self::PeerBody => "disclosure.body",
            Self::PeerRendering => "disclosure.rendering",
            Self::PeerReceipt(_) => "disclosure.receipt",
        }
    }
}

/// What is known of the officers who released the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfficersShown {
    /// The disclosure does not show them.
    Closed,
    /// It shows their signatures, and there is no charter to check them by.
    Unchecked,
    /// They signed, in these roles, and satisfy the charter.
    Signed(Vec<(OfficerIndex, Role)>),
}

/// A post that proved that it holds the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// The post.
    pub post: PostIndex,
    /// When, as its receipt claims, in milliseconds since 1970 UTC.
    pub t_ms: u64,
}

/// Everything that a true disclosure shows.
#[derive(Clone, Debug)]
pub struct DisclosureReport {
    /// Whether the charter or check words given are this line's.
    pub established: Established,
    /// The charter by which it was checked, if there was one.
    pub charter: Option<SignedCharter>,
    /// The keys by that charter and the orders enclosed.
    pub keys: Option<KeysInForce>,
    /// The entry's own fields.
    pub header: MessageHeader,
    /// What the author signed: the log's size and root.
    pub checkpoint: Checkpoint,
    /// The officers.
    pub officers: OfficersShown,
    /// Who holds it.
    pub received: Vec<Received>,
    /// What was found of the text.
    pub body: BodyFinding,
}

impl DisclosureReport {
    /// Returns the answer in one word. What is refused has no report.
    #[must_use]
    pub const fn answer(&self) -> Answer {
        match self.established {
            Established::Yes => Answer::PartiesEstablished,
            Established::No => Answer::ConsistentOnly,
        }
    }
}

impl Disclosure {
    /// Checks everything that the disclosure says.
    ///
    /// Check words alone establish the parties only if the disclosure encloses the charter that
    /// they are of: words hold no keys.
    ///
    /// # Errors
    ///
    /// [`DisclosureFault`] names the first thing that does not hold.
    pub fn check(
        &self,
        anchor: &Anchor,
        bodies: &dyn BodyCheck,
    ) -> Result<DisclosureReport, DisclosureFault> {
        let (charter, established) = self.anchored(anchor)?;
        let named = charter.as_ref();
        let stages = named.map(|charter| self.stages(charter)).transpose()?;
        self.check_keys(stages.as_deref())?;
        let checkpoint = self.checkpoint()?;
        let entry = Entry::decode(&self.leaf, self.posts, self.entry.log);
        let header = match entry.map_err(|e| DisclosureFault::PeerNoMessage(Some(e)))? {
            Entry::Message(header) => header,
            _ => return Err(DisclosureFault::PeerNoMessage(None)),
        };
        let leaf = leaf_hash(&self.leaf);
        verify_inclusion(leaf, self.entry.index, checkpoint.size, &self.path, checkpoint.root)
            .map_err(DisclosureFault::PeerPath)?;
        if body_commitment(&self.body_salt, &self.body) != header.c_body {
            return Err(DisclosureFault::PeerOpened(OpenError::PeerOtherBody));
        }
        let officers = self.check_officers(stages.as_deref(), &header)?;
        let body = match named.map(|charter| bodies.check(charter, header.act, &self.body)) {
            Some(BodyFinding::Malformed | BodyFinding::OtherAct) => {
                return Err(DisclosureFault::PeerBody);
            }
            Some(BodyFinding::Differs) => return Err(DisclosureFault::PeerRendering),
            Some(found) => found,
            None => BodyFinding::Unknown,
        };
        let mut received = Vec::with_capacity(self.receipts.len());
        for receipt in &self.receipts {
            let t_ms = self
                .check_receipt(receipt, &checkpoint)
                .ok_or(DisclosureFault::PeerReceipt(receipt.post))?;
            received.push(Received { post: receipt.post, t_ms });
        }
        let keys = stages.and_then(|mut stages| stages.pop());
        Ok(DisclosureReport {
            established,
            charter,
            keys,
            header,
            checkpoint,
            officers,
            received,
            body,
        })
    }

    /// Finds the charter to check by, and whether the anchor names it.
    fn anchored(
        &self,
        anchor: &Anchor,
    ) -> Result<(Option<SignedCharter>, Established), DisclosureFault> {
        let enclosed = match &self.charter {
            None => None,
            Some(file) => {
                let found =
                    SignedCharter::from_bytes(file).map_err(DisclosureFault::PeerCharter)?;
                Some(self.of_this_line(found)?)
            }
        };
        match anchor {
            Anchor::Charter(given) => {
                Ok((Some(self.of_this_line((**given).clone())?), Established::Yes))
            }
            Anchor::Words(words) => match enclosed {
                Some(charter) if charter.hash().0.starts_with(words) => {
                    Ok((Some(charter), Established::Yes))
                }
                // The words of the line's first charter are in the line's id.
                None if self.line.0.starts_with(words) => Ok((None, Established::No)),
                _ => Err(DisclosureFault::PeerOtherLine),
            },
            Anchor::Nothing => Ok((enclosed, Established::No)),
        }
    }

    fn of_this_line(&self, charter: SignedCharter) -> Result<SignedCharter, DisclosureFault> {
        let same = charter.line_id() == self.line
            && charter.kind() == self.kind
            && charter.post_count() == self.posts;
        if same { Ok(charter) } else { Err(DisclosureFault::PeerOtherLine) }
    }

    /// The keys by the charter alone, then after each of the orders enclosed.
    fn stages(&self, charter: &SignedCharter) -> Result<Vec<KeysInForce>, DisclosureFault> {
        // Orders follow a line's first charter.
        if !self.orders.is_empty() && charter.hash().0 != self.line.0 {
            return Err(DisclosureFault::PeerOrder(None));
        }
        let mut keys = KeysInForce::new(charter.clone());
        let mut stages = Vec::with_capacity(self.orders.len().saturating_add(1));
        stages.push(keys.clone());
        for order in &self.orders {
            match keys.apply(&Arc::new(order.clone())) {
                Ok(Applied::InForce) => stages.push(keys.clone()),
                Ok(_) => return Err(DisclosureFault::PeerOrder(None)),
                Err(error) => return Err(DisclosureFault::PeerOrder(Some(error))),
            }
        }
        Ok(stages)
    }

    /// Checks that every log is known by a key of its post.
    fn check_keys(&self, stages: Option<&[KeysInForce]>) -> Result<(), DisclosureFault> {
        let Some(keys) = stages.and_then(<[KeysInForce]>::last) else {
            return Ok(());
        };
        let receipts = self.receipts.iter().map(|receipt| (receipt.post, &receipt.log));
        for (post, log) in std::iter::once((self.entry.log, &self.author)).chain(receipts) {
            let same = |one: &Generation| {
                one.number == log.generation && *one.log_key.as_bytes() == log.key
            };
            if !keys.generations(post).iter().any(same) || keys.is_cut_off(post) {
                return Err(DisclosureFault::PeerOtherKey(post));
            }
        }
        Ok(())
    }

    fn origin(&self, post: PostIndex, log: &LogKey) -> Origin {
        Origin::of(self.line, self.kind, post, log.generation)
    }

    fn checkpoint(&self) -> Result<Checkpoint, DisclosureFault> {
        let bad = DisclosureFault::PeerCheckpoint;
        let key = PublicKey::from_bytes(&self.author.key);
        let key = key.map_err(|_| bad(CheckpointError::PeerKey))?;
        let signed = SignedCheckpoint::parse_note(self.note.as_bytes(), &key).map_err(bad)?;
        let checkpoint = signed.checkpoint().clone();
        if checkpoint.origin == self.origin(self.entry.log, &self.author) {
            Ok(checkpoint)
        } else {
            Err(DisclosureFault::PeerOtherLog)
        }
    }

    fn check_officers(
        &self,
        stages: Option<&[KeysInForce]>,
        header: &MessageHeader,
    ) -> Result<OfficersShown, DisclosureFault> {
        let Some(part) = &self.officers else {
            return Ok(OfficersShown::Closed);
        };
        if auth_commitment(&part.salt, &part.auth) != header.c_auth {
            return Err(DisclosureFault::PeerOpened(OpenError::PeerOtherAuth));
        }
        let Some(stages) = stages else {
            return Ok(OfficersShown::Unchecked);
        };
        let mut fault = AuthError::PeerNotReleased;
        for keys in stages {
            match check_signatures(keys, self.entry.log, header, &part.auth, part.draft_id) {
                Ok(verified) => return Ok(OfficersShown::Signed(verified.officers().to_vec())),
                Err(error) => fault = error,
            }
        }
        Err(DisclosureFault::PeerOfficers(fault))
    }

    /// Checks one receipt against the author's checkpoint; returns its claimed time.
    fn check_receipt(&self, part: &ReceiptPart, of: &Checkpoint) -> Option<u64> {
        let Ok(Entry::Receipt(receipt)) = Entry::decode(&part.leaf, self.posts, part.post) else {
            return None;
        };
        let named = (receipt.log, receipt.size, receipt.root);
        if named != (self.entry.log, of.size, of.root) {
            return None;
        }
        let leaf = leaf_hash(&part.leaf);
        let root = root_from_inclusion(leaf, part.index, part.size, &part.path).ok()?;
        let checkpoint =
            Checkpoint { origin: self.origin(part.post, &part.log), size: part.size, root };
        let key = PublicKey::from_bytes(&part.log.key).ok()?;
        SignedCheckpoint { checkpoint, signature: part.signature }.verify(&key).ok()?;
        Some(receipt.t_ms)
    }
}
