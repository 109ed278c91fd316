//! Texts that every party consents to destroy (`spec/erasure.md`).
//!
//! Each party's consent is a message of its own log. With all of them here, and the entry with all
//! its predecessors, the text goes in the commit that makes the last of them durable: from the
//! entry, from drafts that repeat it, and from the working state. With fewer nothing goes.

use std::collections::{BTreeMap, BTreeSet};

use khatt_forms::{Body, Reply, Value};
use khatt_record::{
    cbor::{DecodeError, Reader, Writer},
    commit::OpenPart,
    entry::{Act, Entry, read_post},
    ids::{EntryId, LineId, PartyIndex, PostIndex},
};

use super::{
    DraftId, Line,
    disclose::named_entry,
    people::{self, draft_key, ladder_key},
};
use crate::{
    alarm::Cause,
    draft::Draft,
    store::{ReadError, Sealed, StateChange},
};

/// The consent of each party, by the entry that gives it.
pub(super) type Consents = BTreeMap<PartyIndex, EntryId>;

/// How the state keys of erased entries begin. They are settled: read when somebody asks.
const ERASED: &str = "done/erased/";
/// The most parties of a line.
const PARTIES_MAX: usize = 8;
/// Entries for which consents of some parties may wait for the others'.
const WAITING_MAX: usize = 4096;
/// A text as short as this counts as repeated only where a draft has it whole.
const SHORT: usize = 4;

impl Line {
    /// Takes one party's consent, and destroys the text if it is the last.
    pub(super) fn consent(&mut self, by: EntryId, body: &Body) {
        let party = self.charter.post(by.log).map(|post| post.party);
        let (Some(party), Some(of)) = (party, named_entry(body)) else {
            return;
        };
        let known = self.people.consents.contains_key(&of);
        if body.form.number != people::ERASURE
            || self.logs.slot(of.log.index()).is_none()
            || (!known && self.people.consents.len() >= WAITING_MAX)
            || (!known && self.erased(of).is_ok_and(|by| !by.is_empty()))
        {
            return;
        }
        let held = self.people.consents.entry(of).or_default();
        // A second consent of one party says nothing new.
        held.entry(party).or_insert(by);
        let bytes = Sealed(encode(held));
        self.batch.state.push(StateChange::Put(waiting_key(of), bytes));
        self.erase_if_agreed(of);
    }

    /// Tells whether every party has consented and the text is, or is about to be, destroyed.
    pub(super) fn is_agreed(&self, id: EntryId) -> bool {
        let parties = self.charter.charter().parties.len();
        let held = self.people.consents.get(&id);
        held.is_some_and(|held| held.len() == parties)
            || self.erased(id).is_ok_and(|by| !by.is_empty())
    }

    /// Destroys an entry's text if every party consents and the entry has its place here.
    pub(super) fn erase_if_agreed(&mut self, id: EntryId) {
        let parties = self.charter.charter().parties.len();
        let Some(held) = self.people.consents.get(&id).filter(|held| held.len() == parties) else {
            return;
        };
        if self.logs.slot(id.log.index()).is_none_or(|log| id.index >= log.size()) {
            return;
        }
        let consents = Sealed(encode(held));
        let stored = self.stored(id);
        let header = stored.as_ref().and_then(|stored| {
            match Entry::decode(&stored.leaf, self.logs.len(), id.log) {
                Ok(Entry::Message(header)) => Some(header),
                _ => None,
            }
        });
        self.people.consents.remove(&id);
        self.batch.state.push(StateChange::Delete(waiting_key(id)));
        // What was disclosed, and that something was erased, stays on the record.
        if header.is_none_or(|header| matches!(header.act, Act::Disclose | Act::Erase)) {
            return;
        }
        let open = stored.and_then(|stored| OpenPart::decode(&stored.open?.0).ok());
        self.batch.state.push(StateChange::Put(erased_key(id), consents));
        self.batch.erase.push(id);
        for entry in self.batch.entries.iter_mut().chain(&mut self.recent) {
            if entry.id == id {
                entry.open = None;
            }
        }
        self.unread.retain(|waiting| *waiting != id);
        if let Some(body) = open.and_then(|open| Body::decode(&open.body).ok()) {
            self.destroy_drafts(&body);
            self.forget_words(id, &body);
        }
    }

    /// Returns the consents by which an entry's text was erased, none if it was not.
    pub(super) fn erased(&self, id: EntryId) -> Result<Vec<EntryId>, ReadError> {
        let key = erased_key(id);
        let kept = self.parts.reader.state(self.line, &key)?;
        let kept = kept.iter().find(|(name, _)| *name == key);
        let consents = kept.and_then(|(_, value)| self.decode(&value.0).ok());
        Ok(consents.map(|held| held.into_values().collect()).unwrap_or_default())
    }

    /// Takes up consents that wait for others' again.
    pub(super) fn restore_consents(
        &mut self,
        id: EntryId,
        value: &[u8],
    ) -> Result<(), DecodeError> {
        let held = self.decode(value)?;
        self.people.consents.insert(id, held);
        Ok(())
    }

    fn decode(&self, bytes: &[u8]) -> Result<Consents, DecodeError> {
        let mut reader = Reader::new(bytes);
        let count = reader.array(PARTIES_MAX)?;
        let mut held = Consents::new();
        for _ in 0..count {
            reader.array_of(2)?;
            let by =
                EntryId { log: read_post(&mut reader, self.logs.len())?, index: reader.uint()? };
            if let Some(post) = self.charter.post(by.log) {
                held.insert(post.party, by);
            }
        }
        reader.finish()?;
        Ok(held)
    }

    /// Destroys every draft that repeats a text of what was erased, or is the same message again.
    fn destroy_drafts(&mut self, erased: &Body) {
        let mut wanted = Vec::new();
        texts(erased, &mut wanted);
        let repeats = |draft: &Draft| {
            let mut held = Vec::new();
            texts(draft.body(), &mut held);
            let reason = draft.returned().map(|returned| returned.reason.as_str());
            draft.body().filled == erased.filled
                || held.iter().copied().chain(reason).any(|text| {
                    wanted.iter().any(|of| *of == text || (of.len() >= SHORT && text.contains(of)))
                })
        };
        let found = self.people.drafts.iter().filter(|(_, draft)| repeats(draft));
        let found: Vec<_> = found.map(|(id, draft)| (*id, draft.precedence())).collect();
        for (id, precedence) in found {
            self.destroy_draft(id);
            let cause = Cause::ReleaseWaiting { draft: id.0, precedence };
            self.clear(cause, self.told);
        }
    }

    fn destroy_draft(&mut self, id: DraftId) {
        self.people.drafts.remove(&id);
        self.batch.state.push(StateChange::Delete(draft_key(id)));
    }

    /// An acknowledgement's words stand in the ladders of what it acknowledges.
    fn forget_words(&mut self, id: EntryId, erased: &Body) {
        for reference in &erased.references {
            let of = EntryId { log: PostIndex(reference.log), index: reference.index };
            let Some(mut ladder) = self.ladder(of, self.told) else {
                continue;
            };
            if ladder.forget_words(id) {
                self.put_ladder(ladder, self.told);
            }
        }
    }
}

/// Gathers the words of a body that its author chose freely.
fn texts<'b>(body: &'b Body, out: &mut Vec<&'b str>) {
    body.filled.values.values().for_each(|value| texts_of(value, out));
}

fn texts_of<'b>(value: &'b Value, out: &mut Vec<&'b str>) {
    match value {
        Value::Text(text) => out.push(&text.text),
        Value::Questions(questions) => {
            out.extend(questions.iter().map(|one| one.text.text.as_str()));
        }
        Value::Answers(answers) => out.extend(answers.iter().filter_map(|one| match &one.reply {
            Reply::Answered(text) | Reply::Part(text) => Some(text.text.as_str()),
            _ => None,
        })),
        Value::Terms(terms) => {
            out.extend(terms.iter().filter_map(|term| Some(term.text.as_ref()?.text.as_str())));
        }
        // Forms do not nest any deeper.
        Value::Repeated { values, .. } => {
            out.extend(values.values().filter_map(|value| match value {
                Value::Text(text) => Some(text.text.as_str()),
                _ => None,
            }));
        }
        _ => {}
    }
}

fn encode(consents: &Consents) -> Vec<u8> {
    let mut out = Writer::new();
    out.array(consents.len());
    for by in consents.values() {
        out.array(2).uint(by.log.into()).uint(by.index);
    }
    out.finish()
}

/// Returns the entries of a line whose text was erased by agreement, for whoever reads a store
/// without an engine.
///
/// # Errors
///
/// [`ReadError`] if the store cannot be read.
pub fn erased_entries(
    reader: &dyn crate::store::Reader,
    line: LineId,
) -> Result<BTreeSet<EntryId>, ReadError> {
    let entry = |key: &str| {
        let (log, index) = key.strip_prefix(ERASED)?.split_once('/')?;
        Some(EntryId { log: PostIndex(log.parse().ok()?), index: index.parse().ok()? })
    };
    let kept = reader.state(line, ERASED)?;
    Ok(kept.iter().filter_map(|(key, _)| entry(key)).collect())
}

fn waiting_key(id: EntryId) -> String {
    ladder_key("erase", id)
}

/// The state key that says that an entry's text was erased, and by which consents.
fn erased_key(id: EntryId) -> String {
    format!("{ERASED}{}/{:020}", id.log, id.index)
}
