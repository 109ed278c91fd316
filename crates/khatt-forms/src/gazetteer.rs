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
use crate::geo::Coordinate;
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
    /// Whether the coordinates come from a published source rather than from memory.
    pub verified: bool,
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
                .ok_or_else(|| WordbookError::LocalBounds(place.id.clone()))?;
            let mut folded: Vec<String> =
                names.values().chain(&place.aliases).map(|name| fold(name)).collect();
            folded.sort();
            folded.dedup();
            let id = place.id.clone();
            let new = GazetteerPlace { id: place.id, at, verified: place.verified, names, folded };
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
