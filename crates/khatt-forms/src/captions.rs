//! What may stand beside a value for a reader's convenience: other calendars, other clocks, degrees
//! and minutes, distance to a named place.
//!
//! Captions are never part of a rendering or its digest: they depend on data that changes.

use icu_calendar::Date;
use icu_calendar::cal::{Hebrew, Hijri, Persian};

use crate::geo::Coordinate;
use crate::glossary::Wordbook;
use crate::language::Language;
use crate::lexicon::{Run, runs};
use crate::time::{Clock, Instant, offset_in_zone};
use crate::value::Value;

/// Returns captions for a value in a language: clocks in `zones`, calendars, other notations.
///
/// Offsets of `zones` come from the bundled time-zone data. A Hijri date names its method, because
/// methods differ by a day on nearly every second day.
#[must_use]
pub fn captions(
    value: &Value,
    language: Language,
    zones: &[&str],
    book: Wordbook<'_>,
) -> Vec<String> {
    match value {
        Value::Instant(instant) => instant_captions(instant, language, zones),
        Value::Window { from, until } => {
            let mut all = instant_captions(from, language, zones);
            all.extend(instant_captions(until, language, zones));
            all
        }
        Value::Coordinate(point) => point_captions(*point, language, book),
        Value::Place(place) => {
            let mut all = point_captions(place.at, language, book);
            let unverified = book.gazetteer.get(&place.id).is_some_and(|place| !place.verified);
            if unverified {
                all.push(language.words().around.place_unverified.to_owned());
            }
            all
        }
        Value::Area(crate::geo::Area::Circle { centre, .. }) => {
            point_captions(*centre, language, book)
        }
        _ => Vec::new(),
    }
}

/// A day in a zone, for the face of a clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneDay {
    /// Minutes ahead of UTC.
    pub offset_min: i32,
    /// Weekday and Gregorian date in words.
    pub date: String,
    /// The same day, Solar Hijri.
    pub solar: String,
    /// The same day, Hijri by the Umm al-Qura tables, said so.
    pub hijri: String,
}

/// Returns what day it is in a zone at a second of Unix time; nothing if the zone is not known.
///
/// The offset comes from the bundled time-zone data.
#[must_use]
pub fn day_in_zone(unix_s: i64, zone: &str, language: Language) -> Option<ZoneDay> {
    // Beyond the years that a line can speak of there is no calendar to be asked.
    Instant::utc(unix_s)?;
    let offset_min = if zone == crate::time::UTC { 0 } else { offset_in_zone(unix_s, zone)? };
    let clock = Clock::at(unix_s.checked_add(i64::from(offset_min) * 60)?);
    let mut captions = calendars(clock, language).into_iter();
    Some(ZoneDay {
        offset_min: i32::from(offset_min),
        date: weekday_date(clock, language),
        solar: captions.next()?,
        hijri: captions.next()?,
    })
}

fn instant_captions(instant: &Instant, language: Language, zones: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    let local = instant.local();
    if local.date() != instant.zulu().date() {
        all.push(language.words().around.utc_date_differs.to_owned());
    }
    for zone in zones {
        if let Some(offset) = offset_in_zone(instant.unix_s(), zone) {
            let clock = Clock::at(instant.unix_s() + i64::from(offset) * 60);
            let time = language.digits(&clock.time_text());
            let words = language.words();
            let date = weekday_date(clock, language);
            let colon = words.colon;
            all.push(format!("\u{2066}{zone}\u{2069}{colon}\u{2066}{time}\u{2069} {date}"));
        }
    }
    all.extend(calendars(local, language));
    all
}

/// Dates of other calendars, by the day of the author's clock: a Hijri or Hebrew day begins the
/// evening before. The Hebrew date is for readers of Hebrew only.
fn calendars(clock: Clock, language: Language) -> Vec<String> {
    let year = i32::try_from(clock.year).unwrap_or(0);
    let Ok(date) = Date::try_new_iso(year, clock.month, clock.day) else {
        return Vec::new();
    };
    let words = language.words();
    let around = &words.around;
    let solar = date.to_calendar(Persian);
    let hijri = date.to_calendar(Hijri::new_umm_al_qura());
    let named = |name: &str, day: u8, month: &str, year: i32| {
        let date = filled(
            around.date,
            &[
                ('d', number(&day.to_string(), language)),
                ('m', month.to_owned()),
                ('y', number(&year.to_string(), language)),
            ],
        );
        format!("{name}{}{date}", words.colon)
    };
    let mut all = vec![
        named(
            around.solar,
            solar.day_of_month().0,
            words.solar_month(solar.month().ordinal),
            solar.era_year().year,
        ),
        named(
            if is_published(clock) { around.hijri } else { around.hijri_computed },
            hijri.day_of_month().0,
            words.hijri_month(hijri.month().ordinal),
            hijri.era_year().year,
        ),
    ];
    if language == Language::He {
        let hebrew = date.to_calendar(Hebrew);
        let month = hebrew.month();
        let leap = hebrew.is_in_leap_year();
        let name = hebrew_month(month.to_input().number(), month.to_input().is_leap(), leap);
        all.push(named(HEBREW_CALENDAR, hebrew.day_of_month().0, name, hebrew.era_year().year));
    }
    all
}

/// Days on which the Umm al-Qura calendar as published and as computed are the same: the years
/// 1420 to 1450 and the first months of 1451 (`docs/reference/languages.md`).
fn is_published(clock: Clock) -> bool {
    ((1999, 4, 17)..=(2029, 8, 10)).contains(&clock.date())
}

const HEBREW_CALENDAR: &str = "לוח עברי (לפי היום האזרחי)";

/// A month of the Hebrew calendar, 1 for Tishri to 12 for Elul; Adar is named for the year's kind.
const fn hebrew_month(number: u8, first_adar: bool, leap_year: bool) -> &'static str {
    match number {
        1 => "תשרי",
        2 => "חשוון",
        3 => "כסלו",
        4 => "טבת",
        5 if first_adar => "אדר א׳",
        5 => "שבט",
        6 if leap_year => "אדר ב׳",
        6 => "אדר",
        7 => "ניסן",
        8 => "אייר",
        9 => "סיוון",
        10 => "תמוז",
        11 => "אב",
        _ => "אלול",
    }
}

/// The Gregorian date of a clock's reading, with its weekday, in words.
fn weekday_date(clock: Clock, language: Language) -> String {
    let words = language.words();
    filled(
        words.around.weekday_date,
        &[
            ('w', words.weekday(clock.weekday).to_owned()),
            ('d', number(&clock.day.to_string(), language)),
            ('m', words.month(clock.month).to_owned()),
            ('y', number(&clock.year.to_string(), language)),
        ],
    )
}

fn number(latin: &str, language: Language) -> String {
    format!("\u{2066}{}\u{2069}", language.digits(latin))
}

fn filled(pattern: &'static str, slots: &[(char, String)]) -> String {
    runs(pattern)
        .map(|run| match run {
            Run::Text(text) => text,
            Run::Break => "",
            Run::Slot(name) => {
                slots.iter().find(|(slot, _)| *slot == name).map_or("", |(_, text)| text.as_str())
            }
        })
        .collect()
}

fn point_captions(point: Coordinate, language: Language, book: Wordbook<'_>) -> Vec<String> {
    let mut all = vec![format!("\u{2066}{}\u{2069}", point.painted_dms())];
    if let Some((place, metres)) = book.gazetteer.nearest(point) {
        let bearing = place.at.bearing_deg(point);
        let name = place.name_in(language).unwrap_or(place.id.as_str());
        all.push(filled(
            language.words().around.bearing,
            &[
                ('n', number(&format!("{:.1}", metres / 1_000.0), language)),
                ('a', number(&format!("{bearing:.0}°"), language)),
                ('p', format!("\u{2068}{name}\u{2069}")),
            ],
        ));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_desk_fixture_has_its_dates_in_every_calendar() {
        let value = Value::Instant(Instant::parse("2022-04-07T01:09[Asia/Damascus]").unwrap());
        let zones = ["Asia/Tehran", "America/New_York"];
        let all = captions(&value, Language::En, &zones, Wordbook::builtin()).join("\n");
        assert!(all.contains("UTC differs"));
        assert!(all.contains("Asia/Tehran\u{2069}: \u{2066}02:39\u{2069} Thursday"), "{all}");
        assert!(all.contains("New_York\u{2069}: \u{2066}18:09\u{2069} Wednesday"), "{all}");
        assert!(all.contains("Solar Hijri: \u{2066}18\u{2069} Farvardin \u{2066}1401\u{2069}"));
        assert!(all.contains("(Umm al-Qura): \u{2066}6\u{2069} Ramadan \u{2066}1443\u{2069}"));
    }

    #[test]
    fn every_clock_has_its_own_day() {
        let at = Instant::parse("2022-04-07T01:09[Asia/Damascus]").unwrap().unix_s();
        let day = |zone, language| day_in_zone(at, zone, language).unwrap();
        assert!(day("UTC", Language::En).date.contains("Wednesday \u{2066}6\u{2069} April"));
        let tehran = day("Asia/Tehran", Language::Fa);
        assert_eq!(tehran.offset_min, 270);
        assert!(tehran.solar.contains("فروردین"), "{}", tehran.solar);
        assert!(day("Asia/Damascus", Language::Ar).hijri.contains("رمضان"));
        assert_eq!(day_in_zone(at, "Mars/Olympus", Language::En), None);
        assert_eq!(day_in_zone(i64::MAX, "UTC", Language::En), None);
        assert_eq!(day_in_zone(i64::MIN, "Asia/Tehran", Language::En), None);
    }

    #[test]
    fn a_point_is_captioned_with_its_nearest_place() {
        let point = Coordinate::new(34_452_260, 40_918_540).unwrap();
        let all =
            captions(&Value::Coordinate(point), Language::Fa, &[], Wordbook::builtin()).join("\n");
        assert!(all.contains("البوکمال"), "{all}");
        assert!(all.contains("۰.۰"), "{all}");
    }

    #[test]
    fn every_language_says_its_own_months_and_hebrew_its_own_calendar() {
        let value = Value::Instant(Instant::parse("2024-02-20T01:09[Asia/Damascus]").unwrap());
        for language in Language::ALL {
            let all = captions(&value, language, &["Asia/Tehran"], Wordbook::builtin());
            let months = language.words();
            assert!(all.iter().any(|row| row.contains(months.solar_month(12))), "{all:?}");
            assert!(all.iter().any(|row| row.contains(months.hijri_month(8))), "{all:?}");
            assert_eq!(all.iter().any(|row| row.contains("אדר א׳")), language == Language::He);
        }
        // A leap year has two months of Adar, another has one.
        let adar = |day: &str| {
            let value = Value::Instant(Instant::parse(&format!("{day}T12:00Z")).unwrap());
            captions(&value, Language::He, &[], Wordbook::builtin()).join(" ")
        };
        assert!(adar("2024-03-20").contains("אדר ב׳"));
        assert!(adar("2023-03-01").contains("באדר \u{2066}"));
        assert!(adar("2023-02-01").contains("שבט"));
        assert!(adar("2022-04-07").contains("\u{2066}6\u{2069} בניסן \u{2066}5782\u{2069}"));
    }

    #[test]
    fn a_hijri_date_says_where_publication_and_computation_part() {
        let of = |day: &str| {
            let value = Value::Instant(Instant::parse(&format!("{day}T12:00Z")).unwrap());
            captions(&value, Language::En, &[], Wordbook::builtin()).join("\n")
        };
        for day in ["1999-04-17", "2022-04-07", "2029-08-10"] {
            assert!(of(day).contains("Hijri (Umm al-Qura): "), "{day}");
        }
        for day in ["1999-04-16", "2029-08-11", "2035-01-01"] {
            assert!(of(day).contains("may differ by a day"), "{day}");
        }
    }

    #[test]
    fn dates_are_written_down_for_an_independent_check() {
        let last_day = crate::time::MAX_UNIX_S / 86_400;
        let mut text = String::new();
        for day in 0..=last_day {
            let clock = Clock::at(day * 86_400);
            text.push_str(&format!("{:04}-{:02}-{:02}", clock.year, clock.month, clock.day));
            for caption in calendars(clock, Language::He) {
                let date = caption.split_once(": ").map_or("", |(_, date)| date);
                let date = date.replace(['\u{2066}', '\u{2069}'], "");
                text.push_str(&format!("\t{date}"));
            }
            text.push('\n');
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/interop");
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(format!("{folder}/calendars.txt"), text).unwrap();
    }
}
