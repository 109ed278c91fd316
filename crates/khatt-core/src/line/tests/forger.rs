//! A hostile post: it holds a real post's keys and seals and signs whatever a test wants.

use khatt_forms::{Body, Language, Wordbook, rendering_digest};
use khatt_record::{
    Hash, PartyIndex, PostSigner, Precedence, SoftwareSigner,
    auth::{Auth, OfficerSignature},
    charter::SignedCharter,
    checkpoint::{Checkpoint, Origin},
    commit::{OpenPart, Seed},
    entry::{Act, Epoch, EpochRecipient, MessageHeader, Seen},
    merkle::{Frontier, inclusion_proof, leaf_hash},
    seal::{
        CapsuleContext, EpochNumber, FrameContext, SendEpoch, seal_capsule, seal_capsule_frame,
        seal_frame,
    },
    statement::{KeyId, Role, Statement, release_digest},
};

use super::*;
use crate::testing::{SeededEntropy, officer_signer, releasing_officer, seed, watch_officer};

/// A post that a test has taken over.
pub(super) struct Forger {
    pub(super) post: PostIndex,
    charter: SignedCharter,
    pub(super) frontier: Frontier,
    leaves: Vec<Hash>,
    seen: Seen,
    epoch: SendEpoch,
    pub(super) t_ms: u64,
    drawn: u64,
}

impl Forger {
    /// Takes over a post of a rig: the post is stopped, its log is continued.
    pub(super) fn take_over(rig: &mut Rig, post: PostIndex) -> Self {
        let mut forger = Self::writer(rig, post);
        forger.open_epoch(rig);
        forger
    }

    /// Stops a post and continues its log, without an epoch to send anything.
    pub(super) fn writer(rig: &mut Rig, post: PostIndex) -> Self {
        let heads = rig.stores[post.index()].heads(rig.charter.line_id()).unwrap();
        let head = heads.into_iter().find(|head| head.log == post).expect("a log");
        let id = EntryId { log: post, index: head.size - 1 };
        let last = rig.stores[post.index()].entry(rig.charter.line_id(), id).unwrap();
        rig.kill(post);
        let mut entropy = SeededEntropy::new("forger");
        Self {
            post,
            charter: rig.charter.clone(),
            frontier: Frontier::decode(&head.frontier).unwrap(),
            seen: Entry::decode(&last.expect("an entry").leaf, rig.posts().len(), post)
                .expect("decodes")
                .seen()
                .clone(),
            leaves: rig.stores[post.index()]
                .leaf_hashes(rig.charter.line_id(), post, 0, usize::MAX)
                .unwrap(),
            epoch: SendEpoch::open(EpochNumber::new(9).unwrap(), &mut entropy),
            t_ms: rig.now.wall_ms,
            drawn: 0,
        }
    }

    /// The same post with the same log, about to sign another history.
    pub(super) fn twin(&self) -> Self {
        let (secret, number) = (self.epoch.secret().clone(), self.epoch.number());
        let epoch = SendEpoch::resume(secret, number, &mut SeededEntropy::new("twin"));
        Self {
            charter: self.charter.clone(),
            frontier: self.frontier.clone(),
            leaves: self.leaves.clone(),
            seen: self.seen(),
            epoch,
            t_ms: self.t_ms + 1,
            ..*self
        }
    }

    /// What the post's last true entry said that it had seen.
    pub(super) fn seen(&self) -> Seen {
        self.seen.clone()
    }

    pub(super) fn context(&self) -> FrameContext {
        FrameContext {
            line: self.charter.line_id(),
            kind: self.charter.kind(),
            sender: self.post,
            posts: self.charter.post_count(),
        }
    }

    fn open_epoch(&mut self, rig: &mut Rig) {
        let number = self.epoch.number();
        let mut entropy = SeededEntropy::new("forger's capsules");
        let others = rig.posts().into_iter().filter(|post| *post != self.post);
        let recipients: Vec<EpochRecipient> = others
            .map(|recipient| {
                let place = CapsuleContext {
                    line: self.charter.line_id(),
                    kind: self.charter.kind(),
                    sender: self.post,
                    recipient,
                    epoch: number,
                    prekey_no: 0,
                };
                let prekey = &self.charter.charter().posts[recipient.index()].prekey;
                let capsule = seal_capsule(self.epoch.secret(), &place, prekey, &mut entropy);
                let capsule = Box::new(capsule.expect("a good prekey"));
                EpochRecipient { post: recipient, prekey_no: 0, capsule }
            })
            .collect();
        let entry = Entry::Epoch(Epoch {
            t_ms: self.t_ms,
            seen: self.seen(),
            epoch_no: number.get(),
            recipients: recipients.clone(),
        });
        let index = self.frontier.size();
        let item = self.append(&entry);
        let proof = Item::Proof {
            log: self.post,
            index,
            size: index + 1,
            hashes: self.frontier.last_leaf_proof(),
        };
        let items = [item, proof, self.sign()];
        for EpochRecipient { post, capsule, .. } in recipients {
            let context = self.context();
            let frame = seal_capsule_frame(&mut self.epoch, &context, &capsule, &items).unwrap();
            self.deliver(rig, post, frame);
        }
    }

    /// Appends an entry to the log and returns the item that carries it.
    pub(super) fn append(&mut self, entry: &Entry) -> Item {
        let leaf = entry.encode();
        let index = self.frontier.size();
        self.frontier.append(leaf_hash(&leaf));
        self.leaves.push(leaf_hash(&leaf));
        Item::Leaf { log: self.post, index, leaf }
    }

    /// Proves an entry in the log as it stands.
    pub(super) fn proof(&self, index: u64) -> Item {
        let size = self.frontier.size();
        let hashes = inclusion_proof(&self.leaves, index, size).unwrap();
        Item::Proof { log: self.post, index, size, hashes }
    }

    /// Signs the log as it stands.
    pub(super) fn sign(&self) -> Item {
        let (size, root) = (self.frontier.size(), self.frontier.root());
        Item::Sig { log: self.post, size, signature: self.signature(size, root) }
    }

    pub(super) fn signature(&self, size: u64, root: Hash) -> [u8; 64] {
        let origin = Origin::of(self.charter.line_id(), self.charter.kind(), self.post, 0);
        Checkpoint { origin, size, root }.sign(&self.signer()).signature
    }

    fn signer(&self) -> SoftwareSigner {
        SoftwareSigner::from_seed(seed(&format!("log {}", self.post)))
    }

    pub(super) fn frame(&mut self, items: &[Item]) -> Vec<u8> {
        let context = self.context();
        seal_frame(&mut self.epoch, &context, items).expect("sealed")
    }

    pub(super) fn deliver(&self, rig: &mut Rig, to: PostIndex, bytes: Vec<u8>) {
        let frame = Input::Frame { peer: self.post, route: Route::Direct, bytes };
        rig.input(to, frame);
    }

    pub(super) fn send(&mut self, rig: &mut Rig, to: PostIndex, items: &[Item]) {
        let frame = self.frame(items);
        self.deliver(rig, to, frame);
        rig.run();
    }

    /// Makes a message from the example of a form, signed by so many officers.
    pub(super) fn message(
        &mut self,
        rig: &Rig,
        form: &str,
        act: Act,
        precedence: Precedence,
        roles: &[Role],
    ) -> (MessageHeader, OpenPart) {
        self.drawn += 1;
        let form = super::super::Catalogue::builtin().by_name(form).expect("the form exists");
        let example = form.examples().first().expect("an example");
        let fields: Vec<(&str, &str)> =
            example.inputs.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let mut draft = rig.draft(self.post, form.name(), &fields);
        draft.language = example.language;
        let digest =
            rendering_digest(form, &draft.filled, &Language::SPOKEN, Wordbook::builtin()).unwrap();
        let body = Body {
            form: form.id(),
            language: draft.language,
            references: vec![],
            filled: draft.filled,
            digest,
        };
        let bytes = seed(&format!("message {} {}", self.post, self.drawn));
        let mut open = OpenPart {
            seed: Seed::new(*bytes.first_chunk().unwrap()),
            body: body.encode(),
            auth: vec![],
        };
        let (c_body, _) = open.commitments();
        let party = PartyIndex(self.post.0);
        let officers = [watch_officer(party), releasing_officer(party)];
        let signatures = roles.iter().zip(officers).map(|(role, officer)| {
            let statement = Statement {
                line: self.charter.line_id(),
                kind: self.charter.kind(),
                post: self.post,
                act,
                draft_id: open.seed.draft_id(),
                digest: release_digest(c_body, precedence, None),
                role: *role,
                not_after_ms: (self.t_ms / 1000 + 600) * 1000,
            };
            OfficerSignature::make(&statement, KeyId { officer, key: 0 }, &officer_signer(officer))
        });
        open.auth = Auth(signatures.collect()).encode(self.t_ms).unwrap();
        let (c_body, c_auth) = open.commitments();
        let (t_ms, seen) = (self.t_ms, self.seen());
        (MessageHeader { t_ms, seen, act, precedence, thread: None, c_body, c_auth }, open)
    }

    /// Makes a properly released warning.
    pub(super) fn warning(
        &mut self,
        rig: &Rig,
        precedence: Precedence,
    ) -> (MessageHeader, OpenPart) {
        self.message(rig, "warning", Act::Release, precedence, &[Role::Draft, Role::Release])
    }

    /// Appends a message and returns the item that carries it with its open part.
    pub(super) fn append_message(&mut self, header: MessageHeader, open: OpenPart) -> Item {
        let index = self.frontier.size();
        let _ = self.append(&Entry::Message(header.clone()));
        Item::Message(khatt_record::seal::LeanMessage { index, header, open })
    }
}

/// Signs as any post of a sample line.
pub(super) fn signer_of(post: PostIndex) -> impl PostSigner {
    SoftwareSigner::from_seed(seed(&format!("log {post}")))
}

impl Forger {
    /// Seals items into a frame with a capsule that no signed entry of the log speaks of.
    pub(super) fn bare_capsule(&self, to: PostIndex, items: &[Item]) -> Vec<u8> {
        let mut entropy = SeededEntropy::new("bare");
        let number = EpochNumber::new(12).unwrap();
        let mut epoch = SendEpoch::open(number, &mut entropy);
        let place = CapsuleContext {
            line: self.charter.line_id(),
            kind: self.charter.kind(),
            sender: self.post,
            recipient: to,
            epoch: number,
            prekey_no: 0,
        };
        let prekey = &self.charter.charter().posts[to.index()].prekey;
        let capsule = seal_capsule(epoch.secret(), &place, prekey, &mut entropy).unwrap();
        seal_capsule_frame(&mut epoch, &self.context(), &capsule, items).unwrap()
    }
}
