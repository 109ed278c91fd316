//! The plaintext of a frame: whatever decodes, encodes to the same bytes.
#![no_main]

use khatt_record::seal::{CAPSULE_LEN, FrameContext, items};
use khatt_record::{Kind, LineId, PostIndex};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u8, bool, &[u8])| {
    let (posts, sender, has_capsule, bytes) = input;
    let context = FrameContext {
        line: LineId([1; 32]),
        kind: Kind::Rehearsal,
        sender: PostIndex(sender % 12),
        posts: usize::from(posts % 12),
    };
    let capsule = has_capsule.then_some(&[5; CAPSULE_LEN]);
    if let Ok(read) = items::decode(bytes, &context, capsule) {
        let again = items::encode(&read, &context, capsule).expect("what decoded can be encoded");
        assert_eq!(again, bytes);
    }
});
