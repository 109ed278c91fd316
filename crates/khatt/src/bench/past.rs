//! A store with a long past, written straight into it: as a post would hold it after years.
//!
//! North's messages with two officers' signatures each, a receipt of South's for every sixteen, the
//! checkpoints of both, and a settled ladder for each message. The log is opened and its epoch made
//! by the engine itself.

use std::path::Path;

use anyhow::Context as _;
use khatt_core::{
    Now,
    ladder::{By, Climb, Ladder, Level, Proof, Step, Wanted},
    line::keep_node,
    store::{
        Batch, Head, Reader as _, Sealed, StateChange, StoredCheckpoint, StoredEntry, Writer as _,
    },
    testing,
};
use khatt_record::{
    Entry, EntryId, LineId, OfficerIndex, PostIndex, Precedence, SignedCharter, SoftwareSigner,
    auth::{Auth, OfficerSignature},
    checkpoint::Checkpoint,
    commit::{OpenPart, Seed, body_commitment},
    entry::{Act, MessageHeader, Open, Receipt, Seen, SeenLog},
    merkle::{Frontier, leaf_hash},
    statement::{KeyId, Role, Statement, release_digest},
};
use khatt_store::SqliteStore;

use super::pair::{NORTH, Post, Reach, SOUTH, open_store, options};

/// Messages that one receipt covers.
pub(super) const RECEIPTED_AT_ONCE: u64 = 16;
/// Entries in one commit.
const BATCH_ENTRIES: usize = 1024;
/// When the past begins.
const BEGAN_MS: u64 = 1_699_401_700_000;

/// Makes North's store in a folder, with so many entries, and leaves it closed.
pub(super) fn write(dir: &Path, charter: &SignedCharter, entries: u64) -> anyhow::Result<()> {
    // The engine opens the log, publishes prekeys and makes its epoch.
    let store = open_store(dir, NORTH, &options())?;
    let store = Post::start(charter, NORTH, store, Reach::Nobody)?.host.stop()?;
    let mut past = Past::new(charter, store)?;
    past.open_south()?;
    while past.size() < entries {
        past.messages()?;
    }
    past.commit()
}

/// What is written, and how far it has come.
struct Past<'a> {
    charter: &'a SignedCharter,
    line: LineId,
    store: SqliteStore,
    maker: Maker,
    logs: [Frontier; 2],
    seen: Seen,
    batch: Batch,
}

impl<'a> Past<'a> {
    fn new(charter: &'a SignedCharter, store: SqliteStore) -> anyhow::Result<Self> {
        let line = charter.line_id();
        let heads = store.reader()?.heads(line)?;
        let own = heads.iter().find(|head| head.log == NORTH).context("the log was opened")?;
        let logs = [Frontier::decode(&own.frontier)?, Frontier::new()];
        let (maker, seen) = (Maker::new(charter, NORTH), Seen::none(2, SOUTH));
        Ok(Self { charter, line, store, maker, logs, seen, batch: Batch::default() })
    }

    fn size(&self) -> u64 {
        self.logs.iter().map(Frontier::size).sum()
    }

    fn open_south(&mut self) -> anyhow::Result<()> {
        let (line, seen) = (self.line, self.seen.clone());
        let open = Open { t_ms: BEGAN_MS, seen, line, post: SOUTH, generation: 0 };
        self.append(SOUTH, &Entry::Open(open), None)?;
        self.sign(SOUTH)
    }

    /// Some messages of North, and South's receipt for them.
    fn messages(&mut self) -> anyhow::Result<()> {
        let mut released = Vec::new();
        for _ in 0..RECEIPTED_AT_ONCE {
            let (header, open) = self.maker.message()?;
            released.push(self.append(NORTH, &Entry::Message(header), Some(&open))?);
        }
        self.sign(NORTH)?;
        let [north, _] = &self.logs;
        let (size, root) = (north.size(), north.root());
        self.seen.set(NORTH, SeenLog { prefix: size, beyond: Vec::new() });
        let (t_ms, seen) = (self.maker.t_ms, self.seen.clone());
        let receipt = Receipt { t_ms, seen, log: NORTH, size, root };
        let receipt = self.append(SOUTH, &Entry::Receipt(receipt), None)?;
        self.sign(SOUTH)?;
        for message in released {
            self.settle(message, receipt);
        }
        if self.batch.entries.len() >= BATCH_ENTRIES {
            self.commit()?;
        }
        Ok(())
    }

    /// Keeps the ladder of a message that everybody has.
    fn settle(&mut self, message: EntryId, receipt: EntryId) {
        let now = Now { wall_ms: self.maker.t_ms, mono_ms: 0 };
        let mut ladder =
            Ladder::new(now, message, Precedence::Priority, Wanted::one(Level::Received), [SOUTH]);
        let claimed_ms = self.maker.t_ms;
        let proof = Proof::Entry(receipt);
        let climb = Climb { step: Step::Received, by: By::Post, claimed_ms, proof };
        // A first step onto a new ladder is never refused.
        let _ = ladder.climb(now, SOUTH, climb);
        let key = format!("done/{}/{:020}", message.log, message.index);
        self.batch.state.push(StateChange::Put(key, Sealed(ladder.encode(now))));
    }

    fn append(
        &mut self,
        log: PostIndex,
        entry: &Entry,
        open: Option<&OpenPart>,
    ) -> anyhow::Result<EntryId> {
        let frontier = self.logs.get_mut(log.index()).context("a log")?;
        let leaf = entry.encode();
        let id = EntryId { log, index: frontier.size() };
        let hash = leaf_hash(&leaf);
        let state = &mut self.batch.state;
        frontier.append_telling(hash, |level, node| {
            state.extend(keep_node(log, level, id.index >> level, node));
        });
        let open = open.map(|open| Sealed(open.encode()));
        self.batch.entries.push(StoredEntry { id, leaf, leaf_hash: hash, open });
        Ok(id)
    }

    fn sign(&mut self, log: PostIndex) -> anyhow::Result<()> {
        let frontier = self.logs.get(log.index()).context("a log")?;
        let kept = checkpoint(self.charter, log, frontier)?;
        self.batch.checkpoints.push(kept);
        Ok(())
    }

    fn commit(&mut self) -> anyhow::Result<()> {
        let mut batch = std::mem::take(&mut self.batch);
        for (log, frontier) in [NORTH, SOUTH].into_iter().zip(&self.logs) {
            if batch.entries.iter().any(|entry| entry.id.log == log) {
                let (size, root) = (frontier.size(), frontier.root());
                batch.heads.push(Head { log, size, root, frontier: frontier.encode() });
            }
        }
        Ok(self.store.commit(self.line, &batch)?)
    }
}

/// Signs a log as it stands.
pub(super) fn checkpoint(
    charter: &SignedCharter,
    log: PostIndex,
    frontier: &Frontier,
) -> anyhow::Result<StoredCheckpoint> {
    let origin = charter.origin(log).context("a post of the charter")?;
    let (size, root) = (frontier.size(), frontier.root());
    let signer = SoftwareSigner::from_seed(testing::seed(&format!("log {log}")));
    let signature = Checkpoint { origin, size, root }.sign(&signer).signature;
    Ok(StoredCheckpoint { log, size, root, signature })
}

/// Makes messages that two officers of one post have released, one a second.
pub(super) struct Maker {
    line: LineId,
    kind: khatt_record::Kind,
    post: PostIndex,
    officers: [(KeyId, SoftwareSigner, Role); 2],
    seen: Seen,
    count: u64,
    pub(super) t_ms: u64,
}

/// What an incident with two languages' worth of fields takes.
const BODY_BYTES: usize = 200;

impl Maker {
    pub(super) fn new(charter: &SignedCharter, post: PostIndex) -> Self {
        let officer = |place: u16, role| {
            let officer = OfficerIndex(u16::from(post.0) * 2 + place);
            (KeyId { officer, key: 0 }, testing::officer_signer(officer), role)
        };
        Self {
            line: charter.line_id(),
            kind: charter.kind(),
            post,
            officers: [officer(0, Role::Draft), officer(1, Role::Release)],
            seen: Seen::none(charter.post_count(), post),
            count: 0,
            t_ms: BEGAN_MS,
        }
    }

    /// What the post has seen of the other's log from here on.
    pub(super) fn saw(&mut self, seen: Seen) {
        self.seen = seen;
    }

    pub(super) fn message(&mut self) -> anyhow::Result<(MessageHeader, OpenPart)> {
        self.count += 1;
        self.t_ms += 1_000;
        let mut seed = [self.post.0; 16];
        for (to, from) in seed.iter_mut().zip(self.count.to_be_bytes()) {
            *to = from;
        }
        let seed = Seed::new(seed);
        let body = vec![self.count.to_be_bytes()[7]; BODY_BYTES];
        let c_body = body_commitment(&seed.body_salt(), &body);
        let digest = release_digest(c_body, Precedence::Priority, None);
        let signatures = self.officers.iter().map(|(key, signer, role)| {
            let statement = Statement {
                line: self.line,
                kind: self.kind,
                post: self.post,
                act: Act::Release,
                draft_id: seed.draft_id(),
                digest,
                role: *role,
                not_after_ms: (self.t_ms / 1_000 + 600) * 1_000,
            };
            OfficerSignature::make(&statement, *key, signer)
        });
        let auth = Auth(signatures.collect()).encode(self.t_ms)?;
        let open = OpenPart { seed, body, auth };
        let (c_body, c_auth) = open.commitments();
        let header = MessageHeader {
            t_ms: self.t_ms,
            seen: self.seen.clone(),
            act: Act::Release,
            precedence: Precedence::Priority,
            thread: None,
            c_body,
            c_auth,
        };
        Ok((header, open))
    }
}
