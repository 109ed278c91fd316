//! The bytes of small working state: deterministic CBOR arrays, read back with bounds.
//!
//! The parts of the people side ([`crate::ladder`], [`crate::clocks`], [`crate::alarm`] …) keep their
//! state in the store as such bytes. Only arrays, unsigned integers, byte strings and text are used.
//! What the bytes mean is each part's own affair; so is comparing its re-encoding with what it read.

use khatt_record::{EntryId, OfficerIndex, PostIndex, Precedence};
use minicbor::{Decoder, Encoder};
use thiserror::Error;

/// Why kept working state could not be read back.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum StateError {
    /// The bytes are not what this version writes: damaged, or written by a later version.
    #[error("local working state is damaged: {what}")]
    LocalDamaged {
        /// Which part, and what was expected there.
        what: &'static str,
    },
}

impl StateError {
    /// Returns the stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalDamaged { .. } => "KC-2901",
        }
    }
}

/// Writes state. Nothing here can fail: the bytes go to memory.
pub(crate) struct Pack(Encoder<Vec<u8>>);

impl Pack {
    /// Starts with an array of `len` items.
    pub(crate) fn array_of(len: usize) -> Self {
        let mut pack = Self(Encoder::new(Vec::new()));
        pack.array(len);
        pack
    }

    pub(crate) fn array(&mut self, len: usize) -> &mut Self {
        // A Vec takes every byte, here and below.
        let _ = self.0.array(len as u64);
        self
    }

    pub(crate) fn uint(&mut self, value: u64) -> &mut Self {
        let _ = self.0.u64(value);
        self
    }

    /// Writes a signed number, folded so that small ones stay small: 0, -1, 1, -2 …
    pub(crate) fn int(&mut self, value: i64) -> &mut Self {
        self.uint(((value << 1) ^ (value >> 63)).cast_unsigned())
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        let _ = self.0.bytes(value);
        self
    }

    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        let _ = self.0.str(value);
        self
    }

    /// Writes an array of none or one.
    pub(crate) fn option<T>(
        &mut self,
        value: Option<T>,
        write: impl FnOnce(&mut Self, T),
    ) -> &mut Self {
        match value {
            None => {
                self.array(0);
            }
            Some(value) => {
                self.array(1);
                write(self, value);
            }
        }
        self
    }

    pub(crate) fn entry(&mut self, id: EntryId) -> &mut Self {
        self.array(2).uint(id.log.into()).uint(id.index)
    }

    pub(crate) fn precedence(&mut self, precedence: Precedence) -> &mut Self {
        self.uint(precedence.index() as u64)
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0.into_writer()
    }
}

/// Reads state. Every failure names the part that was being read.
pub(crate) struct Unpack<'b> {
    inner: Decoder<'b>,
    what: &'static str,
}

impl<'b> Unpack<'b> {
    pub(crate) fn new(bytes: &'b [u8], what: &'static str) -> Self {
        Self { inner: Decoder::new(bytes), what }
    }

    pub(crate) fn fault<T>(&self) -> Result<T, StateError> {
        Err(StateError::LocalDamaged { what: self.what })
    }

    /// Reads an array of exactly `len` items.
    pub(crate) fn exactly(&mut self, len: usize) -> Result<(), StateError> {
        if self.at_most(len)? == len { Ok(()) } else { self.fault() }
    }

    /// Reads an array of at most `max` items and returns how many.
    pub(crate) fn at_most(&mut self, max: usize) -> Result<usize, StateError> {
        match self.inner.array() {
            Ok(Some(len)) if len <= max as u64 => usize::try_from(len).or_else(|_| self.fault()),
            _ => self.fault(),
        }
    }

    pub(crate) fn uint(&mut self) -> Result<u64, StateError> {
        self.inner.u64().or_else(|_| self.fault())
    }

    pub(crate) fn int(&mut self) -> Result<i64, StateError> {
        let folded = self.uint()?;
        Ok((folded >> 1).cast_signed() ^ -((folded & 1).cast_signed()))
    }

    /// Reads a number into any type that is narrower than 64 bits, or an enumeration.
    pub(crate) fn number<T: TryFrom<u64>>(&mut self) -> Result<T, StateError> {
        T::try_from(self.uint()?).or_else(|_| self.fault())
    }

    pub(crate) fn bytes(&mut self, max: usize) -> Result<Vec<u8>, StateError> {
        match self.inner.bytes() {
            Ok(bytes) if bytes.len() <= max => Ok(bytes.to_vec()),
            _ => self.fault(),
        }
    }

    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], StateError> {
        match self.inner.bytes().map(<[u8; N]>::try_from) {
            Ok(Ok(bytes)) => Ok(bytes),
            _ => self.fault(),
        }
    }

    pub(crate) fn text(&mut self, max: usize) -> Result<String, StateError> {
        match self.inner.str() {
            Ok(text) if text.len() <= max => Ok(text.to_owned()),
            _ => self.fault(),
        }
    }

    pub(crate) fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, StateError>,
    ) -> Result<Option<T>, StateError> {
        if self.at_most(1)? == 0 { Ok(None) } else { read(self).map(Some) }
    }

    pub(crate) fn entry(&mut self) -> Result<EntryId, StateError> {
        self.exactly(2)?;
        Ok(EntryId { log: self.post()?, index: self.uint()? })
    }

    pub(crate) fn post(&mut self) -> Result<PostIndex, StateError> {
        self.number()
    }

    pub(crate) fn officer(&mut self) -> Result<OfficerIndex, StateError> {
        self.number()
    }

    pub(crate) fn precedence(&mut self) -> Result<Precedence, StateError> {
        self.number()
    }

    /// Ends the reading: nothing may be left, and `again` must be the bytes that were read, so that
    /// one state has one spelling.
    pub(crate) fn finish(self, again: &[u8]) -> Result<(), StateError> {
        if self.inner.position() == self.inner.input().len() && self.inner.input() == again {
            Ok(())
        } else {
            self.fault()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_array_longer_than_its_bound_is_refused_before_it_is_read() {
        let bytes = [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert!(Unpack::new(&bytes, "test").at_most(1000).is_err());
    }

    #[test]
    fn a_second_spelling_of_a_number_is_refused() {
        let bytes = [0x81, 0x18, 0x05];
        let mut unpack = Unpack::new(&bytes, "test");
        unpack.exactly(1).unwrap();
        let value = unpack.uint().unwrap();
        let mut pack = Pack::array_of(1);
        pack.uint(value);
        assert!(unpack.finish(&pack.finish()).is_err());
    }

    proptest! {
        #[test]
        fn signed_numbers_come_back(value: i64) {
            let mut pack = Pack::array_of(1);
            pack.int(value);
            let bytes = pack.finish();
            let mut unpack = Unpack::new(&bytes, "test");
            unpack.exactly(1)?;
            prop_assert_eq!(unpack.int()?, value);
        }
    }
}
