//! Many runs, on several threads, until one breaks a promise.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use khatt_record::PostIndex;

use crate::{Broken, Keep, Outcome, Plan, Tally, play};

/// What came of many runs.
#[derive(Clone, Debug, Default)]
pub struct Storm {
    /// The counts of all runs that ended.
    pub tally: Tally,
    /// The runs that broke a promise, by seed.
    pub broken: Vec<(u64, Broken)>,
}

/// Plays one plan; a panic of anything in it is a broken promise too.
#[must_use]
pub fn attempt(plan: &Plan, keep: Keep) -> Outcome {
    catch_unwind(AssertUnwindSafe(|| play(plan, keep))).unwrap_or_else(|panic| {
        let what = panic.downcast_ref::<String>().cloned();
        let what = what.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let broken = Broken {
            at_ms: 0,
            post: PostIndex(0),
            promise: "nothing panics",
            what: what.unwrap_or_default(),
        };
        Outcome { tally: Tally::default(), broken: Some(broken), trace: String::new() }
    })
}

/// Plays those plans of these seeds that are chosen, while `go_on` says so, and stops taking new ones after so many
/// broken runs.
pub fn storm(
    seeds: std::ops::Range<u64>,
    threads: usize,
    most_broken: usize,
    choose: &(dyn Fn(&Plan) -> bool + Sync),
    go_on: &(dyn Fn() -> bool + Sync),
) -> Storm {
    let next = AtomicU64::new(seeds.start);
    let result = Mutex::new(Storm::default());
    let lock = || result.lock().unwrap_or_else(PoisonError::into_inner);
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while go_on() && lock().broken.len() < most_broken {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let plan = Plan::draw(seed);
                    if !choose(&plan) {
                        continue;
                    }
                    let outcome = attempt(&plan, Keep::Counts);
                    let mut result = lock();
                    result.tally.add(&outcome.tally);
                    if let Some(broken) = outcome.broken {
                        result.broken.push((seed, broken));
                    }
                }
            });
        }
    });
    let mut storm = result.into_inner().unwrap_or_else(PoisonError::into_inner);
    storm.broken.sort_by_key(|(seed, _)| *seed);
    storm
}
