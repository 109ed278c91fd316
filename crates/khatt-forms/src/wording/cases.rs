//! The cases that a field can be in, and which of them a value is in.

use icu_plurals::{PluralCategory, PluralRuleType, PluralRules, PluralRulesOptions};

use crate::form::{Field, FieldKind};
use crate::language::Language;
use crate::value::{ClaimStatus, Count, Tri, Value};

/// The case an arm stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Arm {
    Exact(u32),
    Category(Plural),
    None,
    Range,
    AtMost,
    AtLeast,
    /// Several claims, or one that is not simply reported or confirmed.
    Separate,
    Unknown,
    Absent,
    Present,
    Code(String),
}

/// A plural category, ordered so that it can be kept in a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Plural {
    Zero,
    One,
    Two,
    Few,
    Many,
    Other,
}

impl Arm {
    pub(super) fn key(&self) -> &str {
        match self {
            Arm::Exact(_) => "",
            Arm::Category(plural) => plural.key(),
            Arm::None => "none",
            Arm::Range => "range",
            Arm::AtMost => "at-most",
            Arm::AtLeast => "at-least",
            Arm::Separate => "separate",
            Arm::Unknown => "unknown",
            Arm::Absent => "absent",
            Arm::Present => "present",
            Arm::Code(code) => code,
        }
    }
}

impl Plural {
    pub(super) const fn key(self) -> &'static str {
        match self {
            Plural::Zero => "zero",
            Plural::One => "one",
            Plural::Two => "two",
            Plural::Few => "few",
            Plural::Many => "many",
            Plural::Other => "other",
        }
    }
}

/// Every case that a value of the field can be in, the absent one included where it may be.
pub(super) fn cases(field: &Field, language: Language) -> Vec<Arm> {
    let mut arms = Vec::new();
    match &field.kind {
        FieldKind::Count | FieldKind::Claims => {
            // Zero is always `none`, never a plural category: Persian counts it with one.
            arms.extend(categories(language).into_iter().map(Arm::Category));
            arms.extend([Arm::None, Arm::Range, Arm::AtMost, Arm::AtLeast, Arm::Unknown]);
            if field.kind == FieldKind::Claims {
                arms.push(Arm::Separate);
            }
        }
        FieldKind::Code(_) | FieldKind::Level(_) => {
            arms.extend(field.codes().into_iter().map(|code| Arm::Code(code.to_owned())));
            if field.unknown_allowed {
                arms.push(Arm::Unknown);
            }
        }
        FieldKind::Tri => {
            arms.extend([Arm::Code("yes".into()), Arm::Code("no".into()), Arm::Unknown]);
        }
        _ => {
            arms.push(Arm::Present);
            if field.unknown_allowed {
                arms.push(Arm::Unknown);
            }
        }
    }
    if !field.required {
        arms.push(Arm::Absent);
    }
    arms
}

/// Says whether a value may take an arm; an exact arm goes before the category of its number.
pub(crate) fn fits(arm: &Arm, value: Option<&Value>, language: Language) -> bool {
    let count = |count: &Count| match (arm, *count) {
        (Arm::Exact(exact), Count::Known(n)) => *exact == n,
        (Arm::Category(category), Count::Known(n)) => *category == plural(language, n),
        (Arm::None, Count::None)
        | (Arm::Range, Count::Range { .. })
        | (Arm::AtLeast, Count::AtLeast(_))
        | (Arm::AtMost, Count::AtMost(_))
        | (Arm::Unknown, Count::Unknown) => true,
        _ => false,
    };
    match value {
        None => *arm == Arm::Absent,
        Some(Value::Unknown | Value::Tri(Tri::Unknown)) => *arm == Arm::Unknown,
        Some(Value::Count(c)) => count(c),
        Some(Value::Claims(claims)) => match claims.as_slice() {
            [one] if matches!(one.status, ClaimStatus::Reported | ClaimStatus::Confirmed) => {
                count(&one.count)
            }
            _ => *arm == Arm::Separate,
        },
        Some(Value::Code(code)) => matches!(arm, Arm::Code(known) if known == code),
        Some(Value::Level(level)) => matches!(arm, Arm::Code(known) if known == level.code()),
        Some(Value::Tri(Tri::Yes)) => matches!(arm, Arm::Code(known) if known == "yes"),
        Some(Value::Tri(Tri::No)) => matches!(arm, Arm::Code(known) if known == "no"),
        Some(_) => *arm == Arm::Present,
    }
}

/// Categories a language gives to whole numbers from 1 upwards.
pub(super) fn categories(language: Language) -> Vec<Plural> {
    match language {
        Language::En | Language::Fa => vec![Plural::One, Plural::Other],
        Language::Ar => {
            vec![Plural::One, Plural::Two, Plural::Few, Plural::Many, Plural::Other]
        }
        // Of whole numbers; `other` is for fractions.
        Language::Ru => vec![Plural::One, Plural::Few, Plural::Many],
        Language::Fr => vec![Plural::One, Plural::Many, Plural::Other],
        Language::Zh => vec![Plural::Other],
        Language::He => vec![Plural::One, Plural::Two, Plural::Other],
    }
}

/// Returns the plural category of a whole number (CLDR 49's cardinal rules for whole numbers).
///
/// Written out here, because every count of every message asks; a build with debug assertions holds
/// each answer against `icu_plurals`, and a test does so over many numbers.
pub(crate) fn plural(language: Language, number: u32) -> Plural {
    let (ones, hundreds) = (number % 10, number % 100);
    let category = match language {
        Language::Zh => Plural::Other,
        Language::En if number == 1 => Plural::One,
        Language::Fa if number <= 1 => Plural::One,
        Language::En | Language::Fa => Plural::Other,
        Language::Ar => match (number, hundreds) {
            (0, _) => Plural::Zero,
            (1, _) => Plural::One,
            (2, _) => Plural::Two,
            (_, 3..=10) => Plural::Few,
            (_, 11..=99) => Plural::Many,
            _ => Plural::Other,
        },
        Language::Ru => match (ones, hundreds) {
            (1, teen) if teen != 11 => Plural::One,
            (2..=4, teen) if !(12..=14).contains(&teen) => Plural::Few,
            _ => Plural::Many,
        },
        Language::Fr if number <= 1 => Plural::One,
        Language::Fr if number.is_multiple_of(1_000_000) => Plural::Many,
        Language::Fr => Plural::Other,
        Language::He => match number {
            1 => Plural::One,
            2 => Plural::Two,
            _ => Plural::Other,
        },
    };
    debug_assert_eq!(category, by_library(language, number), "{language} {number}");
    category
}

/// The same by the pinned library.
fn by_library(language: Language, number: u32) -> Plural {
    let locale = match language {
        Language::En => icu_locale_core::locale!("en"),
        Language::Ar => icu_locale_core::locale!("ar"),
        Language::Fa => icu_locale_core::locale!("fa"),
        Language::Ru => icu_locale_core::locale!("ru"),
        Language::Fr => icu_locale_core::locale!("fr"),
        Language::Zh => icu_locale_core::locale!("zh"),
        Language::He => icu_locale_core::locale!("he"),
    };
    let options = PluralRulesOptions::default().with_type(PluralRuleType::Cardinal);
    let category = PluralRules::try_new(locale.into(), options)
        .map_or(PluralCategory::Other, |rules| rules.category_for(number));
    match category {
        PluralCategory::Zero => Plural::Zero,
        PluralCategory::One => Plural::One,
        PluralCategory::Two => Plural::Two,
        PluralCategory::Few => Plural::Few,
        PluralCategory::Many => Plural::Many,
        PluralCategory::Other => Plural::Other,
    }
}
