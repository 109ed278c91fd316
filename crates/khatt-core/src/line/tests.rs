//! Whole lines in memory: what leaves, when, and what a faulty peer or carrier can do.

use std::collections::BTreeSet;

use khatt_record::{
    Entry, EntryId, PostIndex,
    entry::Receipt,
    seal::{Item, peek},
};

use super::{Ahead, Done, Event, Input, Line, NewDraft, Output, Route};
use crate::{
    alarm::{Cause, State},
    ladder::Level,
    store::{Reader, memory::Failure},
    testing::{Rig, sample_charter, sample_parts, sign_charter},
    time::Now,
};

mod claims;
mod cosign;
mod faults;
mod forger;
mod hostile;
mod lasting;
mod opening;
mod people;
mod withstand;

const NORTH: PostIndex = PostIndex(0);
const SOUTH: PostIndex = PostIndex(1);
const EAST: PostIndex = PostIndex(2);

fn warning(rig: &Rig, post: PostIndex) -> NewDraft {
    let example = super::Catalogue::builtin().by_name("warning").expect("the form exists");
    let example = example.examples().first().expect("every form has an example");
    let fields: Vec<(&str, &str)> =
        example.inputs.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let mut draft = rig.draft(post, "warning", &fields);
    draft.language = example.language;
    draft
}

fn released(done: Result<Done, super::ActError>) -> EntryId {
    match done {
        Ok(Done::Released(entry)) => entry,
        other => panic!("not released: {other:?}"),
    }
}

fn received(rig: &Rig, at: PostIndex) -> Vec<EntryId> {
    rig.events
        .iter()
        .filter_map(|(post, event)| match event {
            Event::Received { entry, .. } if *post == at => Some(*entry),
            _ => None,
        })
        .collect()
}

fn receipted(rig: &Rig, at: PostIndex, entry: EntryId) -> Vec<PostIndex> {
    rig.events
        .iter()
        .filter_map(|(post, event)| match event {
            Event::Receipted { entry: of, by, .. } if *post == at && *of == entry => Some(*by),
            _ => None,
        })
        .collect()
}

fn alarms(rig: &Rig, at: PostIndex) -> Vec<Cause> {
    let line = rig.lines[at.index()].as_ref().expect("the post is up");
    let active = line.alarms().filter(|alarm| alarm.state() != State::ClearedUnacknowledged);
    active.map(|alarm| alarm.cause).collect()
}

fn roots(rig: &Rig) -> BTreeSet<Vec<(u64, khatt_record::Hash)>> {
    rig.lines
        .iter()
        .flatten()
        .map(|line| line.log_views().iter().map(|log| (log.size, log.root)).collect())
        .collect()
}

#[test]
fn a_message_is_received_and_receipted() {
    let mut rig = Rig::new(2);
    let draft = warning(&rig, NORTH);
    let entry = released(rig.release(NORTH, draft));
    rig.run();
    assert!(received(&rig, SOUTH).contains(&entry));
    assert_eq!(receipted(&rig, NORTH, entry), [SOUTH]);
    assert_eq!(roots(&rig).len(), 1, "both posts hold the same logs");
}

#[test]
fn three_posts_hold_the_same_logs() {
    let mut rig = Rig::new(3);
    for post in [NORTH, SOUTH, EAST] {
        let draft = warning(&rig, post);
        let entry = released(rig.release(post, draft));
        rig.run();
        assert_eq!(receipted(&rig, post, entry).len(), 2, "both others gave a receipt");
    }
    rig.advance(60_000);
    assert_eq!(roots(&rig).len(), 1);
}

#[test]
fn nothing_leaves_before_the_disk_has_it() {
    let mut rig = Rig::new(2);
    let draft = warning(&rig, NORTH);
    rig.stores[NORTH.index()].fail_next(Failure::Full);
    let before = rig.frames_sent.len();
    let answer = rig.act(NORTH, super::Act::Draft(draft));
    assert!(answer.is_err(), "no answer before the disk has it");
    assert_eq!(rig.frames_sent.len(), before);
    assert!(alarms(&rig, NORTH).contains(&Cause::LocalDiskFull));
    // Room again: the same batch is tried again, nothing is lost, and the alarm clears.
    rig.advance(1_500);
    assert_eq!(rig.lines[NORTH.index()].as_ref().unwrap().drafts().count(), 1);
    assert!(!alarms(&rig, NORTH).contains(&Cause::LocalDiskFull));
}

#[test]
fn receipt_waits_for_the_disk() {
    let mut rig = Rig::new(2);
    rig.stores[SOUTH.index()].fail_next(Failure::Full);
    let draft = warning(&rig, NORTH);
    let entry = released(rig.release(NORTH, draft));
    rig.run();
    assert_eq!(receipted(&rig, NORTH, entry), [], "no receipt before storage");
    assert!(received(&rig, SOUTH).iter().all(|id| *id != entry), "nor shown as received");
    rig.advance(1_500);
    assert_eq!(receipted(&rig, NORTH, entry), [SOUTH]);
}

#[test]
fn frames_leave_before_a_durable_batch_can_be_read_and_answers_do_not() {
    let mut rig = Rig::cosigning(2);
    rig.send_ahead();
    let release = |rig: &mut Rig| {
        let draft = warning(rig, NORTH);
        released(rig.release(NORTH, draft))
    };
    let entry = release(&mut rig);
    rig.run();
    assert_eq!(receipted(&rig, NORTH, entry), [SOUTH]);
    // And a run of them, with a FLASH in it and cosignatures over it.
    rig.cut(NORTH, SOUTH);
    let entries: Vec<EntryId> = (0..300).map(|_| release(&mut rig)).collect();
    rig.heal(NORTH, SOUTH);
    rig.run();
    rig.advance(1_000);
    for entry in entries {
        assert_eq!(receipted(&rig, NORTH, entry), [SOUTH]);
    }
    assert_eq!(roots(&rig).len(), 1);
    let north = rig.lines[NORTH.index()].as_ref().unwrap();
    assert!(north.cosigned_views().iter().any(|view| view.size > 0), "cosigned as ever");
}

#[test]
fn frame_of_a_durable_batch_leaves_although_the_disk_is_full_for_what_follows() {
    let mut rig = Rig::new(2);
    rig.send_ahead();
    let draft = warning(&rig, NORTH);
    let entry = released(rig.release(NORTH, draft));
    // The receipt's batch is durable, and the database has no room for it yet.
    rig.stores[SOUTH.index()].fail_next(Failure::Full);
    rig.run();
    assert_eq!(receipted(&rig, NORTH, entry), [SOUTH]);
    assert!(received(&rig, SOUTH).iter().all(|id| *id != entry), "told once it can be read");
    assert!(alarms(&rig, SOUTH).contains(&Cause::LocalDiskFull));
    rig.advance(1_500);
    assert_eq!(received(&rig, SOUTH).iter().filter(|id| **id == entry).count(), 1);
    assert!(!alarms(&rig, SOUTH).contains(&Cause::LocalDiskFull));
    assert_eq!(roots(&rig).len(), 1);
}

#[test]
fn a_killed_post_catches_up_with_nothing_lost_or_twice() {
    let mut rig = Rig::new(2);
    rig.kill(SOUTH);
    let entries: Vec<EntryId> = (0..50)
        .map(|_| {
            let draft = warning(&rig, NORTH);
            released(rig.release(NORTH, draft))
        })
        .collect();
    rig.start(SOUTH);
    rig.connect_all();
    rig.run();
    let got = received(&rig, SOUTH);
    for entry in entries {
        assert_eq!(got.iter().filter(|id| **id == entry).count(), 1);
        assert_eq!(receipted(&rig, NORTH, entry), [SOUTH]);
    }
    assert_eq!(roots(&rig).len(), 1);
}

#[test]
fn a_sender_killed_right_after_release_still_delivers() {
    let mut rig = Rig::new(2);
    rig.cut(NORTH, SOUTH);
    let draft = warning(&rig, NORTH);
    let entry = released(rig.release(NORTH, draft));
    rig.kill(NORTH);
    rig.start(NORTH);
    rig.heal(NORTH, SOUTH);
    rig.run();
    assert!(received(&rig, SOUTH).contains(&entry));
    assert_eq!(receipted(&rig, NORTH, entry), [SOUTH]);
}

#[test]
fn lost_frames_are_sent_again() {
    let mut rig = Rig::new(2);
    let draft = warning(&rig, NORTH);
    let entry = released(rig.release(NORTH, draft));
    rig.wire.clear();
    for _ in 0..4 {
        rig.advance(31_000);
    }
    assert!(received(&rig, SOUTH).contains(&entry));
    assert_eq!(receipted(&rig, NORTH, entry), [SOUTH]);
}

#[test]
fn frames_in_another_order_say_the_same() {
    let mut rig = Rig::new(2);
    for _ in 0..5 {
        let draft = warning(&rig, NORTH);
        released(rig.release(NORTH, draft));
    }
    rig.wire.make_contiguous().reverse();
    rig.run();
    for _ in 0..4 {
        rig.advance(31_000);
    }
    assert_eq!(roots(&rig).len(), 1);
}

#[test]
fn flash_overtakes_a_backlog() {
    let mut rig = Rig::new(2);
    rig.cut(NORTH, SOUTH);
    for _ in 0..40 {
        let draft = warning(&rig, NORTH);
        released(rig.release(NORTH, draft));
    }
    let mut draft = warning(&rig, NORTH);
    draft.precedence = Some(khatt_record::Precedence::Flash);
    let flash = released(rig.release(NORTH, draft));
    rig.heal(NORTH, SOUTH);
    rig.run();
    let first = rig.events.iter().find_map(|(post, event)| match event {
        Event::Received { entry, ahead, .. } if *post == SOUTH && entry.index > 6 => {
            Some((*entry, *ahead))
        }
        _ => None,
    });
    assert_eq!(first, Some((flash, Ahead::PredecessorsMissing)), "authentic, predecessors missing");
    assert_eq!(receipted(&rig, NORTH, flash), [SOUTH], "with a receipt of its own kind");
    assert_eq!(received(&rig, SOUTH).iter().filter(|id| **id == flash).count(), 1);
    let line = rig.lines[SOUTH.index()].as_ref().unwrap();
    assert_eq!(line.log_views()[NORTH.index()].size, flash.index + 1, "and the rest follows");
}

#[test]
fn many_messages_share_one_sync_and_one_signature() {
    let mut rig = Rig::new(2);
    let now = rig.now;
    let mut line = rig.lines[NORTH.index()].take().expect("up");
    let drafts: Vec<NewDraft> = (0..64).map(|_| warning(&rig, NORTH)).collect();
    for (ticket, draft) in (0..).zip(drafts) {
        let act = super::Act::Draft(draft);
        line.handle(now, Input::Act { ticket: super::Ticket(ticket), act });
    }
    let commits = std::iter::from_fn(|| Some(line.poll()))
        .take_while(|output| !matches!(output, Output::WaitUntil(_)))
        .filter(|output| matches!(output, Output::Commit { .. }))
        .count();
    assert_eq!(commits, 1);
}

#[test]
fn another_key_does_not_open_a_post() {
    let charter = sign_charter(sample_charter(2));
    let store = crate::store::memory::MemoryStore::new();
    let mut parts = sample_parts(SOUTH, &store, "x");
    parts.prekey = sample_parts(NORTH, &store, "x").prekey;
    let opened = Line::open(charter, NORTH, parts, Now::default());
    assert_eq!(opened.err(), Some(super::OpenError::LocalOtherKey(NORTH)));
}

#[test]
fn a_receipt_frame_is_small() {
    let mut rig = Rig::new(2);
    rig.frames_sent.clear();
    let draft = warning(&rig, NORTH);
    released(rig.release(NORTH, draft));
    rig.run();
    let receipt = rig.frames_sent.iter().find(|(from, _, _)| *from == SOUTH).expect("a receipt");
    assert!(receipt.2 <= 120, "{} bytes", receipt.2);
}

#[test]
fn every_receipt_names_the_root_that_its_author_signed() {
    let mut rig = Rig::new(2);
    let draft = warning(&rig, NORTH);
    released(rig.release(NORTH, draft));
    rig.run();
    let line = rig.charter.line_id();
    let entries = rig.stores[SOUTH.index()].entries(line, SOUTH, 0, 1000).unwrap();
    let receipts: Vec<Receipt> = entries
        .iter()
        .filter_map(|entry| match Entry::decode(&entry.leaf, 2, SOUTH) {
            Ok(Entry::Receipt(receipt)) => Some(receipt),
            _ => None,
        })
        .collect();
    assert!(!receipts.is_empty());
    for receipt in receipts {
        let kept = rig.stores[NORTH.index()].checkpoint(line, NORTH, receipt.size).unwrap();
        assert_eq!(kept.expect("signed at that size").root, receipt.root);
    }
}

#[test]
fn a_long_backlog_is_proved_frame_by_frame() {
    let mut rig = Rig::new(2);
    rig.cut(NORTH, SOUTH);
    for _ in 0..600 {
        let draft = warning(&rig, NORTH);
        released(rig.release(NORTH, draft));
    }
    let held = |rig: &Rig| {
        let line = rig.lines[SOUTH.index()].as_ref().expect("the post is up");
        line.log_views().iter().find(|view| view.log == NORTH).map(|view| view.size)
    };
    let before = held(&rig);
    rig.heal(NORTH, SOUTH);
    while let Some((peer, to, bytes)) = rig.wire.pop_front() {
        let long = bytes.len() > 100_000;
        rig.input(to, Input::Frame { peer, route: Route::Direct, bytes });
        if long {
            break;
        }
    }
    assert!(held(&rig) > before, "a frame that others follow is signed for");
    rig.run();
    assert_eq!(roots(&rig).len(), 1);
}
