//! Harbour's wire: passes datagrams on, keeps a copy of each, and can be cut.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Vec<u8>>>>,
    cut: Arc<AtomicBool>,
    came: Arc<Notify>,
    task: AbortHandle,
}

impl Relay {
    /// Passes everything between `far` and the last other address that sent something.
    pub(crate) async fn to(far: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let cut: Arc<AtomicBool> = Arc::default();
        let came: Arc<Notify> = Arc::default();
        let (copies, is_cut, tell) = (seen.clone(), cut.clone(), came.clone());
        let task = tokio::spawn(async move {
            let mut near = None;
            let mut buffer = vec![0; 65536];
            while let Ok((len, from)) = socket.recv_from(&mut buffer).await {
                copies.lock().unwrap().push(buffer[..len].to_vec());
                tell.notify_one();
                let to = if from == far {
                    near
                } else {
                    near = Some(from);
                    Some(far)
                };
                if let (Some(to), false) = (to, is_cut.load(Ordering::SeqCst)) {
                    let _ = socket.send_to(&buffer[..len], to).await;
                }
            }
        })
        .abort_handle();
        Self { address, seen, cut, came, task }
    }

    pub(crate) fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::SeqCst);
    }

    /// Waits until this many more datagrams have come, cut or not.
    pub(crate) async fn sees(&self, more: usize) {
        let enough = self.seen.lock().unwrap().len() + more;
        while self.seen.lock().unwrap().len() < enough {
            self.came.notified().await;
        }
    }

    pub(crate) fn seen(&self) -> Vec<Vec<u8>> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}
