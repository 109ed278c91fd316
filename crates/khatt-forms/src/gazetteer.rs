//! The agreed places: identity, coordinates, one name per language, and every spelling that finds
//! them.
//!
//! Coordinates are the fact, names are captions. No list of places is trusted: a line agrees on
//! its own by hash, and a place not checked on a map says so.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::catalogue::{languages_of, per_language};
use crate::geo::{Coordinate, MAX_RADIUS_M};
use crate::glossary::{WordbookError, hash};
use crate::language::Language;

/// Places by identity.
#[derive(Clone, Debug)]
pub struct Gazetteer {
    hash: [u8; 32],
    revision: u32,
    attribution: String,
    places: BTreeMap<String, GazetteerPlace>,
}

/// One agreed place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GazetteerPlace {
    /// Identity, for example `gn:174448`.
    pub id: String,
    /// Where it is.
    pub at: Coordinate,
    /// Whether the coordinates come from published sources rather than from memory.
    pub verified: bool,
    /// How far from the point the place may reach, in metres, if that was said.
    pub radius_m: Option<u32>,
    /// What the coordinates were taken from.
    pub sources: Vec<String>,
    names: BTreeMap<Language, String>,
    folded: Vec<String>,
}

static BUILTIN: LazyLock<Gazetteer> = LazyLock::new(|| {
    Gazetteer::parse(crate::builtin::GAZETTEER).expect("a test loads the gazetteer that ships")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    revision: u32,
    attribution: String,
    place: Vec<PlaceFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceFile {
    id: String,
    /// Latitude and longitude in millionths of a degree.
    at_udeg: [i32; 2],
    verified: bool,
    /// How far from the point the place may reach, in metres.
    radius_m: Option<u32>,
    /// What the coordinates were taken from: `geonames`, or at least two others.
    #[serde(default)]
    sources: Vec<String>,
    name: BTreeMap<String, String>,
    #[serde(default)]
    aliases: Vec<String>,
}

impl Gazetteer {
    /// Returns the gazetteer that this build ships.
    #[must_use]
    pub fn builtin() -> &'static Gazetteer {
        &BUILTIN
    }

    /// Reads a gazetteer file.
    ///
    /// # Errors
    ///
    /// [`WordbookError`] if a place is there twice, has an empty name or one in a language that is
    /// not known, or lies out of bounds. In a language that a place has no name in, a message with it
    /// cannot be rendered.
    pub fn parse(text: &str) -> Result<Gazetteer, WordbookError> {
        let file: File = toml::from_str(text)
            .map_err(|error| WordbookError::LocalShape(error.message().to_owned()))?;
        let mut places = BTreeMap::new();
        for place in file.place {
            let languages = languages_of(&place.name)?;
            let names = per_language(&place.name, &format!("name of {}", place.id), &languages)?;
            let [latitude, longitude] = place.at_udeg;
            let at = Coordinate::new(latitude, longitude)
                .filter(|_| is_place_id(&place.id))
                .filter(|_| place.radius_m.is_none_or(|r| (1..=MAX_RADIUS_M).contains(&r)))
                .ok_or_else(|| WordbookError::LocalBounds(place.id.clone()))?;
            let mut folded: Vec<String> =
                names.values().chain(&place.aliases).map(|name| fold(name)).collect();
            folded.sort();
            folded.dedup();
            let id = place.id.clone();
            // One's own word is no source, and one other source is one mistake away from none.
            let from_data =
                id.starts_with("gn:") && place.sources.iter().all(|source| source == "geonames");
            if place.verified && !from_data && place.sources.len() < 2 {
                return Err(WordbookError::LocalSources(id));
            }
            let new = GazetteerPlace {
                id: place.id,
                at,
                verified: place.verified,
                radius_m: place.radius_m,
                sources: place.sources,
                names,
                folded,
            };
            if places.insert(id.clone(), new).is_some() {
                return Err(WordbookError::LocalTwice(id));
            }
        }
        Ok(Gazetteer {
            hash: hash(b"khatt gazetteer v1\0", text),
            revision: file.revision,
            attribution: file.attribution,
            places,
        })
    }

    /// SHA-256 over the gazetteer file, `spec/form.md` §4.
    #[must_use]
    pub const fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// Revision of the file.
    #[must_use]
    pub const fn revision(&self) -> u32 {
        self.revision
    }

    /// Where the places come from, to be shown wherever names are.
    #[must_use]
    pub fn attribution(&self) -> &str {
        &self.attribution
    }

    /// The place with this identity.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&GazetteerPlace> {
        self.places.get(id)
    }

    /// Every place that this spelling, in any script, may mean.
    #[must_use]
    pub fn find(&self, spelling: &str) -> Vec<&GazetteerPlace> {
        if let Some(place) = self.places.get(spelling.trim()) {
            return vec![place];
        }
        let wanted = fold(spelling);
        if wanted.is_empty() {
            return Vec::new();
        }
        self.places.values().filter(|place| place.folded.contains(&wanted)).collect()
    }

    /// Places whose spelling comes near to this one: to be offered to whoever typed it, and never
    /// taken.
    #[must_use]
    pub fn near(&self, spelling: &str) -> Vec<&GazetteerPlace> {
        let wanted: Vec<char> = fold(spelling).chars().take(LONGEST_SPELLING).collect();
        // A short name is near to too many others.
        let most = match wanted.len() {
            0..4 => return Vec::new(),
            4..7 => 1,
            _ => 2,
        };
        let mut found: Vec<(usize, &GazetteerPlace)> = self
            .places
            .values()
            .filter_map(|place| {
                let nearest = place.folded.iter().map(|known| changes(&wanted, known, most)).min();
                nearest.filter(|&nearest| nearest <= most).map(|nearest| (nearest, place))
            })
            .collect();
        found.sort_by_key(|(nearest, _)| *nearest);
        found.into_iter().take(MOST_OFFERED).map(|(_, place)| place).collect()
    }

    /// The place nearest to a point, with its distance in metres.
    #[must_use]
    pub fn nearest(&self, point: Coordinate) -> Option<(&GazetteerPlace, f64)> {
        self.places
            .values()
            .map(|place| (place, place.at.distance_m(point)))
            .min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// All places by identity.
    pub fn iter(&self) -> impl Iterator<Item = &GazetteerPlace> {
        self.places.values()
    }
}

impl GazetteerPlace {
    /// Name in a language, if the place has one in it.
    #[must_use]
    pub fn name_in(&self, language: Language) -> Option<&str> {
        self.names.get(&language).map(String::as_str)
    }

    /// Name in a language, for a list; its id where it has none.
    #[must_use]
    pub fn name(&self, language: Language) -> &str {
        self.names.get(&language).map_or(self.id.as_str(), String::as_str)
    }
}

/// Most places that are offered for a spelling that none has.
const MOST_OFFERED: usize = 5;
/// Letters of a spelling that are compared.
const LONGEST_SPELLING: usize = 40;

/// Single-letter changes between two spellings, or more than `most`.
fn changes(a: &[char], b: &str, most: usize) -> usize {
    let b: Vec<char> = b.chars().collect();
    if a.len().abs_diff(b.len()) > most {
        return most + 1;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let cost = |at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let left = next.last().copied().unwrap_or(0) + 1;
            next.push(left.min(cost(j + 1) + 1).min(cost(j) + usize::from(x != y)));
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}

/// Letters, digits, `:` and `-`, at most 32.
pub(crate) fn is_place_id(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= 32
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b":-".contains(&b))
}

/// Folds a spelling so that the ways one place is written meet: case, marks, hamza, the article
/// and its assimilated forms, hyphens and spaces.
fn fold(spelling: &str) -> String {
    let plain: String = spelling
        .nfd()
        .filter(|&c| !is_combining_mark(c) && c != '\u{200c}' && c != '\u{0640}')
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'ي' | 'ى' | 'ئ' => 'ی',
            'ك' => 'ک',
            'ة' | 'ە' => 'ه',
            'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
            'ؤ' => 'و',
            '-' | '‐' | '‑' | '־' | '_' | ',' | '(' | ')' | '«' | '»' | '·' => ' ',
            c => c,
        })
        .filter(|c| !matches!(c, '\'' | '’' | '‘' | 'ʿ' | 'ʾ' | '`' | '.' | 'ء' | '׳' | '״'))
        .collect();
    plain
        .split_whitespace()
        .filter(|word| !is_article(word))
        .map(|word| match word.strip_prefix("ال") {
            Some(rest) if rest.chars().count() >= 3 => rest,
            _ => word,
        })
        .collect()
}

fn is_article(word: &str) -> bool {
    matches!(word, "al" | "el" | "ad" | "ar" | "as" | "ash" | "at" | "az" | "ez" | "an" | "ul")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_the_reports_finds_its_place() {
        let gazetteer = Gazetteer::builtin();
        let one = |spelling: &str| {
            let found = gazetteer.find(spelling);
            assert_eq!(found.len(), 1, "{spelling}");
            found[0].id.as_str()
        };
        for spelling in
            ["Deir al Zour", "Deir Ezzoro", "Deir Azor", "Deir ez-Zor", "دير الزور", "دیرالزور"]
        {
            assert_eq!(one(spelling), "gn:170794");
        }
        for spelling in [
            "al bukamal",
            "Al-Bukamal",
            "Abu Kamal",
            "البوكمال",
            "البو كمال",
            "أبو كمال",
            "ابو كمال",
        ] {
            assert_eq!(one(spelling), "gn:174448");
        }
        for spelling in ["Дейр-эз-Зор", "дейр эз зор", "代尔祖尔", "דיר א־זור", "דיר א-זור"]
        {
            assert_eq!(one(spelling), "gn:170794");
        }
        for spelling in ["al Mayadeen", "Al Mayadin", "الميادين", "ميادين"] {
            assert_eq!(one(spelling), "gn:173480");
        }
        assert!(gazetteer.find("Atlantis").is_empty());
        assert!(gazetteer.find(" al ").is_empty());
    }

    #[test]
    fn every_name_and_every_spelling_finds_its_place_and_every_name_no_other() {
        let gazetteer = Gazetteer::builtin();
        for place in gazetteer.iter() {
            for name in place.names.values() {
                let found: Vec<_> = gazetteer.find(name).iter().map(|p| p.id.as_str()).collect();
                assert_eq!(found, [place.id.as_str()], "{name}");
            }
            for folded in &place.folded {
                assert!(!folded.is_empty(), "{}", place.id);
            }
        }
        assert!(gazetteer.iter().count() >= 75, "{}", gazetteer.iter().count());
    }

    #[test]
    fn what_is_not_certain_is_offered_and_never_taken() {
        let gazetteer = Gazetteer::builtin();
        let near = |spelling: &str| -> Vec<&str> {
            assert!(gazetteer.find(spelling).is_empty(), "{spelling}");
            gazetteer.near(spelling).iter().map(|place| place.id.as_str()).collect()
        };
        assert_eq!(near("Kermanshar"), ["gn:128226"]);
        assert_eq!(near("Palmirra"), ["gn:163808"]);
        assert_eq!(near("كركوكك"), ["gn:94787"]);
        assert!(near("Xyz").is_empty() && near("Atlantis").is_empty());
    }

    #[test]
    fn a_place_is_verified_by_the_data_or_by_two_sources() {
        let file = |id: &str, sources: &str| {
            Gazetteer::parse(&format!(
                "revision = 1\nattribution = 'x'\n[[place]]\nid = '{id}'\nat_udeg = [1, 2]\n\
                 verified = true\nsources = {sources}\n\
                 name = {{ en = 'X', ar = 'س', fa = 'ص' }}\n"
            ))
        };
        assert!(file("gn:1", "['geonames']").is_ok());
        assert!(file("kh:x", "['a chart', 'a survey']").is_ok());
        let refused = Err(WordbookError::LocalSources("kh:x".into()));
        assert_eq!(file("kh:x", "['geonames']").map(|_| ()), refused);
        assert_eq!(file("kh:x", "[]").map(|_| ()), refused);
    }

    #[test]
    fn a_place_out_of_bounds_or_without_a_name_is_refused() {
        let file = |at: &str, fa: &str| {
            format!(
                "revision = 1\nattribution = 'x'\n[[place]]\nid = 'kh:x'\nat_udeg = {at}\n\
                 verified = false\nname = {{ en = 'X', ar = 'س', fa = '{fa}' }}\n"
            )
        };
        assert!(Gazetteer::parse(&file("[1, 2]", "ص")).is_ok());
        assert_eq!(
            Gazetteer::parse(&file("[91000000, 2]", "ص")).unwrap_err(),
            WordbookError::LocalBounds("kh:x".into())
        );
        assert!(Gazetteer::parse(&file("[1, 2]", "")).is_err());
    }
}
