//! Tests of the command and of posts at work.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod care;
mod commands;
mod desk;
mod killed;
mod no_leak;
mod opened;
mod pages;
mod rehearse;
mod service;
mod token;
mod transcripts;
