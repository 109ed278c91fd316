//! Tests of the store against a real folder: the suite, damage, crashes, a full disk.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod backup;
mod crash;
mod damage;
mod erase;
mod folder;
mod formats;
mod full;
mod power;
mod suite;
mod support;
