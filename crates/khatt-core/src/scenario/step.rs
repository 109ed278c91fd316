//! What is done on the line: one step, its time, its act.

use khatt_forms::Relation;
use khatt_record::Precedence;

use super::expect::Expectation;
use super::fault::FaultAct;
use super::name::{Name, Word};

/// One step of a scenario.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub name: Name,
    /// Row of the document at which it starts.
    pub row: usize,
    /// When it is due.
    pub timing: Timing,
    /// What a reader is told about it.
    pub say: Option<String>,
    /// Its share of the pauses for reading; 1 unless the step says otherwise.
    pub reading: u32,
    /// Milliseconds that it waits, once due, for what it refers to.
    pub ready_ms: u64,
    /// What is done.
    pub act: Act,
    /// What must hold then.
    pub expect: Vec<Expectation>,
}

/// When a step is due. A step is never started before the one above it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timing {
    /// At this offset in milliseconds from the start.
    At(u64),
    /// This long after all that another step expects was met.
    After {
        /// The other step.
        step: Name,
        /// Milliseconds after it.
        delay_ms: u64,
    },
}

/// What is done in a step.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A post tests the line.
    LineTest {
        /// The post.
        post: Name,
    },
    /// A message is drafted and released.
    Send(Box<Message>),
    /// An officer acknowledges a message.
    Acknowledge {
        /// The officer's post.
        post: Name,
        /// The officer.
        officer: Name,
        /// The step that sent the message.
        of: Name,
        /// 2 to 5.
        level: u8,
        /// Further fields of the form.
        fields: Vec<Field>,
    },
    /// An officer reads the critical fields of a message back.
    ReadBack {
        /// The officer's post.
        post: Name,
        /// The officer.
        officer: Name,
        /// The step that sent the message.
        of: Name,
        /// Fields that are read back otherwise than they were sent.
        overrides: Vec<Field>,
    },
    /// An officer answers a message by one code: acknowledgement of level A6.
    Answer {
        /// The officer's post.
        post: Name,
        /// The officer.
        officer: Name,
        /// The step that sent the message.
        of: Name,
        /// The code, which the form's list must have.
        answer: Word,
        /// Further fields of the form.
        fields: Vec<Field>,
    },
    /// Something goes wrong, or is put right.
    Fault(FaultAct),
    /// Nothing is done for a time.
    Wait {
        /// Milliseconds on the scenario clock.
        for_ms: u64,
    },
    /// Nothing is done; only the step's rows are checked.
    Expect,
}

/// A message to draft and release.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The post that sends.
    pub post: Name,
    /// The officer who drafts.
    pub drafter: Name,
    /// The officers who release, in their order; may be empty where one may do both.
    pub release: Vec<Name>,
    /// Whether it is released as an emergency by one officer.
    pub emergency: bool,
    /// Name of the form.
    pub form: Word,
    /// How urgent it is.
    pub precedence: Precedence,
    /// The author's language.
    pub language: Word,
    /// Field and text as an officer would type it, in the order of the document.
    pub fields: Vec<Field>,
    /// Earlier messages it refers to.
    pub references: Vec<Refer>,
    /// The step whose thread it continues, if it starts none of its own.
    pub thread: Option<Name>,
    /// Steps whose serials stand in its fields, each as `@step`.
    pub serials: Vec<Name>,
}

/// One field of a form and the text typed for it. `Debug` does not show the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Field {
    /// Name of the field.
    pub name: Word,
    /// What is typed.
    pub text: String,
}

/// A reference to the message of an earlier step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refer {
    /// How the new message stands to it.
    pub relation: Relation,
    /// The earlier step.
    pub step: Name,
}

impl Field {
    /// Returns the step of which the field holds the serial, if it is written as `@step`.
    #[must_use]
    pub fn serial_of(&self) -> Option<Name> {
        self.text.strip_prefix('@').and_then(Name::new)
    }
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} chars redacted", self.name, self.text.chars().count())
    }
}

impl Step {
    /// Says whether the step sends a message that later steps can refer to.
    #[must_use]
    pub const fn sends(&self) -> bool {
        matches!(self.act, Act::Send(_))
    }

    /// Returns the steps whose messages must be at hand before the act can be done.
    #[must_use]
    pub fn needs(&self) -> Vec<&Name> {
        match &self.act {
            Act::Send(message) => {
                message.references.iter().map(|refer| &refer.step).chain(&message.thread).collect()
            }
            Act::Acknowledge { of, .. } | Act::ReadBack { of, .. } | Act::Answer { of, .. } => {
                vec![of]
            }
            Act::LineTest { .. } | Act::Fault(_) | Act::Wait { .. } | Act::Expect => Vec::new(),
        }
    }
}

impl Act {
    /// Returns the post that acts, if one does.
    #[must_use]
    pub const fn post(&self) -> Option<&Name> {
        match self {
            Self::Send(message) => Some(&message.post),
            Self::LineTest { post }
            | Self::Acknowledge { post, .. }
            | Self::ReadBack { post, .. }
            | Self::Answer { post, .. } => Some(post),
            Self::Fault(_) | Self::Wait { .. } | Self::Expect => None,
        }
    }
}
