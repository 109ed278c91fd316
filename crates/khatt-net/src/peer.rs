//! What all tasks know of one peer.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::candidate::Candidate;
use crate::outbox::Outbox;
use crate::settings::Peer;

/// One peer, shared between its link, the door and every sender.
pub(crate) struct PeerState {
    pub(crate) peer: Peer,
    pub(crate) dialler: quinn::ClientConfig,
    /// Whether this end chooses between connections: the end with the lower key does.
    pub(crate) we_choose: bool,
    /// Where the door hands over connections that have greeted.
    pub(crate) candidates: mpsc::Sender<Candidate>,
    ended: AtomicU32,
    entering: AtomicUsize,
    outbox: Mutex<Option<Arc<Outbox>>>,
}

/// Holds one of the few places for connections that a peer has not finished greeting on.
pub(crate) struct Place(Arc<PeerState>);

impl PeerState {
    pub(crate) fn new(
        peer: Peer,
        dialler: quinn::ClientConfig,
        we_choose: bool,
        candidates: mpsc::Sender<Candidate>,
    ) -> Self {
        Self {
            peer,
            dialler,
            we_choose,
            candidates,
            ended: AtomicU32::new(0),
            entering: AtomicUsize::new(0),
            outbox: Mutex::new(None),
        }
    }

    /// Returns how many connections to this peer we have seen end.
    pub(crate) fn ended(&self) -> u32 {
        self.ended.load(Ordering::Relaxed)
    }

    pub(crate) fn count_end(&self) {
        self.ended.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn outbox(&self) -> Option<Arc<Outbox>> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_outbox(&self, outbox: Option<Arc<Outbox>>) {
        *self.outbox.lock().unwrap_or_else(PoisonError::into_inner) = outbox;
    }

    /// Takes a place for one more connection from this peer, or says that all are taken.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Place> {
        let place = Place(self.clone());
        let before = self.entering.fetch_add(1, Ordering::Relaxed);
        (before < MAX_ENTERING).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.entering.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Connections of one peer between handshake and greeting: its dials overlap when a path heals.
const MAX_ENTERING: usize = 4;
