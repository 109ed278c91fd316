//! Which characters free text may hold, so that what one officer reads is what the other wrote.
//!
//! Characters that steer the direction of text, that cannot be seen, or that belong to a terminal
//! are refused, never dropped in silence (`spec/form.md` §8).

use thiserror::Error;
use unicode_normalization::is_nfc;

use crate::language::Language;

/// Most characters in any free text.
pub const MAX_TEXT_CHARS: usize = 4_000;
/// Most characters of free text in a FLASH message.
pub const MAX_FLASH_CHARS: usize = 800;

/// Why a text was refused.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum TextError {
    /// Nothing is there to read.
    #[error("local text is empty")]
    LocalEmpty,
    /// More characters than allowed.
    #[error("local text has {chars} characters, at most {max} are allowed")]
    LocalTooLong {
        /// Characters there.
        chars: usize,
        /// Characters allowed.
        max: usize,
    },
    /// A character that turns the direction of text.
    #[error("local text holds U+{code_point:04X}, which changes the direction of text")]
    LocalBidiControl {
        /// The character.
        code_point: u32,
    },
    /// A character that cannot be seen.
    #[error("local text holds U+{code_point:04X}, which cannot be seen")]
    LocalInvisible {
        /// The character.
        code_point: u32,
    },
    /// A control character, a line break included.
    #[error("local text holds the control character U+{code_point:04X}")]
    LocalControl {
        /// The character.
        code_point: u32,
    },
    /// A zero-width non-joiner that does not stand between two Arabic-script letters.
    #[error("local text holds a zero-width non-joiner outside a word in Arabic script")]
    LocalMisplacedJoiner,
    /// A character that has no meaning both sides agree on.
    #[error("local text holds U+{code_point:04X}, which is not an assigned character")]
    LocalPrivate {
        /// The character.
        code_point: u32,
    },
    /// The same text in another composition of its letters.
    #[error("local text is not in normalisation form C")]
    LocalNotNormal,
}

impl TextError {
    /// Stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            TextError::LocalEmpty => "KF-1101",
            TextError::LocalTooLong { .. } => "KF-1102",
            TextError::LocalBidiControl { .. } => "KF-1103",
            TextError::LocalInvisible { .. } => "KF-1104",
            TextError::LocalControl { .. } => "KF-1105",
            TextError::LocalMisplacedJoiner => "KF-1106",
            TextError::LocalPrivate { .. } => "KF-1107",
            TextError::LocalNotNormal => "KF-1108",
        }
    }

    /// What the code's message is filled with: a character's number, or a length.
    pub(crate) fn detail(&self) -> String {
        match self {
            TextError::LocalTooLong { chars, max } => format!("{chars} > {max}"),
            TextError::LocalBidiControl { code_point }
            | TextError::LocalInvisible { code_point }
            | TextError::LocalControl { code_point }
            | TextError::LocalPrivate { code_point } => format!("U+{code_point:04X}"),
            _ => String::new(),
        }
    }
}

/// Checks that a text in this language holds only characters that are what they seem.
///
/// # Errors
///
/// [`TextError`] for the first character that is refused, or for the length.
pub fn check_text(text: &str, language: Language) -> Result<(), TextError> {
    check_text_within(text, language, MAX_TEXT_CHARS)
}

pub(crate) fn check_text_within(
    text: &str,
    _language: Language,
    max: usize,
) -> Result<(), TextError> {
    if text.trim().is_empty() {
        return Err(TextError::LocalEmpty);
    }
    let chars = text.chars().count();
    if chars > max {
        return Err(TextError::LocalTooLong { chars, max });
    }
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let code_point = u32::from(c);
        match c {
            '\u{200c}' => {
                let joined = before.is_some_and(is_arabic_letter)
                    && rest.peek().copied().is_some_and(is_arabic_letter);
                if !joined {
                    return Err(TextError::LocalMisplacedJoiner);
                }
            }
            '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{061c}' => return Err(TextError::LocalBidiControl { code_point }),
            '\u{feff}'
            | '\u{200b}'
            | '\u{200d}'
            | '\u{00ad}'
            | '\u{034f}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{3164}'
            | '\u{ffa0}'
            | '\u{180b}'..='\u{180f}'
            | '\u{2060}'..='\u{2065}'
            | '\u{206a}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}' => return Err(TextError::LocalInvisible { code_point }),
            '\u{2028}' | '\u{2029}' => return Err(TextError::LocalControl { code_point }),
            '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' | '\u{fffd}' => {
                return Err(TextError::LocalPrivate { code_point });
            }
            c if c.is_control() => return Err(TextError::LocalControl { code_point }),
            c if code_point & 0xfffe == 0xfffe || (0xfdd0..=0xfdef).contains(&code_point) => {
                let _ = c;
                return Err(TextError::LocalPrivate { code_point });
            }
            _ => {}
        }
        before = Some(c);
    }
    if is_nfc(text) { Ok(()) } else { Err(TextError::LocalNotNormal) }
}

fn is_arabic_letter(c: char) -> bool {
    c.is_alphabetic() && matches!(c, '\u{0600}'..='\u{06ff}' | '\u{0750}'..='\u{077f}' | '\u{08a0}'..='\u{08ff}')
        // A vowel sign belongs to the letter under it.
        || matches!(c, '\u{064b}'..='\u{0652}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_joiner_is_taken_inside_a_persian_word_and_nowhere_else() {
        assert_eq!(check_text("می‌رود", Language::Fa), Ok(()));
        assert_eq!(check_text("A\u{200c}B", Language::En), Err(TextError::LocalMisplacedJoiner));
        assert_eq!(
            check_text("می\u{200c} رود", Language::Fa),
            Err(TextError::LocalMisplacedJoiner)
        );
        assert_eq!(check_text("\u{200c}می", Language::Fa), Err(TextError::LocalMisplacedJoiner));
    }

    #[test]
    fn characters_that_steer_or_hide_are_refused_one_by_one() {
        for c in ['\u{202e}', '\u{2066}', '\u{2069}', '\u{200e}', '\u{200f}', '\u{061c}'] {
            let text = format!("north {c}south");
            assert_eq!(
                check_text(&text, Language::En),
                Err(TextError::LocalBidiControl { code_point: u32::from(c) })
            );
        }
        for c in ['\u{feff}', '\u{200b}', '\u{200d}', '\u{e0041}', '\u{fe0f}', '\u{00ad}'] {
            let text = format!("north {c}south");
            assert_eq!(
                check_text(&text, Language::En),
                Err(TextError::LocalInvisible { code_point: u32::from(c) })
            );
        }
        for c in ['\n', '\u{7}', '\u{1b}', '\u{85}', '\u{2028}'] {
            let text = format!("north {c}south");
            assert_eq!(
                check_text(&text, Language::En),
                Err(TextError::LocalControl { code_point: u32::from(c) })
            );
        }
    }

    #[test]
    fn too_long_is_refused_and_never_cut() {
        assert_eq!(check_text(&"x".repeat(4_000), Language::En), Ok(()));
        assert_eq!(
            check_text(&"x".repeat(4_001), Language::En),
            Err(TextError::LocalTooLong { chars: 4_001, max: 4_000 })
        );
        assert_eq!(check_text("  ", Language::En), Err(TextError::LocalEmpty));
        assert_eq!(check_text("e\u{301}", Language::En), Err(TextError::LocalNotNormal));
    }
}
