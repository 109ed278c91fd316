use super::*;
use crate::{Catalogue, Glossary, Wordbook, level_words};

/// Everything that Khatt itself says in a language: titles, labels, headlines, captions, words.
fn our_words(language: Language) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let book = Wordbook::builtin();
    for form in Catalogue::builtin().iter() {
        if !form.languages().any(|known| known == language) {
            continue;
        }
        all.push((form.name().to_owned(), form.title(language).to_owned()));
        for field in form.fields() {
            all.push((format!("{} {}", form.name(), field.name), field.label(language).to_owned()));
        }
        for example in form.examples() {
            let read = crate::Filled::from_input(form, &example.inputs, example.language, book);
            let rendering = crate::render(form, &read.unwrap(), language, book).unwrap();
            let wording = rendering.headline.iter().filter(|piece| {
                !matches!(piece.kind, crate::PieceKind::FreeText | crate::PieceKind::Identifier)
            });
            let wording: String = wording.map(|piece| &*piece.text).collect();
            all.push((format!("{} headline", form.name()), wording));
        }
    }
    let glossary = Glossary::builtin();
    for code in glossary.codes() {
        if let Some(caption) = glossary.caption(code, language) {
            all.push((code.to_owned(), caption.to_owned()));
        }
    }
    for n in 0..=6 {
        all.push(("ladder".into(), level_words(crate::Level::new(n).unwrap(), language).into()));
    }
    all
}

#[test]
fn every_trap_has_its_rule_in_the_languages_that_advice_is_spoken_in() {
    assert_eq!(traps().count(), 13);
    for trap in traps() {
        for language in [Language::En, Language::Ar, Language::Fa] {
            let caution = Caution { trap, word: "" };
            assert!(TRAPS[trap].rule.contains_key(language.tag()), "{trap} {language}");
            assert!(caution.rule(language).chars().count() > 40, "{trap} {language}");
            assert!(!trap_words(trap, language).is_empty(), "{trap} {language}");
        }
        for tag in TRAPS[trap].rule.keys() {
            assert!(Language::from_tag(tag).is_some(), "{trap} {tag}");
        }
    }
}

#[test]
fn every_word_of_every_trap_is_found_in_a_sentence_and_between_other_words_only() {
    for trap in traps() {
        for language in Language::ALL {
            for word in trap_words(trap, language) {
                let sentence = format!("12 {word}, 7.");
                let found = cautions(&sentence, language);
                assert!(found.iter().any(|c| c.trap == trap && c.word == word), "{trap} {word}");
                if language == Language::En {
                    let inside = cautions(&format!("x{word}x"), language);
                    assert!(inside.iter().all(|c| c.word != word), "{word}");
                }
            }
        }
    }
    assert_eq!(cautions("Two rounds struck near the store.", Language::En), []);
}

#[test]
fn the_words_of_the_reports_are_noticed_as_they_were_written() {
    let traps = |text, language| -> Vec<&str> {
        let mut traps: Vec<_> = cautions(text, language).iter().map(|c| c.trap).collect();
        traps.dedup();
        traps
    };
    assert_eq!(traps("The marches struck the base.", Language::En), ["drone"]);
    // With and without vowel signs, and with the article and a particle in front.
    assert_eq!(traps("وبالمسيّرات أيضًا", Language::Ar), ["drone"]);
    assert_eq!(traps("طلب من الحزب", Language::Ar), ["the-party"]);
    assert_eq!(traps("no CASUALTIES reported", Language::En), ["casualties"]);
    assert_eq!(traps("تلفات سنگین", Language::Fa), ["casualties"]);
}

#[test]
fn khatts_own_wording_keeps_away_from_the_words_that_it_can_avoid() {
    let mut found = Vec::new();
    for language in Language::ALL {
        for (place, text) in our_words(language) {
            for caution in cautions(&text, language) {
                if is_avoided(caution.trap) {
                    found.push(format!("{place} in {language}: {}", caution.word));
                }
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn each_trap_has_a_field_a_form_or_a_code_in_its_place() {
    let catalogue = Catalogue::builtin();
    let field =
        |form: &str, name: &str| catalogue.by_name(form).unwrap().field(name).unwrap().clone();
    let captions = |codes: &[&str], language| -> Vec<&str> {
        codes.iter().map(|code| Glossary::builtin().caption(code, language).unwrap()).collect()
    };
    let apart = |codes: &[&str]| {
        for language in [Language::En, Language::Ar, Language::Fa] {
            let mut all = captions(codes, language);
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), codes.len(), "{codes:?} {language}");
        }
    };
    // casualties: killed, wounded and missing are fields of their own wherever people are counted.
    for form in ["incident-initial", "persons"] {
        let form = catalogue.by_name(form).unwrap();
        let harm: Vec<&str> =
            form.fields().iter().filter(|f| f.harm).map(|f| f.name.as_str()).collect();
        for kind in ["killed", "wounded", "missing"] {
            assert!(harm.iter().any(|name| name.starts_with(kind)), "{} {kind}", form.name());
        }
        assert!(harm.iter().all(|name| {
            ["killed", "wounded", "missing"].iter().any(|kind| name.starts_with(kind))
        }));
    }
    // rocket and missile, drone: classes of the weapon field.
    let weapons = field("incident-initial", "weapon");
    for code in ["weapon-rocket", "weapon-missile-ballistic", "weapon-drone-armed"] {
        assert!(weapons.codes().contains(&code));
    }
    apart(&[
        "weapon-rocket",
        "weapon-missile-ballistic",
        "weapon-missile-other",
        "weapon-drone-armed",
    ]);
    // The Arabic drone is written with the sign that tells it from a march.
    assert!(
        captions(&["weapon-drone-armed", "craft-drone"], Language::Ar)
            .iter()
            .all(|caption| caption.contains("مسيّرة"))
    );
    // the party, armed groups: a neutral caption, and no label of a side.
    assert!(field("persons", "holder").codes().contains(&"holder-armed-group"));
    // warning, demand, notice: three forms with three titles in each language.
    for language in [Language::En, Language::Ar, Language::Fa] {
        let titles = ["warning", "demand", "activity-exercise"]
            .map(|name| catalogue.by_name(name).unwrap().title(language));
        assert!(titles[0] != titles[1] && titles[1] != titles[2] && titles[0] != titles[2]);
    }
    // guarantee and assurance: a required field says how binding.
    let binding = catalogue.by_name("assurance").unwrap();
    assert!(
        binding.fields().iter().any(|f| f.required && f.codes().contains(&"binding-guarantee"))
    );
    apart(&["binding-statement", "binding-assurance", "binding-guarantee"]);
    // acknowledge: a step of the ladder and never the bare word.
    assert!(matches!(field("acknowledge", "level").kind, FieldKind::Level(_)));
    // ceasefire, truce, pause: coded.
    apart(&["passage-pause", "passage-truce", "passage-ceasefire"]);
    // contested names: every spelling is one place, and each language reads its own name.
    let gazetteer = crate::Gazetteer::builtin();
    for spelling in trap_words("contested-name", Language::En) {
        let found = gazetteer.find(spelling);
        assert_eq!(found.len(), 1, "{spelling}");
        assert_eq!(found[0].id, "kh:gulf");
    }
    // all, any, at once; next Monday: a demand has its time, and relative times are refused.
    assert!(field("demand", "by-when").required);
    for word in ["tonight", "tomorrow", "next monday"] {
        let demand = catalogue.by_name("demand").unwrap();
        let inputs = vec![("by-when".to_owned(), word.to_owned())];
        let errors = crate::Filled::from_input(demand, &inputs, Language::En, Wordbook::builtin());
        assert!(errors.unwrap_err().iter().any(|error| error.code() == "KF-1221"), "{word}");
    }
    // deconfliction: no form says it; where and when are fields.
    assert!(matches!(field("hazard-area", "area").kind, FieldKind::Area));
}

#[test]
fn only_free_text_is_looked_at() {
    let form = Catalogue::builtin().by_name("incident-initial").unwrap();
    let inputs = [("detail", "casualties"), ("weapon", "rocket")]
        .map(|(name, typed)| (name.to_owned(), typed.to_owned()));
    let found = input_cautions(form, &inputs, Language::En);
    assert_eq!(found, [Caution { trap: "casualties", word: "casualties" }]);
}
