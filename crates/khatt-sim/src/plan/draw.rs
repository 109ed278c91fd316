//! Drawing a plan from a seed.

use super::{BatchKind, Choice, Deed, Ending, Item, LinkPlan, Plan, Point, PostPlan, What};
use crate::draw::Draw;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
/// How long nothing goes wrong at the end.
const CALM_MS: u64 = 80 * MINUTE;
/// Messages and faults of one hour.
const MESSAGES: u64 = 40;
const FAULTS: u64 = 16;
/// Whether old backups are put back. The engine signs before it has heard every peer, so that a post
/// that was put back can fork itself; until it waits (`docs/decisions/0013-rolled-back.md`), only
/// plans from files have that.
const RESTORES: bool = false;
/// What power cuts wait for; those for proofs come with a hostile program.
const KINDS: [BatchKind; 5] =
    [BatchKind::Message, BatchKind::Receipt, BatchKind::Peers, BatchKind::Keys, BatchKind::State];
/// How a link is in good times: slow radio, a satellite, an old line, a good one.
const LINKS: [(u64, u64); 5] =
    [(900, 2_400), (600, 64_000), (80, 9_600), (20, 10_000_000), (2, 100_000_000)];

impl Plan {
    /// Draws the plan of a seed.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let mut draw = Draw::of(seed, "plan", 0);
        let parties = *draw.pick(&[2, 2, 2, 2, 2, 3, 3, 3, 4, 5]);
        let storm_ms = *draw.pick(&[HOUR, HOUR, HOUR, 2 * HOUR]);
        let choice = |yes| if yes { Choice::Yes } else { Choice::No };
        let mut plan = Self {
            seed,
            parties,
            storm_ms,
            calm_ms: CALM_MS,
            cosigning: choice(draw.chance(200)),
            desks: choice(draw.chance(60)),
            posts: (0..parties).map(|_| post(&mut draw)).collect(),
            links: links(&mut draw, parties),
            item: Vec::new(),
        };
        let mut drawn = Drawn { draw, parties, storm_ms, items: Vec::new(), hostile: None };
        drawn.messages();
        drawn.faults();
        drawn.items.sort_by_key(|item| item.at_ms);
        plan.item = drawn.items;
        plan
    }
}

fn post(draw: &mut Draw) -> PostPlan {
    let signed = |magnitude: u64, minus: bool| {
        let value = i64::try_from(magnitude).unwrap_or(0);
        if minus { -value } else { value }
    };
    PostPlan {
        drift_ppm: signed(draw.below(200), draw.chance(500)),
        offset_ms: signed(draw.below(3_000), draw.chance(500)),
        sync_ms: *draw.pick(&[1, 2, 8, 40]),
        officers_ms: *draw.pick(&[5_000, 30_000, 120_000]),
        refuses: *draw.pick(&[0, 0, 50, 400]),
    }
}

fn links(draw: &mut Draw, parties: u8) -> Vec<LinkPlan> {
    let mut links = Vec::new();
    for a in 0..parties {
        for b in a + 1..parties {
            let (delay_ms, bits_per_s) = *draw.pick(&LINKS);
            links.push(LinkPlan { a, b, delay_ms, bits_per_s });
        }
    }
    links
}

/// A plan while it is drawn.
struct Drawn {
    draw: Draw,
    parties: u8,
    storm_ms: u64,
    items: Vec<Item>,
    hostile: Option<u8>,
}

impl Drawn {
    fn post(&mut self) -> u8 {
        u8::try_from(self.draw.below(self.parties.into())).unwrap_or(0)
    }

    fn pair(&mut self) -> (u8, u8) {
        let from = self.post();
        let step = self.draw.between(1, u64::from(self.parties) - 1);
        let to = (u64::from(from) + step) % u64::from(self.parties);
        (from, u8::try_from(to).unwrap_or(0))
    }

    fn at(&mut self) -> u64 {
        self.draw.below(self.storm_ms)
    }

    fn add(&mut self, at_ms: u64, what: What) {
        self.items.push(Item { at_ms: at_ms.min(self.storm_ms - 1), what });
    }

    fn messages(&mut self) {
        let count = self.draw.between(MESSAGES * 3 / 4, MESSAGES * 3 / 2) * self.storm_ms / HOUR;
        for _ in 0..count {
            let ending = match self.draw.below(40) {
                0 => Ending::Returned,
                1 => Ending::Left,
                2 => Ending::Mistyped,
                3 => Ending::Twice,
                4 => Ending::Alone,
                _ => Ending::Released,
            };
            let precedence = *self.draw.pick(&[0, 1, 2, 3, 4, 4, 4, 4]);
            let refers = *self.draw.pick(&[0, 0, 1, 1, 2]);
            let (at, post, form) = (self.at(), self.post(), self.draw.below(1000));
            self.add(at, What::Message { post, form, precedence, refers, ending });
        }
        for _ in 0..self.storm_ms / HOUR {
            let (at, post) = (self.at(), self.post());
            self.add(at, What::TestLine { post });
        }
    }

    fn faults(&mut self) {
        if self.draw.chance(300) {
            self.take_over();
        }
        let count = self.draw.between(FAULTS * 3 / 4, FAULTS * 5 / 4) * self.storm_ms / HOUR;
        for _ in 0..count {
            let at = self.at();
            let (from, to) = self.pair();
            let ms = self.draw.about(4 * MINUTE);
            let what = match self.draw.below(100) {
                0..26 => self.crash(from),
                26..42 => What::Cut { from, to, ms },
                42..64 => self.weather(from, to, ms),
                64..68 => What::Replay { from, to, count: self.draw.between(1, 40) },
                68..71 => What::Noise { from, to, count: self.draw.between(1, 20) },
                71..74 => What::OtherLine { from, to },
                74..82 => self.clock_step(from),
                82..88 => What::DiskFull { post: from, ms: ms / 2 },
                88..93 => {
                    let sync_ms = self.draw.between(100, 8_000);
                    What::DiskSlow { post: from, ms, sync_ms }
                }
                93..96 => What::Rot { post: from, log: to, entry: self.draw.below(1000) },
                _ if !RESTORES => self.crash(from),
                _ => self.restore(at, from),
            };
            // Both ways, most often.
            if let What::Cut { from, to, ms } = what
                && self.draw.chance(600)
            {
                self.add(at, What::Cut { from: to, to: from, ms });
            }
            // Keys are made when a post starts for the first time, and seldom after.
            let first = matches!(what, What::Crash { batch: BatchKind::Keys, .. });
            self.add(if first { 0 } else { at }, what);
        }
    }

    fn crash(&mut self, post: u8) -> What {
        let point = *self.draw.pick(&Point::ALL);
        let batch = *self.draw.pick(&KINDS);
        What::Crash { post, point, batch, down_ms: self.draw.about(90_000) }
    }

    fn weather(&mut self, from: u8, to: u8, ms: u64) -> What {
        let mut some = |most: u64| if self.draw.chance(500) { self.draw.below(most) } else { 0 };
        let (loss, twice, late) = (some(400), some(200), some(300));
        let altered = some(100);
        let bits_per_s = *self.draw.pick(&[0, 0, 2_400, 300]);
        What::Weather { from, to, ms, loss, twice, late, altered, bits_per_s }
    }

    fn clock_step(&mut self, post: u8) -> What {
        let ms = *self.draw.pick(&[400, 3_000, 60_000, 400_000, 5_000_000]);
        let ms = i64::try_from(self.draw.between(ms / 2, ms)).unwrap_or(0);
        What::ClockStep { post, ms: if self.draw.chance(500) { -ms } else { ms } }
    }

    fn restore(&mut self, at: u64, post: u8) -> What {
        let before_ms = self.draw.about(15 * MINUTE);
        self.add(at.saturating_sub(before_ms), What::Backup { post });
        What::Restore { post, down_ms: self.draw.about(60_000) }
    }

    fn take_over(&mut self) {
        let post = self.post();
        self.hostile = Some(post);
        let begin = self.draw.between(self.storm_ms / 10, self.storm_ms / 2);
        self.add(begin, What::TakeOver { post });
        if self.draw.chance(500) {
            // Whoever keeps the proof of a fork first loses its power while it does.
            let step = self.draw.between(1, u64::from(self.parties) - 1);
            let victim = (u64::from(post) + step) % u64::from(self.parties);
            let victim = u8::try_from(victim).unwrap_or(0);
            let (point, down_ms) = (*self.draw.pick(&Point::ALL), self.draw.about(60_000));
            self.add(begin, What::Crash { post: victim, point, batch: BatchKind::Proof, down_ms });
            let deed = *self.draw.pick(&[Deed::Fork, Deed::ForkAhead]);
            let at = self.draw.between(begin + 1, self.storm_ms - 1);
            self.add(at, What::Deed { post, deed, to: victim });
        }
        for _ in 0..self.draw.between(6, 24) {
            let deed = *self.draw.pick(&Deed::ALL);
            let step = self.draw.between(1, u64::from(self.parties) - 1);
            let to = (u64::from(post) + step) % u64::from(self.parties);
            let at = self.draw.between(begin + 1, self.storm_ms - 1);
            self.add(at, What::Deed { post, deed, to: u8::try_from(to).unwrap_or(0) });
        }
    }
}
