//! Which of a party's orders are in force (`spec/key-order.md §4`).

use std::sync::Arc;

use super::{Applied, Chain, KeysInForce, Link};
use crate::charter::Recovery;
use crate::ids::{Hash, PartyIndex};
use crate::key_order::{
    Authority, KeyChange, KeyOrder, KeyOrderError, KeyOrderFork, KeySigner, ORDERS_MAX,
    SignedKeyOrder,
};
use crate::keys::PostSigner;

impl KeysInForce {
    /// Signs an order with the root key or a recovery key of its party, and returns as whom.
    ///
    /// # Errors
    ///
    /// [`KeyOrderError::LocalOtherKey`] if the signer holds none of them.
    pub fn sign(
        &self,
        order: &mut SignedKeyOrder,
        signer: &dyn PostSigner,
    ) -> Result<KeySigner, KeyOrderError> {
        let authority = self.authority(order.order())?;
        order.sign_as(self.charter.kind(), authority, signer)
    }

    /// Puts an order into its place, if it may take it.
    ///
    /// An order that is refused, waits, or is outranked changes nothing here. One that proves a fork
    /// changes only that nothing more is taken from its party.
    ///
    /// # Errors
    ///
    /// [`KeyOrderError`] says why the order is not in force; [`KeyOrderError::PeerWaits`] that it
    /// may be later.
    pub fn apply(&mut self, order: &Arc<SignedKeyOrder>) -> Result<Applied, KeyOrderError> {
        let body = order.order();
        if body.line != self.line_id() {
            return Err(KeyOrderError::PeerOtherLine);
        }
        let chain = self.chain(body.party)?;
        let next = chain.next_number();
        if body.number > next {
            return Err(KeyOrderError::PeerWaits { number: body.number, next });
        }
        let held = chain.link(body.number).cloned();
        let same = held.as_ref().is_some_and(|held| held.signed.hash() == order.hash());
        if same && held.as_ref().is_some_and(|held| held.quorum || held.signed == *order) {
            return Ok(Applied::Already);
        }
        let quorum = self.check_signatures(order)?;
        if body.previous != self.hash_before(body) {
            return Err(KeyOrderError::PeerOtherPredecessor(body.number));
        }
        let link = Link { signed: Arc::clone(order), quorum };
        match held {
            None => self.append(link),
            Some(held) if same => {
                self.strengthen(held, link);
                Ok(Applied::Already)
            }
            Some(held) => self.contend(held, link),
        }
    }

    /// Checks an order's signatures by the keys that were in force before its number.
    ///
    /// Tells whether the recovery quorum signed.
    pub(crate) fn check_signatures(&self, order: &SignedKeyOrder) -> Result<bool, KeyOrderError> {
        if order.order().line != self.line_id() {
            return Err(KeyOrderError::PeerOtherLine);
        }
        order.check_signatures(self.charter.kind(), self.authority(order.order())?)
    }

    /// Returns the root key that a party had after so many orders.
    #[must_use]
    pub fn root_key_after(&self, party: PartyIndex, orders: u32) -> Option<&[u8; 32]> {
        let first = self.charter_party(party)?;
        let chain = self.chains.get(party.index())?;
        if orders >= chain.next_number() {
            return None;
        }
        let held = chain.orders.iter().filter(|link| link.signed.order().number <= orders);
        let mut changed = held.filter_map(|link| match &link.signed.order().change {
            KeyChange::Root { root_key, .. } => Some(root_key),
            _ => None,
        });
        Some(changed.next_back().unwrap_or(&first.root_key))
    }

    /// The keys that sign an order of this number: those in force before it.
    fn authority(&self, order: &KeyOrder) -> Result<Authority<'_>, KeyOrderError> {
        let chain = self.chain(order.party)?;
        let next = chain.next_number();
        let missing = KeyOrderError::PeerWaits { number: order.number, next };
        if order.number == next {
            return Ok(Authority { root_key: &chain.root_key, recovery: &chain.recovery });
        }
        let before = order.number.saturating_sub(1);
        let root_key = self.root_key_after(order.party, before).ok_or(missing)?;
        let recovery = self.recovery_before(order.party, order.number).ok_or(missing)?;
        Ok(Authority { root_key, recovery })
    }

    /// Returns who recovered a party before the order of this number.
    ///
    /// An amendment may change recovery between two orders; its word then stands from the orders
    /// that it names.
    fn recovery_before(&self, party: PartyIndex, number: u32) -> Option<&Recovery> {
        let amended = self.charter.charter().party(party)?;
        let base = if amended.orders < number { amended } else { self.charter_party(party)? };
        let chain = self.chains.get(party.index())?;
        let held = chain.orders.iter().map(|link| link.signed.order());
        let from = base.orders;
        let changed = held.filter(|order| from < order.number && order.number < number);
        let mut changed = changed.filter_map(|order| match &order.change {
            KeyChange::Root { recovery, .. } => Some(recovery),
            _ => None,
        });
        Some(changed.next_back().unwrap_or(&base.recovery))
    }

    fn charter_party(&self, party: PartyIndex) -> Option<&crate::charter::Party> {
        self.founding.charter().party(party)
    }

    fn chain(&self, party: PartyIndex) -> Result<&Chain, KeyOrderError> {
        self.chains.get(party.index()).ok_or(KeyOrderError::PeerNoSuchParty(party))
    }

    /// The hash that the order of this number names as its predecessor's.
    fn hash_before(&self, order: &KeyOrder) -> Hash {
        let before = order.number.checked_sub(1);
        let chain = self.chains.get(order.party.index());
        before
            .and_then(|number| chain?.link(number))
            .map_or(Hash(self.line_id().0), |link| link.signed.hash())
    }

    fn append(&mut self, link: Link) -> Result<Applied, KeyOrderError> {
        let (party, number) = (link.signed.order().party, link.signed.order().number);
        let recovers = link.quorum && matches!(link.signed.order().change, KeyChange::Root { .. });
        if let Some(number) = self.chain(party)?.forked
            && !recovers
        {
            return Err(KeyOrderError::PeerForkedBefore { party, number });
        }
        self.check_change(link.signed.order())?;
        if number > ORDERS_MAX {
            return Err(KeyOrderError::PeerWaits { number, next: ORDERS_MAX });
        }
        let order = Arc::clone(&link.signed);
        if let Some(chain) = self.chains.get_mut(party.index()) {
            chain.orders.push(link);
            if recovers {
                chain.forked = None;
            }
        }
        self.take(order.order());
        Ok(Applied::InForce)
    }

    /// Keeps the signatures of both files of one order.
    fn strengthen(&mut self, held: Link, link: Link) {
        let (party, number) = (held.signed.order().party, held.signed.order().number);
        let mut signed = SignedKeyOrder::clone(&held.signed);
        // The same body on both sides: that is why this is called.
        if signed.merge(&link.signed).is_err() {
            return;
        }
        let quorum = held.quorum || link.quorum || self.check_signatures(&signed) == Ok(true);
        let chain = self.chains.get_mut(party.index());
        if let Some(place) = chain.and_then(|chain| chain.link_mut(number)) {
            *place = Link { signed: Arc::new(signed), quorum };
        }
    }

    /// Decides between two orders of one number, both signed by those who may.
    fn contend(&mut self, held: Link, link: Link) -> Result<Applied, KeyOrderError> {
        let (party, number) = (held.signed.order().party, held.signed.order().number);
        match (held.quorum, link.quorum) {
            (true, false) => Ok(Applied::Outranked),
            // The quorum has signed since: neither it nor the root key alone can go back behind that.
            (false, _) if self.chain(party)?.is_settled(number) => Ok(Applied::Outranked),
            (false, true) => {
                let mut before = self.clone();
                let Some(chain) = before.chains.get_mut(party.index()) else {
                    return Err(KeyOrderError::PeerNoSuchParty(party));
                };
                let kept = chain.place(number).unwrap_or(0);
                let displaced = chain.orders.split_off(kept);
                chain.forked = chain.forked.filter(|forked| *forked < number);
                before.rebuild();
                before.append(link)?;
                *self = before;
                Ok(Applied::Displaced(displaced.into_iter().map(|link| link.signed).collect()))
            }
            _ => {
                if let Some(chain) = self.chains.get_mut(party.index())
                    && !chain.is_settled(number)
                    && !chain.root_changed_from(number)
                {
                    chain.forked = Some(chain.forked.map_or(number, |before| before.min(number)));
                }
                let one = SignedKeyOrder::clone(&held.signed);
                let other = SignedKeyOrder::clone(&link.signed);
                Ok(Applied::Forked(Box::new(KeyOrderFork { one, other })))
            }
        }
    }
}

impl Chain {
    pub(super) fn next_number(&self) -> u32 {
        self.orders.last().map_or(0, |link| link.signed.order().number).saturating_add(1)
    }

    fn place(&self, number: u32) -> Option<usize> {
        let place = usize::try_from(number.checked_sub(1)?).ok()?;
        (place < self.orders.len()).then_some(place)
    }

    fn link(&self, number: u32) -> Option<&Link> {
        self.orders.get(self.place(number)?)
    }

    fn link_mut(&mut self, number: u32) -> Option<&mut Link> {
        let place = self.place(number)?;
        self.orders.get_mut(place)
    }

    /// Tells whether the recovery quorum signed an order after this number.
    fn is_settled(&self, number: u32) -> bool {
        let after = usize::try_from(number).unwrap_or(usize::MAX);
        self.orders.iter().skip(after).any(|link| link.quorum)
    }

    /// Tells whether the party has had another root key since the order of this number: then what
    /// the old key signs now is no longer the party's word.
    fn root_changed_from(&self, number: u32) -> bool {
        let from = self.place(number).unwrap_or(self.orders.len());
        let later = self.orders.iter().skip(from);
        later
            .map(|link| &link.signed.order().change)
            .any(|change| matches!(change, KeyChange::Root { .. }))
    }
}
