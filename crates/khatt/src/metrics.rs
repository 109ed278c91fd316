//! A small listener for whoever watches the machine: `/metrics` for Prometheus, `/healthz` for a yes or no.
//!
//! It gives numbers only ([`crate::health`]): no text, no name, no key. It answers one question after
//! another, each bounded in length and time, and never stands in the way of the engine. What is
//! listened on is loopback or a socket in the file system, unless the operator says otherwise.

use std::{
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        net::{UnixListener, UnixStream},
    },
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use thiserror::Error;

use crate::{control::desk::Desk, health::HealthView};

mod text;

pub use text::text;

/// Where metrics are given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An address of this machine.
    Address(SocketAddr),
    /// A socket in the file system, for its owner only.
    Socket(PathBuf),
}

/// Whether metrics may be given out beyond this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Only on it.
    Loopback,
    /// Wherever the address is: anyone who reaches it learns when this post is busy.
    DangerousAnywhere,
}

/// Why no metrics are given out.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MetricsError {
    /// Neither an address nor a path.
    #[error("local metrics place is neither IP:PORT nor a path of a socket")]
    LocalPlace,
    /// The address can be reached from other machines.
    #[error("local metrics address {0} can be reached from other machines")]
    LocalNotLoopback(SocketAddr),
    /// It cannot be listened on.
    #[error("local metrics place cannot be listened on: {0}")]
    LocalListen(String),
}

/// A listener at work. Dropping it ends it.
pub struct Metrics {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    place: Place,
}

impl MetricsError {
    /// Returns the stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalPlace => "KK-2301",
            Self::LocalNotLoopback(_) => "KK-2302",
            Self::LocalListen(_) => "KK-2303",
        }
    }
}

impl Place {
    /// Reads `IP:PORT`, or a path, which holds a stroke.
    ///
    /// # Errors
    ///
    /// [`MetricsError::LocalPlace`] for anything else, [`MetricsError::LocalNotLoopback`] for an
    /// address that `reach` does not allow.
    pub fn read(text: &str, reach: Reach) -> Result<Self, MetricsError> {
        if text.contains('/') {
            return Ok(Self::Socket(PathBuf::from(text)));
        }
        let address: SocketAddr = text.parse().map_err(|_| MetricsError::LocalPlace)?;
        if reach == Reach::Loopback && !address.ip().is_loopback() {
            return Err(MetricsError::LocalNotLoopback(address));
        }
        Ok(Self::Address(address))
    }
}

impl Metrics {
    /// Listens at a place, and asks the desk for every answer.
    ///
    /// # Errors
    ///
    /// [`MetricsError::LocalListen`].
    pub fn start(place: &Place, desk: Arc<Desk>) -> Result<Self, MetricsError> {
        let failed = |error: io::Error| MetricsError::LocalListen(error.to_string());
        let ended = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&ended);
        let asker = Asker { desk, busy: Arc::default() };
        let work = thread::Builder::new().name("khatt-metrics".to_owned());
        let (place, thread) = match place {
            Place::Address(address) => {
                let listener = TcpListener::bind(address).map_err(failed)?;
                let place = Place::Address(listener.local_addr().map_err(failed)?);
                let each =
                    move || accept(|| listener.accept().map(|(stream, _)| stream), &stop, &asker);
                (place, work.spawn(each))
            }
            Place::Socket(path) => {
                // Left by a post that was killed. Anything but a socket is somebody's file.
                if fs::symlink_metadata(path).is_ok_and(|held| held.file_type().is_socket()) {
                    fs::remove_file(path).map_err(failed)?;
                }
                let listener = UnixListener::bind(path).map_err(failed)?;
                fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
                let each =
                    move || accept(|| listener.accept().map(|(stream, _)| stream), &stop, &asker);
                (Place::Socket(path.clone()), work.spawn(each))
            }
        };
        Ok(Self { ended, thread: Some(thread.map_err(failed)?), place })
    }

    /// Returns where it listens, with the port that the system chose.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }
}

impl Drop for Metrics {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = match &self.place {
            Place::Address(address) => TcpStream::connect_timeout(address, PATIENCE).map(drop),
            Place::Socket(path) => UnixStream::connect(path).map(drop),
        };
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        if let Place::Socket(path) = &self.place {
            let _ = fs::remove_file(path);
        }
    }
}

/// Asks the engine, and does not wait for one that does not answer.
struct Asker {
    desk: Arc<Desk>,
    busy: Arc<AtomicBool>,
}

impl Asker {
    fn health(&self) -> Option<HealthView> {
        // One question at a time: an engine that is stuck is not asked again until it has answered.
        if self.busy.swap(true, Ordering::SeqCst) {
            return None;
        }
        let (sender, receiver) = mpsc::channel();
        let (desk, busy) = (Arc::clone(&self.desk), Arc::clone(&self.busy));
        let asked = thread::Builder::new().name("khatt-health".to_owned()).spawn(move || {
            let health = desk.health();
            busy.store(false, Ordering::SeqCst);
            // Whoever asked may have given up.
            let _ = sender.send(health.ok());
        });
        if asked.is_err() {
            self.busy.store(false, Ordering::SeqCst);
        }
        receiver.recv_timeout(PATIENCE).ok().flatten()
    }
}

/// A connection on which one question is answered.
trait Stream: Read + Write {
    fn set_patience(&self, patience: Duration) -> io::Result<()>;
}

impl Stream for TcpStream {
    fn set_patience(&self, patience: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(patience))?;
        self.set_write_timeout(Some(patience))
    }
}

impl Stream for UnixStream {
    fn set_patience(&self, patience: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(patience))?;
        self.set_write_timeout(Some(patience))
    }
}

fn accept<S: Stream>(mut next: impl FnMut() -> io::Result<S>, ended: &AtomicBool, asker: &Asker) {
    loop {
        let stream = next();
        if ended.load(Ordering::SeqCst) {
            return;
        }
        match stream {
            // A reader that goes away in the middle is no fault of the post.
            Ok(mut stream) => drop(answer(&mut stream, asker)),
            // Out of file handles, say: without a pause this would spin.
            Err(_) => thread::park_timeout(PATIENCE),
        }
    }
}

/// Answers one question (RFC 9112), and closes.
fn answer<S: Stream>(stream: &mut S, asker: &Asker) -> io::Result<()> {
    stream.set_patience(PATIENCE)?;
    let (status, kind, body) = match question(stream)?.as_deref() {
        None => {
            ("400 Bad Request", PLAIN, "a question is a GET of at most 4096 bytes\n".to_owned())
        }
        Some("/metrics") => match asker.health() {
            Some(health) => ("200 OK", METRICS, text(&health)),
            None => ("503 Service Unavailable", PLAIN, "the engine does not answer\n".to_owned()),
        },
        Some("/healthz") => {
            let (well, said) = match asker.health() {
                None => (false, "the engine does not answer"),
                Some(health) if health.halted => (false, "the post signs nothing more"),
                Some(_) => (true, "well"),
            };
            let status = if well { "200 OK" } else { "503 Service Unavailable" };
            (status, PLAIN, format!("{said}\n"))
        }
        Some(_) => ("404 Not Found", PLAIN, "/metrics or /healthz\n".to_owned()),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\
         Cache-Control: no-store\r\n\r\n{body}",
        body.len(),
    )?;
    stream.flush()
}

/// Reads a head and returns what it asks for; nothing if it is no bounded GET.
fn question<S: Read>(stream: &mut S) -> io::Result<Option<String>> {
    let until = Instant::now() + PATIENCE;
    let mut head = Vec::new();
    let mut buffer = [0; 512];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = stream.read(&mut buffer)?;
        head.extend_from_slice(buffer.get(..count).unwrap_or_default());
        if count == 0 || head.len() > HEAD_MAX || Instant::now() > until {
            return Ok(None);
        }
    }
    let row =
        head.split(|byte| *byte == b'\r').next().and_then(|row| std::str::from_utf8(row).ok());
    let mut words = row.unwrap_or_default().split(' ');
    let (verb, target, version) = (words.next(), words.next(), words.next());
    let sound =
        verb == Some("GET") && version.is_some_and(|version| version.starts_with("HTTP/1."));
    let path = target.and_then(|target| target.split('?').next()).filter(|_| sound);
    Ok(path.map(str::to_owned))
}

/// How long a question may take to come, an engine to answer, and an answer to be taken.
const PATIENCE: Duration = Duration::from_secs(2);
const HEAD_MAX: usize = 4096;
const PLAIN: &str = "text/plain; charset=utf-8";
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_listened_on_unless_somebody_says_otherwise() {
        for good in ["127.0.0.1:9000", "[::1]:9000", "127.9.9.9:0"] {
            assert!(Place::read(good, Reach::Loopback).is_ok(), "{good}");
        }
        for wide in ["0.0.0.0:9000", "[::]:9000", "192.0.2.7:9000", "[::ffff:192.0.2.7]:9000"] {
            let refused = Place::read(wide, Reach::Loopback).unwrap_err();
            assert_eq!(refused.code(), "KK-2302", "{wide}");
            assert!(Place::read(wide, Reach::DangerousAnywhere).is_ok(), "{wide}");
        }
        let socket = Place::read("/run/khatt/metrics", Reach::Loopback);
        assert_eq!(socket, Ok(Place::Socket("/run/khatt/metrics".into())));
        assert_eq!(Place::read("9000", Reach::Loopback), Err(MetricsError::LocalPlace));
    }

    #[test]
    fn questions_are_bounded_and_only_read() {
        let asked = |bytes: &[u8]| question(&mut &bytes[..]).unwrap();
        assert_eq!(
            asked(b"GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\n").as_deref(),
            Some("/metrics")
        );
        assert_eq!(asked(b"GET / HTTP/1.0\r\n\r\n").as_deref(), Some("/"));
        for bad in
            [&b"POST /metrics HTTP/1.1\r\n\r\n"[..], b"GET /metrics HTTP/1.1\r\n", b"", b"\r\n\r\n"]
        {
            assert_eq!(asked(bad), None);
        }
        let long = [&b"GET /metrics HTTP/1.1\r\nA: "[..], &[b'x'; 5000], b"\r\n\r\n"].concat();
        assert_eq!(asked(&long), None);
    }
}
