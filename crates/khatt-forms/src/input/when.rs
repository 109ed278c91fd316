//! Instants and windows as typed.

use crate::error::InputFault;
use crate::language::latin_digits;
use crate::time::{Instant, TimeFault};
use crate::value::Value;

/// Words that mean another time to whoever reads them later, elsewhere.
const RELATIVE: &[&str] = &[
    "today",
    "tonight",
    "tomorrow",
    "yesterday",
    "now",
    "soon",
    "later",
    "next",
    "last",
    "this",
    "ago",
    "morning",
    "evening",
    "noon",
    "midnight",
    "immediately",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "اليوم",
    "الليلة",
    "غدا",
    "غدًا",
    "أمس",
    "امس",
    "البارحة",
    "الآن",
    "الان",
    "قريبا",
    "قريبًا",
    "فورا",
    "فورًا",
    "القادم",
    "الماضي",
    "صباحا",
    "مساء",
    "ظهرا",
    "امروز",
    "امشب",
    "فردا",
    "دیروز",
    "دیشب",
    "اکنون",
    "الان",
    "فورا",
    "فوراً",
    "آینده",
    "گذشته",
    "صبح",
    "عصر",
    "شب",
    "ظهر",
    "сегодня",
    "завтра",
    "вчера",
    "сейчас",
    "скоро",
    "позже",
    "немедленно",
    "утром",
    "днём",
    "днем",
    "вечером",
    "ночью",
    "полдень",
    "полночь",
    "aujourd",
    "demain",
    "hier",
    "maintenant",
    "bientôt",
    "immédiatement",
    "prochain",
    "dernier",
    "matin",
    "soir",
    "midi",
    "minuit",
    "היום",
    "מחר",
    "אתמול",
    "הלילה",
    "עכשיו",
    "בקרוב",
    "מיד",
    "מייד",
    "בבוקר",
    "בערב",
    "בצהריים",
    "הבא",
    "האחרון",
];

/// The same in Chinese, which puts no spaces between words.
const RELATIVE_ANYWHERE: &[&str] = &[
    "今天", "今日", "今晚", "今夜", "明天", "明日", "昨天", "昨日", "昨晚", "现在", "刚才", "稍后",
    "马上", "立即", "立刻", "上午", "下午", "凌晨", "中午", "午夜", "早上", "晚上", "下周", "上周",
];

pub(crate) fn instant(typed: &str) -> Result<Instant, InputFault> {
    let relative = typed
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '،' | '.' | '\'' | '’'))
        .any(|word| RELATIVE.contains(&word.to_lowercase().as_str()))
        || RELATIVE_ANYWHERE.iter().any(|word| typed.contains(word));
    if relative {
        return Err(InputFault::TimeRelative);
    }
    Instant::parse(&latin_digits(typed)).map_err(|fault| match fault {
        TimeFault::Malformed => InputFault::TimeMalformed,
        TimeFault::ZoneMissing => InputFault::TimeZoneMissing,
        TimeFault::ZoneUnknown => InputFault::TimeZoneUnknown,
        TimeFault::Impossible => InputFault::TimeImpossible,
        TimeFault::Ambiguous => InputFault::TimeAmbiguous,
        TimeFault::OffsetConflict => InputFault::TimeOffset,
        TimeFault::OtherCalendar => InputFault::TimeCalendar,
        TimeFault::OutOfBounds => InputFault::TimeBounds,
    })
}

/// Two instants with `..` between them.
pub(super) fn window(typed: &str) -> Result<Value, InputFault> {
    let (from, until) = typed.split_once("..").ok_or(InputFault::TimeMalformed)?;
    let (from, until) = (instant(from.trim())?, instant(until.trim())?);
    if from.unix_s() < until.unix_s() {
        Ok(Value::Window { from, until })
    } else {
        Err(InputFault::WindowOrder)
    }
}

/// Instants with `;` between them, in any order: options, of which none comes first.
pub(super) fn instants(typed: &str) -> Result<Vec<Instant>, InputFault> {
    let mut instants =
        typed.split(';').map(|one| instant(one.trim())).collect::<Result<Vec<_>, _>>()?;
    instants.sort_by_key(Instant::unix_s);
    let distinct = instants.is_sorted_by(|a, b| a.unix_s() < b.unix_s());
    if distinct && instants.len() <= crate::wire_value::MAX_INSTANTS {
        Ok(instants)
    } else {
        Err(InputFault::List)
    }
}
