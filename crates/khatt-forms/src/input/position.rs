//! Coordinates, areas, heights, distances and places as typed.

use crate::error::InputFault;
use crate::geo::{Area, Coordinate, Datum, Height, HeightBand, MAX_CORNERS};
use crate::glossary::Wordbook;
use crate::language::{Language, latin_digits};
use crate::value::Place;

/// Beyond this from every agreed place, a point is held against its exchanged twin.
const FAR_M: f64 = 300_000.0;
/// Coordinates given with a place may lie this far from it.
const PLACE_FAR_M: f64 = 100_000.0;
/// Word after a coordinate by which an officer says that it is meant although it looks exchanged.
const CHECKED: &str = "checked";

/// `34.4523 N 40.9187 E` or `34°27'08"N 40°55'07"E`, with `checked` behind it if it is far from
/// everything.
pub(crate) fn coordinate(typed: &str, book: Wordbook<'_>) -> Result<Coordinate, InputFault> {
    let plain = latin_digits(typed);
    let (text, checked) = match plain.trim().strip_suffix(CHECKED) {
        Some(rest) => (rest.trim(), true),
        None => (plain.trim(), false),
    };
    let point = bare(text)?;
    let far = |point| book.gazetteer.nearest(point).filter(|(_, m)| *m > FAR_M).is_some();
    if !checked && far(point) {
        let near = point
            .swapped()
            .and_then(|swapped| book.gazetteer.nearest(swapped))
            .filter(|(_, m)| *m <= FAR_M);
        if let Some((place, _)) = near {
            return Err(InputFault::CoordinateSwapped { near: place.id.clone() });
        }
    }
    Ok(point)
}

fn bare(text: &str) -> Result<Coordinate, InputFault> {
    if text.contains(',') || text.contains('،') {
        return Err(InputFault::CoordinateComma);
    }
    let (latitude, rest) = angle(text, ['N', 'S'])?;
    let (longitude, rest) = angle(rest, ['E', 'W'])?;
    if !rest.trim().is_empty() {
        return Err(InputFault::Coordinate);
    }
    let narrow = |udeg: i64| i32::try_from(udeg).map_err(|_| InputFault::CoordinateBounds);
    Coordinate::new(narrow(latitude)?, narrow(longitude)?).ok_or(InputFault::CoordinateBounds)
}

/// Reads one angle and its letter; returns millionths of a degree and what follows.
fn angle(text: &str, letters: [char; 2]) -> Result<(i64, &str), InputFault> {
    let [positive, negative] = letters;
    let at = text.find(letters).ok_or(InputFault::Coordinate)?;
    let (number, rest) = text.split_at(at);
    let sign = match rest.chars().next() {
        Some(c) if c == positive => 1,
        Some(c) if c == negative => -1,
        _ => return Err(InputFault::Coordinate),
    };
    let rest = rest.get(1..).unwrap_or("");
    Ok((sign * udeg(number.trim())?, rest))
}

fn udeg(number: &str) -> Result<i64, InputFault> {
    match number.split_once('°') {
        None => scaled(number, 6, 3),
        Some((degrees, rest)) => {
            let whole = scaled(degrees, 0, 3)?;
            let rest = rest.replace(['′', '’'], "'").replace(['″', '”'], "\"");
            let (minutes, seconds) = rest.split_once('\'').ok_or(InputFault::Coordinate)?;
            let minutes = scaled(minutes, 0, 2)?;
            let seconds = match seconds.trim().strip_suffix('"') {
                Some(seconds) => scaled(seconds.trim(), 3, 2)?,
                None if seconds.trim().is_empty() => 0,
                None => return Err(InputFault::Coordinate),
            };
            if minutes >= 60 || seconds >= 60_000 {
                return Err(InputFault::CoordinateBounds);
            }
            // A thousandth of a second is 1/3.6 of a millionth of a degree; round to the nearest.
            let thousandths = minutes * 60_000 + seconds;
            Ok(whole * 1_000_000 + (thousandths * 10 + 18) / 36)
        }
    }
}

/// A decimal number without a sign, times ten to the power of `places`.
fn scaled(number: &str, places: usize, max_whole: usize) -> Result<i64, InputFault> {
    let (whole, fraction) = number.trim().split_once('.').unwrap_or((number.trim(), ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let sound = !whole.is_empty()
        && whole.len() <= max_whole
        && fraction.len() <= places
        && digits(whole)
        && digits(fraction)
        && !number.trim().ends_with('.');
    if !sound {
        return Err(InputFault::Coordinate);
    }
    let padded = format!("{whole}{fraction:0<places$}");
    padded.parse().map_err(|_| InputFault::Coordinate)
}

/// `circle 6 km 34.4523 N 40.9187 E`, or `polygon P; P; P`.
pub(super) fn area(typed: &str, book: Wordbook<'_>) -> Result<Area, InputFault> {
    let plain = latin_digits(typed);
    let area = if let Some(rest) = plain.strip_prefix("circle ") {
        let mut words = rest.trim().splitn(3, ' ');
        let (number, unit, centre) = (words.next(), words.next(), words.next());
        let (Some(number), Some(unit), Some(centre)) = (number, unit, centre) else {
            return Err(InputFault::Area);
        };
        let radius_m = distance_m(&format!("{number} {unit}")).map_err(|_| InputFault::Area)?;
        Area::Circle { centre: coordinate(centre, book)?, radius_m }
    } else if let Some(rest) = plain.strip_prefix("polygon ") {
        let corners: Vec<&str> = rest.split(';').collect();
        if corners.len() > MAX_CORNERS {
            return Err(InputFault::Area);
        }
        let corners = corners.into_iter().map(|corner| coordinate(corner, book));
        Area::Polygon(corners.collect::<Result<_, _>>()?)
    } else {
        return Err(InputFault::Area);
    };
    if area.is_sound() { Ok(area) } else { Err(InputFault::Area) }
}

/// `6 km`, `1500 m` or `3 nm`.
pub(super) fn distance_m(typed: &str) -> Result<u32, InputFault> {
    let plain = latin_digits(typed);
    let (number, unit) = plain.trim().split_once(' ').ok_or(InputFault::Distance)?;
    let thousandths = scaled(number, 3, 8).map_err(|_| InputFault::Distance)?;
    let metres = match unit.trim() {
        "m" => (thousandths % 1_000 == 0).then_some(thousandths / 1_000),
        "km" => Some(thousandths),
        "nm" => Some((thousandths * 1_852 + 500) / 1_000),
        _ => None,
    };
    metres
        .and_then(|m| u32::try_from(m).ok())
        .filter(|m| (1..=crate::wire_value::MAX_DISTANCE_M).contains(m))
        .ok_or(InputFault::Distance)
}

/// `ground to FL180`, `500 m agl to 3000 m amsl`, `1000 ft amsl to unlimited`.
pub(super) fn heights(typed: &str) -> Result<HeightBand, InputFault> {
    let plain = latin_digits(typed).to_lowercase();
    let (lower, upper) = plain.split_once(" to ").ok_or(InputFault::Heights)?;
    let band = HeightBand { lower: height(lower)?, upper: height(upper)? };
    if band.is_sound() { Ok(band) } else { Err(InputFault::Heights) }
}

fn height(text: &str) -> Result<Height, InputFault> {
    let text = text.trim();
    match text {
        "ground" | "surface" => return Ok(Height::Surface),
        "unlimited" => return Ok(Height::Unlimited),
        _ => {}
    }
    if let Some(level) = text.strip_prefix("fl") {
        let sound = level.len() <= 3 && level.bytes().all(|b| b.is_ascii_digit());
        let level = sound.then(|| level.parse().ok()).flatten().ok_or(InputFault::Heights)?;
        return Ok(Height::FlightLevel(level));
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let [number, unit, datum] = words.as_slice() else {
        return Err(InputFault::Heights);
    };
    let datum = match *datum {
        "agl" => Datum::Ground,
        "amsl" => Datum::SeaLevel,
        "wgs84" => Datum::Ellipsoid,
        _ => return Err(InputFault::Heights),
    };
    let sound = number.len() <= 7
        && number.strip_prefix('-').unwrap_or(number).bytes().all(|b| b.is_ascii_digit());
    let number = sound.then(|| number.parse().ok()).flatten().ok_or(InputFault::Heights)?;
    match *unit {
        "m" => Ok(Height::Metres(number, datum)),
        "ft" => Ok(Height::Feet(number, datum)),
        _ => Err(InputFault::Heights),
    }
}

/// Any spelling of an agreed place, with `@` and coordinates behind it if they are known better.
pub(super) fn place(typed: &str, book: Wordbook<'_>) -> Result<Place, InputFault> {
    let (name, at) = match typed.split_once('@') {
        Some((name, at)) => (name.trim(), Some(at.trim())),
        None => (typed, None),
    };
    let found = book.gazetteer.find(name);
    let place = match found.as_slice() {
        [] => {
            let near: Vec<String> = book
                .gazetteer
                .near(name)
                .iter()
                .map(|place| format!("{} ({})", place.id, place.name(Language::En)))
                .collect();
            let candidates = near.join(", ");
            return Err(match candidates.is_empty() {
                true => InputFault::PlaceUnknown,
                false => InputFault::PlaceUncertain { candidates },
            });
        }
        [one] => one,
        several => {
            let ids: Vec<&str> = several.iter().map(|place| place.id.as_str()).collect();
            return Err(InputFault::PlaceAmbiguous { candidates: ids.join(", ") });
        }
    };
    let Some(at) = at else {
        return Ok(Place { id: place.id.clone(), at: place.at });
    };
    let at = coordinate(at, book)?;
    let distance = at.distance_m(place.at);
    if distance > PLACE_FAR_M {
        // Rounded up: "0 km away" would be no reason.
        let km = u32::try_from((distance / 1_000.0).ceil() as i64).unwrap_or(u32::MAX);
        return Err(InputFault::PlaceFar { km });
    }
    Ok(Place { id: place.id.clone(), at })
}
