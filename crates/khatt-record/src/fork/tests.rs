use proptest::prelude::*;

use super::*;
use crate::merkle::{consistency_proof, leaf_hash, root_at};
use crate::testing::{line, signer};

const NORTH: PostIndex = PostIndex(0);

fn signed(size: u64, root: Hash, key: u8) -> SignedCheckpoint {
    let origin = line().origin(NORTH).unwrap();
    Checkpoint { origin, size, root }.sign(&signer(key))
}

fn same_size() -> ForkProof {
    ForkProof::SameSize {
        log: NORTH,
        a: signed(3, Hash([1; 32]), 11),
        b: signed(3, Hash([2; 32]), 11),
    }
}

fn history(first: u8) -> Vec<Hash> {
    (0..9).map(|i| leaf_hash(&[if i == 0 { first } else { i }])).collect()
}

fn inconsistent() -> ForkProof {
    let (one, other) = (history(100), history(200));
    ForkProof::Inconsistent {
        log: NORTH,
        older: signed(5, root_at(&one, 5).unwrap(), 11),
        newer: signed(9, root_at(&other, 9).unwrap(), 11),
        other_root_at_older: root_at(&other, 5).unwrap(),
        consistency: consistency_proof(&other, 5, 9).unwrap(),
    }
}

#[test]
fn both_kinds_of_proof_hold_and_round_trip() {
    let accused = AccusedPost { post: NORTH, party: PartyIndex(0) };
    for proof in [same_size(), inconsistent()] {
        assert_eq!(proof.verify(&line()), Ok(accused));
        assert_eq!(ForkProof::decode(&proof.encode()), Ok(proof));
    }
    assert!(same_size().encode().len() <= 242, "{}", same_size().encode().len());
}

#[test]
fn what_can_both_be_true_is_no_proof() {
    let a = signed(3, Hash([1; 32]), 11);
    let none = Err(ForkError::PeerNoContradiction);
    let twice = ForkProof::SameSize { log: NORTH, a: a.clone(), b: a.clone() };
    assert_eq!(twice.verify(&line()), none);
    let sizes = ForkProof::SameSize { log: NORTH, a, b: signed(4, Hash([2; 32]), 11) };
    assert_eq!(sizes.verify(&line()), none);
    let one = history(1);
    let honest = ForkProof::Inconsistent {
        log: NORTH,
        older: signed(5, root_at(&one, 5).unwrap(), 11),
        newer: signed(9, root_at(&one, 9).unwrap(), 11),
        other_root_at_older: root_at(&one, 5).unwrap(),
        consistency: consistency_proof(&one, 5, 9).unwrap(),
    };
    assert_eq!(honest.verify(&line()), none);
}

#[test]
fn nobody_is_accused_by_a_signature_that_is_not_theirs() {
    let forged = ForkProof::SameSize {
        log: NORTH,
        a: signed(3, Hash([1; 32]), 11),
        b: signed(3, Hash([2; 32]), 12),
    };
    let bad = Err(ForkError::PeerCheckpoint(CheckpointError::PeerBadSignature));
    assert_eq!(forged.verify(&line()), bad);
    let ForkProof::SameSize { a, b, .. } = same_size() else { unreachable!() };
    let moved = ForkProof::SameSize { log: PostIndex(1), a: a.clone(), b: b.clone() };
    assert_eq!(moved.verify(&line()), Err(ForkError::PeerOtherOrigin));
    let nobody = ForkProof::SameSize { log: PostIndex(2), a, b };
    assert_eq!(nobody.verify(&line()), Err(ForkError::PeerNoSuchPost(PostIndex(2))));
}

#[test]
fn another_root_must_be_shown_to_be_the_later_logs() {
    let ForkProof::Inconsistent { log, older, newer, consistency, .. } = inconsistent() else {
        unreachable!()
    };
    let made_up = Hash([9; 32]);
    let proof =
        ForkProof::Inconsistent { log, older, newer, other_root_at_older: made_up, consistency };
    assert_eq!(proof.verify(&line()), Err(ForkError::PeerProof(ProofError::PeerOtherRoot)));
}

proptest! {
    #[test]
    fn bytes_from_anybody_never_panic(bytes in prop::collection::vec(0_u8.., 0..80), at in 0_usize..400, bit in 0_u8..8) {
        let _ = ForkProof::decode(&bytes);
        let mut changed = inconsistent().encode();
        let at = at % changed.len();
        changed[at] ^= 1 << bit;
        if let Ok(proof) = ForkProof::decode(&changed) {
            prop_assert!(proof.verify(&line()).is_err());
        }
    }
}
