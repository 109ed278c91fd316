//! What can stand in a field: values that mean the same in every language.
//!
//! Values hold no wording. Painting them is `render.rs`, reading them from an officer `input.rs`,
//! their bytes `body.rs`. Text that an officer wrote is redacted in `Debug`.

use std::collections::BTreeMap;
use std::fmt;

use crate::geo::{Area, Coordinate, HeightBand};
use crate::language::Language;
use crate::route::Waypoint;
use crate::time::Instant;

/// How many, and how sure: never a bare number, so that unknown can never become zero.
///
/// `Known` and bounds start at 1; zero is `None`, said in so many words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Count {
    /// Stated explicitly that there are none.
    None,
    /// Exactly this many, at least 1.
    Known(u32),
    /// Between two numbers, both included, `lower < upper`.
    Range {
        /// Smallest number.
        lower: u32,
        /// Largest number.
        upper: u32,
    },
    /// This many or more, at least 1.
    AtLeast(u32),
    /// This many or fewer, at least 1: "up to seven".
    AtMost(u32),
    /// Stated explicitly that the number is not known.
    Unknown,
}

/// How the author stands to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClaimStatus {
    /// Passed on as it came in; the author has not checked it.
    Reported,
    /// Checked by the author.
    Confirmed,
    /// The author says it is not so.
    Denied,
    /// Said to be possible only: "may have".
    MayHave,
}

/// One number with its standing. Claims of one field are listed, never added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// The number.
    pub count: Count,
    /// How the author stands to it.
    pub status: ClaimStatus,
}

/// Yes, no, or not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tri {
    /// Yes.
    Yes,
    /// No.
    No,
    /// Not known to the author.
    Unknown,
}

/// A named place of the agreed gazetteer, with the coordinates that were meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Identity in the gazetteer, for example `gn:174448`.
    pub id: String,
    /// The fact; the name is its caption.
    pub at: Coordinate,
}

/// Words in their author's language, never translated.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text {
    /// Language the author declared.
    pub language: Language,
    /// The words, already filtered.
    pub text: String,
}

/// A numbered question or term: its number is its identity in later messages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Numbered {
    /// Number given by the author, from 1.
    pub number: u8,
    /// The words.
    pub text: Text,
}

/// An answer to one numbered question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer {
    /// Number of the question.
    pub question: u8,
    /// What was answered.
    pub reply: Reply,
}

/// The vocabulary of an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reply {
    /// Answered in full.
    Answered(Text),
    /// Answered in part; the rest is open.
    Part(Text),
    /// Not answered, for a coded reason.
    Declined(String),
    /// An answer will come by then.
    StandBy(Instant),
    /// The forces asked about are not ours.
    NotOurForces,
}

/// One side's position on one term.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TermPosition {
    /// Number of the term.
    pub term: u8,
    /// The position.
    pub position: Position,
    /// Other wording offered, or the term itself when it is new.
    pub text: Option<Text>,
}

/// What a party says to a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Position {
    /// Puts the term forward.
    Proposed,
    /// Agrees to it.
    Accepted,
    /// Does not agree to it.
    Declined,
    /// Would agree to other words.
    Amended,
    /// Has not decided.
    Open,
}

/// A step of the acknowledgement ladder, `field-guide.md` 2.3 in the design and `spec/form.md` §9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(u8);

impl Level {
    /// Stored at a relay.
    pub const A0: Level = Level(0);
    /// Stored at the receiving post, by its machine.
    pub const A1: Level = Level(1);
    /// An operator has it.
    pub const A2: Level = Level(2);
    /// Understood: read back and compared.
    pub const A3: Level = Level(3);
    /// Passed to the authority named.
    pub const A4: Level = Level(4);
    /// Units concerned were told, as far as the scope says.
    pub const A5: Level = Level(5);
    /// Answered in substance.
    pub const A6: Level = Level(6);

    /// Returns the level with this number, 0 to 6.
    #[must_use]
    pub const fn new(number: u8) -> Option<Level> {
        if number <= 6 { Some(Level(number)) } else { None }
    }

    /// Returns the number, 0 to 6.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Returns the code, for example `A3`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self.0 {
            0 => "A0",
            1 => "A1",
            2 => "A2",
            3 => "A3",
            4 => "A4",
            5 => "A5",
            _ => "A6",
        }
    }
}

/// What stands in one field of a filled form.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// The author states that this is not known.
    Unknown,
    /// A number of people or things.
    Count(Count),
    /// Several separate numbers for one field, 1 to 4.
    Claims(Vec<Claim>),
    /// A point in time.
    Instant(Instant),
    /// From one instant until a later one, both included.
    Window {
        /// First instant.
        from: Instant,
        /// Last instant, later than `from`.
        until: Instant,
    },
    /// A point on the ground.
    Coordinate(Coordinate),
    /// An area on the ground.
    Area(Area),
    /// A band of heights.
    Heights(HeightBand),
    /// A length in metres.
    Distance {
        /// Metres, 1 or more.
        metres: u32,
    },
    /// One code of the glossary.
    Code(String),
    /// Several codes, each once, in ascending order.
    Codes(Vec<String>),
    /// Yes, no or not known.
    Tri(Tri),
    /// A named place.
    Place(Place),
    /// The author's words.
    Text(Text),
    /// A serial, call sign or box: the same in every language.
    Identifier(String),
    /// Numbered questions, in ascending order.
    Questions(Vec<Numbered>),
    /// Answers to numbered questions, in ascending order.
    Answers(Vec<Answer>),
    /// Numbered terms with a position on each, in ascending order.
    Terms(Vec<TermPosition>),
    /// Fields of another form said again: its id, then field number and value.
    Repeated {
        /// The form whose fields are repeated.
        form: FormId,
        /// Value per field number.
        values: BTreeMap<u8, Value>,
    },
    /// A step of the acknowledgement ladder.
    Level(Level),
    /// Points in order, each with its time if that was said.
    Route(Vec<Waypoint>),
    /// Several points in time to choose from, 1 to 8, ascending.
    Instants(Vec<Instant>),
    /// A radio frequency.
    Frequency {
        /// Hertz, 1 or more.
        hertz: u64,
    },
    /// A direction.
    Bearing {
        /// Whole degrees from true north, 0 up to but not including 360.
        degrees: u16,
    },
    /// SHA-256 of something that lies elsewhere.
    Hash([u8; 32]),
    /// Plates, call signs, numbers of telephones or keys: 1 to 16, each once, ascending.
    Identifiers(Vec<String>),
}

/// Which form: its number and version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormId {
    /// Number of the form, the same in all versions.
    pub number: u8,
    /// Version, from 1.
    pub version: u8,
}

impl fmt::Display for FormId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.number, self.version)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Message text must never reach a trace.
        write!(f, "Text({}, {} chars redacted)", self.language, self.text.chars().count())
    }
}

impl ClaimStatus {
    /// Every status, in wire order.
    pub const ALL: [ClaimStatus; 4] =
        [ClaimStatus::Reported, ClaimStatus::Confirmed, ClaimStatus::Denied, ClaimStatus::MayHave];

    /// Returns the word an officer types, for example `may-have`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            ClaimStatus::Reported => "reported",
            ClaimStatus::Confirmed => "confirmed",
            ClaimStatus::Denied => "denied",
            ClaimStatus::MayHave => "may-have",
        }
    }
}

impl Position {
    /// Every position, in wire order.
    pub const ALL: [Position; 5] = [
        Position::Proposed,
        Position::Accepted,
        Position::Declined,
        Position::Amended,
        Position::Open,
    ];

    /// Returns the word an officer types, for example `accepted`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Position::Proposed => "proposed",
            Position::Accepted => "accepted",
            Position::Declined => "declined",
            Position::Amended => "amended",
            Position::Open => "open",
        }
    }
}

impl Count {
    /// Returns an exact count, with zero as [`Count::None`].
    #[must_use]
    pub const fn known(number: u32) -> Count {
        if number == 0 { Count::None } else { Count::Known(number) }
    }

    /// Says whether the count is within its bounds and in its one allowed spelling.
    #[must_use]
    pub const fn is_sound(self) -> bool {
        match self {
            Count::None | Count::Unknown => true,
            Count::Known(n) | Count::AtLeast(n) | Count::AtMost(n) => n >= 1 && n <= MAX_COUNT,
            Count::Range { lower, upper } => lower < upper && upper <= MAX_COUNT,
        }
    }
}

/// Largest number a count may hold.
pub const MAX_COUNT: u32 = 100_000_000;
