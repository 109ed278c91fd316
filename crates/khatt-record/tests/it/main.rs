//! Integration tests of `khatt-record`, through its public surface only.

#[allow(unreachable_pub)]
mod fixture;
mod interop;
mod record;
mod vectors;
