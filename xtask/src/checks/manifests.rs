//! The crate arrows, and the habits that every manifest shares.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::tree::{Finding, Tree};

/// Which Khatt crates each crate may use. A crate that is not here must not exist.
const ARROWS: &[(&str, &[&str])] = &[
    ("khatt-record", &[]),
    ("khatt-forms", &[]),
    ("khatt-deconflict", &[]),
    ("khatt-read", &[]),
    ("khatt-core", &["khatt-record", "khatt-forms", "khatt-deconflict", "khatt-read"]),
    ("khatt-store", &["khatt-core", "khatt-record"]),
    ("khatt-net", &["khatt-core", "khatt-record"]),
    ("khatt-desk", &["khatt-core", "khatt-forms"]),
    (
        "khatt",
        &[
            "khatt-record",
            "khatt-forms",
            "khatt-deconflict",
            "khatt-read",
            "khatt-core",
            "khatt-store",
            "khatt-net",
            "khatt-desk",
            // `khatt verify` says what `khatt-verify` says, in the same words: one home for both.
            "khatt-verify",
        ],
    ),
    ("khatt-verify", &["khatt-record", "khatt-forms"]),
    ("khatt-sim", &["khatt-core", "khatt-record", "khatt-forms"]),
];

/// Finds uses of a Khatt crate against the arrows, tests and build scripts included.
pub(crate) fn arrows(tree: &Tree) -> Vec<Finding> {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let root = tree.text("Cargo.toml").and_then(|text| text.parse::<Table>().ok());
    let shared =
        root.as_ref().and_then(|root| root.get("workspace")?.get("dependencies")?.as_table());
    let mut findings = Vec::new();
    for (path, folder, manifest) in manifests(tree, &mut findings) {
        let Some(targets) = allowed.get(folder) else {
            findings.push(Finding::fault(&path, "this crate has no place among the arrows"));
            continue;
        };
        for slot in dependencies(&manifest) {
            let used = slot.package(shared);
            if (used.starts_with("khatt-") || used == "khatt") && !targets.contains(&used) {
                let what = format!("{folder} must not use {used}: the arrows do not lead there");
                findings.push(Finding::fault(&path, what));
            }
        }
    }
    findings
}

/// Finds manifests whose name is not their folder's, or that leave the workspace's settings.
pub(crate) fn workspace(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, folder, manifest) in manifests(tree, &mut findings) {
        let package = manifest.get("package").and_then(Value::as_table);
        let name = package.and_then(|package| package.get("name")).and_then(Value::as_str);
        if name != Some(folder) {
            findings.push(Finding::fault(&path, format!("the package is not named {folder}")));
        }
        for key in ["version", "edition", "rust-version", "license"] {
            let value = package.and_then(|package| package.get(key));
            if !value.is_some_and(from_workspace) {
                findings
                    .push(Finding::fault(&path, format!("`{key}.workspace = true` is missing")));
            }
        }
        if !manifest.get("lints").is_some_and(from_workspace) {
            findings.push(Finding::fault(&path, "`[lints] workspace = true` is missing"));
        }
        for slot in dependencies(&manifest) {
            if !from_workspace(slot.value) {
                let what = format!("{} does not take its version from the workspace", slot.name);
                findings.push(Finding::fault(&path, what));
            }
        }
    }
    findings
}

/// One row of a dependency table.
struct Dependency<'a> {
    name: &'a str,
    value: &'a Value,
}

impl<'a> Dependency<'a> {
    /// The package behind the name: a crate renamed here or at the root does not slip past.
    fn package<'b>(&self, shared: Option<&'b Table>) -> &'b str
    where
        'a: 'b,
    {
        let value = match shared.and_then(|shared| shared.get(self.name)) {
            Some(root) if from_workspace(self.value) => root,
            _ => self.value,
        };
        value.get("package").and_then(Value::as_str).unwrap_or(self.name)
    }
}

fn from_workspace(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

fn manifests<'t>(tree: &'t Tree, findings: &mut Vec<Finding>) -> Vec<(String, &'t str, Table)> {
    let mut read = Vec::new();
    for folder in tree.crates() {
        let path = format!("crates/{folder}/Cargo.toml");
        match tree.text(&path).map(str::parse::<Table>) {
            Some(Ok(manifest)) => read.push((path, folder, manifest)),
            Some(Err(_)) => findings.push(Finding::fault(&path, "cannot be read as TOML")),
            None => findings.push(Finding::fault(&path, "is missing")),
        }
    }
    read
}

fn dependencies(manifest: &Table) -> Vec<Dependency<'_>> {
    const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let mut tables: Vec<&Table> =
        TABLES.iter().filter_map(|name| manifest.get(*name)?.as_table()).collect();
    for target in
        manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values)
    {
        tables.extend(TABLES.iter().filter_map(|name| target.get(name)?.as_table()));
    }
    tables.into_iter().flatten().map(|(name, value)| Dependency { name, value }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "[package]\nname = \"khatt-net\"\nversion.workspace = true\n\
        edition.workspace = true\nrust-version.workspace = true\nlicense.workspace = true\n\
        [lints]\nworkspace = true\n";

    fn net(rest: &str) -> Tree {
        Tree::of(&[("crates/khatt-net/Cargo.toml", &format!("{HEAD}{rest}"))])
    }

    #[test]
    fn an_arrow_of_the_table_is_allowed() {
        let tree = net("[dependencies]\nkhatt-record.workspace = true\n");
        assert_eq!(arrows(&tree), []);
        assert_eq!(workspace(&tree), []);
    }

    #[test]
    fn an_adapter_must_not_use_another() {
        for table in ["dependencies", "dev-dependencies", "target.'cfg(unix)'.dependencies"] {
            let tree = net(&format!("[{table}]\nkhatt-store.workspace = true\n"));
            assert_eq!(arrows(&tree).len(), 1, "{table}");
        }
    }

    #[test]
    fn a_renamed_crate_is_seen() {
        let tree = net("[dependencies]\nshop = { package = \"khatt-store\", path = \"../s\" }\n");
        assert_eq!(arrows(&tree).len(), 1);
        assert_eq!(workspace(&tree).len(), 1);
    }

    #[test]
    fn a_crate_renamed_at_the_root_is_seen() {
        let own = format!("{HEAD}[dependencies]\nshop.workspace = true\n");
        let root = "[workspace.dependencies]\nshop = { package = \"khatt-store\", path = \"s\" }\n";
        let tree = Tree::of(&[("crates/khatt-net/Cargo.toml", &own), ("Cargo.toml", root)]);
        assert_eq!(arrows(&tree).len(), 1);
    }

    #[test]
    fn a_crate_outside_the_table_is_refused() {
        assert_eq!(arrows(&Tree::of(&[("crates/khatt-radio/Cargo.toml", "")])).len(), 1);
    }

    #[test]
    fn a_manifest_with_its_own_edition_name_or_lints_is_refused() {
        let own = HEAD.replace("edition.workspace = true", "edition = \"2021\"");
        let tree = Tree::of(&[("crates/khatt-net/Cargo.toml", &own)]);
        assert_eq!(workspace(&tree).len(), 1);
        let elsewhere = Tree::of(&[("crates/khatt-desk/Cargo.toml", HEAD)]);
        assert_eq!(workspace(&elsewhere).len(), 1);
        let loose = HEAD.replace("[lints]\nworkspace = true\n", "");
        assert_eq!(workspace(&Tree::of(&[("crates/khatt-net/Cargo.toml", &loose)])).len(), 1);
    }

    #[test]
    fn a_folder_without_manifest_is_a_fault() {
        assert_eq!(arrows(&Tree::of(&[("crates/khatt-net/src/lib.rs", "")])).len(), 1);
    }
}
