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
use crate::language::{Direction, Language};
use crate::paint::Painter;
use crate::phrases::Phrase;
use crate::value::{FormId, Value};
use crate::wording::{Arm, Node, Part, arms_of};

/// How a piece is kept from reordering its surroundings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolate {
    /// Wording: part of the line's own direction.
    None,
    /// Always left to right: digits, coordinates, serials (LRI … PDI).
    LeftToRight,
    /// Always right to left: free text declared to be (RLI … PDI).
    RightToLeft,
    /// By its first strong letter: names and captions (FSI … PDI).
    FirstStrong,
}

/// What a piece is, for style and for checks.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// The form's or the renderer's words.
    Wording,
    /// A number in the language's digits.
    Number,
    /// A time of day or part of a date.
    Time,
    /// A zone with its offset.
    Zone,
    /// An instant in UTC.
    Zulu,
    /// A coordinate.
    Coordinate,
    /// A serial, a call sign or a level.
    Identifier,
    /// Name of a place.
    Name,
    /// Caption of a code.
    Code,
    /// The author's words.
    FreeText,
    /// Says that something is unknown or not stated.
    Missing,
    /// A new row within the value.
    Break,
}

/// A run of text with its role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub kind: PieceKind,
    /// How it is isolated.
    pub isolate: Isolate,
    /// The characters.
    pub text: String,
    /// The same number in Latin digits, to be shown small beside it.
    pub beside: Option<String>,
}

/// One labelled field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Number of the field.
    pub field: u8,
    /// Name of the field, the same in every language.
    pub name: String,
    /// Its label.
    pub label: String,
    /// Whether it is typed back and compared.
    pub critical: bool,
    /// Its value.
    pub value: Vec<Piece>,
}

/// A message in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendering {
    /// Which form.
    pub form: FormId,
    /// In which language.
    pub language: Language,
    /// Title of the form.
    pub title: String,
    /// The sentence for the eye.
    pub headline: Vec<Piece>,
    /// Every value, labelled.
    pub rows: Vec<Row>,
    /// Who reviewed the wording, or `unreviewed`: to be shown, outside the digest.
    pub review: String,
}

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
/// [`raw_rows`](crate::raw_rows) and raises an alarm.
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
        let (field, code) = errors
            .first()
            .map_or((String::new(), ""), |e| (e.field.clone(), e.code()));
        return Err(RenderError::PeerUnfit { field, code });
    }
    let painter = Painter { language, book };
    let wording = form
        .wording(language)
        .ok_or(RenderError::LocalWordingMissing(language))?;
    let mut headline = Vec::new();
    evaluate(&wording.headline, form, filled, &painter, &mut headline)?;
    let mut rows = Vec::new();
    for field in form.fields() {
        let value = match filled.values.get(&field.number) {
            Some(value) => painter.value(&field.name, value)?,
            None if field.harm => vec![painter.missing(Phrase::NotStated)],
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
                let name = form
                    .field_number(*number)
                    .map_or("", |field| field.name.as_str());
                pieces.extend(match part {
                    Part::Whole => painter.inline(name, value)?,
                    Part::Lower | Part::Upper => {
                        vec![painter.end_of_range(value, *part).ok_or_else(missing)?]
                    }
                });
            }
            Node::Choice { number, arms } => {
                let wanted: Vec<Arm> = arms_of(filled.values.get(number), painter.language);
                let chosen = wanted
                    .iter()
                    .find_map(|arm| arms.iter().find(|(key, _)| key == arm))
                    .ok_or_else(missing)?;
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

impl Rendering {
    /// The direction the rendering is declared to have.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        self.language.direction()
    }

    /// The headline as one line of text, tokens isolated.
    #[must_use]
    pub fn headline_text(&self) -> String {
        plain(&self.headline)
    }

    /// Title, headline and rows as lines of text, tokens isolated.
    #[must_use]
    pub fn plain(&self) -> String {
        let mut text = format!("{}\n{}\n", self.title, self.headline_text());
        for row in &self.rows {
            text.push_str(&format!("{}: {}\n", row.label, plain(&row.value)));
        }
        text
    }

    /// [`Rendering::plain`] followed by what must be shown with it: the state of review.
    #[must_use]
    pub fn shown(&self) -> String {
        format!(
            "{}{}\n",
            self.plain(),
            crate::words::review_words(&self.review, self.language)
        )
    }

    /// The bytes that the digest takes for this language, `spec/form.md` §7.3.
    #[must_use]
    pub fn digest_input(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut put = |text: &str| {
            let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&len.to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        };
        put(self.language.tag());
        put(&self.title);
        put(&self.headline_text());
        for row in &self.rows {
            put(&row.label);
            put(&plain(&row.value));
        }
        // An empty label cannot be: this ends the rows.
        put("");
        bytes
    }
}

impl Row {
    /// The value as text, tokens isolated.
    #[must_use]
    pub fn value_text(&self) -> String {
        plain(&self.value)
    }
}

impl Piece {
    pub(crate) fn wording(text: &str) -> Piece {
        Piece {
            kind: PieceKind::Wording,
            isolate: Isolate::None,
            text: text.to_owned(),
            beside: None,
        }
    }

    pub(crate) fn token(kind: PieceKind, isolate: Isolate, text: impl Into<String>) -> Piece {
        Piece {
            kind,
            isolate,
            text: text.into(),
            beside: None,
        }
    }

    /// The piece with its isolate characters, and its Latin digits behind it in brackets.
    #[must_use]
    pub fn plain(&self) -> String {
        let start = match self.isolate {
            Isolate::None => return self.text.clone(),
            Isolate::LeftToRight => '\u{2066}',
            Isolate::RightToLeft => '\u{2067}',
            Isolate::FirstStrong => '\u{2068}',
        };
        let mut text = format!("{start}{}\u{2069}", self.text);
        if let Some(beside) = &self.beside {
            text.push_str(&format!(" \u{2066}[{beside}]\u{2069}"));
        }
        text
    }
}

fn plain(pieces: &[Piece]) -> String {
    pieces.iter().map(Piece::plain).collect()
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
