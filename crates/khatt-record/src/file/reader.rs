//! Reading a record file.

use std::io;

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{
    CHARTER, CHECKPOINT, COSIGNATURE, ENTRY, FORK, HEADER, ROW_MAX, Row, RowOpen, TITLE, TRAILER,
    VERSION,
};
use crate::cbor::{DEPTH_MAX, DecodeError, Reader, Type};
use crate::charter::CHARTER_MAX;
use crate::commit::OpenPart;
use crate::cosign::{Cosignature, TIME_MAX_S};
use crate::entry::{ENTRY_MAX, POSTS_MAX};
use crate::ids::{Hash, PostIndex};
use crate::pq::{PQ_SIGNATURE_LEN, PqSignature};

const CHUNK: usize = 256 * 1024;

/// Why a record file could not be read on.
#[non_exhaustive]
#[derive(Debug, Error)]
pub enum RecordFileError {
    /// The place that is read from refused.
    #[error("local file cannot be read: {0}")]
    LocalFile(#[from] io::Error),
    /// The file does not begin as a record file does.
    #[error("peer's file is no khatt record")]
    PeerNoRecord,
    /// The file is of a later version.
    #[error("peer's file is a khatt record of version {0}, which is not known here")]
    PeerOtherVersion(u64),
    /// The file ends before its trailer.
    #[error("peer's file is cut short at {at}")]
    PeerCutShort {
        /// Offset of the first byte that is missing or belongs to no whole row.
        at: u64,
    },
    /// A row is longer than [`ROW_MAX`].
    #[error("peer's file has a row longer than {ROW_MAX} bytes at {at}")]
    PeerRowTooLong {
        /// Offset of the row.
        at: u64,
    },
    /// A row is malformed.
    #[error("peer's file has a malformed row at {at}: {error}")]
    PeerMalformed {
        /// Offset of the row.
        at: u64,
        /// What is wrong; its offset counts from the row.
        error: DecodeError,
    },
    /// A row of a type that is not known.
    #[error("peer's file has a row of unknown type {kind} at {at}")]
    PeerUnknownRow {
        /// Offset of the row.
        at: u64,
        /// Its type.
        kind: u64,
    },
    /// The trailer's counts or digest are not those of the rows before it.
    #[error("peer's file was altered or damaged: its trailer does not match")]
    PeerTrailerDiffers,
    /// Bytes follow the trailer.
    #[error("peer's file goes on after its trailer")]
    PeerTrailing,
}

impl RecordFileError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalFile(_) => "record-file.local-unreadable",
            Self::PeerNoRecord => "record-file.no-record",
            Self::PeerOtherVersion(_) => "record-file.other-version",
            Self::PeerCutShort { .. } => "record-file.cut-short",
            Self::PeerRowTooLong { .. } => "record-file.row-too-long",
            Self::PeerMalformed { .. } => "record-file.malformed",
            Self::PeerUnknownRow { .. } => "record-file.unknown-row",
            Self::PeerTrailerDiffers => "record-file.trailer-differs",
            Self::PeerTrailing => "record-file.trailing",
        }
    }
}

/// Reads a record file row by row.
#[derive(Debug)]
pub struct RecordReader<R> {
    source: R,
    buffer: Vec<u8>,
    /// Where the next row begins in `buffer`.
    start: usize,
    /// Where `buffer` begins in the file.
    offset: u64,
    ended: bool,
    done: bool,
    digest: Sha256,
    counts: Vec<u64>,
    /// How many counts the trailer must have, if that is known.
    posts: Option<usize>,
}

impl<R: io::Read> RecordReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    ///
    /// [`RecordFileError`] if the file is no record file of this version.
    pub fn new(source: R) -> Result<Self, RecordFileError> {
        let mut reader = Self {
            source,
            buffer: Vec::new(),
            start: 0,
            offset: 0,
            ended: false,
            done: false,
            digest: Sha256::new(),
            counts: vec![0; POSTS_MAX],
            posts: None,
        };
        let length = match reader.row_length() {
            Ok(Some(length)) => length,
            Err(RecordFileError::LocalFile(error)) => return Err(error.into()),
            Ok(None) | Err(_) => return Err(RecordFileError::PeerNoRecord),
        };
        let version = read_header(reader.row(length)).map_err(|_| RecordFileError::PeerNoRecord)?;
        if version != VERSION {
            return Err(RecordFileError::PeerOtherVersion(version));
        }
        reader.consume(length);
        Ok(reader)
    }

    /// Returns how many bytes were read so far.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.offset.saturating_add(self.start as u64)
    }

    /// Says how many posts the charters read so far have: the trailer must count for each of them.
    pub const fn expect_posts(&mut self, posts: usize) {
        self.posts = Some(posts);
    }

    /// Reads the next row, or `None` after a trailer that matches.
    ///
    /// # Errors
    ///
    /// [`RecordFileError`]; the file cannot be read on after one.
    pub fn next_row(&mut self) -> Result<Option<Row>, RecordFileError> {
        if self.done {
            return Ok(None);
        }
        let at = self.position();
        let length = self.row_length()?.ok_or(RecordFileError::PeerCutShort { at })?;
        let malformed = |error| RecordFileError::PeerMalformed { at, error };
        let mut reader = Reader::new(self.row(length));
        let fields = reader.array(8).map_err(malformed)?;
        let kind = reader.uint().map_err(malformed)?;
        if kind == TRAILER {
            return self.trailer(fields, length, at).map(|()| None);
        }
        let row = read_row(&mut reader, kind, fields)
            .map_err(malformed)?
            .ok_or(RecordFileError::PeerUnknownRow { at, kind })?;
        if let Row::Entry { log, .. } = &row
            && let Some(count) = self.counts.get_mut(log.index())
        {
            *count = count.saturating_add(1);
        }
        self.consume(length);
        Ok(Some(row))
    }

    fn trailer(&mut self, fields: usize, length: usize, at: u64) -> Result<(), RecordFileError> {
        let (counts, digest) = read_trailer(self.row(length), fields)
            .map_err(|error| RecordFileError::PeerMalformed { at, error })?;
        let found = <[u8; 32]>::from(self.digest.clone().finalize());
        let (named, others) =
            self.counts.split_at_checked(counts.len()).unwrap_or((&self.counts, &[]));
        let other_posts = self.posts.is_some_and(|posts| posts != counts.len());
        let uncounted = others.iter().any(|count| *count != 0);
        if digest != found || counts.as_slice() != named || uncounted || other_posts {
            return Err(RecordFileError::PeerTrailerDiffers);
        }
        self.consume(length);
        self.done = true;
        if self.start >= self.buffer.len() && !self.ended {
            self.fill()?;
        }
        if self.start < self.buffer.len() {
            return Err(RecordFileError::PeerTrailing);
        }
        Ok(())
    }

    /// Makes sure that a whole row is in the buffer and returns its length; `None` at the end.
    fn row_length(&mut self) -> Result<Option<usize>, RecordFileError> {
        loop {
            let rest = self.buffer.get(self.start..).unwrap_or_default();
            let at = self.position();
            if rest.is_empty() && self.ended {
                return Ok(None);
            }
            match Reader::new(rest).any(DEPTH_MAX) {
                Ok(row) if row.len() <= ROW_MAX => return Ok(Some(row.len())),
                Ok(_) => return Err(RecordFileError::PeerRowTooLong { at }),
                Err(DecodeError::PeerTruncated { .. }) if rest.len() > ROW_MAX => {
                    return Err(RecordFileError::PeerRowTooLong { at });
                }
                Err(DecodeError::PeerTruncated { .. }) if !self.ended => self.fill()?,
                Err(DecodeError::PeerTruncated { .. }) => {
                    return Err(RecordFileError::PeerCutShort { at });
                }
                Err(error) => return Err(RecordFileError::PeerMalformed { at, error }),
            }
        }
    }

    fn row(&self, length: usize) -> &[u8] {
        self.buffer.get(self.start..self.start.saturating_add(length)).unwrap_or_default()
    }

    fn consume(&mut self, length: usize) {
        let end = self.start.saturating_add(length);
        self.digest.update(self.buffer.get(self.start..end).unwrap_or_default());
        self.start = end;
    }

    /// Drops what was read and reads one more chunk.
    fn fill(&mut self) -> Result<(), RecordFileError> {
        self.buffer.drain(..self.start);
        self.offset = self.offset.saturating_add(self.start as u64);
        self.start = 0;
        let length = self.buffer.len();
        self.buffer.resize(length.saturating_add(CHUNK), 0);
        let room = self.buffer.get_mut(length..).unwrap_or_default();
        let got = loop {
            match self.source.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.buffer.truncate(length.saturating_add(*got.as_ref().unwrap_or(&0)));
        if got? == 0 {
            self.ended = true;
        }
        Ok(())
    }
}

fn read_header(row: &[u8]) -> Result<u64, DecodeError> {
    let mut reader = Reader::new(row);
    reader.array_of(3)?;
    reader.uint_max(HEADER)?;
    if reader.text(TITLE.len())? != TITLE {
        return Err(DecodeError::PeerContradiction { what: "title", at: reader.position() });
    }
    reader.uint()
}

/// Reads a row whose head and type were read; `None` if the type is not known.
fn read_row(reader: &mut Reader<'_>, kind: u64, fields: usize) -> Result<Option<Row>, DecodeError> {
    let row = match (kind, fields) {
        (CHARTER, 2) => Row::Charter(reader.bytes(CHARTER_MAX)?.to_vec()),
        (ENTRY, 4) => {
            let log = read_log(reader)?;
            let leaf = reader.bytes(ENTRY_MAX)?.to_vec();
            Row::Entry { log, leaf, open: read_open(reader)? }
        }
        (CHECKPOINT, 4 | 5) => {
            let log = read_log(reader)?;
            let size = reader.uint()?;
            let signature = reader.fixed()?;
            let root = if fields == 5 { Some(Hash(reader.fixed()?)) } else { None };
            Row::Checkpoint { log, size, signature, root }
        }
        (FORK, 2) => Row::Fork(reader.bytes(ROW_MAX)?.to_vec()),
        (COSIGNATURE, 7) => {
            let (post, generation) = (read_log(reader)?, reader.u32()?);
            let (log, size, time_s) =
                (read_log(reader)?, reader.uint()?, reader.uint_max(TIME_MAX_S)?);
            let at = reader.position();
            let signature = PqSignature::from_slice(reader.bytes(PQ_SIGNATURE_LEN)?)
                .ok_or(DecodeError::PeerOtherLength { at })?;
            Row::Cosignature(Cosignature { post, generation, log, size, time_s, signature })
        }
        (CHARTER..=FORK | COSIGNATURE, _) => return Err(DecodeError::PeerOtherLength { at: 0 }),
        _ => return Ok(None),
    };
    reader.finish()?;
    Ok(Some(row))
}

fn read_log(reader: &mut Reader<'_>) -> Result<PostIndex, DecodeError> {
    let at = reader.position();
    let log: PostIndex = reader.number()?;
    if log.index() < POSTS_MAX { Ok(log) } else { Err(DecodeError::PeerTooLarge { at }) }
}

fn read_open(reader: &mut Reader<'_>) -> Result<RowOpen, DecodeError> {
    if reader.peek()? == Type::Uint {
        reader.uint_max(0)?;
        return Ok(RowOpen::Nothing);
    }
    let mut ahead = reader.clone();
    let at = ahead.position();
    if ahead.array(3)? == 1 {
        if ahead.uint()? != 1 {
            return Err(DecodeError::PeerContradiction { what: "reason for leaving out", at });
        }
        *reader = ahead;
        return Ok(RowOpen::Withheld);
    }
    OpenPart::read(reader).map(RowOpen::Open)
}

fn read_trailer(row: &[u8], fields: usize) -> Result<(Vec<u64>, [u8; 32]), DecodeError> {
    let mut reader = Reader::new(row);
    if fields != 3 {
        return Err(DecodeError::PeerOtherLength { at: 0 });
    }
    reader.array_of(3)?;
    reader.uint()?;
    let count = reader.array(POSTS_MAX)?;
    let mut counts = Vec::with_capacity(count);
    for _ in 0..count {
        counts.push(reader.uint()?);
    }
    let digest = reader.fixed()?;
    reader.finish()?;
    Ok((counts, digest))
}
