//! The scrub of a running post: everything that the disk holds is read again within a day.
//!
//! It has a thread and a connection of its own, reads a few rows at a time, and tells the engine what
//! it found; it mends nothing. At a start the store itself has read the newest entries already.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use khatt_store::{ScrubPosition, SqliteReader};

/// Between two steps.
const PAUSE: Duration = Duration::from_secs(5);
/// Rows that a step reads: a store of 8,000,000 rows is read within a day.
const ROWS: u64 = 500;
/// From the beginning of one round to that of the next.
const ROUND: Duration = Duration::from_secs(20 * 3_600);

/// A scrub at work. Dropping it ends it, after the step at hand.
pub(super) struct Scrub {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Scrub {
    /// Starts scrubbing; `tell` is called once for each step that found damage.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub(super) fn start(
        reader: SqliteReader,
        tell: impl FnMut() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let thread = thread::Builder::new()
            .name("khatt-scrub".to_owned())
            .spawn(move || rounds(&reader, &stopped, tell))?;
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

fn rounds(reader: &SqliteReader, stopped: &Receiver<()>, mut tell: impl FnMut()) {
    let mut began = Instant::now();
    let mut from = Some(ScrubPosition::default());
    loop {
        let wait = if from.is_some() { PAUSE } else { ROUND.saturating_sub(began.elapsed()) };
        match stopped.recv_timeout(wait.max(PAUSE)) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
        if from.is_none() {
            began = Instant::now();
        }
        match reader.scrub(from.take().unwrap_or_default(), ROWS) {
            Ok(step) => {
                for damage in &step.damage {
                    tracing::error!(code = damage.code(), %damage, "the disk altered something");
                }
                if !step.damage.is_empty() {
                    tell();
                }
                from = step.next;
            }
            Err(error) => {
                tracing::error!(code = error.code(), %error, "the store cannot be read");
                tell();
            }
        }
    }
}
