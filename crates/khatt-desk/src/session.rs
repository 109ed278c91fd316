//! Who sits at which screen: sessions of displays and of officers, in this process only.
//!
//! A display may look. An officer's session ends with the watch, when the officer leaves, or when the
//! post stops; it never holds a key, so every deed asks for the officer again.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use data_encoding::HEXLOWER;
use khatt_forms::Language;
use sha2::{Digest, Sha256};

use crate::port::Seat;

/// The cookie that carries a session's number.
pub(crate) const COOKIE: &str = "__Host-khatt-desk";
/// Sessions at once; the oldest display goes when there are more.
const SESSIONS_MAX: usize = 512;
/// The longest watch.
const WATCH_MAX: Duration = Duration::from_secs(12 * 3600);
/// Wrong secrets in a row before an officer has to wait.
const WRONG_MAX: u32 = 5;
/// How long then.
const WRONG_WAIT: Duration = Duration::from_secs(60);

/// How a screen looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    /// Dark letters on light.
    Day,
    /// Light letters on slate.
    Dusk,
    /// Red on black, for eyes that are used to the dark.
    Night,
}

/// What a page needs to know of whoever asks for it.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// Says that a form was sent by a page of this session.
    pub(crate) token: String,
    /// The officer who sits here.
    pub(crate) officer: Option<Seat>,
    /// The language of the interface.
    pub(crate) language: Language,
    /// How it looks.
    pub(crate) theme: Theme,
    made: Instant,
    sat: Instant,
}

/// Every session of a desk.
#[derive(Default)]
pub(crate) struct Sessions {
    held: Mutex<BTreeMap<[u8; 32], Session>>,
    wrong: Mutex<BTreeMap<String, (u32, Instant)>>,
}

impl Theme {
    /// Returns the name by which pages and forms know it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Dusk => "dusk",
            Self::Night => "night",
        }
    }

    /// Reads a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Day, Self::Dusk, Self::Night].into_iter().find(|theme| theme.name() == name)
    }
}

impl Sessions {
    /// Makes a display's session and returns the number for its cookie.
    pub(crate) fn open(&self, language: Language) -> String {
        let now = Instant::now();
        let session = Session {
            token: random(),
            officer: None,
            language,
            theme: Theme::Dusk,
            made: now,
            sat: now,
        };
        let number = random();
        let mut held = self.held();
        while held.len() >= SESSIONS_MAX {
            // Displays go first, and of those the oldest.
            let oldest = held.iter().min_by_key(|(_, held)| (held.officer.is_some(), held.made));
            let Some(key) = oldest.map(|(key, _)| *key) else { break };
            held.remove(&key);
        }
        held.insert(digest(&number), session);
        number
    }

    /// Returns the session of a cookie's number. A watch that is over has become a display.
    pub(crate) fn find(&self, number: &str) -> Option<Session> {
        let mut held = self.held();
        let session = held.get_mut(&digest(number))?;
        if session.officer.is_some() && session.sat.elapsed() > WATCH_MAX {
            session.officer = None;
        }
        Some(session.clone())
    }

    /// Lets an officer sit down, or leave, and returns the number that takes the old one's place.
    pub(crate) fn seat(&self, number: &str, officer: Option<Seat>) -> Option<String> {
        let mut held = self.held();
        let mut session = held.remove(&digest(number))?;
        session.officer = officer;
        session.sat = Instant::now();
        session.token = random();
        let number = random();
        held.insert(digest(&number), session);
        Some(number)
    }

    /// Changes how a screen looks.
    pub(crate) fn look(&self, number: &str, language: Option<Language>, theme: Option<Theme>) {
        if let Some(session) = self.held().get_mut(&digest(number)) {
            session.language = language.unwrap_or(session.language);
            session.theme = theme.unwrap_or(session.theme);
        }
    }

    /// Tells whether this officer's secret may be tried now.
    pub(crate) fn may_try(&self, officer: &str) -> bool {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong
            .get(officer)
            .is_none_or(|(count, last)| *count < WRONG_MAX || last.elapsed() > WRONG_WAIT)
    }

    /// Counts a try.
    pub(crate) fn tried(&self, officer: &str, right: bool) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if right {
            wrong.remove(officer);
        } else if let Some((count, last)) = wrong.get_mut(officer) {
            *count = if last.elapsed() > WRONG_WAIT { 1 } else { count.saturating_add(1) };
            *last = Instant::now();
        } else {
            wrong.insert(officer.to_owned(), (1, Instant::now()));
        }
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<[u8; 32], Session>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Draws a number that nobody can guess.
pub(crate) fn random() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    HEXLOWER.encode(&bytes)
}

/// Tells whether two texts are the same, in a time that says nothing of where they differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    digest(one) == digest(other)
}

/// Numbers are kept as their hashes, so that a look into memory or a slow comparison gives none away.
fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat() -> Seat {
        Seat { name: "watch".into(), roles: vec![], key_here: true, rehearsal: false }
    }

    #[test]
    fn number_and_token_change_when_an_officer_sits_down_and_the_old_ones_are_dead() {
        let sessions = Sessions::default();
        let display = sessions.open(Language::En);
        let before = sessions.find(&display).unwrap();
        let officer = sessions.seat(&display, Some(seat())).unwrap();
        assert!(sessions.find(&display).is_none());
        let after = sessions.find(&officer).unwrap();
        assert_ne!(before.token, after.token);
        assert_eq!(after.officer.map(|seat| seat.name).as_deref(), Some("watch"));
        assert!(sessions.seat(&display, None).is_none());
    }

    #[test]
    fn many_displays_push_out_displays_and_no_officer() {
        let sessions = Sessions::default();
        let officer = sessions.seat(&sessions.open(Language::En), Some(seat())).unwrap();
        for _ in 0..SESSIONS_MAX + 10 {
            sessions.open(Language::Ar);
        }
        assert!(sessions.find(&officer).unwrap().officer.is_some());
        assert!(sessions.held().len() <= SESSIONS_MAX);
    }

    #[test]
    fn secret_cannot_be_guessed_at_speed() {
        let sessions = Sessions::default();
        for _ in 0..WRONG_MAX {
            assert!(sessions.may_try("watch"));
            sessions.tried("watch", false);
        }
        assert!(!sessions.may_try("watch"));
        assert!(sessions.may_try("release"));
    }
}
