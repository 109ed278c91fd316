//! The benchmarks that figures are quoted from (`docs/reference/benchmarks.md`).
//!
//! Each measures what a post really does, over real sockets and a real disk, and where a promise is
//! measured against a floor, the floor takes turns with it in the same run: the same disk may be ten
//! times slower a minute later, so only the ratio of the two says anything. How rows are printed is
//! the command's affair.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Serialize;

mod busy;
mod catch_up;
mod child;
mod disclose;
mod disk;
mod floor;
mod frames;
mod latency;
mod messages;
mod pair;
mod past;
mod pq;
mod render;
mod start;
mod statistics;
mod throughput;
mod verify;

pub use child::{IDLE_POST, idle_post};

/// The names of all benchmarks, in the order in which they are run.
pub const NAMES: [&str; 10] = [
    "frames",
    "pq",
    "render",
    "latency",
    "throughput",
    "verify",
    "disclose",
    "start",
    "idle",
    "catch-up",
];

/// How much is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// As much as a figure to be quoted needs.
    #[default]
    Full,
    /// As little as shows that the benchmark works; its figures mean nothing.
    Quick,
}

/// Whether something else writes to the same disk meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Disk {
    /// Nothing of ours.
    #[default]
    Quiet,
    /// A writer that appends and syncs without a pause.
    Busy,
}

/// What to measure, where, and how often.
#[derive(Clone, Debug)]
pub struct Plan {
    /// An existing folder on the disk to measure. Everything made in it is removed again.
    pub dir: PathBuf,
    /// Rounds, messages or entries, in place of a benchmark's own number.
    pub runs: Option<u64>,
    /// How much is measured.
    pub extent: Extent,
    /// Whether the disk is kept busy.
    pub disk: Disk,
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What was measured: the benchmark's name, a dot, and the figure's.
    pub name: String,
    /// How much it is.
    pub value: f64,
    /// In which unit.
    pub unit: &'static str,
    /// The floor's figure, measured in turns with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<f64>,
    /// Value by floor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// What the ratio, or the value where there is no floor, should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<Goal>,
    /// Whether it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub met: Option<bool>,
}

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
}

impl Goal {
    fn is_met_by(self, figure: f64) -> bool {
        match self {
            Self::AtMost(most) => figure <= most,
            Self::AtLeast(least) => figure >= least,
        }
    }
}

impl Row {
    fn new(name: &str, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            value: rounded(value),
            unit,
            floor: None,
            ratio: None,
            goal: None,
            met: None,
        }
    }

    fn over(mut self, floor: f64) -> Self {
        self.floor = Some(rounded(floor));
        self.ratio = Some(rounded(self.value / floor));
        self
    }

    fn goal(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self.met = Some(goal.is_met_by(self.ratio.unwrap_or(self.value)));
        self
    }
}

impl Plan {
    /// Returns the number to use: what was asked for, or this benchmark's own.
    fn count(&self, full: u64, quick: u64) -> u64 {
        self.runs.unwrap_or(match self.extent {
            Extent::Full => full,
            Extent::Quick => quick,
        })
    }

    /// Makes a folder for one benchmark, removed when dropped.
    fn folder(&self, name: &str) -> anyhow::Result<disk::Scratch> {
        disk::Scratch::new(&self.dir, name)
    }
}

/// Runs one benchmark, or all of them, and hands each figure over as soon as it is known.
///
/// # Errors
///
/// An error if there is no such benchmark, the folder is on no real disk, or anything that is
/// measured fails.
pub fn run(name: Option<&str>, plan: &Plan, tell: &mut dyn FnMut(Row)) -> anyhow::Result<()> {
    if let Some(name) = name
        && !NAMES.contains(&name)
    {
        bail!("local list of benchmarks has no {name:?}: {}", NAMES.join(", "));
    }
    disk::must_be_real(&plan.dir)?;
    let _writer = match plan.disk {
        Disk::Quiet => None,
        Disk::Busy => Some(busy::Writer::start(&plan.dir)?),
    };
    for one in NAMES.into_iter().filter(|one| name.is_none_or(|name| name == *one)) {
        let measured = match one {
            "frames" => frames::run(tell),
            "pq" => pq::run(plan, tell),
            "render" => render::run(plan, tell),
            "latency" => latency::run(plan, tell),
            "throughput" => throughput::run(plan, tell),
            "verify" => verify::run(plan, tell),
            "disclose" => disclose::run(plan, tell),
            "start" => start::run(plan, tell),
            "idle" => start::run_idle(plan, tell),
            _ => catch_up::run(plan, tell),
        };
        measured.with_context(|| format!("benchmark {one}"))?;
    }
    Ok(())
}

/// Returns the kind of file system that a folder is on, as the operating system calls it.
#[must_use]
pub fn file_system(dir: &Path) -> String {
    disk::file_system(dir).unwrap_or_else(|| "unknown".to_owned())
}

/// Figures are told to four digits: the rest is noise.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = 10_f64.powi(3 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests;
