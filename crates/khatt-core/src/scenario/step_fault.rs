//! Why a run of a scenario failed.

use thiserror::Error;

use super::name::{Name, Word};

/// Why a run failed: the step, what was expected, what was seen instead.
///
/// Whose fault it is cannot be told from the scenario: the posts' own alarms and traces say it.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StepFault {
    /// What the step refers to was not there in time.
    #[error("step `{step}`: the message of `{missing}` was not at {post} by {by}")]
    NotReady {
        /// The step.
        step: Name,
        /// The step whose message is missing.
        missing: Name,
        /// The post that should hold it.
        post: Name,
        /// Until when it was waited for, on the scenario clock.
        by: String,
    },
    /// The host did not do the act in time.
    #[error("step `{step}`: the act was not done by {by}")]
    NotDone {
        /// The step.
        step: Name,
        /// Until when it was waited for, on the scenario clock.
        by: String,
    },
    /// The act was refused, and that was not expected, or not with this code.
    #[error("step `{step}`: refused with {code}; expected {expected}")]
    Refused {
        /// The step.
        step: Name,
        /// The code of the refusal.
        code: Word,
        /// What was expected.
        expected: String,
    },
    /// The act was done and should have been refused.
    #[error("step `{step}`: the act was done; expected it refused with {code}")]
    NotRefused {
        /// The step.
        step: Name,
        /// The code that was expected.
        code: Word,
    },
    /// An expectation was not met in time.
    #[error("step `{step}`: expected {expected} by {by}; seen instead: {seen}")]
    Unmet {
        /// The step.
        step: Name,
        /// What was expected.
        expected: String,
        /// Until when, on the scenario clock.
        by: String,
        /// What was seen.
        seen: String,
    },
    /// Something came about that must not.
    #[error("step `{step}`: expected {expected} until {by}; seen instead: {seen}")]
    Broken {
        /// The step.
        step: Name,
        /// What was expected.
        expected: String,
        /// Until when, on the scenario clock.
        by: String,
        /// What was seen.
        seen: String,
    },
}

impl StepFault {
    /// Returns the stable code of this fault, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotReady { .. } => "KE-2001",
            Self::NotDone { .. } => "KE-2002",
            Self::Refused { .. } => "KE-2003",
            Self::NotRefused { .. } => "KE-2004",
            Self::Unmet { .. } => "KE-2005",
            Self::Broken { .. } => "KE-2006",
        }
    }

    /// Returns the step at which the run ended.
    #[must_use]
    pub const fn step(&self) -> &Name {
        match self {
            Self::NotReady { step, .. }
            | Self::NotDone { step, .. }
            | Self::Refused { step, .. }
            | Self::NotRefused { step, .. }
            | Self::Unmet { step, .. }
            | Self::Broken { step, .. } => step,
        }
    }
}
