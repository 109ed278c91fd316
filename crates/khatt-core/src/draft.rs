//! Drafts: what officers sign before anything leaves the post.
//!
//! A draft never changes. Any edit makes a new one with a new seed, so that no signature can pass
//! from one text to another. The releaser is another officer than the drafter where the charter asks
//! for two, and types the critical values back unseen; the machine compares them by value.
//!
//! Checking the filled form, rendering, and appending to the log are the engine's.

use std::collections::BTreeMap;
use std::fmt;

use khatt_forms::{Body, FieldComparison, Filled, Form, Outcome, compare};
use khatt_record::auth::{Auth, Checked, OfficerSignature, SIGNATURES_MAX};
use khatt_record::charter::{ReleaseRule, YesNo};
use khatt_record::commit::{Seed, body_commitment};
use khatt_record::entry::Act;
use khatt_record::statement::{Role, Statement, release_digest};
use khatt_record::{EntryId, Hash, OfficerIndex, PostIndex, Precedence, SignedCharter};

use crate::Now;
use crate::timer::Stopwatch;

mod codec;
mod error;
#[cfg(test)]
mod tests;

pub use error::DraftError;

/// A message that has not left.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft {
    seed: Seed,
    act: Act,
    body: Body,
    /// The bytes that will be sealed: encoded once, hashed and sent as they are.
    bytes: Vec<u8>,
    precedence: Precedence,
    thread: Option<EntryId>,
    drafter: OfficerIndex,
    made_wall_ms: u64,
    waiting: Stopwatch,
    replaces: Option<[u8; 16]>,
    signatures: BTreeMap<OfficerIndex, Signed>,
    returned: Option<Returned>,
    /// The signatures that this process has checked; after a restart, none.
    checked: Checked,
}

/// What a draft is made of.
#[derive(Clone, Debug)]
pub struct NewDraft {
    /// Fresh random bytes, never used for another draft.
    pub seed: Seed,
    /// Release or acknowledgement.
    pub act: Act,
    /// The filled form in its languages, with its references.
    pub body: Body,
    /// Speed wanted.
    pub precedence: Precedence,
    /// Its thread; `None` starts one.
    pub thread: Option<EntryId>,
    /// The officer who wrote it.
    pub drafter: OfficerIndex,
}

/// Why a draft went back to its drafter.
#[derive(Clone, PartialEq, Eq)]
pub struct Returned {
    /// The officer who returned it.
    pub officer: OfficerIndex,
    /// In the officer's words, for the screen; never printed.
    pub reason: String,
    /// When, as our wall clock claims, in milliseconds of Unix time.
    pub wall_ms: u64,
}

/// Whether a draft may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// The charter's rule is met.
    Ready(Release),
    /// Signatures are wanted.
    Waiting(Needs),
}

/// How a draft was released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// As the rule asks.
    Regular,
    /// By one officer alone, in an emergency: to be marked loudly wherever the message is shown.
    EmergencySingle,
}

/// What a draft still needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Signatures of further officers, at least.
    pub signatures: u8,
    /// Whether one of them must release (or, for an acknowledgement, acknowledge).
    pub releasing: YesNo,
}

/// Longest reason for a return, in bytes.
pub const REASON_MAX: usize = 800;

#[derive(Clone, Copy, PartialEq, Eq)]
struct Signed {
    /// Signatures are kept in the order in which they were made.
    order: u8,
    signature: OfficerSignature,
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft")
            .field("form", &self.body.form)
            .field("act", &self.act)
            .field("precedence", &self.precedence)
            .field("drafter", &self.drafter)
            .field("signatures", &self.signatures.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Returned").field("officer", &self.officer).finish_non_exhaustive()
    }
}

impl Draft {
    /// Makes a draft.
    ///
    /// # Errors
    ///
    /// [`DraftError::LocalService`] for a service message, which no officer signs.
    pub fn new(now: Now, new: NewDraft) -> Result<Self, DraftError> {
        if new.act == Act::Service {
            return Err(DraftError::LocalService);
        }
        Ok(Self {
            bytes: new.body.encode(),
            seed: new.seed,
            act: new.act,
            body: new.body,
            precedence: new.precedence,
            thread: new.thread,
            drafter: new.drafter,
            made_wall_ms: now.wall_ms,
            waiting: Stopwatch::start(now),
            replaces: None,
            signatures: BTreeMap::new(),
            returned: None,
            checked: Checked::none(),
        })
    }

    /// Makes the draft that takes this one's place. No signature of this one holds for it.
    ///
    /// # Errors
    ///
    /// [`DraftError::LocalSeedReused`] if the seed is this draft's.
    pub fn edited(&self, now: Now, new: NewDraft) -> Result<Self, DraftError> {
        if new.seed == self.seed {
            return Err(DraftError::LocalSeedReused);
        }
        let mut draft = Self::new(now, new)?;
        draft.replaces = Some(self.id());
        Ok(draft)
    }

    /// Returns the draft's id, from its seed.
    #[must_use]
    pub fn id(&self) -> [u8; 16] {
        self.seed.draft_id()
    }

    /// Returns the salted digest of exactly what will leave: text, precedence and thread.
    #[must_use]
    pub fn digest(&self) -> Hash {
        let c_body = body_commitment(&self.seed.body_salt(), &self.bytes);
        release_digest(c_body, self.precedence, self.thread)
    }

    /// Returns the signatures on it that were checked here, and need not be checked again.
    #[must_use]
    pub const fn checked(&self) -> &Checked {
        &self.checked
    }

    /// Returns what an officer is to sign in this role until this time (rounded down to a second).
    #[must_use]
    pub fn statement(
        &self,
        charter: &SignedCharter,
        post: PostIndex,
        role: Role,
        not_after_ms: u64,
    ) -> Statement {
        Statement {
            line: charter.line_id(),
            kind: charter.kind(),
            post,
            act: self.act,
            draft_id: self.id(),
            digest: self.digest(),
            role,
            not_after_ms: khatt_record::statement::whole_second(not_after_ms),
        }
    }

    /// Takes in an officer's signature and says whether the draft may leave now.
    ///
    /// `typed_back` holds the critical values as the releaser typed them without seeing the draft's.
    /// It is needed for a release under a rule of two or more, and compared whenever it is given.
    ///
    /// # Errors
    ///
    /// [`DraftError`] names what is wrong; the draft is unchanged then.
    pub fn sign(
        &mut self,
        now: Now,
        charter: &SignedCharter,
        post: PostIndex,
        form: &Form,
        signature: OfficerSignature,
        typed_back: Option<&Filled>,
    ) -> Result<Readiness, DraftError> {
        let officer = signature.officer;
        let rule = self.rule(charter);
        if self.returned.is_some() {
            return Err(DraftError::LocalReturned);
        }
        if now.wall_ms > signature.not_after_ms {
            return Err(DraftError::LocalExpired(officer));
        }
        if self.held(now).any(|held| held.officer == officer) {
            return Err(DraftError::LocalSignedTwice(officer));
        }
        match signature.role {
            Role::Draft if officer != self.drafter => {
                return Err(DraftError::LocalNotDrafter(officer));
            }
            Role::Release if officer == self.drafter && rule.signatures > 1 => {
                return Err(DraftError::LocalOwnDraft(officer));
            }
            Role::EmergencyRelease if rule.emergency_single == YesNo::No => {
                return Err(DraftError::LocalNoEmergency);
            }
            _ => {}
        }
        let statement = self.statement(charter, post, signature.role, signature.not_after_ms);
        signature
            .check_noting(charter, post, &statement, &mut self.checked)
            .map_err(|fault| DraftError::from_auth(&fault, officer))?;
        self.check_typed_back(form, signature.role, rule, typed_back)?;

        // A signature that has run out makes room for the same officer's new one.
        self.signatures.retain(|_, held| now.wall_ms <= held.signature.not_after_ms);
        if self.signatures.len() >= SIGNATURES_MAX {
            return Err(DraftError::LocalTooMany);
        }
        let last = self.signatures.values().map(|held| held.order).max();
        let order = last.map_or(0, |last| last.saturating_add(1));
        self.signatures.insert(officer, Signed { order, signature });
        Ok(self.readiness(now, charter))
    }

    /// Says whether the draft may leave now. Signatures that have run out do not count.
    #[must_use]
    pub fn readiness(&self, now: Now, charter: &SignedCharter) -> Readiness {
        let rule = self.rule(charter);
        let has = |role| self.held(now).any(|held| held.role == role);
        let officers = u8::try_from(self.held(now).count()).unwrap_or(u8::MAX);
        if self.act == Act::Acknowledge {
            return if has(Role::Acknowledge) {
                Readiness::Ready(Release::Regular)
            } else {
                Readiness::Waiting(Needs { signatures: 1, releasing: YesNo::Yes })
            };
        }
        if self.returned.is_none() && has(Role::EmergencyRelease) {
            return Readiness::Ready(Release::EmergencySingle);
        }
        let released = has(Role::Release);
        if self.returned.is_none() && released && officers >= rule.signatures {
            return Readiness::Ready(Release::Regular);
        }
        let missing = rule.signatures.saturating_sub(officers);
        Readiness::Waiting(Needs {
            signatures: missing.max(u8::from(!released)),
            releasing: if released { YesNo::No } else { YesNo::Yes },
        })
    }

    /// Gives the draft back to its drafter. Its signatures are void; only a new draft can leave.
    ///
    /// # Errors
    ///
    /// [`DraftError::LocalReturned`] if it was given back before, [`DraftError::LocalReason`] if
    /// the reason is empty or too long.
    pub fn give_back(
        &mut self,
        now: Now,
        officer: OfficerIndex,
        reason: &str,
    ) -> Result<(), DraftError> {
        if self.returned.is_some() {
            return Err(DraftError::LocalReturned);
        }
        if reason.trim().is_empty() || reason.len() > REASON_MAX {
            return Err(DraftError::LocalReason { max: REASON_MAX });
        }
        self.signatures.clear();
        let reason = reason.to_owned();
        self.returned = Some(Returned { officer, reason, wall_ms: now.wall_ms });
        Ok(())
    }

    /// Returns the signatures that still hold, in the order in which they were made.
    #[must_use]
    pub fn auth(&self, now: Now) -> Auth {
        let mut held: Vec<_> = self
            .signatures
            .values()
            .filter(|held| now.wall_ms <= held.signature.not_after_ms)
            .collect();
        held.sort_by_key(|held| held.order);
        Auth(held.into_iter().map(|held| held.signature).collect())
    }

    /// Returns the seed, for the entry's open part.
    #[must_use]
    pub const fn seed(&self) -> &Seed {
        &self.seed
    }

    /// Returns release or acknowledgement.
    #[must_use]
    pub const fn act(&self) -> Act {
        self.act
    }

    /// Returns what will leave, for screens. In `Debug` it shows values: print the draft instead.
    #[must_use]
    pub const fn body(&self) -> &Body {
        &self.body
    }

    /// Returns exactly the bytes that were signed for and will be sealed.
    #[must_use]
    pub fn body_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the speed wanted.
    #[must_use]
    pub const fn precedence(&self) -> Precedence {
        self.precedence
    }

    /// Returns the thread; `None` starts one.
    #[must_use]
    pub const fn thread(&self) -> Option<EntryId> {
        self.thread
    }

    /// Returns who wrote it.
    #[must_use]
    pub const fn drafter(&self) -> OfficerIndex {
        self.drafter
    }

    /// Returns when it was made, as our wall clock claims, in milliseconds of Unix time.
    #[must_use]
    pub const fn made_wall_ms(&self) -> u64 {
        self.made_wall_ms
    }

    /// Returns how long it has waited, by our own time, in milliseconds.
    #[must_use]
    pub const fn waiting_ms(&self, now: Now) -> u64 {
        self.waiting.elapsed_ms(now)
    }

    /// Returns the draft whose place this one took.
    #[must_use]
    pub const fn replaces(&self) -> Option<[u8; 16]> {
        self.replaces
    }

    /// Returns why it was given back, if it was.
    #[must_use]
    pub const fn returned(&self) -> Option<&Returned> {
        self.returned.as_ref()
    }

    fn rule(&self, charter: &SignedCharter) -> ReleaseRule {
        let rule = charter.charter().release_rule(self.precedence);
        match self.act {
            Act::Release => rule,
            // What is opened or destroyed for good can wait for the officers whom the rule asks for.
            Act::Disclose | Act::Erase => ReleaseRule { emergency_single: YesNo::No, ..rule },
            // An acknowledgement needs one officer and knows no emergency.
            _ => ReleaseRule { signatures: 1, emergency_single: YesNo::No },
        }
    }

    fn held(&self, now: Now) -> impl Iterator<Item = &OfficerSignature> {
        let held = self.signatures.values().map(|held| &held.signature);
        held.filter(move |held| now.wall_ms <= held.not_after_ms)
    }

    fn check_typed_back(
        &self,
        form: &Form,
        role: Role,
        rule: ReleaseRule,
        typed_back: Option<&Filled>,
    ) -> Result<(), DraftError> {
        let original = &self.body.filled;
        if original.form != form.id() {
            return Err(DraftError::LocalOtherForm);
        }
        let Some(typed_back) = typed_back else {
            let needed =
                role == Role::Release && rule.signatures > 1 && !original.critical(form).is_empty();
            return if needed { Err(DraftError::LocalNotTypedBack) } else { Ok(()) };
        };
        let differing: Vec<FieldComparison> = compare(form, original, typed_back)
            .into_iter()
            .filter(|field| field.outcome != Outcome::Match)
            .collect();
        if differing.is_empty() {
            Ok(())
        } else {
            Err(DraftError::LocalTypedBackDiffers(differing))
        }
    }
}
