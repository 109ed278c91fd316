//! What must hold once nothing has gone wrong for a while.

use khatt_core::{
    alarm::{Cause, Nature},
    ladder::Level,
    line::Line,
    store::Reader,
};
use khatt_record::{Entry, EntryId, PostIndex, commit::OpenPart};

use crate::world::World;

impl World {
    /// Looks at every post at the end of the calm.
    pub(crate) fn check_the_end(&mut self) {
        for post in self.all_posts() {
            if self.watch.is_honest(post) {
                self.check_post_at_end(post);
            }
        }
        self.check_forks();
    }

    fn check_post_at_end(&mut self, post: PostIndex) {
        if self.posts[post.index()].line.is_none() {
            return self.broken(post, "a post starts again", "it is not running".to_owned());
        }
        self.check_order_now(post);
        self.check_receipted_held(post);
        self.check_arrived(post);
        self.check_alarms_clear(post);
    }

    /// Everything that this post ever receipted is still here, whole.
    fn check_receipted_held(&mut self, post: PostIndex) {
        let disk = self.posts[post.index()].disk.clone();
        for id in self.watch.receipted[post.index()].clone() {
            self.tally.check("nothing receipted is lost");
            let found = disk.entry(self.line, id).ok().flatten();
            let whole = found.is_some_and(|stored| {
                let open = stored.open.and_then(|open| OpenPart::decode(&open.0).ok());
                match (Entry::decode(&stored.leaf, self.posts.len(), id.log), open) {
                    (Ok(Entry::Message(header)), Some(open)) => open.check_against(&header).is_ok(),
                    _ => false,
                }
            });
            if !whole {
                let what = format!("message {id} was receipted and is gone");
                return self.broken(post, "nothing receipted is lost", what);
            }
        }
    }

    /// Tells whether two posts can speak: both are their parties' own and sign.
    fn speak(&self, a: PostIndex, b: PostIndex) -> bool {
        a != b && [a, b].iter().all(|post| self.posts[post.index()].is_sound())
    }

    /// What one sound post holds, every other one holds as well; and its author knows.
    fn check_arrived(&mut self, post: PostIndex) {
        for peer in self.all_posts() {
            if !self.speak(post, peer) {
                continue;
            }
            self.tally.check("once faults stop, everything arrives");
            for log in self.all_posts() {
                // A text that its author withheld is not for others to hand on.
                let forked = self.forked(log) || self.watch.withheld.contains(&log);
                let (mine, theirs) = (
                    self.watch.held[post.index()][log.index()].len(),
                    self.watch.held[peer.index()][log.index()].len(),
                );
                if mine != theirs && !forked {
                    let what = format!("{mine} entries of {log} here, {theirs} at {peer}");
                    return self.broken(post, "once faults stop, everything arrives", what);
                }
            }
            if let Some(entry) = self.unreceipted(post, peer) {
                let what = format!("{peer} has not receipted {entry}");
                return self.broken(post, "once faults stop, everything arrives", what);
            }
        }
    }

    /// Tells whether somebody was shown another history of a log, or said that he was.
    fn forked(&self, log: PostIndex) -> bool {
        !self.watch.is_honest(log) && {
            let lines = self.posts.iter().filter_map(|post| post.line.as_ref());
            lines.flat_map(Line::log_views).any(|view| view.log == log && view.frozen)
        }
    }

    /// Returns a message of a post of which it has no receipt by another.
    fn unreceipted(&self, post: PostIndex, peer: PostIndex) -> Option<EntryId> {
        let now = self.now_of(post);
        let line = self.posts[post.index()].line.as_ref()?;
        let own = self.watch.messages[post.index()].iter().filter(|id| id.log == post);
        own.copied().find(|id| {
            line.ladder(*id, now).is_none_or(|ladder| {
                ladder.post(peer).is_none_or(|rungs| rungs.reached(Level::Received).is_none())
            })
        })
    }

    /// Conditions that are over are no alarms any more.
    fn check_alarms_clear(&mut self, post: PostIndex) {
        let Some(line) = self.posts[post.index()].line.as_ref() else {
            return;
        };
        self.tally.check("every alarm clears");
        let alarms: Vec<Cause> = line.alarms().map(|alarm| alarm.cause).collect();
        let lasting = alarms.into_iter().find(|cause| {
            cause.nature() == Nature::Condition
                && self.is_present(post, *cause)
                && !self.may_last(post, *cause)
        });
        if let Some(cause) = lasting {
            let what = format!("{cause} is still there");
            self.broken(post, "every alarm clears", what);
        }
    }

    fn is_present(&self, post: PostIndex, cause: Cause) -> bool {
        use khatt_core::alarm::State;
        let Some(line) = self.posts[post.index()].line.as_ref() else {
            return false;
        };
        line.alarms().any(|alarm| {
            alarm.cause == cause
                && matches!(alarm.state(), State::Unacknowledged | State::Acknowledged)
        })
    }

    /// Tells whether what an alarm is about is still so.
    fn may_last(&self, post: PostIndex, cause: Cause) -> bool {
        // Whoever is hostile, or signs nothing more, is an alarm for as long as he is.
        let gone = |peer: PostIndex| !self.posts[peer.index()].is_sound();
        if gone(post) {
            return true;
        }
        match cause {
            Cause::PeerForked { .. } | Cause::LocalRolledBack | Cause::LocalDamage => true,
            Cause::PeerShrank { post: peer }
            | Cause::PeerGap { post: peer }
            | Cause::PeerSkew { post: peer }
            | Cause::PeerFlood { post: peer }
            | Cause::PeerSilent { post: peer, .. }
            | Cause::PeerReadBackDiffers { post: peer, .. }
            | Cause::LineTestAmber { post: peer }
            | Cause::LineTestRed { post: peer }
            | Cause::LineDown { post: peer }
            | Cause::EpochOld { post: peer } => gone(peer),
            Cause::IncomingUnacknowledged { message, .. } => !self.watch.is_honest(message.log),
            _ => false,
        }
    }

    /// Two histories of one log at two honest posts: one of them holds the proof.
    fn check_forks(&mut self) {
        let honest: Vec<PostIndex> = self
            .all_posts()
            .into_iter()
            .filter(|post| self.watch.is_honest(*post) && self.posts[post.index()].is_sound())
            .collect();
        for log in self.all_posts() {
            let differ = honest.iter().any(|a| {
                honest.iter().any(|b| {
                    let (ours, theirs) = (
                        &self.watch.held[a.index()][log.index()],
                        &self.watch.held[b.index()][log.index()],
                    );
                    ours.iter().zip(theirs).any(|(ours, theirs)| ours != theirs)
                })
            });
            if !differ {
                continue;
            }
            self.tally.check("every fork ends in a proof");
            let proved = honest.iter().any(|post| {
                let line = self.posts[post.index()].line.as_ref();
                let kept = line.and_then(|line| line.evidence_kept().ok()).unwrap_or_default();
                kept.iter().any(|(_, bytes)| {
                    khatt_record::fork::ForkProof::decode(bytes).is_ok_and(|proof| {
                        proof.log() == log && proof.verify(&self.charter).is_ok()
                    })
                })
            });
            if !proved {
                let what = format!("two histories of {log} are held and nobody has the proof");
                return self.broken(log, "every fork ends in a proof", what);
            }
        }
    }
}
