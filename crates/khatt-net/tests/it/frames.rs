//! What arrives, in which order, and what happens when the reader is slow.

use khatt_net::{Direct, DisconnectReason, Event, MAX_FRAME_BYTES, SendError, Sender, StartError};
use tokio::time::timeout;

use crate::post::{NORTH, NORTH_SEED, PATIENCE, Post, SOUTH, SOUTH_SEED, pair, peer, settings};
use crate::raw::Raw;

const MANY: u32 = 10_000;

async fn send_all(sender: Sender, to: u16) {
    for number in 0..MANY {
        let mut frame = vec![0xab; (number % 900) as usize];
        frame.extend(number.to_be_bytes());
        while let Err(error) = sender.send(to, frame.clone()) {
            assert_eq!(error, SendError::Full);
            tokio::task::yield_now().await;
        }
    }
}

async fn receive_all(post: &mut Post) {
    for number in 0..MANY {
        let frame = post.frame().await;
        assert_eq!(frame.len(), (number % 900) as usize + 4);
        assert!(frame.ends_with(&number.to_be_bytes()), "frame {number} out of order");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_frames_each_way_arrive_in_order() {
    let (mut north, mut south) = pair().await;
    let northward = tokio::spawn(send_all(south.sender(), NORTH));
    let southward = tokio::spawn(send_all(north.sender(), SOUTH));
    let both = async { tokio::join!(receive_all(&mut north), receive_all(&mut south)) };
    timeout(PATIENCE * 2, both).await.unwrap();
    northward.await.unwrap();
    southward.await.unwrap();
}

#[tokio::test]
async fn longest_frame_arrives_and_a_longer_one_is_not_taken() {
    let (north, mut south) = pair().await;
    let longest = vec![0x11; MAX_FRAME_BYTES];
    north.sender().send(SOUTH, longest.clone()).unwrap();
    assert!(south.frame().await == longest);
    let longer = vec![0x11; MAX_FRAME_BYTES + 1];
    assert_eq!(north.sender().send(SOUTH, longer), Err(SendError::LocalFrameTooLong));
    assert_eq!(north.sender().send(77, vec![]), Err(SendError::LocalUnknownPeer));
}

#[tokio::test]
async fn slow_reader_fills_the_queue_and_loses_nothing_that_was_taken() {
    let (north, mut south) = pair().await;
    let mut taken = 0_u32;
    let full = async {
        loop {
            let mut frame = vec![0; 100_000];
            frame.extend(taken.to_be_bytes());
            match north.sender().send(SOUTH, frame) {
                Ok(()) => taken += 1,
                Err(error) => break error,
            }
            tokio::task::yield_now().await;
        }
    };
    assert_eq!(timeout(PATIENCE, full).await.unwrap(), SendError::Full);
    // The queues and windows hold this much and no more, or memory would not be bounded.
    assert!(taken < 200, "{taken} frames of 100 kB were taken");
    for number in 0..taken {
        assert!(south.frame().await.ends_with(&number.to_be_bytes()));
    }
    north.sender().send(SOUTH, b"after".to_vec()).unwrap();
    assert_eq!(south.frame().await, b"after");
}

#[tokio::test]
async fn an_oversize_frame_ends_the_connection_with_its_name() {
    let mut south = Post::south();
    let (_endpoint, connection) = Raw::sound(NORTH_SEED).connect(south.address()).await;
    let connection = connection.unwrap();
    let (mut send, _recv) = connection.open_bi().await.unwrap();
    // A greeting; the choice comes after it where the dialler has the lower key.
    send.write_all(&[0; 12]).await.unwrap();
    if crate::post::key(NORTH_SEED) < crate::post::key(SOUTH_SEED) {
        send.write_all(&1_u32.to_be_bytes()).await.unwrap();
    }
    south.connected().await;
    let too_long = u32::try_from(MAX_FRAME_BYTES + 1).unwrap();
    send.write_all(&too_long.to_be_bytes()).await.unwrap();
    assert_eq!(south.disconnected().await, DisconnectReason::PeerFrameTooLong);
    let quinn::ConnectionError::ApplicationClosed(close) = connection.closed().await else {
        panic!("closed without a code");
    };
    assert_eq!(close.error_code, 3_u32.into());
    assert!(close.reason.is_empty());
}

#[tokio::test]
async fn sending_without_a_connection_says_so() {
    let south = Post::south();
    assert_eq!(south.sender().send(NORTH, vec![1]), Err(SendError::NotConnected));
}

#[tokio::test]
async fn closing_in_good_order_is_seen_as_such() {
    let (north, mut south) = pair().await;
    north.direct.close().await;
    assert_eq!(south.disconnected().await, DisconnectReason::PeerClosed);
}

#[tokio::test]
async fn dropping_the_receiver_ends_the_connection() {
    let (north, mut south) = pair().await;
    drop(north.events);
    assert_eq!(south.disconnected().await, DisconnectReason::PeerClosed);
}

#[tokio::test]
async fn settings_that_contradict_themselves_do_not_start() {
    let address = Some("127.0.0.1:9".parse().unwrap());
    let start = |peers| {
        let mut settings = settings(NORTH_SEED, "127.0.0.1:0", peer(1, SOUTH_SEED, address));
        settings.peers = peers;
        Direct::start(settings).map(drop).unwrap_err()
    };
    let twice = vec![peer(1, SOUTH_SEED, address), peer(2, SOUTH_SEED, address)];
    assert!(matches!(start(twice), StartError::LocalDuplicatePeer(2)));
    let ourselves = vec![peer(1, NORTH_SEED, address)];
    assert!(matches!(start(ourselves), StartError::LocalDuplicatePeer(1)));
    let mut nowhere = peer(5, SOUTH_SEED, None);
    nowhere.allow.clear();
    assert!(matches!(start(vec![nowhere]), StartError::LocalPeerWithoutAddress(5)));
    let eight = (0..8).map(|id| peer(id, [u8::try_from(id).unwrap(); 32], address)).collect();
    let error = start(eight);
    assert_eq!(error.code(), "KN-START-PEERS");
}

#[tokio::test]
async fn frames_print_their_length_only() {
    let event = Event::Frame { peer: 3, bytes: b"attack at dawn".to_vec() };
    assert_eq!(format!("{event:?}"), "Frame { peer: 3, bytes: 14 redacted }");
}
