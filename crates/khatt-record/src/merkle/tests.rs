use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;

use super::*;

fn leaves(count: u64) -> Vec<[u8; 8]> {
    (0..count).map(|i| (i.wrapping_mul(0x9e37_79b9)).to_be_bytes()).collect()
}

fn hashes(count: u64) -> Vec<Hash> {
    leaves(count).iter().map(|leaf| leaf_hash(leaf)).collect()
}

fn flat(proof: &[Hash]) -> Vec<u8> {
    proof.iter().flat_map(|hash| hash.0).collect()
}

#[test]
fn the_empty_root_and_one_leaf_are_those_of_the_rfc() {
    assert_eq!(
        Frontier::new().root().to_string(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    // The hash of an empty leaf, from the test data of certificate-transparency.
    assert_eq!(
        leaf_hash(b"").to_string(),
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    );
}

#[test]
fn roots_and_proofs_agree_with_another_implementation_for_every_size_to_130() {
    let mut frontier = Frontier::new();
    let mut other = MemoryBackedTree::<Sha256, [u8; 8]>::new();
    let all = leaves(130);
    let leaf_hashes = hashes(130);
    for (index, leaf) in all.iter().enumerate() {
        frontier.append(leaf_hash(leaf));
        other.push(*leaf);
        let size = index as u64 + 1;
        let root = frontier.root();
        assert_eq!(root.0.as_slice(), other.root().as_bytes().as_slice(), "size {size}");
        assert_eq!(frontier.size(), size);
        let last = frontier.last_leaf_proof();
        assert_eq!(flat(&last), other.prove_inclusion(index).as_bytes(), "size {size}");
        verify_inclusion(leaf_hashes[index], index as u64, size, &last, root).unwrap();
        for place in 0..size {
            let proof = inclusion_proof(&leaf_hashes, place, size).unwrap();
            assert_eq!(flat(&proof), other.prove_inclusion(place as usize).as_bytes());
            verify_inclusion(leaf_hashes[place as usize], place, size, &proof, root).unwrap();
        }
        for old in 1..size {
            let proof = consistency_proof(&leaf_hashes, old, size).unwrap();
            let theirs = other.prove_consistency((size - old) as usize);
            assert_eq!(flat(&proof), theirs.as_bytes(), "{old} to {size}");
            let old_root = root_at(&leaf_hashes, old).unwrap();
            verify_consistency(old, size, old_root, root, &proof).unwrap();
        }
    }
}

#[test]
fn large_logs_agree_with_another_implementation() {
    let mut other = MemoryBackedTree::<Sha256, [u8; 8]>::new();
    let mut frontier = Frontier::new();
    for leaf in leaves(5001) {
        other.push(leaf);
        frontier.append(leaf_hash(&leaf));
    }
    assert_eq!(frontier.root().0.as_slice(), other.root().as_bytes().as_slice());
    assert_eq!(flat(&frontier.last_leaf_proof()), other.prove_inclusion(5000).as_bytes());
}

#[test]
fn a_changed_proof_or_place_is_refused() {
    let all = hashes(77);
    let root = root_at(&all, 77).unwrap();
    for index in [0, 1, 63, 64, 75, 76] {
        let proof = inclusion_proof(&all, index, 77).unwrap();
        let leaf = all[index as usize];
        for place in 0..proof.len() {
            let mut changed = proof.clone();
            changed[place].0[0] ^= 1;
            assert_eq!(
                verify_inclusion(leaf, index, 77, &changed, root),
                Err(ProofError::PeerOtherRoot)
            );
        }
        let (longer, shorter) = ([&proof[..], &[root]].concat(), &proof[1..]);
        for changed in [&longer[..], shorter] {
            assert_eq!(
                verify_inclusion(leaf, index, 77, changed, root),
                Err(ProofError::PeerOtherLength)
            );
        }
        assert!(verify_inclusion(leaf, index ^ 1, 77, &proof, root).is_err());
    }
    assert_eq!(verify_inclusion(root, 0, 0, &[], root), Err(ProofError::PeerOutOfRange));
    assert_eq!(verify_inclusion(root, 5, 5, &[], root), Err(ProofError::PeerOutOfRange));
}

#[test]
fn consistency_of_equal_and_empty_logs_needs_no_hashes() {
    let all = hashes(9);
    let root = root_at(&all, 9).unwrap();
    assert_eq!(verify_consistency(9, 9, root, root, &[]), Ok(()));
    assert_eq!(verify_consistency(0, 9, empty_root(), root, &[]), Ok(()));
    assert_eq!(verify_consistency(0, 9, root, root, &[]), Err(ProofError::PeerOtherRoot));
    assert_eq!(verify_consistency(9, 9, root, root, &[root]), Err(ProofError::PeerOtherLength));
    assert_eq!(verify_consistency(9, 8, root, root, &[]), Err(ProofError::PeerOutOfRange));
    assert_eq!(consistency_proof(&all, 9, 8), Err(ProofError::LocalOutOfRange));
    assert_eq!(inclusion_proof(&all, 9, 9), Err(ProofError::LocalOutOfRange));
    assert_eq!(inclusion_proof(&all, 0, 10), Err(ProofError::LocalLeafMissing { index: 9 }));
}

#[test]
fn a_frontier_is_stored_and_goes_on() {
    let all = hashes(70);
    let mut frontier = Frontier::new();
    for leaf in all {
        let stored = frontier.encode();
        assert_eq!(Frontier::decode(&stored).as_ref(), Ok(&frontier));
        for cut in 0..stored.len() {
            assert!(Frontier::decode(&stored[..cut]).is_err());
        }
        frontier.append(leaf);
    }
}

proptest! {
    #[test]
    fn proofs_from_anybody_never_panic(
        index in 0_u64..,
        size in 0_u64..,
        hashes in prop::collection::vec(prop::array::uniform32(0_u8..), 0..70),
        bytes in prop::collection::vec(0_u8.., 0..80),
    ) {
        let proof: Vec<Hash> = hashes.into_iter().map(Hash).collect();
        let root = Hash([0; 32]);
        prop_assert!(verify_inclusion(root, index, size, &proof, root).is_err());
        let _ = verify_consistency(index, size, root, Hash([1; 32]), &proof);
        let _ = Frontier::decode(&bytes);
    }

    #[test]
    fn consistency_with_another_history_is_refused(old in 1_u64..60, more in 1_u64..60) {
        let new = old + more;
        let mut all = hashes(new);
        let honest = root_at(&all, old).unwrap();
        all[0].0[0] ^= 1;
        let root = root_at(&all, new).unwrap();
        let proof = consistency_proof(&all, old, new).unwrap();
        prop_assert_eq!(
            verify_consistency(old, new, honest, root, &proof),
            Err(ProofError::PeerOtherRoot)
        );
    }
}

/// Leaves with the nodes of some levels kept beside them, and a count of what is read.
struct Kept {
    leaves: Vec<Hash>,
    nodes: std::collections::BTreeMap<(u32, u64), Hash>,
    read: std::cell::Cell<u64>,
}

impl LeafHashes for Kept {
    fn leaf_hash(&self, index: u64) -> Option<Hash> {
        self.read.set(self.read.get() + 1);
        self.leaves.leaf_hash(index)
    }

    fn node(&self, level: u32, index: u64) -> Option<Hash> {
        self.read.set(self.read.get() + 1);
        self.nodes.get(&(level, index)).copied()
    }
}

#[test]
fn kept_nodes_give_the_same_proofs_and_spare_the_leaves() {
    let mut kept = Kept {
        leaves: Vec::new(),
        nodes: std::collections::BTreeMap::new(),
        read: std::cell::Cell::new(0),
    };
    let mut frontier = Frontier::new();
    for index in 0..70_000_u64 {
        let leaf = leaf_hash(&index.to_be_bytes());
        frontier.append_telling(leaf, |level, hash| {
            if level % 8 == 0 {
                kept.nodes.insert((level, index >> level), hash);
            }
        });
        kept.leaves.push(leaf);
    }
    assert_eq!(kept.nodes.len(), 70_000 / 256 + 1, "one for every 256 leaves, and one of 65 536");
    for size in [1, 255, 256, 257, 512, 65_535, 65_536, 65_537, 69_999, 70_000] {
        for index in [0, size / 3, size - 1] {
            kept.read.set(0);
            let proof = inclusion_proof(&kept, index, size).unwrap();
            assert!(kept.read.get() < 1_300, "{} reads of {size}", kept.read.get());
            assert_eq!(proof, inclusion_proof(&kept.leaves, index, size).unwrap());
        }
    }
    // A node that is missing is made again of what is below it.
    kept.nodes.remove(&(8, 100));
    let proof = inclusion_proof(&kept, 69_000, 70_000).unwrap();
    assert_eq!(proof, inclusion_proof(&kept.leaves, 69_000, 70_000).unwrap());
}
