use super::*;

/// Slots that each pattern must have: what it is for, and its letters in order of the alphabet.
fn patterns(words: &Lexicon) -> Vec<(&'static str, &'static str, &'static str)> {
    vec![
        ("none", words.none, "n"),
        ("range", words.range, "ab"),
        ("at-least", words.at_least, "n"),
        ("at-most", words.at_most, "n"),
        ("claim", words.claim, "ns"),
        ("local", words.local, "dimtwyz"),
        ("utc", words.utc, "dimtwy"),
        ("window", words.window, "/ab"),
        ("heights", words.heights, "ab"),
        ("circle", words.circle, "cr"),
        ("polygon", words.polygon, "c"),
        ("kilometres", words.kilometres, "n"),
        ("metres", words.metres, "n"),
        ("metres-above", words.metres_above, "dn"),
        ("feet-above", words.feet_above, "dn"),
        ("place", words.place, "cn"),
        ("foreign", words.foreign, "lt"),
        ("question", words.question, "nt"),
        ("answered", words.answered, "t"),
        ("answered-in-part", words.answered_in_part, "t"),
        ("declined", words.declined, "r"),
        ("stand-by", words.stand_by, "i"),
        ("term", words.term, "np"),
        ("term-text", words.term_text, "npt"),
        ("of-form", words.of_form, "f"),
        ("numbered", words.numbered, "nv"),
        ("waypoint", words.waypoint, "ci"),
        ("repeated", words.repeated, "lv"),
    ]
}

fn phrases(words: &Lexicon) -> Vec<(&'static str, &'static str)> {
    vec![
        ("unknown", words.unknown),
        ("not-stated", words.not_stated),
        ("yes", words.yes),
        ("no", words.no),
        ("surface", words.surface),
        ("unlimited", words.unlimited),
        ("not-our-forces", words.not_our_forces),
        ("separate", words.separate),
        ("comma", words.comma),
        ("listed", words.listed),
        ("semicolon", words.semicolon),
    ]
}

/// §11 of the specification as the tables of this crate make it.
fn section() -> String {
    let header = "\n| | en | ar | fa | ru | fr | zh | he |\n|---|---|---|---|---|---|---|---|\n";
    let mut text = String::new();
    let mut table = |title: &str, column: &dyn Fn(&Lexicon) -> Vec<(String, String)>| {
        let columns = Language::ALL.map(|language| column(language.words()));
        text.push_str(&format!("\n**{title}**\n{header}"));
        for (at, (name, _)) in columns[0].iter().enumerate() {
            text.push_str(&format!("| {name} |"));
            for column in &columns {
                assert_eq!(column[at].0, *name);
                let cell = &column[at].1;
                let bare = cell.trim() == cell && !cell.contains('\u{a0}');
                text.push_str(&if bare {
                    format!(" {cell} |")
                } else {
                    format!(" `\"{cell}\"` |")
                });
            }
            text.push('\n');
        }
    };
    let named = |rows: Vec<(&str, &str)>| {
        rows.into_iter().map(|(name, cell)| (name.to_owned(), cell.to_owned())).collect()
    };
    let listed = |cells: &[&str]| {
        cells.iter().enumerate().map(|(at, cell)| (at.to_string(), (*cell).to_owned())).collect()
    };
    table("Phrases", &|words| named(phrases(words)));
    table("Patterns", &|words| {
        named(patterns(words).into_iter().map(|(name, cell, _)| (name, cell)).collect())
    });
    table("Months, January first", &|words| listed(&words.months));
    table("Weekdays, Monday first", &|words| listed(&words.weekdays));
    table("Data of heights: ground, sea level, ellipsoid", &|words| listed(&words.data));
    table("Status of a claim, in wire order", &|words| listed(&words.statuses));
    table("Position on a term, in wire order", &|words| listed(&words.positions));
    table("Names of languages, in the order of §1", &|words| listed(&words.languages));
    table("Ladder, A0 to A6; the code is an identifier token, the rest wording", &|words| {
        listed(&words.levels)
    });
    text
}

#[test]
fn the_specification_holds_the_words_of_this_renderer() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/form.md");
    let spec = std::fs::read_to_string(path).unwrap();
    let start = spec.find("\n**Phrases**\n").unwrap();
    let end = spec[start..].find("\n## ").map_or(spec.len(), |at| start + at);
    if std::env::var_os("KHATT_WRITE_VECTORS").is_some() {
        let new = format!("{}{}{}", &spec[..start], section(), &spec[end..]);
        std::fs::write(path, new).unwrap();
        return;
    }
    assert_eq!(spec[start..end].trim_end(), section().trim_end());
}

#[test]
fn every_pattern_has_its_slots_in_every_language() {
    for language in Language::ALL {
        for (name, pattern, wanted) in patterns(language.words()) {
            let mut slots: Vec<char> = runs(pattern)
                .filter_map(|run| match run {
                    Run::Slot(slot) => Some(slot),
                    Run::Break => Some('/'),
                    Run::Text(text) => {
                        assert!(!text.contains(['{', '}', '/']), "{language} {name}");
                        None
                    }
                })
                .collect();
            slots.sort_unstable();
            assert_eq!(slots.into_iter().collect::<String>(), wanted, "{language} {name}");
        }
    }
}

#[test]
fn no_word_is_empty_or_holds_a_refused_character() {
    for language in Language::ALL {
        let words = language.words();
        let around = &words.around;
        let mut all: Vec<&str> = phrases(words).into_iter().map(|(_, text)| text).collect();
        all.extend(patterns(words).into_iter().map(|(_, text, _)| text));
        all.extend(words.months.iter().chain(&words.weekdays).chain(&words.data));
        all.extend(words.statuses.iter().chain(&words.positions).chain(&words.languages));
        all.extend(words.levels.iter().chain(&around.precedences).chain(&around.kinds));
        all.extend(around.intents.iter().chain(&around.relations));
        all.extend(around.solar_months.iter().chain(&around.hijri_months));
        all.extend([around.banner, around.unreviewed, around.reviewed_by, around.solar]);
        all.extend([around.utc_date_differs, around.place_unverified, around.hijri]);
        all.extend([
            around.hijri_computed,
            around.date,
            around.weekday_date,
            around.bearing,
            words.colon,
        ]);
        for text in all {
            assert_eq!(crate::text::check_text(text, language), Ok(()), "{language} {text:?}");
        }
    }
}

#[test]
fn what_is_listed_can_be_told_apart_in_every_language() {
    for language in Language::ALL {
        let words = language.words();
        let around = &words.around;
        let lists: [&[&str]; 12] = [
            &words.months,
            &words.weekdays,
            &words.data,
            &words.statuses,
            &words.positions,
            &words.languages,
            &words.levels,
            &around.precedences,
            &around.kinds,
            &around.relations,
            &around.solar_months,
            &around.hijri_months,
        ];
        for list in lists {
            let distinct: std::collections::BTreeSet<_> = list.iter().collect();
            assert_eq!(distinct.len(), list.len(), "{language} {list:?}");
        }
        assert_ne!(words.unknown, words.not_stated);
    }
}

#[test]
fn the_words_of_two_languages_are_never_the_same_sentence() {
    for a in Language::ALL {
        for b in Language::ALL.into_iter().filter(|&b| b != a) {
            assert_ne!(a.words().around.banner, b.words().around.banner);
            assert_ne!(a.words().local, b.words().local, "{a} {b}");
            assert_ne!(a.words().unknown, b.words().unknown, "{a} {b}");
        }
    }
}
