//! Why an act on a draft was refused. Every fault is on our own side.

use khatt_forms::FieldComparison;
use khatt_record::OfficerIndex;
use khatt_record::auth::AuthError;
use thiserror::Error;

/// Why an act on a draft was refused.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DraftError {
    /// A service message is the post's own; no officer drafts or signs it.
    #[error("local service message cannot be drafted")]
    LocalService,
    /// An edited draft needs a seed of its own.
    #[error("local seed was used for the draft before the edit")]
    LocalSeedReused,
    /// The draft was given back.
    #[error("local draft was returned to its drafter")]
    LocalReturned,
    /// The statement held until a time that is past.
    #[error("local officer {0} signed a statement that has expired")]
    LocalExpired(OfficerIndex),
    /// One officer, one signature, whatever the number of keys.
    #[error("local officer {0} has already signed this draft")]
    LocalSignedTwice(OfficerIndex),
    /// Only who wrote a draft signs as its drafter.
    #[error("local officer {0} did not draft this")]
    LocalNotDrafter(OfficerIndex),
    /// The rule asks for two: who drafted cannot release.
    #[error("local officer {0} cannot release a draft of their own")]
    LocalOwnDraft(OfficerIndex),
    /// The charter has no emergency release for this precedence.
    #[error("local charter allows no emergency release at this precedence")]
    LocalNoEmergency,
    /// The charter does not know the officer or the key.
    #[error("local officer {0} or that key is not in the charter")]
    LocalNoSuchOfficer(OfficerIndex),
    /// The officer belongs to another party than the post.
    #[error("local officer {0} is not of this post's party")]
    LocalOtherParty(OfficerIndex),
    /// The officer does not hold the role.
    #[error("local officer {0} does not hold the role that was signed for")]
    LocalRoleNotHeld(OfficerIndex),
    /// The signature is not one over this draft's statement.
    #[error("local officer {0} signed something else, or with another key")]
    LocalBadSignature(OfficerIndex),
    /// More signatures than a message can carry.
    #[error("local draft carries as many signatures as it can")]
    LocalTooMany,
    /// The form given is not the draft's.
    #[error("local form is not the one of the draft")]
    LocalOtherForm,
    /// The releaser must type the critical values back.
    #[error("local release needs the critical values typed back")]
    LocalNotTypedBack,
    /// What the releaser typed back is not what the draft says.
    #[error("local release differs from the draft in {} critical fields", .0.len())]
    LocalTypedBackDiffers(Vec<FieldComparison>),
    /// A return needs a reason of at most this many bytes.
    #[error("local draft is returned only with a reason of 1 to {max} bytes")]
    LocalReason {
        /// Most bytes.
        max: usize,
    },
}

impl DraftError {
    /// Returns the stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalService => "KC-2001",
            Self::LocalSeedReused => "KC-2002",
            Self::LocalReturned => "KC-2003",
            Self::LocalExpired(_) => "KC-2004",
            Self::LocalSignedTwice(_) => "KC-2005",
            Self::LocalNotDrafter(_) => "KC-2006",
            Self::LocalOwnDraft(_) => "KC-2007",
            Self::LocalNoEmergency => "KC-2008",
            Self::LocalNoSuchOfficer(_) => "KC-2009",
            Self::LocalOtherParty(_) => "KC-2010",
            Self::LocalRoleNotHeld(_) => "KC-2011",
            Self::LocalBadSignature(_) => "KC-2012",
            Self::LocalTooMany => "KC-2013",
            Self::LocalOtherForm => "KC-2014",
            Self::LocalNotTypedBack => "KC-2015",
            Self::LocalTypedBackDiffers(_) => "KC-2016",
            Self::LocalReason { .. } => "KC-2017",
        }
    }

    /// The record's check speaks of a peer's message; here the fault is our own officer's.
    pub(super) const fn from_auth(fault: &AuthError, officer: OfficerIndex) -> Self {
        match fault {
            AuthError::PeerOtherParty(_) => Self::LocalOtherParty(officer),
            AuthError::PeerOtherRole(_) => Self::LocalRoleNotHeld(officer),
            AuthError::PeerNoSuchOfficer(_) | AuthError::PeerNoSuchPost(_) => {
                Self::LocalNoSuchOfficer(officer)
            }
            _ => Self::LocalBadSignature(officer),
        }
    }
}
