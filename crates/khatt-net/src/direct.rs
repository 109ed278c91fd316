//! The route as its caller sees it: start, send, events, close.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use quinn::{Endpoint, Runtime, TokioRuntime};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::complaint::Complaints;
use crate::door::Door;
use crate::error::{CLOSE_ORDERLY, DisconnectReason, RefusedReason, SendError, StartError};
use crate::framing;
use crate::gate::Gate;
use crate::link::Link;
use crate::peer::PeerState;
use crate::settings::{PeerKey, Settings};
use crate::tls::Identity;
use crate::transport;

/// The direct route to all peers of one post; dropping it closes every connection.
pub struct Direct {
    endpoint: Endpoint,
    address: SocketAddr,
    sender: Sender,
    closing: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// Sends frames to peers; cheap to clone, and usable from any thread.
#[derive(Clone)]
pub struct Sender {
    peers: Arc<BTreeMap<u16, Arc<PeerState>>>,
    runtime: Handle,
}

/// What happened on the route.
///
/// For one peer the order is that of the wire: `Connected`, its frames, `Disconnected`. Its `Debug`
/// shows the length of a frame, never the bytes.
#[derive(PartialEq, Eq)]
pub enum Event {
    /// A connection to the peer is up; whatever was sent before may be lost.
    Connected {
        /// The id from [`crate::Peer`].
        peer: u16,
        /// The address that the peer has now.
        address: SocketAddr,
    },
    /// The connection to the peer is gone; we are looking for the next.
    Disconnected {
        /// The id from [`crate::Peer`].
        peer: u16,
        /// Why it is gone.
        why: DisconnectReason,
    },
    /// A frame came from the peer, complete and in order.
    Frame {
        /// The id from [`crate::Peer`].
        peer: u16,
        /// The frame, of at most [`crate::MAX_FRAME_BYTES`].
        bytes: Vec<u8>,
    },
    /// Someone was refused; reported at a limited rate, and never at the cost of frames.
    Refused {
        /// From where, or where to if we dialled.
        address: SocketAddr,
        /// By whom and why.
        why: RefusedReason,
    },
}

impl Direct {
    /// Opens the socket, listens, and dials every peer that has an address.
    ///
    /// The receiver holds a bounded number of events: a caller that does not read it holds back its
    /// peers. Dropping the receiver ends every connection.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the settings contradict themselves, the socket cannot be opened, or the
    /// call is made outside a tokio runtime.
    pub fn start(settings: Settings) -> Result<(Self, mpsc::Receiver<Event>), StartError> {
        let runtime = Handle::try_current().map_err(|_| StartError::LocalNoRuntime)?;
        let own = settings.secret.public_key()?;
        check_peers(&settings, own)?;
        let timings = settings.profile.timings();
        let identity = Identity::new(&settings.secret)?;
        let mut instance = [0; 8];
        SystemRandom::new().fill(&mut instance).map_err(|_| StartError::LocalRandomness)?;

        let (events, receiver) = mpsc::channel(MAX_EVENTS);
        let complaints = Arc::new(Complaints::new(events.clone()));
        let allowed: BTreeSet<_> =
            settings.peers.iter().flat_map(|peer| peer.addresses()).collect();
        let keys = settings.peers.iter().map(|peer| peer.key);
        let answerer = transport::answerer(&identity, keys, &timings)?;
        let socket = UdpSocket::bind(settings.listen).map_err(StartError::LocalSocket)?;
        let socket = TokioRuntime.wrap_udp_socket(socket).map_err(StartError::LocalSocket)?;
        let endpoint = Endpoint::new_with_abstract_socket(
            transport::endpoint(&settings.secret)?,
            Some(answerer),
            Arc::new(Gate::new(socket, allowed, complaints.clone())),
            Arc::new(TokioRuntime),
        )
        .map_err(StartError::LocalSocket)?;
        let address = endpoint.local_addr().map_err(StartError::LocalSocket)?;

        let (closing, closed) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut by_id = BTreeMap::new();
        let mut by_key = BTreeMap::new();
        for peer in settings.peers {
            let (id, key) = (peer.id, peer.key);
            let dialler = transport::dialler(&identity, key, &timings)?;
            let (candidates, entering) = mpsc::channel(MAX_CANDIDATES);
            let state = Arc::new(PeerState::new(peer, dialler, own < key, candidates));
            let link = Link::new(
                endpoint.clone(),
                state.clone(),
                events.clone(),
                complaints.clone(),
                entering,
                closed.clone(),
                instance,
                timings,
            );
            tasks.spawn(link.run());
            by_key.insert(key, state.clone());
            by_id.insert(id, state);
        }
        let door = Door {
            endpoint: endpoint.clone(),
            peers: by_key,
            complaints,
            instance,
            patience: timings.dial_timeout,
        };
        tasks.spawn(door.keep());
        let sender = Sender { peers: Arc::new(by_id), runtime };
        Ok((Self { endpoint, address, sender, closing, tasks }, receiver))
    }

    /// Returns the address of the socket, with the port that was taken.
    #[must_use]
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Returns how many connections exist now, those that are being made or ended included.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.endpoint.open_connections()
    }

    /// Returns a handle for sending.
    #[must_use]
    pub fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// Closes every connection in good order, waiting at most half a second for it to be known.
    ///
    /// Frames that wait for sending are lost, as with any other end of a connection.
    pub async fn close(mut self) {
        self.closing.send_replace(true);
        self.endpoint.close(CLOSE_ORDERLY, b"");
        let quiet = async {
            while self.tasks.join_next().await.is_some() {}
            self.endpoint.wait_idle().await;
        };
        let _ = tokio::time::timeout(FAREWELL, quiet).await;
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        self.closing.send_replace(true);
        self.endpoint.close(CLOSE_ORDERLY, b"");
    }
}

impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Direct").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Sender {
    /// Takes a frame for sending, without waiting; it leaves at once if the connection lets it.
    ///
    /// `Ok` says that the frame was taken, not that it arrives: only a receipt says that.
    ///
    /// # Errors
    ///
    /// [`SendError::NotConnected`] and [`SendError::Full`] pass with time; the others do not.
    pub fn send(&self, peer: u16, frame: Vec<u8>) -> Result<(), SendError> {
        let peer = self.peers.get(&peer).ok_or(SendError::LocalUnknownPeer)?;
        let bytes = framing::encode(&frame).ok_or(SendError::LocalFrameTooLong)?;
        peer.outbox().ok_or(SendError::NotConnected)?.push(bytes)
    }

    /// Returns the runtime that the route runs on.
    ///
    /// Whoever takes the events in a task of it is handed them without a thread waking first.
    #[must_use]
    pub fn runtime(&self) -> &Handle {
        &self.runtime
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("peers", &self.peers.len()).finish()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected { peer, address } => {
                write!(f, "Connected {{ peer: {peer}, address: {address} }}")
            }
            Self::Disconnected { peer, why } => {
                write!(f, "Disconnected {{ peer: {peer}, why: {why:?} }}")
            }
            Self::Frame { peer, bytes } => {
                write!(f, "Frame {{ peer: {peer}, bytes: {} redacted }}", bytes.len())
            }
            Self::Refused { address, why } => {
                write!(f, "Refused {{ address: {address}, why: {why:?} }}")
            }
        }
    }
}

fn check_peers(settings: &Settings, own: PeerKey) -> Result<(), StartError> {
    if settings.peers.len() > MAX_PEERS {
        return Err(StartError::LocalTooManyPeers(settings.peers.len()));
    }
    let mut ids = BTreeSet::new();
    let mut keys = BTreeSet::from([own]);
    for peer in &settings.peers {
        if !ids.insert(peer.id) || !keys.insert(peer.key) {
            return Err(StartError::LocalDuplicatePeer(peer.id));
        }
        if peer.addresses().next().is_none() {
            return Err(StartError::LocalPeerWithoutAddress(peer.id));
        }
    }
    Ok(())
}

/// A line has at most eight parties.
const MAX_PEERS: usize = 7;
/// Events that may wait for the caller; at the longest frames, 64 MiB.
const MAX_EVENTS: usize = 64;
/// Connections of one peer that may wait to be considered.
const MAX_CANDIDATES: usize = 4;
/// How long a close may take.
const FAREWELL: Duration = Duration::from_millis(500);
