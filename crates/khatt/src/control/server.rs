//! The running post's end of the control socket: one thread per command, a bounded number of them.

use std::{
    fs,
    os::{
        fd::AsRawFd,
        unix::{
            fs::PermissionsExt,
            net::{UnixListener, UnixStream},
        },
    },
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use data_encoding::HEXLOWER;

use super::{
    ControlError,
    ask::{Answer, Envelope, Hello},
    desk::Desk,
    wire,
};
use crate::folder::{PostFolder, fill_from_system};

/// Commands answered at once.
const COMMANDS_MAX: usize = 32;
/// How long a silent command keeps its place: an officer may be typing.
const PATIENCE: Duration = Duration::from_secs(900);

/// The listening socket; dropping it ends it.
pub struct Server {
    path: PathBuf,
    dir: fs::File,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens in a folder whose lock this process holds.
    ///
    /// # Errors
    ///
    /// [`ControlError::LocalSocket`].
    pub fn start(folder: &PostFolder, desk: Arc<Desk>) -> Result<Self, ControlError> {
        let failed = |error: std::io::Error| ControlError::LocalSocket(error.to_string());
        let path = folder.socket_path();
        // Left by a post that was killed: we hold the lock, so nobody listens on it.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(error));
            }
            _ => {}
        }
        let dir = fs::File::open(folder.dir()).map_err(failed)?;
        let listener = UnixListener::bind(short(&dir)).map_err(failed)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        let ended = Arc::new(AtomicBool::new(false));
        let thread = thread::Builder::new()
            .name("control".to_owned())
            .spawn({
                let ended = Arc::clone(&ended);
                move || accept(&listener, &desk, &ended)
            })
            .map_err(failed)?;
        Ok(Self { path, dir, ended, thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts; if that fails it is not waiting.
        let _ = UnixStream::connect(short(&self.dir));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let _ = fs::remove_file(&self.path);
    }
}

/// Connects to the post that runs in a folder.
///
/// # Errors
///
/// [`ControlError::LocalNotRunning`] if none does.
pub(super) fn connect(folder: &Path) -> Result<UnixStream, ControlError> {
    let dir = fs::File::open(folder).map_err(|_| ControlError::LocalNotRunning)?;
    UnixStream::connect(short(&dir)).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused => {
            ControlError::LocalNotRunning
        }
        _ => ControlError::LocalSocket(error.to_string()),
    })
}

/// The socket's path by way of the open folder: the name of a socket may have 107 bytes at most
/// (unix(7)), and folders may lie deep.
fn short(dir: &fs::File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/post.sock", dir.as_raw_fd()))
}

fn accept(listener: &UnixListener, desk: &Arc<Desk>, ended: &Arc<AtomicBool>) {
    let busy = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        if ended.load(Ordering::SeqCst) {
            return;
        }
        let Ok(mut stream) = stream else { continue };
        if busy.fetch_add(1, Ordering::SeqCst) >= COMMANDS_MAX {
            busy.fetch_sub(1, Ordering::SeqCst);
            // The command finds the connection closed and says so.
            continue;
        }
        let (desk, busy_here) = (Arc::clone(desk), Arc::clone(&busy));
        let spawned = thread::Builder::new().name("command".to_owned()).spawn(move || {
            // A command that goes away in the middle is no fault of the post.
            let _ = converse(&mut stream, &desk);
            busy_here.fetch_sub(1, Ordering::SeqCst);
        });
        if spawned.is_err() {
            busy.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

fn converse(stream: &mut UnixStream, desk: &Desk) -> Result<(), ControlError> {
    let failed = |error: std::io::Error| ControlError::LocalSocket(error.to_string());
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
    let nonce = nonce();
    let hello = Hello { khatt: wire::VERSION, nonce: nonce.clone() };
    wire::write(stream, &hello, wire::ASK_MAX)?;
    loop {
        let envelope: Envelope = match wire::read(stream, wire::ASK_MAX) {
            Ok(envelope) => envelope,
            Err(ControlError::LocalClosed) => return Ok(()),
            Err(error) => {
                wire::write(stream, &Answer::Refused(error.clone().into()), wire::ANSWER_MAX)?;
                return Err(error);
            }
        };
        let answer = desk.answer(&envelope, &nonce);
        wire::write(stream, &answer, wire::ANSWER_MAX)?;
    }
}

/// Draws the number over which officers prove themselves on one connection.
pub(super) fn nonce() -> String {
    let mut nonce = [0; 16];
    fill_from_system(&mut nonce);
    HEXLOWER.encode(&nonce)
}
