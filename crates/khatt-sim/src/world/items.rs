//! What the plan has in store, carried out.

use khatt_record::{EntryId, PostIndex};

use super::{Happening, World, start};
use crate::{
    byzantine::Forger,
    net::{Parcel, Weather},
    officers::Task,
    plan::What,
    post::Armed,
};

/// A cut that lasts so long ends the connection.
const SILENT_MS: u64 = 12_000;
/// A power cut waits so long for its commit.
const ARMED_MS: u64 = 180_000;

impl World {
    pub(super) fn item(&mut self, number: usize) {
        let what = self.plan.item[number].what.clone();
        self.trace.row(self.now_ms, || format!("item {number}: {what:?}"));
        // A power cut counts when it comes.
        if let Some(fault) = what.fault().filter(|fault| *fault != "crash") {
            self.tally.fault(fault);
        }
        let now_ms = self.now_ms;
        match what {
            What::Message { post, .. } => self.task(PostIndex(post), Task::Message(number)),
            What::TestLine { post } => self.task(PostIndex(post), Task::TestLine),
            What::Crash { post, point, batch, down_ms } => {
                let until_ms = now_ms + ARMED_MS;
                let state = &mut self.posts[usize::from(post)];
                if state.hostile.is_none() {
                    state.armed = Some(Armed { point, batch, down_ms, until_ms });
                }
            }
            What::Cut { from, to, ms } => {
                let way = (PostIndex(from), PostIndex(to));
                self.watch.disturbed(way);
                self.net.cut(way, now_ms + ms);
                self.at(now_ms + SILENT_MS, Happening::Silence(way));
                let open_ms = self.net.cut_until(way);
                let after_ms = self.draw.between(100, 4_000);
                self.at(open_ms + after_ms, Happening::Connect(way.0, way.1));
            }
            What::Weather { from, to, ms, loss, twice, late, altered, bits_per_s } => {
                let way = (PostIndex(from), PostIndex(to));
                self.watch.disturbed(way);
                self.watch.weather(way, twice, altered);
                let weather = Weather { loss, twice, late, altered, bits_per_s };
                self.net.set_weather(way, weather, now_ms + ms);
            }
            What::Replay { from, to, count } => {
                let way = (PostIndex(from), PostIndex(to));
                self.watch.weather(way, 1, 0);
                for (step, parcel) in (1..).zip(self.net.again(way, count)) {
                    self.at(now_ms + step * 50, Happening::Frame(parcel));
                }
            }
            What::Noise { from, to, count } => self.noise(PostIndex(from), PostIndex(to), count),
            What::OtherLine { from, to } => {
                let way = (PostIndex(from), PostIndex(to));
                self.watch.other_line(way);
                let frames = start::drill_frames(self.plan.parties, way.0, way.1);
                self.inject(way, frames.into_iter().take(20));
            }
            What::ClockStep { post, ms } => {
                self.watch.stepped(PostIndex(post));
                self.posts[usize::from(post)].clock.offset_ms += ms;
            }
            What::DiskFull { post, ms } => {
                let state = &mut self.posts[usize::from(post)];
                state.disk.set_full(true);
                state.full_until_ms = state.full_until_ms.max(now_ms + ms);
                self.watch.full(PostIndex(post));
                self.at(now_ms + ms, Happening::Room(PostIndex(post)));
            }
            What::DiskSlow { post, ms, sync_ms } => {
                let state = &mut self.posts[usize::from(post)];
                state.slow_until_ms = now_ms + ms;
                state.slow_sync_ms = sync_ms;
            }
            What::Rot { post, log, entry } => self.rot(PostIndex(post), PostIndex(log), entry),
            What::Backup { post } => {
                let state = &mut self.posts[usize::from(post)];
                state.backup = Some(state.disk.copy());
            }
            What::Restore { post, down_ms } => self.restore(PostIndex(post), down_ms),
            What::TakeOver { post } => self.take_over(PostIndex(post)),
            What::Deed { post, deed, to } => {
                let (post, to) = (PostIndex(post), PostIndex(to));
                let now = self.now_of(post);
                let Some(mut forger) = self.posts[post.index()].hostile.take() else {
                    return;
                };
                let targets = self.all_posts();
                let frames = forger.deed(deed, to, &targets, now);
                for (to, entry) in std::mem::take(&mut forger.unreleased) {
                    self.watch.unreleased(to, entry);
                }
                self.posts[post.index()].hostile = Some(forger);
                for (to, bytes) in frames {
                    self.inject((post, to), std::iter::once(bytes));
                }
            }
        }
    }

    /// Puts bytes on a way that no engine sent, as they are.
    fn inject(&mut self, way: (PostIndex, PostIndex), frames: impl Iterator<Item = Vec<u8>>) {
        let Some(connection) = self.net.connection((way.1, way.0)) else {
            return;
        };
        for (step, bytes) in (1..).zip(frames) {
            let parcel = Parcel { way, connection, bytes };
            self.at(self.now_ms + step, Happening::Frame(parcel));
        }
    }

    fn noise(&mut self, from: PostIndex, to: PostIndex, count: u64) {
        self.watch.weather((from, to), 0, 1);
        let mut frames = Vec::new();
        for _ in 0..count {
            let len = self.draw.below(600);
            let mut bytes: Vec<u8> = (0..len).map(|_| self.draw.next().to_le_bytes()[0]).collect();
            if self.draw.chance(500)
                && let Some(first) = bytes.first_mut()
            {
                // As far as a header can be right.
                *first = 0x01 + u8::from(self.draw.chance(500));
            }
            frames.push(bytes);
        }
        self.inject((from, to), frames.into_iter());
    }

    fn rot(&mut self, post: PostIndex, log: PostIndex, entry: u64) {
        let state = &self.posts[post.index()];
        let size = state.disk.durable(self.line, log);
        if let Some(index) = entry.checked_rem(size)
            && state.disk.rot(self.line, EntryId { log, index })
        {
            self.watch.rotted(post);
            let after_ms = self.draw.between(1_000, 300_000);
            let start = state.start;
            self.at(self.now_ms + after_ms, Happening::Scrub(post, start));
        }
    }

    fn restore(&mut self, post: PostIndex, down_ms: u64) {
        let state = &mut self.posts[post.index()];
        if state.hostile.is_some() {
            return;
        }
        let Some(backup) = state.backup.take() else {
            return;
        };
        state.disk.restore(&backup);
        state.power_off();
        let start = state.start;
        self.watch.restored(post);
        self.gone(post);
        self.at(self.now_ms + down_ms, Happening::Start(post, start));
    }

    fn take_over(&mut self, post: PostIndex) {
        let state = &mut self.posts[post.index()];
        // What was on its way to the disk is not the program's.
        state.disk.cut_power(None, &mut self.draw);
        state.power_off();
        state.disk.mend();
        if state.disk.open().is_err() {
            return;
        }
        self.watch.taken_over(post);
        let (line, now) = (self.line, self.now_of(post));
        let state = &mut self.posts[post.index()];
        let forger = Forger::take_over(&self.charter, post, &state.disk, line, now, self.plan.seed);
        state.hostile = forger.map(Box::new);
        self.gone(post);
        self.connect_all(3_000);
    }
}
