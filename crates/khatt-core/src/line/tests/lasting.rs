//! What rings once it lasts, what comes back after a restart, and which secrets are gone.

use khatt_record::Precedence;

use super::{forger::Forger, *};
use crate::alarm::ChangeKind;

fn line(rig: &Rig, post: PostIndex) -> &Line {
    rig.lines[post.index()].as_ref().expect("the post is up")
}

fn kept(rig: &Rig, post: PostIndex, prefix: &str) -> Vec<String> {
    let state = rig.stores[post.index()].state(rig.charter.line_id(), prefix).unwrap();
    state.into_iter().map(|(key, _)| key).collect()
}

#[test]
fn a_gap_rings_after_a_minute_and_ends_when_it_is_filled() {
    let mut rig = Rig::new(2);
    let mut north = Forger::take_over(&mut rig, NORTH);
    rig.input(SOUTH, Input::Connected { peer: NORTH, route: Route::Direct });
    let entry = hostile::filler(&north);
    let (missing, first) = (north.append(&entry), north.sign());
    let entry = hostile::filler(&north);
    let items = [north.append(&entry), north.sign()];
    north.send(&mut rig, SOUTH, &items);
    let gap = Cause::PeerGap { post: NORTH };
    rig.advance(59_000);
    assert!(!alarms(&rig, SOUTH).contains(&gap), "a frame may be late");
    let Output::WaitUntil(Some(due)) = rig.lines[SOUTH.index()].as_mut().unwrap().poll() else {
        panic!("the post wakes by itself")
    };
    assert!(due <= rig.now.mono_ms + 1_000);
    rig.advance(1_000);
    assert!(alarms(&rig, SOUTH).contains(&gap));
    rig.advance(300_000);
    let raised = rig.events.iter().filter(|(_, event)| {
        matches!(event, Event::Alarm(change) if change.cause == gap
            && matches!(change.kind, ChangeKind::Raised(_) | ChangeKind::Repeated { .. }))
    });
    assert_eq!(raised.count(), 1, "it lasts, and is told once");
    north.send(&mut rig, SOUTH, &[missing, first]);
    assert!(!alarms(&rig, SOUTH).contains(&gap));
}

#[test]
fn what_waits_behind_a_flash_ahead_is_a_gap_too() {
    let mut rig = Rig::new(2);
    let mut north = Forger::take_over(&mut rig, NORTH);
    rig.input(SOUTH, Input::Connected { peer: NORTH, route: Route::Direct });
    let entry = hostile::filler(&north);
    let before = [north.append(&entry), north.sign()];
    let (header, open) = north.warning(&rig, Precedence::Flash);
    let index = north.frontier.size();
    let items = [north.append_message(header, open), north.proof(index), north.sign()];
    north.send(&mut rig, SOUTH, &items);
    rig.advance(61_000);
    assert!(alarms(&rig, SOUTH).contains(&Cause::PeerGap { post: NORTH }));
    north.send(&mut rig, SOUTH, &before);
    assert!(!alarms(&rig, SOUTH).contains(&Cause::PeerGap { post: NORTH }));
}

#[test]
fn a_peer_that_was_put_back_is_named_once_it_says_so_twice() {
    let mut rig = Rig::new(2);
    let copy = rig.stores[NORTH.index()].copy();
    let draft = warning(&rig, NORTH);
    released(rig.release(NORTH, draft));
    rig.run();
    rig.kill(NORTH);
    rig.stores[NORTH.index()].restore(&copy);
    rig.start(NORTH);
    rig.connect_all();
    rig.run();
    let shrank = Cause::PeerShrank { post: NORTH };
    assert!(!alarms(&rig, SOUTH).contains(&shrank), "a frame may have been overtaken");
    for _ in 0..2 {
        rig.advance(31_000);
    }
    assert!(alarms(&rig, SOUTH).contains(&shrank));
}

#[test]
fn a_peer_that_is_only_behind_in_our_log_has_not_shrunk() {
    let mut rig = Rig::new(2);
    rig.kill(SOUTH);
    let draft = warning(&rig, NORTH);
    released(rig.release(NORTH, draft));
    rig.start(SOUTH);
    rig.connect_all();
    for _ in 0..3 {
        rig.run();
        rig.advance(31_000);
    }
    for post in [NORTH, SOUTH] {
        let shrunk = alarms(&rig, post).into_iter().any(|c| matches!(c, Cause::PeerShrank { .. }));
        assert!(!shrunk);
    }
}

#[test]
fn an_epoch_that_cannot_end_rings_when_it_is_old_and_stops_nothing() {
    let mut rig = Rig::new(2);
    // South is away: it publishes no prekey while the ones that North holds are used up.
    rig.cut(NORTH, SOUTH);
    let old = Cause::EpochOld { post: SOUTH };
    let day = 25 * 3_600_000;
    let mut days = 0;
    while !alarms(&rig, NORTH).contains(&old) {
        rig.advance(day);
        days += 1;
        assert!(days < 20, "the age is never told");
    }
    assert!(days >= 3, "fresh prekeys were used first");
    let draft = warning(&rig, NORTH);
    let entry = released(rig.release(NORTH, draft));
    rig.heal(NORTH, SOUTH);
    rig.run();
    assert_eq!(receipted(&rig, NORTH, entry), [SOUTH], "the line never stops for it");
    for _ in 0..3 {
        rig.advance(31_000);
    }
    assert!(!alarms(&rig, NORTH).contains(&old), "South has published others meanwhile");
}

#[test]
fn a_desk_that_falls_silent_rings_and_its_return_ends_it() {
    let mut rig = Rig::new(2);
    rig.advance(60_000);
    assert!(!alarms(&rig, NORTH).contains(&Cause::NoDesk), "none was ever there");
    rig.input(NORTH, Input::DeskAlive);
    rig.advance(9_000);
    assert!(!alarms(&rig, NORTH).contains(&Cause::NoDesk));
    rig.advance(1_000);
    assert!(alarms(&rig, NORTH).contains(&Cause::NoDesk));
    rig.input(NORTH, Input::DeskAlive);
    assert!(!alarms(&rig, NORTH).contains(&Cause::NoDesk));
}

#[test]
fn a_step_of_the_wall_clock_rings_either_way_and_moves_nothing() {
    for step_ms in [6_000_i64, -6_000] {
        let mut rig = Rig::new(2);
        rig.advance(4_000_000);
        assert!(!alarms(&rig, NORTH).contains(&Cause::LocalClockStep), "both clocks went alike");
        rig.now.wall_ms = rig.now.wall_ms.saturating_add_signed(step_ms);
        rig.advance(1);
        assert!(alarms(&rig, NORTH).contains(&Cause::LocalClockStep));
    }
}

#[test]
fn figures_outlive_a_restart() {
    let mut rig = Rig::new(2);
    let draft = warning(&rig, NORTH);
    let entry = released(rig.release(NORTH, draft));
    rig.run();
    rig.advance(61_000);
    let precedence = line(&rig, NORTH).ladder(entry, rig.now).expect("followed").precedence();
    let count = |rig: &Rig| {
        let figures = line(rig, NORTH).statistics();
        let times = figures.times(SOUTH, precedence, Level::Received).expect("a receipt");
        (times.count(), figures.contact(SOUTH).expect("known").sent())
    };
    let before = count(&rig);
    assert!(before.0 >= 1);
    rig.kill(NORTH);
    rig.start(NORTH);
    assert_eq!(count(&rig), before);
}

#[test]
fn a_restart_gives_back_at_most_a_minute_of_a_running_clock() {
    let mut rig = Rig::new(2);
    rig.cut(NORTH, SOUTH);
    let draft = warning(&rig, NORTH);
    let entry = released(rig.release(NORTH, draft));
    let left = |rig: &Rig| {
        let mut clocks = line(rig, NORTH).clocks(rig.now);
        clocks.find(|(key, _)| key.message == entry).and_then(|(_, left)| left).expect("it runs")
    };
    let whole = left(&rig);
    for _ in 0..10 {
        rig.advance(61_000);
    }
    let before = left(&rig);
    assert!(before < whole);
    rig.kill(NORTH);
    rig.start(NORTH);
    assert!((before..=before + 61_000).contains(&left(&rig)), "{before}, then {}", left(&rig));
}

#[test]
fn secrets_of_old_epochs_and_used_prekeys_are_erased() {
    let mut rig = Rig::new(3);
    for _ in 0..6 {
        // A day passes, epochs end, each peer publishes new prekeys.
        rig.advance(25 * 3_600_000);
        for post in [NORTH, SOUTH, EAST] {
            let draft = warning(&rig, post);
            released(rig.release(post, draft));
            rig.run();
        }
        for _ in 0..2 {
            rig.advance(31_000);
        }
    }
    for post in [NORTH, SOUTH, EAST] {
        let epochs = kept(&rig, post, "epoch/receive/");
        assert_eq!(epochs.len(), 2, "of each peer the one in use: {epochs:?} at {post}");
        let prekeys = kept(&rig, post, "prekey/own/");
        assert!(prekeys.len() <= 4, "{prekeys:?} at {post}");
        let first = format!("prekey/own/{:010}", 1);
        assert!(!prekeys.contains(&first), "the first is long used: {prekeys:?}");
    }
    // And what is left is enough, after a restart too.
    rig.kill(SOUTH);
    rig.start(SOUTH);
    rig.connect_all();
    rig.run();
    rig.advance(25 * 3_600_000);
    let draft = warning(&rig, NORTH);
    let entry = released(rig.release(NORTH, draft));
    rig.run();
    for _ in 0..2 {
        rig.advance(31_000);
    }
    let mut by = receipted(&rig, NORTH, entry);
    by.sort_unstable();
    assert_eq!(by, [SOUTH, EAST]);
    for post in rig.posts() {
        assert!(!alarms(&rig, post).contains(&Cause::CarrierCorrupt { route: 0 }), "at {post}");
    }
}

#[test]
fn a_run_is_judged_alike_on_one_thread_and_on_many() {
    let held = |threads: usize| {
        let mut rig = Rig::new(2);
        let threads = std::num::NonZeroUsize::new(threads).expect("one or more");
        rig.lines[SOUTH.index()].as_mut().unwrap().set_threads(threads);
        let mut north = Forger::take_over(&mut rig, NORTH);
        let first = north.frontier.size();
        let mut items = Vec::new();
        for at in 0..70 {
            let (mut header, open) = north.warning(&rig, Precedence::Routine);
            if at % 7 == 3 {
                header.precedence = Precedence::Priority;
            }
            items.push(north.append_message(header, open));
        }
        items.push(north.sign());
        north.send(&mut rig, SOUTH, &items);
        let entries = rig.stores[SOUTH.index()].entries(rig.charter.line_id(), SOUTH, 0, 1000);
        let entries: Vec<_> = entries.unwrap().into_iter().map(|entry| entry.leaf).collect();
        let mut taken = received(&rig, SOUTH);
        taken.retain(|id| id.log == NORTH && id.index >= first);
        (entries, taken, alarms(&rig, SOUTH))
    };
    let alone = held(1);
    assert_eq!(alone.1.len(), 60, "ten are refused");
    assert_eq!(alone, held(4));
}
