//! What the network of a post is started with: its peers as the charter pins them.
//!
//! Where peers are is the caller's to know: the charter's addresses, the post's settings, or the
//! ports of a rehearsal. Their places in the charter are the names by which the host knows them.

use std::net::{IpAddr, SocketAddr};

use khatt_net::{LinkProfile, Peer, PeerKey, Settings, TlsSecret};
use khatt_record::{PostIndex, SignedCharter, charter::Post};

/// Where one peer is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whereabouts {
    /// Where to dial it; without it we wait to be dialled.
    pub address: Option<SocketAddr>,
    /// Where it may come from; nothing means only the address above.
    pub allow: Vec<IpAddr>,
}

/// Returns the settings of a post's network; `place` says where each of the other posts is.
///
/// A peer of which nothing is known is left out: it can neither be dialled nor let in.
pub fn settings(
    charter: &SignedCharter,
    own: PostIndex,
    tls_seed: [u8; 32],
    listen: SocketAddr,
    mut place: impl FnMut(PostIndex, &Post) -> Whereabouts,
) -> Settings {
    let others = charter.charter().posts().filter(|(index, _)| *index != own);
    let peers = others.filter_map(|(index, post)| {
        let Whereabouts { address, allow } = place(index, post);
        let key = PeerKey::new(post.tls_key);
        let known = address.is_some() || !allow.is_empty();
        known.then_some(Peer { id: index.0.into(), key, address, allow })
    });
    Settings {
        listen,
        peers: peers.collect(),
        secret: TlsSecret::new(tls_seed),
        profile: LinkProfile::Wide,
    }
}
