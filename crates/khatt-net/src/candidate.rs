//! From a finished handshake to a connection that may be chosen (`spec/quic.md` §4).
//!
//! A TLS 1.3 dialler believes its handshake done before the other end has judged its key. The
//! greeting closes that gap: whoever has read one knows that it was accepted.

use std::sync::Arc;

use quinn::{Connection, ConnectionError, ReadExactError, RecvStream, SendStream, WriteError};

use crate::error::RefusedReason;
use crate::framing::{GREETING_BYTES, Greeting};
use crate::peer::{PeerState, Place};

/// A connection on which both ends have greeted.
pub(crate) struct Candidate {
    pub(crate) connection: Connection,
    pub(crate) send: SendStream,
    pub(crate) recv: RecvStream,
    pub(crate) theirs: Greeting,
    /// The number of the choice, where the other end chooses; else it is ours to make.
    pub(crate) choice: Option<u32>,
    pub(crate) dialled: bool,
    /// Kept until the candidate is chosen or dropped.
    pub(crate) _place: Option<Place>,
}

/// Opens the stream as the dialling end, greets, and waits for the answer.
pub(crate) async fn greet_as_dialler(
    connection: Connection,
    peer: &Arc<PeerState>,
    instance: [u8; 8],
) -> Result<Candidate, ConnectionError> {
    let (send, recv) = connection.open_bi().await?;
    greet(connection, send, recv, peer, instance, None).await
}

/// Takes the stream as the answering end, greets, and waits for the greeting.
pub(crate) async fn greet_as_answerer(
    connection: Connection,
    peer: &Arc<PeerState>,
    instance: [u8; 8],
    place: Place,
) -> Result<Candidate, ConnectionError> {
    let (send, recv) = connection.accept_bi().await?;
    greet(connection, send, recv, peer, instance, Some(place)).await
}

async fn greet(
    connection: Connection,
    mut send: SendStream,
    mut recv: RecvStream,
    peer: &Arc<PeerState>,
    instance: [u8; 8],
    place: Option<Place>,
) -> Result<Candidate, ConnectionError> {
    let ours = Greeting { instance, ended: peer.ended() };
    send.write_all(&ours.encode()).await.map_err(|error| write_failed(&connection, error))?;
    let mut bytes = [0; GREETING_BYTES];
    recv.read_exact(&mut bytes).await.map_err(|error| read_failed(&connection, error))?;
    let mut choice = None;
    if !peer.we_choose {
        let mut number = [0; 4];
        recv.read_exact(&mut number).await.map_err(|error| read_failed(&connection, error))?;
        choice = Some(u32::from_be_bytes(number));
    }
    let theirs = Greeting::decode(bytes);
    let dialled = place.is_none();
    Ok(Candidate { connection, send, recv, theirs, choice, dialled, _place: place })
}

/// Dials the peer once.
pub(crate) async fn dial(
    endpoint: quinn::Endpoint,
    peer: Arc<PeerState>,
    instance: [u8; 8],
) -> Result<Candidate, DialError> {
    let address = peer.peer.address.ok_or(DialError::Local)?;
    let connecting = endpoint
        .connect_with(peer.dialler.clone(), address, SERVER_NAME)
        .map_err(|_| DialError::Local)?;
    let failed = |error: ConnectionError| DialError::Carrier(RefusedReason::of(&error));
    let connection = connecting.await.map_err(failed)?;
    greet_as_dialler(connection, &peer, instance).await.map_err(failed)
}

/// Why a dial came to nothing; it is only traced and, where someone refused, reported.
pub(crate) enum DialError {
    Local,
    Carrier(Option<RefusedReason>),
}

fn write_failed(connection: &Connection, error: WriteError) -> ConnectionError {
    match error {
        WriteError::ConnectionLost(error) => error,
        _ => connection.close_reason().unwrap_or(ConnectionError::LocallyClosed),
    }
}

fn read_failed(connection: &Connection, error: ReadExactError) -> ConnectionError {
    match error {
        ReadExactError::ReadError(quinn::ReadError::ConnectionLost(error)) => error,
        _ => connection.close_reason().unwrap_or(ConnectionError::LocallyClosed),
    }
}

/// QUIC wants a name; it is neither sent nor checked.
const SERVER_NAME: &str = "x";
