//! A post in a process of its own, started by the benchmark, that does nothing but be there.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;

use super::pair::{NORTH, Post, Reach, charter, open_store, options};

/// The hidden name by which the benchmark starts its own program as an idle post.
pub const IDLE_POST: &str = "idle-post";

/// What the child says once it is up.
const READY: &str = "ready";
/// How long the child is left alone before it is looked at.
const REST: Duration = Duration::from_millis(1500);

/// Runs North over the store in a folder until the standard input ends.
///
/// # Errors
///
/// Whatever keeps the post from starting.
pub fn idle_post(dir: &Path) -> anyhow::Result<()> {
    let store = open_store(dir, NORTH, &options())?;
    let post = Post::start(&charter(), NORTH, store, Reach::Listen(None))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{READY}")?;
    out.flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    drop(post);
    Ok(())
}

/// Starts the child over a folder and returns its resident memory in KiB once it has come to rest.
pub(super) fn idle_kib(dir: &Path) -> anyhow::Result<u64> {
    let program = std::env::current_exe().context("this program's own path")?;
    let mut child = Command::new(program)
        .args(["bench", IDLE_POST, "--dir"])
        .arg(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("this program again")?;
    let mut said = String::new();
    let out = child.stdout.take().context("the child's output")?;
    let read = BufReader::new(out).read_line(&mut said);
    std::thread::sleep(REST);
    let resident = memory_kib(&child.id().to_string(), "VmRSS:");
    drop(child.stdin.take());
    let _ = child.wait();
    read?;
    anyhow::ensure!(said.trim() == READY, "the child did not start");
    resident
}

/// One of the memory figures of a process, in KiB.
pub(super) fn memory_kib(process: &str, which: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let row = status.lines().find_map(|row| row.strip_prefix(which)).context("no such figure")?;
    Ok(row.trim().trim_end_matches(" kB").parse()?)
}
