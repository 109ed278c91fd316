//! What must hold of every form, whatever it says.

use std::collections::BTreeSet;

use khatt_forms::{
    Body, Catalogue, FieldKind, Filled, Glossary, Language, Wordbook, acknowledgement_banner,
    render, review_words,
};

use crate::{body, filled, form};

#[test]
fn every_example_renders_in_every_language_and_survives_its_encoding() {
    for form in Catalogue::builtin().iter() {
        for (index, example) in form.examples().iter().enumerate() {
            let filled = filled(form, index);
            for language in form.languages() {
                let rendering = render(form, &filled, language, Wordbook::builtin())
                    .unwrap_or_else(|error| panic!("{} {}: {error}", form.name(), example.name));
                assert!(rendering.plain().lines().count() > 2);
            }
            let body = body(form, filled, example.language);
            assert_eq!(Body::decode(&body.encode()), Ok(body));
        }
    }
}

#[test]
fn an_incident_with_its_usual_fields_fits_330_bytes() {
    let form = form("incident-initial");
    let inputs = [
        ("event", "indirect-fire"),
        ("time", "2022-04-07T01:09[Asia/Damascus]"),
        ("place", "Deir ez-Zor"),
        ("position", "35.3359 N 40.1408 E"),
        ("weapon", "weapon-rocket"),
        ("killed-own", "2"),
        ("killed-other", "unknown"),
        ("killed-civilian", "<=7"),
        ("status", "report-initial"),
        ("attribution", "attribution-not-established"),
        ("detail", &"x".repeat(80)),
    ];
    let inputs = inputs.map(|(name, typed)| (name.to_owned(), typed.to_owned()));
    let filled = Filled::from_input(form, &inputs, Language::En, Wordbook::builtin()).unwrap();
    let bytes = body(form, filled, Language::En).encode().len();
    assert!(bytes <= 330, "{bytes} bytes");
}

#[test]
fn every_code_of_a_form_has_its_caption_and_no_caption_is_idle() {
    let glossary = Glossary::builtin();
    let mut used: BTreeSet<&str> =
        ["operational-security", "no-authority", "no-information", "under-inquiry", "not-relevant"]
            .into();
    for form in Catalogue::builtin().iter() {
        for field in form.fields() {
            if !matches!(field.kind, FieldKind::Level(_)) {
                used.extend(field.codes());
            }
        }
    }
    for code in &used {
        for language in Language::ALL {
            assert!(glossary.caption(code, language).is_some(), "{code} {language}");
            assert!(glossary.gloss(code, language).is_some(), "{code} {language}");
        }
    }
    assert_eq!(glossary.codes().collect::<BTreeSet<_>>(), used);
}

/// Every string that is missing in any language: of forms, of codes in them, of places.
fn missing() -> Vec<String> {
    let book = Wordbook::builtin();
    let mut missing = Vec::new();
    for form in Catalogue::builtin().iter() {
        for language in Language::ALL {
            if !form.languages().any(|known| known == language) {
                missing.push(format!("form {} in {language}", form.name()));
            }
            for code in form.fields().iter().flat_map(khatt_forms::Field::codes) {
                let level = code.starts_with('A');
                if !level && book.glossary.caption(code, language).is_none() {
                    missing.push(format!("caption of {code} in {language}"));
                }
                if !level && book.glossary.gloss(code, language).is_none() {
                    missing.push(format!("gloss of {code} in {language}"));
                }
            }
        }
    }
    for place in book.gazetteer.iter() {
        for language in Language::ALL.into_iter().filter(|l| place.name_in(*l).is_none()) {
            missing.push(format!("name of {} in {language}", place.id));
        }
    }
    missing
}

#[test]
fn no_string_is_missing_in_any_language() {
    assert_eq!(missing(), Vec::<String>::new());
}

#[test]
fn glosses_are_literal_and_none_is_a_copy_of_another() {
    for form in Catalogue::builtin().iter() {
        for into in form.languages() {
            let mut seen = BTreeSet::new();
            let of_others = form.languages().filter(|of| *of != into);
            for gloss in of_others.filter_map(|of| form.gloss(of, into)) {
                // Two languages that say the same in the same words are few, and short.
                let copied = !seen.insert(gloss) && gloss.chars().count() > 100;
                assert!(!copied, "{} in {into}: {gloss}", form.name());
            }
        }
    }
}

#[test]
fn captions_of_one_field_can_be_told_apart() {
    let glossary = Glossary::builtin();
    for form in Catalogue::builtin().iter() {
        for field in form.fields() {
            for language in form.languages() {
                let captions: BTreeSet<_> =
                    field.codes().iter().map(|code| glossary.caption(code, language)).collect();
                let levels = matches!(field.kind, FieldKind::Level(_));
                assert!(levels || captions.len() == field.codes().len(), "{}", field.name);
            }
        }
    }
}

#[test]
fn every_form_says_that_its_wording_is_not_reviewed() {
    for form in Catalogue::builtin().iter() {
        for language in form.languages() {
            let shown = render(form, &filled(form, 0), language, Wordbook::builtin()).unwrap();
            assert_eq!(form.review(language), "unreviewed");
            assert!(
                shown.shown().ends_with(&format!("{}\n", review_words("unreviewed", language)))
            );
        }
    }
}

#[test]
fn acknowledgements_and_read_backs_say_what_they_are_not() {
    for name in ["acknowledge", "read-back"] {
        let form = form(name);
        for (language, word) in [
            (Language::En, "clearance"),
            (Language::Ar, "إذنًا"),
            (Language::Fa, "مجوز"),
            (Language::Ru, "разрешения"),
            (Language::Fr, "autorisation"),
            (Language::Zh, "许可"),
            (Language::He, "היתר"),
        ] {
            for index in 0..form.examples().len() {
                let shown = render(form, &filled(form, index), language, Wordbook::builtin());
                assert!(shown.unwrap().headline_text().contains(word), "{name} {language}");
            }
            assert!(acknowledgement_banner(language).contains(word));
        }
    }
}

#[test]
fn every_wording_has_a_gloss_in_every_other_language() {
    for form in Catalogue::builtin().iter() {
        for of in form.languages() {
            for other in form.languages() {
                assert_eq!(form.gloss(of, other).is_some(), of != other, "{}", form.name());
            }
        }
    }
}

#[test]
fn a_form_file_that_lacks_anything_is_refused() {
    let sound = include_str!("../../../../forms/concluded.toml");
    let parse = |text: &str| Catalogue::parse(&[("concluded", text)]);
    assert!(parse(sound).is_ok());
    for (from, to) in [
        ("[title]\nen = \"Activity concluded\"\n", "[title]\n"),
        ("he = \"הפעילות הסתיימה\"\n", ""),
        ("zh = \"结束时间\"\n", ""),
        ("fa = \"unreviewed\"", "fa = \"\""),
        ("[gloss.fa]", "[gloss.tr]"),
        ("\n[gloss.he]\n", "\n[gloss.he]\ntr = \"x\"\n"),
        ("{ $message }", "{ $massage }"),
        ("kind = \"instant\"", "kind = \"moment\""),
        ("number = 2", "number = 1"),
        ("precedence = \"immediate\"", "precedence = \"soon\""),
        ("intent", "intention"),
        ("[[example]]", "[[sample]]"),
    ] {
        assert!(sound.contains(from), "{from}");
        assert!(parse(&sound.replacen(from, to, 1)).is_err(), "{from}");
    }
    let twice = Catalogue::parse(&[("a", sound), ("b", sound)]);
    assert!(twice.is_err(), "one number, two files");
    let changed = parse(&sound.replacen("Activity", "The activity", 1)).unwrap();
    let hash = |catalogue: &Catalogue| catalogue.by_name("concluded").unwrap().hash();
    assert_ne!(hash(&changed), hash(&parse(sound).unwrap()));
    assert_eq!(hash(&parse(sound).unwrap()), form("concluded").hash());
}
