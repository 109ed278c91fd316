//! Whole Khatt lines under one seed: virtual clocks, network and disks, storms, and checkers.
//!
//! The engines, records and forms are the real ones; what is around them is made up, and goes wrong
//! as a [`Plan`] says. A seed draws a plan, a plan determines a run, and a run that breaks a promise
//! is cut down to a small plan that still does. See `docs/internals/simulation.md`.
//!
//! | Module | What it is |
//! |---|---|
//! | [`plan`] | what happens in a run, as a value and as a file |
//! | `world` | the run: what happens, in one order |
//! | `post`, `disk`, `net`, `officers` | a post's host and clocks, its disk, the ways between posts, its people |
//! | `byzantine` | programs in a post's place |
//! | `check` | what must hold |
//! | [`storm`] | many runs, on several threads |
//! | [`shrink`] | a smaller plan that breaks the same promise |
#![allow(
    clippy::indexing_slicing,
    reason = "posts are numbered by the plan: a number that is none is a fault of the simulator"
)]

use khatt_record::PostIndex;

mod byzantine;
mod check;
mod disk;
mod draw;
mod net;
mod officers;
pub mod plan;
mod post;
pub mod shrink;
pub mod storm;
pub mod tally;
mod trace;
mod world;

pub use plan::Plan;
pub use tally::Tally;

/// A promise that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// When, in milliseconds since the run began.
    pub at_ms: u64,
    /// At which post, or of whose log.
    pub post: PostIndex,
    /// The promise.
    pub promise: &'static str,
    /// What was so.
    pub what: String,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What it did and met.
    pub tally: Tally,
    /// The first promise that did not hold.
    pub broken: Option<Broken>,
    /// What happened, row by row, if it was asked for.
    pub trace: String,
}

/// Whether a run keeps its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Nothing but the counts.
    Counts,
    /// Every row.
    Trace,
}

/// Plays a plan to its end, or to the first promise that does not hold.
#[must_use]
pub fn play(plan: &Plan, keep: Keep) -> Outcome {
    let trace = match keep {
        Keep::Counts => trace::Trace::none(),
        Keep::Trace => trace::Trace::rows(),
    };
    let mut world = world::World::new(plan.clone(), trace);
    world.run();
    Outcome { tally: world.tally, broken: world.broken, trace: world.trace.into_rows() }
}
