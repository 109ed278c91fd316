//! The four clocks: Zulu, site, us, them, each with its own day and calendar.

use khatt_forms::{Language, day_in_zone};

use crate::{port::Face, words::Words};

/// The face of one clock. It never mirrors, and its digits are Latin.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// `ZULU`, or the zone's city, with whose it is.
    pub(crate) name: String,
    /// Which of the four it is, for its colour.
    pub(crate) whose: &'static str,
    /// Minutes ahead of UTC, for the page to go on counting.
    pub(crate) offset_min: i32,
    /// `HH:MM:SS`.
    pub(crate) time: String,
    /// Weekday and date.
    pub(crate) date: String,
    /// The day in another calendar.
    pub(crate) caption: String,
}

/// Returns the clocks at a moment.
pub(crate) fn clocks(face: &Face, wall_ms: u64, language: Language) -> Vec<Clock> {
    let w = Words(language);
    let unix_s = i64::try_from(wall_ms / 1000).unwrap_or(i64::MAX);
    let mut all = Vec::with_capacity(4);
    let zones = face.zones.iter().map(String::as_str);
    let names = ["zulu", "site", "us", "them"];
    for (zone, whose) in std::iter::once("UTC").chain(zones).zip(names) {
        let Some(day) = day_in_zone(unix_s, zone, language) else {
            continue;
        };
        let caption = match zone {
            "UTC" => String::new(),
            "Asia/Tehran" | "Asia/Kabul" => day.solar,
            _ => day.hijri,
        };
        let name = match whose {
            "zulu" => w.t("clock-zulu").to_owned(),
            "site" => format!("{} · {}", city(zone), w.t("clock-site")),
            "us" => format!("{} · {}", city(zone), w.t("clock-us")),
            _ => format!("{} · {}", city(zone), w.t("clock-them")),
        };
        all.push(Clock {
            name,
            whose,
            offset_min: day.offset_min,
            time: time_text(unix_s.saturating_add(i64::from(day.offset_min) * 60)),
            date: day.date,
            caption,
        });
    }
    all
}

/// Writes a moment as `HH:MM:SSZ`, with its date before it.
pub(crate) fn zulu(ms: u64) -> String {
    let seconds = i64::try_from(ms / 1000).unwrap_or(i64::MAX);
    let day = khatt_forms::Instant::utc(seconds).map(|at| at.zulu_iso()).unwrap_or_default();
    let date = day.split('T').next().unwrap_or_default();
    format!("{date} {}Z", time_text(seconds))
}

/// Writes a moment as `HH:MMZ`.
pub(crate) fn zulu_short(ms: u64) -> String {
    let text = time_text(i64::try_from(ms / 1000).unwrap_or(i64::MAX));
    format!("{}Z", text.get(..5).unwrap_or_default())
}

fn time_text(seconds: i64) -> String {
    let of_day = seconds.rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60)
}

/// The city of a zone's name, as the time-zone data writes it.
fn city(zone: &str) -> String {
    zone.rsplit('/').next().unwrap_or(zone).replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_of_the_day_and_never_of_the_machine() {
        assert_eq!(zulu(1_649_282_940_000), "2022-04-06 22:09:00Z");
        assert_eq!(zulu_short(1_649_282_940_000), "22:09Z");
        assert_eq!(city("America/New_York"), "New York");
    }
}
