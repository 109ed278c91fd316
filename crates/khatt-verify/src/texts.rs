//! The words of every outcome, in English, Arabic and Persian.
//!
//! A text is found by the stable code of what it is about. A test goes through every code and
//! language. Wording is not yet reviewed by native speakers of the trade; see the forms' `review`.

mod phrases;
mod table;

use khatt_forms::Language;
use khatt_record::verify::Answer;

pub use phrases::{Phrase, phrase};
pub use table::usage;

/// What a person should know and do, in each language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    message: Words,
    advice: Words,
}

/// One sentence in English, Arabic and Persian.
pub(crate) type Words = [&'static str; 3];

/// What is not usable here, whatever the record may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    /// The record file cannot be read.
    File,
    /// What was given as the charter is neither a charter file nor check words.
    Charter,
}

impl Local {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::File => "record-file.local-unreadable",
            Self::Charter => "verify.local-charter",
        }
    }
}

impl Text {
    /// What is so.
    #[must_use]
    pub const fn message(&self, language: Language) -> &'static str {
        pick(self.message, language)
    }

    /// What to do.
    #[must_use]
    pub const fn advice(&self, language: Language) -> &'static str {
        pick(self.advice, language)
    }
}

/// The text of a code; for a code without one, a text that says so.
#[must_use]
pub fn text(code: &str) -> Text {
    let row = table::ROWS.iter().find(|row| row.0 == code).unwrap_or(&table::NO_TEXT);
    Text { message: row.1, advice: row.2.words() }
}

/// The text of an answer.
#[must_use]
pub fn answer(answer: Answer) -> Text {
    text(match answer {
        Answer::PartiesEstablished => "answer.parties-established",
        Answer::ConsistentOnly => "answer.consistent-only",
        Answer::Refused => "answer.refused",
    })
}

/// The text of what is not usable here.
#[must_use]
pub fn local(local: Local) -> Text {
    text(local.code())
}

pub(crate) const fn pick(words: Words, language: Language) -> &'static str {
    let [en, ar, fa] = words;
    match language {
        Language::Ar => ar,
        Language::Fa => fa,
        _ => en,
    }
}

#[cfg(test)]
mod tests;
