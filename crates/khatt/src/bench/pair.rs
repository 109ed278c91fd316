//! Two posts of one line in this process: real engines, stores on disk, QUIC over loopback.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use khatt_core::{Now, line::Event, testing};
use khatt_net::Direct;
use khatt_record::{PostIndex, SignedCharter, SoftwareSigner, charter::Quotas, seal::PrekeySecret};
use khatt_store::{Options, PassphraseCost, SqliteStore};
use tokio::{
    runtime::{Builder, Runtime},
    sync::broadcast::{Receiver, error::RecvError},
};
use zeroize::Zeroizing;

use crate::{
    clock::{Clock as _, SystemClock},
    control::client::SystemEntropy,
    folder::system_fill,
    host::{HostParts, PostHost, Pulse},
    network::{self, Whereabouts},
    pq_key::PqKey,
};

pub(super) const NORTH: PostIndex = PostIndex(0);
pub(super) const SOUTH: PostIndex = PostIndex(1);

const PASSPHRASE: &[u8] = b"benchmark";
/// What is due within this time is still to be waited for.
const SOON_MS: u64 = 20;
/// How long anything that is waited for may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A charter of two parties with known keys and room for any benchmark.
pub(super) fn charter() -> SignedCharter {
    let mut charter = testing::sample_charter(2);
    charter.quotas = Quotas {
        entry_bytes: 16_384,
        entries_per_day: u32::MAX,
        bytes_per_day: u64::MAX >> 16,
        flash_per_hour: u32::MAX,
    };
    testing::sign_charter(charter)
}

/// The network of one post, with a runtime of its own as in a process of its own.
struct Net {
    direct: Option<Direct>,
    runtime: Option<Runtime>,
}

/// One post.
pub(super) struct Post {
    pub(super) host: PostHost,
    pub(super) clock: SystemClock,
    net: Option<Net>,
}

/// Two posts, North dialling South.
pub(super) struct Pair {
    pub(super) charter: SignedCharter,
    pub(super) north: Post,
    pub(super) south: Post,
}

/// The choices of every store that is measured. Guessing a passphrase is no part of any figure.
pub(super) fn options() -> Options {
    Options {
        passphrase_cost: PassphraseCost::DANGEROUS_LEAST,
        ballast_bytes: 0,
        ..Options::default()
    }
}

/// Where a post keeps its store in a benchmark's folder.
pub(super) fn store_dir(dir: &Path, post: PostIndex) -> PathBuf {
    dir.join(if post == NORTH { "north" } else { "south" })
}

/// Opens the store of a post, or makes it.
pub(super) fn open_store(
    dir: &Path,
    post: PostIndex,
    options: &Options,
) -> anyhow::Result<SqliteStore> {
    let dir = store_dir(dir, post);
    Ok(if dir.exists() {
        SqliteStore::open(&dir, PASSPHRASE, system_fill(), options)?
    } else {
        SqliteStore::create(&dir, PASSPHRASE, system_fill(), options)?
    })
}

impl Post {
    /// Starts a post over a store. With `listen` it has a network, and dials `peer` if given.
    pub(super) fn start(
        charter: &SignedCharter,
        post: PostIndex,
        store: SqliteStore,
        peer: Reach,
    ) -> anyhow::Result<Self> {
        let mut net = None;
        let mut ends = None;
        if let Reach::Listen(dial) = peer {
            let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
            let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
            let seed = testing::seed(&format!("tls {post}"));
            let settings =
                network::settings(charter, post, seed, SocketAddr::new(local, 0), |_, _| {
                    Whereabouts { address: dial, allow: vec![local] }
                });
            let (direct, events) = runtime.block_on(async { Direct::start(settings) })?;
            ends = Some((direct.sender(), events));
            net = Some(Net { direct: Some(direct), runtime: Some(runtime) });
        }
        let clock = SystemClock::start();
        let host = PostHost::start(HostParts {
            charter: charter.clone(),
            post,
            store,
            signer: Box::new(SoftwareSigner::from_seed(testing::seed(&format!("log {post}")))),
            pq_signer: Some(Box::new(PqKey::from_seed(&Zeroizing::new(testing::seed(&format!(
                "pq {post}"
            )))))),
            prekey: PrekeySecret::from_seed(testing::seed(&format!("prekey {post}"))),
            entropy: Box::new(SystemEntropy),
            clock: Box::new(clock),
            net: ends,
        })?;
        Ok(Self { host, clock, net })
    }

    fn address(&self) -> Option<SocketAddr> {
        Some(self.net.as_ref()?.direct.as_ref()?.local_address())
    }

    pub(super) fn now(&self) -> Now {
        self.clock.now()
    }
}

/// Whether a post has a network, and whom it dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// No network.
    Nobody,
    /// A network that listens, and dials the other post if its address is known.
    Listen(Option<SocketAddr>),
}

impl Pair {
    /// Starts both posts over stores in a folder and waits until each has the other's start.
    pub(super) fn start(dir: &Path, options: &Options) -> anyhow::Result<Self> {
        let pair = Self::start_unmet(&charter(), dir, options)?;
        pair.settle()?;
        Ok(pair)
    }

    /// Starts both posts and waits for nothing.
    pub(super) fn start_unmet(
        charter: &SignedCharter,
        dir: &Path,
        options: &Options,
    ) -> anyhow::Result<Self> {
        let store = |post| open_store(dir, post, options);
        let south = Post::start(charter, SOUTH, store(SOUTH)?, Reach::Listen(None))?;
        let reach = Reach::Listen(south.address());
        let north = Post::start(charter, NORTH, store(NORTH)?, reach)?;
        Ok(Self { charter: charter.clone(), north, south })
    }

    /// Waits until both posts hold the same logs and nothing is on its way.
    pub(super) fn settle(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        let mut quiet = 0;
        let mut last = Default::default();
        while quiet < 3 {
            if begun.elapsed() > PATIENCE {
                bail!("the posts do not come to rest");
            }
            let sizes = |post: &Post| {
                post.host.query(|line, _| {
                    line.log_views().iter().map(|log| log.size).collect::<Vec<u64>>()
                })
            };
            let (north, south) = (sizes(&self.north)?, sizes(&self.south)?);
            let pulses = (self.north.host.pulse()?, self.south.host.pulse()?);
            let arrived = pulses.0.sent == pulses.1.received && pulses.1.sent == pulses.0.received;
            let soon = |post: &Post, pulse: &Pulse| {
                pulse.due_ms.is_some_and(|due_ms| due_ms <= post.now().mono_ms + SOON_MS)
            };
            let due = soon(&self.north, &pulses.0) || soon(&self.south, &pulses.1);
            let untidy = pulses.0.untidy || pulses.1.untidy || due;
            if untidy {
                // Asking again at once would keep them from the pause that they wait for.
                std::thread::sleep(Duration::from_millis(5));
            }
            let same = north == south && arrived && !untidy && pulses == last;
            quiet = if same { quiet + 1 } else { 0 };
            last = pulses;
            if !same {
                std::thread::sleep(Duration::from_micros(200));
            }
        }
        Ok(())
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        if let (Some(direct), Some(runtime)) = (self.direct.take(), self.runtime.take()) {
            runtime.block_on(direct.close());
            runtime.shutdown_background();
        }
    }
}

/// Takes events until one is wanted.
pub(super) fn wait_for<T>(
    events: &mut Receiver<Event>,
    mut wanted: impl FnMut(&Event) -> Option<T>,
) -> anyhow::Result<T> {
    loop {
        match events.blocking_recv() {
            Ok(event) => {
                if let Some(found) = wanted(&event) {
                    return Ok(found);
                }
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return Err(RecvError::Closed).context("the post stopped"),
        }
    }
}
