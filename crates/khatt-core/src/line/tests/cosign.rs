//! Post-quantum cosignatures: when they are made, who comes to hold them, what a wrong one does.

use khatt_record::cosign::Cosignature;

use super::{forger::Forger, *};
use crate::{
    line::{COSIGN_ENTRIES, COSIGN_EVERY_S, CosignedView, stored_cosignatures},
    testing::pq_signer,
};

fn view(rig: &Rig, at: PostIndex, log: PostIndex, by: PostIndex) -> Option<CosignedView> {
    let line = rig.lines[at.index()].as_ref().expect("the post is up");
    line.cosigned_views().into_iter().find(|view| view.log == log && view.by == by)
}

fn stored(rig: &Rig, at: PostIndex, log: PostIndex) -> Vec<Cosignature> {
    let line = rig.charter.line_id();
    stored_cosignatures(&rig.stores[at.index()], line, log).expect("readable")
}

/// Appends entries of North's that owe nobody anything, and lets them travel.
fn grow(rig: &mut Rig, entries: u64) {
    let now = rig.now;
    let line = rig.lines[NORTH.index()].as_mut().expect("the post is up");
    let of = line.log_views()[SOUTH.index()];
    for _ in 0..entries {
        let (t_ms, seen) = (now.wall_ms, line.seen());
        let receipt = Receipt { t_ms, seen, log: SOUTH, size: of.size, root: of.root };
        line.append_own(&Entry::Receipt(receipt), None);
    }
    rig.drain(NORTH);
    rig.run();
}

/// Lets the posts say several times what they hold.
fn heartbeats(rig: &mut Rig) {
    for _ in 0..4 {
        rig.advance(31_000);
    }
}

#[test]
fn every_post_cosigns_every_log_and_all_hold_it() {
    let mut rig = Rig::cosigning(3);
    let made_s = rig.now.wall_ms / 1000;
    heartbeats(&mut rig);
    for at in rig.posts() {
        for log in rig.posts() {
            for by in rig.posts() {
                let view = view(&rig, at, log, by).expect("it is held");
                let theirs = self::view(&rig, by, log, by).expect("it is their own");
                assert_eq!((view.size, view.time_s), (theirs.size, theirs.time_s));
                assert_eq!(view.time_s, made_s);
            }
            for one in stored(&rig, at, log) {
                let line = rig.lines[at.index()].as_ref().expect("the post is up");
                let root = line.root_at(log, one.size).expect("a root");
                assert_eq!(one.verify(&rig.charter, root), Ok(()));
            }
        }
        assert!(!alarms(&rig, at).contains(&Cause::PeerBadCosignature { post: NORTH }));
    }
}

#[test]
fn without_a_key_at_hand_none_is_made_and_none_is_missed() {
    let mut rig = Rig::new(2);
    grow(&mut rig, COSIGN_ENTRIES);
    for at in rig.posts() {
        assert_eq!(rig.lines[at.index()].as_ref().expect("up").cosigned_views(), []);
    }
}

#[test]
fn a_log_is_cosigned_again_after_256_entries_and_not_before() {
    let mut rig = Rig::cosigning(2);
    heartbeats(&mut rig);
    let first = view(&rig, NORTH, NORTH, NORTH).expect("the first").size;
    let size = |rig: &Rig| rig.lines[0].as_ref().expect("up").log_views()[0].size;
    let missing = COSIGN_ENTRIES - (size(&rig) - first);
    grow(&mut rig, missing - 1);
    assert_eq!(view(&rig, NORTH, NORTH, NORTH).expect("the first").size, first);
    grow(&mut rig, 1);
    let second = view(&rig, NORTH, NORTH, NORTH).expect("the second").size;
    assert_eq!(second, first + COSIGN_ENTRIES);
    let held = stored(&rig, SOUTH, NORTH);
    let by_north = held.iter().filter(|one| one.post == NORTH).map(|one| one.size);
    assert_eq!(by_north.collect::<Vec<_>>(), [first, second], "both are kept for good");
}

#[test]
fn a_log_that_has_grown_is_cosigned_again_after_a_day() {
    let mut rig = Rig::cosigning(2);
    heartbeats(&mut rig);
    let first = view(&rig, NORTH, NORTH, NORTH).expect("the first");
    grow(&mut rig, 1);
    // The heartbeats were four half minutes of the day.
    rig.advance((COSIGN_EVERY_S - 300) * 1000);
    assert_eq!(view(&rig, NORTH, NORTH, NORTH), Some(first));
    // Nobody says a word: the post looks by itself.
    rig.advance(2 * 3_600_000);
    heartbeats(&mut rig);
    let second = view(&rig, NORTH, NORTH, NORTH).expect("the second");
    assert!(second.size > first.size && second.time_s >= first.time_s + COSIGN_EVERY_S);
    let theirs = view(&rig, SOUTH, NORTH, NORTH).expect("South holds it");
    assert_eq!((theirs.size, theirs.time_s), (second.size, second.time_s));
}

#[test]
fn a_peer_that_was_away_is_sent_what_it_lacks() {
    let mut rig = Rig::cosigning(2);
    heartbeats(&mut rig);
    rig.cut(NORTH, SOUTH);
    grow(&mut rig, COSIGN_ENTRIES);
    let ours = view(&rig, NORTH, NORTH, NORTH).expect("made meanwhile");
    assert!(view(&rig, SOUTH, NORTH, NORTH).expect("an older one").size < ours.size);
    rig.heal(NORTH, SOUTH);
    rig.run();
    heartbeats(&mut rig);
    let theirs = view(&rig, SOUTH, NORTH, NORTH).expect("held");
    assert_eq!((theirs.size, theirs.time_s), (ours.size, ours.time_s));
    // Once it holds all, nothing of that length is sent again.
    rig.frames_sent.clear();
    for _ in 0..3 {
        rig.advance(61_000);
    }
    assert!(rig.frames_sent.iter().all(|(_, _, length)| *length < 2_000));
}

#[test]
fn a_restarted_post_knows_what_it_made_and_holds() {
    let mut rig = Rig::cosigning(2);
    heartbeats(&mut rig);
    let before = rig.lines[1].as_ref().expect("up").cosigned_views();
    assert_eq!(before.len(), 4);
    rig.kill(SOUTH);
    rig.start(SOUTH);
    let after = rig.lines[1].as_ref().expect("up").cosigned_views();
    assert_eq!(after, before);
}

#[test]
fn a_wrong_cosignature_is_an_alarm_and_nothing_stops() {
    let mut rig = Rig::cosigning(3);
    heartbeats(&mut rig);
    let held = view(&rig, SOUTH, NORTH, NORTH).expect("a good one");
    grow(&mut rig, COSIGN_ENTRIES / 2);
    let mut forger = Forger::take_over(&mut rig, NORTH);
    // A good signature of North's, said of a size at which it signed nothing.
    let one = stored(&rig, SOUTH, NORTH).into_iter().find(|one| one.post == NORTH);
    let size = rig.lines[1].as_ref().expect("up").log_views()[0].size;
    let moved = Cosignature { size, ..one.expect("stored") };
    forger.send(&mut rig, SOUTH, &[Item::Cosignature(moved)]);
    assert!(alarms(&rig, SOUTH).contains(&Cause::PeerBadCosignature { post: NORTH }));
    assert_eq!(view(&rig, SOUTH, NORTH, NORTH), Some(held), "it is not kept");
    let draft = warning(&rig, SOUTH);
    let entry = released(rig.release(SOUTH, draft));
    rig.run();
    assert_eq!(receipted(&rig, SOUTH, entry), [EAST], "nothing of ours is blocked by it");
}

#[test]
fn a_signer_of_another_key_is_refused_at_the_start() {
    let rig = Rig::new(2);
    let mut parts = sample_parts(NORTH, &rig.stores[0], "other");
    parts.pq_signer = Some(Box::new(pq_signer(SOUTH)));
    let opened = Line::open(rig.charter.clone(), NORTH, parts, rig.now);
    assert_eq!(opened.err(), Some(crate::line::OpenError::LocalOtherKey(NORTH)));
}
