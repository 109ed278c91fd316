use proptest::prelude::*;

use super::*;
use crate::testing::{line, signer};

fn key(number: u8) -> PublicKey {
    PublicKey::from_bytes(&signer(number).public()).unwrap()
}

fn checkpoint(size: u64) -> Checkpoint {
    let origin = Origin::of(LineId([3; 32]), Kind::Real, PostIndex(0), 0);
    Checkpoint { origin, size, root: Hash([4; 32]) }
}

#[test]
fn an_origin_depends_on_line_kind_post_and_generation() {
    let line = LineId([3; 32]);
    let origins = [
        Origin::of(line, Kind::Real, PostIndex(0), 0),
        Origin::of(LineId([4; 32]), Kind::Real, PostIndex(0), 0),
        Origin::of(line, Kind::Drill, PostIndex(0), 0),
        Origin::of(line, Kind::Real, PostIndex(1), 0),
        Origin::of(line, Kind::Real, PostIndex(0), 1),
    ];
    for (place, one) in origins.iter().enumerate() {
        assert_eq!(Origin::parse(one.as_str()).as_ref(), Ok(one));
        assert!(origins.iter().skip(place + 1).all(|other| other != one));
    }
}

#[test]
fn a_note_round_trips_and_only_its_key_opens_it() {
    let signed = checkpoint(20).sign(&signer(11));
    let note = signed.to_note(&signer(11).public());
    let verified = SignedCheckpoint::parse_note(note.as_bytes(), &key(11)).unwrap();
    assert_eq!(verified.signed(), &signed);
    assert_eq!(
        SignedCheckpoint::parse_note(note.as_bytes(), &key(12)),
        Err(CheckpointError::PeerNote(NoteError::PeerUnsigned))
    );
    let other = note.replace("\n20\n", "\n21\n");
    assert_eq!(
        SignedCheckpoint::parse_note(other.as_bytes(), &key(11)),
        Err(CheckpointError::PeerNote(NoteError::PeerBadSignature))
    );
    let vkey = SignedCheckpoint::verifier_key(&signed.checkpoint.origin, &key(11));
    assert!(note::open(note.as_bytes(), &VerifierKey::parse(&vkey).unwrap()).is_ok());
}

#[test]
fn a_text_has_one_form_only() {
    let text = checkpoint(20).note_text();
    assert_eq!(Checkpoint::parse_text(&text), Ok(checkpoint(20)));
    let origin = checkpoint(20).origin.to_string();
    for other in [
        text.replace("\n20\n", "\n020\n"),
        text.replace("\n20\n", "\n+20\n"),
        text.replace("\n20\n", "\n\n"),
        format!("{text}extension\n"),
        text.trim_end().to_owned(),
        text.replace(&origin, &origin.to_uppercase()),
        text.replace('=', ""),
    ] {
        assert_eq!(Checkpoint::parse_text(&other), Err(CheckpointError::PeerMalformed), "{other}");
    }
}

#[test]
fn a_signature_is_checked_against_the_charters_key() {
    let charter = line();
    let origin = charter.origin(PostIndex(0)).unwrap();
    let signed =
        Checkpoint { origin, size: 0, root: crate::merkle::empty_root() }.sign(&signer(11));
    assert!(signed.clone().verify(charter.log_key(PostIndex(0)).unwrap()).is_ok());
    assert_eq!(
        signed.verify(charter.log_key(PostIndex(1)).unwrap()),
        Err(CheckpointError::PeerBadSignature)
    );
}

proptest! {
    #[test]
    fn every_checkpoint_round_trips_as_text(size in 0_u64.., root in prop::array::uniform32(0_u8..)) {
        let one = Checkpoint { size, root: Hash(root), ..checkpoint(0) };
        prop_assert_eq!(Checkpoint::parse_text(&one.note_text()), Ok(one));
    }

    #[test]
    fn texts_from_anybody_never_panic(text in "[0-9a-f\\n=+/]{0,120}") {
        let _ = Checkpoint::parse_text(&text);
    }
}
