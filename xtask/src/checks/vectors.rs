//! Vectors say what they are for, and a test loads each of them.
//!
//! A vector is a text header of `key: value` rows, an empty row, and then the bytes, as they are or,
//! with `encoding: hex`, as hexadecimal text. `expect`, `section` and `comment` are always there and
//! say something; another value may be empty, as that of a frame without items.

use crate::tree::{Finding, Tree};

const REQUIRED: &[&str] = &["expect", "section", "comment"];

/// Finds vectors without a complete header, or whose hexadecimal body is none.
pub(crate) fn headers(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, bytes) in vectors(tree) {
        let Some((header, body)) = split(bytes) else {
            findings.push(Finding::fault(path, "has no text header that an empty row ends"));
            continue;
        };
        let mut rows = Vec::new();
        for (index, row) in header.lines().enumerate() {
            match row.split_once(": ") {
                Some((key, value))
                    if is_key(key) && !(REQUIRED.contains(&key) && value.trim().is_empty()) =>
                {
                    if rows.iter().any(|(known, _)| *known == key) {
                        findings.push(Finding::fault(path, format!("`{key}` twice")).at(index));
                    }
                    rows.push((key, value.trim()));
                }
                _ => findings.push(Finding::fault(path, "is not `key: value`").at(index)),
            }
        }
        for key in REQUIRED.iter().filter(|key| !rows.iter().any(|(known, _)| known == *key)) {
            findings.push(Finding::fault(path, format!("`{key}` is missing")));
        }
        match rows.iter().find(|(key, _)| *key == "encoding").map(|(_, value)| *value) {
            Some("hex") if unhex(body).is_none() => {
                findings.push(Finding::fault(path, "the body is not hexadecimal"));
            }
            Some("hex") | None => {}
            Some(other) => findings.push(Finding::fault(path, format!("unknown encoding {other}"))),
        }
    }
    findings
}

/// Finds vectors that no Rust source names, alone or by the folder they lie in.
///
/// A test that walks a folder names the folder, as in `vectors/entry`; naming `vectors` itself
/// names nothing.
pub(crate) fn loaded(tree: &Tree) -> Vec<Finding> {
    let sources: Vec<&str> = tree
        .texts(".rs")
        .filter(|(path, _)| path.starts_with("crates/") || path.starts_with("fuzz/"))
        .map(|(_, text)| text)
        .collect();
    vectors(tree)
        .filter(|(path, _)| {
            let mut named = *path;
            loop {
                if sources.iter().any(|text| names(text, named)) {
                    return false;
                }
                match named.rsplit_once('/') {
                    Some((folder, _)) if folder != "vectors" => named = folder,
                    _ => return true,
                }
            }
        })
        .map(|(path, _)| Finding::fault(path, "no test names this file or its folder"))
        .collect()
}

/// Says whether the text names the path whole, not as the beginning of another.
fn names(text: &str, path: &str) -> bool {
    text.match_indices(path).any(|(at, _)| {
        let after = text.get(at + path.len()..).and_then(|tail| tail.chars().next());
        !after.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
    })
}

/// A vector that was read: its rows and its bytes.
pub(crate) struct Vector {
    rows: Vec<(String, String)>,
    /// What follows the empty row, decoded.
    pub(crate) bytes: Vec<u8>,
}

impl Vector {
    /// A value that is a number.
    pub(crate) fn number(&self, key: &str) -> Option<u8> {
        self.value(key)?.parse().ok()
    }

    /// A value that is hexadecimal.
    pub(crate) fn hex(&self, key: &str) -> Option<Vec<u8>> {
        unhex(self.value(key)?.as_bytes())
    }

    fn value(&self, key: &str) -> Option<&str> {
        let row = self.rows.iter().find(|(known, _)| known == key);
        row.map(|(_, value)| value.as_str())
    }
}

/// Reads a vector; nothing if [`headers`] would find a fault that hides its bytes.
pub(crate) fn read(file: &[u8]) -> Option<Vector> {
    let (header, body) = split(file)?;
    let rows: Vec<(String, String)> = header
        .lines()
        .filter_map(|row| row.split_once(": "))
        .map(|(key, value)| (key.to_owned(), value.trim().to_owned()))
        .collect();
    let is_hex = rows.iter().any(|(key, value)| key == "encoding" && value == "hex");
    let bytes = if is_hex { unhex(body)? } else { body.to_vec() };
    Some(Vector { rows, bytes })
}

fn vectors(tree: &Tree) -> impl Iterator<Item = (&str, &[u8])> {
    tree.files().filter(|(path, _)| path.starts_with("vectors/") && !path.ends_with(".md"))
}

fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n")?;
    let header = std::str::from_utf8(bytes.get(..end)?).ok()?;
    Some((header, bytes.get(end + 2..)?))
}

fn is_key(key: &str) -> bool {
    !key.is_empty()
        && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| char::from(*byte).to_digit(16))
        .map(|digit| digit.and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    rest.is_empty().then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "vectors/entry/long-count";
    const GOOD: &str = "expect: not-shortest\nsection: §3\ncomment: one byte too many\n\n\x01";

    fn found(text: &str) -> usize {
        headers(&Tree::of(&[(PATH, text)])).len()
    }

    #[test]
    fn a_whole_header_passes_and_the_body_may_be_any_bytes() {
        assert_eq!(found(GOOD), 0);
        assert_eq!(found(&GOOD.replace("\n\n\x01", "\nencoding: hex\n\n00 ff\n")), 0);
    }

    #[test]
    fn a_header_that_lacks_or_repeats_or_garbles_a_row_is_found() {
        assert_eq!(found("expect"), 1);
        for key in REQUIRED {
            assert_eq!(found(&GOOD.replace(&format!("{key}: "), "other: ")), 1, "{key}");
        }
        assert_eq!(found(&GOOD.replace("§3", " ")), 2);
        assert_eq!(found(&GOOD.replace("comment:", "items: \ncomment:")), 0);
        assert_eq!(found(&GOOD.replace("expect:", "comment: x\nexpect:")), 1);
        assert_eq!(found(&GOOD.replace("expect:", "free text\nexpect:")), 1);
        assert_eq!(found(&GOOD.replace("\n\n\x01", "\nencoding: hex\n\n0g")), 1);
        assert_eq!(found(&GOOD.replace("\n\n\x01", "\nencoding: base64\n\nAA==")), 1);
    }

    #[test]
    fn a_vector_is_loaded_by_its_name_or_its_folder_and_by_nothing_less() {
        let missing = |source: &str| {
            let tree = Tree::of(&[(PATH, GOOD), ("crates/khatt-record/tests/it/main.rs", source)]);
            loaded(&tree).len()
        };
        assert_eq!(missing("walk(\"../../vectors/entry\")"), 0);
        assert_eq!(missing("include_bytes!(\"../../vectors/entry/long-count\")"), 0);
        assert_eq!(missing("walk(\"../../vectors\")"), 1);
        assert_eq!(missing("walk(\"../../vectors/entry-old\")"), 1);
        assert_eq!(missing(""), 1);
    }
}
