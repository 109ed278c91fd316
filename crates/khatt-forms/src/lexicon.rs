//! The renderer's own words, one file a language: how counts, ranges and times are said, months,
//! weekdays, units, and what stands around a message.
//!
//! They are tables of this crate and not of a locale library, because library data changes between
//! versions and is wrong in places; a change here is a change of the renderer's version
//! (`spec/form.md` §7, §11). A language is complete because a [`Lexicon`] without one of its words
//! does not compile. Where order differs between languages there is a pattern: text with slots such
//! as `{n}`, which the painter fills.

use crate::geo::Datum;
use crate::language::Language;
use crate::value::{ClaimStatus, Position};

mod ar;
mod en;
mod fa;
mod fr;
mod he;
mod ru;
mod zh;

/// What one language says. Fields that say "slots" are patterns.
pub(crate) struct Lexicon {
    pub(crate) unknown: &'static str,
    pub(crate) not_stated: &'static str,
    pub(crate) yes: &'static str,
    pub(crate) no: &'static str,
    pub(crate) surface: &'static str,
    pub(crate) unlimited: &'static str,
    pub(crate) not_our_forces: &'static str,
    /// Before claims that are not one.
    pub(crate) separate: &'static str,
    /// Between clauses.
    pub(crate) comma: &'static str,
    /// Between things of a list.
    pub(crate) listed: &'static str,
    pub(crate) semicolon: &'static str,
    /// Between a label and its value.
    pub(crate) colon: &'static str,
    /// Slots: `{n}` zero.
    pub(crate) none: &'static str,
    /// Slots: `{a}`, `{b}`.
    pub(crate) range: &'static str,
    /// Slots: `{n}`.
    pub(crate) at_least: &'static str,
    /// Slots: `{n}`.
    pub(crate) at_most: &'static str,
    /// Slots: `{n}` count, `{s}` status.
    pub(crate) claim: &'static str,
    /// Slots: `{t}` clock, `{z}` zone, `{w}` weekday, `{d}` day, `{m}` month, `{y}` year, `{i}` UTC.
    pub(crate) local: &'static str,
    /// The same without `{z}`, for a time given in UTC.
    pub(crate) utc: &'static str,
    /// Slots: `{a}`, `{b}`; `/` is a new row.
    pub(crate) window: &'static str,
    /// Slots: `{a}`, `{b}`.
    pub(crate) heights: &'static str,
    /// Slots: `{r}` distance, `{c}` centre.
    pub(crate) circle: &'static str,
    /// Slots: `{c}` corners.
    pub(crate) polygon: &'static str,
    /// Slots: `{n}`.
    pub(crate) kilometres: &'static str,
    /// Slots: `{n}`.
    pub(crate) metres: &'static str,
    /// Slots: `{n}`, `{d}` datum.
    pub(crate) metres_above: &'static str,
    /// Slots: `{n}`, `{d}` datum.
    pub(crate) feet_above: &'static str,
    /// Slots: `{n}` name, `{c}` coordinates.
    pub(crate) place: &'static str,
    /// Slots: `{l}` language, `{t}` text.
    pub(crate) foreign: &'static str,
    /// Slots: `{n}` number, `{t}` what was asked or answered.
    pub(crate) question: &'static str,
    /// Slots: `{t}`.
    pub(crate) answered: &'static str,
    /// Slots: `{t}`.
    pub(crate) answered_in_part: &'static str,
    /// Slots: `{r}` reason.
    pub(crate) declined: &'static str,
    /// Slots: `{i}` instant.
    pub(crate) stand_by: &'static str,
    /// Slots: `{n}` number, `{p}` position.
    pub(crate) term: &'static str,
    /// Slots: `{n}` number, `{p}` position, `{t}` text.
    pub(crate) term_text: &'static str,
    /// Slots: `{f}` title of the form whose fields are said again.
    pub(crate) of_form: &'static str,
    /// Slots: `{n}` number of a row, `{v}` value.
    pub(crate) numbered: &'static str,
    /// Slots: `{c}` coordinate, `{i}` instant.
    pub(crate) waypoint: &'static str,
    /// Slots: `{l}` label, `{v}` value.
    pub(crate) repeated: &'static str,
    pub(crate) months: [&'static str; 12],
    pub(crate) weekdays: [&'static str; 7],
    pub(crate) data: [&'static str; 3],
    pub(crate) statuses: [&'static str; 4],
    pub(crate) positions: [&'static str; 5],
    /// In the order of [`Language::ALL`], as the `foreign` pattern needs them.
    pub(crate) languages: [&'static str; 7],
    pub(crate) levels: [&'static str; 7],
    pub(crate) around: Around,
}

/// What stands around a message or beside it, and in no digest.
pub(crate) struct Around {
    /// Flash first.
    pub(crate) precedences: [&'static str; 4],
    /// Real, drill, rehearsal.
    pub(crate) kinds: [&'static str; 3],
    /// In the order of `words::INTENTS`.
    pub(crate) intents: [&'static str; 7],
    /// In the order of `Relation::ALL`.
    pub(crate) relations: [&'static str; 9],
    pub(crate) banner: &'static str,
    pub(crate) unreviewed: &'static str,
    pub(crate) reviewed_by: &'static str,
    pub(crate) utc_date_differs: &'static str,
    pub(crate) place_unverified: &'static str,
    pub(crate) solar: &'static str,
    pub(crate) hijri: &'static str,
    /// Where what was published and what is computed differ in some months.
    pub(crate) hijri_computed: &'static str,
    /// Slots: `{d}`, `{m}`, `{y}`.
    pub(crate) date: &'static str,
    /// Slots: `{w}` weekday, `{d}`, `{m}`, `{y}`.
    pub(crate) weekday_date: &'static str,
    /// Slots: `{n}` kilometres, `{a}` degrees, `{p}` place.
    pub(crate) bearing: &'static str,
    pub(crate) solar_months: [&'static str; 12],
    pub(crate) hijri_months: [&'static str; 12],
}

impl Language {
    /// The language's words.
    pub(crate) const fn words(self) -> &'static Lexicon {
        match self {
            Language::En => &en::WORDS,
            Language::Ar => &ar::WORDS,
            Language::Fa => &fa::WORDS,
            Language::Ru => &ru::WORDS,
            Language::Fr => &fr::WORDS,
            Language::Zh => &zh::WORDS,
            Language::He => &he::WORDS,
        }
    }
}

impl Lexicon {
    /// A month by number, 1 to 12; Arabic names both the Levantine and the Egyptian month.
    pub(crate) fn month(&self, number: u8) -> &'static str {
        at(&self.months, number.wrapping_sub(1))
    }

    /// A weekday by number, 0 for Monday.
    pub(crate) fn weekday(&self, number: u8) -> &'static str {
        at(&self.weekdays, number)
    }

    /// How a height is measured.
    pub(crate) const fn datum(&self, datum: Datum) -> &'static str {
        let [ground, sea, ellipsoid] = self.data;
        match datum {
            Datum::Ground => ground,
            Datum::SeaLevel => sea,
            Datum::Ellipsoid => ellipsoid,
        }
    }

    /// How the author stands to a number.
    pub(crate) const fn status(&self, status: ClaimStatus) -> &'static str {
        let [reported, confirmed, denied, may_have] = self.statuses;
        match status {
            ClaimStatus::Reported => reported,
            ClaimStatus::Confirmed => confirmed,
            ClaimStatus::Denied => denied,
            ClaimStatus::MayHave => may_have,
        }
    }

    /// A party's position on a term.
    pub(crate) const fn position(&self, position: Position) -> &'static str {
        let [proposed, accepted, declined, amended, open] = self.positions;
        match position {
            Position::Proposed => proposed,
            Position::Accepted => accepted,
            Position::Declined => declined,
            Position::Amended => amended,
            Position::Open => open,
        }
    }

    /// A language's name as the `foreign` pattern needs it.
    pub(crate) fn language_name(&self, of: Language) -> &'static str {
        let at = Language::ALL.iter().position(|&language| language == of);
        at.and_then(|at| self.languages.get(at)).copied().unwrap_or("")
    }

    /// A month of the Solar Hijri calendar, 1 to 12.
    pub(crate) fn solar_month(&self, number: u8) -> &'static str {
        at(&self.around.solar_months, number.wrapping_sub(1))
    }

    /// A month of the Hijri calendar, 1 to 12.
    pub(crate) fn hijri_month(&self, number: u8) -> &'static str {
        at(&self.around.hijri_months, number.wrapping_sub(1))
    }
}

/// One run of a pattern.
pub(crate) enum Run {
    /// Characters as they are.
    Text(&'static str),
    /// A slot, by its letter.
    Slot(char),
    /// A new row.
    Break,
}

/// Reads a pattern: text, `{x}` slots, and `/` where a new row begins between two spaces.
pub(crate) fn runs(pattern: &'static str) -> impl Iterator<Item = Run> {
    let mut rest = pattern;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        if first == '/' {
            rest = rest.get(1..).unwrap_or("");
            return Some(Run::Break);
        }
        if first == '{' {
            let slot = rest.chars().nth(1)?;
            rest = rest.get(3..).unwrap_or("");
            return Some(Run::Slot(slot));
        }
        let (text, left) = rest.split_at(rest.find(['{', '/']).unwrap_or(rest.len()));
        rest = left;
        Some(Run::Text(text))
    })
}

fn at(table: &[&'static str], index: u8) -> &'static str {
    table.get(usize::from(index)).copied().unwrap_or("")
}

#[cfg(test)]
mod tests;
