use super::*;
use crate::catalogue::Catalogue;
use crate::value::{Position, Reply};

fn read(form: &str, inputs: &[(&str, &str)]) -> Result<Filled, Vec<InputError>> {
    let form = Catalogue::builtin().by_name(form).unwrap();
    let inputs: Vec<(String, String)> =
        inputs.iter().map(|(name, typed)| ((*name).into(), (*typed).into())).collect();
    Filled::from_input(form, &inputs, Language::En, Wordbook::builtin())
}

/// Reads a whole incident with one field replaced, and returns the codes of what is wrong.
fn incident(name: &str, typed: &str) -> Vec<&'static str> {
    let mut inputs = vec![
        ("event", "strike"),
        ("time", "2023-11-08T03:30[Asia/Damascus]"),
        ("position", "34.4523 N 40.9187 E"),
        ("killed-own", "none"),
        ("killed-other", "unknown"),
        ("killed-civilian", "2"),
        ("status", "report-initial"),
        ("attribution", "attribution-withheld"),
    ];
    inputs.retain(|(known, _)| *known != name);
    inputs.push((name, typed));
    match read("incident-initial", &inputs) {
        Ok(_) => vec![],
        Err(errors) => errors.iter().map(InputError::code).collect(),
    }
}

fn value_of(form: &str, name: &str, typed: &str) -> Result<Value, InputFault> {
    let form = Catalogue::builtin().by_name(form).unwrap();
    let context = Context { language: Language::En, book: Wordbook::builtin() };
    value(form.field(name).unwrap(), typed, context)
}

#[test]
fn counts_are_read_with_their_bounds_and_never_guessed() {
    let claims = |typed| match value_of("incident-initial", "killed-own", typed) {
        Ok(Value::Claims(claims)) => Ok(claims),
        Ok(other) => panic!("{other:?}"),
        Err(fault) => Err(fault),
    };
    let one = |count| Ok(vec![Claim { count, status: ClaimStatus::Reported }]);
    assert_eq!(claims("7"), one(Count::Known(7)));
    assert_eq!(claims("٧"), one(Count::Known(7)));
    assert_eq!(claims("۷"), one(Count::Known(7)));
    assert_eq!(claims("0"), one(Count::None));
    assert_eq!(claims("none"), one(Count::None));
    assert_eq!(claims("unknown"), one(Count::Unknown));
    assert_eq!(claims("2..5"), one(Count::Range { lower: 2, upper: 5 }));
    assert_eq!(claims("up to 7"), one(Count::AtMost(7)));
    assert_eq!(claims(">=3"), one(Count::AtLeast(3)));
    for wrong in ["", "-1", "5..2", "5..5", "many", "7.0", "1e3", "<=0", "1,000", "999999999"] {
        assert_eq!(claims(wrong), Err(InputFault::Count), "{wrong}");
    }
}

#[test]
fn up_to_seven_and_perhaps_one_more_stay_two_claims() {
    let read = value_of("incident-initial", "killed-own", "<=7/reported; 1/may-have").unwrap();
    let Value::Claims(claims) = read else { panic!() };
    assert_eq!(
        claims,
        [
            Claim { count: Count::AtMost(7), status: ClaimStatus::Reported },
            Claim { count: Count::Known(1), status: ClaimStatus::MayHave },
        ]
    );
    assert_eq!(incident("killed-own", "1/perhaps"), ["KF-1240"]);
    assert_eq!(incident("killed-own", "1;2;3;4;5"), ["KF-1245"]);
}

#[test]
fn times_that_mean_two_things_are_refused() {
    for word in [
        "tonight",
        "next Monday",
        "yesterday 03:30",
        "غدا",
        "امشب",
        "فردا ۳:۳۰",
        "завтра 03:30",
        "aujourd’hui",
        "明天03:30",
        "מחר 03:30",
    ] {
        assert_eq!(incident("time", word), ["KF-1221"], "{word}");
    }
    assert_eq!(incident("time", "2023-11-08T03:30"), ["KF-1222"]);
    assert_eq!(incident("time", "2023-11-08T03:30[Asia/Abu_Kamal]"), ["KF-1223"]);
    assert_eq!(incident("time", "2022-03-25T00:30[Asia/Damascus]"), ["KF-1224"]);
    assert_eq!(incident("time", "2021-10-28T23:30[Asia/Damascus]"), ["KF-1225"]);
    assert_eq!(incident("time", "2022-11-05T01:09+02:00[Asia/Damascus]"), ["KF-1226"]);
    assert_eq!(incident("time", "1402-08-17T03:30[Asia/Tehran]"), ["KF-1227"]);
    assert_eq!(incident("time", "2300-08-17T03:30Z"), ["KF-1228"]);
    assert_eq!(incident("time", "08/11/2023"), ["KF-1220"]);
    assert!(incident("time", "٢٠٢٣-١١-٠٨T٠٣:٣٠[Asia/Damascus]").is_empty());
    assert_eq!(
        value_of("hazard-area", "window", "2023-11-08T03:50Z .. 2023-11-08T03:30Z"),
        Err(InputFault::WindowOrder)
    );
}

#[test]
fn coordinates_that_can_be_misread_are_refused() {
    assert!(incident("position", "34°27'08\"N 40°55'07\"E").is_empty());
    assert_eq!(incident("position", "34.4523, 40.9187"), ["KF-1231"]);
    assert_eq!(incident("position", "34.4523 40.9187"), ["KF-1230"]);
    assert_eq!(incident("position", "40.9187 E 34.4523 N"), ["KF-1230"]);
    assert_eq!(incident("position", "94.4523 N 40.9187 E"), ["KF-1232"]);
    assert_eq!(incident("position", "34°61'08\"N 40°55'07\"E"), ["KF-1232"]);
    assert_eq!(incident("position", "-34.4523 N 40.9187 E"), ["KF-1230"]);
    assert_eq!(incident("position", "34.45231234 N 40.9187 E"), ["KF-1230"]);
    let Ok(Value::Coordinate(point)) =
        value_of("incident-initial", "position", "34°27'08\"N 40°55'07\"E")
    else {
        panic!()
    };
    assert_eq!((point.latitude_udeg(), point.longitude_udeg()), (34_452_222, 40_918_611));
}

#[test]
fn exchanged_latitude_and_longitude_are_noticed_and_can_be_insisted_on() {
    // 51.4 N 35.7 E lies in Russia; exchanged it is Tehran.
    assert_eq!(incident("position", "51.4215 N 35.6944 E"), ["KF-1233"]);
    assert!(incident("position", "51.4215 N 35.6944 E checked").is_empty());
    // Far from everything either way: nothing to say.
    assert!(incident("position", "10.0 S 20.0 W").is_empty());
}

#[test]
fn places_are_found_by_any_spelling_and_held_against_their_coordinates() {
    assert!(incident("place", "Abu Kamal").is_empty());
    assert!(incident("place", "البو كمال @ 34.46 N 40.92 E").is_empty());
    assert_eq!(incident("place", "Atlantis"), ["KF-1241"]);
    assert_eq!(incident("place", "Abu Kamal @ 35.6944 N 51.4215 E"), ["KF-1243"]);
}

#[test]
fn names_and_codes_that_are_not_there_come_with_the_nearest() {
    let errors = read("line-test", &[("seriel", "N-1")]).unwrap_err();
    assert!(
        errors
            .iter()
            .any(|error| error.fault == InputFault::UnknownField { nearest: "serial".into() })
    );
    assert_eq!(incident("event", "march"), ["KF-1240"]);
    let error = Catalogue::builtin().find("incident").unwrap_err();
    assert_eq!(error.code(), "KF-1201");
    assert_eq!(
        Catalogue::builtin().find("line-tset").unwrap_err().fault,
        InputFault::UnknownForm { nearest: "line-test".into() }
    );
}

#[test]
fn missing_double_and_conditional_fields_are_named() {
    let codes = |inputs: &[(&str, &str)]| -> Vec<(String, &'static str)> {
        let errors = read("acknowledge", inputs).err().unwrap_or_default();
        errors.iter().map(|error| (error.field.clone(), error.code())).collect()
    };
    let base = [("role", "role-watch"), ("time", "2023-11-08T02:13Z")];
    let with = |more: &[(&'static str, &'static str)]| [base.as_slice(), more].concat();
    assert_eq!(codes(&base), [("level".into(), "KF-1204")]);
    assert_eq!(codes(&with(&[("level", "A2")])), []);
    assert_eq!(codes(&with(&[("level", "A5")])), [("scope".into(), "KF-1204")]);
    assert_eq!(codes(&with(&[("level", "A1")])), [("level".into(), "KF-1240")]);
    assert_eq!(
        codes(&with(&[("level", "A6"), ("answer", "answer-stand-by")])),
        [("until".into(), "KF-1204")]
    );
    assert_eq!(codes(&with(&[("level", "A2"), ("level", "A3")])), [("level".into(), "KF-1203")]);
}

#[test]
fn text_is_filtered_and_flash_is_short() {
    let text = |words: &str| {
        let inputs = [("subject", "subject-other"), ("reason", "none fits"), ("text", words)];
        read("free-text", &inputs).map_err(|errors| errors[0].code())
    };
    assert_eq!(text("north \u{202e}south").unwrap_err(), "KF-1103");
    assert_eq!(text("two\nrows").unwrap_err(), "KF-1105");
    assert_eq!(text(&"x".repeat(801)).unwrap_err(), "KF-1102");
    let long = text(&"x".repeat(795)).unwrap();
    assert_eq!(long.check_precedence(0).unwrap_err().code(), "KF-1250", "with its reason");
    assert_eq!(long.check_precedence(1), Ok(()));
    assert_eq!(text("short").unwrap().check_precedence(0), Ok(()));
}

#[test]
fn lists_keep_their_numbers() {
    let answers = value_of(
        "clarification-response",
        "answers",
        "3: not-our-forces | 1: declined: no-information",
    );
    let Ok(Value::Answers(answers)) = answers else { panic!("{answers:?}") };
    assert_eq!(answers[0].question, 1);
    assert_eq!(answers[1].reply, Reply::NotOurForces);
    let terms = value_of("proposal", "terms", "1: accepted | 2: amended: every hour");
    let Ok(Value::Terms(terms)) = terms else { panic!("{terms:?}") };
    assert_eq!(terms[1].position, Position::Amended);
    for wrong in ["accepted", "0: accepted", "1: accepted | 1: open", "1: amended", "1: yes", ""] {
        assert_eq!(value_of("proposal", "terms", wrong), Err(InputFault::List), "{wrong}");
    }
    assert_eq!(
        value_of("clarification-response", "answers", "1: declined: because").unwrap_err().code(),
        "KF-1240"
    );
}

#[test]
fn heights_and_distances_keep_their_units() {
    assert!(value_of("hazard-area", "heights", "ground to FL180").is_ok());
    assert!(value_of("hazard-area", "heights", "500 m agl to 12000 ft amsl").is_ok());
    for wrong in ["FL180", "FL180 to ground", "FL180 to FL090", "500 m to 600 m", "a to b"] {
        assert_eq!(value_of("hazard-area", "heights", wrong), Err(InputFault::Heights), "{wrong}");
    }
    let radius = |typed: &str| {
        value_of("hazard-area", "area", &format!("circle {typed} 34.4523 N 40.9187 E"))
    };
    assert_eq!(radius("6 km"), radius("6000 m"));
    assert_eq!(radius("1 nm"), radius("1852 m"));
    assert_eq!(radius("0 m"), Err(InputFault::Area));
    assert_eq!(radius("6 miles"), Err(InputFault::Area));
}

#[test]
fn what_was_typed_can_be_typed_again() {
    let book = Wordbook::builtin();
    for form in Catalogue::builtin().iter() {
        for example in form.examples() {
            let first = Filled::from_input(form, &example.inputs, example.language, book).unwrap();
            let again = crate::raw_rows(&first, Some(form));
            let second = Filled::from_input(form, &again, example.language, book).unwrap();
            assert_eq!(first, second, "{} {}", form.name(), example.name);
        }
    }
}

#[test]
fn an_error_repeats_nothing_that_was_typed() {
    let secret = "harbour secret";
    for name in ["event", "time", "position", "place", "killed-own", secret] {
        let mut all = vec![("event", "strike")];
        all.retain(|(known, _)| *known != name);
        all.push((name, secret));
        for error in read("incident-initial", &all).unwrap_err() {
            assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
            for language in Language::SPOKEN {
                let (message, advice) = error.explain(language);
                assert!(!message.is_empty() && !advice.is_empty());
                assert!(!format!("{message}{advice}").contains("secret"));
            }
        }
    }
}

#[test]
fn routes_are_points_in_order_with_times_that_grow() {
    let route = |typed| value_of("activity-flight", "route", typed);
    let sound = "34.4523 N 40.9187 E @ 2023-11-08T06:30[Asia/Damascus]; 34.6 N 41.0 E; \
                 34.7 N 41.2 E @ 2023-11-08T04:00Z";
    let Ok(Value::Route(points)) = route(sound) else { panic!("{:?}", route(sound)) };
    assert_eq!(points.len(), 3);
    assert!(points[0].when.is_some() && points[1].when.is_none());
    let written = crate::typed::typed(&Value::Route(points.clone()));
    assert_eq!(value_of("activity-flight", "route", &written), Ok(Value::Route(points)));
    for (wrong, fault) in [
        ("34.6 N 41.0 E; 34.6 N 41.0 E", InputFault::Route),
        ("34.6 N 41.0 E @ 2023-11-08T04:00Z; 34.7 N 41.0 E @ 2023-11-08T04:00Z", InputFault::Route),
        ("34.6 N 41.0 E @ tonight; 34.7 N 41.0 E", InputFault::TimeRelative),
        ("34.6, 41.0; 34.7 N 41.0 E", InputFault::CoordinateComma),
        ("", InputFault::Coordinate),
    ] {
        assert_eq!(route(wrong), Err(fault), "{wrong}");
    }
    // One point is a halt and no route: the form says how many it wants.
    let one = read("activity-flight", &[("route", "34.6 N 41.0 E")]).unwrap_err();
    assert!(one.iter().any(|error| error.field == "route" && error.code() == "KF-1237"));
    assert!(value_of("activity-movement", "halts", "34.6 N 41.0 E").is_ok());
}

#[test]
fn options_of_time_and_lists_of_serials_have_one_order() {
    let times = |typed| value_of("meeting", "times", typed);
    assert_eq!(
        times("2023-11-09T13:00Z; 2023-11-09T09:00Z"),
        times("2023-11-09T12:00[Asia/Damascus]; 2023-11-09T13:00Z").map(|value| match value {
            // The same seconds on another clock are another writing; put the clock aside.
            Value::Instants(times) => Value::Instants(
                times.iter().map(|t| crate::Instant::utc(t.unix_s()).unwrap()).collect()
            ),
            other => other,
        })
    );
    assert_eq!(times("2023-11-09T13:00Z; 2023-11-09T13:00Z"), Err(InputFault::List));
    let plates = |typed| value_of("humanitarian-movement", "plates", typed);
    assert_eq!(plates("887001, 123456; ٢٢٣٣"), plates("2233،123456,887001"));
    assert_eq!(plates("887001,,1"), Err(InputFault::Identifier));
}

#[test]
fn a_read_back_of_a_route_compares_points_and_seconds() {
    let original = "34.4523 N 40.9187 E @ 2023-11-08T03:30Z; 34.6 N 41.0 E";
    let same = "34.4523 N 40.9187 E @ 2023-11-08T06:30[Asia/Damascus]; 34.6 N 41.0 E";
    let other = "34.4523 N 40.9187 E @ 2023-11-08T03:31Z; 34.6 N 41.0 E";
    let form = Catalogue::builtin().by_name("activity-flight").unwrap();
    let filled = |typed: &str| Filled {
        form: form.id(),
        values: [(1, value_of("activity-flight", "route", typed).unwrap())].into(),
    };
    let outcome = |typed: &str| crate::compare(form, &filled(original), &filled(typed))[0].outcome;
    assert_eq!(outcome(same), crate::Outcome::Match);
    assert_eq!(outcome(other), crate::Outcome::Differs);
    assert_eq!(outcome("34.4523 N 40.9187 E; 34.6 N 41.0 E"), crate::Outcome::Differs);
}
