//! What a person may ask of a line: its logs, messages, ladders, alarms. Reading changes nothing.

use khatt_forms::Body;
use khatt_record::{Entry, EntryId, Hash, Kind, LineId, PostIndex, SignedCharter};

use super::{
    Line, MessageView,
    judge::{Permitted, permitted},
};
use crate::{
    alarm::Alarm,
    clocks::ClockKey,
    ladder::Ladder,
    line_test::LineTests,
    statistics::Statistics,
    store::{ReadError, StoredCheckpoint},
    time::Now,
};

/// Where one log stands at this post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogView {
    /// The log.
    pub log: PostIndex,
    /// Entries durable here.
    pub size: u64,
    /// Root at that size.
    pub root: Hash,
    /// The newest checkpoint whose entries are durable here.
    pub checkpoint: Option<StoredCheckpoint>,
    /// Entries of this post's own log that the log's author is known to hold; for the own log, its size.
    pub confirmed: u64,
    /// Whether its post was proved to have signed two histories.
    pub frozen: bool,
}

impl Line {
    /// Returns the charter.
    #[must_use]
    pub fn charter(&self) -> &SignedCharter {
        &self.charter
    }

    /// Returns the line's id.
    #[must_use]
    pub fn line_id(&self) -> LineId {
        self.line
    }

    /// Returns what the line is for.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns this post.
    #[must_use]
    pub fn own(&self) -> PostIndex {
        self.own
    }

    /// Returns whether any route to a peer is up.
    #[must_use]
    pub fn is_connected(&self, peer: PostIndex) -> bool {
        self.peers.slot(peer.index()).is_some_and(super::Peer::connected)
    }

    /// Returns where every log stands.
    #[must_use]
    pub fn log_views(&self) -> Vec<LogView> {
        self.logs
            .iter()
            .map(|log| LogView {
                log: log.post,
                size: log.durable,
                root: self.root_at(log.post, log.durable).unwrap_or_else(|| log.frontier.root()),
                checkpoint: log.durable_checkpoint,
                confirmed: if log.post == self.own {
                    log.durable
                } else {
                    self.peers.slot(log.post.index()).map_or(0, |peer| peer.confirmed)
                },
                frozen: log.frozen,
            })
            .collect()
    }

    /// Returns one message with its body, checked again as it is read.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the store cannot be read or what it holds was altered.
    pub fn message_view(&self, id: EntryId) -> Result<Option<MessageView>, ReadError> {
        let stored = self.parts.reader.entry(self.line, id)?;
        // One that came ahead of its predecessors is read like any other.
        let Some(stored) = stored.or_else(|| self.stored_ahead(id)) else {
            return Ok(None);
        };
        let Ok(Entry::Message(header)) = Entry::decode(&stored.leaf, self.logs.len(), id.log)
        else {
            return Ok(None);
        };
        let open = stored
            .open
            .as_ref()
            .and_then(|open| khatt_record::commit::OpenPart::decode(&open.0).ok());
        let verified: Option<Permitted> =
            open.as_ref().and_then(|open| permitted(&self.charter, id.log, &header, open).ok());
        Ok(Some(MessageView {
            entry: id,
            claimed_ms: header.t_ms,
            precedence: header.precedence,
            act: header.act,
            thread: header.thread,
            body: open.as_ref().and_then(|open| Body::decode(&open.body).ok()),
            auth: verified.map(|permitted| permitted.auth),
            erased: if stored.open.is_none() { self.erased(id)? } else { Vec::new() },
        }))
    }

    /// Returns at most `max` messages of one log from entry `from`, ascending, and where to go on.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the store cannot be read or what it holds was altered.
    pub fn messages(
        &self,
        log: PostIndex,
        from: u64,
        max: usize,
    ) -> Result<(Vec<MessageView>, Option<u64>), ReadError> {
        let entries = self.parts.reader.entries(self.line, log, from, max)?;
        let next = entries.last().map(|last| last.id.index + 1);
        let mut found = Vec::new();
        for entry in entries {
            if let Some(view) = self.message_view(entry.id)? {
                found.push(view);
            }
        }
        Ok((found, next))
    }
}

impl Line {
    /// Returns the alarms, in the order in which they are to be shown.
    pub fn alarms(&self) -> impl Iterator<Item = &Alarm> {
        self.people.alarms.in_order().into_iter()
    }

    /// Returns the acknowledgement statistics, restarts included.
    #[must_use]
    pub fn statistics(&self) -> &Statistics {
        &self.people.statistics
    }

    /// Returns when the epoch began under which frames are sealed, by the wall clock of that moment.
    #[must_use]
    pub fn epoch_started_ms(&self) -> Option<u64> {
        self.epochs.sending.as_ref().map(|sending| sending.started_ms)
    }

    /// Returns the line tests with one peer.
    #[must_use]
    pub fn line_tests(&self, peer: PostIndex) -> Option<&LineTests> {
        self.people.tests.get(&peer)
    }

    /// Returns the running clocks with the milliseconds left until the next step of each.
    pub fn clocks(&self, now: Now) -> impl Iterator<Item = (ClockKey, Option<u64>)> {
        self.people.clocks.running(now)
    }

    /// Returns the messages on which somebody still owes something.
    pub fn open_messages(&self) -> impl Iterator<Item = &Ladder> {
        self.people.ladders.values()
    }

    /// Returns the proofs kept against others, by name.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the store cannot be read.
    pub fn evidence_kept(&self) -> Result<Vec<(String, Vec<u8>)>, ReadError> {
        self.parts.reader.evidence(self.line)
    }
}
