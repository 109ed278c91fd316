//! One post's line at work: a thread that owns the engine and the store's writer.
//!
//! Inputs queue up while a batch is being stored, and so share the next one. Whatever the engine
//! wants is carried out before the thread waits again, and nothing that it asks for can hold it up:
//! frames that find no room are dropped (the engine sends again), events that nobody takes are
//! counted as missed. Who asks, over which socket and in what words, is left to others.

use std::{
    collections::BTreeMap,
    fmt,
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use khatt_core::{
    Now,
    line::{Act, ActError, Done, Event, Input, Line, Output, Parts, Route, Ticket},
};
use khatt_forms::{Catalogue, Wordbook};
use khatt_net as net;
use khatt_record::{
    PostIndex, PostSigner, PqSigner, SignedCharter,
    ids::LineId,
    seal::{Entropy, PrekeySecret},
};
use khatt_store::SqliteStore;
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::clock::Clock;

mod error;
mod forward;
mod scrub;
mod storing;

pub use error::HostError;
use forward::forward;
use storing::{Ballast, Stored};

/// Inputs that may wait for the engine.
pub const INPUTS_MAX: usize = 256;
/// Events that may wait for a subscriber; the oldest are missed then.
pub const EVENTS_MAX: usize = 1024;

/// What a post's host is made of.
pub struct HostParts {
    /// The line's charter.
    pub charter: SignedCharter,
    /// The post.
    pub post: PostIndex,
    /// Its store, which the host alone writes from now on.
    pub store: SqliteStore,
    /// Signs its log.
    pub signer: Box<dyn PostSigner + Send>,
    /// Signs its post-quantum cosignatures; without it none are made.
    pub pq_signer: Option<Box<dyn PqSigner + Send>>,
    /// The secret of the prekey that the charter names.
    pub prekey: PrekeySecret,
    /// Random bytes.
    pub entropy: Box<dyn Entropy + Send>,
    /// The clocks it goes by.
    pub clock: Box<dyn Clock>,
    /// Its network, if it has one. Peers are known there by their place in the charter.
    pub net: Option<(net::Sender, mpsc::Receiver<net::Event>)>,
}

/// A post's line at work. Dropping it stops it.
pub struct PostHost {
    inputs: SyncSender<Message>,
    events: broadcast::Sender<Event>,
    thread: Mutex<Option<JoinHandle<Result<SqliteStore, HostError>>>>,
    scrub: Mutex<Option<scrub::Scrub>>,
    progress: Arc<scrub::Progress>,
    since: Instant,
}

/// How far a host has come: whether everything that was sent has also been taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// Frames that the network took for sending.
    pub sent: u64,
    /// Frames that came and were handled.
    pub received: u64,
    /// When the engine has something to do by itself, on the second clock.
    pub due_ms: Option<u64>,
    /// Whether the store has pages to move at the next pause.
    pub untidy: bool,
}

/// What the thread is told.
enum Message {
    Input(Input),
    Act(Act, oneshot::Sender<Result<Done, ActError>>),
    Look(Box<dyn FnOnce(&Worker) + Send>),
    Stop,
}

/// What the thread has.
struct Worker {
    line: Line,
    line_id: LineId,
    store: SqliteStore,
    clock: Box<dyn Clock>,
    sender: Option<net::Sender>,
    events: broadcast::Sender<Event>,
    waiting: BTreeMap<Ticket, oneshot::Sender<Result<Done, ActError>>>,
    next_ticket: u64,
    ballast: Ballast,
    /// A batch that is durable, and that the database still has to follow.
    ahead: Option<khatt_core::line::Token>,
    /// When it was last told or asked anything but the time.
    busy_at: Instant,
    pulse: Pulse,
}

impl PostHost {
    /// Takes up the line and starts its thread; returns once everything of its start is durable.
    ///
    /// # Errors
    ///
    /// [`HostError`] if key, charter and store do not belong together or the disk fails.
    pub fn start(parts: HostParts) -> Result<Self, HostError> {
        let (inputs, queue) = sync_channel(INPUTS_MAX);
        let events = broadcast::Sender::new(EVENTS_MAX);
        let (sender, incoming) = parts.net.unzip();
        let runtime = sender.as_ref().map(|sender: &net::Sender| sender.runtime().clone());
        let now = parts.clock.now();
        let engine = Parts {
            signer: parts.signer,
            pq_signer: parts.pq_signer,
            entropy: parts.entropy,
            reader: Box::new(parts.store.reader()?),
            prekey: parts.prekey,
            catalogue: Catalogue::builtin(),
            book: Wordbook::builtin(),
        };
        let mut line = Line::open(parts.charter, parts.post, engine, now)?;
        line.set_threads(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
        let scrubbed = parts.store.reader()?;
        let mut worker = Worker {
            line_id: line.line_id(),
            line,
            store: parts.store,
            clock: parts.clock,
            sender,
            events: events.clone(),
            waiting: BTreeMap::new(),
            next_ticket: 0,
            ballast: Ballast::Held,
            ahead: None,
            busy_at: Instant::now(),
            pulse: Pulse::default(),
        };
        worker.carry_out()?;
        let failed = |error: std::io::Error| HostError::LocalThread(error.to_string());
        if let (Some(runtime), Some(incoming)) = (runtime, incoming) {
            runtime.spawn(forward(incoming, inputs.clone()));
        }
        let thread = thread::Builder::new()
            .name("khatt-line".to_owned())
            .spawn(move || worker.run(&queue))
            .map_err(failed)?;
        let damaged = inputs.clone();
        // A full queue or an engine that is gone: the next round finds it again.
        let tell = move || {
            let _ = damaged.try_send(Message::Input(Input::Damaged));
        };
        let (progress, since) = (Arc::<scrub::Progress>::default(), Instant::now());
        let told = (Arc::clone(&progress), since);
        let scrub = scrub::Scrub::start(scrubbed, told, tell).map_err(failed)?;
        Ok(Self {
            inputs,
            events,
            thread: Mutex::new(Some(thread)),
            scrub: Mutex::new(Some(scrub)),
            progress,
            since,
        })
    }

    /// Asks the engine for an act and waits until the answer is durable.
    ///
    /// # Panics
    ///
    /// If called from within an async runtime; use [`PostHost::act_async`] there.
    ///
    /// # Errors
    ///
    /// [`HostError::Act`] if the engine refuses, [`HostError::LocalStopped`] if it is gone.
    pub fn act(&self, act: Act) -> Result<Done, HostError> {
        let (answer, answered) = oneshot::channel();
        let message = Message::Act(act, answer);
        self.inputs.send(message).map_err(|_| HostError::LocalStopped)?;
        Ok(answered.blocking_recv().map_err(|_| HostError::LocalStopped)??)
    }

    /// Asks the engine for an act, for callers within an async runtime.
    ///
    /// # Errors
    ///
    /// As [`PostHost::act`], and [`HostError::LocalBusy`] rather than waiting for room.
    pub async fn act_async(&self, act: Act) -> Result<Done, HostError> {
        let (answer, answered) = oneshot::channel();
        self.offer(Message::Act(act, answer))?;
        Ok(answered.await.map_err(|_| HostError::LocalStopped)??)
    }

    /// Asks the engine for an act and waits for nothing; what became of it shows in the events.
    ///
    /// # Errors
    ///
    /// [`HostError::LocalStopped`] if the engine is gone.
    pub fn tell(&self, act: Act) -> Result<(), HostError> {
        let (answer, _) = oneshot::channel();
        self.inputs.send(Message::Act(act, answer)).map_err(|_| HostError::LocalStopped)
    }

    /// Returns how often the store has synced a file, once everything asked so far is done.
    ///
    /// # Errors
    ///
    /// [`HostError::LocalStopped`] if the engine is gone.
    pub fn syncs(&self) -> Result<u64, HostError> {
        self.look(|worker| worker.store.syncs())
    }

    /// Looks at the line on the engine's own thread, when it has nothing else to do.
    ///
    /// # Panics
    ///
    /// If called from within an async runtime; use [`PostHost::query_async`] there.
    ///
    /// # Errors
    ///
    /// [`HostError::LocalStopped`] if the engine is gone.
    pub fn query<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Line, Now) -> T + Send + 'static,
    ) -> Result<T, HostError> {
        self.look(move |worker| look(&worker.line, worker.clock.now()))
    }

    /// Looks at the line, for callers within an async runtime.
    ///
    /// # Errors
    ///
    /// As [`PostHost::query`], and [`HostError::LocalBusy`] rather than waiting for room.
    pub async fn query_async<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Line, Now) -> T + Send + 'static,
    ) -> Result<T, HostError> {
        let (answer, answered) = oneshot::channel();
        let look = move |worker: &Worker| {
            // Whoever asked may have gone meanwhile.
            let _ = answer.send(look(&worker.line, worker.clock.now()));
        };
        self.offer(Message::Look(Box::new(look)))?;
        answered.await.map_err(|_| HostError::LocalStopped)
    }

    /// Returns for how long the host has been at work, how long ago all of the store was last read,
    /// and how often the scrub met damage.
    #[must_use]
    pub fn scrubbed(&self) -> (Duration, Option<u64>, u64) {
        let (ago_s, damage) = self.progress.told(self.since);
        (self.since.elapsed(), ago_s, damage)
    }

    /// Returns how far the host has come, once it has done everything that it was told so far.
    ///
    /// # Errors
    ///
    /// [`HostError::LocalStopped`] if the engine is gone.
    pub fn pulse(&self) -> Result<Pulse, HostError> {
        self.look(|worker| Pulse { untidy: worker.store.wants_tidying(), ..worker.pulse })
    }

    /// Tells the host that its clock was moved.
    ///
    /// # Errors
    ///
    /// [`HostError::LocalStopped`] if the engine is gone.
    pub fn wake(&self) -> Result<(), HostError> {
        let tick = Message::Input(Input::Tick);
        self.inputs.send(tick).map_err(|_| HostError::LocalStopped)
    }

    /// Tells the engine that a desk shows its alarms to somebody.
    ///
    /// # Errors
    ///
    /// [`HostError::LocalStopped`] if the engine is gone.
    pub fn desk_alive(&self) -> Result<(), HostError> {
        self.inputs.send(Message::Input(Input::DeskAlive)).map_err(|_| HostError::LocalStopped)
    }

    /// Returns what happens from now on. A subscriber that falls behind is told how much it missed.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Tells whether the engine still works.
    #[must_use]
    pub fn is_running(&self) -> bool {
        let thread = self.thread.lock().ok();
        thread.is_some_and(|held| held.as_ref().is_some_and(|thread| !thread.is_finished()))
    }

    /// Stops the engine after what was asked so far, and gives back the store.
    ///
    /// # Errors
    ///
    /// Why it had stopped by itself, or [`HostError::LocalStopped`] the second time.
    pub fn stop(&self) -> Result<SqliteStore, HostError> {
        // It holds the folder's lock, so it goes first.
        drop(self.scrub.lock().ok().and_then(|mut held| held.take()));
        // A full queue empties; a thread that is gone needs no word.
        let _ = self.inputs.send(Message::Stop);
        let thread = self.thread.lock().ok().and_then(|mut held| held.take());
        let thread = thread.ok_or(HostError::LocalStopped)?;
        thread.join().map_err(|_| HostError::LocalStopped)?
    }

    fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Worker) -> T + Send + 'static,
    ) -> Result<T, HostError> {
        let (answer, answered) = oneshot::channel();
        let look = move |worker: &Worker| {
            let _ = answer.send(look(worker));
        };
        let message = Message::Look(Box::new(look));
        self.inputs.send(message).map_err(|_| HostError::LocalStopped)?;
        answered.blocking_recv().map_err(|_| HostError::LocalStopped)
    }

    fn offer(&self, message: Message) -> Result<(), HostError> {
        self.inputs.try_send(message).map_err(|error| match error {
            TrySendError::Full(_) => HostError::LocalBusy,
            TrySendError::Disconnected(_) => HostError::LocalStopped,
        })
    }
}

impl Drop for PostHost {
    fn drop(&mut self) {
        // Where it was stopped before, this says so and changes nothing.
        let _ = self.stop();
    }
}

impl fmt::Debug for PostHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostHost").field("running", &self.is_running()).finish_non_exhaustive()
    }
}

impl fmt::Debug for HostParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostParts").field("post", &self.post).finish_non_exhaustive()
    }
}

impl Worker {
    fn run(mut self, queue: &Receiver<Message>) -> Result<SqliteStore, HostError> {
        loop {
            let Some(first) = self.next(queue)? else {
                // Nobody can ask any more.
                return self.end();
            };
            let mut taken = Some(first);
            let mut looks = Vec::new();
            // Everything that waits goes into one batch, and so shares one sync and one signature.
            for _ in 0..INPUTS_MAX {
                let now = self.clock.now();
                match taken.take() {
                    Some(Message::Input(input)) => {
                        if matches!(input, Input::Frame { .. }) {
                            self.pulse.received += 1;
                        }
                        if !matches!(input, Input::Tick) {
                            self.busy_at = Instant::now();
                        }
                        self.line.handle(now, input);
                    }
                    Some(Message::Act(act, answer)) => {
                        self.busy_at = Instant::now();
                        let ticket = Ticket(self.next_ticket);
                        self.next_ticket += 1;
                        self.waiting.insert(ticket, answer);
                        self.line.handle(now, Input::Act { ticket, act });
                    }
                    Some(Message::Look(look)) => looks.push(look),
                    Some(Message::Stop) => {
                        self.carry_out()?;
                        return self.end();
                    }
                    None => break,
                }
                if self.line.batch_is_full() {
                    break;
                }
                taken = queue.try_recv().ok();
            }
            self.carry_out()?;
            for look in looks {
                look(&self);
            }
        }
    }

    /// Waits for the next message; a due time that comes first is one as well.
    fn next(&mut self, queue: &Receiver<Message>) -> Result<Option<Message>, HostError> {
        match queue.try_recv() {
            Ok(message) => return Ok(Some(message)),
            Err(TryRecvError::Disconnected) => return Ok(None),
            Err(TryRecvError::Empty) => {}
        }
        if self.store.wants_tidying() {
            match queue.recv_timeout(PAUSE) {
                Ok(message) => return Ok(Some(message)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                // Now nobody waits for it; a commit that has to do it makes its message wait.
                Err(RecvTimeoutError::Timeout) => {
                    self.store.tidy().map_err(HostError::LocalDisk)?;
                }
            }
        }
        let Some(mut wait) = self.pulse.due_ms.and_then(|due_ms| self.clock.until(due_ms)) else {
            return Ok(queue.recv().ok());
        };
        if wait > QUIET {
            match queue.recv_timeout(QUIET) {
                Ok(message) => return Ok(Some(message)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                // Nothing else to do: what was committed moves to where less can happen to it.
                Err(RecvTimeoutError::Timeout) => self.rest()?,
            }
            wait -= QUIET;
        }
        // What has time does not take a core from the frame that was just sent.
        wait = wait.max(PAUSE.saturating_sub(self.busy_at.elapsed()));
        match queue.recv_timeout(wait) {
            Ok(message) => Ok(Some(message)),
            Err(RecvTimeoutError::Timeout) => Ok(Some(Message::Input(Input::Tick))),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
        }
    }

    fn rest(&mut self) -> Result<(), HostError> {
        if self.store.is_writable() {
            self.store.idle().map_err(HostError::LocalDisk)?;
        }
        Ok(())
    }

    /// Carries out everything that the engine wants, until it waits.
    ///
    /// What a batch lets out leaves first, and then whoever asked or listens is told: to wake them
    /// takes time that the peer need not wait for.
    fn carry_out(&mut self) -> Result<(), HostError> {
        let mut told = Vec::new();
        let outcome = self.carry_out_but(&mut told);
        self.tell(told);
        outcome
    }

    /// Tells those who asked, and those who listen.
    fn tell(&mut self, told: Vec<Output>) {
        let somebody = !told.is_empty();
        for output in told {
            match output {
                Output::Reply { ticket, result } => {
                    if let Some(answer) = self.waiting.remove(&ticket) {
                        let _ = answer.send(result);
                    }
                }
                Output::Event(event) => {
                    // Nobody may be listening.
                    let _ = self.events.send(event);
                }
                _ => {}
            }
        }
        if somebody {
            // Whoever was woken may wait for this core.
            thread::yield_now();
        }
    }

    /// Carries out everything but what is to be told; that it leaves in `told`, in order.
    fn carry_out_but(&mut self, told: &mut Vec<Output>) -> Result<(), HostError> {
        loop {
            match self.line.poll() {
                Output::Commit { .. } if self.line.signer_failed() => {
                    return Err(HostError::LocalSigner);
                }
                Output::Commit { token, batch } => {
                    // Nothing that could be said waits for a disk.
                    self.tell(std::mem::take(told));
                    let stored = self.store(token, &batch);
                    self.stored(token, stored)?;
                }
                Output::Send { peer, route: Route::Direct, bytes } => {
                    let sender = self.sender.as_ref();
                    // What is not taken is lost like any frame on the way: the engine sends again.
                    if sender.is_some_and(|sender| sender.send(peer.0.into(), bytes).is_ok()) {
                        self.pulse.sent += 1;
                    }
                }
                Output::Send { .. } => {}
                output @ (Output::Reply { .. } | Output::Event(_)) => told.push(output),
                Output::WaitUntil(due_ms) => {
                    if let Some(token) = self.ahead.take() {
                        // The network's thread may wait for this core, with the frame in hand.
                        thread::yield_now();
                        let followed = self.store.follow();
                        self.stored(token, followed.map(|()| Stored::Whole))?;
                        continue;
                    }
                    self.pulse.due_ms = due_ms;
                    return Ok(());
                }
            }
        }
    }

    fn end(mut self) -> Result<SqliteStore, HostError> {
        self.rest()?;
        Ok(self.store)
    }
}

/// After this long without anything to do, pages are moved if there are many, and what has time is
/// done.
const PAUSE: Duration = Duration::from_millis(2);
/// After this long without anything to do, the store comes to rest.
const QUIET: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
