//! How a post fares, in numbers: what `post status --json` and the metrics both tell.
//!
//! No text of a message, no name and no key is in it. A number that is not known is left out: unknown
//! is never zero. What is wrong is the alarms' to say; here it is only counted.

use std::{collections::BTreeMap, path::Path};

use khatt_core::{Now, ladder::Level, line::Line, store::Reader, timer::Took};
use khatt_record::{Entry, EntryId, PostIndex};
use khatt_store::{Disk, RESTORED_KEY, SqliteReader};
use serde::{Deserialize, Serialize};

/// How a post fares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthView {
    /// What this process alone knows; nothing for a command alone with the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessHealth>,
    /// Whether the post signs nothing more.
    pub halted: bool,
    /// Whether the store was restored and not yet compared with the peers.
    pub restored: bool,
    /// Every other post.
    pub peers: Vec<PeerHealth>,
    /// Alarms that stand, by the letter of their class.
    pub alarms: BTreeMap<String, AlarmCount>,
    /// Drafts that wait for officers.
    pub drafts: u64,
    /// Messages on which somebody still owes something.
    pub open_messages: u64,
    /// Entries that are durable here, of each log in the charter's order of posts.
    pub log_sizes: Vec<u64>,
    /// Seconds since the sending epoch began, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch_age_s: Option<u64>,
    /// The disk of the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<DiskHealth>,
}

/// What only a running process knows of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessHealth {
    /// Seconds since it started.
    pub up_s: u64,
    /// How often it has synced a file of the store.
    pub syncs: u64,
    /// Frames that it took from the network.
    pub frames_received: u64,
    /// Frames that the network took from it.
    pub frames_sent: u64,
    /// Seconds since the scrub last came to the end of the store; nothing before it first did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scrubbed_ago_s: Option<u64>,
    /// Damaged rows that the scrub has met, each time it met them.
    pub scrub_damage: u64,
}

/// One other post.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerHealth {
    /// Its place in the charter.
    pub post: u8,
    /// Whether a route to it is up.
    pub connected: bool,
    /// Entries of ours that it is not known to hold.
    pub unconfirmed: u64,
    /// Seconds since something last came from it; nothing if nothing has since the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_ago_s: Option<u64>,
    /// Messages of ours for which it gave no receipt.
    pub without_receipt: u64,
    /// Seconds since the oldest of them was released, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_without_receipt_s: Option<u64>,
    /// Line tests in a row that it did not answer: 0, 1, or 2 for more; nothing before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests_missed: Option<u8>,
}

/// Alarms of one class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmCount {
    /// Those that no officer has seen.
    pub unseen: u64,
    /// Those that one has.
    pub seen: u64,
}

/// The disk of a post's folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskHealth {
    /// Bytes in all.
    pub total_bytes: u64,
    /// Bytes free.
    pub free_bytes: u64,
    /// Bytes held back for receipts.
    pub ballast_bytes: u64,
}

/// What the engine says, with the messages whose age is still to be looked up.
pub(crate) struct LineFacts {
    view: HealthView,
    oldest: Vec<Option<EntryId>>,
    line: khatt_record::LineId,
    posts: usize,
    wall_ms: u64,
}

impl LineFacts {
    /// Looks at a line, on its engine's own thread.
    pub(crate) fn of(line: &Line, now: Now) -> Self {
        let own = line.own();
        let mut view = HealthView {
            halted: line.halted().is_some(),
            drafts: line.drafts().count() as u64,
            epoch_age_s: line.epoch_started_ms().map(|at| now.wall_ms.saturating_sub(at) / 1000),
            ..HealthView::default()
        };
        let mut owing: BTreeMap<PostIndex, (u64, Option<EntryId>)> = BTreeMap::new();
        for ladder in line.open_messages() {
            view.open_messages = view.open_messages.saturating_add(1);
            let id = ladder.message();
            let missing =
                ladder.posts().filter(|(_, rungs)| rungs.reached(Level::Received).is_none());
            for (post, _) in missing.filter(|_| id.log == own) {
                let (count, oldest) = owing.entry(post).or_default();
                *count = count.saturating_add(1);
                *oldest = Some(oldest.map_or(id, |held| held.min(id)));
            }
        }
        for alarm in line.alarms() {
            let class = alarm.cause.class().letter().to_string();
            let count = view.alarms.entry(class).or_default();
            let slot = if alarm.seen_by.is_some() { &mut count.seen } else { &mut count.unseen };
            *slot = slot.saturating_add(1);
        }
        let logs = line.log_views();
        let ours = logs.iter().find(|log| log.log == own).map_or(0, |log| log.size);
        let mut oldest = Vec::new();
        for log in &logs {
            view.log_sizes.push(log.size);
            if log.log == own {
                continue;
            }
            let (without_receipt, first) = owing.get(&log.log).copied().unwrap_or_default();
            oldest.push(first);
            let heard =
                line.statistics().contact(log.log).and_then(|contact| contact.silence_since(now));
            view.peers.push(PeerHealth {
                post: log.log.0,
                connected: line.is_connected(log.log),
                unconfirmed: ours.saturating_sub(log.confirmed),
                heard_ago_s: heard.map(|took| match took {
                    Took::Exactly(ms) | Took::AtLeast(ms) => ms / 1000,
                }),
                without_receipt,
                oldest_without_receipt_s: None,
                tests_missed: line.line_tests(log.log).and_then(|tests| missed(tests.standing())),
            });
        }
        let (id, posts) = (line.line_id(), logs.len());
        Self { view, oldest, line: id, posts, wall_ms: now.wall_ms }
    }

    /// Adds what the store, the disk and the process know.
    pub(crate) fn with(
        mut self,
        reader: &SqliteReader,
        process: Option<ProcessHealth>,
    ) -> HealthView {
        for (peer, oldest) in self.view.peers.iter_mut().zip(&self.oldest) {
            let stored = oldest.and_then(|id| reader.entry(self.line, id).ok().flatten());
            let entry =
                stored.and_then(|held| Entry::decode(&held.leaf, self.posts, held.id.log).ok());
            peer.oldest_without_receipt_s =
                entry.map(|entry| self.wall_ms.saturating_sub(entry.t_ms()) / 1000);
        }
        let restored = reader.state(self.line, RESTORED_KEY).unwrap_or_default();
        self.view.restored = restored.iter().any(|(key, _)| key == RESTORED_KEY);
        self.view.disk = disk(reader.dir());
        self.view.process = process;
        self.view
    }
}

/// Looks at a folder's disk; nothing if the system does not say.
fn disk(dir: &Path) -> Option<DiskHealth> {
    let Disk { total_bytes, free_bytes, ballast_bytes } = Disk::of(dir).ok()?;
    Some(DiskHealth { total_bytes, free_bytes, ballast_bytes })
}

const fn missed(standing: khatt_core::line_test::Standing) -> Option<u8> {
    use khatt_core::line_test::Standing;
    match standing {
        Standing::Untested => None,
        Standing::Ok => Some(0),
        Standing::Amber => Some(1),
        Standing::Red => Some(2),
    }
}
