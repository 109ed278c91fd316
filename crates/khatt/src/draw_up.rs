//! Drawing up a charter from the parties' cards, with terms that every party can read.
//!
//! What a charter may say is `khatt_record::charter`'s to check; when its clocks run out, the
//! engine's. The first terms are those of `docs/operating/officers.md`, to be changed by amendment.

use khatt_forms::{Catalogue, IdentifierError, Language, Wordbook, check_identifier};
use khatt_record::{
    CharterDraft, Hash, Kind, PartyIndex,
    card::Card,
    charter::{
        Charter, CharterError, Clock, Floor, FormEntry, LineTest, Quotas, ReleaseRule, SUITE,
        VERSION, YesNo,
    },
};
use thiserror::Error;

/// What a charter says beyond the parties' cards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What the line is for.
    pub kind: Kind,
    /// The line's languages.
    pub languages: Vec<Language>,
    /// Release rule per precedence, FLASH first.
    pub release: [ReleaseRule; 4],
    /// Clocks per precedence, FLASH first.
    pub clocks: [Clock; 4],
    /// How the line is tested.
    pub line_test: LineTest,
    /// What one post may send.
    pub quotas: Quotas,
    /// What still passes when the line is suspended.
    pub floor: Floor,
}

/// Why no charter can be drawn up from these cards.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DrawUpError {
    /// Two parties or two posts have names that can be taken for one another.
    #[error("peer's name {name:?} cannot stand beside the others: {fault}")]
    PeerName {
        /// The name.
        name: String,
        /// Why.
        fault: IdentifierError,
    },
    /// The charter breaks a rule.
    #[error(transparent)]
    Charter(#[from] CharterError),
}

impl DrawUpError {
    /// Returns the stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerName { fault, .. } => fault.code(),
            Self::Charter(error) => error.code(),
        }
    }
}

impl Terms {
    /// Returns the usual terms: two officers release, clocks as in `field-guide` 2.2, hourly tests.
    #[must_use]
    pub fn usual(kind: Kind, languages: Vec<Language>) -> Self {
        let clock =
            |acknowledge_s, escalate_s, give_up_s| Clock { acknowledge_s, escalate_s, give_up_s };
        Self {
            kind,
            languages,
            release: [ReleaseRule { signatures: 2, emergency_single: YesNo::Yes }; 4],
            clocks: [
                clock(180, 300, 600),
                clock(900, 1800, 3600),
                clock(3600, 10_800, 21_600),
                clock(21_600, 43_200, 86_400),
            ],
            line_test: LineTest { interval_s: 3600, answer_s: 600 },
            quotas: Quotas {
                entry_bytes: 16_384,
                entries_per_day: 20_000,
                bytes_per_day: 256 << 20,
                flash_per_hour: 60,
            },
            floor: Floor::default(),
        }
    }
}

/// Draws up a charter that nobody has signed. The parties stand in the order of their cards.
///
/// # Errors
///
/// [`DrawUpError`] if names can be confused or the charter would break a rule.
pub fn draw_up(
    cards: &[Card],
    terms: &Terms,
    nonce: [u8; 16],
    opened_ms: u64,
) -> Result<CharterDraft, DrawUpError> {
    let (mut parties, mut posts, mut officers) = (Vec::new(), Vec::new(), Vec::new());
    let mut names: Vec<&str> = Vec::new();
    let mut post_names: Vec<&str> = Vec::new();
    for (index, card) in (0..=u8::MAX).map(PartyIndex).zip(cards) {
        distinct(&card.party.name, &mut names)?;
        parties.push(card.party.clone());
        for post in &card.posts {
            distinct(&post.name, &mut post_names)?;
            let mut post = post.clone();
            post.party = index;
            posts.push(post);
        }
        for officer in &card.officers {
            let mut officer = officer.clone();
            officer.party = index;
            officers.push(officer);
        }
    }
    let book = Wordbook::builtin();
    let mut forms: Vec<FormEntry> = Catalogue::builtin()
        .iter()
        .map(|form| FormEntry {
            number: form.id().number,
            version: form.id().version,
            hash: Hash(form.hash()),
        })
        .collect();
    forms.sort_by_key(|form| form.number);
    Ok(CharterDraft::new(Charter {
        version: VERSION,
        suite: SUITE,
        kind: terms.kind,
        nonce,
        opened_ms,
        parties,
        posts,
        officers,
        release: terms.release,
        languages: terms.languages.iter().map(|language| language.tag().to_owned()).collect(),
        forms,
        glossary: Hash(book.glossary.hash()),
        gazetteer: Hash(book.gazetteer.hash()),
        clocks: terms.clocks,
        line_test: terms.line_test,
        quotas: terms.quotas,
        mediators: Vec::new(),
        witnesses: Vec::new(),
        floor: terms.floor.clone(),
        first: None,
        previous: None,
    })?)
}

fn distinct<'a>(name: &'a str, known: &mut Vec<&'a str>) -> Result<(), DrawUpError> {
    check_identifier(name, known)
        .map_err(|fault| DrawUpError::PeerName { name: name.to_owned(), fault })?;
    known.push(name);
    Ok(())
}
