//! Writing a record file.

use std::io;

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{
    CHARTER, CHECKPOINT, COSIGNATURE, ENTRY, FORK, HEADER, ROW_MAX, RowOpen, TITLE, TRAILER,
    VERSION,
};
use crate::cbor::Writer;
use crate::cosign::Cosignature;
use crate::entry::POSTS_MAX;
use crate::ids::{Hash, PostIndex};

/// Why a record file could not be written.
#[non_exhaustive]
#[derive(Debug, Error)]
pub enum WriteError {
    /// The place that is written to refused.
    #[error("local file cannot be written: {0}")]
    LocalFile(#[from] io::Error),
    /// A row longer than [`ROW_MAX`].
    #[error("local row is longer than {ROW_MAX} bytes")]
    LocalTooLong,
    /// A post beyond the charter's.
    #[error("local row names post {0}, which no charter can have")]
    LocalNoSuchPost(PostIndex),
}

impl WriteError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalFile(_) => "record-file.local-file",
            Self::LocalTooLong => "record-file.local-too-long",
            Self::LocalNoSuchPost(_) => "record-file.local-no-such-post",
        }
    }
}

/// Writes a record file row by row. Without [`RecordWriter::finish`] the file counts as cut short.
#[derive(Debug)]
pub struct RecordWriter<W> {
    out: W,
    digest: Sha256,
    counts: Vec<u64>,
}

impl<W: io::Write> RecordWriter<W> {
    /// Starts a file with its header and the line's charter, whose posts are `posts`.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if the charter is too long or the place refuses.
    pub fn new(out: W, charter: &[u8], posts: usize) -> Result<Self, WriteError> {
        let counts = vec![0; posts.min(POSTS_MAX)];
        let mut writer = Self { out, digest: Sha256::new(), counts };
        let mut row = Writer::new();
        row.array(3).uint(HEADER).text(TITLE).uint(VERSION);
        writer.row(&row.finish())?;
        writer.charter(charter)?;
        Ok(writer)
    }

    /// Writes an amended charter; it must come before the first entry that goes by it.
    ///
    /// # Errors
    ///
    /// As for [`RecordWriter::new`].
    pub fn charter(&mut self, file: &[u8]) -> Result<(), WriteError> {
        let mut row = Writer::with_capacity(file.len().saturating_add(8));
        row.array(2).uint(CHARTER).bytes(file);
        self.row(&row.finish())
    }

    /// Says that from here on the line has this many posts, as an amended charter may add some.
    pub fn set_posts(&mut self, posts: usize) {
        if posts > self.counts.len() {
            self.counts.resize(posts.min(POSTS_MAX), 0);
        }
    }

    /// Writes the next entry of a log. Entries come in causal order.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if there is no such post, the row is too long, or the place refuses.
    pub fn entry(&mut self, log: PostIndex, leaf: &[u8], open: &RowOpen) -> Result<(), WriteError> {
        let mut row = Writer::with_capacity(leaf.len().saturating_add(1024));
        row.array(4).uint(ENTRY).uint(log.into()).bytes(leaf);
        match open {
            RowOpen::Nothing => {
                row.uint(0);
            }
            RowOpen::Open(part) => part.write(&mut row),
            RowOpen::Withheld => {
                row.array(1).uint(1);
            }
        }
        let count = self.counts.get_mut(log.index()).ok_or(WriteError::LocalNoSuchPost(log))?;
        *count = count.saturating_add(1);
        self.row(&row.finish())
    }

    /// Writes a checkpoint's signature, for a size that the entries written so far reach.
    ///
    /// `root` is given only if the post signed another root than these entries have.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if the place refuses.
    pub fn checkpoint(
        &mut self,
        log: PostIndex,
        size: u64,
        signature: &[u8; 64],
        root: Option<Hash>,
    ) -> Result<(), WriteError> {
        let mut row = Writer::with_capacity(128);
        let fields = if root.is_some() { 5 } else { 4 };
        row.array(fields).uint(CHECKPOINT).uint(log.into()).uint(size).bytes(signature);
        if let Some(root) = root {
            row.bytes(&root.0);
        }
        self.row(&row.finish())
    }

    /// Writes a cosignature, for a size that the entries written so far reach.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if the place refuses.
    pub fn cosignature(&mut self, one: &Cosignature) -> Result<(), WriteError> {
        let mut row = Writer::with_capacity(2500);
        row.array(7).uint(COSIGNATURE).uint(one.post.into()).uint(one.generation.into());
        row.uint(one.log.into()).uint(one.size).uint(one.time_s).bytes(one.signature.as_bytes());
        self.row(&row.finish())
    }

    /// Writes a fork proof.
    ///
    /// # Errors
    ///
    /// As for [`RecordWriter::new`].
    pub fn fork(&mut self, proof: &[u8]) -> Result<(), WriteError> {
        let mut row = Writer::with_capacity(proof.len().saturating_add(8));
        row.array(2).uint(FORK).bytes(proof);
        self.row(&row.finish())
    }

    /// Writes the trailer and gives back the place that was written to, flushed.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if the place refuses.
    pub fn finish(mut self) -> Result<W, WriteError> {
        let mut row = Writer::with_capacity(128);
        row.array(3).uint(TRAILER).array(self.counts.len());
        for count in &self.counts {
            row.uint(*count);
        }
        row.bytes(&self.digest.finalize());
        self.out.write_all(&row.finish())?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn row(&mut self, row: &[u8]) -> Result<(), WriteError> {
        if row.len() > ROW_MAX {
            return Err(WriteError::LocalTooLong);
        }
        self.digest.update(row);
        Ok(self.out.write_all(row)?)
    }
}
