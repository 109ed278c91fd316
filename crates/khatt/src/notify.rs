//! Tells the service manager how the post stands: the protocol of sd_notify(3), and nothing else of it.
//!
//! One datagram with `NAME=VALUE` rows to the socket that `NOTIFY_SOCKET` names. Without that variable
//! nothing is sent. What counts as alive is left to the caller.

use std::{
    env,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            ffi::OsStrExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
    time::Duration,
};

/// The way to the service manager, if there is one.
#[derive(Debug, Default)]
pub struct Notifier {
    socket: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Notifier {
    /// Takes what the service manager put into the environment.
    #[must_use]
    pub fn from_environment() -> Self {
        let ours = env::var("WATCHDOG_PID")
            .map_or(true, |pid| pid.trim() == std::process::id().to_string());
        let limit = env::var("WATCHDOG_USEC").ok().and_then(|text| text.trim().parse().ok());
        let limit = limit.filter(|_| ours).map(Duration::from_micros);
        Self::to(env::var_os("NOTIFY_SOCKET").unwrap_or_default().as_bytes(), limit)
    }

    /// Speaks to a socket by its name: a path, or `@` and a name that is none of a file.
    #[must_use]
    pub fn to(name: &[u8], limit: Option<Duration>) -> Self {
        let address = match name.split_first() {
            Some((b'@', name)) => SocketAddr::from_abstract_name(name),
            Some((b'/', _)) => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(name)),
            // Nothing, or a kind of socket that this does not speak.
            _ => return Self::default(),
        };
        let socket = UnixDatagram::unbound().ok().zip(address.ok());
        let watchdog = limit.filter(|limit| !limit.is_zero() && socket.is_some());
        Self { socket, watchdog }
    }

    /// Returns how often [`Notifier::alive`] must be said, half of what the manager allows.
    #[must_use]
    pub fn every(&self) -> Option<Duration> {
        self.watchdog.map(|limit| limit / 2)
    }

    /// The post runs, and answers.
    pub fn ready(&self, status: &str) {
        self.send(&format!("READY=1\nSTATUS={}", plain(status)));
    }

    /// How the post stands, for people.
    pub fn status(&self, status: &str) {
        self.send(&format!("STATUS={}", plain(status)));
    }

    /// The engine has just answered.
    pub fn alive(&self) {
        self.send("WATCHDOG=1");
    }

    /// The post ends.
    pub fn stopping(&self) {
        self.send("STOPPING=1");
    }

    fn send(&self, rows: &str) {
        if let Some((socket, address)) = &self.socket {
            // A manager that does not listen is no reason to stop.
            let _ = socket.send_to_addr(rows.as_bytes(), address);
        }
    }
}

/// A value may not begin a row of its own.
fn plain(text: &str) -> String {
    text.replace(['\n', '\r', '\0'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut bytes = [0; 512];
        let count = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..count].to_vec()).unwrap()
    }

    #[test]
    fn manager_hears_what_it_is_told_by_path_and_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let by_path = UnixDatagram::bind(&path).unwrap();
        let name = format!("khatt-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(name.as_bytes()).unwrap();
        let by_name = UnixDatagram::bind_addr(&address).unwrap();
        for (socket, name) in
            [(&by_path, path.to_str().unwrap().to_owned()), (&by_name, format!("@{name}"))]
        {
            let notifier = Notifier::to(name.as_bytes(), Some(Duration::from_secs(30)));
            assert_eq!(notifier.every(), Some(Duration::from_secs(15)));
            notifier.ready("two peers\nREADY=0");
            notifier.alive();
            notifier.stopping();
            assert_eq!(heard(socket), "READY=1\nSTATUS=two peers READY=0");
            assert_eq!(heard(socket), "WATCHDOG=1");
            assert_eq!(heard(socket), "STOPPING=1");
        }
    }

    #[test]
    fn without_a_manager_nothing_is_said_and_nothing_fails() {
        for name in [&b""[..], b"vsock:2:1234", b"/nowhere/at/all"] {
            let notifier = Notifier::to(name, None);
            notifier.ready("runs");
            assert_eq!(notifier.every(), None);
        }
    }
}
