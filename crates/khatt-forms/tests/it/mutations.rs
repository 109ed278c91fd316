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
    for language in form("incident-initial").languages() {
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
        (Language::Ru, Language::Ar),
        (Language::He, Language::Fa),
        (Language::Zh, Language::Ar),
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
    for language in form.languages() {
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
    let [en, ar, fa, ..] = Language::ALL;
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

/// A form file with two arms of one language exchanged.
fn with_arms_exchanged(source: &str, language: Language, a: &str, b: &str) -> String {
    let start = source.find(&format!("\n{language} = '''\n")).unwrap() + 10;
    let end = start + source[start..].find("'''").unwrap();
    let wording = source[start..end]
        .replace(&format!("[{a}]"), "[tmp]")
        .replace(&format!("[{b}]"), &format!("[{a}]"))
        .replace("[tmp]", &format!("[{b}]"));
    format!("{}{wording}{}", &source[..start], &source[end..])
}

#[test]
fn arms_exchanged_in_any_language_are_caught_by_the_table_made_by_hand() {
    let source = include_str!("../../../../forms/incident-initial.toml");
    for (language, a, b) in [
        (Language::En, "one", "other"),
        (Language::En, "none", "unknown"),
        (Language::Ar, "few", "many"),
        (Language::Ar, "one", "two"),
        (Language::Ar, "many", "other"),
        (Language::Fa, "one", "other"),
        (Language::Fa, "none", "one"),
        (Language::Ru, "one", "few"),
        (Language::Ru, "few", "many"),
        (Language::Fr, "one", "other"),
        (Language::Fr, "many", "other"),
        (Language::Zh, "none", "other"),
        (Language::He, "one", "two"),
        (Language::He, "two", "other"),
    ] {
        let spoilt = with_arms_exchanged(source, language, a, b);
        assert_ne!(source, spoilt);
        let wrong = khatt_forms::Catalogue::parse(&[("incident-initial", &spoilt)]).unwrap();
        let wrong = wrong.by_name("incident-initial").unwrap();
        let fits = crate::counts::expected(language).into_iter().all(|(n, words)| {
            let filled = with_count(wrong, Count::known(n));
            let text = rendered(wrong, &filled, language).headline_text();
            text.replace(['\u{2066}', '\u{2068}', '\u{2069}'], "").contains(words)
        });
        assert!(!fits, "{language}: {a} and {b} exchanged");
        assert_ne!(wrong.hash(), form("incident-initial").hash());
    }
}

#[test]
fn tokens_exchanged_in_a_wording_change_every_digest_of_that_language() {
    let source = include_str!("../../../../forms/incident-initial.toml");
    let filled = filled(form("incident-initial"), 2);
    let book = Wordbook::builtin();
    for language in Language::ALL {
        let start = source.find(&format!("\n{language} = '''\n")).unwrap() + 10;
        let end = start + source[start..].find("'''").unwrap();
        let wording = source[start..end]
            .replace("{ $killed-own }", "{ $tmp }")
            .replace("{ $killed-other }", "{ $killed-own }")
            .replace("{ $tmp }", "{ $killed-other }");
        let spoilt = format!("{}{wording}{}", &source[..start], &source[end..]);
        // A field that may be absent where another's arm paints it is refused; a required one is not.
        let wrong = khatt_forms::Catalogue::parse(&[("incident-initial", &spoilt)]).unwrap();
        let wrong = wrong.by_name("incident-initial").unwrap();
        let of = |form| rendering_digest(form, &filled, &[language], book).unwrap();
        assert_ne!(of(wrong), of(form("incident-initial")), "{language}");
    }
}

#[test]
fn a_form_that_lacks_a_language_of_the_line_is_not_rendered_by_guess() {
    let source = include_str!("../../../../forms/concluded.toml");
    // Rows of Hebrew, its gloss table, and its wording: all of it, so that six whole ones are left.
    let (before, rest) = source.split_once("\n[gloss.he]\n").unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    let text: String = format!("{before}\n{after}")
        .lines()
        .scan(false, |in_wording, row| {
            let starts = row == "he = '''";
            let hebrew = *in_wording || starts || row.starts_with("he = ");
            *in_wording = starts || (*in_wording && row != "'''");
            Some(if hebrew { String::new() } else { format!("{row}\n") })
        })
        .collect();
    let catalogue = khatt_forms::Catalogue::parse(&[("concluded", &text)]).unwrap();
    let six = catalogue.by_name("concluded").unwrap();
    assert_eq!(six.languages().count(), 6);
    let filled = filled(form("concluded"), 0);
    let book = Wordbook::builtin();
    assert!(render(six, &filled, Language::Ru, book).is_ok());
    assert_eq!(
        render(six, &filled, Language::He, book),
        Err(RenderError::LocalWordingMissing(Language::He))
    );
    assert_eq!(
        rendering_digest(six, &filled, &[Language::En, Language::He], book),
        Err(RenderError::LocalWordingMissing(Language::He))
    );
}
