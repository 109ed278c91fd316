//! Reads what an officer typed into values, and refuses whatever could be understood in two ways.
//!
//! The notation of each kind is `spec/form.md` §10. A value that is not understood is an error that
//! names the field, what was expected and what to do; nothing is guessed and nothing is repaired.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use crate::body::Filled;
use crate::check::{check_value, unknown_code};
use crate::error::{InputError, InputFault};
use crate::form::{Field, FieldKind, Form};
use crate::glossary::Wordbook;
use crate::language::{Language, latin_digits};
use crate::signal;
use crate::value::{Claim, ClaimStatus, Count, Level, Text, Tri, Value};

mod list;
mod position;
mod when;

pub(crate) use position::coordinate;
pub(crate) use when::instant;

/// What reading a field needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) language: Language,
    pub(crate) book: Wordbook<'a>,
}

impl Filled {
    /// Reads field names and typed values; `language` is that of all free text in them.
    ///
    /// List fields (claims, codes, questions, answers, terms) may be given more than once.
    ///
    /// # Errors
    ///
    /// An [`InputError`] for each field at fault, missing ones included.
    pub fn from_input(
        form: &Form,
        inputs: &[(String, String)],
        language: Language,
        book: Wordbook<'_>,
    ) -> Result<Filled, Vec<InputError>> {
        let context = Context { language, book };
        let mut errors = Vec::new();
        let mut joined: BTreeMap<u8, (&Field, String)> = BTreeMap::new();
        for (name, typed) in inputs {
            let Some(field) = form.field(name.trim()) else {
                let names: Vec<&str> = form.fields().iter().map(|f| f.name.as_str()).collect();
                let nearest = nearest(name, &names);
                errors.push(InputError::new(&shown(name), InputFault::UnknownField { nearest }));
                continue;
            };
            match (joined.get_mut(&field.number), separator(&field.kind)) {
                (None, _) => {
                    joined.insert(field.number, (field, typed.clone()));
                }
                (Some((_, before)), Some(separator)) => {
                    before.push(separator);
                    before.push_str(typed);
                }
                (Some(_), None) => errors.push(InputError::new(&field.name, InputFault::Twice)),
            }
        }
        let mut values = BTreeMap::new();
        for (number, (field, typed)) in joined {
            let read = value(field, &typed, context)
                .and_then(|value| check_value(field, &value).map(|()| value));
            match read {
                Ok(value) => {
                    values.insert(number, value);
                }
                Err(fault) => errors.push(InputError::new(&field.name, fault)),
            }
        }
        let filled = Filled { form: form.id(), values };
        if let Err(found) = filled.check(form) {
            // A field that was typed wrong is at fault once, not also missing.
            for error in found {
                if !errors.iter().any(|known| known.field == error.field) {
                    errors.push(error);
                }
            }
        }
        if errors.is_empty() { Ok(filled) } else { Err(errors) }
    }
}

pub(crate) fn unknown_form(name: &str, names: &[&str]) -> InputError {
    InputError::new("form", InputFault::UnknownForm { nearest: nearest(name, names) })
}

/// Reads one field.
pub(crate) fn value(field: &Field, typed: &str, context: Context<'_>) -> Result<Value, InputFault> {
    let typed = typed.trim();
    let counts = matches!(field.kind, FieldKind::Count | FieldKind::Claims | FieldKind::Tri);
    if typed == "unknown" && !counts {
        return Ok(Value::Unknown);
    }
    Ok(match &field.kind {
        FieldKind::Count => Value::Count(count(typed)?),
        FieldKind::Claims => Value::Claims(claims(typed)?),
        FieldKind::Instant => Value::Instant(when::instant(typed)?),
        FieldKind::Window => when::window(typed)?,
        FieldKind::Coordinate => Value::Coordinate(position::coordinate(typed, context.book)?),
        FieldKind::Area => Value::Area(position::area(typed, context.book)?),
        FieldKind::Heights => Value::Heights(position::heights(typed)?),
        FieldKind::Distance => Value::Distance { metres: position::distance_m(typed)? },
        FieldKind::Code(allowed) => Value::Code(code(typed, allowed)?),
        FieldKind::Codes(allowed) => {
            let mut codes = typed
                .split([',', ';'])
                .map(|one| code(one.trim(), allowed))
                .collect::<Result<Vec<_>, _>>()?;
            codes.sort();
            codes.dedup();
            Value::Codes(codes)
        }
        FieldKind::Tri => Value::Tri(match typed {
            "yes" => Tri::Yes,
            "no" => Tri::No,
            "unknown" => Tri::Unknown,
            _ => return Err(unknown_code(&["yes", "no", "unknown"].map(str::to_owned))),
        }),
        FieldKind::Place => Value::Place(position::place(typed, context.book)?),
        FieldKind::Text(_) => Value::Text(text(typed, context.language)),
        FieldKind::Identifier => {
            if !crate::wire_value::is_identifier(typed) {
                return Err(InputFault::Identifier);
            }
            Value::Identifier(typed.to_owned())
        }
        FieldKind::Questions => Value::Questions(list::questions(typed, context.language)?),
        FieldKind::Answers => Value::Answers(list::answers(typed, context.language)?),
        FieldKind::Terms => Value::Terms(list::terms(typed, context.language)?),
        FieldKind::Route(_) => Value::Route(crate::route::read(typed, context.book)?),
        FieldKind::Instants => Value::Instants(when::instants(typed)?),
        FieldKind::Frequency => Value::Frequency { hertz: signal::read_frequency(typed)? },
        FieldKind::Bearing => Value::Bearing { degrees: signal::read_bearing(typed)? },
        FieldKind::Hash => Value::Hash(signal::read_hash(typed)?),
        FieldKind::Identifiers => Value::Identifiers(identifiers(typed)?),
        FieldKind::Repeated => list::repeated(typed, context)?,
        FieldKind::Level(_) => Value::Level(
            (0..=6)
                .filter_map(Level::new)
                .find(|level| level.code().eq_ignore_ascii_case(typed))
                .ok_or_else(|| {
                let names: Vec<String> = field.codes().into_iter().map(str::to_owned).collect();
                unknown_code(&names)
            })?,
        ),
    })
}

/// Free text in composed form: the same characters, one encoding.
pub(crate) fn text(typed: &str, language: Language) -> Text {
    Text { language, text: typed.trim().nfc().collect() }
}

fn separator(kind: &FieldKind) -> Option<char> {
    match kind {
        FieldKind::Claims
        | FieldKind::Codes(_)
        | FieldKind::Route(_)
        | FieldKind::Instants
        | FieldKind::Identifiers => Some(';'),
        FieldKind::Questions | FieldKind::Answers | FieldKind::Terms => Some('|'),
        _ => None,
    }
}

/// Serials with commas or semicolons between them; the order in which they are typed means nothing.
fn identifiers(typed: &str) -> Result<Vec<String>, InputFault> {
    let mut ids: Vec<String> =
        typed.split([',', ';', '،']).map(|id| latin_digits(id.trim())).collect();
    ids.sort();
    ids.dedup();
    let sound = ids.len() <= crate::wire_value::MAX_IDENTIFIERS
        && ids.iter().all(|id| crate::wire_value::is_identifier(id));
    if sound { Ok(ids) } else { Err(InputFault::Identifier) }
}

fn code(typed: &str, allowed: &[String]) -> Result<String, InputFault> {
    allowed.iter().find(|code| code.as_str() == typed).cloned().ok_or_else(|| unknown_code(allowed))
}

/// `7`, `none`, `unknown`, `2..5`, `>=3`, `<=7`, and the same in English words.
fn count(typed: &str) -> Result<Count, InputFault> {
    let plain = latin_digits(typed).to_lowercase();
    let number = |text: &str| {
        let text = text.trim();
        let digits =
            !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<u32>().ok()).flatten().ok_or(InputFault::Count)
    };
    let bound = |words: [&str; 3]| words.into_iter().find_map(|word| plain.strip_prefix(word));
    let count = if let Some(rest) = bound(["<=", "at most", "up to"]) {
        match number(rest)? {
            // "Up to none" says that there are none in a way that can be misread.
            0 => return Err(InputFault::Count),
            n => Count::AtMost(n),
        }
    } else if let Some(rest) = bound([">=", "at least", "min"]) {
        match number(rest)? {
            0 => return Err(InputFault::Count),
            n => Count::AtLeast(n),
        }
    } else if let Some((lower, upper)) = plain.split_once("..") {
        Count::Range { lower: number(lower)?, upper: number(upper)? }
    } else {
        match plain.as_str() {
            "none" => Count::None,
            "unknown" => Count::Unknown,
            digits => Count::known(number(digits)?),
        }
    };
    if count.is_sound() { Ok(count) } else { Err(InputFault::Count) }
}

/// Counts with `;` between them, each with an optional status after a slash; without one the
/// author merely reports the number.
fn claims(typed: &str) -> Result<Vec<Claim>, InputFault> {
    let claims = typed
        .split(';')
        .map(|one| {
            let (number, status) = one.split_once('/').unwrap_or((one, "reported"));
            let status =
                ClaimStatus::ALL
                    .into_iter()
                    .find(|known| known.code() == status.trim())
                    .ok_or_else(|| unknown_code(&ClaimStatus::ALL.map(|s| s.code().to_owned())))?;
            Ok(Claim { count: count(number.trim())?, status })
        })
        .collect::<Result<Vec<_>, InputFault>>()?;
    if claims.len() > crate::wire_value::MAX_CLAIMS { Err(InputFault::List) } else { Ok(claims) }
}

/// The known name that takes the fewest single-letter changes.
fn nearest(typed: &str, names: &[&str]) -> String {
    let typed: String = typed.chars().take(40).collect();
    names
        .iter()
        .min_by_key(|name| distance(&typed, name))
        .map_or(String::new(), |n| (*n).to_owned())
}

fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let cost = |at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let left = next.last().copied().unwrap_or(0) + 1;
            next.push(left.min(cost(j + 1) + 1).min(cost(j) + usize::from(x != *y)));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

/// A typed field name, shown only if it is a harmless word.
fn shown(name: &str) -> String {
    let harmless = name.len() <= 32
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if harmless { name.to_owned() } else { "?".to_owned() }
}

#[cfg(test)]
mod tests;
