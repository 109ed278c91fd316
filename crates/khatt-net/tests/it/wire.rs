//! What an observer sees, on the wire and in our own traces.

use std::io::Write;
use std::sync::{Arc, Mutex};

use rustls::Side;
use rustls::crypto::aws_lc_rs::cipher_suite;
use rustls::quic::Version;
use tracing_subscriber::fmt::MakeWriter;

use crate::post::{NORTH_SEED, Post, SOUTH, SOUTH_SEED, key};
use crate::relay::Relay;

/// Opens a client's first packets, whose keys anyone can derive (RFC 9001 §5.2), and returns what
/// is in them; `keys_id` is the first id that the client drew for the server.
fn open_initial(datagram: &[u8], keys_id: &[u8]) -> Option<Vec<u8>> {
    let mut packet = datagram.to_vec();
    if packet[0] & 0xf0 != 0xc0 || packet[1..5] != [0, 0, 0, 1] {
        return None;
    }
    let mut at = 5;
    at += 1 + packet[at] as usize;
    at += 1 + packet[at] as usize;
    let (token, used) = varint(&packet[at..]);
    at += used + token;
    let (length, used) = varint(&packet[at..]);
    at += used;
    packet.truncate(at + length);

    let suite = cipher_suite::TLS13_AES_128_GCM_SHA256.tls13().unwrap().quic_suite().unwrap();
    let keys = suite.keys(keys_id, Side::Server, Version::V1).remote;
    let sample = packet[at + 4..at + 4 + keys.header.sample_len()].to_vec();
    let (head, rest) = packet.split_at_mut(at);
    keys.header.decrypt_in_place(&sample, &mut head[0], &mut rest[..4]).ok()?;
    let number_len = usize::from(head[0] & 3) + 1;
    let number = rest[..number_len].iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
    let (header, payload) = packet.split_at_mut(at + number_len);
    let opened = keys.packet.decrypt_in_place(number, header, payload).ok()?;
    Some(opened.to_vec())
}

fn varint(bytes: &[u8]) -> (usize, usize) {
    let len = 1 << (bytes[0] >> 6);
    let first = usize::from(bytes[0] & 0x3f);
    let value = bytes[1..len].iter().fold(first, |n, &byte| n << 8 | usize::from(byte));
    (value, len)
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.to_ascii_lowercase().windows(needle.len()).any(|window| window == needle)
}

#[tokio::test]
async fn nothing_on_the_wire_says_what_it_is() {
    let mut south = Post::south();
    let relay = Relay::to(south.address()).await;
    let mut north = Post::north(relay.address);
    north.connected().await;
    south.connected().await;
    north.sender().send(SOUTH, b"khatt in a frame, under keys".to_vec()).unwrap();
    south.frame().await;

    let seen = relay.seen();
    let first = &seen[0];
    let keys_id = first[6..6 + first[5] as usize].to_vec();
    let hello: Vec<u8> =
        seen.iter().filter_map(|datagram| open_initial(datagram, &keys_id)).flatten().collect();
    // The protocol's name shows that the packets were opened, and the group that it is post-quantum
    // (X25519MLKEM768 is 0x11ec); a hybrid share alone is 1216 bytes.
    assert!(contains(&hello, b"x/1"));
    assert!(contains(&hello, &[0x11, 0xec]));
    assert!(hello.len() > 1216);
    for bytes in seen.iter().chain([&hello]) {
        assert!(!contains(bytes, b"khatt"));
        assert!(!contains(bytes, key(NORTH_SEED).as_bytes()));
        assert!(!contains(bytes, key(SOUTH_SEED).as_bytes()));
    }
    // No server name: its extension would hold the name that QUIC was given.
    assert!(!contains(&hello, &[0, 0, 0, 6, 0, 4, 0, 0, 1, b'x']));
}

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "current_thread")]
async fn traces_hold_no_key_and_no_frame() {
    let captured = Captured::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(captured.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let secret_text = b"do not print me";
    {
        let mut south = Post::south();
        let mut north = Post::north(south.address());
        north.connected().await;
        south.connected().await;
        north.sender().send(SOUTH, secret_text.to_vec()).unwrap();
        south.frame().await;
        let to_south = crate::post::peer(SOUTH, SOUTH_SEED, Some(south.address()));
        let stranger = crate::post::settings([0x77; 32], "127.0.0.1:0", to_south);
        let mut stranger = Post::start(stranger);
        stranger.refused().await;
        north.direct.close().await;
        south.disconnected().await;
    }
    drop(guard);

    let traced = String::from_utf8_lossy(&captured.0.lock().unwrap()).into_owned();
    assert!(traced.contains("khatt_net") && traced.contains("connected"), "nothing was traced");
    assert!(traced.contains("KN-REFUSED-KEY") && traced.contains("quinn"));
    let mut secrets: Vec<Vec<u8>> = vec![secret_text.to_vec()];
    for seed in [NORTH_SEED, SOUTH_SEED, [0x77; 32]] {
        secrets.push(seed[..8].to_vec());
        secrets.push(key(seed).as_bytes()[..8].to_vec());
    }
    let lower = traced.to_lowercase();
    for secret in secrets {
        let list = format!("{secret:?}").replace(['[', ']'], "");
        assert!(!contains(traced.as_bytes(), &secret.to_ascii_lowercase()), "as text");
        assert!(!lower.contains(&hex(&secret)), "as hex");
        assert!(!lower.contains(&list), "as a list");
    }
}
