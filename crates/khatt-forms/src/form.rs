//! A form: which fields a message has, and how it is worded in each language.
//!
//! This module holds forms once they are checked; reading and checking a form file is
//! `catalogue.rs`, its wording `wording.rs`.

use std::collections::BTreeMap;

use crate::language::Language;
use crate::value::FormId;
use crate::wording::Wording;

/// A message pattern as data, fixed by its version and hash.
#[derive(Clone, Debug)]
pub struct Form {
    pub(crate) id: FormId,
    pub(crate) name: String,
    pub(crate) hash: [u8; 32],
    pub(crate) intent: String,
    pub(crate) precedence: u8,
    pub(crate) wanted_ack: u8,
    pub(crate) fields: Vec<Field>,
    pub(crate) texts: BTreeMap<Language, FormText>,
    pub(crate) examples: Vec<Example>,
}

/// What a form says in one language.
#[derive(Clone, Debug)]
pub(crate) struct FormText {
    pub(crate) title: String,
    pub(crate) review: String,
    pub(crate) wording: Wording,
    /// Literal gloss of this language's wording, per other language.
    pub(crate) glosses: BTreeMap<Language, String>,
}

/// A filled example that a test renders in every language.
#[derive(Clone, Debug)]
pub struct Example {
    /// Short name, for snapshots.
    pub name: String,
    /// Language of its free text.
    pub language: Language,
    /// Field names and what an officer would type.
    pub inputs: Vec<(String, String)>,
}

/// One field of a form.
#[derive(Clone, Debug)]
pub struct Field {
    /// Number on the wire, from 1, never used again for another meaning.
    pub number: u8,
    /// Name an officer types, for example `killed-own`.
    pub name: String,
    /// What it may hold.
    pub kind: FieldKind,
    /// Whether a message without it is refused.
    pub required: bool,
    /// Whether it is typed back at release and compared at read-back.
    pub critical: bool,
    /// Whether `unknown` may stand in it.
    pub unknown_allowed: bool,
    /// Whether it counts people harmed: painted as "not stated" rather than left out.
    pub harm: bool,
    /// Another field and its codes or levels, with which this field becomes required.
    pub required_when: Option<(String, Vec<String>)>,
    pub(crate) labels: BTreeMap<Language, String>,
}

/// What a field may hold, with its bounds.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// One count.
    Count,
    /// One to four separate counts, each with a status.
    Claims,
    /// An instant.
    Instant,
    /// A window of time.
    Window,
    /// A point.
    Coordinate,
    /// A circle or polygon.
    Area,
    /// A band of heights.
    Heights,
    /// A length.
    Distance,
    /// One of these codes.
    Code(Vec<String>),
    /// Any of these codes.
    Codes(Vec<String>),
    /// Yes, no or unknown.
    Tri,
    /// A place of the gazetteer.
    Place,
    /// Words, at most this many characters.
    Text(u16),
    /// A serial or call sign.
    Identifier,
    /// Numbered questions.
    Questions,
    /// Answers to numbered questions.
    Answers,
    /// Numbered terms with positions.
    Terms,
    /// Fields of another form, said again.
    Repeated,
    /// A step of the ladder, one of these numbers.
    Level(Vec<u8>),
    /// Points in order with times, at least this many.
    Route(u8),
    /// Several instants to choose from.
    Instants,
    /// A radio frequency.
    Frequency,
    /// A direction from true north.
    Bearing,
    /// SHA-256 of something that lies elsewhere.
    Hash,
    /// Several serials or call signs.
    Identifiers,
}

impl Form {
    /// Number and version.
    #[must_use]
    pub const fn id(&self) -> FormId {
        self.id
    }

    /// Name, for example `incident-initial`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 over the form file, `spec/form.md` §4.
    #[must_use]
    pub const fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// Code of what the sender wants with the message: information, question, demand and so on.
    #[must_use]
    pub fn intent(&self) -> &str {
        &self.intent
    }

    /// Precedence a draft starts with: 0 flash, 1 immediate, 2 priority, 3 routine.
    #[must_use]
    pub const fn precedence(&self) -> u8 {
        self.precedence
    }

    /// Level of the acknowledgement ladder that the sender wants, 0 (none) to 6.
    #[must_use]
    pub const fn wanted_ack(&self) -> u8 {
        self.wanted_ack
    }

    /// The fields, in the order in which they are shown.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field with this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The field with this number.
    #[must_use]
    pub fn field_number(&self, number: u8) -> Option<&Field> {
        self.fields.iter().find(|field| field.number == number)
    }

    /// The languages that the form is complete in, in the order in which digests take them.
    pub fn languages(&self) -> impl Iterator<Item = Language> {
        self.texts.keys().copied()
    }

    pub(crate) fn title_in(&self, language: Language) -> Option<&str> {
        self.texts.get(&language).map(|text| text.title.as_str())
    }

    /// Title in a language; empty in one that the form has not.
    #[must_use]
    pub fn title(&self, language: Language) -> &str {
        self.texts.get(&language).map_or("", |text| text.title.as_str())
    }

    /// Who reviewed the wording in a language, or `unreviewed`; shown with every rendering.
    #[must_use]
    pub fn review(&self, language: Language) -> &str {
        self.texts.get(&language).map_or("unreviewed", |text| text.review.as_str())
    }

    /// Literal gloss of the wording in `of`, written in `in_language`, so that an officer can check
    /// what the other side reads.
    #[must_use]
    pub fn gloss(&self, of: Language, in_language: Language) -> Option<&str> {
        self.texts.get(&of)?.glosses.get(&in_language).map(String::as_str)
    }

    /// Filled examples.
    #[must_use]
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }

    pub(crate) fn wording(&self, language: Language) -> Option<&Wording> {
        self.texts.get(&language).map(|text| &text.wording)
    }
}

impl Field {
    /// Label in a language.
    #[must_use]
    pub fn label(&self, language: Language) -> &str {
        self.labels.get(&language).map_or(self.name.as_str(), String::as_str)
    }

    /// The codes that may stand in the field, if it holds codes or levels.
    #[must_use]
    pub fn codes(&self) -> Vec<&str> {
        match &self.kind {
            FieldKind::Code(codes) | FieldKind::Codes(codes) => {
                codes.iter().map(String::as_str).collect()
            }
            FieldKind::Level(levels) => levels
                .iter()
                .filter_map(|&level| crate::value::Level::new(level))
                .map(crate::value::Level::code)
                .collect(),
            _ => Vec::new(),
        }
    }
}

impl FieldKind {
    /// Name of the kind, as a form file writes it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            FieldKind::Count => "count",
            FieldKind::Claims => "claims",
            FieldKind::Instant => "instant",
            FieldKind::Window => "window",
            FieldKind::Coordinate => "coordinate",
            FieldKind::Area => "area",
            FieldKind::Heights => "heights",
            FieldKind::Distance => "distance",
            FieldKind::Code(_) => "code",
            FieldKind::Codes(_) => "codes",
            FieldKind::Tri => "yes-no-unknown",
            FieldKind::Place => "place",
            FieldKind::Text(_) => "text",
            FieldKind::Identifier => "identifier",
            FieldKind::Questions => "questions",
            FieldKind::Answers => "answers",
            FieldKind::Terms => "terms",
            FieldKind::Repeated => "repeated",
            FieldKind::Level(_) => "level",
            FieldKind::Route(_) => "route",
            FieldKind::Instants => "instants",
            FieldKind::Frequency => "frequency",
            FieldKind::Bearing => "bearing",
            FieldKind::Hash => "hash",
            FieldKind::Identifiers => "identifiers",
        }
    }
}
