//! Scenarios: one written course of a line, played alike by the rehearsal and by the simulator.
//!
//! A scenario is a TOML document (`spec/scenario.md`) that says who is on the line, by which rules,
//! what goes wrong, who does what and when, and what must then hold. [`Scenario::parse`] reads it;
//! a [`Player`] says step by step what is to be done and judges what was observed. Neither knows a
//! clock, a file or an engine: the host moves the scenario clock, performs the actions on posts of
//! its own, and reports what they showed. Values of fields are the same text that an officer would
//! type; the forms themselves check it when the host fills them in.

mod action;
mod cast;
mod charter;
mod document;
mod error;
mod expect;
mod fault;
mod found;
mod header;
mod moment;
mod name;
mod observed;
mod player;
mod read_step;
mod step;
mod step_fault;

pub use action::{Action, ActionKind, Next, Sending};
pub use cast::{Mediator, Officer, OfficerRole, Party, Post, Route, RouteKind, Titles, Witness};
pub use charter::{CharterSettings, Clock, Floor, LineTest, Quotas, ReleaseRule};
pub use error::ScenarioError;
pub use expect::{Expect, Expectation, ReadBackResult};
pub use fault::{Fault, FaultAct};
pub use header::{Bounds, Scenario};
pub use name::{Name, Word};
pub use observed::{Observation, Observed};
pub use player::Player;
pub use step::{Act, Field, Message, Refer, Step, Timing};
pub use step_fault::StepFault;

/// Largest scenario document in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 512 * 1024;
/// Most steps in a scenario.
pub const MAX_STEPS: usize = 1_000;

#[cfg(test)]
mod tests;
