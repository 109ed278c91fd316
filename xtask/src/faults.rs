//! A check of the simulator's checkers: faults put in on purpose, each of which must be found.
//!
//! The crates are copied into the build folder and the faults of `crates/khatt-sim/faults.toml` are
//! written into the copy, each behind a switch that an environment variable sets. The repository's own
//! sources know no switch, so no build of them can have one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use std::{env, fs};

use anyhow::{Context as _, bail, ensure};
use toml::{Table, Value};

/// What the copy is made of.
const COPIED: [&str; 7] = [
    "Cargo.lock",
    "Cargo.toml",
    "crates/khatt-core",
    "crates/khatt-forms",
    "crates/khatt-record",
    "crates/khatt-sim",
    "forms",
];
/// The module that holds the switch, in the crate that all others use.
const SWITCH: &str = "
/// Which deliberate fault is on.
pub mod deliberate {
    use std::sync::atomic::{AtomicU32, Ordering};
    static CHOSEN: AtomicU32 = AtomicU32::new(0);
    /// Switches a fault on.
    pub fn choose(number: u32) { CHOSEN.store(number, Ordering::Relaxed); }
    /// Tells whether a fault is on.
    pub fn on(number: u32) -> bool { CHOSEN.load(Ordering::Relaxed) == number }
}
";
/// The variable that says which.
const VARIABLE: &str = "KHATT_FAULT";

/// One deliberate fault.
struct Fault {
    name: String,
    part: String,
    file: String,
    seeds: u64,
    who: &'static [&'static str],
    changes: Vec<(String, String)>,
}

/// Builds the copy and lets the simulator find every fault in it.
pub(crate) fn run(root: &Path) -> anyhow::Result<bool> {
    let faults = read(root)?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let target = fs::canonicalize(&target).unwrap_or(target);
    let copy = target.join("faults");
    let mut files = Files::new();
    for path in COPIED {
        gather(root, Path::new(path), &mut files)?;
    }
    put_in(&mut files, &faults)?;
    put(&copy, &files)?;
    // A build folder of its own: crates of the same name and place would pass for one another.
    let simulator = built(&copy, &copy.join("target"))?;
    let most = faults.iter().filter(|fault| fault.who.is_empty()).map(|fault| fault.seeds).max();
    let most = most.unwrap_or(0);
    println!("{} faults; without any, {most} seeds must keep every promise", faults.len());
    let (found, what) = simulated(&simulator, 0, most, &[])?;
    if found {
        println!("FAILED without a fault: {what}");
        return Ok(false);
    }
    let mut missed = 0;
    for (number, fault) in (1..).zip(&faults) {
        let began = Instant::now();
        let (found, what) = simulated(&simulator, number, fault.seeds, fault.who)?;
        missed += u32::from(!found);
        let verdict = if found { "found " } else { "MISSED" };
        let (part, name, s) = (&fault.part, &fault.name, began.elapsed().as_secs());
        println!("{verdict} {part:6} {name} ({s} s): {what}");
    }
    println!("{} of {} faults found", faults.len() - missed as usize, faults.len());
    Ok(missed == 0)
}

fn read(root: &Path) -> anyhow::Result<Vec<Fault>> {
    let text = fs::read_to_string(root.join("crates/khatt-sim/faults.toml"))?;
    let table: Table = text.parse()?;
    let rows = table.get("fault").and_then(Value::as_array).context("no faults")?;
    rows.iter()
        .map(|row| {
            let text = |key: &str| row.get(key).and_then(Value::as_str).map(str::to_owned);
            let need = |key: &str| text(key).with_context(|| format!("a fault has no {key}"));
            let mut changes = vec![(need("find")?, need("with")?)];
            if let (Some(find), Some(with)) = (text("also_find"), text("also_with")) {
                changes.push((find, with));
            }
            let seeds = row.get("seeds").and_then(Value::as_integer).context("no seeds")?;
            let hostile = row.get("hostile").and_then(Value::as_bool) == Some(true);
            Ok(Fault {
                who: if hostile { &["--hostile"] } else { &[] },
                name: need("name")?,
                part: need("part")?,
                file: need("file")?,
                seeds: seeds.try_into()?,
                changes,
            })
        })
        .collect()
}

/// The copy, by path.
type Files = BTreeMap<PathBuf, Vec<u8>>;

fn gather(root: &Path, path: &Path, files: &mut Files) -> anyhow::Result<()> {
    let from = root.join(path);
    if from.is_dir() {
        for slot in fs::read_dir(from)? {
            gather(root, &path.join(slot?.file_name()), files)?;
        }
    } else {
        files.insert(path.to_owned(), fs::read(from)?);
    }
    Ok(())
}

/// Replaces what stands exactly once in a file.
fn change(files: &mut Files, file: &str, find: &str, with: &str) -> anyhow::Result<()> {
    let bytes = files.get_mut(Path::new(file)).with_context(|| format!("no {file}"))?;
    let text = String::from_utf8(std::mem::take(bytes))?;
    let times = text.matches(find).count();
    ensure!(times == 1, "{file} has {times} times: {find}");
    *bytes = text.replacen(find, with, 1).into_bytes();
    Ok(())
}

fn put_in(files: &mut Files, faults: &[Fault]) -> anyhow::Result<()> {
    for (number, fault) in (1..).zip(faults) {
        let leaf = fault.file.starts_with("crates/khatt-record/");
        let home = if leaf { "crate" } else { "khatt_record" };
        let on = format!("{home}::deliberate::on({number})");
        for (find, with) in &fault.changes {
            let with = with.replace("$ON", &on);
            change(files, &fault.file, find, &with).with_context(|| fault.name.clone())?;
        }
    }
    let lib = "crates/khatt-record/src/lib.rs";
    change(files, lib, "pub mod auth;", &format!("{SWITCH}\npub mod auth;"))?;
    let main = "fn main() -> ExitCode {";
    let set = format!(
        "{main}\n    if let Some(number) = env::var(\"{VARIABLE}\").ok().and_then(|number| \
         number.parse().ok()) {{\n        khatt_record::deliberate::choose(number);\n    }}"
    );
    change(files, "crates/khatt-sim/src/main.rs", main, &set)?;
    let bin = "[[bin]]\nname = \"khatt-sim-faulty\"\npath = \"src/main.rs\"\n\n[dependencies]";
    change(files, "crates/khatt-sim/Cargo.toml", "[dependencies]", bin)?;
    let members = "members = [\"crates/*\", \"xtask\"]";
    change(files, "Cargo.toml", members, "members = [\"crates/*\"]")?;
    change(files, "Cargo.toml", "default-members = [\"crates/khatt\"]\n", "")
}

/// Writes files that differ, so that what did not change is not built again.
fn put(copy: &Path, files: &Files) -> anyhow::Result<()> {
    for (path, bytes) in files {
        let path = copy.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        if fs::read(&path).is_ok_and(|held| held == *bytes) {
            continue;
        }
        fs::write(&path, bytes)?;
    }
    Ok(())
}

fn built(copy: &Path, target: &Path) -> anyhow::Result<PathBuf> {
    let status = Command::new(crate::ci::cargo())
        .args(["build", "--quiet", "--profile", "storm", "--package", "khatt-sim", "--offline"])
        .env("CARGO_TARGET_DIR", target)
        .current_dir(copy)
        .status()?;
    if !status.success() {
        bail!("the copy with the faults does not build");
    }
    Ok(target.join("storm/khatt-sim-faulty"))
}

/// Runs the simulator with one fault; tells whether it broke a promise, and which.
fn simulated(
    simulator: &Path,
    number: u32,
    seeds: u64,
    who: &[&str],
) -> anyhow::Result<(bool, String)> {
    let output = Command::new(simulator)
        .args(["run", "--as-is", "--seeds", &format!("0..{seeds}")])
        .args(who)
        .env(VARIABLE, number.to_string())
        .stderr(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let what = text.lines().find(|row| row.starts_with("seed ")).unwrap_or("every promise kept");
    Ok((output.status.code() == Some(1), what.chars().take(150).collect()))
}
