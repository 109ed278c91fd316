//! Words that have gone wrong between languages, told to whoever writes them.
//!
//! Advice only: free text is the author's own, is never changed, and nothing here refuses it. What
//! takes the place of each word is a field, a form or a code; the tests hold forms to that.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::form::{FieldKind, Form};
use crate::language::Language;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trap {
    ours: bool,
    words: BTreeMap<String, Vec<String>>,
    rule: BTreeMap<String, String>,
}

static TRAPS: LazyLock<BTreeMap<String, Trap>> = LazyLock::new(|| {
    toml::from_str(include_str!("traps.toml")).expect("a test reads the traps that ship")
});

/// A word in free text that other languages are known to misread.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Caution {
    /// Name of the trap, for example `casualties`.
    pub trap: &'static str,
    /// The word as the list has it; never more of the text.
    pub word: &'static str,
}

impl Caution {
    /// What to write instead, in one of the languages that advice is spoken in; English otherwise.
    #[must_use]
    pub fn rule(&self, language: Language) -> &'static str {
        let rules = TRAPS.get(self.trap).map(|trap| &trap.rule);
        let of = |language: Language| rules.and_then(|rules| rules.get(language.tag()));
        of(language).or_else(|| of(Language::En)).map_or("", String::as_str)
    }
}

/// Names of all traps.
pub fn traps() -> impl Iterator<Item = &'static str> {
    TRAPS.keys().map(String::as_str)
}

/// Whether Khatt's own wording keeps away from the words of this trap.
#[must_use]
pub fn is_avoided(trap: &str) -> bool {
    TRAPS.get(trap).is_some_and(|trap| trap.ours)
}

/// The words of a trap in a language.
#[must_use]
pub fn trap_words(trap: &str, language: Language) -> Vec<&'static str> {
    let words = TRAPS.get(trap).and_then(|trap| trap.words.get(language.tag()));
    words.into_iter().flatten().map(String::as_str).collect()
}

/// Finds words in a text of this language that are known to go wrong.
#[must_use]
pub fn cautions(text: &str, language: Language) -> Vec<Caution> {
    let words = folded(text);
    let mut found = Vec::new();
    for (trap, known) in TRAPS.iter() {
        let listed = known.words.get(language.tag());
        for word in listed.into_iter().flatten() {
            let there = match language.tag() {
                // Chinese puts no spaces between words.
                "zh" => text.contains(word.as_str()),
                _ => holds(&words, &folded(word), language),
            };
            if there {
                found.push(Caution { trap, word });
            }
        }
    }
    found
}

/// Finds such words in what an officer typed into the free-text fields of a form.
#[must_use]
pub fn input_cautions(
    form: &Form,
    inputs: &[(String, String)],
    language: Language,
) -> Vec<Caution> {
    let free = |kind: &FieldKind| {
        matches!(
            kind,
            FieldKind::Text(_) | FieldKind::Questions | FieldKind::Answers | FieldKind::Terms
        )
    };
    let mut found: Vec<Caution> = inputs
        .iter()
        .filter(|(name, _)| form.field(name.trim()).is_some_and(|field| free(&field.kind)))
        .flat_map(|(_, typed)| cautions(typed, language))
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Words without case and without signs that writers may leave out.
fn folded(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_alphanumeric() || is_mark(c) || c == '\u{200c}'))
        .map(|word| {
            word.chars()
                .filter(|&c| !is_mark(c) && c != '\u{200c}')
                .flat_map(char::to_lowercase)
                .map(|c| match c {
                    'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
                    'ي' | 'ى' => 'ی',
                    'ك' => 'ک',
                    'ё' => 'е',
                    c => c,
                })
                .collect::<String>()
        })
        .filter(|word| !word.is_empty())
        .collect()
}

/// Arabic vowel signs and tatweel.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{064b}'..='\u{0652}' | '\u{0670}' | '\u{0640}' | '\u{0654}')
}

fn holds(text: &[String], wanted: &[String], language: Language) -> bool {
    !wanted.is_empty()
        && text.windows(wanted.len()).any(|window| {
            let mut pairs = window.iter().zip(wanted);
            let first = pairs.next().is_some_and(|(word, wanted)| is_word(word, wanted, language));
            first && pairs.all(|(word, wanted)| is_word(word, wanted, language))
        })
}

/// The word itself, or with the particles that Arabic and Hebrew write in front of it.
fn is_word(word: &str, wanted: &str, language: Language) -> bool {
    let before = match language.tag() {
        "ar" => "وفبلكا",
        "he" => "הובלמשכ",
        _ => return word == wanted,
    };
    let Some(front) = word.strip_suffix(wanted) else {
        return false;
    };
    front.chars().count() <= 4 && front.chars().all(|c| before.contains(c) || c == 'ک')
}

#[cfg(test)]
mod tests;
