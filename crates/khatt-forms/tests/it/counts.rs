//! Counts in every form that has them: the numbers at which languages change their grammar.

use std::collections::BTreeMap;

use khatt_forms::{
    Catalogue, Claim, ClaimStatus, Count, FieldKind, Filled, Form, Language, Rendering, Value,
    Wordbook, render,
};

use crate::{filled, form, visual};

pub(crate) const COUNTS: [u32; 14] =
    [0, 1, 2, 3, 10, 11, 21, 99, 100, 101, 103, 111, 1_000, 1_000_000];

/// The first example of a form with this count in every field that counts.
pub(crate) fn with_count(form: &Form, count: Count) -> Filled {
    let mut filled = filled(form, 0);
    for field in form.fields() {
        let claim = Claim { count, status: ClaimStatus::Reported };
        match field.kind {
            FieldKind::Claims => {
                filled.values.insert(field.number, Value::Claims(vec![claim]));
            }
            FieldKind::Count => {
                filled.values.insert(field.number, Value::Count(count));
            }
            _ => {}
        }
    }
    filled
}

pub(crate) fn rendered(form: &Form, filled: &Filled, language: Language) -> Rendering {
    render(form, filled, language, Wordbook::builtin()).unwrap()
}

fn headline(count: Count, language: Language) -> String {
    let form = form("incident-initial");
    let text = rendered(form, &with_count(form, count), language).headline_text();
    text.replace(['\u{2066}', '\u{2068}', '\u{2069}'], "")
}

#[test]
fn every_form_with_every_count_is_painted_in_order() {
    for form in Catalogue::builtin().iter() {
        for n in COUNTS {
            let filled = with_count(form, Count::known(n));
            for language in form.languages() {
                let rendering = rendered(form, &filled, language);
                visual::check(&rendering)
                    .unwrap_or_else(|fault| panic!("{} {n} {language}: {fault}", form.name()));
            }
        }
        for count in [
            Count::Unknown,
            Count::AtMost(7),
            Count::AtLeast(3),
            Count::Range { lower: 2, upper: 5 },
        ] {
            for language in form.languages() {
                let rendering = rendered(form, &with_count(form, count), language);
                visual::check(&rendering)
                    .unwrap_or_else(|fault| panic!("{} {language}: {fault}", form.name()));
            }
        }
    }
}

#[test]
fn every_example_is_painted_in_order() {
    for form in Catalogue::builtin().iter() {
        for index in 0..form.examples().len() {
            let filled = filled(form, index);
            for language in form.languages() {
                let rendering = rendered(form, &filled, language);
                visual::check(&rendering)
                    .unwrap_or_else(|fault| panic!("{} {language}: {fault}", form.name()));
            }
        }
    }
}

/// Noun and verb that a number takes, by hand and not by the plural rules.
pub(crate) fn expected(language: Language) -> BTreeMap<u32, &'static str> {
    let rows: [(u32, [&str; 7]); 14] = [
        (
            0,
            [
                "None of",
                "لم يُقتل أحد",
                "هیچ‌کس از",
                "Погибших среди гражданских лиц нет",
                "Aucune personne tuée parmi les civils",
                "平民无人死亡",
                "לא נהרג איש מקרב האזרחים",
            ],
        ),
        (
            1,
            [
                "1 person among",
                "قُتل شخص واحد (١ [1])",
                "۱ [1] نفر از غیرنظامیان کشته شده است",
                "Погиб 1 человек среди граж",
                "1 personne tuée parmi les civils",
                "平民1人死亡",
                "נהרג אדם אחד (1) מקרב האזרחים",
            ],
        ),
        (
            2,
            [
                "2 people",
                "قُتل شخصان (٢ [2])",
                "۲ [2] نفر از غیرنظامیان کشته شده‌اند",
                "Погибли 2 человека среди граж",
                "2 personnes tuées parmi les civils",
                "平民2人死亡",
                "נהרגו שני בני אדם (2) מקרב האזרחים",
            ],
        ),
        (
            3,
            [
                "3 people",
                "٣ [3] أشخاص",
                "۳ [3] نفر از غیرنظامیان کشته شده‌اند",
                "Погибли 3 человека среди граж",
                "3 personnes tuées parmi les civils",
                "平民3人死亡",
                "נהרגו 3 בני אדם מקרב האזרחים",
            ],
        ),
        (
            10,
            [
                "10 people",
                "١٠ [10] أشخاص",
                "۱۰ [10] نفر",
                "Погибли 10 человек среди граж",
                "10 personnes tuées parmi les civils",
                "平民10人死亡",
                "נהרגו 10 בני אדם מקרב האזרחים",
            ],
        ),
        (
            11,
            [
                "11 people",
                "١١ [11] شخصًا",
                "۱۱ [11] نفر",
                "Погибли 11 человек среди граж",
                "11 personnes tuées parmi les civils",
                "平民11人死亡",
                "נהרגו 11 בני אדם מקרב האזרחים",
            ],
        ),
        (
            21,
            [
                "21 people",
                "٢١ [21] شخصًا",
                "۲۱ [21] نفر",
                "Погиб 21 человек среди граж",
                "21 personnes tuées parmi les civils",
                "平民21人死亡",
                "נהרגו 21 בני אדם מקרב האזרחים",
            ],
        ),
        (
            99,
            [
                "99 people",
                "٩٩ [99] شخصًا",
                "۹۹ [99] نفر",
                "Погибли 99 человек среди граж",
                "99 personnes tuées parmi les civils",
                "平民99人死亡",
                "נהרגו 99 בני אדם מקרב האזרחים",
            ],
        ),
        (
            100,
            [
                "100 people",
                "١٠٠ [100] شخص ",
                "۱۰۰ [100] نفر",
                "Погибли 100 человек среди граж",
                "100 personnes tuées parmi les civils",
                "平民100人死亡",
                "נהרגו 100 בני אדם מקרב האזרחים",
            ],
        ),
        (
            101,
            [
                "101 people",
                "١٠١ [101] شخص ",
                "۱۰۱ [101] نفر",
                "Погиб 101 человек среди граж",
                "101 personnes tuées parmi les civils",
                "平民101人死亡",
                "נהרגו 101 בני אדם מקרב האזרחים",
            ],
        ),
        (
            103,
            [
                "103 people",
                "١٠٣ [103] أشخاص",
                "۱۰۳ [103] نفر",
                "Погибли 103 человека среди граж",
                "103 personnes tuées parmi les civils",
                "平民103人死亡",
                "נהרגו 103 בני אדם מקרב האזרחים",
            ],
        ),
        (
            111,
            [
                "111 people",
                "١١١ [111] شخصًا",
                "۱۱۱ [111] نفر",
                "Погибли 111 человек среди граж",
                "111 personnes tuées parmi les civils",
                "平民111人死亡",
                "נהרגו 111 בני אדם מקרב האזרחים",
            ],
        ),
        (
            1_000,
            [
                "1000 people",
                "١٠٠٠ [1000] شخص ",
                "۱۰۰۰ [1000] نفر",
                "Погибли 1000 человек среди граж",
                "1000 personnes tuées parmi les civils",
                "平民1000人死亡",
                "נהרגו 1000 בני אדם מקרב האזרחים",
            ],
        ),
        (
            1_000_000,
            [
                "1000000 people",
                "١٠٠٠٠٠٠ [1000000] شخص ",
                "۱۰۰۰۰۰۰ [1000000] نفر",
                "Погибли 1000000 человек среди граж",
                "1000000 de personnes tuées parmi les civils",
                "平民1000000人死亡",
                "נהרגו 1000000 בני אדם מקרב האזרחים",
            ],
        ),
    ];
    let column = Language::ALL.iter().position(|&known| known == language).unwrap();
    rows.into_iter().map(|(n, row)| (n, row[column])).collect()
}

#[test]
fn each_number_takes_its_own_noun_and_verb() {
    for language in form("incident-initial").languages() {
        for (n, words) in expected(language) {
            let headline = headline(Count::known(n), language);
            assert!(headline.contains(words), "{n} {language}: {headline}");
        }
    }
}

#[test]
fn unknown_is_painted_as_unknown_and_never_as_none() {
    for (language, unknown, none) in [
        (Language::En, "unknown", "None of"),
        (Language::Ar, "غير معلوم", "لم يُقتل أحد"),
        (Language::Fa, "نامعلوم", "هیچ‌کس"),
        (Language::Ru, "неизвестно", "нет."),
        (Language::Fr, "inconnu", "Aucune"),
        (Language::Zh, "不明", "无人"),
        (Language::He, "לא ידוע", "לא נהרג"),
    ] {
        let headline = headline(Count::Unknown, language);
        assert!(headline.contains(unknown) && !headline.contains(none), "{headline}");
        assert!(!headline.contains("[0]"), "{headline}");
    }
}

#[test]
fn a_harm_count_left_out_is_painted_as_not_stated() {
    let form = form("incident-initial");
    let mut filled = filled(form, 0);
    let wounded = form.field("wounded-civilian").unwrap().number;
    filled.values.remove(&wounded);
    let row = |language| {
        let rendering = rendered(form, &filled, language);
        rendering.rows.iter().find(|row| row.field == wounded).unwrap().value_text()
    };
    assert!(row(Language::En).contains("not stated"));
    assert!(row(Language::Ar).contains("لم يُذكر"));
    assert!(row(Language::Fa).contains("ذکر نشده"));
    assert!(row(Language::Ru).contains("не указано"));
    assert!(row(Language::Fr).contains("non indiqué"));
    assert!(row(Language::Zh).contains("未说明"));
    assert!(row(Language::He).contains("לא צוין"));
}

#[test]
fn two_claims_are_shown_apart_and_never_added() {
    let form = form("incident-initial");
    let two = filled(form, 1);
    for language in form.languages() {
        let text = rendered(form, &two, language).plain();
        let row = rendered(form, &two, language)
            .rows
            .iter()
            .find(|row| row.name == "killed-own")
            .unwrap()
            .value_text();
        let seven = language.digits("7");
        let one = language.digits("1");
        assert!(row.contains(&seven) && row.contains(&one), "{row}");
        assert!(!row.contains(&language.digits("8")), "{row}");
        assert!(row.lines().count() == 3, "{row}");
        assert!(text.contains(&row));
    }
}

#[test]
fn the_desk_fixture_shows_both_days() {
    let form = form("incident-initial");
    let text = rendered(form, &filled(form, 0), Language::En).headline_text();
    assert!(text.contains("\u{2066}01:09\u{2069} local time"), "{text}");
    assert!(text.contains("Thursday \u{2066}7\u{2069} April \u{2066}2022"), "{text}");
    assert!(text.contains("2022-04-06T22:09Z"), "{text}");
    for (language, date) in [
        (Language::Ru, "четверг, \u{2066}7\u{2069} апреля \u{2066}2022\u{2069} года"),
        (Language::Fr, "jeudi \u{2066}7\u{2069} avril \u{2066}2022\u{2069}"),
        (Language::Zh, "\u{2066}2022\u{2069}年4月\u{2066}7\u{2069}日星期四"),
        (Language::He, "יום חמישי, \u{2066}7\u{2069} באפריל \u{2066}2022\u{2069}"),
    ] {
        let text = rendered(form, &filled(form, 0), language).headline_text();
        assert!(text.contains(date) && text.contains("2022-04-06T22:09Z"), "{text}");
    }
    let arabic = rendered(form, &filled(form, 0), Language::Ar).headline_text();
    assert!(arabic.contains("نيسان/أبريل") && arabic.contains("الخميس"), "{arabic}");
}
