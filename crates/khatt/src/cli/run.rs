//! `khatt post run`: engine, store, network and control socket of one post, until it is stopped.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use khatt_core::line::Event;
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
    desk::{self, Sight},
    folder::{PostFolder, PostKeys, Settings, system_fill},
    host::PostHost,
    metrics::{Metrics, Place, Reach},
    network::{self, Whereabouts},
    notify::Notifier,
    passphrase::Purpose,
    traces,
    trouble::Trouble,
};

/// How often a running post looks whether its engine still works.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Within this time an engine that works answers; a commit may be under way.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How a running post is watched.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub(crate) struct Watch {
    /// Give out /metrics and /healthz here: IP:PORT, or the path of a socket
    #[arg(long, value_name = "ADDR")]
    metrics: Option<String>,
    /// Let the metrics' address be reached from other machines
    #[arg(long, requires = "metrics")]
    dangerous_metrics_anywhere: bool,
    /// Open the watch desk to browsers of this machine: PORT or IP:PORT
    #[arg(long, value_name = "ADDR")]
    desk: Option<String>,
    /// Clocks of the desk: the zones of site, us and them, as in Asia/Damascus,Asia/Baghdad,Asia/Tehran
    #[arg(long, value_name = "ZONES", requires = "desk", value_delimiter = ',')]
    desk_zones: Vec<String>,
}

/// Runs the post of a folder until SIGTERM or SIGINT, or until its engine stops.
pub(super) fn run(dir: &Path, watch: &Watch, talk: &Talk) -> Result<u8, Trouble> {
    let notifier = Notifier::from_environment();
    let reach =
        if watch.dangerous_metrics_anywhere { Reach::DangerousAnywhere } else { Reach::Loopback };
    let place = watch.metrics.as_deref().map(|place| Place::read(place, reach)).transpose()?;
    let desk_at = watch.desk.as_deref().map(khatt_desk::read_address).transpose()?;
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
    let server = Server::start(&folder, Arc::clone(&desk))?;
    let screens = desk_at
        .map(|at| {
            let reads = folder.officer_language().unwrap_or(talk.language);
            let sight = Sight { reads, other_reads: None, zones: watch.desk_zones.clone() };
            desk::open(Arc::clone(&desk), Arc::clone(&host), dir, sight, at)
        })
        .transpose()?;
    let metrics = place.map(|place| Metrics::start(&place, desk)).transpose()?;
    talk.say_word("say-running", &address.to_string());
    if let Some(Place::Address(place)) = metrics.as_ref().map(Metrics::place) {
        talk.say_word("say-metrics", &place.to_string());
    }
    if let Some(screens) = &screens {
        talk.say_word("say-desk", &screens.file().display().to_string());
    }
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "the post runs");
    notifier.ready("runs");
    let ended = runtime.block_on(until_stopped(&host, &notifier));
    notifier.stopping();
    drop(screens);
    drop(metrics);
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

async fn until_stopped(host: &PostHost, notifier: &Notifier) -> Ended {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut hangup)) =
        (signal(SignalKind::terminate()), signal(SignalKind::hangup()))
    else {
        return Ended::ByItself;
    };
    let mut events = host.subscribe();
    let mut told = tokio::time::Instant::now();
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ended::Asked,
            _ = tokio::signal::ctrl_c() => return Ended::Asked,
            _ = hangup.recv() => {
                if let Err(error) = traces::reopen() {
                    tracing::warn!(%error, "the trace file could not be opened again");
                }
            }
            event = events.recv() => traced(event),
            () = tokio::time::sleep(LOOK_EVERY) => {
                if !host.is_running() {
                    return Ended::ByItself;
                }
            }
        }
        if notifier.every().is_some_and(|every| told.elapsed() >= every / 2) {
            told = tokio::time::Instant::now();
            // Only an engine that answers is alive: one that hangs is ended and started again.
            let answered = host.query_async(|_, _| ());
            if tokio::time::timeout(ANSWER_WITHIN, answered)
                .await
                .is_ok_and(|answer| answer.is_ok())
            {
                notifier.alive();
            }
        }
    }
}

/// Traces what happens: which entry, which post, which alarm; never a word of a message.
fn traced(event: Result<Event, tokio::sync::broadcast::error::RecvError>) {
    match event {
        Ok(Event::Alarm(change)) => {
            let (code, class) = (change.cause.code(), change.cause.class().letter());
            tracing::warn!(code, %class, what = ?change.kind, key = change.cause.key(), "alarm");
        }
        Ok(Event::Released { entry, precedence, .. }) => {
            tracing::info!(%entry, %precedence, "released")
        }
        Ok(Event::Received { entry, precedence, .. }) => {
            tracing::info!(%entry, %precedence, "received")
        }
        Ok(Event::Receipted { entry, by, .. }) => tracing::info!(%entry, %by, "receipted"),
        Ok(Event::Level { entry, by, level, .. }) => {
            tracing::info!(%entry, %by, level, "acknowledged")
        }
        Ok(Event::Refused { entry, by, code }) => tracing::warn!(%entry, %by, code, "refused"),
        Ok(Event::LineTested { peer, .. }) => tracing::info!(%peer, "line tested"),
        Ok(Event::CaughtUp { log, size }) => tracing::debug!(%log, size, "caught up"),
        Ok(_) => {}
        Err(error) => tracing::debug!(%error, "events were missed by the trace"),
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
