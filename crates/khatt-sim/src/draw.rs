//! What chance decides in a run, from one seed.
//!
//! Every question has a stream of its own, named by what it is about: leaving one fault out of a
//! plan leaves the answers to all other questions as they were, so that a run can be made smaller.

use sha2::{Digest, Sha256};

/// A stream of numbers that a seed and a name determine.
#[derive(Clone, Debug)]
pub(crate) struct Draw {
    state: u64,
}

impl Draw {
    /// Starts the stream of a question about the thing of this number.
    pub(crate) fn of(seed: u64, question: &str, number: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_be_bytes());
        hash.update(number.to_be_bytes());
        hash.update(question.as_bytes());
        let hash = hash.finalize();
        let state = hash.iter().take(8).fold(0, |state, byte| (state << 8) | u64::from(*byte));
        Self { state }
    }

    /// Returns the next number: SplitMix64 (Steele, Lea, Flood 2014).
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`; 0 if there is none.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// Returns a number from `least` to `most`, both included.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most.saturating_sub(least).saturating_add(1))
    }

    /// Tells whether something happens that happens so often in a thousand times.
    pub(crate) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// Returns one of these.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let at = self.below(from.len() as u64);
        &from[usize::try_from(at).unwrap_or(0)]
    }

    /// Returns a time that is most often near `about` and sometimes ten times as long.
    pub(crate) fn about(&mut self, about: u64) -> u64 {
        let longest = if self.chance(100) { about * 10 } else { about * 2 };
        self.between(about / 4, longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_have_streams_of_their_own_and_the_same_ones_again() {
        let draw = |seed, question, number| Draw::of(seed, question, number).next();
        assert_eq!(draw(1, "frames", 2), draw(1, "frames", 2));
        for other in [draw(2, "frames", 2), draw(1, "frame", 2), draw(1, "frames", 3)] {
            assert_ne!(draw(1, "frames", 2), other);
        }
    }

    #[test]
    fn numbers_stay_within_their_bounds() {
        let mut draw = Draw::of(7, "bounds", 0);
        for _ in 0..1000 {
            assert!((3..=5).contains(&draw.between(3, 5)));
            assert!(draw.below(2) < 2);
            assert_eq!(draw.below(0), 0);
        }
        assert!(!draw.chance(0));
        assert!(draw.chance(1000));
    }
}
