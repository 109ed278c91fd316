//! What an alarm can be about. One cause, one alarm, one act.

use std::fmt;

use khatt_record::{EntryId, PostIndex, Precedence};

use crate::clocks::StepKind;

/// How loud an alarm is, loudest first; `S` is about this desk itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Z: FLASH, and whatever shakes the trust in the line.
    Flash,
    /// S: this desk or post cannot do its work.
    Desk,
    /// O.
    Immediate,
    /// P.
    Priority,
    /// R.
    Routine,
}

/// Whether a cause lasts until something ends it, or happens and is past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// It lasts; the engine clears it. An acknowledged one stays on the screen until then.
    Condition,
    /// It happened; acknowledging it is the end of it, and when it happens again it is a new alarm.
    Occurrence,
}

/// Why an alarm is raised.
///
/// Equal causes are one alarm. Faults of a peer are told apart by post and kind, not by message, so
/// that a peer cannot bury one alarm under thousands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Cause {
    /// A peer's message waits for an officer of ours.
    IncomingUnacknowledged {
        /// The message.
        message: EntryId,
        /// Its precedence.
        precedence: Precedence,
    },
    /// A draft waits for a releasing officer.
    ReleaseWaiting {
        /// The draft.
        draft: [u8; 16],
        /// Its precedence.
        precedence: Precedence,
    },
    /// A step of the escalation chain is due.
    Escalation {
        /// The message.
        message: EntryId,
        /// Its precedence.
        precedence: Precedence,
        /// What is to be done.
        step: StepKind,
    },
    /// A peer refused an entry of ours.
    PeerRefused {
        /// The peer's post.
        post: PostIndex,
    },
    /// A peer signed two histories; the proof is kept.
    PeerForked {
        /// The peer's post.
        post: PostIndex,
    },
    /// A peer's log is shorter than one it has signed: restored or rolled back.
    PeerShrank {
        /// The peer's post.
        post: PostIndex,
    },
    /// A peer's post signed something that does not verify.
    PeerBadSignature {
        /// The peer's post.
        post: PostIndex,
    },
    /// An officer's signature of a peer does not verify.
    PeerBadOfficer {
        /// The peer's post.
        post: PostIndex,
    },
    /// A peer's message does not meet the charter's release rule.
    PeerReleaseRule {
        /// The peer's post.
        post: PostIndex,
    },
    /// A peer sent what belongs to another line, of the same kind or another: the line's id holds its kind.
    PeerOtherLine {
        /// The peer's post.
        post: PostIndex,
    },
    /// A peer signed or sealed what is not well formed, or contradicts itself.
    PeerMalformed {
        /// The peer's post.
        post: PostIndex,
    },
    /// A peer's message came without what its entry commits to.
    PeerUnopenable {
        /// The peer's post.
        post: PostIndex,
    },
    /// A peer's receipt, or what it says it holds, names another history than ours.
    PeerBadReceipt {
        /// The peer's post.
        post: PostIndex,
    },
    /// A peer's post-quantum cosignature does not verify.
    PeerBadCosignature {
        /// The peer's post.
        post: PostIndex,
    },
    /// A peer sends again and again what we hold.
    PeerRepeats {
        /// The peer's post.
        post: PostIndex,
    },
    /// Entries of a peer's log came and the ones before them stay away.
    PeerGap {
        /// The log.
        post: PostIndex,
    },
    /// A peer's clock is further from ours than the line allows.
    PeerSkew {
        /// The peer's post.
        post: PostIndex,
    },
    /// A peer sends more than the charter's quota.
    PeerFlood {
        /// The peer's post.
        post: PostIndex,
    },
    /// A peer used a form that this post does not have.
    PeerFormUnknown {
        /// The peer's post.
        post: PostIndex,
        /// Number of the form.
        form: u8,
        /// Version of the form.
        version: u8,
    },
    /// A message reads differently here than its author says; raw fields are shown.
    PeerRenderingDiffers {
        /// The message.
        message: EntryId,
    },
    /// A peer read a message of ours back, and it does not match.
    PeerReadBackDiffers {
        /// Our message.
        message: EntryId,
        /// The peer's post.
        post: PostIndex,
    },
    /// Every step was taken and nobody acknowledged. Silence, not refusal, not fault.
    PeerSilent {
        /// Our message.
        message: EntryId,
        /// Its precedence.
        precedence: Precedence,
        /// The post that is silent.
        post: PostIndex,
    },
    /// What a carrier delivered does not open.
    CarrierCorrupt {
        /// The route's number.
        route: u8,
    },
    /// One line test in a row was not answered.
    LineTestAmber {
        /// The peer's post.
        post: PostIndex,
    },
    /// Two or more line tests in a row were not answered.
    LineTestRed {
        /// The peer's post.
        post: PostIndex,
    },
    /// A line test was answered, and the answer shows that it was not read as it was written.
    LineTestWrong {
        /// The peer's post.
        post: PostIndex,
    },
    /// No route to a peer.
    LineDown {
        /// The peer's post.
        post: PostIndex,
    },
    /// A desk was there, and shows no more that it is alive.
    NoDesk,
    /// The disk has no room.
    LocalDiskFull,
    /// What the disk holds is not what was written.
    LocalDamage,
    /// A peer holds more of our own log, under our own signature, than we do: we were rolled back.
    LocalRolledBack,
    /// The wall clock was set, or the machine slept.
    LocalClockStep,
    /// No fresh prekey of a peer for long: the age of forward secrecy grows.
    EpochOld {
        /// The peer's post.
        post: PostIndex,
    },
    /// More alarms of one class than can be held; the others go on.
    TooMany {
        /// The class that is full.
        class: Class,
    },
}

impl Class {
    /// Every class, loudest first.
    pub const ALL: [Self; 5] =
        [Self::Flash, Self::Desk, Self::Immediate, Self::Priority, Self::Routine];

    /// Returns the class's letter, the same in every language.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Flash => 'Z',
            Self::Desk => 'S',
            Self::Immediate => 'O',
            Self::Priority => 'P',
            Self::Routine => 'R',
        }
    }

    /// Returns the class of alarms about messages of this precedence.
    #[must_use]
    pub const fn of(precedence: Precedence) -> Self {
        match precedence {
            Precedence::Flash => Self::Flash,
            Precedence::Immediate => Self::Immediate,
            Precedence::Priority => Self::Priority,
            Precedence::Routine => Self::Routine,
        }
    }

    /// Returns how long an officer has to acknowledge such an alarm, and until the second call, in
    /// milliseconds.
    #[must_use]
    pub const fn acknowledge_within_ms(self) -> (u64, u64) {
        match self {
            Self::Flash => (3 * MINUTE, 5 * MINUTE),
            Self::Desk => (MINUTE, 2 * MINUTE),
            Self::Immediate => (15 * MINUTE, 30 * MINUTE),
            Self::Priority => (60 * MINUTE, 180 * MINUTE),
            Self::Routine => (360 * MINUTE, 1440 * MINUTE),
        }
    }

    /// Returns how long such an alarm may be shelved at most, in milliseconds; a desk alarm cannot.
    #[must_use]
    pub const fn shelf_max_ms(self) -> u64 {
        match self {
            Self::Flash => 15 * MINUTE,
            Self::Desk => 0,
            Self::Immediate => 60 * MINUTE,
            Self::Priority => 240 * MINUTE,
            Self::Routine => 480 * MINUTE,
        }
    }
}

impl Cause {
    /// Returns the stable code of this kind of cause.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.row().0
    }

    /// Returns the key of the alarm's text and advice in every language.
    #[must_use]
    pub const fn text_key(&self) -> &'static str {
        self.row().1
    }

    /// Returns how loud the alarm is.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::IncomingUnacknowledged { precedence, .. }
            | Self::Escalation { precedence, .. }
            | Self::PeerSilent { precedence, .. } => Class::of(*precedence),
            Self::ReleaseWaiting { precedence: Precedence::Flash, .. } => Class::Immediate,
            Self::ReleaseWaiting { precedence, .. } => Class::of(*precedence),
            Self::TooMany { class } => *class,
            Self::PeerForked { .. }
            | Self::PeerShrank { .. }
            | Self::PeerBadSignature { .. }
            | Self::PeerBadOfficer { .. }
            | Self::PeerReleaseRule { .. }
            | Self::PeerOtherLine { .. }
            | Self::PeerBadReceipt { .. }
            | Self::LocalRolledBack => Class::Flash,
            Self::PeerRefused { .. }
            | Self::PeerMalformed { .. }
            | Self::PeerUnopenable { .. }
            | Self::PeerFlood { .. }
            | Self::PeerRenderingDiffers { .. }
            | Self::PeerReadBackDiffers { .. }
            | Self::LineTestRed { .. }
            | Self::LineTestWrong { .. }
            | Self::LineDown { .. } => Class::Immediate,
            Self::PeerBadCosignature { .. }
            | Self::PeerRepeats { .. }
            | Self::PeerGap { .. }
            | Self::PeerSkew { .. }
            | Self::PeerFormUnknown { .. }
            | Self::CarrierCorrupt { .. }
            | Self::LineTestAmber { .. }
            | Self::EpochOld { .. } => Class::Priority,
            Self::NoDesk | Self::LocalDiskFull | Self::LocalDamage | Self::LocalClockStep => {
                Class::Desk
            }
        }
    }

    /// Tells whether the cause lasts.
    #[must_use]
    pub const fn nature(&self) -> Nature {
        match self {
            Self::Escalation { .. }
            | Self::PeerRefused { .. }
            | Self::PeerBadSignature { .. }
            | Self::PeerBadOfficer { .. }
            | Self::PeerReleaseRule { .. }
            | Self::PeerOtherLine { .. }
            | Self::PeerMalformed { .. }
            | Self::PeerUnopenable { .. }
            | Self::PeerBadReceipt { .. }
            | Self::PeerBadCosignature { .. }
            | Self::PeerRepeats { .. }
            | Self::PeerFormUnknown { .. }
            | Self::PeerRenderingDiffers { .. }
            | Self::CarrierCorrupt { .. }
            | Self::LineTestWrong { .. }
            | Self::LocalClockStep
            | Self::TooMany { .. } => Nature::Occurrence,
            _ => Nature::Condition,
        }
    }

    /// Returns the cause's key: short, without any content, the same for equal causes only.
    #[must_use]
    pub fn key(&self) -> String {
        self.to_string()
    }

    const fn row(&self) -> (&'static str, &'static str) {
        match self {
            Self::IncomingUnacknowledged { .. } => ("KA-1001", "incoming-unacknowledged"),
            Self::ReleaseWaiting { .. } => ("KA-1002", "release-waiting"),
            Self::Escalation { .. } => ("KA-1003", "escalation"),
            Self::PeerRefused { .. } => ("KA-1004", "peer-refused"),
            Self::PeerForked { .. } => ("KA-2001", "peer-forked"),
            Self::PeerShrank { .. } => ("KA-2002", "peer-shrank"),
            Self::PeerBadSignature { .. } => ("KA-2003", "peer-bad-signature"),
            Self::PeerBadOfficer { .. } => ("KA-2004", "peer-bad-officer"),
            Self::PeerReleaseRule { .. } => ("KA-2005", "peer-release-rule"),
            Self::PeerOtherLine { .. } => ("KA-2006", "peer-other-line"),
            Self::PeerRepeats { .. } => ("KA-2008", "peer-repeats"),
            Self::PeerGap { .. } => ("KA-2009", "peer-gap"),
            Self::PeerSkew { .. } => ("KA-2010", "peer-skew"),
            Self::PeerFlood { .. } => ("KA-2011", "peer-flood"),
            Self::PeerFormUnknown { .. } => ("KA-2012", "peer-form-unknown"),
            Self::PeerRenderingDiffers { .. } => ("KA-2013", "peer-rendering-differs"),
            Self::PeerReadBackDiffers { .. } => ("KA-2014", "peer-read-back-differs"),
            Self::PeerSilent { .. } => ("KA-2015", "peer-silent"),
            Self::PeerMalformed { .. } => ("KA-2016", "peer-malformed"),
            Self::PeerUnopenable { .. } => ("KA-2017", "peer-unopenable"),
            Self::PeerBadReceipt { .. } => ("KA-2018", "peer-bad-receipt"),
            Self::PeerBadCosignature { .. } => ("KA-2025", "peer-bad-cosignature"),
            Self::CarrierCorrupt { .. } => ("KA-3001", "carrier-corrupt"),
            Self::LineTestAmber { .. } => ("KA-3002", "line-test-amber"),
            Self::LineTestRed { .. } => ("KA-3003", "line-test-red"),
            Self::LineTestWrong { .. } => ("KA-3004", "line-test-wrong"),
            Self::LineDown { .. } => ("KA-3005", "line-down"),
            Self::NoDesk => ("KA-4001", "no-desk"),
            Self::LocalDiskFull => ("KA-4002", "local-disk-full"),
            Self::LocalDamage => ("KA-4003", "local-damage"),
            Self::LocalClockStep => ("KA-4004", "local-clock-step"),
            Self::EpochOld { .. } => ("KA-4005", "epoch-old"),
            Self::TooMany { .. } => ("KA-4006", "too-many"),
            Self::LocalRolledBack => ("KA-4007", "local-rolled-back"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text_key())?;
        match self {
            Self::IncomingUnacknowledged { message, precedence } => {
                write!(f, "/{message}/{precedence}")
            }
            Self::ReleaseWaiting { draft, precedence } => {
                f.write_str("/")?;
                draft.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                write!(f, "/{precedence}")
            }
            Self::Escalation { message, precedence, step } => {
                write!(f, "/{message}/{precedence}/{}", step.name())
            }
            Self::PeerRefused { post }
            | Self::PeerForked { post }
            | Self::PeerShrank { post }
            | Self::PeerBadSignature { post }
            | Self::PeerBadOfficer { post }
            | Self::PeerReleaseRule { post }
            | Self::PeerOtherLine { post }
            | Self::PeerMalformed { post }
            | Self::PeerUnopenable { post }
            | Self::PeerBadReceipt { post }
            | Self::PeerBadCosignature { post }
            | Self::PeerRepeats { post }
            | Self::PeerGap { post }
            | Self::PeerSkew { post }
            | Self::PeerFlood { post }
            | Self::LineTestAmber { post }
            | Self::LineTestRed { post }
            | Self::LineTestWrong { post }
            | Self::LineDown { post }
            | Self::EpochOld { post } => write!(f, "/{post}"),
            Self::PeerFormUnknown { post, form, version } => write!(f, "/{post}/{form}.{version}"),
            Self::PeerRenderingDiffers { message } => write!(f, "/{message}"),
            Self::PeerReadBackDiffers { message, post } => write!(f, "/{message}/{post}"),
            Self::PeerSilent { message, precedence, post } => {
                write!(f, "/{message}/{precedence}/{post}")
            }
            Self::CarrierCorrupt { route } => write!(f, "/{route}"),
            Self::TooMany { class } => write!(f, "/{}", class.letter()),
            Self::NoDesk
            | Self::LocalDiskFull
            | Self::LocalDamage
            | Self::LocalClockStep
            | Self::LocalRolledBack => Ok(()),
        }
    }
}

const MINUTE: u64 = 60_000;
