//! How an amendment takes the place of the charter before it (`spec/charter.md §6`).

use std::sync::Arc;

use super::KeysInForce;
use crate::charter::{AmendError, SignedCharter};
use crate::ids::{OfficerIndex, PartyIndex};

impl KeysInForce {
    /// Returns the keys in force when `next` takes the place of the charter.
    ///
    /// The charter stands on so many orders of each party as it names; those after it stay in
    /// force over it.
    ///
    /// # Errors
    ///
    /// [`AmendError`] names the first thing that an amendment may not change, or an order that it
    /// stands on and that is not in force here.
    pub fn amended(&self, next: impl Into<Arc<SignedCharter>>) -> Result<Self, AmendError> {
        let next = next.into();
        let amended = self.amended_whenever(Arc::clone(&next))?;
        // The root key must also be the one in force now: an old one signs nothing any more.
        let parties = (0..=u8::MAX).map(PartyIndex).zip(&next.charter().parties);
        for ((index, after), kept) in parties.zip(&self.chains) {
            if after.root_key != kept.root_key {
                return Err(AmendError::PeerOtherRoot(index));
            }
        }
        Ok(amended)
    }

    /// The same, whatever root keys are in force now: for who reads what others went by, when the
    /// order in which he reads is not that in which they learned of it.
    pub(crate) fn amended_whenever(&self, next: Arc<SignedCharter>) -> Result<Self, AmendError> {
        self.charter.check_follows(&next)?;
        let base = self.stand_for(&next)?;
        let (old, new) = (self.charter.charter(), next.charter());
        for (index, before) in old.posts() {
            let after = new.post(index).ok_or(AmendError::PeerOtherPost(index))?;
            if after.party != before.party {
                return Err(AmendError::PeerOtherPost(index));
            }
            let kept = Some(&after.log_key) == base.log_key(index).map(|key| key.as_bytes())
                && Some(after.generation) == base.generation(index)
                && Some(after.next_log_digest) == base.next_log_digest(index);
            if !kept {
                return Err(AmendError::PeerUnannouncedKey(index));
            }
        }
        for (index, post) in new.posts().skip(old.posts.len()) {
            if post.generation != 0 {
                return Err(AmendError::PeerUnannouncedKey(index));
            }
        }
        for index in (0..=u16::MAX).take(old.officers.len()).map(OfficerIndex) {
            let error = AmendError::PeerOtherOfficer(index);
            let before = base.officer(index).ok_or(error)?;
            let after = next.officer(index).ok_or(error)?;
            if after.party != before.party || !after.keys.starts_with(&before.keys) {
                return Err(error);
            }
        }
        let mut amended = Self { charter: next, ..self.clone() };
        amended.rebuild();
        Ok(amended)
    }

    /// The keys in force after the orders that `next` stands on, and no more.
    fn stand_for(&self, next: &SignedCharter) -> Result<Self, AmendError> {
        let mut base = self.clone();
        let parties = (0..=u8::MAX).map(PartyIndex).zip(&self.charter.charter().parties);
        for ((index, before), after) in parties.zip(&next.charter().parties) {
            let (Some(kept), Some(chain)) =
                (self.chains.get(index.index()), base.chains.get_mut(index.index()))
            else {
                return Err(AmendError::PeerOtherParties);
            };
            if after.orders < before.orders || after.orders >= kept.next_number() {
                return Err(AmendError::PeerOtherOrders(index));
            }
            if Some(&after.root_key) != self.root_key_after(index, after.orders) {
                return Err(AmendError::PeerOtherRoot(index));
            }
            chain.orders.retain(|link| link.signed.order().number <= after.orders);
        }
        base.rebuild();
        Ok(base)
    }
}
