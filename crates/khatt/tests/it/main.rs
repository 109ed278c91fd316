//! Tests of the command and of posts at work.

mod commands;
mod no_leak;
mod rehearse;
mod transcripts;
