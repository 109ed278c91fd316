//! Values in the notation an officer types: for drafts, for read-back, and for raw rows.

use crate::catalogue::Catalogue;
use crate::geo::{Area, Datum, Height};
use crate::signal;
use crate::text::check_text;
use crate::time::Instant;
use crate::value::{Claim, Count, Reply, Text, Tri, Value};

/// Writes a value so that [`Filled::from_input`](crate::Filled::from_input) reads it back.
///
/// Free text that holds refused characters comes out with their numbers instead.
#[must_use]
pub fn typed(value: &Value) -> String {
    match value {
        Value::Unknown => "unknown".to_owned(),
        Value::Count(c) => count(*c),
        Value::Claims(claims) => joined(claims.iter().map(claim), "; "),
        Value::Instant(instant) => instant.typed(),
        Value::Window { from, until } => format!("{} .. {}", from.typed(), until.typed()),
        Value::Coordinate(point) => point.painted(),
        Value::Area(Area::Circle { centre, radius_m }) => {
            format!("circle {radius_m} m {}", centre.painted())
        }
        Value::Area(Area::Polygon(corners)) => {
            format!("polygon {}", joined(corners.iter().map(|corner| corner.painted()), "; "))
        }
        Value::Heights(band) => format!("{} to {}", height(band.lower), height(band.upper)),
        Value::Distance { metres } => format!("{metres} m"),
        Value::Code(code) => code.clone(),
        Value::Codes(codes) => codes.join(", "),
        Value::Tri(Tri::Yes) => "yes".to_owned(),
        Value::Tri(Tri::No) => "no".to_owned(),
        Value::Tri(Tri::Unknown) => "unknown".to_owned(),
        Value::Place(place) => format!("{} @ {}", place.id, place.at.painted()),
        Value::Text(words) => text(words),
        Value::Identifier(id) => id.clone(),
        Value::Questions(list) => {
            joined(list.iter().map(|q| format!("{}: {}", q.number, text(&q.text))), " | ")
        }
        Value::Answers(list) => joined(
            list.iter().map(|answer| {
                let reply = match &answer.reply {
                    Reply::Answered(words) => format!("answered: {}", text(words)),
                    Reply::Part(words) => format!("part: {}", text(words)),
                    Reply::Declined(reason) => format!("declined: {reason}"),
                    Reply::StandBy(instant) => format!("stand-by: {}", instant.typed()),
                    Reply::NotOurForces => "not-our-forces".to_owned(),
                };
                format!("{}: {reply}", answer.question)
            }),
            " | ",
        ),
        Value::Terms(list) => joined(
            list.iter().map(|term| match &term.text {
                Some(words) => {
                    format!("{}: {}: {}", term.term, term.position.code(), text(words))
                }
                None => format!("{}: {}", term.term, term.position.code()),
            }),
            " | ",
        ),
        Value::Repeated { form, values } => {
            let known = Catalogue::builtin().get(*form);
            let mut out = known.map_or_else(|| form.to_string(), |form| form.name().to_owned());
            for (number, value) in values {
                let name = known
                    .and_then(|form| form.field_number(*number))
                    .map_or_else(|| format!("field {number}"), |field| field.name.clone());
                out.push_str(&format!(" | {name} = {}", typed(value)));
            }
            out
        }
        Value::Route(points) => crate::route::write(points),
        Value::Instants(instants) => joined(instants.iter().map(Instant::typed), "; "),
        Value::Frequency { hertz } => signal::frequency(*hertz),
        Value::Bearing { degrees } => signal::bearing(*degrees),
        Value::Hash(hash) => signal::hash(hash),
        Value::Identifiers(ids) => ids.join(", "),
        Value::Level(level) => level.code().to_owned(),
    }
}

fn count(count: Count) -> String {
    match count {
        Count::None => "none".to_owned(),
        Count::Known(n) => n.to_string(),
        Count::Range { lower, upper } => format!("{lower}..{upper}"),
        Count::AtLeast(n) => format!(">={n}"),
        Count::AtMost(n) => format!("<={n}"),
        Count::Unknown => "unknown".to_owned(),
    }
}

fn claim(claim: &Claim) -> String {
    format!("{}/{}", count(claim.count), claim.status.code())
}

fn height(height: Height) -> String {
    let datum = |datum| match datum {
        Datum::Ground => "agl",
        Datum::SeaLevel => "amsl",
        Datum::Ellipsoid => "wgs84",
    };
    match height {
        Height::Surface => "ground".to_owned(),
        Height::Metres(metres, d) => format!("{metres} m {}", datum(d)),
        Height::Feet(feet, d) => format!("{feet} ft {}", datum(d)),
        Height::FlightLevel(level) => format!("FL{level:03}"),
        Height::Unlimited => "unlimited".to_owned(),
    }
}

/// The words as they are if the filter takes them, else with every odd character by its number.
fn text(words: &Text) -> String {
    if check_text(&words.text, words.language).is_ok() {
        return words.text.clone();
    }
    words
        .text
        .chars()
        .map(|c| {
            let alone = c == ' ' || check_text(c.encode_utf8(&mut [0; 4]), words.language).is_ok();
            if alone { c.to_string() } else { c.escape_unicode().to_string() }
        })
        .collect()
}

fn joined(parts: impl Iterator<Item = String>, between: &str) -> String {
    parts.collect::<Vec<_>>().join(between)
}
