use proptest::prelude::*;

use super::*;
use crate::geo::{Area, Coordinate, Datum, Height, HeightBand};
use crate::route::Waypoint;
use crate::time::Instant;
use crate::value::*;

fn plain() -> Body {
    let form = FormId { number: 18, version: 1 };
    let values = BTreeMap::from([(6, Value::Claims(vec![claim(Count::AtMost(7))]))]);
    Body {
        form,
        language: Language::Ar,
        references: vec![Reference { relation: Relation::Replies, log: 1, index: 300 }],
        filled: Filled { form, values },
        digest: [7; 32],
    }
}

fn claim(count: Count) -> Claim {
    Claim { count, status: ClaimStatus::Reported }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_bytes_are_those_of_the_specification() {
    let start = "87011201626172818300011901 2c82068202830004 075820";
    assert_eq!(hex(&plain().encode())[..48], start.replace(' ', ""));
    assert_eq!(Body::decode(&plain().encode()), Ok(plain()));
}

#[test]
fn another_encoding_of_the_same_body_is_refused() {
    let bytes = plain().encode();
    // Version 1 with a longer head than it needs.
    let mut long = vec![0x87, 0x18, 0x01];
    long.extend_from_slice(&bytes[2..]);
    assert_eq!(Body::decode(&long), Err(BodyError::PeerNotCanonical));
    // The outer array without its length.
    let mut open = bytes.clone();
    open[0] = 0x9f;
    open.push(0xff);
    assert_eq!(Body::decode(&open), Err(BodyError::PeerNotCbor));
    let mut trailing = bytes.clone();
    trailing.push(0);
    assert_eq!(Body::decode(&trailing), Err(BodyError::PeerNotCbor));
    let mut other = bytes.clone();
    other[1] = 2;
    assert_eq!(Body::decode(&other), Err(BodyError::PeerVersion));
    assert_eq!(Body::decode(&bytes[..bytes.len() - 1]), Err(BodyError::PeerNotCbor));
    assert_eq!(Body::decode(&vec![0; 16_385]), Err(BodyError::PeerTooLong(16_385)));
}

#[test]
fn fields_and_references_out_of_order_or_twice_are_refused() {
    let form = Item::Int(1);
    let with = |references: Vec<Item>, values: Vec<Item>| {
        let items = vec![
            Item::Int(1),
            form.clone(),
            Item::Int(1),
            Item::Text("en".into()),
            Item::Array(references),
            Item::Array(values),
            Item::Bytes(vec![0; 32]),
        ];
        Body::decode(&wire::write(&Item::Array(items)))
    };
    let unknown = || Item::Array(vec![Item::Int(0)]);
    let reference = |log| Item::Array(vec![Item::Int(0), Item::Int(log), Item::Int(5)]);
    assert!(with(vec![reference(0), reference(1)], vec![Item::Int(1), unknown()]).is_ok());
    assert_eq!(with(vec![reference(1), reference(0)], vec![]), Err(BodyError::PeerNotCanonical));
    assert_eq!(with(vec![reference(1), reference(1)], vec![]), Err(BodyError::PeerNotCanonical));
    let two = |a, b| vec![Item::Int(a), unknown(), Item::Int(b), unknown()];
    assert_eq!(with(vec![], two(2, 1)), Err(BodyError::PeerNotCanonical));
    assert_eq!(with(vec![], two(2, 2)), Err(BodyError::PeerNotCanonical));
    assert_eq!(with(vec![], vec![Item::Int(1)]), Err(BodyError::PeerShape));
}

#[test]
fn zero_as_a_number_is_refused_because_none_is_the_only_zero() {
    let zero = Item::Array(vec![Item::Int(1), Item::Int(1), Item::Int(0)]);
    assert_eq!(wire_value::from_item(zero, wire_value::Nesting::Top), None);
    let none = Item::Array(vec![Item::Int(1), Item::Int(0)]);
    assert_eq!(
        wire_value::from_item(none, wire_value::Nesting::Top),
        Some(Value::Count(Count::None))
    );
}

#[test]
fn a_body_prints_no_message_text() {
    let mut body = plain();
    let text = Text { language: Language::En, text: "harbour secret".into() };
    body.filled.values.insert(21, Value::Text(text));
    assert!(!format!("{body:?}").contains("harbour"));
}

fn counts() -> impl Strategy<Value = Count> {
    prop_oneof![
        Just(Count::None),
        Just(Count::Unknown),
        (1..=MAX_COUNT).prop_map(Count::Known),
        (1..=MAX_COUNT).prop_map(Count::AtLeast),
        (1..=MAX_COUNT).prop_map(Count::AtMost),
        (0..1_000u32, 1..1_000u32)
            .prop_map(|(lower, more)| Count::Range { lower, upper: lower + more }),
    ]
}

fn instants() -> impl Strategy<Value = Instant> {
    prop_oneof![
        (0..=crate::time::MAX_UNIX_S).prop_map(|s| Instant::utc(s).unwrap()),
        (0..=crate::time::MAX_UNIX_S, -1_080i16..=1_080, any::<u16>())
            .prop_map(|(s, offset, data)| Instant::new(s, "Asia/Damascus", offset, data).unwrap()),
    ]
}

fn points() -> impl Strategy<Value = Coordinate> {
    (-90_000_000..=90_000_000, -180_000_000..=180_000_000)
        .prop_map(|(latitude, longitude)| Coordinate::new(latitude, longitude).unwrap())
}

fn texts() -> impl Strategy<Value = Text> {
    (0..7usize, "[a-zа-яא-ת一-丈ا-ی ]{1,40}")
        .prop_map(|(language, text)| Text { language: Language::ALL[language], text })
}

fn numbers<T: std::fmt::Debug>(
    item: impl Strategy<Value = T>,
) -> impl Strategy<Value = BTreeMap<u8, T>> {
    proptest::collection::btree_map(1..=255u8, item, 1..6)
}

fn simple_values() -> impl Strategy<Value = Value> {
    let replies = prop_oneof![
        texts().prop_map(Reply::Answered),
        texts().prop_map(Reply::Part),
        Just(Reply::Declined("no-information".into())),
        instants().prop_map(Reply::StandBy),
        Just(Reply::NotOurForces),
    ];
    prop_oneof![
        Just(Value::Unknown),
        counts().prop_map(Value::Count),
        proptest::collection::vec(
            (counts(), 0..4usize)
                .prop_map(|(count, s)| Claim { count, status: ClaimStatus::ALL[s] }),
            1..=4
        )
        .prop_map(Value::Claims),
        instants().prop_map(Value::Instant),
        (instants(), instants())
            .prop_filter("in order", |(a, b)| a.unix_s() < b.unix_s())
            .prop_map(|(from, until)| Value::Window { from, until }),
        points().prop_map(Value::Coordinate),
        (points(), 1..=2_000_000u32)
            .prop_map(|(centre, radius_m)| Value::Area(Area::Circle { centre, radius_m })),
        proptest::collection::vec(points(), 3..=16).prop_map(|c| Value::Area(Area::Polygon(c))),
        (-500..100i32, 100..100_000i32).prop_map(|(lower, upper)| Value::Heights(HeightBand {
            lower: Height::Metres(lower, Datum::SeaLevel),
            upper: Height::Metres(upper, Datum::SeaLevel),
        })),
        (1..1_000_000u32).prop_map(|metres| Value::Distance { metres }),
        "[a-z][a-z-]{0,20}".prop_map(Value::Code),
        proptest::collection::btree_set("[a-z]{1,8}", 1..6)
            .prop_map(|codes| Value::Codes(codes.into_iter().collect())),
        points().prop_map(|at| Value::Place(Place { id: "gn:174448".into(), at })),
        texts().prop_map(Value::Text),
        "[A-Z]-[0-9]{1,5}".prop_map(Value::Identifier),
        numbers(texts()).prop_map(|all| Value::Questions(
            all.into_iter().map(|(number, text)| Numbered { number, text }).collect()
        )),
        numbers(replies).prop_map(|all| Value::Answers(
            all.into_iter().map(|(question, reply)| Answer { question, reply }).collect()
        )),
        numbers((0..5usize, proptest::option::of(texts()))).prop_map(|all| Value::Terms(
            all.into_iter()
                .map(|(term, (p, text))| TermPosition { term, position: Position::ALL[p], text })
                .collect()
        )),
        (0..=6u8).prop_map(|n| Value::Level(Level::new(n).unwrap())),
        more_values(),
    ]
}

/// Routes, options of time, and what looks the same in every language.
fn more_values() -> impl Strategy<Value = Value> {
    let times = proptest::collection::btree_map(0..=crate::time::MAX_UNIX_S, Just(()), 1..=8)
        .prop_map(|times| times.into_keys().map(|s| Instant::utc(s).unwrap()).collect());
    prop_oneof![
        proptest::collection::btree_map(points(), any::<bool>(), 1..=24).prop_map(|points| {
            let timed = |(n, (at, timed)): (i64, (Coordinate, bool))| Waypoint {
                at,
                when: timed.then(|| Instant::new(n * 60, "Asia/Tehran", 210, 1460).unwrap()),
            };
            Value::Route((0..).zip(points).map(timed).collect())
        }),
        times.prop_map(Value::Instants),
        (1..=crate::signal::MAX_HERTZ).prop_map(|hertz| Value::Frequency { hertz }),
        (0..360u16).prop_map(|degrees| Value::Bearing { degrees }),
        any::<[u8; 32]>().prop_map(Value::Hash),
        proptest::collection::btree_set("[A-Z+][0-9]{1,8}", 1..=16)
            .prop_map(|ids| Value::Identifiers(ids.into_iter().collect())),
    ]
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => simple_values(),
        1 => numbers(simple_values()).prop_map(|values| Value::Repeated {
            form: FormId { number: 18, version: 1 },
            values,
        }),
    ]
}

/// The value, or one like it that is out of bounds.
fn spoilt(value: Value, spoil: u8, n: u32) -> Value {
    match (value, spoil) {
        (value, 0) => value,
        (Value::Count(_), _) => Value::Count(Count::Range { lower: n, upper: n / 2 }),
        (Value::Claims(mut claims), _) => {
            claims.extend(claims.clone());
            claims.extend(claims.clone());
            Value::Claims(claims)
        }
        (Value::Window { from, until }, _) => Value::Window { from: until, until: from },
        (Value::Distance { .. }, _) => Value::Distance { metres: n },
        (Value::Area(Area::Circle { centre, .. }), _) => {
            Value::Area(Area::Circle { centre, radius_m: n })
        }
        (Value::Area(Area::Polygon(corners)), _) => {
            Value::Area(Area::Polygon(corners.into_iter().take((n % 20) as usize).collect()))
        }
        (Value::Code(code), 1) => Value::Code(code.to_uppercase()),
        (Value::Code(code), _) => Value::Code(code.repeat(1 + (n % 40) as usize)),
        (Value::Codes(codes), _) => Value::Codes(codes.into_iter().rev().collect()),
        (Value::Identifier(id), _) => Value::Identifier(format!(" {id}")),
        (Value::Identifiers(ids), _) => Value::Identifiers(ids.into_iter().rev().collect()),
        (Value::Text(text), _) => Value::Text(Text { text: String::new(), ..text }),
        (Value::Questions(list), _) => Value::Questions(list.into_iter().rev().collect()),
        (Value::Answers(list), _) => Value::Answers(list.into_iter().rev().collect()),
        (Value::Terms(list), _) => Value::Terms(list.into_iter().rev().collect()),
        (Value::Route(points), _) => Value::Route(points.into_iter().rev().collect()),
        (Value::Instants(times), _) => Value::Instants(times.into_iter().rev().collect()),
        (Value::Frequency { .. }, _) => Value::Frequency { hertz: u64::from(n) * 1_000 },
        (Value::Bearing { .. }, _) => Value::Bearing { degrees: (n % 700) as u16 },
        (Value::Place(place), _) => Value::Place(Place { id: place.id.to_uppercase(), ..place }),
        (Value::Repeated { form, values }, 1) => {
            let inner = Value::Repeated { form, values: values.clone() };
            Value::Repeated { form, values: [(1, inner)].into() }
        }
        (Value::Repeated { values, .. }, _) => {
            Value::Repeated { form: FormId { number: 0, version: 1 }, values }
        }
        (value, _) => value,
    }
}

proptest! {
    #[test]
    fn a_body_survives_its_encoding(
        values in proptest::collection::btree_map(any::<u8>(), values(), 0..6),
        references in proptest::collection::btree_set((0..9usize, any::<u8>(), 0..1u64 << 40), 0..5),
        language in 0..7usize,
        digest in any::<[u8; 32]>(),
    ) {
        let form = FormId { number: 5, version: 1 };
        let references = references
            .into_iter()
            .map(|(relation, log, index)| Reference { relation: Relation::ALL[relation], log, index })
            .collect();
        let filled = Filled { form, values };
        let body = Body { form, language: Language::ALL[language], references, filled, digest };
        let bytes = body.encode();
        prop_assert_eq!(Body::decode(&bytes), Ok(body));
    }

    #[test]
    fn what_is_called_sound_is_what_the_wire_reads_back(
        value in values(),
        spoil in 0..6u8,
        n in any::<u32>(),
    ) {
        use crate::wire_value::{Nesting, from_item, to_item};
        let value = spoilt(value, spoil, n);
        let read = from_item(to_item(&value), Nesting::Top);
        let sound = crate::sound::is_sound(&value, Nesting::Top);
        prop_assert_eq!(sound, read == Some(value.clone()));
        prop_assert!(!sound || crate::wire::write(&to_item(&value)).len() <= crate::sound::most_bytes(&value));
    }

    #[test]
    fn bytes_from_outside_are_refused_or_are_the_only_encoding(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        at in any::<prop::sample::Index>(),
        flip in any::<u8>(),
    ) {
        if let Ok(body) = Body::decode(&bytes) {
            prop_assert_eq!(body.encode(), bytes);
        }
        // One byte changed reaches deeper than bytes at random.
        let mut near = plain().encode();
        let index = at.index(near.len());
        near[index] ^= flip;
        if let Ok(body) = Body::decode(&near) {
            prop_assert_eq!(body.encode(), near);
        }
    }
}
