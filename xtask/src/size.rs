//! How much a stranger has to trust who runs `khatt-verify`: its crates, rows of code, and bytes.
//!
//! What it must never carry in is held by the tree test, which this shares its list with: no C, no
//! TLS, no database, no runtime. A crate with C in it builds that with a crate of [`BANNED`], or is
//! a `-sys` crate.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

use crate::rust_source::{code_only, without_tests};
use crate::tree::{Finding, Tree};

/// The command that is measured.
pub(crate) const VERIFIER: &str = "khatt-verify";
/// The crates of ours in it.
const OURS: [&str; 3] = ["khatt-verify", "khatt-record", "khatt-forms"];
/// Crates that bring C, TLS, a database, a runtime or a network with them, at build or at run time.
const BANNED: &[&str] = &[
    "aws-lc-rs",
    "bindgen",
    "boring",
    "cc",
    "cmake",
    "diesel",
    "getrandom",
    "hyper",
    "mio",
    "native-tls",
    "openssl",
    "pkg-config",
    "postgres",
    "quinn",
    "quinn-proto",
    "redb",
    "reqwest",
    "ring",
    "rusqlite",
    "rustls",
    "sled",
    "socket2",
    "sqlx",
    "tokio",
    "tokio-postgres",
    "vcpkg",
];
/// The libraries of the system that a program of Rust's own asks for.
const SYSTEM: &[&str] = &["libc.so", "libgcc_s.so", "libm.so", "ld-linux"];

/// What `cargo tree` lists of the verifier, its build included, that must not be there.
pub(crate) fn banned_in(listing: &str) -> Vec<Finding> {
    let names = listing.lines().filter_map(|row| row.split_whitespace().next());
    let mut names: Vec<_> =
        names.filter(|name| BANNED.contains(name) || name.ends_with("-sys")).collect();
    names.sort_unstable();
    names.dedup();
    let path = format!("crates/{VERIFIER}/Cargo.toml");
    names
        .into_iter()
        .map(|name| Finding::fault(&path, format!("{VERIFIER} carries in {name}")))
        .collect()
}

/// What `cargo tree` says of the verifier along these edges, a crate a row.
///
/// # Errors
///
/// If cargo cannot be started or does not know the crate.
pub(crate) fn listing(root: &Path, edges: &str) -> anyhow::Result<String> {
    let listing = Command::new(cargo())
        .args(["tree", "--locked", "--offline", "--prefix", "none", "--edges", edges])
        .args(["--package", VERIFIER])
        .current_dir(root)
        .output()
        .context("starting cargo tree")?;
    let said = String::from_utf8_lossy(&listing.stderr).into_owned();
    ensure!(listing.status.success(), "cargo tree failed: {}", said.trim());
    Ok(String::from_utf8_lossy(&listing.stdout).into_owned())
}

/// Builds the command, measures it, and says what it links.
pub(crate) fn run(root: &Path) -> anyhow::Result<bool> {
    let status = Command::new(cargo())
        .args(["build", "--release", "--locked", "--package", VERIFIER])
        .current_dir(root)
        .status()
        .context("starting cargo build")?;
    ensure!(status.success(), "{VERIFIER} does not build");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let built = target.join("release").join(VERIFIER);
    let stripped = target.join("release").join(format!("{VERIFIER}.stripped"));
    tool("strip", &["-o".as_ref(), stripped.as_os_str(), built.as_os_str()])?;
    let bytes = std::fs::metadata(&stripped).context("looking at the stripped command")?.len();
    let dynamic = tool("readelf", &["--dynamic".as_ref(), stripped.as_os_str()])?;

    let linked = listing(root, "normal,no-proc-macro")?;
    let crates = distinct(&linked);
    let tree = Tree::read(root)?;
    println!("{VERIFIER}, stripped: {bytes} bytes");
    let others = crates.len().saturating_sub(OURS.len());
    println!("crates linked: {} of ours, {others} of others", OURS.len());
    for name in OURS {
        println!("rows of code in {name}, tests and comments apart: {}", rows_of(&tree, name));
    }
    println!("libraries of the system: {}", needed(&dynamic).join(" "));
    let banned = banned_in(&listing(root, "normal,build")?);
    for finding in &banned {
        println!("fault: {finding}");
    }
    let strange = strangers(&dynamic);
    for name in &strange {
        println!("fault: {VERIFIER} asks for {name}");
    }
    Ok(banned.is_empty() && strange.is_empty())
}

/// The crates of a listing, each once.
fn distinct(listing: &str) -> Vec<(&str, &str)> {
    let mut found: Vec<_> = listing
        .lines()
        .filter_map(|row| {
            let mut words = row.split_whitespace();
            Some((words.next()?, words.next()?))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Rows that hold code, in what a crate is built from.
fn rows_of(tree: &Tree, name: &str) -> usize {
    let folder = format!("crates/{name}/src/");
    let of_tests = |path: &str| path.ends_with("/tests.rs") || path.contains("/tests/");
    tree.texts(".rs")
        .filter(|(path, _)| path.starts_with(&folder) && !of_tests(path))
        .map(|(_, text)| {
            let code = code_only(text);
            without_tests(&code).lines().filter(|row| !row.trim().is_empty()).count()
        })
        .sum()
}

/// The shared libraries that `readelf --dynamic` names.
fn needed(dynamic: &str) -> Vec<&str> {
    dynamic
        .lines()
        .filter(|row| row.contains("(NEEDED)"))
        .filter_map(|row| Some(row.split_once('[')?.1.split_once(']')?.0))
        .collect()
}

/// Those that a program of Rust's own does not ask for.
fn strangers(dynamic: &str) -> Vec<&str> {
    let known = |name: &&str| SYSTEM.iter().any(|system| name.starts_with(system));
    needed(dynamic).into_iter().filter(|name| !known(name)).collect()
}

fn tool(name: &str, arguments: &[&std::ffi::OsStr]) -> anyhow::Result<String> {
    let run = Command::new(name).args(arguments).output();
    let run = run.with_context(|| format!("starting {name}, of the package binutils"))?;
    if !run.status.success() {
        bail!("{name}: {}", String::from_utf8_lossy(&run.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&run.stdout).into_owned())
}

fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifier_links_no_c_no_tls_and_no_database() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let listing = listing(root, "normal,build").unwrap();
        assert!(distinct(&listing).iter().any(|(name, _)| *name == "khatt-record"), "{listing}");
        assert_eq!(banned_in(&listing).len(), 0, "{listing}");
    }

    #[test]
    fn what_carries_in_c_tls_or_a_database_is_found() {
        let listing = "khatt-verify v0.1.0\nsha2 v0.11.1\ncc v1.11.1\nlibsqlite3-sys v0.39.1\n\
                       rustls v0.23.46\ncc v1.11.1 (*)\n";
        assert_eq!(banned_in(listing).len(), 3);
        assert_eq!(distinct(listing).len(), 5);
    }

    #[test]
    fn library_that_is_not_the_systems_is_found() {
        let row = |name| format!(" 0x0000000000000001 (NEEDED)  Shared library: [{name}]\n");
        let dynamic = [row("libc.so.6"), row("libsqlite3.so.0"), row("libm.so.6")].concat();
        assert_eq!(strangers(&dynamic), ["libsqlite3.so.0"]);
    }

    #[test]
    fn rows_of_comments_and_tests_do_not_count() {
        let source = "//! What.\n\nfn one() {}\n\n#[cfg(test)]\nmod tests {\n    fn two() {}\n}\n";
        let tree = Tree::of(&[
            ("crates/khatt-verify/src/lib.rs", source),
            ("crates/khatt-verify/src/texts/tests.rs", "fn three() {}\n"),
        ]);
        assert_eq!(rows_of(&tree, "khatt-verify"), 1);
    }
}
