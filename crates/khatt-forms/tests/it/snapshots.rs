//! Every example in every language as text, with its isolates made visible.

use khatt_forms::{Catalogue, Language};

use crate::counts::rendered;
use crate::filled;

#[test]
fn renderings_are_as_reviewed() {
    for form in Catalogue::builtin().iter() {
        for (index, example) in form.examples().iter().enumerate() {
            for language in Language::ALL {
                let rendering = rendered(form, &filled(form, index), language);
                let shown: String = rendering
                    .shown()
                    .chars()
                    .map(|c| match c {
                        '\u{2066}' => '⟨',
                        '\u{2067}' => '⟪',
                        '\u{2068}' => '⟦',
                        '\u{2069}' => '⟩',
                        c => c,
                    })
                    .collect();
                let name = format!("{}-{}-{language}", form.name(), example.name);
                insta::assert_snapshot!(name, shown);
            }
        }
    }
}
