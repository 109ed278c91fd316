//! What people are told: that a message came, was receipted, understood; that something is wrong.

use khatt_core::{
    alarm::{Cause, ChangeKind},
    clocks::{Owes, StepKind},
    line::Event,
    store::Reader,
};
use khatt_record::{Entry, EntryId, PostIndex};

use crate::{post::ahead_key, world::World};

impl World {
    /// Looks at what an engine tells people.
    pub(crate) fn check_event(&mut self, post: PostIndex, event: &Event) {
        match event {
            Event::Receipted { entry, by, receipt } => {
                self.check_receipted(post, *entry, *by, *receipt);
            }
            Event::Received { entry, .. } => self.check_received(post, *entry),
            Event::Level { entry, by, level, proof } => {
                self.tally.check("a step that is shown was taken");
                let taken = self.watch.meant.contains(&(*by, *entry, *level));
                if self.watch.is_honest(*by) && !(taken && proof.log == *by) {
                    let what = format!("A{level} of {by} on {entry} is shown: nobody took it");
                    self.broken(post, "nothing is shown that was not so", what);
                }
            }
            Event::Refused { entry, by, .. } if self.watch.is_honest(*by) => {
                let what = format!("{by} is said to refuse {entry}");
                self.broken(post, "nothing is shown that was not so", what);
            }
            Event::Escalate(step) if step.kind == StepKind::Silence => {
                self.check_silence(post, step.key.message, step.key.owes);
            }
            Event::Alarm(change) => {
                if matches!(change.kind, ChangeKind::Raised(_) | ChangeKind::Returned) {
                    self.check_alarm(post, change.cause);
                }
            }
            _ => {}
        }
    }

    fn check_receipted(
        &mut self,
        post: PostIndex,
        entry: EntryId,
        by: PostIndex,
        receipt: EntryId,
    ) {
        self.tally.check("a receipt that is shown stands on durable bytes");
        if !self.watch.is_honest(by) {
            return;
        }
        self.watch.receipted[by.index()].insert(entry);
        if self.watch.restored.contains(&by) {
            return;
        }
        let disk = &self.posts[by.index()].disk;
        let held = disk.durable(self.line, entry.log) > entry.index
            || self.watch.ahead[by.index()].contains(&ahead_key(entry));
        if !held {
            let what = format!("{by} is said to have {entry}, and has it not");
            return self.broken(post, "a receipt stands on durable bytes", what);
        }
        let given = disk.entry(self.line, receipt).ok().flatten();
        let given = given.and_then(|held| Entry::decode(&held.leaf, self.posts.len(), by).ok());
        let covers = match given {
            Some(Entry::Receipt(given)) => given.log == entry.log && given.size > entry.index,
            Some(Entry::Ahead(given)) => given.entry == entry,
            // The disk may have turned a bit of it since.
            _ => disk.is_rotten(receipt),
        };
        if !covers {
            let what = format!("{receipt} of {by} is no receipt for {entry}");
            self.broken(post, "nothing is shown that was not so", what);
        }
    }

    /// A message that is shown can be read, and was released.
    fn check_received(&mut self, post: PostIndex, entry: EntryId) {
        self.tally.check("a message that is shown was released");
        let line = self.posts[post.index()].line.as_ref();
        let view = line.and_then(|line| line.message_view(entry).ok()).flatten();
        let Some(view) = view else {
            if !self.posts[post.index()].disk.is_rotten(entry) {
                let what = format!("message {entry} is told of and cannot be read");
                self.broken(post, "nothing is shown that was not so", what);
            }
            return;
        };
        let unreleased = self.watch.unreleased.contains(&(post, entry));
        if view.auth.is_none() || unreleased {
            let what = format!("message {entry} is told of, and nobody released it");
            self.broken(post, "nothing is shown that was not so", what);
        }
    }

    /// Silence is said only of who has said nothing.
    fn check_silence(&mut self, post: PostIndex, message: EntryId, owes: Owes) {
        let Owes::Peer(peer) = owes else {
            return;
        };
        self.tally.check("silence is silence");
        let now = self.now_of(post);
        let ladder =
            self.posts[post.index()].line.as_ref().and_then(|line| line.ladder(message, now));
        if ladder.is_some_and(|ladder| ladder.is_met_by(peer)) {
            let what = format!("{peer} is said to be silent on {message}, and answered");
            self.broken(post, "silence is recorded as silence", what);
        }
    }

    fn check_alarm(&mut self, post: PostIndex, cause: Cause) {
        self.tally.check("an alarm has a cause");
        if !self.has_cause(post, cause) {
            self.broken(post, "every alarm has a cause", format!("{cause} without any"));
        }
    }

    fn has_cause(&self, post: PostIndex, cause: Cause) -> bool {
        let watch = &self.watch;
        let hostile = |peer: &PostIndex| watch.hostile.contains(peer);
        let restored = |peer: &PostIndex| watch.restored.contains(peer);
        let anybody = !watch.hostile.is_empty();
        match cause {
            Cause::PeerForked { post } => hostile(&post),
            // What a peer says that it holds is believed by when it comes, not by when it was said:
            // old frames that come late, twice, say of an honest post that its log is shorter.
            Cause::PeerShrank { post: peer } => {
                let way = (peer, post);
                let late = watch.disturbed.contains(&way) || watch.doubled.contains(&way);
                hostile(&peer) || restored(&peer) || late
            }
            // What a carrier altered says nothing of the post in whose name it comes.
            Cause::PeerBadSignature { post: peer } => hostile(&peer) || restored(&peer),
            // A frame's first byte is read before anything about it is proved.
            Cause::PeerMalformed { post: peer } => {
                hostile(&peer) || watch.altered.contains(&(peer, post))
            }
            Cause::PeerBadOfficer { post: peer }
            | Cause::PeerReleaseRule { post: peer }
            | Cause::PeerUnopenable { post: peer }
            | Cause::PeerBadCosignature { post: peer }
            | Cause::PeerRefused { post: peer }
            | Cause::PeerFlood { post: peer }
            | Cause::PeerFormUnknown { post: peer, .. }
            | Cause::LineTestWrong { post: peer } => hostile(&peer),
            Cause::PeerRenderingDiffers { message } => hostile(&message.log),
            Cause::PeerOtherLine { post: peer } => {
                hostile(&peer)
                    || watch.drilled.contains(&(peer, post))
                    || watch.altered.contains(&(peer, post))
                    || restored(&post)
            }
            Cause::PeerBadReceipt { post: peer } => {
                // Who was shown another history of a third log names another root in good faith.
                anybody || restored(&peer) || restored(&post)
            }
            Cause::PeerRepeats { post: peer } => {
                hostile(&peer) || watch.doubled.contains(&(peer, post))
            }
            Cause::PeerSkew { post: peer } => {
                hostile(&peer) || watch.stepped.contains(&peer) || watch.stepped.contains(&post)
            }
            Cause::PeerReadBackDiffers { .. } => true,
            Cause::CarrierCorrupt { .. } => {
                anybody
                    || watch.altered.iter().chain(&watch.drilled).any(|(_, to)| *to == post)
                    || !watch.restored.is_empty()
            }
            Cause::LocalDiskFull => watch.full.contains(&post),
            Cause::LocalDamage => watch.rotten.contains(&post),
            Cause::LocalRolledBack => restored(&post),
            Cause::LocalClockStep => watch.stepped.contains(&post),
            Cause::TooMany { .. } => anybody,
            Cause::EpochOld { post: peer } => hostile(&peer),
            _ => true,
        }
    }
}
