//! What a player asks of its host: the acts of steps, with entries in the place of names.

use std::collections::BTreeMap;

use khatt_forms::Relation;
use khatt_record::EntryId;

use super::fault::FaultAct;
use super::name::{Name, Word};
use super::observed::Observed;
use super::step::{Act, Field, Message};
use super::step_fault::StepFault;

/// Something for the host to do. It answers with `Recorded`, `Done` or `Refused` for the same step.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The step, or the fault, that asks for it.
    pub step: Name,
    /// What a reader is told about it.
    pub say: Option<String>,
    /// What to do.
    pub kind: ActionKind,
}

/// What a host is asked to do. Every earlier message is named by its entry.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// Test the line from a post.
    LineTest {
        /// The post.
        post: Name,
    },
    /// Draft a message, have it released, send it.
    Send(Box<Sending>),
    /// Acknowledge a message.
    Acknowledge {
        /// The officer's post.
        post: Name,
        /// The officer.
        officer: Name,
        /// The message.
        of: EntryId,
        /// 2 to 5.
        level: u8,
        /// Further fields of the form.
        fields: Vec<Field>,
    },
    /// Read the critical fields of a message back.
    ReadBack {
        /// The officer's post.
        post: Name,
        /// The officer.
        officer: Name,
        /// The message.
        of: EntryId,
        /// Fields that are read back otherwise than they were sent.
        overrides: Vec<Field>,
    },
    /// Answer a message by one code.
    Answer {
        /// The officer's post.
        post: Name,
        /// The officer.
        officer: Name,
        /// The message.
        of: EntryId,
        /// The code.
        answer: Word,
        /// Further fields of the form.
        fields: Vec<Field>,
    },
    /// Let something go wrong, or put it right. A `[[fault]]` needs no report.
    Fault(FaultAct),
}

/// A message to send, with what it refers to.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// The message as the scenario has it.
    pub message: Message,
    /// The entries it refers to, in the order of `message.references`.
    pub references: Vec<(Relation, EntryId)>,
    /// The entry whose thread it continues.
    pub thread: Option<EntryId>,
    /// The entries whose serials stand in its fields.
    pub serials: BTreeMap<Name, EntryId>,
}

impl Sending {
    /// Returns field and text as an officer would type them, with each `@step` replaced by the
    /// serial that `serial` makes of the step's entry.
    pub fn inputs(&self, serial: impl Fn(EntryId) -> String) -> Vec<(String, String)> {
        let typed = |field: &Field| {
            let entry = field.serial_of().and_then(|step| self.serials.get(&step));
            entry.map_or_else(|| field.text.clone(), |entry| serial(*entry))
        };
        let fields = self.message.fields.iter();
        fields.map(|field| (field.name.as_str().to_owned(), typed(field))).collect()
    }
}

/// What comes next.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Do this, report it, ask again.
    Act(Box<Action>),
    /// Nothing to do before this many milliseconds on the scenario clock. Ask again then, or as
    /// soon as anything new was observed.
    WaitUntil(u64),
    /// Every step was done and all that it expected held.
    Done,
    /// Something did not hold. The run is over.
    Failed(StepFault),
}

/// Puts entries in the place of steps, if every one is known.
pub(super) fn action_kind(act: &Act, observed: &Observed) -> Option<ActionKind> {
    Some(match act {
        Act::LineTest { post } => ActionKind::LineTest { post: post.clone() },
        Act::Send(message) => {
            let refer = message.references.iter();
            let references = refer
                .map(|refer| Some((refer.relation, observed.entry_of(&refer.step)?)))
                .collect::<Option<_>>()?;
            let thread = match &message.thread {
                None => None,
                Some(step) => Some(observed.entry_of(step)?),
            };
            let serials = message.serials.iter();
            let serials = serials
                .map(|step| Some((step.clone(), observed.entry_of(step)?)))
                .collect::<Option<_>>()?;
            let message = message.as_ref().clone();
            ActionKind::Send(Box::new(Sending { message, references, thread, serials }))
        }
        Act::Acknowledge { post, officer, of, level, fields } => ActionKind::Acknowledge {
            post: post.clone(),
            officer: officer.clone(),
            of: observed.entry_of(of)?,
            level: *level,
            fields: fields.clone(),
        },
        Act::ReadBack { post, officer, of, overrides } => ActionKind::ReadBack {
            post: post.clone(),
            officer: officer.clone(),
            of: observed.entry_of(of)?,
            overrides: overrides.clone(),
        },
        Act::Answer { post, officer, of, answer, fields } => ActionKind::Answer {
            post: post.clone(),
            officer: officer.clone(),
            of: observed.entry_of(of)?,
            answer: answer.clone(),
            fields: fields.clone(),
        },
        Act::Fault(fault) => ActionKind::Fault(fault.clone()),
        Act::Wait { .. } | Act::Expect => return None,
    })
}
