//! How far a peer's clock is from ours, with honest bounds.

/// A peer's claimed time less our wall clock, in milliseconds: between two bounds, both included.
///
/// The reply was written somewhere between our sending and our receiving it; where, nobody can
/// know. So a round trip of ten minutes gives bounds ten minutes apart, and not a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew {
    /// The least it can be.
    pub low_ms: i64,
    /// The most it can be.
    pub high_ms: i64,
}

impl Skew {
    /// Measures from our wall clock at sending, the round trip by our time since start, and the time
    /// that the peer's reply claims.
    #[must_use]
    pub fn measure(sent_wall_ms: u64, round_trip_ms: u64, claimed_ms: u64) -> Self {
        let high_ms = difference(claimed_ms, sent_wall_ms);
        let low_ms = difference(claimed_ms, sent_wall_ms.saturating_add(round_trip_ms));
        Self { low_ms, high_ms }
    }

    /// Returns the least distance between the clocks that the bounds prove; 0 if they may agree.
    #[must_use]
    pub const fn proven_ms(self) -> u64 {
        if self.low_ms > 0 {
            self.low_ms.unsigned_abs()
        } else if self.high_ms < 0 {
            self.high_ms.unsigned_abs()
        } else {
            0
        }
    }

    /// Returns the middle of the bounds, for a screen.
    #[must_use]
    pub const fn middle_ms(self) -> i64 {
        i64::midpoint(self.low_ms, self.high_ms)
    }
}

fn difference(a: u64, b: u64) -> i64 {
    let difference = i128::from(a) - i128::from(b);
    let limit = if difference < 0 { i64::MIN } else { i64::MAX };
    i64::try_from(difference).unwrap_or(limit)
}
