//! What happens at the post, kept for its screens and for the journal of the watch.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use khatt_core::{alarm::ChangeKind, line::Event};
use khatt_desk::port::{Entry, Happened, JournalRow, News, Noted};
use khatt_forms::{Language, level_words};
use khatt_record::{PostIndex, SignedCharter};
use tokio::sync::broadcast::{self, error::RecvError};

use super::entry_of;
use crate::{advice, control::views::post_name, trouble::Trouble};

/// Events that a screen may have missed and still be told.
const RECENT_MAX: usize = 256;
/// Rows of the journal.
const JOURNAL_MAX: usize = 500;

/// Keeps what happens.
#[derive(Default)]
pub(super) struct Newsroom {
    held: Mutex<Held>,
    more: Condvar,
}

#[derive(Default)]
struct Held {
    at: u64,
    recent: VecDeque<(u64, Option<Entry>)>,
    /// News before this one are no longer here.
    since: u64,
    over: bool,
    journal: VecDeque<Noticed>,
    /// The post's clock against this machine's, in milliseconds.
    ahead_ms: i128,
}

/// One row, before it is put into words.
struct Noticed {
    time_ms: u64,
    what: Happened,
    detail: Detail,
    entry: Option<Entry>,
}

enum Detail {
    None,
    Text(String),
    Post(PostIndex),
    Level(PostIndex, u8),
    Alarm(&'static str),
    Precedence(u8),
}

impl Newsroom {
    /// Listens to a post until it stops.
    pub(super) fn start(
        mut events: broadcast::Receiver<Event>,
        wall_ms: u64,
    ) -> Result<Arc<Self>, Trouble> {
        let room = Arc::new(Self::default());
        room.held().ahead_ms = i128::from(wall_ms) - machine_ms();
        let weak = Arc::downgrade(&room);
        let listen = move || {
            loop {
                let heard = events.blocking_recv();
                let Some(room) = Weak::upgrade(&weak) else { return };
                match heard {
                    Ok(event) => room.take(&event),
                    Err(RecvError::Lagged(_)) => room.again(),
                    Err(RecvError::Closed) => return room.end(),
                }
            }
        };
        thread::Builder::new()
            .name("khatt-desk-news".to_owned())
            .spawn(listen)
            .map_err(|error| crate::control::ControlError::LocalSocket(error.to_string()))?;
        Ok(room)
    }

    /// Waits for news after `after`.
    pub(super) fn wait(&self, after: u64, wait: Duration) -> News {
        let until = Instant::now() + wait;
        let mut held = self.held();
        while held.at <= after && !held.over {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            held = self.more.wait_timeout(held, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let mut entries: Vec<Entry> = held
            .recent
            .iter()
            .filter(|(at, _)| *at > after)
            .filter_map(|(_, entry)| *entry)
            .collect();
        entries.dedup();
        News { at: held.at, entries, again: after < held.since, over: held.over }
    }

    /// Writes a row of the desk's own.
    pub(super) fn note(&self, what: Noted, officer: &str, time_ms: u64) {
        let detail = Detail::Text(officer.chars().take(64).collect());
        let mut held = self.held();
        held.write(Noticed { time_ms, what: Happened::Desk(what), detail, entry: None });
    }

    /// Returns the journal in a language, newest first.
    pub(super) fn journal(&self, charter: &SignedCharter, language: Language) -> Vec<JournalRow> {
        let words = |row: &Noticed| match &row.detail {
            Detail::None => String::new(),
            Detail::Text(text) => text.clone(),
            Detail::Post(post) => post_name(charter, *post),
            Detail::Level(post, level) => {
                let words = khatt_forms::Level::new(*level);
                let words = words.map_or("", |level| level_words(level, language));
                format!("\u{2068}{}\u{2069}: {words}", post_name(charter, *post))
            }
            Detail::Alarm(code) => {
                format!("{} \u{2066}({code})\u{2069}", advice::text(code, language).0)
            }
            Detail::Precedence(at) => khatt_forms::precedence_words(*at, language).to_owned(),
        };
        let row = |row: &Noticed| JournalRow {
            time_ms: row.time_ms,
            what: row.what,
            detail: words(row),
            entry: row.entry,
        };
        self.held().journal.iter().rev().map(row).collect()
    }

    fn take(&self, event: &Event) {
        let number = |precedence: khatt_record::Precedence| {
            Detail::Precedence(u8::try_from(precedence.index()).unwrap_or(u8::MAX))
        };
        let (what, detail, entry) = match event {
            Event::Released { entry, precedence, .. } => {
                (Some(Happened::Released), number(*precedence), Some(*entry))
            }
            Event::Received { entry, precedence, .. } => {
                (Some(Happened::Received), number(*precedence), Some(*entry))
            }
            Event::Receipted { entry, by, .. } => {
                (Some(Happened::Receipted), Detail::Post(*by), Some(*entry))
            }
            Event::Level { entry, by, level, .. } => {
                (Some(Happened::Stated), Detail::Level(*by, *level), Some(*entry))
            }
            Event::Refused { entry, by, .. } => {
                (Some(Happened::Refused), Detail::Post(*by), Some(*entry))
            }
            Event::Escalate(step) => (
                Some(Happened::Escalated),
                Detail::Text(step.kind.name().to_owned()),
                Some(step.key.message),
            ),
            Event::Alarm(change) => {
                let what = match change.kind {
                    ChangeKind::Raised(_) | ChangeKind::Returned => Some(Happened::Raised),
                    ChangeKind::Cleared => Some(Happened::Cleared),
                    ChangeKind::Seen(_) => Some(Happened::Seen),
                    ChangeKind::Overdue(_) => Some(Happened::Overdue),
                    _ => None,
                };
                (what, Detail::Alarm(change.cause.code()), None)
            }
            Event::LineTested { peer, .. } => (Some(Happened::Tested), Detail::Post(*peer), None),
            _ => (None, Detail::None, None),
        };
        let entry = entry.map(entry_of);
        let mut held = self.held();
        held.move_on(entry);
        if let Some(what) = what {
            let time_ms = held.now_ms();
            held.write(Noticed { time_ms, what, detail, entry });
        }
        drop(held);
        self.more.notify_all();
    }

    fn again(&self) {
        let mut held = self.held();
        held.at += 1;
        held.since = held.at;
        held.recent.clear();
        drop(held);
        self.more.notify_all();
    }

    fn end(&self) {
        self.held().over = true;
        self.more.notify_all();
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn move_on(&mut self, entry: Option<Entry>) {
        self.at += 1;
        self.recent.push_back((self.at, entry));
        if self.recent.len() > RECENT_MAX
            && let Some((gone, _)) = self.recent.pop_front()
        {
            self.since = gone;
        }
    }

    fn write(&mut self, row: Noticed) {
        self.journal.push_back(row);
        if self.journal.len() > JOURNAL_MAX {
            self.journal.pop_front();
        }
    }

    /// The post's time, as far as it has kept step with this machine since the desk was opened.
    fn now_ms(&self) -> u64 {
        u64::try_from(machine_ms() + self.ahead_ms).unwrap_or(0)
    }
}

fn machine_ms() -> i128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i128::try_from(since.as_millis()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use khatt_record::{EntryId, Precedence};

    use super::*;

    fn received(index: u64) -> Event {
        let entry = EntryId { log: PostIndex(1), index };
        let ahead = khatt_core::line::Ahead::No;
        Event::Received { entry, precedence: Precedence::Flash, ahead }
    }

    #[test]
    fn news_wait_are_told_once_and_say_when_some_were_lost() {
        let (sender, events) = broadcast::channel(1024);
        let room = Newsroom::start(events, 1_000).unwrap();
        sender.send(received(7)).unwrap();
        let first = room.wait(0, Duration::from_secs(20));
        assert_eq!(first.entries, [Entry { log: 1, index: 7 }]);
        assert!(!first.again && !first.over);
        assert!(room.wait(first.at, Duration::ZERO).entries.is_empty());
        for index in 0..RECENT_MAX as u64 + 2 {
            sender.send(received(index)).unwrap();
        }
        drop(sender);
        let mut last = News::default();
        while !last.over {
            last = room.wait(u64::MAX, Duration::from_secs(20));
        }
        assert!(room.wait(0, Duration::ZERO).again, "some of it is no longer here");
    }
}
