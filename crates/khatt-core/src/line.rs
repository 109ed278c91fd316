//! The engine of one line at one post.
//!
//! It is driven by hand: give it an [`Input`] with the time, then take [`Output`]s until it says
//! [`Output::WaitUntil`]. Inputs that come while a batch is being stored are gathered into the next
//! batch, so that many entries share one sync and one signature. Nothing leaves, and nothing is
//! answered, before the batch that it stands on is durable.
//!
//! | Part | What it does |
//! |---|---|
//! | `restore` | what the store holds, taken up at a start |
//! | `logs` | where each log stands, what waits to be verified |
//! | `outgoing` | our own log: appending, signing, streaming to peers |
//! | `incoming` | frames and their items |
//! | `ahead` | entries that came before their predecessors |
//! | `wants` | what peers ask for, and how often they get it |
//! | `own` | what others say of our own log |
//! | `judge` | verified runs, read, their officers checked on several threads |
//! | `accept` | verified runs of a peer's entries, and the receipts for them |
//! | `reconcile` | what each side holds; catching up; forks |
//! | `lasting` | what is an alarm once it lasts: a gap, a shortened log, an old epoch |
//! | `epochs` | sealing secrets and prekeys |
//! | `cosign` | post-quantum cosignatures, ours and the peers' |
//! | `tree` | nodes kept so that a proof reads little |
//! | `disclose` | one entry with its proof, for somebody outside the line |
//! | `erase` | texts that every party consents to destroy |
//! | `people` | drafts, release, acknowledgement, clocks, alarms, line tests |

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    num::NonZeroUsize,
    sync::Arc,
};

use khatt_forms::{Catalogue, Wordbook};
use khatt_record::{
    charter::SignedCharter,
    checkpoint::Origin,
    commit::OpenPart,
    entry::Seen,
    ids::{EntryId, Kind, LineId, PostIndex},
    keys::{PostSigner, PublicKey},
    pq::PqSigner,
    seal::{Entropy, PrekeySecret},
};
use thiserror::Error;

use crate::{
    alarm::Cause,
    store::{Batch, CommitError, ReadError, Reader, Sealed, StateChange, StoredEntry},
    time::Now,
};

mod accept;
mod ahead;
mod api;
mod by_post;
mod cosign;
mod disclose;
mod epochs;
mod erase;
mod incoming;
mod judge;
mod lasting;
mod logs;
mod outgoing;
mod own;
mod people;
mod reconcile;
mod restore;
#[cfg(test)]
mod tests;
mod tree;
mod views;
mod wants;

pub use api::{
    Act, Ahead, Done, DraftId, Event, Input, MessageView, NewDraft, Output, Route, Ticket, ToSign,
    Token,
};
use by_post::ByPost;
pub use cosign::{COSIGN_ENTRIES, COSIGN_EVERY_S, CosignedView, stored_cosignatures};
pub use disclose::{DiscloseError, Enclosed, Opened};
pub use erase::erased_entries;
pub use people::ActError;
pub use tree::keep_node;

/// How often heads are exchanged on a quiet connection.
const HEARTBEAT_MS: u64 = 30_000;
/// How long after a full disk the batch is tried again.
const DISK_RETRY_MS: u64 = 1_000;
/// Outputs of a batch are closed once it holds this many entries.
const BATCH_ENTRIES: usize = 1024;

/// What an engine needs from outside: keys, randomness, durable state and words.
pub struct Parts {
    /// Signs this post's checkpoints.
    pub signer: Box<dyn PostSigner + Send>,
    /// Signs this post's post-quantum cosignatures; without it none are made.
    pub pq_signer: Option<Box<dyn PqSigner + Send>>,
    /// Random bytes.
    pub entropy: Box<dyn Entropy + Send>,
    /// What is durable.
    pub reader: Box<dyn Reader + Send>,
    /// The secret of the prekey that the charter names.
    pub prekey: PrekeySecret,
    /// The forms this post holds.
    pub catalogue: &'static Catalogue,
    /// The line's glossary and gazetteer.
    pub book: Wordbook<'static>,
}

/// Why a line cannot be taken up.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum OpenError {
    /// The charter has no post of this number.
    #[error("local post {0} is not in the charter")]
    LocalNoSuchPost(PostIndex),
    /// The signing key at hand is not the one that the charter names.
    #[error("local signing key is not the one that the charter names for post {0}")]
    LocalOtherKey(PostIndex),
    /// What is stored is not a state of this line.
    #[error("local store does not hold a whole state of this line: {0}")]
    LocalState(String),
    /// The store cannot be read.
    #[error("{0}")]
    LocalStore(#[from] ReadError),
    /// The charter names a key that is no key.
    #[error("charter names an unusable key for post {0}")]
    CharterKey(PostIndex),
}

impl OpenError {
    /// Returns the stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LocalNoSuchPost(_) => "KC-1001",
            Self::LocalOtherKey(_) => "KC-1002",
            Self::LocalState(_) => "KC-1003",
            Self::LocalStore(error) => error.code(),
            Self::CharterKey(_) => "KC-1004",
        }
    }
}

/// Why this post signs nothing more on its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// A peer holds our own signature over more than we hold: this post was rolled back.
    RolledBack {
        /// The size that our signature was seen over.
        size: u64,
    },
}

/// What is done once a batch is durable.
enum Effect {
    Event(Event),
    Reply { ticket: Ticket, result: Result<Done, ActError> },
    Have { peer: PostIndex },
    Cosigned { log: PostIndex },
}

/// A batch that is being stored.
struct InFlight {
    token: Token,
    batch: Arc<Batch>,
    effects: Vec<Effect>,
    sizes: Vec<u64>,
    retry_at: Option<u64>,
}

/// A peer's connection, and what it is known to hold of our log.
#[derive(Default)]
struct Peer {
    routes: BTreeSet<Route>,
    /// The next entry of ours to send.
    cursor: u64,
    /// Entries of ours that it is known to hold, contiguous.
    confirmed: u64,
    /// The epoch whose capsule was sent on this connection.
    capsule_sent: Option<u32>,
    ahead_sent: BTreeSet<u64>,
    last_sent_ms: u64,
    last_have_ms: u64,
    /// Entries accepted from it since it was last told what we hold.
    untold: u64,
    /// Whether it must still be told what we hold.
    have_due: Due,
    /// When a re-send was last asked of it.
    asked_ms: Option<u64>,
    /// Whether it told what it holds of our log, since this post started.
    heard: Due,
    /// Since when it says of our log what ours does not say.
    contradicts_ms: Option<u64>,
    /// Since when it says that it holds less of its own log than we hold under its signature.
    shrank_ms: Option<u64>,
    /// What it asked for and was not yet answered.
    wants: wants::Wants,
    /// Checkpoints that may still be asked of it or shown to it for the frame at hand.
    answers_left: u8,
    /// Its questions that take work are not answered before.
    worked_ms: u64,
    /// Whose fork it was shown on this connection.
    evidence_sent: BTreeSet<PostIndex>,
    /// Line tests of its post that are answered before others must wait.
    answers: people::Answers,
}

/// Whether something is still to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Due {
    #[default]
    No,
    Yes,
}

impl Peer {
    fn connected(&self) -> bool {
        !self.routes.is_empty()
    }
}

/// The engine of one line at one post.
pub struct Line {
    charter: Arc<SignedCharter>,
    line: LineId,
    kind: Kind,
    own: PostIndex,
    origins: ByPost<Origin>,
    keys: Vec<PublicKey>,
    parts: Parts,
    logs: ByPost<logs::LogState>,
    peers: ByPost<Peer>,
    epochs: epochs::Epochs,
    /// Highest number of our prekeys that a capsule used.
    prekey_used: u32,
    recent: VecDeque<StoredEntry>,
    flashes: BTreeMap<u64, Vec<u8>>,
    /// Per author: entries below this size have our receipt.
    receipted: ByPost<u64>,
    /// Entries of ours that a post refused by name.
    refused: BTreeSet<(PostIndex, u64)>,
    people: people::People,
    cosignatures: cosign::Cosignatures,
    batch: Batch,
    touched: BTreeSet<PostIndex>,
    effects: Vec<Effect>,
    in_flight: Option<InFlight>,
    next_token: u64,
    outputs: VecDeque<Output>,
    halt: Option<Halt>,
    /// Messages whose rendering was not yet compared with what their officers signed.
    unread: VecDeque<EntryId>,
    /// The clocks as of the last input.
    told: Now,
    /// On how many threads officers' signatures are checked.
    threads: NonZeroUsize,
    lasting: lasting::Lasting,
}

impl Line {
    /// Takes up a line at one of its posts, from what its store holds.
    ///
    /// The first time, the log's opening entry, prekeys and an epoch are made and come out as the
    /// first batch.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if key, charter and store do not belong together.
    pub fn open(
        charter: SignedCharter,
        own: PostIndex,
        parts: Parts,
        now: Now,
    ) -> Result<Self, OpenError> {
        let (line, kind) = (charter.line_id(), charter.kind());
        let posts = charter.charter().posts.len();
        let post = charter.charter().posts.get(own.index());
        let post = post.ok_or(OpenError::LocalNoSuchPost(own))?;
        if post.log_key != parts.signer.public() {
            return Err(OpenError::LocalOtherKey(own));
        }
        if parts.pq_signer.as_ref().is_some_and(|signer| post.pq_key != *signer.public()) {
            return Err(OpenError::LocalOtherKey(own));
        }
        let mut keys = Vec::with_capacity(posts);
        let mut origins = Vec::with_capacity(posts);
        for (index, post) in (0..=u8::MAX).map(PostIndex).zip(&charter.charter().posts) {
            let key = PublicKey::from_bytes(&post.log_key);
            keys.push(key.map_err(|_| OpenError::CharterKey(index))?);
            origins.push(Origin::of(line, kind, index, 0));
        }
        let people = people::People::new(&charter, own, now);
        let mut engine = Self {
            line,
            kind,
            own,
            origins: origins.into_iter().collect(),
            keys,
            logs: (0..=u8::MAX)
                .take(posts)
                .map(|p| logs::LogState::new(PostIndex(p), posts))
                .collect(),
            peers: (0..posts).map(|_| Peer::default()).collect(),
            epochs: epochs::Epochs::default(),
            prekey_used: 0,
            recent: VecDeque::new(),
            flashes: BTreeMap::new(),
            receipted: std::iter::repeat_n(0, posts).collect(),
            refused: BTreeSet::new(),
            people,
            cosignatures: cosign::Cosignatures::default(),
            batch: Batch::default(),
            touched: BTreeSet::new(),
            effects: Vec::new(),
            in_flight: None,
            next_token: 0,
            outputs: VecDeque::new(),
            halt: None,
            unread: VecDeque::new(),
            told: now,
            threads: NonZeroUsize::MIN,
            lasting: lasting::Lasting::default(),
            charter: Arc::new(charter),
            parts,
        };
        engine.restore(now)?;
        engine.begin(now);
        Ok(engine)
    }

    /// Tells the engine what happened.
    pub fn handle(&mut self, now: Now, input: Input) {
        let before = std::mem::replace(&mut self.told, now);
        self.clock_went(before, now);
        match input {
            Input::Connected { peer, route } => self.connected(peer, route, now),
            Input::Disconnected { peer, route } => self.disconnected(peer, route, now),
            Input::Frame { peer, route, bytes } => self.frame(peer, route, &bytes, now),
            Input::Act { ticket, act } => self.act(ticket, act, now),
            Input::Durable(token) => self.durable(token, now),
            Input::Committed(token) => self.committed(token, now),
            Input::CommitFailed { token, fault } => self.commit_failed(token, &fault, now),
            Input::Damaged => self.raise(Cause::LocalDamage, now),
            Input::DeskAlive => self.desk_alive(now),
            Input::Tick => self.compare_renderings(now),
        }
        self.tick(now);
    }

    /// Takes the next thing to do; [`Output::WaitUntil`] means that there is none now.
    pub fn poll(&mut self) -> Output {
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        if self.in_flight.is_none() && !(self.batch.is_empty() && self.effects.is_empty()) {
            return self.close_batch();
        }
        Output::WaitUntil(self.next_due())
    }

    /// Returns why this post signs nothing more, if so.
    #[must_use]
    pub fn halted(&self) -> Option<Halt> {
        self.halt
    }

    /// Tells whether the post's key could not sign: the batch at hand must not be stored.
    #[must_use]
    pub fn signer_failed(&self) -> bool {
        self.parts.signer.has_failed()
    }

    /// Tells whether more input should wait until the batch under way is closed.
    #[must_use]
    pub fn batch_is_full(&self) -> bool {
        self.batch.entries.len() >= BATCH_ENTRIES
    }

    fn close_batch(&mut self) -> Output {
        if self.halt.is_none() && self.touched.contains(&self.own) {
            self.sign_own();
        }
        for log in std::mem::take(&mut self.touched) {
            if let Some(log) = self.logs.slot_mut(log.index()) {
                let nodes = std::mem::take(&mut log.filled);
                self.batch.state.extend(
                    nodes
                        .into_iter()
                        .filter_map(|(level, index, node)| keep_node(log.post, level, index, node)),
                );
                self.batch.heads.push(log.head());
            }
        }
        let token = Token(self.next_token);
        self.next_token += 1;
        let batch = Arc::new(std::mem::take(&mut self.batch));
        self.in_flight = Some(InFlight {
            token,
            batch: Arc::clone(&batch),
            effects: std::mem::take(&mut self.effects),
            sizes: self.logs.iter().map(logs::LogState::size).collect(),
            retry_at: None,
        });
        Output::Commit { token, batch }
    }

    /// Sends what waited for this batch to be durable, as far as it is in memory.
    ///
    /// The batch stays under way: whoever asked is answered, and what must be read back is sent,
    /// once it is committed.
    fn durable(&mut self, token: Token, now: Now) {
        let Some(flight) = self.in_flight.take_if(|flight| flight.token == token) else {
            return;
        };
        self.stands(&flight);
        self.in_flight = Some(flight);
        for peer in self.other_posts().collect::<Vec<_>>() {
            self.pump(peer, now);
        }
    }

    /// Notes how far each log is durable with a batch.
    fn stands(&mut self, flight: &InFlight) {
        for (log, size) in self.logs.iter_mut().zip(&flight.sizes) {
            log.durable = *size;
            if let Some(kept) = log.checkpoint
                && kept.size <= *size
            {
                log.durable_checkpoint = Some(kept);
            }
        }
        // The checkpoint kept may already be one of the next batch: find this batch's own.
        for kept in &flight.batch.checkpoints {
            if let Some(log) = self.logs.slot_mut(kept.log.index())
                && log.durable_checkpoint.is_none_or(|known| known.size < kept.size)
                && kept.size <= log.durable
            {
                log.durable_checkpoint = Some(*kept);
            }
        }
    }

    fn committed(&mut self, token: Token, now: Now) {
        let Some(done) = self.in_flight.take_if(|flight| flight.token == token) else {
            return;
        };
        self.stands(&done);
        self.clear(Cause::LocalDiskFull, now);
        let mut cosigned = Vec::new();
        for effect in done.effects {
            match effect {
                Effect::Event(event) => self.outputs.push_back(Output::Event(event)),
                Effect::Reply { ticket, result } => {
                    self.outputs.push_back(Output::Reply { ticket, result });
                }
                Effect::Have { peer } => self.send_have(peer, now),
                Effect::Cosigned { log } => cosigned.push(log),
            }
        }
        for peer in self.other_posts().collect::<Vec<_>>() {
            self.pump(peer, now);
        }
        // After what is urgent: a cosignature is as long as several messages.
        for log in cosigned {
            self.tell_cosigned(log, now);
        }
        self.cosign(now);
    }

    fn commit_failed(&mut self, token: Token, fault: &CommitError, now: Now) {
        let Some(flight) = self.in_flight.as_mut().filter(|flight| flight.token == token) else {
            return;
        };
        // Only a full disk may be tried again; after any other fault the host stops the process.
        if *fault == CommitError::LocalFull {
            flight.retry_at = Some(now.mono_ms + DISK_RETRY_MS);
            self.raise(Cause::LocalDiskFull, now);
        }
    }

    /// Tells whether the disk is full just now: nothing new is taken until it is not.
    fn disk_is_full(&self) -> bool {
        self.in_flight.as_ref().is_some_and(|flight| flight.retry_at.is_some())
    }

    fn tick(&mut self, now: Now) {
        if let Some(flight) = &mut self.in_flight
            && flight.retry_at.is_some_and(|at| at <= now.mono_ms)
        {
            flight.retry_at = Some(now.mono_ms + DISK_RETRY_MS);
            let (token, batch) = (flight.token, Arc::clone(&flight.batch));
            self.outputs.push_back(Output::Commit { token, batch });
        }
        if self.disk_is_full() {
            return;
        }
        self.people_due(now);
        self.lasting_due(now);
        for peer in self.other_posts().collect::<Vec<_>>() {
            let state = &self.peers[peer.index()];
            if state.connected() && now.mono_ms >= state.last_have_ms + HEARTBEAT_MS {
                self.send_have(peer, now);
            }
            self.serve_wants(peer, now);
        }
        if self.halt.is_none() {
            self.renew_epoch(now);
        }
        self.cosign_by_age(now);
    }

    fn next_due(&self) -> Option<u64> {
        // A full disk is all that is waited for: whatever else is due waits for it too.
        let retry = self.in_flight.as_ref().and_then(|flight| flight.retry_at);
        if retry.is_some() {
            return retry;
        }
        let heartbeat = self
            .peers
            .iter()
            .filter(|peer| peer.connected())
            .map(|peer| peer.last_have_ms + HEARTBEAT_MS)
            .min();
        let wants = self.peers.iter().filter(|peer| peer.connected());
        let wants = wants.filter_map(|peer| peer.wants.next_due()).min();
        let unread = (!self.unread.is_empty()).then_some(self.told.mono_ms);
        let (people, lasting) = (self.people.next_due(), self.lasting_next());
        let cosign = self.cosign_next_due();
        [heartbeat, wants, unread, people, lasting, cosign].into_iter().flatten().min()
    }

    /// The posts other than this one.
    fn other_posts(&self) -> impl Iterator<Item = PostIndex> + use<> {
        let own = self.own;
        (0..=u8::MAX).take(self.logs.len()).map(PostIndex).filter(move |post| *post != own)
    }

    /// What we hold of every other log: what an entry of ours says it has seen.
    fn seen(&self) -> Seen {
        let mut seen = Seen::none(self.logs.len(), self.own);
        for log in &self.logs {
            seen.set(log.post, log.held());
        }
        seen
    }

    /// Remembers a small number in the working state.
    fn put_number(&mut self, key: String, number: u64) {
        self.batch.state.push(StateChange::Put(key, Sealed(number.to_be_bytes().to_vec())));
    }

    /// Reads a message's open part from memory or from the store.
    fn open_part(&self, id: EntryId) -> Option<OpenPart> {
        let stored = self.stored(id)?;
        OpenPart::decode(&stored.open?.0).ok()
    }

    /// Reads an entry from the batch under way, from memory or from the store.
    fn stored(&self, id: EntryId) -> Option<StoredEntry> {
        let pending = self.in_flight.iter().flat_map(|flight| &flight.batch.entries);
        let pending = self.batch.entries.iter().chain(pending);
        if let Some(found) = pending.into_iter().find(|entry| entry.id == id) {
            return Some(found.clone());
        }
        if let Some(found) = self.stored_ahead(id) {
            return Some(found);
        }
        self.parts.reader.entry(self.line, id).ok().flatten()
    }
}
