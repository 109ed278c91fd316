//! Vectors shared with other implementations: body bytes and digests in `vectors/form/`.
//!
//! `KHATT_WRITE_VECTORS=1` writes them anew; a change then shows in the diff.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use khatt_forms::{Body, Catalogue, Count, Form, Language, Wordbook, rendering_digest};

use crate::counts::{COUNTS, with_count};
use crate::{body, filled, form, hex, holds_exactly};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/form")
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

fn tags(form: &Form) -> String {
    form.languages().map(Language::tag).collect::<Vec<_>>().join(" ")
}

fn sound_vectors() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for form in Catalogue::builtin().iter() {
        for (index, example) in form.examples().iter().enumerate() {
            let filled = filled(form, index);
            let body = body(form, filled, example.language);
            let text = format!(
                "expect: accept\nsection: spec/body.md §3, spec/form.md §7.3\n\
                 comment: form {}, example {}\nform-hash: {}\nlanguages: {}\ndigest: {}\n\
                 encoding: hex\n\n{}\n",
                form.id(),
                example.name,
                hex(&form.hash()),
                tags(form),
                hex(&body.digest),
                hex(&body.encode()),
            );
            all.insert(format!("{}-{}.txt", form.name(), example.name), text);
        }
    }
    let form = form("incident-initial");
    for n in COUNTS {
        let filled = with_count(form, Count::known(n));
        let body = body(form, filled, Language::En);
        let text = format!(
            "expect: accept\nsection: spec/form.md §5.3, §7.3\n\
             comment: form {}, {n} in every field that counts\n\
             form-hash: {}\nlanguages: {}\ndigest: {}\nencoding: hex\n\n{}\n",
            form.id(),
            hex(&form.hash()),
            tags(form),
            hex(&body.digest),
            hex(&body.encode()),
        );
        all.insert(format!("count-{n:07}.txt"), text);
    }
    all
}

fn refused_vectors() -> BTreeMap<String, String> {
    let form = form("acknowledge");
    let sound = body(form, filled(form, 0), Language::En).encode();
    let edited = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = sound.clone();
        edit(&mut bytes);
        bytes
    };
    let cases: [(&str, &str, Vec<u8>); 7] = [
        ("long-head", "KF-1307", edited(&|b| drop(b.splice(1..2, [0x18, 0x01])))),
        (
            "open-array",
            "KF-1302",
            edited(&|b| {
                b[0] = 0x9f;
                b.push(0xff);
            }),
        ),
        ("trailing-byte", "KF-1302", edited(&|b| b.push(0))),
        ("cut-short", "KF-1302", edited(&|b| b.truncate(b.len() - 1))),
        ("layout-2", "KF-1303", edited(&|b| b[1] = 2)),
        ("language-unknown", "KF-1304", edited(&|b| b[5] = b'z')),
        ("empty", "KF-1302", Vec::new()),
    ];
    cases
        .into_iter()
        .map(|(name, code, bytes)| {
            let text = format!(
                "expect: refuse\nerror: {code}\nsection: spec/body.md §2\ncomment: {name}\n\
                 encoding: hex\n\n{}\n",
                hex(&bytes)
            );
            (format!("refuse-{name}.txt"), text)
        })
        .collect()
}

#[test]
fn vectors_are_those_of_this_build() {
    let mut wanted = sound_vectors();
    wanted.extend(refused_vectors());
    holds_exactly(&folder(), &wanted);
}

#[test]
fn vectors_hold_when_read_from_their_files_alone() {
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let (header, bytes) = text.split_once("\n\n").unwrap();
        let field = |key: &str| {
            header
                .lines()
                .find_map(|row| row.strip_prefix(key)?.strip_prefix(": "))
                .unwrap_or_else(|| panic!("{path:?}: no {key}"))
        };
        assert_eq!(field("encoding"), "hex", "{path:?}");
        let decoded = Body::decode(&unhex(bytes.trim_end()));
        match field("expect") {
            "refuse" => assert_eq!(decoded.unwrap_err().code(), field("error"), "{path:?}"),
            _ => {
                let body = decoded.unwrap();
                assert_eq!(hex(&body.digest), field("digest"));
                let form = Catalogue::builtin().get(body.form).unwrap();
                assert_eq!(hex(&form.hash()), field("form-hash"));
                let book = Wordbook::builtin();
                let languages: Vec<Language> = field("languages")
                    .split(' ')
                    .map(|tag| Language::from_tag(tag).unwrap())
                    .collect();
                let digest = rendering_digest(form, &body.filled, &languages, book).unwrap();
                assert_eq!(digest, body.digest, "{path:?}");
            }
        }
    }
}
