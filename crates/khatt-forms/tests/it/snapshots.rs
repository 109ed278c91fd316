//! Every example in every language as text, with its isolates made visible: one file a form.

use khatt_forms::Catalogue;

use crate::counts::rendered;
use crate::filled;

#[test]
fn renderings_are_as_reviewed() {
    for form in Catalogue::builtin().iter() {
        let mut shown = String::new();
        for (index, example) in form.examples().iter().enumerate() {
            for language in form.languages() {
                shown.push_str(&format!("--- {} {language}\n", example.name));
                shown.push_str(&rendered(form, &filled(form, index), language).shown());
            }
        }
        insta::assert_snapshot!(form.name(), visible(&shown));
    }
}

/// Isolates as brackets, and the no-break space as one can see it.
fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{2066}' => '⟨',
            '\u{2067}' => '⟪',
            '\u{2068}' => '⟦',
            '\u{2069}' => '⟩',
            '\u{a0}' => '·',
            c => c,
        })
        .collect()
}
