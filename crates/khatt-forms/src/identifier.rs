//! New identifiers that look like existing ones are refused: places, boxes, parties, officers.
//!
//! Skeletons come from UTS 39 by `unicode-security`; a few pairs that officers confuse on paper
//! are added. Free text is never judged this way.

use thiserror::Error;
use unicode_security::MixedScript;
use unicode_security::confusable_detection::skeleton;

/// Why a new identifier was refused.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum IdentifierError {
    /// Nothing, too much, or characters that text may not hold either.
    #[error("local identifier is empty, too long, or holds characters that are refused")]
    LocalMalformed,
    /// Letters of two scripts in one word.
    #[error("local identifier mixes scripts within one word")]
    LocalMixedScript,
    /// A stretched letter, which is decoration.
    #[error("local identifier holds a tatweel")]
    LocalTatweel,
    /// It cannot be told from one that exists.
    #[error("local identifier looks like {0}, which exists")]
    LocalLookAlike(String),
}

impl IdentifierError {
    /// Stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            IdentifierError::LocalMalformed => "KF-1151",
            IdentifierError::LocalMixedScript => "KF-1152",
            IdentifierError::LocalTatweel => "KF-1153",
            IdentifierError::LocalLookAlike(_) => "KF-1154",
        }
    }
}

/// Checks that a new identifier is plain and cannot be taken for one of `existing`.
///
/// # Errors
///
/// [`IdentifierError`] says what it looks like. The very same identifier also counts as one that
/// exists.
pub fn check_identifier(new: &str, existing: &[&str]) -> Result<(), IdentifierError> {
    if new.chars().count() > 64 || crate::text::check_text(new, crate::Language::En).is_err() {
        return Err(IdentifierError::LocalMalformed);
    }
    if new.contains('\u{0640}') {
        return Err(IdentifierError::LocalTatweel);
    }
    // Per word: an honest name may hold an Arabic word and a Latin serial.
    let words = new.split(|c: char| c.is_whitespace() || c == '-');
    for word in words.filter(|word| !word.is_empty()) {
        if !word.is_single_script() {
            return Err(IdentifierError::LocalMixedScript);
        }
    }
    let mine = shapes(new);
    let alike =
        |other: &&&str| shapes(other).iter().zip(&mine).any(|(theirs, mine)| theirs == mine);
    match existing.iter().find(alike) {
        Some(other) => Err(IdentifierError::LocalLookAlike((*other).to_owned())),
        None => Ok(()),
    }
}

/// What an identifier looks like to a tired eye, by its capitals and by its small letters: in some
/// scripts only the capitals look alike, in others only the small ones.
fn shapes(text: &str) -> [String; 2] {
    let small: String = text.chars().flat_map(char::to_lowercase).collect();
    [shape(text), shape(&small)]
}

fn shape(text: &str) -> String {
    // Fold before and after: the skeleton of a digit may be a letter and the other way round.
    let folded: String = text.chars().map(fold).collect();
    skeleton(&folded)
        .map(fold)
        .flat_map(char::to_lowercase)
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}' | '\u{2212}' | '\u{200c}'))
        .collect()
}

fn fold(c: char) -> char {
    match c {
        'ي' | 'ى' | 'ئ' => 'ی',
        'ك' => 'ک',
        'ة' | 'ە' => 'ه',
        'أ' | 'إ' | 'آ' => 'ا',
        '0' | '٠' | '۰' => 'o',
        '1' | 'I' | '|' | 'ا' | '١' | '۱' => 'l',
        '٥' | '۵' => 'o',
        '٢' => '۲',
        '٤' => '۴',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_are_refused() {
        let refused = |new: &str, old: &str| {
            assert_eq!(
                check_identifier(new, &["other", old]),
                Err(IdentifierError::LocalLookAlike(old.to_owned())),
                "{new} {old}"
            );
        };
        refused("К-7", "K-7"); // Cyrillic Ka
        refused("POST-01", "POST-O1");
        refused("BOX-1", "BOX-l");
        refused("north", "North");
        refused("بغدادي", "بغدادی");
        refused("برج ٤", "برج ۴");
        refused("K7", "K-7");
        assert_eq!(check_identifier("K-8", &["K-7"]), Ok(()));
    }

    #[test]
    fn mixed_scripts_are_judged_by_the_word() {
        // Cyrillic e in a Latin word.
        assert_eq!(check_identifier("D\u{435}ir", &[]), Err(IdentifierError::LocalMixedScript));
        assert_eq!(check_identifier("دير K-7", &[]), Ok(()));
        assert_eq!(check_identifier("بـرج", &[]), Err(IdentifierError::LocalTatweel));
        assert_eq!(check_identifier("a\u{202e}b", &[]), Err(IdentifierError::LocalMalformed));
        assert_eq!(check_identifier("", &[]), Err(IdentifierError::LocalMalformed));
    }
}
