//! Renders a filled form in one language: a headline for the eye, labelled rows for the fact.
//!
//! Pure: form, values, language and wordbook decide every character. The digest over the renderings
//! in all languages of a line goes into the body; a receiver that computes another one raises an
//! alarm and shows `raw_rows` beside (`spec/form.md` §7).

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::body::Filled;
use crate::check;
use crate::form::Form;
use crate::glossary::Wordbook;
use crate::language::Language;
use crate::paint::Painter;
use crate::rendering::{Piece, Rendering, Row};
use crate::value::{FormId, Value};
use crate::wording::{Arm, Node, Part, fits};

/// Why a message cannot be rendered; its raw rows are shown instead.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RenderError {
    /// The values are of another form.
    #[error("peer's message is of form {0}, not of the form it is rendered with")]
    PeerOtherForm(FormId),
    /// Values missing, of the wrong kind, out of bounds, or with characters that are refused.
    #[error("peer's message does not fit its form: field {field}, {code}")]
    PeerUnfit {
        /// Name of the field.
        field: String,
        /// Code of the fault.
        code: &'static str,
    },
    /// A code without a caption in the agreed glossary.
    #[error("local glossary has no caption for a code in field {0}")]
    LocalCodeUnknown(String),
    /// A place that the agreed gazetteer does not have.
    #[error("local gazetteer has no place for field {0}")]
    LocalPlaceUnknown(String),
    /// A repeated form that this build does not have.
    #[error("local catalogue has no form {0}, whose fields are said again")]
    LocalFormUnknown(FormId),
    /// The form has no wording in the language, or the wording misses a case.
    #[error("local form has no wording in {0} for this message")]
    LocalWordingMissing(Language),
}

impl RenderError {
    /// Stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            RenderError::PeerOtherForm(_) => "KF-1401",
            RenderError::PeerUnfit { .. } => "KF-1402",
            RenderError::LocalCodeUnknown(_) => "KF-1403",
            RenderError::LocalPlaceUnknown(_) => "KF-1404",
            RenderError::LocalFormUnknown(_) => "KF-1405",
            RenderError::LocalWordingMissing(_) => "KF-1406",
        }
    }
}

/// Renders a filled form in a language.
///
/// # Errors
///
/// [`RenderError`]: whatever is missing is an error, nothing is guessed. The caller then shows
/// [`raw_rows`] and raises an alarm.
pub fn render(
    form: &Form,
    filled: &Filled,
    language: Language,
    book: Wordbook<'_>,
) -> Result<Rendering, RenderError> {
    if filled.form != form.id() {
        return Err(RenderError::PeerOtherForm(filled.form));
    }
    if let Err(errors) = filled.check(form) {
        let (field, code) =
            errors.first().map_or((String::new(), ""), |e| (e.field.clone(), e.code()));
        return Err(RenderError::PeerUnfit { field, code });
    }
    let painter = Painter { language, book };
    let wording = form.wording(language).ok_or(RenderError::LocalWordingMissing(language))?;
    let mut headline = Vec::new();
    evaluate(&wording.headline, form, filled, &painter, &mut headline)?;
    let mut rows = Vec::new();
    for field in form.fields() {
        let value = match filled.values.get(&field.number) {
            Some(value) => painter.value(&field.name, value)?,
            None if field.harm => vec![painter.missing(language.words().not_stated)],
            None => continue,
        };
        rows.push(Row {
            field: field.number,
            name: field.name.clone(),
            label: field.label(language).to_owned(),
            critical: field.critical,
            value,
        });
    }
    Ok(Rendering {
        form: form.id(),
        language,
        title: form.title(language).to_owned(),
        headline,
        rows,
        review: form.review(language).to_owned(),
    })
}

fn evaluate(
    nodes: &[Node],
    form: &Form,
    filled: &Filled,
    painter: &Painter<'_>,
    pieces: &mut Vec<Piece>,
) -> Result<(), RenderError> {
    let missing = || RenderError::LocalWordingMissing(painter.language);
    for node in nodes {
        match node {
            Node::Text(text) => pieces.push(Piece::wording(text)),
            Node::Field { number, part } => {
                let value = filled.values.get(number).ok_or_else(missing)?;
                let name = form.field_number(*number).map_or("", |field| field.name.as_str());
                pieces.extend(match part {
                    Part::Whole => painter.inline(name, value)?,
                    Part::Lower | Part::Upper => {
                        vec![painter.end_of_range(value, *part).ok_or_else(missing)?]
                    }
                });
            }
            Node::Choice { number, arms } => {
                let value = filled.values.get(number);
                let fit = |arm: &Arm| fits(arm, value, painter.language);
                let exact = arms.iter().find(|(arm, _)| matches!(arm, Arm::Exact(_)) && fit(arm));
                let chosen =
                    exact.or_else(|| arms.iter().find(|(arm, _)| fit(arm))).ok_or_else(missing)?;
                evaluate(&chosen.1, form, filled, painter, pieces)?;
            }
        }
    }
    Ok(())
}

/// SHA-256 over the renderings in these languages, `spec/form.md` §7.3.
///
/// The order of `languages` and repeats in it do not matter.
///
/// # Errors
///
/// [`RenderError`] if the message cannot be rendered in one of them.
pub fn rendering_digest(
    form: &Form,
    filled: &Filled,
    languages: &[Language],
    book: Wordbook<'_>,
) -> Result<[u8; 32], RenderError> {
    let mut sorted = languages.to_vec();
    sorted.sort();
    sorted.dedup();
    let mut hasher = Sha256::new();
    hasher.update(b"khatt rendering v1\0");
    hasher.update([form.id().number, form.id().version]);
    hasher.update([u8::try_from(sorted.len()).unwrap_or(u8::MAX)]);
    for language in sorted {
        hasher.update(render(form, filled, language, book)?.digest_input());
    }
    Ok(hasher.finalize().into())
}

/// Field numbers, names and values as an officer would type them, in no language: shown when a
/// form or rendering is missing, or when digests differ.
///
/// Characters that text may not hold are shown by their number.
#[must_use]
pub fn raw_rows(filled: &Filled, form: Option<&Form>) -> Vec<(String, String)> {
    filled
        .values
        .iter()
        .map(|(number, value)| {
            let name = form
                .and_then(|form| form.field_number(*number))
                .map_or_else(|| format!("field {number}"), |field| field.name.clone());
            (name, crate::typed::typed(value))
        })
        .collect()
}

/// Says whether any text in a value is refused by the character filter.
#[must_use]
pub fn has_refused_text(value: &Value) -> bool {
    check::texts(value)
        .iter()
        .any(|text| crate::text::check_text(&text.text, text.language).is_err())
}
