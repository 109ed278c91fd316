//! Khatt's offline verifier: reads one record file, or the disclosure of one entry, and says whether
//! it is what the posts signed.
//!
//! What is checked is in `khatt_record::verify` and `spec/verify.md`; this crate adds the rendering
//! of bodies by `khatt-forms`, the arguments, and the words for every outcome in each language. It
//! opens no database and no connection, and writes nothing but its answer.

pub mod arguments;
pub mod bodies;
pub mod disclosure;
pub mod json;
pub mod show;
pub mod texts;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use khatt_record::SignedCharter;
use khatt_record::disclosure::{Disclosure, FILE_MAX};
use khatt_record::file::RecordFileError;
use khatt_record::verify::{Anchor, Report, VerifyFault, verify};
use khatt_record::words::parse_words;

use arguments::Arguments;
use bodies::Forms;
use texts::Local;

/// The longest charter file that is read.
const CHARTER_FILE_MAX: u64 = 512 * 1024;

/// What came of a run.
#[derive(Debug)]
pub enum Outcome {
    /// The record was read to its end.
    Report(Box<Report>),
    /// The file is a disclosure that holds.
    Disclosure(Box<disclosure::Found>),
    /// The file is a disclosure that does not hold.
    DisclosureRefused(disclosure::Refusal),
    /// The file is no whole record of the line given.
    Refused(VerifyFault),
    /// Something here was not usable: an argument, or a file that cannot be opened.
    Local(Local),
}

impl Outcome {
    /// The exit code: 0 established, 3 consistent only, 1 refused, 2 not usable here.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Report(report) => report.answer().exit_code(),
            Self::Disclosure(found) => found.report.answer().exit_code(),
            Self::Refused(_) | Self::DisclosureRefused(_) => 1,
            Self::Local(_) => 2,
        }
    }
}

/// Verifies the file that the arguments name.
#[must_use]
pub fn run(arguments: &Arguments) -> Outcome {
    let anchor = match anchor(arguments.charter.as_deref()) {
        Ok(anchor) => anchor,
        Err(local) => return Outcome::Local(local),
    };
    match disclosure_bytes(&arguments.file) {
        Err(_) => return Outcome::Local(Local::File),
        Ok(Some(bytes)) => {
            return match disclosure::check(&bytes, &anchor) {
                Ok(found) => Outcome::Disclosure(found),
                Err(refusal) => Outcome::DisclosureRefused(refusal),
            };
        }
        Ok(None) => {}
    }
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut open = || File::open(&arguments.file);
    match verify(&mut open, &anchor, threads, &Forms, &mut |_| {}) {
        Ok(report) => Outcome::Report(Box::new(report)),
        Err(VerifyFault::File(RecordFileError::LocalFile(_))) => Outcome::Local(Local::File),
        Err(fault) => Outcome::Refused(fault),
    }
}

/// Reads a file that begins as a disclosure does, at most one byte more than one may have.
///
/// # Errors
///
/// Whatever the system says of the file.
pub fn disclosure_bytes(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let mut file = File::open(path)?;
    file.by_ref().take(64).read_to_end(&mut bytes)?;
    if !Disclosure::begins(&bytes) {
        return Ok(None);
    }
    file.take(FILE_MAX as u64).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Reads what `--charter` names: a charter file, a file with check words, or the words themselves.
fn anchor(given: Option<&str>) -> Result<Anchor, Local> {
    let Some(given) = given else {
        return Ok(Anchor::Nothing);
    };
    if !Path::new(given).is_file() {
        return parse_words(given).map(Anchor::Words).map_err(|_| Local::Charter);
    }
    let bytes = read_short(given).map_err(|_| Local::Charter)?;
    if let Ok(charter) = SignedCharter::from_bytes(&bytes) {
        return Ok(Anchor::Charter(Box::new(charter)));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Local::Charter)?;
    parse_words(text).map(Anchor::Words).map_err(|_| Local::Charter)
}

fn read_short(path: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(CHARTER_FILE_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}
