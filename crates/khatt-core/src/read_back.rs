//! Understood (A3): a read-back that the machine compared with what was sent, field by field.
//!
//! Fields are compared by value: the same instant in another zone matches, "up to seven" is not
//! "seven". Listening to a read-back is no proof that it was right, so the only way to a [`Matched`],
//! and with it to A3, is through [`judge`]. What follows a mismatch is the engine's.

use std::collections::BTreeMap;

use khatt_forms::{Catalogue, FieldComparison, Filled, Form, FormId, Outcome, Value, compare};
use khatt_record::EntryId;
use thiserror::Error;

/// Proof that every critical field of one message was read back as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matched {
    message: EntryId,
    fields: u8,
}

/// What a comparison found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadBack {
    /// Every critical field matches.
    Match(Matched),
    /// These critical fields differ or are missing.
    Mismatch(Vec<FieldComparison>),
}

/// Why a read-back could not be judged.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ReadBackError {
    /// It repeats the fields of another form than the message has.
    #[error("peer read back another form than the message has")]
    PeerOtherForm,
    /// It repeats no fields at all.
    #[error("peer sent a read-back without fields")]
    PeerEmpty,
    /// The message has no critical field, so reading it back would prove nothing.
    #[error("local message has no critical field to read back")]
    LocalNothingCritical,
}

impl Matched {
    /// Returns the message that was read back.
    #[must_use]
    pub const fn message(&self) -> EntryId {
        self.message
    }

    /// Returns how many critical fields matched.
    #[must_use]
    pub const fn fields(&self) -> u8 {
        self.fields
    }

    /// Takes one out of our own working state, where only a judged one can have been put.
    pub(crate) const fn restored(message: EntryId, fields: u8) -> Self {
        Self { message, fields }
    }
}

impl ReadBackError {
    /// Returns the stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerOtherForm => "KC-2601",
            Self::PeerEmpty => "KC-2602",
            Self::LocalNothingCritical => "KC-2603",
        }
    }
}

/// Returns what is to be read back of a message: its critical fields, under the form they belong to.
///
/// A body cannot repeat what itself repeats (`spec/body.md` §3). Of a message that repeats critical
/// values of another form, as a correction does, those are read back: in them is what changes.
#[must_use]
pub fn wanted(form: &Form, original: &Filled) -> Filled {
    let critical = |form: &Form, filled: &Filled| {
        let held = filled.critical(form).into_iter();
        held.filter(|(_, value)| !matches!(value, Value::Repeated { .. }))
            .map(|(number, value)| (number, value.clone()))
            .collect::<BTreeMap<u8, Value>>()
    };
    let inner = original.critical(form).into_iter().find_map(|(_, value)| {
        let Value::Repeated { form, values } = value else {
            return None;
        };
        let inner = Filled { form: *form, values: values.clone() };
        let values = critical(Catalogue::builtin().get(*form)?, &inner);
        (!values.is_empty()).then_some(Filled { form: *form, values })
    });
    inner.unwrap_or_else(|| Filled { form: original.form, values: critical(form, original) })
}

/// The form of this number, which is the message's own or one that it repeats.
fn form_of(id: FormId, own: &Form) -> &Form {
    if id == own.id() { own } else { Catalogue::builtin().get(id).unwrap_or(own) }
}

/// Compares the critical fields of a message with their read-back.
///
/// # Errors
///
/// [`ReadBackError`] if there is nothing to compare.
pub fn judge(
    message: EntryId,
    form: &Form,
    original: &Filled,
    read_back: &Filled,
) -> Result<ReadBack, ReadBackError> {
    if original.form != form.id() {
        return Err(ReadBackError::PeerOtherForm);
    }
    let wanted = wanted(form, original);
    let form = form_of(wanted.form, form);
    if wanted.values.is_empty() {
        return Err(ReadBackError::LocalNothingCritical);
    }
    if read_back.form != form.id() {
        return Err(ReadBackError::PeerOtherForm);
    }
    let compared = compare(form, &wanted, read_back);
    let fields = u8::try_from(compared.len()).unwrap_or(u8::MAX);
    let differing: Vec<_> =
        compared.into_iter().filter(|field| field.outcome != Outcome::Match).collect();
    Ok(if differing.is_empty() {
        ReadBack::Match(Matched { message, fields })
    } else {
        ReadBack::Mismatch(differing)
    })
}

/// Returns the fields that the body of a read-back message repeats.
///
/// # Errors
///
/// [`ReadBackError::PeerEmpty`] if it repeats none.
pub fn repeated(body: &Filled) -> Result<Filled, ReadBackError> {
    body.values
        .values()
        .find_map(|value| match value {
            Value::Repeated { form, values } => {
                Some(Filled { form: *form, values: values.clone() })
            }
            _ => None,
        })
        .ok_or(ReadBackError::PeerEmpty)
}

#[cfg(test)]
mod tests {
    use khatt_record::PostIndex;

    use super::*;

    fn message() -> EntryId {
        EntryId { log: PostIndex(0), index: 7 }
    }

    fn form() -> &'static Form {
        Catalogue::builtin().by_name("incident-initial").unwrap()
    }

    fn sent() -> Filled {
        let example = form().examples().first().unwrap();
        let book = khatt_forms::Wordbook::builtin();
        Filled::from_input(form(), &example.inputs, example.language, book).unwrap()
    }

    #[test]
    fn reading_every_critical_field_back_is_a_match() {
        let original = sent();
        let critical: BTreeMap<u8, Value> = original
            .critical(form())
            .into_iter()
            .map(|(number, value)| (number, value.clone()))
            .collect();
        let count = u8::try_from(critical.len()).unwrap();
        let read_back = Filled { form: original.form, values: critical };
        let judged = judge(message(), form(), &original, &read_back).unwrap();
        assert_eq!(judged, ReadBack::Match(Matched { message: message(), fields: count }));
    }

    #[test]
    fn one_critical_field_left_out_is_no_match_and_is_named() {
        let original = sent();
        for (left_out, _) in original.critical(form()) {
            let mut read_back = original.clone();
            read_back.values.remove(&left_out);
            let judged = judge(message(), form(), &original, &read_back).unwrap();
            let ReadBack::Mismatch(fields) = judged else { panic!("matched without {left_out}") };
            assert_eq!(fields.len(), 1);
            assert_eq!(fields[0].field, left_out);
            assert_eq!(fields[0].outcome, Outcome::Missing);
        }
    }

    #[test]
    fn of_a_correction_the_corrected_values_are_read_back() {
        let form = Catalogue::builtin().by_name("correction").unwrap();
        let example = form.examples().first().unwrap();
        let book = khatt_forms::Wordbook::builtin();
        let original = Filled::from_input(form, &example.inputs, example.language, book).unwrap();
        let mut repeated = wanted(form, &original);
        assert_eq!(repeated.form, Catalogue::builtin().by_name("hazard-area").unwrap().id());
        let judged = judge(message(), form, &original, &repeated).unwrap();
        assert!(matches!(judged, ReadBack::Match(_)));
        let other = Filled::from_input(
            Catalogue::builtin().by_name("correction").unwrap(),
            &example
                .inputs
                .iter()
                .map(|(name, text)| (name.clone(), text.replace("34.4523", "34.2708")))
                .collect::<Vec<_>>(),
            example.language,
            book,
        );
        repeated.values = wanted(form, &other.unwrap()).values;
        let judged = judge(message(), form, &original, &repeated).unwrap();
        assert!(matches!(judged, ReadBack::Mismatch(fields) if fields.len() == 1));
        let under_its_own_form = Filled { form: form.id(), values: original.values.clone() };
        let judged = judge(message(), form, &original, &under_its_own_form);
        assert_eq!(judged, Err(ReadBackError::PeerOtherForm));
    }

    #[test]
    fn a_read_back_of_another_form_is_refused() {
        let original = sent();
        let other = Filled { form: FormId { number: 99, version: 1 }, values: BTreeMap::new() };
        let judged = judge(message(), form(), &original, &other);
        assert_eq!(judged, Err(ReadBackError::PeerOtherForm));
    }

    #[test]
    fn a_message_without_critical_values_cannot_be_understood_by_read_back() {
        let empty = Filled { form: form().id(), values: BTreeMap::new() };
        let judged = judge(message(), form(), &empty, &empty);
        assert_eq!(judged, Err(ReadBackError::LocalNothingCritical));
    }

    #[test]
    fn the_repeated_fields_are_taken_out_of_a_read_back_message() {
        let original = sent();
        let value = Value::Repeated { form: original.form, values: original.values.clone() };
        let id = FormId { number: 5, version: 1 };
        let body = Filled { form: id, values: BTreeMap::from([(1, value)]) };
        assert_eq!(repeated(&body), Ok(original));
        let empty = Filled { form: id, values: BTreeMap::new() };
        assert_eq!(repeated(&empty), Err(ReadBackError::PeerEmpty));
    }
}
