//! A verified run, read and judged before it is taken entry by entry.
//!
//! Officers' signatures are most of what a message costs its receiver, and each stands by itself:
//! they are checked on as many threads as the host allows. Which thread took which message changes
//! nothing in what comes out, so a simulation with one thread plays a post with many.

use std::{
    num::NonZeroUsize,
    sync::atomic::{AtomicUsize, Ordering},
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
}

impl Line {
    /// Lets the engine check officers' signatures on so many threads, its own among them.
    ///
    /// One if nothing is said. It changes how soon a long run is taken, and nothing else.
    pub fn set_threads(&mut self, threads: NonZeroUsize) {
        self.threads = threads;
    }

    /// Reads the entries that a checkpoint has just proved, and judges the messages among them.
    pub(super) fn judge(&mut self, log: PostIndex, run: Vec<Staged>, now: Now) -> Vec<Judged> {
        let from = self.logs[log.index()].size();
        let mut judged: Vec<Judged> = (from..)
            .zip(run)
            .map(|(index, staged)| self.read_one(EntryId { log, index }, staged, now))
            .collect();
        judge_officers(&self.charter, log, &mut judged, self.threads);
        judged
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

/// Judges what is due of a run, each message by itself.
fn judge_officers(
    charter: &SignedCharter,
    log: PostIndex,
    run: &mut [Judged],
    threads: NonZeroUsize,
) {
    let due: Vec<(usize, &MessageHeader, &OpenPart)> = run
        .iter()
        .enumerate()
        .filter_map(|(at, one)| one.due().map(|(header, open)| (at, header, open)))
        .collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let from = next.fetch_add(AT_ONCE, Ordering::Relaxed);
            let Some(rest) = due.get(from..).filter(|rest| !rest.is_empty()) else {
                return done;
            };
            for (at, header, open) in rest.iter().take(AT_ONCE) {
                done.push((*at, permitted(charter, log, header, open)));
            }
        }
    };
    let helpers = if due.len() < SHARED_FROM { 0 } else { threads.get() - 1 };
    let done = thread::scope(|scope| {
        // A thread that the system does not give is one helper fewer.
        let helpers: Vec<_> = (0..helpers.min(due.len() / SHARED_FROM))
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        let mut done = work();
        for helper in helpers {
            match helper.join() {
                Ok(part) => done.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    for (at, officers) in done {
        if let Some(one) = run.get_mut(at) {
            one.judgement = Judgement::Officers(officers);
        }
    }
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
