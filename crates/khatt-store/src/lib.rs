//! A Khatt post's store: SQLite, one writer, and a head file that is synced at each commit.
//!
//! A store is one folder (`docs/operating/store.md`); what its files hold is in `spec/store.md`.
//! [`SqliteStore`] writes and [`SqliteReader`] reads; both pass the suite of
//! [`khatt_core::store::suite`]. `Ok` from a commit means that a power cut loses nothing of it, and
//! what a disk altered or forgot is named, never served.
//!
//! Left to others: what entries mean, healing from peers and new generations (the engine), and when
//! to scrub, to back up or to release the ballast (the post).

mod backup;
mod books;
mod check;
mod commit;
mod damage;
mod error;
mod folder;
mod head_file;
mod heal;
mod key_file;
mod migrate;
mod open;
mod prepared;
mod reader;
mod rows;
mod settings;
mod sql;
mod store;
mod tags;
mod vault;

pub use backup::{BackupError, RESTORED_KEY, RestoreError, Restored, Snapshot};
pub use damage::{Damage, OpenOutcome};
pub use error::OpenError;
pub use folder::Disk;
pub use key_file::PassphraseCost;
pub use open::{NetworkFiles, Options, Syncs};
pub use reader::{ScrubPosition, ScrubStep, SqliteReader};
pub use store::{STORE_LINE, SqliteStore};
pub use vault::Fill;
