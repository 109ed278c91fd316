//! The text of a line test and the reply that shows it was read.
//!
//! A challenge holds every letter and digit of the sender's language once, in an order drawn anew
//! each time, in groups of four. The reply repeats all groups in order, and writes every n-th one
//! backwards, from its last letter to its first. Who replies must have had each letter rendered, and
//! the groups in their right order, which is what right-to-left text gets wrong; echoing the bytes
//! is not enough, and last hour's reply is worthless.

use std::fmt;

use khatt_forms::Language;

/// What the peer is to read.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    pub(super) text: String,
    pub(super) every: u8,
}

/// How a reply compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// All groups are as they should be.
    Right,
    /// These groups, counted from 1, are missing or differ. Group 0 stands for groups too many.
    Wrong(Vec<u8>),
}

/// Random bytes that a challenge is drawn from.
pub const RANDOM_BYTES: usize = 96;

const GROUP: usize = 4;

impl Challenge {
    /// Draws a challenge in the sender's language.
    #[must_use]
    pub fn draw(language: Language, random: &[u8; RANDOM_BYTES]) -> Self {
        let (first, rest) = random.split_first().unwrap_or((&0, &[]));
        let mut letters: Vec<char> = alphabet(language).chars().collect();
        let mut draws = rest.chunks_exact(2);
        for last in (1..letters.len()).rev() {
            let draw = draws.next().map_or(0, |pair| {
                pair.iter().fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
            });
            letters.swap(last, draw % (last + 1));
        }
        let groups: Vec<String> =
            letters.chunks(GROUP).map(|group| group.iter().collect()).collect();
        Self { text: groups.join(" "), every: 2 + first % 3 }
    }

    /// Returns the groups, parted by spaces, as they are to be rendered.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns which groups are to be written backwards: every second, third or fourth.
    #[must_use]
    pub const fn every(&self) -> u8 {
        self.every
    }

    /// Returns the rule of the reply in the sender's language, naming the groups to be written
    /// backwards: what stands in the form as the reply expected.
    #[must_use]
    pub fn rule(&self, language: Language) -> String {
        let groups = self.text.split_whitespace().count();
        let backwards: Vec<String> = (1..=groups)
            .filter(|number| number % usize::from(self.every.max(1)) == 0)
            .map(|number| own_digits(&number.to_string(), language))
            .collect();
        let words = match language {
            Language::Ar => "تُعاد المجموعات كلها بترتيبها، وتُكتب معكوسةً المجموعات:",
            Language::Fa => "همهٔ گروه‌ها به ترتیب تکرار و این گروه‌ها وارونه نوشته شود:",
            Language::Ru => "Повторите все группы по порядку; эти запишите в обратном порядке:",
            Language::Fr => "Répétez tous les groupes dans l’ordre ; écrivez à l’envers :",
            Language::Zh => "请按顺序重复所有字组；下列各组倒写：",
            Language::He => "חזרו על כל הקבוצות לפי הסדר; את אלה כתבו בסדר הפוך:",
            _ => "Repeat all groups in order; write these backwards:",
        };
        format!("{words} {}", backwards.join(" "))
    }

    /// Compares a reply with what it should be. Spaces, invisible marks and the script of digits do
    /// not count.
    #[must_use]
    pub fn compare(&self, reply: &str) -> Comparison {
        // A reply far too long is not worth reading to its end.
        let given: Vec<String> = groups_of(reply, self.text.chars().count() * 4);
        let wanted: Vec<String> = groups_of(&reply_to(&self.text, self.every), usize::MAX);
        let mut wrong = Vec::new();
        for (number, group) in (1_u8..).zip(&wanted) {
            if given.get(usize::from(number) - 1) != Some(group) {
                wrong.push(number);
            }
        }
        if given.len() > wanted.len() {
            wrong.push(0);
        }
        if wrong.is_empty() { Comparison::Right } else { Comparison::Wrong(wrong) }
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A trace that shows it would give the reply away.
        f.debug_struct("Challenge").field("every", &self.every).finish_non_exhaustive()
    }
}

/// Returns the reply to a challenge, from its groups as they were rendered.
#[must_use]
pub fn reply_to(rendered: &str, every: u8) -> String {
    let groups: Vec<String> = (1_usize..)
        .zip(groups_of(rendered, usize::MAX))
        .map(|(number, group)| {
            if every > 0 && number % usize::from(every) == 0 {
                group.chars().rev().collect()
            } else {
                group
            }
        })
        .collect();
    groups.join(" ")
}

/// Returns from a rule which groups are to be written backwards: its first number. For a post that
/// replies by itself, from the text as it rendered it.
#[must_use]
pub fn every_of(rule: &str) -> Option<u8> {
    let digits: String = rule
        .chars()
        .map(latin_digit)
        .skip_while(|mark| !mark.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .take(2)
        .collect();
    digits.parse().ok().filter(|every| *every >= 2)
}

/// The letters of the alphabet and the digits, as the language counts them.
fn alphabet(language: Language) -> &'static str {
    match language {
        Language::Ar => "ابتثجحخدذرزسشصضطظعغفقكلمنهوي٠١٢٣٤٥٦٧٨٩",
        Language::Fa => "ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی۰۱۲۳۴۵۶۷۸۹",
        Language::Ru => "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ0123456789",
        Language::Fr => "ABCDEFGHIJKLMNOPQRSTUVWXYZÀÂÆÇÉÈÊËÎÏÔŒÙÛÜŸ0123456789",
        // Chinese has no alphabet: the digits as they are written, and signs that a font without
        // simplified characters, or one for another country, would not paint as they are.
        Language::Zh => "东南西北上下左右前后内外门骨直令真国线报车队区时0123456789",
        Language::He => "אבגדהוזחטיכךלמםנןסעפףצץקרשת0123456789",
        _ => "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    }
}

fn groups_of(text: &str, max_chars: usize) -> Vec<String> {
    let seen: String =
        text.chars().take(max_chars).filter(|mark| !is_invisible(*mark)).map(latin_digit).collect();
    seen.split_whitespace().map(str::to_uppercase).collect()
}

/// Marks that only steer direction or joining: a renderer adds them round its tokens.
const fn is_invisible(mark: char) -> bool {
    matches!(mark, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn latin_digit(mark: char) -> char {
    let zero = match mark {
        '٠'..='٩' => '٠',
        '۰'..='۹' => '۰',
        _ => return mark,
    };
    u8::try_from(u32::from(mark) - u32::from(zero)).map_or(mark, |digit| char::from(b'0' + digit))
}

fn own_digits(number: &str, language: Language) -> String {
    let digits = match language {
        Language::Ar => "٠١٢٣٤٥٦٧٨٩",
        Language::Fa => "۰۱۲۳۴۵۶۷۸۹",
        _ => "0123456789",
    };
    let own = |mark: char| digits.chars().nth(usize::try_from(mark.to_digit(10)?).ok()?);
    number.chars().filter_map(own).collect()
}
