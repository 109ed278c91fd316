use proptest::prelude::*;

use super::*;
use crate::entry::{Act, Seen};
use crate::ids::{PostIndex, Precedence};

fn part() -> OpenPart {
    OpenPart { seed: Seed::new([5; 16]), body: b"body of North".to_vec(), auth: vec![0x80] }
}

fn header(part: &OpenPart) -> MessageHeader {
    let (c_body, c_auth) = part.commitments();
    MessageHeader {
        t_ms: 1,
        seen: Seen::none(2, PostIndex(0)),
        act: Act::Service,
        precedence: Precedence::Routine,
        thread: None,
        c_body,
        c_auth,
    }
}

#[test]
fn salts_and_draft_id_are_hkdf_expand_with_the_seed_as_key() {
    // HKDF-Expand of one block is HMAC over the label and a one, cut to 16 bytes (RFC 5869 §2.3);
    // HMAC written out from its definition (RFC 2104 §2).
    let seed = Seed::new([5; 16]);
    for (label, out) in
        [("body", seed.body_salt()), ("auth", seed.auth_salt()), ("draft", seed.draft_id())]
    {
        let pad = |with: u8| -> [u8; 64] {
            std::array::from_fn(|i| if i < 16 { 5 ^ with } else { with })
        };
        let inner = Sha256::new().chain_update(pad(0x36)).chain_update(label).chain_update([1]);
        let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner.finalize());
        assert_eq!(outer.finalize()[..16], out);
    }
}

#[test]
fn each_part_is_bound_by_its_own_commitment() {
    let part = part();
    let header = header(&part);
    assert_eq!(part.check_against(&header).unwrap().body(), b"body of North");
    let mut other = part.clone();
    other.body = b"body of South".to_vec();
    assert_eq!(other.check_against(&header).unwrap_err(), OpenError::PeerOtherBody);
    let mut other = part.clone();
    other.auth = vec![0x81];
    assert_eq!(other.check_against(&header).unwrap_err(), OpenError::PeerOtherAuth);
    let mut other = part.clone();
    other.seed = Seed::new([6; 16]);
    assert_eq!(other.check_against(&header).unwrap_err(), OpenError::PeerOtherBody);
}

#[test]
fn a_part_prints_nothing_of_what_it_holds() {
    let shown = format!("{:?} {:?}", part(), part().check_against(&header(&part())));
    assert!(!shown.contains("North") && !shown.contains('5'), "{shown}");
}

proptest! {
    #[test]
    fn a_part_round_trips(seed in prop::array::uniform16(0_u8..), body in prop::collection::vec(0_u8.., 0..600), auth in prop::collection::vec(0_u8.., 0..200)) {
        let part = OpenPart { seed: Seed::new(seed), body, auth };
        prop_assert_eq!(OpenPart::decode(&part.encode()), Ok(part));
    }

    #[test]
    fn bytes_from_anybody_never_panic(bytes in prop::collection::vec(0_u8.., 0..80)) {
        let _ = OpenPart::decode(&bytes);
    }
}
