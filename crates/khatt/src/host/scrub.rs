//! The scrub of a running post: everything that the disk holds is read again within a day.
//!
//! It has a thread and a connection of its own, reads a few rows at a time, and tells the engine what
//! it found; it mends nothing. At a start the store itself has read the newest entries already.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use khatt_core::store::ReadError;
use khatt_store::{ScrubPosition, ScrubStep, SqliteReader};

/// Between two steps.
const PAUSE: Duration = Duration::from_secs(5);
/// Rows that a step reads: a store of 8,000,000 rows is read within a day.
const ROWS: u64 = 500;
/// From the beginning of one round to that of the next.
const ROUND: Duration = Duration::from_secs(20 * 3_600);

/// How far the scrub has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// When it last came to the end, in seconds since `since` plus one; zero before it first did.
    finished: AtomicU64,
    damage: AtomicU64,
}

/// A scrub at work. Dropping it ends it, after the step at hand.
pub(super) struct Scrub {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Where a scrub is, and when it goes on. The time is an argument: since the scrub began.
struct Course {
    /// When the round at hand began.
    began: Duration,
    /// Where the next step begins; nothing between two rounds.
    from: Option<ScrubPosition>,
}

impl Progress {
    /// Returns how long ago everything had been read, and how often damage was met.
    pub(super) fn told(&self, since: Instant) -> (Option<u64>, u64) {
        let finished = self.finished.load(Ordering::Relaxed).checked_sub(1);
        let ago = finished.map(|at| since.elapsed().as_secs().saturating_sub(at));
        (ago, self.damage.load(Ordering::Relaxed))
    }

    fn note(&self, step: &ScrubStep, since: Instant) {
        self.damage.fetch_add(step.damage.len() as u64, Ordering::Relaxed);
        if step.next.is_none() {
            let now = since.elapsed().as_secs().saturating_add(1);
            self.finished.store(now, Ordering::Relaxed);
        }
    }
}

impl Scrub {
    /// Starts scrubbing; `tell` is called once for each step that found damage.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub(super) fn start(
        reader: SqliteReader,
        (progress, since): (Arc<Progress>, Instant),
        tell: impl FnMut() + Send + 'static,
    ) -> std::io::Result<Self> {
        let step = move |from| reader.scrub(from, ROWS).inspect(|step| progress.note(step, since));
        Self::of(step, PAUSE, tell)
    }

    /// Starts scrubbing by steps of any kind, with this pause between two.
    fn of(
        step: impl FnMut(ScrubPosition) -> Result<ScrubStep, ReadError> + Send + 'static,
        pause: Duration,
        tell: impl FnMut() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let thread = thread::Builder::new()
            .name("khatt-scrub".to_owned())
            .spawn(move || rounds(step, pause, &stopped, tell))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Scrub {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A scrub that panicked has ended as well.
            let _ = thread.join();
        }
    }
}

impl Course {
    fn new() -> Self {
        Self { began: Duration::ZERO, from: Some(ScrubPosition::default()) }
    }

    /// How long to wait before the next step.
    fn wait(&self, now: Duration, pause: Duration) -> Duration {
        if self.from.is_some() {
            return pause;
        }
        self.began.saturating_add(ROUND).saturating_sub(now).max(pause)
    }

    /// Where the step at hand begins; with none left, a new round does.
    fn next(&mut self, now: Duration) -> ScrubPosition {
        self.from.take().unwrap_or_else(|| {
            self.began = now;
            ScrubPosition::default()
        })
    }
}

fn rounds(
    mut step: impl FnMut(ScrubPosition) -> Result<ScrubStep, ReadError>,
    pause: Duration,
    stopped: &Receiver<()>,
    mut tell: impl FnMut(),
) {
    let clock = Instant::now();
    let mut course = Course::new();
    loop {
        match stopped.recv_timeout(course.wait(clock.elapsed(), pause)) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
        match step(course.next(clock.elapsed())) {
            Ok(step) => {
                for damage in &step.damage {
                    tracing::error!(code = damage.code(), %damage, "the disk altered something");
                }
                if !step.damage.is_empty() {
                    tell();
                }
                course.from = step.next;
            }
            Err(error) => {
                tracing::error!(code = error.code(), %error, "the store cannot be read");
                tell();
            }
        }
    }
}

#[cfg(test)]
mod tests;
