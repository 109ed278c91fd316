//! One form file: TOML into a checked form, `spec/form.md` §3.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{FormFault, MAX_CRITICAL};
use crate::form::{Example, Field, FieldKind, Form, FormText};
use crate::language::Language;
use crate::route::MAX_WAYPOINTS;
use crate::value::FormId;
use crate::wording::Wording;

/// Label that a form's bytes are hashed under, `spec/form.md` §4.
const FORM_LABEL: &[u8] = b"khatt form v1\0";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FormFile {
    number: u8,
    version: u8,
    name: String,
    intent: String,
    precedence: String,
    wanted_ack: u8,
    title: BTreeMap<String, String>,
    review: BTreeMap<String, String>,
    field: Vec<FieldFile>,
    wording: BTreeMap<String, String>,
    gloss: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    example: Vec<ExampleFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldFile {
    number: u8,
    name: String,
    kind: String,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    critical: bool,
    #[serde(default)]
    harm: bool,
    unknown: Option<bool>,
    codes: Option<Vec<String>>,
    levels: Option<Vec<u8>>,
    max_chars: Option<u16>,
    min_points: Option<u8>,
    required_when: Option<WhenFile>,
    label: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WhenFile {
    field: String,
    is: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleFile {
    name: String,
    language: String,
    set: BTreeMap<String, String>,
}

pub(super) fn parse(text: &str) -> Result<Form, FormFault> {
    let file: FormFile =
        toml::from_str(text).map_err(|error| FormFault::Shape(error.message().to_owned()))?;
    check_name(&file.name)?;
    let bad = |value: String| FormFault::Kind { field: "form".to_owned(), value };
    if file.number == 0 || file.version == 0 {
        return Err(bad("0".to_owned()));
    }
    if crate::words::intent_words(&file.intent, Language::En).is_none() {
        return Err(bad(file.intent));
    }
    if file.wanted_ack > 6 {
        return Err(bad(file.wanted_ack.to_string()));
    }
    let precedence = ["flash", "immediate", "priority", "routine"]
        .iter()
        .position(|&name| name == file.precedence)
        .and_then(|index| u8::try_from(index).ok())
        .ok_or_else(|| bad(file.precedence.clone()))?;
    // A form speaks the languages that it has a title in, and each of them wholly.
    let languages = languages_of(&file.title)?;
    let fields = fields(file.field, &languages)?;
    let title = per_language(&file.title, "title", &languages)?;
    let review = per_language(&file.review, "review", &languages)?;
    let wording = per_language(&file.wording, "wording", &languages)?;
    if let Some(tag) = file.gloss.keys().find(|tag| !has(&languages, tag)) {
        return Err(FormFault::UnknownLanguage(tag.clone()));
    }
    let mut texts = BTreeMap::new();
    for &language in &languages {
        let take =
            |map: &BTreeMap<Language, String>| map.get(&language).cloned().unwrap_or_default();
        let wording = Wording::compile(&take(&wording), language, &fields)
            .map_err(|fault| FormFault::Wording { language, fault })?;
        let glosses = glosses(&file.gloss, language, &languages)?;
        let text = FormText { title: take(&title), review: take(&review), wording, glosses };
        texts.insert(language, text);
    }
    if file.example.is_empty() {
        return Err(FormFault::NoExample);
    }
    let examples = file
        .example
        .into_iter()
        .map(|example| {
            let language = Language::from_tag(&example.language)
                .ok_or(FormFault::UnknownLanguage(example.language))?;
            Ok(Example { name: example.name, language, inputs: example.set.into_iter().collect() })
        })
        .collect::<Result<_, FormFault>>()?;
    let mut hasher = Sha256::new();
    hasher.update(FORM_LABEL);
    hasher.update(text.as_bytes());
    Ok(Form {
        id: FormId { number: file.number, version: file.version },
        name: file.name,
        hash: hasher.finalize().into(),
        intent: file.intent,
        precedence,
        wanted_ack: file.wanted_ack,
        fields,
        texts,
        examples,
    })
}

fn fields(files: Vec<FieldFile>, languages: &[Language]) -> Result<Vec<Field>, FormFault> {
    let mut fields = Vec::new();
    let mut numbers = BTreeSet::new();
    let mut names = BTreeSet::new();
    for file in files {
        check_name(&file.name)?;
        if !numbers.insert(file.number) || !names.insert(file.name.clone()) {
            return Err(FormFault::Twice(file.name));
        }
        let kind = kind(&file)?;
        let counts = matches!(kind, FieldKind::Count | FieldKind::Claims);
        let unknown_allowed = file.unknown.unwrap_or(counts);
        // A count always has its unknown, and only a count can count people.
        if file.number == 0 || (counts && !unknown_allowed) || (file.harm && !counts) {
            return Err(FormFault::Kind { field: file.name, value: "unknown or harm".to_owned() });
        }
        fields.push(Field {
            number: file.number,
            labels: per_language(&file.label, &format!("label of {}", file.name), languages)?,
            name: file.name,
            kind,
            required: file.required,
            critical: file.critical,
            unknown_allowed,
            harm: file.harm,
            required_when: file.required_when.map(|when| (when.field, when.is)),
        });
    }
    for field in &fields {
        let Some((other, codes)) = &field.required_when else {
            continue;
        };
        let known = fields.iter().find(|field| field.name == *other).map(Field::codes);
        let sound = known.is_some_and(|known| codes.iter().all(|c| known.contains(&c.as_str())));
        if field.required || !sound {
            let value = format!("required_when {other}");
            return Err(FormFault::Kind { field: field.name.clone(), value });
        }
    }
    let critical = fields.iter().filter(|field| field.critical).count();
    if critical > MAX_CRITICAL {
        return Err(FormFault::TooManyCritical(critical));
    }
    Ok(fields)
}

fn kind(file: &FieldFile) -> Result<FieldKind, FormFault> {
    let wrong = || FormFault::Kind { field: file.name.clone(), value: file.kind.clone() };
    let codes = || {
        let codes = file.codes.clone().filter(|codes| !codes.is_empty()).ok_or_else(wrong)?;
        let distinct: BTreeSet<&String> = codes.iter().collect();
        if distinct.len() != codes.len() {
            return Err(wrong());
        }
        codes.iter().try_for_each(|code| check_name(code))?;
        Ok(codes)
    };
    let kind = match file.kind.as_str() {
        "count" => FieldKind::Count,
        "claims" => FieldKind::Claims,
        "instant" => FieldKind::Instant,
        "window" => FieldKind::Window,
        "coordinate" => FieldKind::Coordinate,
        "area" => FieldKind::Area,
        "heights" => FieldKind::Heights,
        "distance" => FieldKind::Distance,
        "code" => FieldKind::Code(codes()?),
        "codes" => FieldKind::Codes(codes()?),
        "yes-no-unknown" => FieldKind::Tri,
        "place" => FieldKind::Place,
        "text" => FieldKind::Text(
            file.max_chars.filter(|&max| (1..=4_000).contains(&max)).ok_or_else(wrong)?,
        ),
        "identifier" => FieldKind::Identifier,
        "questions" => FieldKind::Questions,
        "answers" => FieldKind::Answers,
        "terms" => FieldKind::Terms,
        "repeated" => FieldKind::Repeated,
        "route" => {
            let least = file.min_points.unwrap_or(2);
            let sound = (1..=MAX_WAYPOINTS).contains(&usize::from(least));
            FieldKind::Route(sound.then_some(least).ok_or_else(wrong)?)
        }
        "instants" => FieldKind::Instants,
        "frequency" => FieldKind::Frequency,
        "bearing" => FieldKind::Bearing,
        "hash" => FieldKind::Hash,
        "identifiers" => FieldKind::Identifiers,
        "level" => {
            let levels = file.levels.clone().filter(|levels| !levels.is_empty());
            let levels = levels.filter(|levels| levels.iter().all(|&level| level <= 6));
            FieldKind::Level(levels.ok_or_else(wrong)?)
        }
        _ => return Err(wrong()),
    };
    let has_codes = matches!(kind, FieldKind::Code(_) | FieldKind::Codes(_));
    let has_levels = matches!(kind, FieldKind::Level(_));
    let has_points = matches!(kind, FieldKind::Route(_));
    let has_max = matches!(kind, FieldKind::Text(_));
    if file.codes.is_some() != has_codes
        || file.levels.is_some() != has_levels
        || file.max_chars.is_some() != has_max
        || (file.min_points.is_some() && !has_points)
    {
        return Err(wrong());
    }
    Ok(kind)
}

/// Takes the languages of a table of tags and texts, in their order; none that is not known.
pub(crate) fn languages_of(map: &BTreeMap<String, String>) -> Result<Vec<Language>, FormFault> {
    if let Some(tag) = map.keys().find(|tag| Language::from_tag(tag).is_none()) {
        return Err(FormFault::UnknownLanguage(tag.clone()));
    }
    if map.is_empty() {
        let what = "every text".to_owned();
        return Err(FormFault::Incomplete { what, language: Language::En });
    }
    Ok(Language::ALL.into_iter().filter(|language| map.contains_key(language.tag())).collect())
}

fn has(languages: &[Language], tag: &str) -> bool {
    Language::from_tag(tag).is_some_and(|language| languages.contains(&language))
}

/// Takes a table of tags and texts; each of these languages must be there, and no other.
pub(crate) fn per_language(
    map: &BTreeMap<String, String>,
    what: &str,
    languages: &[Language],
) -> Result<BTreeMap<Language, String>, FormFault> {
    if let Some(tag) = map.keys().find(|tag| !has(languages, tag)) {
        return Err(FormFault::UnknownLanguage(tag.clone()));
    }
    languages
        .iter()
        .map(|&language| match map.get(language.tag()).map(|text| text.trim()) {
            Some(text) if !text.is_empty() => {
                // Fluent wants the last line ended; labels do not mind.
                let text = if what == "wording" { format!("{text}\n") } else { text.to_owned() };
                Ok((language, text))
            }
            _ => Err(FormFault::Incomplete { what: what.to_owned(), language }),
        })
        .collect()
}

fn glosses(
    map: &BTreeMap<String, BTreeMap<String, String>>,
    of: Language,
    languages: &[Language],
) -> Result<BTreeMap<Language, String>, FormFault> {
    let missing = |language| FormFault::Incomplete { what: format!("gloss of {of}"), language };
    let given = map.get(of.tag()).ok_or_else(|| missing(of))?;
    if let Some(tag) = given.keys().find(|tag| !has(languages, tag) || *tag == of.tag()) {
        return Err(FormFault::UnknownLanguage(tag.clone()));
    }
    languages
        .iter()
        .copied()
        .filter(|&language| language != of)
        .map(|language| match given.get(language.tag()) {
            Some(text) if !text.trim().is_empty() => Ok((language, text.trim().to_owned())),
            _ => Err(missing(language)),
        })
        .collect()
}

/// Lower-case letters, digits and hyphens, starting with a letter, at most 32.
fn check_name(name: &str) -> Result<(), FormFault> {
    let sound = name.len() <= 32
        && name.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if sound { Ok(()) } else { Err(FormFault::Name(name.to_owned())) }
}
