//! Frames cut from a stream: however the bytes arrive, the same frames come out, and put back they
//! are the same bytes.
#![no_main]

// The module itself, not its crate: the rest of the network needs a C compiler and a runtime.
#[allow(dead_code, reason = "greetings are of fixed length and have nothing to find")]
#[path = "../../crates/khatt-net/src/framing.rs"]
mod framing;

use framing::{Decoder, MAX_FRAME_BYTES, encode};
use libfuzzer_sys::fuzz_target;

/// Feeds pieces of at most `step` bytes; returns the frames, and whether the stream was refused.
fn cut(bytes: &[u8], step: usize) -> (Vec<Vec<u8>>, bool) {
    let mut decoder = Decoder::default();
    let mut frames = Vec::new();
    for mut piece in bytes.chunks(step) {
        // A frame that ends with its piece is returned at once; nothing is held back.
        while !piece.is_empty() {
            match decoder.take(&mut piece) {
                Ok(frame) => frames.extend(frame),
                Err(_) => return (frames, true),
            }
        }
    }
    (frames, false)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (step, bytes) = input;
    let (frames, refused) = cut(bytes, bytes.len().max(1));
    assert_eq!(cut(bytes, usize::from(step).max(1)), (frames.clone(), refused));
    let mut again = Vec::new();
    for frame in &frames {
        assert!(frame.len() <= MAX_FRAME_BYTES);
        again.extend(encode(frame).expect("what was cut can be put back"));
    }
    assert!(bytes.starts_with(&again));
    // What is left is a part of one frame, or the length that was refused.
    assert!(refused || encode(&bytes[again.len()..]).is_some());
});
