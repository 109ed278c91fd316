//! Words that stand around a message: ladder steps, precedence, kinds of line, and the banner.
//!
//! They are shown by every desk and printout and belong to no form.

use crate::body::Relation;
use crate::language::Language;
use crate::value::Level;

/// What a line is for; a drill must never pass for real, nor the real for a drill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineKind {
    /// The real line.
    Real,
    /// Practice between posts.
    Drill,
    /// A scenario played by a machine.
    Rehearsal,
}

/// The sentence that stands with every acknowledgement.
#[must_use]
pub fn acknowledgement_banner(language: Language) -> &'static str {
    language.words().around.banner
}

/// What a step of the ladder says, with its code: never the bare word "acknowledged".
#[must_use]
pub fn level_words(level: Level, language: Language) -> &'static str {
    let levels = &language.words().levels;
    levels.get(usize::from(level.number())).copied().unwrap_or("")
}

/// Name of a precedence, 0 flash to 3 routine; the speed wanted, not importance.
#[must_use]
pub fn precedence_words(precedence: u8, language: Language) -> &'static str {
    let [flash, immediate, priority, routine] = language.words().around.precedences;
    match precedence {
        0 => flash,
        1 => immediate,
        2 => priority,
        _ => routine,
    }
}

/// Name of a kind of line.
#[must_use]
pub fn kind_words(kind: LineKind, language: Language) -> &'static str {
    let [real, drill, rehearsal] = language.words().around.kinds;
    match kind {
        LineKind::Real => real,
        LineKind::Drill => drill,
        LineKind::Rehearsal => rehearsal,
    }
}

/// What the sender wants with a message, by the code that a form carries; nothing for other codes.
#[must_use]
pub fn intent_words(intent: &str, language: Language) -> Option<&'static str> {
    let at = INTENTS.iter().position(|code| *code == intent)?;
    language.words().around.intents.get(at).copied()
}

/// Intents that a form may carry. None of them is an instruction: neither side commands the other.
pub(crate) const INTENTS: [&str; 7] =
    ["information", "question", "answer", "request", "intention", "warning", "demand"];

/// How a message stands to an earlier one.
#[must_use]
pub fn relation_words(relation: Relation, language: Language) -> &'static str {
    let at = Relation::ALL.iter().position(|known| *known == relation);
    at.and_then(|at| language.words().around.relations.get(at)).copied().unwrap_or("")
}

/// What stands with a rendering whose wording has not been reviewed, or who reviewed it.
#[must_use]
pub fn review_words(review: &str, language: Language) -> String {
    let around = &language.words().around;
    if review == "unreviewed" {
        around.unreviewed.to_owned()
    } else {
        format!("{}\u{2068}{review}\u{2069}", around.reviewed_by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_words_of_one_kind_are_the_same() {
        let distinct = |words: Vec<&str>| {
            let mut sorted = words.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), words.len(), "{words:?}");
        };
        for language in Language::ALL {
            distinct((0..=6).map(|n| level_words(Level::new(n).unwrap(), language)).collect());
            distinct((0..=3).map(|n| precedence_words(n, language)).collect());
            distinct(
                [LineKind::Real, LineKind::Drill, LineKind::Rehearsal]
                    .map(|kind| kind_words(kind, language))
                    .to_vec(),
            );
            distinct(Relation::ALL.map(|relation| relation_words(relation, language)).to_vec());
            distinct(INTENTS.iter().filter_map(|code| intent_words(code, language)).collect());
        }
    }

    #[test]
    fn a_drill_never_reads_like_the_real_line() {
        for (language, real, not) in [
            (Language::En, "REAL", "NOT REAL"),
            (Language::Ar, "حقيقي", "ليس"),
            (Language::Fa, "واقعی", "نیست"),
            (Language::Ru, "РЕАЛЬНАЯ", "НЕ РЕАЛЬНАЯ"),
            (Language::Fr, "RÉEL", "PAS RÉEL"),
            (Language::Zh, "真实", "非真实"),
            (Language::He, "אמיתי", "לא אמיתי"),
        ] {
            assert_eq!(kind_words(LineKind::Real, language), real);
            assert!(kind_words(LineKind::Drill, language).contains(not));
            assert!(kind_words(LineKind::Rehearsal, language).contains("–"));
        }
    }

    #[test]
    fn no_step_of_the_ladder_says_only_that_it_is_acknowledged() {
        for language in Language::ALL {
            for n in 0..=6 {
                let level = Level::new(n).unwrap();
                let words = level_words(level, language);
                assert!(words.starts_with(level.code()) && words.len() > 8, "{words}");
                assert!(!words.to_lowercase().contains("acknowledge"), "{words}");
            }
        }
    }
}
