//! The repository's files in memory, and what a check has to say about one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use anyhow::Context as _;

/// Folders that hold what was built or found, never what was written.
const SKIPPED: &[&str] =
    &[".git", "target", "fuzz/target", "fuzz/artifacts", "fuzz/corpus", "fuzz/coverage"];

/// All files of the repository by path from its root, with `/` between folders.
#[derive(Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, Vec<u8>>,
    folders: BTreeSet<String>,
}

impl Tree {
    /// Reads every file under `root` except the skipped folders.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut tree = Self::default();
        tree.read_folder(root, "")?;
        Ok(tree)
    }

    /// Makes a tree of the given texts, for the checks' own tests.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.insert((*path).to_owned(), text.as_bytes().to_vec());
        }
        tree
    }

    /// Iterates over paths and contents, in order of path.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// Iterates over the files that are UTF-8 and whose path ends as given.
    pub(crate) fn texts(&self, ending: &str) -> impl Iterator<Item = (&str, &str)> {
        self.files()
            .filter(move |(path, _)| path.ends_with(ending))
            .filter_map(|(path, bytes)| std::str::from_utf8(bytes).ok().map(|text| (path, text)))
    }

    /// Returns the text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// Says whether a file or a folder of this path exists.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.files.contains_key(path) || self.folders.contains(path.trim_end_matches('/'))
    }

    /// Returns the names of the crates under `crates/`, in order.
    pub(crate) fn crates(&self) -> BTreeSet<&str> {
        self.files
            .keys()
            .filter_map(|path| path.strip_prefix("crates/")?.split_once('/'))
            .map(|(name, _)| name)
            .collect()
    }

    fn read_folder(&mut self, root: &Path, folder: &str) -> anyhow::Result<()> {
        let here = root.join(folder);
        let slots = std::fs::read_dir(&here).with_context(|| format!("reading {folder}"))?;
        for slot in slots {
            let slot = slot.with_context(|| format!("reading {folder}"))?;
            let name = slot.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            if SKIPPED.contains(&path.as_str()) {
                continue;
            }
            let kind = slot.file_type().with_context(|| format!("looking at {path}"))?;
            if kind.is_dir() {
                self.folders.insert(path.clone());
                self.read_folder(root, &path)?;
            } else if kind.is_file() {
                match std::fs::read(slot.path()) {
                    Ok(bytes) => self.insert(path, bytes),
                    // An editor's file may go away between the listing and the reading.
                    Err(gone) if gone.kind() == std::io::ErrorKind::NotFound => {}
                    Err(other) => return Err(other).with_context(|| format!("reading {path}")),
                }
            }
        }
        Ok(())
    }

    fn insert(&mut self, path: String, bytes: Vec<u8>) {
        let mut folder = path.as_str();
        while let Some((parent, _)) = folder.rsplit_once('/') {
            self.folders.insert(parent.to_owned());
            folder = parent;
        }
        self.files.insert(path, bytes);
    }
}

/// Returns the Rust files that are built for tests only: by their place, or because the file that
/// declares them says so with `#[cfg(test)]`.
pub(crate) fn test_files(tree: &Tree) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, text) in tree.texts(".rs") {
        if path.ends_with("/tests.rs") || path.contains("/tests/") {
            found.insert(path.to_owned());
        }
        let folder = match path.rsplit_once('/') {
            Some((folder, "lib.rs" | "main.rs" | "mod.rs")) => folder,
            _ => path.trim_end_matches(".rs"),
        };
        let mut gated = false;
        for row in text.lines().map(str::trim) {
            let name = row.trim_start_matches("pub(crate) ").strip_prefix("mod ");
            if let Some(name) = name.and_then(|name| name.strip_suffix(';')).filter(|_| gated) {
                found.insert(format!("{folder}/{name}.rs"));
            }
            // Other attributes may stand between the gate and what it gates.
            gated = row == "#[cfg(test)]" || (gated && row.starts_with("#["));
        }
    }
    // What a module for tests declares is for tests too.
    let folders: Vec<String> =
        found.iter().map(|path| format!("{}/", path.trim_end_matches(".rs"))).collect();
    let inside = |path: &str| folders.iter().any(|folder| path.starts_with(folder.as_str()));
    found.extend(tree.texts(".rs").map(|(path, _)| path.to_owned()).filter(|path| inside(path)));
    found
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Shown, and the tree still passes.
    Remark,
    /// The tree fails.
    Fault,
}

/// One broken rule, with the place where it is broken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) weight: Weight,
    path: String,
    row: Option<usize>,
    what: String,
}

impl Finding {
    /// A fault of a whole file.
    pub(crate) fn fault(path: &str, what: impl Into<String>) -> Self {
        Self { weight: Weight::Fault, path: path.to_owned(), row: None, what: what.into() }
    }

    /// Something to look at that does not fail the tree.
    pub(crate) fn remark(path: &str, what: impl Into<String>) -> Self {
        Self { weight: Weight::Remark, ..Self::fault(path, what) }
    }

    /// Names the row, counted from zero as iterators do; shown counted from one.
    pub(crate) fn at(self, row_index: usize) -> Self {
        Self { row: Some(row_index + 1), ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row {
            Some(row) => write!(f, "{}:{row}: {}", self.path, self.what),
            None => write!(f, "{}: {}", self.path, self.what),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_a_file_exist_and_others_do_not() {
        let tree = Tree::of(&[("crates/khatt/src/main.rs", "")]);
        assert!(tree.has("crates/khatt/") && tree.has("crates") && !tree.has("crate"));
        assert_eq!(tree.crates().into_iter().collect::<Vec<_>>(), ["khatt"]);
    }

    #[test]
    fn a_finding_names_its_row_counted_from_one() {
        let finding = Finding::fault("a.rs", "is wrong").at(0);
        assert_eq!(finding.to_string(), "a.rs:1: is wrong");
    }

    #[test]
    fn the_tree_of_this_repository_is_found() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask has a parent");
        let tree = Tree::read(root).expect("the repository can be read");
        assert!(tree.has("xtask/src/tree.rs"));
        assert!(!tree.files().any(|(path, _)| path.starts_with("target/")));
    }
}
