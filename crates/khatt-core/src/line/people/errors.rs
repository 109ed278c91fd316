//! Why an act was not done. Nothing is lost: what was typed stays with whoever typed it.

use khatt_forms::{FormId, InputError, RenderError};
use khatt_record::{
    EntryId, OfficerIndex, Precedence,
    auth::{AuthEncodeError, AuthError},
};
use thiserror::Error;

use crate::{
    alarm::AlarmError,
    draft::DraftError,
    line::{DraftId, Halt},
    quota::Limit,
};

/// Why an act was not done.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ActError {
    /// This post was rolled back and signs nothing more on this log.
    #[error("local post was rolled back: a peer holds more of its log than it does itself")]
    LocalHalted(Halt),
    /// The disk is full; nothing new is taken until there is room.
    #[error("local disk is full: nothing new is taken until there is room")]
    LocalDiskFull,
    /// The charter does not have this form, or this post holds another of its number.
    #[error("local form {0} is not one of this line's charter")]
    LocalFormNotInCharter(FormId),
    /// The form belongs to the post itself, not to officers.
    #[error("local form {0} is sent by the post itself, not by an officer")]
    LocalServiceForm(FormId),
    /// The values do not fit the form.
    #[error("local draft does not fit its form in {} place(s)", .0.len())]
    LocalInvalid(Vec<InputError>),
    /// The form cannot be rendered in every language of the line.
    #[error("local draft cannot be written in every language of the line: {0}")]
    LocalRender(#[from] RenderError),
    /// It refers to an entry that this post does not hold.
    #[error("local draft refers to entry {0}, which this post does not hold")]
    LocalNoSuchEntry(EntryId),
    /// It would exceed what the charter allows this post to send.
    #[error("local post would send more than the charter allows: {limit:?} at {precedence}")]
    LocalOverQuota {
        /// What would be exceeded.
        limit: Limit,
        /// The draft's precedence.
        precedence: Precedence,
    },
    /// There is no such draft: it was released, returned, or never made.
    #[error("local post has no such draft")]
    LocalNoSuchDraft(DraftId),
    /// As many drafts wait as the post can hold.
    #[error("local post holds {0} drafts already")]
    LocalTooManyDrafts(usize),
    /// There is no such officer at this post.
    #[error("local officer {0} is not an officer of this post's party")]
    LocalNoSuchOfficer(OfficerIndex),
    /// The draft or a signature on it is at fault.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// The signatures cannot be written for this moment.
    #[error(transparent)]
    Auth(#[from] AuthEncodeError),
    /// The signatures do not satisfy the charter, so no peer would take the message.
    #[error("local signatures do not satisfy the charter: {0}")]
    LocalAuth(#[from] AuthError),
    /// The alarm is not there, or may not be treated so.
    #[error(transparent)]
    Alarm(#[from] AlarmError),
    /// It is to disclose or erase what is no message with a text, or is itself such an act.
    #[error("local entry {0} is no message that could be disclosed or erased")]
    LocalNoSuchMessage(EntryId),
    /// No alarm has this key.
    #[error("local post has no such alarm")]
    LocalNoSuchAlarm,
}

impl ActError {
    /// Returns the stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LocalHalted(_) => "KC-1101",
            Self::LocalDiskFull => "KC-1102",
            Self::LocalFormNotInCharter(_) => "KC-1103",
            Self::LocalServiceForm(_) => "KC-1104",
            Self::LocalInvalid(_) => "KC-1105",
            Self::LocalRender(_) => "KC-1106",
            Self::LocalNoSuchEntry(_) => "KC-1107",
            Self::LocalOverQuota { limit, .. } => limit.code(),
            Self::LocalNoSuchDraft(_) => "KC-1108",
            Self::LocalTooManyDrafts(_) => "KC-1109",
            Self::LocalNoSuchOfficer(_) => "KC-1110",
            Self::Draft(error) => error.code(),
            Self::Auth(error) => error.code(),
            Self::LocalAuth(error) => error.code(),
            Self::Alarm(error) => error.code(),
            Self::LocalNoSuchAlarm => "KC-1111",
            Self::LocalNoSuchMessage(_) => "KC-1206",
        }
    }
}
