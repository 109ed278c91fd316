//! What officers ask of the post: drafts, signatures, returns, alarms seen.
//!
//! A draft is checked in full before anybody signs it; what is signed is exactly what leaves.

use khatt_forms::{Body, Filled, Form, Language, Reference, rendering_digest};
use khatt_record::{
    EntryId, PartyIndex, PostIndex, Precedence,
    auth::check_auth_but,
    commit::{OpenPart, Seed},
    entry::{Act as EntryAct, MessageHeader},
};

use super::{
    ActError, Draft,
    incoming::{ACKNOWLEDGE, DISCLOSURE, ERASURE, LINE_TEST, LINE_TEST_REPLY, READ_BACK},
};
use crate::{
    alarm::Cause,
    draft::{NewDraft as DraftParts, Readiness},
    line::{Act, Done, DraftId, Effect, Event, Line, NewDraft, Output, Ticket, ToSign},
    quota::Verdict as QuotaVerdict,
    store::{Sealed, StateChange},
    time::Now,
};

/// Drafts that may wait at one post.
const DRAFTS_MAX: usize = 1024;
/// What the officers' signatures add to a body, for the quota's check before they exist.
const SIGNATURE_BYTES: usize = 80;

impl Line {
    pub(in crate::line) fn act(&mut self, ticket: Ticket, act: Act, now: Now) {
        let result = self.try_act(act, now);
        if result.is_err() {
            // Nothing was done, so there is nothing to wait for: a full disk must be said at once.
            self.outputs.push_back(Output::Reply { ticket, result });
        } else {
            // This answer waits for the disk like everything else that somebody may rely on.
            self.effects.push(Effect::Reply { ticket, result });
        }
    }

    fn try_act(&mut self, act: Act, now: Now) -> Result<Done, ActError> {
        self.may_sign().map_err(ActError::LocalHalted)?;
        if self.disk_is_full() {
            return Err(ActError::LocalDiskFull);
        }
        match act {
            Act::Draft(new) => self.draft(new, now).map(Done::Drafted),
            Act::Sign { draft, signature, typed_back } => {
                let Some(kept) = self.people.drafts.get_mut(&draft) else {
                    return Err(ActError::LocalNoSuchDraft(draft));
                };
                let id = kept.body().form;
                let form =
                    self.parts.catalogue.get(id).ok_or(ActError::LocalFormNotInCharter(id))?;
                let typed_back = typed_back.as_ref();
                match kept.sign(now, &self.charter, self.own, form, signature, typed_back)? {
                    Readiness::Ready(_) => self.release(draft, now),
                    Readiness::Waiting(_) => self.keep_signed(draft, now),
                }
            }
            Act::Return { draft, officer, reason } => {
                self.officer_here(officer)?;
                let Some(mut kept) = self.people.drafts.remove(&draft) else {
                    return Err(ActError::LocalNoSuchDraft(draft));
                };
                let given = kept.give_back(now, officer, &reason);
                let precedence = kept.precedence();
                self.save_draft(kept, now);
                given?;
                self.clear(Cause::ReleaseWaiting { draft: draft.0, precedence }, now);
                Ok(Done::Returned(draft))
            }
            Act::TestLine => {
                for tests in self.people.tests.values_mut() {
                    tests.ask_now(now);
                }
                Ok(Done::Testing)
            }
            Act::AcknowledgeAlarm { cause, officer } => {
                self.officer_here(officer)?;
                let cause = self.people.alarms.by_key(&cause).ok_or(ActError::LocalNoSuchAlarm)?;
                for change in self.people.alarms.acknowledge(cause, officer)? {
                    self.alarm_changed(change, now);
                }
                Ok(Done::AlarmSeen)
            }
        }
    }

    fn party(&self) -> Option<PartyIndex> {
        self.charter.post(self.own).map(|post| post.party)
    }

    fn officer_here(&self, officer: khatt_record::OfficerIndex) -> Result<(), ActError> {
        let found = self.charter.officer(officer).map(|officer| officer.party);
        if found.is_some() && found == self.party() {
            Ok(())
        } else {
            Err(ActError::LocalNoSuchOfficer(officer))
        }
    }

    fn draft(&mut self, new: NewDraft, now: Now) -> Result<ToSign, ActError> {
        self.officer_here(new.officer)?;
        if self.people.drafts.len() >= DRAFTS_MAX {
            return Err(ActError::LocalTooManyDrafts(DRAFTS_MAX));
        }
        let id = new.filled.form;
        let form = self.parts.catalogue.get(id).ok_or(ActError::LocalFormNotInCharter(id))?;
        if matches!(id.number, LINE_TEST | LINE_TEST_REPLY) {
            return Err(ActError::LocalServiceForm(id));
        }
        new.filled.check(form).map_err(ActError::LocalInvalid)?;
        let precedence = new.precedence.unwrap_or_else(|| {
            Precedence::try_from(u64::from(form.precedence())).unwrap_or(Precedence::Routine)
        });
        let number = u8::try_from(precedence.index()).unwrap_or(u8::MAX);
        new.filled.check_precedence(number).map_err(|error| ActError::LocalInvalid(vec![error]))?;
        for reference in &new.references {
            self.entry_held(reference)?;
        }
        let thread = new.thread.or_else(|| self.thread_of(&new.references));
        let (language, references) = (new.language, new.references);
        let body = self.body_of(form, new.filled, language, references)?;
        let act = match id.number {
            ACKNOWLEDGE | READ_BACK => EntryAct::Acknowledge,
            DISCLOSURE => EntryAct::Disclose,
            ERASURE => EntryAct::Erase,
            _ => EntryAct::Release,
        };
        self.names_a_message(act, &body)?;
        let mut seed = [0; 16];
        self.parts.entropy.fill(&mut seed);
        let parts = DraftParts {
            seed: Seed::new(seed),
            act,
            body,
            precedence,
            thread,
            drafter: new.officer,
        };
        let draft = Draft::new(now, parts)?;
        let bytes = draft.body_bytes().len() + SIGNATURE_BYTES;
        self.within_own_quota(bytes, precedence, now)?;
        let to_sign = self.to_sign(&draft, now);
        self.raise_waiting(&draft, now);
        self.save_draft(draft, now);
        Ok(to_sign)
    }

    fn raise_waiting(&mut self, draft: &Draft, now: Now) {
        if draft.act() != EntryAct::Acknowledge {
            let cause = Cause::ReleaseWaiting { draft: draft.id(), precedence: draft.precedence() };
            self.raise(cause, now);
        }
    }

    fn within_own_quota(
        &self,
        bytes: usize,
        precedence: Precedence,
        now: Now,
    ) -> Result<(), ActError> {
        let quotas = &self.people.quotas;
        match self.people.own_meter.check(now, quotas, bytes as u64, precedence) {
            QuotaVerdict::Within => Ok(()),
            QuotaVerdict::Over(limit) => Err(ActError::LocalOverQuota { limit, precedence }),
        }
    }

    fn entry_held(&self, reference: &Reference) -> Result<(), ActError> {
        let id = EntryId { log: PostIndex(reference.log), index: reference.index };
        let held = self
            .logs
            .slot(id.log.index())
            .is_some_and(|log| id.index < log.size() || log.ahead.contains_key(&id.index));
        if held { Ok(()) } else { Err(ActError::LocalNoSuchEntry(id)) }
    }

    /// The thread of the first entry referred to, or that entry itself if it began one.
    fn thread_of(&self, references: &[Reference]) -> Option<EntryId> {
        let first = references.first()?;
        let id = EntryId { log: PostIndex(first.log), index: first.index };
        let stored = self.stored(id)?;
        match khatt_record::Entry::decode(&stored.leaf, self.logs.len(), id.log) {
            Ok(khatt_record::Entry::Message(header)) => Some(header.thread.unwrap_or(id)),
            _ => None,
        }
    }

    /// Makes a body with its digest over every language of the line.
    pub(super) fn body_of(
        &self,
        form: &'static Form,
        filled: Filled,
        language: Language,
        references: Vec<Reference>,
    ) -> Result<Body, ActError> {
        let listed = self.charter.charter().forms.iter().any(|entry| {
            entry.number == form.id().number
                && entry.version == form.id().version
                && entry.hash.0 == form.hash()
        });
        if !listed {
            return Err(ActError::LocalFormNotInCharter(form.id()));
        }
        let digest = rendering_digest(form, &filled, &self.languages(), self.parts.book)?;
        Ok(Body { form: form.id(), language, references, filled, digest })
    }

    fn to_sign(&self, draft: &Draft, now: Now) -> ToSign {
        let wanted = match draft.readiness(now, &self.charter) {
            Readiness::Waiting(needs) => needs.signatures,
            Readiness::Ready(_) => 0,
        };
        ToSign {
            draft: DraftId(draft.id()),
            act: draft.act(),
            digest: draft.digest(),
            precedence: draft.precedence(),
            wanted,
        }
    }

    fn save_draft(&mut self, draft: Draft, now: Now) {
        let id = DraftId(draft.id());
        self.batch.state.push(StateChange::Put(draft_key(id), Sealed(draft.encode(now))));
        self.people.drafts.insert(id, draft);
    }

    fn keep_signed(&mut self, id: DraftId, now: Now) -> Result<Done, ActError> {
        let draft = self.people.drafts.get(&id).ok_or(ActError::LocalNoSuchDraft(id))?;
        let to_sign = self.to_sign(draft, now);
        let bytes = Sealed(draft.encode(now));
        self.batch.state.push(StateChange::Put(draft_key(id), bytes));
        Ok(Done::Signed(to_sign))
    }

    /// The draft becomes an entry: from here on it is on the record.
    fn release(&mut self, id: DraftId, now: Now) -> Result<Done, ActError> {
        let Some(draft) = self.people.drafts.get(&id) else {
            return Err(ActError::LocalNoSuchDraft(id));
        };
        let auth = draft.auth(now).encode(now.wall_ms)?;
        let open = OpenPart { seed: draft.seed().clone(), body: draft.body_bytes().to_vec(), auth };
        let (precedence, act, thread) = (draft.precedence(), draft.act(), draft.thread());
        let (c_body, c_auth) = open.commitments();
        let header = MessageHeader {
            t_ms: now.wall_ms,
            seen: self.seen(),
            act,
            precedence,
            thread,
            c_body,
            c_auth,
        };
        // The same check that every peer will make: what would be refused there never leaves here.
        let keys = self.charter.as_ref();
        let verified = check_auth_but(keys, self.own, &header, &open, draft.checked())?;
        let bytes = open.body.len() + open.auth.len();
        self.within_own_quota(bytes, precedence, now)?;
        let quotas = &self.people.quotas;
        let _ = self.people.own_meter.admit(now, quotas, bytes as u64, precedence);
        let meter = Sealed(self.people.own_meter.encode(now));
        self.batch.state.push(StateChange::Put(super::OWN_METER.to_owned(), meter));
        let draft = self.people.drafts.remove(&id);
        self.batch.state.push(StateChange::Delete(draft_key(id)));
        if act != EntryAct::Acknowledge {
            self.clear(Cause::ReleaseWaiting { draft: id.0, precedence }, now);
        }
        let entry = self.append_message(header.clone(), &open);
        let event = Event::Released { entry, precedence, emergency: verified.emergency() };
        self.effects.push(Effect::Event(event));
        if let Some(body) = draft.map(|draft| draft.body().clone())
            && let Some(form) = self.form(&body)
        {
            if act == EntryAct::Acknowledge {
                self.follow_own(entry, precedence, 1, now);
                self.acknowledgement(entry, &header, &body, form, &verified, now);
            } else {
                self.follow_own(entry, precedence, form.wanted_ack(), now);
                match act {
                    EntryAct::Disclose => self.note_disclosed(entry, &body),
                    EntryAct::Erase => self.consent(entry, &body),
                    _ => self.answers(entry, &header, &body, &verified, now),
                }
            }
        }
        Ok(Done::Released(entry))
    }

    /// Returns the drafts that wait at this post.
    pub fn drafts(&self) -> impl Iterator<Item = &Draft> {
        self.people.drafts.values()
    }

    /// Returns what one draft still asks to be signed.
    #[must_use]
    pub fn draft_to_sign(&self, id: DraftId, now: Now) -> Option<ToSign> {
        self.people.drafts.get(&id).map(|draft| self.to_sign(draft, now))
    }
}

pub(in crate::line) fn draft_key(id: DraftId) -> String {
    let hex: String = id.0.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("draft/{hex}")
}
