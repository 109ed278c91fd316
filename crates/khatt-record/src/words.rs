//! Check words: a hash as twenty plain nouns that two people can compare (`spec/words.md`).
//!
//! The three lists are aligned: one place means the same thing in each, so that a caller who reads
//! Arabic and one who reads Persian compare the same picture. Which hash is compared, and over
//! which telephone, is left to people.

use std::fmt;

use thiserror::Error;

use crate::ids::Hash;

/// How many words stand for a hash.
pub const WORDS: usize = 20;
/// How many words are in a group.
pub const GROUP: usize = 4;
/// The greatest length of text that is read as words, in bytes.
const TEXT_MAX: usize = 2048;

const ENGLISH: &str = include_str!("words/en.txt");
const ARABIC: &str = include_str!("words/ar.txt");
const PERSIAN: &str = include_str!("words/fa.txt");

/// A language that has a list of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WordLanguage {
    /// English.
    English,
    /// Arabic.
    Arabic,
    /// Persian.
    Persian,
}

/// Why a text is no check words.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum WordsError {
    /// Not [`WORDS`] words.
    #[error("local text has {0} words, not 20")]
    LocalOtherCount(usize),
    /// A word that is in no list. The place counts from 1.
    #[error("local word {0} is in no list")]
    LocalUnknownWord(usize),
    /// Every word is in some list, but no list has them all.
    #[error("local text mixes languages")]
    LocalMixed,
}

impl WordsError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalOtherCount(_) => "words.other-count",
            Self::LocalUnknownWord(_) => "words.unknown-word",
            Self::LocalMixed => "words.mixed",
        }
    }
}

impl WordLanguage {
    /// All languages that have a list.
    pub const ALL: [Self; 3] = [Self::English, Self::Arabic, Self::Persian];

    /// Returns the language of a BCP 47 tag, looking at its first part only.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        match tag.split('-').next() {
            Some("en") => Some(Self::English),
            Some("ar") => Some(Self::Arabic),
            Some("fa") => Some(Self::Persian),
            _ => None,
        }
    }

    /// Goes through the 256 words of the list in order.
    pub fn list(self) -> impl Iterator<Item = &'static str> {
        match self {
            Self::English => ENGLISH,
            Self::Arabic => ARABIC,
            Self::Persian => PERSIAN,
        }
        .lines()
    }

    fn find(self, word: &str) -> Option<u8> {
        let at = self.list().position(|listed| fold(listed) == word)?;
        u8::try_from(at).ok()
    }
}

/// The first 20 bytes of a hash, as words in a language. Displayed in five rows of four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckWords {
    bytes: [u8; WORDS],
    language: WordLanguage,
}

impl CheckWords {
    /// Returns the words of a hash.
    #[must_use]
    pub fn of(hash: Hash, language: WordLanguage) -> Self {
        Self { bytes: head(hash), language }
    }

    /// Goes through the twenty words.
    pub fn iter(&self) -> impl Iterator<Item = &'static str> {
        let language = self.language;
        // Every list has 256 words, which a test checks, so each byte has one.
        self.bytes.into_iter().filter_map(move |byte| language.list().nth(usize::from(byte)))
    }
}

impl fmt::Display for CheckWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, word) in self.iter().enumerate() {
            let before = match place {
                0 => "",
                _ if place % GROUP == 0 => "\n",
                _ => " ",
            };
            write!(f, "{before}{word}")?;
        }
        Ok(())
    }
}

/// Reads twenty words of one language, whichever it is, as a person may type them: letter case,
/// space, punctuation and the letters that differ between Arabic and Persian keyboards are ignored.
///
/// # Errors
///
/// [`WordsError`] if the text is anything else.
pub fn parse_words(text: &str) -> Result<[u8; WORDS], WordsError> {
    if text.len() > TEXT_MAX {
        return Err(WordsError::LocalOtherCount(text.len()));
    }
    let parts = text.split(|c: char| {
        c.is_whitespace() || matches!(c, ',' | '.' | ';' | '/' | '-' | '\u{60c}' | '\u{61b}')
    });
    let words: Vec<String> = parts.map(fold).filter(|word| !word.is_empty()).collect();
    if words.len() != WORDS {
        return Err(WordsError::LocalOtherCount(words.len()));
    }
    for language in WordLanguage::ALL {
        let mut bytes = [0; WORDS];
        let mut known = 0;
        for (slot, word) in bytes.iter_mut().zip(&words) {
            let Some(byte) = language.find(word) else {
                break;
            };
            *slot = byte;
            known += 1;
        }
        if known == WORDS {
            return Ok(bytes);
        }
    }
    let place = words
        .iter()
        .position(|word| WordLanguage::ALL.iter().all(|language| language.find(word).is_none()));
    match place {
        Some(place) => Err(WordsError::LocalUnknownWord(place.saturating_add(1))),
        None => Err(WordsError::LocalMixed),
    }
}

/// Tells whether words read by [`parse_words`] are those of a hash.
#[must_use]
pub fn matches(hash: Hash, words: &[u8; WORDS]) -> bool {
    head(hash) == *words
}

fn head(hash: Hash) -> [u8; WORDS] {
    hash.0.first_chunk::<WORDS>().copied().unwrap_or_default()
}

/// Brings a word to the form in which words are compared.
fn fold(word: &str) -> String {
    let letter = |c: char| match c {
        // Joiners, lengthening, vowel signs, bidi marks and the hamza on the line carry no meaning.
        '\u{200b}'..='\u{200f}'
        | '\u{640}'
        | '\u{64b}'..='\u{65f}'
        | '\u{670}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}'
        | '\u{621}' => None,
        'أ' | 'إ' | 'آ' | 'ٱ' => Some('ا'),
        'ى' | 'ی' | 'ئ' => Some('ي'),
        'ک' => Some('ك'),
        'ة' | 'ۀ' => Some('ه'),
        'ؤ' => Some('و'),
        _ => Some(c),
    };
    word.chars().filter_map(letter).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_list_has_256_words_that_differ_even_when_folded() {
        for language in WordLanguage::ALL {
            let folded: BTreeSet<String> = language.list().map(fold).collect();
            assert_eq!(language.list().count(), 256, "{language:?}");
            assert_eq!(folded.len(), 256, "{language:?}");
            for word in language.list() {
                assert!(!word.contains(char::is_whitespace) && !word.is_empty(), "{word}");
            }
        }
    }

    #[test]
    fn english_words_differ_by_more_than_one_letter() {
        let words: Vec<&str> = WordLanguage::English.list().collect();
        for (place, one) in words.iter().enumerate() {
            for other in words.iter().skip(place + 1) {
                assert!(distance(one, other) > 1, "{one} and {other}");
            }
        }
    }

    #[test]
    fn words_round_trip_in_every_language_and_match_only_their_hash() {
        for start in (0..=255_u8).step_by(15) {
            let hash = Hash(std::array::from_fn(|i| start.wrapping_add(i as u8).wrapping_mul(7)));
            for language in WordLanguage::ALL {
                let text = CheckWords::of(hash, language).to_string();
                let words = parse_words(&text).unwrap();
                assert!(matches(hash, &words), "{text}");
                let mut other = hash;
                other.0[19] ^= 1;
                assert!(!matches(other, &words));
            }
        }
    }

    #[test]
    fn words_are_shown_in_five_rows_of_four() {
        let text = CheckWords::of(Hash([0; 32]), WordLanguage::English).to_string();
        assert_eq!(text.lines().count(), 5);
        assert!(text.lines().all(|row| row.split(' ').count() == 4));
        assert_eq!(text.lines().next(), Some("almond almond almond almond"));
    }

    #[test]
    fn words_are_read_as_people_type_them() {
        let hash = Hash([3; 32]);
        let text = CheckWords::of(hash, WordLanguage::English).to_string().to_uppercase();
        assert!(matches(hash, &parse_words(&text.replace(' ', ", ")).unwrap()));
        let hash = Hash([8; 32]);
        let text = CheckWords::of(hash, WordLanguage::Persian).to_string();
        let arabic_keyboard = text.replace('ی', "ي").replace('ک', "ك").replace('\u{200c}', "");
        assert!(matches(hash, &parse_words(&arabic_keyboard).unwrap()));
    }

    #[test]
    fn a_wrong_word_is_named_and_mixtures_are_refused() {
        let text = CheckWords::of(Hash([5; 32]), WordLanguage::English).to_string();
        let short: Vec<&str> = text.split_whitespace().take(19).collect();
        assert_eq!(parse_words(&short.join(" ")), Err(WordsError::LocalOtherCount(19)));
        assert_eq!(
            parse_words(&format!("{} sword", short.join(" "))),
            Err(WordsError::LocalUnknownWord(20))
        );
        assert_eq!(parse_words(&format!("{} خبز", short.join(" "))), Err(WordsError::LocalMixed));
    }

    fn distance(one: &str, other: &str) -> usize {
        let other: Vec<char> = other.chars().collect();
        let mut row: Vec<usize> = (0..=other.len()).collect();
        for (i, a) in one.chars().enumerate() {
            let mut corner = row[0];
            row[0] = i + 1;
            for (j, b) in other.iter().enumerate() {
                let swap = corner + usize::from(a != *b);
                corner = row[j + 1];
                row[j + 1] = swap.min(row[j] + 1).min(corner + 1);
            }
        }
        row[other.len()]
    }
}
