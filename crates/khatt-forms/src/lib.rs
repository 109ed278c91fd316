//! In which words: Khatt's message forms as data, checked and shown in a line's languages.
//!
//! A form is a file: fields with kinds, bounds and criticality, a headline in each language in
//! Fluent syntax, and literal glosses. This crate reads what an officer typed into values, encodes
//! values as a body, and renders them in any of the languages, always to the same characters.
//! It has no clock, no locale negotiation and no fall-back: what is missing is an error.
//!
//! `spec/form.md` and `spec/body.md` describe all of it for a second implementation.
//!
//! # Examples
//!
//! ```
//! use khatt_forms::{Catalogue, Filled, Language, Wordbook, render};
//!
//! let form = Catalogue::builtin().by_name("acknowledge").ok_or("no such form")?;
//! let inputs = [("level", "A2"), ("role", "role-watch"), ("time", "2023-11-08T02:13Z")];
//! let inputs = inputs.map(|(name, typed)| (name.to_owned(), typed.to_owned()));
//! let book = Wordbook::builtin();
//! let filled = Filled::from_input(form, &inputs, Language::En, book)
//!     .map_err(|errors| format!("{errors:?}"))?;
//! let arabic = render(form, &filled, Language::Ar, book)?;
//! assert!(arabic.plain().contains("2023-11-08T02:13Z"));
//!
//! // A time that its reader would understand differently is refused.
//! let late = [("level", "A2"), ("role", "role-watch"), ("time", "tonight")];
//! let late = late.map(|(name, typed)| (name.to_owned(), typed.to_owned()));
//! let errors = Filled::from_input(form, &late, Language::En, book).unwrap_err();
//! assert_eq!(errors[0].code(), "KF-1221");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod body;
mod builtin;
mod captions;
mod catalogue;
mod check;
mod error;
mod form;
mod gazetteer;
mod geo;
mod glossary;
mod identifier;
mod input;
mod language;
mod lexicon;
pub mod messages;
mod paint;
mod render;
mod rendering;
mod route;
mod sheet;
mod signal;
mod sound;
mod text;
mod time;
mod traps;
mod typed;
mod value;
mod wire;
mod wire_value;
mod wording;
mod words;

pub use body::{Body, BodyError, Filled, MAX_BODY_BYTES, MAX_REFERENCES, Reference, Relation};
pub use captions::{ZoneDay, captions, day_in_zone};
pub use catalogue::{Catalogue, CatalogueError, FormFault, MAX_CRITICAL};
pub use check::{FieldComparison, Outcome, compare};
pub use error::{InputError, InputFault};
pub use form::{Example, Field, FieldKind, Form};
pub use gazetteer::{Gazetteer, GazetteerPlace};
pub use geo::{Area, Coordinate, Datum, Height, HeightBand, MAX_CORNERS, MAX_RADIUS_M};
pub use glossary::{Glossary, Wordbook, WordbookError};
pub use identifier::{IdentifierError, check_identifier};
pub use language::{Direction, Language};
pub use render::{RenderError, has_refused_text, raw_rows, render, rendering_digest};
pub use rendering::{Isolate, Piece, PieceKind, Rendering, Row};
pub use route::{MAX_WAYPOINTS, Waypoint};
pub use sheet::{Sheet, SheetRow, check_digits, digest_digits, grouped, notation_hint};
pub use signal::MAX_HERTZ;
pub use text::{MAX_FLASH_CHARS, MAX_TEXT_CHARS, TextError, check_text};
pub use time::{Instant, MAX_UNIX_S, TimeFault, UTC, tzdata_code, tzdata_text, tzdata_version};
pub use traps::{Caution, cautions, input_cautions, is_avoided, trap_words, traps};
pub use typed::typed;
pub use value::{
    Answer, Claim, ClaimStatus, Count, FormId, Level, MAX_COUNT, Numbered, Place, Position, Reply,
    TermPosition, Text, Tri, Value,
};
pub use wording::WordingError;
pub use words::{
    LineKind, acknowledgement_banner, intent_words, kind_words, level_words, precedence_words,
    relation_words, review_words,
};
