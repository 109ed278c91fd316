//! A strict reader over a TOML document: every key is asked for by name, every other key is an
//! error, and every error knows its row.

use std::cell::RefCell;
use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ScenarioError;
pub(super) use super::found::{Found, Rows, listed};
use super::found::{clipped, kind_of, shown};
use super::moment;
use super::name::{Name, Word};

/// Most characters in one value.
pub(super) const MAX_TEXT_CHARS: usize = 4_000;
/// Most items in one list of short values.
const MAX_ITEMS: usize = 64;

/// One table of the document, with its name, for reading key by key.
pub(super) struct Section<'d, 'i> {
    rows: &'d Rows,
    table: &'d DeTable<'i>,
    path: String,
    row: usize,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'d, 'i> Section<'d, 'i> {
    /// Wraps the whole document.
    pub(super) fn whole(rows: &'d Rows, table: &'d DeTable<'i>) -> Self {
        Self { rows, table, path: String::new(), row: 1, asked: RefCell::default() }
    }

    /// Row at which the table starts.
    pub(super) fn row(&self) -> usize {
        self.row
    }

    /// Says whether a key is there, without taking its value.
    pub(super) fn has(&self, key: &'static str) -> bool {
        self.asked.borrow_mut().insert(key);
        self.table.get(key).is_some()
    }

    /// Refuses keys that nobody asked for.
    pub(super) fn finish(self) -> Result<(), ScenarioError> {
        let asked = self.asked.borrow();
        match self.table.keys().find(|key| !asked.contains(key.get_ref().as_ref())) {
            None => Ok(()),
            Some(key) => Err(ScenarioError::LocalUnknownKey {
                row: self.rows.row(key.span().start),
                key: self.named(&clipped(key.get_ref())),
                expected: format!("one of {}", listed(asked.iter())),
            }),
        }
    }

    /// Returns a text of at most `most` characters, not empty.
    pub(super) fn text(
        &self,
        key: &'static str,
        most: usize,
    ) -> Result<Found<String>, ScenarioError> {
        let expected = format!("a text of 1 to {most} characters");
        let value = self.needed(key, &expected)?;
        self.as_text(key, value, most, &expected)
    }

    pub(super) fn optional_text(
        &self,
        key: &'static str,
        most: usize,
    ) -> Result<Option<Found<String>>, ScenarioError> {
        if self.has(key) { self.text(key, most).map(Some) } else { Ok(None) }
    }

    /// Returns a name: small Latin letters, digits and hyphens.
    pub(super) fn name(&self, key: &'static str) -> Result<Found<Name>, ScenarioError> {
        self.converted(key, NAME, Name::new)
    }

    pub(super) fn optional_name(
        &self,
        key: &'static str,
    ) -> Result<Option<Found<Name>>, ScenarioError> {
        if self.has(key) { self.name(key).map(Some) } else { Ok(None) }
    }

    /// Returns a word: the name or code of something outside the scenario.
    pub(super) fn word(&self, key: &'static str) -> Result<Found<Word>, ScenarioError> {
        self.converted(key, WORD, Word::new)
    }

    /// Returns an offset or a length of time in milliseconds.
    pub(super) fn offset(&self, key: &'static str) -> Result<Found<u64>, ScenarioError> {
        self.converted(key, "a time as \"HH:MM:SS\", at most ten years", moment::offset_ms)
    }

    pub(super) fn optional_offset(
        &self,
        key: &'static str,
    ) -> Result<Option<Found<u64>>, ScenarioError> {
        if self.has(key) { self.offset(key).map(Some) } else { Ok(None) }
    }

    /// Returns a whole number within bounds, both included.
    pub(super) fn number(
        &self,
        key: &'static str,
        least: u64,
        most: u64,
    ) -> Result<u64, ScenarioError> {
        let expected = format!("a whole number from {least} to {most}");
        let value = self.needed(key, &expected)?;
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|n| u64::from_str_radix(n.as_str(), n.radix()).ok());
        number
            .filter(|n| (least..=most).contains(n))
            .ok_or_else(|| self.found(key, value, ()).wrong(expected, "another value"))
    }

    /// Returns the meaning of a word that must be one of a few.
    pub(super) fn choice<T: Copy>(
        &self,
        key: &'static str,
        choices: &[(&str, T)],
    ) -> Result<T, ScenarioError> {
        let expected = format!("one of {}", listed(choices.iter().map(|(word, _)| word)));
        let meaning =
            |text: &str| choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        self.converted(key, &expected, meaning).map(|found| found.value)
    }

    /// Returns `yes` or `no`, or the default if the key is not there.
    pub(super) fn yes_or(&self, key: &'static str, default: bool) -> Result<bool, ScenarioError> {
        if self.has(key) { self.choice(key, &[("yes", true), ("no", false)]) } else { Ok(default) }
    }

    /// Returns a list of names; an absent key is an empty list.
    pub(super) fn names(&self, key: &'static str) -> Result<Vec<Found<Name>>, ScenarioError> {
        self.list(key, NAME, Name::new)
    }

    /// Returns a list of words; an absent key is an empty list.
    pub(super) fn words(&self, key: &'static str) -> Result<Vec<Found<Word>>, ScenarioError> {
        self.list(key, WORD, Word::new)
    }

    /// Returns a list of short texts; an absent key is an empty list.
    pub(super) fn list<T>(
        &self,
        key: &'static str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<Found<T>>, ScenarioError> {
        self.asked.borrow_mut().insert(key);
        let Some(value) = self.table.get(key) else {
            return Ok(Vec::new());
        };
        let wanted = format!("a list of at most {MAX_ITEMS} texts, each {expected}");
        let items = value.get_ref().as_array().filter(|items| items.len() <= MAX_ITEMS);
        let items =
            items.ok_or_else(|| self.found(key, value, ()).wrong(&wanted, kind_of(value)))?;
        items
            .iter()
            .map(|item| {
                let read = item.get_ref().as_str().and_then(&read);
                let value =
                    read.ok_or_else(|| self.found(key, item, ()).wrong(&wanted, shown(item)))?;
                Ok(self.found(key, item, value))
            })
            .collect()
    }

    /// Returns a table below this one.
    pub(super) fn section(&self, key: &'static str) -> Result<Section<'d, 'i>, ScenarioError> {
        let value = self.needed(key, "a table")?;
        self.as_section(self.named(key), value)
    }

    pub(super) fn optional_section(
        &self,
        key: &'static str,
    ) -> Result<Option<Section<'d, 'i>>, ScenarioError> {
        if self.has(key) { self.section(key).map(Some) } else { Ok(None) }
    }

    /// Returns the tables of a list, such as every `[[step]]`; an absent key is an empty list.
    pub(super) fn sections(
        &self,
        key: &'static str,
        most: usize,
    ) -> Result<Vec<Section<'d, 'i>>, ScenarioError> {
        self.asked.borrow_mut().insert(key);
        let Some(value) = self.table.get(key) else {
            return Ok(Vec::new());
        };
        let expected = format!("a list of at most {most} tables");
        let items = value.get_ref().as_array().filter(|items| items.len() <= most);
        let items =
            items.ok_or_else(|| self.found(key, value, ()).wrong(expected, kind_of(value)))?;
        let numbered = items.iter().enumerate();
        numbered
            .map(|(n, item)| self.as_section(format!("{}[{}]", self.named(key), n + 1), item))
            .collect()
    }

    /// Takes every key of this table as a word with a text, in the order of the rows.
    pub(super) fn all_texts(
        &self,
        most: usize,
    ) -> Result<Vec<Found<(Word, String)>>, ScenarioError> {
        let mut slots: Vec<_> = self.table.iter().collect();
        slots.sort_by_key(|(key, _)| key.span().start);
        let texts = slots.into_iter().map(|(key, value)| {
            let name = key.get_ref().as_ref();
            let word = Word::new(name).ok_or_else(|| ScenarioError::LocalUnknownKey {
                row: self.rows.row(key.span().start),
                key: self.named(&clipped(name)),
                expected: WORD.to_owned(),
            })?;
            let text =
                self.as_text(name, value, most, &format!("a text of 1 to {most} characters"))?;
            Ok(text.map(|text| (word, text)))
        });
        texts.collect()
    }

    /// Full name of a key of this table.
    pub(super) fn named(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn needed(
        &self,
        key: &'static str,
        expected: &str,
    ) -> Result<&'d Spanned<DeValue<'i>>, ScenarioError> {
        self.asked.borrow_mut().insert(key);
        self.table.get(key).ok_or_else(|| ScenarioError::LocalMissing {
            row: self.row,
            key: self.named(key),
            expected: expected.to_owned(),
        })
    }

    fn converted<T>(
        &self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Found<T>, ScenarioError> {
        let value = self.needed(key, expected)?;
        let read = value.get_ref().as_str().and_then(read);
        let read = read.ok_or_else(|| self.found(key, value, ()).wrong(expected, shown(value)))?;
        Ok(self.found(key, value, read))
    }

    fn as_text(
        &self,
        key: &str,
        value: &Spanned<DeValue<'i>>,
        most: usize,
        expected: &str,
    ) -> Result<Found<String>, ScenarioError> {
        let wrong = |found: String| self.found(key, value, ()).wrong(expected, found);
        let text = value.get_ref().as_str().ok_or_else(|| wrong(kind_of(value)))?;
        let chars = text.chars().count();
        if chars == 0 || chars > most {
            return Err(wrong(format!("a text of {chars} characters")));
        }
        Ok(self.found(key, value, text.to_owned()))
    }

    fn as_section(
        &self,
        path: String,
        value: &'d Spanned<DeValue<'i>>,
    ) -> Result<Section<'d, 'i>, ScenarioError> {
        let row = self.rows.row(value.span().start);
        match value.get_ref().as_table() {
            Some(table) => {
                Ok(Section { rows: self.rows, table, path, row, asked: RefCell::default() })
            }
            None => Err(ScenarioError::LocalWrongValue {
                row,
                key: path,
                expected: "a table".to_owned(),
                found: kind_of(value),
            }),
        }
    }

    fn found<T>(&self, key: &str, at: &Spanned<DeValue<'i>>, value: T) -> Found<T> {
        Found { value, row: self.rows.row(at.span().start), key: self.named(key) }
    }
}

const NAME: &str = "a name of small Latin letters, digits and hyphens, no hyphen first, at most 48";
const WORD: &str = "a word of Latin letters, digits, hyphens, dots and underscores, at most 48";
