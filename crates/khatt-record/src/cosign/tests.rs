use super::*;
use crate::note;
use crate::pq::DeterministicPqSigner;
use crate::testing::{charter, sign};

const NORTH: PostIndex = PostIndex(0);
const SOUTH: PostIndex = PostIndex(1);
const ROOT: Hash = Hash([5; 32]);

fn signer(post: PostIndex) -> DeterministicPqSigner {
    DeterministicPqSigner::from_seed([70 + post.0; 32])
}

fn line() -> SignedCharter {
    let mut charter = charter(Kind::Real);
    for (post, held) in [NORTH, SOUTH].into_iter().zip(&mut charter.posts) {
        held.pq_key = signer(post).public().to_vec();
    }
    sign(charter)
}

/// South's cosignature over North's log.
fn made(time_s: u64) -> Cosignature {
    let signature = PqSignature::from_slice(&[0; pq::PQ_SIGNATURE_LEN]).unwrap();
    let mut one =
        Cosignature { post: SOUTH, generation: 0, log: NORTH, size: 300, time_s, signature };
    let (cosigned, _) = one.cosigned(&line(), ROOT).unwrap();
    one.signature = cosigned.sign(&signer(SOUTH)).unwrap();
    one
}

#[test]
fn the_message_has_the_layout_of_c2sp() {
    let one = Cosigned {
        cosigner: CosignerName("c".repeat(32)),
        time_s: 0x0102_0304,
        origin: Origin::parse(&"a".repeat(32)).unwrap(),
        size: 300,
        root: ROOT,
    };
    let message = one.message();
    assert_eq!(message.len(), 12 + 33 + 8 + 33 + 8 + 8 + 32);
    assert!(message.starts_with(b"subtree/v1\n\0\x20cccc"));
    assert_eq!(&message[45..53], &[0, 0, 0, 0, 1, 2, 3, 4]);
    assert_eq!(&message[53..58], b"\x20aaaa");
    assert_eq!(&message[86..94], &[0; 8], "the start");
    assert_eq!(&message[94..102], &[0, 0, 0, 0, 0, 0, 1, 44], "the end");
    assert_eq!(&message[102..], &ROOT.0);
}

#[test]
fn a_cosignature_holds_for_one_statement_only() {
    let one = made(1_700_000_000);
    assert_eq!(one.verify(&line(), ROOT), Ok(()));
    let bad = Err(CosignError::PeerBadSignature);
    assert_eq!(one.verify(&line(), Hash([6; 32])), bad);
    assert_eq!(Cosignature { size: 301, ..one.clone() }.verify(&line(), ROOT), bad);
    assert_eq!(Cosignature { time_s: 0, ..one.clone() }.verify(&line(), ROOT), bad);
    assert_eq!(Cosignature { post: NORTH, ..one.clone() }.verify(&line(), ROOT), bad);
    assert_eq!(Cosignature { log: SOUTH, ..one.clone() }.verify(&line(), ROOT), bad);
    assert_eq!(made(0).verify(&line(), ROOT), Ok(()), "without a time");
    let no_key = Err(CosignError::PeerNoKey);
    assert_eq!(Cosignature { generation: 1, ..one.clone() }.verify(&line(), ROOT), no_key);
    let nobody = Err(CosignError::PeerNoSuchPost);
    assert_eq!(Cosignature { post: PostIndex(2), ..one.clone() }.verify(&line(), ROOT), nobody);
    assert_eq!(Cosignature { log: PostIndex(2), ..one.clone() }.verify(&line(), ROOT), nobody);
    let mut keyless = charter(Kind::Real);
    keyless.posts[1].pq_key.clear();
    assert_eq!(one.verify(&sign(keyless), ROOT), no_key);
}

#[test]
fn names_are_neutral_and_differ_by_line_kind_post_and_generation() {
    let name = |line: u8, kind, post, generation| {
        CosignerName::of(LineId([line; 32]), kind, PostIndex(post), generation).0
    };
    let names = [
        name(1, Kind::Real, 0, 0),
        name(2, Kind::Real, 0, 0),
        name(1, Kind::Drill, 0, 0),
        name(1, Kind::Real, 1, 0),
        name(1, Kind::Real, 0, 1),
        Origin::of(LineId([1; 32]), Kind::Real, NORTH, 0).as_str().to_owned(),
    ];
    for (place, one) in names.iter().enumerate() {
        assert!(one.len() == 32 && one.bytes().all(|b| b.is_ascii_hexdigit()));
        assert!(!names[place + 1..].contains(one));
    }
}

#[test]
fn a_note_carries_both_signatures() {
    use crate::checkpoint::{Checkpoint, SignedCheckpoint};
    use crate::keys::{PostSigner, PublicKey};

    let one = made(1_700_000_000);
    let (cosigned, key) = one.cosigned(&line(), ROOT).map(|(c, k)| (c, k.to_vec())).unwrap();
    let origin = cosigned.origin.clone();
    let log_key = crate::testing::signer(11);
    let signed = Checkpoint { origin, size: 300, root: ROOT }.sign(&log_key);
    let note = signed.to_note(&log_key.public()) + &cosigned.note_row(&key, &one.signature);
    let public = PublicKey::from_bytes(&log_key.public()).unwrap();
    assert_eq!(SignedCheckpoint::parse_note(note.as_bytes(), &public).unwrap().signed(), &signed);
    let (_, rows) = note::split(note.as_bytes()).unwrap();
    assert_eq!(rows[1].name, cosigned.cosigner.as_str());
    assert_eq!(rows[1].id, cosigned.cosigner.key_id(&key));
    let (time, signature) = rows[1].bytes.split_first_chunk::<8>().unwrap();
    assert_eq!(u64::from_be_bytes(*time), 1_700_000_000);
    assert_eq!(signature, one.signature.as_bytes());
    assert!(cosigned.cosigner.verifier_key(&key).starts_with(cosigned.cosigner.as_str()));
}
