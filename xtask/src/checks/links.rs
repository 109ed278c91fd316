//! Links between our own pages lead to files and headings that exist.

use crate::tree::{Finding, Tree};

/// Finds links in Markdown pages to files or headings that do not exist.
pub(crate) fn resolve(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts(".md") {
        let mut fenced = false;
        for (index, row) in text.lines().enumerate() {
            if row.trim_start().starts_with("```") {
                fenced = !fenced;
            }
            if fenced {
                continue;
            }
            for target in targets(row) {
                if let Some(what) = broken(tree, path, target) {
                    findings.push(Finding::fault(path, what).at(index));
                }
            }
        }
    }
    findings
}

fn broken(tree: &Tree, page: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() { Some(page.to_owned()) } else { join(page, file) };
    let Some(path) = path.filter(|path| tree.has(path)) else {
        return Some(format!("the link to {target} leads nowhere"));
    };
    let known = heading.is_empty()
        || !path.ends_with(".md")
        || tree.text(&path).is_some_and(|text| anchors(text).any(|anchor| anchor == heading));
    (!known).then(|| format!("{path} has no heading for #{heading}"))
}

/// The path of `file` seen from the folder of `page`; none if it leaves the repository.
fn join(page: &str, file: &str) -> Option<String> {
    let mut folders: Vec<&str> = page.split('/').collect();
    folders.pop();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                folders.pop()?;
            }
            name => folders.push(name),
        }
    }
    Some(folders.join("/"))
}

/// The link targets of a row, outside code spans: inline links and reference definitions.
fn targets(row: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (index, piece) in row.split('`').enumerate() {
        // A link whose text is a code span begins in one piece and ends in the next but one.
        if index % 2 == 0 {
            let mut rest = piece;
            while let Some((_, tail)) = rest.split_once("](") {
                let Some((target, after)) = tail.split_once(')') else {
                    break;
                };
                found.extend(target.split_whitespace().next());
                rest = after;
            }
        }
    }
    if let Some((_, target)) = row.strip_prefix('[').and_then(|tail| tail.split_once("]: ")) {
        found.extend(target.split_whitespace().next());
    }
    found
}

/// The anchors that a page's headings make: lower case, words joined by hyphens.
fn anchors(page: &str) -> impl Iterator<Item = String> + '_ {
    page.lines().filter(|row| row.starts_with('#')).map(|row| {
        row.trim_start_matches('#')
            .trim()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .flat_map(char::to_lowercase)
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(page: &str) -> usize {
        resolve(&Tree::of(&[
            ("docs/README.md", page),
            ("docs/start/first.md", "# First line, at home\n"),
            ("LICENSE-MIT", ""),
        ]))
        .len()
    }

    #[test]
    fn links_to_files_folders_headings_and_hosts_pass() {
        let page = "# A\n[a](start/first.md) [`b`](../LICENSE-MIT) [c](start/) [d](#a)\n\
            [e](start/first.md#first-line-at-home) [f](https://example.org/x)\n[g]: start/first.md\n";
        assert_eq!(found(page), 0);
    }

    #[test]
    fn links_to_nothing_are_found_each() {
        assert_eq!(found("[a](gone.md) and [b](start/gone.md)"), 2);
        assert_eq!(found("[a](start/first.md#second)"), 1);
        assert_eq!(found("[`a`](gone.md)"), 1);
        assert_eq!(found("[a](../../outside.md)"), 1);
        assert_eq!(found("[a]: gone.md"), 1);
    }

    #[test]
    fn code_is_no_link() {
        assert_eq!(found("`[a](gone.md)`\n```text\n[a](gone.md)\n```\n"), 0);
    }
}
