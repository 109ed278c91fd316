//! Many messages in flight: how many a second, and how many syncs each costs.
//!
//! All are drafted and signed but for one signature beforehand; then so many are always between
//! release and receipt. Runs with syncs and runs without take turns over stores of their own.

use std::time::Instant;

use anyhow::bail;
use khatt_core::line::{Act, Event};
use khatt_store::{Options, Syncs};
use tokio::sync::broadcast::error::RecvError;

use super::{
    Goal, Plan, Row,
    messages::Messages,
    pair::{NORTH, Pair, options},
};

/// Messages between release and receipt at any time.
const IN_FLIGHT: u64 = 64;
/// Messages drafted at once; a post takes 1024 drafts.
const MESSAGES: u64 = 960;
/// A sync must serve so many messages at least.
const MESSAGES_PER_SYNC: f64 = 8.0;
/// Syncing may cost so much of the rate at most.
const RATE_KEPT: f64 = 0.7;

/// What one run showed.
struct Shown {
    per_second: f64,
    /// Messages for each sync, at the author's post and at the receiver's.
    per_sync: [f64; 2],
}

pub(super) fn run(plan: &Plan, tell: &mut dyn FnMut(Row)) -> anyhow::Result<()> {
    let unsynced = Options { syncs: Syncs::DangerousOff, ..options() };
    let messages = match plan.extent {
        super::Extent::Full => MESSAGES,
        super::Extent::Quick => IN_FLIGHT * 2,
    };
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..plan.count(5, 1) {
        with.push(once(plan, &options(), messages)?);
        without.push(once(plan, &unsynced, messages)?);
    }
    let rate = median(with.iter().map(|shown| shown.per_second));
    let floor = median(without.iter().map(|shown| shown.per_second));
    let row = Row::new("throughput.rate", rate, "messages/s");
    tell(row.over(floor).goal(Goal::AtLeast(RATE_KEPT)));
    for (place, name) in ["author", "receiver"].into_iter().enumerate() {
        let per_sync =
            median(with.iter().map(|shown| shown.per_sync.get(place).map_or(0.0, |n| *n)));
        let row = Row::new(&format!("throughput.per-sync.{name}"), per_sync, "messages/sync");
        tell(row.goal(Goal::AtLeast(MESSAGES_PER_SYNC)));
    }
    Ok(())
}

fn once(plan: &Plan, options: &Options, messages: u64) -> anyhow::Result<Shown> {
    let scratch = plan.folder("throughput")?;
    let pair = Pair::start(scratch.path(), options)?;
    let drafts = Messages::new(&pair.charter, NORTH)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let ready =
        runtime.block_on(drafts.prepare_many(&pair.north.host, pair.north.now(), messages))?;
    pair.settle()?;
    let syncs =
        || -> anyhow::Result<[u64; 2]> { Ok([pair.north.host.syncs()?, pair.south.host.syncs()?]) };
    let before = syncs()?;
    let begun = Instant::now();
    runtime.block_on(release_all(&pair, ready))?;
    let took = begun.elapsed();
    let after = syncs()?;
    let per_sync = |place: usize| {
        let count = after.get(place).zip(before.get(place)).map_or(0, |(a, b)| a - b);
        messages as f64 / count.max(1) as f64
    };
    Ok(Shown {
        per_second: messages as f64 / took.as_secs_f64(),
        per_sync: [per_sync(0), per_sync(1)],
    })
}

/// Keeps so many in flight until every one has its receipt.
async fn release_all(pair: &Pair, ready: Vec<Act>) -> anyhow::Result<()> {
    let mut events = pair.north.host.subscribe();
    let mut missing = ready.len();
    let mut waiting = ready.into_iter();
    for act in waiting.by_ref().take(IN_FLIGHT as usize) {
        pair.north.host.tell(act)?;
    }
    while missing > 0 {
        match events.recv().await {
            Ok(Event::Receipted { .. }) => {
                missing -= 1;
                if let Some(act) = waiting.next() {
                    pair.north.host.tell(act)?;
                }
            }
            Ok(_) => {}
            Err(RecvError::Lagged(missed)) => bail!("{missed} events were missed"),
            Err(RecvError::Closed) => bail!("the post stopped"),
        }
    }
    Ok(())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
