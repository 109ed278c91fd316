//! After the end: the posts go on, each with its watch desk, until somebody interrupts.
//!
//! The scenario's clock goes on from its end at the pace of this machine's, so that what is owed counts
//! down. Each desk has a host name of its own under `localhost` and says REHEARSAL on every page; its
//! officers are the scenario's and exist nowhere else.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{RehearseError, Show, io, stage::Stage};
use crate::{
    control::{client::Driven, desk::Desk, server::Server},
    desk::{self, OpenDesk, Sight},
};

/// How often the clock is moved.
const TICK: Duration = Duration::from_millis(200);

/// Answers commands and screens until the process is interrupted.
pub(super) fn hold(
    stage: &mut Stage,
    zones: &[String],
    show: &mut Show,
) -> Result<(), RehearseError> {
    let (mut servers, mut desks) = (Vec::new(), Vec::new());
    let languages: Vec<_> = stage.sides.iter().map(super::stage::Side::language).collect();
    for (place, side) in stage.sides.iter_mut().enumerate() {
        let driven = Driven::running(Arc::clone(&side.host), side.language());
        let Some(reader) = side.spare.take() else {
            continue;
        };
        let control = Desk::new(Box::new(driven), stage.charter.clone(), side.index, reader);
        let control = Arc::new(control);
        let server = Server::start(&side.folder, Arc::clone(&control));
        servers.push(server.map_err(|error| io("listening for commands")(other(&error)))?);
        let mut zones = zones.to_vec();
        // Site, us, them: for every post but the first, the last two change places.
        if place > 0 && zones.len() > 2 {
            zones.swap(1, 2);
        }
        let others = languages.iter().enumerate().filter(|(at, _)| *at != place);
        let sight = Sight {
            reads: side.language(),
            other_reads: others.map(|(_, language)| *language).next(),
            zones,
        };
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let opened = desk::open(control, Arc::clone(&side.host), side.folder.dir(), sight, at);
        let opened = opened.map_err(|error| io("opening a desk")(other(&error)))?;
        tell(&opened, side.post.as_str(), show);
        desks.push(opened);
    }
    let text = "The posts go on until Ctrl-C; commands in their folders are answered.";
    show.row(text, "held", json!({}));
    let ended = Arc::new(AtomicBool::new(false));
    let clock = go_on(stage, Arc::clone(&ended))?;
    let waited = stage.wait_for(async { tokio::signal::ctrl_c().await });
    ended.store(true, Ordering::SeqCst);
    // It looks for the end at every tick.
    let _ = clock.join();
    drop(desks);
    drop(servers);
    waited.map_err(io("waiting for an interruption"))
}

fn tell(opened: &OpenDesk, post: &str, show: &mut Show) {
    let text =
        format!("The desk of {post}, with officers of this rehearsal alone: {}", opened.way_in());
    show.row(&text, "desk", json!({ "post": post, "url": opened.way_in() }));
}

/// Lets the scenario's clock run.
fn go_on(stage: &Stage, ended: Arc<AtomicBool>) -> Result<thread::JoinHandle<()>, RehearseError> {
    let (clock, from, since) = (stage.clock.clone(), stage.clock.now_ms(), Instant::now());
    let hosts: Vec<_> = stage.sides.iter().map(|side| Arc::clone(&side.host)).collect();
    let run = move || {
        while !ended.load(Ordering::SeqCst) {
            let gone = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
            clock.move_to(from.saturating_add(gone));
            for host in &hosts {
                // A host that has stopped says so where it is asked.
                let _ = host.wake();
            }
            thread::sleep(TICK);
        }
    };
    thread::Builder::new().name("khatt-clock".to_owned()).spawn(run).map_err(io("starting a clock"))
}

fn other(error: &impl std::error::Error) -> std::io::Error {
    std::io::Error::other(error.to_string())
}
