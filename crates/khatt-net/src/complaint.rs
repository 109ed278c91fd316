//! Tells the caller whom we refused, but never more often than a caller can bear.
//!
//! Strangers cause refusals, so their number is theirs to choose: beyond a small rate, or when half
//! of the events' queue is taken, a refusal is counted and dropped. Frames always come first.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::direct::Event;
use crate::error::RefusedReason;
use crate::limit::Bucket;

/// The one place where refusals are reported.
#[derive(Debug)]
pub(crate) struct Complaints {
    events: mpsc::Sender<Event>,
    strangers: Mutex<Bucket>,
    others: Mutex<Bucket>,
}

impl Complaints {
    pub(crate) fn new(events: mpsc::Sender<Event>) -> Self {
        let bucket = || Mutex::new(Bucket::new(8, Duration::from_millis(250), Instant::now()));
        Self { events, strangers: bucket(), others: bucket() }
    }

    pub(crate) fn refused(&self, address: SocketAddr, why: RefusedReason) {
        // Strangers have a bucket of their own: their noise must not hide a peer's wrong key.
        let bucket = match why {
            RefusedReason::PeerUnknownAddress => &self.strangers,
            _ => &self.others,
        };
        let allowed = bucket.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now());
        if !allowed {
            return;
        }
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        tracing::warn!(%address, code = why.code(), "refused");
        if self.events.capacity() > self.events.max_capacity() / 2 {
            let _ = self.events.try_send(Event::Refused { address, why });
        }
    }
}
