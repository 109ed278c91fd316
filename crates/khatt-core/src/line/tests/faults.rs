//! What a faulty or hostile peer, carrier or machine does, what is said of it, and that ours goes on.

use khatt_forms::{Catalogue, Glossary, Wordbook};
use khatt_record::{Kind, charter::Quotas, fork::ForkProof};

use super::*;
use crate::line::{Act, Halt};

fn goes_on(rig: &mut Rig) {
    let draft = warning(rig, NORTH);
    let entry = released(rig.release(NORTH, draft));
    rig.run();
    assert_eq!(receipted(rig, NORTH, entry), [SOUTH], "nothing of ours is blocked by it");
}

/// Captures what North sends for one message, without delivering it.
fn captured(rig: &mut Rig) -> Vec<u8> {
    let draft = warning(rig, NORTH);
    released(rig.release(NORTH, draft));
    let at = rig.wire.iter().position(|(from, _, _)| *from == NORTH).expect("a frame");
    rig.wire.remove(at).expect("found").2
}

fn deliver(rig: &mut Rig, bytes: Vec<u8>) {
    rig.input(SOUTH, Input::Frame { peer: NORTH, route: Route::Direct, bytes });
    rig.run();
}

#[test]
fn a_changed_byte_anywhere_in_a_frame_is_found_and_said() {
    let mut rig = Rig::new(2);
    let frame = captured(&mut rig);
    let before = received(&rig, SOUTH).len();
    for at in 0..frame.len() {
        let mut changed = frame.clone();
        changed[at] ^= 0x10;
        rig.input(SOUTH, Input::Frame { peer: NORTH, route: Route::Direct, bytes: changed });
        // South may ask for the entry again; here its question is lost.
        rig.wire.clear();
        assert_eq!(received(&rig, SOUTH).len(), before, "byte {at}");
    }
    assert!(alarms(&rig, SOUTH).contains(&Cause::CarrierCorrupt { route: 0 }));
    for _ in 0..3 {
        rig.advance(31_000);
    }
    goes_on(&mut rig);
}

#[test]
fn garbage_never_panics() {
    let mut rig = Rig::new(2);
    let frame = captured(&mut rig);
    for length in 0..frame.len() {
        deliver(&mut rig, frame[..length].to_vec());
    }
    deliver(&mut rig, vec![0xff; 2_000_000]);
    goes_on(&mut rig);
}

#[test]
fn a_repeated_frame_changes_nothing_and_is_noticed() {
    let mut rig = Rig::new(2);
    let frame = captured(&mut rig);
    deliver(&mut rig, frame.clone());
    let before = received(&rig, SOUTH).len();
    deliver(&mut rig, frame);
    assert_eq!(received(&rig, SOUTH).len(), before);
    assert!(alarms(&rig, SOUTH).contains(&Cause::PeerRepeats { post: NORTH }));
    goes_on(&mut rig);
}

#[test]
fn a_frame_of_another_kind_of_line_does_not_open() {
    let mut rehearsal = Rig::new(2);
    let mut drill = {
        let mut charter = sample_charter(2);
        charter.kind = Kind::Drill;
        Rig::of(sign_charter(charter))
    };
    let before = received(&rehearsal, SOUTH).len();
    let frame = captured(&mut drill);
    deliver(&mut rehearsal, frame);
    assert_eq!(received(&rehearsal, SOUTH).len(), before, "a drill can never pass for another");
    assert!(!alarms(&rehearsal, SOUTH).is_empty());
    goes_on(&mut rehearsal);
}

#[test]
fn two_histories_shown_to_two_posts_end_in_a_proof() {
    let mut rig = Rig::new(3);
    // East signs one history for North and, from a copy of its machine, another for South.
    rig.cut(SOUTH, EAST);
    rig.cut(NORTH, SOUTH);
    let copy = rig.stores[EAST.index()].copy();
    let draft = warning(&rig, EAST);
    released(rig.release(EAST, draft));
    rig.run();
    rig.kill(EAST);
    rig.stores[EAST.index()].restore(&copy);
    rig.cut(NORTH, EAST);
    rig.start(EAST);
    rig.now.wall_ms += 5_000;
    let draft = warning(&rig, EAST);
    released(rig.release(EAST, draft));
    rig.heal(SOUTH, EAST);
    rig.run();
    rig.heal(NORTH, SOUTH);
    for _ in 0..3 {
        rig.run();
        rig.advance(31_000);
    }
    for post in [NORTH, SOUTH] {
        assert!(alarms(&rig, post).contains(&Cause::PeerForked { post: EAST }), "at {post}");
        let line = rig.lines[post.index()].as_ref().unwrap();
        let kept = line.evidence_kept().unwrap();
        let (_, proof) = kept.first().expect("the proof is kept");
        let proof = ForkProof::decode(proof).expect("a proof");
        assert_eq!(proof.verify(&rig.charter).expect("holds").post, EAST);
        assert!(line.log_views()[EAST.index()].frozen);
    }
    let draft = warning(&rig, NORTH);
    let entry = released(rig.release(NORTH, draft));
    rig.run();
    assert!(receipted(&rig, NORTH, entry).contains(&SOUTH), "the line of the others goes on");
}

#[test]
fn a_post_that_was_rolled_back_finds_out_and_signs_no_more() {
    let mut rig = Rig::new(2);
    let copy = rig.stores[NORTH.index()].copy();
    let draft = warning(&rig, NORTH);
    released(rig.release(NORTH, draft));
    rig.run();
    rig.kill(NORTH);
    rig.stores[NORTH.index()].restore(&copy);
    rig.start(NORTH);
    rig.connect_all();
    for _ in 0..3 {
        rig.run();
        rig.advance(31_000);
    }
    let line = rig.lines[NORTH.index()].as_ref().unwrap();
    assert!(matches!(line.halted(), Some(Halt::RolledBack { .. })));
    assert!(alarms(&rig, NORTH).contains(&Cause::LocalRolledBack));
    let draft = warning(&rig, NORTH);
    assert!(matches!(rig.release(NORTH, draft), Err(crate::line::ActError::LocalHalted(_))));
}

#[test]
fn a_flood_is_refused_with_a_signature_and_one_alarm() {
    let mut rig = Rig::new(2);
    // South counts by a smaller quota than North believes in: to South, North floods.
    let small = Quotas { entries_per_day: 3, ..rig.charter.charter().quotas };
    rig.lines[SOUTH.index()].as_mut().unwrap().people.set_quotas(small, rig.now);
    let mut refused = 0;
    for _ in 0..8 {
        let draft = warning(&rig, NORTH);
        let entry = released(rig.release(NORTH, draft));
        rig.run();
        if rig.events.iter().any(|(post, event)| {
            *post == NORTH && matches!(event, Event::Refused { entry: of, .. } if *of == entry)
        }) {
            refused += 1;
            assert_eq!(receipted(&rig, NORTH, entry), [], "no receipt for what is refused");
        }
    }
    assert!(refused >= 4);
    let floods = alarms(&rig, SOUTH);
    let floods = floods.iter().filter(|cause| matches!(cause, Cause::PeerFlood { .. })).count();
    assert_eq!(floods, 1, "one grouped alarm");
    assert_eq!(roots(&rig).len(), 1, "the record itself stays whole");
    let draft = warning(&rig, SOUTH);
    let entry = released(rig.release(SOUTH, draft));
    rig.run();
    assert_eq!(receipted(&rig, SOUTH, entry), [NORTH]);
}

#[test]
fn a_form_that_this_post_lacks_raises_an_alarm_and_is_still_receipted() {
    let mut rig = Rig::new(2);
    let acknowledge = include_str!("../../../../../forms/acknowledge.toml");
    let few = Catalogue::parse(&[("acknowledge", acknowledge)]).expect("one form");
    rig.lines[SOUTH.index()].as_mut().unwrap().parts.catalogue = Box::leak(Box::new(few));
    goes_on(&mut rig);
    assert!(
        alarms(&rig, SOUTH).iter().any(|cause| matches!(cause, Cause::PeerFormUnknown { .. })),
        "nobody guesses at a rendering"
    );
}

#[test]
fn another_rendering_raises_an_alarm_and_blocks_nothing() {
    let mut rig = Rig::new(2);
    let text = include_str!("../../../../../forms/glossary.toml");
    let changed: String =
        text.lines().map(|row| row.replace("en = \"", "en = \"X ")).collect::<Vec<_>>().join("\n");
    let glossary: &'static Glossary =
        Box::leak(Box::new(Glossary::parse(&changed).expect("a glossary")));
    let builtin = Wordbook::builtin();
    rig.lines[SOUTH.index()].as_mut().unwrap().parts.book =
        Wordbook { glossary, gazetteer: builtin.gazetteer };
    goes_on(&mut rig);
    rig.advance(1);
    assert!(
        alarms(&rig, SOUTH).iter().any(|cause| matches!(cause, Cause::PeerRenderingDiffers { .. }))
    );
}

#[test]
fn a_clock_far_ahead_is_noticed_and_moves_no_deadline_of_ours() {
    let mut rig = Rig::new(2);
    let due = rig.lines[SOUTH.index()].as_ref().unwrap().next_due();
    let now = rig.now;
    rig.now.wall_ms += 10 * 86_400_000;
    let draft = warning(&rig, NORTH);
    let entry = released(rig.release(NORTH, draft));
    rig.now = now;
    rig.run();
    assert_eq!(receipted(&rig, NORTH, entry), [SOUTH]);
    assert!(alarms(&rig, SOUTH).contains(&Cause::PeerSkew { post: NORTH }));
    assert!(rig.lines[SOUTH.index()].as_ref().unwrap().next_due() <= due);
}

#[test]
fn a_peer_that_holds_back_an_entry_is_asked_for_it() {
    let mut rig = Rig::new(2);
    let _lost = captured(&mut rig);
    rig.wire.clear();
    let draft = warning(&rig, NORTH);
    let second = released(rig.release(NORTH, draft));
    rig.run();
    for _ in 0..2 {
        rig.advance(31_000);
    }
    assert_eq!(receipted(&rig, NORTH, second), [SOUTH], "asked for, sent again, whole");
    assert_eq!(roots(&rig).len(), 1);
}

#[test]
fn a_forged_frame_header_is_only_read_as_far_as_it_goes() {
    for bytes in [&[][..], &[0x01], &[0x11; 15], &[0x02; 64]] {
        assert!(peek(bytes).is_err());
    }
    let _ = Item::Pad(0);
}

#[test]
fn while_the_disk_is_full_nothing_is_due_but_trying_again() {
    let mut rig = Rig::new(2);
    let draft = warning(&rig, NORTH);
    rig.stores[NORTH.index()].fail_next(Failure::Full);
    let _ = rig.act(NORTH, Act::Draft(draft));
    // Longer than from one heartbeat to the next, which would be due and cannot be sent.
    for _ in 0..40 {
        rig.stores[NORTH.index()].fail_next(Failure::Full);
        rig.advance(1_000);
        let Output::WaitUntil(Some(due_ms)) = rig.lines[NORTH.index()].as_mut().unwrap().poll()
        else {
            panic!("it waits for room");
        };
        assert!(due_ms > rig.now.mono_ms, "else its host would not rest");
    }
}

#[test]
fn a_clock_that_was_set_right_is_an_alarm_until_a_line_test_shows_it() {
    let mut rig = Rig::new(2);
    let now = rig.now;
    rig.now.wall_ms += 10 * 86_400_000;
    let draft = warning(&rig, NORTH);
    released(rig.release(NORTH, draft));
    rig.now = now;
    rig.run();
    let skewed = |rig: &Rig| {
        let alarms = rig.lines[SOUTH.index()].as_ref().unwrap().alarms();
        alarms
            .filter(|alarm| alarm.state() == State::Unacknowledged)
            .any(|alarm| alarm.cause == Cause::PeerSkew { post: NORTH })
    };
    assert!(skewed(&rig));
    rig.act(SOUTH, Act::TestLine).expect("sends a test");
    rig.run();
    rig.advance(1);
    assert!(!skewed(&rig), "North's clock says the same as South's again");
}
