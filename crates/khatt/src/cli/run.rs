//! `khatt post run`: engine, store, network and control socket of one post, until it is stopped.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use khatt_net::Direct;
use khatt_record::{PostIndex, SignedCharter, charter::Post};

use super::{CommandError, Talk};
use crate::{
    control::{
        ControlError,
        client::{Driven, take_up},
        desk::Desk,
        server::Server,
    },
    folder::{PostFolder, PostKeys, Settings, system_fill},
    network::{self, Whereabouts},
    passphrase::Purpose,
    trouble::Trouble,
};

/// How often a running post looks whether its engine still works.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Runs the post of a folder until SIGTERM or SIGINT, or until its engine stops.
pub(super) fn run(dir: &Path, talk: &Talk) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(dir)?;
    let charter = folder.charter()?;
    let settings = folder.settings()?;
    let store = folder.open_store(&talk.post_passphrase(Purpose::Open)?, system_fill())?;
    let keys = PostKeys::load(&store)?;
    let own = keys.post_in(&charter)?;
    let net = net_settings(&charter, own, &settings, &keys)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("khatt-net")
        .enable_all()
        .build()
        .map_err(|error| ControlError::LocalSocket(error.to_string()))?;
    let (direct, events) = {
        let _within = runtime.enter();
        Direct::start(net)?
    };
    let address = direct.local_address();
    let (host, charter, own, reader) = take_up(&folder, store, Some((direct.sender(), events)))?;
    let host = Arc::new(host);
    let driven = Driven::running(Arc::clone(&host), talk.language);
    let desk = Arc::new(Desk::new(Box::new(driven), charter, own, reader));
    let server = Server::start(&folder, desk)?;
    talk.say_word("say-running", &address.to_string());
    let ended = runtime.block_on(until_stopped(&host));
    drop(server);
    runtime.block_on(direct.close());
    let stopped = host.stop();
    match (ended, stopped) {
        (Ended::Asked, Ok(_)) => {
            talk.say_word("say-stopped", "");
            Ok(0)
        }
        (_, Err(error)) => Err(error.into()),
        (Ended::ByItself, Ok(_)) => Err(crate::host::HostError::LocalStopped.into()),
    }
}

enum Ended {
    Asked,
    ByItself,
}

async fn until_stopped(host: &crate::host::PostHost) -> Ended {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return Ended::ByItself;
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ended::Asked,
            _ = tokio::signal::ctrl_c() => return Ended::Asked,
            () = tokio::time::sleep(LOOK_EVERY) => {
                if !host.is_running() {
                    return Ended::ByItself;
                }
            }
        }
    }
}

/// Says where each peer is, from the charter and the post's own settings.
fn net_settings(
    charter: &SignedCharter,
    own: PostIndex,
    settings: &Settings,
    keys: &PostKeys,
) -> Result<khatt_net::Settings, CommandError> {
    let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    let place = |_: PostIndex, post: &Post| {
        let held = settings.peers.get(&post.name);
        let listed: Vec<SocketAddr> =
            post.addresses.iter().filter_map(|address| address.parse().ok()).collect();
        let mut allow = held.map(|held| held.allow.clone()).unwrap_or_default();
        allow.extend(listed.iter().map(SocketAddr::ip));
        let address = held.and_then(|held| held.address).or(listed.first().copied());
        Whereabouts { address, allow }
    };
    // A peer of which nothing is known could never be reached, and nobody would notice.
    for (index, post) in charter.charter().posts() {
        if index != own && place(index, post) == Whereabouts::default() {
            return Err(CommandError::LocalNoAddress(post.name.clone()));
        }
    }
    let listen = settings.listen.unwrap_or(any);
    Ok(network::settings(charter, own, *keys.tls, listen, place))
}
