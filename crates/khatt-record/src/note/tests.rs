use proptest::prelude::*;

use super::*;
use crate::testing::signer;

/// The verifier key and the note of the example in C2SP signed-note, "Verifier keys".
const EXAMPLE_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const EXAMPLE_NOTE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
    Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

#[test]
fn the_example_of_the_specification_opens() {
    let key = VerifierKey::parse(EXAMPLE_KEY).unwrap();
    assert_eq!(key.name(), "example.com/foo");
    assert_eq!(key.id(), [0x53, 0x0d, 0x90, 0x3a]);
    assert_eq!(key.to_text(), EXAMPLE_KEY);
    let (text, _) = open(EXAMPLE_NOTE.as_bytes(), &key).unwrap();
    assert_eq!(text, "This is an example message.\n");
}

#[test]
fn a_changed_note_is_refused() {
    let key = VerifierKey::parse(EXAMPLE_KEY).unwrap();
    let changed = EXAMPLE_NOTE.replace("example message", "other message");
    assert_eq!(open(changed.as_bytes(), &key), Err(NoteError::PeerBadSignature));
    let renamed = EXAMPLE_NOTE.replace("example.com/foo", "example.com/bar");
    assert_eq!(open(renamed.as_bytes(), &key), Err(NoteError::PeerUnsigned));
    for malformed in ["", "\n", "a\n\n", "a\n\n\u{2014} b\n", "a\tb\n\n\u{2014} b AAAAAAA=\n"] {
        assert_eq!(open(malformed.as_bytes(), &key), Err(NoteError::PeerMalformed), "{malformed}");
    }
}

#[test]
fn signatures_of_unknown_keys_are_passed_over() {
    let one =
        VerifierKey::new("north", PublicKey::from_bytes(&signer(1).public()).unwrap()).unwrap();
    let note = sign("row\n\nrow\n", "north", &signer(1)).unwrap();
    let other = sign("row\n\nrow\n", "south", &signer(2)).unwrap();
    let row = other.strip_prefix("row\n\nrow\n\n").unwrap();
    let both = format!("{note}{row}");
    assert_eq!(split(both.as_bytes()).unwrap().1.len(), 2);
    assert_eq!(open(both.as_bytes(), &one).unwrap().0, "row\n\nrow\n");
    let many = format!("{note}{}", row.repeat(SIGNATURES_MAX));
    assert_eq!(open(many.as_bytes(), &one), Err(NoteError::PeerTooLarge));
}

#[test]
fn verifier_keys_with_another_id_or_type_are_refused() {
    let other_id = EXAMPLE_KEY.replace("530d903a", "530d903b");
    assert_eq!(VerifierKey::parse(&other_id), Err(VerifierKeyError::PeerOtherId));
    let other_type = EXAMPLE_KEY.replace("+Aeky", "+BOky");
    assert_eq!(VerifierKey::parse(&other_type), Err(VerifierKeyError::PeerOtherType));
    for malformed in ["", "a", "a+b", "a+530d903a+", "a b+530d903a+AQ=="] {
        assert!(VerifierKey::parse(malformed).is_err(), "{malformed}");
    }
}

#[test]
fn texts_that_cannot_be_in_a_note_are_not_signed() {
    for (text, name) in [("no newline", "n"), ("tab\t\n", "n"), ("a\n", "with space"), ("a\n", "")]
    {
        assert_eq!(sign(text, name, &signer(1)), Err(NoteError::PeerMalformed));
    }
}

proptest! {
    #[test]
    fn notes_from_anybody_never_panic(bytes in prop::collection::vec(0_u8.., 0..200), text in "\\PC{0,80}") {
        let _ = split(&bytes);
        let _ = VerifierKey::parse(&text);
        let _ = split(format!("{text}\n\n\u{2014} {text}\n").as_bytes());
    }
}
