//! `khatt bench`: the benchmarks that figures are quoted from.

use std::path::PathBuf;

use thiserror::Error;

use super::{Talk, end};
use crate::{
    bench::{self, Disk, Extent, Goal, IDLE_POST, NAMES, Plan, Row},
    trouble::Trouble,
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Which one: frames, latency, throughput, verify, disclose, start, idle, catch-up; all of them otherwise
    name: Option<String>,
    /// An existing folder on the disk to measure; never one in memory
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Rounds, messages or entries, in place of a benchmark's own number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    runs: Option<u64>,
    /// Only show that the benchmarks work; the figures mean nothing
    #[arg(long)]
    quick: bool,
    /// Let another writer append to the same disk and sync without a pause
    #[arg(long)]
    busy: bool,
}

/// Why nothing, or not everything, was measured.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum BenchError {
    /// No benchmark has this name.
    #[error("local list of benchmarks has none of this name; there are {}", NAMES.join(", "))]
    LocalNoSuchBenchmark,
    /// What was to be measured failed.
    #[error("local {0}")]
    LocalFailed(String),
}

impl BenchError {
    /// Returns the stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalNoSuchBenchmark => "KK-1931",
            Self::LocalFailed(_) => "KK-1932",
        }
    }
}

impl From<BenchError> for Trouble {
    fn from(error: BenchError) -> Self {
        Self::new(error.code(), &error.to_string())
    }
}

pub(crate) fn run(args: &Args, talk: &Talk) -> u8 {
    end(talk, measure(args, talk))
}

fn measure(args: &Args, talk: &Talk) -> Result<u8, Trouble> {
    let failed = |error: anyhow::Error| BenchError::LocalFailed(format!("{error:#}"));
    if args.name.as_deref() == Some(IDLE_POST) {
        bench::idle_post(&args.dir).map_err(failed)?;
        return Ok(0);
    }
    if let Some(name) = &args.name
        && !NAMES.contains(&name.as_str())
    {
        return Err(BenchError::LocalNoSuchBenchmark.into());
    }
    let plan = Plan {
        dir: args.dir.clone(),
        runs: args.runs,
        extent: if args.quick { Extent::Quick } else { Extent::Full },
        disk: if args.busy { Disk::Busy } else { Disk::Quiet },
    };
    talk.say(&format!("{}, {}", bench::file_system(&plan.dir), machine()));
    let mut missed = false;
    let mut tell = |row: Row| {
        missed |= row.met == Some(false);
        if talk.json { talk.row(&row) } else { talk.data(&shown(&row)) }
    };
    bench::run(args.name.as_deref(), &plan, &mut tell).map_err(failed)?;
    // Figures of a few rounds are no figures: only a full run can miss a goal.
    Ok(if missed && plan.extent == Extent::Full { 1 } else { 0 })
}

/// One figure as a row of a table.
fn shown(row: &Row) -> String {
    let mut text = format!("{:<30} {:>10} {:<14}", row.name, row.value, row.unit);
    if let (Some(floor), Some(ratio)) = (row.floor, row.ratio) {
        text.push_str(&format!(" floor {floor:>8}  ratio {ratio:>6}"));
    }
    let goal = match row.goal {
        Some(Goal::AtMost(most)) => format!("  goal at most {most}"),
        Some(Goal::AtLeast(least)) => format!("  goal at least {least}"),
        None => String::new(),
    };
    text.push_str(&goal);
    match row.met {
        Some(true) => text.push_str(": met"),
        Some(false) => text.push_str(": MISSED"),
        None => {}
    }
    text.trim_end().to_owned()
}

/// The kernel and the number of cores, for whoever compares figures.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} cores, kernel {}", kernel.trim())
}
