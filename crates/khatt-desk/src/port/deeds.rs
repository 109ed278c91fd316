//! What officers do at the desk, what becomes of it, and what happens meanwhile.

use std::fmt;

use khatt_forms::Language;
use zeroize::Zeroizing;

use super::Entry;

/// What the desk itself writes into its journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// An officer sat down.
    Sat,
    /// An officer left.
    Left,
    /// A secret was wrong.
    Wrong,
}

/// What happened, for the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A message of ours left.
    Released,
    /// A message of theirs came.
    Received,
    /// Another post stored a message of ours.
    Receipted,
    /// A post stated a step.
    Stated,
    /// A post refused an entry of ours.
    Refused,
    /// A step of escalation fell due.
    Escalated,
    /// An alarm was raised.
    Raised,
    /// An alarm's cause is gone.
    Cleared,
    /// An officer saw an alarm.
    Seen,
    /// Nobody saw an alarm in time.
    Overdue,
    /// The line was tested.
    Tested,
    /// An officer sat down or left, or could not prove to be one.
    Desk(Noted),
}

/// One row of the journal.
#[derive(Clone, Debug)]
pub struct JournalRow {
    /// When, by the post's wall clock.
    pub time_ms: u64,
    /// What kind of row.
    pub what: Happened,
    /// What belongs to it: an officer, a post, an alarm's words.
    pub detail: String,
    /// The message it is about.
    pub entry: Option<Entry>,
}

/// An officer's presence at one deed.
///
/// Its `Debug` shows the name only, and the secret is overwritten when it goes.
pub struct Touch {
    /// The officer.
    pub officer: String,
    /// Opens the officer's key; empty in a rehearsal.
    pub secret: Zeroizing<String>,
}

impl fmt::Debug for Touch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Touch").field("officer", &self.officer).finish_non_exhaustive()
    }
}

/// What an officer does.
pub enum Deed {
    /// States a step of the ladder, 2, 4, 5 or 6, with further fields.
    Acknowledge {
        /// The message.
        entry: Entry,
        /// The level.
        level: u8,
        /// Further fields.
        inputs: Vec<(String, String)>,
    },
    /// Reads a message back.
    ReadBack {
        /// The message.
        entry: Entry,
        /// What was typed for its critical fields.
        typed: Vec<(String, String)>,
    },
    /// Makes a draft, and signs it as its drafter where the rule asks for another officer.
    Draft(Box<NewDraft>),
    /// Releases a draft.
    Release {
        /// The draft.
        draft: String,
        /// The digest of what the officer was shown; another one is refused.
        digest: String,
        /// What was typed for its critical fields.
        typed: Vec<(String, String)>,
        /// Alone, in an emergency.
        emergency: bool,
    },
    /// Gives a draft back.
    Return {
        /// The draft.
        draft: String,
        /// Why.
        reason: String,
    },
    /// Marks an alarm as seen. Never acknowledges a message.
    AlarmSeen(String),
    /// Sends a line test.
    TestLine,
}

impl fmt::Debug for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Acknowledge { .. } => "Acknowledge",
            Self::ReadBack { .. } => "ReadBack",
            Self::Draft(_) => "Draft",
            Self::Release { .. } => "Release",
            Self::Return { .. } => "Return",
            Self::AlarmSeen(_) => "AlarmSeen",
            Self::TestLine => "TestLine",
        })
    }
}

/// A draft as an officer gives it.
#[derive(Clone)]
pub struct NewDraft {
    /// The form's name.
    pub form: String,
    /// Fields and what was typed.
    pub inputs: Vec<(String, String)>,
    /// The language of free text.
    pub language: Language,
    /// 0 flash to 3 routine.
    pub precedence: u8,
    /// What it refers to: relation's code and entry.
    pub references: Vec<(String, Entry)>,
}

/// What became of a deed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// It is an entry of our log, durable, and on its way.
    Recorded(Entry),
    /// The draft waits for this many further signatures.
    Waiting {
        /// The draft.
        draft: String,
        /// How many.
        wanted: u8,
    },
    /// It is done and makes no entry.
    Done,
}

/// Why something was not done, in words for the officer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The stable code.
    pub code: String,
    /// What it means.
    pub what: String,
    /// What to do.
    pub advice: String,
    /// Fields at fault: name, what, what to do.
    pub fields: Vec<(String, String, String)>,
}

/// What has happened.
#[derive(Clone, Debug, Default)]
pub struct News {
    /// Where the news stand; never less than before.
    pub at: u64,
    /// Messages that are new or have moved.
    pub entries: Vec<Entry>,
    /// Whether more happened than could be kept: everything is to be read again.
    pub again: bool,
    /// Whether the post has stopped.
    pub over: bool,
}
