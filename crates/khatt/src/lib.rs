//! Khatt: the command, posts and rehearsals.
//!
//! A post is one process: the engine of `khatt-core`, the store of `khatt-store` and the network of
//! `khatt-net`, joined here. The command `khatt` is a thin `main` over [`cli`], so that tests and
//! benchmarks can use the rest as a library.

pub mod advice;
pub mod backup;
pub mod bench;
pub mod cli;
pub mod clock;
pub mod control;
pub mod desk;
pub mod draw_up;
pub mod folder;
pub mod health;
pub mod host;
pub mod inspect;
pub mod metrics;
pub mod network;
pub mod notify;
pub mod officer_key;
pub mod paper;
pub mod passphrase;
pub mod pq_key;
pub mod record;
pub mod rehearse;
pub mod token;
pub mod traces;
pub mod trouble;
pub mod verify;
pub mod workbench;
