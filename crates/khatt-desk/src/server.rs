//! The desk's server: its own thread and runtime, so that no number of screens slows the line.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use khatt_forms::LineKind;
use thiserror::Error;
use tokio::sync::{Semaphore, oneshot};

use crate::{
    assets, guard, pages,
    port::{Face, Post, Refusal},
    session::{Sessions, random},
    stream::{self, Hub},
};

/// Most bytes of a form.
const FORM_MAX: usize = 256 * 1024;
/// Pages that ask the post at once.
const ASKING_MAX: usize = 16;

/// Why a desk was not opened.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum OpenError {
    /// The address is none, or other machines could reach it.
    #[error("local desk listens on an address of this machine alone, not on {0}")]
    LocalAddress(String),
    /// The system refused.
    #[error("local desk cannot listen: {0}")]
    LocalListen(String),
}

impl OpenError {
    /// Returns the stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalAddress(_) => "KD-1001",
            Self::LocalListen(_) => "KD-1002",
        }
    }
}

/// An open desk; dropping it closes it.
pub struct Server {
    address: SocketAddr,
    url: String,
    stop: Option<oneshot::Sender<()>>,
    hub: Arc<Hub>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What every page has.
pub(crate) struct Desk {
    pub(crate) post: Arc<dyn Post>,
    pub(crate) face: Face,
    /// The one name under which it answers.
    pub(crate) host: String,
    /// What opens it to a screen.
    pub(crate) key: String,
    pub(crate) sessions: Sessions,
    pub(crate) hub: Arc<Hub>,
    asking: Semaphore,
    /// Opening a key costs much memory: one at a time.
    pub(crate) opening: Semaphore,
}

impl Server {
    /// Opens a desk at an address of this machine; port 0 takes any that is free.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open(post: Arc<dyn Post>, address: SocketAddr) -> Result<Self, OpenError> {
        if !address.ip().is_loopback() {
            return Err(OpenError::LocalAddress(address.to_string()));
        }
        let failed = |error: std::io::Error| OpenError::LocalListen(error.to_string());
        let listener = std::net::TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("khatt-desk")
            .enable_all()
            .build()
            .map_err(failed)?;
        let face = post.face();
        let host = host_name(&face);
        let (key, ended) = (random(), Arc::new(AtomicBool::new(false)));
        let url = format!("http://{host}:{}/enter/{key}", address.port());
        let hub =
            Hub::start(Arc::clone(&post), face.clone(), Arc::clone(&ended)).map_err(failed)?;
        let desk = Arc::new(Desk {
            post,
            face,
            host,
            key,
            sessions: Sessions::default(),
            hub: Arc::clone(&hub),
            asking: Semaphore::new(ASKING_MAX),
            opening: Semaphore::new(1),
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let spawned = thread::Builder::new().name("khatt-desk".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
                    return;
                };
                tokio::select! {
                    served = axum::serve(listener, router(desk)).into_future() => {
                        if let Err(error) = served {
                            tracing::warn!(%error, "the desk's server ended");
                        }
                    }
                    // Streams have no end of their own: they are cut with the runtime.
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        });
        let thread = Some(spawned.map_err(failed)?);
        Ok(Self { address, url, stop: Some(stop), hub, ended, thread })
    }

    /// Returns where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the address that opens the desk to whoever has it: keep it from others.
    #[must_use]
    pub fn way_in(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A page that panicked took nothing with it.
            let _ = thread.join();
        }
        self.hub.end();
    }
}

impl Desk {
    /// Asks the post on a thread that may wait.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&dyn Post) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let gone = || Refusal {
            code: String::new(),
            what: String::new(),
            advice: String::new(),
            fields: Vec::new(),
        };
        let _place = self.asking.acquire().await.map_err(|_| gone())?;
        let post = Arc::clone(&self.post);
        tokio::task::spawn_blocking(move || ask(post.as_ref())).await.map_err(|_| gone())
    }
}

/// Reads an address for a desk: a port, or an address of this machine with a port.
///
/// # Errors
///
/// [`OpenError::LocalAddress`].
pub fn read_address(text: &str) -> Result<SocketAddr, OpenError> {
    let port = text.parse::<u16>().ok().map(|port| (IpAddr::V4(Ipv4Addr::LOCALHOST), port).into());
    let address = port.or_else(|| text.parse().ok());
    address
        .filter(|address: &SocketAddr| address.ip().is_loopback())
        .ok_or_else(|| OpenError::LocalAddress(text.chars().take(64).collect()))
}

/// The name under which a desk answers. It says what the line is for, so that no cookie of a drill
/// ever reaches the real one, and none of one post another's.
fn host_name(face: &Face) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let post: String = face.post.chars().map(plain).collect();
    let post = post.trim_matches('-');
    let post =
        if post.is_empty() { "post" } else { post.get(..post.len().min(40)).unwrap_or("post") };
    let kind = match face.kind {
        LineKind::Real => "desk",
        LineKind::Drill => "drill",
        LineKind::Rehearsal => "rehearsal",
    };
    format!("{}.{kind}.localhost", post.trim_matches('-'))
}

fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/", get(pages::watch::page))
        .route("/enter/{key}", get(pages::seat::enter))
        .route("/sit", get(pages::seat::page).post(pages::seat::sit))
        .route("/leave", post(pages::seat::leave))
        .route("/look", post(pages::seat::look))
        .route("/message/{log}/{index}", get(pages::message::page))
        .route("/message/{log}/{index}/state", post(pages::message::state_level))
        .route("/message/{log}/{index}/read-back", post(pages::message::read_back))
        .route("/compose", get(pages::compose::forms))
        .route("/compose/{form}", get(pages::compose::page).post(pages::compose::draft))
        .route("/compose/{form}/check", post(pages::compose::check))
        .route("/draft/{id}", get(pages::draft::page))
        .route("/draft/{id}/release", get(pages::draft::type_back).post(pages::draft::release))
        .route("/draft/{id}/return", post(pages::draft::give_back))
        .route("/alarms", get(pages::watch::alarms))
        .route("/alarm", post(pages::watch::seen))
        .route("/line", get(pages::line::page))
        .route("/line/test", post(pages::line::test))
        .route("/log", get(pages::line::journal))
        .route("/alive", post(stream::alive))
        .route("/stream", get(stream::stream))
        .route("/assets/{name}", get(assets::asset))
        .fallback(pages::lost)
        .layer(DefaultBodyLimit::max(FORM_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&desk), guard::guard))
        .with_state(desk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn desk_is_for_this_machine_alone() {
        assert!(read_address("8443").is_ok_and(|at| at.ip().is_loopback() && at.port() == 8443));
        assert!(read_address("[::1]:0").is_ok());
        for bad in ["0.0.0.0:80", "192.0.2.1:80", "north:80", "99999"] {
            assert_eq!(read_address(bad).unwrap_err().code(), "KD-1001", "{bad}");
        }
    }
}
