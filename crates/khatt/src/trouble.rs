//! What went wrong, as a command tells it: a stable code, whose fault, where, and an exit code.
//!
//! Every error of every crate becomes a [`Trouble`]; the words for people are [`crate::advice`]'s.
//! A trouble holds no text of messages and no key, so it may cross the socket and be printed.

use std::fmt;

use khatt_forms::{InputError, Language};
use serde::{Deserialize, Serialize};

/// Who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AtFault {
    /// This post, this machine, or what was typed here.
    Local,
    /// Another party, or what came from it.
    Peer,
    /// The way between.
    Carrier,
}

/// One fault in one field of what was typed, explained in the officer's language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The field.
    pub field: String,
    /// The code.
    pub code: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub advice: String,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// The stable code.
    pub code: String,
    /// Who is at fault.
    pub at_fault: AtFault,
    /// What the program says of it, in English, with the numbers and names that belong to it.
    pub detail: String,
    /// The fields at fault, if it is about what was typed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Trouble {}

impl Trouble {
    /// Makes a trouble of an error's code and its sentence, which begins with who is at fault.
    #[must_use]
    pub fn new(code: &str, sentence: &str) -> Self {
        let at_fault = match sentence.split([' ', '\'']).next() {
            Some("peer") => AtFault::Peer,
            Some("carrier") => AtFault::Carrier,
            _ => AtFault::Local,
        };
        Self { code: code.to_owned(), at_fault, detail: sentence.to_owned(), places: Vec::new() }
    }

    /// Makes a trouble of the faults in what an officer typed.
    #[must_use]
    pub fn typed(errors: &[InputError], language: Language) -> Self {
        let places = errors.iter().map(|error| {
            let (what, advice) = error.explain(language);
            Place { field: error.field.clone(), code: error.code().to_owned(), what, advice }
        });
        Self {
            code: errors.first().map_or("KC-1105", InputError::code).to_owned(),
            at_fault: AtFault::Local,
            detail: format!("local input is refused in {} place(s)", errors.len()),
            places: places.collect(),
        }
    }

    /// Returns the exit code of a command that ends with this trouble
    /// (`docs/reference/exit-codes.md`).
    #[must_use]
    pub fn exit(&self) -> u8 {
        match self.code.as_str() {
            "KK-1901" | "KK-1902" | "KK-1903" | "KK-1912" | "KK-1913" | "KK-2301" => 2,
            "KC-1202" | "KC-1206" | "KC-1107" | "KC-1108" | "KC-1110" | "KC-1111" | "KF-1201"
            | "KK-1201" | "KK-1306" | "KK-1904" | "KK-1905" | "KK-1906" => 4,
            "KS-1203" | "KK-1301" | "KK-1401" | "KK-1402" | "KK-1915" => 5,
            "KS-1208" | "KK-1101" | "KK-1102" | "KK-1103" | "KK-1104" | "KK-1105" | "KK-1106"
            | "KK-1202" => 6,
            "KK-1908" | "KK-1925" => 7,
            code if code.starts_with("KS-") || code == "KC-1102" || code == "KC-1003" => 8,
            _ => 1,
        }
    }
}

/// Makes a [`Trouble`] of each error that has a code and a sentence.
macro_rules! troubles {
    ($($error:ty),* $(,)?) => {$(
        impl From<$error> for Trouble {
            fn from(error: $error) -> Self {
                Self::new(error.code(), &error.to_string())
            }
        }
    )*};
}

troubles!(
    crate::backup::BackupError,
    crate::control::ControlError,
    crate::desk::DeedError,
    crate::cli::CommandError,
    crate::draw_up::DrawUpError,
    crate::folder::FolderError,
    crate::host::HostError,
    crate::inspect::Finding,
    crate::metrics::MetricsError,
    crate::officer_key::OfficerKeyError,
    crate::passphrase::PassphraseError,
    crate::record::ExportError,
    crate::rehearse::RehearseError,
    khatt_core::line::DiscloseError,
    khatt_core::line::OpenError,
    khatt_desk::OpenError,
    khatt_core::store::ReadError,
    khatt_forms::RenderError,
    khatt_net::StartError,
    khatt_record::card::CardError,
    khatt_record::charter::CharterError,
    khatt_record::charter::SignError,
    khatt_record::verify::VerifyFault,
    khatt_record::words::WordsError,
    khatt_store::OpenError,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_is_read_from_the_sentence() {
        assert_eq!(Trouble::new("x", "peer's charter is too large").at_fault, AtFault::Peer);
        assert_eq!(Trouble::new("x", "carrier queue is full").at_fault, AtFault::Carrier);
        assert_eq!(Trouble::new("x", "local disk is full").at_fault, AtFault::Local);
    }

    #[test]
    fn exit_codes_tell_kinds_of_failure_apart() {
        let exit = |code| Trouble::new(code, "local").exit();
        assert_eq!(
            [exit("KS-1203"), exit("KS-1208"), exit("KS-1001"), exit("KC-2006")],
            [5, 6, 8, 1]
        );
    }
}
