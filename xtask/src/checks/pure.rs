//! Leaves and engine stay bare: no clock, no files, no randomness, no order left to chance.
//!
//! Each of them has a `clippy.toml` that makes the compiler's linter refuse the types; this check
//! makes sure that the file is there, and looks at the sources and the dependencies for what a
//! linter that can be silenced by an attribute might let pass.

use crate::rust_source::{code_only, without_tests};
use crate::tree::{Finding, Tree, test_files};

/// The leaves and the engine.
pub(crate) const BARE_CRATES: &[&str] =
    &["khatt-record", "khatt-forms", "khatt-deconflict", "khatt-read", "khatt-core"];

/// Words that must not stand in the code of a bare crate outside its tests.
const REFUSED_WORDS: &[&str] = &[
    "HashMap",
    "HashSet",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "TimeZone::system",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "thread::sleep",
    "getrandom",
    "OsRng",
    "async fn",
    ".await",
];

/// Packages that must not be among what a bare crate carries in, however deep.
const REFUSED_PACKAGES: &[&str] = &[
    "async-std",
    "getrandom",
    "libsqlite3-sys",
    "mio",
    "quinn",
    "rand",
    "rusqlite",
    "rustls",
    "smol",
    "socket2",
    "tokio",
    "tracing",
];

/// Rows that the `clippy.toml` of a bare crate must have, since it replaces the root's.
const CLIPPY_ROWS: &[&str] = &[
    "allow-unwrap-in-tests = true",
    "allow-panic-in-tests = true",
    "allow-indexing-slicing-in-tests = true",
    "std::collections::HashMap",
    "std::collections::HashSet",
    "std::time::SystemTime",
    "std::time::Instant",
];

/// Finds refused words in the sources of bare crates.
pub(crate) fn sources(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let tests = test_files(tree);
    for (path, text) in tree.texts(".rs") {
        let bare = BARE_CRATES.iter().any(|name| path.starts_with(&format!("crates/{name}/src/")));
        if !bare || tests.contains(path) {
            continue;
        }
        let code = code_only(text);
        for (index, row) in without_tests(&code).lines().enumerate() {
            for word in REFUSED_WORDS.iter().filter(|word| holds_word(row, word)) {
                let what =
                    format!("`{word}` in a crate that gets time, files and randomness given");
                findings.push(Finding::fault(path, what).at(index));
            }
        }
    }
    findings
}

/// Finds bare crates without a `clippy.toml` of their own, or with rows missing in it.
pub(crate) fn clippy_settings(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in BARE_CRATES.iter().filter(|name| tree.has(&format!("crates/{name}"))) {
        let path = format!("crates/{name}/clippy.toml");
        let Some(text) = tree.text(&path) else {
            findings.push(Finding::fault(&path, "is missing"));
            continue;
        };
        for row in CLIPPY_ROWS.iter().filter(|row| !text.contains(*row)) {
            findings.push(Finding::fault(&path, format!("does not say `{row}`")));
        }
    }
    findings
}

/// Finds refused packages in a listing of `cargo tree --prefix none` made for one bare crate.
pub(crate) fn carried_in(name: &str, listing: &str) -> Vec<Finding> {
    let path = format!("crates/{name}/Cargo.toml");
    let mut found: Vec<&str> = listing
        .lines()
        .filter_map(|row| row.split_whitespace().next())
        .filter(|package| REFUSED_PACKAGES.contains(package))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
        .into_iter()
        .map(|package| Finding::fault(&path, format!("carries in {package}")))
        .collect()
}

/// Says whether the word stands in the row, not as a part of a longer name.
fn holds_word(row: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    row.match_indices(word).any(|(at, _)| {
        let before = row.get(..at).and_then(|head| head.chars().next_back());
        let after = row.get(at + word.len()..).and_then(|tail| tail.chars().next());
        !before.is_some_and(joins) && !after.is_some_and(joins)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refused_word_is_found_in_code() {
        for word in REFUSED_WORDS {
            let tree = Tree::of(&[("crates/khatt-core/src/lib.rs", &format!("x({word} y);\n"))]);
            assert!(!sources(&tree).is_empty(), "{word}");
        }
    }

    #[test]
    fn comments_tests_longer_names_and_other_crates_are_left_alone() {
        let tree = Tree::of(&[
            ("crates/khatt-core/src/a.rs", "// HashMap\nstruct MyHashMap;\n"),
            ("crates/khatt-core/src/b.rs", "#[cfg(test)]\nmod tests {\n use std::fs;\n}\n"),
            ("crates/khatt-core/src/b/tests.rs", "use std::fs;\n"),
            ("crates/khatt-core/src/lib.rs", "#[cfg(test)]\nmod vectors;\n"),
            ("crates/khatt-core/src/vectors.rs", "use std::fs;\n"),
            ("crates/khatt-store/src/lib.rs", "use std::fs;\n"),
        ]);
        assert_eq!(sources(&tree), []);
    }

    #[test]
    fn a_module_that_is_built_outside_tests_too_is_looked_at() {
        let tree = Tree::of(&[
            ("crates/khatt-core/src/lib.rs", "#[cfg(test)]\nuse x;\nmod vectors;\n"),
            ("crates/khatt-core/src/vectors.rs", "use std::fs;\n"),
        ]);
        assert_eq!(sources(&tree).len(), 1);
    }

    #[test]
    fn a_bare_crate_without_its_clippy_file_or_with_a_row_missing_is_found() {
        let source = ("crates/khatt-core/src/lib.rs", "");
        assert_eq!(clippy_settings(&Tree::of(&[source])).len(), 1);
        let whole = CLIPPY_ROWS.join("\n");
        let path = "crates/khatt-core/clippy.toml";
        assert_eq!(clippy_settings(&Tree::of(&[source, (path, &whole)])), []);
        let short = whole.replace("std::time::Instant", "");
        assert_eq!(clippy_settings(&Tree::of(&[source, (path, &short)])).len(), 1);
    }

    #[test]
    fn a_refused_package_is_found_once_however_deep() {
        let listing = "khatt-core v0.1.0\nhpke v1\ngetrandom v0.4\ngetrandom v0.4 (*)\n";
        assert_eq!(carried_in("khatt-core", listing).len(), 1);
        assert_eq!(carried_in("khatt-core", "khatt-core v0.1.0\nhpke v1\n"), []);
    }
}
