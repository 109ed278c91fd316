//! Why a start, a send or a peer was refused, and why a connection ended.
//!
//! Each case has a code that never changes; it is the key of its text and advice in every language.
//! None holds a key, a frame or a word of the peer's: those never reach a trace.

use std::io;

use quinn::{ConnectionError, TransportErrorCode, VarInt};
use thiserror::Error;

/// Why the network did not start.
#[non_exhaustive]
#[derive(Debug, Error)]
pub enum StartError {
    /// The socket could not be opened at the address to listen on.
    #[error("local socket could not be opened")]
    LocalSocket(#[source] io::Error),
    /// The call came from outside a tokio runtime.
    #[error("local call outside a runtime")]
    LocalNoRuntime,
    /// The seed is no key that the cryptographic library accepts.
    #[error("local network key is unusable")]
    LocalKey,
    /// The cryptographic library lacks what the charter fixes.
    #[error("local cryptographic library lacks a fixed algorithm")]
    LocalCrypto,
    /// The operating system gave no random bytes.
    #[error("local source of randomness failed")]
    LocalRandomness,
    /// There are more peers than a line has.
    #[error("local settings name {0} peers, more than seven")]
    LocalTooManyPeers(usize),
    /// Two peers have one id or one key, or a peer has our own key.
    #[error("local settings name peer {0} twice, or give it another's key")]
    LocalDuplicatePeer(u16),
    /// A peer has neither an address to dial nor one to come from.
    #[error("local settings give peer {0} no address")]
    LocalPeerWithoutAddress(u16),
    /// A timer of the thin profile is zero, too long, or does not fit another.
    #[error("local settings hold timers that contradict each other")]
    LocalTimings,
}

/// Why a frame was not taken for sending.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SendError {
    /// The queue to this peer is full; reconcile once it has drained.
    #[error("carrier queue to the peer is full")]
    Full,
    /// There is no connection to this peer now.
    #[error("carrier has no connection to the peer")]
    NotConnected,
    /// The settings name no such peer.
    #[error("local caller named a peer that the settings do not")]
    LocalUnknownPeer,
    /// The frame is longer than [`crate::MAX_FRAME_BYTES`].
    #[error("local frame is longer than a frame may be")]
    LocalFrameTooLong,
}

/// Why an attempt to connect, ours or another's, was refused.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusedReason {
    /// The packet came from an address that no peer may use; it was dropped unread.
    #[error("peer address is on no list")]
    PeerUnknownAddress,
    /// The other end holds another key than the charter pins, or could not prove the right one.
    #[error("peer does not hold the key of the charter")]
    PeerWrongKey,
    /// The peer proved its key from an address that only another peer may use.
    #[error("peer came from an address that is not its own")]
    PeerForeignAddress,
    /// The other end offers no hybrid key exchange, no raw key, or another protocol.
    #[error("peer offers no algorithm or key type that the charter fixes")]
    PeerIncompatible,
    /// The other end refused the key that we hold.
    #[error("peer refused the key of this post")]
    PeerRefusedOurKey,
    /// Too many handshakes at once; this one was dropped.
    #[error("local limit on handshakes is reached")]
    LocalBusy,
}

/// Why a connection that was up is no longer.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum DisconnectReason {
    /// The peer closed the connection in good order.
    #[error("peer closed the connection")]
    PeerClosed,
    /// The peer, or the path to it, has been silent for the idle time.
    #[error("peer has been silent too long")]
    PeerSilent,
    /// The peer forgot the connection, as after a restart.
    #[error("peer restarted")]
    PeerRestarted,
    /// The peer announced a frame longer than [`crate::MAX_FRAME_BYTES`].
    #[error("peer sent a frame longer than a frame may be")]
    PeerFrameTooLong,
    /// The peer broke the rules of QUIC or of this route.
    #[error("peer broke the protocol")]
    PeerBrokeProtocol,
    /// The peer says that we broke the rules of this route.
    #[error("local bytes were refused by the peer")]
    LocalRefused,
    /// A newer connection to the same peer took its place.
    #[error("local side moved to a newer connection")]
    LocalReplaced,
    /// We closed the connection.
    #[error("local side closed the connection")]
    LocalClosed,
}

impl StartError {
    /// Returns the stable code of this case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalSocket(_) => "KN-START-SOCKET",
            Self::LocalNoRuntime => "KN-START-RUNTIME",
            Self::LocalKey => "KN-START-KEY",
            Self::LocalCrypto => "KN-START-CRYPTO",
            Self::LocalRandomness => "KN-START-RANDOM",
            Self::LocalTooManyPeers(_) => "KN-START-PEERS",
            Self::LocalDuplicatePeer(_) => "KN-START-DUPLICATE",
            Self::LocalPeerWithoutAddress(_) => "KN-START-ADDRESS",
            Self::LocalTimings => "KN-START-TIMINGS",
        }
    }
}

impl SendError {
    /// Returns the stable code of this case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Full => "KN-SEND-FULL",
            Self::NotConnected => "KN-SEND-DOWN",
            Self::LocalUnknownPeer => "KN-SEND-PEER",
            Self::LocalFrameTooLong => "KN-SEND-LONG",
        }
    }
}

impl RefusedReason {
    /// Returns the stable code of this case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerUnknownAddress => "KN-REFUSED-ADDRESS",
            Self::PeerWrongKey => "KN-REFUSED-KEY",
            Self::PeerForeignAddress => "KN-REFUSED-FOREIGN",
            Self::PeerIncompatible => "KN-REFUSED-ALGORITHM",
            Self::PeerRefusedOurKey => "KN-REFUSED-OURS",
            Self::LocalBusy => "KN-REFUSED-BUSY",
        }
    }

    /// Reads from a failed handshake who refused whom, or `None` where nobody did: a timeout, or
    /// a connection closed in favour of another.
    pub(crate) fn of(error: &ConnectionError) -> Option<Self> {
        match error {
            ConnectionError::TransportError(ours) => match alert(ours.code)? {
                ALERT_ACCESS_DENIED | ALERT_BAD_CERTIFICATE | ALERT_DECRYPT_ERROR => {
                    Some(Self::PeerWrongKey)
                }
                _ => Some(Self::PeerIncompatible),
            },
            ConnectionError::ConnectionClosed(theirs) => match alert(theirs.error_code)? {
                ALERT_ACCESS_DENIED => Some(Self::PeerRefusedOurKey),
                _ => Some(Self::PeerIncompatible),
            },
            ConnectionError::VersionMismatch => Some(Self::PeerIncompatible),
            _ => None,
        }
    }
}

impl DisconnectReason {
    /// Returns the stable code of this case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerClosed => "KN-DOWN-CLOSED",
            Self::PeerSilent => "KN-DOWN-SILENT",
            Self::PeerRestarted => "KN-DOWN-RESTARTED",
            Self::PeerFrameTooLong => "KN-DOWN-LONG",
            Self::PeerBrokeProtocol => "KN-DOWN-PROTOCOL",
            Self::LocalRefused => "KN-DOWN-REFUSED",
            Self::LocalReplaced => "KN-DOWN-REPLACED",
            Self::LocalClosed => "KN-DOWN-LOCAL",
        }
    }

    pub(crate) fn of(error: &ConnectionError) -> Self {
        match error {
            ConnectionError::ApplicationClosed(close) => match close.error_code {
                CLOSE_LONG | CLOSE_PROTOCOL => Self::LocalRefused,
                CLOSE_REPLACED | CLOSE_DUPLICATE => Self::LocalReplaced,
                _ => Self::PeerClosed,
            },
            ConnectionError::TimedOut => Self::PeerSilent,
            ConnectionError::Reset => Self::PeerRestarted,
            ConnectionError::LocallyClosed => Self::LocalClosed,
            ConnectionError::ConnectionClosed(_) => Self::PeerClosed,
            _ => Self::PeerBrokeProtocol,
        }
    }
}

/// Returns the TLS alert within a QUIC error code (RFC 9001 §4.8).
fn alert(code: TransportErrorCode) -> Option<u8> {
    let code = u64::from(code);
    (code & !0xff == 0x100).then_some(code as u8)
}

/// Closes, as in `spec/quic.md` §6.
pub(crate) const CLOSE_ORDERLY: VarInt = VarInt::from_u32(0);
pub(crate) const CLOSE_DUPLICATE: VarInt = VarInt::from_u32(1);
pub(crate) const CLOSE_REPLACED: VarInt = VarInt::from_u32(2);
pub(crate) const CLOSE_LONG: VarInt = VarInt::from_u32(3);
pub(crate) const CLOSE_PROTOCOL: VarInt = VarInt::from_u32(4);

// Alerts of RFC 8446 §6. Our verifiers answer a key that is not pinned with access_denied.
const ALERT_BAD_CERTIFICATE: u8 = 42;
const ALERT_ACCESS_DENIED: u8 = 49;
const ALERT_DECRYPT_ERROR: u8 = 51;
