use proptest::prelude::*;

use super::*;

fn any(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    let mut reader = Reader::new(bytes);
    let item = reader.any(DEPTH_MAX)?;
    reader.finish()?;
    Ok(item)
}

#[test]
fn heads_must_be_as_short_as_can_be() {
    for bytes in [&[0x18, 23][..], &[0x19, 0, 255], &[0x1a, 0, 0, 255, 255], &[0x58, 1, 7]] {
        assert!(matches!(any(bytes), Err(DecodeError::PeerNotShortest { at: 0 })), "{bytes:?}");
    }
    assert!(any(&[0x18, 24]).is_ok());
}

#[test]
fn other_types_of_cbor_are_refused() {
    // Negative, map, tag, false, null, float, indefinite array, indefinite bytes, reserved head.
    for head in [0x20_u8, 0xa0, 0xc0, 0xf4, 0xf6, 0xf9, 0x9f, 0x5f, 0x1c] {
        let bytes = [head, 0, 0, 0];
        assert!(matches!(any(&bytes), Err(DecodeError::PeerForbiddenType { at: 0 })), "{head:x}");
    }
}

#[test]
fn arrays_nest_four_deep_and_no_deeper() {
    assert!(any(&[0x81, 0x81, 0x81, 0x81, 0]).is_ok());
    assert!(any(&[0x81, 0x81, 0x81, 0x80]).is_ok());
    assert_eq!(any(&[0x81, 0x81, 0x81, 0x81, 0x80]), Err(DecodeError::PeerTooDeep { at: 4 }));
}

#[test]
fn a_length_that_the_bytes_do_not_have_costs_nothing() {
    let huge = [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert!(matches!(any(&huge), Err(DecodeError::PeerTruncated { .. })));
    let huge = [0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert!(any(&huge).is_err());
    assert_eq!(Reader::new(&[0x43, 1, 2, 3]).bytes(2), Err(DecodeError::PeerTooLarge { at: 0 }));
}

#[test]
fn text_must_be_utf8_and_nothing_may_follow() {
    assert_eq!(any(&[0x61, 0xff]), Err(DecodeError::PeerNotText { at: 0 }));
    assert_eq!(any(&[0, 0]), Err(DecodeError::PeerTrailing { at: 1 }));
    assert_eq!(any(&[]), Err(DecodeError::PeerTruncated { at: 0 }));
}

#[derive(Clone, Debug)]
enum Tree {
    Uint(u64),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Tree>),
}

fn write(tree: &Tree, out: &mut Writer, oracle: &mut minicbor::Encoder<Vec<u8>>) {
    match tree {
        Tree::Uint(value) => {
            out.uint(*value);
            oracle.u64(*value).unwrap();
        }
        Tree::Bytes(value) => {
            out.bytes(value);
            oracle.bytes(value).unwrap();
        }
        Tree::Text(value) => {
            out.text(value);
            oracle.str(value).unwrap();
        }
        Tree::Array(items) => {
            out.array(items.len());
            oracle.array(items.len() as u64).unwrap();
            items.iter().for_each(|item| write(item, out, oracle));
        }
    }
}

fn trees() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        any_shift().prop_map(Tree::Uint),
        prop::collection::vec(0_u8.., 0..300).prop_map(Tree::Bytes),
        "\\PC{0,40}".prop_map(Tree::Text),
    ];
    leaf.prop_recursive(DEPTH_MAX as u32, 64, 30, |inner| {
        prop::collection::vec(inner, 0..30).prop_map(Tree::Array)
    })
}

fn any_shift() -> impl Strategy<Value = u64> {
    (0_u64.., 0_u32..64).prop_map(|(value, shift)| value >> shift)
}

/// Accepts what a general CBOR library reads and would write in the very same bytes.
fn oracle(bytes: &[u8]) -> bool {
    fn copy(
        decoder: &mut minicbor::Decoder<'_>,
        out: &mut minicbor::Encoder<Vec<u8>>,
        depth: usize,
    ) -> Option<()> {
        use minicbor::data::Type as T;
        match decoder.datatype().ok()? {
            T::U8 | T::U16 | T::U32 | T::U64 => drop(out.u64(decoder.u64().ok()?).ok()?),
            T::Bytes => drop(out.bytes(decoder.bytes().ok()?).ok()?),
            T::String => drop(out.str(decoder.str().ok()?).ok()?),
            T::Array if depth > 0 => {
                let length = decoder.array().ok()??;
                out.array(length).ok()?;
                for _ in 0..length {
                    copy(decoder, out, depth - 1)?;
                }
            }
            _ => return None,
        }
        Some(())
    }
    let mut out = minicbor::Encoder::new(Vec::new());
    copy(&mut minicbor::Decoder::new(bytes), &mut out, DEPTH_MAX).is_some()
        && out.into_writer() == bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_writer_agrees_with_another_and_the_reader_takes_it_back(tree in trees()) {
        let mut out = Writer::new();
        let mut other = minicbor::Encoder::new(Vec::new());
        write(&tree, &mut out, &mut other);
        let bytes = out.finish();
        prop_assert_eq!(&bytes, &other.into_writer());
        prop_assert_eq!(any(&bytes), Ok(bytes.as_slice()));
    }

    #[test]
    fn the_reader_accepts_exactly_what_would_be_written_again(
        bytes in prop::collection::vec(prop_oneof![0_u8.., 0x80_u8..0x84, 0x18_u8..0x1c], 0..24),
    ) {
        prop_assert_eq!(any(&bytes).is_ok(), oracle(&bytes));
    }
}
