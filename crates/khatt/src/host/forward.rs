//! What comes from the network, on its way to the thread of the line.

use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Duration;

use khatt_core::line::{Input, Route};
use khatt_net as net;
use khatt_record::PostIndex;
use tokio::sync::mpsc;

use super::Message;

/// Hands on what comes from the network. Waiting here is what holds back a peer that sends too fast.
///
/// A task of the network's own runtime: a thread that only hands on would have to wake first.
pub(super) async fn forward(mut incoming: mpsc::Receiver<net::Event>, inputs: SyncSender<Message>) {
    let post = |peer: u16| u8::try_from(peer).ok().map(PostIndex);
    while let Some(event) = incoming.recv().await {
        let input = match event {
            net::Event::Connected { peer, .. } => {
                post(peer).map(|peer| Input::Connected { peer, route: Route::Direct })
            }
            net::Event::Disconnected { peer, why } => {
                tracing::info!(peer, ?why, "a peer's connection ended");
                post(peer).map(|peer| Input::Disconnected { peer, route: Route::Direct })
            }
            net::Event::Frame { peer, bytes } => {
                post(peer).map(|peer| Input::Frame { peer, route: Route::Direct, bytes })
            }
            net::Event::Refused { address, why } => {
                tracing::info!(%address, ?why, "someone was refused");
                None
            }
        };
        let mut waiting = input.map(Message::Input);
        while let Some(message) = waiting.take() {
            match inputs.try_send(message) {
                Ok(()) => {}
                Err(TrySendError::Full(message)) => {
                    waiting = Some(message);
                    tokio::time::sleep(FULL_PAUSE).await;
                }
                Err(TrySendError::Disconnected(_)) => return,
            }
        }
    }
}

/// How long what came from the network waits before a full queue is looked at again.
const FULL_PAUSE: Duration = Duration::from_millis(1);
