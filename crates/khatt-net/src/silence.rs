//! Notices that a connection asks and nobody answers.
//!
//! QUIC alone gives up only after the idle time, and after a shorter cut waits for its next
//! retransmission, which may be as long away as the cut was. This watch suspects such a connection
//! within a second or two, so that the link can look for a new one beside it.

use std::time::Duration;

use tokio::time::Instant;

/// Compares counts of what was asked and what came in, at each look.
#[derive(Debug, Default)]
pub(crate) struct Silence {
    asked: u64,
    heard: u64,
    unanswered_since: Option<Instant>,
}

impl Silence {
    /// Takes the number of questions sent and datagrams received so far, and says whether the
    /// first question since the last datagram has waited for `limit`.
    pub(crate) fn look(&mut self, asked: u64, heard: u64, limit: Duration, now: Instant) -> bool {
        if heard != self.heard {
            self.unanswered_since = None;
        } else if asked != self.asked && self.unanswered_since.is_none() {
            self.unanswered_since = Some(now);
        }
        self.asked = asked;
        self.heard = heard;
        self.unanswered_since.is_some_and(|since| now.duration_since(since) >= limit)
    }
}

/// Returns what in the connection's counts must be answered, and how many datagrams came in.
pub(crate) fn counts(connection: &quinn::Connection) -> (u64, u64) {
    let stats = connection.stats();
    // Acknowledgements of packets are not answered, so datagrams sent would count too much.
    (stats.frame_tx.stream + stats.frame_tx.ping, stats.udp_rx.datagrams)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(1);

    #[test]
    fn an_idle_or_answered_connection_is_not_silent() {
        let mut silence = Silence::default();
        let start = Instant::now();
        for second in 0..10 {
            let now = start + Duration::from_secs(second);
            assert!(!silence.look(0, 0, LIMIT, now), "idle");
        }
        for second in 10..20 {
            let now = start + Duration::from_secs(second);
            assert!(!silence.look(second, second, LIMIT, now), "answered");
        }
    }

    #[test]
    fn a_question_without_an_answer_is_silence_until_one_comes() {
        let mut silence = Silence::default();
        let start = Instant::now();
        assert!(!silence.look(1, 0, LIMIT, start));
        assert!(!silence.look(3, 0, LIMIT, start + LIMIT / 2));
        assert!(silence.look(3, 0, LIMIT, start + LIMIT));
        assert!(!silence.look(3, 1, LIMIT, start + LIMIT * 2));
        assert!(!silence.look(3, 1, LIMIT, start + LIMIT * 4));
    }
}
