//! Record files: what a verifier accepts, and whom it blames for what.

use std::io;

use khatt_record::charter::SignedCharter;
use khatt_record::cosign::Cosignature;
use khatt_record::entry::{Act, Entry, SeenLog};
use khatt_record::file::{RecordFileError, RecordReader, Row, RowOpen};
use khatt_record::fork::ForkProof;
use khatt_record::verify::{
    Anchor, Answer, Blame, BodyCheck, BodyFinding, FaultKind, NoBodyCheck, Report, VerifyFault,
    verify,
};
use khatt_record::{EntryId, Hash, Kind};

use crate::fixture::{self, Line, NORTH, SOUTH};

pub(crate) fn check(bytes: &[u8], anchor: &Anchor) -> Result<Report, VerifyFault> {
    let reports: Vec<_> = [1, 3]
        .map(|threads| verify(&mut || Ok(bytes), anchor, threads, &NoBodyCheck, &mut |_| {}))
        .into();
    let [one, three] = <[_; 2]>::try_from(reports).unwrap();
    if let (Ok(one), Ok(three)) = (&one, &three) {
        assert_eq!(one.faults, three.faults, "the number of threads changes nothing");
        assert_eq!(one.posts, three.posts);
    }
    one
}

pub(crate) fn anchor(charter: &SignedCharter) -> Anchor {
    Anchor::Charter(Box::new(charter.clone()))
}

pub(crate) fn open_line() -> (SignedCharter, Line<Vec<u8>>) {
    let charter = fixture::signed(fixture::charter(Kind::Real, vec![], [Hash([0; 32]); 2]));
    (charter.clone(), Line::open(charter, Vec::new()))
}

/// The one fault of a record, for which there must be no other.
pub(crate) fn only_fault(
    charter: &SignedCharter,
    line: Line<Vec<u8>>,
) -> (Blame, EntryId, &'static str) {
    let report = check(&line.out.finish().unwrap(), &anchor(charter)).unwrap();
    assert_eq!(report.answer(), Answer::Refused);
    let [fault] = report.faults.as_slice() else { panic!("{:?}", report.faults) };
    (fault.blame, fault.at, fault.kind.code())
}

#[test]
fn whole_record_is_established_by_charter_and_by_words() {
    let (charter, bytes) = fixture::small();
    let report = check(&bytes, &anchor(&charter)).unwrap();
    assert_eq!(report.faults, []);
    assert_eq!(report.answer(), Answer::PartiesEstablished);
    assert_eq!(report.answer().exit_code(), 0);
    let [north, south] = report.posts.as_slice() else { panic!("two posts") };
    assert_eq!((north.entries, north.messages, north.opened, north.receipts), (13, 4, 4, 8));
    assert_eq!((south.entries, south.messages, south.opened, south.receipts), (13, 8, 8, 4));
    assert_eq!((north.checkpoints, north.signed), (13, 13));
    assert_eq!(report.officer_signatures, 24);

    let words = charter.hash().0.first_chunk::<20>().copied().unwrap();
    let by_words = check(&bytes, &Anchor::Words(words)).unwrap();
    assert_eq!(by_words.answer(), Answer::PartiesEstablished);
}

#[test]
fn cosignatures_are_counted_for_the_log_that_they_cover() {
    let (charter, mut line) = open_line();
    line.say(NORTH, b"a message".to_vec());
    line.cosign(NORTH, NORTH);
    line.cosign(SOUTH, NORTH);
    line.say(NORTH, b"another".to_vec());
    let before = line.log(NORTH).frontier.size();
    line.cosign(SOUTH, NORTH);
    line.receipt(NORTH);
    let report = check(&line.out.finish().unwrap(), &anchor(&charter)).unwrap();
    assert_eq!(report.faults, []);
    let found: Vec<_> = report.posts.iter().map(|p| (p.cosignatures, p.cosigned)).collect();
    assert_eq!(found, [(3, before), (0, 0)]);
}

#[test]
fn wrong_cosignature_is_the_files_fault() {
    let (charter, mut line) = open_line();
    line.say(NORTH, b"a message".to_vec());
    let one = line.cosignature(SOUTH, NORTH);
    let at = EntryId { log: NORTH, index: one.size };
    // The post never said so: whoever put it there is to blame.
    line.out.cosignature(&Cosignature { post: NORTH, ..one }).unwrap();
    assert_eq!(only_fault(&charter, line), (Blame::File, at, "verify.cosignature"));
    let (charter, mut line) = open_line();
    let one = line.cosignature(SOUTH, NORTH);
    let at = EntryId { log: NORTH, index: one.size + 1 };
    line.out.cosignature(&Cosignature { size: one.size + 1, ..one.clone() }).unwrap();
    assert_eq!(only_fault(&charter, line), (Blame::File, at, "verify.cosignature-beyond"));
    let (charter, mut line) = open_line();
    let at = EntryId { log: NORTH, index: one.size };
    line.out.cosignature(&Cosignature { generation: 1, ..one }).unwrap();
    assert_eq!(only_fault(&charter, line), (Blame::File, at, "verify.cosignature"));
}

#[test]
fn cosignature_costs_what_the_documents_say() {
    let (_, line) = open_line();
    let before = line.out.finish().unwrap().len();
    let (_, mut line) = open_line();
    let mut one = line.cosignature(SOUTH, NORTH);
    (one.size, one.time_s) = (300, 1_700_000_000);
    line.out.cosignature(&one).unwrap();
    assert_eq!(line.out.finish().unwrap().len() - before, 2436);
}

#[test]
fn without_an_anchor_a_record_is_only_consistent() {
    let (_, bytes) = fixture::small();
    let report = check(&bytes, &Anchor::Nothing).unwrap();
    assert_eq!(report.answer(), Answer::ConsistentOnly);
    assert_eq!(report.answer().exit_code(), 3);
}

#[test]
fn another_lines_anchor_is_refused() {
    let (_, bytes) = fixture::small();
    let other = fixture::signed(fixture::charter(Kind::Drill, vec![], [Hash([0; 32]); 2]));
    assert!(matches!(check(&bytes, &anchor(&other)), Err(VerifyFault::PeerOtherLine)));
    assert!(matches!(check(&bytes, &Anchor::Words([0; 20])), Err(VerifyFault::PeerOtherLine)));
}

#[test]
fn every_cut_is_noticed() {
    let (charter, bytes) = fixture::small();
    for end in (0..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
        assert!(check(&bytes[..end], &anchor(&charter)).is_err(), "{end} bytes");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    let refused = check(&longer, &anchor(&charter));
    assert!(matches!(refused, Err(VerifyFault::File(RecordFileError::PeerTrailing))));
}

#[test]
fn every_altered_byte_is_noticed() {
    let (charter, bytes) = fixture::small();
    for at in (0..bytes.len()).step_by(61) {
        let mut altered = bytes.clone();
        altered[at] ^= 0x10;
        let answer = check(&altered, &anchor(&charter)).map(|report| report.answer());
        assert!(!matches!(answer, Ok(Answer::PartiesEstablished)), "byte {at}: {answer:?}");
    }
}

#[test]
fn altered_rows_under_a_new_trailer_are_noticed() {
    // A forger can write a fitting trailer; then signatures and hashes have to speak.
    let (charter, bytes) = fixture::small();
    let mut rows = Vec::new();
    let mut reader = RecordReader::new(bytes.as_slice()).unwrap();
    while let Some(row) = reader.next_row().unwrap() {
        rows.push(row);
    }
    for altered in 1..rows.len() {
        let mut writer =
            khatt_record::file::RecordWriter::new(Vec::new(), charter.to_bytes(), 2).unwrap();
        for (place, row) in rows.iter().enumerate().skip(1) {
            let mut row = row.clone();
            if place == altered {
                match &mut row {
                    Row::Entry { open: RowOpen::Open(part), .. } => part.body[0] ^= 1,
                    Row::Entry { leaf, .. } => *leaf.last_mut().unwrap() ^= 1,
                    Row::Checkpoint { signature, .. } => signature[0] ^= 1,
                    _ => {}
                }
            }
            match row {
                Row::Entry { log, leaf, open } => writer.entry(log, &leaf, &open).unwrap(),
                Row::Checkpoint { log, size, signature, root } => {
                    writer.checkpoint(log, size, &signature, root).unwrap();
                }
                other => panic!("{other:?}"),
            }
        }
        let report = check(&writer.finish().unwrap(), &anchor(&charter)).unwrap();
        assert_eq!(report.answer(), Answer::Refused, "row {altered}");
        // The posts signed the true record: whoever altered the file is at fault.
        assert!(report.faults.iter().all(|fault| fault.blame == Blame::File), "row {altered}");
    }
}

#[test]
fn message_without_the_officers_it_needs_is_its_posts_fault() {
    let (charter, mut line) = open_line();
    let (mut header, mut open) = line.message(NORTH, vec![1; 10]);
    // One officer's signature only: 1 of the 2 items and its 73 bytes.
    open.auth.truncate(1 + (open.auth.len() - 1) / 2);
    open.auth[0] = 0x81;
    (header.c_body, header.c_auth) = open.commitments();
    let at = line.append(NORTH, &Entry::Message(header), &RowOpen::Open(open));
    line.checkpoint(NORTH);
    assert_eq!(only_fault(&charter, line), (Blame::Post(NORTH), at, "verify.officers"));
}

#[test]
fn forged_officers_signature_is_its_posts_fault() {
    let (charter, mut line) = open_line();
    let (mut header, mut open) = line.message(SOUTH, vec![1; 10]);
    *open.auth.last_mut().unwrap() ^= 1;
    (header.c_body, header.c_auth) = open.commitments();
    let at = line.append(SOUTH, &Entry::Message(header), &RowOpen::Open(open));
    line.checkpoint(SOUTH);
    assert_eq!(only_fault(&charter, line), (Blame::Post(SOUTH), at, "verify.officers"));
}

#[test]
fn false_receipt_is_its_posts_fault() {
    let (charter, mut line) = open_line();
    line.say(NORTH, vec![1; 10]);
    let Entry::Receipt(mut receipt) = line.receipt_entry(NORTH) else { unreachable!() };
    receipt.root = Hash([9; 32]);
    let at = line.append(SOUTH, &Entry::Receipt(receipt), &RowOpen::Nothing);
    line.checkpoint(SOUTH);
    assert_eq!(only_fault(&charter, line), (Blame::Post(SOUTH), at, "verify.receipt-root"));
}

#[test]
fn receipt_of_what_was_not_seen_is_its_posts_fault() {
    let (charter, mut line) = open_line();
    line.say(NORTH, vec![1; 10]);
    let Entry::Receipt(mut receipt) = line.receipt_entry(NORTH) else { unreachable!() };
    receipt.seen.set(NORTH, SeenLog::prefix(1));
    let at = line.append(SOUTH, &Entry::Receipt(receipt), &RowOpen::Nothing);
    line.checkpoint(SOUTH);
    assert_eq!(only_fault(&charter, line), (Blame::Post(SOUTH), at, "verify.receipt-beyond"));
}

#[test]
fn forgetting_what_was_seen_is_a_fault() {
    let (charter, mut line) = open_line();
    line.say(NORTH, vec![1; 10]);
    line.receipt(NORTH);
    line.log(SOUTH).seen.set(NORTH, SeenLog::prefix(1));
    let at = line.say(SOUTH, vec![2; 10]);
    assert_eq!(only_fault(&charter, line), (Blame::Post(SOUTH), at, "verify.seen-shrank"));
}

#[test]
fn seeing_what_does_not_exist_is_a_fault() {
    let (charter, mut line) = open_line();
    line.log(SOUTH).seen.set(NORTH, SeenLog::prefix(7));
    let at = line.say(SOUTH, vec![2; 10]);
    // The entries may have been left out of the file.
    assert_eq!(only_fault(&charter, line), (Blame::File, at, "verify.seen-beyond"));
}

#[test]
fn thread_must_begin_before() {
    let (charter, mut line) = open_line();
    let thread = EntryId { log: SOUTH, index: 0 };
    let (header, open) = line.message_in(NORTH, vec![1; 10], Some(thread));
    let at = line.append(NORTH, &Entry::Message(header), &RowOpen::Open(open));
    line.checkpoint(NORTH);
    assert_eq!(only_fault(&charter, line), (Blame::Post(NORTH), at, "verify.thread-unknown"));
}

#[test]
fn repeated_message_is_noticed() {
    let (charter, mut line) = open_line();
    let (header, open) = line.message(NORTH, vec![1; 10]);
    let entry = Entry::Message(header);
    line.append(NORTH, &entry, &RowOpen::Open(open.clone()));
    let at = line.append(NORTH, &entry, &RowOpen::Open(open));
    line.checkpoint(NORTH);
    assert_eq!(only_fault(&charter, line), (Blame::Post(NORTH), at, "verify.repeated"));
}

#[test]
fn tail_without_a_signature_is_the_files_fault() {
    let (charter, mut line) = open_line();
    let (header, open) = line.message(NORTH, vec![1; 10]);
    let at = line.append(NORTH, &Entry::Message(header), &RowOpen::Open(open));
    assert_eq!(only_fault(&charter, line), (Blame::File, at, "verify.tail-unsigned"));
}

#[test]
fn other_signed_root_is_its_posts_fault() {
    let (charter, mut line) = open_line();
    line.say(NORTH, vec![1; 10]);
    let mut other = line.sign(NORTH).checkpoint;
    other.root = Hash([8; 32]);
    let signed = other.clone().sign(&fixture::signer(11));
    line.out.checkpoint(NORTH, other.size, &signed.signature, Some(other.root)).unwrap();
    let at = EntryId { log: NORTH, index: 2 };
    let expected = (Blame::Post(NORTH), at, "verify.checkpoint-other-root");
    assert_eq!(only_fault(&charter, line), expected);
}

#[test]
fn fork_proof_accuses_the_post_that_forked() {
    let (charter, mut line) = open_line();
    let a = line.sign(SOUTH);
    let mut other = a.checkpoint.clone();
    other.root = Hash([8; 32]);
    let b = other.sign(&fixture::signer(12));
    let proof = ForkProof::SameSize { log: SOUTH, a, b };
    line.out.fork(&proof.encode()).unwrap();
    let at = EntryId { log: SOUTH, index: 0 };
    assert_eq!(only_fault(&charter, line), (Blame::Post(SOUTH), at, "verify.forked"));
}

#[test]
fn withheld_and_closed_messages_are_counted() {
    let (charter, mut line) = open_line();
    for open in [RowOpen::Withheld, RowOpen::Nothing] {
        let (header, _) = line.message(NORTH, vec![1; 10]);
        line.append(NORTH, &Entry::Message(header), &open);
    }
    line.checkpoint(NORTH);
    let report = check(&line.out.finish().unwrap(), &anchor(&charter)).unwrap();
    assert_eq!(report.answer(), Answer::PartiesEstablished);
    let north = &report.posts[0];
    assert_eq!((north.messages, north.opened, north.withheld, north.closed), (2, 0, 1, 1));
}

#[test]
fn line_goes_on_under_an_amended_charter() {
    let (charter, mut line) = open_line();
    let mut next = charter.charter().clone();
    next.release = [khatt_record::charter::ReleaseRule {
        signatures: 1,
        emergency_single: khatt_record::charter::YesNo::No,
    }; 4];
    next.first = Some(charter.line_id());
    next.previous = Some(charter.hash());
    let next = fixture::signed(next);
    line.out.charter(next.to_bytes()).unwrap();
    line.amend(NORTH, next.hash());
    // South, which has not amended, still needs two; North now needs one.
    for (post, good) in [(NORTH, true), (SOUTH, false)] {
        let (mut header, mut open) = line.message(post, vec![1; 10]);
        header.act = Act::Release;
        let half = (open.auth.len() - 1) / 2;
        // The second officer's signature is the one that releases.
        open.auth.drain(1..=half);
        open.auth[0] = 0x81;
        (header.c_body, header.c_auth) = open.commitments();
        let at = line.append(post, &Entry::Message(header), &RowOpen::Open(open));
        line.checkpoint(post);
        if good {
            assert_eq!(at.log, NORTH);
        }
    }
    let report = check(&line.out.finish().unwrap(), &anchor(&charter)).unwrap();
    let [fault] = report.faults.as_slice() else { panic!("{:?}", report.faults) };
    assert_eq!((fault.blame, fault.kind.code()), (Blame::Post(SOUTH), "verify.officers"));
    assert_eq!(report.charter, next.hash());
}

#[test]
fn receipts_of_long_ago_are_looked_up_in_a_second_pass() {
    let charter = fixture::signed(fixture::charter(Kind::Real, vec![], [Hash([0; 32]); 2]));
    for forged in [false, true] {
        let mut line = Line::open(charter.clone(), Vec::new());
        line.keep = false;
        let (header, _) = line.message(NORTH, vec![1; 10]);
        line.append(NORTH, &Entry::Message(header), &RowOpen::Nothing);
        let Entry::Receipt(mut receipt) = line.receipt_entry(NORTH) else { unreachable!() };
        let (mut header, _) = line.message(NORTH, vec![]);
        for number in 0..20_000_u32 {
            // Closed messages need no signatures; only that no two are the same.
            header.c_body.0[..4].copy_from_slice(&number.to_be_bytes());
            line.append(NORTH, &Entry::Message(header.clone()), &RowOpen::Nothing);
        }
        line.checkpoint(NORTH);
        if forged {
            receipt.root = Hash([7; 32]);
        }
        line.append(SOUTH, &Entry::Receipt(receipt), &RowOpen::Nothing);
        line.checkpoint(SOUTH);
        let bytes = line.out.finish().unwrap();
        let mut opened = 0;
        let mut open = || {
            opened += 1;
            io::Result::Ok(bytes.as_slice())
        };
        let report = verify(&mut open, &anchor(&charter), 2, &NoBodyCheck, &mut |_| {}).unwrap();
        assert_eq!(opened, 2, "a second pass");
        if forged {
            assert_eq!(report.fault_count, 1);
            assert_eq!(report.faults[0].kind, FaultKind::ReceiptRoot);
            assert_eq!(report.faults[0].blame, Blame::Post(SOUTH));
        } else {
            assert_eq!(report.faults, []);
            assert_eq!(report.posts[1].receipts, 1);
        }
    }
}

#[test]
fn bodies_are_given_to_the_check_and_its_findings_reported() {
    struct ByFirstByte;
    impl BodyCheck for ByFirstByte {
        fn check(&self, _: &SignedCharter, _: Act, body: &[u8]) -> BodyFinding {
            match body.first() {
                Some(0) => BodyFinding::Agrees,
                Some(1) => BodyFinding::Differs,
                Some(2) => BodyFinding::Malformed,
                Some(4) => BodyFinding::OtherAct,
                _ => BodyFinding::Unknown,
            }
        }
    }
    let (charter, mut line) = open_line();
    for first in [0, 1, 2, 3, 4, 0] {
        line.say(NORTH, vec![first; 10]);
    }
    let bytes = line.out.finish().unwrap();
    let mut open = || io::Result::Ok(bytes.as_slice());
    let report = verify(&mut open, &anchor(&charter), 2, &ByFirstByte, &mut |_| {}).unwrap();
    let codes: Vec<_> = report.faults.iter().map(|fault| fault.kind.code()).collect();
    assert_eq!(codes, ["verify.rendering-differs", "verify.body-malformed", "verify.act-form"]);
    assert_eq!((report.renderings_agree, report.renderings_unknown), (2, 1));
}

#[test]
fn what_is_no_record_is_named_so() {
    for bytes in [&b""[..], b"hello", &[0x83, 0, 0x61, b'x', 1], &[0xff; 100]] {
        let refused = check(bytes, &Anchor::Nothing);
        assert!(matches!(refused, Err(VerifyFault::File(RecordFileError::PeerNoRecord))));
    }
}

#[test]
fn a_byte_changed_in_an_entry_is_told_with_the_entry() {
    let (charter, bytes) = fixture::small();
    let mut named = 0;
    for at in (0..bytes.len()).step_by(13) {
        let mut altered = bytes.clone();
        altered[at] ^= 0x01;
        if let Ok(report) = check(&altered, &anchor(&charter)) {
            assert_eq!(report.answer(), Answer::Refused, "byte {at}");
            assert!(report.faults.iter().all(|fault| fault.blame == Blame::File), "byte {at}");
            named += 1;
        }
    }
    assert!(named > 100, "most bytes of this file belong to entries: {named}");
}

#[test]
fn precedence_and_thread_are_what_the_officers_signed_for() {
    for change in [
        |header: &mut khatt_record::entry::MessageHeader| {
            header.precedence = khatt_record::Precedence::Flash;
        },
        |header: &mut khatt_record::entry::MessageHeader| {
            header.thread = Some(EntryId { log: NORTH, index: 0 });
        },
    ] {
        let (charter, mut line) = open_line();
        let (mut header, open) = line.message(NORTH, vec![1; 10]);
        change(&mut header);
        let at = line.append(NORTH, &Entry::Message(header), &RowOpen::Open(open));
        line.checkpoint(NORTH);
        assert_eq!(only_fault(&charter, line), (Blame::Post(NORTH), at, "verify.officers"));
    }
}
