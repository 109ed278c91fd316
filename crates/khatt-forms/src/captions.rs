//! What may stand beside a value for a reader's convenience: other calendars, other clocks, degrees
//! and minutes, distance to a named place.
//!
//! Captions are never part of a rendering or its digest: they depend on data that changes.

use icu_calendar::Date;
use icu_calendar::cal::{Hijri, Persian};

use crate::geo::Coordinate;
use crate::glossary::Wordbook;
use crate::language::Language;
use crate::phrases::{self, choose};
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
                all.push(
                    choose(
                        [
                            "coordinates of this place are not verified",
                            "إحداثيات هذا المكان غير متحقَّق منها",
                            "مختصات این مکان بررسی نشده است",
                        ],
                        language,
                    )
                    .to_owned(),
                );
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
    let weekday = phrases::weekday(clock.weekday, language);
    let month = phrases::month(clock.month, language);
    let mut captions = calendars(clock, language).into_iter();
    Some(ZoneDay {
        offset_min: i32::from(offset_min),
        date: format!("{weekday} {}", date_words(clock.day, month, clock.year, language)),
        solar: captions.next()?,
        hijri: captions.next()?,
    })
}

fn instant_captions(instant: &Instant, language: Language, zones: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    let local = instant.local();
    if local.date() != instant.zulu().date() {
        all.push(
            choose(
                [
                    "the date in UTC differs from the local date",
                    "التاريخ بالتوقيت العالمي يختلف عن التاريخ المحلي",
                    "تاریخ به وقت جهانی با تاریخ محلی تفاوت دارد",
                ],
                language,
            )
            .to_owned(),
        );
    }
    for zone in zones {
        if let Some(offset) = offset_in_zone(instant.unix_s(), zone) {
            let clock = Clock::at(instant.unix_s() + i64::from(offset) * 60);
            let time = language.digits(&clock.time_text());
            all.push(format!(
                "\u{2066}{zone}\u{2069}: \u{2066}{time}\u{2069} {} {}",
                phrases::weekday(clock.weekday, language),
                date_words(clock.day, phrases::month(clock.month, language), clock.year, language),
            ));
        }
    }
    all.extend(calendars(local, language));
    all
}

fn calendars(clock: Clock, language: Language) -> Vec<String> {
    let year = i32::try_from(clock.year).unwrap_or(0);
    let Ok(date) = Date::try_new_iso(year, clock.month, clock.day) else {
        return Vec::new();
    };
    let solar = date.to_calendar(Persian);
    let hijri = date.to_calendar(Hijri::new_umm_al_qura());
    let words =
        |day: u8, month: &'static str, year: i32| date_words(day, month, i64::from(year), language);
    let solar_words = words(
        solar.day_of_month().0,
        phrases::solar_month(solar.month().ordinal, language),
        solar.era_year().year,
    );
    let hijri_words = words(
        hijri.day_of_month().0,
        phrases::hijri_month(hijri.month().ordinal, language),
        hijri.era_year().year,
    );
    let solar_name = choose(["Solar Hijri", "هجري شمسي", "هجری خورشیدی"], language);
    let hijri_name =
        choose(["Hijri (Umm al-Qura)", "هجري (تقويم أم القرى)", "هجری قمری (ام‌القری)"], language);
    vec![format!("{solar_name}: {solar_words}"), format!("{hijri_name}: {hijri_words}")]
}

fn date_words(day: u8, month: &str, year: i64, language: Language) -> String {
    let day = language.digits(&day.to_string());
    let year = language.digits(&year.to_string());
    format!("\u{2066}{day}\u{2069} {month} \u{2066}{year}\u{2069}")
}

fn point_captions(point: Coordinate, language: Language, book: Wordbook<'_>) -> Vec<String> {
    let mut all = vec![format!("\u{2066}{}\u{2069}", point.painted_dms())];
    if let Some((place, metres)) = book.gazetteer.nearest(point) {
        let bearing = place.at.bearing_deg(point);
        let km = language.digits(&format!("{:.1}", metres / 1_000.0));
        let degrees = language.digits(&format!("{bearing:.0}"));
        let km_words = choose(["km", "كم", "کیلومتر"], language);
        let from = choose(["from", "من", "از"], language);
        let name = place.name(language);
        let comma = phrases::Phrase::Comma.text(language);
        all.push(format!(
            "\u{2066}{km}\u{2069} {km_words}{comma}\u{2066}{degrees}°\u{2069} {from} \u{2068}{name}\u{2069}"
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
}
