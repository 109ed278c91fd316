//! Files that make sense only together: a scenario and its document, a fuzz target and its row.

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::tree::{Finding, Tree};

const FUZZ_MANIFEST: &str = "fuzz/Cargo.toml";

/// Finds scenarios without a document beside them, and documents without a scenario.
pub(crate) fn scenarios(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, _) in tree.files().filter(|(path, _)| path.starts_with("scenarios/")) {
        let other = match path.rsplit_once('.') {
            Some((name, "toml")) => format!("{name}.md"),
            Some((name, "md")) if !name.ends_with("/README") => format!("{name}.toml"),
            _ => continue,
        };
        if !tree.has(&other) {
            findings.push(Finding::fault(path, format!("{other} is missing beside it")));
        }
    }
    findings
}

/// Finds fuzz targets that no row of the manifest builds: nothing else would notice.
pub(crate) fn fuzz_targets(tree: &Tree) -> Vec<Finding> {
    let sources: Vec<&str> =
        tree.texts(".rs").map(|(path, _)| path).filter(|path| is_target(path)).collect();
    let Some(Ok(manifest)) = tree.text(FUZZ_MANIFEST).map(str::parse::<Table>) else {
        let missing = Finding::fault(FUZZ_MANIFEST, "is missing or cannot be read as TOML");
        return if sources.is_empty() { Vec::new() } else { vec![missing] };
    };
    let declared: BTreeSet<&str> = manifest
        .get("bin")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|bin| bin.get("path")?.as_str())
        .collect();
    sources
        .into_iter()
        .filter(|path| !declared.contains(path.trim_start_matches("fuzz/")))
        .map(|path| Finding::fault(path, "no [[bin]] of fuzz/Cargo.toml builds it"))
        .collect()
}

fn is_target(path: &str) -> bool {
    path.strip_prefix("fuzz/fuzz_targets/").is_some_and(|name| !name.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_and_its_document_need_each_other() {
        let both = [("scenarios/a.toml", ""), ("scenarios/a.md", ""), ("scenarios/README.md", "")];
        assert_eq!(scenarios(&Tree::of(&both)), []);
        assert_eq!(scenarios(&Tree::of(&[("scenarios/a.toml", "")])).len(), 1);
        assert_eq!(scenarios(&Tree::of(&[("scenarios/a.md", "")])).len(), 1);
    }

    #[test]
    fn a_fuzz_target_that_is_not_declared_is_found() {
        let row = "[[bin]]\nname = \"a\"\npath = \"fuzz_targets/a.rs\"\n";
        let manifest = (FUZZ_MANIFEST, row);
        assert_eq!(fuzz_targets(&Tree::of(&[manifest, ("fuzz/fuzz_targets/a.rs", "")])), []);
        assert_eq!(fuzz_targets(&Tree::of(&[manifest, ("fuzz/fuzz_targets/b.rs", "")])).len(), 1);
        assert_eq!(fuzz_targets(&Tree::of(&[("fuzz/fuzz_targets/b.rs", "")])).len(), 1);
    }
}
