//! The few CBOR items that a body is made of: whole numbers, text, bytes and arrays.
//!
//! Reading is bounded in depth and in number of items. Whether an encoding is the one allowed is
//! decided by encoding again and comparing (`spec/body.md` §2).

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

/// A CBOR item.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    Array(Vec<Item>),
}

/// Deepest nesting of arrays.
pub(crate) const MAX_DEPTH: u8 = 5;
/// Most items in one body.
const MAX_ITEMS: usize = 2_048;

/// Reads exactly one item that fills `bytes`.
pub(crate) fn read(bytes: &[u8]) -> Option<Item> {
    let mut decoder = Decoder::new(bytes);
    let mut budget = MAX_ITEMS;
    let item = item(&mut decoder, 0, &mut budget)?;
    (decoder.position() == bytes.len()).then_some(item)
}

/// Encodes an item: definite lengths, shortest heads.
pub(crate) fn write(item: &Item) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    put(&mut encoder, item);
    encoder.into_writer()
}

fn item(decoder: &mut Decoder<'_>, depth: u8, budget: &mut usize) -> Option<Item> {
    *budget = budget.checked_sub(1)?;
    match decoder.datatype().ok()? {
        Type::U8
        | Type::U16
        | Type::U32
        | Type::U64
        | Type::I8
        | Type::I16
        | Type::I32
        | Type::I64 => decoder.i64().ok().map(Item::Int),
        Type::String => decoder.str().ok().map(|text| Item::Text(text.to_owned())),
        Type::Bytes => decoder.bytes().ok().map(|bytes| Item::Bytes(bytes.to_vec())),
        Type::Array if depth < MAX_DEPTH => {
            let len = decoder.array().ok()??;
            let len = usize::try_from(len).ok().filter(|&len| len <= *budget)?;
            let mut items = Vec::with_capacity(len.min(64));
            for _ in 0..len {
                items.push(self::item(decoder, depth + 1, budget)?);
            }
            Some(Item::Array(items))
        }
        _ => None,
    }
}

fn put(encoder: &mut Encoder<Vec<u8>>, item: &Item) {
    // Writing to a vector cannot fail.
    let _ = match item {
        Item::Int(n) => encoder.i64(*n).map(drop),
        Item::Text(text) => encoder.str(text).map(drop),
        Item::Bytes(bytes) => encoder.bytes(bytes).map(drop),
        Item::Array(items) => encoder.array(items.len() as u64).map(drop),
    };
    if let Item::Array(items) = item {
        for item in items {
            put(encoder, item);
        }
    }
}

/// Takes the items of an array one after the other.
pub(crate) struct Cursor {
    items: std::vec::IntoIter<Item>,
}

impl Cursor {
    pub(crate) fn new(item: Item) -> Option<Cursor> {
        match item {
            Item::Array(items) => Some(Cursor { items: items.into_iter() }),
            _ => None,
        }
    }

    pub(crate) fn next(&mut self) -> Option<Item> {
        self.items.next()
    }

    pub(crate) fn left(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn int<T: TryFrom<i64>>(&mut self) -> Option<T> {
        match self.next()? {
            Item::Int(n) => T::try_from(n).ok(),
            _ => None,
        }
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        match self.next()? {
            Item::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn bytes(&mut self) -> Option<Vec<u8>> {
        match self.next()? {
            Item::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn array(&mut self) -> Option<Cursor> {
        Cursor::new(self.next()?)
    }

    /// `Some(value)` if nothing is left over.
    pub(crate) fn end<T>(&self, value: T) -> Option<T> {
        (self.left() == 0).then_some(value)
    }
}
