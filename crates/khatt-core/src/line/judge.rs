//! A verified run, read and judged before it is taken entry by entry.
//!
//! Officers' signatures are most of what a message costs its receiver, and each stands by itself:
//! they are checked on as many threads as the host allows. Which thread took which message changes
//! nothing in what comes out, so a simulation with one thread plays a post with many.

use std::{
    num::NonZeroUsize,
    sync::{
        Mutex, PoisonError, TryLockError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use khatt_forms::Body;
use khatt_record::{
    SignedCharter,
    auth::{AuthError, VerifiedAuth, check_auth},
    commit::OpenPart,
    entry::{Entry, MessageHeader},
    ids::{EntryId, Hash, PostIndex},
};

use super::{Line, logs::Staged, people};
use crate::{alarm::Cause, time::Now};

/// With fewer messages than this, waking another thread costs more than it spares.
const SHARED_FROM: usize = 16;
/// Messages that a thread takes at a time.
const AT_ONCE: usize = 4;

/// A message whose officers were checked, and its body where it can be read.
pub(super) struct Permitted {
    pub(super) auth: VerifiedAuth,
    pub(super) body: Option<Body>,
}

/// Whether a message is what its entry commits to, within its quota, and properly released.
pub(super) enum Judgement {
    /// Not of a message, or not judged yet.
    None,
    Unopenable,
    OverQuota,
    Officers(Result<Permitted, Cause>),
}

/// One entry of a run.
pub(super) struct Judged {
    pub(super) leaf: Vec<u8>,
    pub(super) hash: Hash,
    pub(super) open: Option<OpenPart>,
    /// `None` if it is signed by its author and yet no entry.
    pub(super) entry: Option<Entry>,
    pub(super) judgement: Judgement,
}

impl Judged {
    /// What is still to be judged: header and opened part.
    fn due(&self) -> Option<(&MessageHeader, &OpenPart)> {
        match (&self.entry, &self.open, &self.judgement) {
            (Some(Entry::Message(header)), Some(open), Judgement::None) => Some((header, open)),
            _ => None,
        }
    }

    /// Checks officers and form, if that was not done.
    fn judge(&mut self, charter: &SignedCharter, log: PostIndex) {
        if let Some((header, open)) = self.due() {
            let officers = permitted(charter, log, header, open);
            self.judgement = Judgement::Officers(officers);
        }
    }
}

impl Line {
    /// Lets the engine check officers' signatures on so many threads, its own among them.
    ///
    /// One if nothing is said. It changes how soon a long run is taken, and nothing else.
    pub fn set_threads(&mut self, threads: NonZeroUsize) {
        self.threads = threads;
    }

    /// Reads the entries that a checkpoint has just proved, and counts the messages among them.
    pub(super) fn read_run(&mut self, log: PostIndex, run: Vec<Staged>, now: Now) -> Vec<Judged> {
        let from = self.logs[log.index()].size();
        (from..)
            .zip(run)
            .map(|(index, staged)| self.read_one(EntryId { log, index }, staged, now))
            .collect()
    }

    /// Reads one entry: a message must open as its entry commits to, and be within its quota.
    fn read_one(&mut self, id: EntryId, staged: Staged, now: Now) -> Judged {
        let Staged { leaf, hash, open } = staged;
        let entry = Entry::decode(&leaf, self.logs.len(), id.log).ok();
        let judgement = match &entry {
            Some(Entry::Message(header)) => {
                match open.as_ref().filter(|open| open.check_against(header).is_ok()) {
                    None => Judgement::Unopenable,
                    Some(open) => {
                        let bytes = open.body.len() + open.auth.len();
                        // One that came ahead was counted then.
                        let was_ahead = self.logs[id.log.index()].ahead.contains_key(&id.index);
                        if was_ahead
                            || self.people.within_quota(id.log, header.precedence, bytes, now)
                        {
                            Judgement::None
                        } else {
                            Judgement::OverQuota
                        }
                    }
                }
            }
            _ => Judgement::None,
        };
        Judged { leaf, hash, open, entry, judgement }
    }
}

/// Checks a message's officers, and that its form may travel under its act.
///
/// What the post itself sends, or one officer alone, is only what a line test or a step of the
/// ladder needs: else either would be a way around the charter's release rule.
pub(super) fn permitted(
    charter: &SignedCharter,
    log: PostIndex,
    header: &MessageHeader,
    open: &OpenPart,
) -> Result<Permitted, Cause> {
    let auth = check_auth(charter, log, header, open).map_err(|fault| officer_cause(log, fault))?;
    let body = Body::decode(&open.body).ok();
    if people::act_fits(header.act, body.as_ref()) {
        Ok(Permitted { auth, body })
    } else {
        Err(Cause::PeerReleaseRule { post: log })
    }
}

/// Judges what is due of a run, and hands its entries to `take` in their order.
///
/// Other threads judge ahead while entries are taken; this one judges as well where they have not
/// come yet. Each message is judged by itself, so it does not matter by whom.
pub(super) fn in_order(
    charter: &SignedCharter,
    log: PostIndex,
    run: Vec<Judged>,
    threads: NonZeroUsize,
    mut take: impl FnMut(Judged),
) {
    let due = run.iter().filter(|one| one.due().is_some()).count();
    let helpers = (threads.get() - 1).min(due / SHARED_FROM);
    if helpers == 0 {
        for mut one in run {
            one.judge(charter, log);
            take(one);
        }
        return;
    }
    let mut rest = run.into_iter();
    let blocks: Vec<Mutex<Vec<Judged>>> =
        std::iter::from_fn(|| Some(rest.by_ref().take(AT_ONCE).collect::<Vec<_>>()))
            .take_while(|block| !block.is_empty())
            .map(Mutex::new)
            .collect();
    let next = AtomicUsize::new(0);
    // Judges the next block that nobody has begun; one that is held is being judged or taken.
    let help = || {
        let block = blocks.get(next.fetch_add(1, Ordering::Relaxed));
        if let Some(Ok(mut block)) = block.map(Mutex::try_lock) {
            block.iter_mut().for_each(|one| one.judge(charter, log));
        }
        block.is_some()
    };
    thread::scope(|scope| {
        for _ in 0..helpers {
            // A thread that the system does not give is one helper fewer.
            let _ = thread::Builder::new().spawn_scoped(scope, || while help() {});
        }
        for block in &blocks {
            let mut held = loop {
                match block.try_lock() {
                    Ok(held) => break held,
                    Err(TryLockError::Poisoned(held)) => break held.into_inner(),
                    // A helper is at it: there may be another to judge meanwhile.
                    Err(TryLockError::WouldBlock) if help() => {}
                    Err(TryLockError::WouldBlock) => {
                        break block.lock().unwrap_or_else(PoisonError::into_inner);
                    }
                }
            };
            let entries = std::mem::take(&mut *held);
            drop(held);
            for mut one in entries {
                one.judge(charter, log);
                take(one);
            }
        }
    });
}

/// What an unsatisfied charter means: a bad signature, or a rule that was not kept.
fn officer_cause(post: PostIndex, fault: AuthError) -> Cause {
    match fault {
        AuthError::PeerTooFew { .. }
        | AuthError::PeerNotReleased
        | AuthError::PeerNoEmergency
        | AuthError::PeerNeedless
        | AuthError::PeerOtherRole(_)
        | AuthError::PeerExpired(_) => Cause::PeerReleaseRule { post },
        _ => Cause::PeerBadOfficer { post },
    }
}
