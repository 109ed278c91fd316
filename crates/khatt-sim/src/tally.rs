//! What a run did and met, counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::plan::{BatchKind, Point};

/// Counts of one run, or of many.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Runs.
    pub runs: u64,
    /// Hours of a line under storm.
    pub line_hours: f64,
    /// Hours of a line in calm, at the ends of runs.
    pub calm_hours: f64,
    /// Entries that officers released: messages and steps of the ladder.
    pub released: u64,
    /// Entries of posts: receipts, keys, line tests.
    pub entries: u64,
    /// Frames sent.
    pub frames: u64,
    /// Batches made durable.
    pub commits: u64,
    /// Messages that a peer receipted.
    pub receipted: u64,
    /// Steps of the ladder that an author learned of.
    pub levels: u64,
    /// Faults by kind: as planned, and what they did to frames.
    pub faults: BTreeMap<String, u64>,
    /// What else is worth knowing, by name.
    pub notes: BTreeMap<String, u64>,
    /// Power cuts by where in which commit they came.
    pub crash_points: BTreeMap<(BatchKind, Point), u64>,
    /// Alarms by code.
    pub alarms: BTreeMap<String, u64>,
    /// Checks made, by promise.
    pub checks: BTreeMap<String, u64>,
}

impl Tally {
    pub(crate) fn note(&mut self, what: &str) {
        count(&mut self.notes, what, 1);
    }

    pub(crate) fn fault(&mut self, what: &str) {
        count(&mut self.faults, what, 1);
    }

    pub(crate) fn check(&mut self, promise: &str) {
        count(&mut self.checks, promise, 1);
    }

    /// Adds the counts of other runs.
    pub fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.line_hours += other.line_hours;
        self.calm_hours += other.calm_hours;
        self.released += other.released;
        self.entries += other.entries;
        self.frames += other.frames;
        self.commits += other.commits;
        self.receipted += other.receipted;
        self.levels += other.levels;
        for (point, times) in &other.crash_points {
            *self.crash_points.entry(*point).or_default() += times;
        }
        for (mine, theirs) in [
            (&mut self.faults, &other.faults),
            (&mut self.notes, &other.notes),
            (&mut self.alarms, &other.alarms),
            (&mut self.checks, &other.checks),
        ] {
            for (what, times) in theirs {
                count(mine, what, *times);
            }
        }
    }

    /// Returns the crash points that no run came to.
    #[must_use]
    pub fn never_hit(&self) -> Vec<(BatchKind, Point)> {
        let all: BTreeSet<_> =
            BatchKind::ALL.iter().flat_map(|kind| Point::ALL.map(|point| (*kind, point))).collect();
        all.into_iter().filter(|point| !self.crash_points.contains_key(point)).collect()
    }
}

pub(crate) fn count(counts: &mut BTreeMap<String, u64>, what: &str, times: u64) {
    match counts.get_mut(what) {
        Some(held) => *held += times,
        None => {
            counts.insert(what.to_owned(), times);
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours = self.line_hours.max(f64::MIN_POSITIVE);
        let faults: u64 = self.faults.values().sum();
        let crashes = self.faults.get("crash").copied().unwrap_or(0);
        writeln!(f, "runs                  {}", self.runs)?;
        writeln!(f, "line-hours            {:.1} under storm, {:.1} calm", hours, self.calm_hours)?;
        let per = |count: u64| count as f64 / hours;
        writeln!(
            f,
            "entries released      {} ({:.1} a line-hour)",
            self.released,
            per(self.released)
        )?;
        writeln!(f, "entries in all        {}", self.entries)?;
        writeln!(f, "frames, commits       {}, {}", self.frames, self.commits)?;
        writeln!(f, "receipts, levels      {}, {}", self.receipted, self.levels)?;
        writeln!(f, "faults injected       {faults} ({:.1} a line-hour)", per(faults))?;
        writeln!(f, "crashes               {crashes} ({:.2} a line-hour)", per(crashes))?;
        for (title, counts) in [
            ("faults by kind", &self.faults),
            ("met on the way", &self.notes),
            ("alarms", &self.alarms),
            ("checks made", &self.checks),
        ] {
            writeln!(f, "{title}:")?;
            for (what, times) in counts {
                writeln!(f, "  {times:>10}  {what}")?;
            }
        }
        let never = self.never_hit();
        let all = BatchKind::ALL.len() * Point::ALL.len();
        writeln!(f, "crash points          {} of {all} hit", all - never.len())?;
        for kind in BatchKind::ALL {
            let hits = Point::ALL.map(|point| {
                let times = self.crash_points.get(&(kind, point)).copied().unwrap_or(0);
                format!("{point:?} {times}")
            });
            writeln!(f, "  {kind:?}: {}", hits.join(", "))?;
        }
        if !never.is_empty() {
            let never: Vec<String> =
                never.iter().map(|(kind, point)| format!("{point:?} of {kind:?}")).collect();
            writeln!(f, "  never hit: {}", never.join(", "))?;
        }
        Ok(())
    }
}
