//! What a linguist needs of a form file before it is agreed on: is it sound, what changed in it, and
//! how does it read for every number.
//!
//! Nothing is printed here; `khatt form` does that.

use std::collections::BTreeMap;

use khatt_forms::{
    Claim, ClaimStatus, Count, FieldKind, Filled, Form, Language, RenderError, Value, Wordbook,
    check_text, render,
};

/// The numbers at which languages change their grammar.
pub const COUNTS: [u32; 14] = [0, 1, 2, 3, 10, 11, 21, 99, 100, 101, 103, 111, 1_000, 1_000_000];

/// One thing wrong with a form that could be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Example, code or count at which it shows.
    pub at: String,
    /// The language, if it is one language's.
    pub language: Option<Language>,
    /// Stable code of what is wrong.
    pub code: &'static str,
    /// What is wrong, in English, without any message text.
    pub what: String,
}

/// Tries a form with its examples and all counts in every language; returns how many renderings came
/// out, and what is wrong.
#[must_use]
pub fn check(form: &Form, book: Wordbook<'_>) -> (usize, Vec<Fault>) {
    let (mut rendered, mut faults) = (0, Vec::new());
    for field in form.fields() {
        if matches!(field.kind, FieldKind::Level(_)) {
            continue;
        }
        for code in field.codes() {
            for language in form.languages() {
                if book.glossary.caption(code, language).is_none() {
                    faults.push(Fault {
                        at: code.to_owned(),
                        language: Some(language),
                        code: "KF-1403",
                        what: "the glossary has no caption".to_owned(),
                    });
                }
            }
        }
    }
    for example in form.examples() {
        let filled = match Filled::from_input(form, &example.inputs, example.language, book) {
            Ok(filled) => filled,
            Err(errors) => {
                faults.extend(errors.iter().map(|error| Fault {
                    at: format!("{} {}", example.name, error.field),
                    language: None,
                    code: error.code(),
                    what: error.explain(Language::En).0,
                }));
                continue;
            }
        };
        let mut tries = vec![(example.name.clone(), filled.clone())];
        if has_counts(form) {
            let counts = counts().map(|count| (shown(count), with_count(form, &filled, count)));
            tries.extend(counts.map(|(at, filled)| (format!("{} {at}", example.name), filled)));
        }
        for (at, filled) in tries {
            for language in form.languages() {
                match try_one(form, &filled, language, book) {
                    Ok(()) => rendered += 1,
                    Err(fault) => faults.push(Fault { at: at.clone(), ..fault }),
                }
            }
        }
    }
    (rendered, faults)
}

fn try_one(
    form: &Form,
    filled: &Filled,
    language: Language,
    book: Wordbook<'_>,
) -> Result<(), Fault> {
    let fault =
        |code, what: String| Fault { at: String::new(), language: Some(language), code, what };
    let rendering = render(form, filled, language, book)
        .map_err(|error: RenderError| fault(error.code(), error.to_string()))?;
    let rows = rendering.rows.iter().flat_map(|row| &row.value);
    for piece in rendering.headline.iter().chain(rows) {
        let text = piece.text.trim();
        if let Err(error) = check_text(text, language)
            && !text.is_empty()
        {
            return Err(fault(error.code(), "the wording holds a refused character".to_owned()));
        }
    }
    Ok(())
}

/// Says whether any field of the form counts.
#[must_use]
pub fn has_counts(form: &Form) -> bool {
    form.fields().iter().any(|field| matches!(field.kind, FieldKind::Count | FieldKind::Claims))
}

/// Every case of a count that wording has to tell apart.
pub fn counts() -> impl Iterator<Item = Count> {
    let bounds =
        [Count::Unknown, Count::AtMost(7), Count::AtLeast(3), Count::Range { lower: 2, upper: 5 }];
    COUNTS.into_iter().map(Count::known).chain(bounds)
}

/// How an officer would type the count.
#[must_use]
pub fn shown(count: Count) -> String {
    khatt_forms::typed(&Value::Count(count))
}

/// A filled form with this count in every field that counts.
#[must_use]
pub fn with_count(form: &Form, filled: &Filled, count: Count) -> Filled {
    let mut filled = filled.clone();
    for field in form.fields() {
        let value = match field.kind {
            FieldKind::Count => Value::Count(count),
            FieldKind::Claims => {
                Value::Claims(vec![Claim { count, status: ClaimStatus::Reported }])
            }
            _ => continue,
        };
        filled.values.insert(field.number, value);
    }
    filled
}

/// One difference between two form files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where: `title.ar`, `field.area.label.fa`, `wording.en`, `gloss.en.fa`, `example.worked.set.area`.
    pub place: String,
    /// What stood there, if anything did.
    pub before: Option<String>,
    /// What stands there now, if anything does.
    pub after: Option<String>,
}

/// Compares two form files place by place; fields and examples are matched by their names.
///
/// # Errors
///
/// The parser's message for the one that is not TOML.
pub fn diff(before: &str, after: &str) -> Result<Vec<Change>, String> {
    let flat = |text: &str| -> Result<BTreeMap<String, String>, String> {
        let table: toml::Table =
            toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let mut places = BTreeMap::new();
        flatten(&mut places, "", &toml::Value::Table(table));
        Ok(places)
    };
    let (mut old, new) = (flat(before)?, flat(after)?);
    let mut changes = Vec::new();
    for (place, text) in new {
        let before = old.remove(&place);
        if before.as_ref() != Some(&text) {
            changes.push(Change { place, before, after: Some(text) });
        }
    }
    let gone =
        old.into_iter().map(|(place, text)| Change { place, before: Some(text), after: None });
    changes.extend(gone);
    changes.sort_by(|a, b| a.place.cmp(&b.place));
    Ok(changes)
}

fn flatten(places: &mut BTreeMap<String, String>, place: &str, value: &toml::Value) {
    let inside = |key: &str| {
        if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") }
    };
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                flatten(places, &inside(key), value);
            }
        }
        toml::Value::Array(list) if list.iter().all(toml::Value::is_table) => {
            for (at, value) in list.iter().enumerate() {
                let name = value.get("name").and_then(toml::Value::as_str);
                let key = name.map_or_else(|| at.to_string(), str::to_owned);
                // Where it stands matters too: rows are shown in the order of the file.
                places.insert(format!("{}.order", inside(&key)), at.to_string());
                flatten(places, &inside(&key), value);
            }
        }
        toml::Value::String(text) => {
            places.insert(place.to_owned(), text.trim_end().to_owned());
        }
        other => {
            places.insert(place.to_owned(), other.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use khatt_forms::Catalogue;

    use super::*;

    #[test]
    fn every_form_that_ships_is_sound_for_every_count() {
        for form in Catalogue::builtin().iter() {
            let (rendered, faults) = check(form, Wordbook::builtin());
            assert_eq!(faults, [], "{}", form.name());
            assert!(rendered >= form.examples().len() * form.languages().count());
        }
    }

    #[test]
    fn a_form_with_an_unknown_code_or_a_bad_example_is_told() {
        let sound = include_str!("../../../forms/hazard-area.toml");
        let parse = |text: &str| Catalogue::parse(&[("f", text)]).unwrap();
        let faults = |text: &str| {
            let catalogue = parse(text);
            let form = catalogue.iter().next().unwrap();
            assert!(form.languages().count() >= 3);
            check(form, Wordbook::builtin()).1
        };
        let unknown = faults(&sound.replace("hazard-mines", "hazard-bees"));
        assert!(unknown.len() >= 3);
        assert!(unknown.iter().all(|fault| fault.code == "KF-1403" && fault.at == "hazard-bees"));
        let bad = faults(&sound.replace("03:50Z", "02:50Z"));
        assert_eq!(
            bad.iter().map(|fault| fault.code).collect::<Vec<_>>(),
            ["KF-1229", "KF-1204"][..1]
        );
    }

    #[test]
    fn a_difference_is_told_by_its_place_and_nothing_else_is() {
        let old = include_str!("../../../forms/hazard-area.toml");
        assert_eq!(diff(old, old), Ok(Vec::new()));
        let new =
            old.replacen("en = \"Area\"", "en = \"Zone\"", 1).replacen("max_chars = 200\n", "", 1);
        let changes = diff(old, &new).unwrap();
        let places: Vec<&str> = changes.iter().map(|change| change.place.as_str()).collect();
        assert_eq!(places, ["field.area.label.en", "field.note.max_chars"]);
        assert_eq!(changes[0].before.as_deref(), Some("Area"));
        assert_eq!(changes[1].after, None);
        assert!(diff("= =", old).is_err());
    }
}
