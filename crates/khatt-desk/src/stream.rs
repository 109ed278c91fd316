//! What moves by itself: one stream of events for each screen, drawn once for all of a language.
//!
//! A thread waits for the post's news, draws what changed, and beats every two seconds with the
//! post's time and its unseen alarms. A screen that falls behind loses events, not memory: it is told
//! to read everything again. A screen that hears no beat says so across its whole width.

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use askama::Template as _;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures_util::stream;
use khatt_forms::Language;
use sha2::{Digest, Sha256};
use tokio::sync::broadcast;

use crate::{
    pages::Visitor,
    port::{Face, Post, State as LineState, TrafficAsk},
    server::Desk,
    session::same,
    view::{Band, Needs, Row},
    words::Words,
};

/// Events that may wait for one screen.
const QUEUE: usize = 64;
/// How often a desk beats.
const BEAT: Duration = Duration::from_secs(2);
/// Unseen alarms that one beat names.
const ALARMS_MAX: usize = 64;
/// Screens of one desk.
const SCREENS_MAX: usize = 256;

/// One event, as a page gets it.
#[derive(Clone, Debug)]
struct Told {
    id: u64,
    name: &'static str,
    data: Arc<str>,
}

/// What goes on for one language.
struct Channel {
    language: Language,
    events: broadcast::Sender<Told>,
    /// What was last told, by its hash: a fragment that is as before is not told again.
    last: Mutex<[[u8; 32]; 2]>,
}

/// Draws and gives out what moves.
pub(crate) struct Hub {
    post: Arc<dyn Post>,
    face: Face,
    channels: Vec<Channel>,
    at: AtomicU64,
    alive: Mutex<Option<Instant>>,
    ended: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Hub {
    /// Starts drawing.
    ///
    /// # Errors
    ///
    /// What the system says if there is no thread to be had.
    pub(crate) fn start(
        post: Arc<dyn Post>,
        face: Face,
        ended: Arc<AtomicBool>,
    ) -> io::Result<Arc<Self>> {
        let channel = |language| Channel {
            language,
            events: broadcast::Sender::new(QUEUE),
            last: Mutex::default(),
        };
        let channels = [Language::En, Language::Ar, Language::Fa].map(channel).into();
        let hub = Arc::new(Self {
            post,
            face,
            channels,
            at: AtomicU64::new(0),
            alive: Mutex::new(None),
            ended,
            thread: Mutex::new(None),
        });
        let pump = Arc::clone(&hub);
        let thread =
            thread::Builder::new().name("khatt-desk-hub".to_owned()).spawn(move || pump.run())?;
        *hub.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(hub)
    }

    /// Waits for the end of the thread, which looks for it at every beat.
    pub(crate) fn end(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    /// Returns where the news stand.
    pub(crate) fn at(&self) -> u64 {
        self.at.load(Ordering::SeqCst)
    }

    fn run(&self) {
        let mut beat = Instant::now();
        while !self.ended.load(Ordering::SeqCst) {
            let wait = BEAT.saturating_sub(beat.elapsed());
            let before = self.at();
            let news = self.post.news(before, wait);
            self.at.store(news.at, Ordering::SeqCst);
            let moved = news.at != before;
            let beats = beat.elapsed() >= BEAT;
            for channel in self.channels.iter().filter(|held| held.events.receiver_count() > 0) {
                if news.again {
                    self.tell(channel, "again", "");
                }
                for entry in &news.entries {
                    self.tell_row(channel, *entry);
                }
                if moved || beats {
                    self.tell_rest(channel);
                }
            }
            if beats {
                beat = Instant::now();
            }
            if news.over {
                // The post is gone: nothing beats any more, and every screen says so.
                return;
            }
        }
    }

    fn tell(&self, channel: &Channel, name: &'static str, data: &str) {
        // A screen may go at any time.
        let _ = channel.events.send(Told { id: self.at(), name, data: data.into() });
    }

    fn tell_row(&self, channel: &Channel, entry: crate::port::Entry) {
        let w = Words(channel.language);
        let Ok(found) = self.post.message(entry, channel.language) else {
            return;
        };
        let service = found.row.act.is_service();
        if let Ok(html) = Row::new(found.row, &self.face, w).render() {
            let id = format!("m-{}-{}", entry.log, entry.index);
            let data = serde_json::json!({ "id": id, "service": service, "html": html });
            self.tell(channel, "row", &data.to_string());
        }
    }

    fn tell_rest(&self, channel: &Channel) {
        let language = channel.language;
        // Without an answer there is no beat.
        let Ok(state) = self.post.state(language) else {
            return;
        };
        let needs = self.post.needs(language).unwrap_or_default();
        let drawn = [
            ("needs", Needs::new(needs, &state, Words(language)).render()),
            ("band", Band::new(&self.face, Some(&state), language).render()),
        ];
        let mut last = channel.last.lock().unwrap_or_else(PoisonError::into_inner);
        for ((name, html), last) in drawn.into_iter().zip(last.iter_mut()) {
            let Ok(html) = html else { continue };
            // The band's clocks go on by themselves; a page takes it anew once a beat, which costs less
            // than to know what of it moved.
            let now: [u8; 32] = Sha256::digest(html.as_bytes()).into();
            if now != *last {
                *last = now;
                self.tell(channel, name, &html);
            }
        }
        self.tell(channel, "beat", &beat(&state));
    }
}

/// What a beat says: the post's time, and the alarms that nobody has seen.
fn beat(state: &LineState) -> String {
    let unseen = state.alarms.iter().filter(|alarm| !alarm.seen).take(ALARMS_MAX);
    let unseen: Vec<_> = unseen
        .map(|alarm| serde_json::json!([alarm.class.to_string(), alarm.key, alarm.count]))
        .collect();
    serde_json::json!({ "wall": state.wall_ms, "unseen": unseen }).to_string()
}

/// The stream of one screen.
pub(crate) async fn stream(State(desk): State<Arc<Desk>>, visitor: Visitor) -> Response {
    let language = visitor.session.language;
    let Some(channel) = desk.hub.channels.iter().find(|held| held.language == language) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let screens: usize = desk.hub.channels.iter().map(|held| held.events.receiver_count()).sum();
    if screens >= SCREENS_MAX {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let events = channel.events.subscribe();
    let hello = Told { id: desk.hub.at(), name: "hello", data: desk.hub.at().to_string().into() };
    let state = (Some(hello), events);
    let told = stream::unfold(state, |(first, mut events)| async move {
        let told = match first {
            Some(hello) => hello,
            None => match events.recv().await {
                Ok(told) => told,
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    Told { id: 0, name: "again", data: "".into() }
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            },
        };
        let event = Event::default().event(told.name).id(told.id.to_string()).data(&*told.data);
        Some((Ok::<_, Infallible>(event), (None, events)))
    });
    Sse::new(told).into_response()
}

/// A screen says that it shows alarms to an officer. Sent in answer to a beat, never by a timer that a
/// browser may slow down.
pub(crate) async fn alive(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    headers: HeaderMap,
) -> StatusCode {
    let token = headers.get("x-khatt-token").and_then(|token| token.to_str().ok());
    if !token.is_some_and(|token| same(token, &visitor.session.token)) {
        return StatusCode::FORBIDDEN;
    }
    if visitor.session.officer.is_none() {
        return StatusCode::NO_CONTENT;
    }
    let due = {
        let mut alive = desk.hub.alive.lock().unwrap_or_else(PoisonError::into_inner);
        // However many screens there are, the engine is told once a second.
        let due = alive.is_none_or(|last| last.elapsed() >= Duration::from_secs(1));
        if due {
            *alive = Some(Instant::now());
        }
        due
    };
    if due && desk.ask(|post| post.alive()).await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    StatusCode::NO_CONTENT
}

/// What a page of traffic shows unless it is asked for more.
pub(crate) const fn newest(skip: usize, all: bool) -> TrafficAsk {
    TrafficAsk { most: 50, skip, all }
}
