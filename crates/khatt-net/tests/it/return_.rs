//! Connections that end and come back, and two that come at once.

use std::time::Duration;

use khatt_net::{DisconnectReason, Event, LinkProfile, ThinTimings};
use tokio::time::timeout;

use crate::post::{
    NORTH, NORTH_SEED, PATIENCE, Post, SOUTH, SOUTH_SEED, free_address, peer, settings,
};
use crate::relay::Relay;

/// A link that gives signs of life often and takes no silence for an end while a test runs.
fn patient() -> LinkProfile {
    LinkProfile::Thin(ThinTimings {
        initial_round_trip: Duration::from_millis(100),
        packet_ack_delay: Duration::from_millis(20),
        keep_alive: Duration::from_millis(100),
        idle: PATIENCE,
        redial_cap: Duration::from_secs(1),
        dial_timeout: Duration::from_secs(4),
    })
}

/// Waits until so many more datagrams came to the relay.
async fn passes(relay: &Relay, datagrams: usize) {
    timeout(PATIENCE, relay.sees(datagrams)).await.expect("datagrams at the relay");
}

/// Runs a post in a runtime of its own, which can be destroyed like a process that is killed.
fn doomed(seed: [u8; 32], listen: &str, to: khatt_net::Peer) -> (tokio::runtime::Runtime, Post) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let entered = runtime.enter();
    let post = Post::start(settings(seed, listen, to));
    drop(entered);
    (runtime, post)
}

/// Ends the tasks first, so that nobody is left to say goodbye.
async fn kill((runtime, post): (tokio::runtime::Runtime, Post)) {
    let end = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(PATIENCE));
    end.await.unwrap();
    drop(post);
}

#[tokio::test]
async fn killed_answerer_is_found_again_after_its_restart() {
    let address = free_address();
    let from_north = || peer(NORTH, NORTH_SEED, None);
    let mut south = doomed(SOUTH_SEED, &address.to_string(), from_north());
    let mut to_south = settings(NORTH_SEED, "127.0.0.1:0", peer(SOUTH, SOUTH_SEED, Some(address)));
    to_south.profile = patient();
    let mut north = Post::start(to_south);
    north.connected().await;
    south.1.connected().await;
    kill(south).await;

    let mut south = doomed(SOUTH_SEED, &address.to_string(), from_north());
    // North learns it from a stateless reset at its next sign of life: silence has another name.
    assert_eq!(north.disconnected().await, DisconnectReason::PeerRestarted);
    north.connected().await;
    south.1.connected().await;
    north.sender().send(SOUTH, b"again".to_vec()).unwrap();
    assert_eq!(south.1.frame().await, b"again");
    kill(south).await;
}

#[tokio::test]
async fn killed_dialler_takes_its_place_again_at_once() {
    let mut south = Post::south();
    let to_south = || peer(SOUTH, SOUTH_SEED, Some(south.direct.local_address()));
    let mut north = doomed(NORTH_SEED, "127.0.0.1:0", to_south());
    north.1.connected().await;
    let second = to_south();
    south.connected().await;
    kill(north).await;
    let mut north = doomed(NORTH_SEED, "127.0.0.1:0", second);
    assert_eq!(south.disconnected().await, DisconnectReason::LocalReplaced);
    south.connected().await;
    north.1.connected().await;
    kill(north).await;
}

#[tokio::test]
async fn two_dials_at_once_end_in_one_connection() {
    for _ in 0..10 {
        let (here, there) = (free_address(), free_address());
        let to_south = peer(SOUTH, SOUTH_SEED, Some(there));
        let to_north = peer(NORTH, NORTH_SEED, Some(here));
        let mut north = Post::start(settings(NORTH_SEED, &here.to_string(), to_south));
        let mut south = Post::start(settings(SOUTH_SEED, &there.to_string(), to_north));
        north.connected().await;
        south.connected().await;
        // Any event other than the frame, such as a change of connection, fails in `frame`.
        for number in 0..100_u32 {
            north.sender().send(SOUTH, number.to_be_bytes().to_vec()).unwrap();
            assert_eq!(south.frame().await, number.to_be_bytes());
            south.sender().send(NORTH, number.to_be_bytes().to_vec()).unwrap();
            assert_eq!(north.frame().await, number.to_be_bytes());
        }
        let single = async {
            while north.direct.open_connections() + south.direct.open_connections() != 2 {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, single).await.expect("one connection at each end");
        assert!(north.events.try_recv().is_err());
        assert!(south.events.try_recv().is_err());
    }
}

#[tokio::test]
async fn silent_partition_is_noticed_and_its_end_too() {
    let hasty = LinkProfile::Thin(ThinTimings {
        initial_round_trip: Duration::from_millis(100),
        packet_ack_delay: Duration::from_millis(20),
        keep_alive: Duration::from_millis(200),
        idle: Duration::from_secs(1),
        redial_cap: Duration::from_secs(1),
        dial_timeout: Duration::from_secs(1),
    });
    let mut from_north = settings(SOUTH_SEED, "127.0.0.1:0", peer(NORTH, NORTH_SEED, None));
    from_north.profile = hasty;
    let mut south = Post::start(from_north);
    let relay = Relay::to(south.address()).await;
    let mut to_south =
        settings(NORTH_SEED, "127.0.0.1:0", peer(SOUTH, SOUTH_SEED, Some(relay.address)));
    to_south.profile = hasty;
    let mut north = Post::start(to_south);
    north.connected().await;
    south.connected().await;

    relay.cut(true);
    assert_eq!(north.disconnected().await, DisconnectReason::PeerSilent);
    assert_eq!(south.disconnected().await, DisconnectReason::PeerSilent);
    // Dials meanwhile reach the relay and nobody else.
    passes(&relay, 8).await;
    relay.cut(false);
    north.connected().await;
    south.connected().await;
}

#[tokio::test]
async fn an_idle_connection_stays() {
    let mut from_north = settings(SOUTH_SEED, "127.0.0.1:0", peer(NORTH, NORTH_SEED, None));
    from_north.profile = patient();
    let mut south = Post::start(from_north);
    let relay = Relay::to(south.address()).await;
    let mut to_south =
        settings(NORTH_SEED, "127.0.0.1:0", peer(SOUTH, SOUTH_SEED, Some(relay.address)));
    to_south.profile = patient();
    let mut north = Post::start(to_south);
    north.connected().await;
    south.connected().await;
    // Many signs of life pass, and nobody is told of any; the next event is the frame.
    passes(&relay, 20).await;
    north.sender().send(SOUTH, vec![5]).unwrap();
    let next = south.next().await;
    assert!(matches!(next, Event::Frame { .. }), "an event on an idle line: {next:?}");
    assert!(north.events.try_recv().is_err());
}

#[tokio::test]
async fn what_is_sent_after_a_short_cut_arrives() {
    let mut south = Post::south();
    let relay = Relay::to(south.address()).await;
    let mut north = Post::north(relay.address);
    north.connected().await;
    south.connected().await;
    relay.cut(true);
    north.sender().send(SOUTH, b"into the void".to_vec()).unwrap();
    // The frame is sent more than once, and nothing of it comes through a cut wire.
    passes(&relay, 3).await;
    while let Ok(event) = south.events.try_recv() {
        assert!(!matches!(event, Event::Frame { .. }), "a frame through a cut wire");
    }
    relay.cut(false);
    // Over a new connection, or over the old one if that woke first.
    let arrived = async {
        loop {
            let _ = north.sender().send(SOUTH, b"again".to_vec());
            if let Ok(Some(Event::Frame { .. })) =
                timeout(Duration::from_millis(50), south.events.recv()).await
            {
                break;
            }
        }
    };
    timeout(PATIENCE, arrived).await.unwrap();
}
