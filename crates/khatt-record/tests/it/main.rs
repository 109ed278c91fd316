//! Integration tests of `khatt-record`, through its public surface only.

// Helpers of tests may fail loudly, as the tests themselves may, and write files.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

#[allow(unreachable_pub)]
mod fixture;
mod interop;
mod key_life;
mod record;
mod threats_record;
mod vectors;
