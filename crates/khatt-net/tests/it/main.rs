//! The direct route on loopback, between North and South, and against those who should not pass.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests may fail")]

mod frames;
mod post;
mod raw;
mod refused;
mod relay;
mod return_;
mod wire;
