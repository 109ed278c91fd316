//! What a line must withstand without any malice: kills at every moment, full disks, a long absence.

use khatt_record::Precedence;

use super::*;

/// Receives exactly once, receipts, same logs: what must hold however a run was disturbed.
fn whole(rig: &mut Rig, entries: &[EntryId]) {
    for _ in 0..4 {
        rig.run();
        rig.advance(31_000);
    }
    for entry in entries {
        for other in rig.posts().into_iter().filter(|post| *post != entry.log) {
            let line = rig.lines[other.index()].as_ref().unwrap();
            let view = line.message_view(*entry).unwrap();
            assert!(view.is_some_and(|view| view.auth.is_some()), "{entry} at {other}");
            let ladder =
                rig.lines[entry.log.index()].as_ref().unwrap().ladder(*entry, rig.now).unwrap();
            assert!(
                ladder.post(other).unwrap().reached(Level::Received).is_some(),
                "{entry} has no receipt by {other}"
            );
        }
    }
    assert_eq!(roots(rig).len(), 1, "all hold the same logs");
    for post in rig.posts() {
        let line = rig.lines[post.index()].as_ref().unwrap();
        assert!(line.halted().is_none());
        assert!(line.evidence_kept().unwrap().is_empty());
        let forged = alarms(rig, post);
        let forged = forged.iter().find(|cause| {
            matches!(
                cause,
                Cause::PeerBadSignature { .. }
                    | Cause::PeerForked { .. }
                    | Cause::PeerMalformed { .. }
                    | Cause::PeerBadReceipt { .. }
            )
        });
        assert_eq!(forged, None, "nobody is accused at {post}");
    }
}

#[test]
fn a_post_killed_before_or_after_any_commit_loses_nothing_and_repeats_nothing() {
    for failure in [Failure::FatalBefore, Failure::FatalAfter] {
        for victim in [NORTH, SOUTH] {
            for commit in 0..6 {
                let mut rig = Rig::new(2);
                let mut released = Vec::new();
                for round in 0..3 {
                    let draft = warning(&rig, NORTH);
                    let answer = rig.release(NORTH, draft);
                    if let Ok(Done::Released(entry)) = answer {
                        released.push(entry);
                    }
                    // Deliver frame by frame; the disk fails at the wanted one.
                    if round == 1 {
                        for _ in 0..commit {
                            if let Some((peer, to, bytes)) = rig.wire.pop_front() {
                                let route = Route::Direct;
                                rig.input(to, Input::Frame { peer, route, bytes });
                            }
                        }
                        rig.stores[victim.index()].fail_next(failure);
                    }
                    if round != 1 {
                        rig.run();
                    }
                }
                rig.run();
                rig.kill(victim);
                rig.start(victim);
                rig.connect_all();
                whole(&mut rig, &released);
            }
        }
    }
}

#[test]
fn a_full_disk_at_either_side_only_delays() {
    for victim in [NORTH, SOUTH] {
        for skip in 0..4 {
            let mut rig = Rig::new(2);
            let draft = warning(&rig, NORTH);
            let first = released(rig.release(NORTH, draft));
            for _ in 0..skip {
                if let Some((peer, to, bytes)) = rig.wire.pop_front() {
                    rig.input(to, Input::Frame { peer, route: Route::Direct, bytes });
                }
            }
            rig.stores[victim.index()].fail_next(Failure::Full);
            rig.run();
            rig.advance(1_500);
            whole(&mut rig, &[first]);
        }
    }
}

#[test]
fn a_full_disk_is_said_at_once() {
    let mut rig = Rig::new(2);
    rig.stores[NORTH.index()].fail_next(Failure::Full);
    let draft = warning(&rig, NORTH);
    let _ = rig.act(NORTH, crate::line::Act::Draft(draft.clone()));
    let ticket = crate::line::Ticket(777);
    let act = crate::line::Act::Draft(draft);
    rig.input(NORTH, Input::Act { ticket, act });
    let answer = rig.replies.iter().find(|(_, of, _)| *of == ticket);
    assert!(matches!(answer, Some((_, _, Err(crate::line::ActError::LocalDiskFull)))));
}

#[test]
fn of_three_posts_two_go_on_while_one_is_away() {
    let mut rig = Rig::new(3);
    rig.kill(EAST);
    let mut entries = Vec::new();
    for post in [NORTH, SOUTH, NORTH, SOUTH] {
        let draft = warning(&rig, post);
        let entry = released(rig.release(post, draft));
        rig.run();
        assert_eq!(receipted(&rig, post, entry).len(), 1);
        entries.push(entry);
    }
    // North is gone when East returns: South hands on what North wrote.
    rig.kill(NORTH);
    rig.start(EAST);
    rig.connect_all();
    for _ in 0..8 {
        rig.run();
        rig.advance(31_000);
    }
    for entry in &entries {
        assert_eq!(received(&rig, EAST).iter().filter(|id| *id == entry).count(), 1, "{entry}");
    }
    rig.start(NORTH);
    rig.connect_all();
    whole(&mut rig, &entries);
}

#[test]
fn quotas_outlive_a_restart() {
    let mut charter = sample_charter(2);
    charter.quotas.flash_per_hour = 2;
    let mut rig = Rig::of(sign_charter(charter));
    let mut sent = 0;
    for _ in 0..4 {
        let mut draft = warning(&rig, NORTH);
        draft.precedence = Some(Precedence::Flash);
        if matches!(rig.release(NORTH, draft), Ok(Done::Released(_))) {
            sent += 1;
        }
        rig.run();
        rig.kill(NORTH);
        rig.start(NORTH);
        rig.connect_all();
        rig.run();
    }
    assert_eq!(sent, 2, "a restart gives no second quota");
}

#[test]
fn ten_thousand_entries_after_a_day_come_once_and_soon() {
    let mut rig = Rig::new(2);
    rig.kill(SOUTH);
    // One real message made 10,000 times would take its officers half a minute: line tests do.
    let before = rig.lines[NORTH.index()].as_ref().unwrap().log_views()[NORTH.index()].size;
    let mut entries = Vec::new();
    while rig.lines[NORTH.index()].as_ref().unwrap().log_views()[NORTH.index()].size < before + 10_000 {
        let act = crate::line::Act::TestLine;
        let _ = rig.act(NORTH, act);
        rig.advance(8_640);
        if entries.len() < 3 {
            let draft = warning(&rig, NORTH);
            entries.push(released(rig.release(NORTH, draft)));
        }
    }
    rig.frames_sent.clear();
    rig.start(SOUTH);
    rig.connect_all();
    rig.run();
    let views = rig.lines[SOUTH.index()].as_ref().unwrap().log_views();
    let size = rig.lines[NORTH.index()].as_ref().unwrap().log_views()[NORTH.index()].size;
    assert_eq!(views[NORTH.index()].size, size, "all of it in one go, no clock needed");
    let frames = rig.frames_sent.iter().filter(|(from, _, _)| *from == NORTH).count();
    assert!(frames < 200, "{frames} frames: nothing is sent twice");
    let mut got = received(&rig, SOUTH);
    let count = got.len();
    got.sort_unstable();
    got.dedup();
    assert_eq!(got.len(), count, "nothing twice");
    whole(&mut rig, &entries);
}
