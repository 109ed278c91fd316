//! The lines that runs are about: drawn up and signed once for each number of parties.

use std::sync::OnceLock;

use khatt_core::{Now, line::Line, line::Output, testing};
use khatt_record::{
    Kind, PostIndex, SignedCharter,
    charter::{LineTest, Quotas},
};

use crate::disk::Disk;
use khatt_core::store::Writer;

const MOST: usize = 9;

/// A frame, from whom and to whom.
type Sent = (PostIndex, PostIndex, Vec<u8>);

/// Returns the charter of a line of so many parties.
pub(super) fn charter(parties: u8) -> SignedCharter {
    static CHARTERS: [OnceLock<SignedCharter>; MOST] = [const { OnceLock::new() }; MOST];
    let held = CHARTERS[usize::from(parties)].get_or_init(|| drawn_up(parties, Kind::Rehearsal));
    held.clone()
}

fn drawn_up(parties: u8, kind: Kind) -> SignedCharter {
    let mut charter = testing::sample_charter(parties);
    charter.kind = kind;
    charter.line_test = LineTest { interval_s: 1200, answer_s: 300 };
    charter.quotas = Quotas {
        entry_bytes: 16_384,
        entries_per_day: 6_000,
        bytes_per_day: 16 << 20,
        flash_per_hour: 200,
    };
    testing::sign_charter(charter)
}

/// Returns frames from one post to another of a drill between the same parties, with the same keys.
pub(super) fn drill_frames(parties: u8, from: PostIndex, to: PostIndex) -> Vec<Vec<u8>> {
    static FRAMES: [OnceLock<Vec<Sent>>; MOST] = [const { OnceLock::new() }; MOST];
    let frames = FRAMES[usize::from(parties)].get_or_init(|| drill(parties));
    let of_way = frames.iter().filter(|(a, b, _)| (*a, *b) == (from, to));
    of_way.map(|(_, _, bytes)| bytes.clone()).collect()
}

/// Plays a drill and keeps what went over the wire.
fn drill(parties: u8) -> Vec<Sent> {
    use khatt_core::line::{Input, Route};
    let charter = drawn_up(parties, Kind::Drill);
    let line = charter.line_id();
    let now = Now { wall_ms: crate::post::BEGINS_MS, mono_ms: 1_000 };
    let posts: Vec<PostIndex> = (0..parties).map(PostIndex).collect();
    let mut disks: Vec<Disk> = posts.iter().map(|_| Disk::default()).collect();
    let mut lines: Vec<Line> = Vec::new();
    for post in &posts {
        let store = khatt_core::store::memory::MemoryStore::new();
        let mut parts = testing::sample_parts(*post, &store, "drill");
        parts.reader = Box::new(disks[post.index()].clone());
        let line = Line::open(charter.clone(), *post, parts, now);
        lines.push(line.expect("a line that was just drawn up opens"));
    }
    let mut sent = Vec::new();
    let mut due: Vec<(PostIndex, Input)> = Vec::new();
    for a in &posts {
        for b in posts.iter().filter(|b| *b != a) {
            due.push((*a, Input::Connected { peer: *b, route: Route::Direct }));
        }
    }
    while let Some((post, input)) = due.pop() {
        let engine = &mut lines[post.index()];
        engine.handle(now, input);
        loop {
            match engine.poll() {
                Output::Commit { token, batch } => {
                    let stored = disks[post.index()].commit(line, &batch);
                    stored.expect("a disk with room takes a batch");
                    engine.handle(now, Input::Committed(token));
                }
                Output::Send { peer, route, bytes } => {
                    sent.push((post, peer, bytes.clone()));
                    due.insert(0, (peer, Input::Frame { peer: post, route, bytes }));
                }
                Output::WaitUntil(_) => break,
                _ => {}
            }
        }
        if sent.len() > 200 {
            break;
        }
    }
    sent
}
