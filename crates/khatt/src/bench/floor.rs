//! What the promise costs at the least: two durable appends, one echo, the same arithmetic.
//!
//! Everything a message needs between its release and its receipt, done by hand with nothing
//! around it: 4 KiB appended and synced at the author, the message's bytes echoed as a receipt's
//! over an open connection of the same kind, 4 KiB appended and synced at the receiver, and every
//! signature, hash and cipher that the record asks for, once.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    thread::JoinHandle,
};

use anyhow::{Context as _, bail};
use khatt_net::{Direct, Event, LinkProfile, Peer, Sender, Settings, TlsSecret};
use khatt_record::{
    Hash, Kind, LineId, PostIndex, PostSigner as _, PublicKey, SoftwareSigner,
    merkle::leaf_hash,
    seal::{EpochNumber, FrameContext, Item, ReceiveEpoch, SendEpoch, open_frame, seal_frame},
};
use sha2::{Digest as _, Sha256};
use tokio::{
    runtime::{Builder, Runtime},
    sync::mpsc::Receiver,
};

use crate::control::client::SystemEntropy;

/// What is appended and synced.
const APPEND_BYTES: usize = 4096;
/// A header as a leaf, and what a statement signs; in bytes.
const LEAF_BYTES: usize = 90;
const STATEMENT_BYTES: usize = 150;

/// Everything that one step of the floor needs.
pub(super) struct Floor {
    appended: [File; 2],
    echo: Echo,
    arithmetic: Arithmetic,
    frame: Vec<u8>,
}

impl Floor {
    /// Opens the files in a folder and a connection; a step echoes `frame_bytes` as `reply_bytes`.
    pub(super) fn new(dir: &Path, frame_bytes: usize, reply_bytes: usize) -> anyhow::Result<Self> {
        let file = |name| OpenOptions::new().create_new(true).append(true).open(dir.join(name));
        Ok(Self {
            appended: [file("floor-north")?, file("floor-south")?],
            echo: Echo::start(reply_bytes)?,
            arithmetic: Arithmetic::new(frame_bytes, reply_bytes)?,
            frame: vec![0x5a; frame_bytes],
        })
    }

    /// Does all of it once.
    pub(super) fn step(&mut self) -> anyhow::Result<()> {
        let [north, south] = &mut self.appended;
        append(north)?;
        self.arithmetic.run()?;
        self.echo.once(&self.frame)?;
        append(south)
    }
}

fn append(file: &mut File) -> anyhow::Result<()> {
    file.write_all(&[0x5a; APPEND_BYTES])?;
    Ok(file.sync_data()?)
}

/// An open connection whose far end answers each frame with one of a receipt's length.
pub(super) struct Echo {
    sender: Sender,
    events: Receiver<Event>,
    // In this order: connections are closed before what runs them ends.
    _near: Direct,
    _runtimes: [Runtime; 2],
    _far: JoinHandle<()>,
}

const NEAR: u16 = 1;
const FAR: u16 = 2;

impl Echo {
    fn start(reply_bytes: usize) -> anyhow::Result<Self> {
        let runtime = || Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let (here, there) = (runtime()?, runtime()?);
        let (far, mut asked) = there.block_on(async { end(FAR, NEAR, None) })?;
        let address = far.local_address();
        let far = std::thread::spawn(move || {
            let sender = far.sender();
            while let Some(event) = asked.blocking_recv() {
                if let Event::Frame { peer, .. } = event {
                    // A frame that cannot leave shows at the other end, which waits for it.
                    let _ = sender.send(peer, vec![0x5a; reply_bytes]);
                }
                if matches!(event, Event::Disconnected { .. }) {
                    return;
                }
            }
        });
        let (near, mut events) = here.block_on(async { end(NEAR, FAR, Some(address)) })?;
        while !matches!(events.blocking_recv().context("no route")?, Event::Connected { .. }) {}
        let sender = near.sender();
        let runtimes = [here, there];
        Ok(Self { sender, events, _near: near, _runtimes: runtimes, _far: far })
    }

    fn once(&mut self, frame: &[u8]) -> anyhow::Result<()> {
        self.sender.send(FAR, frame.to_vec())?;
        match self.events.blocking_recv() {
            Some(Event::Frame { .. }) => Ok(()),
            other => bail!("no echo: {other:?}"),
        }
    }
}

fn end(
    own: u16,
    other: u16,
    address: Option<SocketAddr>,
) -> anyhow::Result<(Direct, Receiver<Event>)> {
    let secret = |id: u16| TlsSecret::new([id.to_le_bytes()[0]; 32]);
    let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let key = secret(other).public_key()?;
    Ok(Direct::start(Settings {
        listen: SocketAddr::new(local, 0),
        secret: secret(own),
        peers: vec![Peer { id: other, key, address, allow: vec![local] }],
        profile: LinkProfile::Wide,
    })?)
}

/// The signatures, hashes and ciphers of one message and its receipt.
///
/// | Where | What |
/// |---|---|
/// | author | checks the last officer's signature; signs its log's checkpoint; seals the frame |
/// | receiver | opens the frame; checks the author's checkpoint and both officers' signatures; signs its own checkpoint; seals the receipt |
/// | author | opens the receipt; checks the receiver's checkpoint |
///
/// Hashes: leaf, its path to the root, two commitments and a statement at each end for the message,
/// leaf and path for the receipt.
struct Arithmetic {
    signer: SoftwareSigner,
    public: PublicKey,
    statement: [u8; STATEMENT_BYTES],
    signature: [u8; 64],
    send: SendEpoch,
    receive: ReceiveEpoch,
    context: FrameContext,
    items: [Vec<Item>; 2],
    body: Vec<u8>,
}

impl Arithmetic {
    fn new(frame_bytes: usize, reply_bytes: usize) -> anyhow::Result<Self> {
        let signer = SoftwareSigner::from_seed([7; 32]);
        let public = PublicKey::from_bytes(&signer.public())?;
        let statement = [0x5a; STATEMENT_BYTES];
        let signature = signer.sign(&statement);
        let number = EpochNumber::new(1).context("the first epoch")?;
        let send = SendEpoch::open(number, &mut SystemEntropy);
        let secret = khatt_record::seal::EpochSecret::from_bytes(*send.secret().expose());
        let receive = ReceiveEpoch { secret, number };
        let context = FrameContext {
            line: LineId([1; 32]),
            kind: Kind::Rehearsal,
            sender: PostIndex(0),
            posts: 2,
        };
        let leaf = |bytes: usize| {
            vec![Item::Leaf { log: PostIndex(0), index: 0, leaf: vec![0x5a; bytes] }]
        };
        let items = [leaf(frame_bytes.saturating_sub(40)), leaf(reply_bytes.saturating_sub(40))];
        let body = vec![0x5a; frame_bytes];
        Ok(Self { signer, public, statement, signature, send, receive, context, items, body })
    }

    fn run(&mut self) -> anyhow::Result<()> {
        // Officers: the last one's at the author, both at the receiver. Posts: one at each end.
        for _ in 0..3 + 2 {
            self.public.verify(&self.statement, &self.signature)?;
        }
        for _ in 0..2 {
            std::hint::black_box(self.signer.sign(&self.statement));
        }
        let mut node = Hash([0; 32]);
        for _ in 0..2 {
            for part in [self.body.as_slice(), &[0; STATEMENT_BYTES], &[0; STATEMENT_BYTES]] {
                node = Hash(Sha256::digest(part).into());
            }
            // The message's leaf and the receipt's, each with about ten nodes above it.
            for _ in 0..2 {
                node = leaf_hash(&[node.0[0]; LEAF_BYTES]);
                for _ in 0..10 {
                    node = leaf_hash(&[node.0.as_slice(), &[0; 32]].concat());
                }
            }
        }
        std::hint::black_box(node);
        for items in &self.items {
            let frame = seal_frame(&mut self.send, &self.context, items)?;
            std::hint::black_box(open_frame(&self.receive, &self.context, &frame)?);
        }
        Ok(())
    }
}
