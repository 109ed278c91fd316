//! Answers questions about one line, in a running post and in a command alone with its folder.

use std::{
    collections::VecDeque,
    sync::{Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use data_encoding::HEXLOWER_PERMISSIVE;
use khatt_core::{
    Now,
    line::{Act, ActError, Done, DraftId, Line, NewDraft},
    store::Reader,
};
use khatt_forms::{Catalogue, Filled, Language, Reference, Relation, Wordbook, typed};
use khatt_record::{
    Entry, EntryId, OfficerIndex, PartyIndex, PostIndex, Precedence, SignedCharter,
    auth::OfficerSignature,
    charter::Scheme,
    order::{Merge, Node, Step},
    statement::Role,
};
use khatt_store::SqliteReader;

use super::{
    ControlError,
    ask::{Answer, Ask, AskDraft, AskSign, Envelope, proof_message},
    opened::FileView,
    views::{DraftRow, DraftView, LadderView, MessageRow, MessageView, StatusView, ToSignView},
};
use crate::{cli::CommandError, health::ProcessHealth, trouble::Trouble};

/// The most messages of one list.
pub const LIST_MAX: usize = 1000;
/// The longest a question may wait for a level.
pub const WAIT_MAX_MS: u64 = 3_600_000;
/// How often a level that is waited for is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Entries read at once while looking for messages.
const PAGE: usize = 256;

/// What is done with a line on its engine's own thread.
pub type Look = Box<dyn FnOnce(&Line, Now) + Send>;

/// Whoever drives the engine of the line.
pub trait Host: Send + Sync {
    /// Asks the engine for an act and waits until the answer is durable.
    ///
    /// # Errors
    ///
    /// [`Trouble`] of the engine's [`ActError`], or that the engine has stopped.
    fn act(&self, act: Act) -> Result<Done, Trouble>;

    /// Looks at the line. Not called at all once the engine has stopped.
    fn look(&self, look: Look);

    /// Returns `running` or `alone`, for the status.
    fn mode(&self) -> &'static str;

    /// Returns what a running process knows of itself.
    fn process(&self) -> Option<ProcessHealth> {
        None
    }
}

/// Answers for one line.
pub struct Desk {
    pub(super) host: Box<dyn Host>,
    pub(crate) charter: SignedCharter,
    pub(crate) own: PostIndex,
    pub(crate) reader: Mutex<SqliteReader>,
}

/// Makes a trouble of the engine's refusal, with every field at fault explained.
#[must_use]
pub fn refusal(error: &ActError, language: Language) -> Trouble {
    match error {
        ActError::LocalInvalid(faults) if !faults.is_empty() => Trouble::typed(faults, language),
        error => Trouble::new(error.code(), &error.to_string()),
    }
}

impl Desk {
    /// Sets a desk beside an engine; `reader` is a reading side of the same store.
    #[must_use]
    pub fn new(
        host: Box<dyn Host>,
        charter: SignedCharter,
        own: PostIndex,
        reader: SqliteReader,
    ) -> Self {
        Self { host, charter, own, reader: Mutex::new(reader) }
    }

    /// Answers one question.
    #[must_use]
    pub fn answer(&self, envelope: &Envelope, nonce: &str) -> Answer {
        let language = Language::spoken(&envelope.language).unwrap_or(Language::En);
        let reading = envelope.reading.as_deref().and_then(Language::from_tag).unwrap_or(language);
        let answered = serde_json::from_str::<Ask>(&envelope.ask)
            .map_err(|_| ControlError::LocalMalformed.into())
            .and_then(|ask| {
                self.check_proof(&ask, envelope, nonce)?;
                self.try_answer(ask, language, reading)
            });
        answered.unwrap_or_else(Answer::Refused)
    }

    fn check_proof(&self, ask: &Ask, envelope: &Envelope, nonce: &str) -> Result<(), Trouble> {
        let Some(name) = ask.officer() else {
            return Ok(());
        };
        let officer = self.officer(name)?;
        let proof = envelope.proof.as_deref().unwrap_or_default();
        let proof = HEXLOWER_PERMISSIVE.decode(proof.as_bytes()).ok();
        let proof: Option<[u8; 64]> = proof.and_then(|bytes| bytes.try_into().ok());
        let message = proof_message(nonce, &envelope.ask);
        let proved = proof.is_some_and(|proof| {
            (0..=u8::MAX)
                .map_while(|key| self.charter.officer_key(officer, key))
                .any(|key| key.verify(&message, &proof).is_ok())
        });
        if proved { Ok(()) } else { Err(ControlError::LocalNotProved.into()) }
    }

    fn try_answer(
        &self,
        ask: Ask,
        language: Language,
        reading: Language,
    ) -> Result<Answer, Trouble> {
        match ask {
            Ask::Status => {
                let mode = self.host.mode();
                let mut status = self.look(move |line, now| StatusView::of(line, mode, now))?;
                status.health = self.health()?;
                Ok(Answer::Status(Box::new(status)))
            }
            Ask::Draft(draft) => self.draft(*draft, language),
            Ask::Drafts => {
                let drafts = self.look(|line, now| {
                    let row = |draft: &khatt_core::draft::Draft| {
                        let to_sign = line.draft_to_sign(DraftId(draft.id()), now)?;
                        Some(DraftRow::of(draft, &to_sign, line))
                    };
                    line.drafts().filter_map(row).collect::<Vec<_>>()
                })?;
                Ok(Answer::Drafts { drafts })
            }
            Ask::ShowDraft { draft } => {
                let id = self.draft_id(&draft)?;
                let found = self.look(move |line, now| {
                    let draft = line.drafts().find(|draft| draft.id() == id.0)?;
                    let to_sign = line.draft_to_sign(id, now)?;
                    Some(DraftView::of(draft, &to_sign, line, reading))
                })?;
                let found = found.ok_or_else(|| no_such_draft(&draft))?;
                Ok(Answer::Draft(Box::new(found)))
            }
            Ask::Sign(sign) => self.sign(*sign, language),
            Ask::Return { officer, draft, reason } => {
                let officer = self.officer(&officer)?;
                let draft = self.draft_id(&draft)?;
                self.done(Act::Return { draft, officer, reason })
            }
            Ask::Messages { post, limit } => {
                let messages = self.messages(post.as_deref(), limit, reading)?;
                Ok(Answer::Messages { messages })
            }
            Ask::Message { entry } => {
                let id = entry_id(&entry)?;
                let found = self.look(move |line, now| {
                    let view = line.message_view(id)?;
                    Ok(view.map(|view| MessageView::of(line, &view, now, reading)))
                })?;
                let found = found.map_err(|error: khatt_core::store::ReadError| error.into());
                let found: Option<MessageView> = found.map_err(|trouble: Trouble| trouble)?;
                let found = found.ok_or(CommandError::LocalNoSuchEntry(id))?;
                Ok(Answer::Message(Box::new(found)))
            }
            Ask::Ladder { entry, level, wait_ms } => {
                self.ladder(entry_id(&entry)?, level, wait_ms.min(WAIT_MAX_MS), reading)
            }
            Ask::Disclose { entry, officers, charter } => {
                let id = entry_id(&entry)?;
                let made = move |line: &Line, _| FileView::disclosure(line, id, officers, charter);
                Ok(Answer::Disclosure(self.look(made)??))
            }
            Ask::TestLine => self.done(Act::TestLine),
            Ask::Snapshot => self.snapshot(),
            Ask::Check => self.check(),
            Ask::AlarmSeen { officer, cause } => {
                let officer = self.officer(&officer)?;
                self.done(Act::AcknowledgeAlarm { cause, officer })
            }
        }
    }

    pub(crate) fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Line, Now) -> T + Send + 'static,
    ) -> Result<T, Trouble> {
        let (answer, answered) = mpsc::channel();
        self.host.look(Box::new(move |line, now| {
            // Whoever asked may be gone.
            let _ = answer.send(look(line, now));
        }));
        answered.recv().map_err(|_| ControlError::LocalClosed.into())
    }

    fn done(&self, act: Act) -> Result<Answer, Trouble> {
        Ok(match self.host.act(act)? {
            Done::Drafted(to_sign) | Done::Signed(to_sign) => {
                Answer::ToSign(self.look(move |line, _| ToSignView::of(&to_sign, line))?)
            }
            Done::Released(entry) => Answer::Released { entry: entry.to_string() },
            Done::Returned(draft) => {
                Answer::Returned { draft: data_encoding::HEXLOWER.encode(&draft.0) }
            }
            Done::Testing => Answer::Testing,
            Done::AlarmSeen => Answer::AlarmSeen,
        })
    }

    fn draft(&self, ask: AskDraft, language: Language) -> Result<Answer, Trouble> {
        let officer = self.officer(&ask.officer)?;
        let form = Catalogue::builtin()
            .find(&ask.form)
            .map_err(|error| Trouble::typed(&[error], language))?;
        let written = Language::from_tag(&ask.language)
            .ok_or_else(|| CommandError::LocalLanguage(ask.language.clone()))?;
        let filled = Filled::from_input(form, &ask.inputs, written, Wordbook::builtin())
            .map_err(|errors| Trouble::typed(&errors, language))?;
        let precedence = ask.precedence.as_deref().map(precedence).transpose()?;
        let references = ask.references.iter().map(|(relation, entry)| {
            let found = Relation::ALL.into_iter().find(|known| known.code() == relation);
            let relation = found.ok_or_else(|| CommandError::LocalRelation(relation.clone()))?;
            let id = entry_id(entry)?;
            Ok::<_, CommandError>(Reference { relation, log: id.log.0, index: id.index })
        });
        let references = references.collect::<Result<Vec<_>, _>>()?;
        let thread = ask.thread.as_deref().map(entry_id).transpose()?;
        self.done(Act::Draft(NewDraft {
            officer,
            filled,
            language: written,
            precedence,
            references,
            thread,
        }))
    }

    fn sign(&self, ask: AskSign, language: Language) -> Result<Answer, Trouble> {
        let draft = self.draft_id(&ask.draft)?;
        let malformed = || Trouble::from(ControlError::LocalMalformed);
        let signature = HEXLOWER_PERMISSIVE.decode(ask.signature.as_bytes()).ok();
        let signature = signature.and_then(|bytes| bytes.try_into().ok()).ok_or_else(malformed)?;
        let signature = OfficerSignature {
            officer: OfficerIndex(ask.officer),
            key: ask.key,
            role: Role::try_from(u64::from(ask.role)).map_err(|_| malformed())?,
            not_after_ms: ask.not_after_ms,
            scheme: Scheme::Ed25519,
            signature,
        };
        let typed_back = match ask.typed_back {
            Some(inputs) => Some(self.typed_back(draft, inputs, language)?),
            None => None,
        };
        self.done(Act::Sign { draft, signature, typed_back })
    }

    /// Reads what the releaser typed. Fields that are not critical come from the draft itself, so
    /// that only the critical ones need be typed; those come from the releaser alone.
    fn typed_back(
        &self,
        id: DraftId,
        inputs: Vec<(String, String)>,
        language: Language,
    ) -> Result<Filled, Trouble> {
        let found = self.look(move |line, _| {
            let draft = line.drafts().find(|draft| draft.id() == id.0)?;
            Some((draft.body().filled.clone(), draft.body().language))
        })?;
        let (filled, written) = found.ok_or_else(|| no_such_draft("?"))?;
        let Some(form) = Catalogue::builtin().get(filled.form) else {
            return Err(Trouble::from(khatt_forms::RenderError::LocalFormUnknown(filled.form)));
        };
        let mut all: Vec<(String, String)> = filled
            .values
            .iter()
            .filter_map(|(number, value)| Some((form.field_number(*number)?, value)))
            .filter(|(field, _)| !field.critical)
            .map(|(field, value)| (field.name.clone(), typed(value)))
            .collect();
        all.extend(
            inputs
                .into_iter()
                .filter(|(name, _)| form.field(name.trim()).is_none_or(|field| field.critical)),
        );
        Filled::from_input(form, &all, written, Wordbook::builtin())
            .map_err(|errors| Trouble::typed(&errors, language))
    }

    fn ladder(
        &self,
        entry: EntryId,
        level: Option<u8>,
        wait_ms: u64,
        language: Language,
    ) -> Result<Answer, Trouble> {
        let until = Instant::now() + Duration::from_millis(wait_ms);
        loop {
            let view =
                self.look(move |line, now| LadderView::of(line, entry, now, language, level))?;
            if view.reached || Instant::now() >= until {
                return Ok(Answer::Ladder(view));
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// The newest messages in the order of display.
    fn messages(
        &self,
        post: Option<&str>,
        limit: usize,
        language: Language,
    ) -> Result<Vec<MessageRow>, Trouble> {
        let only = post.map(|name| self.post(name)).transpose()?;
        let ids = self.newest(only, limit.min(LIST_MAX))?;
        let rows = self.look(move |line, now| {
            let mut rows = Vec::with_capacity(ids.len());
            for id in ids {
                if let Some(view) = line.message_view(id)? {
                    rows.push(MessageRow::of(line, &view, now, language));
                }
            }
            Ok::<_, khatt_core::store::ReadError>(rows)
        })?;
        Ok(rows?)
    }

    fn newest(&self, only: Option<PostIndex>, limit: usize) -> Result<VecDeque<EntryId>, Trouble> {
        let charter = self.charter.charter();
        let parties: Vec<PartyIndex> = charter.posts.iter().map(|post| post.party).collect();
        let reader = self.reader.lock().map_err(|_| ControlError::LocalClosed)?;
        let mut merge = Merge::new(&parties);
        let mut pages: Vec<VecDeque<khatt_core::store::StoredEntry>> =
            parties.iter().map(|_| VecDeque::new()).collect();
        let mut next = vec![0_u64; parties.len()];
        let mut newest = VecDeque::with_capacity(limit);
        let mut messages = std::collections::BTreeSet::new();
        loop {
            match merge.step() {
                Step::Show(id) => {
                    if messages.remove(&id) && only.is_none_or(|post| post == id.log) {
                        newest.push_back(id);
                        if newest.len() > limit {
                            newest.pop_front();
                        }
                    }
                }
                Step::Wants(log) => {
                    let (Some(page), Some(from)) =
                        (pages.get_mut(log.index()), next.get_mut(log.index()))
                    else {
                        return Err(ControlError::LocalMalformed.into());
                    };
                    if page.is_empty() {
                        page.extend(reader.entries(self.charter.line_id(), log, *from, PAGE)?);
                    }
                    let Some(stored) = page.pop_front() else {
                        merge.end(log);
                        continue;
                    };
                    *from = stored.id.index + 1;
                    let entry = Entry::decode(&stored.leaf, parties.len(), log)
                        .map_err(|error| Trouble::new(error.code(), &error.to_string()))?;
                    if matches!(entry, Entry::Message(_)) {
                        messages.insert(stored.id);
                    }
                    merge
                        .offer(&Node::of(stored.id, &entry))
                        .map_err(|error| Trouble::new(error.code(), &error.to_string()))?;
                }
                Step::Done => return Ok(newest),
            }
        }
    }

    /// Finds an officer of our party by name.
    fn officer(&self, name: &str) -> Result<OfficerIndex, CommandError> {
        officer_of(&self.charter, self.own, name)
    }

    fn post(&self, name: &str) -> Result<PostIndex, CommandError> {
        let found = self.charter.charter().posts().find(|(_, post)| post.name == name);
        found.map(|(index, _)| index).ok_or_else(|| CommandError::LocalNoSuchPost(name.to_owned()))
    }

    /// Finds a draft by its number or the beginning of it.
    fn draft_id(&self, text: &str) -> Result<DraftId, Trouble> {
        let wanted = text.trim().to_ascii_lowercase();
        let plain = wanted.len() >= 4 && wanted.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !plain {
            return Err(no_such_draft(text));
        }
        let found = self.look(move |line, _| {
            let begins = |id: &[u8; 16]| data_encoding::HEXLOWER.encode(id).starts_with(&wanted);
            line.drafts().map(|draft| draft.id()).filter(begins).collect::<Vec<_>>()
        })?;
        match found.as_slice() {
            [one] => Ok(DraftId(*one)),
            _ => Err(no_such_draft(text)),
        }
    }
}

/// Finds an officer of a post's party by name.
///
/// # Errors
///
/// [`CommandError::LocalNoSuchOfficer`].
pub fn officer_of(
    charter: &SignedCharter,
    own: PostIndex,
    name: &str,
) -> Result<OfficerIndex, CommandError> {
    let party = charter.post(own).map(|post| post.party);
    let found = (0..=u16::MAX)
        .map(OfficerIndex)
        .zip(&charter.charter().officers)
        .find(|(_, officer)| Some(officer.party) == party && officer.title == name);
    found.map(|(index, _)| index).ok_or_else(|| CommandError::LocalNoSuchOfficer(name.to_owned()))
}

/// Reads an entry's name: log, stroke, place.
///
/// # Errors
///
/// [`CommandError::LocalEntry`].
pub fn entry_id(text: &str) -> Result<EntryId, CommandError> {
    let read = || {
        let (log, index) = text.trim().split_once('/')?;
        Some(EntryId { log: PostIndex(log.parse().ok()?), index: index.parse().ok()? })
    };
    read().ok_or(CommandError::LocalEntry)
}

/// Reads a precedence by name.
///
/// # Errors
///
/// [`CommandError::LocalPrecedence`].
pub fn precedence(text: &str) -> Result<Precedence, CommandError> {
    let wanted = text.trim().to_ascii_lowercase();
    let found = Precedence::ALL.into_iter().find(|known| known.to_string() == wanted);
    found.ok_or(CommandError::LocalPrecedence)
}

fn no_such_draft(text: &str) -> Trouble {
    let shown: String = text.chars().filter(char::is_ascii_hexdigit).take(32).collect();
    CommandError::LocalNoSuchDraft(shown).into()
}
