//! Reading a typed time: the only place that asks the time-zone data.
//!
//! The data are those bundled in this build, never the machine's: two posts with different data
//! would disagree in silence.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZoneDatabase};

use super::{Instant, UTC, is_zone_id, tzdata_code, tzdata_version};

/// Why a typed time was not taken.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFault {
    /// Not an ISO date and time.
    Malformed,
    /// No zone and no `Z`.
    ZoneMissing,
    /// A zone that the bundled data does not know.
    ZoneUnknown,
    /// The clock skipped this time.
    Impossible,
    /// The clock showed this time twice.
    Ambiguous,
    /// The offset is not the one the zone had then.
    OffsetConflict,
    /// Looks like a date of another calendar.
    OtherCalendar,
    /// Outside 1970 to 2199.
    OutOfBounds,
}

impl Instant {
    /// Reads `2023-11-08T03:30[Asia/Damascus]`, `2023-11-08T00:30Z`, or the first with its offset.
    ///
    /// # Errors
    ///
    /// [`TimeFault`]: a local time without a zone, one that did not exist or came twice, an offset
    /// that contradicts the zone, or a date that looks like another calendar's.
    pub fn parse(text: &str) -> Result<Instant, TimeFault> {
        let text = text.trim();
        let (civil_text, zone) = match text.split_once('[') {
            Some((before, after)) => {
                let zone = after.strip_suffix(']').ok_or(TimeFault::Malformed)?;
                (before, Some(zone))
            }
            None => (text, None),
        };
        let (civil_text, mark) = split_offset(civil_text)?;
        let civil = civil(civil_text)?;
        match (zone, mark) {
            (None | Some(UTC), Mark::Zulu) | (Some(UTC), Mark::None) => {
                let seconds = Offset::UTC
                    .to_timestamp(civil)
                    .map_err(|_| TimeFault::OutOfBounds)?
                    .as_second();
                Instant::utc(seconds).ok_or(TimeFault::OutOfBounds)
            }
            (None, _) => Err(TimeFault::ZoneMissing),
            (Some(zone), mark) => in_zone(civil, zone, mark),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    None,
    Zulu,
    OffsetMin(i16),
}

fn split_offset(text: &str) -> Result<(&str, Mark), TimeFault> {
    if let Some(rest) = text.strip_suffix(['Z', 'z']) {
        return Ok((rest, Mark::Zulu));
    }
    // A sign after the date part can only belong to an offset.
    let Some(at) = text.rfind(['+', '-']).filter(|&at| at > 10) else {
        return Ok((text, Mark::None));
    };
    let (rest, offset) = text.split_at(at);
    let negative = offset.starts_with('-');
    let (hours, minutes) =
        offset.get(1..).and_then(|digits| digits.split_once(':')).ok_or(TimeFault::Malformed)?;
    let hours: i16 = two_digits(hours)?;
    let minutes: i16 = two_digits(minutes)?;
    if hours > 18 || minutes > 59 {
        return Err(TimeFault::Malformed);
    }
    let size = hours * 60 + minutes;
    Ok((rest, Mark::OffsetMin(if negative { -size } else { size })))
}

fn two_digits(text: &str) -> Result<i16, TimeFault> {
    if text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().map_err(|_| TimeFault::Malformed)
    } else {
        Err(TimeFault::Malformed)
    }
}

fn civil(text: &str) -> Result<DateTime, TimeFault> {
    let (date, time) = text.split_once('T').ok_or(TimeFault::Malformed)?;
    let digits = |part: &str, len: usize| {
        (part.len() == len && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse::<i16>().ok())
            .flatten()
            .ok_or(TimeFault::Malformed)
    };
    let mut parts = date.split('-');
    let mut next = |len| digits(parts.next().ok_or(TimeFault::Malformed)?, len);
    let (year, month, day) = (next(4)?, next(2)?, next(2)?);
    if parts.next().is_some() {
        return Err(TimeFault::Malformed);
    }
    // 13xx and 14xx are how Solar Hijri and Hijri years look in our time.
    if (1300..=1500).contains(&year) {
        return Err(TimeFault::OtherCalendar);
    }
    if !(1970..=2199).contains(&year) {
        return Err(TimeFault::OutOfBounds);
    }
    let mut parts = time.split(':');
    let mut next = || parts.next().map(|part| digits(part, 2)).transpose();
    let hour = next()?.ok_or(TimeFault::Malformed)?;
    let minute = next()?.ok_or(TimeFault::Malformed)?;
    let second = next()?.unwrap_or(0);
    if parts.next().is_some() {
        return Err(TimeFault::Malformed);
    }
    let small = |n: i16| i8::try_from(n).map_err(|_| TimeFault::Malformed);
    DateTime::new(year, small(month)?, small(day)?, small(hour)?, small(minute)?, small(second)?, 0)
        .map_err(|_| TimeFault::Malformed)
}

fn in_zone(civil: DateTime, zone: &str, mark: Mark) -> Result<Instant, TimeFault> {
    if !is_zone_id(zone) {
        return Err(TimeFault::ZoneUnknown);
    }
    // The bundled data only: the machine's own data would make two posts disagree in silence.
    let tz = TimeZoneDatabase::bundled().get(zone).map_err(|_| TimeFault::ZoneUnknown)?;
    let zone = tz.iana_name().ok_or(TimeFault::ZoneUnknown)?.to_owned();
    let ambiguous = tz.to_ambiguous_timestamp(civil);
    let timestamp = match (ambiguous.is_ambiguous(), mark) {
        (false, _) => ambiguous.unambiguous().map_err(|_| TimeFault::OutOfBounds)?,
        // An offset beside the zone says which of the two it was.
        (true, Mark::OffsetMin(offset)) => {
            let stamp = Offset::from_seconds(i32::from(offset) * 60)
                .and_then(|offset| offset.to_timestamp(civil))
                .map_err(|_| TimeFault::OutOfBounds)?;
            if tz.to_offset(stamp).to_datetime(stamp) != civil {
                return Err(TimeFault::Impossible);
            }
            stamp
        }
        (true, _) => {
            return Err(match ambiguous.offset() {
                jiff::tz::AmbiguousOffset::Gap { .. } => TimeFault::Impossible,
                _ => TimeFault::Ambiguous,
            });
        }
    };
    let offset = tz.to_offset(timestamp).seconds();
    let offset_min = i16::try_from(offset / 60).map_err(|_| TimeFault::OutOfBounds)?;
    if offset % 60 != 0 {
        return Err(TimeFault::OutOfBounds);
    }
    match mark {
        Mark::OffsetMin(claimed) if claimed != offset_min => return Err(TimeFault::OffsetConflict),
        Mark::Zulu => return Err(TimeFault::OffsetConflict),
        _ => {}
    }
    Instant::new(timestamp.as_second(), &zone, offset_min, tzdata_code(tzdata_version()))
        .ok_or(TimeFault::OutOfBounds)
}
