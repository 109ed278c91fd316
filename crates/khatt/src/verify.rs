//! Whether a record is what the posts of a line signed, for commands that have the whole of Khatt.
//!
//! The checks are `khatt_record::verify`'s, those of bodies `khatt-verify`'s, which is the small
//! verifier for strangers and a command of its own.

use std::{fs::File, path::Path};

use khatt_record::{
    SignedCharter,
    verify::{Anchor, Report, VerifyFault, verify},
    words::parse_words,
};

pub use khatt_verify::bodies::Forms;

use crate::folder::{CHARTER_FILE_MAX, FolderError, read_bounded};

/// Verifies a record file with every processor of this machine.
///
/// # Errors
///
/// [`VerifyFault`] if it is no whole record of the line that the anchor names.
pub fn verify_file(path: &Path, anchor: &Anchor) -> Result<Report, VerifyFault> {
    verify(&mut || File::open(path), anchor, threads(), &Forms, &mut |_| {})
}

/// How many threads check signatures: every processor of this machine.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Reads by what the parties are known: a charter's file, or its check words in any language.
///
/// # Errors
///
/// [`FolderError`] if a file of that name is no charter; nothing if the words are none.
pub fn anchor(given: &str) -> Result<Option<Anchor>, FolderError> {
    let path = Path::new(given);
    if !path.is_file() {
        return Ok(parse_words(given).ok().map(Anchor::Words));
    }
    let bytes = read_bounded(path, CHARTER_FILE_MAX)?;
    match SignedCharter::from_bytes(&bytes) {
        Ok(charter) => Ok(Some(Anchor::Charter(Box::new(charter)))),
        Err(error) => {
            match std::str::from_utf8(&bytes).ok().and_then(|text| parse_words(text).ok()) {
                Some(words) => Ok(Some(Anchor::Words(words))),
                None => Err(error.into()),
            }
        }
    }
}
