use super::cases::{Plural, categories, plural};
use super::*;

fn field(number: u8, name: &str, kind: FieldKind, required: bool) -> Field {
    Field {
        number,
        name: name.into(),
        unknown_allowed: matches!(kind, FieldKind::Count | FieldKind::Claims),
        kind,
        required,
        critical: false,
        harm: false,
        required_when: None,
        labels: BTreeMap::new(),
    }
}

fn fields() -> Vec<Field> {
    vec![
        field(1, "killed", FieldKind::Count, true),
        field(2, "note", FieldKind::Text(80), false),
        field(3, "kind", FieldKind::Code(vec!["strike".into(), "crash".into()]), true),
    ]
}

fn refused(source: &str, language: Language) -> WordingError {
    Wording::compile(source, language, &fields()).unwrap_err()
}

#[test]
fn plural_categories_are_those_of_the_design_table() {
    use Plural::{Few, Many, One, Other, Two, Zero};
    let numbers = [0, 1, 2, 3, 10, 11, 21, 100, 101, 103];
    let of = |language| numbers.map(|n| plural(language, n));
    assert_eq!(of(Language::Ar), [Zero, One, Two, Few, Few, Many, Many, Other, Other, Few]);
    assert_eq!(plural(Language::Ar, 111), Many);
    assert_eq!(plural(Language::Ar, 1000), Other);
    assert_eq!(
        of(Language::Fa),
        [One, One, Other, Other, Other, Other, Other, Other, Other, Other]
    );
    let categories = [Many, One, Few, Few, Many, Many, One, Many, One, Few];
    assert_eq!(of(Language::Ru), categories);
    assert_eq!(plural(Language::Ru, 111), Many);
    let categories = [One, One, Other, Other, Other, Other, Other, Other, Other, Other];
    assert_eq!(of(Language::Fr), categories);
    assert_eq!(plural(Language::Fr, 1_000_000), Many);
    assert_eq!(plural(Language::Fr, 1_000_001), Other);
    assert_eq!(of(Language::Zh), [Other; 10]);
    let categories = [Other, One, Two, Other, Other, Other, Other, Other, Other, Other];
    assert_eq!(of(Language::He), categories);
    assert_eq!(plural(Language::He, 20), Other, "many in old data");
    assert_eq!(
        of(Language::En),
        [Other, One, Other, Other, Other, Other, Other, Other, Other, Other]
    );
}

#[test]
fn no_number_falls_outside_the_categories_that_arms_must_cover() {
    for language in Language::ALL {
        let covered = categories(language);
        let mut met = BTreeSet::new();
        for n in (1..3_000).chain([1_000_000, 100_000_000]) {
            let category = plural(language, n);
            assert!(covered.contains(&category), "{language} {n}");
            met.insert(category);
        }
        assert_eq!(met.len(), covered.len(), "{language} has an arm that no number reaches");
    }
}

#[test]
fn a_harm_count_without_its_zero_arm_is_refused() {
    let source = "headline = { $killed ->\n [unknown] a\n [range] b\n [at-most] c\n \
                  [at-least] d\n [one] e\n *[other] f\n }\n";
    assert_eq!(
        refused(source, Language::En),
        WordingError::LocalMissingArm { field: "killed".into(), arm: "none".into() }
    );
}

#[test]
fn a_missing_plural_form_is_refused_in_the_language_that_has_it() {
    let source = "headline = { $killed ->\n [none] z\n [unknown] a\n [range] b\n [at-most] c\n \
                  [at-least] d\n [one] e\n *[other] f\n }\n";
    assert!(Wording::compile(source, Language::En, &fields()).is_ok());
    assert_eq!(
        refused(source, Language::Ar),
        WordingError::LocalMissingArm { field: "killed".into(), arm: "two".into() }
    );
}

#[test]
fn what_may_be_missing_or_is_not_there_is_refused() {
    assert_eq!(
        refused("headline = { $note }\n", Language::En),
        WordingError::LocalMayBeAbsent("note".into())
    );
    assert_eq!(
        refused("headline = { $nothing }\n", Language::En),
        WordingError::LocalUnknownField("nothing".into())
    );
    assert_eq!(
        refused("headline = { $killed-lower }\n", Language::En),
        WordingError::LocalOutsideRange("killed-lower".into())
    );
    assert_eq!(
        refused("headline = { headline }\n", Language::En),
        WordingError::LocalUnknownMessage("headline".into())
    );
    assert_eq!(
        refused("headline = { NUMBER($killed) }\n", Language::En),
        WordingError::LocalFeature
    );
    assert_eq!(
        refused("headline = { $kind ->\n [strike] a\n *[other] b\n }\n", Language::En),
        WordingError::LocalUselessArm { field: "kind".into(), arm: "other".into() }
    );
    assert_eq!(refused("other = a\n", Language::En), WordingError::LocalHeadlineMissing);
    assert_eq!(refused("headline = { $killed\n", Language::En), WordingError::LocalSyntax);
}

/// Numbers at which rules change, and their neighbours, up to the greatest count.
fn telling_numbers() -> Vec<u32> {
    let powers = (1..=8).map(|power| 10_u32.pow(power));
    let multiples = powers.flat_map(|power| (1..=30).map(move |n| n * power));
    let around = multiples.flat_map(|n| n.saturating_sub(25)..=n.saturating_add(25));
    let mut all: Vec<u32> = (1..=2_500).chain(around).collect();
    all.retain(|n| (1..=crate::value::MAX_COUNT).contains(n));
    all.sort_unstable();
    all.dedup();
    all
}

#[test]
fn plural_categories_are_written_down_for_an_independent_check() {
    let mut text = String::new();
    for language in Language::ALL {
        for n in telling_numbers() {
            text.push_str(&format!("{language} {n} {}\n", plural(language, n).key()));
        }
    }
    assert!(text.lines().count() > 20_000);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/interop");
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(format!("{folder}/plurals.txt"), text).unwrap();
}

#[test]
fn the_plural_rules_written_here_are_the_librarys() {
    // `plural` itself compares in a build with debug assertions; here are the numbers.
    let around = (0..9).map(|power| 10_u32.pow(power));
    let around = around.flat_map(|n| n.saturating_sub(25)..n + 125);
    for n in (0..3_000).chain(around).chain([u32::MAX, 2_000_000, 3_000_011]) {
        for language in Language::ALL {
            let _ = plural(language, n);
        }
    }
}
