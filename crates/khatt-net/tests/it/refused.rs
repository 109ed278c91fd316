//! Those who must not pass, each beside one who does.

use khatt_net::{Event, RefusedReason};
use rustls::crypto::aws_lc_rs::kx_group;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::post::{
    NORTH, NORTH_SEED, PATIENCE, Post, SOUTH, SOUTH_SEED, STRANGER_SEED, pair, peer, settings,
};
use crate::raw::Raw;

/// Returns how South answers a raw client: the reason it reports, after the client has failed too.
async fn refusal(raw: Raw) -> RefusedReason {
    let mut south = Post::south();
    let (_endpoint, connection) = raw.connect(south.address()).await;
    if let Ok(connection) = connection {
        // A dialler may believe in its handshake until its key has been judged.
        timeout(PATIENCE, connection.closed()).await.expect("a refusal");
    }
    south.refused().await
}

#[tokio::test]
async fn raw_client_that_does_everything_right_passes() {
    let south = Post::south();
    let (_endpoint, connection) = Raw::sound(NORTH_SEED).connect(south.address()).await;
    let connection = connection.unwrap();
    let (mut send, mut recv) = connection.open_bi().await.unwrap();
    send.write_all(&[7; 12]).await.unwrap();
    let mut greeting = [0; 12];
    timeout(PATIENCE, recv.read_exact(&mut greeting)).await.unwrap().unwrap();
}

#[tokio::test]
async fn wrong_key_of_the_dialler_is_refused_and_reported_at_both_ends() {
    let mut south = Post::south();
    let to_south = peer(SOUTH, SOUTH_SEED, Some(south.address()));
    let mut stranger = Post::start(settings(STRANGER_SEED, "127.0.0.1:0", to_south));
    assert_eq!(south.refused().await, RefusedReason::PeerWrongKey);
    assert_eq!(stranger.refused().await, RefusedReason::PeerRefusedOurKey);
}

#[tokio::test]
async fn wrong_key_of_the_answerer_is_refused_and_reported_at_both_ends() {
    let from_north = peer(NORTH, NORTH_SEED, None);
    let mut stranger = Post::start(settings(STRANGER_SEED, "127.0.0.1:0", from_north));
    let mut north = Post::north(stranger.address());
    assert_eq!(north.refused().await, RefusedReason::PeerWrongKey);
    assert_eq!(stranger.refused().await, RefusedReason::PeerRefusedOurKey);
}

#[tokio::test]
async fn classic_key_exchange_is_refused() {
    let raw = Raw { group: kx_group::X25519, ..Raw::sound(NORTH_SEED) };
    assert_eq!(refusal(raw).await, RefusedReason::PeerIncompatible);
}

#[tokio::test]
async fn certificate_around_the_right_key_is_refused() {
    let raw = Raw { certificate: true, ..Raw::sound(NORTH_SEED) };
    assert_eq!(refusal(raw).await, RefusedReason::PeerIncompatible);
}

#[tokio::test]
async fn other_protocol_is_refused() {
    let raw = Raw { protocol: b"h3", ..Raw::sound(NORTH_SEED) };
    assert_eq!(refusal(raw).await, RefusedReason::PeerIncompatible);
}

#[tokio::test]
async fn raw_client_with_another_key_is_refused() {
    assert_eq!(refusal(Raw::sound(STRANGER_SEED)).await, RefusedReason::PeerWrongKey);
}

#[tokio::test]
async fn unknown_address_gets_no_answer_at_all() {
    let mut south = Post::south();
    let stranger = UdpSocket::bind("127.0.0.2:0").await.unwrap();
    let listed = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    // A first packet of a version that does not exist must be answered (RFC 9000 §6), if anyone
    // there speaks QUIC.
    let mut packet = vec![0; 1200];
    packet[..7].copy_from_slice(&[0xc0, 0x5a, 0x5a, 0x5a, 0x5a, 8, 1]);
    packet[14] = 8;
    stranger.send_to(&packet, south.address()).await.unwrap();
    listed.send_to(&packet, south.address()).await.unwrap();
    let mut answer = [0; 2000];
    timeout(PATIENCE, listed.recv_from(&mut answer)).await.expect("an answer").unwrap();
    let silence = stranger.try_recv_from(&mut answer).unwrap_err();
    assert_eq!(silence.kind(), std::io::ErrorKind::WouldBlock);
    let Event::Refused { address, why } = south.next().await else { panic!("not refused") };
    assert_eq!(address, stranger.local_addr().unwrap());
    assert_eq!(why, RefusedReason::PeerUnknownAddress);
}

#[tokio::test]
async fn right_key_from_the_address_of_another_is_refused() {
    let mut south_settings = settings(SOUTH_SEED, "127.0.0.1:0", peer(NORTH, NORTH_SEED, None));
    south_settings.peers[0].allow = vec!["127.0.0.9".parse().unwrap()];
    south_settings.peers.push(peer(9, STRANGER_SEED, None));
    let mut south = Post::start(south_settings);
    let _north = Post::north(south.address());
    assert_eq!(south.refused().await, RefusedReason::PeerForeignAddress);
}

#[tokio::test]
async fn flood_of_handshakes_does_not_keep_the_peer_out() {
    let mut south = Post::south();
    let mut flood = Vec::new();
    for _ in 0..60 {
        flood.push(tokio::spawn({
            let address = south.address();
            async move { Raw::sound(STRANGER_SEED).connect(address).await.1.is_ok() }
        }));
    }
    let mut north = Post::north(south.address());
    north.connected().await;
    south.connected().await;
    for attempt in flood {
        attempt.abort();
    }
}

#[tokio::test]
async fn garbage_is_ignored() {
    let (north, mut south) = pair().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut state = 0x1234_5678_u32;
    for round in 0..2000_usize {
        let len = round * 7 % 1500;
        let garbage: Vec<u8> = (0..len)
            .map(|at| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // Half of them begin like first packets of the right version.
                match at {
                    0 if round % 2 == 0 => 0xc3,
                    1..=4 if round % 2 == 0 => u8::from(at == 4),
                    5 if round % 2 == 0 => 8,
                    _ => (state >> 24) as u8,
                }
            })
            .collect();
        let _ = socket.send_to(&garbage, south.address()).await;
        if round % 100 == 0 {
            north.sender().send(SOUTH, round.to_be_bytes().to_vec()).unwrap();
            let frame = south.until(|event| match event {
                Event::Frame { bytes, .. } => Some(bytes.clone()),
                Event::Disconnected { why, .. } => panic!("lost the peer: {why}"),
                _ => None,
            });
            assert_eq!(frame.await, round.to_be_bytes());
        }
    }
}
