//! Vectors of charters and fork proofs, written from the line between North and South.
//!
//! With `KHATT_WRITE_VECTORS` set they are written, and without it held to what would be written.

use super::root;
use crate::charter::{Charter, CharterDraft, OfficerKey, Recovery, Roles, Scheme, hash_bytes};
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::fork::ForkProof;
use crate::ids::{Hash, Kind, OfficerIndex, PartyIndex, PostIndex};
use crate::key_order::{KeyChange, NewConnection, NewGeneration, OfficerChange, SignedKeyOrder};
use crate::keys::{PostSigner, PublicKey};
use crate::keys_in_force::KeysInForce;
use crate::merkle::{consistency_proof, leaf_hash, root_at};
use crate::testing::{ROOTS, charter, line, sign, signer};

const NORTH: PostIndex = PostIndex(0);

/// Writes a vector, or holds it to what it would be.
fn vector(path: &str, header: &[(&str, &str)], body: &[u8]) {
    let mut text = String::new();
    for (key, value) in header {
        text += &format!("{key}: {value}\n");
    }
    let hex = data_encoding::HEXLOWER.encode(body);
    let rows: Vec<&str> =
        hex.as_bytes().chunks(64).map(|row| std::str::from_utf8(row).unwrap()).collect();
    text += &format!("encoding: hex\n\n{}\n", rows.join("\n"));
    let path = root().join("vectors").join(path);
    if std::env::var_os("KHATT_WRITE_VECTORS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{}", path.display());
}

/// A charter file by hand, for one that no honest hand would sign.
fn file(charter: &Charter) -> Vec<u8> {
    let bytes = charter.encode();
    let message =
        crate::charter::signature_message(charter.kind, crate::charter::hash_bytes(&bytes));
    let mut out = crate::cbor::Writer::new();
    out.array(3).uint(1).bytes(&bytes).array(2);
    for (party, root) in (0_u64..).zip(ROOTS) {
        out.array(2).uint(party).bytes(&signer(root).sign(&message));
    }
    out.finish()
}

fn broken(change: impl FnOnce(&mut Charter)) -> Vec<u8> {
    let mut one = charter(Kind::Real);
    change(&mut one);
    file(&one)
}

#[test]
fn charter_vectors_are_what_the_line_writes() {
    let id = line().line_id().0.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let write = |name: &str, error: &str, section: &str, comment: &str, body: &[u8]| {
        let mut header = vec![("expect", if error.is_empty() { "accept" } else { "refuse" })];
        if !error.is_empty() {
            header.push(("error", error));
        }
        header.extend([("section", section), ("comment", comment), ("id", &id)]);
        vector(&format!("charter/{name}.txt"), &header, body);
    };
    let (signed, rules) = ("spec/charter.md §4", "spec/charter.md §3");
    let whole = line().to_bytes().to_vec();
    let comment = "a real line between North and South, signed by both";
    write("north-south", "", signed, comment, &whole);
    let mut flipped = whole;
    *flipped.last_mut().unwrap() ^= 1;
    let comment = "South's signature has a flipped bit";
    write("bad-signature", "charter.bad-signature", signed, comment, &flipped);
    let mut half = CharterDraft::new(charter(Kind::Real)).unwrap();
    half.sign(&signer(ROOTS[0])).unwrap();
    let comment = "only North has signed";
    write("one-signature", "charter.unsigned", signed, comment, &half.to_bytes());
    let mut amendment = charter(Kind::Real);
    amendment.first = Some(line().line_id());
    amendment.previous = Some(line().hash());
    amendment.line_test.interval_s = 600;
    let comment = "an amendment keeps the id of the line";
    write("amendment", "", "spec/charter.md §6", comment, sign(amendment).to_bytes());

    let hidden = broken(|c| c.parties[0].name = "No\u{202e}rth".into());
    let comment = "a name with a sign that reverses what follows";
    write("hidden-sign-in-name", "charter.unusable-name", rules, comment, &hidden);
    let same = broken(|c| c.posts[0].log_key = c.posts[0].tls_key);
    write("same-key", "charter.key-twice", rules, "one key in two places", &same);
    let same = broken(|c| c.posts[0].pq_key = c.posts[1].pq_key.clone());
    let comment = "two posts with one key for post-quantum cosignatures";
    write("same-pq-key", "charter.key-twice", rules, comment, &same);
    // The encoding has no place for a length between, so the bytes of one are cut.
    let short = broken(|c| c.posts[0].pq_key.truncate(1311));
    let comment = "a key for post-quantum cosignatures that is a byte too short";
    write("short-pq-key", "decode.other-length", "spec/charter.md §2", comment, &short);
    let none = sign({
        let mut one = charter(Kind::Real);
        one.posts[1].pq_key.clear();
        one
    });
    let other = none.line_id().0.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let header = [
        ("expect", "accept"),
        ("section", "spec/charter.md §2"),
        ("comment", "a post that makes no post-quantum cosignatures"),
        ("id", other.as_str()),
    ];
    vector("charter/no-pq-key.txt", &header, none.to_bytes());
    let name = broken(|c| c.parties[1].name = "north".into());
    let comment = "two parties whose names differ only in case";
    write("same-name", "charter.name-twice", rules, comment, &name);
    let rule = broken(|c| c.release[1].signatures = 3);
    let comment = "a rule that asks for more officers than there are";
    write("unsatisfiable-rule", "charter.unsatisfiable", rules, comment, &rule);
    let weak = broken(|c| c.posts[0].log_key = [0; 32]);
    assert!(PublicKey::from_bytes(&[0; 32]).is_err());
    write("weak-key", "charter.unusable-key", rules, "a log key of small order", &weak);
}

#[test]
fn key_order_vectors_are_what_the_line_writes() {
    let keys = KeysInForce::new(line());
    let write = |name: &str, error: &str, section: &str, comment: &str, body: &[u8]| {
        let mut header = vec![("expect", if error.is_empty() { "accept" } else { "refuse" })];
        if !error.is_empty() {
            header.push(("error", error));
        }
        header.extend([
            ("section", section),
            ("comment", comment),
            ("line", "charter/north-south.txt"),
        ]);
        vector(&format!("key-order/{name}.txt"), &header, body);
    };
    let order = |change: KeyChange, by: &[u8]| {
        let order = keys.next_order(PartyIndex(0), 1_700_000_000_000, change).unwrap();
        let mut order = SignedKeyOrder::new(order);
        for number in by {
            keys.sign(&mut order, &signer(*number)).unwrap();
        }
        order.to_bytes()
    };
    let officer = |number: u16, keys: &[u8]| {
        let keys = keys.iter().map(|number| signer(*number).public());
        KeyChange::Officer(OfficerChange {
            officer: OfficerIndex(number),
            title: "duty".to_owned(),
            roles: Roles::WATCH,
            keys: keys.map(|key| OfficerKey { scheme: Scheme::Ed25519, key }).collect(),
        })
    };
    let generation = |log: u8| {
        KeyChange::Generation(Box::new(NewGeneration {
            post: NORTH,
            generation: 1,
            log_key: signer(log).public(),
            next_log_digest: hash_bytes(&signer(52).public()),
            pq_key: vec![],
            tls_key: signer(53).public(),
            prekey: vec![9; 1216],
            addresses: vec!["north.example:4801".to_owned()],
        }))
    };
    let cut_off = KeyChange::CutOff { post: NORTH };
    let root = KeyChange::Root {
        root_key: signer(73).public(),
        recovery: Recovery { needed: 1, keys: vec![signer(74).public()] },
    };
    let connection = KeyChange::Connection(NewConnection {
        post: NORTH,
        tls_key: signer(54).public(),
        addresses: vec![],
    });
    let (signed, may) = ("spec/key-order.md §3", "spec/key-order.md §5");
    let comment = "an officer's old key is dropped, a new one takes its place";
    write("officer", "", "spec/key-order.md §2", comment, &order(officer(1, &[70]), &[1]));
    let comment = "the first officer whom North's orders add";
    write("officer-added", "", may, comment, &order(officer(1_024, &[70]), &[1]));
    let comment = "an added officer with another party's number";
    let other = order(officer(2_048, &[70]), &[1]);
    write("officer-of-south", "key-order.other-officer", may, comment, &other);
    let comment = "a key that another officer of North has";
    let twice = order(officer(1, &[41]), &[1]);
    write("officer-key-twice", "key-order.key-twice", may, comment, &twice);
    let comment = "two of three recovery keys begin a generation";
    write("generation-by-quorum", "", signed, comment, &order(generation(51), &[81, 85]));
    let comment = "one of the two recovery keys that are needed";
    let one = order(generation(51), &[81]);
    write("generation-by-one", "key-order.unauthorised", signed, comment, &one);
    let comment = "a log key that was not announced";
    let other = order(generation(55), &[1]);
    write("generation-unannounced", "key-order.unannounced-key", may, comment, &other);
    write("connection", "", may, "a new connection key", &order(connection.clone(), &[1]));
    let comment = "recovery keys may not say where a post is reached";
    let quorum = order(connection, &[81, 85]);
    write("connection-by-quorum", "key-order.unauthorised", signed, comment, &quorum);
    let comment = "a new root key, signed by root key and quorum";
    write("root", "", signed, comment, &order(root, &[1, 81, 85]));
    let whole = order(cut_off.clone(), &[1]);
    write("cut-off", "", signed, "a stolen post is cut off", &whole);
    let mut flipped = whole;
    *flipped.last_mut().unwrap() ^= 1;
    let comment = "a signature with a flipped bit";
    write("bad-signature", "key-order.bad-signature", signed, comment, &flipped);
    let comment = "nobody has signed";
    write("unsigned", "key-order.unauthorised", signed, comment, &order(cut_off.clone(), &[]));
    let mut second = keys.next_order(PartyIndex(0), 1_700_000_000_000, cut_off).unwrap();
    second.number = 2;
    let second = SignedKeyOrder::new(second).to_bytes();
    let comment = "the second order, without the first";
    write("second", "key-order.waits", "spec/key-order.md §4", comment, &second);

    let entry = crate::Entry::Keys(crate::entry::Keys {
        t_ms: 1_700_000_000_000,
        seen: crate::entry::Seen::none(2, NORTH),
        order: order(officer(1, &[70]), &[1]),
    });
    let header = [
        ("expect", "accept"),
        ("section", "spec/entry.md §3"),
        ("comment", "a party drops an officer's key"),
        ("posts", "2"),
        ("own", "0"),
        ("type", "5"),
    ];
    vector("entry/keys.txt", &header, &entry.encode());
}

fn signed(size: u64, root: Hash, key: u8) -> SignedCheckpoint {
    let origin = line().origin(NORTH).unwrap();
    Checkpoint { origin, size, root }.sign(&signer(key))
}

fn same_size(key: u8, root: u8) -> ForkProof {
    let (a, b) = (signed(3, Hash([1; 32]), 11), signed(3, Hash([root; 32]), key));
    ForkProof::SameSize { log: NORTH, a, b }
}

fn grown(first: u8, then: u8) -> ForkProof {
    let history = |first: u8| -> Vec<Hash> {
        (0..9).map(|i| leaf_hash(&[if i == 0 { first } else { i }])).collect()
    };
    let (one, other) = (history(first), history(then));
    ForkProof::Inconsistent {
        log: NORTH,
        older: signed(5, root_at(&one, 5).unwrap(), 11),
        newer: signed(9, root_at(&other, 9).unwrap(), 11),
        other_root_at_older: root_at(&other, 5).unwrap(),
        consistency: consistency_proof(&other, 5, 9).unwrap(),
    }
}

#[test]
fn fork_vectors_are_what_the_line_writes() {
    let write = |name: &str, error: &str, comment: &str, proof: &ForkProof| {
        let mut header = vec![("expect", if error.is_empty() { "accept" } else { "refuse" })];
        if !error.is_empty() {
            header.push(("error", error));
        }
        header.extend([
            ("section", "spec/fork.md §1"),
            ("comment", comment),
            ("line", "charter/north-south.txt"),
            ("accused", "0"),
        ]);
        vector(&format!("fork/{name}.txt"), &header, &proof.encode());
    };
    write("same-size", "", "two roots at one size", &same_size(11, 2));
    write("inconsistent", "", "a later log that begins otherwise", &grown(100, 200));
    let none = "fork.no-contradiction";
    write("once", none, "one checkpoint given twice", &same_size(11, 1));
    let comment = "a later log that begins with the earlier one accuses nobody";
    write("consistent", none, comment, &grown(100, 100));
    let comment = "one of the two signatures is by South";
    write("forged", "checkpoint.bad-signature", comment, &same_size(12, 2));
}
