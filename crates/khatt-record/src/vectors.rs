//! Plays every vector of the log side: `vectors/README.md` says how they are written.
//!
//! A vector that is not understood fails, and so does one that names a section which no page of
//! `spec/` has. The folders of frames and record files are played by their own tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;

use crate::charter::SignedCharter;
use crate::checkpoint::SignedCheckpoint;
use crate::fork::ForkProof;
use crate::ids::{Hash, LineId, OfficerIndex, PostIndex};
use crate::key_order::SignedKeyOrder;
use crate::keys::PublicKey;
use crate::keys_in_force::KeysInForce;
use crate::statement::{KeyId, Statement};
use crate::words::{self, WordLanguage};
use crate::{Entry, merkle};

mod write;

const FOLDERS: [&str; 8] = [
    "vectors/charter",
    "vectors/checkpoint",
    "vectors/entry",
    "vectors/fork",
    "vectors/key-order",
    "vectors/merkle",
    "vectors/statement",
    "vectors/words",
];

struct Vector {
    path: PathBuf,
    header: BTreeMap<String, String>,
    body: Vec<u8>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Vector {
    fn load(path: PathBuf) -> Self {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.display();
        let (head, body) =
            text.split_once("\n\n").unwrap_or_else(|| panic!("{name}: no blank row"));
        let row = |row: &str| {
            let (key, value) = row.split_once(": ").unwrap_or_else(|| panic!("{name}: {row}"));
            (key.to_owned(), value.to_owned())
        };
        let header: BTreeMap<_, _> = head.lines().map(row).collect();
        let body = match header.get("encoding").map(String::as_str) {
            Some("hex") => hex(&body.split_whitespace().collect::<String>()),
            None => body.as_bytes().to_vec(),
            other => panic!("{name}: encoding {other:?}"),
        };
        Self { path, header, body }
    }

    fn get(&self, key: &str) -> &str {
        let missing = || panic!("{}: no {key}", self.path.display());
        self.header.get(key).unwrap_or_else(missing)
    }

    fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(&self, key: &str) -> T {
        self.get(key).parse().unwrap_or_else(|e| panic!("{}: {key}: {e:?}", self.path.display()))
    }

    fn bytes<const N: usize>(&self, key: &str) -> [u8; N] {
        hex(self.get(key)).try_into().unwrap()
    }

    fn line(&self) -> SignedCharter {
        let other = Self::load(root().join("vectors").join(self.get("line")));
        SignedCharter::from_bytes(&other.body).unwrap()
    }

    /// Returns the code of the error, or nothing if the vector was accepted.
    fn play(&self, folder: &str) -> Result<(), &'static str> {
        let body = self.body.as_slice();
        match folder {
            "vectors/entry" => {
                let own = PostIndex(self.number("own"));
                let entry = Entry::decode(body, self.number("posts"), own).map_err(|e| e.code())?;
                assert_eq!(entry.encode(), body);
                assert_eq!(entry.type_number(), self.number::<u16>("type"));
                Ok(())
            }
            "vectors/charter" => {
                let charter = SignedCharter::from_bytes(body).map_err(|e| e.code())?;
                assert_eq!(charter.to_bytes(), body);
                assert_eq!(charter.line_id(), LineId(self.bytes("id")));
                Ok(())
            }
            "vectors/checkpoint" => {
                let key = PublicKey::from_bytes(&self.bytes("key")).map_err(|e| e.code())?;
                let one = SignedCheckpoint::parse_note(body, &key).map_err(|e| e.code())?;
                assert_eq!(one.checkpoint().size, self.number::<u64>("size"));
                assert_eq!(one.signed().to_note(key.as_bytes()).as_bytes(), body);
                Ok(())
            }
            "vectors/fork" => {
                let proof = ForkProof::decode(body).map_err(|e| e.code())?;
                let accused = proof.verify(&self.line()).map_err(|e| e.code())?;
                assert_eq!(accused.post, PostIndex(self.number("accused")));
                Ok(())
            }
            "vectors/key-order" => {
                let order = SignedKeyOrder::from_bytes(body).map_err(|e| e.code())?;
                assert_eq!(order.to_bytes(), body);
                let mut keys = KeysInForce::new(self.line());
                keys.apply(&std::sync::Arc::new(order)).map_err(|e| e.code())?;
                Ok(())
            }
            "vectors/merkle" => {
                let proof: Vec<Hash> =
                    body.chunks(32).map(|hash| Hash(hash.try_into().unwrap())).collect();
                let (size, new_root) = (self.number("size"), Hash(self.bytes("root")));
                match self.get("check") {
                    "inclusion" => {
                        let leaf = merkle::leaf_hash(&hex(self.get("leaf")));
                        merkle::verify_inclusion(leaf, self.number("index"), size, &proof, new_root)
                    }
                    "consistency" => {
                        let old_root = Hash(self.bytes("old-root"));
                        let old = self.number("old-size");
                        merkle::verify_consistency(old, size, old_root, new_root, &proof)
                    }
                    other => panic!("{}: check {other}", self.path.display()),
                }
                .map_err(|e| e.code())
            }
            "vectors/statement" => {
                let number = |key: &str| self.number::<u64>(key);
                let statement = Statement {
                    line: LineId(self.bytes("line-id")),
                    kind: number("kind").try_into().unwrap(),
                    post: number("post").try_into().unwrap(),
                    act: number("act").try_into().unwrap(),
                    draft_id: self.bytes("draft-id"),
                    digest: Hash(self.bytes("digest")),
                    role: number("role").try_into().unwrap(),
                    not_after_ms: number("not-after-ms"),
                };
                let officer = OfficerIndex(self.number("officer"));
                let kid = KeyId { officer, key: self.number("key") };
                let key = PublicKey::from_bytes(&self.bytes("public")).unwrap();
                assert_eq!(statement.hash(), self.bytes("hash"));
                let signature: [u8; 64] = body.try_into().unwrap();
                let verified = key.verify(&statement.to_be_signed(kid), &signature);
                verified.map_err(|_| "statement.bad-signature")
            }
            "vectors/words" => {
                let hash = Hash(self.bytes("hash"));
                let text = std::str::from_utf8(body).unwrap();
                let read = words::parse_words(text).map_err(|e| e.code())?;
                let language = WordLanguage::from_tag(self.get("language")).unwrap();
                let shown = words::CheckWords::of(hash, language).to_string();
                if !words::matches(hash, &read) {
                    return Err("words.other-hash");
                }
                assert_eq!(shown.trim(), text.trim());
                Ok(())
            }
            other => panic!("no player for {other}"),
        }
    }
}

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

/// Checks that `spec/x.md §n` is a page with a section of that number.
fn check_section(vector: &Vector) {
    let section = vector.get("section");
    let (page, number) = section.split_once(" §").unwrap_or_else(|| panic!("{section}"));
    let text = std::fs::read_to_string(root().join(page)).unwrap_or_else(|_| panic!("{page}"));
    let heading = format!("## {number}.");
    assert!(text.lines().any(|row| row.starts_with(&heading)), "{section} does not exist");
}

#[test]
fn every_vector_is_understood_and_does_what_it_says() {
    for folder in FOLDERS {
        let mut accepted = 0;
        let mut refused = 0;
        let directory = root().join(folder);
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(&directory).unwrap().map(|item| item.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let vector = Vector::load(path);
            let name = vector.path.display().to_string();
            check_section(&vector);
            assert!(!vector.get("comment").is_empty(), "{name}");
            match (vector.get("expect"), vector.play(folder)) {
                ("accept", Ok(())) => accepted += 1,
                ("refuse", Err(code)) => {
                    assert_eq!(code, vector.get("error"), "{name}");
                    refused += 1;
                }
                (expected, got) => panic!("{name}: expected {expected}, got {got:?}"),
            }
        }
        assert!(accepted > 0 && refused > 0, "{folder}: {accepted} accepted, {refused} refused");
    }
}
