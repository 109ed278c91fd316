//! Taking up a line at a start: logs, working state and evidence as the store holds them.

use khatt_record::{
    entry::{Entry, Open},
    ids::{EntryId, PostIndex},
    merkle::Frontier,
    seal::PrekeySecret,
};

use super::{Halt, Line, OpenError, cosign, own, reconcile};
use crate::{store::Sealed, time::Now};

/// What is read back at a start; settled ladders (`done/`) are read when somebody asks for one.
const KEPT: [&str; 16] = [
    "ahead/",
    "alarm/",
    "clock/",
    "cosign/",
    "draft/",
    "epoch/",
    "erase/",
    "flash/",
    "halt/",
    "ladder/",
    "meter/",
    "prekey/",
    "receipted/",
    "refused/",
    "statistics",
    "test/",
];

impl Line {
    pub(super) fn restore(&mut self, now: Now) -> Result<(), OpenError> {
        let damaged = |what: &str| OpenError::LocalState(what.to_owned());
        for head in self.parts.reader.heads(self.line)? {
            let posts = self.logs.len();
            let log = self.logs.slot_mut(head.log.index()).ok_or_else(|| damaged("head"))?;
            let frontier = Frontier::decode(&head.frontier).map_err(|_| damaged("frontier"))?;
            if frontier.size() != head.size || frontier.root() != head.root {
                return Err(damaged("frontier and head differ"));
            }
            log.replace_frontier(frontier);
            log.durable = head.size;
            log.checkpoint = self.parts.reader.checkpoint(self.line, head.log, head.size)?;
            log.durable_checkpoint = log.checkpoint;
            if let Some(index) = head.size.checked_sub(1) {
                let id = EntryId { log: head.log, index };
                let last = self.parts.reader.entry(self.line, id)?;
                let last = last.ok_or_else(|| damaged("last entry"))?;
                if let Ok(entry) = Entry::decode(&last.leaf, posts, head.log) {
                    log.seen = entry.seen().clone();
                    log.newest_ms = entry.t_ms();
                }
            }
        }
        self.epochs.prekeys.insert(0, PrekeySecret::from_seed(*self.parts.prekey.expose_seed()));
        for prefix in KEPT {
            for (key, value) in self.parts.reader.state(self.line, prefix)? {
                self.restore_state(&key, &value, now)?;
            }
        }
        for (name, _) in self.parts.reader.evidence(self.line)? {
            let log = name.strip_prefix(reconcile::FORK_PREFIX).and_then(|log| log.parse().ok());
            if let Some(log) = log.and_then(|log: usize| self.logs.slot_mut(log)) {
                log.frozen = true;
            }
        }
        for post in self.other_posts().collect::<Vec<_>>() {
            let confirmed = self.logs[post.index()].seen.of(self.own).map_or(0, |held| held.prefix);
            let confirmed = confirmed.min(self.logs[self.own.index()].size());
            let peer = &mut self.peers[post.index()];
            (peer.confirmed, peer.cursor) = (confirmed, confirmed);
        }
        Ok(())
    }

    fn restore_state(&mut self, key: &str, value: &Sealed, now: Now) -> Result<(), OpenError> {
        let damaged = |_| OpenError::LocalState(format!("state {key}"));
        let number =
            |prefix: &str| key.strip_prefix(prefix).and_then(|rest| rest.parse::<u64>().ok());
        if key == "epoch/send" {
            let (reader, line, own, posts) =
                (&self.parts.reader, self.line, self.own, self.logs.len());
            let leaf = |index| {
                let stored = reader.entry(line, EntryId { log: own, index }).ok()??;
                let Ok(Entry::Epoch(epoch)) = Entry::decode(&stored.leaf, posts, own) else {
                    return None;
                };
                let capsules = epoch.recipients.into_iter().map(|r| (r.post, r.capsule)).collect();
                Some((stored.leaf, capsules))
            };
            return self
                .epochs
                .resume(&value.0, leaf, self.parts.entropy.as_mut())
                .map_err(damaged);
        }
        if key == "prekey/used" {
            self.prekey_used = number_of(value).unwrap_or(0).try_into().unwrap_or(u32::MAX);
        } else if let Some(index) = number("flash/") {
            self.flashes.insert(index, value.0.clone());
        } else if let Some((log, index)) = key.strip_prefix("ahead/").and_then(entry_of_key) {
            if let Ok(log) = u8::try_from(log) {
                let id = EntryId { log: PostIndex(log), index };
                self.restore_ahead(id, &value.0).map_err(damaged)?;
            }
        } else if let Some((by, index)) = key.strip_prefix("refused/").and_then(entry_of_key) {
            if let Ok(by) = u8::try_from(by) {
                self.refused.insert((PostIndex(by), index));
            }
        } else if key.starts_with(cosign::NEWEST) {
            let kept = self.cosignatures.restore(key, &value.0);
            kept.ok_or_else(|| OpenError::LocalState(format!("state {key}")))?;
        } else if let Some((log, index)) = key.strip_prefix("erase/").and_then(entry_of_key) {
            if let Ok(log) = u8::try_from(log) {
                let id = EntryId { log: PostIndex(log), index };
                self.restore_consents(id, &value.0).map_err(damaged)?;
            }
        } else if key == own::HALT_KEY {
            self.halt = number_of(value).map(|size| Halt::RolledBack { size });
        } else if let Some(log) = number("receipted/") {
            if let Some(slot) =
                usize::try_from(log).ok().and_then(|log| self.receipted.slot_mut(log))
            {
                *slot = number_of(value).unwrap_or(0);
            }
        } else if key.starts_with("epoch/") || key.starts_with("prekey/") {
            self.epochs.restore(key, &value.0).map_err(damaged)?;
        } else {
            let broken = |_| OpenError::LocalState(format!("state {key}"));
            self.people.restore(key, &value.0, now).map_err(broken)?;
        }
        Ok(())
    }

    /// Opens the log the first time, and sees to prekeys and an epoch at every start.
    pub(super) fn begin(&mut self, now: Now) {
        if self.logs[self.own.index()].size() == 0 {
            let open = Open {
                t_ms: now.wall_ms,
                seen: self.seen(),
                line: self.line,
                post: self.own,
                generation: 0,
            };
            self.append_own(&Entry::Open(open), None);
            for post in self.other_posts().collect::<Vec<_>>() {
                let Some(named) = self.charter.charter().posts.get(post.index()) else {
                    continue;
                };
                let key = named.prekey.to_vec();
                let change = self.epochs.note_prekey(post, 0, key);
                self.batch.state.push(change);
            }
        }
        if self.halt.is_none() {
            self.stock_prekeys(now);
            self.renew_epoch(now);
        }
        self.ring_again(now);
    }
}

fn number_of(value: &Sealed) -> Option<u64> {
    Some(u64::from_be_bytes(value.0.as_slice().try_into().ok()?))
}

/// Reads `LOG/INDEX` of a state key.
fn entry_of_key(rest: &str) -> Option<(usize, u64)> {
    let (log, index) = rest.split_once('/')?;
    Some((log.parse().ok()?, index.parse().ok()?))
}
