//! Checks a filled form against its form, and compares a read-back with what was sent.

use std::collections::BTreeMap;

use crate::body::{Body, Filled, MAX_BODY_BYTES};
use crate::error::{InputError, InputFault};
use crate::form::{Field, FieldKind, Form};
use crate::language::Language;
use crate::sound;
use crate::text::{MAX_FLASH_CHARS, MAX_TEXT_CHARS, check_text_within};
use crate::time::Instant;
use crate::value::{Reply, Text, Value};
use crate::wire_value::Nesting;

/// How one critical field of a read-back stands to the original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldComparison {
    /// Number of the field.
    pub field: u8,
    /// Name of the field.
    pub name: String,
    /// What the machine found.
    pub outcome: Outcome,
}

/// Outcome of comparing one field by value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The same value.
    Match,
    /// Another value.
    Differs,
    /// Not read back, or read back though the original has none.
    Missing,
}

/// More than a body takes around its values when it refers to nothing.
const ENVELOPE_BYTES: usize = 64;

impl Filled {
    /// Checks that every value fits its field and that no required field is missing.
    ///
    /// # Errors
    ///
    /// An [`InputError`] for each field at fault.
    pub fn check(&self, form: &Form) -> Result<(), Vec<InputError>> {
        let mut errors = Vec::new();
        if self.form != form.id() {
            errors.push(InputError::new("form", InputFault::OtherForm(self.form)));
        }
        for field in form.fields() {
            match self.values.get(&field.number) {
                None if field.required || self.is_required_now(form, field) => {
                    errors.push(InputError::new(&field.name, InputFault::Missing));
                }
                None => {}
                Some(value) => {
                    if let Err(fault) = check_value(field, value) {
                        errors.push(InputError::new(&field.name, fault));
                    }
                }
            }
        }
        for number in self.values.keys() {
            if form.field_number(*number).is_none() {
                let nearest = form.fields().first().map_or("", |field| field.name.as_str());
                let fault = InputFault::UnknownField { nearest: nearest.to_owned() };
                errors.push(InputError::new(&number.to_string(), fault));
            }
        }
        let most: usize = self.values.values().map(|value| 3 + sound::most_bytes(value)).sum();
        // Only what could be too large is encoded to see whether it is.
        if most + ENVELOPE_BYTES > MAX_BODY_BYTES {
            let bytes = self.encoded_len();
            if bytes > MAX_BODY_BYTES {
                errors.push(InputError::new("form", InputFault::TooLarge { bytes }));
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// Checks what only the precedence decides: a FLASH message holds at most 800 characters of
    /// free text. `precedence` is 0 for flash to 3 for routine.
    ///
    /// # Errors
    ///
    /// One [`InputError`] if there is too much.
    pub fn check_precedence(&self, precedence: u8) -> Result<(), InputError> {
        let chars: usize =
            self.values.values().flat_map(texts).map(|text| text.text.chars().count()).sum();
        if precedence == 0 && chars > MAX_FLASH_CHARS {
            return Err(InputError::new("form", InputFault::FlashTooLong { chars }));
        }
        Ok(())
    }

    /// The values that a read-back, an amendment or a correction says again, as a filled form of the
    /// form they belong to; the first such field is taken.
    #[must_use]
    pub fn repeated(&self) -> Option<Filled> {
        self.values.values().find_map(|value| match value {
            Value::Repeated { form, values } => {
                Some(Filled { form: *form, values: values.clone() })
            }
            _ => None,
        })
    }

    /// The critical fields that are filled, in the order of the form.
    #[must_use]
    pub fn critical(&self, form: &Form) -> Vec<(u8, &Value)> {
        form.fields()
            .iter()
            .filter(|field| field.critical)
            .filter_map(|field| Some((field.number, self.values.get(&field.number)?)))
            .collect()
    }

    /// Whether another field's value makes this one required.
    fn is_required_now(&self, form: &Form, field: &Field) -> bool {
        let Some((other, codes)) = &field.required_when else {
            return false;
        };
        let value = form.field(other).and_then(|other| self.values.get(&other.number));
        match value {
            Some(Value::Code(code)) => codes.contains(code),
            Some(Value::Level(level)) => codes.iter().any(|code| code == level.code()),
            _ => false,
        }
    }

    fn encoded_len(&self) -> usize {
        let body = Body {
            form: self.form,
            language: Language::En,
            references: Vec::new(),
            filled: self.clone(),
            digest: [0; 32],
        };
        body.encode().len()
    }
}

/// Compares the critical fields of a read-back with the original, by value and not by text.
///
/// A field that is critical and filled on either side is in the answer. Two writings of one instant
/// in different zones match; two that differ by a second do not. A count matches only the same
/// count with the same bounds: "up to seven" is not "seven".
#[must_use]
pub fn compare(form: &Form, original: &Filled, read_back: &Filled) -> Vec<FieldComparison> {
    form.fields()
        .iter()
        .filter(|field| field.critical)
        .filter_map(|field| {
            let pair = (original.values.get(&field.number), read_back.values.get(&field.number));
            let outcome = match pair {
                (None, None) => return None,
                (Some(a), Some(b)) if same(a, b) => Outcome::Match,
                (Some(_), Some(_)) => Outcome::Differs,
                _ => Outcome::Missing,
            };
            Some(FieldComparison { field: field.number, name: field.name.clone(), outcome })
        })
        .collect()
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Instant(a), Value::Instant(b)) => a.unix_s() == b.unix_s(),
        (Value::Window { from: a, until: b }, Value::Window { from: c, until: d }) => {
            a.unix_s() == c.unix_s() && b.unix_s() == d.unix_s()
        }
        (Value::Route(a), Value::Route(b)) => crate::route::same(a, b),
        (Value::Instants(a), Value::Instants(b)) => {
            a.iter().map(Instant::unix_s).eq(b.iter().map(Instant::unix_s))
        }
        (Value::Text(a), Value::Text(b)) => a.text.split_whitespace().eq(b.text.split_whitespace()),
        (Value::Claims(a), Value::Claims(b)) => {
            // Claims are a set: the order in which they are read back means nothing.
            let sorted = |claims: &[crate::value::Claim]| {
                let mut claims = claims.to_vec();
                claims.sort();
                claims
            };
            sorted(a) == sorted(b)
        }
        (a, b) => a == b,
    }
}

/// Checks that a value is of the field's kind, within bounds, and fit to be sent.
pub(crate) fn check_value(field: &Field, value: &Value) -> Result<(), InputFault> {
    if *value == Value::Unknown {
        let counts = matches!(field.kind, FieldKind::Count | FieldKind::Claims | FieldKind::Tri);
        // A count has its own unknown: one meaning, one encoding.
        return if field.unknown_allowed && !counts {
            Ok(())
        } else {
            Err(InputFault::UnknownNotAllowed)
        };
    }
    let fits = match (&field.kind, value) {
        (FieldKind::Count, Value::Count(_))
        | (FieldKind::Claims, Value::Claims(_))
        | (FieldKind::Instant, Value::Instant(_))
        | (FieldKind::Window, Value::Window { .. })
        | (FieldKind::Coordinate, Value::Coordinate(_))
        | (FieldKind::Area, Value::Area(_))
        | (FieldKind::Heights, Value::Heights(_))
        | (FieldKind::Distance, Value::Distance { .. })
        | (FieldKind::Tri, Value::Tri(_))
        | (FieldKind::Place, Value::Place(_))
        | (FieldKind::Text(_), Value::Text(_))
        | (FieldKind::Identifier, Value::Identifier(_))
        | (FieldKind::Questions, Value::Questions(_))
        | (FieldKind::Answers, Value::Answers(_))
        | (FieldKind::Terms, Value::Terms(_))
        | (FieldKind::Repeated, Value::Repeated { .. })
        | (FieldKind::Instants, Value::Instants(_))
        | (FieldKind::Frequency, Value::Frequency { .. })
        | (FieldKind::Bearing, Value::Bearing { .. })
        | (FieldKind::Hash, Value::Hash(_))
        | (FieldKind::Identifiers, Value::Identifiers(_)) => true,
        (FieldKind::Route(least), Value::Route(points)) => {
            if points.len() < usize::from(*least) {
                return Err(InputFault::Route);
            }
            true
        }
        (FieldKind::Code(codes), Value::Code(code)) => {
            return if codes.contains(code) { Ok(()) } else { Err(unknown_code(codes)) };
        }
        (FieldKind::Codes(allowed), Value::Codes(codes)) => {
            if let Some(_unknown) = codes.iter().find(|code| !allowed.contains(code)) {
                return Err(unknown_code(allowed));
            }
            true
        }
        (FieldKind::Level(levels), Value::Level(level)) => {
            if !levels.contains(&level.number()) {
                let names: Vec<String> = field.codes().into_iter().map(str::to_owned).collect();
                return Err(unknown_code(&names));
            }
            true
        }
        _ => false,
    };
    // The wire's own bounds are the bounds: what it would not read is not sent.
    let sound = fits && sound::is_sound(value, Nesting::Top);
    if !sound {
        return Err(InputFault::WrongKind { expected: field.kind.name() });
    }
    let max = match field.kind {
        FieldKind::Text(max) => usize::from(max),
        _ => MAX_TEXT_CHARS,
    };
    for text in texts(value) {
        check_text_within(&text.text, text.language, max)?;
    }
    Ok(())
}

pub(crate) fn unknown_code(allowed: &[String]) -> InputFault {
    InputFault::UnknownCode { allowed: allowed.join(", ") }
}

/// Every free text in a value, one level deep.
pub(crate) fn texts(value: &Value) -> Vec<&Text> {
    match value {
        Value::Text(text) => vec![text],
        Value::Questions(list) => list.iter().map(|question| &question.text).collect(),
        Value::Answers(list) => list
            .iter()
            .filter_map(|answer| match &answer.reply {
                Reply::Answered(text) | Reply::Part(text) => Some(text),
                _ => None,
            })
            .collect(),
        Value::Terms(list) => list.iter().filter_map(|term| term.text.as_ref()).collect(),
        Value::Repeated { values, .. } => repeated_texts(values),
        _ => Vec::new(),
    }
}

fn repeated_texts(values: &BTreeMap<u8, Value>) -> Vec<&Text> {
    values
        .values()
        .filter(|value| !matches!(value, Value::Repeated { .. }))
        .flat_map(texts)
        .collect()
}
