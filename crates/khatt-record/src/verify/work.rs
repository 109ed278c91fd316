//! The part of a verification that any thread can do: signatures, commitments, bodies.

use std::sync::Arc;

use super::blame::{Found, Proof};
use super::report::{FAULTS_MAX, FaultKind};
use super::{BodyCheck, BodyFinding};
use crate::auth::{AuthError, check_auth};
use crate::checkpoint::Checkpoint;
use crate::commit::OpenPart;
use crate::cosign::{Cosignature, CosignedBy};
use crate::entry::MessageHeader;
use crate::ids::{EntryId, Hash, PartyIndex, PostIndex};
use crate::keys_in_force::{Generation, KeysInForce};

/// One thing to check, and where it stands.
pub(super) enum Job {
    Checkpoint {
        log: PostIndex,
        size: u64,
        root: Hash,
        signature: [u8; 64],
        rooted: Rooted,
        /// The generation that signs the log at this size.
        signer: Option<Arc<Generation>>,
        /// Those that have ended, whose signature accuses.
        ended: Vec<Arc<Generation>>,
    },
    Cosignature {
        one: Box<Cosignature>,
        signer: CosignedBy,
        root: Hash,
    },
    Message {
        at: EntryId,
        header: MessageHeader,
        part: OpenPart,
        keys: Arc<KeysInForce>,
    },
}

/// Where a checkpoint's root comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rooted {
    /// From the entries of the file.
    Entries,
    /// From the row, because it is another than that of the entries.
    Row,
}

/// Jobs that are handed over together.
pub(super) struct Batch {
    pub(super) jobs: Vec<Job>,
}

/// What one thread found.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) faults: Vec<Found>,
    pub(super) fault_count: u64,
    pub(super) officer_signatures: u64,
    pub(super) renderings_agree: u64,
    pub(super) renderings_unknown: u64,
    pub(super) posts: Vec<PostFindings>,
}

#[derive(Clone, Copy, Default)]
pub(super) struct PostFindings {
    pub(super) checkpoints: u64,
    pub(super) signed: u64,
    pub(super) cosignatures: u64,
    pub(super) cosigned: u64,
    pub(super) opened: u64,
}

impl Findings {
    pub(super) fn new(posts: usize) -> Self {
        Self { posts: vec![PostFindings::default(); posts], ..Self::default() }
    }

    pub(super) fn fault(&mut self, at: EntryId, kind: FaultKind) {
        self.fault_by(at, kind, Proof::of(&kind));
    }

    /// Notes what a party is at fault for.
    pub(super) fn accuse(&mut self, party: PartyIndex, at: EntryId, kind: FaultKind) {
        self.fault_by(at, kind, Proof::Party(party));
    }

    /// Notes a fault whose proof the kind alone does not say.
    pub(super) fn fault_by(&mut self, at: EntryId, kind: FaultKind, proof: Proof) {
        self.fault_count = self.fault_count.saturating_add(1);
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Found { at, kind, proof });
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.faults.extend(other.faults);
        self.fault_count = self.fault_count.saturating_add(other.fault_count);
        self.officer_signatures += other.officer_signatures;
        self.renderings_agree += other.renderings_agree;
        self.renderings_unknown += other.renderings_unknown;
        for (into, from) in self.posts.iter_mut().zip(other.posts) {
            into.checkpoints += from.checkpoints;
            into.signed = into.signed.max(from.signed);
            into.cosignatures += from.cosignatures;
            into.cosigned = into.cosigned.max(from.cosigned);
            into.opened += from.opened;
        }
    }

    pub(super) fn run(&mut self, batch: &Batch, bodies: &dyn BodyCheck) {
        for job in &batch.jobs {
            match job {
                Job::Checkpoint { log, size, root, signature, rooted, signer, ended } => {
                    let signers = (signer.as_deref(), ended.as_slice());
                    self.checkpoint(*log, (*size, *root), signature, *rooted, signers);
                }
                Job::Cosignature { one, signer, root } => self.cosignature(one, signer, *root),
                Job::Message { at, header, part, keys } => {
                    self.message(keys, *at, header, part, bodies);
                }
            }
        }
    }

    fn checkpoint(
        &mut self,
        log: PostIndex,
        (size, root): (u64, Hash),
        signature: &[u8; 64],
        rooted: Rooted,
        (signer, ended): (Option<&Generation>, &[Arc<Generation>]),
    ) {
        let at = EntryId { log, index: size };
        let Some(signer) = signer else {
            return self.fault(at, FaultKind::NoSuchPost);
        };
        let verify = |one: &Generation| {
            let text = Checkpoint { origin: one.origin.clone(), size, root }.note_text();
            one.log_key.verify(text.as_bytes(), signature)
        };
        match (verify(signer), rooted) {
            (Err(_), _) if ended.iter().any(|one| verify(one).is_ok()) => {
                // Over the entries it covers the new generation's first one, and needs no other.
                let proof = match rooted {
                    Rooted::Entries => Proof::Given,
                    Rooted::Row => Proof::Contradicted,
                };
                self.fault_by(at, FaultKind::CheckpointEnded, proof);
            }
            (Err(_), _) => self.fault(at, FaultKind::CheckpointSignature),
            (Ok(()), Rooted::Row) => self.fault(at, FaultKind::CheckpointOtherRoot),
            (Ok(()), Rooted::Entries) => {
                if let Some(post) = self.posts.get_mut(log.index()) {
                    post.checkpoints += 1;
                    post.signed = post.signed.max(size);
                }
            }
        }
    }

    pub(super) fn cosignature(&mut self, one: &Cosignature, signer: &CosignedBy, root: Hash) {
        match (one.verify_by(signer, root), self.posts.get_mut(one.log.index())) {
            (Ok(()), Some(post)) => {
                post.cosignatures += 1;
                post.cosigned = post.cosigned.max(one.size);
            }
            (Err(error), _) => {
                let at = EntryId { log: one.log, index: one.size };
                self.fault(at, FaultKind::Cosignature(error));
            }
            (Ok(()), None) => {}
        }
    }

    fn message(
        &mut self,
        keys: &KeysInForce,
        at: EntryId,
        header: &MessageHeader,
        part: &OpenPart,
        bodies: &dyn BodyCheck,
    ) {
        match check_auth(keys, at.log, header, part) {
            Ok(verified) => self.officer_signatures += verified.officers().len() as u64,
            Err(AuthError::PeerOpen(error)) => return self.fault(at, FaultKind::OpenPart(error)),
            Err(error) => return self.fault(at, FaultKind::Officers(error)),
        }
        match bodies.check(keys.charter(), header.act, &part.body) {
            BodyFinding::Agrees => self.renderings_agree += 1,
            BodyFinding::Unknown => self.renderings_unknown += 1,
            BodyFinding::Differs => return self.fault(at, FaultKind::RenderingDiffers),
            BodyFinding::Malformed => return self.fault(at, FaultKind::BodyMalformed),
            BodyFinding::OtherAct => return self.fault(at, FaultKind::ActForm),
        }
        if let Some(post) = self.posts.get_mut(at.log.index()) {
            post.opened += 1;
        }
    }
}
