//! Checks that bodies say in every language of the line what their officers signed.

use khatt_forms::{Body, Catalogue, FormId, Language, Wordbook, rendering_digest};
use khatt_record::SignedCharter;
use khatt_record::entry::Act;
use khatt_record::verify::{BodyCheck, BodyFinding};

/// The forms that this verifier was built with.
///
/// A body is rendered only if form, glossary and gazetteer have the hashes that the charter names;
/// otherwise nothing can be said about its rendering, and that is reported.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forms;

impl BodyCheck for Forms {
    fn check(&self, charter: &SignedCharter, act: Act, body: &[u8]) -> BodyFinding {
        let Ok(body) = Body::decode(body) else {
            return BodyFinding::Malformed;
        };
        let charter = charter.charter();
        let mut agreed = charter.forms.iter();
        let named = (body.form.number, body.form.version);
        let Some(agreed) = agreed.find(|form| (form.number, form.version) == named) else {
            return BodyFinding::Malformed;
        };
        if !act_fits(act, body.form) {
            return BodyFinding::OtherAct;
        }
        let book = Wordbook::builtin();
        let books = (book.glossary.hash(), book.gazetteer.hash());
        let languages: Option<Vec<Language>> =
            charter.languages.iter().map(|tag| Language::from_tag(tag)).collect();
        let form = Catalogue::builtin().get(body.form);
        let (Some(form), Some(languages)) = (form, languages) else {
            return BodyFinding::Unknown;
        };
        if form.hash() != agreed.hash.0 || books != (charter.glossary.0, charter.gazetteer.0) {
            return BodyFinding::Unknown;
        }
        match rendering_digest(form, &body.filled, &languages, book) {
            Ok(digest) if digest == body.digest => BodyFinding::Agrees,
            _ => BodyFinding::Differs,
        }
    }
}

/// Tells whether a form may travel under an act (`spec/statement.md §6`).
fn act_fits(act: Act, form: FormId) -> bool {
    match act {
        Act::Release => ![40, 41].contains(&form.number),
        Act::Acknowledge => [4, 5].contains(&form.number),
        Act::Service => [1, 101].contains(&form.number),
        Act::Disclose => form.number == 40,
        Act::Erase => form.number == 41,
    }
}
