//! What was tried before a silence was recorded.

use crate::Now;

/// Most attempts kept for one obligation; later ones are counted only.
pub const ATTEMPTS_MAX: usize = 64;

/// One attempt to reach who owes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When, as our wall clock claims, in milliseconds of Unix time.
    pub wall_ms: u64,
    /// The route's stable name, at most 32 bytes are kept.
    pub route: String,
    /// What came of it.
    pub result: AttemptResult,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum AttemptResult {
    /// It left; nothing came back.
    Sent = 0,
    /// The route was down.
    RouteDown = 1,
    /// The carrier took it, and said so.
    Carried = 2,
    /// The post received it (A1); no officer acted.
    Received = 3,
    /// Somebody was called and did not answer.
    NoAnswer = 4,
    /// Somebody was called and answered; the obligation is still open.
    Spoken = 5,
}

/// The attempts made for one obligation: the first ones, the latest, and how many between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    pub(super) kept: Vec<Attempt>,
    pub(super) left_out: u64,
}

impl Attempt {
    /// Returns an attempt made now.
    #[must_use]
    pub fn new(now: Now, route: &str, result: AttemptResult) -> Self {
        Self { wall_ms: now.wall_ms, route: route.to_owned(), result }
    }
}

impl Attempts {
    /// Returns the attempts kept, in the order in which they were made.
    #[must_use]
    pub fn kept(&self) -> &[Attempt] {
        &self.kept
    }

    /// Returns how many attempts before the last one are not kept.
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    pub(super) fn push(&mut self, mut attempt: Attempt) {
        let mut cut = attempt.route.len().min(ROUTE_MAX);
        while !attempt.route.is_char_boundary(cut) {
            cut -= 1;
        }
        attempt.route.truncate(cut);
        // The first attempts and the latest tell most, so the last place is written anew.
        if self.kept.len() >= ATTEMPTS_MAX {
            self.kept.pop();
            self.left_out = self.left_out.saturating_add(1);
        }
        self.kept.push(attempt);
    }
}

impl AttemptResult {
    pub(super) const ALL: [Self; 6] =
        [Self::Sent, Self::RouteDown, Self::Carried, Self::Received, Self::NoAnswer, Self::Spoken];
}

impl TryFrom<u64> for AttemptResult {
    type Error = ();

    fn try_from(value: u64) -> Result<Self, Self::Error> {
        Self::ALL.into_iter().find(|result| *result as u64 == value).ok_or(())
    }
}

/// Longest name of a route that is kept, in bytes.
pub(super) const ROUTE_MAX: usize = 32;
