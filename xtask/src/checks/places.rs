//! Nothing in the repository holds on one machine only, or names the host of a package registry.

use crate::tree::{Finding, Tree};

/// This file must name what it looks for.
const THIS: &str = "xtask/src/checks/places.rs";

/// Beginnings of paths that lead into one person's or one machine's folders.
const FOLDERS: &[&str] = &["/home/", "/root/", "/Users/", "/work/", "/tmp/"];

/// Hosts that a package manager knows by itself: naming one breaks the build behind a mirror.
const HOSTS: &[&str] = &[
    "static.crates.io",
    "index.crates.io",
    "//crates.io",
    "pypi.org",
    "pythonhosted.org",
    "registry.npmjs.org",
    "proxy.golang.org",
    "deb.debian.org",
];

/// The one source that the lock file may name.
const INDEX: &str = "\"registry+https://github.com/rust-lang/crates.io-index\"";

/// Finds paths of one machine, hosts of registries, and locked packages from elsewhere.
pub(crate) fn named(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts("").filter(|(path, _)| *path != THIS) {
        for (index, row) in text.lines().enumerate() {
            if let Some(folder) = FOLDERS.iter().find(|folder| begins_path(row, folder)) {
                let what = format!("a path under {folder} holds on one machine only");
                findings.push(Finding::fault(path, what).at(index));
            }
            if let Some(host) = HOSTS.iter().find(|host| row.contains(*host)) {
                findings.push(Finding::fault(path, format!("names the host {host}")).at(index));
            }
            let source = row.strip_prefix("source = ").filter(|_| path.ends_with("Cargo.lock"));
            if source.is_some_and(|source| source != INDEX) {
                findings.push(Finding::fault(path, "a package from another source").at(index));
            }
        }
    }
    findings
}

/// Says whether a path begins with the folder: the folder is no part of a longer path.
fn begins_path(row: &str, folder: &str) -> bool {
    row.match_indices(folder).any(|(at, _)| {
        let before = row.get(..at).and_then(|head| head.chars().next_back());
        !before
            .is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '*' | '}'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        named(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn each_folder_and_host_is_found() {
        for folder in FOLDERS {
            assert_eq!(found("docs/a.md", &format!("see {folder}x\n")), 1, "{folder}");
        }
        for host in HOSTS {
            assert_eq!(found("test", &format!("get https:{host}/x\n")), 1, "{host}");
        }
    }

    #[test]
    fn a_relative_path_is_no_path_of_a_machine() {
        assert_eq!(found("docs/a.md", "target/tmp/x and ./work/x and https://a.org/home/\n"), 0);
    }

    #[test]
    fn a_locked_package_comes_from_the_default_index() {
        assert_eq!(found("Cargo.lock", &format!("source = {INDEX}\n")), 0);
        assert_eq!(found("Cargo.lock", "source = \"git+https://example.org/x\"\n"), 1);
    }
}
