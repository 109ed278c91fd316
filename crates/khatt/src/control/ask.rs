//! What a command may ask of a post, and how the post answers.

use std::fmt;

use data_encoding::HEXLOWER;
use khatt_record::PostSigner;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    opened::FileView,
    views::{DraftRow, DraftView, LadderView, MessageRow, MessageView, StatusView, ToSignView},
};
use crate::{inspect::CheckView, trouble::Trouble};

/// What the post says first on a connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hello {
    /// The version of the control socket.
    pub khatt: u32,
    /// A number drawn for this connection, over which officers prove themselves. Hexadecimal.
    pub nonce: String,
}

/// One question with what comes with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// The question, as JSON text: what the officer's proof is over.
    pub ask: String,
    /// The language of the officer who asks, as a tag.
    pub language: String,
    /// The language in which messages are to be read, if it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<String>,
    /// The officer's proof, where the question names one. Hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}

/// What a command asks of a post.
///
/// Its `Debug` names the question only: questions hold what officers typed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ask {
    /// How the post stands.
    Status,
    /// Makes a draft. By an officer.
    Draft(Box<AskDraft>),
    /// Lists the drafts that wait.
    Drafts,
    /// Shows one draft in a language.
    ShowDraft {
        /// The draft, or the beginning of its number, hexadecimal.
        draft: String,
    },
    /// Adds an officer's signature.
    Sign(Box<AskSign>),
    /// Gives a draft back. By an officer.
    Return {
        /// The officer.
        officer: String,
        /// The draft.
        draft: String,
        /// Why.
        reason: String,
    },
    /// Lists messages.
    Messages {
        /// Only those of this post, by name.
        post: Option<String>,
        /// At most this many, the newest.
        limit: usize,
    },
    /// Shows one message.
    Message {
        /// The entry.
        entry: String,
    },
    /// Tells how far a message of ours has come; waits at most this long for a level.
    Ladder {
        /// The entry.
        entry: String,
        /// The level to wait for, 1 to 6; none waits for nothing.
        level: Option<u8>,
        /// How long to wait.
        wait_ms: u64,
    },
    /// Makes the file of a disclosure that officers have released.
    Disclose {
        /// The entry.
        entry: String,
        /// Whether officers' signatures are shown.
        officers: bool,
        /// Whether the charter is enclosed.
        charter: bool,
    },
    /// Sends a line test now.
    TestLine,
    /// Copies the store into a file of the folder, for a backup.
    Snapshot,
    /// Reads and verifies everything that the store holds.
    Check,
    /// Marks an alarm as seen. By an officer.
    AlarmSeen {
        /// The officer.
        officer: String,
        /// The alarm's key.
        cause: String,
    },
}

/// A draft as it is asked for.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskDraft {
    /// The drafting officer, by name.
    pub officer: String,
    /// The form, by name.
    pub form: String,
    /// Fields and what was typed for them.
    pub inputs: Vec<(String, String)>,
    /// The language of free text, as a tag.
    pub language: String,
    /// Speed wanted, by name; none takes the form's own.
    pub precedence: Option<String>,
    /// What it refers to: relation and entry.
    pub references: Vec<(String, String)>,
    /// The thread it belongs to; none takes that of what it refers to.
    pub thread: Option<String>,
}

/// A signature as it is handed over.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskSign {
    /// The draft.
    pub draft: String,
    /// The officer, by place in the charter.
    pub officer: u16,
    /// Which of the officer's keys.
    pub key: u8,
    /// In what role, by number.
    pub role: u8,
    /// Until when the statement holds, in milliseconds of Unix time.
    pub not_after_ms: u64,
    /// The signature, hexadecimal.
    pub signature: String,
    /// Critical values typed back, unseen.
    pub typed_back: Option<Vec<(String, String)>>,
}

/// How a post answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Answer {
    /// How the post stands.
    Status(Box<StatusView>),
    /// The draft is kept and waits for signatures.
    ToSign(ToSignView),
    /// The message is on the record and on its way.
    Released {
        /// Its entry.
        entry: String,
    },
    /// The draft was given back.
    Returned {
        /// The draft.
        draft: String,
    },
    /// The drafts that wait.
    Drafts {
        /// One row each.
        drafts: Vec<DraftRow>,
    },
    /// One draft.
    Draft(Box<DraftView>),
    /// Messages.
    Messages {
        /// One row each, in causal order.
        messages: Vec<MessageRow>,
    },
    /// One message.
    Message(Box<MessageView>),
    /// How far a message has come.
    Ladder(LadderView),
    /// A disclosure.
    Disclosure(FileView),
    /// A line test goes out.
    Testing,
    /// The copy lies in the folder and waits to be taken.
    Snapshot {
        /// The backup's manifest.
        manifest: String,
        /// The manifest's seal, hexadecimal.
        seal: String,
        /// What of the store is damaged.
        damage: Vec<Trouble>,
    },
    /// What was found.
    Check(Box<CheckView>),
    /// The alarm is marked as seen.
    AlarmSeen,
    /// It was not done.
    Refused(Trouble),
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Status => "Status",
            Self::Draft(_) => "Draft",
            Self::Drafts => "Drafts",
            Self::ShowDraft { .. } => "ShowDraft",
            Self::Sign(_) => "Sign",
            Self::Return { .. } => "Return",
            Self::Messages { .. } => "Messages",
            Self::Message { .. } => "Message",
            Self::Ladder { .. } => "Ladder",
            Self::Disclose { .. } => "Disclose",
            Self::TestLine => "TestLine",
            Self::Snapshot => "Snapshot",
            Self::Check => "Check",
            Self::AlarmSeen { .. } => "AlarmSeen",
        })
    }
}

impl Ask {
    /// Returns the officer who must prove to be asking, if any. A signature proves itself.
    #[must_use]
    pub fn officer(&self) -> Option<&str> {
        match self {
            Self::Draft(draft) => Some(&draft.officer),
            Self::Return { officer, .. } | Self::AlarmSeen { officer, .. } => Some(officer),
            _ => None,
        }
    }
}

/// What an officer signs to prove that a question is theirs.
#[must_use]
pub fn proof_message(nonce: &str, ask: &str) -> Vec<u8> {
    let mut message = b"khatt/1 control\0".to_vec();
    message.extend_from_slice(&Sha256::digest(nonce.as_bytes()));
    message.extend_from_slice(&Sha256::digest(ask.as_bytes()));
    message
}

/// Proves a question.
#[must_use]
pub fn prove(nonce: &str, ask: &str, signer: &dyn PostSigner) -> String {
    HEXLOWER.encode(&signer.sign(&proof_message(nonce, ask)))
}
