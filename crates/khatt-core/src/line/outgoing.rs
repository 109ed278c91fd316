//! From our log to the peers: appending, signing, and streaming what each peer lacks.
//!
//! Nothing leaves before it is durable here: frames are built only from durable entries, and only
//! under a checkpoint that is durable too.

use khatt_record::{
    checkpoint::Checkpoint,
    commit::OpenPart,
    entry::{Act, Entry, Epoch, EpochRecipient, MessageHeader, Prekey},
    ids::{EntryId, Hash, PostIndex, Precedence},
    merkle::{Frontier, leaf_hash},
    seal::{
        CapsuleContext, EpochNumber, FrameContext, Item, LeanMessage, LeanReceipt, PrekeySecret,
        SendEpoch, seal_capsule_frame, seal_frame,
    },
};

use super::{Due, Line, Output, Route, epochs};
use crate::{
    store::{Sealed, StateChange, StoredCheckpoint, StoredEntry},
    time::Now,
};

/// Bytes of entries after which a frame is closed.
const FRAME_FILL: usize = 192 << 10;
/// Entries after which a frame is closed.
const FRAME_ENTRIES: u64 = 512;
/// How far back from a frame's end a checkpoint is looked for first.
const CHECKPOINTS_NEAR: u64 = 32;
/// Entries that may be on their way to a peer unconfirmed.
const WINDOW: u64 = 8192;
/// Just-written entries kept in memory, so that the live path reads nothing back.
const RECENT_ENTRIES: usize = 1024;
/// A FLASH this far ahead of what the peer has is sent before its predecessors.
const FLASH_AHEAD: u64 = 8;

impl Line {
    /// Appends an entry to our own log in the batch under way and returns its index.
    pub(super) fn append_own(&mut self, entry: &Entry, open: Option<&OpenPart>) -> u64 {
        let leaf = entry.encode();
        let hash = leaf_hash(&leaf);
        let own = self.own;
        let log = &mut self.logs[own.index()];
        let index = log.size();
        log.append(hash);
        let stored = StoredEntry {
            id: EntryId { log: own, index },
            leaf,
            leaf_hash: hash,
            open: open.map(|open| Sealed(open.encode())),
        };
        self.batch.entries.push(stored.clone());
        self.recent.push_back(stored);
        while self.recent.len() > RECENT_ENTRIES {
            self.recent.pop_front();
        }
        self.touched.insert(own);
        index
    }

    /// Signs our log as it stands, into the batch under way.
    pub(super) fn sign_own(&mut self) -> StoredCheckpoint {
        let own = self.own;
        let log = &mut self.logs[own.index()];
        let size = log.size();
        if let Some(kept) = log.checkpoint
            && kept.size == size
        {
            return kept;
        }
        let root = log.frontier.root();
        let origin = self.origins[own.index()].clone();
        let signed = Checkpoint { origin, size, root }.sign(self.parts.signer.as_ref());
        let signature = signed.signature;
        let checkpoint = StoredCheckpoint { log: own, size, root, signature };
        log.checkpoint = Some(checkpoint);
        self.batch.checkpoints.push(checkpoint);
        checkpoint
    }

    /// Appends a message of ours. A FLASH is signed at its own size, so that it can travel ahead.
    pub(super) fn append_message(&mut self, header: MessageHeader, open: &OpenPart) -> EntryId {
        let precedence = header.precedence;
        let act = header.act;
        let index = self.append_own(&Entry::Message(header), Some(open));
        if precedence == Precedence::Flash && act != Act::Service {
            let signed = self.sign_own();
            let frontier = self.logs[self.own.index()].frontier.encode();
            let mut value = signed.signature.to_vec();
            value.extend_from_slice(&frontier);
            self.batch.state.push(StateChange::Put(flash_key(index), Sealed(value.clone())));
            self.flashes.insert(index, value);
        }
        if let Some(sending) = &mut self.epochs.sending {
            sending.messages = sending.messages.saturating_add(1);
        }
        EntryId { log: self.own, index }
    }

    /// Streams to one connected peer whatever it lacks of our log, most urgent first.
    pub(super) fn pump(&mut self, peer: PostIndex, now: Now) {
        if !self.peers[peer.index()].connected() || self.epochs.sending.is_none() {
            return;
        }
        self.send_capsule(peer);
        if self.peers[peer.index()].have_due == Due::Yes {
            self.send_have(peer, now);
        }
        // A post that was rolled back must hear so before it shows anyone another history.
        if self.peers[peer.index()].heard == Due::No {
            return;
        }
        self.send_flashes_ahead(peer);
        let own = self.own.index();
        while let Some(checkpoint) = self.logs[own].durable_checkpoint {
            let state = &self.peers[peer.index()];
            let from = state.cursor;
            let room = WINDOW.saturating_sub(from.saturating_sub(state.confirmed));
            if from >= checkpoint.size || room == 0 {
                break;
            }
            let Some((items, next)) = self.frame_items(peer, from, checkpoint) else {
                break;
            };
            if !self.send_items(peer, &items) {
                break;
            }
            let state = &mut self.peers[peer.index()];
            state.cursor = next;
            state.last_sent_ms = now.mono_ms;
        }
    }

    /// Builds the items of one frame of our entries from `from`, ended by the newest signature that
    /// covers no entry beyond them.
    fn frame_items(
        &self,
        peer: PostIndex,
        from: u64,
        newest: StoredCheckpoint,
    ) -> Option<(Vec<Item>, u64)> {
        let entries = self.own_entries(from, newest.size.min(from + FRAME_ENTRIES))?;
        let mut items = Vec::with_capacity(entries.len() + 1);
        let mut bytes = 0;
        let mut next = from;
        for entry in entries {
            if next != from && bytes > FRAME_FILL {
                break;
            }
            bytes += entry.leaf.len() + entry.open.as_ref().map_or(0, |open| open.0.len());
            items.push(self.item_of(peer, &entry)?);
            next += 1;
        }
        if let Some(end) = self.checkpoint_within(from, next, newest) {
            items.push(Item::Sig { log: self.own, size: end.size, signature: end.signature });
        }
        Some((items, next))
    }

    /// Finds the newest checkpoint of a size above `from` and at most `to`, if one is kept.
    ///
    /// A batch has one, so a frame may lie between two; the next frame is then signed for both.
    fn checkpoint_within(
        &self,
        from: u64,
        to: u64,
        newest: StoredCheckpoint,
    ) -> Option<StoredCheckpoint> {
        if newest.size <= to {
            return Some(newest);
        }
        // Most often there is one near the end; a whole frame's worth is read only where not.
        [to.saturating_sub(CHECKPOINTS_NEAR), from].into_iter().find_map(|after| {
            let after = after.max(from);
            let count = usize::try_from(to - after).ok()?;
            let found = self.parts.reader.checkpoints(self.line, self.own, after + 1, count);
            found.ok()?.into_iter().rfind(|kept| kept.size <= to)
        })
    }

    /// Returns our entries `from..to`, from memory if they are recent, else at most a frame's worth.
    fn own_entries(&self, from: u64, to: u64) -> Option<Vec<StoredEntry>> {
        if let Some(first) = self.recent.front()
            && first.id.index <= from
        {
            let skip = usize::try_from(from - first.id.index).ok()?;
            let take = usize::try_from(to - from).ok()?;
            return Some(self.recent.iter().skip(skip).take(take).cloned().collect());
        }
        let count = usize::try_from(to - from).ok()?.min(4000);
        let found = self.parts.reader.entries(self.line, self.own, from, count).ok()?;
        (!found.is_empty()).then_some(found)
    }

    /// Turns a stored entry of ours into the leanest item that this peer can complete.
    fn item_of(&self, peer: PostIndex, stored: &StoredEntry) -> Option<Item> {
        let index = stored.id.index;
        let leaf = || Item::Leaf { log: self.own, index, leaf: stored.leaf.clone() };
        match (Entry::decode(&stored.leaf, self.logs.len(), self.own), &stored.open) {
            (Ok(Entry::Message(header)), Some(open)) => {
                let open = OpenPart::decode(&open.0).ok()?;
                Some(Item::Message(LeanMessage { index, header, open }))
            }
            (Ok(Entry::Receipt(receipt)), _) if receipt.log == peer => {
                let (t_ms, seen) = (receipt.t_ms, receipt.seen);
                let (log, size) = (receipt.log, receipt.size);
                Some(Item::ReceiptLean(LeanReceipt { index, t_ms, seen, log, size }))
            }
            _ => Some(leaf()),
        }
    }

    /// Seals items and queues the frame; returns whether it was queued.
    ///
    /// Nothing is sent under an epoch that the peer was not given: its entry must be durable first.
    pub(super) fn send_items(&mut self, peer: PostIndex, items: &[Item]) -> bool {
        self.send_capsule(peer);
        if !self.has_epoch(peer) {
            return false;
        }
        let context = self.frame_context(self.own);
        let Some(sending) = &mut self.epochs.sending else {
            return false;
        };
        match seal_frame(&mut sending.epoch, &context, items) {
            Ok(bytes) => {
                self.outputs.push_back(Output::Send { peer, route: Route::Direct, bytes });
                true
            }
            Err(_) => false,
        }
    }

    fn has_epoch(&self, peer: PostIndex) -> bool {
        let number = self.epochs.sending.as_ref().map(|sending| sending.epoch.number().get());
        number.is_some() && self.peers[peer.index()].capsule_sent == number
    }

    /// Sends our epoch's capsule to a peer that may not have it, with the proof that it is our entry.
    fn send_capsule(&mut self, peer: PostIndex) {
        let context = self.frame_context(self.own);
        let own = self.own;
        let Some(sending) = &mut self.epochs.sending else {
            return;
        };
        let state = &mut self.peers[peer.index()];
        if state.capsule_sent == Some(sending.epoch.number().get())
            || sending.entry >= self.logs[own.index()].durable
        {
            return;
        }
        let Some(capsule) = sending.capsules.get(&peer) else {
            return;
        };
        let size = sending.entry + 1;
        let items = [
            Item::Leaf { log: own, index: sending.entry, leaf: sending.leaf.clone() },
            Item::Proof {
                log: own,
                index: sending.entry,
                size,
                hashes: sending.frontier.last_leaf_proof(),
            },
            Item::Sig { log: own, size, signature: sending.signature },
        ];
        let sealed = seal_capsule_frame(&mut sending.epoch, &context, capsule, &items);
        if let Ok(bytes) = sealed {
            state.capsule_sent = Some(sending.epoch.number().get());
            self.outputs.push_back(Output::Send { peer, route: Route::Direct, bytes });
        }
    }

    /// Sends every unreceipted FLASH that would otherwise wait behind a backlog.
    fn send_flashes_ahead(&mut self, peer: PostIndex) {
        let state = &self.peers[peer.index()];
        let (cursor, confirmed) = (state.cursor, state.confirmed);
        let durable = self.logs[self.own.index()].durable;
        let beyond = cursor.saturating_add(FLASH_AHEAD).min(durable);
        let waiting: Vec<u64> = self
            .flashes
            .range(beyond..durable)
            .map(|(index, _)| *index)
            .filter(|index| *index >= confirmed && !state.ahead_sent.contains(index))
            .collect();
        for index in waiting {
            if let Some(items) = self.flash_items(peer, index)
                && self.send_items(peer, &items)
            {
                self.peers[peer.index()].ahead_sent.insert(index);
            }
        }
    }

    fn flash_items(&self, peer: PostIndex, index: u64) -> Option<Vec<Item>> {
        let (signature, frontier) = self.flashes.get(&index)?.split_first_chunk::<64>()?;
        let frontier = Frontier::decode(frontier).ok()?;
        let stored = self.own_entries(index, index + 1)?;
        Some(vec![
            self.item_of(peer, stored.first()?)?,
            Item::Proof {
                log: self.own,
                index,
                size: index + 1,
                hashes: frontier.last_leaf_proof(),
            },
            Item::Sig { log: self.own, size: index + 1, signature: *signature },
        ])
    }

    pub(super) fn frame_context(&self, sender: PostIndex) -> FrameContext {
        FrameContext { line: self.line, kind: self.kind, sender, posts: self.logs.len() }
    }

    /// Appends a new epoch entry if one is wanted and can be had.
    pub(super) fn renew_epoch(&mut self, now: Now) {
        let recipients: Vec<PostIndex> = self.other_posts().collect();
        let wanted = match &self.epochs.sending {
            None => true,
            Some(sending) => {
                let due = sending.messages >= epochs::EPOCH_MESSAGES
                    || now.wall_ms.saturating_sub(sending.started_ms) >= epochs::EPOCH_AGE_MS;
                let fresh = due && self.epochs.all_fresh(&recipients);
                if due && !fresh {
                    self.epoch_waits(&recipients, now);
                }
                fresh
            }
        };
        if !wanted {
            return;
        }
        self.open_epoch(&recipients, now);
    }

    fn open_epoch(&mut self, recipients: &[PostIndex], now: Now) {
        let Some(picked) = self.epochs.pick(recipients) else {
            return;
        };
        let before = self.epochs.sending.as_ref().map_or(Some(0), |s| Some(s.epoch.number().get()));
        let Some(number) =
            before.and_then(|number| number.checked_add(1)).and_then(EpochNumber::new)
        else {
            return;
        };
        let entropy = self.parts.entropy.as_mut();
        let epoch = SendEpoch::open(number, entropy);
        let (line, kind, own) = (self.line, self.kind, self.own);
        let place = |recipient, prekey_no| CapsuleContext {
            line,
            kind,
            sender: own,
            recipient,
            epoch: number,
            prekey_no,
        };
        let (sealed, _faulty) = epochs::seal_capsules(&epoch, place, &picked, entropy);
        for (post, prekey, _) in &sealed {
            let change = self.epochs.spend(*post, *prekey);
            self.batch.state.push(change);
        }
        let recipients = sealed
            .iter()
            .map(|(post, prekey_no, capsule)| EpochRecipient {
                post: *post,
                prekey_no: *prekey_no,
                capsule: capsule.clone(),
            })
            .collect();
        let (t_ms, seen) = (now.wall_ms, self.seen());
        let entry = Entry::Epoch(Epoch { t_ms, seen, epoch_no: number.get(), recipients });
        let index = self.append_own(&entry, None);
        let signed = self.sign_own();
        self.epochs.sending = Some(epochs::Sending {
            epoch,
            entry: index,
            leaf: entry.encode(),
            frontier: self.logs[own.index()].frontier.clone(),
            signature: signed.signature,
            capsules: sealed.into_iter().map(|(post, _, capsule)| (post, capsule)).collect(),
            started_ms: now.wall_ms,
            messages: 0,
        });
        self.batch.state.extend(self.epochs.sending_state());
        self.epoch_begun(now);
    }

    /// Publishes prekeys until a stock of unused ones stands in our log.
    pub(super) fn stock_prekeys(&mut self, now: Now) {
        if self.halt.is_some() {
            return;
        }
        let newest = self.epochs.prekeys.keys().next_back().copied().unwrap_or(0);
        let unused = self.epochs.prekeys.keys().filter(|no| **no > self.prekey_used).count();
        for number in (newest + 1..).take(epochs::PREKEY_STOCK.saturating_sub(unused)) {
            let (secret, public) = PrekeySecret::generate(self.parts.entropy.as_mut());
            let seed = Sealed(secret.expose_seed().to_vec());
            self.batch.state.push(StateChange::Put(epochs::prekey_key(number), seed));
            let (t_ms, seen) = (now.wall_ms, self.seen());
            let key = Box::new(public);
            let entry = Entry::Prekey(Prekey { t_ms, seen, prekey_no: number, key });
            self.append_own(&entry, None);
            self.epochs.prekeys.insert(number, secret);
        }
    }

    /// Returns a root of our own log at an earlier size: from memory, or from a kept checkpoint.
    pub(super) fn root_at(&self, log: PostIndex, size: u64) -> Option<Hash> {
        let state = self.logs.slot(log.index())?;
        if size > state.size() {
            return None;
        }
        if let Some(root) = state.recent_root(size) {
            return Some(root);
        }
        if let Ok(Some(kept)) = self.parts.reader.checkpoint(self.line, log, size) {
            return Some(kept.root);
        }
        let mut frontier = Frontier::new();
        while frontier.size() < size {
            let want = usize::try_from(size - frontier.size()).unwrap_or(usize::MAX).min(65_536);
            let hashes =
                self.parts.reader.leaf_hashes(self.line, log, frontier.size(), want).ok()?;
            if hashes.is_empty() {
                return None;
            }
            for hash in hashes {
                frontier.append(hash);
            }
        }
        Some(frontier.root())
    }
}

/// The state key under which a FLASH keeps what it needs to travel ahead.
pub(super) fn flash_key(index: u64) -> String {
    format!("flash/{index:020}")
}
