//! Plays `vectors/epoch`, `vectors/frame` and `vectors/record`: one fact a file, usable from any
//! language. `vectors/README.md` says how they are written; the fields of each are in the specs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use khatt_record::charter::{OfficerKey, Roles, Scheme, hash_bytes};
use khatt_record::cosign::Cosignature;
use khatt_record::key_order::{KeyChange, NewGeneration, OfficerChange, SignedKeyOrder};
use khatt_record::seal::{
    CapsuleContext, EpochNumber, EpochSecret, FrameContext, PrekeySecret, ReceiveEpoch, items,
    open_capsule, open_frame,
};
use khatt_record::verify::{Anchor, Blame, Fault, NoBodyCheck, verify};
use khatt_record::{
    Entry, Hash, KeysInForce, Kind, LineId, OfficerIndex, PartyIndex, PostIndex,
    file::{RecordReader, RowOpen},
};

use crate::fixture;

struct Vector {
    name: String,
    header: BTreeMap<String, String>,
    bytes: Vec<u8>,
}

impl Vector {
    fn text(&self, key: &str) -> &str {
        self.header.get(key).unwrap_or_else(|| panic!("{}: no {key}", self.name))
    }

    fn number<T: TryFrom<u64>>(&self, key: &str) -> T {
        let number: u64 = self.text(key).parse().unwrap();
        T::try_from(number).unwrap_or_else(|_| panic!("{}: {key}", self.name))
    }

    fn fixed<const N: usize>(&self, key: &str) -> [u8; N] {
        unhex(self.text(key)).try_into().unwrap_or_else(|_| panic!("{}: {key}", self.name))
    }

    fn is_accepted(&self) -> bool {
        match self.text("expect") {
            "accept" => true,
            "refuse" => false,
            other => panic!("{}: expect {other}", self.name),
        }
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let digit = |byte: &u8| (*byte as char).to_digit(16).expect("a hex digit") as u8;
    digits.chunks(2).map(|two| digit(&two[0]) << 4 | digit(&two[1])).collect()
}

fn vectors(folder: &str) -> Vec<Vector> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let mut vectors = Vec::new();
    for file in std::fs::read_dir(&path).unwrap() {
        let file = file.unwrap().path();
        let name = file.display().to_string();
        let text = std::fs::read_to_string(&file).unwrap();
        let (head, body) = text.split_once("\n\n").unwrap_or_else(|| panic!("{name}: no bytes"));
        let header: BTreeMap<_, _> = head
            .lines()
            .map(|row| row.split_once(": ").unwrap_or_else(|| panic!("{name}: {row}")))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        assert_eq!(header.get("encoding").map(String::as_str), Some("hex"), "{name}");
        for key in ["expect", "section", "comment"] {
            assert!(header.contains_key(key), "{name}: no {key}");
        }
        vectors.push(Vector { name, header, bytes: unhex(body) });
    }
    assert!(vectors.len() >= 2, "{folder}");
    vectors
}

#[test]
fn epoch_vectors_hold() {
    for vector in vectors("vectors/epoch") {
        let context = CapsuleContext {
            line: LineId(vector.fixed("line")),
            kind: Kind::try_from(vector.number::<u64>("kind")).unwrap(),
            sender: PostIndex(vector.number("sender")),
            recipient: PostIndex(vector.number("recipient")),
            epoch: EpochNumber::new(vector.number("epoch")).unwrap(),
            prekey_no: vector.number("prekey"),
        };
        let prekey = PrekeySecret::from_seed(vector.fixed("seed"));
        let capsule = vector.bytes.as_slice().try_into().unwrap();
        let opened = open_capsule(&prekey, &context, capsule).map(|epoch| *epoch.secret.expose());
        let expected = vector.is_accepted().then(|| vector.fixed("secret"));
        assert_eq!(opened.ok(), expected, "{}", vector.name);
    }
}

#[test]
fn frame_vectors_hold() {
    for vector in vectors("vectors/frame") {
        let context = FrameContext {
            line: LineId(vector.fixed("line")),
            kind: Kind::try_from(vector.number::<u64>("kind")).unwrap(),
            sender: PostIndex(vector.number("sender")),
            posts: vector.number("posts"),
        };
        let epoch = ReceiveEpoch {
            secret: EpochSecret::from_bytes(vector.fixed("secret")),
            number: EpochNumber::new(vector.number("epoch")).unwrap(),
        };
        let opened = open_frame(&epoch, &context, &vector.bytes);
        if vector.is_accepted() {
            let found = items::encode(&opened.unwrap(), &context, None).unwrap();
            assert_eq!(found, unhex(vector.text("items")), "{}", vector.name);
        } else {
            let code = opened.unwrap_err().code();
            assert_eq!(code, vector.text("code"), "{}", vector.name);
        }
    }
}

#[test]
fn record_vectors_hold() {
    for vector in vectors("vectors/record") {
        let anchor = Anchor::Words(vector.fixed("words"));
        let mut open = || Ok(vector.bytes.as_slice());
        let found = verify(&mut open, &anchor, 2, &NoBodyCheck, &mut |_| {});
        if vector.is_accepted() {
            let report = found.unwrap();
            assert_eq!(report.faults, [], "{}", vector.name);
            assert_eq!(report.entries(), vector.number::<u64>("entries"), "{}", vector.name);
        } else {
            let code = match found {
                Ok(report) => {
                    let of_file = |fault: &Fault| fault.blame == Blame::File;
                    if vector.header.get("at-fault").map(String::as_str) == Some("file") {
                        assert!(report.faults.iter().all(of_file), "{}", vector.name);
                    }
                    report.faults.first().map_or("", |fault| fault.kind.code())
                }
                Err(fault) => fault.code(),
            };
            assert_eq!(code, vector.text("code"), "{}", vector.name);
        }
    }
}

/// The record vectors are this file's own work: with `KHATT_WRITE_VECTORS` set it writes them, and
/// without it holds them to what it would write.
#[test]
fn record_vectors_are_what_the_fixture_writes() {
    let charter = fixture::signed(fixture::charter(Kind::Rehearsal, vec![], [Hash([0; 32]); 2]));
    let words: String =
        charter.line_id().0.iter().take(20).map(|byte| format!("{byte:02x}")).collect();
    let mut line = fixture::Line::open(charter.clone(), Vec::new());
    line.say(fixture::NORTH, b"a message".to_vec());
    line.receipt(fixture::NORTH);
    let small = line.out.finish().unwrap();

    let mut line = fixture::Line::open(charter.clone(), Vec::new());
    let (header, open) = line.message(fixture::NORTH, b"a message".to_vec());
    line.append(fixture::NORTH, &Entry::Message(header), &RowOpen::Open(open));
    let tail = line.out.finish().unwrap();

    let mut keys = KeysInForce::new(charter.clone());
    let mut line = fixture::Line::open(charter.clone(), Vec::new());
    line.say(fixture::NORTH, b"a message".to_vec());
    line.receipt(fixture::NORTH);
    let mut order = |change: KeyChange, by: &[u8]| {
        let draft = keys.next_order(PartyIndex(0), fixture::OPENED_MS, change).unwrap();
        let mut order = SignedKeyOrder::new(draft);
        for number in by {
            keys.sign(&mut order, &fixture::signer(*number)).unwrap();
        }
        keys.apply(&Arc::new(order.clone())).unwrap();
        order
    };
    let duty = OfficerChange {
        officer: OfficerIndex(1),
        title: "North duty officer".to_owned(),
        roles: Roles::RELEASING,
        keys: vec![OfficerKey { scheme: Scheme::Ed25519, key: fixture::key(75) }],
    };
    let duty = order(KeyChange::Officer(duty), &[1]);
    let next = order(
        KeyChange::Generation(Box::new(NewGeneration {
            post: fixture::NORTH,
            generation: 1,
            log_key: fixture::key(61),
            next_log_digest: hash_bytes(&fixture::key(65)),
            pq_key: vec![],
            tls_key: fixture::key(66),
            prekey: vec![7; 1216],
            addresses: vec![],
        })),
        &[81, 89],
    );
    line.keys(fixture::NORTH, &duty);
    line.checkpoint(fixture::NORTH);
    line.keys(fixture::NORTH, &next);
    line.generations[0] = (1, 61);
    line.pens[1] = 75;
    line.checkpoint(fixture::NORTH);
    line.say(fixture::NORTH, b"another message".to_vec());
    line.receipt(fixture::NORTH);
    let key_life = line.out.finish().unwrap();

    let cosigned = |time_s: u64| {
        let mut line = fixture::Line::open(charter.clone(), Vec::new());
        line.say(fixture::NORTH, b"a message".to_vec());
        line.cosign(fixture::NORTH, fixture::NORTH);
        let mut one = line.cosignature(fixture::SOUTH, fixture::NORTH);
        one.time_s += time_s;
        line.out.cosignature(&one).unwrap();
        line.receipt(fixture::NORTH);
        line.out.finish().unwrap()
    };
    let (whole, moved) = (cosigned(0), cosigned(1));
    let mut line = fixture::Line::open(charter.clone(), Vec::new());
    let one = line.cosignature(fixture::SOUTH, fixture::NORTH);
    line.out.cosignature(&Cosignature { size: one.size + 1, ..one }).unwrap();
    let beyond = line.out.finish().unwrap();

    let trailer = RecordReader::new(small.as_slice()).map(|mut reader| {
        let mut end = 0;
        while let Ok(Some(_)) = reader.next_row() {
            end = reader.position();
        }
        usize::try_from(end).unwrap()
    });
    let cut = small[..trailer.unwrap()].to_vec();
    let expected = [
        (
            "small",
            "accept",
            "spec/verify.md §9",
            "openings, a message and its receipt",
            "entries: 4",
            small,
        ),
        (
            "key-life",
            "accept",
            "spec/key-order.md §7",
            "an officer's new key, and a new generation by the recovery quorum",
            "entries: 8",
            key_life,
        ),
        (
            "tail-unsigned",
            "refuse",
            "spec/verify.md §5",
            "the last entry is under no checkpoint",
            "code: verify.tail-unsigned",
            tail,
        ),
        (
            "cosigned",
            "accept",
            "spec/verify.md §5",
            "North's log is cosigned by North and by South",
            "entries: 4",
            whole,
        ),
        (
            "cosignature-moved",
            "refuse",
            "spec/cosignature.md §2",
            "South's cosignature is given a time a second later",
            "code: verify.cosignature",
            moved,
        ),
        (
            "cosignature-beyond",
            "refuse",
            "spec/verify.md §5",
            "a cosignature of a size that the log does not have",
            "code: verify.cosignature-beyond",
            beyond,
        ),
        (
            "no-trailer",
            "refuse",
            "spec/record-file.md §1",
            "the trailer is missing",
            "code: record-file.cut-short",
            cut,
        ),
    ];
    for (name, expect, section, comment, more, bytes) in expected {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let rows: Vec<&str> =
            hex.as_bytes().chunks(64).map(|row| std::str::from_utf8(row).unwrap()).collect();
        let text = format!(
            "expect: {expect}\nsection: {section}\ncomment: {comment}\nwords: {words}\n{more}\nencoding: hex\n\n{}\n",
            rows.join("\n")
        );
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../vectors/record/{name}.txt"));
        if std::env::var_os("KHATT_WRITE_VECTORS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{name}");
    }
}
