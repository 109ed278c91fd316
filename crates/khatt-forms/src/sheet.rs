//! A message on paper: rows that can be read over a radio, typed back, and come to the same digest.
//!
//! Each row has six check digits. Any single wrong character in a row changes them, whatever
//! character it is, and so do two neighbours exchanged; the last row holds digits of the rendering
//! digest over the whole. `spec/sheet.md` describes it; setting it on paper is the command's affair.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use crate::body::Filled;
use crate::catalogue::Catalogue;
use crate::error::{InputError, InputFault};
use crate::form::{FieldKind, Form};
use crate::glossary::Wordbook;
use crate::input::{Context, value};
use crate::language::{Language, latin_digits};
use crate::render::rendering_digest;
use crate::typed::typed;
use crate::value::Value;

/// A filled form with what its digest is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// The values.
    pub filled: Filled,
    /// Language of the free text.
    pub language: Language,
    /// Languages of the line, in the order in which digests take them.
    pub languages: Vec<Language>,
    /// The rendering digest over them.
    pub digest: [u8; 32],
}

/// One row as it stands on paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetRow {
    /// Number of the field; 0 for the first row, which says form and languages.
    pub number: u8,
    /// Six check digits over number and notation.
    pub digits: u32,
    /// What is to be typed.
    pub notation: String,
}

/// Largest prime below a million, and larger than the distance between any two characters that text
/// may hold: so one wrong character can never leave the sum as it was (`spec/sheet.md` §3).
const PRIME: u64 = 999_983;
/// Any number that is neither 0 nor 1 modulo [`PRIME`], nor of small order.
const STEP: u64 = 7_919;
/// Most rows that are looked at: more fields a form cannot have.
const MAX_ROWS: usize = 258;

/// The six check digits of a row.
#[must_use]
pub fn check_digits(number: u8, notation: &str) -> u32 {
    let start = u64::from(number) + 1;
    let sum = plain(notation)
        .chars()
        .fold(start, |sum, c| (sum * STEP + u64::from(u32::from(c)) + 1) % PRIME);
    u32::try_from(sum).unwrap_or(0)
}

/// The digits of the last row: the first eight bytes of a digest as 20 decimal digits.
#[must_use]
pub fn digest_digits(digest: &[u8; 32]) -> String {
    let first = digest.iter().take(8).fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    format!("{first:020}")
}

impl Sheet {
    /// Takes a filled form to paper.
    ///
    /// # Errors
    ///
    /// [`InputError`]s if the form is not complete, cannot be rendered, or holds something that
    /// would not be read back from paper as it is.
    pub fn new(
        form: &Form,
        filled: Filled,
        language: Language,
        languages: &[Language],
        book: Wordbook<'_>,
    ) -> Result<Sheet, Vec<InputError>> {
        filled.check(form)?;
        let mut languages = languages.to_vec();
        languages.sort();
        languages.dedup();
        let digest = rendering_digest(form, &filled, &languages, book)
            .map_err(|_| vec![InputError::new("form", InputFault::SheetForm)])?;
        let sheet = Sheet { filled, language, languages, digest };
        // Paper that cannot be typed back is worse than none: it is tried before it is printed.
        match read(&sheet.text(form, book), &|_| Some(form), book) {
            Ok(again) if again == sheet => Ok(sheet),
            Ok(_) => Err(vec![InputError::new("form", InputFault::SheetUnreadable)]),
            Err(errors) => Err(errors),
        }
    }

    /// The rows: the first says form and languages, the others the values.
    #[must_use]
    pub fn rows(&self, form: &Form, book: Wordbook<'_>) -> Vec<SheetRow> {
        let row = |number, notation: String| SheetRow {
            number,
            digits: check_digits(number, &notation),
            notation,
        };
        let tags: Vec<&str> = self.languages.iter().map(|language| language.tag()).collect();
        let head = format!("{} {} of {}", self.filled.form, self.language, tags.join(" "));
        let mut rows = vec![row(0, head)];
        for (number, value) in &self.filled.values {
            rows.push(row(*number, notation(form, *number, value, self.language, book)));
        }
        rows
    }

    /// The sheet as rows of text, the digits of the digest last.
    #[must_use]
    pub fn text(&self, form: &Form, book: Wordbook<'_>) -> String {
        let mut text = String::new();
        for row in self.rows(form, book) {
            let (high, low) = (row.digits / 1_000, row.digits % 1_000);
            text.push_str(&format!("{} {high:03} {low:03} {}\n", row.number, row.notation));
        }
        text.push_str(&format!("= {}\n", grouped(&digest_digits(&self.digest))));
        text
    }

    /// Reads a sheet that was typed back.
    ///
    /// # Errors
    ///
    /// An [`InputError`] for each row that is not what its check digits say, or if the whole does not
    /// come to the digest of the last row.
    pub fn read(
        text: &str,
        catalogue: &Catalogue,
        book: Wordbook<'_>,
    ) -> Result<Sheet, Vec<InputError>> {
        let by_id = |id: &str| catalogue.iter().find(|form| form.id().to_string() == id);
        read(text, &by_id, book)
    }
}

/// Digits in groups of four, as they are spoken.
#[must_use]
pub fn grouped(digits: &str) -> String {
    let digits: Vec<char> = digits.chars().collect();
    digits.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}

/// A value as it is to be typed; a point that looks exchanged is marked as meant.
fn notation(
    form: &Form,
    number: u8,
    value: &Value,
    language: Language,
    book: Wordbook<'_>,
) -> String {
    let written = typed(value);
    let Some(field) = form.field_number(number) else {
        return written;
    };
    let again = self::value(field, &written, Context { language, book });
    match again {
        Err(InputFault::CoordinateSwapped { .. }) => format!("{written} checked"),
        _ => written,
    }
}

fn read<'f>(
    text: &str,
    form_of: &dyn Fn(&str) -> Option<&'f Form>,
    book: Wordbook<'_>,
) -> Result<Sheet, Vec<InputError>> {
    let mut errors = Vec::new();
    let mut rows: BTreeMap<u8, String> = BTreeMap::new();
    let mut end = None;
    for (at, line) in text.lines().enumerate().take(MAX_ROWS) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(digits) = line.strip_prefix('=') {
            let digits = latin_digits(digits);
            end = Some(digits.chars().filter(char::is_ascii_digit).collect::<String>());
            continue;
        }
        match row(line) {
            Some((number, digits, notation)) => {
                if check_digits(number, &notation) != digits {
                    errors.push(fault(&number.to_string(), InputFault::SheetCheck));
                }
                if rows.insert(number, notation).is_some() {
                    errors.push(fault(&number.to_string(), InputFault::Twice));
                }
            }
            None => errors.push(fault(&format!("? {}", at + 1), InputFault::SheetRow)),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let head = rows.remove(&0).ok_or_else(|| vec![fault("0", InputFault::SheetForm)])?;
    let (form, language, languages) =
        head_of(&head, form_of).ok_or_else(|| vec![fault("0", InputFault::SheetForm)])?;
    let context = Context { language, book };
    let mut values = BTreeMap::new();
    for (number, notation) in rows {
        let Some(field) = form.field_number(number) else {
            errors.push(fault(&number.to_string(), InputFault::SheetRow));
            continue;
        };
        match value(field, &notation, context) {
            Ok(value) => {
                values.insert(number, value);
            }
            Err(fault) => errors.push(InputError::new(&field.name, fault)),
        }
    }
    let filled = Filled { form: form.id(), values };
    if errors.is_empty()
        && let Err(found) = filled.check(form)
    {
        errors.extend(found);
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let digest = rendering_digest(form, &filled, &languages, book)
        .map_err(|_| vec![fault("0", InputFault::SheetForm)])?;
    if end.as_deref() != Some(digest_digits(&digest).as_str()) {
        return Err(vec![fault("=", InputFault::SheetEnd)]);
    }
    Ok(Sheet { filled, language, languages, digest })
}

fn fault(row: &str, fault: InputFault) -> InputError {
    InputError::new(&format!("row {row}"), fault)
}

/// `10.1 en of en ar fa`.
fn head_of<'f>(
    head: &str,
    form_of: &dyn Fn(&str) -> Option<&'f Form>,
) -> Option<(&'f Form, Language, Vec<Language>)> {
    let mut words = head.split_whitespace();
    let form = form_of(words.next()?)?;
    let language = Language::from_tag(words.next()?)?;
    if words.next()? != "of" {
        return None;
    }
    let languages = words.map(Language::from_tag).collect::<Option<Vec<_>>>()?;
    (!languages.is_empty() && languages.is_sorted_by(|a, b| a < b))
        .then_some((form, language, languages))
}

/// `NUMBER DDD DDD NOTATION`, spaces between the digits as one likes.
fn row(line: &str) -> Option<(u8, u32, String)> {
    let (number, rest) = line.split_once(char::is_whitespace)?;
    let number: u8 = latin_digits(number).parse().ok()?;
    let mut digits = String::new();
    let mut rest = rest.trim_start();
    while digits.len() < 6 {
        let c = rest.chars().next()?;
        let digit = latin_digits(c.encode_utf8(&mut [0; 4]));
        if digit.len() != 1 || !digit.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.push_str(&digit);
        rest = rest.get(c.len_utf8()..)?.trim_start();
    }
    Some((number, digits.parse().ok()?, rest.trim().to_owned()))
}

/// What the check digits are over: composed, without spaces at the ends.
fn plain(notation: &str) -> String {
    notation.trim().nfc().collect()
}

/// Says how a field of this kind is written on paper, by an example that reads in no language.
#[must_use]
pub const fn notation_hint(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Count => "7 · none · unknown · 2..5 · <=7 · >=3",
        FieldKind::Claims => "7/reported; 2..5/may-have · unknown",
        FieldKind::Instant => "2023-11-08T03:30[Asia/Damascus] · 2023-11-08T00:30Z",
        FieldKind::Window => "2023-11-08T03:30Z .. 2023-11-08T03:50Z",
        FieldKind::Coordinate => "34.4523 N 40.9187 E",
        FieldKind::Area => "circle 6 km 34.4523 N 40.9187 E · polygon 34.4 N 40.8 E; …; …",
        FieldKind::Heights => "ground to FL180 · 500 m agl to 12000 ft amsl",
        FieldKind::Distance => "6 km · 1500 m · 3 nm",
        FieldKind::Tri => "yes · no · unknown",
        FieldKind::Place => "gn:174448",
        FieldKind::Identifier => "A-00417",
        FieldKind::Identifiers => "A-1, A-2",
        FieldKind::Questions => "1: … | 2: …",
        FieldKind::Answers => {
            "1: answered: … | 2: declined: … | 3: stand-by: … | 4: not-our-forces"
        }
        FieldKind::Terms => "1: proposed: … | 2: accepted | 3: declined | 4: open",
        FieldKind::Repeated => "hazard-area | window = … | area = …",
        FieldKind::Route(_) => "34.45 N 40.92 E @ 2023-11-08T03:30Z; 34.60 N 41.00 E",
        FieldKind::Instants => "2023-11-08T03:30Z; 2023-11-08T09:30Z",
        FieldKind::Frequency => "121.500 MHz · 2182 kHz",
        FieldKind::Bearing => "045°T",
        FieldKind::Hash => "64 × 0–9 a–f",
        FieldKind::Code(_) | FieldKind::Codes(_) | FieldKind::Level(_) | FieldKind::Text(_) => "",
    }
}

#[cfg(test)]
mod tests;
