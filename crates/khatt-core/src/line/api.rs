//! What goes into a line's engine and what comes out of it.

use std::sync::Arc;

use khatt_forms::{Body, Filled, Language, Reference};
use khatt_record::{
    auth::{OfficerSignature, VerifiedAuth},
    charter::YesNo,
    entry::Act as EntryAct,
    ids::{EntryId, Hash, OfficerIndex, PostIndex, Precedence},
};

use crate::store::{Batch, CommitError};

/// Names a draft: the submission id by which repeating a request does nothing twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DraftId(pub [u8; 16]);

/// Ties an act to the [`Output::Reply`] that answers it. Chosen by the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Ties a [`Output::Commit`] to the [`Input::Committed`] that completes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(pub u64);

/// Which way a frame travels. Today there is one; mediators, files and thin links follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Route {
    /// The direct connection between two posts.
    Direct,
}

/// What an engine is told.
#[derive(Debug)]
pub enum Input {
    /// A route to a peer came up.
    Connected {
        /// The post at the other end, as the transport proved it.
        peer: PostIndex,
        /// The route.
        route: Route,
    },
    /// A route to a peer went down.
    Disconnected {
        /// The post at the other end.
        peer: PostIndex,
        /// The route.
        route: Route,
    },
    /// A frame arrived.
    Frame {
        /// The post at the other end, as the transport proved it.
        peer: PostIndex,
        /// The route it came by.
        route: Route,
        /// The sealed bytes.
        bytes: Vec<u8>,
    },
    /// An officer, or the post for itself, asks for something.
    Act {
        /// Returned with the reply.
        ticket: Ticket,
        /// What is asked.
        act: Act,
    },
    /// The batch of this token is durable, and cannot be read back yet: what waited for no more than
    /// that is sent. A host need not say so. [`Input::Committed`] follows, or the disk is full after
    /// all and the batch must be offered to the store again.
    Durable(Token),
    /// The batch of this token is durable and can be read back.
    Committed(Token),
    /// The batch of this token was not stored.
    CommitFailed {
        /// The batch's token.
        token: Token,
        /// Why.
        fault: CommitError,
    },
    /// The host found that the disk altered something that it holds.
    Damaged,
    /// Only the time has moved.
    Tick,
    /// A desk of this post shows its alarms to somebody, and says so every two seconds.
    DeskAlive,
}

/// What an officer or the post asks of the engine.
#[derive(Clone, Debug)]
pub enum Act {
    /// Makes a draft; the reply says what its officers must sign.
    Draft(NewDraft),
    /// Adds an officer's signature. When the charter's rule is met the message is released.
    Sign {
        /// The draft.
        draft: DraftId,
        /// The officer's signature over the draft's statement.
        signature: OfficerSignature,
        /// Critical values typed back by the releaser, unseen; `None` where the rule asks for one signature.
        typed_back: Option<Filled>,
    },
    /// Gives a draft back to its drafter with a reason; nothing of it is sent.
    Return {
        /// The draft.
        draft: DraftId,
        /// The officer who returns it.
        officer: OfficerIndex,
        /// Why, in the officer's words; kept in the post only.
        reason: String,
    },
    /// Sends a line test now.
    TestLine,
    /// Marks an alarm as seen. Never acknowledges a message.
    AcknowledgeAlarm {
        /// The alarm's cause key.
        cause: String,
        /// The officer who saw it.
        officer: OfficerIndex,
    },
}

/// A draft as its author gives it.
#[derive(Clone, Debug)]
pub struct NewDraft {
    /// The drafting officer.
    pub officer: OfficerIndex,
    /// The filled form.
    pub filled: Filled,
    /// Author's language: free text is in it and never translated.
    pub language: Language,
    /// Speed wanted; `None` takes the form's own.
    pub precedence: Option<Precedence>,
    /// What it refers to.
    pub references: Vec<Reference>,
    /// Its thread; `None` starts one of its own.
    pub thread: Option<EntryId>,
}

/// What must be signed so that a draft may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToSign {
    /// The draft.
    pub draft: DraftId,
    /// The act (release or acknowledge).
    pub act: EntryAct,
    /// The salted digest of exactly what will leave.
    pub digest: Hash,
    /// Its precedence.
    pub precedence: Precedence,
    /// Officers' signatures still wanted.
    pub wanted: u8,
}

/// What became of an act.
#[derive(Clone, Debug)]
pub enum Done {
    /// The draft is kept (durable) and waits for signatures.
    Drafted(ToSign),
    /// The signature is kept; more are wanted.
    Signed(ToSign),
    /// The message is in our log, durable, and on its way.
    Released(EntryId),
    /// The draft was returned to its drafter.
    Returned(DraftId),
    /// A line test goes out with the next tick.
    Testing,
    /// The alarm is marked as seen.
    AlarmSeen,
}

/// What the engine wants done, or wants known.
#[derive(Debug)]
pub enum Output {
    /// Store this batch, then tell [`Input::Committed`] with its token.
    Commit {
        /// The batch's token.
        token: Token,
        /// What to store; kept by the engine until it is durable, so a full disk loses nothing.
        batch: Arc<Batch>,
    },
    /// Send this frame. Losing it is no fault; the engine sends again.
    Send {
        /// To which post.
        peer: PostIndex,
        /// By which route.
        route: Route,
        /// The sealed bytes.
        bytes: Vec<u8>,
    },
    /// The answer to an act.
    Reply {
        /// The act's ticket.
        ticket: Ticket,
        /// What became of it.
        result: Result<Done, super::ActError>,
    },
    /// Something a person or a journal should know.
    Event(Event),
    /// Nothing to do before this time since start (or before the next input).
    WaitUntil(Option<u64>),
}

/// What happened, for people and journals. Carries no text of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A message of ours is durable in our log.
    Released {
        /// Its entry.
        entry: EntryId,
        /// Its precedence.
        precedence: Precedence,
        /// Whether one officer released it alone in an emergency: to be shown loudly.
        emergency: YesNo,
    },
    /// A peer's message is durable here.
    Received {
        /// Its entry.
        entry: EntryId,
        /// Its precedence.
        precedence: Precedence,
        /// Whether earlier entries of its log are still missing.
        ahead: Ahead,
    },
    /// A peer's signed receipt for our message was verified.
    Receipted {
        /// Our message.
        entry: EntryId,
        /// The post that gave the receipt.
        by: PostIndex,
        /// The receipt's own entry.
        receipt: EntryId,
    },
    /// A message reached a level of the acknowledgement ladder.
    Level {
        /// The message.
        entry: EntryId,
        /// The post that reached it.
        by: PostIndex,
        /// The level, 2 to 6.
        level: u8,
        /// The acknowledgement's own entry.
        proof: EntryId,
    },
    /// A peer refused an entry of ours.
    Refused {
        /// Our entry.
        entry: EntryId,
        /// Who refused.
        by: PostIndex,
        /// The refusal's code.
        code: u16,
    },
    /// A step of the escalation chain is due.
    Escalate(crate::clocks::Step),
    /// Something happened to an alarm.
    Alarm(crate::alarm::Change),
    /// A line test was answered.
    LineTested {
        /// The peer.
        peer: PostIndex,
        /// From sending to the reply, by our own clock.
        round_trip: crate::timer::Took,
        /// The peer's clock against ours; nothing if a restart lies between.
        skew: Option<crate::line_test::Skew>,
    },
    /// A peer's log reached this size here.
    CaughtUp {
        /// Whose log.
        log: PostIndex,
        /// Its size.
        size: u64,
    },
}

/// Whether a message came ahead of its predecessors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// All earlier entries of its log are here.
    No,
    /// It is authentic; earlier entries are missing.
    PredecessorsMissing,
}

/// A message with its body, as a view for people.
#[derive(Clone, Debug)]
pub struct MessageView {
    /// Its entry.
    pub entry: EntryId,
    /// Claimed time of its author.
    pub claimed_ms: u64,
    /// Its precedence.
    pub precedence: Precedence,
    /// The act under which it was released.
    pub act: EntryAct,
    /// The decoded body; `None` if the body is not held or cannot be decoded.
    pub body: Option<Body>,
    /// Its thread, if it does not begin one.
    pub thread: Option<EntryId>,
    /// The officers who signed and how, if their signatures hold.
    pub auth: Option<VerifiedAuth>,
    /// The consents by which its text was erased; empty if it was not.
    pub erased: Vec<EntryId>,
}
