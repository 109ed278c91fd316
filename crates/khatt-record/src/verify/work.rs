//! The part of a verification that any thread can do: signatures, commitments, bodies.

use std::sync::Arc;

use super::report::{Blame, FAULTS_MAX, Fault, FaultKind};
use super::{BodyCheck, BodyFinding};
use crate::auth::{AuthError, check_auth};
use crate::charter::SignedCharter;
use crate::checkpoint::{Checkpoint, Origin};
use crate::commit::OpenPart;
use crate::entry::MessageHeader;
use crate::ids::{EntryId, Hash, PostIndex};

/// One thing to check, and where it stands.
pub(super) enum Job {
    Checkpoint { log: PostIndex, size: u64, root: Hash, signature: [u8; 64], rooted: Rooted },
    Message { at: EntryId, header: MessageHeader, part: OpenPart },
}

/// Where a checkpoint's root comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rooted {
    /// From the entries of the file.
    Entries,
    /// From the row, because it is another than that of the entries.
    Row,
}

/// Jobs that are handed over together, all under one charter.
pub(super) struct Batch {
    pub(super) charter: Arc<SignedCharter>,
    pub(super) origins: Arc<Vec<Option<Origin>>>,
    pub(super) jobs: Vec<Job>,
}

/// What one thread found.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) faults: Vec<Fault>,
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
    pub(super) opened: u64,
}

impl Findings {
    pub(super) fn new(posts: usize) -> Self {
        Self { posts: vec![PostFindings::default(); posts], ..Self::default() }
    }

    pub(super) fn fault(&mut self, at: EntryId, kind: FaultKind) {
        let blame = if kind.is_of_file() { Blame::File } else { Blame::Post(at.log) };
        self.fault_count = self.fault_count.saturating_add(1);
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault { blame, at, kind });
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
            into.opened += from.opened;
        }
    }

    pub(super) fn run(&mut self, batch: &Batch, bodies: &dyn BodyCheck) {
        for job in &batch.jobs {
            match job {
                Job::Checkpoint { log, size, root, signature, rooted } => {
                    self.checkpoint(batch, *log, (*size, *root), signature, *rooted);
                }
                Job::Message { at, header, part } => {
                    self.message(&batch.charter, *at, header, part, bodies);
                }
            }
        }
    }

    fn checkpoint(
        &mut self,
        batch: &Batch,
        log: PostIndex,
        (size, root): (u64, Hash),
        signature: &[u8; 64],
        rooted: Rooted,
    ) {
        let at = EntryId { log, index: size };
        let origin = batch.origins.get(log.index()).and_then(Option::as_ref);
        let (Some(origin), Some(key)) = (origin, batch.charter.log_key(log)) else {
            return self.fault(at, FaultKind::NoSuchPost);
        };
        let text = Checkpoint { origin: origin.clone(), size, root }.note_text();
        match (key.verify(text.as_bytes(), signature), rooted) {
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

    fn message(
        &mut self,
        charter: &SignedCharter,
        at: EntryId,
        header: &MessageHeader,
        part: &OpenPart,
        bodies: &dyn BodyCheck,
    ) {
        match check_auth(charter, at.log, header, part) {
            Ok(verified) => self.officer_signatures += verified.officers().len() as u64,
            Err(AuthError::PeerOpen(error)) => return self.fault(at, FaultKind::OpenPart(error)),
            Err(error) => return self.fault(at, FaultKind::Officers(error)),
        }
        match bodies.check(charter, &part.body) {
            BodyFinding::Agrees => self.renderings_agree += 1,
            BodyFinding::Unknown => self.renderings_unknown += 1,
            BodyFinding::Differs => return self.fault(at, FaultKind::RenderingDiffers),
            BodyFinding::Malformed => return self.fault(at, FaultKind::BodyMalformed),
        }
        if let Some(post) = self.posts.get_mut(at.log.index()) {
            post.opened += 1;
        }
    }
}
