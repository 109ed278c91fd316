//! What a post says about itself and its peers before the network starts.
//!
//! The caller takes all of it from the charter and its own key store; nothing here reads a file.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use zeroize::Zeroizing;

use crate::error::StartError;

/// The Ed25519 public key of a peer's network key, as pinned by the charter.
///
/// It is public, and still its `Debug` shows none of it: a trace that names keys names parties.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeerKey([u8; 32]);

/// The seed of this post's own Ed25519 network key (RFC 8032 §5.1.5), erased when dropped.
pub struct TlsSecret(Zeroizing<[u8; 32]>);

/// One peer of this post.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The number by which the caller knows this peer; unique within [`Settings::peers`].
    pub id: u16,
    /// The key that the peer must prove to hold.
    pub key: PeerKey,
    /// Where to dial the peer; without it we wait to be dialled.
    pub address: Option<SocketAddr>,
    /// The addresses from which the peer may come; empty means only the one in `address`.
    pub allow: Vec<IpAddr>,
}

/// Everything that [`crate::Direct::start`] needs.
#[derive(Debug)]
pub struct Settings {
    /// The local address to listen on and to dial from; port 0 takes any free port.
    pub listen: SocketAddr,
    /// This post's own network key.
    pub secret: TlsSecret,
    /// At most seven peers, since a line has at most eight parties.
    pub peers: Vec<Peer>,
    /// The kind of path to the peers.
    pub profile: LinkProfile,
}

/// How fast a path is, and so how patient its timers are; both ends choose the same.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkProfile {
    /// A path of the ordinary internet: silence shows within eight seconds.
    Wide,
    /// A path that carries IP but little of it, such as a radio of 2.4 kbit/s.
    Thin(ThinTimings),
}

/// The timers of a thin link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThinTimings {
    /// The round trip assumed before one is measured; too small a value floods the link with
    /// copies of the handshake.
    pub initial_round_trip: Duration,
    /// How long the peer may hold back a lone acknowledgement of packets.
    pub packet_ack_delay: Duration,
    /// The silence after which we send a sign of life.
    pub keep_alive: Duration,
    /// The silence after which the connection is given up.
    pub idle: Duration,
    /// The longest pause between two dials, which follow one another and never overlap.
    pub redial_cap: Duration,
    /// How long one dial may take, from first packet to greeting.
    pub dial_timeout: Duration,
}

/// The timers that the rest of the crate runs by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timings {
    pub(crate) initial_round_trip: Duration,
    pub(crate) packet_ack_delay: Option<Duration>,
    pub(crate) keep_alive: Duration,
    pub(crate) idle: Duration,
    pub(crate) redial_cap: Duration,
    pub(crate) dial_timeout: Duration,
    pub(crate) dials_at_once: usize,
    /// How long a question may wait for an answer before we dial beside the connection.
    pub(crate) suspect_after: Option<Duration>,
    pub(crate) segmentation_offload: bool,
}

impl PeerKey {
    /// Returns the key with these 32 bytes (RFC 8032 §5.1.5); whether it is a valid point shows
    /// only when a peer signs with it.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the 32 bytes of the key.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for PeerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PeerKey(redacted)")
    }
}

impl From<[u8; 32]> for PeerKey {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl TlsSecret {
    /// Takes the 32-byte seed; the caller erases its own copy.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        Self(Zeroizing::new(seed))
    }

    /// Returns the public key that peers pin for this seed.
    ///
    /// # Errors
    ///
    /// [`StartError::LocalKey`] if the cryptographic library refuses the seed.
    pub fn public_key(&self) -> Result<PeerKey, StartError> {
        let pair =
            Ed25519KeyPair::from_seed_unchecked(&*self.0).map_err(|_| StartError::LocalKey)?;
        let bytes = pair.public_key().as_ref().try_into().map_err(|_| StartError::LocalKey)?;
        Ok(PeerKey(bytes))
    }

    pub(crate) fn seed(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TlsSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsSecret(redacted)")
    }
}

impl Peer {
    /// Whether the peer itself may come from this address.
    pub(crate) fn may_come_from(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        if self.allow.is_empty() {
            return self.address.is_some_and(|own| own.ip().to_canonical() == address);
        }
        self.allow.iter().any(|allowed| allowed.to_canonical() == address)
    }

    /// Every address whose packets may concern this peer: those it may come from, and the one we
    /// dial, whose answers must reach us.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        let dialled = self.address.iter().map(|own| own.ip().to_canonical());
        self.allow.iter().map(IpAddr::to_canonical).chain(dialled)
    }
}

impl Default for ThinTimings {
    /// The timers found for 2.4 kbit/s with 600 ms one way; the handshake takes 18 s there.
    fn default() -> Self {
        Self {
            initial_round_trip: Duration::from_secs(8),
            packet_ack_delay: Duration::from_secs(2),
            keep_alive: Duration::from_secs(120),
            idle: Duration::from_secs(400),
            redial_cap: Duration::from_secs(60),
            dial_timeout: Duration::from_secs(90),
        }
    }
}

impl LinkProfile {
    pub(crate) fn timings(self) -> Timings {
        match self {
            Self::Wide => Timings {
                initial_round_trip: Duration::from_millis(100),
                packet_ack_delay: None,
                keep_alive: Duration::from_secs(2),
                idle: Duration::from_secs(8),
                // A heal must show within two seconds (reliability.md §6), so the pause may not
                // grow further; on a wide link one first packet a second costs nothing.
                redial_cap: Duration::from_secs(1),
                dial_timeout: Duration::from_secs(4),
                // As many as the timeout holds, one a second.
                dials_at_once: 4,
                suspect_after: Some(Duration::from_secs(1)),
                segmentation_offload: true,
            },
            Self::Thin(thin) => Timings {
                initial_round_trip: thin.initial_round_trip,
                packet_ack_delay: Some(thin.packet_ack_delay),
                keep_alive: thin.keep_alive,
                idle: thin.idle,
                redial_cap: thin.redial_cap.max(FIRST_REDIAL),
                dial_timeout: thin.dial_timeout,
                // Two handshakes side by side would each take twice as long.
                dials_at_once: 1,
                suspect_after: None,
                segmentation_offload: false,
            },
        }
    }
}

/// The pause before the first dial after a loss, doubled up to the cap of the profile.
pub(crate) const FIRST_REDIAL: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_seeds_print_nothing_of_themselves() {
        let secret = TlsSecret::new([0x5a; 32]);
        let shown = format!("{secret:?} {:?}", secret.public_key().unwrap());
        assert_eq!(shown, "TlsSecret(redacted) PeerKey(redacted)");
    }

    #[test]
    fn public_key_is_that_of_rfc_8032() {
        // RFC 8032 §7.1, test 1.
        let seed = [
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec,
            0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03,
            0x1c, 0xae, 0x7f, 0x60,
        ];
        let key = TlsSecret::new(seed).public_key().unwrap();
        assert_eq!(key.as_bytes()[..4], [0xd7, 0x5a, 0x98, 0x01]);
    }

    #[test]
    fn empty_allow_list_means_the_dialled_address_only() {
        let mut peer = Peer {
            id: 1,
            key: PeerKey::new([1; 32]),
            address: Some("192.0.2.1:7000".parse().unwrap()),
            allow: vec![],
        };
        assert!(peer.may_come_from("192.0.2.1".parse().unwrap()));
        assert!(peer.may_come_from("::ffff:192.0.2.1".parse().unwrap()));
        assert!(!peer.may_come_from("192.0.2.2".parse().unwrap()));
        peer.allow = vec!["192.0.2.9".parse().unwrap()];
        assert!(!peer.may_come_from("192.0.2.1".parse().unwrap()));
        assert!(peer.may_come_from("192.0.2.9".parse().unwrap()));
    }
}
