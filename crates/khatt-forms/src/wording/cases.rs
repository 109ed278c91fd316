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

/// Says which arm a value takes; several may fit, the first that the wording has is taken.
pub(crate) fn arms_of(value: Option<&Value>, language: Language) -> Vec<Arm> {
    let count = |count: &Count| match *count {
        Count::None => vec![Arm::None],
        Count::Known(n) => vec![Arm::Exact(n), Arm::Category(plural(language, n))],
        Count::Range { .. } => vec![Arm::Range],
        Count::AtLeast(_) => vec![Arm::AtLeast],
        Count::AtMost(_) => vec![Arm::AtMost],
        Count::Unknown => vec![Arm::Unknown],
    };
    match value {
        None => vec![Arm::Absent],
        Some(Value::Unknown) => vec![Arm::Unknown],
        Some(Value::Count(c)) => count(c),
        Some(Value::Claims(claims)) => match claims.as_slice() {
            [one] if matches!(one.status, ClaimStatus::Reported | ClaimStatus::Confirmed) => {
                count(&one.count)
            }
            _ => vec![Arm::Separate],
        },
        Some(Value::Code(code)) => vec![Arm::Code(code.clone())],
        Some(Value::Level(level)) => vec![Arm::Code(level.code().to_owned())],
        Some(Value::Tri(Tri::Yes)) => vec![Arm::Code("yes".into())],
        Some(Value::Tri(Tri::No)) => vec![Arm::Code("no".into())],
        Some(Value::Tri(Tri::Unknown)) => vec![Arm::Unknown],
        Some(_) => vec![Arm::Present],
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

/// Returns the plural category of a whole number (CLDR, by the pinned `icu_plurals`).
pub(crate) fn plural(language: Language, number: u32) -> Plural {
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
