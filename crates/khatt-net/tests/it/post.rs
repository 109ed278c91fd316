//! Posts for tests, and waiting for what happens at them.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use khatt_net::{Direct, Event, LinkProfile, Peer, PeerKey, Sender, Settings, TlsSecret};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

pub(crate) const NORTH: u16 = 1;
pub(crate) const SOUTH: u16 = 2;
pub(crate) const NORTH_SEED: [u8; 32] = [0x4e; 32];
pub(crate) const SOUTH_SEED: [u8; 32] = [0x53; 32];
pub(crate) const STRANGER_SEED: [u8; 32] = [0x58; 32];
/// How long a test waits for what must happen; nothing depends on how soon it does.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Post {
    pub(crate) direct: Direct,
    pub(crate) events: Receiver<Event>,
}

pub(crate) fn key(seed: [u8; 32]) -> PeerKey {
    TlsSecret::new(seed).public_key().unwrap()
}

pub(crate) fn loopback() -> IpAddr {
    "127.0.0.1".parse().unwrap()
}

pub(crate) fn free_address() -> SocketAddr {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

pub(crate) fn peer(id: u16, seed: [u8; 32], address: Option<SocketAddr>) -> Peer {
    Peer { id, key: key(seed), address, allow: vec![loopback()] }
}

pub(crate) fn settings(seed: [u8; 32], listen: &str, peer: Peer) -> Settings {
    Settings {
        listen: listen.parse().unwrap(),
        secret: TlsSecret::new(seed),
        peers: vec![peer],
        profile: LinkProfile::Wide,
    }
}

impl Post {
    pub(crate) fn start(settings: Settings) -> Self {
        let (direct, events) = Direct::start(settings).unwrap();
        Self { direct, events }
    }

    /// South, which waits to be dialled.
    pub(crate) fn south() -> Self {
        Self::start(settings(SOUTH_SEED, "127.0.0.1:0", peer(NORTH, NORTH_SEED, None)))
    }

    /// North, which dials South at `address`.
    pub(crate) fn north(address: SocketAddr) -> Self {
        Self::start(settings(NORTH_SEED, "127.0.0.1:0", peer(SOUTH, SOUTH_SEED, Some(address))))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.direct.local_address()
    }

    pub(crate) fn sender(&self) -> Sender {
        self.direct.sender()
    }

    pub(crate) async fn next(&mut self) -> Event {
        timeout(PATIENCE, self.events.recv()).await.expect("an event in time").expect("a route")
    }

    /// Waits for the event that `wanted` picks, and passes over others.
    pub(crate) async fn until<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        loop {
            if let Some(found) = wanted(&self.next().await) {
                return found;
            }
        }
    }

    pub(crate) async fn connected(&mut self) {
        self.until(|event| matches!(event, Event::Connected { .. }).then_some(())).await;
    }

    pub(crate) async fn disconnected(&mut self) -> khatt_net::DisconnectReason {
        self.until(|event| match event {
            Event::Disconnected { why, .. } => Some(*why),
            _ => None,
        })
        .await
    }

    pub(crate) async fn refused(&mut self) -> khatt_net::RefusedReason {
        self.until(|event| match event {
            Event::Refused { why, .. } => Some(*why),
            Event::Connected { .. } => panic!("connected to whom it should refuse"),
            _ => None,
        })
        .await
    }

    /// The next event, which must be a frame.
    pub(crate) async fn frame(&mut self) -> Vec<u8> {
        match self.next().await {
            Event::Frame { bytes, .. } => bytes,
            other => panic!("not a frame: {other:?}"),
        }
    }
}

/// North dials South, and both are connected.
pub(crate) async fn pair() -> (Post, Post) {
    let mut south = Post::south();
    let mut north = Post::north(south.address());
    north.connected().await;
    south.connected().await;
    (north, south)
}
