//! The strict subset of CBOR in which everything on a line is written (`spec/encoding.md`).
//!
//! Four types only: unsigned integers, byte strings, text strings and arrays; definite lengths;
//! every head in its shortest form. So each value has exactly one encoding, and a reader that
//! accepts has also checked that encoding again would give the same bytes. The reader never
//! allocates: it hands out slices of what it was given. What the values mean is left to others.

use thiserror::Error;

use crate::ids::PeerUnknownNumber;

/// The greatest number of arrays inside one another.
pub const DEPTH_MAX: usize = 4;

const UINT: u8 = 0;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;

/// Why bytes are not what they were read as.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes end inside an item.
    #[error("peer's bytes end at {at}, inside an item")]
    PeerTruncated {
        /// Offset at which more was expected.
        at: usize,
    },
    /// Bytes follow the last item.
    #[error("peer's bytes go on after the last item, at {at}")]
    PeerTrailing {
        /// Offset of the first byte too many.
        at: usize,
    },
    /// A head is longer than it need be.
    #[error("peer wrote a number longer than needed at {at}")]
    PeerNotShortest {
        /// Offset of the head.
        at: usize,
    },
    /// A type outside the subset, or an indefinite length.
    #[error("peer used a type that is not allowed at {at}")]
    PeerForbiddenType {
        /// Offset of the head.
        at: usize,
    },
    /// An allowed type, but not the one that belongs here.
    #[error("peer put another type than expected at {at}")]
    PeerOtherType {
        /// Offset of the head.
        at: usize,
    },
    /// A number, string or array beyond what this place allows.
    #[error("peer exceeded a limit at {at}")]
    PeerTooLarge {
        /// Offset of the head.
        at: usize,
    },
    /// A string or array of another length than this place has.
    #[error("peer sent another length than expected at {at}")]
    PeerOtherLength {
        /// Offset of the head.
        at: usize,
    },
    /// A text string that is not UTF-8.
    #[error("peer's text is not utf-8 at {at}")]
    PeerNotText {
        /// Offset of the head.
        at: usize,
    },
    /// Arrays inside one another beyond [`DEPTH_MAX`].
    #[error("peer nested arrays too deeply at {at}")]
    PeerTooDeep {
        /// Offset of the head.
        at: usize,
    },
    /// A number that names nothing.
    #[error(transparent)]
    PeerUnknown(#[from] PeerUnknownNumber),
    /// Items that ought to ascend do not.
    #[error("peer's items do not ascend at {at}")]
    PeerNotAscending {
        /// Offset after the item at fault.
        at: usize,
    },
    /// A value that contradicts another one or the place it stands in.
    #[error("peer's {what} contradicts its place at {at}")]
    PeerContradiction {
        /// What is wrong.
        what: &'static str,
        /// Offset after the item at fault.
        at: usize,
    },
}

impl DecodeError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerTruncated { .. } => "decode.truncated",
            Self::PeerTrailing { .. } => "decode.trailing",
            Self::PeerNotShortest { .. } => "decode.not-shortest",
            Self::PeerForbiddenType { .. } => "decode.forbidden-type",
            Self::PeerOtherType { .. } => "decode.other-type",
            Self::PeerTooLarge { .. } => "decode.too-large",
            Self::PeerOtherLength { .. } => "decode.other-length",
            Self::PeerNotText { .. } => "decode.not-text",
            Self::PeerTooDeep { .. } => "decode.too-deep",
            Self::PeerUnknown(_) => "decode.unknown-number",
            Self::PeerNotAscending { .. } => "decode.not-ascending",
            Self::PeerContradiction { .. } => "decode.contradiction",
        }
    }
}

/// The type of the next item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// An unsigned integer.
    Uint,
    /// A byte string.
    Bytes,
    /// A text string.
    Text,
    /// An array.
    Array,
}

/// Reads items one after another from a slice.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Returns the offset of the next item.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.at
    }

    /// Tells whether all bytes were read. Used for sequences of items.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Returns the type of the next item without reading it.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if nothing follows or its type is not allowed.
    pub fn peek(&self) -> Result<Type, DecodeError> {
        let first = self.bytes.get(self.at).ok_or(DecodeError::PeerTruncated { at: self.at })?;
        match first >> 5 {
            UINT => Ok(Type::Uint),
            BYTES => Ok(Type::Bytes),
            TEXT => Ok(Type::Text),
            ARRAY => Ok(Type::Array),
            _ => Err(DecodeError::PeerForbiddenType { at: self.at }),
        }
    }

    /// Reads an unsigned integer.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the next item is anything else.
    pub fn uint(&mut self) -> Result<u64, DecodeError> {
        self.head(UINT)
    }

    /// Reads an unsigned integer no greater than `max`.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the next item is anything else.
    pub fn uint_max(&mut self, max: u64) -> Result<u64, DecodeError> {
        let at = self.at;
        let value = self.uint()?;
        if value > max { Err(DecodeError::PeerTooLarge { at }) } else { Ok(value) }
    }

    /// Reads an unsigned integer of 32 bits.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the next item is anything else.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        let at = self.at;
        u32::try_from(self.uint()?).map_err(|_| DecodeError::PeerTooLarge { at })
    }

    /// Reads a number and turns it into the value that it names.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the next item is no number or names nothing.
    pub fn number<T: TryFrom<u64, Error = PeerUnknownNumber>>(&mut self) -> Result<T, DecodeError> {
        Ok(T::try_from(self.uint()?)?)
    }

    /// Reads a byte string of at most `max` bytes.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the next item is anything else.
    pub fn bytes(&mut self, max: usize) -> Result<&'a [u8], DecodeError> {
        let at = self.at;
        let length = self.head(BYTES)?;
        self.take(at, length, max)
    }

    /// Reads a byte string of exactly `N` bytes.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the next item is anything else.
    pub fn fixed<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let at = self.at;
        let bytes = self.bytes(N)?;
        bytes.try_into().map_err(|_| DecodeError::PeerOtherLength { at })
    }

    /// Reads a text string of at most `max` bytes of UTF-8.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the next item is anything else.
    pub fn text(&mut self, max: usize) -> Result<&'a str, DecodeError> {
        let at = self.at;
        let length = self.head(TEXT)?;
        let bytes = self.take(at, length, max)?;
        std::str::from_utf8(bytes).map_err(|_| DecodeError::PeerNotText { at })
    }

    /// Reads the head of an array of at most `max` items and returns how many follow.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the next item is anything else.
    pub fn array(&mut self, max: usize) -> Result<usize, DecodeError> {
        let at = self.at;
        let length = self.head(ARRAY)?;
        match usize::try_from(length) {
            Ok(length) if length <= max => Ok(length),
            _ => Err(DecodeError::PeerTooLarge { at }),
        }
    }

    /// Reads the head of an array of exactly `length` items.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the next item is anything else.
    pub fn array_of(&mut self, length: usize) -> Result<(), DecodeError> {
        let at = self.at;
        if self.array(length)? == length {
            Ok(())
        } else {
            Err(DecodeError::PeerOtherLength { at })
        }
    }

    /// Reads one item of any allowed type, with at most `depth` arrays inside one another, and
    /// returns its bytes. Takes time in proportion to those bytes, whatever the lengths in it say.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the item is not well formed.
    pub fn any(&mut self, depth: usize) -> Result<&'a [u8], DecodeError> {
        let start = self.at;
        let mut open: [u64; DEPTH_MAX] = [0; DEPTH_MAX];
        let mut level = 0_usize;
        loop {
            let at = self.at;
            match self.peek()? {
                Type::Uint => {
                    self.head(UINT)?;
                }
                Type::Bytes => {
                    self.bytes(usize::MAX)?;
                }
                Type::Text => {
                    self.text(usize::MAX)?;
                }
                Type::Array => {
                    let length = self.head(ARRAY)?;
                    if level >= depth {
                        return Err(DecodeError::PeerTooDeep { at });
                    }
                    let slot = open.get_mut(level).ok_or(DecodeError::PeerTooDeep { at })?;
                    *slot = length;
                    level = level.saturating_add(1);
                    if length > 0 {
                        continue;
                    }
                    // An empty array is complete at once, but is no item of itself.
                    level = level.saturating_sub(1);
                }
            }
            // One item is complete: close every array that it completes.
            loop {
                let Some(above) = level.checked_sub(1) else {
                    return Ok(self.bytes.get(start..self.at).unwrap_or_default());
                };
                let Some(left) = open.get_mut(above) else {
                    return Err(DecodeError::PeerTooDeep { at });
                };
                *left = left.saturating_sub(1);
                if *left > 0 {
                    break;
                }
                level = above;
            }
        }
    }

    /// Makes sure that nothing follows.
    ///
    /// # Errors
    ///
    /// [`DecodeError::PeerTrailing`] if something does.
    pub const fn finish(&self) -> Result<(), DecodeError> {
        if self.is_empty() { Ok(()) } else { Err(DecodeError::PeerTrailing { at: self.at }) }
    }

    fn take(&mut self, at: usize, length: u64, max: usize) -> Result<&'a [u8], DecodeError> {
        let length = usize::try_from(length).map_err(|_| DecodeError::PeerTooLarge { at })?;
        if length > max {
            return Err(DecodeError::PeerTooLarge { at });
        }
        let end = self.at.checked_add(length).ok_or(DecodeError::PeerTooLarge { at })?;
        let taken = self
            .bytes
            .get(self.at..end)
            .ok_or(DecodeError::PeerTruncated { at: self.bytes.len() })?;
        self.at = end;
        Ok(taken)
    }

    fn head(&mut self, wanted: u8) -> Result<u64, DecodeError> {
        let at = self.at;
        let first = *self.bytes.get(at).ok_or(DecodeError::PeerTruncated { at })?;
        let major = first >> 5;
        if !matches!(major, UINT | BYTES | TEXT | ARRAY) {
            return Err(DecodeError::PeerForbiddenType { at });
        }
        if major != wanted {
            return Err(DecodeError::PeerOtherType { at });
        }
        let short = first & 0x1f;
        let (length, least) = match short {
            0..=23 => {
                self.at = at.saturating_add(1);
                return Ok(u64::from(short));
            }
            24 => (1_usize, 24_u64),
            25 => (2, 0x100),
            26 => (4, 0x1_0000),
            27 => (8, 0x1_0000_0000),
            // 28 to 30 are not assigned, 31 is an indefinite length.
            _ => return Err(DecodeError::PeerForbiddenType { at }),
        };
        let from = at.saturating_add(1);
        let end = from.saturating_add(length);
        let digits =
            self.bytes.get(from..end).ok_or(DecodeError::PeerTruncated { at: self.bytes.len() })?;
        let value = digits.iter().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
        if value < least {
            return Err(DecodeError::PeerNotShortest { at });
        }
        self.at = end;
        Ok(value)
    }
}

/// Writes items one after another.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Starts with nothing written.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    /// Starts with nothing written and room for `capacity` bytes.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity) }
    }

    /// Writes an unsigned integer.
    pub fn uint(&mut self, value: u64) -> &mut Self {
        self.head(UINT, value)
    }

    /// Writes a byte string.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.head(BYTES, value.len() as u64);
        self.raw(value)
    }

    /// Writes a text string.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.head(TEXT, value.len() as u64);
        self.raw(value.as_bytes())
    }

    /// Writes the head of an array; its items are to follow.
    pub fn array(&mut self, length: usize) -> &mut Self {
        self.head(ARRAY, length as u64)
    }

    /// Writes bytes that are already items.
    pub fn raw(&mut self, items: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(items);
        self
    }

    /// Returns what was written.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn head(&mut self, major: u8, value: u64) -> &mut Self {
        let major = major << 5;
        let digits = value.to_be_bytes();
        let (short, length) = match value {
            0..=23 => {
                // Fits five bits by the match.
                self.bytes.push(major | digits.last().copied().unwrap_or_default());
                return self;
            }
            24..=0xff => (24, 1),
            0x100..=0xffff => (25, 2),
            0x1_0000..=0xffff_ffff => (26, 4),
            _ => (27, 8),
        };
        self.bytes.push(major | short);
        self.bytes.extend(digits.iter().skip(digits.len().saturating_sub(length)));
        self
    }
}

#[cfg(test)]
mod tests;
