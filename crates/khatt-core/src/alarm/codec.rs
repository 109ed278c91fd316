//! The bytes of alarms in the working state, one piece of state for each alarm.

use khatt_record::OfficerIndex;

use super::{Alarm, Alarms, Call, Cause, Class, Outset, Presence, REASON_MAX, Shelf};
use crate::Now;
use crate::StateError;
use crate::clocks::StepKind;
use crate::pack::{Pack, Unpack};
use crate::timer::{Deadline, Stopwatch};

const WHAT: &str = "alarm";
const VERSION: u64 = 1;

impl Cause {
    /// Returns the name under which the alarm of this cause is kept.
    #[must_use]
    pub fn state_key(&self) -> String {
        format!("alarm/{self}")
    }
}

impl Alarms {
    /// Returns one alarm as bytes that [`Alarms::restore`] reads, with its remaining times.
    #[must_use]
    pub fn encode(&self, cause: Cause, now: Now) -> Option<Vec<u8>> {
        self.get(cause).map(|alarm| alarm.encode(now))
    }

    /// Takes in one alarm that was saved before a restart.
    ///
    /// # Errors
    ///
    /// [`StateError`] if the bytes are not exactly what [`Alarms::encode`] writes.
    pub fn restore(&mut self, bytes: &[u8], now: Now) -> Result<Cause, StateError> {
        let alarm = Alarm::decode(bytes, now)?;
        let cause = alarm.cause;
        self.next_serial = self.next_serial.max(alarm.serial.saturating_add(1));
        self.insert(alarm);
        Ok(cause)
    }
}

impl Alarm {
    fn encode(&self, now: Now) -> Vec<u8> {
        let mut pack = Pack::array_of(12);
        pack.uint(VERSION);
        self.cause.pack(&mut pack);
        pack.uint(self.serial).uint(match self.outset {
            Outset::FirstOut => 0,
            Outset::Later => 1,
        });
        pack.uint(self.count).uint(self.raised_wall_ms).uint(self.last_wall_ms);
        pack.option(self.seen_by, |pack, officer| {
            pack.uint(officer.into());
        });
        pack.option(self.shelf.as_ref(), |pack, shelf| {
            pack.array(3).uint(shelf.officer.into()).text(&shelf.reason);
            shelf.until.pack(pack, now);
        });
        pack.uint(match self.presence {
            Presence::Active => 0,
            Presence::Cleared => 1,
        });
        self.age.pack(&mut pack, now);
        match self.call {
            Call::First(first, second) => {
                pack.array(2);
                first.pack(&mut pack, now);
                second.pack(&mut pack, now);
            }
            Call::Second(second) => {
                pack.array(1);
                second.pack(&mut pack, now);
            }
            Call::Made => {
                pack.array(0);
            }
        }
        pack.finish()
    }

    fn decode(bytes: &[u8], now: Now) -> Result<Self, StateError> {
        let mut unpack = Unpack::new(bytes, WHAT);
        unpack.exactly(12)?;
        if unpack.uint()? != VERSION {
            return unpack.fault();
        }
        let cause = Cause::unpack(&mut unpack)?;
        let serial = unpack.uint()?;
        let outset = match unpack.uint()? {
            0 => Outset::FirstOut,
            1 => Outset::Later,
            _ => return unpack.fault(),
        };
        let count = unpack.uint()?;
        let raised_wall_ms = unpack.uint()?;
        let last_wall_ms = unpack.uint()?;
        let seen_by: Option<OfficerIndex> = unpack.option(Unpack::officer)?;
        let shelf = unpack.option(|unpack| {
            unpack.exactly(3)?;
            let officer = unpack.officer()?;
            let reason = unpack.text(REASON_MAX)?;
            Ok(Shelf { officer, reason, until: Deadline::unpack(unpack, now)? })
        })?;
        let presence = match unpack.uint()? {
            0 => Presence::Active,
            1 => Presence::Cleared,
            _ => return unpack.fault(),
        };
        let age = Stopwatch::unpack(&mut unpack, now)?;
        let call = match unpack.at_most(2)? {
            0 => Call::Made,
            1 => Call::Second(Deadline::unpack(&mut unpack, now)?),
            _ => Call::First(
                Deadline::unpack(&mut unpack, now)?,
                Deadline::unpack(&mut unpack, now)?,
            ),
        };
        let alarm = Self {
            cause,
            serial,
            outset,
            count,
            raised_wall_ms,
            last_wall_ms,
            seen_by,
            shelf,
            presence,
            age,
            call,
        };
        unpack.finish(&alarm.encode(now))?;
        Ok(alarm)
    }
}

impl Cause {
    #[rustfmt::skip]
    fn pack(self, pack: &mut Pack) {
        // The numbers are this file's own: a new cause takes the next one, an old one keeps its.
        match self {
            Self::IncomingUnacknowledged { message, precedence } => {
                pack.array(3).uint(0).entry(message).precedence(precedence)
            }
            Self::ReleaseWaiting { draft, precedence } => {
                pack.array(3).uint(1).bytes(&draft).precedence(precedence)
            }
            Self::Escalation { message, precedence, step } => pack
                .array(4).uint(2).entry(message).precedence(precedence).uint(step_number(step)),
            Self::PeerRefused { post } => pack.array(2).uint(3).uint(post.into()),
            Self::PeerForked { post } => pack.array(2).uint(4).uint(post.into()),
            Self::PeerShrank { post } => pack.array(2).uint(5).uint(post.into()),
            Self::PeerBadSignature { post } => pack.array(2).uint(6).uint(post.into()),
            Self::PeerBadOfficer { post } => pack.array(2).uint(7).uint(post.into()),
            Self::PeerReleaseRule { post } => pack.array(2).uint(8).uint(post.into()),
            Self::PeerOtherLine { post } => pack.array(2).uint(9).uint(post.into()),
            Self::PeerRepeats { post } => pack.array(2).uint(11).uint(post.into()),
            Self::PeerGap { post } => pack.array(2).uint(12).uint(post.into()),
            Self::PeerSkew { post } => pack.array(2).uint(13).uint(post.into()),
            Self::PeerFlood { post } => pack.array(2).uint(14).uint(post.into()),
            Self::PeerFormUnknown { post, form, version } => {
                pack.array(4).uint(15).uint(post.into()).uint(form.into()).uint(version.into())
            }
            Self::PeerRenderingDiffers { message } => pack.array(2).uint(16).entry(message),
            Self::PeerReadBackDiffers { message, post } => {
                pack.array(3).uint(17).entry(message).uint(post.into())
            }
            Self::PeerSilent { message, precedence, post } => pack
                .array(4).uint(18).entry(message).precedence(precedence).uint(post.into()),
            Self::CarrierCorrupt { route } => pack.array(2).uint(19).uint(route.into()),
            Self::LineTestAmber { post } => pack.array(2).uint(20).uint(post.into()),
            Self::LineTestRed { post } => pack.array(2).uint(21).uint(post.into()),
            Self::LineTestWrong { post } => pack.array(2).uint(22).uint(post.into()),
            Self::LineDown { post } => pack.array(2).uint(23).uint(post.into()),
            Self::NoDesk => pack.array(1).uint(24),
            Self::LocalDiskFull => pack.array(1).uint(25),
            Self::LocalDamage => pack.array(1).uint(26),
            Self::LocalClockStep => pack.array(1).uint(27),
            Self::EpochOld { post } => pack.array(2).uint(28).uint(post.into()),
            Self::TooMany { class } => pack.array(2).uint(29).uint(class as u64),
            Self::PeerMalformed { post } => pack.array(2).uint(30).uint(post.into()),
            Self::PeerUnopenable { post } => pack.array(2).uint(31).uint(post.into()),
            Self::PeerBadReceipt { post } => pack.array(2).uint(32).uint(post.into()),
            Self::LocalRolledBack => pack.array(1).uint(33),
            Self::PeerBadCosignature { post } => pack.array(2).uint(45).uint(post.into()),
        };
    }

    fn unpack(unpack: &mut Unpack<'_>) -> Result<Self, StateError> {
        // The exact length of the array is checked by the re-encoding at the end.
        unpack.at_most(4)?;
        Ok(match unpack.uint()? {
            0 => Self::IncomingUnacknowledged {
                message: unpack.entry()?,
                precedence: unpack.precedence()?,
            },
            1 => Self::ReleaseWaiting { draft: unpack.fixed()?, precedence: unpack.precedence()? },
            2 => Self::Escalation {
                message: unpack.entry()?,
                precedence: unpack.precedence()?,
                step: step(unpack)?,
            },
            3 => Self::PeerRefused { post: unpack.post()? },
            4 => Self::PeerForked { post: unpack.post()? },
            5 => Self::PeerShrank { post: unpack.post()? },
            6 => Self::PeerBadSignature { post: unpack.post()? },
            7 => Self::PeerBadOfficer { post: unpack.post()? },
            8 => Self::PeerReleaseRule { post: unpack.post()? },
            9 => Self::PeerOtherLine { post: unpack.post()? },
            11 => Self::PeerRepeats { post: unpack.post()? },
            12 => Self::PeerGap { post: unpack.post()? },
            13 => Self::PeerSkew { post: unpack.post()? },
            14 => Self::PeerFlood { post: unpack.post()? },
            15 => Self::PeerFormUnknown {
                post: unpack.post()?,
                form: unpack.number()?,
                version: unpack.number()?,
            },
            16 => Self::PeerRenderingDiffers { message: unpack.entry()? },
            17 => Self::PeerReadBackDiffers { message: unpack.entry()?, post: unpack.post()? },
            18 => Self::PeerSilent {
                message: unpack.entry()?,
                precedence: unpack.precedence()?,
                post: unpack.post()?,
            },
            19 => Self::CarrierCorrupt { route: unpack.number()? },
            20 => Self::LineTestAmber { post: unpack.post()? },
            21 => Self::LineTestRed { post: unpack.post()? },
            22 => Self::LineTestWrong { post: unpack.post()? },
            23 => Self::LineDown { post: unpack.post()? },
            24 => Self::NoDesk,
            25 => Self::LocalDiskFull,
            26 => Self::LocalDamage,
            27 => Self::LocalClockStep,
            28 => Self::EpochOld { post: unpack.post()? },
            29 => Self::TooMany { class: class(unpack)? },
            30 => Self::PeerMalformed { post: unpack.post()? },
            31 => Self::PeerUnopenable { post: unpack.post()? },
            32 => Self::PeerBadReceipt { post: unpack.post()? },
            33 => Self::LocalRolledBack,
            45 => Self::PeerBadCosignature { post: unpack.post()? },
            _ => return unpack.fault(),
        })
    }
}

fn class(unpack: &mut Unpack<'_>) -> Result<Class, StateError> {
    let number = unpack.uint()?;
    let class = Class::ALL.into_iter().find(|class| *class as u64 == number);
    class.map_or_else(|| unpack.fault(), Ok)
}

pub(super) const STEPS: [StepKind; 5] = [
    StepKind::SecondDesk,
    StepKind::PhoneList,
    StepKind::Mediator,
    StepKind::Silence,
    StepKind::Overdue,
];

fn step_number(step: StepKind) -> u64 {
    STEPS.iter().zip(0..).find(|(known, _)| **known == step).map_or(u64::MAX, |(_, number)| number)
}

fn step(unpack: &mut Unpack<'_>) -> Result<StepKind, StateError> {
    let number = unpack.uint()?;
    let step = STEPS.iter().zip(0_u64..).find(|(_, known)| *known == number);
    step.map_or_else(|| unpack.fault(), |(step, _)| Ok(*step))
}
