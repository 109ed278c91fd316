//! A post with a long past: how long it takes to start, and how much memory it holds at rest.

use super::{
    Extent, Goal, Plan, Row, child,
    pair::{NORTH, Post, Reach, charter, open_store, options},
    past,
    statistics::{Times, timed},
};

/// Entries in the store.
const ENTRIES: u64 = 100_000;
const QUICK_ENTRIES: u64 = 2_000;
/// A start may take so long, and a post at rest hold so much.
const START_MS: f64 = 300.0;
const IDLE_MB: f64 = 40.0;

fn entries(plan: &Plan) -> u64 {
    match plan.extent {
        Extent::Full => ENTRIES,
        Extent::Quick => QUICK_ENTRIES,
    }
}

/// Opens the store, takes up the line and waits until what the start itself writes is durable.
pub(super) fn run(plan: &Plan, tell: &mut dyn FnMut(Row)) -> anyhow::Result<()> {
    let scratch = plan.folder("start")?;
    let charter = charter();
    past::write(scratch.path(), &charter, entries(plan))?;
    let (mut whole, mut store_only) = (Times::default(), Times::default());
    for _ in 0..plan.count(20, 2) {
        let (opening, store) = timed(|| open_store(scratch.path(), NORTH, &options()))?;
        let (starting, post) = timed(|| Post::start(&charter, NORTH, store, Reach::Nobody))?;
        whole.push(opening + starting);
        store_only.push(opening);
        post.host.stop()?;
    }
    let row = Row::new("start.p50", whole.at_us(50) / 1000.0, "ms");
    tell(row.goal(Goal::AtMost(START_MS)));
    tell(Row::new("start.of-it.store", store_only.at_us(50) / 1000.0, "ms"));
    Ok(())
}

/// Starts the same post as a process of its own and looks at its memory.
pub(super) fn run_idle(plan: &Plan, tell: &mut dyn FnMut(Row)) -> anyhow::Result<()> {
    let scratch = plan.folder("idle")?;
    past::write(scratch.path(), &charter(), entries(plan))?;
    let kib = child::idle_kib(scratch.path())?;
    let row = Row::new("idle.resident", kib as f64 * 1024.0 / 1e6, "MB");
    tell(row.goal(Goal::AtMost(IDLE_MB)));
    Ok(())
}
