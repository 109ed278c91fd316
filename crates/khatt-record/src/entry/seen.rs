//! What the author of an entry held of every other log when it wrote the entry.

use crate::cbor::{DecodeError, Reader, Type, Writer};
use crate::ids::{EntryId, PostIndex};

/// The greatest number of entries named beyond a contiguous prefix.
pub const BEYOND_MAX: usize = 64;

/// What was held of one log: every entry below `prefix`, and those named in `beyond`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SeenLog {
    /// How many entries from the first were held without a gap.
    pub prefix: u64,
    /// Entries held beyond the gap: strictly ascending, each above `prefix`, at most
    /// [`BEYOND_MAX`].
    pub beyond: Vec<u64>,
}

/// What was held of every log but the author's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    own: PostIndex,
    logs: Vec<SeenLog>,
}

impl SeenLog {
    /// Returns a contiguous prefix.
    #[must_use]
    pub const fn prefix(prefix: u64) -> Self {
        Self { prefix, beyond: Vec::new() }
    }

    /// Tells whether the entry at `index` was held.
    #[must_use]
    pub fn has(&self, index: u64) -> bool {
        index < self.prefix || self.beyond.binary_search(&index).is_ok()
    }

    /// Tells whether everything in `earlier` was held here too.
    #[must_use]
    pub fn covers(&self, earlier: &Self) -> bool {
        self.prefix >= earlier.prefix && earlier.beyond.iter().all(|index| self.has(*index))
    }

    /// Returns one more than the greatest index held, 0 if none is.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.beyond.last().map_or(self.prefix, |last| last.saturating_add(1))
    }
}

impl Seen {
    /// Returns that post `own` holds nothing of the other logs of a line with `posts` posts.
    #[must_use]
    pub fn none(posts: usize, own: PostIndex) -> Self {
        Self { own, logs: vec![SeenLog::default(); posts.saturating_sub(1)] }
    }

    /// Returns the post whose view this is.
    #[must_use]
    pub const fn own(&self) -> PostIndex {
        self.own
    }

    /// Returns what was held of a log, or `None` for the author's own and for no post.
    #[must_use]
    pub fn of(&self, log: PostIndex) -> Option<&SeenLog> {
        self.logs.get(self.slot(log)?)
    }

    /// Sets what was held of a log. Does nothing for the author's own and for no post.
    pub fn set(&mut self, log: PostIndex, held: SeenLog) {
        if let Some(slot) = self.slot(log).and_then(|slot| self.logs.get_mut(slot)) {
            *slot = held;
        }
    }

    /// Tells whether an entry of another log was held. Always false for the author's own log, of
    /// which the author holds all that is before the entry.
    #[must_use]
    pub fn has(&self, id: EntryId) -> bool {
        self.of(id.log).is_some_and(|held| held.has(id.index))
    }

    /// Tells whether everything in an earlier view of the same author was held here too.
    #[must_use]
    pub fn covers(&self, earlier: &Self) -> bool {
        self.own == earlier.own
            && self.logs.len() >= earlier.logs.len()
            && earlier.logs.iter().zip(&self.logs).all(|(old, new)| new.covers(old))
    }

    /// Goes through the other logs by post ascending.
    pub fn iter(&self) -> impl Iterator<Item = (PostIndex, &SeenLog)> {
        let own = self.own.0;
        (0..=u8::MAX).filter(move |post| *post != own).map(PostIndex).zip(&self.logs)
    }

    /// Writes the view: an array with, for each other log, its prefix or `[prefix, beyond …]`.
    pub fn write(&self, out: &mut Writer) {
        out.array(self.logs.len());
        for log in &self.logs {
            if log.beyond.is_empty() {
                out.uint(log.prefix);
            } else {
                out.array(log.beyond.len().saturating_add(1)).uint(log.prefix);
                for index in &log.beyond {
                    out.uint(*index);
                }
            }
        }
    }

    /// Reads the view of post `own` on a line with `posts` posts.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the next item is none.
    pub fn read(
        reader: &mut Reader<'_>,
        posts: usize,
        own: PostIndex,
    ) -> Result<Self, DecodeError> {
        let others = posts.saturating_sub(1);
        reader.array_of(others)?;
        let mut logs = Vec::with_capacity(others);
        for _ in 0..others {
            logs.push(read_log(reader)?);
        }
        Ok(Self { own, logs })
    }

    fn slot(&self, log: PostIndex) -> Option<usize> {
        match log.cmp(&self.own) {
            std::cmp::Ordering::Less => Some(log.index()),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => log.index().checked_sub(1),
        }
    }
}

fn read_log(reader: &mut Reader<'_>) -> Result<SeenLog, DecodeError> {
    if reader.peek()? == Type::Uint {
        return Ok(SeenLog::prefix(reader.uint()?));
    }
    let at = reader.position();
    let count = reader.array(BEYOND_MAX.saturating_add(1))?;
    if count < 2 {
        // A list without entries beyond would be a second way to write a number.
        return Err(DecodeError::PeerOtherLength { at });
    }
    let prefix = reader.uint()?;
    let mut beyond = Vec::with_capacity(count);
    let mut last = prefix;
    for _ in 1..count {
        let at = reader.position();
        let index = reader.uint()?;
        // The entry at `prefix` itself is missing, else the prefix would be longer.
        if index <= last {
            return Err(DecodeError::PeerNotAscending { at });
        }
        beyond.push(index);
        last = index;
    }
    Ok(SeenLog { prefix, beyond })
}
