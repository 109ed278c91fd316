//! What must hold of every form, whatever it says.

use khatt_forms::{Body, Catalogue, Language, Wordbook, render};

use crate::{body, filled, form};

#[test]
fn every_example_renders_in_every_language_and_survives_its_encoding() {
    for form in Catalogue::builtin().iter() {
        for (index, example) in form.examples().iter().enumerate() {
            let filled = filled(form, index);
            for language in Language::ALL {
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
    let filled = filled(form, 0);
    let body = body(form, filled, Language::En);
    let bytes = body.encode().len();
    assert!(bytes <= 330, "{bytes} bytes");
}
