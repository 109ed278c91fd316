//! The languages a form can be rendered in: tag, direction and digits.
//!
//! Everything here is a table of this crate. Nothing is negotiated, and nothing comes from the
//! environment, because two posts must paint the same characters (`spec/form.md` §7).

use std::fmt;

/// A language that forms are worded in.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// English.
    En,
    /// Arabic.
    Ar,
    /// Persian.
    Fa,
    /// Russian.
    Ru,
    /// French.
    Fr,
    /// Chinese, in simplified characters.
    Zh,
    /// Hebrew.
    He,
}

/// Which way a language is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From left to right.
    LeftToRight,
    /// From right to left.
    RightToLeft,
}

impl Language {
    /// Every language, in the order in which digests take them.
    pub const ALL: [Language; 7] = [
        Language::En,
        Language::Ar,
        Language::Fa,
        Language::Ru,
        Language::Fr,
        Language::Zh,
        Language::He,
    ];

    /// The languages that errors, advice and every word of a command or desk are complete in. An
    /// officer's own language is one of these; messages are read in any of [`Language::ALL`].
    pub const SPOKEN: [Language; 3] = [Language::En, Language::Ar, Language::Fa];

    /// Returns the BCP 47 tag, for example `ar`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Ar => "ar",
            Language::Fa => "fa",
            Language::Ru => "ru",
            Language::Fr => "fr",
            Language::Zh => "zh",
            Language::He => "he",
        }
    }

    /// Returns the language with exactly this tag; there is no fall-back from `ar-SY` to `ar`.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Language> {
        Language::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// Returns the language with exactly this tag if a command or desk can speak it: see
    /// [`Language::SPOKEN`].
    #[must_use]
    pub fn spoken(tag: &str) -> Option<Language> {
        Language::SPOKEN.into_iter().find(|language| language.tag() == tag)
    }

    /// Returns the direction that text in this language is declared to have.
    #[must_use]
    pub const fn direction(self) -> Direction {
        match self {
            Language::En | Language::Ru | Language::Fr | Language::Zh => Direction::LeftToRight,
            Language::Ar | Language::Fa | Language::He => Direction::RightToLeft,
        }
    }

    /// Returns the language's name in itself, for labels such as "written in".
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Language::En => "English",
            Language::Ar => "العربية",
            Language::Fa => "فارسی",
            Language::Ru => "русский",
            Language::Fr => "français",
            Language::Zh => "中文",
            Language::He => "עברית",
        }
    }

    /// Returns the digit zero of the language's own table.
    const fn zero(self) -> char {
        match self {
            Language::Ar => '\u{0660}',
            Language::Fa => '\u{06f0}',
            Language::En | Language::Ru | Language::Fr | Language::Zh | Language::He => '0',
        }
    }

    /// Says whether the language counts with Latin digits, so that none need be repeated beside.
    #[must_use]
    pub const fn uses_latin_digits(self) -> bool {
        !matches!(self, Language::Ar | Language::Fa)
    }

    /// Rewrites the Latin digits of `text` in the digits of this language, and nothing else.
    #[must_use]
    pub fn digits(self, text: &str) -> String {
        text.chars()
            .map(|c| match c.to_digit(10) {
                Some(digit) => char::from_u32(self.zero() as u32 + digit).unwrap_or(c),
                None => c,
            })
            .collect()
    }
}

impl Direction {
    /// Returns the value of an HTML `dir` attribute.
    #[must_use]
    pub const fn html(self) -> &'static str {
        match self {
            Direction::LeftToRight => "ltr",
            Direction::RightToLeft => "rtl",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// Rewrites Arabic-Indic and Persian digits as Latin ones, so that an officer may type either.
pub(crate) fn latin_digits(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{0660}'..='\u{0669}' => shifted(c, 0x0660),
            '\u{06f0}'..='\u{06f9}' => shifted(c, 0x06f0),
            _ => c,
        })
        .collect()
}

fn shifted(c: char, zero: u32) -> char {
    char::from_u32((c as u32).wrapping_sub(zero).wrapping_add(0x30)).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_number_has_two_shapes_and_reads_back_the_same() {
        assert_eq!(Language::Ar.digits("1456"), "١٤٥٦");
        assert_eq!(Language::Fa.digits("1456"), "۱۴۵۶");
        assert_eq!(latin_digits("١٤٥٦ ۱۴۵۶"), "1456 1456");
    }

    #[test]
    fn a_tag_with_a_region_is_not_guessed() {
        assert_eq!(Language::from_tag("fa"), Some(Language::Fa));
        assert_eq!(Language::from_tag("ar-SY"), None);
        assert_eq!(Language::from_tag("zh-Hans"), None);
        assert_eq!(Language::from_tag("iw"), None, "an old tag of Hebrew");
    }

    #[test]
    fn a_command_speaks_only_what_its_words_are_complete_in() {
        assert_eq!(Language::spoken("fa"), Some(Language::Fa));
        assert_eq!(Language::spoken("ru"), None);
        assert!(Language::SPOKEN.iter().all(|language| Language::ALL.contains(language)));
    }
}
