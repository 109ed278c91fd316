//! The rules of a charter that no single value shows (`spec/charter.md §3`).

use std::collections::BTreeSet;

use thiserror::Error;

use crate::entry::{POSTS_MAX, PREKEY_LEN, TIME_MAX_MS};
use crate::ids::{OfficerIndex, PartyIndex, PostIndex, Precedence};
use crate::keys::PublicKey;
use crate::note::VerifierKey;

use super::codec::{OFFICERS_MAX, PARTIES_MAX};
use super::{CHARTER_MAX, Charter, PQ_KEY_LEN, Roles, SUITE, VERSION, YesNo};

/// Why a charter cannot be signed or used.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CharterError {
    /// A version or suite that we do not know.
    #[error("peer's charter has a version or suite that we do not know")]
    PeerUnknownVersion,
    /// Fewer than 2 or more than 8 parties.
    #[error("peer's charter has {0} parties, not 2 to 8")]
    PeerPartyCount(usize),
    /// No post, or more than 16.
    #[error("peer's charter has {0} posts, not 1 to 16")]
    PeerPostCount(usize),
    /// More officers than a charter may list, or a charter too long.
    #[error("peer's charter is too large")]
    PeerTooLarge,
    /// A name that is empty, padded, or holds signs that cannot be seen.
    #[error("peer's charter has an unusable name: {0:?}")]
    PeerUnusableName(String),
    /// Two parties, two posts or two mediators with one name.
    #[error("peer's charter has the name {0:?} twice")]
    PeerNameTwice(String),
    /// A post or officer of a party that is not there.
    #[error("peer's charter names party {0}, which is not there")]
    PeerNoSuchParty(PartyIndex),
    /// A party without a post.
    #[error("peer's charter leaves party {0} without a post")]
    PeerPartyWithoutPost(PartyIndex),
    /// Bytes that are no Ed25519 key, or a prekey of another length.
    #[error("peer's charter has an unusable key")]
    PeerUnusableKey,
    /// One key in two places.
    #[error("peer's charter uses one key in two places")]
    PeerKeyTwice,
    /// An officer without a key.
    #[error("peer's charter leaves officer {0} without a key")]
    PeerOfficerWithoutKey(OfficerIndex),
    /// A release rule that a party with officers can never satisfy, or no number of signatures.
    #[error("peer's charter has a rule for {precedence} that party {party} cannot satisfy")]
    PeerUnsatisfiable {
        /// The precedence of the rule.
        precedence: Precedence,
        /// The party that has too few officers for it.
        party: PartyIndex,
    },
    /// No language, a language twice, or a tag that is none.
    #[error("peer's charter has an unusable list of languages")]
    PeerLanguages,
    /// Forms not ascending by number, or a floor that names a form not listed.
    #[error("peer's charter has an unusable list of forms")]
    PeerForms,
    /// Clocks, line test, quotas or times that contradict themselves.
    #[error("peer's charter has {0} that contradict themselves")]
    PeerNumbers(&'static str),
    /// A witness that is no C2SP verifier key.
    #[error("peer's charter has a witness that is no verifier key")]
    PeerWitness,
    /// A first charter without predecessor, or the other way round.
    #[error("peer's charter names only half of what it amends")]
    PeerHalfAmendment,
    /// A recovery that asks for more keys than there are, or for none of some.
    #[error("peer's charter gives party {0} a recovery that cannot work")]
    PeerRecovery(PartyIndex),
    /// A first charter that stands on key orders, which cannot be.
    #[error("peer's first charter stands on key orders of party {0}")]
    PeerOrders(PartyIndex),
    /// A post whose first charter does not begin with generation 0.
    #[error("peer's charter begins post {0} with a later generation")]
    PeerGeneration(PostIndex),
}

impl CharterError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerUnknownVersion => "charter.unknown-version",
            Self::PeerPartyCount(_) => "charter.party-count",
            Self::PeerPostCount(_) => "charter.post-count",
            Self::PeerTooLarge => "charter.too-large",
            Self::PeerUnusableName(_) => "charter.unusable-name",
            Self::PeerNameTwice(_) => "charter.name-twice",
            Self::PeerNoSuchParty(_) => "charter.no-such-party",
            Self::PeerPartyWithoutPost(_) => "charter.party-without-post",
            Self::PeerUnusableKey => "charter.unusable-key",
            Self::PeerKeyTwice => "charter.key-twice",
            Self::PeerOfficerWithoutKey(_) => "charter.officer-without-key",
            Self::PeerUnsatisfiable { .. } => "charter.unsatisfiable",
            Self::PeerLanguages => "charter.languages",
            Self::PeerForms => "charter.forms",
            Self::PeerNumbers(_) => "charter.numbers",
            Self::PeerWitness => "charter.witness",
            Self::PeerHalfAmendment => "charter.half-amendment",
            Self::PeerRecovery(_) => "charter.recovery",
            Self::PeerOrders(_) => "charter.orders",
            Self::PeerGeneration(_) => "charter.generation",
        }
    }
}

impl Charter {
    /// Checks every rule that a charter must satisfy before anybody signs or uses it.
    ///
    /// # Errors
    ///
    /// [`CharterError`] names the first rule that is broken.
    pub fn check(&self) -> Result<(), CharterError> {
        if self.version != VERSION || self.suite != SUITE {
            return Err(CharterError::PeerUnknownVersion);
        }
        if !(2..=PARTIES_MAX).contains(&self.parties.len()) {
            return Err(CharterError::PeerPartyCount(self.parties.len()));
        }
        if !(1..=POSTS_MAX).contains(&self.posts.len()) {
            return Err(CharterError::PeerPostCount(self.posts.len()));
        }
        if self.officers.len() > OFFICERS_MAX {
            return Err(CharterError::PeerTooLarge);
        }
        if self.first.is_some() != self.previous.is_some() {
            return Err(CharterError::PeerHalfAmendment);
        }
        self.check_names()?;
        self.check_members()?;
        self.check_keys()?;
        self.check_rules()?;
        self.check_lists()?;
        self.check_numbers()?;
        if self.encode().len() > CHARTER_MAX {
            return Err(CharterError::PeerTooLarge);
        }
        Ok(())
    }

    fn check_names(&self) -> Result<(), CharterError> {
        let titles = self.officers.iter().map(|officer| &officer.title);
        titles.chain(self.posts.iter().flat_map(|post| &post.addresses)).try_for_each(|name| {
            if is_name(name) { Ok(()) } else { Err(CharterError::PeerUnusableName(name.clone())) }
        })?;
        distinct(self.parties.iter().map(|party| &party.name))?;
        distinct(self.posts.iter().map(|post| &post.name))?;
        distinct(self.mediators.iter().map(|mediator| &mediator.name))
    }

    fn check_members(&self) -> Result<(), CharterError> {
        let parties = self.parties.len();
        let named = self.posts.iter().map(|post| post.party);
        for party in named.chain(self.officers.iter().map(|officer| officer.party)) {
            if party.index() >= parties {
                return Err(CharterError::PeerNoSuchParty(party));
            }
        }
        for party in self.party_indices() {
            if !self.posts.iter().any(|post| post.party == party) {
                return Err(CharterError::PeerPartyWithoutPost(party));
            }
        }
        for (index, party) in self.party_indices().zip(&self.parties) {
            if !party.recovery.is_sound() {
                return Err(CharterError::PeerRecovery(index));
            }
            if self.previous.is_none() && party.orders != 0 {
                return Err(CharterError::PeerOrders(index));
            }
        }
        for (index, post) in self.posts() {
            if self.previous.is_none() && post.generation != 0 {
                return Err(CharterError::PeerGeneration(index));
            }
        }
        Ok(())
    }

    fn check_keys(&self) -> Result<(), CharterError> {
        let mut seen = BTreeSet::new();
        let posts =
            self.posts.iter().flat_map(|post| [post.log_key, post.cosign_key, post.tls_key]);
        let keys = self
            .parties
            .iter()
            .flat_map(|party| {
                [party.root_key].into_iter().chain(party.recovery.keys.iter().copied())
            })
            .chain(posts)
            .chain(self.officers.iter().flat_map(|officer| officer.keys.iter().map(|key| key.key)))
            .chain(self.mediators.iter().map(|mediator| mediator.key));
        for key in keys {
            PublicKey::from_bytes(&key).map_err(|_| CharterError::PeerUnusableKey)?;
            if !seen.insert(key) {
                return Err(CharterError::PeerKeyTwice);
            }
        }
        if self.posts.iter().any(|post| post.prekey.len() != PREKEY_LEN) {
            return Err(CharterError::PeerUnusableKey);
        }
        let mut pq_keys = BTreeSet::new();
        for key in self.posts.iter().map(|post| &post.pq_key).filter(|key| !key.is_empty()) {
            // Every string of this length is a key (FIPS 204 §7.2, `pkDecode`).
            if key.len() != PQ_KEY_LEN {
                return Err(CharterError::PeerUnusableKey);
            }
            if !pq_keys.insert(key) {
                return Err(CharterError::PeerKeyTwice);
            }
        }
        for (index, officer) in (0..=u16::MAX).map(OfficerIndex).zip(&self.officers) {
            if officer.keys.is_empty() {
                return Err(CharterError::PeerOfficerWithoutKey(index));
            }
        }
        Ok(())
    }

    fn check_rules(&self) -> Result<(), CharterError> {
        let releasing = Roles::RELEASING.with(Roles::COMMANDER);
        let signing = releasing.with(Roles::WATCH).with(Roles::LINGUIST);
        for precedence in Precedence::ALL {
            let rule = self.release_rule(precedence);
            for party in self.party_indices() {
                let of = |roles: Roles| {
                    let theirs = self.officers.iter().filter(|officer| officer.party == party);
                    theirs.filter(|officer| officer.roles.any_of(roles)).count()
                };
                let enough = of(signing) >= usize::from(rule.signatures) && of(releasing) > 0;
                let alone = rule.emergency_single == YesNo::Yes && of(signing) > 0;
                let none = !self.officers.iter().any(|officer| officer.party == party);
                let counted = (1..=8).contains(&rule.signatures);
                // A party may keep all its officers to itself until later: it then only receives.
                if !counted || !(none || enough || alone) {
                    return Err(CharterError::PeerUnsatisfiable { precedence, party });
                }
            }
        }
        Ok(())
    }

    fn check_lists(&self) -> Result<(), CharterError> {
        let tags: BTreeSet<_> = self.languages.iter().collect();
        let good = |tag: &String| {
            (2..=35).contains(&tag.len())
                && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if tags.is_empty() || tags.len() != self.languages.len() || !self.languages.iter().all(good)
        {
            return Err(CharterError::PeerLanguages);
        }
        let ascending = self.forms.is_sorted_by(|a, b| a.number < b.number);
        let listed = |number: &u8| self.forms.iter().any(|form| form.number == *number);
        let floor = &self.floor;
        if !ascending || !floor.forms.iter().all(listed) || !floor.forms.is_sorted_by(|a, b| a < b)
        {
            return Err(CharterError::PeerForms);
        }
        if !floor.precedences.is_sorted_by(|a, b| a < b) {
            return Err(CharterError::PeerNumbers("floor precedences"));
        }
        if self.witnesses.iter().any(|witness| VerifierKey::parse(witness).is_err()) {
            return Err(CharterError::PeerWitness);
        }
        Ok(())
    }

    fn check_numbers(&self) -> Result<(), CharterError> {
        if self.opened_ms >= TIME_MAX_MS {
            return Err(CharterError::PeerNumbers("times"));
        }
        for clock in &self.clocks {
            let rising = clock.acknowledge_s <= clock.escalate_s
                && clock.escalate_s <= clock.give_up_s
                && clock.acknowledge_s > 0;
            if !rising {
                return Err(CharterError::PeerNumbers("clocks"));
            }
        }
        if self.line_test.answer_s == 0 || self.line_test.answer_s > self.line_test.interval_s {
            return Err(CharterError::PeerNumbers("line tests"));
        }
        let quotas = &self.quotas;
        if quotas.entry_bytes == 0
            || quotas.entries_per_day == 0
            || quotas.flash_per_hour == 0
            || quotas.bytes_per_day < u64::from(quotas.entry_bytes)
        {
            return Err(CharterError::PeerNumbers("quotas"));
        }
        Ok(())
    }

    pub(super) fn party_indices(&self) -> impl Iterator<Item = PartyIndex> + use<> {
        // At most 8 parties, so the numbers never run out.
        (0..=u8::MAX).map(PartyIndex).take(self.parties.len())
    }
}

/// Tells whether a name can be shown and told apart from others by its look alone.
///
/// Refused are empty names, space at either end or twice in a row, control characters, and the
/// signs of Unicode that have no look of their own (isolates, overrides, joiners at will).
pub(crate) fn is_name(name: &str) -> bool {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    let other_space = |c: char| c.is_whitespace() && c != ' ';
    !name.is_empty()
        && name.trim() == name
        && !name.contains("  ")
        && !name.chars().any(|c| hidden(c) || other_space(c))
}

fn distinct<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), CharterError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !is_name(name) {
            return Err(CharterError::PeerUnusableName(name.clone()));
        }
        // Names that differ only in case look alike when read aloud.
        if !seen.insert(name.to_lowercase()) {
            return Err(CharterError::PeerNameTwice(name.clone()));
        }
    }
    Ok(())
}
