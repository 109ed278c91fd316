//! What each key order changes, and whether it may (`spec/key-order.md §5`).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Chain, Generation, KeysInForce, OfficerRow, PostKeys};
use crate::charter::{Officer, hash_bytes, is_name};
use crate::checkpoint::Origin;
use crate::entry::PREKEY_LEN;
use crate::ids::{PartyIndex, PostIndex};
use crate::key_order::{
    ADDED_MAX, KeyChange, KeyOrder, KeyOrderError, NewConnection, NewGeneration, OfficerChange,
    added_place,
};
use crate::keys::PublicKey;

/// The prekey of a post's generation `g` has the number `g · PREKEYS_PER_GENERATION`; further
/// prekeys count on from there.
pub const PREKEYS_PER_GENERATION: u32 = 1 << 16;

impl KeysInForce {
    /// Checks that an order may follow those in force. Only the party's own keys are looked at, so
    /// that nobody else can make an order fail.
    pub(super) fn check_change(&self, order: &KeyOrder) -> Result<(), KeyOrderError> {
        if let Some(post) = order.change.post()
            && self.charter.post(post).is_none_or(|named| named.party != order.party)
        {
            return Err(KeyOrderError::PeerOtherPost(post));
        }
        match &order.change {
            KeyChange::Officer(change) => self.check_officer(order.party, change),
            KeyChange::Generation(next) => self.check_generation(order.party, next),
            KeyChange::Connection(NewConnection { post, tls_key, addresses }) => {
                check_names(addresses)?;
                self.check_keys(order.party, Place::Connection(*post), &[*tls_key])
            }
            KeyChange::Root { root_key, recovery } => {
                if !recovery.is_sound() {
                    return Err(KeyOrderError::PeerRecovery);
                }
                let mut keys = vec![*root_key];
                keys.extend(&recovery.keys);
                self.check_keys(order.party, Place::Root, &keys)
            }
            KeyChange::CutOff { .. } => Ok(()),
        }
    }

    fn check_officer(
        &self,
        party: PartyIndex,
        change: &OfficerChange,
    ) -> Result<(), KeyOrderError> {
        let other = KeyOrderError::PeerOtherOfficer(change.officer);
        match (self.officer(change.officer), added_place(change.officer)) {
            (Some(officer), _) if officer.party == party => {}
            (None, Some((whose, nth))) => {
                let next = self.next_officer(party) == change.officer;
                if whose != party || nth >= ADDED_MAX || !next {
                    return Err(other);
                }
            }
            _ => return Err(other),
        }
        if !is_name(&change.title) {
            return Err(KeyOrderError::PeerUnusableName);
        }
        if change.keys.is_empty() && change.roles != crate::charter::Roles::NONE {
            return Err(KeyOrderError::PeerUnusableKey);
        }
        let keys: Vec<_> = change.keys.iter().map(|key| key.key).collect();
        self.check_keys(party, Place::Officer(change.officer), &keys)
    }

    fn check_generation(
        &self,
        party: PartyIndex,
        next: &NewGeneration,
    ) -> Result<(), KeyOrderError> {
        let other = KeyOrderError::PeerOtherGeneration(next.post);
        let now = self.generation(next.post).ok_or(other)?;
        if now.checked_add(1) != Some(next.generation) || next.prekey.len() != PREKEY_LEN {
            return Err(other);
        }
        if self.next_log_digest(next.post) != Some(hash_bytes(&next.log_key)) {
            return Err(KeyOrderError::PeerUnannouncedKey(next.post));
        }
        let mut others = self.charter.charter().posts().filter(|(index, _)| *index != next.post);
        let taken = others.any(|(index, post)| {
            post.party == party && self.pq_key(index) == Some(next.pq_key.as_slice())
        });
        if taken {
            return Err(KeyOrderError::PeerKeyTwice);
        }
        check_names(&next.addresses)?;
        self.check_keys(party, Place::Post(next.post), &[next.log_key, next.tls_key])
    }

    /// Checks new keys of a party against all others that it has, but those which they replace.
    fn check_keys(
        &self,
        party: PartyIndex,
        place: Place,
        new: &[[u8; 32]],
    ) -> Result<(), KeyOrderError> {
        let mut used = self.keys_of(party, place);
        for key in new {
            PublicKey::from_bytes(key).map_err(|_| KeyOrderError::PeerUnusableKey)?;
            if !used.insert(*key) {
                return Err(KeyOrderError::PeerKeyTwice);
            }
        }
        Ok(())
    }

    fn keys_of(&self, party: PartyIndex, but: Place) -> BTreeSet<[u8; 32]> {
        let mut keys = BTreeSet::new();
        if but != Place::Root
            && let Some(chain) = self.chains.get(party.index())
        {
            keys.insert(chain.root_key);
            keys.extend(&chain.recovery.keys);
        }
        for (index, post) in self.charter.charter().posts().filter(|(_, post)| post.party == party)
        {
            keys.insert(post.cosign_key);
            // A log key that has ended stays used: nobody may take it up again.
            keys.extend(self.generations(index).iter().map(|one| *one.log_key.as_bytes()));
            if but != Place::Post(index) && but != Place::Connection(index) {
                keys.extend(self.connection_key(index));
            }
        }
        for (index, officer) in self.officers() {
            if officer.party == party && but != Place::Officer(index) {
                keys.extend(officer.keys.iter().map(|key| key.key));
            }
        }
        keys
    }

    /// Puts an order that was checked into force.
    pub(super) fn take(&mut self, order: &KeyOrder) {
        // A charter that stands on this order says what holds since.
        let newer = self
            .charter
            .charter()
            .party(order.party)
            .is_none_or(|party| order.number > party.orders);
        let post = order.change.post();
        match (&order.change, post.and_then(|post| self.posts.get_mut(post.index()))) {
            (KeyChange::Officer(change), _) if newer || added_place(change.officer).is_some() => {
                self.officers.insert(change.officer, row(order.party, change));
            }
            (KeyChange::Generation(next), Some(keys)) => {
                let (line, kind) = (self.charter.line_id(), self.charter.kind());
                keys.generations.extend(PublicKey::from_bytes(&next.log_key).map(|log_key| {
                    let number = next.generation;
                    let origin = Origin::of(line, kind, next.post, number);
                    Generation { number, origin, log_key, pq_key: next.pq_key.clone() }
                }));
                keys.next_log_digest = next.next_log_digest;
                let number = next.generation.saturating_mul(PREKEYS_PER_GENERATION);
                keys.prekey = (number, next.prekey.clone());
                keys.cut_off = false;
                if newer {
                    keys.tls_key = next.tls_key;
                    keys.pq_key.clone_from(&next.pq_key);
                    keys.addresses.clone_from(&next.addresses);
                }
            }
            (KeyChange::Connection(connection), Some(keys)) if newer => {
                keys.tls_key = connection.tls_key;
                keys.addresses.clone_from(&connection.addresses);
            }
            (KeyChange::Root { root_key, recovery }, _) => {
                if let Some(chain) = self.chains.get_mut(order.party.index()) {
                    chain.root_key = *root_key;
                    if newer {
                        chain.recovery = recovery.clone();
                    }
                }
            }
            (KeyChange::CutOff { .. }, Some(keys)) => keys.cut_off = true,
            _ => {}
        }
    }

    /// Computes everything anew from the charters and the orders in force.
    pub(super) fn rebuild(&mut self) {
        let posts = self.charter.charter().posts();
        self.posts =
            posts.map(|(index, _)| first_keys(&self.founding, &self.charter, index)).collect();
        self.officers.clear();
        let parties = self.charter.charter().parties.iter().zip(&self.founding.charter().parties);
        for (chain, (party, first)) in self.chains.iter_mut().zip(parties) {
            chain.root_key = first.root_key;
            chain.recovery = party.recovery.clone();
        }
        let links = self.chains.iter().flat_map(|chain: &Chain| &chain.orders);
        let orders: Vec<_> = links.map(|link| Arc::clone(&link.signed)).collect();
        for order in orders {
            self.take(order.order());
        }
    }
}

/// Where new keys will stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Post(PostIndex),
    Connection(PostIndex),
    Officer(crate::ids::OfficerIndex),
}

/// A post's keys before any order: its log key by the charter in which it first stood.
fn first_keys(
    founding: &crate::SignedCharter,
    charter: &crate::SignedCharter,
    index: PostIndex,
) -> PostKeys {
    let first = if founding.post(index).is_some() { founding } else { charter };
    let row = charter.post(index);
    let generation = first.post(index).zip(first.origin(index)).zip(first.log_key(index)).map(
        |((post, origin), log_key)| Generation {
            number: post.generation,
            origin,
            log_key: *log_key,
            pq_key: post.pq_key.clone(),
        },
    );
    PostKeys {
        generations: generation.into_iter().collect(),
        next_log_digest: first
            .post(index)
            .map_or(crate::Hash([0; 32]), |post| post.next_log_digest),
        tls_key: row.map_or([0; 32], |post| post.tls_key),
        addresses: row.map(|post| post.addresses.clone()).unwrap_or_default(),
        prekey: (0, first.post(index).map(|post| post.prekey.clone()).unwrap_or_default()),
        pq_key: row.map(|post| post.pq_key.clone()).unwrap_or_default(),
        cut_off: false,
    }
}

fn row(party: PartyIndex, change: &OfficerChange) -> OfficerRow {
    let OfficerChange { title, roles, keys, .. } = change.clone();
    // Checked before the order came into force; a key that is none could sign nothing.
    let ready = keys.iter().filter_map(|key| PublicKey::from_bytes(&key.key).ok()).collect();
    OfficerRow { officer: Officer { party, title, roles, keys }, keys: ready }
}

fn check_names(names: &[String]) -> Result<(), KeyOrderError> {
    if names.iter().all(|name| is_name(name)) {
        Ok(())
    } else {
        Err(KeyOrderError::PeerUnusableName)
    }
}
