use super::*;
use crate::auth::{Auth, OfficerSignature};
use crate::charter::SignedCharter;
use crate::checkpoint::{Checkpoint, Origin};
use crate::commit::{OpenPart, Seed, auth_commitment, body_commitment};
use crate::entry::{Act, Entry, MessageHeader, Open, Receipt, Seen, SeenLog};
use crate::ids::{OfficerIndex, Precedence};
use crate::keys::PostSigner as _;
use crate::merkle::{Frontier, inclusion_proof, leaf_hash};
use crate::statement::{KeyId, Role, Statement, release_digest};
use crate::testing::{charter, line, sign, signer};
use crate::verify::{Anchor, Answer, NoBodyCheck};

mod nothing_else;
mod orders;
mod threats;
mod vectors;

const NORTH: PostIndex = PostIndex(0);
const SOUTH: PostIndex = PostIndex(1);
const T_MS: u64 = 1_700_000_000_123;
/// Where the disclosed entry stands, and how long the log is when it is receipted.
const INDEX: u64 = 5;
const SIZE: u64 = 13;

/// A message of North's post, signed by its two officers.
fn message(charter: &SignedCharter, seed: u8, body: &[u8]) -> (MessageHeader, OpenPart) {
    message_by(charter, seed, body, [41, 42])
}

fn message_by(
    charter: &SignedCharter,
    seed: u8,
    body: &[u8],
    keys: [u8; 2],
) -> (MessageHeader, OpenPart) {
    let seed = Seed::new([seed; 16]);
    let c_body = body_commitment(&seed.body_salt(), body);
    let one = |(officer, number, role): (u16, u8, Role)| {
        let statement = Statement {
            line: charter.line_id(),
            kind: charter.kind(),
            post: NORTH,
            act: Act::Release,
            draft_id: seed.draft_id(),
            digest: release_digest(c_body, Precedence::Immediate, None),
            role,
            not_after_ms: 1_700_000_600_000,
        };
        let key = KeyId { officer: OfficerIndex(officer), key: 0 };
        OfficerSignature::make(&statement, key, &signer(number))
    };
    let both = [(0, keys[0], Role::Draft), (1, keys[1], Role::Release)];
    let auth = Auth(both.into_iter().map(one).collect()).encode(T_MS).unwrap();
    let open = OpenPart { seed, body: body.to_vec(), auth };
    let (c_body, c_auth) = open.commitments();
    let (seen, act) = (Seen::none(2, NORTH), Act::Release);
    let precedence = Precedence::Immediate;
    let header = MessageHeader { t_ms: T_MS, seen, act, precedence, thread: None, c_body, c_auth };
    (header, open)
}

fn signed(charter: &SignedCharter, log: PostIndex, leaves: &[Hash]) -> (Hash, String, [u8; 64]) {
    signed_by(charter.origin(log).unwrap(), 11 + log.0, leaves)
}

fn signed_by(origin: Origin, key: u8, leaves: &[Hash]) -> (Hash, String, [u8; 64]) {
    let mut frontier = Frontier::new();
    leaves.iter().for_each(|leaf| frontier.append(*leaf));
    let (size, root) = (frontier.size(), frontier.root());
    let key = signer(key);
    let checkpoint = Checkpoint { origin, size, root }.sign(&key);
    (root, checkpoint.to_note(&key.public()), checkpoint.signature)
}

fn log_key(log: PostIndex) -> LogKey {
    LogKey { generation: 0, key: signer(11 + log.0).public() }
}

/// North's log of this line, every entry but the disclosed one made of `other`, and South's receipt.
fn disclosure(charter: &SignedCharter, other: u8) -> Disclosure {
    let (header, open) = message(charter, 200, b"the disclosed body");
    let origin = charter.origin(NORTH).unwrap();
    disclosure_of(charter, other, (&header, &open), (origin, 0, 11))
}

/// The same of another message, in a log of this origin, generation and key.
fn disclosure_of(
    charter: &SignedCharter,
    other: u8,
    (header, open): (&MessageHeader, &OpenPart),
    (origin, generation, key): (Origin, u32, u8),
) -> Disclosure {
    let leaf = Entry::Message(header.clone()).encode();
    let mut leaves = Vec::new();
    for index in 0..SIZE {
        leaves.push(if index == INDEX {
            leaf_hash(&leaf)
        } else {
            let (header, _) = message(charter, other + index as u8, &[other; 4]);
            leaf_hash(&Entry::Message(header).encode())
        });
    }
    let (root, note, _) = signed_by(origin, key, &leaves);
    let seen = Seen::none(2, SOUTH);
    let line = charter.line_id();
    let open_entry = Open { t_ms: T_MS, seen: seen.clone(), line, post: SOUTH, generation: 0 };
    let mut seen = seen;
    seen.set(NORTH, SeenLog { prefix: SIZE, beyond: Vec::new() });
    let t_ms = T_MS + u64::from(other);
    let receipt = Receipt { t_ms: t_ms.min(T_MS + 900), seen, log: NORTH, size: SIZE, root };
    let receipt = Entry::Receipt(receipt).encode();
    let souths = [leaf_hash(&Entry::Open(open_entry).encode()), leaf_hash(&receipt)];
    let (_, _, signature) = signed(charter, SOUTH, &souths);
    Disclosure {
        line,
        kind: charter.kind(),
        posts: 2,
        entry: EntryId { log: NORTH, index: INDEX },
        author: LogKey { generation, key: signer(key).public() },
        leaf,
        body_salt: open.seed.body_salt(),
        body: open.body.clone(),
        officers: None,
        receipts: vec![ReceiptPart {
            post: SOUTH,
            log: log_key(SOUTH),
            leaf: receipt,
            index: 1,
            size: 2,
            signature,
            path: inclusion_proof(&souths.to_vec(), 1, 2).unwrap(),
        }],
        charter: None,
        orders: vec![],
        path: inclusion_proof(&leaves, INDEX, SIZE).unwrap(),
        note,
    }
}

fn with_officers(charter: &SignedCharter) -> Disclosure {
    let (_, open) = message(charter, 200, b"the disclosed body");
    let (salt, draft_id) = (open.seed.auth_salt(), open.seed.draft_id());
    let officers = Some(OfficersPart { salt, draft_id, auth: open.auth.clone() });
    Disclosure { officers, ..disclosure(charter, 20) }
}

fn given(charter: &SignedCharter) -> Anchor {
    Anchor::Charter(Box::new(charter.clone()))
}

fn words(charter: &SignedCharter) -> Anchor {
    Anchor::Words(charter.hash().0.first_chunk::<20>().copied().unwrap())
}

fn check(of: &Disclosure, anchor: &Anchor) -> Result<DisclosureReport, &'static str> {
    let bytes = of.encode();
    let read = Disclosure::decode(bytes.as_bytes()).map_err(|error| error.code())?;
    assert_eq!(read, *of, "what is read is what was written");
    read.check(anchor, &NoBodyCheck).map_err(|fault| fault.code())
}

#[test]
fn charter_establishes_the_parties_and_nothing_less_does() {
    let charter = line();
    let one = disclosure(&charter, 20);
    let report = check(&one, &given(&charter)).unwrap();
    assert_eq!(report.answer(), Answer::PartiesEstablished);
    assert_eq!((report.header.t_ms, report.checkpoint.size), (T_MS, SIZE));
    assert_eq!(report.received, [Received { post: SOUTH, t_ms: T_MS + 20 }]);
    assert_eq!(report.officers, OfficersShown::Closed);
    for anchor in [Anchor::Nothing, words(&charter)] {
        assert_eq!(check(&one, &anchor).unwrap().answer(), Answer::ConsistentOnly);
    }
    let enclosed = Disclosure { charter: Some(charter.to_bytes().to_vec()), ..one };
    let answer = |anchor| check(&enclosed, &anchor).unwrap().answer();
    assert_eq!(answer(words(&charter)), Answer::PartiesEstablished);
    assert_eq!(answer(Anchor::Nothing), Answer::ConsistentOnly);
}

#[test]
fn officers_are_opened_only_if_asked_for() {
    let charter = line();
    let shown = with_officers(&charter);
    let both = vec![(OfficerIndex(0), Role::Draft), (OfficerIndex(1), Role::Release)];
    let report = check(&shown, &given(&charter)).unwrap();
    assert_eq!(report.officers, OfficersShown::Signed(both));
    let report = check(&shown, &Anchor::Nothing).unwrap();
    assert_eq!(report.officers, OfficersShown::Unchecked);
    let closed = disclosure(&charter, 20).encode();
    let part = shown.officers.as_ref().unwrap();
    let extra = |text: &str| {
        let row = text.lines().nth(1).unwrap().strip_prefix("extra ").unwrap().to_owned();
        data_encoding::BASE64.decode(row.as_bytes()).unwrap()
    };
    let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|held| held == part);
    let (closed, shown) = (extra(&closed), extra(&shown.encode()));
    for secret in [&part.salt[..], &part.draft_id[..], &part.auth[..]] {
        assert!(holds(&shown, secret) && !holds(&closed, secret));
    }
    let seed = [200; 16];
    assert!(!holds(&shown, &seed) && !holds(&closed, &seed), "the seed is never handed over");
}

#[test]
fn officers_of_another_message_do_not_stand_for_this_one() {
    let charter = line();
    let (_, other) = message(&charter, 201, b"another body");
    let mut one = with_officers(&charter);
    one.officers.as_mut().unwrap().auth = other.auth.clone();
    assert_eq!(check(&one, &given(&charter)).unwrap_err(), "disclosure.opened");
    let mut one = with_officers(&charter);
    one.officers.as_mut().unwrap().draft_id = other.seed.draft_id();
    assert_eq!(check(&one, &given(&charter)).unwrap_err(), "disclosure.officers");
}

#[test]
fn every_changed_byte_is_refused() {
    let charter = line();
    let anchor = given(&charter);
    let text = with_officers(&charter).encode().into_bytes();
    assert!(Disclosure::decode(&text).unwrap().check(&anchor, &NoBodyCheck).is_ok());
    for place in 0..text.len() {
        for change in [1, 2, 0x20, 0x80] {
            let mut changed = text.clone();
            changed[place] ^= change;
            let found = Disclosure::decode(&changed);
            let holds = found.is_ok_and(|read| read.check(&anchor, &NoBodyCheck).is_ok());
            assert!(!holds, "byte {place} changed by {change}");
        }
        let cut = Disclosure::decode(&text[..place]);
        assert!(!cut.is_ok_and(|read| read.check(&anchor, &NoBodyCheck).is_ok()), "cut at {place}");
    }
}

#[test]
fn further_signatures_on_the_checkpoint_are_passed_over() {
    let charter = line();
    let mut one = disclosure(&charter, 20);
    // As a witness, or a key of another kind, would add its row.
    let blob = data_encoding::BASE64.encode(&[7; 2428]);
    one.note.push_str(&format!("\u{2014} {} {blob}\n", charter.origin(NORTH).unwrap()));
    assert!(check(&one, &given(&charter)).is_ok());
}

#[test]
fn what_is_too_large_or_no_tlog_proof_is_refused() {
    let code = |bytes: &[u8]| Disclosure::decode(bytes).unwrap_err().code();
    assert_eq!(code(&vec![b' '; FILE_MAX + 1]), "disclosure.too-large");
    assert_eq!(code(b""), "disclosure.malformed");
    assert_eq!(code(b"c2sp.org/tlog-proof@v2\n"), "disclosure.malformed");
    let text = disclosure(&line(), 20).encode();
    let without: String = text
        .lines()
        .filter(|row| !row.starts_with("extra"))
        .map(|row| format!("{row}\n"))
        .collect();
    assert_eq!(code(without.as_bytes()), "disclosure.malformed");
    assert_eq!(code(text.replace("index 5", "index 05").as_bytes()), "disclosure.malformed");
    let extra = text.lines().nth(1).unwrap();
    assert_eq!(code(text.replace(extra, "extra AAAA").as_bytes()), "disclosure.extra");
    assert!(Disclosure::begins(text.as_bytes()));
}

#[test]
fn nothing_of_it_is_printed() {
    let shown = format!("{:?}", with_officers(&line()));
    assert!(!shown.contains("disclosed body") && shown.contains("redacted"), "{shown}");
}
