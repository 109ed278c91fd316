//! The names by which a line, its parties and its entries are known.
//!
//! All of them are plain values that can be copied, compared and printed. What they refer to
//! (a charter's parties, posts and officers) is in [`crate::charter`].

use std::fmt;

use thiserror::Error;

/// Why a number is not a value of the enumeration it was read as.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("peer sent {value}, which is no {what}")]
pub struct PeerUnknownNumber {
    /// Which enumeration was asked for.
    pub what: &'static str,
    /// The number that it does not have.
    pub value: u64,
}

impl PeerUnknownNumber {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ids.unknown-number"
    }
}

/// The id of a line: the hash of its first charter (`spec/charter.md §5`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(pub [u8; 32]);

/// A SHA-256 value: of a leaf, a node, a root, a charter, or a commitment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl LineId {
    /// Returns the 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Hash {
    /// Returns the 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LineId({self})")
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// What a line is for. It enters every signature, origin and key of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// The standing line itself.
    Real = 1,
    /// Practice traffic between the parties.
    Drill = 2,
    /// Both sides played on one machine.
    Rehearsal = 3,
}

/// How urgent a message is. The smaller sorts first and is sent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Precedence {
    /// Lives depend on minutes.
    Flash = 0,
    /// Lives or the line depend on the hour.
    Immediate = 1,
    /// Wanted before routine traffic.
    Priority = 2,
    /// Everything else.
    Routine = 3,
}

impl Precedence {
    /// All four, most urgent first.
    pub const ALL: [Self; 4] = [Self::Flash, Self::Immediate, Self::Priority, Self::Routine];

    /// Returns the place of this precedence in tables of four.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl TryFrom<u64> for Kind {
    type Error = PeerUnknownNumber;

    fn try_from(value: u64) -> Result<Self, Self::Error> {
        match value {
            1 => Ok(Self::Real),
            2 => Ok(Self::Drill),
            3 => Ok(Self::Rehearsal),
            _ => Err(PeerUnknownNumber { what: "kind of line", value }),
        }
    }
}

impl TryFrom<u64> for Precedence {
    type Error = PeerUnknownNumber;

    fn try_from(value: u64) -> Result<Self, Self::Error> {
        match value {
            0 => Ok(Self::Flash),
            1 => Ok(Self::Immediate),
            2 => Ok(Self::Priority),
            3 => Ok(Self::Routine),
            _ => Err(PeerUnknownNumber { what: "precedence", value }),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Real => "real",
            Self::Drill => "drill",
            Self::Rehearsal => "rehearsal",
        })
    }
}

impl fmt::Display for Precedence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flash => "flash",
            Self::Immediate => "immediate",
            Self::Priority => "priority",
            Self::Routine => "routine",
        })
    }
}

macro_rules! index {
    ($(#[$doc:meta])* $name:ident, $inner:ty, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl $name {
            /// Returns the number as a place in a table.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$name> for u64 {
            fn from(value: $name) -> Self {
                Self::from(value.0)
            }
        }

        impl TryFrom<u64> for $name {
            type Error = PeerUnknownNumber;

            fn try_from(value: u64) -> Result<Self, Self::Error> {
                <$inner>::try_from(value)
                    .map(Self)
                    .map_err(|_| PeerUnknownNumber { what: $what, value })
            }
        }
    };
}

index!(
    /// A party's place in the charter, from 0.
    PartyIndex, u8, "party"
);
index!(
    /// A post's place in the charter, from 0. The log that a post writes has the same number.
    PostIndex, u8, "post"
);
index!(
    /// An officer's place in the charter, from 0. The number stays with the person for ever.
    OfficerIndex, u16, "officer"
);

/// The name of one entry: whose log it is in, and its place there from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    /// The post whose log holds the entry.
    pub log: PostIndex,
    /// The place in that log, from 0.
    pub index: u64,
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.log, self.index)
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_outside_an_enumeration_are_refused() {
        assert_eq!(Kind::try_from(2), Ok(Kind::Drill));
        assert!(Kind::try_from(0).is_err());
        assert!(Kind::try_from(4).is_err());
        assert!(Precedence::try_from(4).is_err());
        assert!(PostIndex::try_from(256).is_err());
        assert_eq!(OfficerIndex::try_from(256), Ok(OfficerIndex(256)));
    }

    #[test]
    fn names_print_plainly() {
        let id = EntryId { log: PostIndex(1), index: 57 };
        assert_eq!(id.to_string(), "1/57");
        assert!(Hash([0xab; 32]).to_string().starts_with("abab"));
        assert_eq!(LineId([1; 32]).to_string().len(), 64);
    }
}
