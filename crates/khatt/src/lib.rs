//! Khatt: the command, posts and rehearsals.
//!
//! A post is one process: the engine of `khatt-core`, the store of `khatt-store` and the network of
//! `khatt-net`, joined here. The command `khatt` is a thin `main` over [`cli`], so that tests and
//! benchmarks can use the rest as a library.

pub mod advice;
pub mod bench;
pub mod cli;
pub mod clock;
pub mod control;
pub mod draw_up;
pub mod folder;
pub mod host;
pub mod network;
pub mod officer_key;
pub mod passphrase;
pub mod pq_key;
pub mod record;
pub mod rehearse;
pub mod token;
pub mod trouble;
pub mod verify;
