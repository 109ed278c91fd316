//! Times in a scenario: offsets on the scenario clock, and the instant at which it starts.

/// Longest offset: ten years, so that a line cut for a year can be played.
const MAX_HOURS: u64 = 87_600;
/// The start of a scenario lies in this range of years.
const YEARS: std::ops::RangeInclusive<u64> = 1970..=2199;

/// Reads `HH:MM:SS` or `HH:MM:SS.mmm` as milliseconds. Hours may have up to five digits.
pub(super) fn offset_ms(text: &str) -> Option<u64> {
    let (whole, thousandths) = match text.split_once('.') {
        Some((whole, rest)) => (whole, digits(rest, 3, 3)?),
        None => (text, 0),
    };
    let mut parts = whole.split(':');
    let hours = digits(parts.next()?, 2, 5)?;
    let minutes = digits(parts.next()?, 2, 2)?;
    let seconds = digits(parts.next()?, 2, 2)?;
    let sound = parts.next().is_none() && hours <= MAX_HOURS && minutes < 60 && seconds < 60;
    sound.then(|| ((hours * 60 + minutes) * 60 + seconds) * 1_000 + thousandths)
}

/// Reads `YYYY-MM-DDTHH:MM:SSZ` as milliseconds since 1970. Only UTC is taken.
pub(super) fn start_ms(text: &str) -> Option<u64> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let mut parts = date.split('-');
    let year = digits(parts.next()?, 4, 4)?;
    let month = digits(parts.next()?, 2, 2)?;
    let day = digits(parts.next()?, 2, 2)?;
    let hours = digits(clock.get(..2)?, 2, 2)?;
    let sound = parts.next().is_none()
        && YEARS.contains(&year)
        && (1..=12).contains(&month)
        && day >= 1
        && day <= days_in(year, month)
        && hours < 24
        && clock.len() == 8;
    let days = (1970..year).map(|y| if leap(y) { 366 } else { 365 }).sum::<u64>()
        + (1..month).map(|m| days_in(year, m)).sum::<u64>()
        + day.checked_sub(1)?;
    sound.then(|| offset_ms(clock))?.map(|ms| days * 86_400_000 + ms)
}

/// Shows milliseconds on the scenario clock as `HH:MM:SS`, with thousandths if there are any.
pub(super) fn shown(ms: u64) -> String {
    let s = ms / 1_000;
    let whole = format!("{:02}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60);
    if ms.is_multiple_of(1_000) { whole } else { format!("{whole}.{:03}", ms % 1_000) }
}

fn digits(text: &str, least: usize, most: usize) -> Option<u64> {
    let sound = (least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if sound { text.parse().ok() } else { None }
}

const fn leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_in(year: u64, month: u64) -> u64 {
    match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_hours_minutes_seconds_and_nothing_else() {
        assert_eq!(offset_ms("00:12:30"), Some(750_000));
        assert_eq!(offset_ms("8760:00:00"), Some(31_536_000_000));
        assert_eq!(offset_ms("00:00:01.250"), Some(1_250));
        for wrong in [
            "",
            "12:30",
            "0:12:30",
            "00:60:00",
            "00:00:60",
            "00:00:00:00",
            "-1:00:00",
            "00:00:01.5",
            "99999:00:00",
            "٠٠:٠٠:٠٠",
            "+1:00:00",
        ] {
            assert_eq!(offset_ms(wrong), None, "{wrong}");
        }
        assert_eq!(shown(750_000), "00:12:30");
        assert_eq!(shown(1_250), "00:00:01.250");
    }

    #[test]
    fn the_start_is_a_real_day_in_utc() {
        assert_eq!(start_ms("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(start_ms("2023-11-08T18:00:00Z"), Some(1_699_466_400_000));
        assert_eq!(start_ms("2024-02-29T00:00:00Z"), Some(1_709_164_800_000));
        for wrong in [
            "2023-02-29T00:00:00Z",
            "2023-11-08T18:00:00",
            "2023-11-08 18:00:00Z",
            "2023-11-08T24:00:00Z",
            "2023-13-01T00:00:00Z",
            "2023-11-00T00:00:00Z",
            "1402-08-17T00:00:00Z",
            "2023-11-08T18:00:00+03:00",
            "2023-11-08T008:00:00Z",
        ] {
            assert_eq!(start_ms(wrong), None, "{wrong}");
        }
    }
}
