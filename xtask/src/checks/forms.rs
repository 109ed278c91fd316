//! Every form file speaks every language that Khatt ships, in each of its parts.
//!
//! What the wording means, and whether it renders, `khatt-forms` checks when it loads a catalogue;
//! here only the shape is held, so that a translator sees at once what is missing.

use toml::{Table, Value};

use crate::tree::{Finding, Tree};

/// The languages that forms are complete in.
const LANGUAGES: &[&str] = &["en", "ar", "fa", "ru", "fr", "zh", "he"];

/// Finds form files with a language missing where another is present.
pub(crate) fn languages(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts(".toml").filter(|(path, _)| path.starts_with("forms/")) {
        match text.parse::<Table>() {
            Ok(form) => {
                let mut places = 0;
                walk(path, &mut Vec::new(), &form, &mut places, &mut findings);
                if places == 0 {
                    findings.push(Finding::fault(path, "has no text in any language"));
                }
            }
            Err(_) => findings.push(Finding::fault(path, "cannot be read as TOML")),
        }
    }
    findings
}

fn walk<'a>(
    path: &str,
    keys: &mut Vec<&'a str>,
    table: &'a Table,
    places: &mut usize,
    findings: &mut Vec<Finding>,
) {
    if LANGUAGES.iter().any(|language| table.contains_key(*language)) {
        *places += 1;
        // Under a language's own key stand its glosses in the others. A gloss that is one text, as
        // in the glossary, is English already.
        let own = match keys.last().copied() {
            Some("gloss") if table.values().all(Value::is_str) => Some("en"),
            key => key,
        };
        for language in LANGUAGES.iter().filter(|language| Some(**language) != own) {
            let what = match table.get(*language) {
                None => "is missing",
                Some(Value::String(text)) if text.trim().is_empty() => "is empty",
                Some(_) => continue,
            };
            let place = if keys.is_empty() { "top".to_owned() } else { keys.join(".") };
            findings.push(Finding::fault(path, format!("`{language}` {what} in {place}")));
        }
    }
    for (key, value) in table {
        keys.push(key);
        match value {
            Value::Table(inner) => walk(path, keys, inner, places, findings),
            Value::Array(slots) => {
                for inner in slots.iter().filter_map(Value::as_table) {
                    walk(path, keys, inner, places, findings);
                }
            }
            _ => {}
        }
        keys.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(form: &str) -> usize {
        languages(&Tree::of(&[("forms/01-line-test.toml", form)])).len()
    }

    /// A row of every language but one, each with a text.
    fn texts(without: &str) -> String {
        let rows = LANGUAGES.iter().filter(|language| **language != without);
        rows.map(|language| format!("{language} = \"x\"\n")).collect()
    }

    #[test]
    fn a_complete_form_passes_with_glosses_in_the_other_languages_only() {
        let glosses: String =
            LANGUAGES.iter().map(|of| format!("[gloss.{of}]\n{}", texts(of))).collect();
        assert_eq!(found(&format!("[title]\n{}{glosses}", texts(""))), 0);
    }

    #[test]
    fn a_language_missing_or_empty_in_any_part_is_found() {
        assert_eq!(found(&format!("[title]\n{}", texts("he"))), 1);
        assert_eq!(found(&format!("[title]\n{}zh = \" \"\n", texts("zh"))), 1);
        assert_eq!(found("[[field]]\nlabel = { en = \"a\", fa = \"c\" }\n"), 5);
        assert_eq!(
            found("[gloss.en]\nar = \"b\"\n"),
            5 + 6,
            "of the English gloss; six whole ones"
        );
    }

    #[test]
    fn an_english_gloss_needs_no_english_wording_and_every_other() {
        let caption = format!("[code.strike.caption]\n{}", texts(""));
        assert_eq!(found(&format!("{caption}[code.strike.gloss]\n{}", texts("en"))), 0);
        assert_eq!(found(&format!("{caption}[code.strike.gloss]\nar = \"a\"\n")), 5);
    }

    #[test]
    fn a_form_without_any_language_or_that_is_no_toml_is_found() {
        assert_eq!(found("number = 1\n"), 1);
        assert_eq!(found("= ="), 1);
    }
}
