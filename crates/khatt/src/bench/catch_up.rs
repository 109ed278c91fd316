//! A peer that was away: from its first packet to the receipt for everything it missed.
//!
//! One post releases its messages alone. Then both start, each from its store on disk, and the time
//! runs from the start of the network until the author holds a receipt for its last message.

use std::time::Instant;

use anyhow::Context as _;
use khatt_core::{
    ladder::Level,
    line::{Done, Event},
};

use super::{
    Goal, Plan, Row,
    messages::Messages,
    pair::{NORTH, Pair, Post, Reach, SOUTH, charter, open_store, options, wait_for},
};

/// Entries to catch up, and how long that may take.
const ENTRIES: u64 = 10_000;
const GOAL_S: f64 = 2.0;
/// Messages drafted at once.
const AT_ONCE: u64 = 512;

pub(super) fn run(plan: &Plan, tell: &mut dyn FnMut(Row)) -> anyhow::Result<()> {
    let entries = plan.count(ENTRIES, 300);
    let scratch = plan.folder("catch-up")?;
    let charter = charter();
    let messages = Messages::new(&charter, NORTH)?;
    let store = open_store(scratch.path(), NORTH, &options())?;
    let north = Post::start(&charter, NORTH, store, Reach::Nobody)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut last = None;
    let mut released = 0;
    while released < entries {
        let some = AT_ONCE.min(entries - released);
        let mut ready = runtime.block_on(messages.prepare_many(&north.host, north.now(), some))?;
        let end = ready.pop();
        for act in ready {
            north.host.tell(act)?;
        }
        if let Some(Done::Released(entry)) = end.map(|act| north.host.act(act)).transpose()? {
            last = Some(entry);
        }
        released += some;
    }
    let last = last.context("nothing was released")?;
    drop(north.host.stop()?);
    drop(north);
    let begun = Instant::now();
    let pair = Pair::start_unmet(&charter, scratch.path(), &options())?;
    let started = begun.elapsed();
    let mut events = pair.north.host.subscribe();
    let receipted = pair.north.host.query(move |line, now| {
        let ladder = line.ladder(last, now)?;
        ladder.post(SOUTH)?.reached(Level::Received).map(|_| ())
    })?;
    if receipted.is_none() {
        wait_for(&mut events, |event| {
            matches!(event, Event::Receipted { entry, .. } if *entry == last).then_some(())
        })?;
    }
    let took = begun.elapsed();
    let row = Row::new("catch-up.time", took.as_secs_f64(), "s");
    tell(if plan.runs.is_none() && plan.extent == super::Extent::Full {
        row.goal(Goal::AtMost(GOAL_S))
    } else {
        row
    });
    tell(Row::new("catch-up.of-it.start", started.as_secs_f64(), "s"));
    tell(Row::new("catch-up.rate", entries as f64 / took.as_secs_f64(), "entries/s"));
    Ok(())
}
