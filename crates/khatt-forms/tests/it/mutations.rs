//! The checks themselves are checked: a rendering that is spoilt in one place must be caught.

use khatt_forms::{
    Count, Filled, Isolate, Language, PieceKind, RenderError, Rendering, Value, Wordbook, compare,
    render, rendering_digest,
};

use crate::counts::{rendered, with_count};
use crate::{filled, form, visual};

fn incident(language: Language) -> Rendering {
    let form = form("incident-initial");
    rendered(form, &with_count(form, Count::Known(11)), language)
}

#[test]
fn a_dropped_isolate_is_caught_in_every_language() {
    for language in Language::ALL {
        let sound = incident(language);
        for at in 0..sound.headline.len() {
            let mut spoilt = sound.clone();
            if spoilt.headline[at].isolate == Isolate::None {
                continue;
            }
            spoilt.headline[at].isolate = Isolate::None;
            assert!(visual::check(&spoilt).is_err(), "{language} {at}");
            assert_ne!(spoilt.digest_input(), sound.digest_input());
        }
    }
}

#[test]
fn a_dropped_isolate_really_tears_a_coordinate_in_arabic() {
    // Not only the rule that each kind is isolated: the painted order itself is wrong without it.
    let bare = "الموقع: 34.4523 N 40.9187 E";
    let bidi = unicode_bidi::BidiInfo::new(bare, Some(unicode_bidi::Level::rtl()));
    let painted = bidi.reorder_line(&bidi.paragraphs[0], bidi.paragraphs[0].range.clone());
    assert!(!painted.contains("34.4523 N 40.9187 E"), "{painted}");
    let isolated = "الموقع: \u{2066}34.4523 N 40.9187 E\u{2069}";
    let bidi = unicode_bidi::BidiInfo::new(isolated, Some(unicode_bidi::Level::rtl()));
    let painted = bidi.reorder_line(&bidi.paragraphs[0], bidi.paragraphs[0].range.clone());
    assert!(painted.contains("34.4523 N 40.9187 E"), "{painted}");
}

#[test]
fn digits_of_another_language_are_caught() {
    for (language, other) in [
        (Language::Ar, Language::Fa),
        (Language::Fa, Language::Ar),
        (Language::Ar, Language::En),
        (Language::En, Language::Ar),
    ] {
        let mut spoilt = incident(language);
        let number =
            spoilt.headline.iter_mut().find(|piece| piece.kind == PieceKind::Number).unwrap();
        number.text = other.digits("11");
        assert!(visual::check(&spoilt).is_err(), "{language}");
    }
}

#[test]
fn latin_digits_beside_must_be_the_same_number() {
    let mut spoilt = incident(Language::Ar);
    let number = spoilt.headline.iter_mut().find(|piece| piece.kind == PieceKind::Number).unwrap();
    number.beside = Some("12".into());
    assert!(visual::check(&spoilt).is_err());
    let mut spoilt = incident(Language::Ar);
    let number = spoilt.headline.iter_mut().find(|piece| piece.kind == PieceKind::Number).unwrap();
    number.beside = None;
    assert!(visual::check(&spoilt).is_err());
}

#[test]
fn exchanged_values_change_the_digest() {
    let form = form("incident-initial");
    let book = Wordbook::builtin();
    let one = filled(form, 1);
    let digest = |filled: &Filled| rendering_digest(form, filled, &Language::ALL, book).unwrap();
    let mut swapped = one.clone();
    let own = form.field("killed-own").unwrap().number;
    let civilian = form.field("killed-civilian").unwrap().number;
    let (a, b) = (one.values[&own].clone(), one.values[&civilian].clone());
    swapped.values.insert(own, b);
    swapped.values.insert(civilian, a);
    assert_ne!(digest(&one), digest(&swapped));
    for language in Language::ALL {
        let (x, y) = (rendered(form, &one, language), rendered(form, &swapped, language));
        assert_ne!(x.digest_input(), y.digest_input());
    }
}

#[test]
fn the_digest_does_not_depend_on_the_order_of_languages() {
    let form = form("acknowledge");
    let book = Wordbook::builtin();
    let filled = filled(form, 0);
    let of = |languages: &[Language]| rendering_digest(form, &filled, languages, book).unwrap();
    let [en, ar, fa] = Language::ALL;
    assert_eq!(of(&[en, ar, fa]), of(&[fa, en, ar, en]));
    assert_ne!(of(&[en, ar]), of(&[en, ar, fa]));
}

#[test]
fn what_cannot_be_rendered_is_an_error_and_has_raw_rows() {
    let form = form("incident-initial");
    let book = Wordbook::builtin();
    let good = filled(form, 0);
    let place = form.field("place").unwrap().number;
    let mut unknown_place = good.clone();
    if let Some(Value::Place(place)) = unknown_place.values.get_mut(&place) {
        place.id = "gn:1".into();
    }
    assert_eq!(
        render(form, &unknown_place, Language::Ar, book),
        Err(RenderError::LocalPlaceUnknown("place".into()))
    );
    let mut steered = good.clone();
    let detail = form.field("detail").unwrap().number;
    if let Some(Value::Text(text)) = steered.values.get_mut(&detail) {
        text.text = "north \u{202e}south".into();
    }
    assert_eq!(
        render(form, &steered, Language::En, book),
        Err(RenderError::PeerUnfit { field: "detail".into(), code: "KF-1103" })
    );
    let raw = khatt_forms::raw_rows(&steered, Some(form));
    let shown = &raw.iter().find(|(name, _)| name == "detail").unwrap().1;
    assert_eq!(shown, "north \\u{202e}south");
    assert!(khatt_forms::raw_rows(&steered, None).iter().any(|(name, _)| name == "field 23"));
    assert!(matches!(
        render(crate::form("warning"), &good, Language::En, book),
        Err(RenderError::PeerOtherForm(_))
    ));
}

#[test]
fn a_read_back_is_compared_by_value() {
    use khatt_forms::Outcome::{Differs, Match, Missing};
    let form = form("incident-initial");
    let original = filled(form, 1);
    let outcomes = |read_back: &Filled| -> Vec<(String, khatt_forms::Outcome)> {
        compare(form, &original, read_back)
            .into_iter()
            .map(|field| (field.name, field.outcome))
            .collect()
    };
    assert!(outcomes(&original).iter().all(|(_, outcome)| *outcome == Match));
    assert_eq!(outcomes(&original).len(), original.critical(form).len());
    let set = |name: &str, typed: &str| {
        let mut inputs = form.examples()[1].inputs.clone();
        inputs.retain(|(known, _)| known != name);
        inputs.push((name.into(), typed.into()));
        Filled::from_input(form, &inputs, Language::En, Wordbook::builtin()).unwrap()
    };
    let of = |name: &str, typed: &str| {
        outcomes(&set(name, typed)).into_iter().find(|(known, _)| known == name).unwrap().1
    };
    // The same instant on another clock is the same instant.
    assert_eq!(of("time", "2023-11-08T00:30Z"), Match);
    assert_eq!(of("time", "2023-11-08T00:31Z"), Differs);
    assert_eq!(of("killed-own", "1/may-have; <=7/reported"), Match);
    assert_eq!(of("killed-own", "<=8"), Differs);
    assert_eq!(of("killed-own", "8"), Differs);
    let mut part = original.clone();
    part.values.remove(&form.field("position").unwrap().number);
    assert!(outcomes(&part).contains(&("position".into(), Missing)));
}

#[test]
fn arms_exchanged_in_a_form_file_are_caught_by_the_table_made_by_hand() {
    let source = include_str!("../../../../forms/incident-initial.toml");
    let spoilt =
        source.replace("[few]", "[tmp]").replace("[many]", "[few]").replace("[tmp]", "[many]");
    assert_ne!(source, spoilt);
    let sound = khatt_forms::Catalogue::parse(&[("incident-initial", source)]).unwrap();
    let wrong = khatt_forms::Catalogue::parse(&[("incident-initial", &spoilt)]).unwrap();
    let three = with_count(form("incident-initial"), Count::Known(3));
    let headline = |catalogue: &khatt_forms::Catalogue| {
        let form = catalogue.by_name("incident-initial").unwrap();
        rendered(form, &three, Language::Ar).headline_text()
    };
    let words = crate::counts::expected(Language::Ar)[&3].split(' ').next_back().unwrap();
    assert!(headline(&sound).contains(words));
    assert!(!headline(&wrong).contains(words));
    assert_ne!(
        sound.by_name("incident-initial").unwrap().hash(),
        wrong.by_name("incident-initial").unwrap().hash()
    );
}
