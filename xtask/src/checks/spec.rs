//! Sections of our own specifications that are cited anywhere exist.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{Finding, Tree};

const ENDINGS: &[&str] = &[".rs", ".md", ".toml", ".py", ".go"];

/// Finds citations such as `spec/frame.md §4.2` whose file or section does not exist.
pub(crate) fn citations(tree: &Tree) -> Vec<Finding> {
    let sections: BTreeMap<&str, BTreeSet<&str>> = tree
        .texts(".md")
        .filter(|(path, _)| path.starts_with("spec/"))
        .map(|(path, text)| (path, headings(text)))
        .collect();
    let mut findings = Vec::new();
    for (path, text) in tree.texts("") {
        // This file's own tests cite sections that do not exist.
        let read =
            ENDINGS.iter().any(|ending| path.ends_with(ending)) || path.starts_with("vectors/");
        if !read || path.starts_with("xtask/") {
            continue;
        }
        for (index, row) in text.lines().enumerate() {
            for (file, section) in cited(row) {
                // `x` stands for any page where the form of a citation is spoken of.
                if file == "spec/x.md" {
                    continue;
                }
                let what = match (sections.get(file), section) {
                    (None, _) => format!("{file} does not exist"),
                    (Some(known), Some(number)) if !known.contains(number) => {
                        format!("{file} has no section {number}")
                    }
                    _ => continue,
                };
                findings.push(Finding::fault(path, what).at(index));
            }
        }
    }
    findings
}

/// The numbers of a page's sections: `## 3. Title`, `### 3.2 Title`, or a paragraph `3.2 Text`.
fn headings(page: &str) -> BTreeSet<&str> {
    page.lines()
        .filter_map(|row| {
            let word = row.trim_start_matches('#').split_whitespace().next()?;
            let number = word.trim_start_matches('§').trim_end_matches('.');
            // An item of a list, `1.`, is no section.
            let counts = row.starts_with('#') || (word.contains('.') && !word.ends_with('.'));
            let digits = number
                .split('.')
                .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
            (counts && digits).then_some(number)
        })
        .collect()
}

/// The specifications that a row cites, with the section if one is named.
fn cited(row: &str) -> Vec<(&str, Option<&str>)> {
    let mut found = Vec::new();
    for (at, _) in row.match_indices("spec/") {
        let before = row.get(..at).and_then(|head| head.chars().next_back());
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_')) {
            continue;
        }
        let tail = row.get(at..).unwrap_or_default();
        let Some(end) = tail.find(".md") else {
            continue;
        };
        let Some((file, rest)) = tail.split_at_checked(end + 3) else {
            continue;
        };
        if !file.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.".contains(&b)) {
            continue;
        }
        let rest = rest.trim_start_matches(['`', ')', ',', ' ']);
        // What follows the next file's name is a section of that file.
        let rest = rest.split("spec/").next().unwrap_or_default();
        let sections: Vec<&str> = rest
            .split(['§'])
            .skip(usize::from(rest.starts_with('§')))
            .take(if rest.starts_with('§') { 4 } else { 0 })
            .filter_map(number_at_start)
            .collect();
        if sections.is_empty() {
            found.push((file, None));
        }
        found.extend(sections.into_iter().map(|section| (file, Some(section))));
    }
    found
}

fn number_at_start(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text.get(..end).map(|number| number.trim_end_matches('.')).filter(|number| !number.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: (&str, &str) =
        ("spec/frame.md", "# Frame\n\n## 1. Layout\n\n### 1.2 Tag\n\n1.3 Text.\n4. Item.\n");

    fn found(comment: &str) -> usize {
        citations(&Tree::of(&[PAGE, ("crates/khatt-record/src/frame.rs", comment)])).len()
    }

    #[test]
    fn sections_that_exist_may_be_cited() {
        assert_eq!(found("/// See `spec/frame.md` §1.2, §1.3 and (spec/frame.md §1)."), 0);
        assert_eq!(found("/// See spec/frame.md."), 0);
        let two = "/// spec/frame.md §1, spec/tag.md §7";
        let tree = [PAGE, ("spec/tag.md", "## 7. Use\n"), ("a.rs", two)];
        assert_eq!(citations(&Tree::of(&tree)), []);
    }

    #[test]
    fn a_section_or_a_file_that_does_not_exist_is_found() {
        assert_eq!(found("/// spec/frame.md §2"), 1);
        assert_eq!(found("/// spec/frame.md §1.4"), 1);
        assert_eq!(found("/// spec/frame.md §4"), 1);
        assert_eq!(found("/// spec/frame.md §1, §3"), 1);
        assert_eq!(found("/// spec/note.md §1"), 1);
        assert_eq!(found("/// spec/note.md"), 1);
    }

    #[test]
    fn vectors_and_pages_are_read_too() {
        let vector = ("vectors/frame/short", "section: spec/frame.md §9\n\n");
        assert_eq!(citations(&Tree::of(&[PAGE, vector])).len(), 1);
        let page = ("docs/reference/frames.md", "See spec/frame.md §9.\n");
        assert_eq!(citations(&Tree::of(&[PAGE, page])).len(), 1);
    }
}
