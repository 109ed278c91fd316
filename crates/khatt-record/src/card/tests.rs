use proptest::prelude::*;

use super::*;
use crate::ids::{Kind, PartyIndex};
use crate::testing::{charter, signer};

fn card() -> Card {
    let charter = charter(Kind::Real);
    Card {
        party: charter.parties[0].clone(),
        posts: charter.posts[..1].to_vec(),
        officers: charter.officers[..3].to_vec(),
    }
}

#[test]
fn a_card_round_trips_and_is_signed_by_its_root() {
    let file = card().sign(&signer(1)).unwrap();
    assert_eq!(Card::from_bytes(&file), Ok(card()));
    assert_eq!(card().sign(&signer(2)), Err(CardError::LocalOtherKey));
}

#[test]
fn a_card_with_any_changed_bit_is_refused() {
    let file = card().sign(&signer(1)).unwrap();
    for at in (0..file.len()).step_by(7) {
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert!(Card::from_bytes(&changed).is_err(), "byte {at}");
    }
}

#[test]
fn a_card_speaks_for_one_party_with_usable_names() {
    let mut other = card();
    other.posts[0].party = PartyIndex(1);
    assert_eq!(other.sign(&signer(1)), Err(CardError::PeerOtherParty));
    let mut other = card();
    other.party.name = "No\u{202e}rth".into();
    assert_eq!(other.sign(&signer(1)), Err(CardError::PeerUnusableName));
}

proptest! {
    #[test]
    fn bytes_from_anybody_never_panic(bytes in prop::collection::vec(0_u8.., 0..120)) {
        prop_assert!(Card::from_bytes(&bytes).is_err());
    }
}
