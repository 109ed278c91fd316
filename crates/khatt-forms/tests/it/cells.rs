//! Vectors of every form, language and count: `vectors/rendering/`, a file a form.
//!
//! A row is a number (or `-` where the form counts nothing, and every number would be the same), the
//! body with that number in every field that counts, and a digest for each language alone. So a
//! second implementation sees which cell it paints otherwise.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use khatt_forms::{
    Body, Catalogue, Count, FieldKind, Form, Language, Wordbook, has_refused_text, rendering_digest,
};

use crate::counts::{COUNTS, rendered, with_count};
use crate::{body, hex, holds_exactly, visual};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/rendering")
}

fn counts(form: &Form) -> bool {
    form.fields().iter().any(|field| matches!(field.kind, FieldKind::Count | FieldKind::Claims))
}

fn vector(form: &Form) -> String {
    let tags: Vec<&str> = form.languages().map(Language::tag).collect();
    let mut text = format!(
        "expect: accept\nsection: spec/form.md §5.3, §7\ncomment: form {}, its first example with \
         each number in every field that counts; a digest for each language\nform-hash: {}\n\
         languages: {}\n\n",
        form.id(),
        hex(&form.hash()),
        tags.join(" "),
    );
    for n in COUNTS {
        let filled = with_count(form, Count::known(n));
        let digests: Vec<String> = form
            .languages()
            .map(|language| {
                let book = Wordbook::builtin();
                hex(&rendering_digest(form, &filled, &[language], book).unwrap())
            })
            .collect();
        let number = if counts(form) { n.to_string() } else { "-".to_owned() };
        let bytes = body(form, filled, Language::En).encode();
        text.push_str(&format!("{number} {} {}\n", hex(&bytes), digests.join(" ")));
        if !counts(form) {
            break;
        }
    }
    text
}

#[test]
fn every_cell_is_that_of_its_vector() {
    let wanted: BTreeMap<String, String> = Catalogue::builtin()
        .iter()
        .map(|form| (format!("{}.txt", form.name()), vector(form)))
        .collect();
    holds_exactly(&folder(), &wanted);
}

#[test]
fn every_cell_is_painted_in_order_in_its_own_digits_and_differs_from_its_neighbours() {
    for form in Catalogue::builtin().iter() {
        for language in form.languages() {
            let mut shown = Vec::new();
            for n in COUNTS {
                let filled = with_count(form, Count::known(n));
                assert!(!filled.values.values().any(has_refused_text), "{}", form.name());
                let rendering = rendered(form, &filled, language);
                visual::check(&rendering)
                    .unwrap_or_else(|fault| panic!("{} {n} {language}: {fault}", form.name()));
                shown.push(rendering.plain());
            }
            shown.sort();
            shown.dedup();
            let wanted = if counts(form) { COUNTS.len() } else { 1 };
            assert_eq!(shown.len(), wanted, "{} {language}", form.name());
        }
    }
}

#[test]
fn a_body_of_a_cell_is_read_back_and_rendered_to_its_digests() {
    for entry in fs::read_dir(folder()).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let (header, rows) = text.split_once("\n\n").unwrap();
        let tags = header.lines().find_map(|row| row.strip_prefix("languages: ")).unwrap();
        let languages: Vec<Language> =
            tags.split(' ').map(|tag| Language::from_tag(tag).unwrap()).collect();
        for row in rows.lines() {
            let mut cells = row.split(' ').skip(1);
            let bytes = cells.next().unwrap();
            let bytes: Vec<u8> = (0..bytes.len() / 2)
                .map(|at| u8::from_str_radix(&bytes[2 * at..2 * at + 2], 16).unwrap())
                .collect();
            let body = Body::decode(&bytes).unwrap();
            let form = Catalogue::builtin().get(body.form).unwrap();
            let book = Wordbook::builtin();
            let all = rendering_digest(form, &body.filled, &languages, book).unwrap();
            assert_eq!(all, body.digest);
            for (language, digest) in languages.iter().zip(cells) {
                let own = rendering_digest(form, &body.filled, &[*language], book).unwrap();
                assert_eq!(hex(&own), digest, "{} {language}", form.name());
            }
        }
    }
}
