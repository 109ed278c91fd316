//! What waits to leave on one connection.
//!
//! A frame that the stream can take is written in the caller's own call: no task has to wake
//! first, which is most of what an echo on a fast link costs. Only what the stream cannot take yet
//! waits here, bounded in number and bytes, for [`Outbox::flush`].

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use quinn::{SendStream, WriteError};
use tokio::sync::Notify;

use crate::error::SendError;

/// The sending half of one connection.
pub(crate) struct Outbox {
    inner: Mutex<Inner>,
    waiting: Notify,
}

struct Inner {
    stream: SendStream,
    queue: VecDeque<Vec<u8>>,
    /// Bytes of the first in the queue that are already in the stream.
    written: usize,
    queued_bytes: usize,
}

impl Outbox {
    pub(crate) fn new(stream: SendStream) -> Self {
        let inner = Inner { stream, queue: VecDeque::new(), written: 0, queued_bytes: 0 };
        Self { inner: Mutex::new(inner), waiting: Notify::new() }
    }

    /// Takes bytes that are already framed; never waits.
    pub(crate) fn push(&self, bytes: Vec<u8>) -> Result<(), SendError> {
        let mut inner = self.lock();
        let idle = inner.queue.is_empty();
        let fits = inner.queue.len() < MAX_QUEUED_FRAMES
            && inner.queued_bytes + bytes.len() <= MAX_QUEUED_BYTES;
        if !idle && !fits {
            return Err(SendError::Full);
        }
        inner.queued_bytes += bytes.len();
        inner.queue.push_back(bytes);
        if idle {
            // Nobody is woken by this waker: if the stream is full, `flush` asks again with its
            // own.
            let mut context = Context::from_waker(Waker::noop());
            match inner.drain(&mut context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Err(SendError::NotConnected),
                Poll::Pending => self.waiting.notify_one(),
            }
        }
        Ok(())
    }

    /// Writes what waits, as the stream takes it, until the connection ends.
    pub(crate) async fn flush(&self) -> WriteError {
        loop {
            self.waiting.notified().await;
            if let Err(error) = poll_fn(|context| self.lock().drain(context)).await {
                return error;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn drain(&mut self, context: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        while let Some(first) = self.queue.front() {
            let rest = first.get(self.written..).unwrap_or_default();
            if rest.is_empty() {
                self.queued_bytes -= first.len();
                self.written = 0;
                self.queue.pop_front();
                continue;
            }
            match Pin::new(&mut self.stream).poll_write(context, rest) {
                Poll::Ready(Ok(count)) => self.written += count,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Frames that may wait for one peer.
const MAX_QUEUED_FRAMES: usize = 1024;
/// Bytes that may wait for one peer, beyond what is in the stream.
const MAX_QUEUED_BYTES: usize = 4 << 20;
