//! The socket, with a list of addresses before it.
//!
//! A packet from an address that no peer may use is emptied before QUIC sees it: it costs one look
//! in a set, and is never answered, not even by a version negotiation or a reset.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};

use crate::complaint::Complaints;
use crate::error::RefusedReason;

/// A socket that is deaf to strangers.
pub(crate) struct Gate {
    socket: Arc<dyn AsyncUdpSocket>,
    allowed: BTreeSet<IpAddr>,
    complaints: Arc<Complaints>,
}

impl Gate {
    pub(crate) fn new(
        socket: Arc<dyn AsyncUdpSocket>,
        allowed: BTreeSet<IpAddr>,
        complaints: Arc<Complaints>,
    ) -> Self {
        Self { socket, allowed, complaints }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

impl AsyncUdpSocket for Gate {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        self.socket.clone().create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.socket.try_send(transmit)
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let polled = self.socket.poll_recv(cx, bufs, meta);
        if let Poll::Ready(Ok(received)) = &polled {
            for meta in meta.iter_mut().take(*received) {
                if !self.allowed.contains(&meta.addr.ip().to_canonical()) {
                    // A length of zero is skipped by the reader; removing the slot would mean
                    // moving buffers.
                    meta.len = 0;
                    self.complaints.refused(meta.addr, RefusedReason::PeerUnknownAddress);
                }
            }
        }
        polled
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.socket.max_transmit_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.socket.max_receive_segments()
    }

    fn may_fragment(&self) -> bool {
        self.socket.may_fragment()
    }
}
