//! The two clocks an engine is told of at every input. It leaves reading them to its host.

/// What the host's clocks say at one instant.
///
/// `wall_ms` is a claim, written into entries and shown to people. `mono_ms` is time since the host
/// started; every deadline runs by it, so setting the wall clock can neither hurry nor hold a deadline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Now {
    /// Milliseconds since 1970-01-01T00:00:00Z, as the post's wall clock claims.
    pub wall_ms: u64,
    /// Milliseconds since the post started, never running backwards.
    pub mono_ms: u64,
}

impl Now {
    /// Returns the instant `ms` milliseconds later on both clocks.
    #[must_use]
    pub fn plus_ms(self, ms: u64) -> Self {
        Self { wall_ms: self.wall_ms.saturating_add(ms), mono_ms: self.mono_ms.saturating_add(ms) }
    }
}
