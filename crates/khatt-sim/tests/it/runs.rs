//! A run is a function of its plan, keeps every promise, and is cut down when it does not.

use khatt_sim::{Keep, Plan, Tally, plan::What, play, shrink};

/// The first minutes of a seed's storm.
fn short(seed: u64, minutes: u64) -> Plan {
    let mut plan = Plan::draw(seed);
    plan.storm_ms = minutes * 60_000;
    plan.item.retain(|item| item.at_ms < plan.storm_ms);
    plan
}

#[test]
fn same_plan_brings_about_the_same_trace_to_the_last_byte() {
    for seed in [3, 11] {
        let plan = short(seed, 6);
        let first = play(&plan, Keep::Trace);
        assert_eq!(first.broken, None);
        assert!(first.trace.lines().count() > 100, "much happens");
        let again = play(&Plan::from_text(&plan.to_text().unwrap()).unwrap(), Keep::Trace);
        assert_eq!(first.trace, again.trace);
        assert_eq!(first.tally, again.tally);
        let counted = play(&plan, Keep::Counts);
        assert_eq!(counted.tally, first.tally, "to look changes nothing");
    }
}

#[test]
fn storms_keep_every_promise() {
    let mut tally = Tally::default();
    for seed in 100..104 {
        let outcome = play(&short(seed, 12), Keep::Counts);
        assert_eq!(outcome.broken, None, "seed {seed}");
        tally.add(&outcome.tally);
    }
    assert!(tally.runs == 4 && tally.released > 40 && tally.receipted > 40);
    for promise in [
        "nothing durable is lost",
        "nothing receipted is lost",
        "nothing leaves before it is durable",
        "a receipt stands on durable bytes",
        "settled order never changes",
        "once faults stop, everything arrives",
        "every alarm clears",
    ] {
        assert!(tally.checks.get(promise).is_some_and(|times| *times > 0), "{promise}");
    }
}

#[test]
fn run_that_breaks_a_promise_is_cut_down_to_what_breaks_it() {
    // Without a calm, what is cut off cannot have arrived.
    let mut plan = short(5, 20);
    plan.calm_ms = 1;
    for post in &mut plan.posts {
        post.refuses = 0;
    }
    let cut = What::Cut { from: 0, to: 1, ms: 600_000 };
    plan.item.push(khatt_sim::plan::Item { at_ms: plan.storm_ms - 300_000, what: cut });
    plan.item.sort_by_key(|item| item.at_ms);
    let (small, broken) = shrink::shrink(&plan, 60).expect("a cut line does not deliver");
    assert!(small.item.len() < plan.item.len() / 2, "{small:?}");
    assert!(play(&small, Keep::Counts).broken.is_some());
    let page = shrink::document(&small, &broken);
    assert!(page.contains(broken.promise) && page.contains("What must hold"));
}
