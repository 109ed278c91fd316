//! Every alarm that the command can name has its paragraph for whoever is on watch.

use std::collections::BTreeSet;

use crate::tree::{Finding, Tree};

const CODES: &str = "crates/khatt/src/messages/codes.toml";
const PAGE: &str = "docs/operating/alarms.md";

/// Finds alarms without a paragraph, paragraphs without an alarm, and paragraphs that say nothing.
pub(crate) fn paragraphs(tree: &Tree) -> Vec<Finding> {
    let (Some(codes), Some(page)) = (tree.text(CODES), tree.text(PAGE)) else {
        // A tree without the command has no alarms to explain.
        return Vec::new();
    };
    let known: BTreeSet<&str> = codes.lines().filter_map(code).collect();
    let mut findings = Vec::new();
    let mut told = BTreeSet::new();
    for part in page.split("\n### ").skip(1) {
        let (heading, text) = part.split_once('\n').unwrap_or((part, ""));
        let Some(code) = code(heading) else { continue };
        told.insert(code);
        if !known.contains(code) {
            findings.push(Finding::fault(PAGE, format!("{code} is no alarm of {CODES}")));
        }
        let text = text.split("\n## ").next().unwrap_or_default();
        if text.split_whitespace().count() < 8 {
            findings.push(Finding::fault(PAGE, format!("{code} does not say what to do")));
        }
    }
    let missing = known.difference(&told);
    findings
        .extend(missing.map(|code| Finding::fault(PAGE, format!("lacks a paragraph on {code}"))));
    findings
}

fn code(row: &str) -> Option<&str> {
    let code = row.split([' ', ':', '=']).next()?;
    code.starts_with("KA-").then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(codes: &str, page: &str) -> Vec<String> {
        let tree = Tree::of(&[(CODES, codes), (PAGE, page)]);
        paragraphs(&tree).iter().map(ToString::to_string).collect()
    }

    const GOOD: &str =
        "# Page\n\n### KA-1001: it waits\n\nOpen it, read it, and say what is true of it.\n";

    #[test]
    fn each_alarm_has_its_paragraph_and_no_more() {
        let codes = "# Alarms.\nKA-1001 = [\"act\"]\nKC-1001 = [\"act\"]\n";
        assert_eq!(found(codes, GOOD), [""; 0]);
        assert_eq!(found(&format!("{codes}KA-1002 = []\n"), GOOD).len(), 1);
        assert_eq!(found(codes, &format!("{GOOD}\n### KA-9: x\n\n{GOOD}")).len(), 2);
        assert_eq!(found(codes, "### nothing\n\n### KA-1001\n\nToo short.\n").len(), 1);
    }
}
