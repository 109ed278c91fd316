//! What a disk did to a store: named damage, and what was found when the store was opened.

use std::fmt;

use khatt_record::{EntryId, LineId, PostIndex};

/// How a store was found when it was opened.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenOutcome {
    /// Everything that was looked at is as it was written.
    Intact,
    /// The process ended, or the power went, within or after the last commits. Nothing is lost.
    Recovered {
        /// Commits that the database lacked and that were made again from the head file. Without
        /// any, the database held one more than had been acknowledged.
        refilled: u64,
    },
    /// Something is missing or altered; see [`Damage::holds_writes`] for what that means.
    Damaged(Vec<Damage>),
}

/// One thing that is missing or altered on the disk.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// A log is shorter than it was: entries that were acknowledged are gone.
    LostEntries {
        /// The line.
        line: LineId,
        /// The log.
        log: PostIndex,
        /// Its size when it was last acknowledged.
        had: u64,
        /// Its size now.
        found: u64,
    },
    /// The database went back to an earlier commit.
    LostCommits {
        /// Number of the last acknowledged commit.
        had: u64,
        /// Number of the last commit that is there.
        found: u64,
    },
    /// The head file is missing, unreadable, or does not belong to the database.
    HeadFile {
        /// What is wrong with it.
        what: &'static str,
    },
    /// An entry does not hold what was written.
    Entry {
        /// The line.
        line: LineId,
        /// The entry.
        id: EntryId,
        /// Which part: `leaf`, `open part`, `missing` or `beyond the head`.
        part: &'static str,
    },
    /// The entries of a log do not lead to its root.
    Root {
        /// The line.
        line: LineId,
        /// The log.
        log: PostIndex,
    },
    /// A row of another table does not hold what was written.
    Row {
        /// The table.
        table: &'static str,
        /// The row's key.
        key: String,
    },
    /// Rows of a table are missing, doubled or older than they should be.
    Table {
        /// The table.
        table: &'static str,
        /// The line whose rows they are.
        line: LineId,
    },
    /// SQLite finds its file malformed.
    Database {
        /// What it says.
        what: String,
    },
}

impl Damage {
    /// Tells whether the store refuses to write because of this.
    ///
    /// It does where going on could contradict what this post already signed or promised: lost
    /// entries or commits, an unreliable head file, altered heads or working state. An altered entry,
    /// checkpoint or proof can be filled in again from a peer while the store goes on.
    #[must_use]
    pub fn holds_writes(&self) -> bool {
        match self {
            Self::Entry { part, .. } => *part == BEYOND,
            Self::Row { table, .. } | Self::Table { table, .. } => {
                !matches!(*table, "checkpoint" | "evidence")
            }
            Self::LostEntries { .. }
            | Self::LostCommits { .. }
            | Self::HeadFile { .. }
            | Self::Root { .. }
            | Self::Database { .. } => true,
        }
    }

    /// Returns the stable code of this damage.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LostEntries { .. } => "KS-1301",
            Self::LostCommits { .. } => "KS-1302",
            Self::HeadFile { .. } => "KS-1303",
            Self::Entry { .. } => "KS-1304",
            Self::Root { .. } => "KS-1305",
            Self::Row { .. } => "KS-1306",
            Self::Table { .. } => "KS-1307",
            Self::Database { .. } => "KS-1308",
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LostEntries { log, had, found, .. } => {
                write!(f, "local disk lost entries of log {log}: had {had}, found {found}")
            }
            Self::LostCommits { had, found } => {
                write!(f, "local disk lost commits: had {had}, found {found}")
            }
            Self::HeadFile { what } => write!(f, "local head file is {what}"),
            Self::Entry { id, part, .. } => write!(f, "local disk altered entry {id} {part}"),
            Self::Root { log, .. } => {
                write!(f, "local disk altered log {log}: its entries lead to another root")
            }
            Self::Row { table, key } => write!(f, "local disk altered {table} {key}"),
            Self::Table { table, .. } => {
                write!(f, "local disk altered table {table}: rows are missing or old")
            }
            Self::Database { what } => write!(f, "local database is malformed: {what}"),
        }
    }
}

/// The part named when an entry lies beyond its log's head.
pub(crate) const BEYOND: &str = "beyond the head";
