//! Runs the checks that need no network and nothing but Rust, and times each.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::Context as _;

use crate::checks;
use crate::size;
use crate::tree::{Finding, Tree, Weight};

/// Runs everything, goes on after a failure, and says at the end what passed.
pub(crate) fn run(root: &Path) -> anyhow::Result<bool> {
    let nextest = Command::new(cargo())
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    let tests: &[&str] = if nextest {
        &["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]
    } else {
        &["test", "--workspace", "--locked", "--no-fail-fast", "--lib", "--bins", "--tests"]
    };
    let steps = [
        ("format", &["fmt", "--all", "--check"][..]),
        ("lints", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
        ("tests", tests),
        ("examples in documentation", &["test", "--workspace", "--locked", "--doc"]),
        (
            "documentation",
            &["doc", "--workspace", "--locked", "--no-deps", "--document-private-items"],
        ),
    ];
    let mut results = Vec::new();
    for (name, arguments) in steps {
        let start = Instant::now();
        println!("== {name}: cargo {}", arguments.join(" "));
        let status = Command::new(cargo())
            .args(arguments)
            .env("RUSTDOCFLAGS", "-D warnings")
            .current_dir(root)
            .status()
            .with_context(|| format!("starting cargo for {name}"))?;
        results.push((name, status.success(), start.elapsed().as_secs_f64()));
    }
    let start = Instant::now();
    let held = tree(root)?;
    results.push(("tree", held, start.elapsed().as_secs_f64()));
    let start = Instant::now();
    println!("== commands of the README");
    let held = readme(root)?;
    results.push(("commands of the README", held, start.elapsed().as_secs_f64()));

    println!("== cargo xtask ci");
    for (name, passed, elapsed_s) in &results {
        println!("{} {elapsed_s:7.1} s  {name}", if *passed { "passed" } else { "FAILED" });
    }
    Ok(results.iter().all(|(_, passed, _)| *passed))
}

/// Leaves pictures of every page of the desk, in each language, theme and size.
pub(crate) fn shots(root: &Path) -> anyhow::Result<bool> {
    let folder = root.join("target/shots");
    let status = Command::new(cargo())
        .args(["test", "--package", "khatt", "--features", "browser-tests", "--locked"])
        .args(["--test", "browser", "browser_finds_every_page", "--", "--nocapture"])
        .env("KHATT_SHOTS", &folder)
        .current_dir(root)
        .status()
        .context("starting cargo for the pictures")?;
    println!("{}", folder.display());
    Ok(status.success())
}

/// Runs the tree tests and shows every finding.
pub(crate) fn tree(root: &Path) -> anyhow::Result<bool> {
    println!("== tree");
    let tree = Tree::read(root)?;
    let mut held = true;
    for check in checks::ALL {
        held &= show(check.rule, &(check.run)(&tree));
    }
    let mut carried = Vec::new();
    for name in checks::BARE_CRATES.iter().filter(|name| tree.has(&format!("crates/{name}"))) {
        let listing = Command::new(cargo())
            .args(["tree", "--locked", "--offline", "--edges", "normal", "--prefix", "none"])
            .args(["--package", name])
            .current_dir(root)
            .output()
            .context("starting cargo tree")?;
        if listing.status.success() {
            carried.extend(checks::carried_in(name, &String::from_utf8_lossy(&listing.stdout)));
        } else {
            let said = String::from_utf8_lossy(&listing.stderr);
            let what = format!("cargo tree failed: {}", said.trim());
            carried.push(Finding::fault(&format!("crates/{name}/Cargo.toml"), what));
        }
    }
    held &= show("leaves and engine carry in no runtime, store or randomness", &carried);
    let banned = size::banned_in(&size::listing(root, "normal,build")?);
    held &= show("khatt-verify links no C, no TLS and no database", &banned);
    Ok(held)
}

/// Asks the command for help on every row that the README calls it with.
///
/// It is built as the tests have built it: with the features of the whole workspace, so that nothing is
/// compiled a second time.
fn readme(root: &Path) -> anyhow::Result<bool> {
    let built = Command::new(cargo())
        .args(["test", "--quiet", "--workspace", "--locked", "--no-run"])
        .current_dir(root)
        .status()
        .context("starting cargo build")?;
    if !built.success() {
        let finding = Finding::fault("crates/khatt", "the command cannot be built");
        return Ok(show("the commands of the README exist", &[finding]));
    }
    let command = std::env::current_exe().context("finding the folder of programs")?;
    let command = command.with_file_name(format!("khatt{}", std::env::consts::EXE_SUFFIX));
    let commands = checks::readme_commands(&Tree::read(root)?);
    let mut findings = Vec::new();
    for arguments in &commands {
        let answer = Command::new(&command)
            .args(arguments)
            .arg("--help")
            .stdin(Stdio::null())
            .current_dir(root)
            .output()
            .with_context(|| format!("starting {}", command.display()))?;
        let shown = String::from_utf8_lossy(&answer.stdout);
        findings.extend(checks::help_lacks(arguments, answer.status.success(), &shown));
    }
    Ok(show(&format!("the {} commands of the README exist", commands.len()), &findings))
}

fn show(rule: &str, findings: &[Finding]) -> bool {
    let held = findings.iter().all(|finding| finding.weight == Weight::Remark);
    println!("{} {rule}", if held { "passed" } else { "FAILED" });
    for finding in findings {
        let label = if finding.weight == Weight::Fault { "fault" } else { "remark" };
        println!("       {label}: {finding}");
    }
    held
}

/// The cargo that runs us, so that one toolchain serves the whole run.
pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}
