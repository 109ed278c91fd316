//! Files that tools written by others check: Go's notes and trees, Python's HPKE and CBOR.
//!
//! They go to `interop/` in the target folder; `./test` runs the tools over them. What is written
//! is first checked with our own code, so that a failure there is never one of this test's making.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use khatt_record::auth::Auth;
use khatt_record::checkpoint::SignedCheckpoint;
use khatt_record::entry::{Entry, Epoch, EpochRecipient, Prekey, Refusal, RefusalReason};
use khatt_record::file::RowOpen;
use khatt_record::merkle::{
    consistency_proof, inclusion_proof, leaf_hash, root_at, verify_consistency, verify_inclusion,
};
use khatt_record::note::VerifierKey;
use khatt_record::seal::{
    CapsuleContext, Entropy, EpochNumber, EpochSecret, PrekeySecret, open_capsule, seal_capsule,
};
use khatt_record::statement::{KeyId, LABEL, release_digest};
use khatt_record::{EntryId, Hash, Kind, LineId, PublicKey};

use crate::fixture::{self, Line, NORTH, SOUTH};

struct Counting(u8);

impl Entropy for Counting {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
    }
}

/// Writes a file to `target/interop` of the workspace, where `./test` looks for it, and to the
/// target directory of this build if that is another.
fn write(name: &str, content: &str) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let build = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    for target in build.into_iter().chain([workspace]) {
        let folder = target.join("interop");
        std::fs::create_dir_all(&folder).expect("the target folder can be written");
        std::fs::write(folder.join(name), content).expect("the target folder can be written");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn hashes(proof: &[Hash]) -> String {
    let rows: Vec<_> = proof.iter().map(|hash| format!("\"{}\"", hex(&hash.0))).collect();
    format!("[{}]", rows.join(","))
}

/// A line with an entry of every type, and its charter.
fn line() -> Line<Vec<u8>> {
    let charter = fixture::signed(fixture::charter(Kind::Rehearsal, vec![], [Hash([0; 32]); 2]));
    let mut line = Line::open(charter, Vec::new());
    for round in 0..20_u8 {
        line.say(NORTH, vec![round; 40]);
        line.say(SOUTH, vec![round; 40]);
        line.say(SOUTH, vec![round + 50; 40]);
        line.ahead(SOUTH);
        line.receipt(SOUTH);
        line.receipt(NORTH);
    }
    let (t_ms, seen) = (line.t_ms, line.log(NORTH).seen.clone());
    let entries = [
        Entry::Epoch(Epoch {
            t_ms,
            seen: seen.clone(),
            epoch_no: 1,
            recipients: vec![EpochRecipient {
                post: SOUTH,
                prekey_no: 0,
                capsule: Box::new([7; 1168]),
            }],
        }),
        Entry::Prekey(Prekey { t_ms, seen: seen.clone(), prekey_no: 1, key: Box::new([8; 1216]) }),
        Entry::Refusal(Refusal {
            t_ms,
            seen,
            entry: EntryId { log: SOUTH, index: 1 },
            reason: RefusalReason::OVER_QUOTA,
        }),
    ];
    for entry in entries {
        line.append(NORTH, &entry, &RowOpen::Nothing);
    }
    line.amend(NORTH, Hash([9; 32]));
    line
}

#[test]
fn checkpoint_and_proofs_are_written_for_other_tools() {
    let mut line = line();
    let signed = line.sign(NORTH);
    let key = fixture::key(11);
    let public = PublicKey::from_bytes(&key).unwrap();
    let note = signed.to_note(&key);
    let verified = SignedCheckpoint::parse_note(note.as_bytes(), &public).unwrap();
    assert_eq!(verified.checkpoint(), &signed.checkpoint);

    let vkey = SignedCheckpoint::verifier_key(&signed.checkpoint.origin, &public);
    assert!(VerifierKey::parse(&vkey).is_ok());

    // The author's and the peer's post-quantum cosignatures, as further rows and keys.
    let (mut note, mut vkeys) = (note, vkey + "\n");
    for by in [NORTH, SOUTH] {
        let one = line.cosignature(by, NORTH);
        assert_eq!(one.verify(&line.charter, signed.checkpoint.root), Ok(()));
        let (cosigned, key) = one.cosigned(&line.charter, signed.checkpoint.root).unwrap();
        note += &cosigned.note_row(key, &one.signature);
        vkeys += &(cosigned.cosigner.verifier_key(key) + "\n");
    }
    SignedCheckpoint::parse_note(note.as_bytes(), &public).expect("further rows are passed over");

    let leaves = line.log(NORTH).leaves.clone();
    let tree: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    let size = tree.len() as u64;
    assert_eq!(root_at(&tree, size).unwrap(), signed.checkpoint.root);

    let mut inclusion = Vec::new();
    for of in [1, 2, 3, 7, 8, 9, 33, size] {
        for index in [0, of / 3, of / 2, of - 1] {
            let proof = inclusion_proof(&tree, index, of).unwrap();
            let root = root_at(&tree, of).unwrap();
            verify_inclusion(tree[index as usize], index, of, &proof, root).unwrap();
            inclusion
                .push(format!("{{\"index\":{index},\"size\":{of},\"hashes\":{}}}", hashes(&proof)));
        }
    }
    let mut consistency = Vec::new();
    for old in [1, 2, 3, 6, 8, 13, 32, size - 1] {
        let proof = consistency_proof(&tree, old, size).unwrap();
        let roots = (root_at(&tree, old).unwrap(), signed.checkpoint.root);
        verify_consistency(old, size, roots.0, roots.1, &proof).unwrap();
        consistency.push(format!("{{\"old\":{old},\"new\":{size},\"hashes\":{}}}", hashes(&proof)));
    }
    let proofs = format!(
        "{{\"size\":{size},\"inclusion\":[{}],\"consistency\":[{}]}}\n",
        inclusion.join(","),
        consistency.join(",")
    );
    let rows: String = leaves.iter().map(|leaf| hex(leaf) + "\n").collect();
    write("checkpoint.txt", &note);
    write("vkey.txt", &vkeys);
    write("leaves.hex", &rows);
    write("proofs.json", &proofs);
}

#[test]
fn officers_signatures_are_written_for_other_tools() {
    let mut line = line();
    let (header, open) = line.message(SOUTH, b"a message".to_vec());
    let digest = release_digest(header.c_body, header.precedence, header.thread);
    let auth = Auth::decode(&open.auth, header.t_ms).unwrap();
    let mut rows = Vec::new();
    for one in &auth.0 {
        let statement =
            one.statement(&line.charter, SOUTH, header.act, open.seed.draft_id(), digest);
        assert_eq!(one.check(&line.charter, SOUTH, &statement), Ok(()));
        let kid = KeyId { officer: one.officer, key: one.key };
        let key = line.charter.officer_key(one.officer, one.key).unwrap();
        rows.push(format!(
            "{{\"key\":\"{}\",\"statement\":\"{}\",\"cose_sign1\":\"{}\"}}",
            hex(key.as_bytes()),
            hex(&statement.encode()),
            hex(&statement.cose_sign1(kid, &one.signature)),
        ));
    }
    assert_eq!(rows.len(), 2);
    let external = hex(LABEL.as_bytes());
    let rows = rows.join(",");
    write(
        "officers.json",
        &format!("{{\"external_aad\":\"{external}\",\"signatures\":[{rows}]}}\n"),
    );
}

#[test]
fn entries_are_written_for_other_tools() {
    let mut line = line();
    let mut rows = String::new();
    let mut types = std::collections::BTreeSet::new();
    for post in [NORTH, SOUTH] {
        for leaf in line.log(post).leaves.clone() {
            let entry = Entry::decode(&leaf, 2, post).unwrap();
            assert_eq!(entry.encode(), leaf);
            types.insert(entry.type_number());
            rows += &(hex(&leaf) + "\n");
        }
    }
    assert_eq!(types.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 8, 9, 10]);
    write("entries.hex", &rows);
}

#[test]
fn capsule_is_written_for_other_tools() {
    let (secret, public) = PrekeySecret::generate(&mut Counting(1));
    let context = CapsuleContext {
        line: LineId([0x4B; 32]),
        kind: Kind::Rehearsal,
        sender: NORTH,
        recipient: SOUTH,
        epoch: EpochNumber::new(259).unwrap(),
        prekey_no: 5,
    };
    let epoch = EpochSecret::generate(&mut Counting(100));
    let capsule = seal_capsule(&epoch, &context, &public, &mut Counting(7)).unwrap();
    assert_eq!(open_capsule(&secret, &context, &capsule).unwrap().secret, epoch);
    let (enc, ct) = capsule.split_at(1120);
    let json = format!(
        "{{\"suite\":\"647A/0001/0003\",\"sk_seed\":\"{}\",\"pk\":\"{}\",\"enc\":\"{}\",\
         \"ct\":\"{}\",\"info\":\"{}\",\"plaintext\":\"{}\"}}\n",
        hex(secret.expose_seed()),
        hex(&public),
        hex(enc),
        hex(ct),
        hex(&context.info()),
        hex(epoch.expose()),
    );
    write("capsule.json", &json);
}
