//! One slot for each post of the line, in the charter's order.

use std::ops::{Index, IndexMut};

/// A slot for each post. Its length is the line's number of posts and never changes.
///
/// Frames and entries are decoded against that number, and the transport names only posts of the
/// charter: a number of a post that reaches the engine is one of the line's. What is not yet known to
/// be one is looked up with `slot`.
#[derive(Clone, Debug)]
pub(super) struct ByPost<T>(Box<[T]>);

impl<T> FromIterator<T> for ByPost<T> {
    fn from_iter<I: IntoIterator<Item = T>>(slots: I) -> Self {
        Self(slots.into_iter().collect())
    }
}

impl<T> ByPost<T> {
    /// How many posts the line has.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The slot of a number that may be no post of the line.
    pub(super) fn slot(&self, post: usize) -> Option<&T> {
        self.0.get(post)
    }

    /// As [`ByPost::slot`], to be changed.
    pub(super) fn slot_mut(&mut self, post: usize) -> Option<&mut T> {
        self.0.get_mut(post)
    }

    /// The slots in the charter's order.
    pub(super) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    /// As [`ByPost::iter`], to be changed.
    pub(super) fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.0.iter_mut()
    }
}

impl<T> Index<usize> for ByPost<T> {
    type Output = T;

    #[expect(clippy::expect_used, reason = "the type's own invariant")]
    fn index(&self, post: usize) -> &T {
        self.0.get(post).expect("a post of the line")
    }
}

impl<T> IndexMut<usize> for ByPost<T> {
    #[expect(clippy::expect_used, reason = "the type's own invariant")]
    fn index_mut(&mut self, post: usize) -> &mut T {
        self.0.get_mut(post).expect("a post of the line")
    }
}

impl<'a, T> IntoIterator for &'a ByPost<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut ByPost<T> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut()
    }
}
