//! Values to CBOR items and back, `spec/body.md` §4.

use std::collections::BTreeMap;

use crate::geo::{Area, Coordinate, Datum, Height, HeightBand};
use crate::language::Language;
use crate::route::{MAX_WAYPOINTS, Waypoint};
use crate::signal::MAX_HERTZ;
use crate::time::Instant;
use crate::value::{
    Answer, Claim, ClaimStatus, Count, Level, Numbered, Place, Position, Reply, TermPosition, Text,
    Tri, Value,
};
use crate::wire::{Cursor, Item};

/// Whether a value stands in a body or inside a repeated one, which may not repeat again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nesting {
    Top,
    Inside,
}

/// Most claims in one field.
pub(crate) const MAX_CLAIMS: usize = 4;
/// Most codes in one field.
pub(crate) const MAX_CODES: usize = 16;
/// Most questions, answers or terms in one field.
pub(crate) const MAX_LIST: usize = 20;
/// Most instants to choose from.
pub(crate) const MAX_INSTANTS: usize = 8;
/// Most serials or call signs in one field.
pub(crate) const MAX_IDENTIFIERS: usize = 16;
/// Most fields said again.
pub(crate) const MAX_REPEATED: usize = 12;
/// Most bytes of a text.
pub(crate) const MAX_TEXT_BYTES: usize = 4 * crate::text::MAX_TEXT_CHARS;

fn int(n: impl Into<i64>) -> Item {
    Item::Int(n.into())
}

fn text(text: &str) -> Item {
    Item::Text(text.to_owned())
}

pub(crate) fn to_item(value: &Value) -> Item {
    let mut items = Vec::new();
    let tag: u8 = match value {
        Value::Unknown => 0,
        Value::Count(count) => {
            put_count(&mut items, *count);
            1
        }
        Value::Claims(claims) => {
            for claim in claims {
                let mut one = vec![int(claim.status as u8)];
                put_count(&mut one, claim.count);
                items.push(Item::Array(one));
            }
            2
        }
        Value::Instant(instant) => {
            put_instant(&mut items, instant);
            3
        }
        Value::Window { from, until } => {
            for instant in [from, until] {
                let mut one = Vec::new();
                put_instant(&mut one, instant);
                items.push(Item::Array(one));
            }
            4
        }
        Value::Coordinate(point) => {
            put_point(&mut items, *point);
            5
        }
        Value::Area(Area::Circle { centre, radius_m }) => {
            put_point(&mut items, *centre);
            items.push(int(*radius_m));
            6
        }
        Value::Area(Area::Polygon(corners)) => {
            for corner in corners {
                put_point(&mut items, *corner);
            }
            7
        }
        Value::Heights(band) => {
            items.push(height_item(band.lower));
            items.push(height_item(band.upper));
            8
        }
        Value::Distance { metres } => {
            items.push(int(*metres));
            9
        }
        Value::Code(code) => {
            items.push(text(code));
            10
        }
        Value::Codes(codes) => {
            items.extend(codes.iter().map(|code| text(code)));
            11
        }
        Value::Tri(tri) => {
            items.push(int(*tri as u8));
            12
        }
        Value::Place(place) => {
            items.push(text(&place.id));
            put_point(&mut items, place.at);
            13
        }
        Value::Text(words) => {
            put_text(&mut items, words);
            14
        }
        Value::Identifier(id) => {
            items.push(text(id));
            15
        }
        Value::Questions(questions) => {
            for question in questions {
                let mut one = vec![int(question.number)];
                put_text(&mut one, &question.text);
                items.push(Item::Array(one));
            }
            16
        }
        Value::Answers(answers) => {
            items.extend(answers.iter().map(answer_item));
            17
        }
        Value::Terms(terms) => {
            for term in terms {
                let mut one = vec![int(term.term), int(term.position as u8)];
                if let Some(words) = &term.text {
                    put_text(&mut one, words);
                }
                items.push(Item::Array(one));
            }
            18
        }
        Value::Repeated { form, values } => {
            items.push(int(form.number));
            items.push(int(form.version));
            for (number, value) in values {
                items.push(int(*number));
                items.push(to_item(value));
            }
            19
        }
        Value::Level(level) => {
            items.push(int(level.number()));
            20
        }
        Value::Route(points) => {
            for point in points {
                let mut one = Vec::new();
                put_point(&mut one, point.at);
                if let Some(when) = &point.when {
                    put_instant(&mut one, when);
                }
                items.push(Item::Array(one));
            }
            21
        }
        Value::Instants(instants) => {
            for instant in instants {
                let mut one = Vec::new();
                put_instant(&mut one, instant);
                items.push(Item::Array(one));
            }
            22
        }
        Value::Frequency { hertz } => {
            items.push(int(i64::try_from(*hertz).unwrap_or(i64::MAX)));
            23
        }
        Value::Bearing { degrees } => {
            items.push(int(*degrees));
            24
        }
        Value::Hash(hash) => {
            items.push(Item::Bytes(hash.to_vec()));
            25
        }
        Value::Identifiers(ids) => {
            items.extend(ids.iter().map(|id| text(id)));
            26
        }
    };
    items.insert(0, int(tag));
    Item::Array(items)
}

pub(crate) fn from_item(item: Item, nesting: Nesting) -> Option<Value> {
    let mut c = Cursor::new(item)?;
    let tag: u8 = c.int()?;
    let value = match tag {
        0 => Value::Unknown,
        1 => Value::Count(take_count(&mut c)?),
        2 => Value::Claims(list(&mut c, MAX_CLAIMS, |one| {
            let status = ClaimStatus::ALL.get(one.int::<usize>()?).copied()?;
            Some(Claim { status, count: take_count(one)? })
        })?),
        3 => Value::Instant(take_instant(&mut c)?),
        4 => {
            let mut ends = list(&mut c, 2, take_instant)?.into_iter();
            let (from, until) = (ends.next()?, ends.next()?);
            if from.unix_s() >= until.unix_s() {
                return None;
            }
            Value::Window { from, until }
        }
        5 => Value::Coordinate(take_point(&mut c)?),
        6 => {
            let centre = take_point(&mut c)?;
            sound_area(Area::Circle { centre, radius_m: c.int()? })?
        }
        7 => {
            let mut corners = Vec::new();
            while c.left() > 0 {
                corners.push(take_point(&mut c)?);
            }
            sound_area(Area::Polygon(corners))?
        }
        8 => {
            let mut ends = list(&mut c, 2, take_height)?.into_iter();
            let band = HeightBand { lower: ends.next()?, upper: ends.next()? };
            band.is_sound().then_some(Value::Heights(band))?
        }
        9 => {
            let metres = c.int()?;
            (1..=MAX_DISTANCE_M).contains(&metres).then_some(Value::Distance { metres })?
        }
        10 => Value::Code(take_code(&mut c)?),
        11 => {
            let mut codes = Vec::new();
            while c.left() > 0 {
                codes.push(take_code(&mut c)?);
            }
            let sound = (1..=MAX_CODES).contains(&codes.len()) && codes.is_sorted_by(|a, b| a < b);
            sound.then_some(Value::Codes(codes))?
        }
        12 => Value::Tri(match c.int::<u8>()? {
            0 => Tri::Yes,
            1 => Tri::No,
            2 => Tri::Unknown,
            _ => return None,
        }),
        13 => {
            let id = c.text().filter(|id| crate::gazetteer::is_place_id(id))?;
            Value::Place(Place { id, at: take_point(&mut c)? })
        }
        14 => Value::Text(take_text(&mut c)?),
        15 => Value::Identifier(c.text().filter(|id| is_identifier(id))?),
        16 => Value::Questions(ascending(
            list(&mut c, MAX_LIST, |one| {
                Some(Numbered { number: one.int()?, text: take_text(one)? })
            })?,
            |question| question.number,
        )?),
        17 => Value::Answers(ascending(list(&mut c, MAX_LIST, take_answer)?, |a| a.question)?),
        18 => Value::Terms(ascending(list(&mut c, MAX_LIST, take_term)?, |term| term.term)?),
        19 if nesting == Nesting::Top => {
            let form = crate::body::form_id(&mut c)?;
            let mut values = BTreeMap::new();
            while c.left() > 0 {
                let number = c.int()?;
                values.insert(number, from_item(c.next()?, Nesting::Inside)?);
            }
            let sound = (1..=MAX_REPEATED).contains(&values.len());
            sound.then_some(Value::Repeated { form, values })?
        }
        20 => Value::Level(Level::new(c.int()?)?),
        21 => {
            let points = list(&mut c, MAX_WAYPOINTS, |one| {
                let at = take_point(one)?;
                let when = if one.left() == 0 { None } else { Some(take_instant(one)?) };
                Some(Waypoint { at, when })
            })?;
            crate::route::is_sound(&points).then_some(Value::Route(points))?
        }
        22 => {
            let instants = list(&mut c, MAX_INSTANTS, take_instant)?;
            let sound = instants.is_sorted_by(|a, b| a.unix_s() < b.unix_s());
            sound.then_some(Value::Instants(instants))?
        }
        23 => {
            let hertz = c.int()?;
            (1..=MAX_HERTZ).contains(&hertz).then_some(Value::Frequency { hertz })?
        }
        24 => {
            let degrees = c.int()?;
            (0..360).contains(&degrees).then_some(Value::Bearing { degrees })?
        }
        25 => Value::Hash(c.bytes()?.try_into().ok()?),
        26 => {
            let mut ids = Vec::new();
            while c.left() > 0 {
                ids.push(c.text().filter(|id| is_identifier(id))?);
            }
            let sound =
                (1..=MAX_IDENTIFIERS).contains(&ids.len()) && ids.is_sorted_by(|a, b| a < b);
            sound.then_some(Value::Identifiers(ids))?
        }
        _ => return None,
    };
    c.end(value)
}

/// Largest distance a field may hold, half way round the earth.
pub(crate) const MAX_DISTANCE_M: u32 = 20_100_000;

/// Printable ASCII without spaces at either end, at most 32.
pub(crate) fn is_identifier(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= 32
        && id.trim() == id
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b" -_./:#+".contains(&b))
}

fn list<T>(
    c: &mut Cursor,
    max: usize,
    mut take: impl FnMut(&mut Cursor) -> Option<T>,
) -> Option<Vec<T>> {
    if !(1..=max).contains(&c.left()) {
        return None;
    }
    let mut all = Vec::new();
    while let Some(item) = c.next() {
        let mut one = Cursor::new(item)?;
        let taken = take(&mut one)?;
        all.push(one.end(taken)?);
    }
    Some(all)
}

/// Numbers from 1, each once, in order.
fn ascending<T>(all: Vec<T>, number: impl Fn(&T) -> u8) -> Option<Vec<T>> {
    let sound = all.first().is_some_and(|first| number(first) >= 1)
        && all.is_sorted_by(|a, b| number(a) < number(b));
    sound.then_some(all)
}

fn sound_area(area: Area) -> Option<Value> {
    area.is_sound().then_some(Value::Area(area))
}

fn put_count(items: &mut Vec<Item>, count: Count) {
    match count {
        Count::None => items.push(int(0)),
        Count::Known(n) => items.extend([int(1), int(n)]),
        Count::Range { lower, upper } => items.extend([int(2), int(lower), int(upper)]),
        Count::AtLeast(n) => items.extend([int(3), int(n)]),
        Count::AtMost(n) => items.extend([int(4), int(n)]),
        Count::Unknown => items.push(int(5)),
    }
}

fn take_count(c: &mut Cursor) -> Option<Count> {
    let count = match c.int::<u8>()? {
        0 => Count::None,
        1 => Count::Known(c.int()?),
        2 => Count::Range { lower: c.int()?, upper: c.int()? },
        3 => Count::AtLeast(c.int()?),
        4 => Count::AtMost(c.int()?),
        5 => Count::Unknown,
        _ => return None,
    };
    count.is_sound().then_some(count)
}

fn put_instant(items: &mut Vec<Item>, instant: &Instant) {
    items.push(int(instant.unix_s()));
    if !instant.is_utc() {
        items.push(text(instant.zone()));
        items.push(int(instant.offset_min()));
        items.push(int(instant.tzdata()));
    }
}

fn take_instant(c: &mut Cursor) -> Option<Instant> {
    let unix_s = c.int()?;
    if c.left() == 0 {
        return Instant::utc(unix_s);
    }
    Instant::new(unix_s, &c.text()?, c.int()?, c.int()?)
}

fn put_point(items: &mut Vec<Item>, point: Coordinate) {
    items.extend([int(point.latitude_udeg()), int(point.longitude_udeg())]);
}

fn take_point(c: &mut Cursor) -> Option<Coordinate> {
    Coordinate::new(c.int()?, c.int()?)
}

fn height_item(height: Height) -> Item {
    let offset = |datum| match datum {
        Datum::Ground => 0u8,
        Datum::SeaLevel => 1,
        Datum::Ellipsoid => 2,
    };
    Item::Array(match height {
        Height::Surface => vec![int(0)],
        Height::Metres(m, datum) => vec![int(1 + offset(datum)), int(m)],
        Height::Feet(ft, datum) => vec![int(4 + offset(datum)), int(ft)],
        Height::FlightLevel(level) => vec![int(7), int(level)],
        Height::Unlimited => vec![int(8)],
    })
}

fn take_height(c: &mut Cursor) -> Option<Height> {
    Some(match c.int::<u8>()? {
        0 => Height::Surface,
        1 => Height::Metres(c.int()?, Datum::Ground),
        2 => Height::Metres(c.int()?, Datum::SeaLevel),
        3 => Height::Metres(c.int()?, Datum::Ellipsoid),
        4 => Height::Feet(c.int()?, Datum::Ground),
        5 => Height::Feet(c.int()?, Datum::SeaLevel),
        6 => Height::Feet(c.int()?, Datum::Ellipsoid),
        7 => Height::FlightLevel(c.int()?),
        8 => Height::Unlimited,
        _ => return None,
    })
}

fn take_code(c: &mut Cursor) -> Option<String> {
    c.text().filter(|code| is_code(code))
}

/// Lower-case letters, digits and hyphens, at most 32.
pub(crate) fn is_code(code: &str) -> bool {
    !code.is_empty()
        && code.len() <= 32
        && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn put_text(items: &mut Vec<Item>, words: &Text) {
    items.extend([text(words.language.tag()), text(&words.text)]);
}

fn take_text(c: &mut Cursor) -> Option<Text> {
    let language = Language::from_tag(&c.text()?)?;
    let text = c.text().filter(|text| !text.is_empty() && text.len() <= MAX_TEXT_BYTES)?;
    Some(Text { language, text })
}

fn answer_item(answer: &Answer) -> Item {
    let mut one = vec![int(answer.question)];
    match &answer.reply {
        Reply::Answered(words) => {
            one.push(int(0));
            put_text(&mut one, words);
        }
        Reply::Part(words) => {
            one.push(int(1));
            put_text(&mut one, words);
        }
        Reply::Declined(reason) => one.extend([int(2), text(reason)]),
        Reply::StandBy(instant) => {
            one.push(int(3));
            put_instant(&mut one, instant);
        }
        Reply::NotOurForces => one.push(int(4)),
    }
    Item::Array(one)
}

fn take_answer(c: &mut Cursor) -> Option<Answer> {
    let question = c.int()?;
    let reply = match c.int::<u8>()? {
        0 => Reply::Answered(take_text(c)?),
        1 => Reply::Part(take_text(c)?),
        2 => Reply::Declined(take_code(c)?),
        3 => Reply::StandBy(take_instant(c)?),
        4 => Reply::NotOurForces,
        _ => return None,
    };
    Some(Answer { question, reply })
}

fn take_term(c: &mut Cursor) -> Option<TermPosition> {
    let term = c.int()?;
    let position = Position::ALL.get(c.int::<usize>()?).copied()?;
    let text = if c.left() == 0 { None } else { Some(take_text(c)?) };
    Some(TermPosition { term, position, text })
}
