//! Reads and checks form files, and holds the forms that this build ships.
//!
//! A form file is TOML with all its languages in it (`spec/form.md` §3). A form that lacks a
//! language, a label, a gloss or an arm is not loaded at all: half a form is worse than none.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use thiserror::Error;

use crate::form::Form;
use crate::language::Language;
use crate::value::FormId;
use crate::wording::WordingError;

mod file;

pub(crate) use file::{languages_of, per_language};

/// Forms by number and version.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    forms: BTreeMap<FormId, Form>,
}

/// Why a form file was refused.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("local form file {file}: {fault}")]
pub struct CatalogueError {
    /// Which file.
    pub file: String,
    /// What is wrong with it.
    pub fault: FormFault,
}

/// What is wrong with a form file.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FormFault {
    /// Not TOML of the right shape.
    #[error("not a form in TOML: {0}")]
    Shape(String),
    /// A language is missing something.
    #[error("{what} is missing or empty in {language}")]
    Incomplete {
        /// Title, label, wording, gloss or review.
        what: String,
        /// The language.
        language: Language,
    },
    /// A language that this build does not know.
    #[error("unknown language {0}")]
    UnknownLanguage(String),
    /// A name that is not lower-case letters, digits and hyphens.
    #[error("name {0} is not lower-case letters, digits and hyphens")]
    Name(String),
    /// A number or name is used twice.
    #[error("{0} is used twice")]
    Twice(String),
    /// A kind, precedence, level or bound that does not exist.
    #[error("field {field}: {value} is not a kind, code list or bound")]
    Kind {
        /// The field, or `form`.
        field: String,
        /// What stands there.
        value: String,
    },
    /// More critical fields than a person can type back.
    #[error("{0} critical fields, at most {MAX_CRITICAL} can be read back")]
    TooManyCritical(usize),
    /// The wording is not accepted.
    #[error("wording in {language}: {fault}")]
    Wording {
        /// The language.
        language: Language,
        /// What is wrong.
        fault: WordingError,
    },
    /// A form without an example cannot be tested.
    #[error("no example")]
    NoExample,
}

/// Most critical fields a form may have.
pub const MAX_CRITICAL: usize = 6;

static BUILTIN: LazyLock<Catalogue> = LazyLock::new(|| {
    Catalogue::parse(crate::builtin::FORMS).expect("a test loads every form that ships")
});

impl Catalogue {
    /// Returns the forms that this build ships.
    #[must_use]
    pub fn builtin() -> &'static Catalogue {
        &BUILTIN
    }

    /// Reads form files given as name and text.
    ///
    /// # Errors
    ///
    /// [`CatalogueError`] for the first file that is not a complete, checked form.
    pub fn parse(files: &[(&str, &str)]) -> Result<Catalogue, CatalogueError> {
        let mut catalogue = Catalogue::default();
        for (file, text) in files {
            let wrap = |fault| CatalogueError { file: (*file).to_owned(), fault };
            let form = file::parse(text).map_err(wrap)?;
            let clash = catalogue.forms.values().any(|other| {
                other.id == form.id
                    || (other.name == form.name) != (other.id.number == form.id.number)
            });
            if clash {
                return Err(wrap(FormFault::Twice(form.name)));
            }
            catalogue.forms.insert(form.id, form);
        }
        Ok(catalogue)
    }

    /// Returns a catalogue of one form that was checked already.
    #[must_use]
    pub fn of(form: Form) -> Catalogue {
        Catalogue { forms: BTreeMap::from([(form.id, form)]) }
    }

    /// The form with this number and version.
    #[must_use]
    pub fn get(&self, id: FormId) -> Option<&Form> {
        self.forms.get(&id)
    }

    /// The latest version of the form with this name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Form> {
        self.forms.values().rev().find(|form| form.name == name)
    }

    /// The form with this name, or the name that comes nearest to it.
    ///
    /// # Errors
    ///
    /// An [`InputError`](crate::InputError) that suggests the nearest form name.
    pub fn find(&self, name: &str) -> Result<&Form, crate::InputError> {
        self.by_name(name).ok_or_else(|| {
            let names: Vec<&str> = self.forms.values().map(Form::name).collect();
            crate::input::unknown_form(name, &names)
        })
    }

    /// All forms, by number and version.
    pub fn iter(&self) -> impl Iterator<Item = &Form> {
        self.forms.values()
    }
}
