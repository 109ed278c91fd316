//! A checkpoint: its text, and the signed note around it.
#![no_main]

use khatt_record::checkpoint::{Checkpoint, SignedCheckpoint};
use khatt_record::{PostSigner as _, PublicKey, SoftwareSigner};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let signer = SoftwareSigner::from_seed([7; 32]);
    let public = signer.public();
    let key = PublicKey::from_bytes(&public).expect("a key that a seed makes is sound");
    if let Ok(verified) = SignedCheckpoint::parse_note(bytes, &key) {
        assert!(verified.into_signed().verify(&key).is_ok());
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(checkpoint) = Checkpoint::parse_text(text)
    {
        assert_eq!(checkpoint.note_text(), text);
        let note = checkpoint.sign(&signer).to_note(&public);
        assert!(SignedCheckpoint::parse_note(note.as_bytes(), &key).is_ok());
    }
});
