//! A Khatt post's network: QUIC between the keys of the charter.
//!
//! [`Direct`] is the route from post to post without anyone between: one QUIC connection to each
//! peer, both ends known by a raw Ed25519 key that the charter pins, the key exchange hybrid and
//! post-quantum, and nothing on the wire that says what it is (`spec/quic.md`).
//!
//! It carries frames as opaque bytes, in order, and promises no delivery: a connection may end with
//! frames on the way, and whoever sends them reconciles after the next [`Event::Connected`]. It
//! leaves to others what frames mean, whether they are sealed, and when to give up on a route.

mod candidate;
mod complaint;
mod direct;
mod door;
mod error;
mod framing;
mod gate;
mod limit;
mod link;
mod outbox;
mod peer;
mod settings;
mod silence;
mod tls;
mod transport;

pub use direct::{Direct, Event, Sender};
pub use error::{DisconnectReason, RefusedReason, SendError, StartError};
pub use framing::MAX_FRAME_BYTES;
pub use settings::{LinkProfile, Peer, PeerKey, Settings, ThinTimings, TlsSecret};
