//! From a message's release to its verified receipt, both posts durable.
//!
//! The clock starts as the last officer's signature is given to the author's post and stops as the
//! author has verified the receiver's signed receipt. Each round is followed by one of the floor,
//! once both posts are at rest.

use khatt_core::line::Event;

use super::{
    Goal, Plan, Row,
    floor::Floor,
    frames,
    messages::Messages,
    pair::{NORTH, Pair, options, wait_for},
    statistics::{Times, timed},
};

/// Rounds before any is counted.
const WARM_UP: u64 = 20;

pub(super) fn run(plan: &Plan, tell: &mut dyn FnMut(Row)) -> anyhow::Result<()> {
    let scratch = plan.folder("latency")?;
    let sizes = frames::sizes()?;
    let pair = Pair::start(scratch.path(), &options())?;
    let mut floor = Floor::new(scratch.path(), sizes.message, sizes.receipt)?;
    let messages = Messages::new(&pair.charter, NORTH)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut events = pair.north.host.subscribe();
    let (mut ours, mut floors) = (Times::default(), Times::default());
    for round in 0..plan.count(1000, 30) + WARM_UP {
        let release = runtime.block_on(messages.prepare(&pair.north.host, pair.north.now()))?;
        pair.settle()?;
        let (took, ()) = timed(|| {
            pair.north.host.act(release)?;
            wait_for(&mut events, |event| matches!(event, Event::Receipted { .. }).then_some(()))
        })?;
        pair.settle()?;
        let (least, ()) = timed(|| floor.step())?;
        if round >= WARM_UP {
            ours.push(took);
            floors.push(least);
        }
    }
    for (name, share, goal) in [("p50", 50, 1.3), ("p99", 99, 2.0)] {
        let row = Row::new(&format!("latency.{name}"), ours.at_us(share), "us");
        tell(row.over(floors.at_us(share)).goal(Goal::AtMost(goal)));
    }
    Ok(())
}
