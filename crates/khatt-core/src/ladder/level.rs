//! The levels of the ladder, which of them an author waits for, and words that are never printed.

use std::fmt;

use super::LadderError;

/// A step of the acknowledgement ladder, A0 to A6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// A0: stored at a relay.
    Stored = 0,
    /// A1: the receiving post's machine has stored it and signed so.
    Received = 1,
    /// A2: an operator has it.
    Operator = 2,
    /// A3: understood, by a read-back that the machine compared field by field.
    Understood = 3,
    /// A4: passed to an authority.
    Authority = 4,
    /// A5: units concerned were told, as far as the peer says.
    Units = 5,
    /// A6: answered in substance.
    Answered = 6,
}

/// Which levels the author of a message waits for: one, or several that must all be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted(pub(super) u8);

/// Words of an acknowledgement: an authority's name, a scope. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Words(pub(super) String);

/// Longest words that a ladder keeps, in bytes; the record keeps the whole.
pub const WORDS_MAX: usize = 400;

impl Level {
    /// Every level, lowest first.
    pub const ALL: [Self; 7] = [
        Self::Stored,
        Self::Received,
        Self::Operator,
        Self::Understood,
        Self::Authority,
        Self::Units,
        Self::Answered,
    ];

    /// Returns the number, 0 to 6.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns the level with this number, if there is one.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Stored,
            1 => Self::Received,
            2 => Self::Operator,
            3 => Self::Understood,
            4 => Self::Authority,
            5 => Self::Units,
            6 => Self::Answered,
            _ => return None,
        })
    }

    /// Returns the code that is the same in every language, `A0` to `A6`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Stored => "A0",
            Self::Received => "A1",
            Self::Operator => "A2",
            Self::Understood => "A3",
            Self::Authority => "A4",
            Self::Units => "A5",
            Self::Answered => "A6",
        }
    }
}

impl Wanted {
    /// Returns a wish for one level.
    #[must_use]
    pub const fn one(level: Level) -> Self {
        Self(1 << level.number())
    }

    /// Returns a wish for this level too, as in "A3 and A5".
    #[must_use]
    pub const fn and(self, level: Level) -> Self {
        Self(self.0 | 1 << level.number())
    }

    /// Tells whether this level is among those wanted.
    #[must_use]
    pub const fn includes(self, level: Level) -> bool {
        self.0 & (1 << level.number()) != 0
    }

    /// Tells whether a person must act for it: any level from A2 up.
    #[must_use]
    pub const fn needs_a_person(self) -> bool {
        self.0 >> Level::Operator.number() != 0
    }

    /// Returns the levels wanted, lowest first.
    pub fn levels(self) -> impl Iterator<Item = Level> {
        Level::ALL.into_iter().filter(move |level| self.includes(*level))
    }
}

impl Words {
    /// Keeps words of a message.
    ///
    /// # Errors
    ///
    /// [`LadderError::PeerTooLong`] beyond [`WORDS_MAX`] bytes.
    pub fn new(words: &str) -> Result<Self, LadderError> {
        if words.len() > WORDS_MAX {
            return Err(LadderError::PeerTooLong { max: WORDS_MAX });
        }
        Ok(Self(words.to_owned()))
    }

    /// Returns the words, for a screen.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words(<{} bytes>)", self.0.len())
    }
}
