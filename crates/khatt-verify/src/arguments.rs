//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use khatt_forms::Language;

/// What a run is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    /// The record file.
    pub file: PathBuf,
    /// The charter's file, or its check words.
    pub charter: Option<String>,
    /// Whether the answer is wanted as JSON.
    pub json: bool,
    /// The language of the answer.
    pub language: Language,
}

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To verify.
    Run(Arguments),
    /// To say how it is used.
    Help(Language),
    /// To say which version this is.
    Version,
    /// Something that is not understood.
    Unusable(Language),
}

/// Reads the arguments that follow the command's name.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Asked {
    let mut arguments = arguments.into_iter();
    let (mut file, mut charter, mut json, mut language) = (None, None, false, Language::En);
    let (mut good, mut help) = (true, false);
    let mut only_files = false;
    while let Some(argument) = arguments.next() {
        let text = if only_files { None } else { argument.to_str() };
        match text {
            Some("--") => only_files = true,
            Some("--json") => json = true,
            Some("--help" | "-h") => help = true,
            Some("--version" | "-V") => return Asked::Version,
            Some("--charter") => {
                let value = arguments.next().and_then(|value| value.into_string().ok());
                good &= value.is_some() && charter.is_none();
                charter = value;
            }
            Some("--in") => {
                let tag = arguments.next().and_then(|value| value.into_string().ok());
                match tag.as_deref().and_then(Language::spoken) {
                    Some(known) => language = known,
                    None => good = false,
                }
            }
            Some(option) if option.starts_with('-') => good = false,
            _ => {
                good &= file.is_none();
                file = Some(PathBuf::from(argument));
            }
        }
    }
    match file {
        _ if help => Asked::Help(language),
        Some(file) if good => Asked::Run(Arguments { file, charter, json, language }),
        _ => Asked::Unusable(language),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(row: &[&str]) -> Asked {
        parse(row.iter().map(OsString::from))
    }

    #[test]
    fn arguments_come_in_any_order() {
        let expected = Asked::Run(Arguments {
            file: "record.khatt".into(),
            charter: Some("line.charter".into()),
            json: true,
            language: Language::Fa,
        });
        let row = ["--in", "fa", "record.khatt", "--json", "--charter", "line.charter"];
        assert_eq!(parsed(&row), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let rows: [&[&str]; 7] = [
            &[],
            &["a", "b"],
            &["a", "--charter"],
            &["a", "--charter", "b", "--charter", "c"],
            &["a", "--in", "xx"],
            &["a", "--fast"],
            &["--json"],
        ];
        for row in rows {
            assert_eq!(parsed(row), Asked::Unusable(Language::En), "{row:?}");
        }
    }

    #[test]
    fn file_whose_name_begins_with_a_dash_can_be_named() {
        let Asked::Run(arguments) = parsed(&["--", "--json"]) else { panic!("a run") };
        assert_eq!(arguments.file, PathBuf::from("--json"));
        assert!(!arguments.json);
        assert_eq!(parsed(&["--help", "--in", "ar"]), Asked::Help(Language::Ar));
    }
}
