//! A message in one language as pieces: what each run of characters is, and how it is isolated.
//!
//! Making a rendering is `render.rs`; here is what it consists of, as text and as the bytes that
//! the digest takes.

use crate::language::{Direction, Language};
use crate::value::FormId;

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
            let colon = self.language.words().colon;
            text.push_str(&format!("{}{colon}{}\n", row.label, plain(&row.value)));
        }
        text
    }

    /// [`Rendering::plain`] followed by what must be shown with it: the state of review.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{}{}\n", self.plain(), crate::words::review_words(&self.review, self.language))
    }

    /// The bytes that the digest takes for this language, `spec/form.md` §7.3.
    #[must_use]
    pub fn digest_input(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(DIGEST_INPUT_ROOM);
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
        Piece { kind, isolate, text: text.into(), beside: None }
    }

    /// The piece with its isolate characters, and its Latin digits behind it in brackets.
    #[must_use]
    pub fn plain(&self) -> String {
        plain(std::slice::from_ref(self))
    }

    fn put_plain(&self, out: &mut String) {
        let start = match self.isolate {
            Isolate::None => {
                out.push_str(&self.text);
                return;
            }
            Isolate::LeftToRight => '\u{2066}',
            Isolate::RightToLeft => '\u{2067}',
            Isolate::FirstStrong => '\u{2068}',
        };
        out.push(start);
        out.push_str(&self.text);
        out.push('\u{2069}');
        if let Some(beside) = &self.beside {
            out.push_str(" \u{2066}[");
            out.push_str(beside);
            out.push_str("]\u{2069}");
        }
    }
}

/// Pieces one after the other, in one allocation: every message is rendered in every language.
fn plain(pieces: &[Piece]) -> String {
    let bytes = pieces.iter().map(|piece| piece.text.len() + PIECE_ROOM).sum();
    let mut text = String::with_capacity(bytes);
    pieces.iter().for_each(|piece| piece.put_plain(&mut text));
    text
}

/// Bytes of isolates and brackets around a piece.
const PIECE_ROOM: usize = 6;
/// Bytes that most renderings take in one language.
const DIGEST_INPUT_ROOM: usize = 2048;
