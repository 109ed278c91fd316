//! Lets in whoever dials us: who may try, how often, and as whom.
//!
//! Strangers were stopped at the gate. Those who pass may forge their address, so beyond a small
//! rate a first packet is answered by a stateless retry, which costs us nothing and a forger
//! everything; the few that return are counted apart, so that forgers cannot keep a peer out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quinn::{Connection, Endpoint, Incoming};
use tokio::sync::Semaphore;

use crate::candidate::greet_as_answerer;
use crate::complaint::Complaints;
use crate::error::{CLOSE_ORDERLY, CLOSE_PROTOCOL, RefusedReason};
use crate::limit::Bucket;
use crate::peer::PeerState;
use crate::settings::PeerKey;
use crate::tls::proven_key;

/// The answering side of the endpoint.
pub(crate) struct Door {
    pub(crate) endpoint: Endpoint,
    pub(crate) peers: BTreeMap<PeerKey, Arc<PeerState>>,
    pub(crate) complaints: Arc<Complaints>,
    pub(crate) instance: [u8; 8],
    pub(crate) patience: Duration,
}

impl Door {
    /// Answers until the endpoint closes.
    pub(crate) async fn keep(self) {
        let door = Arc::new(self);
        let places = Arc::new(Semaphore::new(MAX_HANDSHAKES));
        let now = Instant::now();
        let mut unproven = Bucket::new(8, Duration::from_millis(125), now);
        let mut proven = Bucket::new(16, Duration::from_millis(62), now);
        while let Some(incoming) = door.endpoint.accept().await {
            let address = incoming.remote_address();
            let listed = door.peers.values().any(|known| known.peer.may_come_from(address.ip()));
            if !listed {
                door.complaints.refused(address, RefusedReason::PeerUnknownAddress);
                incoming.ignore();
                continue;
            }
            if !incoming.remote_address_validated() && !unproven.take(Instant::now()) {
                let _ = incoming.retry();
                continue;
            }
            if incoming.remote_address_validated() && !proven.take(Instant::now()) {
                door.complaints.refused(address, RefusedReason::LocalBusy);
                incoming.ignore();
                continue;
            }
            let Ok(place) = places.clone().try_acquire_owned() else {
                door.complaints.refused(address, RefusedReason::LocalBusy);
                incoming.ignore();
                continue;
            };
            let door = door.clone();
            tokio::spawn(async move {
                // A handshake that takes too long is dropped, and with it the connection.
                let _ = tokio::time::timeout(door.patience, door.answer(incoming)).await;
                drop(place);
            });
        }
    }

    async fn answer(&self, incoming: Incoming) {
        let address = incoming.remote_address();
        let handshake = async { incoming.accept()?.await };
        match handshake.await {
            Ok(connection) => self.admit(connection).await,
            Err(error) => {
                if let Some(why) = RefusedReason::of(&error) {
                    self.complaints.refused(address, why);
                }
            }
        }
    }

    async fn admit(&self, connection: Connection) {
        let address = connection.remote_address();
        let Some(peer) = proven_key(&connection).and_then(|key| self.peers.get(&key)) else {
            // The verifier let the key pass, so this cannot happen; a closed door is right anyway.
            connection.close(CLOSE_PROTOCOL, b"");
            return;
        };
        if !peer.peer.may_come_from(address.ip()) {
            self.complaints.refused(address, RefusedReason::PeerForeignAddress);
            connection.close(CLOSE_ORDERLY, b"");
            return;
        }
        let Some(place) = peer.enter() else {
            self.complaints.refused(address, RefusedReason::LocalBusy);
            connection.close(CLOSE_ORDERLY, b"");
            return;
        };
        if let Ok(candidate) = greet_as_answerer(connection, peer, self.instance, place).await {
            // The link has gone only if we are closing.
            let _ = peer.candidates.send(candidate).await;
        }
    }
}

/// Handshakes and greetings under way at once.
const MAX_HANDSHAKES: usize = 16;
