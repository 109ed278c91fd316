//! A program in a post's place: it holds the post's real keys and writes whatever it likes.
//!
//! It continues the log that the honest post left, in as many versions as it wants to show. What
//! each deed is made of is in [`deeds`]; what honest posts make of it, the checkers say.

use std::collections::BTreeMap;

use khatt_core::{Now, store::Reader, testing};
use khatt_forms::{Body, Catalogue, Filled, Form, Reference, Wordbook, rendering_digest};
use khatt_record::{
    Entry, EntryId, Hash, LineId, PartyIndex, PostIndex, Precedence, SignedCharter, SoftwareSigner,
    auth::{Auth, OfficerSignature},
    checkpoint::{Checkpoint, Origin},
    commit::{OpenPart, Seed},
    entry::{Act, Epoch, EpochRecipient, MessageHeader, Seen},
    merkle::{Frontier, leaf_hash},
    seal::{
        CapsuleContext, EpochNumber, FrameContext, Item, LeanMessage, SendEpoch, seal_capsule,
        seal_capsule_frame, seal_frame,
    },
    statement::{KeyId, Role, Statement, release_digest},
};

use crate::{disk::Disk, draw::Draw};

mod deeds;

/// Items that one frame carries.
const FRAME_ITEMS: usize = 64;

/// What the program knows.
pub(crate) struct Forger {
    post: PostIndex,
    charter: SignedCharter,
    draw: Draw,
    /// What it tells everybody whom it tells nothing else.
    main: History,
    /// What it tells one post alone.
    told: BTreeMap<PostIndex, History>,
    epoch: SendEpoch,
    capsules: BTreeMap<PostIndex, Vec<u8>>,
    now: Now,
    drawn: u64,
    /// Messages that nobody released, and to whom they were sent.
    pub(crate) unreleased: Vec<(PostIndex, EntryId)>,
}

/// One version of its log.
#[derive(Clone)]
struct History {
    frontier: Frontier,
    seen: Seen,
    /// What was written since it took over.
    items: Vec<Item>,
}

/// A frame for a post.
pub(crate) type Sent = (PostIndex, Vec<u8>);

impl Forger {
    /// Takes over a post: its log, as its disk holds it, is continued.
    pub(crate) fn take_over(
        charter: &SignedCharter,
        post: PostIndex,
        disk: &Disk,
        line: LineId,
        now: Now,
        seed: u64,
    ) -> Option<Self> {
        let head = disk.heads(line).ok()?.into_iter().find(|head| head.log == post)?;
        let last = EntryId { log: post, index: head.size.checked_sub(1)? };
        let last = disk.entry(line, last).ok()??;
        let last = Entry::decode(&last.leaf, charter.post_count(), post).ok()?;
        let mut entropy = testing::SeededEntropy::new(&format!("forger {seed}"));
        let number = EpochNumber::new(u32::try_from(head.size).ok()?.max(2) + 3)?;
        let mut forger = Self {
            post,
            charter: charter.clone(),
            draw: Draw::of(seed, "forger", u64::from(post.0)),
            main: History {
                frontier: Frontier::decode(&head.frontier).ok()?,
                seen: last.seen().clone(),
                items: Vec::new(),
            },
            told: BTreeMap::new(),
            epoch: SendEpoch::open(number, &mut entropy),
            capsules: BTreeMap::new(),
            now,
            drawn: seed,
            unreleased: Vec::new(),
        };
        forger.open_epoch(&mut entropy);
        Some(forger)
    }

    /// Begins an epoch of its own, so that its frames open.
    fn open_epoch(&mut self, entropy: &mut testing::SeededEntropy) {
        let number = self.epoch.number();
        let (post, charter) = (self.post, self.charter.clone());
        let posts = charter.charter().posts().map(|(index, named)| (index, named.prekey.clone()));
        let others = posts.filter(|(index, _)| *index != post);
        let recipients: Vec<EpochRecipient> = others
            .filter_map(|(recipient, prekey)| {
                let place = self.capsule_place(recipient, number);
                let capsule = seal_capsule(self.epoch.secret(), &place, &prekey, entropy).ok()?;
                Some(EpochRecipient { post: recipient, prekey_no: 0, capsule: Box::new(capsule) })
            })
            .collect();
        let entry = Entry::Epoch(Epoch {
            t_ms: self.now.wall_ms,
            seen: self.main.seen.clone(),
            epoch_no: number.get(),
            recipients: recipients.clone(),
        });
        let index = self.main.frontier.size();
        let item = self.main.append(post, &entry);
        let hashes = self.main.frontier.last_leaf_proof();
        let proof = Item::Proof { log: post, index, size: index + 1, hashes };
        let items = [item, proof, self.signed(&self.main)];
        for EpochRecipient { post: to, capsule, .. } in recipients {
            let context = self.context();
            let frame = seal_capsule_frame(&mut self.epoch, &context, &capsule, &items);
            if let Ok(frame) = frame {
                self.capsules.insert(to, frame);
            }
        }
    }

    fn capsule_place(&self, recipient: PostIndex, epoch: EpochNumber) -> CapsuleContext {
        CapsuleContext {
            line: self.charter.line_id(),
            kind: self.charter.kind(),
            sender: self.post,
            recipient,
            epoch,
            prekey_no: 0,
        }
    }

    fn context(&self) -> FrameContext {
        FrameContext {
            line: self.charter.line_id(),
            kind: self.charter.kind(),
            sender: self.post,
            posts: self.charter.post_count(),
        }
    }

    /// The history that a post is told.
    fn history(&mut self, to: PostIndex) -> &mut History {
        match self.told.get_mut(&to) {
            Some(history) => history,
            None => &mut self.main,
        }
    }

    /// Everything that a post was ever told, with a signature at the end: it takes what it lacks.
    fn tell(&mut self, to: PostIndex) -> Vec<Sent> {
        let history = self.history(to).clone();
        let mut frames: Vec<Sent> =
            self.capsules.get(&to).map(|one| (to, one.clone())).into_iter().collect();
        let mut chunks = history.items.chunks(FRAME_ITEMS).peekable();
        while let Some(chunk) = chunks.next() {
            let mut items = chunk.to_vec();
            if chunks.peek().is_none() {
                items.push(self.signed(&history));
            }
            frames.extend(self.frame(to, &items));
        }
        frames
    }

    fn frame(&mut self, to: PostIndex, items: &[Item]) -> Option<Sent> {
        let context = self.context();
        let sealed = seal_frame(&mut self.epoch, &context, items);
        sealed.ok().map(|bytes| (to, bytes))
    }

    /// Items for a post, its epoch before them.
    fn items(&mut self, to: PostIndex, items: &[Item]) -> Vec<Sent> {
        let mut frames: Vec<Sent> =
            self.capsules.get(&to).map(|one| (to, one.clone())).into_iter().collect();
        frames.extend(self.frame(to, items));
        frames
    }

    fn signed(&self, history: &History) -> Item {
        let (size, root) = (history.frontier.size(), history.frontier.root());
        Item::Sig { log: self.post, size, signature: self.signature(self.post, size, root) }
    }

    /// Signs a checkpoint in any post's name, always with its own key.
    fn signature(&self, log: PostIndex, size: u64, root: Hash) -> [u8; 64] {
        let origin = Origin::of(self.charter.line_id(), self.charter.kind(), log, 0);
        Checkpoint { origin, size, root }.sign(&self.signer()).signature
    }

    fn signer(&self) -> SoftwareSigner {
        SoftwareSigner::from_seed(testing::seed(&format!("log {}", self.post)))
    }

    /// An entry that says nothing, different each time.
    fn filler(&mut self, seen: Seen) -> Entry {
        self.drawn += 1;
        Entry::Prekey(khatt_record::entry::Prekey {
            t_ms: self.now.wall_ms,
            seen,
            prekey_no: 1_000_000 + u32::try_from(self.drawn % 1_000_000).unwrap_or(0),
            key: Box::new([0x5a; khatt_record::seal::PREKEY_LEN]),
        })
    }

    fn append_filler(&mut self, to: PostIndex) -> Item {
        let post = self.post;
        let seen = self.history(to).seen.clone();
        let entry = self.filler(seen);
        self.history(to).append(post, &entry)
    }

    /// Makes a message of a form's example, with such signatures.
    fn message(
        &mut self,
        seen: Seen,
        form: &str,
        made: &Made<'_>,
    ) -> Option<(MessageHeader, OpenPart)> {
        self.drawn += 1;
        let form: &'static Form = Catalogue::builtin().by_name(form)?;
        let example = form.examples().first()?;
        let book = Wordbook::builtin();
        let filled = Filled::from_input(form, &example.inputs, example.language, book).ok()?;
        let languages: Vec<_> = khatt_forms::Language::ALL.to_vec();
        let mut digest = rendering_digest(form, &filled, &languages, book).ok()?;
        if made.rendering == Rendering::Other {
            digest[0] ^= 1;
        }
        let references = made.refers.into_iter().collect();
        let language = example.language;
        let body = Body { form: form.id(), language, references, filled, digest };
        let drawn = testing::seed(&format!("message {} {}", self.post, self.drawn));
        let mut open =
            OpenPart { seed: Seed::new(*drawn.first_chunk()?), body: body.encode(), auth: vec![] };
        let (c_body, _) = open.commitments();
        let party = PartyIndex(self.post.0);
        let officers = [testing::watch_officer(party), testing::releasing_officer(party)];
        let t_ms = made.t_ms.unwrap_or(self.now.wall_ms);
        let signatures = made.roles.iter().zip(officers).map(|(role, officer)| {
            let statement = Statement {
                line: self.charter.line_id(),
                kind: self.charter.kind(),
                post: self.post,
                act: made.act,
                draft_id: open.seed.draft_id(),
                digest: release_digest(c_body, made.precedence, None),
                role: *role,
                not_after_ms: (t_ms / 1000 + 600) * 1000,
            };
            let signer = match made.keys {
                Keys::Own => testing::officer_signer(officer),
                Keys::Forged => SoftwareSigner::from_seed(testing::seed("nobody")),
            };
            OfficerSignature::make(&statement, KeyId { officer, key: 0 }, &signer)
        });
        open.auth = Auth(signatures.collect()).encode(t_ms).ok()?;
        let (c_body, c_auth) = open.commitments();
        let (act, precedence) = (made.act, made.precedence);
        Some((MessageHeader { t_ms, seen, act, precedence, thread: None, c_body, c_auth }, open))
    }
}

/// How a message is made.
#[derive(Clone, Copy)]
struct Made<'a> {
    act: Act,
    precedence: Precedence,
    roles: &'a [Role],
    keys: Keys,
    rendering: Rendering,
    refers: Option<Reference>,
    t_ms: Option<u64>,
}

impl Default for Made<'_> {
    fn default() -> Self {
        Self {
            act: Act::Release,
            precedence: Precedence::Routine,
            roles: &[Role::Draft, Role::Release],
            keys: Keys::Own,
            rendering: Rendering::Right,
            refers: None,
            t_ms: None,
        }
    }
}

/// With what officers' statements are signed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    Own,
    Forged,
}

/// Whether a message says how it really reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rendering {
    Right,
    Other,
}

impl History {
    /// Appends an entry and returns the item that carries it.
    fn append(&mut self, log: PostIndex, entry: &Entry) -> Item {
        self.append_leaf(log, entry.encode())
    }

    fn append_leaf(&mut self, log: PostIndex, leaf: Vec<u8>) -> Item {
        let index = self.frontier.size();
        self.frontier.append(leaf_hash(&leaf));
        let item = Item::Leaf { log, index, leaf };
        self.items.push(item.clone());
        item
    }

    /// Appends a message and returns the item that carries it with its open part.
    fn append_message(&mut self, header: MessageHeader, open: OpenPart) -> Item {
        let index = self.frontier.size();
        self.frontier.append(leaf_hash(&Entry::Message(header.clone()).encode()));
        let item = Item::Message(LeanMessage { index, header, open });
        self.items.push(item.clone());
        item
    }
}
