//! A run: one line, its posts, the network between them and everything that happens, in one order.
//!
//! The next thing to happen is always the earliest; what falls on the same millisecond comes in the
//! order in which it was arranged. So a run is a function of its plan: the same plan brings about
//! the same trace to the last byte. Checkers look at every batch, frame and event as it comes.

use std::collections::BTreeMap;

use khatt_core::{
    Now,
    alarm::ChangeKind,
    line::{Act, Event, Input, Line, Output, Route, Ticket},
    store::CommitError,
    testing,
};
use khatt_record::{LineId, PostIndex, SignedCharter};

use crate::{
    Broken,
    check::Watch,
    draw::Draw,
    net::{Net, Parcel, Way},
    officers::Task,
    plan::{Choice, Plan, Point},
    post::{Armed, INBOX_MAX, InFlight, Post, kind_of},
    tally::Tally,
    trace::Trace,
};

mod items;
mod start;

/// An engine that wants to be woken more often than this in one millisecond spins.
const TICKS_MAX: u32 = 200;
/// A desk says so often that it is alive.
const DESK_EVERY_MS: u64 = 2_000;

/// Something that will happen.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    /// An item of the plan.
    Item(usize),
    /// A frame arrives.
    Frame(Parcel),
    /// A post's engine asked to be woken.
    Wake(PostIndex, u64),
    /// A batch is durable.
    Synced(PostIndex, u32),
    /// A post's machine is switched on.
    Start(PostIndex, u32),
    /// Two posts find each other.
    Connect(PostIndex, PostIndex),
    /// One side gives a connection up.
    GiveUp(Way, u64),
    /// A cut lasts: whoever is still cut gives up.
    Silence(Way),
    /// An officer does something.
    Task(PostIndex, Task),
    /// The host looks for damage.
    Scrub(PostIndex, u32),
    /// A desk gives a sign of life.
    Desk(PostIndex, u32),
    /// A full disk has room again.
    Room(PostIndex),
    /// Nothing goes wrong from now on.
    Calm,
}

/// A run under way.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) charter: SignedCharter,
    pub(crate) line: LineId,
    pub(crate) now_ms: u64,
    serial: u64,
    queue: BTreeMap<(u64, u64), Happening>,
    pub(crate) posts: Vec<Post>,
    pub(crate) net: Net,
    pub(crate) watch: Watch,
    pub(crate) tally: Tally,
    pub(crate) trace: Trace,
    pub(crate) broken: Option<Broken>,
    pub(crate) draw: Draw,
}

impl World {
    /// Makes the world of a plan, every machine about to be switched on.
    pub(crate) fn new(plan: Plan, trace: Trace) -> Self {
        let charter = start::charter(plan.parties);
        let line = charter.line_id();
        let posts: Vec<Post> = plan.posts.iter().map(Post::new).collect();
        let mut world = Self {
            line,
            now_ms: 0,
            serial: 0,
            queue: BTreeMap::new(),
            net: Net::new(&plan),
            watch: Watch::new(&charter),
            tally: Tally { runs: 1, line_hours: plan.line_hours(), ..Tally::default() },
            trace,
            broken: None,
            draw: Draw::of(plan.seed, "world", 0),
            charter,
            posts,
            plan,
        };
        world.tally.calm_hours = world.plan.calm_ms as f64 / 3_600_000.0;
        for post in world.all_posts() {
            let at_ms = world.draw.below(3_000);
            world.at(at_ms, Happening::Start(post, 0));
            world.at(at_ms + 60_000, Happening::Task(post, Task::SeeAlarms));
        }
        for (number, item) in world.plan.item.clone().iter().enumerate() {
            world.at(item.at_ms, Happening::Item(number));
        }
        world.at(world.plan.storm_ms, Happening::Calm);
        world
    }

    /// Lets everything happen, to the end or to the first promise that does not hold.
    pub(crate) fn run(&mut self) {
        let end_ms = self.plan.storm_ms + self.plan.calm_ms;
        while self.broken.is_none()
            && let Some(((at_ms, _), happening)) = self.queue.pop_first()
        {
            if at_ms > end_ms {
                break;
            }
            self.now_ms = at_ms;
            self.happen(happening);
        }
        self.now_ms = end_ms;
        if self.broken.is_none() {
            self.check_the_end();
        }
    }

    pub(crate) fn all_posts(&self) -> Vec<PostIndex> {
        (0..self.plan.parties).map(PostIndex).collect()
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.now_ms >= self.plan.storm_ms
    }

    pub(crate) fn now_of(&self, post: PostIndex) -> Now {
        self.posts[post.index()].clock.now(self.now_ms)
    }

    /// Arranges for something to happen.
    pub(crate) fn at(&mut self, at_ms: u64, happening: Happening) {
        self.serial += 1;
        self.queue.insert((at_ms.max(self.now_ms), self.serial), happening);
    }

    /// A promise does not hold: the run ends here.
    pub(crate) fn broken(&mut self, post: PostIndex, promise: &'static str, what: String) {
        self.trace.row(self.now_ms, || format!("{post} BROKEN {promise}: {what}"));
        if self.broken.is_none() {
            self.broken = Some(Broken { at_ms: self.now_ms, post, promise, what });
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Item(number) => self.item(number),
            Happening::Frame(parcel) => self.arrive(parcel),
            Happening::Wake(post, version) => self.wake(post, version),
            Happening::Synced(post, start) => self.synced(post, start),
            Happening::Start(post, start) => self.start(post, start),
            Happening::Connect(a, b) => self.connect(a, b),
            Happening::GiveUp(way, connection) => self.give_up(way, connection),
            Happening::Silence(way) => self.silence(way),
            Happening::Task(post, task) => self.task(post, task),
            Happening::Scrub(post, start) => self.scrub(post, start),
            Happening::Desk(post, start) => {
                if self.posts[post.index()].start == start {
                    self.give(post, Input::DeskAlive);
                    self.at(self.now_ms + DESK_EVERY_MS, Happening::Desk(post, start));
                }
            }
            Happening::Room(post) => {
                let state = &self.posts[post.index()];
                if self.now_ms >= state.full_until_ms {
                    state.disk.set_full(false);
                }
            }
            Happening::Calm => self.calm(),
        }
    }

    fn arrive(&mut self, parcel: Parcel) {
        let Parcel { way: (from, to), connection, bytes } = parcel;
        if self.net.connection((to, from)) != Some(connection) {
            return;
        }
        self.trace.row(self.now_ms, || {
            format!("{to} frame from {from}: {} bytes {}", bytes.len(), crate::trace::sum(&bytes))
        });
        if self.posts[to.index()].hostile.is_some() {
            return;
        }
        self.give(to, Input::Frame { peer: from, route: Route::Direct, bytes });
    }

    fn wake(&mut self, post: PostIndex, version: u64) {
        let now_ms = self.now_ms;
        let state = &mut self.posts[post.index()];
        if state.wake.is_none_or(|(_, held)| held != version) {
            return;
        }
        state.wake = None;
        if state.in_flight.is_some() {
            // The host is at the disk; when it comes back it sees what is due.
            return;
        }
        state.ticks =
            if state.ticks.0 == now_ms { (now_ms, state.ticks.1 + 1) } else { (now_ms, 0) };
        if state.ticks.1 > TICKS_MAX {
            let what = format!("the engine asks to be woken {TICKS_MAX} times in a millisecond");
            return self.broken(post, "an engine rests", what);
        }
        self.give(post, Input::Tick);
    }

    /// Tells an engine something, or lets it wait while the host is at the disk.
    pub(crate) fn give(&mut self, post: PostIndex, input: Input) {
        let now = self.now_of(post);
        let state = &mut self.posts[post.index()];
        let Some(line) = &mut state.line else {
            return;
        };
        if state.in_flight.is_some() {
            if state.inbox.len() < INBOX_MAX || !matches!(input, Input::Frame { .. }) {
                state.inbox.push_back(input);
            }
            return;
        }
        line.handle(now, input);
        self.carry_out(post);
    }

    pub(crate) fn act(&mut self, post: PostIndex, ticket: Ticket, act: Act) {
        self.give(post, Input::Act { ticket, act });
    }

    /// Carries out everything that an engine wants, until it waits.
    pub(crate) fn carry_out(&mut self, post: PostIndex) {
        while self.broken.is_none() {
            let now = self.now_of(post);
            let state = &mut self.posts[post.index()];
            let Some(line) = &mut state.line else {
                return;
            };
            match line.poll() {
                Output::Commit { token, batch } => {
                    let kind = kind_of(post, usize::from(self.plan.parties), &batch);
                    let armed = state.armed.filter(|armed| armed.fits(kind, self.now_ms));
                    if let Some(Armed { point: Point::BeforeWrite, down_ms, .. }) = armed {
                        return self.crash(post, Some((Point::BeforeWrite, kind)), down_ms);
                    }
                    match state.disk.begin(self.line, &batch) {
                        Ok(()) => {}
                        Err(fault @ CommitError::LocalFull) => {
                            self.tally.note("commit on a full disk");
                            line.handle(now, Input::CommitFailed { token, fault });
                            continue;
                        }
                        Err(error) => {
                            let what = format!("the store refuses a batch of its engine: {error}");
                            return self.broken(post, "a batch continues what is stored", what);
                        }
                    }
                    state.in_flight = Some(InFlight { token, batch });
                    if let Some(Armed { point, down_ms, .. }) = armed
                        && point != Point::Told
                    {
                        return self.crash(post, Some((point, kind)), down_ms);
                    }
                    let takes_ms = state.sync_takes(self.now_ms);
                    let start = state.start;
                    self.at(self.now_ms + takes_ms, Happening::Synced(post, start));
                    return;
                }
                Output::Send { peer, bytes, .. } => self.send((post, peer), bytes),
                Output::Reply { ticket, result } => {
                    self.trace.row(self.now_ms, || {
                        let told = result.as_ref().map_err(khatt_core::line::ActError::code);
                        format!("{post} reply: {told:?}")
                    });
                    self.answered(post, ticket, result);
                }
                Output::Event(event) => self.told(post, event),
                Output::WaitUntil(due) => {
                    self.wait(post, due);
                    if self.posts[post.index()].inbox.is_empty() {
                        return;
                    }
                    self.take_inbox(post);
                }
            }
        }
    }

    /// What came while the host was at the disk shares the next batch.
    fn take_inbox(&mut self, post: PostIndex) {
        let now = self.now_of(post);
        let state = &mut self.posts[post.index()];
        let Some(line) = &mut state.line else {
            return;
        };
        for _ in 0..INBOX_MAX {
            let Some(input) = state.inbox.pop_front() else {
                return;
            };
            line.handle(now, input);
            if line.batch_is_full() {
                return;
            }
        }
    }

    fn wait(&mut self, post: PostIndex, due: Option<u64>) {
        let state = &mut self.posts[post.index()];
        let Some(due) = due else {
            state.wake = None;
            return;
        };
        let at_ms = state.clock.when(due).max(self.now_ms);
        if state.wake.is_some_and(|(held, _)| held == at_ms) {
            return;
        }
        self.serial += 1;
        let version = self.serial;
        self.posts[post.index()].wake = Some((at_ms, version));
        self.at(at_ms, Happening::Wake(post, version));
    }

    fn synced(&mut self, post: PostIndex, start: u32) {
        let state = &mut self.posts[post.index()];
        if state.start != start {
            return;
        }
        let Some(InFlight { token, batch }) = state.in_flight.take() else {
            return;
        };
        state.disk.finish(self.line, &batch);
        self.tally.commits += 1;
        let kind = kind_of(post, usize::from(self.plan.parties), &batch);
        self.trace.row(self.now_ms, || {
            format!("{post} durable: {kind:?}, {} entries", batch.entries.len())
        });
        self.check_batch(post, &batch);
        let now = self.now_of(post);
        let state = &mut self.posts[post.index()];
        let Some(line) = &mut state.line else {
            return;
        };
        line.handle(now, Input::Committed(token));
        let told = |armed: &Armed| armed.point == Point::Told && armed.fits(kind, self.now_ms);
        let armed = state.armed.filter(told);
        if let Some(armed) = armed {
            return self.crash(post, Some((Point::Told, kind)), armed.down_ms);
        }
        self.carry_out(post);
    }

    fn send(&mut self, way: Way, bytes: Vec<u8>) {
        self.check_frame(way, &bytes);
        for (at_ms, parcel) in self.net.send(way, bytes, self.now_ms, &mut self.tally) {
            self.at(at_ms, Happening::Frame(parcel));
        }
    }

    /// An engine tells what happened.
    fn told(&mut self, post: PostIndex, event: Event) {
        self.trace.row(self.now_ms, || format!("{post} {event:?}"));
        self.check_event(post, &event);
        match event {
            Event::Received { entry, .. } => self.message_came(post, entry),
            Event::Receipted { .. } => self.tally.receipted += 1,
            Event::Level { .. } => self.tally.levels += 1,
            Event::Alarm(change) if matches!(change.kind, ChangeKind::Raised(_)) => {
                crate::tally::count(&mut self.tally.alarms, change.cause.text_key(), 1);
            }
            _ => {}
        }
    }

    /// The power of a post's machine fails.
    pub(crate) fn crash(
        &mut self,
        post: PostIndex,
        point: Option<(Point, crate::plan::BatchKind)>,
        down_ms: u64,
    ) {
        self.trace.row(self.now_ms, || format!("{post} crash {point:?}"));
        if let Some((point, kind)) = point {
            *self.tally.crash_points.entry((kind, point)).or_default() += 1;
        }
        self.tally.fault("crash");
        let state = &mut self.posts[post.index()];
        state.armed = None;
        state.disk.cut_power(point.map(|(point, _)| point), &mut self.draw);
        state.power_off();
        let start = state.start;
        self.gone(post);
        self.at(self.now_ms + down_ms, Happening::Start(post, start));
    }

    /// What was sent by a post that is gone may still arrive; its peers notice after a while.
    pub(crate) fn gone(&mut self, post: PostIndex) {
        for peer in self.all_posts() {
            if let Some(connection) = self.net.connection((post, peer)) {
                self.net.disconnect((post, peer), connection);
            }
            if let Some(connection) = self.net.connection((peer, post)) {
                let after_ms = self.draw.between(10, 30_000);
                self.at(self.now_ms + after_ms, Happening::GiveUp((peer, post), connection));
            }
        }
    }

    fn connect(&mut self, a: PostIndex, b: PostIndex) {
        let cut = [(a, b), (b, a)].into_iter().any(|way| self.net.is_cut(way, self.now_ms));
        let up = [a, b].into_iter().all(|post| self.posts[post.index()].is_up());
        let held = (self.net.connection((a, b)), self.net.connection((b, a)));
        if cut || !up || (held.0.is_some() && held.0 == held.1) {
            return;
        }
        for (way, held) in [((a, b), held.0), ((b, a), held.1)] {
            if let Some(connection) = held {
                self.give_up_now(way, connection);
            }
        }
        self.net.connect(a, b);
        for (post, peer) in [(a, b), (b, a)] {
            self.give(post, Input::Connected { peer, route: Route::Direct });
        }
    }

    fn give_up(&mut self, way: Way, connection: u64) {
        if self.give_up_now(way, connection) {
            let (a, b) = way;
            let after_ms = self.draw.between(200, 5_000);
            self.at(self.now_ms + after_ms, Happening::Connect(a, b));
        }
    }

    fn give_up_now(&mut self, (post, peer): Way, connection: u64) -> bool {
        let had = self.net.disconnect((post, peer), connection);
        if had {
            self.give(post, Input::Disconnected { peer, route: Route::Direct });
        }
        had
    }

    /// A way has been cut for a while: both ends give the connection up, each when it notices.
    fn silence(&mut self, (a, b): Way) {
        if !self.net.is_cut((a, b), self.now_ms) {
            return;
        }
        for way in [(a, b), (b, a)] {
            if let Some(connection) = self.net.connection(way) {
                let after_ms = self.draw.between(0, 4_000);
                self.at(self.now_ms + after_ms, Happening::GiveUp(way, connection));
            }
        }
    }

    fn scrub(&mut self, post: PostIndex, start: u32) {
        let state = &self.posts[post.index()];
        if state.start != start || !state.disk.has_rot() {
            return;
        }
        self.give(post, Input::Damaged);
    }

    /// The storm is over: machines run, ways are open, officers are at their desks.
    fn calm(&mut self) {
        self.net.calm(self.now_ms);
        for post in self.all_posts() {
            let now_ms = self.now_ms;
            let state = &mut self.posts[post.index()];
            state.disk.set_full(false);
            state.disk.mend();
            state.slow_until_ms = now_ms;
            state.armed = None;
            if state.clock.offset_ms.abs() > 5_000 {
                self.watch.stepped(post);
            }
            let state = &mut self.posts[post.index()];
            state.clock.offset_ms = 0;
            let start = state.start;
            if state.hostile.take().is_some() {
                state.power_off();
                self.gone(post);
            } else if state.line.is_none() {
                self.at(now_ms + 1_000, Happening::Start(post, start));
            }
            for minutes in [5, 20, 30, 45, 60] {
                let task = Happening::Task(post, Task::ClearTheDesk);
                self.at(now_ms + minutes * 60_000, task);
            }
            for minutes in [35, 70] {
                self.at(now_ms + minutes * 60_000, Happening::Task(post, Task::TestLine));
            }
        }
        self.connect_all(5_000);
    }

    /// Posts that are up look for each other.
    pub(crate) fn connect_all(&mut self, within_ms: u64) {
        let posts = self.all_posts();
        for a in &posts {
            for b in posts.iter().filter(|b| *b > a) {
                let after_ms = self.draw.between(50, within_ms);
                self.at(self.now_ms + after_ms, Happening::Connect(*a, *b));
            }
        }
    }

    /// What an engine is made of at a start.
    fn parts(&self, post: PostIndex) -> khatt_core::line::Parts {
        let state = &self.posts[post.index()];
        let entropy = format!("run {} start {} of", self.plan.seed, state.start);
        let mut parts =
            testing::sample_parts(post, &khatt_core::store::memory::MemoryStore::new(), &entropy);
        parts.reader = Box::new(state.disk.clone());
        if self.plan.cosigning == Choice::Yes {
            parts.pq_signer = Some(Box::new(testing::pq_signer(post)));
        }
        parts
    }

    /// Starts a post's machine.
    fn start(&mut self, post: PostIndex, start: u32) {
        let state = &mut self.posts[post.index()];
        if state.start != start || state.is_up() {
            return;
        }
        if let Err(lost) = state.disk.open() {
            let what = format!("the disk lost what it had synced: {lost:?}");
            return self.broken(post, "nothing durable is lost", what);
        }
        state.clock.started_ms = self.now_ms;
        let (parts, now) = (self.parts(post), self.now_of(post));
        match Line::open(self.charter.clone(), post, parts, now) {
            Ok(line) => self.posts[post.index()].line = Some(line),
            Err(error) if self.posts[post.index()].disk.has_rot() => {
                // A damaged store is not opened; an operator puts a good copy in its place.
                self.trace.row(self.now_ms, || format!("{post} does not start: {error}"));
                self.tally.note("start refused on a damaged store");
                self.posts[post.index()].disk.mend();
                return self.at(self.now_ms + 5_000, Happening::Start(post, start));
            }
            Err(error) => {
                let what = format!("its engine does not start: {error}");
                return self.broken(post, "a post starts again", what);
            }
        }
        self.trace.row(self.now_ms, || format!("{post} starts"));
        self.check_start(post);
        self.carry_out(post);
        self.officers_return(post);
        let state = &self.posts[post.index()];
        let start = state.start;
        if state.disk.has_rot() {
            self.at(self.now_ms + 20_000, Happening::Scrub(post, start));
        }
        if self.plan.desks == Choice::Yes {
            self.at(self.now_ms + DESK_EVERY_MS, Happening::Desk(post, start));
        }
        for peer in self.all_posts() {
            if peer != post {
                let after_ms = self.draw.between(50, 2_000);
                self.at(self.now_ms + after_ms, Happening::Connect(post, peer));
            }
        }
    }
}
