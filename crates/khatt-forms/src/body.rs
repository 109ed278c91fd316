//! The bytes of a message body: one deterministic encoding, and nothing else is read.
//!
//! Layout and limits are `spec/body.md`. A body says which form, in which language it was drafted,
//! what it refers to, its values, and the digest of its rendering in every language of the line.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::language::Language;
use crate::value::{FormId, Value};
use crate::wire::{self, Cursor, Item};
use crate::wire_value;

/// How a message stands to an earlier entry.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// Answers or continues it.
    Replies,
    /// Changes it.
    Amends,
    /// Withdraws it.
    Cancels,
    /// Says it was wrong.
    Corrects,
    /// Takes its place.
    Supersedes,
    /// Ends its matter.
    Closes,
    /// Acknowledges it.
    Acknowledges,
    /// Answers the questions in it.
    Answers,
    /// Relies on it or mentions it.
    Cites,
}

/// A pointer to an entry of a log of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// How this message stands to it.
    pub relation: Relation,
    /// Number of the log in the charter.
    pub log: u8,
    /// Index of the entry in that log, from 0.
    pub index: u64,
}

/// The values of one form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// Which form.
    pub form: FormId,
    /// Value per field number.
    pub values: BTreeMap<u8, Value>,
}

/// A message as it is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Which form; the same as `filled.form`.
    pub form: FormId,
    /// Language it was drafted in.
    pub language: Language,
    /// What it refers to, ascending, each once.
    pub references: Vec<Reference>,
    /// Its values.
    pub filled: Filled,
    /// [`rendering_digest`](crate::rendering_digest) over every language of the line.
    pub digest: [u8; 32],
}

/// Why the bytes of a body were refused.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum BodyError {
    /// More bytes than a body may have.
    #[error("peer sent a body of {0} bytes, at most {MAX_BODY_BYTES} are allowed")]
    PeerTooLong(usize),
    /// Not the few CBOR items that a body is made of, or too deep.
    #[error("peer sent bytes that are not a body")]
    PeerNotCbor,
    /// A layout version that this build does not know.
    #[error("peer sent a body of an unknown layout version")]
    PeerVersion,
    /// A language that this build does not know.
    #[error("peer drafted a body in a language unknown here")]
    PeerLanguage,
    /// Wrong shape, or a number or length out of bounds.
    #[error("peer sent a body with a part of the wrong shape or out of bounds")]
    PeerShape,
    /// A value of the wrong shape or out of bounds.
    #[error("peer sent a value out of bounds in field {0}")]
    PeerValue(u8),
    /// The same body has another, shorter or ordered, encoding.
    #[error("peer sent a body in an encoding that is not the only one allowed")]
    PeerNotCanonical,
}

/// Most bytes of an encoded body.
pub const MAX_BODY_BYTES: usize = 16_384;
/// Most references.
pub const MAX_REFERENCES: usize = 16;
const VERSION: i64 = 1;

impl BodyError {
    /// Stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            BodyError::PeerTooLong(_) => "KF-1301",
            BodyError::PeerNotCbor => "KF-1302",
            BodyError::PeerVersion => "KF-1303",
            BodyError::PeerLanguage => "KF-1304",
            BodyError::PeerShape => "KF-1305",
            BodyError::PeerValue(_) => "KF-1306",
            BodyError::PeerNotCanonical => "KF-1307",
        }
    }
}

impl Relation {
    /// Every relation, in wire order.
    pub const ALL: [Relation; 9] = [
        Relation::Replies,
        Relation::Amends,
        Relation::Cancels,
        Relation::Corrects,
        Relation::Supersedes,
        Relation::Closes,
        Relation::Acknowledges,
        Relation::Answers,
        Relation::Cites,
    ];

    /// Returns the word for it, for example `replies`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Relation::Replies => "replies",
            Relation::Amends => "amends",
            Relation::Cancels => "cancels",
            Relation::Corrects => "corrects",
            Relation::Supersedes => "supersedes",
            Relation::Closes => "closes",
            Relation::Acknowledges => "acknowledges",
            Relation::Answers => "answers",
            Relation::Cites => "cites",
        }
    }

    /// Returns the number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns the relation with this number on the wire.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Relation> {
        Relation::ALL.get(usize::from(number)).copied()
    }
}

impl Body {
    /// Encodes the body, the one way it can be encoded.
    ///
    /// References are put in order. A body that [`Filled::check`](crate::Filled::check) accepts
    /// and that is not longer than [`MAX_BODY_BYTES`] decodes again.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut references = self.references.clone();
        references.sort();
        references.dedup();
        let references = references
            .into_iter()
            .map(|r| {
                Item::Array(vec![
                    Item::Int(i64::from(r.relation.number())),
                    Item::Int(i64::from(r.log)),
                    Item::Int(i64::try_from(r.index).unwrap_or(i64::MAX)),
                ])
            })
            .collect();
        let mut values = Vec::new();
        for (number, value) in &self.filled.values {
            values.push(Item::Int(i64::from(*number)));
            values.push(wire_value::to_item(value));
        }
        wire::write(&Item::Array(vec![
            Item::Int(VERSION),
            Item::Int(i64::from(self.form.number)),
            Item::Int(i64::from(self.form.version)),
            Item::Text(self.language.tag().to_owned()),
            Item::Array(references),
            Item::Array(values),
            Item::Bytes(self.digest.to_vec()),
        ]))
    }

    /// Decodes a body, accepting only the bytes that [`Body::encode`] makes of it.
    ///
    /// Whether the values fit the form, and whether its text is fit to be painted, is not decided
    /// here: a form may be unknown to this post, and its body is kept and shown raw all the same.
    ///
    /// # Errors
    ///
    /// [`BodyError`] if the bytes are not a body or not the only encoding of it.
    pub fn decode(bytes: &[u8]) -> Result<Body, BodyError> {
        if bytes.len() > MAX_BODY_BYTES {
            return Err(BodyError::PeerTooLong(bytes.len()));
        }
        let item = wire::read(bytes).ok_or(BodyError::PeerNotCbor)?;
        let mut top = Cursor::new(item).ok_or(BodyError::PeerShape)?;
        if top.int::<i64>().ok_or(BodyError::PeerShape)? != VERSION {
            return Err(BodyError::PeerVersion);
        }
        let form = form_id(&mut top).ok_or(BodyError::PeerShape)?;
        let tag = top.text().ok_or(BodyError::PeerShape)?;
        let language = Language::from_tag(&tag).ok_or(BodyError::PeerLanguage)?;
        let references = references(&mut top).ok_or(BodyError::PeerShape)?;
        let mut list = top.array().ok_or(BodyError::PeerShape)?;
        let values = values(&mut list)?;
        let digest = match top.next() {
            Some(Item::Bytes(bytes)) => {
                <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| BodyError::PeerShape)?
            }
            _ => return Err(BodyError::PeerShape),
        };
        let body = Body { form, language, references, filled: Filled { form, values }, digest };
        top.end(()).ok_or(BodyError::PeerShape)?;
        if body.encode() == bytes { Ok(body) } else { Err(BodyError::PeerNotCanonical) }
    }
}

pub(crate) fn form_id(cursor: &mut Cursor) -> Option<FormId> {
    let (number, version) = (cursor.int()?, cursor.int()?);
    (number >= 1 && version >= 1).then_some(FormId { number, version })
}

fn references(top: &mut Cursor) -> Option<Vec<Reference>> {
    let mut list = top.array()?;
    if list.left() > MAX_REFERENCES {
        return None;
    }
    let mut references = Vec::new();
    while let Some(item) = list.next() {
        let mut one = Cursor::new(item)?;
        let relation = Relation::from_number(one.int()?)?;
        let reference = Reference { relation, log: one.int()?, index: one.int()? };
        references.push(one.end(reference)?);
    }
    Some(references)
}

fn values(list: &mut Cursor) -> Result<BTreeMap<u8, Value>, BodyError> {
    let mut values = BTreeMap::new();
    while list.left() > 0 {
        let number: u8 = list.int().ok_or(BodyError::PeerShape)?;
        let item = list.next().ok_or(BodyError::PeerShape)?;
        let value = wire_value::from_item(item, wire_value::Nesting::Top)
            .ok_or(BodyError::PeerValue(number))?;
        // A repeated number is caught by encoding again: the map holds it once.
        values.insert(number, value);
    }
    Ok(values)
}

#[cfg(test)]
mod tests;
