//! What a peer that holds real keys can try: it never stops us, never outshouts another, and never
//! has anything shown that was not so.

use khatt_record::{
    Precedence,
    entry::{Act, Unknown},
    seal::Standing,
    statement::Role,
};

use super::{forger::Forger, *};
use crate::line::Halt;

fn goes_on(rig: &mut Rig, from: PostIndex, to: PostIndex) {
    let draft = warning(rig, from);
    let entry = released(rig.release(from, draft));
    rig.run();
    rig.advance(31_000);
    assert!(receipted(rig, from, entry).contains(&to), "nothing of ours is blocked by it");
}

pub(super) fn filler(forger: &Forger) -> Entry {
    // An entry of a type that this version does not know.
    let mut out = khatt_record::cbor::Writer::new();
    out.array(4).uint(1).uint(40).uint(forger.t_ms);
    forger.seen().write(&mut out);
    let bytes = out.finish();
    let unknown =
        Entry::decode(&bytes, 2, forger.post).or_else(|_| Entry::decode(&bytes, 3, forger.post));
    let Ok(Entry::Unknown(Unknown { .. })) = &unknown else { panic!("{unknown:?}") };
    unknown.unwrap()
}

/// Sends a FLASH so many entries ahead, proved in a log whose other entries stay away.
fn flash_ahead(rig: &mut Rig, forger: &mut Forger, gap: u64) -> (EntryId, Vec<Item>) {
    let mut items = Vec::new();
    for _ in 0..gap {
        let entry = filler(forger);
        items.push(forger.append(&entry));
        items.push(forger.sign());
    }
    let (header, open) = forger.warning(rig, Precedence::Flash);
    let index = forger.frontier.size();
    let message = forger.append_message(header, open);
    let (size, hashes) = (index + 1, forger.frontier.last_leaf_proof());
    let proof = Item::Proof { log: forger.post, index, size, hashes };
    let signature = forger.sign();
    forger.send(rig, SOUTH, &[message, proof, signature]);
    (EntryId { log: forger.post, index }, items)
}

#[test]
fn a_run_that_contradicts_a_flash_ahead_is_a_fork_and_stops_nothing() {
    let mut rig = Rig::new(3);
    let mut north = Forger::take_over(&mut rig, NORTH);
    let mut other = north.twin();
    let (flash, _) = flash_ahead(&mut rig, &mut north, 3);
    assert!(received(&rig, SOUTH).contains(&flash));
    // The same sizes again, but of another history.
    for extra in 0..4 {
        let entry = filler(&other);
        let (leaf, signature) = (other.append(&entry), other.sign());
        other.send(&mut rig, SOUTH, &[leaf, signature]);
        let proved = alarms(&rig, SOUTH).contains(&Cause::PeerForked { post: NORTH });
        assert!(proved == (extra >= 2), "proved once all that the FLASH stood on has come");
    }
    goes_on(&mut rig, SOUTH, EAST);
    let line = rig.lines[SOUTH.index()].as_ref().unwrap();
    let (_, proof) = line.evidence_kept().unwrap().pop().expect("the proof is kept");
    let proof = khatt_record::fork::ForkProof::decode(&proof).unwrap();
    assert_eq!(proof.verify(&rig.charter).expect("holds").post, NORTH);
    // And it stays so after a restart; others are told.
    rig.kill(SOUTH);
    rig.start(SOUTH);
    assert!(rig.lines[SOUTH.index()].as_ref().unwrap().log_views()[NORTH.index()].frozen);
    assert!(alarms(&rig, EAST).contains(&Cause::PeerForked { post: NORTH }));
}

#[test]
fn a_longer_run_that_contradicts_a_flash_ahead_is_a_fork_too() {
    let mut rig = Rig::new(2);
    let mut north = Forger::take_over(&mut rig, NORTH);
    let mut other = north.twin();
    flash_ahead(&mut rig, &mut north, 3);
    let mut items = Vec::new();
    for _ in 0..9 {
        let entry = filler(&other);
        items.push(other.append(&entry));
    }
    items.push(other.sign());
    other.send(&mut rig, SOUTH, &items);
    assert!(alarms(&rig, SOUTH).contains(&Cause::PeerForked { post: NORTH }));
    let line = rig.lines[SOUTH.index()].as_ref().unwrap();
    let (_, proof) = line.evidence_kept().unwrap().pop().expect("the proof is kept");
    let proof = khatt_record::fork::ForkProof::decode(&proof).unwrap();
    assert!(proof.verify(&rig.charter).is_ok());
}

#[test]
fn our_entries_stay_readable_while_predecessors_of_a_flash_come_one_by_one() {
    let mut rig = Rig::new(2);
    let mut north = Forger::take_over(&mut rig, NORTH);
    let (flash, items) = flash_ahead(&mut rig, &mut north, 3);
    for pair in items.chunks(2) {
        north.send(&mut rig, SOUTH, pair);
        // Something of South's own at every step, so that its `seen` is written.
        let draft = warning(&rig, SOUTH);
        released(rig.release(SOUTH, draft));
    }
    let line = rig.charter.line_id();
    for entry in rig.stores[SOUTH.index()].entries(line, SOUTH, 0, 1000).unwrap() {
        assert!(Entry::decode(&entry.leaf, 2, SOUTH).is_ok(), "entry {} of South", entry.id);
    }
    let views = rig.lines[SOUTH.index()].as_ref().unwrap().log_views();
    assert_eq!(views[NORTH.index()].size, flash.index + 1, "the FLASH took its place by itself");
    assert_eq!(received(&rig, SOUTH).iter().filter(|id| **id == flash).count(), 1);
}

#[test]
fn a_flash_ahead_is_held_whole_though_its_predecessors_never_come() {
    let mut rig = Rig::new(2);
    let mut north = Forger::take_over(&mut rig, NORTH);
    let (flash, _) = flash_ahead(&mut rig, &mut north, 3);
    for _ in 0..2 {
        let line = rig.lines[SOUTH.index()].as_ref().unwrap();
        let view = line.message_view(flash).unwrap().expect("what is receipted can be read");
        assert!(view.body.is_some() && view.auth.is_some());
        rig.kill(SOUTH);
        rig.start(SOUTH);
    }
}

#[test]
fn an_entry_that_is_next_is_not_ahead() {
    let mut rig = Rig::new(2);
    let mut north = Forger::take_over(&mut rig, NORTH);
    let (header, open) = north.warning(&rig, Precedence::Flash);
    let index = north.frontier.size();
    let message = north.append_message(header, open);
    let entry = filler(&north);
    let _ = north.append(&entry);
    // Proved in a log of one entry more, which stays away.
    let proof = north.proof(index);
    let signature = north.sign();
    north.send(&mut rig, SOUTH, &[message, proof, signature]);
    assert!(!received(&rig, SOUTH).contains(&EntryId { log: NORTH, index }));
    let draft = warning(&rig, SOUTH);
    let entry = released(rig.release(SOUTH, draft));
    let held = rig.stores[SOUTH.index()].entry(rig.charter.line_id(), entry).unwrap();
    assert!(Entry::decode(&held.expect("stored").leaf, 2, SOUTH).is_ok());
}

#[test]
fn neither_post_nor_one_officer_gets_around_the_release_rule() {
    for (act, roles) in [(Act::Service, &[][..]), (Act::Acknowledge, &[Role::Acknowledge][..])] {
        let mut rig = Rig::new(2);
        let mut north = Forger::take_over(&mut rig, NORTH);
        let (header, open) = north.message(&rig, "warning", act, Precedence::Routine, roles);
        let index = north.frontier.size();
        let items = [north.append_message(header, open), north.sign()];
        north.send(&mut rig, SOUTH, &items);
        let id = EntryId { log: NORTH, index };
        assert!(!received(&rig, SOUTH).contains(&id), "{act:?}");
        assert!(alarms(&rig, SOUTH).contains(&Cause::PeerReleaseRule { post: NORTH }));
        let line = rig.lines[SOUTH.index()].as_ref().unwrap();
        assert!(line.receipted[NORTH.index()] <= index, "no receipt for it");
        let view = line.message_view(id).unwrap().expect("it is on the record");
        assert!(view.auth.is_none(), "and is never shown as released");
    }
}

#[test]
fn a_later_receipt_does_not_cover_what_was_refused() {
    let mut rig = Rig::new(2);
    let small = khatt_record::charter::Quotas { entry_bytes: 300, ..rig.charter.charter().quotas };
    rig.lines[SOUTH.index()].as_mut().unwrap().people.set_quotas(small, rig.now);
    let draft = warning(&rig, NORTH);
    let refused = released(rig.release(NORTH, draft));
    rig.run();
    let large = rig.charter.charter().quotas;
    rig.lines[SOUTH.index()].as_mut().unwrap().people.set_quotas(large, rig.now);
    for _ in 0..2 {
        goes_on(&mut rig, NORTH, SOUTH);
        assert_eq!(receipted(&rig, NORTH, refused), [], "refused, and never shown as received");
        rig.kill(NORTH);
        rig.start(NORTH);
        rig.connect_all();
        rig.run();
    }
}

#[test]
fn a_flood_of_wants_brings_about_no_flood_of_entries() {
    let mut rig = Rig::new(3);
    for _ in 0..20 {
        for post in [SOUTH, EAST] {
            let draft = warning(&rig, post);
            released(rig.release(post, draft));
        }
    }
    rig.run();
    let mut north = Forger::take_over(&mut rig, NORTH);
    rig.input(SOUTH, Input::Connected { peer: NORTH, route: Route::Direct });
    let have = [SOUTH, EAST].map(|log| Standing { log, size: 0, root: empty_start() });
    north.send(&mut rig, SOUTH, &[Item::Have(have.to_vec())]);
    let wants: Vec<Item> = (0..1000)
        .flat_map(|_| {
            [
                Item::Want { log: SOUTH, from: 0, to: 99 },
                Item::Want { log: EAST, from: 0, to: 99 },
                Item::Want { log: SOUTH, from: 5, to: 5 },
                Item::Reject { log: SOUTH, index: 0, code: 0 },
            ]
        })
        .collect();
    rig.frames_sent.clear();
    for _ in 0..5 {
        north.send(&mut rig, SOUTH, &wants);
    }
    let sent: usize =
        rig.frames_sent.iter().filter(|sent| sent.1 == NORTH).map(|sent| sent.2).sum();
    assert!(sent < 200_000, "{sent} bytes");
    // Nothing is lost by it: what was asked for comes, only later.
    rig.frames_sent.clear();
    rig.advance(10_000);
    assert!(rig.frames_sent.iter().any(|(from, to, _)| (*from, *to) == (SOUTH, NORTH)));
    goes_on(&mut rig, SOUTH, EAST);
}

fn empty_start() -> [u8; 8] {
    *khatt_record::merkle::empty_root().0.first_chunk().unwrap()
}

#[test]
fn nobody_stands_in_the_way_of_another_posts_entries() {
    let mut rig = Rig::new(3);
    let next = rig.lines[SOUTH.index()].as_ref().unwrap().log_views()[NORTH.index()].size;
    let mut east = Forger::take_over(&mut rig, EAST);
    let rubbish: Vec<Item> =
        (next..next + 50).map(|index| Item::Leaf { log: NORTH, index, leaf: vec![0x80] }).collect();
    east.send(&mut rig, SOUTH, &rubbish);
    let draft = warning(&rig, NORTH);
    let entry = released(rig.release(NORTH, draft));
    rig.run();
    assert_eq!(receipted(&rig, NORTH, entry), [SOUTH]);
    assert!(!alarms(&rig, SOUTH).contains(&Cause::PeerBadSignature { post: NORTH }));
}

#[test]
fn a_relay_cannot_strip_a_message_of_its_text() {
    let mut rig = Rig::new(3);
    let mut east = Forger::take_over(&mut rig, EAST);
    let draft = warning(&rig, NORTH);
    let entry = released(rig.release(NORTH, draft));
    rig.wire.clear();
    // East saw the entry and hands it on without what it commits to.
    let line = rig.charter.line_id();
    let from = rig.lines[SOUTH.index()].as_ref().unwrap().log_views()[NORTH.index()].size;
    let store = &rig.stores[NORTH.index()];
    let mut items: Vec<Item> = store
        .entries(line, NORTH, from, 100)
        .unwrap()
        .into_iter()
        .map(|held| Item::Leaf { log: NORTH, index: held.id.index, leaf: held.leaf })
        .collect();
    let newest = store.checkpoints(line, NORTH, entry.index + 1, 1).unwrap()[0];
    items.push(Item::Sig { log: NORTH, size: newest.size, signature: newest.signature });
    east.send(&mut rig, SOUTH, &items);
    assert!(alarms(&rig, SOUTH).contains(&Cause::PeerMalformed { post: EAST }));
    assert!(!alarms(&rig, SOUTH).contains(&Cause::PeerUnopenable { post: NORTH }));
    for _ in 0..3 {
        rig.advance(31_000);
    }
    assert!(received(&rig, SOUTH).contains(&entry), "its author still delivers it");
    assert_eq!(receipted(&rig, NORTH, entry), [SOUTH]);
}

#[test]
fn a_capsule_without_a_signed_entry_says_nothing() {
    let mut rig = Rig::new(2);
    let north = Forger::take_over(&mut rig, NORTH);
    let before = rig.lines[SOUTH.index()].as_ref().unwrap().peers[NORTH.index()].confirmed;
    // Anybody who knows the line can seal one. It claims that North holds all of South's log.
    let view = rig.lines[SOUTH.index()].as_ref().unwrap().log_views()[SOUTH.index()];
    let root = *view.root.0.first_chunk().unwrap();
    let have = Item::Have(vec![Standing { log: SOUTH, size: view.size, root }]);
    let frame = north.bare_capsule(SOUTH, &[have]);
    north.deliver(&mut rig, SOUTH, frame);
    let line = rig.lines[SOUTH.index()].as_ref().unwrap();
    assert_eq!(line.peers[NORTH.index()].confirmed, before);
    assert!(alarms(&rig, SOUTH).contains(&Cause::PeerMalformed { post: NORTH }));
}

#[test]
fn a_claim_on_our_log_without_our_signature_is_an_alarm_and_nothing_more() {
    let mut rig = Rig::new(3);
    let mut north = Forger::take_over(&mut rig, NORTH);
    rig.input(SOUTH, Input::Connected { peer: NORTH, route: Route::Direct });
    let mut items = Vec::new();
    for _ in 0..200 {
        let mut seen = north.seen();
        seen.set(SOUTH, khatt_record::entry::SeenLog::prefix(1 << 40));
        let receipt = Receipt {
            t_ms: north.t_ms,
            seen,
            log: SOUTH,
            size: 1 << 40,
            root: north.frontier.root(),
        };
        items.push(north.append(&Entry::Receipt(receipt)));
    }
    items.push(north.sign());
    rig.frames_sent.clear();
    north.send(&mut rig, SOUTH, &items);
    assert!(rig.frames_sent.len() < 20, "{} questions", rig.frames_sent.len());
    for _ in 0..3 {
        let have = Item::Have(vec![Standing { log: SOUTH, size: 1 << 40, root: [7; 8] }]);
        north.send(&mut rig, SOUTH, &[have]);
        rig.advance(5_000);
    }
    assert!(alarms(&rig, SOUTH).contains(&Cause::PeerBadReceipt { post: NORTH }));
    assert_eq!(rig.lines[SOUTH.index()].as_ref().unwrap().halted(), None);
    goes_on(&mut rig, SOUTH, EAST);
    rig.kill(SOUTH);
    rig.start(SOUTH);
    let line = rig.lines[SOUTH.index()].as_ref().unwrap();
    assert!(line.peers[NORTH.index()].cursor <= line.logs[SOUTH.index()].size());
}

#[test]
fn forged_evidence_accuses_nobody() {
    let mut rig = Rig::new(3);
    let mut north = Forger::take_over(&mut rig, NORTH);
    let signed = |root: u8, post| {
        let origin = rig.charter.origin(post).unwrap();
        let checkpoint = khatt_record::checkpoint::Checkpoint {
            origin,
            size: 5,
            root: khatt_record::Hash([root; 32]),
        };
        // By North's key, against others.
        checkpoint.sign(&forger::signer_of(NORTH))
    };
    let proofs: Vec<Item> = [SOUTH, EAST]
        .map(|log| {
            let (a, b) = (signed(1, log), signed(2, log));
            Item::Evidence(khatt_record::fork::ForkProof::SameSize { log, a, b }.encode())
        })
        .to_vec();
    north.send(&mut rig, SOUTH, &proofs);
    let line = rig.lines[SOUTH.index()].as_ref().unwrap();
    assert!(line.log_views().iter().all(|log| !log.frozen));
    assert!(line.evidence_kept().unwrap().is_empty());
    assert!(line.halted().is_none());
    assert!(alarms(&rig, SOUTH).contains(&Cause::PeerMalformed { post: NORTH }));
    goes_on(&mut rig, SOUTH, EAST);
}

#[test]
fn a_rolled_back_post_hears_so_before_it_shows_anyone_another_history() {
    let mut rig = Rig::new(2);
    let copy = rig.stores[NORTH.index()].copy();
    for _ in 0..2 {
        let draft = warning(&rig, NORTH);
        released(rig.release(NORTH, draft));
        rig.run();
    }
    rig.kill(NORTH);
    rig.stores[NORTH.index()].restore(&copy);
    rig.start(NORTH);
    rig.now.wall_ms += 5_000;
    // It writes more than it had before, and only then meets its peer again.
    for _ in 0..9 {
        let draft = warning(&rig, NORTH);
        released(rig.release(NORTH, draft));
    }
    rig.connect_all();
    for _ in 0..3 {
        rig.run();
        rig.advance(31_000);
    }
    let line = rig.lines[NORTH.index()].as_ref().unwrap();
    assert!(matches!(line.halted(), Some(Halt::RolledBack { .. })));
    let line = rig.lines[SOUTH.index()].as_ref().unwrap();
    assert!(line.evidence_kept().unwrap().is_empty(), "nobody saw two histories");
    assert!(!alarms(&rig, SOUTH).contains(&Cause::PeerBadSignature { post: NORTH }));
    // It does not forget.
    rig.kill(NORTH);
    rig.start(NORTH);
    let size = rig.lines[NORTH.index()].as_ref().unwrap().log_views()[NORTH.index()].size;
    assert!(rig.lines[NORTH.index()].as_ref().unwrap().halted().is_some());
    rig.connect_all();
    rig.run();
    rig.advance(90_000_000);
    let after = rig.lines[NORTH.index()].as_ref().unwrap().log_views()[NORTH.index()].size;
    assert_eq!(after, size, "signs nothing more");
}

#[test]
fn a_flood_of_line_tests_does_not_use_up_our_quota() {
    let mut rig = Rig::new(2);
    let mut north = Forger::take_over(&mut rig, NORTH);
    let before = rig.lines[SOUTH.index()].as_ref().unwrap().log_views()[SOUTH.index()].size;
    for _ in 0..100 {
        let (header, open) =
            north.message(&rig, "line-test", Act::Service, Precedence::Routine, &[]);
        let items = [north.append_message(header, open), north.sign()];
        north.send(&mut rig, SOUTH, &items);
    }
    let line = rig.charter.line_id();
    let written = rig.stores[SOUTH.index()].entries(line, SOUTH, before, 1000).unwrap();
    let replies = written.iter().filter(|entry| entry.open.is_some()).count();
    assert!((1..=16).contains(&replies), "{replies} replies");
}

#[test]
fn sixty_four_entries_seen_beyond_a_gap_are_taken_and_one_more_is_malformed() {
    for (count, taken) in [(64, true), (65, false)] {
        let mut rig = Rig::new(3);
        let mut north = Forger::take_over(&mut rig, NORTH);
        let mut seen = north.seen();
        let prefix = seen.of(EAST).expect("another post").prefix;
        let beyond = (0..count).map(|at| 1_000_000 + 2 * at).collect();
        seen.set(EAST, khatt_record::entry::SeenLog { prefix, beyond });
        let (mut header, open) = north.warning(&rig, Precedence::Routine);
        header.seen = seen;
        let index = north.frontier.size();
        let leaf = north.append(&Entry::Message(header));
        let Item::Leaf { log, leaf, .. } = leaf else { unreachable!() };
        let items = [Item::Opened { log, index, leaf, open }, north.sign()];
        north.send(&mut rig, SOUTH, &items);
        let id = EntryId { log: NORTH, index };
        assert_eq!(received(&rig, SOUTH).contains(&id), taken);
        assert_eq!(alarms(&rig, SOUTH).contains(&Cause::PeerMalformed { post: NORTH }), !taken);
        goes_on(&mut rig, SOUTH, EAST);
    }
}

#[test]
fn entries_that_no_signature_covers_take_bounded_room() {
    let mut rig = Rig::new(3);
    let next = rig.lines[SOUTH.index()].as_ref().unwrap().log_views()[NORTH.index()].size;
    let mut east = Forger::take_over(&mut rig, EAST);
    for frame in 0..10_u8 {
        let items: Vec<Item> = (0..16)
            .map(|at| {
                let index = next + u64::from(frame) * 16 + at;
                Item::Leaf { log: NORTH, index, leaf: vec![frame; 60_000] }
            })
            .collect();
        east.send(&mut rig, SOUTH, &items);
    }
    let line = rig.lines[SOUTH.index()].as_ref().unwrap();
    let waiting = line.logs[NORTH.index()].waiting_bytes();
    assert!((7 << 20..=8 << 20).contains(&waiting), "{waiting} bytes");
    goes_on(&mut rig, NORTH, SOUTH);
}

#[test]
fn a_message_rings_only_once_it_is_stored() {
    let mut rig = Rig::new(2);
    rig.stores[SOUTH.index()].fail_next(Failure::Full);
    let draft = warning(&rig, NORTH);
    let entry = released(rig.release(NORTH, draft));
    rig.run();
    let rung = |rig: &Rig| {
        rig.events.iter().any(|(post, event)| {
            *post == SOUTH
                && matches!(event, Event::Alarm(crate::alarm::Change {
                    cause: Cause::IncomingUnacknowledged { message, .. }, ..
                }) if *message == entry)
        })
    };
    assert!(!rung(&rig));
    rig.advance(1_500);
    assert!(rung(&rig));
}

#[test]
fn a_signature_in_anothers_name_says_who_sent_it() {
    let mut rig = Rig::new(3);
    let mut north = Forger::take_over(&mut rig, NORTH);
    let size = rig.lines[SOUTH.index()].as_ref().unwrap().log_views()[EAST.index()].size;
    // At a size that South holds, so that nothing waits for it.
    north.send(&mut rig, SOUTH, &[Item::Sig { log: EAST, size, signature: [7; 64] }]);
    assert!(alarms(&rig, SOUTH).contains(&Cause::PeerBadSignature { post: NORTH }));
    assert!(!alarms(&rig, SOUTH).contains(&Cause::PeerBadSignature { post: EAST }));
}
