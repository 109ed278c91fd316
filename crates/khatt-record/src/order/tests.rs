use std::collections::BTreeSet;

use super::*;
use crate::entry::SeenLog;

/// A small generator, so that every run is the same (Steele and others, SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

struct Line {
    parties: Vec<PartyIndex>,
    logs: Vec<Vec<Node>>,
    /// What each post holds of each log.
    held: Vec<Vec<u64>>,
    skew: Vec<u64>,
}

impl Line {
    fn new(random: &mut Random) -> Self {
        let posts = 2 + random.below(4) as usize;
        let parties = (0..posts as u8).map(|post| PartyIndex(post / 2)).collect();
        let skew = (0..posts).map(|_| random.below(50)).collect();
        Self { parties, logs: vec![vec![]; posts], held: vec![vec![0; posts]; posts], skew }
    }

    fn append(&mut self, post: usize, t_ms: u64) {
        let own = PostIndex(post as u8);
        let mut seen = Seen::none(self.logs.len(), own);
        for (other, held) in self.held[post].iter().enumerate() {
            seen.set(PostIndex(other as u8), SeenLog::prefix(*held));
        }
        let index = self.logs[post].len() as u64;
        self.logs[post].push(Node { id: EntryId { log: own, index }, t_ms, seen });
        self.held[post][post] = index + 1;
    }

    /// One post takes over a part of what another holds, of all logs, so that causes come first.
    fn carry(&mut self, random: &mut Random) {
        let posts = self.logs.len() as u64;
        let (from, to) = (random.below(posts) as usize, random.below(posts) as usize);
        if random.below(3) == 0 {
            // Only what the sender wrote itself: relayed logs come later.
            self.held[to][from] = self.held[to][from].max(self.held[from][from]);
        } else {
            for log in 0..self.logs.len() {
                self.held[to][log] = self.held[to][log].max(self.held[from][log]);
            }
        }
    }

    fn nodes(&self, held: &[u64]) -> Vec<Node> {
        let logs = self.logs.iter().zip(held);
        logs.flat_map(|(log, count)| log[..*count as usize].to_vec()).collect()
    }
}

fn relative(order: &[EntryId], among: &BTreeSet<EntryId>) -> Vec<EntryId> {
    order.iter().copied().filter(|id| among.contains(id)).collect()
}

#[test]
fn adding_entries_never_reorders_old_ones_and_settled_prefixes_are_final() {
    let mut settled_seen = 0;
    for seed in 0..500 {
        let random = &mut Random(seed);
        let mut line = Line::new(random);
        let posts = line.logs.len();
        // What each post showed last, and which of it was settled.
        let mut shown: Vec<Order> = vec![Order::default(); posts];
        let mut cut_off = usize::MAX;
        for step in 0..60 {
            if random.below(20) == 0 {
                cut_off = random.below(posts as u64 + 3) as usize;
            }
            let post = random.below(posts as u64) as usize;
            let lie = if random.below(5) == 0 { random.below(1000) } else { 0 };
            line.append(post, step * 10 + line.skew[post] + lie);
            let before = line.held.clone();
            line.carry(random);
            if cut_off < posts {
                line.held[cut_off] = before[cut_off].clone();
            }
            let viewer = random.below(posts as u64) as usize;
            let nodes = line.nodes(&line.held[viewer]);
            let now = order(&line.parties, &[], &nodes);
            let old = &shown[viewer];
            let among: BTreeSet<_> = old.shown.iter().copied().collect();
            assert_eq!(relative(&now.shown, &among), old.shown, "seed {seed}, step {step}");
            assert_eq!(now.shown[..old.settled], old.shown[..old.settled], "seed {seed}");
            assert!(now.settled >= old.settled, "seed {seed}");
            settled_seen += usize::from(now.settled > 0);
            shown[viewer] = now;
        }
        // At the end everybody holds everything and shows one and the same order.
        let all: Vec<u64> = line.logs.iter().map(|log| log.len() as u64).collect();
        let last = order(&line.parties, &[], &line.nodes(&all));
        assert_eq!(last.shown.len(), 60, "seed {seed}");
        for old in &shown {
            assert_eq!(last.shown[..old.settled], old.shown[..old.settled], "seed {seed}");
        }
        check_causes(&line, &last.shown);
        check_resume(&line, &last);
    }
    assert!(settled_seen > 1000, "the runs settled too little to show anything: {settled_seen}");
}

fn check_causes(line: &Line, shown: &[EntryId]) {
    let mut place = vec![vec![0; 200]; line.logs.len()];
    for (at, id) in shown.iter().enumerate() {
        place[id.log.index()][id.index as usize] = at;
    }
    for node in line.logs.iter().flatten() {
        let at = place[node.id.log.index()][node.id.index as usize];
        for (log, held) in node.seen.iter() {
            assert!((0..held.prefix).all(|index| place[log.index()][index as usize] < at));
        }
    }
}

fn check_resume(line: &Line, whole: &Order) {
    let mut counts = vec![0; line.logs.len()];
    for id in &whole.shown[..whole.settled] {
        counts[id.log.index()] += 1;
    }
    let all: Vec<u64> = line.logs.iter().map(|log| log.len() as u64).collect();
    let rest: Vec<Node> = line
        .nodes(&all)
        .into_iter()
        .filter(|node| node.id.index >= counts[node.id.log.index()])
        .collect();
    let order = order(&line.parties, &counts, &rest);
    assert_eq!(order.shown, whole.shown[whole.settled..]);
}

fn node(log: u8, index: u64, t_ms: u64, seen_other: u64) -> Node {
    let mut seen = Seen::none(2, PostIndex(log));
    seen.set(PostIndex(1 - log), SeenLog::prefix(seen_other));
    Node { id: EntryId { log: PostIndex(log), index }, t_ms, seen }
}

const TWO: [PartyIndex; 2] = [PartyIndex(0), PartyIndex(1)];

#[test]
fn concurrent_entries_go_by_claimed_time_then_party() {
    let nodes = [node(0, 0, 9, 0), node(1, 0, 5, 0), node(1, 1, 9, 0)];
    let ids = |order: &Order| order.shown.iter().map(EntryId::to_string).collect::<Vec<_>>();
    assert_eq!(ids(&order(&TWO, &[], &nodes)), ["1/0", "0/0", "1/1"]);
    assert!(concurrent(&nodes[0], &nodes[1]));
    assert!(!concurrent(&nodes[1], &nodes[2]));
    assert!(!concurrent(&nodes[0], &node(1, 1, 0, 1)));
}

#[test]
fn an_answer_follows_its_cause_whatever_the_clocks_say() {
    let nodes = [node(0, 0, 1000, 0), node(1, 0, 1, 1)];
    let order = order(&TWO, &[], &nodes);
    assert_eq!(order.shown, [nodes[0].id, nodes[1].id]);
    assert_eq!(order.settled, 1, "South has passed North's entry, North has not passed South's");
}

#[test]
fn an_entry_whose_causes_are_missing_waits() {
    let nodes = [node(1, 0, 1, 3), node(1, 1, 2, 3)];
    let order = order(&TWO, &[], &nodes);
    assert_eq!(order.shown, []);
    assert_eq!(order.waiting, [nodes[0].id, nodes[1].id]);
}

#[test]
fn a_later_view_that_claims_less_gains_no_earlier_place() {
    let nodes = [node(0, 0, 50, 0), node(1, 0, 60, 1), node(1, 1, 0, 0), node(0, 1, 70, 0)];
    let order = order(&TWO, &[], &nodes);
    assert_eq!(order.shown, [nodes[0].id, nodes[1].id, nodes[2].id, nodes[3].id]);
}

#[test]
fn a_merge_asks_for_what_it_needs_and_refuses_what_is_not_next() {
    let mut merge = Merge::new(&TWO);
    assert_eq!(merge.step(), Step::Wants(PostIndex(0)));
    assert_eq!(
        merge.offer(&node(0, 1, 0, 0)),
        Err(OrderError::LocalNotNext(EntryId { log: PostIndex(0), index: 1 }))
    );
    merge.offer(&node(0, 0, 0, 0)).unwrap();
    assert_eq!(merge.step(), Step::Wants(PostIndex(1)));
    merge.end(PostIndex(1));
    assert_eq!(merge.step(), Step::Show(EntryId { log: PostIndex(0), index: 0 }));
    merge.end(PostIndex(0));
    assert_eq!(merge.step(), Step::Done);
    assert!(merge.waiting().is_empty());
}
