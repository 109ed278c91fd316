//! A key order as bytes (`spec/key-order.md §2`).

use crate::cbor::{DecodeError, Reader, Writer};
use crate::charter::{
    ADDRESS_MAX, ADDRESSES_MAX, constant, name, read_officer_keys, read_pq_key, read_recovery,
    texts, write_officer_keys, write_recovery, write_texts,
};
use crate::entry::{POSTS_MAX, PREKEY_LEN, read_post, read_time};
use crate::ids::{Hash, LineId};

use super::{
    KEY_ORDER_MAX, KeyChange, KeyOrder, NewConnection, NewGeneration, ORDERS_MAX, OfficerChange,
};

const VERSION: u64 = 1;

impl KeyOrder {
    /// Writes the order's body. Its hash and signatures are over these bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(512);
        out.array(7).uint(VERSION).bytes(&self.line.0).uint(self.party.into());
        out.uint(self.number.into()).bytes(&self.previous.0).uint(self.t_ms);
        match &self.change {
            KeyChange::Officer(change) => {
                out.array(5).uint(1).uint(change.officer.into()).text(&change.title);
                out.uint(change.roles.bits().into());
                write_officer_keys(&mut out, &change.keys);
            }
            KeyChange::Generation(next) => {
                out.array(9).uint(2).uint(next.post.into()).uint(next.generation.into());
                out.bytes(&next.log_key).bytes(&next.next_log_digest.0).bytes(&next.pq_key);
                out.bytes(&next.tls_key).bytes(&next.prekey);
                write_texts(&mut out, &next.addresses);
            }
            KeyChange::Connection(connection) => {
                out.array(4).uint(3).uint(connection.post.into()).bytes(&connection.tls_key);
                write_texts(&mut out, &connection.addresses);
            }
            KeyChange::Root { root_key, recovery } => {
                out.array(4).uint(4).bytes(root_key);
                write_recovery(&mut out, recovery);
            }
            KeyChange::CutOff { post } => {
                out.array(2).uint(5).uint((*post).into());
            }
        }
        out.finish()
    }

    /// Reads an order's body. Whether it may be in force is not looked at.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the bytes are not exactly an order.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > KEY_ORDER_MAX {
            return Err(DecodeError::PeerTooLarge { at: 0 });
        }
        let mut reader = Reader::new(bytes);
        reader.array_of(7)?;
        constant(&mut reader, VERSION, "version")?;
        let (line, party) = (LineId(reader.fixed()?), reader.number()?);
        let at = reader.position();
        let number = reader.u32()?;
        if number == 0 || number > ORDERS_MAX {
            return Err(DecodeError::PeerTooLarge { at });
        }
        let previous = Hash(reader.fixed()?);
        let t_ms = read_time(&mut reader)?;
        let order = Self { line, party, number, previous, t_ms, change: read_change(&mut reader)? };
        reader.finish()?;
        Ok(order)
    }
}

fn read_change(reader: &mut Reader<'_>) -> Result<KeyChange, DecodeError> {
    let at = reader.position();
    let items = reader.array(9)?;
    let kind = reader.uint()?;
    Ok(match (kind, items) {
        (1, 5) => {
            let (officer, title) = (reader.number()?, name(reader)?);
            let (roles, keys) = read_officer_keys(reader)?;
            KeyChange::Officer(OfficerChange { officer, title, roles, keys })
        }
        (2, 9) => KeyChange::Generation(Box::new(NewGeneration {
            post: read_post(reader, POSTS_MAX)?,
            generation: reader.u32()?,
            log_key: reader.fixed()?,
            next_log_digest: Hash(reader.fixed()?),
            pq_key: read_pq_key(reader)?,
            tls_key: reader.fixed()?,
            prekey: reader.fixed::<PREKEY_LEN>()?.to_vec(),
            addresses: texts(reader, ADDRESSES_MAX, ADDRESS_MAX)?,
        })),
        (3, 4) => KeyChange::Connection(NewConnection {
            post: read_post(reader, POSTS_MAX)?,
            tls_key: reader.fixed()?,
            addresses: texts(reader, ADDRESSES_MAX, ADDRESS_MAX)?,
        }),
        (4, 4) => {
            let root_key = reader.fixed()?;
            KeyChange::Root { root_key, recovery: read_recovery(reader)? }
        }
        (5, 2) => KeyChange::CutOff { post: read_post(reader, POSTS_MAX)? },
        (1..=5, _) => return Err(DecodeError::PeerOtherLength { at }),
        _ => return Err(DecodeError::PeerContradiction { what: "kind of key order", at }),
    })
}
