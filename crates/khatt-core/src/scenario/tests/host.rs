//! A host that does every act at once and shows its effect at both posts, or what a test says.

use std::collections::BTreeMap;

use khatt_record::{EntryId, PostIndex};

use super::*;

/// What a host does with an action, instead of the honest thing.
pub(super) type Instead = fn(&Action, &mut Observed) -> bool;

/// Plays a scenario on a host that is honest but where `instead` says it did something else.
///
/// Returns the steps in the order of their acts with the time of each, and how the run ended.
pub(super) fn play(scenario: &Scenario, instead: Instead) -> (Vec<(String, u64)>, Next) {
    let mut player = Player::new(scenario);
    let mut observed = Observed::new();
    let mut sizes: BTreeMap<Name, u64> = BTreeMap::new();
    let (mut now_ms, mut acts) = (0, Vec::new());
    for _ in 0..10_000 {
        match player.next(now_ms, &observed) {
            Next::WaitUntil(ms) => {
                assert!(ms > now_ms, "the player must not spin");
                now_ms = ms;
            }
            Next::Act(action) => {
                acts.push((action.step.to_string(), now_ms));
                if !instead(&action, &mut observed) {
                    do_honestly(scenario, &action, &mut observed, &mut sizes);
                }
            }
            end => return (acts, end),
        }
    }
    panic!("the run does not end")
}

pub(super) fn honest(_: &Action, _: &mut Observed) -> bool {
    false
}

/// Records the act and shows it at every other post, with the level that it brings.
pub(super) fn do_honestly(
    scenario: &Scenario,
    action: &Action,
    observed: &mut Observed,
    sizes: &mut BTreeMap<Name, u64>,
) {
    let post = match &action.kind {
        ActionKind::LineTest { post }
        | ActionKind::Acknowledge { post, .. }
        | ActionKind::ReadBack { post, .. }
        | ActionKind::Answer { post, .. } => post.clone(),
        ActionKind::Send(sending) => sending.message.post.clone(),
        ActionKind::Fault(_) => {
            observed.note(Observation::Done { step: action.step.clone() });
            return;
        }
    };
    let log = scenario.posts.iter().position(|other| other.name == post).unwrap();
    let size = sizes.entry(post.clone()).or_insert(1);
    let entry = EntryId { log: PostIndex(u8::try_from(log).unwrap()), index: *size };
    *size += 1;
    observed.note(Observation::Recorded { step: action.step.clone(), entry });
    let author = |of: EntryId| scenario.posts[of.log.index()].name.clone();
    let mut level = |entry, level| {
        let at = author(entry);
        observed.note(Observation::Level { entry, level, by: post.clone(), at });
    };
    match &action.kind {
        ActionKind::Acknowledge { of, level: reached, .. } => level(*of, *reached),
        ActionKind::Answer { of, .. } => level(*of, 6),
        ActionKind::ReadBack { of, overrides, .. } => {
            let result = if overrides.is_empty() {
                level(*of, 3);
                ReadBackResult::Match
            } else {
                ReadBackResult::Mismatch
            };
            observed.note(Observation::ReadBack { entry: *of, by: post.clone(), result });
        }
        _ => {}
    }
    for other in scenario.other_sides(&post) {
        let at = other.name.clone();
        match action.kind {
            ActionKind::LineTest { .. } => {
                observed.note(Observation::TestAnswered { post: post.clone(), by: at });
            }
            _ => observed.note(Observation::Stored { entry, at }),
        }
    }
}
