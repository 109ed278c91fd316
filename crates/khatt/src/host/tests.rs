//! Two posts on one machine: real QUIC, real SQLite, real signatures.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use khatt_core::{
    line::{Ahead, DraftId, NewDraft},
    testing::{
        SeededEntropy, releasing_officer, sample_charter, seed, sign, sign_charter, watch_officer,
    },
};
use khatt_forms::Filled;
use khatt_record::{EntryId, PartyIndex, SoftwareSigner, statement::Role};
use khatt_store::{Options, PassphraseCost};

use super::*;
use crate::{
    clock::{ScenarioClock, SystemClock},
    folder::system_fill,
    network::{self, Whereabouts},
};

const NORTH: PostIndex = PostIndex(0);
const SOUTH: PostIndex = PostIndex(1);
const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct Post {
    host: PostHost,
    events: broadcast::Receiver<Event>,
    _network: Option<net::Direct>,
    _dir: tempfile::TempDir,
}

fn options() -> Options {
    Options {
        passphrase_cost: PassphraseCost::DANGEROUS_LEAST,
        ballast_bytes: 0,
        ..Options::default()
    }
}

fn parts(
    charter: &SignedCharter,
    post: PostIndex,
    clock: Box<dyn Clock>,
) -> (HostParts, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("post");
    let store = SqliteStore::create(&path, b"rehearsal", system_fill(), &options());
    let parts = HostParts {
        charter: charter.clone(),
        post,
        store: store.expect("a store"),
        signer: Box::new(SoftwareSigner::from_seed(seed(&format!("log {post}")))),
        pq_signer: None,
        prekey: PrekeySecret::from_seed(seed(&format!("prekey {post}"))),
        entropy: Box::new(SeededEntropy::new(&format!("host {post}"))),
        clock,
        net: None,
    };
    (parts, dir)
}

fn networked(charter: &SignedCharter, post: PostIndex, peer: Whereabouts) -> (Post, SocketAddr) {
    let (mut parts, dir) = parts(charter, post, Box::new(SystemClock::start()));
    let tls = seed(&format!("tls {post}"));
    let listen = SocketAddr::new(HOME, 0);
    let settings = network::settings(charter, post, tls, listen, |_, _| peer.clone());
    let (direct, incoming) = net::Direct::start(settings).expect("a network");
    let address = direct.local_address();
    parts.net = Some((direct.sender(), incoming));
    let host = PostHost::start(parts).expect("the post starts");
    let events = host.subscribe();
    (Post { host, events, _network: Some(direct), _dir: dir }, address)
}

fn warning(post: PostIndex) -> NewDraft {
    let form = Catalogue::builtin().by_name("warning").expect("the form exists");
    let example = form.examples().first().expect("every form has an example");
    let filled = Filled::from_input(form, &example.inputs, example.language, Wordbook::builtin());
    NewDraft {
        officer: watch_officer(PartyIndex(post.0)),
        filled: filled.expect("the example is good"),
        language: example.language,
        precedence: None,
        references: Vec::new(),
        thread: None,
    }
}

fn release(charter: &SignedCharter, post: PostIndex, host: &PostHost, now: Now) -> EntryId {
    let draft = warning(post);
    let filled = draft.filled.clone();
    let mut done = host.act(Act::Draft(draft)).expect("drafted");
    let party = PartyIndex(post.0);
    let signers = [
        (watch_officer(party), Role::Draft, None),
        (releasing_officer(party), Role::Release, Some(filled)),
    ];
    for (officer, role, typed_back) in signers {
        let (Done::Drafted(to_sign) | Done::Signed(to_sign)) = done else {
            break;
        };
        let signature = sign(charter, post, &to_sign, officer, role, now);
        let act = Act::Sign { draft: to_sign.draft, signature, typed_back };
        done = host.act(act).expect("signed");
    }
    match done {
        Done::Released(entry) => entry,
        other => panic!("not released: {other:?}"),
    }
}

fn wait_for(post: &mut Post, what: &str, wanted: impl Fn(&Event) -> bool) {
    let until = Instant::now() + Duration::from_secs(120);
    while Instant::now() < until {
        match post.events.try_recv() {
            Ok(event) if wanted(&event) => return,
            Ok(_) => {}
            Err(_) => thread::park_timeout(Duration::from_millis(5)),
        }
    }
    panic!("never came: {what}");
}

#[test]
fn message_and_its_receipt_cross_a_real_network_between_real_stores() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let inside = runtime.enter();
    let charter = sign_charter(sample_charter(2));
    let waits = Whereabouts { address: None, allow: vec![HOME] };
    let (mut north, address) = networked(&charter, NORTH, waits);
    let dials = Whereabouts { address: Some(address), allow: vec![HOME] };
    let (mut south, _) = networked(&charter, SOUTH, dials);
    drop(inside);

    let entry = release(&charter, NORTH, &north.host, SystemClock::start().now());
    wait_for(
        &mut south,
        "the message",
        |event| matches!(event, Event::Received { entry: of, ahead: Ahead::No, .. } if *of == entry),
    );
    wait_for(
        &mut north,
        "its receipt",
        |event| matches!(event, Event::Receipted { entry: of, by: SOUTH, .. } if *of == entry),
    );
    let text = |host: &PostHost| {
        let view = host.query(move |line, _| line.message_view(entry)).expect("it works");
        view.expect("it reads").expect("it is held").body.expect("it is open").digest
    };
    assert_eq!(text(&north.host), text(&south.host));
    let drafts = north.host.query(|line, _| line.drafts().count()).expect("it works");
    assert_eq!(drafts, 0);

    // What South gave a receipt for is on its disk: it is still there after a stop.
    let store = south.host.stop().expect("an orderly end");
    assert!(!south.host.is_running());
    assert!(matches!(south.host.act(Act::TestLine), Err(HostError::LocalStopped)));
    use khatt_core::store::Reader;
    let reader = store.reader().expect("a reader");
    assert!(reader.entry(charter.line_id(), entry).expect("it reads").is_some());
}

#[test]
fn host_without_network_keeps_what_it_was_asked_and_refuses_by_code() {
    let charter = sign_charter(sample_charter(2));
    let clock = ScenarioClock::new(1_699_401_700_000);
    let (parts, _dir) = parts(&charter, NORTH, Box::new(clock.clone()));
    let host = PostHost::start(parts).expect("the post starts");
    let entry = release(&charter, NORTH, &host, clock.now());
    let held = host.query(move |line, _| line.message_view(entry).is_ok_and(|view| view.is_some()));
    assert!(held.expect("it works"));
    let reason = "no".to_owned();
    let draft = DraftId([7; 16]);
    let officer = watch_officer(PartyIndex(0));
    let refused = host.act(Act::Return { draft, officer, reason });
    assert!(matches!(refused, Err(HostError::Act(ActError::LocalNoSuchDraft(of))) if of == draft));
    assert_eq!(host.pulse().expect("it works").sent, 0);
}

#[test]
fn scenario_clock_moves_deadlines_only_when_it_is_moved() {
    let charter = sign_charter(sample_charter(2));
    let clock = ScenarioClock::new(1_699_401_700_000);
    let (parts, _dir) = parts(&charter, NORTH, Box::new(clock.clone()));
    let host = PostHost::start(parts).expect("the post starts");
    let mut events = host.subscribe();
    release(&charter, NORTH, &host, clock.now());
    let escalated = |events: &mut broadcast::Receiver<Event>| {
        std::iter::from_fn(|| events.try_recv().ok())
            .any(|event| matches!(event, Event::Escalate(_)))
    };
    let due = host.pulse().expect("it works").due_ms.expect("a clock runs");
    assert!(!escalated(&mut events));
    assert!(due > 0);
    clock.move_to(86_400_000);
    host.wake().expect("it works");
    host.pulse().expect("it works");
    assert!(escalated(&mut events), "nobody acknowledged for a day");
}

#[test]
fn async_callers_are_answered_too() {
    let charter = sign_charter(sample_charter(2));
    let (parts, _dir) = parts(&charter, NORTH, Box::new(SystemClock::start()));
    let host = PostHost::start(parts).expect("the post starts");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let done = host.act_async(Act::Draft(warning(NORTH))).await;
        assert!(matches!(done, Ok(Done::Drafted(_))));
        let drafts = host.query_async(|line, _| line.drafts().count()).await;
        assert_eq!(drafts.expect("it works"), 1);
    });
}
