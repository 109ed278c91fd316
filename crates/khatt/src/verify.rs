//! Whether a record is what the posts of a line signed, for commands that have the whole of Khatt.
//!
//! The checks are `khatt_record::verify`'s; here the forms come in. The small verifier for
//! strangers is `khatt-verify`, a command of its own.

use std::{fs::File, path::Path};

use khatt_forms::{Body, Catalogue, Language, Wordbook, rendering_digest};
use khatt_record::{
    SignedCharter,
    verify::{Anchor, BodyCheck, BodyFinding, Report, VerifyFault, verify},
    words::parse_words,
};

use crate::folder::{CHARTER_FILE_MAX, FolderError, read_bounded};

/// The forms that this build holds, as the verifier asks for them.
///
/// A body is rendered only if form, glossary and gazetteer have the hashes that the charter names.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forms;

impl BodyCheck for Forms {
    fn check(&self, charter: &SignedCharter, body: &[u8]) -> BodyFinding {
        let Ok(body) = Body::decode(body) else {
            return BodyFinding::Malformed;
        };
        let charter = charter.charter();
        let named = (body.form.number, body.form.version);
        let mut listed = charter.forms.iter();
        let Some(listed) = listed.find(|form| (form.number, form.version) == named) else {
            return BodyFinding::Malformed;
        };
        let languages = charter.languages.iter().map(|tag| Language::from_tag(tag));
        let languages: Option<Vec<Language>> = languages.collect();
        let form = Catalogue::builtin().get(body.form);
        let (Some(form), Some(languages)) = (form, languages) else {
            return BodyFinding::Unknown;
        };
        let book = Wordbook::builtin();
        let held = (form.hash(), book.glossary.hash(), book.gazetteer.hash());
        if held != (listed.hash.0, charter.glossary.0, charter.gazetteer.0) {
            return BodyFinding::Unknown;
        }
        match rendering_digest(form, &body.filled, &languages, book) {
            Ok(digest) if digest == body.digest => BodyFinding::Agrees,
            _ => BodyFinding::Differs,
        }
    }
}

/// Verifies a record file with every processor of this machine.
///
/// # Errors
///
/// [`VerifyFault`] if it is no whole record of the line that the anchor names.
pub fn verify_file(path: &Path, anchor: &Anchor) -> Result<Report, VerifyFault> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    verify(&mut || File::open(path), anchor, threads, &Forms, &mut |_| {})
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
