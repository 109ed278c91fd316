//! Tests of the command and of posts at work.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod commands;
mod killed;
mod no_leak;
mod rehearse;
mod token;
mod transcripts;
