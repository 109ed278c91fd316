use proptest::prelude::*;

use super::*;

fn sheets() -> Vec<(&'static Form, Sheet)> {
    let book = Wordbook::builtin();
    let mut all = Vec::new();
    for form in Catalogue::builtin().iter() {
        for example in form.examples() {
            let filled = Filled::from_input(form, &example.inputs, example.language, book).unwrap();
            let languages: Vec<Language> = form.languages().collect();
            let sheet = Sheet::new(form, filled, example.language, &languages, book);
            all.push((form, sheet.unwrap_or_else(|e| panic!("{} {e:?}", form.name()))));
        }
    }
    all
}

fn read_back(text: &str) -> Result<Sheet, Vec<InputError>> {
    Sheet::read(text, Catalogue::builtin(), Wordbook::builtin())
}

#[test]
fn every_example_of_every_form_comes_back_from_paper_with_the_same_digest() {
    for (form, sheet) in sheets() {
        let text = sheet.text(form, Wordbook::builtin());
        let again = read_back(&text).unwrap_or_else(|e| panic!("{} {e:?}", form.name()));
        assert_eq!(again, sheet, "{}", form.name());
    }
}

#[test]
fn the_rows_of_the_specification_are_those_of_the_worked_example() {
    let spec = include_str!("../../../../spec/sheet.md");
    let form = Catalogue::builtin().by_name("hazard-area").unwrap();
    let example = &form.examples()[0];
    let book = Wordbook::builtin();
    let filled = Filled::from_input(form, &example.inputs, example.language, book).unwrap();
    let languages = [Language::En, Language::Ar, Language::Fa];
    let sheet = Sheet::new(form, filled, example.language, &languages, book).unwrap();
    let text = sheet.text(form, book);
    let lines: Vec<&str> = text.lines().collect();
    for line in [lines[0], lines[1], lines[lines.len() - 1]] {
        assert!(spec.contains(&format!("\n{line}\n")), "{line}");
    }
}

#[test]
fn digits_and_spaces_may_be_typed_as_the_officer_is_used_to() {
    let (form, sheet) = sheets().remove(0);
    let text = sheet.text(form, Wordbook::builtin());
    let other: String = text
        .lines()
        .map(|line| {
            let (number, rest) = line.split_once(' ').unwrap();
            let at = if number == "=" { rest.len() } else { 7 };
            let (digits, notation) = rest.split_at(at);
            format!(" {number}  {} {notation} \n", Language::Fa.digits(&digits.replace(' ', "")))
        })
        .collect();
    assert_eq!(read_back(&other), Ok(sheet));
}

#[test]
fn every_wrong_character_at_every_place_of_a_row_is_told_by_that_row() {
    // Not a sample: each place of each row of two sheets against each of these characters.
    let wrong: Vec<char> = "0123456789abcXYZ NSEW.;:-/[]@|٣۳اآیيגжé中\u{10ffff}".chars().collect();
    for (form, sheet) in sheets().into_iter().step_by(17) {
        for row in sheet.rows(form, Wordbook::builtin()) {
            let chars: Vec<char> = row.notation.chars().collect();
            for at in 0..chars.len() {
                for &c in wrong.iter().filter(|&&c| c != chars[at]) {
                    let mut spoilt = chars.clone();
                    spoilt[at] = c;
                    let spoilt: String = spoilt.into_iter().collect();
                    if plain(&spoilt) == plain(&row.notation) {
                        continue;
                    }
                    // Composition may join a mark to its neighbour; then it is no single change.
                    let single = plain(&spoilt).chars().count() == chars.len();
                    let told = check_digits(row.number, &spoilt) != row.digits;
                    assert!(told || !single, "{} {:?} at {at}", row.notation, c);
                }
            }
        }
    }
}

#[test]
fn a_wrong_row_is_named_and_a_missing_or_exchanged_one_is_caught() {
    let form = Catalogue::builtin().by_name("hazard-area").unwrap();
    let (_, sheet) = sheets().into_iter().find(|(known, _)| known.id() == form.id()).unwrap();
    let text = sheet.text(form, Wordbook::builtin());
    let codes = |text: &str| -> Vec<(String, &'static str)> {
        let errors = read_back(text).unwrap_err();
        errors.iter().map(|error| (error.field.clone(), error.code())).collect()
    };
    let spoilt = text.replacen("34.4523", "34.4533", 1);
    assert_eq!(codes(&spoilt), [("row 1".to_owned(), "KF-1261")]);
    // A row for another field, or with another row's digits, is not taken for this one.
    let exchanged = text.replacen("\n5 ", "\n9 ", 1).replacen("\n6 ", "\n5 ", 1);
    assert_eq!(codes(&exchanged).len(), 2);
    let line = |n: &str| text.lines().find(|line| line.starts_with(n)).unwrap().to_owned();
    let without_place = text.replacen(&format!("{}\n", line("7 ")), "", 1);
    assert_eq!(codes(&without_place), [("row =".to_owned(), "KF-1262")]);
    let without_end = text.replacen(&format!("{}\n", line("= ")), "", 1);
    assert_eq!(codes(&without_end), [("row =".to_owned(), "KF-1262")]);
    let without_head = text.replacen(&format!("{}\n", line("0 ")), "", 1);
    assert_eq!(codes(&without_head), [("row 0".to_owned(), "KF-1263")]);
    assert_eq!(codes("hello\n"), [("row ? 1".to_owned(), "KF-1260")]);
    assert_eq!(codes(&format!("{text}{}\n", line("5 "))), [("row 5".to_owned(), "KF-1203")]);
}

#[test]
fn a_point_far_from_everywhere_comes_back_too() {
    let form = Catalogue::builtin().by_name("persons").unwrap();
    let book = Wordbook::builtin();
    let mut inputs = form.examples()[0].inputs.clone();
    inputs.retain(|(name, _)| name != "position");
    inputs.push(("position".into(), "40.9187 N 34.4523 E checked".into()));
    let filled = Filled::from_input(form, &inputs, Language::En, book).unwrap();
    let sheet = Sheet::new(form, filled, Language::En, &[Language::En], book).unwrap();
    assert_eq!(read_back(&sheet.text(form, book)), Ok(sheet));
}

proptest! {
    #[test]
    fn one_wrong_character_never_leaves_the_digits_as_they_were(
        text in "\\PC{1,80}",
        at in any::<prop::sample::Index>(),
        other in any::<char>(),
        number in any::<u8>(),
    ) {
        // Planes above 3 hold no character that text may have.
        prop_assume!(text.chars().chain([other]).all(|c| u32::from(c) < 0x4_0000));
        let chars: Vec<char> = plain(&text).chars().collect();
        prop_assume!(!chars.is_empty());
        let at = at.index(chars.len());
        let mut spoilt = chars.clone();
        spoilt[at] = other;
        let spoilt: String = spoilt.into_iter().collect();
        let spoilt_chars: Vec<char> = plain(&spoilt).chars().collect();
        prop_assume!(spoilt_chars.len() == chars.len() && spoilt_chars != chars);
        // Composition can change a neighbour as well; the promise is for one character.
        prop_assume!(spoilt_chars.iter().zip(&chars).filter(|(a, b)| a != b).count() == 1);
        prop_assert_ne!(check_digits(number, &spoilt), check_digits(number, &text));
        prop_assert_ne!(check_digits(number, &text), check_digits(number.wrapping_add(1), &text));
    }

    #[test]
    fn no_typed_sheet_panics(text in "[0-9=#a-z .\\n٠-٩|;:/-]{0,200}") {
        let _ = read_back(&text);
    }
}
