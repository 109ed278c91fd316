//! Reading, handing out work, and putting the report together.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use super::blame::{self, Proof};
use super::report::{Established, FAULTS_MAX, FaultKind, PostReport, Report};
use super::walk::{Late, LateWhat, Walk, rooted};
use super::work::{Batch, Findings, Job};
use super::{Anchor, BodyCheck, Progress, VerifyFault};
use crate::charter::SignedCharter;
use crate::file::{RecordFileError, RecordReader, Row};
use crate::ids::{EntryId, PostIndex};
use crate::key_order::KeyOrderFork;
use crate::merkle::{Frontier, leaf_hash};

/// A batch is handed over at this many jobs,
const BATCH_JOBS: usize = 64;
/// or at this many bytes of bodies and signatures.
const BATCH_BYTES: usize = 256 * 1024;
/// Batches that may wait for each worker.
const QUEUE: usize = 4;
/// The most threads that are used.
const THREADS_MAX: usize = 64;
/// Entries between two reports of progress.
const PROGRESS_ENTRIES: u64 = 8_192;

pub(super) fn verify<R: io::Read>(
    open: &mut dyn FnMut() -> io::Result<R>,
    anchor: &Anchor,
    threads: usize,
    bodies: &dyn BodyCheck,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, VerifyFault> {
    let source = open().map_err(RecordFileError::from)?;
    let mut reader = RecordReader::new(source)?;
    let charter = match reader.next_row()? {
        Some(Row::Charter(file)) => {
            SignedCharter::from_bytes(&file).map_err(VerifyFault::PeerCharter)?
        }
        _ => return Err(VerifyFault::PeerNoCharter),
    };
    if charter.charter().previous.is_some() {
        return Err(VerifyFault::PeerAmendment);
    }
    let posts = charter.post_count();
    reader.expect_posts(posts);
    let mut walk = Walk::new(Arc::new(charter));
    let mut found = Findings::new(posts);
    let workers = threads.clamp(1, THREADS_MAX).saturating_sub(1);
    let (sender, receiver) = sync_channel::<Batch>(QUEUE * workers.max(1));
    let receiver = Mutex::new(receiver);
    std::thread::scope(|scope| {
        let handles: Vec<_> =
            (0..workers).map(|_| scope.spawn(|| work(&receiver, posts, bodies))).collect();
        let sender = (workers > 0).then_some(sender);
        let mut hand = Hand { sender, bodies, batch: None, bytes: 0 };
        let read = read_rows(&mut reader, &mut walk, &mut hand, &mut found, progress);
        hand.flush(&mut found);
        drop(hand);
        for handle in handles {
            // A worker that panicked has checked nothing that could be counted as checked.
            match handle.join() {
                Ok(one) => found.merge(one),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        // A byte changed in the middle shows twice: at the entry that it hit, and at the trailer.
        // What names the entry is worth more than the bare refusal.
        match read {
            Err(VerifyFault::File(error))
                if found.fault_count > 0 && !matches!(error, RecordFileError::LocalFile(_)) =>
            {
                found.fault(walk.newest(), FaultKind::Damaged(error.code()));
                Ok(())
            }
            read => read,
        }
    })?;
    look_up_late(open, &mut walk, &mut found)?;
    let established = established(&walk, anchor)?;
    Ok(report(walk, found, established))
}

/// Hands jobs to the workers, or does them here when they have enough.
struct Hand<'a> {
    sender: Option<SyncSender<Batch>>,
    bodies: &'a dyn BodyCheck,
    batch: Option<Batch>,
    bytes: usize,
}

impl Hand<'_> {
    fn job(&mut self, job: Job, found: &mut Findings) {
        self.bytes = self.bytes.saturating_add(match &job {
            Job::Message { part, .. } => part.body.len().saturating_add(part.auth.len()),
            Job::Checkpoint { .. } | Job::Cosignature { .. } => 0,
        });
        let batch =
            self.batch.get_or_insert_with(|| Batch { jobs: Vec::with_capacity(BATCH_JOBS) });
        batch.jobs.push(job);
        if batch.jobs.len() >= BATCH_JOBS || self.bytes >= BATCH_BYTES {
            self.flush(found);
        }
    }

    fn flush(&mut self, found: &mut Findings) {
        self.bytes = 0;
        let Some(batch) = self.batch.take() else {
            return;
        };
        match &self.sender {
            None => found.run(&batch, self.bodies),
            Some(sender) => match sender.try_send(batch) {
                Ok(()) => {}
                Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) => {
                    found.run(&batch, self.bodies);
                }
            },
        }
    }
}

fn work(receiver: &Mutex<Receiver<Batch>>, posts: usize, bodies: &dyn BodyCheck) -> Findings {
    let mut found = Findings::new(posts.max(crate::entry::POSTS_MAX));
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(batch) => found.run(&batch, bodies),
            Err(_) => return found,
        }
    }
}

fn read_rows<R: io::Read>(
    reader: &mut RecordReader<R>,
    walk: &mut Walk,
    hand: &mut Hand<'_>,
    found: &mut Findings,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), VerifyFault> {
    let (mut entries, mut reported) = (0_u64, 0_u64);
    while let Some(row) = reader.next_row()? {
        let job = match row {
            Row::Charter(file) => {
                walk.amend(&file, found);
                reader.expect_posts(walk.logs.len());
                continue;
            }
            Row::Fork(proof) => {
                check_fork(&proof, walk, found);
                continue;
            }
            Row::Entry { log, leaf, open } => {
                entries += 1;
                walk.entry(log, &leaf, open, found)
            }
            Row::Cosignature(one) => walk.cosignature(one, found),
            Row::Checkpoint { log, size, signature, root } => {
                walk.checkpoint(log, size, signature, root, found)
            }
        };
        if let Some(job) = job {
            hand.job(job, found);
        }
        if entries >= reported + PROGRESS_ENTRIES {
            reported = entries;
            progress(Progress { entries, bytes: reader.position() });
        }
    }
    Ok(())
}

fn check_fork(proof: &[u8], walk: &Walk, found: &mut Findings) {
    let nowhere = EntryId { log: PostIndex(0), index: 0 };
    if let Ok(fork) = KeyOrderFork::decode(proof) {
        return match fork.verify(&walk.orders.all) {
            Ok(party) => found.accuse(party, nowhere, FaultKind::KeyOrderFork),
            Err(error) => found.fault(nowhere, FaultKind::KeyOrderForkProof(error)),
        };
    }
    let proof = match crate::fork::ForkProof::decode(proof) {
        Ok(proof) => proof,
        Err(error) => return found.fault(nowhere, FaultKind::ForkProofMalformed(error)),
    };
    let at = EntryId { log: proof.log(), index: 0 };
    match proof.verify_in(&walk.orders.all) {
        Ok(_) => found.fault(at, FaultKind::Forked),
        Err(error) => found.fault(at, FaultKind::ForkProof(error)),
    }
}

/// Reads the file again for the roots of long ago that the first pass did not have at hand.
fn look_up_late<R: io::Read>(
    open: &mut dyn FnMut() -> io::Result<R>,
    walk: &mut Walk,
    found: &mut Findings,
) -> Result<(), VerifyFault> {
    let mut late = std::mem::take(&mut walk.late);
    if late.is_empty() {
        return Ok(());
    }
    late.sort_by_key(|one| (one.log, one.size));
    let source = open().map_err(RecordFileError::from)?;
    let mut reader = RecordReader::new(source)?;
    let mut frontiers = vec![Frontier::new(); walk.logs.len()];
    let mut done = 0;
    while let Some(row) = reader.next_row()? {
        let Row::Entry { log, leaf, .. } = row else {
            continue;
        };
        let Some(frontier) = frontiers.get_mut(log.index()) else {
            continue;
        };
        frontier.append(leaf_hash(&leaf));
        let size = frontier.size();
        let from = late.partition_point(|one| (one.log, one.size) < (log, size));
        let same = |one: &&Late| (one.log, one.size) == (log, size);
        for one in late.iter().skip(from).take_while(same) {
            done += 1;
            settle_late(one, frontier.root(), walk, found);
        }
    }
    if done < late.len() {
        for one in &late {
            let size = walk.logs.get(one.log.index()).map_or(0, |log| log.frontier.size());
            if let LateWhat::Receipt { at, .. } = one.what
                && (one.size > size || one.size == 0)
            {
                found.fault(at, FaultKind::ReceiptBeyond);
            }
        }
    }
    Ok(())
}

fn settle_late(late: &Late, actual: crate::ids::Hash, walk: &mut Walk, found: &mut Findings) {
    match &late.what {
        LateWhat::Receipt { at, root } if *root == actual => {
            if let Some(state) = walk.logs.get_mut(at.log.index()) {
                state.receipts += 1;
            }
        }
        LateWhat::Cosignature { one, signer } => found.cosignature(one, signer, actual),
        LateWhat::Receipt { at, .. } => {
            let proof = Proof::EntryAnd { log: late.log, size: late.size };
            found.fault_by(*at, FaultKind::ReceiptRoot, proof);
        }
        LateWhat::Checkpoint { signature, given, signer, ended } => {
            let Some((root, rooted)) = rooted(actual, *given) else {
                let at = EntryId { log: late.log, index: late.size };
                return found.fault(at, FaultKind::CheckpointSignature);
            };
            let job = Job::Checkpoint {
                log: late.log,
                size: late.size,
                root,
                signature: *signature,
                rooted,
                signer: signer.clone(),
                ended: ended.clone(),
            };
            found.run(&Batch { jobs: vec![job] }, &super::NoBodyCheck);
        }
    }
}

fn established(walk: &Walk, anchor: &Anchor) -> Result<Established, VerifyFault> {
    let known = match anchor {
        Anchor::Nothing => return Ok(Established::No),
        Anchor::Charter(given) => walk.charters.iter().any(|one| one.hash() == given.hash()),
        Anchor::Words(words) => walk.charters.iter().any(|one| one.hash().0.starts_with(words)),
    };
    if known { Ok(Established::Yes) } else { Err(VerifyFault::PeerOtherLine) }
}

fn report(walk: Walk, mut found: Findings, established: Established) -> Report {
    for (post, log) in (0..=u8::MAX).map(PostIndex).zip(&walk.logs) {
        let signed = found.posts.get(post.index()).map_or(0, |one| one.signed);
        if signed < log.frontier.size() {
            found.fault(EntryId { log: post, index: signed }, FaultKind::TailUnsigned);
        }
    }
    let mut faults = blame::told(&walk, &mut found);
    faults.truncate(FAULTS_MAX);
    let last = walk.charters.last();
    let posts = (0..=u8::MAX).map(PostIndex).zip(&walk.logs).zip(&found.posts);
    let posts = posts.map(|((post, log), checked)| {
        let named = last.and_then(|charter| charter.post(post));
        let party = named.and_then(|named| last?.charter().party(named.party));
        PostReport {
            post,
            name: named.map(|named| named.name.clone()).unwrap_or_default(),
            party: party.map(|party| party.name.clone()).unwrap_or_default(),
            entries: log.frontier.size(),
            root: log.frontier.root(),
            signed: checked.signed,
            checkpoints: checked.checkpoints,
            cosignatures: checked.cosignatures,
            cosigned: checked.cosigned,
            receipts: log.receipts,
            messages: log.messages,
            opened: checked.opened,
            closed: log.closed,
            withheld: log.withheld,
            unknown: log.unknown,
            key_orders: log.key_orders,
            generation: log.generations.number(),
            after_cut_off: log.generations.after(log.frontier.size()),
        }
    });
    let posts = posts.collect();
    let line = last.map_or(crate::ids::LineId([0; 32]), |charter| charter.line_id());
    Report {
        line,
        kind: last.map_or(crate::ids::Kind::Real, |charter| charter.kind()),
        charter: last.map_or(crate::ids::Hash([0; 32]), |charter| charter.hash()),
        established,
        posts,
        officer_signatures: found.officer_signatures,
        renderings_agree: found.renderings_agree,
        renderings_unknown: found.renderings_unknown,
        faults,
        fault_count: found.fault_count,
    }
}
