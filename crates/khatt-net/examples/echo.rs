//! Measures the echo of a 600-byte frame over an open connection, beside a bare UDP echo.
//!
//! Both ends are in this process, on loopback, in runtimes of their own; the two kinds of echo
//! take turns, so that both see the same machine. Give the number of rounds as the argument.

use std::error::Error;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use khatt_net::{Direct, Event, LinkProfile, Peer, Settings, TlsSecret};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::Receiver;

const NORTH: u16 = 1;
const SOUTH: u16 = 2;
const FRAME_BYTES: usize = 600;
const WARM_UP: usize = 500;

fn main() -> Result<(), Box<dyn Error>> {
    let rounds = std::env::args().nth(1).map_or(Ok(10_000), |rounds| rounds.parse())?;
    let (there, here) = (runtime()?, runtime()?);

    let (south, events) = there.block_on(async { start(SOUTH, NORTH, None) })?;
    let address = south.local_address();
    there.spawn(echo(south, events));
    let bare = there.block_on(tokio::net::UdpSocket::bind("127.0.0.1:0"))?;
    let bare_address = bare.local_addr()?;
    there.spawn(bare_echo(bare));
    // The runtime of one thread runs only while someone waits in it.
    std::thread::spawn(move || there.block_on(std::future::pending::<()>()));

    let (mut over_quic, mut over_udp) = here.block_on(measure(address, bare_address, rounds))?;
    let mut out = std::io::stdout();
    writeln!(out, "echo of {FRAME_BYTES} B on loopback, {rounds} rounds, microseconds")?;
    writeln!(out, "{:<12} {:>8} {:>8} {:>8}", "", "min", "p50", "p99")?;
    for (name, times) in [("bare UDP", &mut over_udp), ("open QUIC", &mut over_quic)] {
        times.sort_unstable();
        let at = |share: usize| {
            let index = times.len().saturating_sub(1) * share / 100;
            times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1e6)
        };
        writeln!(out, "{name:<12} {:>8.1} {:>8.1} {:>8.1}", at(0), at(50), at(99))?;
    }
    Ok(())
}

async fn measure(
    address: SocketAddr,
    bare_address: SocketAddr,
    rounds: usize,
) -> Result<(Vec<Duration>, Vec<Duration>), Box<dyn Error>> {
    let (north, mut events) = start(NORTH, SOUTH, Some(address))?;
    while !matches!(events.recv().await.ok_or("no route")?, Event::Connected { .. }) {}
    let sender = north.sender();
    let bare = tokio::net::UdpSocket::bind("127.0.0.1:0").await?;
    bare.connect(bare_address).await?;
    let frame = vec![0x5a; FRAME_BYTES];
    let mut buffer = [0; 2 * FRAME_BYTES];
    let (mut over_quic, mut over_udp) = (Vec::new(), Vec::new());
    for round in 0..rounds + WARM_UP {
        let outgoing = frame.clone();
        let start = Instant::now();
        sender.send(SOUTH, outgoing)?;
        let back = events.recv().await.ok_or("no route")?;
        let quic = start.elapsed();
        if !matches!(back, Event::Frame { ref bytes, .. } if *bytes == frame) {
            return Err(format!("not our frame: {back:?}").into());
        }
        let start = Instant::now();
        bare.send(&frame).await?;
        bare.recv(&mut buffer).await?;
        let udp = start.elapsed();
        if round >= WARM_UP {
            over_quic.push(quic);
            over_udp.push(udp);
        }
    }
    north.close().await;
    Ok((over_quic, over_udp))
}

async fn echo(south: Direct, mut events: Receiver<Event>) {
    let sender = south.sender();
    while let Some(event) = events.recv().await {
        if let Event::Frame { peer, bytes } = event {
            // A frame that cannot leave shows at the other end, which waits for it.
            let _ = sender.send(peer, bytes);
        }
    }
}

async fn bare_echo(socket: tokio::net::UdpSocket) {
    let mut buffer = [0; 2 * FRAME_BYTES];
    while let Ok((len, from)) = socket.recv_from(&mut buffer).await {
        let _ = socket.send_to(buffer.get(..len).unwrap_or_default(), from).await;
    }
}

fn start(
    own: u16,
    other: u16,
    address: Option<SocketAddr>,
) -> Result<(Direct, Receiver<Event>), Box<dyn Error>> {
    let seed = |id: u16| TlsSecret::new([id.to_be_bytes()[1]; 32]);
    let allow = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
    let peer = Peer { id: other, key: seed(other).public_key()?, address, allow };
    Ok(Direct::start(Settings {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        secret: seed(own),
        peers: vec![peer],
        profile: LinkProfile::Wide,
    })?)
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
