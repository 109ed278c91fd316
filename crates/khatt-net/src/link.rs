//! Keeps one connection to one peer, for ever.
//!
//! Both ends dial, so two connections may come up at once, and one end may not know yet that the
//! other restarted. The end with the lower key chooses; the other follows (`spec/quic.md` §4). One
//! task does all of it for one peer, so that its events are in order: connected, frames,
//! disconnected.

use std::sync::Arc;
use std::time::Duration;

use quinn::{ConnectionError, ReadError};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::candidate::{Candidate, DialError, dial};
use crate::complaint::Complaints;
use crate::direct::Event;
use crate::error::{
    CLOSE_DUPLICATE, CLOSE_LONG, CLOSE_ORDERLY, CLOSE_PROTOCOL, CLOSE_REPLACED, DisconnectReason,
};
use crate::framing::{Decoder, Greeting};
use crate::outbox::Outbox;
use crate::peer::PeerState;
use crate::settings::{FIRST_REDIAL, Timings};
use crate::silence::{Silence, counts};

/// The task of one peer.
pub(crate) struct Link {
    endpoint: quinn::Endpoint,
    peer: Arc<PeerState>,
    events: mpsc::Sender<Event>,
    complaints: Arc<Complaints>,
    candidates: mpsc::Receiver<Candidate>,
    closing: watch::Receiver<bool>,
    instance: [u8; 8],
    timings: Timings,
    live: Option<Live>,
    choices: u32,
    dials: JoinSet<Result<Candidate, DialError>>,
    pause: Duration,
    next_dial: Instant,
}

/// The connection in use.
struct Live {
    connection: quinn::Connection,
    recv: quinn::RecvStream,
    decoder: Decoder,
    theirs: Greeting,
    choice: u32,
    since: Instant,
    silence: Silence,
    /// Whether it asks and nobody answers, so that we look for another beside it.
    suspect: bool,
    next_look: Instant,
    /// Writes what the stream could not take at once; ends with the connection.
    flusher: tokio::task::AbortHandle,
}

/// Nobody listens to our events any more.
struct CallerGone;

enum Happening {
    Candidate(Candidate),
    Dialled(Result<Candidate, DialError>),
    DialDue,
    LookDue,
    Bytes(Result<Option<quinn::Chunk>, ReadError>),
    Closing,
}

impl Link {
    #[expect(clippy::too_many_arguments, reason = "each is one thing a link is made of")]
    pub(crate) fn new(
        endpoint: quinn::Endpoint,
        peer: Arc<PeerState>,
        events: mpsc::Sender<Event>,
        complaints: Arc<Complaints>,
        candidates: mpsc::Receiver<Candidate>,
        closing: watch::Receiver<bool>,
        instance: [u8; 8],
        timings: Timings,
    ) -> Self {
        Self {
            endpoint,
            peer,
            events,
            complaints,
            candidates,
            closing,
            instance,
            timings,
            live: None,
            choices: 0,
            dials: JoinSet::new(),
            pause: FIRST_REDIAL,
            next_dial: Instant::now(),
        }
    }

    /// Runs until the network closes or the caller drops its receiver.
    pub(crate) async fn run(mut self) {
        while let Ok(()) = self.step().await {}
        self.dials.abort_all();
        if self.live.is_some() {
            let _ = self.end(CLOSE_ORDERLY, DisconnectReason::LocalClosed).await;
        }
    }

    async fn step(&mut self) -> Result<(), CallerGone> {
        match self.next().await {
            Happening::Candidate(candidate) | Happening::Dialled(Ok(candidate)) => {
                self.consider(candidate).await
            }
            Happening::Dialled(Err(error)) => {
                self.dial_failed(&error);
                Ok(())
            }
            Happening::DialDue => {
                self.start_dial();
                Ok(())
            }
            Happening::LookDue => {
                self.look();
                Ok(())
            }
            Happening::Bytes(Ok(Some(chunk))) => self.receive(&chunk.bytes).await,
            Happening::Bytes(Ok(None) | Err(ReadError::Reset(_))) => {
                self.end(CLOSE_PROTOCOL, DisconnectReason::PeerBrokeProtocol).await
            }
            Happening::Bytes(Err(error)) => {
                let why = match error {
                    ReadError::ConnectionLost(lost) => DisconnectReason::of(&lost),
                    _ => DisconnectReason::PeerBrokeProtocol,
                };
                self.end(CLOSE_ORDERLY, why).await
            }
            Happening::Closing => Err(CallerGone),
        }
    }

    async fn next(&mut self) -> Happening {
        let wanted = self.live.as_ref().is_none_or(|live| live.suspect);
        let may_dial = wanted && self.peer.peer.address.is_some();
        let due = self.next_dial;
        let look_due = self.live.as_ref().map_or(due, |live| live.next_look);
        let may_look = self.live.is_some() && self.timings.suspect_after.is_some();
        tokio::select! {
            bytes = read(&mut self.live), if self.live.is_some() => Happening::Bytes(bytes),
            Some(candidate) = self.candidates.recv() => Happening::Candidate(candidate),
            Some(done) = self.dials.join_next() => {
                Happening::Dialled(done.unwrap_or(Err(DialError::Carrier(None))))
            }
            () = sleep_until(due), if may_dial => Happening::DialDue,
            () = sleep_until(look_due), if may_look => Happening::LookDue,
            _ = self.closing.wait_for(|closing| *closing) => Happening::Closing,
            () = self.events.closed() => Happening::Closing,
        }
    }

    /// Starts one dial; the next follows when it fails, or beside it where the profile lets dials
    /// overlap: the first packet of an old one may be waiting for a long retransmission when the
    /// path heals.
    fn start_dial(&mut self) {
        let dial = dial(self.endpoint.clone(), self.peer.clone(), self.instance);
        let limit = self.timings.dial_timeout;
        if self.dials.len() < self.timings.dials_at_once {
            self.dials.spawn(async move {
                timeout(limit, dial).await.unwrap_or(Err(DialError::Carrier(None)))
            });
        }
        self.next_dial = Instant::now() + self.timings.redial_cap;
    }

    /// Looks whether the connection in use still answers.
    fn look(&mut self) {
        let (Some(live), Some(limit)) = (&mut self.live, self.timings.suspect_after) else {
            return;
        };
        let now = Instant::now();
        let limit = limit.max(live.connection.rtt() * 4);
        let (asked, heard) = counts(&live.connection);
        let was = std::mem::replace(&mut live.suspect, live.silence.look(asked, heard, limit, now));
        live.next_look = now + LOOK_EVERY;
        match (was, live.suspect) {
            (false, true) => {
                tracing::debug!(peer = self.peer.peer.id, "no answer");
                // Our greeting must say that this connection counts for nothing any more.
                self.peer.count_end();
                self.next_dial = now;
            }
            (true, false) => self.dials.abort_all(),
            _ => {}
        }
    }

    fn dial_failed(&mut self, error: &DialError) {
        if self.dials.is_empty() {
            self.next_dial = Instant::now() + self.pause;
            self.pause = (self.pause * 2).min(self.timings.redial_cap);
        }
        let peer = self.peer.peer.id;
        match (error, self.peer.peer.address) {
            (DialError::Carrier(Some(why)), Some(address)) => {
                self.complaints.refused(address, *why);
            }
            (DialError::Carrier(_), _) => tracing::debug!(peer, "dial came to nothing"),
            (DialError::Local, _) => tracing::warn!(peer, "dial could not start"),
        }
    }

    /// Chooses between a new connection and the one in use, or follows the peer's choice.
    async fn consider(&mut self, candidate: Candidate) -> Result<(), CallerGone> {
        if let Some(live) = &self.live {
            let stale = live.connection.close_reason();
            let keep = match candidate.choice {
                _ if stale.is_some() => false,
                Some(number) => {
                    live.theirs.instance == candidate.theirs.instance && number <= live.choice
                }
                // Our own dial was under way when this end chose another connection; a dial of
                // the peer's that knows of no ended connection was too.
                None if candidate.dialled => !live.suspect,
                None => live.theirs == candidate.theirs,
            };
            if keep {
                candidate.connection.close(CLOSE_DUPLICATE, b"");
                return Ok(());
            }
            let why = stale.as_ref().map_or(DisconnectReason::LocalReplaced, DisconnectReason::of);
            self.end(CLOSE_REPLACED, why).await?;
        }
        self.adopt(candidate).await
    }

    async fn adopt(&mut self, candidate: Candidate) -> Result<(), CallerGone> {
        let Candidate { connection, send, recv, theirs, choice, .. } = candidate;
        let outbox = Arc::new(Outbox::new(send));
        let choice = match choice {
            Some(number) => number,
            None => {
                self.choices = self.choices.wrapping_add(1);
                if outbox.push(self.choices.to_be_bytes().to_vec()).is_err() {
                    return Ok(());
                }
                self.choices
            }
        };
        self.dials.abort_all();
        while self.dials.join_next().await.is_some() {}
        let flushed = outbox.clone();
        let flusher = tokio::spawn(async move {
            flushed.flush().await;
        })
        .abort_handle();
        let remote = connection.remote_address();
        let address = std::net::SocketAddr::new(remote.ip().to_canonical(), remote.port());
        let peer = self.peer.peer.id;
        self.live = Some(Live {
            connection,
            recv,
            decoder: Decoder::default(),
            theirs,
            choice,
            since: Instant::now(),
            silence: Silence::default(),
            suspect: false,
            next_look: Instant::now() + LOOK_EVERY,
            flusher,
        });
        self.peer.set_outbox(Some(outbox));
        tracing::info!(peer, %address, "connected");
        self.tell(Event::Connected { peer, address }).await
    }

    async fn receive(&mut self, mut bytes: &[u8]) -> Result<(), CallerGone> {
        let peer = self.peer.peer.id;
        while let Some(live) = &mut self.live {
            match live.decoder.take(&mut bytes) {
                Ok(Some(frame)) => self.tell(Event::Frame { peer, bytes: frame }).await?,
                Ok(None) => break,
                Err(_) => {
                    return self.end(CLOSE_LONG, DisconnectReason::PeerFrameTooLong).await;
                }
            }
        }
        Ok(())
    }

    /// Ends the connection in use, and starts looking for the next.
    async fn end(&mut self, code: quinn::VarInt, why: DisconnectReason) -> Result<(), CallerGone> {
        let Some(live) = self.live.take() else {
            return Ok(());
        };
        self.peer.set_outbox(None);
        self.peer.count_end();
        live.flusher.abort();
        live.connection.close(code, b"");
        // A connection that ends as soon as it is up must not be redialled in a tight circle.
        if live.since.elapsed() >= STABLE {
            self.pause = FIRST_REDIAL;
        }
        self.next_dial = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(self.timings.redial_cap);
        let peer = self.peer.peer.id;
        tracing::info!(peer, code = why.code(), "disconnected");
        self.tell(Event::Disconnected { peer, why }).await
    }

    /// Hands an event over; waits while the caller is behind, and so holds the peer back.
    async fn tell(&mut self, event: Event) -> Result<(), CallerGone> {
        tokio::select! {
            biased;
            sent = self.events.send(event) => sent.map_err(|_| CallerGone),
            _ = self.closing.wait_for(|closing| *closing) => Err(CallerGone),
        }
    }
}

async fn read(live: &mut Option<Live>) -> Result<Option<quinn::Chunk>, ReadError> {
    match live {
        Some(live) => live.recv.read_chunk(CHUNK_BYTES, true).await,
        None => Err(ReadError::ConnectionLost(ConnectionError::LocallyClosed)),
    }
}

/// How often a connection is looked at for silence.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A connection that held this long was a good one.
const STABLE: Duration = Duration::from_secs(1);
/// The longest chunk read at once.
const CHUNK_BYTES: usize = 64 << 10;
