//! What a hostile program does, deed by deed.

use khatt_core::Now;
use khatt_forms::{Reference, Relation};
use khatt_record::{
    Entry, EntryId, Hash, PostIndex, Precedence,
    checkpoint::{Checkpoint, SignedCheckpoint},
    entry::{Act, Receipt, Refusal, RefusalReason, SeenLog},
    fork::ForkProof,
    merkle::Frontier,
    seal::{EpochNumber, Item, SendEpoch, Standing, seal_capsule, seal_capsule_frame, seal_frame},
    statement::Role,
};

use khatt_core::testing;

use super::{Forger, Keys, Made, Rendering, Sent};
use crate::plan::Deed;

/// How many of something are without end.
const MANY: u64 = 60;

impl Forger {
    /// Does something to one post, or to all; returns the frames that do it.
    pub(crate) fn deed(
        &mut self,
        deed: Deed,
        to: PostIndex,
        posts: &[PostIndex],
        now: Now,
    ) -> Vec<Sent> {
        self.now = now;
        match deed {
            Deed::Fork => self.fork(to, posts),
            Deed::Message => self.say(to, "warning", Made::default()),
            Deed::FlashAhead => self.flash_ahead(to),
            Deed::ForkAhead => {
                // Another history from here on, in which the FLASH has no place.
                let mut other = self.history(to).clone();
                let mut frames = self.flash_ahead(to);
                let post = self.post;
                for _ in 0..5 {
                    let entry = self.filler(other.seen.clone());
                    let _ = other.append(post, &entry);
                }
                self.told.insert(to, other);
                frames.extend(self.tell(to));
                frames
            }
            Deed::LargeHave => {
                let have = Standing { log: to, size: 1 << 40, root: [7; 8] };
                self.items(to, &[Item::Have(vec![have])])
            }
            Deed::ShortHave => {
                let have = Standing { log: self.post, size: 1, root: [7; 8] };
                self.items(to, &[Item::Have(vec![have])])
            }
            Deed::FalseSize => self.receipt(to, to, 1 << 40),
            Deed::FalseRoot => self.receipt(to, to, 3),
            Deed::OtherReceipt => self.receipt_of_another(to, posts),
            Deed::Unreleased => {
                self.say(to, "warning", Made { act: Act::Service, roles: &[], ..Made::default() })
            }
            Deed::OneOfficer => {
                let roles = &[Role::Draft];
                self.say(to, "warning", Made { roles, ..Made::default() })
            }
            Deed::ForgedOfficer => {
                self.say(to, "warning", Made { keys: Keys::Forged, ..Made::default() })
            }
            Deed::OtherRendering => {
                self.say(to, "warning", Made { rendering: Rendering::Other, ..Made::default() })
            }
            Deed::Unopenable => self.unopenable(to),
            Deed::Malformed => {
                let post = self.post;
                let leaf: Vec<u8> = (0..self.draw.between(1, 300)).map(|at| at as u8).collect();
                let _ = self.history(to).append_leaf(post, leaf);
                self.tell(to)
            }
            Deed::OtherKey => self.other_key(to),
            Deed::OldEpoch => self.old_epoch(to),
            Deed::CapsuleFlood => self.capsules(to),
            Deed::WantFlood => self.wants(to, posts),
            Deed::Flood => {
                let mut frames = Vec::new();
                for _ in 0..MANY / 4 {
                    frames = self.say(to, "warning", Made::default());
                }
                frames
            }
            Deed::TestFlood => {
                let made = Made { act: Act::Service, roles: &[], ..Made::default() };
                let mut frames = Vec::new();
                for _ in 0..MANY / 2 {
                    frames = self.say(to, "line-test", made);
                }
                frames
            }
            Deed::ForgedProof => self.forged_proof(to, posts),
            Deed::OtherLog => self.other_log(to, posts),
            Deed::RandomItems => self.random_items(to),
            Deed::FalseAcknowledgement => {
                let refers =
                    Reference { relation: Relation::Acknowledges, log: to.0, index: 900_000 };
                let roles = &[Role::Acknowledge];
                let act = Act::Acknowledge;
                let refers = Some(refers);
                self.say(to, "acknowledge", Made { act, roles, refers, ..Made::default() })
            }
            Deed::FarFuture => {
                let t_ms = Some(now.wall_ms + (1 << 40));
                self.say(to, "warning", Made { t_ms, ..Made::default() })
            }
            Deed::SeenLess => {
                let (posts, own) = (self.charter.post_count(), self.post);
                self.history(to).seen = khatt_record::entry::Seen::none(posts, own);
                let _ = self.append_filler(to);
                self.tell(to)
            }
        }
    }

    fn say(&mut self, to: PostIndex, form: &str, made: Made<'_>) -> Vec<Sent> {
        let seen = self.history(to).seen.clone();
        let Some((header, open)) = self.message(seen, form, &made) else {
            return Vec::new();
        };
        let index = self.history(to).frontier.size();
        let few = match made.act {
            Act::Release | Act::Disclose | Act::Erase => made.roles.len() < 2,
            Act::Acknowledge => made.roles.is_empty(),
            Act::Service => form != "line-test",
        };
        if few || made.keys == Keys::Forged {
            self.unreleased.push((to, EntryId { log: self.post, index }));
        }
        let _ = self.history(to).append_message(header, open);
        self.tell(to)
    }

    /// One history for this post, another one for all others.
    fn fork(&mut self, to: PostIndex, posts: &[PostIndex]) -> Vec<Sent> {
        let mut other = self.history(to).clone();
        let _ = self.append_filler(to);
        let mut frames = Vec::new();
        let post = self.post;
        let entry = self.filler(other.seen.clone());
        let _ = other.append(post, &entry);
        if posts.len() == 2 {
            // To the same one: first this, then that.
            frames.extend(self.tell(to));
            let (size, root) = (other.frontier.size(), other.frontier.root());
            let signature = self.signature(post, size, root);
            let item = Item::CheckpointFull { log: post, size, root, signature };
            frames.extend(self.frame(to, &[item]));
            return frames;
        }
        self.told.insert(to, other);
        for one in posts.iter().filter(|one| **one != post) {
            frames.extend(self.tell(*one));
        }
        frames
    }

    /// A FLASH with its proof, and not the entries before it.
    fn flash_ahead(&mut self, to: PostIndex) -> Vec<Sent> {
        for _ in 0..3 {
            let _ = self.append_filler(to);
        }
        let seen = self.history(to).seen.clone();
        let made = Made { precedence: Precedence::Flash, ..Made::default() };
        let Some((header, open)) = self.message(seen, "warning", &made) else {
            return Vec::new();
        };
        let index = self.history(to).frontier.size();
        let message = self.history(to).append_message(header, open);
        let hashes = self.history(to).frontier.last_leaf_proof();
        let proof = Item::Proof { log: self.post, index, size: index + 1, hashes };
        let history = self.history(to).clone();
        let signed = self.signed(&history);
        self.items(to, &[message, proof, signed])
    }

    fn receipt(&mut self, to: PostIndex, log: PostIndex, size: u64) -> Vec<Sent> {
        let post = self.post;
        let t_ms = self.now.wall_ms;
        let mut seen = self.history(to).seen.clone();
        seen.set(log, SeenLog::prefix(size));
        let root = Hash([0x66; 32]);
        let entry = Entry::Receipt(Receipt { t_ms, seen, log, size, root });
        let _ = self.history(to).append(post, &entry);
        self.tell(to)
    }

    /// A receipt, and a refusal, that speak of a third post's log or of nothing.
    fn receipt_of_another(&mut self, to: PostIndex, posts: &[PostIndex]) -> Vec<Sent> {
        let third = posts.iter().find(|post| **post != to && **post != self.post);
        let log = third.copied().unwrap_or(to);
        let post = self.post;
        let (t_ms, seen) = (self.now.wall_ms, self.history(to).seen.clone());
        let entry = EntryId { log: to, index: 1 << 33 };
        let reason = RefusalReason::OVER_QUOTA;
        let refusal = Entry::Refusal(Refusal { t_ms, seen, entry, reason });
        let _ = self.history(to).append(post, &refusal);
        self.receipt(to, log, 2)
    }

    fn unopenable(&mut self, to: PostIndex) -> Vec<Sent> {
        let seen = self.history(to).seen.clone();
        let Some((header, _)) = self.message(seen, "warning", &Made::default()) else {
            return Vec::new();
        };
        let post = self.post;
        let _ = self.history(to).append(post, &Entry::Message(header));
        self.tell(to)
    }

    fn other_key(&mut self, to: PostIndex) -> Vec<Sent> {
        let post = self.post;
        let mut other = self.history(to).clone();
        let entry = self.filler(other.seen.clone());
        let leaf = other.append(post, &entry);
        let size = other.frontier.size();
        let item = Item::Sig { log: post, size, signature: [0x11; 64] };
        self.items(to, &[leaf, item])
    }

    fn old_epoch(&mut self, to: PostIndex) -> Vec<Sent> {
        let Some(number) = EpochNumber::new(1) else {
            return Vec::new();
        };
        let mut epoch = SendEpoch::open(number, &mut testing::SeededEntropy::new("old"));
        let context = self.context();
        let have = Standing { log: to, size: 0, root: [0; 8] };
        let sealed = seal_frame(&mut epoch, &context, &[Item::Have(vec![have])]);
        sealed.ok().map(|bytes| (to, bytes)).into_iter().collect()
    }

    /// Capsules that no signed entry speaks of: each costs the receiver a decapsulation.
    fn capsules(&mut self, to: PostIndex) -> Vec<Sent> {
        let mut frames = Vec::new();
        let prekey = self.charter.post(to).map(|post| post.prekey.clone()).unwrap_or_default();
        let mut entropy = testing::SeededEntropy::new("bare");
        for number in 0..8 {
            let Some(number) = EpochNumber::new(70_000 + number) else {
                continue;
            };
            let mut epoch = SendEpoch::open(number, &mut entropy);
            let place = self.capsule_place(to, number);
            let capsule = seal_capsule(epoch.secret(), &place, &prekey, &mut entropy);
            let have = Standing { log: to, size: 0, root: [0; 8] };
            let items = [Item::Have(vec![have])];
            let Ok(capsule) = capsule else { continue };
            if let Ok(bytes) = seal_capsule_frame(&mut epoch, &self.context(), &capsule, &items) {
                frames.push((to, bytes));
            }
        }
        frames
    }

    fn wants(&mut self, to: PostIndex, posts: &[PostIndex]) -> Vec<Sent> {
        let mut items = Vec::new();
        for number in 0..MANY {
            let log = *self.draw.pick(posts);
            let from = self.draw.below(40);
            items.push(Item::Want {
                log,
                from,
                to: if number % 3 == 0 { from } else { u64::MAX >> 1 },
            });
            items.push(Item::Reject { log: to, index: from, code: number % 4 });
        }
        self.items(to, &items)
    }

    fn forged_proof(&mut self, to: PostIndex, posts: &[PostIndex]) -> Vec<Sent> {
        let mut items = Vec::new();
        for log in posts.iter().filter(|log| **log != self.post) {
            let Some(origin) = self.charter.origin(*log) else {
                continue;
            };
            let mut frontier = Frontier::new();
            let mut signed = |mark: u8| {
                frontier.append(Hash([mark; 32]));
                let checkpoint =
                    Checkpoint { origin: origin.clone(), size: 5, root: frontier.root() };
                let signature = self.signature(*log, 5, checkpoint.root);
                SignedCheckpoint { checkpoint, signature }
            };
            let (a, b) = (signed(1), signed(2));
            items.push(Item::Evidence(ForkProof::SameSize { log: *log, a, b }.encode()));
        }
        self.items(to, &items)
    }

    /// Entries and signatures in a third post's name, or the receiver's own.
    fn other_log(&mut self, to: PostIndex, posts: &[PostIndex]) -> Vec<Sent> {
        let log = *self.draw.pick(posts);
        // Where the log ended when its own post last looked, or a little beyond.
        let held = self.main.seen.of(log).map_or(0, |held| held.prefix);
        let index = held + self.draw.below(4);
        let leaf = vec![0x80];
        let signature = self.signature(log, index + 1, Hash([3; 32]));
        let items = [
            Item::Leaf { log, index, leaf },
            Item::Sig { log, size: index + 1, signature },
            Item::CheckpointFull { log, size: index + 1, root: Hash([3; 32]), signature },
        ];
        self.items(to, &items)
    }

    fn random_items(&mut self, to: PostIndex) -> Vec<Sent> {
        let mut items = Vec::new();
        for _ in 0..MANY / 2 {
            let log = PostIndex(u8::try_from(self.draw.below(6)).unwrap_or(0));
            let number = self.draw.next() >> self.draw.between(2, 62);
            let byte = self.draw.next().to_le_bytes()[0];
            let bytes = vec![byte; usize::from(byte)];
            items.push(match self.draw.below(9) {
                0 => Item::Pad(usize::from(byte)),
                1 => Item::Leaf { log, index: number, leaf: bytes },
                2 => Item::Sig { log, size: number, signature: [byte; 64] },
                3 => Item::Have(vec![Standing { log, size: number, root: [byte; 8] }]),
                4 => Item::Want { log, from: number, to: number.saturating_add(9) },
                5 => {
                    let hashes = vec![Hash([byte; 32]); usize::from(byte % 60)];
                    Item::Proof { log, index: number, size: number.saturating_add(3), hashes }
                }
                6 => Item::Evidence(bytes),
                7 => Item::KeyOrder(bytes),
                _ => Item::Cosigned(vec![(log, number)]),
            });
        }
        // What cannot be written is left out one by one.
        let mut frames: Vec<Sent> = Vec::new();
        for item in items {
            frames
                .extend(self.items(to, &[item]).into_iter().skip(usize::from(!frames.is_empty())));
        }
        frames
    }
}
