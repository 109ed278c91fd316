//! The threats to keys, as a record shows them to a verifier (`spec/key-order.md`, `spec/verify.md`).

use std::sync::Arc;

use khatt_record::charter::{
    Charter, OfficerKey, Recovery, Roles, Scheme, SignedCharter, YesNo, hash_bytes,
};
use khatt_record::entry::SeenLog;
use khatt_record::file::RowOpen;
use khatt_record::key_order::{KeyOrderFork, NewGeneration, OfficerChange};
use khatt_record::verify::{Answer, Blame, Report};
use khatt_record::{
    Entry, KeyChange, KeysInForce, OfficerIndex, PartyIndex, PostIndex, SignedKeyOrder,
};

use crate::fixture::{self, Line, NORTH, SOUTH, key, signer};
use crate::record::{anchor, check, only_fault, open_line};

const ROOT: u8 = 1;
const QUORUM: [u8; 2] = [81, 89];

/// North's orders as North makes them.
struct Keys(KeysInForce);

impl Keys {
    fn of(charter: &SignedCharter) -> Self {
        Self(KeysInForce::new(charter.clone()))
    }

    fn draft(&self, change: KeyChange, by: &[u8]) -> Arc<SignedKeyOrder> {
        let order = self.0.next_order(PartyIndex(0), fixture::OPENED_MS, change).unwrap();
        let mut order = SignedKeyOrder::new(order);
        for number in by {
            self.0.sign(&mut order, &signer(*number)).unwrap();
        }
        Arc::new(order)
    }

    fn order(&mut self, change: KeyChange, by: &[u8]) -> Arc<SignedKeyOrder> {
        let order = self.draft(change, by);
        self.0.apply(&order).unwrap();
        order
    }
}

/// North's duty officer, who releases, with these keys.
fn duty(keys: &[u8]) -> KeyChange {
    let keys = keys.iter().map(|number| OfficerKey { scheme: Scheme::Ed25519, key: key(*number) });
    KeyChange::Officer(OfficerChange {
        officer: OfficerIndex(1),
        title: "North duty officer".to_owned(),
        roles: Roles::RELEASING,
        keys: keys.collect(),
    })
}

fn generation() -> KeyChange {
    KeyChange::Generation(Box::new(NewGeneration {
        post: NORTH,
        generation: 1,
        log_key: key(61),
        next_log_digest: hash_bytes(&key(65)),
        pq_key: vec![],
        tls_key: key(66),
        prekey: vec![7; 1216],
        addresses: vec![],
    }))
}

const CUT_OFF: KeyChange = KeyChange::CutOff { post: NORTH };

fn sees(line: &mut Line<Vec<u8>>, post: PostIndex) {
    let other = PostIndex(1 - post.0);
    let size = line.log(other).frontier.size();
    line.log(post).seen.set(other, SeenLog::prefix(size));
}

fn report(charter: &SignedCharter, line: Line<Vec<u8>>) -> Report {
    check(&line.out.finish().unwrap(), &anchor(charter)).unwrap()
}

fn codes(report: &Report) -> Vec<(&'static str, Blame)> {
    report.faults.iter().map(|fault| (fault.kind.code(), fault.blame)).collect()
}

#[test]
fn officers_signature_under_a_dropped_key_counts_before_the_order_and_not_after() {
    let (charter, mut line) = open_line();
    let mut keys = Keys::of(&charter);
    line.say(NORTH, vec![1; 10]);
    line.keys(NORTH, &keys.order(duty(&[75]), &[ROOT]));
    line.checkpoint(NORTH);
    line.pens[1] = 75;
    line.say(NORTH, vec![2; 10]);
    let bytes = line.out.finish().unwrap();
    let good = check(&bytes, &anchor(&charter)).unwrap();
    assert_eq!((good.answer(), good.posts[0].opened), (Answer::PartiesEstablished, 2));
    assert_eq!(good.posts[0].key_orders, 1);

    let (charter, mut line) = open_line();
    line.keys(NORTH, &Keys::of(&charter).order(duty(&[75]), &[ROOT]));
    let at = line.say(NORTH, vec![2; 10]);
    assert_eq!(only_fault(&charter, line), (Blame::Post(NORTH), at, "verify.officers"));
}

#[test]
fn order_in_another_posts_log_is_in_force_once_it_was_seen() {
    for seen in [false, true] {
        let (charter, mut line) = open_line();
        line.keys(SOUTH, &Keys::of(&charter).order(duty(&[75]), &[ROOT]));
        line.checkpoint(SOUTH);
        if seen {
            sees(&mut line, NORTH);
        }
        line.say(NORTH, vec![1; 10]);
        let codes = codes(&report(&charter, line));
        let expected = [("verify.officers", Blame::Post(NORTH))];
        assert_eq!(codes, if seen { expected.to_vec() } else { vec![] });
    }
}

#[test]
fn order_that_came_ahead_waits_for_the_one_before_it() {
    let (charter, mut line) = open_line();
    let mut keys = Keys::of(&charter);
    let (first, second) = (keys.order(duty(&[75]), &[ROOT]), keys.order(duty(&[76]), &[ROOT]));
    line.keys(SOUTH, &first);
    line.checkpoint(SOUTH);
    // North holds the second and not the first: neither is in force for it.
    line.keys(NORTH, &second);
    line.say(NORTH, vec![1; 10]);
    sees(&mut line, NORTH);
    line.pens[1] = 76;
    line.say(NORTH, vec![2; 10]);
    assert_eq!(codes(&report(&charter, line)), []);
}

#[test]
fn rogue_officer_with_two_keys_does_not_release_alone() {
    let (charter, mut line) = open_line();
    line.keys(NORTH, &Keys::of(&charter).order(duty(&[51, 75]), &[ROOT]));
    let (mut header, mut open) = line.message(NORTH, vec![1; 10]);
    let mut auth = khatt_record::auth::Auth::decode(&open.auth, header.t_ms).unwrap();
    // The watch officer's signature is replaced by the duty officer's with the second key.
    let statement = auth.0[0].statement(
        &charter,
        NORTH,
        header.act,
        open.seed.draft_id(),
        khatt_record::statement::release_digest(header.c_body, header.precedence, None),
    );
    let kid = khatt_record::statement::KeyId { officer: OfficerIndex(1), key: 1 };
    auth.0[0] = khatt_record::auth::OfficerSignature::make(&statement, kid, &signer(75));
    open.auth = auth.encode(header.t_ms).unwrap();
    (header.c_body, header.c_auth) = open.commitments();
    let at = line.append(NORTH, &Entry::Message(header), &RowOpen::Open(open));
    line.checkpoint(NORTH);
    assert_eq!(only_fault(&charter, line), (Blame::Post(NORTH), at, "verify.officers"));
}

#[test]
fn new_generation_goes_on_in_the_same_log() {
    let (charter, mut line) = open_line();
    let mut keys = Keys::of(&charter);
    line.say(NORTH, vec![1; 10]);
    line.receipt(NORTH);
    line.keys(NORTH, &keys.order(generation(), &QUORUM));
    line.generations[0] = (1, 61);
    line.checkpoint(NORTH);
    line.say(NORTH, vec![2; 10]);
    line.receipt(NORTH);
    let report = report(&charter, line);
    assert_eq!(codes(&report), []);
    let north = &report.posts[0];
    assert_eq!((north.generation, north.entries, north.signed, north.opened), (1, 4, 4, 2));
    assert_eq!(report.posts[1].receipts, 2);
}

#[test]
fn checkpoint_in_an_ended_generation_accuses_whoever_holds_the_old_key() {
    // The thief signs the same entries, or others, with the old key.
    for same in [true, false] {
        let (charter, mut line) = open_line();
        line.keys(NORTH, &Keys::of(&charter).order(generation(), &[ROOT]));
        if same {
            line.checkpoint(NORTH);
        } else {
            other_root(&mut line);
        }
        line.generations[0] = (1, 61);
        line.checkpoint(NORTH);
        let ended = ("verify.checkpoint-ended", Blame::Post(NORTH));
        assert_eq!(codes(&report(&charter, line)), [ended], "same entries: {same}");
    }
}

/// North's first key signs another root than its entries have.
fn other_root(line: &mut Line<Vec<u8>>) {
    let mut other = line.sign(NORTH).checkpoint;
    other.root = khatt_record::Hash([9; 32]);
    let signed = other.clone().sign(&signer(11));
    line.out.checkpoint(NORTH, other.size, &signed.signature, Some(other.root)).unwrap();
}

#[test]
fn generation_moved_forward_by_a_carrier_ends_nothing() {
    // The order was put before an entry that the post had signed before it: the checkpoints that
    // were true of the true log are given their roots, and nobody signed these entries.
    let (charter, mut line) = open_line();
    line.keys(NORTH, &Keys::of(&charter).order(generation(), &[ROOT]));
    other_root(&mut line);
    let found = codes(&report(&charter, line));
    let expected =
        [("verify.tail-unsigned", Blame::File), ("verify.checkpoint-ended", Blame::File)];
    assert_eq!(found, expected);
}

#[test]
fn order_that_a_carrier_left_out_puts_nobody_at_fault() {
    // North goes by an order in South's log, and the carrier drops the end of that log.
    let (charter, mut line) = open_line();
    line.log(NORTH).seen.set(SOUTH, SeenLog::prefix(2));
    line.pens[1] = 75;
    line.say(NORTH, vec![1; 10]);
    let found = codes(&report(&charter, line));
    assert_eq!(found, [("verify.officers", Blame::File), ("verify.seen-beyond", Blame::File)]);
}

#[test]
fn new_generation_does_not_sign_what_the_old_one_did() {
    let (charter, mut line) = open_line();
    let early = line.log(NORTH).frontier.size();
    line.say(NORTH, vec![1; 10]);
    line.keys(NORTH, &Keys::of(&charter).order(generation(), &[ROOT]));
    line.generations[0] = (1, 61);
    line.checkpoint(NORTH);
    let mut old = line.sign(NORTH).checkpoint;
    old.size = early;
    let signed = old.sign(&signer(61));
    line.out.checkpoint(NORTH, early, &signed.signature, None).unwrap();
    assert_eq!(codes(&report(&charter, line)), [("verify.checkpoint-signature", Blame::File)]);
}

#[test]
fn post_that_knows_of_its_new_generation_writes_nothing_in_the_old_one() {
    let (charter, mut line) = open_line();
    let order = Keys::of(&charter).order(generation(), &[ROOT]);
    line.keys(SOUTH, &order);
    line.checkpoint(SOUTH);
    sees(&mut line, NORTH);
    let at = line.say(NORTH, vec![1; 10]);
    let expected = (Blame::Post(NORTH), at, "verify.generation-ended");
    assert_eq!(only_fault(&charter, line), expected);
}

#[test]
fn stolen_running_post_after_its_revocation_is_counted_apart() {
    let (charter, mut line) = open_line();
    let mut keys = Keys::of(&charter);
    line.say(NORTH, vec![1; 10]);
    line.receipt(NORTH);
    // South is handed the order by file, while the thief goes on as if it had not heard of it.
    line.keys(SOUTH, &keys.order(CUT_OFF, &QUORUM));
    line.checkpoint(SOUTH);
    for round in 0..3 {
        line.say(NORTH, vec![round + 10; 10]);
    }
    let bytes = line.out.finish().unwrap();
    let report = check(&bytes, &anchor(&charter)).unwrap();
    assert_eq!(codes(&report), []);
    assert_eq!((report.posts[0].entries, report.posts[0].after_cut_off), (5, 3));
    assert_eq!(report.posts[1].after_cut_off, 0);
}

#[test]
fn cut_off_post_that_knows_it_writes_nothing_but_its_next_generation() {
    let (charter, mut line) = open_line();
    let mut keys = Keys::of(&charter);
    line.keys(SOUTH, &keys.order(CUT_OFF, &[ROOT]));
    line.checkpoint(SOUTH);
    sees(&mut line, NORTH);
    let at = line.say(NORTH, vec![1; 10]);
    assert_eq!(only_fault(&charter, line), (Blame::Post(NORTH), at, "verify.cut-off"));

    let (charter, mut line) = open_line();
    let mut keys = Keys::of(&charter);
    line.receipt(NORTH);
    line.keys(SOUTH, &keys.order(CUT_OFF, &[ROOT]));
    line.checkpoint(SOUTH);
    sees(&mut line, NORTH);
    line.keys(NORTH, &keys.order(generation(), &[ROOT]));
    line.generations[0] = (1, 61);
    line.say(NORTH, vec![1; 10]);
    let report = report(&charter, line);
    assert_eq!(codes(&report), []);
    assert_eq!((report.posts[0].generation, report.posts[0].after_cut_off), (1, 0));
}

#[test]
fn forked_key_orders_accuse_the_party_whose_they_are() {
    let (charter, mut line) = open_line();
    let keys = Keys::of(&charter);
    let (one, other) = (keys.draft(duty(&[75]), &[ROOT]), keys.draft(CUT_OFF, &[ROOT]));
    line.keys(NORTH, &one);
    line.checkpoint(NORTH);
    let at = line.keys(SOUTH, &other);
    line.checkpoint(SOUTH);
    let expected = (Blame::Party(PartyIndex(0)), at, "verify.key-order-fork");
    assert_eq!(only_fault(&charter, line), expected);
    // As a proof by itself, and one that holds nothing.
    for (one, other, code, blame) in [
        (&one, &other, "verify.key-order-fork", Blame::Party(PartyIndex(0))),
        (&one, &one, "verify.key-order-fork-proof", Blame::File),
    ] {
        let (_, mut line) = open_line();
        let (one, other) = (SignedKeyOrder::clone(one), SignedKeyOrder::clone(other));
        line.out.fork(&KeyOrderFork { one, other }.encode()).unwrap();
        assert_eq!(codes(&report(&charter, line)), [(code, blame)]);
    }
}

#[test]
fn order_of_another_line_or_party_or_unsigned_is_its_carriers_fault() {
    let (charter, _) = open_line();
    let drill = fixture::signed(fixture::charter(
        khatt_record::Kind::Drill,
        vec![],
        [khatt_record::Hash([0; 32]); 2],
    ));
    let keys = Keys::of(&charter);
    let of_south = keys.0.next_order(PartyIndex(1), fixture::OPENED_MS, CUT_OFF).unwrap();
    let mut of_south = SignedKeyOrder::new(of_south);
    keys.0.sign(&mut of_south, &signer(2)).unwrap();
    let unannounced = |log| {
        let KeyChange::Generation(mut next) = generation() else { unreachable!() };
        next.log_key = key(log);
        KeyChange::Generation(next)
    };
    for order in [
        Keys::of(&drill).draft(CUT_OFF, &[ROOT]),
        Arc::new(of_south),
        keys.draft(CUT_OFF, &[]),
        keys.draft(CUT_OFF, &QUORUM[..1]),
        keys.draft(duty(&[75]), &QUORUM),
        keys.draft(duty(&[50]), &[ROOT]),
        keys.draft(unannounced(67), &[ROOT]),
    ] {
        let (_, mut line) = open_line();
        let at = line.keys(SOUTH, &order);
        line.checkpoint(SOUTH);
        // And it changed nothing.
        line.say(NORTH, vec![1; 10]);
        assert_eq!(only_fault(&charter, line), (Blame::Post(SOUTH), at, "verify.key-order"));
    }
}

#[test]
fn replayed_order_does_not_bring_a_dropped_key_back() {
    let (charter, mut line) = open_line();
    let mut keys = Keys::of(&charter);
    let (first, second) = (keys.order(duty(&[51, 75]), &[ROOT]), keys.order(duty(&[75]), &[ROOT]));
    for order in [&first, &second, &first] {
        line.keys(NORTH, order);
    }
    let at = line.say(NORTH, vec![1; 10]);
    assert_eq!(only_fault(&charter, line), (Blame::Post(NORTH), at, "verify.officers"));
}

fn amendment(charter: &SignedCharter, change: impl FnOnce(&mut Charter)) -> SignedCharter {
    let mut next = charter.charter().clone();
    next.first = Some(charter.line_id());
    next.previous = Some(charter.hash());
    change(&mut next);
    fixture::signed(next)
}

#[test]
fn downgraded_charter_brings_no_revoked_key_back() {
    // Drawn up before the order, adopted after it.
    let (charter, mut line) = open_line();
    let next = amendment(&charter, |next| next.line_test.interval_s = 1_800);
    line.out.charter(next.to_bytes()).unwrap();
    line.keys(NORTH, &Keys::of(&charter).order(duty(&[75]), &[ROOT]));
    line.amend(NORTH, next.hash());
    let at = line.say(NORTH, vec![1; 10]);
    assert_eq!(only_fault(&charter, line), (Blame::Post(NORTH), at, "verify.officers"));

    // One that claims to stand on the order and says otherwise.
    let (charter, mut line) = open_line();
    let next = amendment(&charter, |next| next.parties[0].orders = 1);
    line.keys(NORTH, &Keys::of(&charter).order(duty(&[75]), &[ROOT]));
    line.out.charter(next.to_bytes()).unwrap();
    line.checkpoint(NORTH);
    assert_eq!(codes(&report(&charter, line)), [("verify.charter-succession", Blame::File)]);

    // One adopted by a post that has not seen the orders on which it stands.
    let next = amendment(&charter_of_lines(), |next| {
        next.parties[0].orders = 1;
        next.officers[1].keys[0].key = key(75);
    });
    let (charter, mut line) = open_line();
    line.keys(NORTH, &Keys::of(&charter).order(duty(&[75]), &[ROOT]));
    line.checkpoint(NORTH);
    line.out.charter(next.to_bytes()).unwrap();
    line.amend(SOUTH, next.hash());
    assert_eq!(codes(&report(&charter, line)), [("verify.amend-refused", Blame::Post(SOUTH))]);

    // One that the file has before those orders: whoever put it there.
    let (charter, mut line) = open_line();
    line.out.charter(next.to_bytes()).unwrap();
    line.amend(SOUTH, next.hash());
    let expected = ["verify.charter-succession", "verify.amend-unknown"];
    assert_eq!(codes(&report(&charter, line)), expected.map(|code| (code, Blame::File)));
}

fn charter_of_lines() -> SignedCharter {
    open_line().0
}

#[test]
fn forged_charter_of_a_thief_with_the_old_root_key_is_refused() {
    let (charter, mut line) = open_line();
    let next = amendment(&charter, |next| {
        for rule in &mut next.release {
            rule.signatures = 1;
            rule.emergency_single = YesNo::Yes;
        }
    });
    let root = KeyChange::Root { root_key: key(77), recovery: Recovery::none() };
    line.keys(SOUTH, &Keys::of(&charter).order(root, &QUORUM));
    line.checkpoint(SOUTH);
    line.out.charter(next.to_bytes()).unwrap();
    line.amend(SOUTH, next.hash());
    let report = report(&charter, line);
    assert_eq!(codes(&report), [("verify.amend-refused", Blame::Post(SOUTH))]);
}

#[test]
fn line_amended_twice_goes_by_the_first_alone() {
    let (charter, mut line) = open_line();
    let one = amendment(&charter, |next| next.line_test.interval_s = 1_800);
    let other = amendment(&charter, |next| next.line_test.interval_s = 1_900);
    line.out.charter(one.to_bytes()).unwrap();
    line.amend(NORTH, one.hash());
    line.out.charter(other.to_bytes()).unwrap();
    line.amend(SOUTH, other.hash());
    let found = codes(&report(&charter, line));
    let expected =
        [("verify.charter-succession", Blame::File), ("verify.amend-unknown", Blame::File)];
    assert_eq!(found, expected);
}

#[test]
fn every_altered_byte_of_a_record_with_key_orders_is_noticed() {
    let (charter, mut line) = open_line();
    let mut keys = Keys::of(&charter);
    line.say(NORTH, vec![1; 10]);
    line.keys(NORTH, &keys.order(duty(&[51, 75]), &[ROOT]));
    line.checkpoint(NORTH);
    line.keys(SOUTH, &keys.order(CUT_OFF, &QUORUM));
    line.checkpoint(SOUTH);
    sees(&mut line, NORTH);
    line.keys(NORTH, &keys.order(generation(), &[ROOT, QUORUM[0], QUORUM[1]]));
    line.generations[0] = (1, 61);
    line.checkpoint(NORTH);
    line.say(NORTH, vec![2; 10]);
    let bytes = line.out.finish().unwrap();
    assert_eq!(check(&bytes, &anchor(&charter)).unwrap().faults, []);
    for at in (0..bytes.len()).step_by(37) {
        let mut altered = bytes.clone();
        altered[at] ^= 0x10;
        let Ok(report) = check(&altered, &anchor(&charter)) else { continue };
        assert_eq!(report.answer(), Answer::Refused, "byte {at}");
        // Whoever altered it has no key: neither a post nor a party is at fault.
        assert!(report.faults.iter().all(|fault| fault.blame == Blame::File), "byte {at}");
    }
}
