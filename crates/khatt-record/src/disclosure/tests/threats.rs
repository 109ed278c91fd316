//! What somebody may try to pass off by a file that holds true parts, each by its name.

use super::*;
use crate::fork::ForkProof;

/// The code with which this change of a true disclosure is refused, its line's charter given.
fn changed(change: impl Fn(&mut Disclosure)) -> &'static str {
    let mut changed = disclosure(&line(), 20);
    change(&mut changed);
    check(&changed, &given(&line())).unwrap_err()
}

/// A line that has everything alike but its nonce.
fn other_line() -> SignedCharter {
    let mut nonce = self::charter(Kind::Real);
    nonce.nonce = [8; 16];
    sign(nonce)
}

#[test]
fn proof_from_another_line_is_refused() {
    let (charter, other) = (line(), other_line());
    let one = disclosure(&charter, 20);
    assert_eq!(check(&one, &given(&other)).unwrap_err(), "disclosure.other-line");
    assert_eq!(check(&one, &words(&other)).unwrap_err(), "disclosure.other-line");
    // Nothing but its name changed: no signature was made for that line.
    let renamed = Disclosure { line: other.line_id(), ..one.clone() };
    assert_eq!(check(&renamed, &given(&other)).unwrap_err(), "disclosure.other-log");
    let enclosed = Disclosure { charter: Some(other.to_bytes().to_vec()), ..one };
    assert_eq!(check(&enclosed, &Anchor::Nothing).unwrap_err(), "disclosure.other-line");
}

#[test]
fn proof_from_a_drill_does_not_pass_for_real() {
    let (charter, drill) = (line(), sign(self::charter(Kind::Drill)));
    let practised = disclosure(&drill, 20);
    assert_eq!(check(&practised, &given(&charter)).unwrap_err(), "disclosure.other-line");
    let dressed = Disclosure { line: charter.line_id(), kind: Kind::Real, ..practised };
    assert_eq!(check(&dressed, &given(&charter)).unwrap_err(), "disclosure.other-log");
    let kind = Disclosure { kind: Kind::Drill, ..disclosure(&charter, 20) };
    assert_eq!(check(&kind, &Anchor::Nothing).unwrap_err(), "disclosure.other-log");
}

#[test]
fn proof_from_another_log_is_refused() {
    assert_eq!(changed(|of| of.entry.log = SOUTH), "disclosure.other-key");
    assert_eq!(changed(|of| of.author = log_key(SOUTH)), "disclosure.other-key");
    assert_eq!(changed(|of| of.author.generation = 1), "disclosure.other-key");
    let both = |of: &mut Disclosure| (of.entry.log, of.author) = (SOUTH, log_key(SOUTH));
    assert_eq!(changed(both), "disclosure.checkpoint");
    // With South's true checkpoint the entry is not under it.
    let own = signed(&line(), SOUTH, &[Hash([5; 32])]).1;
    let with_note = |of: &mut Disclosure| {
        both(of);
        of.note.clone_from(&own);
    };
    assert_eq!(changed(with_note), "disclosure.path");
}

#[test]
fn entry_at_another_number_is_refused() {
    for index in [0, INDEX - 1, INDEX + 1, SIZE, SIZE + INDEX, u64::MAX] {
        assert_eq!(changed(|of| of.entry.index = index), "disclosure.path", "{index}");
    }
}

#[test]
fn truncated_or_longer_path_is_refused() {
    for length in 0..4 {
        assert_eq!(changed(|of| of.path.truncate(length)), "disclosure.path", "{length}");
    }
    assert_eq!(changed(|of| of.path.push(Hash([0; 32]))), "disclosure.path");
    assert_eq!(changed(|of| of.path.swap(0, 1)), "disclosure.path");
}

#[test]
fn other_text_than_its_author_committed_to_is_refused() {
    assert_eq!(changed(|of| of.body.push(b'!')), "disclosure.opened");
    assert_eq!(changed(|of| of.body_salt = [0; 16]), "disclosure.opened");
    let (_, open) = message(&line(), 201, b"another body");
    let other = move |of: &mut Disclosure| {
        (of.body_salt, of.body) = (open.seed.body_salt(), open.body.clone());
    };
    assert_eq!(changed(other), "disclosure.opened");
}

#[test]
fn receipt_or_node_of_the_tree_does_not_pass_for_a_message() {
    let one = disclosure(&line(), 20);
    let receipt = one.receipts[0].leaf.clone();
    assert_eq!(changed(|of| of.leaf = receipt.clone()), "disclosure.no-message");
    // Two hashes one behind the other are what a node is made of; a leaf has another prefix.
    let node = [one.path[0].0, leaf_hash(&one.leaf).0].concat();
    assert_eq!(changed(|of| of.leaf = node.clone()), "disclosure.no-message");
}

#[test]
fn receipt_for_another_size_or_log_or_by_the_author_proves_nothing() {
    assert_eq!(changed(|of| of.receipts[0].index = 0), "disclosure.receipt");
    assert_eq!(changed(|of| of.receipts[0].size = 3), "disclosure.receipt");
    assert_eq!(changed(|of| of.receipts[0].path.clear()), "disclosure.receipt");
    assert_eq!(changed(|of| of.receipts[0].log = log_key(NORTH)), "disclosure.other-key");
    let by_author = |of: &mut Disclosure| {
        (of.receipts[0].post, of.receipts[0].log) = (NORTH, log_key(NORTH));
    };
    assert_eq!(changed(by_author), "disclosure.receipt");
    let leaf = disclosure(&line(), 20).leaf;
    assert_eq!(changed(|of| of.receipts[0].leaf = leaf.clone()), "disclosure.receipt");
    // One for another size of the same log says nothing of this checkpoint.
    let mut longer = disclosure(&line(), 20);
    longer.note = signed(&line(), NORTH, &[leaf_hash(&longer.leaf)]).1;
    (longer.entry.index, longer.path) = (0, Vec::new());
    assert_eq!(check(&longer, &given(&line())).unwrap_err(), "disclosure.receipt");
}

#[test]
fn one_number_disclosed_with_two_texts_is_a_proof_against_its_author() {
    let charter = line();
    let one = disclosure(&charter, 20);
    let (header, open) = message(&charter, 201, b"what we never said");
    let origin = charter.origin(NORTH).unwrap();
    let other = disclosure_of(&charter, 20, (&header, &open), (origin, 0, 11));
    let checkpoint = |of: &Disclosure| {
        assert!(check(of, &given(&charter)).is_ok(), "each holds by itself");
        let key = crate::keys::PublicKey::from_bytes(&of.author.key).unwrap();
        crate::checkpoint::SignedCheckpoint::parse_note(of.note.as_bytes(), &key)
            .unwrap()
            .into_signed()
    };
    let (a, b) = (checkpoint(&one), checkpoint(&other));
    let accused = ForkProof::SameSize { log: NORTH, a, b }.verify(&charter).unwrap();
    assert_eq!(accused.post, NORTH);
}
