//! Integration tests of `khatt-verify`: real files, every exit code, every language.

// Helpers of tests may fail loudly, as the tests themselves may, and write files.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

#[allow(unreachable_pub)]
#[path = "../../../khatt-record/tests/it/fixture.rs"]
mod fixture;

use std::path::PathBuf;
use std::process::{Command, Output};

use khatt_forms::{Body, Catalogue, Filled, Language, Wordbook, rendering_digest};
use khatt_record::charter::{FormEntry, SignedCharter};
use khatt_record::words::{CheckWords, WordLanguage};
use khatt_record::{Hash, Kind};

use fixture::{Line, NORTH, SOUTH};

/// A folder of this test's own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn verify(arguments: &[&str]) -> (i32, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_khatt-verify")).args(arguments).output();
    let Output { status, stdout, stderr } = run.unwrap();
    let text = String::from_utf8([stdout, stderr].concat()).unwrap();
    (status.code().unwrap(), text)
}

fn charter() -> SignedCharter {
    let form = Catalogue::builtin().by_name("line-test").unwrap();
    let (number, version) = (form.id().number, form.id().version);
    let forms = vec![FormEntry { number, version, hash: Hash(form.hash()) }];
    let book = Wordbook::builtin();
    let books = [Hash(book.glossary.hash()), Hash(book.gazetteer.hash())];
    fixture::signed(fixture::charter(Kind::Rehearsal, forms, books))
}

/// A line test in the words of the form's own example.
fn body() -> Body {
    let form = Catalogue::builtin().by_name("line-test").unwrap();
    let book = Wordbook::builtin();
    let inputs: Vec<_> = form.examples().first().unwrap().inputs.clone();
    let filled = Filled::from_input(form, &inputs, Language::En, book).unwrap();
    let digest = rendering_digest(form, &filled, &[Language::En, Language::Ar], book).unwrap();
    Body { form: form.id(), language: Language::En, references: vec![], filled, digest }
}

fn record(bodies: &[Body]) -> Vec<u8> {
    let mut line = Line::open(charter(), Vec::new());
    for body in bodies {
        line.say(NORTH, body.encode());
        line.receipt(NORTH);
        line.say(SOUTH, body.encode());
        line.receipt(SOUTH);
    }
    line.out.finish().unwrap()
}

#[test]
fn good_record_is_established_by_file_by_words_and_by_a_file_of_words() {
    let folder = Folder::new("good");
    let file = folder.write("record.khatt", &record(&[body()]));
    let charter_file = folder.write("line.charter", charter().to_bytes());
    let words: Vec<_> = WordLanguage::ALL
        .iter()
        .map(|language| CheckWords::of(charter().hash(), *language).to_string())
        .collect();
    let words_file = folder.write("words.txt", words[1].as_bytes());
    for given in [&charter_file, &words[0], &words[1], &words[2], &words_file] {
        let (code, text) = verify(&[&file, "--charter", given]);
        assert_eq!(code, 0, "{given}: {text}");
        assert!(text.contains("the parties are those of the charter given"), "{text}");
        assert!(text.contains("renderings that agree 2"), "{text}");
        assert!(text.contains("REHEARSAL"), "{text}");
    }
}

#[test]
fn record_without_a_charter_given_is_only_consistent() {
    let folder = Folder::new("consistent");
    let file = folder.write("record.khatt", &record(&[body()]));
    let (code, text) = verify(&[&file]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("consistent in itself, parties not established"), "{text}");
    assert!(text.contains("--charter"), "what to do: {text}");
}

#[test]
fn rendering_that_differs_is_refused_and_its_post_named() {
    let folder = Folder::new("rendering");
    let mut other = body();
    other.digest[0] ^= 1;
    let file = folder.write("record.khatt", &record(&[body(), other]));
    let (code, text) = verify(&[&file, "--json"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("\"answer\":\"refused\""), "{text}");
    assert!(
        text.contains("\"code\":\"verify.rendering-differs\",\"blame\":{\"post\":0}"),
        "{text}"
    );
    assert!(text.contains("\"fault_count\":2"), "{text}");
    assert!(text.contains("\"renderings_agree\":2"), "{text}");
}

#[test]
fn body_that_is_none_is_refused() {
    let folder = Folder::new("body");
    let mut line = Line::open(charter(), Vec::new());
    line.say(NORTH, vec![0xff; 20]);
    let file = folder.write("record.khatt", &line.out.finish().unwrap());
    let (code, text) = verify(&[&file]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("verify.body-malformed"), "{text}");
    assert!(text.contains("North / North watch"), "{text}");
}

#[test]
fn form_of_another_hash_is_not_judged() {
    let folder = Folder::new("form");
    let mut other = charter().charter().clone();
    other.forms[0].hash = Hash([1; 32]);
    let mut line = Line::open(fixture::signed(other), Vec::new());
    line.say(NORTH, body().encode());
    let file = folder.write("record.khatt", &line.out.finish().unwrap());
    let (code, text) = verify(&[&file]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("whose form is not known here 1"), "{text}");
}

#[test]
fn damaged_and_foreign_files_are_refused() {
    let folder = Folder::new("damaged");
    let good = record(&[body()]);
    let mut damaged = good.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let cases = [
        (folder.write("damaged", &damaged), "damaged or altered"),
        (folder.write("cut", &good[..good.len() - 50]), "cut short"),
        (folder.write("other", b"hello"), "no Khatt record"),
    ];
    for (file, expected) in cases {
        let (code, text) = verify(&[&file]);
        assert_eq!(code, 1, "{text}");
        assert!(text.contains("refused"), "{text}");
        assert!(text.contains(expected) || text.contains("malformed"), "{text}");
    }
    let file = folder.write("record.khatt", &good);
    let drill = fixture::signed(fixture::charter(Kind::Drill, vec![], [Hash([0; 32]); 2]));
    let other = folder.write("other.charter", drill.to_bytes());
    let (code, text) = verify(&[&file, "--charter", &other]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("another line"), "{text}");
}

#[test]
fn what_is_not_usable_here_has_its_own_code() {
    let folder = Folder::new("usage");
    let file = folder.write("record.khatt", &record(&[]));
    let rows: [&[&str]; 5] = [
        &[],
        &["--fast", &file],
        &["/nonexistent/record.khatt"],
        &[&file, "--charter", "not twenty words"],
        &[&file, "--in", "xx"],
    ];
    for row in rows {
        let (code, text) = verify(row);
        assert_eq!(code, 2, "{row:?}: {text}");
        assert!(!text.trim().is_empty());
    }
    assert_eq!(verify(&["--help"]).0, 0);
    assert_eq!(verify(&["--version"]).0, 0);
}

#[test]
fn answers_come_in_arabic_and_persian() {
    let folder = Folder::new("languages");
    let file = folder.write("record.khatt", &record(&[body()]));
    for (language, expected) in [
        ("ar", "متسق في ذاته، وهوية الأطراف غير مثبتة"),
        ("fa", "در خود سازگار است، هویت طرف‌ها احراز نشده"),
    ] {
        let (code, text) = verify(&[&file, "--in", language]);
        assert_eq!(code, 3);
        assert!(text.contains(expected), "{text}");
        // Names and numbers keep their own direction.
        assert!(text.contains("\u{2068}North / North watch\u{2069}"), "{text}");
    }
}

/// The first message of North's log, disclosed with its officers or without.
fn disclosure(officers: bool) -> khatt_record::disclosure::Disclosure {
    use khatt_record::checkpoint::Checkpoint;
    use khatt_record::disclosure::{Disclosure, LogKey, OfficersPart};
    use khatt_record::{Entry, EntryId, file::RowOpen, merkle};
    let mut line = Line::open(charter(), Vec::new());
    let (header, open) = line.message(NORTH, body().encode());
    let entry = Entry::Message(header);
    line.append(NORTH, &entry, &RowOpen::Nothing);
    let leaves: Vec<Hash> =
        line.log(NORTH).leaves.iter().map(|leaf| merkle::leaf_hash(leaf)).collect();
    let root = line.log(NORTH).frontier.root();
    let origin = charter().origin(NORTH).unwrap();
    let signed = Checkpoint { origin, size: 2, root }.sign(&fixture::signer(11));
    Disclosure {
        line: charter().line_id(),
        kind: Kind::Rehearsal,
        posts: 2,
        entry: EntryId { log: NORTH, index: 1 },
        author: LogKey { generation: 0, key: fixture::key(11) },
        leaf: entry.encode(),
        body_salt: open.seed.body_salt(),
        body: open.body.clone(),
        officers: officers.then(|| OfficersPart {
            salt: open.seed.auth_salt(),
            draft_id: open.seed.draft_id(),
            auth: open.auth.clone(),
        }),
        receipts: vec![],
        charter: None,
        orders: vec![],
        path: merkle::inclusion_proof(&leaves, 1, 2).unwrap(),
        note: signed.to_note(&fixture::key(11)),
    }
}

#[test]
fn disclosure_is_told_apart_and_has_the_three_answers() {
    let folder = Folder::new("disclosure");
    let charter_file = folder.write("line.charter", charter().to_bytes());
    let file = folder.write("one.tlog-proof", disclosure(false).encode().as_bytes());
    let (code, text) = verify(&[&file, "--charter", &charter_file]);
    assert_eq!(code, 0, "{text}");
    for shown in ["[en]", "[ar]", "REHEARSAL", "0/1", "North / North watch", "are not shown"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    assert!(!text.contains("[fa]") && !text.contains("duty officer"), "{text}");
    let (code, text) = verify(&[&file]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("parties not established") && text.contains("[en]"), "{text}");
    let (code, text) = verify(&[&file, "--json", "--charter", &charter_file]);
    assert_eq!(code, 0);
    assert!(text.contains("\"file\":\"disclosure\"") && text.contains("\"officers\":\"closed\""));
    let shown = folder.write("officers.tlog-proof", disclosure(true).encode().as_bytes());
    let (code, text) = verify(&[&shown, "--charter", &charter_file]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("North duty officer"), "{text}");
    let (code, text) = verify(&[&shown, "--in", "fa"]);
    assert_eq!(code, 3, "{text}");
    let mut other = disclosure(false);
    other.body = Body { language: Language::Ar, ..body() }.encode();
    let bent = folder.write("bent.tlog-proof", other.encode().as_bytes());
    let (code, text) = verify(&[&bent, "--charter", &charter_file]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("disclosure.opened"), "{text}");
    let (code, text) = verify(&[&bent, "--json"]);
    assert!(code == 1 && text.contains("\"answer\":\"refused\""), "{text}");
}

/// Reads a vector: its header, and its bytes.
fn vector(path: &std::path::Path) -> (std::collections::BTreeMap<String, String>, Vec<u8>) {
    let text = std::fs::read_to_string(path).unwrap();
    let (head, digits) = text.split_once("\n\n").unwrap();
    let rows = head.lines().map(|row| row.split_once(": ").unwrap());
    let digits: String = digits.split_whitespace().collect();
    let bytes = digits.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).unwrap());
    let bytes = bytes.map(|two| u8::from_str_radix(two, 16).unwrap()).collect();
    (rows.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(), bytes)
}

#[test]
fn form_travels_only_under_the_acts_that_it_may() {
    let folder = Folder::new("acts");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/record-forms");
    let mut judged = [0, 0];
    for one in std::fs::read_dir(path).unwrap() {
        let (header, bytes) = vector(&one.unwrap().path());
        let (code, text) = verify(&[&folder.write("record.khatt", &bytes), "--json"]);
        let accepted = header["expect"] == "accept";
        judged[usize::from(accepted)] += 1;
        assert_eq!(code, if accepted { 3 } else { 1 }, "{}: {text}", header["comment"]);
        assert_eq!(text.contains("verify.act-form"), !accepted, "{}", header["comment"]);
    }
    assert!(judged.iter().all(|count| *count >= 2), "{judged:?}");
}
