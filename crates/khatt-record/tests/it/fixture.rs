//! A line between North and South, made by hand: keys from numbers, times from a count.
//!
//! Shared by the integration tests, the benchmark of verification and the tests of `khatt-verify`.

#![allow(dead_code)] // Each of its users needs another part.

use khatt_record::auth::{Auth, OfficerSignature};
use khatt_record::charter::{
    Charter, CharterDraft, Clock, Floor, FormEntry, LineTest, Officer, OfficerKey, Party, Post,
    Quotas, Recovery, ReleaseRule, Roles, Scheme, SignedCharter, YesNo, hash_bytes,
};
use khatt_record::checkpoint::{Checkpoint, Origin};
use khatt_record::commit::{OpenPart, Seed, body_commitment};
use khatt_record::cosign::Cosignature;
use khatt_record::entry::{
    Act, Ahead, Amend, Entry, Keys, MessageHeader, Open, Receipt, Seen, SeenLog,
};
use khatt_record::file::{RecordWriter, RowOpen};
use khatt_record::key_order::SignedKeyOrder;
use khatt_record::merkle::{Frontier, leaf_hash};
use khatt_record::pq::{DeterministicPqSigner, PQ_SIGNATURE_LEN};
use khatt_record::seal::PrekeySecret;
use khatt_record::statement::{KeyId, Role, Statement, release_digest};
use khatt_record::{
    EntryId, Hash, Kind, OfficerIndex, PartyIndex, PostIndex, PostSigner, Precedence,
    SoftwareSigner,
};
use khatt_record::{PqSignature, PqSigner};

pub const NORTH: PostIndex = PostIndex(0);
pub const SOUTH: PostIndex = PostIndex(1);
pub const OPENED_MS: u64 = 1_700_000_000_000;

pub fn signer(number: u8) -> SoftwareSigner {
    SoftwareSigner::from_seed([number; 32])
}

/// The signer of a post's cosignatures.
pub fn pq_signer(post: PostIndex) -> DeterministicPqSigner {
    DeterministicPqSigner::from_seed([200 + post.0; 32])
}

pub fn key(number: u8) -> [u8; 32] {
    signer(number).public()
}

/// The charter: root keys 1 and 2, log keys 11 and 12, officers' keys 50 to 53.
pub fn charter(kind: Kind, forms: Vec<FormEntry>, books: [Hash; 2]) -> Charter {
    let rule = ReleaseRule { signatures: 2, emergency_single: YesNo::Yes };
    let clock = Clock { acknowledge_s: 60, escalate_s: 120, give_up_s: 600 };
    let party = |name: &str, number: u8| Party {
        name: name.into(),
        root_key: key(number),
        recovery: Recovery { needed: 2, keys: [80, 84, 88].map(|one| key(one + number)).to_vec() },
        orders: 0,
    };
    let post = |party, name: &str, number: u8| Post {
        party: PartyIndex(party),
        name: name.into(),
        generation: 0,
        log_key: key(10 + number),
        cosign_key: key(20 + number),
        tls_key: key(30 + number),
        prekey: PrekeySecret::from_seed([number; 32]).public().to_vec(),
        next_log_digest: hash_bytes(&key(60 + number)),
        pq_key: pq_signer(PostIndex(party)).public().to_vec(),
        addresses: vec![],
    };
    let officer = |party, title: &str, roles, number| Officer {
        party: PartyIndex(party),
        title: title.into(),
        roles,
        keys: vec![OfficerKey { scheme: Scheme::Ed25519, key: key(number) }],
    };
    Charter {
        version: 1,
        suite: 1,
        kind,
        nonce: [3; 16],
        opened_ms: OPENED_MS,
        parties: vec![party("North", 1), party("South", 2)],
        posts: vec![post(0, "North watch", 1), post(1, "South watch", 2)],
        officers: vec![
            officer(0, "North watch officer", Roles::WATCH, 50),
            officer(0, "North duty officer", Roles::RELEASING, 51),
            officer(1, "South watch officer", Roles::WATCH, 52),
            officer(1, "South duty officer", Roles::RELEASING, 53),
        ],
        release: [rule; 4],
        languages: vec!["en".into(), "ar".into()],
        forms,
        glossary: books[0],
        gazetteer: books[1],
        clocks: [clock; 4],
        line_test: LineTest { interval_s: 3_600, answer_s: 300 },
        quotas: Quotas {
            entry_bytes: 65_536,
            entries_per_day: 10_000,
            bytes_per_day: 100_000_000,
            flash_per_hour: 60,
        },
        mediators: vec![],
        witnesses: vec![],
        floor: Floor::default(),
        first: None,
        previous: None,
    }
}

pub fn signed(charter: Charter) -> SignedCharter {
    let mut draft = CharterDraft::new(charter).expect("the charter is good");
    draft.sign(&signer(1)).expect("North's root key");
    draft.sign(&signer(2)).expect("South's root key");
    draft.complete().expect("both signed")
}

/// One post's log while it is written.
pub struct Log {
    pub post: PostIndex,
    pub frontier: Frontier,
    pub seen: Seen,
    pub leaves: Vec<Vec<u8>>,
}

/// A line whose two posts write straight into a record file.
pub struct Line<W> {
    pub charter: SignedCharter,
    pub logs: [Log; 2],
    pub out: RecordWriter<W>,
    pub t_ms: u64,
    /// Whether leaves are kept in memory.
    pub keep: bool,
    /// By post, the generation in which it signs and the number of its log key.
    pub generations: [(u32, u8); 2],
    /// By officer, the number of the key that signs.
    pub pens: [u8; 4],
    /// Added to each body, so that a test can tell what was written.
    count: u64,
}

impl<W: std::io::Write> Line<W> {
    /// Opens both logs.
    pub fn open(charter: SignedCharter, out: W) -> Self {
        let log = |post| Log {
            post,
            frontier: Frontier::new(),
            seen: Seen::none(2, post),
            leaves: vec![],
        };
        let writer = RecordWriter::new(out, charter.to_bytes(), 2).expect("a header");
        let logs = [log(NORTH), log(SOUTH)];
        let mut line = Self {
            charter,
            logs,
            out: writer,
            t_ms: OPENED_MS,
            keep: true,
            generations: [(0, 11), (0, 12)],
            pens: [50, 51, 52, 53],
            count: 0,
        };
        for post in [NORTH, SOUTH] {
            let entry = Entry::Open(Open {
                t_ms: line.t_ms,
                seen: line.log(post).seen.clone(),
                line: line.charter.line_id(),
                post,
                generation: 0,
            });
            line.append(post, &entry, &RowOpen::Nothing);
            line.checkpoint(post);
        }
        line
    }

    pub fn log(&mut self, post: PostIndex) -> &mut Log {
        &mut self.logs[post.index()]
    }

    /// Appends without a checkpoint.
    pub fn append(&mut self, post: PostIndex, entry: &Entry, open: &RowOpen) -> EntryId {
        let leaf = entry.encode();
        let keep = self.keep;
        let log = self.log(post);
        let id = EntryId { log: post, index: log.frontier.size() };
        log.frontier.append(leaf_hash(&leaf));
        if keep {
            log.leaves.push(leaf.clone());
        }
        self.out.entry(post, &leaf, open).expect("an entry");
        self.t_ms += 1_000;
        id
    }

    /// The post's signed checkpoint over its whole log.
    pub fn sign(&mut self, post: PostIndex) -> khatt_record::checkpoint::SignedCheckpoint {
        let (generation, number) = self.generations[post.index()];
        let origin = Origin::of(self.charter.line_id(), self.charter.kind(), post, generation);
        let log = self.log(post);
        let checkpoint =
            Checkpoint { origin, size: log.frontier.size(), root: log.frontier.root() };
        checkpoint.sign(&signer(number))
    }

    pub fn checkpoint(&mut self, post: PostIndex) {
        let signed = self.sign(post);
        let size = signed.checkpoint.size;
        self.out.checkpoint(post, size, &signed.signature, None).expect("a checkpoint");
    }

    /// The cosignature of a post over a whole log as it stands.
    pub fn cosignature(&mut self, by: PostIndex, log: PostIndex) -> Cosignature {
        let (size, root) = (self.log(log).frontier.size(), self.log(log).frontier.root());
        let signature = PqSignature::from_slice(&[0; PQ_SIGNATURE_LEN]).expect("its length");
        let time_s = self.t_ms / 1000;
        let mut one = Cosignature { post: by, generation: 0, log, size, time_s, signature };
        let (cosigned, _) = one.cosigned(&self.charter, root).expect("a post with a key");
        one.signature = cosigned.sign(&pq_signer(by)).expect("a signature");
        one
    }

    /// Cosigns a log in the file.
    pub fn cosign(&mut self, by: PostIndex, log: PostIndex) {
        let one = self.cosignature(by, log);
        self.out.cosignature(&one).expect("a cosignature");
    }

    /// The header and open part of a message that two officers of the post release.
    pub fn message(&mut self, post: PostIndex, body: Vec<u8>) -> (MessageHeader, OpenPart) {
        self.message_in(post, body, None)
    }

    /// The same, in a thread.
    pub fn message_in(
        &mut self,
        post: PostIndex,
        body: Vec<u8>,
        thread: Option<EntryId>,
    ) -> (MessageHeader, OpenPart) {
        self.count += 1;
        let mut seed = [post.0; 16];
        seed[..8].copy_from_slice(&self.count.to_be_bytes());
        let seed = Seed::new(seed);
        let c_body = body_commitment(&seed.body_salt(), &body);
        let digest = release_digest(c_body, Precedence::Priority, thread);
        let t_ms = self.t_ms;
        let sign = |role, place: u8| {
            let statement = Statement {
                line: self.charter.line_id(),
                kind: self.charter.kind(),
                post,
                act: Act::Release,
                draft_id: seed.draft_id(),
                digest,
                role,
                not_after_ms: (t_ms / 1_000 + 600) * 1_000,
            };
            let officer = post.0 * 2 + place;
            let kid = KeyId { officer: OfficerIndex(u16::from(officer)), key: 0 };
            OfficerSignature::make(&statement, kid, &signer(self.pens[usize::from(officer)]))
        };
        let auth = Auth(vec![sign(Role::Draft, 0), sign(Role::Release, 1)]);
        let open = OpenPart { body, auth: auth.encode(t_ms).expect("in time"), seed };
        let (c_body, c_auth) = open.commitments();
        let header = MessageHeader {
            t_ms,
            seen: self.log(post).seen.clone(),
            act: Act::Release,
            precedence: Precedence::Priority,
            thread,
            c_body,
            c_auth,
        };
        (header, open)
    }

    /// A message and its checkpoint.
    pub fn say(&mut self, post: PostIndex, body: Vec<u8>) -> EntryId {
        let (header, open) = self.message(post, body);
        let id = self.append(post, &Entry::Message(header), &RowOpen::Open(open));
        self.checkpoint(post);
        id
    }

    /// The other post's run receipt of everything that `author` wrote.
    pub fn receipt_entry(&mut self, author: PostIndex) -> Entry {
        let (size, root) = {
            let log = self.log(author);
            (log.frontier.size(), log.frontier.root())
        };
        let by = PostIndex(1 - author.0);
        let t_ms = self.t_ms;
        self.log(by).seen.set(author, SeenLog::prefix(size));
        let seen = self.log(by).seen.clone();
        Entry::Receipt(Receipt { t_ms, seen, log: author, size, root })
    }

    pub fn receipt(&mut self, author: PostIndex) {
        let entry = self.receipt_entry(author);
        let by = PostIndex(1 - author.0);
        self.append(by, &entry, &RowOpen::Nothing);
        self.checkpoint(by);
    }

    /// A receipt of the author's last entry as if it had come ahead of the one before it.
    pub fn ahead(&mut self, author: PostIndex) {
        let (size, root) = {
            let log = self.log(author);
            (log.frontier.size(), log.frontier.root())
        };
        let by = PostIndex(1 - author.0);
        let held = self.log(by).seen.of(author).expect("a post").prefix;
        assert!(held + 1 < size, "there is a gap");
        self.log(by).seen.set(author, SeenLog { prefix: held, beyond: vec![size - 1] });
        let entry = Entry::Ahead(Ahead {
            t_ms: self.t_ms,
            seen: self.log(by).seen.clone(),
            entry: EntryId { log: author, index: size - 1 },
            size,
            root,
        });
        self.append(by, &entry, &RowOpen::Nothing);
        self.checkpoint(by);
    }

    /// A key order of some party, in a post's log.
    pub fn keys(&mut self, post: PostIndex, order: &SignedKeyOrder) -> EntryId {
        let seen = self.log(post).seen.clone();
        let entry = Entry::Keys(Keys { t_ms: self.t_ms, seen, order: order.to_bytes() });
        self.append(post, &entry, &RowOpen::Nothing)
    }

    pub fn amend(&mut self, post: PostIndex, charter: Hash) {
        let entry =
            Entry::Amend(Amend { t_ms: self.t_ms, seen: self.log(post).seen.clone(), charter });
        self.append(post, &entry, &RowOpen::Nothing);
        self.checkpoint(post);
    }
}

/// A small record of both posts: messages each way, run receipts, one that came ahead.
pub fn small() -> (SignedCharter, Vec<u8>) {
    let charter = signed(charter(Kind::Rehearsal, vec![], [Hash([0; 32]); 2]));
    let mut line = Line::open(charter.clone(), Vec::new());
    for round in 0..4_u8 {
        line.say(NORTH, vec![round; 200]);
        line.receipt(NORTH);
        line.say(SOUTH, vec![round; 90]);
        line.say(SOUTH, vec![round + 100; 91]);
        line.ahead(SOUTH);
        line.receipt(SOUTH);
    }
    (charter, line.out.finish().expect("a trailer"))
}
