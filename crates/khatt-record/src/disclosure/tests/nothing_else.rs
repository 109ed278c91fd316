//! What somebody who holds a disclosure may try to learn beside it.

use super::*;

/// Puts zeros in the place of everything that is a hash of other entries or a signature over one.
fn without_hashes(of: &Disclosure) -> Disclosure {
    let mut left = of.clone();
    left.path.iter_mut().for_each(|hash| *hash = Hash([0; 32]));
    left.note = of.note.lines().take(2).collect();
    for receipt in &mut left.receipts {
        receipt.path.iter_mut().for_each(|hash| *hash = Hash([0; 32]));
        receipt.signature = [0; 64];
        let Ok(Entry::Receipt(mut entry)) = Entry::decode(&receipt.leaf, 2, receipt.post) else {
            panic!("a receipt");
        };
        (entry.root, entry.t_ms) = (Hash([0; 32]), 0);
        receipt.leaf = Entry::Receipt(entry).encode();
    }
    left
}

#[test]
fn logs_that_differ_in_everything_else_give_files_that_differ_in_hashes_only() {
    let charter = line();
    let (one, other) = (disclosure(&charter, 20), disclosure(&charter, 90));
    assert_ne!(one.path, other.path);
    assert_ne!(one.note, other.note);
    assert_eq!(one.encode().len(), other.encode().len());
    assert_eq!(without_hashes(&one), without_hashes(&other));
}

#[test]
fn short_body_of_another_entry_is_not_found_by_trying_all() {
    let charter = line();
    // The neighbour of the disclosed entry: its leaf hash is the first of the path. All of its
    // header is known to the one who tries, and its body is one of 65 536.
    let (header, open) = message(&charter, 20 + 4, &[20; 4]);
    let one = disclosure(&charter, 20);
    assert_eq!(one.path[0], leaf_hash(&Entry::Message(header.clone()).encode()));
    let salts = [held(&with_officers(&charter))[..3].to_vec(), vec![[0; 16]]].concat();
    let found = |salts: &[[u8; 16]]| {
        let bodies = (0..=u16::MAX).map(|two| [20, 20, (two >> 8) as u8, two as u8]);
        bodies
            .flat_map(|body| salts.iter().map(move |salt| body_commitment(salt, &body)))
            .any(|tried| tried == header.c_body)
    };
    assert!(!found(&salts), "no salt in the file opens another entry");
    assert!(found(&[open.seed.body_salt()]), "with its own salt the search does find it");
}

#[test]
fn officers_are_not_recognised_by_trying_the_roster() {
    let charter = line();
    let one = disclosure(&charter, 20);
    let Ok(Entry::Message(header)) = Entry::decode(&one.leaf, 2, NORTH) else {
        panic!("a message")
    };
    let (_, open) = message(&charter, 200, b"the disclosed body");
    // The strongest who could try: holds every officer's key, and even knows the draft's id.
    let roles = [Role::Draft, Role::Release];
    let mut tried = 0_u32;
    let mut found = |salts: &[[u8; 16]]| {
        let mut hit = false;
        for first in 0..6_u16 {
            for second in (0..6_u16).filter(|second| *second != first) {
                let pair = [(first, roles[0]), (second, roles[1])].map(|(officer, role)| {
                    let statement = Statement {
                        line: charter.line_id(),
                        kind: charter.kind(),
                        post: NORTH,
                        act: Act::Release,
                        draft_id: open.seed.draft_id(),
                        digest: release_digest(header.c_body, header.precedence, None),
                        role,
                        not_after_ms: 1_700_000_600_000,
                    };
                    let key = KeyId { officer: OfficerIndex(officer), key: 0 };
                    OfficerSignature::make(&statement, key, &signer(41 + officer as u8))
                });
                let auth = Auth(pair.to_vec()).encode(T_MS).unwrap();
                tried += 1;
                hit |= salts.iter().any(|salt| auth_commitment(salt, &auth) == header.c_auth);
            }
        }
        hit
    };
    assert!(!found(&held(&one)), "the file holds no salt that opens the officers");
    assert!(found(&[open.seed.auth_salt()]), "with that salt the search does find them");
    assert_eq!(tried, 60);
}

/// Every 16 bytes of the file in a row, as a salt.
fn held(of: &Disclosure) -> Vec<[u8; 16]> {
    let mut salts = vec![of.body_salt];
    if let Some(officers) = &of.officers {
        salts.extend([officers.salt, officers.draft_id]);
    }
    for bytes in [&of.line.0[..], &of.author.key[..]] {
        salts.extend(bytes.windows(16).map(|part| <[u8; 16]>::try_from(part).unwrap()));
    }
    salts
}
