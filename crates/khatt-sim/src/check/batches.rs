//! What a post has made durable: its own words, and others' as they wrote them.

use khatt_core::{
    line::DraftId,
    store::{Batch, Reader, StateChange, StoredEntry},
};
use khatt_forms::Body;
use khatt_record::{Entry, EntryId, PostIndex, commit::OpenPart, entry::Act, order::Node};

use crate::world::World;

/// Begins the state keys of entries that came ahead.
const AHEAD: &str = "ahead/";

impl World {
    /// Looks at a batch that has just become durable.
    pub(crate) fn check_batch(&mut self, post: PostIndex, batch: &Batch) {
        for stored in &batch.entries {
            self.check_entry(post, stored);
        }
        for change in &batch.state {
            let ahead = &mut self.watch.ahead[post.index()];
            match change {
                StateChange::Put(key, _) if key.starts_with(AHEAD) => {
                    ahead.insert(key.clone());
                }
                StateChange::Delete(key) => {
                    ahead.remove(key);
                }
                StateChange::Put(..) => {}
            }
        }
        for (name, proof) in &batch.evidence {
            self.check_evidence(post, name, proof);
        }
        self.tally.check("what is held is what was written");
        if !batch.entries.is_empty() {
            self.check_order(post);
        }
    }

    fn check_entry(&mut self, post: PostIndex, stored: &StoredEntry) {
        let EntryId { log, index } = stored.id;
        let Ok(at) = usize::try_from(index) else { return };
        let held = &mut self.watch.held[post.index()][log.index()];
        if held.len() != at {
            let what = format!("entry {} follows {} entries", stored.id, held.len());
            return self.broken(post, "a log grows by one entry after another", what);
        }
        held.push(stored.leaf_hash);
        let known = self.watch.written[log.index()].get(at).copied();
        if log == post {
            self.tally.entries += 1;
            match known {
                None if self.watch.written[log.index()].len() == at => {
                    self.watch.written[log.index()].push(stored.leaf_hash);
                }
                Some(known) if known == stored.leaf_hash => {}
                _ if self.watch.restored.contains(&post) => {
                    // It may write anew what it forgot, as long as nobody sees it.
                    self.watch.rewritten.insert(post);
                }
                _ => {
                    let what = format!("entry {} is written a second time", stored.id);
                    return self.broken(post, "a log is never rewritten", what);
                }
            }
        } else if self.watch.is_honest(log) && known != Some(stored.leaf_hash) {
            let what = match known {
                None => format!("it holds entry {}, which {log} never wrote", stored.id),
                Some(_) => format!("it holds entry {}, of which {log} wrote another", stored.id),
            };
            return self.broken(post, "no honest post is in a fork", what);
        }
        let Ok(entry) = Entry::decode(&stored.leaf, self.posts.len(), log) else {
            if self.watch.is_honest(log) {
                let what = format!("entry {} cannot be read", stored.id);
                self.broken(post, "an honest post writes entries", what);
            }
            return;
        };
        self.watch.nodes.entry(stored.leaf_hash).or_insert_with(|| Node::of(stored.id, &entry));
        self.check_kept(post, stored, &entry);
    }

    /// Looks at what an entry says, and at what is kept beside it.
    fn check_kept(&mut self, post: PostIndex, stored: &StoredEntry, entry: &Entry) {
        let log = stored.id.log;
        match entry {
            Entry::Message(header) => {
                let open = stored.open.as_ref().and_then(|open| OpenPart::decode(&open.0).ok());
                let Some(open) = open else {
                    self.watch.withheld.insert(log);
                    if self.watch.is_honest(log) {
                        let what = format!("message {} is held without its text", stored.id);
                        self.broken(post, "a message is held whole", what);
                    }
                    return;
                };
                if open.check_against(header).is_err() {
                    let what = format!("message {} is not what its entry commits to", stored.id);
                    return self.broken(post, "a message is held whole", what);
                }
                if !self.watch.messages[post.index()].contains(&stored.id)
                    && header.act == Act::Release
                {
                    self.watch.messages[post.index()].push(stored.id);
                }
                if log == post && header.act != Act::Service {
                    self.check_release(post, stored.id, &open);
                }
            }
            Entry::Receipt(receipt) if log == post => {
                let durable = self.posts[post.index()].disk.durable(self.line, receipt.log);
                self.tally.check("a receipt stands on durable bytes");
                if durable < receipt.size {
                    let what = format!(
                        "receipt {} for {} entries of {}, of which {durable} are durable",
                        stored.id, receipt.size, receipt.log
                    );
                    self.broken(post, "a receipt stands on durable bytes", what);
                }
            }
            Entry::Refusal(refusal) if log == post && self.watch.is_honest(refusal.entry.log) => {
                let what = format!("{} of an honest post is refused", refusal.entry);
                self.broken(post, "an honest post's entry is not refused", what);
            }
            _ => {}
        }
    }

    /// What leaves in officers' names is what they signed, and once.
    fn check_release(&mut self, post: PostIndex, id: EntryId, open: &OpenPart) {
        self.tally.check("what is released was signed for");
        let draft = DraftId(open.seed.draft_id());
        let Some(filled) = self.watch.allowed[post.index()].get(&draft) else {
            let what = format!("message {id} was not signed by all who must");
            return self.broken(post, "what is released was signed for", what);
        };
        let same = Body::decode(&open.body).is_ok_and(|body| body.filled == *filled);
        if !same {
            let what = format!("message {id} does not say what officers signed");
            return self.broken(post, "what is released was signed for", what);
        }
        let before = self.watch.released[post.index()].insert(draft, id);
        if before.is_some_and(|before| before != id) && !self.watch.rewritten.contains(&post) {
            let what = format!("message {id} was released before");
            self.broken(post, "a draft is released once", what);
        }
    }

    fn check_evidence(&mut self, post: PostIndex, name: &str, proof: &[u8]) {
        self.tally.check("a proof accuses nobody honest");
        let Ok(proof) = khatt_record::fork::ForkProof::decode(proof) else {
            return;
        };
        match proof.verify(&self.charter) {
            Ok(accused) if self.watch.is_honest(accused.post) => {
                let what = format!("it keeps a proof {name} against honest {}", accused.post);
                self.broken(post, "no honest post is in a fork", what);
            }
            Ok(_) => {}
            Err(error) => {
                let what = format!("it keeps a proof {name} that does not hold: {error}");
                self.broken(post, "every fork ends in a proof", what);
            }
        }
    }

    /// A post starts: everything that was durable is there.
    pub(crate) fn check_start(&mut self, post: PostIndex) {
        self.tally.check("nothing durable is lost");
        self.watch.epochs[post.index()].clear();
        let disk = self.posts[post.index()].disk.clone();
        let restored = self.watch.restored.contains(&post);
        let ahead = disk.state(self.line, AHEAD).unwrap_or_default();
        self.watch.ahead[post.index()] = ahead.into_iter().map(|(key, _)| key).collect();
        for log in self.all_posts() {
            let size = disk.durable(self.line, log);
            let held = self.watch.held[post.index()][log.index()].len() as u64;
            if size < held {
                if !restored {
                    let what = format!("{held} entries of {log} were durable, {size} are there");
                    return self.broken(post, "nothing durable is lost", what);
                }
                let size = usize::try_from(size).unwrap_or(0);
                self.watch.held[post.index()][log.index()].truncate(size);
                self.watch.messages[post.index()]
                    .retain(|id| id.log != log || id.index < size as u64);
                self.watch.order[post.index()] = crate::check::order::Shown::default();
            }
            // What was written and whose sync nobody was told of.
            let more = size.saturating_sub(held);
            if more > 0
                && let Ok(found) = disk.entries(self.line, log, held, usize::MAX)
            {
                for stored in found {
                    self.check_entry(post, &stored);
                }
            }
        }
        if restored {
            // What it received and lost with its machine must come again.
            self.watch.receipted[post.index()].clear();
        }
        self.check_order(post);
    }
}
