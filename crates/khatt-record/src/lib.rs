//! What was written on a Khatt line: keys, entries, log, checkpoints, receipts, sealing, and their checks.
//!
//! Everything here is bytes in, values out: no clock, no randomness, no files. Values whose names
//! begin with `Verified`, `Signed` or `Opened` prove that a check took place. The formats are in
//! `spec/`, one page for each module.

pub mod auth;
pub mod card;
pub mod cbor;
pub mod charter;
pub mod checkpoint;
pub mod commit;
pub mod cosign;
pub mod disclosure;
pub mod entry;
pub mod file;
pub mod fork;
pub mod ids;
pub mod key_order;
pub mod keys;
pub mod keys_in_force;
pub mod merkle;
pub mod note;
pub mod order;
pub mod pq;
pub mod seal;
pub mod statement;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod vectors;
pub mod verify;
pub mod words;

pub use charter::{Charter, CharterDraft, SignedCharter};
pub use entry::Entry;
pub use ids::{EntryId, Hash, Kind, LineId, OfficerIndex, PartyIndex, PostIndex, Precedence};
pub use key_order::{KeyChange, KeyOrder, SignedKeyOrder};
pub use keys::{PostSigner, PublicKey, SoftwareSigner};
pub use keys_in_force::KeysInForce;
pub use pq::{PqSignature, PqSigner};
