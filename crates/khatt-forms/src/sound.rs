//! Whether a value is within the bounds of the wire, said without encoding it.
//!
//! Every message is rendered in every language of a line, and checked before each: so this is asked
//! often. A test holds it against what the wire really reads back (`spec/body.md` §4).

use crate::gazetteer::is_place_id;
use crate::value::{Reply, Text, Value};
use crate::wire_value::{
    MAX_CLAIMS, MAX_CODES, MAX_DISTANCE_M, MAX_IDENTIFIERS, MAX_INSTANTS, MAX_LIST, MAX_REPEATED,
    MAX_TEXT_BYTES, Nesting, is_code, is_identifier,
};

/// Says whether a reader would take the value as it is.
pub(crate) fn is_sound(value: &Value, nesting: Nesting) -> bool {
    match value {
        Value::Unknown
        | Value::Instant(_)
        | Value::Coordinate(_)
        | Value::Tri(_)
        | Value::Level(_)
        | Value::Hash(_) => true,
        Value::Count(count) => count.is_sound(),
        Value::Claims(claims) => {
            (1..=MAX_CLAIMS).contains(&claims.len()) && claims.iter().all(|c| c.count.is_sound())
        }
        Value::Window { from, until } => from.unix_s() < until.unix_s(),
        Value::Area(area) => area.is_sound(),
        Value::Heights(band) => band.is_sound(),
        Value::Distance { metres } => (1..=MAX_DISTANCE_M).contains(metres),
        Value::Code(code) => is_code(code),
        Value::Codes(codes) => {
            (1..=MAX_CODES).contains(&codes.len())
                && codes.is_sorted_by(|a, b| a < b)
                && codes.iter().all(|code| is_code(code))
        }
        Value::Place(place) => is_place_id(&place.id),
        Value::Text(words) => text(words),
        Value::Identifier(id) => is_identifier(id),
        Value::Questions(list) => {
            numbered(list, |one| one.number) && list.iter().all(|one| text(&one.text))
        }
        Value::Answers(list) => {
            numbered(list, |one| one.question)
                && list.iter().all(|one| match &one.reply {
                    Reply::Answered(words) | Reply::Part(words) => text(words),
                    Reply::Declined(reason) => is_code(reason),
                    Reply::StandBy(_) | Reply::NotOurForces => true,
                })
        }
        Value::Terms(list) => {
            numbered(list, |one| one.term)
                && list.iter().all(|one| one.text.as_ref().is_none_or(text))
        }
        Value::Repeated { form, values } => {
            nesting == Nesting::Top
                && form.number >= 1
                && form.version >= 1
                && (1..=MAX_REPEATED).contains(&values.len())
                && values.values().all(|value| is_sound(value, Nesting::Inside))
        }
        Value::Route(points) => crate::route::is_sound(points),
        Value::Instants(times) => {
            (1..=MAX_INSTANTS).contains(&times.len())
                && times.is_sorted_by(|a, b| a.unix_s() < b.unix_s())
        }
        Value::Frequency { hertz } => (1..=crate::signal::MAX_HERTZ).contains(hertz),
        Value::Bearing { degrees } => *degrees < 360,
        Value::Identifiers(ids) => {
            (1..=MAX_IDENTIFIERS).contains(&ids.len())
                && ids.is_sorted_by(|a, b| a < b)
                && ids.iter().all(|id| is_identifier(id))
        }
    }
}

/// At least as many bytes as the value takes when it is encoded.
pub(crate) fn most_bytes(value: &Value) -> usize {
    // A head and its number take at most nine bytes each; an instant is the largest thing without
    // free text, its zone at most forty.
    const ONE: usize = 90;
    let words = |text: &Text| text.text.len() + ONE;
    match value {
        Value::Codes(all) | Value::Identifiers(all) => ONE + all.len() * ONE,
        Value::Area(crate::geo::Area::Polygon(corners)) => ONE + corners.len() * ONE,
        Value::Route(points) => ONE + points.len() * ONE,
        Value::Instants(times) => ONE + times.len() * ONE,
        Value::Text(text) => words(text),
        Value::Questions(list) => list.iter().map(|one| ONE + words(&one.text)).sum(),
        Value::Answers(list) => list
            .iter()
            .map(|one| match &one.reply {
                Reply::Answered(text) | Reply::Part(text) => ONE + words(text),
                _ => 2 * ONE,
            })
            .sum(),
        Value::Terms(list) => {
            list.iter().map(|one| ONE + one.text.as_ref().map_or(ONE, words)).sum()
        }
        Value::Repeated { values, .. } => {
            ONE + values.values().map(|value| ONE + most_bytes(value)).sum::<usize>()
        }
        _ => 2 * ONE,
    }
}

fn text(words: &Text) -> bool {
    (1..=MAX_TEXT_BYTES).contains(&words.text.len())
}

/// Numbers from 1, each once, in order.
fn numbered<T>(list: &[T], number: impl Fn(&T) -> u8) -> bool {
    (1..=MAX_LIST).contains(&list.len())
        && list.first().is_some_and(|first| number(first) >= 1)
        && list.is_sorted_by(|a, b| number(a) < number(b))
}
