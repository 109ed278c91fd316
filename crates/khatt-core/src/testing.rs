//! Lines with known keys, for tests and benchmarks of every crate that stands on this one.
//!
//! Nothing here is secret: every key comes from a seed. A charter made here is never of kind real.
#![allow(
    clippy::indexing_slicing,
    reason = "a post that a test did not make is a fault of the test"
)]

use std::{
    collections::{BTreeSet, VecDeque},
    sync::OnceLock,
};

use khatt_forms::{Catalogue, Filled, Language, Wordbook};
use khatt_record::{
    CharterDraft, Hash, Kind, OfficerIndex, PartyIndex, PostIndex, PostSigner, PqSigner,
    SignedCharter, SoftwareSigner,
    auth::OfficerSignature,
    charter::{
        Charter, Clock, Floor, FormEntry, LineTest, Officer, OfficerKey, Party, Post, Quotas,
        Recovery, ReleaseRule, Roles, Scheme, YesNo,
    },
    pq::DeterministicPqSigner,
    seal::{Entropy, PrekeySecret},
    statement::{KeyId, Role, Statement},
};
use sha2::{Digest, Sha256};

use crate::{
    line::{Act, Done, Event, Input, Line, NewDraft, Output, Parts, Route, Ticket, ToSign},
    store::{Writer, memory::MemoryStore},
    time::Now,
};

/// Random bytes that a seed determines.
#[derive(Clone, Debug)]
pub struct SeededEntropy {
    seed: [u8; 32],
    counter: u64,
}

impl SeededEntropy {
    /// Starts the stream of a name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { seed: seed(name), counter: 0 }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let mut hash = Sha256::new();
            hash.update(self.seed);
            hash.update(self.counter.to_be_bytes());
            self.counter += 1;
            for (to, from) in chunk.iter_mut().zip(hash.finalize()) {
                *to = from;
            }
        }
    }
}

/// Returns the key seed of a name.
#[must_use]
pub fn seed(name: &str) -> [u8; 32] {
    Sha256::digest(name.as_bytes()).into()
}

const NAMES: [&str; 8] = ["North", "South", "East", "West", "Hill", "Coast", "River", "Plain"];

/// What one officer of a sample line signs with.
#[must_use]
pub fn officer_signer(officer: OfficerIndex) -> SoftwareSigner {
    SoftwareSigner::from_seed(seed(&format!("officer {officer}")))
}

/// What one post of a sample line cosigns with.
#[must_use]
pub fn pq_signer(post: PostIndex) -> &'static DeterministicPqSigner {
    // Made once, because a key of this kind takes a while in a build without optimisation.
    static SIGNERS: [OnceLock<DeterministicPqSigner>; 8] = [const { OnceLock::new() }; 8];
    SIGNERS[post.index()]
        .get_or_init(|| DeterministicPqSigner::from_seed(seed(&format!("pq {post}"))))
}

/// The watch officer of a party of a sample line.
#[must_use]
pub fn watch_officer(party: PartyIndex) -> OfficerIndex {
    OfficerIndex(u16::from(party.0) * 2)
}

/// The releasing officer of a party of a sample line.
#[must_use]
pub fn releasing_officer(party: PartyIndex) -> OfficerIndex {
    OfficerIndex(u16::from(party.0) * 2 + 1)
}

/// What one of a party's three recovery keys of a sample line signs with, by place from 0.
#[must_use]
pub fn recovery_signer(party: &str, place: u8) -> SoftwareSigner {
    SoftwareSigner::from_seed(seed(&format!("recovery {party} {place}")))
}

/// Two of three keys recover a party of a sample line.
fn sample_recovery(party: &str) -> Recovery {
    let keys = (0..3).map(|place| recovery_signer(party, place).public()).collect();
    Recovery { needed: 2, keys }
}

/// Returns a charter for `parties` parties (2 to 8) with one post and two officers each, unsigned.
#[must_use]
pub fn sample_charter(parties: u8) -> Charter {
    let public = |name: String| SoftwareSigner::from_seed(seed(&name)).public();
    let names = || (0..parties).zip(NAMES);
    Charter {
        version: khatt_record::charter::VERSION,
        suite: khatt_record::charter::SUITE,
        kind: Kind::Rehearsal,
        nonce: [7; 16],
        opened_ms: 1_699_401_600_000,
        parties: names()
            .map(|(_, name)| Party {
                name: name.to_owned(),
                root_key: public(format!("root {name}")),
                recovery: sample_recovery(name),
                orders: 0,
            })
            .collect(),
        posts: names()
            .map(|(index, name)| Post {
                party: PartyIndex(index),
                name: format!("{name}-1"),
                generation: 0,
                log_key: public(format!("log {index}")),
                cosign_key: public(format!("cosign {index}")),
                tls_key: public(format!("tls {index}")),
                prekey: PrekeySecret::from_seed(seed(&format!("prekey {index}"))).public().to_vec(),
                next_log_digest: Hash(Sha256::digest(public(format!("log {index} next"))).into()),
                pq_key: pq_signer(PostIndex(index)).public().to_vec(),
                addresses: vec![],
            })
            .collect(),
        officers: names()
            .flat_map(|(index, name)| {
                let party = PartyIndex(index);
                let officer = |officer: OfficerIndex, title: &str, roles| Officer {
                    party,
                    title: format!("{name} {title}"),
                    roles,
                    keys: vec![OfficerKey {
                        scheme: Scheme::Ed25519,
                        key: officer_signer(officer).public(),
                    }],
                };
                [
                    officer(watch_officer(party), "watch", Roles::WATCH),
                    officer(
                        releasing_officer(party),
                        "release",
                        Roles::WATCH.with(Roles::RELEASING),
                    ),
                ]
            })
            .collect(),
        release: [ReleaseRule { signatures: 2, emergency_single: YesNo::Yes }; 4],
        languages: Language::SPOKEN.iter().map(|language| language.tag().to_owned()).collect(),
        forms: Catalogue::builtin()
            .iter()
            .map(|form| FormEntry {
                number: form.id().number,
                version: form.id().version,
                hash: Hash(form.hash()),
            })
            .collect(),
        glossary: Hash(Wordbook::builtin().glossary.hash()),
        gazetteer: Hash(Wordbook::builtin().gazetteer.hash()),
        clocks: [
            Clock { acknowledge_s: 180, escalate_s: 300, give_up_s: 600 },
            Clock { acknowledge_s: 900, escalate_s: 1800, give_up_s: 3600 },
            Clock { acknowledge_s: 3600, escalate_s: 10_800, give_up_s: 21_600 },
            Clock { acknowledge_s: 21_600, escalate_s: 43_200, give_up_s: 86_400 },
        ],
        line_test: LineTest { interval_s: 3600, answer_s: 600 },
        quotas: Quotas {
            entry_bytes: 16_384,
            entries_per_day: 1_000_000,
            bytes_per_day: 1 << 32,
            flash_per_hour: 1_000_000,
        },
        mediators: vec![],
        witnesses: vec![],
        floor: Floor::default(),
        first: None,
        previous: None,
    }
}

/// Signs a sample charter as every party.
///
/// # Panics
///
/// If the charter breaks a rule: then the test that changed it is wrong.
#[must_use]
#[expect(clippy::expect_used, reason = "a sample that is no charter is a mistake in a test")]
pub fn sign_charter(charter: Charter) -> SignedCharter {
    let names: Vec<String> = charter.parties.iter().map(|party| party.name.clone()).collect();
    let mut draft = CharterDraft::new(charter).expect("a sample charter keeps the rules");
    for name in names {
        let signer = SoftwareSigner::from_seed(seed(&format!("root {name}")));
        draft.sign(&signer).expect("a sample root key signs for its party");
    }
    draft.complete().expect("every party has signed")
}

/// Returns what a post of a sample line needs from outside, over this store.
#[must_use]
pub fn sample_parts(post: PostIndex, store: &MemoryStore, start: &str) -> Parts {
    Parts {
        signer: Box::new(SoftwareSigner::from_seed(seed(&format!("log {post}")))),
        pq_signer: None,
        entropy: Box::new(SeededEntropy::new(&format!("{start} {post}"))),
        reader: Box::new(store.clone()),
        prekey: PrekeySecret::from_seed(seed(&format!("prekey {post}"))),
        catalogue: Catalogue::builtin(),
        book: Wordbook::builtin(),
    }
}

/// Signs what a draft asks for, as one officer in one role, for the next hour.
#[must_use]
pub fn sign(
    charter: &SignedCharter,
    post: PostIndex,
    to_sign: &ToSign,
    officer: OfficerIndex,
    role: Role,
    now: Now,
) -> OfficerSignature {
    let statement = Statement {
        line: charter.line_id(),
        kind: charter.kind(),
        post,
        act: to_sign.act,
        draft_id: to_sign.draft.0,
        digest: to_sign.digest,
        role,
        not_after_ms: (now.wall_ms / 1000 + 3600) * 1000,
    };
    OfficerSignature::make(&statement, KeyId { officer, key: 0 }, &officer_signer(officer))
}

/// A whole line in memory: posts, stores, and a network that a test can cut.
pub struct Rig {
    /// The charter.
    pub charter: SignedCharter,
    /// The posts; `None` while one is down.
    pub lines: Vec<Option<Line>>,
    /// Their stores.
    pub stores: Vec<MemoryStore>,
    /// The clocks of every post.
    pub now: Now,
    /// Everything that happened, with the post it happened at.
    pub events: Vec<(PostIndex, Event)>,
    /// Answers to acts, with the post that gave them.
    pub replies: Vec<(PostIndex, Ticket, Result<Done, crate::line::ActError>)>,
    /// Frames on their way: from, to, bytes.
    pub wire: VecDeque<(PostIndex, PostIndex, Vec<u8>)>,
    /// How many frames each batch of [`Rig::run`] may still deliver; for tests that stop in between.
    pub frames_sent: Vec<(PostIndex, PostIndex, usize)>,
    cut: BTreeSet<(PostIndex, PostIndex)>,
    next_ticket: u64,
    starts: u32,
    cosigners: Cosigners,
    hosts: Hosts,
}

/// When the hosts of a rig say that a batch is durable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hosts {
    /// Once it can be read back.
    Plain,
    /// Before.
    Ahead,
}

/// Whether the posts of a rig make post-quantum cosignatures.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cosigners {
    Nobody,
    All,
}

impl Rig {
    /// Opens a line of so many parties, every route up.
    #[must_use]
    pub fn new(parties: u8) -> Self {
        Self::of(sign_charter(sample_charter(parties)))
    }

    /// Opens a line of so many parties whose posts make post-quantum cosignatures.
    #[must_use]
    pub fn cosigning(parties: u8) -> Self {
        Self::begin(sign_charter(sample_charter(parties)), Cosigners::All)
    }

    /// Tells the posts from now on that a batch is durable before it can be read back.
    pub fn send_ahead(&mut self) {
        self.hosts = Hosts::Ahead;
    }

    /// Opens a line of this charter, every route up.
    #[must_use]
    pub fn of(charter: SignedCharter) -> Self {
        Self::begin(charter, Cosigners::Nobody)
    }

    fn begin(charter: SignedCharter, cosigners: Cosigners) -> Self {
        let posts = charter.post_count();
        let mut rig = Self {
            charter,
            lines: (0..posts).map(|_| None).collect(),
            stores: (0..posts).map(|_| MemoryStore::new()).collect(),
            now: Now { wall_ms: 1_699_401_700_000, mono_ms: 1_000 },
            events: Vec::new(),
            replies: Vec::new(),
            wire: VecDeque::new(),
            frames_sent: Vec::new(),
            cut: BTreeSet::new(),
            next_ticket: 0,
            starts: 0,
            cosigners,
            hosts: Hosts::Plain,
        };
        for post in rig.posts() {
            rig.start(post);
        }
        rig.connect_all();
        rig.run();
        rig
    }

    /// The posts of the line.
    #[must_use]
    pub fn posts(&self) -> Vec<PostIndex> {
        (0..=u8::MAX).take(self.stores.len()).map(PostIndex).collect()
    }

    /// Starts a post from its store.
    ///
    /// # Panics
    ///
    /// If the engine refuses to open: a test that expects this opens the line itself.
    #[expect(clippy::expect_used, reason = "a rig that does not open is a failed test")]
    pub fn start(&mut self, post: PostIndex) {
        self.starts += 1;
        let mut parts = sample_parts(post, &self.stores[post.index()], &self.starts.to_string());
        if self.cosigners == Cosigners::All {
            parts.pq_signer = Some(Box::new(pq_signer(post)));
        }
        let line = Line::open(self.charter.clone(), post, parts, self.now);
        self.lines[post.index()] = Some(line.expect("the line opens"));
    }

    /// Stops a post at once: what was not durable is lost.
    pub fn kill(&mut self, post: PostIndex) {
        self.lines[post.index()] = None;
        self.stores[post.index()].crash();
        self.wire.retain(|(from, to, _)| *from != post && *to != post);
        for other in self.posts() {
            self.input(other, Input::Disconnected { peer: post, route: Route::Direct });
        }
    }

    /// Brings every route up.
    pub fn connect_all(&mut self) {
        for a in self.posts() {
            for b in self.posts() {
                if a != b && !self.cut.contains(&(a, b)) && self.lines[b.index()].is_some() {
                    self.input(a, Input::Connected { peer: b, route: Route::Direct });
                }
            }
        }
    }

    /// Cuts the routes between two posts, both ways.
    pub fn cut(&mut self, a: PostIndex, b: PostIndex) {
        for (from, to) in [(a, b), (b, a)] {
            self.cut.insert((from, to));
            self.input(from, Input::Disconnected { peer: to, route: Route::Direct });
        }
        self.wire.retain(|(from, to, _)| (*from, *to) != (a, b) && (*from, *to) != (b, a));
    }

    /// Restores the routes between two posts.
    pub fn heal(&mut self, a: PostIndex, b: PostIndex) {
        for (from, to) in [(a, b), (b, a)] {
            self.cut.remove(&(from, to));
            self.input(from, Input::Connected { peer: to, route: Route::Direct });
        }
    }

    /// Gives a post an input, if it is up, and carries out what it then wants.
    pub fn input(&mut self, post: PostIndex, input: Input) {
        let now = self.now;
        if let Some(line) = &mut self.lines[post.index()] {
            line.handle(now, input);
        }
        self.drain(post);
    }

    /// Carries out everything that a post wants done now.
    pub fn drain(&mut self, post: PostIndex) {
        let line_id = self.charter.line_id();
        let mut ahead = None;
        while let Some(line) = &mut self.lines[post.index()] {
            let output = match (line.poll(), ahead.take()) {
                (Output::Commit { token, batch }, None) if self.hosts == Hosts::Ahead => {
                    line.handle(self.now, Input::Durable(token));
                    ahead = Some((token, batch));
                    continue;
                }
                (Output::WaitUntil(_), Some((token, batch))) => Output::Commit { token, batch },
                (output, held) => {
                    let answers = matches!(output, Output::Reply { .. });
                    assert!(!answers || held.is_none(), "answered before it can be read back");
                    ahead = held;
                    output
                }
            };
            match output {
                Output::Commit { token, batch } => {
                    let done = match self.stores[post.index()].commit(line_id, &batch) {
                        Ok(()) => Input::Committed(token),
                        Err(fault) => Input::CommitFailed { token, fault },
                    };
                    line.handle(self.now, done);
                }
                Output::Send { peer, bytes, .. } => {
                    self.frames_sent.push((post, peer, bytes.len()));
                    if !self.cut.contains(&(post, peer)) && self.lines[peer.index()].is_some() {
                        self.wire.push_back((post, peer, bytes));
                    }
                }
                Output::Reply { ticket, result } => self.replies.push((post, ticket, result)),
                Output::Event(event) => self.events.push((post, event)),
                Output::WaitUntil(_) => break,
            }
        }
    }

    /// Delivers frames until none is on its way.
    pub fn run(&mut self) {
        while let Some((peer, to, bytes)) = self.wire.pop_front() {
            self.input(to, Input::Frame { peer, route: Route::Direct, bytes });
        }
    }

    /// Moves every clock and lets every post act on it.
    pub fn advance(&mut self, ms: u64) {
        self.now = self.now.plus_ms(ms);
        for post in self.posts() {
            self.input(post, Input::Tick);
        }
        self.run();
    }

    /// Asks a post for an act and returns its answer.
    pub fn act(&mut self, post: PostIndex, act: Act) -> Result<Done, crate::line::ActError> {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.input(post, Input::Act { ticket, act });
        let at = self.replies.iter().position(|(by, of, _)| *by == post && *of == ticket);
        at.map_or(Err(crate::line::ActError::LocalDiskFull), |at| self.replies.swap_remove(at).2)
    }

    /// Drafts as the party's watch officer, and signs as watch and releasing officer.
    ///
    /// # Errors
    ///
    /// Whatever the post answers.
    pub fn release(
        &mut self,
        post: PostIndex,
        draft: NewDraft,
    ) -> Result<Done, crate::line::ActError> {
        let filled = draft.filled.clone();
        let party = PartyIndex(post.0);
        let mut done = self.act(post, Act::Draft(draft))?;
        let signers = [
            (watch_officer(party), Role::Draft, None),
            (releasing_officer(party), Role::Release, Some(filled)),
        ];
        for (officer, role, typed_back) in signers {
            let to_sign = match &done {
                Done::Drafted(to_sign) | Done::Signed(to_sign) => *to_sign,
                _ => break,
            };
            let role = match to_sign.act {
                khatt_record::entry::Act::Acknowledge => Role::Acknowledge,
                _ => role,
            };
            let signature = sign(&self.charter, post, &to_sign, officer, role, self.now);
            done = self.act(post, Act::Sign { draft: to_sign.draft, signature, typed_back })?;
        }
        Ok(done)
    }

    /// Returns a draft of a form from the strings that an officer would type, in English.
    ///
    /// # Panics
    ///
    /// If the form refuses them.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a sample that is no message is a mistake in a test")]
    pub fn draft(&self, post: PostIndex, form: &str, fields: &[(&str, &str)]) -> NewDraft {
        let form = Catalogue::builtin().by_name(form).expect("the form exists");
        let fields: Vec<(String, String)> =
            fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let filled = Filled::from_input(form, &fields, Language::En, Wordbook::builtin());
        NewDraft {
            officer: watch_officer(PartyIndex(post.0)),
            filled: filled.expect("the fields are good"),
            language: Language::En,
            precedence: None,
            references: Vec::new(),
            thread: None,
        }
    }
}
