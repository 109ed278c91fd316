//! Runs of a few plans, as anybody would start them.

mod runs;
