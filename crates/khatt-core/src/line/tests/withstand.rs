//! What a line must withstand without any malice: kills at every moment, full disks, a long absence.

use khatt_record::Precedence;

use super::{forger::Forger, *};
use crate::store::{Batch, Head, Sealed, StoredCheckpoint, StoredEntry, Writer};

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
    // What North wrote meanwhile goes straight to its store: 200 messages among other entries.
    let mut north = Forger::writer(&mut rig, NORTH);
    let (line, first) = (rig.charter.line_id(), north.frontier.size());
    let mut messages = 0;
    let mut store = rig.stores[NORTH.index()].clone();
    while north.frontier.size() < first + 10_000 {
        let mut batch = Batch::default();
        for at in 0..50 {
            let index = north.frontier.size();
            let (entry, open) = if at == 0 {
                let (header, open) = north.warning(&rig, Precedence::Routine);
                messages += 1;
                (Entry::Message(header), Some(Sealed(open.encode())))
            } else {
                (hostile::filler(&north), None)
            };
            let _ = north.append(&entry);
            let (id, leaf) = (EntryId { log: NORTH, index }, entry.encode());
            let leaf_hash = khatt_record::merkle::leaf_hash(&leaf);
            batch.entries.push(StoredEntry { id, leaf, leaf_hash, open });
        }
        let (size, root) = (north.frontier.size(), north.frontier.root());
        let signature = north.signature(size, root);
        batch.checkpoints.push(StoredCheckpoint { log: NORTH, size, root, signature });
        batch.heads.push(Head { log: NORTH, size, root, frontier: north.frontier.encode() });
        store.commit(line, &batch).expect("room");
    }
    rig.start(NORTH);
    rig.frames_sent.clear();
    rig.start(SOUTH);
    rig.connect_all();
    rig.run();
    let size = rig.lines[NORTH.index()].as_ref().unwrap().log_views()[NORTH.index()].size;
    assert!(size >= first + 10_000);
    let views = rig.lines[SOUTH.index()].as_ref().unwrap().log_views();
    assert_eq!(views[NORTH.index()].size, size, "all of it in one go, no clock needed");
    let from_north = || rig.frames_sent.iter().filter(|(from, _, _)| *from == NORTH);
    assert!(from_north().count() < 100, "{} frames", from_north().count());
    let bytes: usize = from_north().map(|(_, _, bytes)| bytes).sum();
    assert!(bytes < 700_000, "{bytes} bytes: nothing is sent twice");
    let mut got = received(&rig, SOUTH);
    got.retain(|id| id.index >= first);
    assert_eq!(got.len(), messages);
    got.sort_unstable();
    got.dedup();
    assert_eq!(got.len(), messages, "nothing twice");
    let last = got.last().expect("messages").index;
    assert!(rig.lines[SOUTH.index()].as_ref().unwrap().receipted[NORTH.index()] > last);
    for _ in 0..2 {
        rig.advance(31_000);
    }
    assert_eq!(roots(&rig).len(), 1);
}
