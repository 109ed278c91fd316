//! A charter as bytes (`spec/charter.md §2`).

use crate::cbor::{DecodeError, Reader, Type, Writer};
use crate::entry::{POSTS_MAX, PREKEY_LEN, read_time};
use crate::ids::{Hash, LineId, PartyIndex, Precedence};

use super::{
    CHARTER_MAX, Charter, Clock, Floor, FormEntry, LineTest, Mediator, Officer, OfficerKey,
    PQ_KEY_LEN, Party, Post, Quotas, RECOVERY_MAX, Recovery, ReleaseRule, Roles, SUITE, Scheme,
    VERSION,
};

/// The greatest number of parties.
pub(super) const PARTIES_MAX: usize = 8;
/// The greatest number of officers, past and present.
pub const OFFICERS_MAX: usize = 512;
/// The greatest number of an officer's keys.
pub const KEYS_MAX: usize = 16;
pub(crate) const ADDRESSES_MAX: usize = 8;
const NAME_MAX: usize = 128;
pub(crate) const ADDRESS_MAX: usize = 255;
const LANGUAGES_MAX: usize = 16;
const MEDIATORS_MAX: usize = 8;
const WITNESSES_MAX: usize = 16;
const VKEY_MAX: usize = 512;

impl Charter {
    /// Writes the charter. Its hash is over these bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(4096);
        out.array(20).uint(self.version).uint(self.suite).uint(self.kind as u64);
        out.bytes(&self.nonce).uint(self.opened_ms);
        out.array(self.parties.len());
        for party in &self.parties {
            out.array(5).text(&party.name).bytes(&party.root_key);
            write_recovery(&mut out, &party.recovery);
            out.uint(party.orders.into());
        }
        out.array(self.posts.len());
        for post in &self.posts {
            write_post(&mut out, post);
        }
        out.array(self.officers.len());
        for officer in &self.officers {
            write_officer(&mut out, officer);
        }
        out.array(4);
        for rule in &self.release {
            out.array(2).uint(rule.signatures.into()).uint(rule.emergency_single as u64);
        }
        write_texts(&mut out, &self.languages);
        out.array(self.forms.len());
        for form in &self.forms {
            out.array(3).uint(form.number.into()).uint(form.version.into()).bytes(&form.hash.0);
        }
        out.bytes(&self.glossary.0).bytes(&self.gazetteer.0);
        out.array(4);
        for clock in &self.clocks {
            out.array(3).uint(clock.acknowledge_s.into());
            out.uint(clock.escalate_s.into()).uint(clock.give_up_s.into());
        }
        out.array(2).uint(self.line_test.interval_s.into()).uint(self.line_test.answer_s.into());
        let quotas = &self.quotas;
        out.array(4).uint(quotas.entry_bytes.into()).uint(quotas.entries_per_day.into());
        out.uint(quotas.bytes_per_day).uint(quotas.flash_per_hour.into());
        out.array(self.mediators.len());
        for mediator in &self.mediators {
            out.array(3).text(&mediator.name).bytes(&mediator.key);
            write_texts(&mut out, &mediator.addresses);
        }
        write_texts(&mut out, &self.witnesses);
        out.array(2).array(self.floor.precedences.len());
        for precedence in &self.floor.precedences {
            out.uint(*precedence as u64);
        }
        out.array(self.floor.forms.len());
        for form in &self.floor.forms {
            out.uint(u64::from(*form));
        }
        match (self.first, self.previous) {
            (Some(first), Some(previous)) => {
                out.array(2).bytes(&first.0).bytes(&previous.0);
            }
            // One without the other is refused by `check` before anything is signed.
            _ => {
                out.uint(0);
            }
        }
        out.finish()
    }

    /// Reads a charter. The rules of [`Charter::check`] are not looked at.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the bytes are not exactly a charter.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > CHARTER_MAX {
            return Err(DecodeError::PeerTooLarge { at: 0 });
        }
        let mut reader = Reader::new(bytes);
        reader.array_of(20)?;
        let charter = Self {
            version: constant(&mut reader, VERSION, "version")?,
            suite: constant(&mut reader, SUITE, "suite")?,
            kind: reader.number()?,
            nonce: reader.fixed()?,
            opened_ms: read_time(&mut reader)?,
            parties: list(&mut reader, PARTIES_MAX, |reader| {
                reader.array_of(5)?;
                Ok(Party {
                    name: name(reader)?,
                    root_key: reader.fixed()?,
                    recovery: read_recovery(reader)?,
                    orders: reader.u32()?,
                })
            })?,
            posts: list(&mut reader, POSTS_MAX, read_post)?,
            officers: list(&mut reader, OFFICERS_MAX, read_officer)?,
            release: four(&mut reader, |reader| {
                reader.array_of(2)?;
                let signatures = small(reader)?;
                Ok(ReleaseRule { signatures, emergency_single: reader.number()? })
            })?,
            languages: texts(&mut reader, LANGUAGES_MAX, 35)?,
            forms: list(&mut reader, 256, |reader| {
                reader.array_of(3)?;
                let (number, version) = (small(reader)?, small(reader)?);
                Ok(FormEntry { number, version, hash: Hash(reader.fixed()?) })
            })?,
            glossary: Hash(reader.fixed()?),
            gazetteer: Hash(reader.fixed()?),
            clocks: four(&mut reader, |reader| {
                reader.array_of(3)?;
                let (acknowledge_s, escalate_s) = (reader.u32()?, reader.u32()?);
                Ok(Clock { acknowledge_s, escalate_s, give_up_s: reader.u32()? })
            })?,
            line_test: read_line_test(&mut reader)?,
            quotas: read_quotas(&mut reader)?,
            mediators: list(&mut reader, MEDIATORS_MAX, |reader| {
                reader.array_of(3)?;
                let (name, key) = (name(reader)?, reader.fixed()?);
                Ok(Mediator { name, key, addresses: texts(reader, ADDRESSES_MAX, ADDRESS_MAX)? })
            })?,
            witnesses: texts(&mut reader, WITNESSES_MAX, VKEY_MAX)?,
            floor: read_floor(&mut reader)?,
            first: None,
            previous: None,
        };
        let charter = if reader.peek()? == Type::Uint {
            reader.uint_max(0)?;
            charter
        } else {
            reader.array_of(2)?;
            let first = Some(LineId(reader.fixed()?));
            Self { first, previous: Some(Hash(reader.fixed()?)), ..charter }
        };
        reader.finish()?;
        Ok(charter)
    }
}

/// Writes a post, as charters and cards have it.
pub(crate) fn write_post(out: &mut Writer, post: &Post) {
    out.array(10).uint(post.party.into()).text(&post.name).uint(post.generation.into());
    out.bytes(&post.log_key).bytes(&post.cosign_key).bytes(&post.tls_key);
    out.bytes(&post.prekey).bytes(&post.next_log_digest.0).bytes(&post.pq_key);
    write_texts(out, &post.addresses);
}

/// Reads a post.
pub(crate) fn read_post(reader: &mut Reader<'_>) -> Result<Post, DecodeError> {
    reader.array_of(10)?;
    Ok(Post {
        party: party(reader)?,
        name: name(reader)?,
        generation: reader.u32()?,
        log_key: reader.fixed()?,
        cosign_key: reader.fixed()?,
        tls_key: reader.fixed()?,
        prekey: reader.fixed::<PREKEY_LEN>()?.to_vec(),
        next_log_digest: Hash(reader.fixed()?),
        pq_key: read_pq_key(reader)?,
        addresses: texts(reader, ADDRESSES_MAX, ADDRESS_MAX)?,
    })
}

/// Reads an ML-DSA-44 key, or nothing: the lengths between are no keys.
pub(crate) fn read_pq_key(reader: &mut Reader<'_>) -> Result<Vec<u8>, DecodeError> {
    let at = reader.position();
    let key = reader.bytes(PQ_KEY_LEN)?;
    if key.is_empty() || key.len() == PQ_KEY_LEN {
        Ok(key.to_vec())
    } else {
        Err(DecodeError::PeerOtherLength { at })
    }
}

/// Writes recovery as two items of the array around it, so that nesting stays within limits.
pub(crate) fn write_recovery(out: &mut Writer, recovery: &Recovery) {
    out.uint(recovery.needed.into()).array(recovery.keys.len());
    for key in &recovery.keys {
        out.bytes(key);
    }
}

/// Reads recovery.
pub(crate) fn read_recovery(reader: &mut Reader<'_>) -> Result<Recovery, DecodeError> {
    let needed = small(reader)?;
    let keys = list(reader, RECOVERY_MAX, |reader| reader.fixed())?;
    Ok(Recovery { needed, keys })
}

/// Writes an officer.
pub(crate) fn write_officer(out: &mut Writer, officer: &Officer) {
    out.array(4).uint(officer.party.into()).text(&officer.title);
    out.uint(officer.roles.bits().into());
    write_officer_keys(out, &officer.keys);
}

/// Writes keys. Each is one string, scheme then key, so that nesting stays within limits.
pub(crate) fn write_officer_keys(out: &mut Writer, keys: &[OfficerKey]) {
    out.array(keys.len());
    for key in keys {
        let mut bytes = [key.scheme as u8; 33];
        for (to, from) in bytes.iter_mut().skip(1).zip(key.key) {
            *to = from;
        }
        out.bytes(&bytes);
    }
}

/// Reads an officer.
pub(crate) fn read_officer(reader: &mut Reader<'_>) -> Result<Officer, DecodeError> {
    reader.array_of(4)?;
    let (party, title) = (party(reader)?, name(reader)?);
    let (roles, keys) = read_officer_keys(reader)?;
    Ok(Officer { party, title, roles, keys })
}

/// Reads an officer's roles and keys.
pub(crate) fn read_officer_keys(
    reader: &mut Reader<'_>,
) -> Result<(Roles, Vec<OfficerKey>), DecodeError> {
    let at = reader.position();
    let roles = Roles::from_bits(small(reader)?).ok_or(DecodeError::PeerTooLarge { at })?;
    let keys = list(reader, KEYS_MAX, |reader| {
        let [scheme, key @ ..] = reader.fixed::<33>()?;
        Ok(OfficerKey { scheme: Scheme::try_from(u64::from(scheme))?, key })
    })?;
    Ok((roles, keys))
}

/// Reads an array of at most `max` items, each by `read`.
pub(crate) fn list<'a, T>(
    reader: &mut Reader<'a>,
    max: usize,
    mut read: impl FnMut(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let count = reader.array(max)?;
    // What is reserved is bounded by `max`, which is small wherever this is used.
    let mut items = Vec::with_capacity(count);
    for _ in 0..count {
        items.push(read(reader)?);
    }
    Ok(items)
}

/// Reads a name, whose look is judged by [`Charter::check`].
pub(crate) fn name(reader: &mut Reader<'_>) -> Result<String, DecodeError> {
    Ok(reader.text(NAME_MAX)?.to_owned())
}

/// Reads a number that must be `value`.
pub(crate) fn constant(
    reader: &mut Reader<'_>,
    value: u64,
    what: &'static str,
) -> Result<u64, DecodeError> {
    let at = reader.position();
    if reader.uint()? == value {
        Ok(value)
    } else {
        Err(DecodeError::PeerContradiction { what, at })
    }
}

fn party(reader: &mut Reader<'_>) -> Result<PartyIndex, DecodeError> {
    let at = reader.position();
    let party: PartyIndex = reader.number()?;
    if party.index() < PARTIES_MAX { Ok(party) } else { Err(DecodeError::PeerTooLarge { at }) }
}

/// Reads a number below 256.
pub(crate) fn small(reader: &mut Reader<'_>) -> Result<u8, DecodeError> {
    let at = reader.position();
    u8::try_from(reader.uint()?).map_err(|_| DecodeError::PeerTooLarge { at })
}

fn four<'a, T>(
    reader: &mut Reader<'a>,
    mut read: impl FnMut(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<[T; 4], DecodeError> {
    reader.array_of(4)?;
    Ok([read(reader)?, read(reader)?, read(reader)?, read(reader)?])
}

/// Writes a list of texts.
pub(crate) fn write_texts(out: &mut Writer, texts: &[String]) {
    out.array(texts.len());
    for text in texts {
        out.text(text);
    }
}

/// Reads a list of at most `max` texts of at most `length` bytes.
pub(crate) fn texts(
    reader: &mut Reader<'_>,
    max: usize,
    length: usize,
) -> Result<Vec<String>, DecodeError> {
    list(reader, max, |reader| Ok(reader.text(length)?.to_owned()))
}

fn read_line_test(reader: &mut Reader<'_>) -> Result<LineTest, DecodeError> {
    reader.array_of(2)?;
    Ok(LineTest { interval_s: reader.u32()?, answer_s: reader.u32()? })
}

fn read_quotas(reader: &mut Reader<'_>) -> Result<Quotas, DecodeError> {
    reader.array_of(4)?;
    Ok(Quotas {
        entry_bytes: reader.u32()?,
        entries_per_day: reader.u32()?,
        bytes_per_day: reader.uint()?,
        flash_per_hour: reader.u32()?,
    })
}

fn read_floor(reader: &mut Reader<'_>) -> Result<Floor, DecodeError> {
    reader.array_of(2)?;
    let precedences = list(reader, Precedence::ALL.len(), |reader| reader.number())?;
    let forms = list(reader, 256, small)?;
    let ascending = |at| DecodeError::PeerNotAscending { at };
    if !precedences.is_sorted_by(|a, b| a < b) || !forms.is_sorted_by(|a, b| a < b) {
        return Err(ascending(reader.position()));
    }
    Ok(Floor { precedences, forms })
}
