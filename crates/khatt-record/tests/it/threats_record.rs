//! The threats that a record is read against (`docs/internals/threats.md`): each test shows the
//! attack, the refusal, the blame, and what remains possible all the same.

use khatt_record::charter::{CharterDraft, CharterFork, ReleaseRule, SignedCharter, YesNo};
use khatt_record::entry::{Refusal, RefusalReason, SeenLog};
use khatt_record::file::{RecordReader, RecordWriter, Row, RowOpen};
use khatt_record::fork::ForkProof;
use khatt_record::verify::{Anchor, Answer, Blame, Report, VerifyFault};
use khatt_record::{Entry, EntryId, Hash, KeysInForce, Kind, PartyIndex};

use crate::fixture::{self, Line, NORTH, SOUTH, signer};
use crate::record::{anchor, check, only_fault, open_line};

fn report(charter: &SignedCharter, bytes: &[u8]) -> Report {
    check(bytes, &anchor(charter)).unwrap()
}

fn codes(report: &Report) -> Vec<(&'static str, Blame)> {
    report.faults.iter().map(|fault| (fault.kind.code(), fault.blame)).collect()
}

fn nobody_is_named(report: &Report) -> bool {
    report.answer() == Answer::Refused && report.faults.iter().all(|f| f.blame == Blame::File)
}

/// What a carrier makes of a file without any key: its rows, some left out, under a new trailer.
fn carried(charter: &SignedCharter, bytes: &[u8], keep: impl Fn(usize, &Row) -> bool) -> Vec<u8> {
    let mut reader = RecordReader::new(bytes).unwrap();
    let mut out = RecordWriter::new(Vec::new(), charter.to_bytes(), 2).unwrap();
    assert!(matches!(reader.next_row().unwrap(), Some(Row::Charter(_))));
    let mut at = 0;
    while let Some(row) = reader.next_row().unwrap() {
        let kept = keep(at, &row);
        at += 1;
        match row {
            _ if !kept => {}
            Row::Entry { log, leaf, open } => out.entry(log, &leaf, &open).unwrap(),
            Row::Checkpoint { log, size, signature, root } => {
                out.checkpoint(log, size, &signature, root).unwrap();
            }
            _ => panic!("these records have no other rows"),
        }
    }
    out.finish().unwrap()
}

/// A charter that follows another, with one change, signed by these root keys.
fn next(of: &SignedCharter, nonce: u8, roots: &[u8]) -> CharterDraft {
    let mut next = of.charter().clone();
    next.release = [ReleaseRule { signatures: 1, emergency_single: YesNo::Yes }; 4];
    next.nonce = [nonce; 16];
    next.first = Some(of.line_id());
    next.previous = Some(of.hash());
    let mut draft = CharterDraft::new(next).unwrap();
    for root in roots {
        draft.sign(&signer(*root)).unwrap();
    }
    draft
}

#[test]
fn threat_fork() {
    // The attack: South signs one history for us and another for somebody else.
    let (charter, mut line) = open_line();
    line.say(SOUTH, vec![1; 10]);
    let a = line.sign(SOUTH);
    let mut other = a.checkpoint.clone();
    other.root = Hash([8; 32]);
    let b = other.sign(&signer(12));
    let proof = ForkProof::SameSize { log: SOUTH, a: a.clone(), b };
    line.out.fork(&proof.encode()).unwrap();
    // The refusal, and the blame: two signatures of its own.
    let at = EntryId { log: SOUTH, index: 0 };
    assert_eq!(only_fault(&charter, line), (Blame::Post(SOUTH), at, "verify.forked"));

    // Nobody is accused by a proof that he did not sign.
    let (charter, mut line) = open_line();
    line.say(SOUTH, vec![1; 10]);
    let a = line.sign(SOUTH);
    let b = other_root(&a, 99);
    line.out.fork(&ForkProof::SameSize { log: SOUTH, a, b }.encode()).unwrap();
    assert_eq!(only_fault(&charter, line), (Blame::File, at, "verify.fork-proof"));

    // What remains: one history alone, shown to everybody whose record this is, is no fork.
    let (charter, mut line) = open_line();
    line.say(SOUTH, vec![2; 10]);
    let alone = report(&charter, &line.out.finish().unwrap());
    assert_eq!(alone.answer(), Answer::PartiesEstablished);
}

fn other_root(
    of: &khatt_record::checkpoint::SignedCheckpoint,
    key: u8,
) -> khatt_record::checkpoint::SignedCheckpoint {
    let mut other = of.checkpoint.clone();
    other.root = Hash([8; 32]);
    other.sign(&signer(key))
}

#[test]
fn threat_denied_receipt() {
    // The attack: South receipts, and takes it back by a refusal.
    let (charter, mut line) = open_line();
    let said = line.say(NORTH, vec![1; 10]);
    line.receipt(NORTH);
    let (t_ms, seen) = (line.t_ms, line.log(SOUTH).seen.clone());
    let reason = RefusalReason::OVER_QUOTA;
    let entry = Entry::Refusal(Refusal { t_ms, seen, entry: said, reason });
    let at = line.append(SOUTH, &entry, &RowOpen::Nothing);
    line.checkpoint(SOUTH);
    // The refusal, and the blame: its own log has both.
    assert_eq!(only_fault(&charter, line), (Blame::Post(SOUTH), at, "verify.refusal-late"));

    // The attack: South forgets what it had seen.
    let (charter, mut line) = open_line();
    line.say(NORTH, vec![1; 10]);
    line.receipt(NORTH);
    line.log(SOUTH).seen.set(NORTH, SeenLog::prefix(1));
    let at = line.say(SOUTH, vec![2; 10]);
    assert_eq!(only_fault(&charter, line), (Blame::Post(SOUTH), at, "verify.seen-shrank"));

    // The attack: whoever carries the file leaves South's receipt out. Nobody is accused.
    let (charter, mut line) = open_line();
    line.say(NORTH, vec![1; 10]);
    line.receipt(NORTH);
    line.say(SOUTH, vec![2; 10]);
    let whole = line.out.finish().unwrap();
    let receipt = |row: &Row| match row {
        Row::Entry { log, leaf, .. } if *log == SOUTH => {
            matches!(Entry::decode(leaf, 2, SOUTH), Ok(Entry::Receipt(_)))
        }
        _ => false,
    };
    let without = carried(&charter, &whole, |_, row| !receipt(row));
    assert!(nobody_is_named(&report(&charter, &without)));

    // What remains: a post may read and never receipt. The record has the silence, and holds.
    let (charter, mut line) = open_line();
    line.say(NORTH, vec![1; 10]);
    let silent = report(&charter, &line.out.finish().unwrap());
    assert_eq!((silent.answer(), silent.posts[1].receipts), (Answer::PartiesEstablished, 0));
}

#[test]
fn threat_withheld_history() {
    let (charter, mut line) = open_line();
    line.say(NORTH, vec![1; 10]);
    line.say(NORTH, vec![2; 10]);
    line.receipt(NORTH);
    let whole = line.out.finish().unwrap();
    let rows = {
        let mut count = 0;
        let kept = carried(&charter, &whole, |_, _| true);
        assert_eq!(kept, whole);
        let mut reader = RecordReader::new(whole.as_slice()).unwrap();
        while reader.next_row().unwrap().is_some() {
            count += 1;
        }
        count - 1
    };
    // The attack: any one row is left out, under a trailer that fits. What is left is refused unless
    // it is a checkpoint that a later one covers; and nobody who signed is accused.
    let mut accepted = 0;
    for left_out in 0..rows {
        let found = report(&charter, &carried(&charter, &whole, |at, _| at != left_out));
        if found.answer() == Answer::Refused {
            assert!(nobody_is_named(&found), "row {left_out}: {:?}", found.faults);
        } else {
            accepted += 1;
            assert_eq!(found.entries(), 5, "row {left_out}");
        }
    }
    assert!(accepted < rows / 2, "{accepted} of {rows}");
    // What remains: a whole end, of every log at once, can be left out; then the record is a true
    // one of an earlier time. Who holds a later checkpoint or receipt sees it.
    let shorter = carried(&charter, &whole, |at, _| at < 4);
    let early = report(&charter, &shorter);
    assert_eq!((early.answer(), early.entries()), (Answer::PartiesEstablished, 2));
}

#[test]
fn threat_replay_between_lines_and_kinds() {
    // Two lines with the same keys everywhere: one real, one a drill.
    let real = fixture::signed(fixture::charter(Kind::Real, vec![], [Hash([0; 32]); 2]));
    let drill = fixture::signed(fixture::charter(Kind::Drill, vec![], [Hash([0; 32]); 2]));
    // The attack: a carrier puts a drill's message, with its log's signature, into the real record.
    let mut practice = Line::open(drill.clone(), Vec::new());
    let mut line = Line::open(real.clone(), Vec::new());
    let (header, open) = practice.message(NORTH, b"a drill's alarm".to_vec());
    let entry = Entry::Message(header);
    practice.append(NORTH, &entry, &RowOpen::Open(open.clone()));
    line.append(NORTH, &entry, &RowOpen::Open(open.clone()));
    let of_drill = practice.sign(NORTH);
    let size = of_drill.checkpoint.size;
    line.out.checkpoint(NORTH, size, &of_drill.signature, None).unwrap();
    let found = report(&real, &line.out.finish().unwrap());
    // The refusal: neither log's nor officers' signatures are of this line. Nobody is accused.
    let names: Vec<_> = found.faults.iter().map(|fault| fault.kind.code()).collect();
    let expected = ["verify.officers", "verify.tail-unsigned", "verify.checkpoint-signature"];
    assert!(expected.iter().all(|code| names.contains(code)), "{names:?}");
    assert!(nobody_is_named(&found), "{:?}", found.faults);

    // The attack: the post itself sends what its officers released in the drill.
    let mut line = Line::open(real.clone(), Vec::new());
    let at = line.append(NORTH, &entry, &RowOpen::Open(open));
    line.checkpoint(NORTH);
    // The blame: it signed for it.
    assert_eq!(only_fault(&real, line), (Blame::Post(NORTH), at, "verify.officers"));

    // A whole record of the drill is none of the real line.
    let bytes = practice.out.finish().unwrap();
    assert!(matches!(check(&bytes, &anchor(&real)), Err(VerifyFault::PeerOtherLine)));
    // What remains: without an anchor it is only consistent, and says what it is.
    practice = Line::open(drill, Vec::new());
    let alone = check(&practice.out.finish().unwrap(), &Anchor::Nothing).unwrap();
    assert_eq!((alone.answer(), alone.kind), (Answer::ConsistentOnly, Kind::Drill));
}

#[test]
fn threat_clock_lies() {
    // The attack: a release is used after its time has run out.
    let (charter, mut line) = open_line();
    let (mut header, open) = line.message(NORTH, vec![1; 10]);
    header.t_ms += 700_000;
    let at = line.append(NORTH, &Entry::Message(header), &RowOpen::Open(open));
    line.checkpoint(NORTH);
    // The refusal, and the blame.
    assert_eq!(only_fault(&charter, line), (Blame::Post(NORTH), at, "verify.officers"));

    // What remains: a clock is a claim. Going backwards is no fault, and changes no order: South
    // had seen the entry that claims to be younger.
    let (charter, mut line) = open_line();
    line.t_ms += 10_000_000;
    line.say(NORTH, vec![1; 10]);
    line.t_ms -= 9_000_000;
    line.receipt(NORTH);
    let found = report(&charter, &line.out.finish().unwrap());
    assert_eq!((found.answer(), found.posts[1].receipts), (Answer::PartiesEstablished, 1));
}

#[test]
fn threat_downgraded_charter() {
    // The attack: North alone signs a charter with a weaker rule of release, and goes by it.
    let (charter, mut line) = open_line();
    let weaker = next(&charter, 4, &[1]);
    line.out.charter(&weaker.to_bytes()).unwrap();
    line.amend(NORTH, weaker.hash());
    let found = report(&charter, &line.out.finish().unwrap());
    // The refusal. Nobody is accused: a carrier can put any charter into a file, and leave one out.
    let expected = ["verify.charter-refused", "verify.amend-unknown"];
    assert_eq!(codes(&found), expected.map(|code| (code, Blame::File)));

    // The attack: an old charter is put back after the one that replaced it.
    let (charter, mut line) = open_line();
    line.out.charter(next(&charter, 5, &[1, 2]).complete().unwrap().to_bytes()).unwrap();
    line.out.charter(charter.to_bytes()).unwrap();
    let found = report(&charter, &line.out.finish().unwrap());
    assert_eq!(codes(&found), [("verify.charter-succession", Blame::File)]);

    // What remains: a weaker charter that every party signed is the line's.
    let (charter, mut line) = open_line();
    let agreed = next(&charter, 6, &[1, 2]).complete().unwrap();
    line.out.charter(agreed.to_bytes()).unwrap();
    line.amend(NORTH, agreed.hash());
    let found = report(&charter, &line.out.finish().unwrap());
    assert_eq!((found.answer(), found.charter), (Answer::PartiesEstablished, agreed.hash()));
}

#[test]
fn threat_forged_charter() {
    let (charter, _) = open_line();
    // The attack: a charter with one of our names and the forger's keys.
    let mut forged = charter.charter().clone();
    forged.parties[1].root_key = fixture::key(99);
    let mut draft = CharterDraft::new(forged).unwrap();
    draft.sign(&signer(1)).unwrap();
    draft.sign(&signer(99)).unwrap();
    let forged = draft.complete().unwrap();
    let mut line = Line::open(forged.clone(), Vec::new());
    line.say(SOUTH, b"we agree".to_vec());
    let bytes = line.out.finish().unwrap();
    // The refusal, for whoever has the charter or its check words.
    assert!(matches!(check(&bytes, &anchor(&charter)), Err(VerifyFault::PeerOtherLine)));
    let words = charter.hash().0.first_chunk::<20>().copied().unwrap();
    assert!(matches!(check(&bytes, &Anchor::Words(words)), Err(VerifyFault::PeerOtherLine)));
    // One whose signature is not its party's is refused by everybody.
    let mut lame = forged.to_bytes().to_vec();
    *lame.last_mut().unwrap() ^= 1;
    let bytes_of_lame = RecordWriter::new(Vec::new(), &lame, 2).unwrap().finish().unwrap();
    assert!(matches!(check(&bytes_of_lame, &Anchor::Nothing), Err(VerifyFault::PeerCharter(_))));
    // What remains: without charter or words nobody can tell; the answer says so.
    assert_eq!(check(&bytes, &Anchor::Nothing).unwrap().answer(), Answer::ConsistentOnly);
}

#[test]
fn threat_amended_twice() {
    // The attack: two charters that all signed replace the same one, and each post goes by another.
    let (charter, mut line) = open_line();
    let (one, two) = (next(&charter, 7, &[1, 2]), next(&charter, 8, &[1, 2]));
    line.out.charter(one.clone().complete().unwrap().to_bytes()).unwrap();
    line.out.charter(two.clone().complete().unwrap().to_bytes()).unwrap();
    line.amend(NORTH, one.hash());
    line.amend(SOUTH, two.hash());
    let found = report(&charter, &line.out.finish().unwrap());
    // The refusal; no post is accused, for the parties signed, and not the posts.
    let expected = ["verify.charter-succession", "verify.amend-unknown"];
    assert_eq!(codes(&found), expected.map(|code| (code, Blame::File)));
    // The blame: the two charters are proof against whoever signed both.
    let keys = KeysInForce::new(charter.clone());
    let both = CharterFork { one, other: two }.verify(&keys).unwrap();
    assert_eq!(both, [PartyIndex(0), PartyIndex(1)]);
    // What remains: one who signed only one of the two is not accused by the other's name on it.
    let (one, other) = (next(&charter, 7, &[1]), next(&charter, 8, &[1, 2]));
    assert_eq!(CharterFork { one, other }.verify(&keys).unwrap(), [PartyIndex(0)]);
}

#[test]
fn threat_proofs_from_another_log() {
    // The attack: South's signatures are shown as if North had made them.
    let (charter, mut line) = open_line();
    line.say(NORTH, vec![1; 10]);
    line.say(SOUTH, vec![1; 10]);
    let south = line.sign(SOUTH);
    line.out.checkpoint(NORTH, 2, &south.signature, None).unwrap();
    let at = EntryId { log: NORTH, index: 2 };
    assert_eq!(only_fault(&charter, line), (Blame::File, at, "verify.checkpoint-signature"));

    // With the root that South signed, too: it is no second history of North's.
    let (charter, mut line) = open_line();
    line.say(NORTH, vec![1; 10]);
    line.say(SOUTH, vec![1; 10]);
    let south = line.sign(SOUTH);
    let root = Some(south.checkpoint.root);
    line.out.checkpoint(NORTH, 2, &south.signature, root).unwrap();
    assert_eq!(only_fault(&charter, line), (Blame::File, at, "verify.checkpoint-signature"));

    // A proof of a fork with another log's checkpoints accuses nobody.
    let (charter, mut line) = open_line();
    let a = line.sign(SOUTH);
    let b = other_root(&a, 12);
    line.out.fork(&ForkProof::SameSize { log: NORTH, a, b }.encode()).unwrap();
    let nowhere = EntryId { log: NORTH, index: 0 };
    assert_eq!(only_fault(&charter, line), (Blame::File, nowhere, "verify.fork-proof"));

    // A cosignature of one log says nothing of another.
    let (charter, mut line) = open_line();
    let mut one = line.cosignature(SOUTH, NORTH);
    one.log = SOUTH;
    let at = EntryId { log: SOUTH, index: one.size };
    line.out.cosignature(&one).unwrap();
    assert_eq!(only_fault(&charter, line), (Blame::File, at, "verify.cosignature"));

    // The attack: a receipt names the root of another log. That is its author's own doing.
    let (charter, mut line) = open_line();
    line.say(NORTH, vec![1; 10]);
    let Entry::Receipt(mut receipt) = line.receipt_entry(NORTH) else { unreachable!() };
    receipt.root = line.log(SOUTH).frontier.root();
    let at = line.append(SOUTH, &Entry::Receipt(receipt), &RowOpen::Nothing);
    line.checkpoint(SOUTH);
    assert_eq!(only_fault(&charter, line), (Blame::Post(SOUTH), at, "verify.receipt-root"));
}

#[test]
fn threats_are_listed_with_their_tests() {
    let page = include_str!("../../../../docs/internals/threats.md");
    let own = include_str!("threats_record.rs");
    let mut tests = own.lines().filter_map(|row| row.strip_prefix("fn threat_"));
    assert!(tests.all(|row| {
        let name = row.split('(').next().unwrap_or_default();
        page.contains(&format!("`threat_{name}`"))
    }));
    assert_eq!(own.matches("\nfn threat_").count(), 9);
}
