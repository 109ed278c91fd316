//! A smaller plan that breaks the same promise: items are left out while it still does.

use crate::{Broken, Keep, Plan, storm::attempt};

/// Returns a smaller plan that breaks the same promise as this one, and how it breaks it.
///
/// At most `most` runs are tried. Nothing is returned if the plan breaks none.
#[must_use]
pub fn shrink(plan: &Plan, most: usize) -> Option<(Plan, Broken)> {
    let mut broken = attempt(plan, Keep::Counts).broken?;
    let mut small = plan.clone();
    // What comes after the promise broke has no part in it, unless it broke at the end.
    let after = broken.at_ms;
    let mut tried = 0;
    let mut keeps = |candidate: &Plan, broken: &mut Broken| {
        tried += 1;
        let found = attempt(candidate, Keep::Counts).broken;
        match found {
            Some(found) if tried <= most && found.promise == broken.promise => {
                *broken = found;
                true
            }
            _ => false,
        }
    };
    let mut shorter = small.clone();
    shorter.item.retain(|item| item.at_ms <= after);
    if shorter.item.len() < small.item.len() && keeps(&shorter, &mut broken) {
        small = shorter;
    }
    let mut part = small.item.len().div_ceil(2);
    while part > 0 {
        let mut from = 0;
        while from < small.item.len() {
            let mut candidate = small.clone();
            let to = (from + part).min(candidate.item.len());
            candidate.item.drain(from..to);
            if keeps(&candidate, &mut broken) {
                small = candidate;
            } else {
                from = to;
            }
        }
        part /= 2;
    }
    for simpler in [simple_machines, simple_links] {
        let mut candidate = small.clone();
        simpler(&mut candidate);
        if candidate != small && keeps(&candidate, &mut broken) {
            small = candidate;
        }
    }
    Some((small, broken))
}

fn simple_machines(plan: &mut Plan) {
    for post in &mut plan.posts {
        (post.drift_ppm, post.offset_ms, post.refuses) = (0, 0, 0);
    }
}

fn simple_links(plan: &mut Plan) {
    for link in &mut plan.links {
        (link.delay_ms, link.bits_per_s) = (20, 10_000_000);
    }
}

/// Returns a page about a plan that breaks a promise: what was promised, and the steps.
#[must_use]
pub fn document(plan: &Plan, broken: &Broken) -> String {
    let mut page = format!(
        "# Seed {}: {}\n\nAim: to show that a promise does not hold, so that it can be mended.\n\n\
         Promise: {}.\n\nWhat was so, at post {} after {} ms: {}.\n\nThe line has {} posts. Steps:\n\n",
        plan.seed,
        broken.promise,
        broken.promise,
        broken.post,
        broken.at_ms,
        broken.what,
        plan.parties
    );
    for item in &plan.item {
        page.push_str(&format!("- at {} ms: {:?}\n", item.at_ms, item.what));
    }
    page.push_str("\nWhat must hold: the run ends with every promise kept.\n");
    page
}
