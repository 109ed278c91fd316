//! What a peer signs or says against the line's rules, each with its own alarm, and what is kept.

use khatt_record::{Hash, Precedence, commit::Seed, entry::SeenLog};

use super::{forger::Forger, *};

fn line(rig: &Rig, post: PostIndex) -> &Line {
    rig.lines[post.index()].as_ref().expect("the post is up")
}

fn goes_on(rig: &mut Rig) {
    let draft = warning(rig, SOUTH);
    let entry = released(rig.release(SOUTH, draft));
    rig.run();
    rig.advance(31_000);
    assert!(receipted(rig, SOUTH, entry).contains(&EAST), "nothing of ours is blocked by it");
}

/// Whether South's own log holds a refusal of this entry.
fn refused(rig: &Rig, id: EntryId) -> bool {
    let entries = rig.stores[SOUTH.index()].entries(rig.charter.line_id(), SOUTH, 0, 1000);
    entries.unwrap().iter().any(|entry| {
        matches!(Entry::decode(&entry.leaf, 3, SOUTH), Ok(Entry::Refusal(refusal)) if refusal.entry == id)
    })
}

#[test]
fn a_wrong_log_signature_throws_the_run_away_and_its_author_may_send_it_again() {
    let mut rig = Rig::new(3);
    let mut north = Forger::take_over(&mut rig, NORTH);
    let (header, open) = north.warning(&rig, Precedence::Routine);
    let index = north.frontier.size();
    let message = north.append_message(header, open);
    let size = index + 1;
    let wrong = Item::Sig { log: NORTH, size, signature: north.signature(size, Hash([9; 32])) };
    north.send(&mut rig, SOUTH, &[message.clone(), wrong]);
    let id = EntryId { log: NORTH, index };
    assert!(alarms(&rig, SOUTH).contains(&Cause::PeerBadSignature { post: NORTH }));
    assert_eq!(line(&rig, SOUTH).log_views()[NORTH.index()].size, index, "nothing of it is taken");
    assert_eq!(line(&rig, SOUTH).logs[NORTH.index()].waiting_bytes(), 0);
    let right = north.sign();
    north.send(&mut rig, SOUTH, &[message, right]);
    assert!(received(&rig, SOUTH).contains(&id));
    goes_on(&mut rig);
}

#[test]
fn a_seen_that_shrinks_is_malformed_and_kept_as_evidence() {
    let mut rig = Rig::new(3);
    let mut north = Forger::take_over(&mut rig, NORTH);
    let mut seen = north.seen();
    assert!(seen.of(SOUTH).expect("another post").prefix > 0);
    seen.set(SOUTH, SeenLog::prefix(0));
    let (mut header, open) = north.warning(&rig, Precedence::Routine);
    header.seen = seen;
    let index = north.frontier.size();
    let items = [north.append_message(header, open), north.sign()];
    north.send(&mut rig, SOUTH, &items);
    assert!(alarms(&rig, SOUTH).contains(&Cause::PeerMalformed { post: NORTH }));
    let id = EntryId { log: NORTH, index };
    let kept = rig.stores[SOUTH.index()].entry(rig.charter.line_id(), id).unwrap();
    assert!(kept.is_some(), "its author signed it");
    goes_on(&mut rig);
}

#[test]
fn what_its_entry_does_not_commit_to_is_refused_and_not_kept() {
    let mut rig = Rig::new(3);
    let mut north = Forger::take_over(&mut rig, NORTH);
    let (header, mut open) = north.warning(&rig, Precedence::Routine);
    open.seed = Seed::new([0x55; 16]);
    let index = north.frontier.size();
    let leaf = north.append(&Entry::Message(header));
    let Item::Leaf { log, leaf, .. } = leaf else { unreachable!() };
    let items = [Item::Opened { log, index, leaf, open }, north.sign()];
    north.send(&mut rig, SOUTH, &items);
    let id = EntryId { log: NORTH, index };
    assert!(alarms(&rig, SOUTH).contains(&Cause::PeerUnopenable { post: NORTH }));
    assert!(refused(&rig, id));
    assert!(!received(&rig, SOUTH).contains(&id));
    assert!(line(&rig, SOUTH).receipted[NORTH.index()] <= index, "no receipt for it");
    let kept = rig.stores[SOUTH.index()].entry(rig.charter.line_id(), id).unwrap();
    assert!(kept.expect("its author signed it").open.is_none());
    goes_on(&mut rig);
}

#[test]
fn released_for_another_precedence_is_refused() {
    let mut rig = Rig::new(3);
    let mut north = Forger::take_over(&mut rig, NORTH);
    let (mut header, open) = north.warning(&rig, Precedence::Routine);
    header.precedence = Precedence::Flash;
    let index = north.frontier.size();
    let items = [north.append_message(header, open), north.sign()];
    north.send(&mut rig, SOUTH, &items);
    let id = EntryId { log: NORTH, index };
    assert!(alarms(&rig, SOUTH).contains(&Cause::PeerBadOfficer { post: NORTH }));
    assert!(refused(&rig, id));
    assert!(!received(&rig, SOUTH).contains(&id));
    goes_on(&mut rig);
}

#[test]
fn a_receipt_for_another_root_does_not_count() {
    let mut rig = Rig::new(3);
    let mut north = Forger::take_over(&mut rig, NORTH);
    let draft = warning(&rig, SOUTH);
    let entry = released(rig.release(SOUTH, draft));
    rig.run();
    let mut seen = north.seen();
    seen.set(SOUTH, SeenLog::prefix(entry.index + 1));
    let (t_ms, log, size) = (north.t_ms, SOUTH, entry.index + 1);
    let receipt = Receipt { t_ms, seen, log, size, root: Hash([3; 32]) };
    let items = [north.append(&Entry::Receipt(receipt)), north.sign()];
    north.send(&mut rig, SOUTH, &items);
    assert!(alarms(&rig, SOUTH).contains(&Cause::PeerBadReceipt { post: NORTH }));
    assert!(!receipted(&rig, SOUTH, entry).contains(&NORTH));
    let ladder = line(&rig, SOUTH).ladder(entry, rig.now).expect("followed");
    assert!(ladder.post(NORTH).unwrap().reached(Level::Received).is_none());
    goes_on(&mut rig);
}

#[test]
fn frames_of_another_line_say_nothing_here() {
    let mut rig = Rig::new(2);
    // The same parties, posts and keys on a second line: only its id differs.
    let mut other = {
        let mut charter = sample_charter(2);
        charter.nonce = [8; 16];
        Rig::of(sign_charter(charter))
    };
    let before = received(&rig, SOUTH).len();
    other.kill(NORTH);
    other.start(NORTH);
    other.connect_all();
    let draft = warning(&other, NORTH);
    released(other.release(NORTH, draft));
    let mut delivered = 0;
    while let Some((from, to, bytes)) = other.wire.pop_front() {
        if (from, to) == (NORTH, SOUTH) {
            rig.input(SOUTH, Input::Frame { peer: NORTH, route: Route::Direct, bytes });
            delivered += 1;
        }
    }
    assert!(delivered > 0);
    rig.run();
    assert_eq!(received(&rig, SOUTH).len(), before);
    assert!(alarms(&rig, SOUTH).contains(&Cause::PeerOtherLine { post: NORTH }), "its capsule");
    rig.advance(31_000);
    let draft = warning(&rig, NORTH);
    let entry = released(rig.release(NORTH, draft));
    rig.run();
    assert_eq!(receipted(&rig, NORTH, entry), [SOUTH]);
}

#[test]
fn a_log_opened_for_another_line_is_said() {
    let mut rig = Rig::new(3);
    let mut north = Forger::take_over(&mut rig, NORTH);
    let open = khatt_record::entry::Open {
        t_ms: north.t_ms,
        seen: north.seen(),
        line: khatt_record::ids::LineId([1; 32]),
        post: NORTH,
        generation: 0,
    };
    let items = [north.append(&Entry::Open(open)), north.sign()];
    north.send(&mut rig, SOUTH, &items);
    assert!(alarms(&rig, SOUTH).contains(&Cause::PeerOtherLine { post: NORTH }));
    goes_on(&mut rig);
}

#[test]
fn a_read_back_that_differs_is_told_and_is_no_understanding() {
    let mut rig = Rig::new(2);
    let draft = warning(&rig, NORTH);
    let said = draft.filled.values[&3].clone();
    let khatt_forms::Value::Text(said) = said else { panic!("the consequence is text") };
    let entry = released(rig.release(NORTH, draft));
    rig.run();
    let cause = Cause::PeerReadBackDiffers { message: entry, post: SOUTH };
    let understood = |rig: &Rig| {
        let ladder = line(rig, NORTH).ladder(entry, rig.now).expect("followed");
        ladder.post(SOUTH).unwrap().reached(Level::Understood).is_some()
    };
    for (consequence, alike) in [("Something else will happen.", false), (&said.text, true)] {
        let typed = format!("warning | consequence = {consequence}");
        let time = "2023-11-08T00:03Z";
        let fields = [("fields", typed.as_str()), ("role", "role-watch"), ("time", time)];
        let mut draft = rig.draft(SOUTH, "read-back", &fields);
        draft.references = vec![khatt_forms::Reference {
            relation: khatt_forms::Relation::Acknowledges,
            log: NORTH.0,
            index: entry.index,
        }];
        released(rig.release(SOUTH, draft));
        rig.run();
        assert_eq!(alarms(&rig, NORTH).contains(&cause), !alike);
        assert_eq!(understood(&rig), alike);
    }
}
