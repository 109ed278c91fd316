//! What a post hands out of its line: disclosures, asked for and answered.

use std::fmt;

use khatt_core::line::{DiscloseError, Enclosed, Line, Opened};
use khatt_record::EntryId;
use serde::{Deserialize, Serialize};

/// A file's text. Its `Debug` shows no word of it.
#[derive(Clone, Serialize, Deserialize)]
pub struct FileView {
    /// The text.
    pub text: String,
}

impl fmt::Debug for FileView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileView(redacted)")
    }
}

impl FileView {
    /// Makes the disclosure of an entry that officers have released.
    ///
    /// # Errors
    ///
    /// [`DiscloseError`].
    pub fn disclosure(
        line: &Line,
        id: EntryId,
        officers: bool,
        charter: bool,
    ) -> Result<Self, DiscloseError> {
        let opened = if officers { Opened::TextAndOfficers } else { Opened::Text };
        let enclosed = if charter { Enclosed::Charter } else { Enclosed::Nothing };
        Ok(Self { text: line.disclosure(id, opened, enclosed)?.encode() })
    }
}

/// One party's consent to an erasure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConsentView {
    /// The party.
    pub party: String,
    /// The entry by which it consented.
    pub entry: String,
}

/// Returns who consented to an erasure.
#[must_use]
pub fn consents(line: &Line, erased: &[EntryId]) -> Vec<ConsentView> {
    let charter = line.charter();
    let party = |id: &EntryId| {
        let post = charter.post(id.log)?;
        Some(charter.charter().party(post.party)?.name.clone())
    };
    let one = |id| ConsentView { party: party(id).unwrap_or_default(), entry: id.to_string() };
    erased.iter().map(one).collect()
}
