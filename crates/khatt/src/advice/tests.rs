use std::{collections::BTreeSet, fs, path::Path};

use super::*;

/// Gathers what looks like a code in the sources that ship: `"KC-1101"`, `"auth.expired"` after `=>`.
fn codes_in(dir: &Path, found: &mut BTreeSet<String>) {
    for item in fs::read_dir(dir).unwrap() {
        let path = item.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.contains("test") {
            codes_in(&path, found);
        } else if name.ends_with(".rs") && !name.contains("test") {
            let text = fs::read_to_string(&path).unwrap();
            let shipped = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            for row in shipped.lines() {
                for word in row.split('"').skip(1).step_by(2) {
                    let numbered = word.strip_prefix('K').is_some_and(|rest| {
                        let mut parts = rest.splitn(2, '-');
                        let (area, rest) = (parts.next().unwrap(), parts.next().unwrap_or(""));
                        let plain =
                            |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
                        area.len() == 1 && rest.len() >= 4 && rest.chars().all(plain)
                    });
                    let small =
                        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
                    let dotted = row.contains("=> \"")
                        && word.contains('.')
                        && word.starts_with(|c: char| c.is_ascii_lowercase())
                        && word.chars().all(small);
                    if numbered || dotted {
                        found.insert(word.to_owned());
                    }
                }
            }
        }
    }
}

#[test]
fn every_code_of_every_crate_has_words_in_every_language() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut codes = BTreeSet::new();
    for name in ["khatt-record", "khatt-forms", "khatt-core", "khatt-store", "khatt-net", "khatt"] {
        codes_in(&crates.join(name).join("src"), &mut codes);
    }
    assert!(codes.len() > 250, "{} codes found", codes.len());
    let mut missing = Vec::new();
    for code in &codes {
        for language in Language::SPOKEN {
            match known(code, language) {
                Some((text, advice)) if !text.is_empty() && !advice.is_empty() => {}
                _ => missing.push(format!("{code} in {language:?}")),
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn tables_are_whole_and_say_different_things_in_each_language() {
    for (code, [family, rest @ ..]) in &*CODES {
        assert!(ADVICE.contains_key(family), "{code}: no advice {family}");
        let [en, ar, fa] = rest;
        assert!(en != ar && ar != fa && en.is_ascii(), "{code}");
    }
    let used: BTreeSet<&str> = CODES.values().map(|[family, ..]| family.as_str()).collect();
    for (name, [en, ar, fa]) in ADVICE.iter().chain(&*WORDS) {
        assert!(en != ar && !en.is_empty() && !ar.is_empty() && !fa.is_empty(), "{name}");
    }
    for family in ADVICE.keys() {
        assert!(used.contains(family.as_str()), "advice {family} is used by no code");
    }
}

#[test]
fn every_word_that_the_command_says_is_in_the_table() {
    let cli = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli");
    let mut said = BTreeSet::new();
    for item in fs::read_dir(cli).unwrap() {
        let text = fs::read_to_string(item.unwrap().path()).unwrap_or_default();
        for call in ["word(\"", "say_word(\""] {
            for rest in text.split(call).skip(1) {
                said.insert(rest.split('"').next().unwrap().to_owned());
            }
        }
    }
    assert!(said.len() > 20, "{said:?}");
    for key in said {
        assert!(WORDS.contains_key(&key), "{key}");
    }
}
