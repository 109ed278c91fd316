//! A disclosure: one entry with its proof, checked and told with its text in every language.
//!
//! What is checked is in `khatt_record::disclosure` and `spec/disclosure.md`; here come the texts.
//! `khatt verify` tells disclosures by this module too.

use std::fmt::Write as _;

use khatt_forms::{
    Body, Catalogue, Form, Instant, Language, Wordbook, kind_words, precedence_words, raw_rows,
    render,
};
use khatt_record::disclosure::{Disclosure, DisclosureReport, OfficersShown};
use khatt_record::verify::{Anchor, Answer, BodyFinding};
use khatt_record::{PostIndex, SignedCharter};

use crate::bodies::Forms;
use crate::json::{array, object, string};
use crate::show::{line_kind, row, token};
use crate::texts::{Phrase, answer, phrase};

/// A disclosure that holds.
#[derive(Debug)]
pub struct Found {
    /// What was read.
    pub disclosure: Disclosure,
    /// What was found of it.
    pub report: DisclosureReport,
}

/// Why a disclosure is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The stable code.
    pub code: &'static str,
    /// What the program knows of it, in English.
    pub detail: String,
}

/// Checks the bytes of a disclosure.
///
/// # Errors
///
/// [`Refusal`] names the first thing that does not hold.
pub fn check(bytes: &[u8], anchor: &Anchor) -> Result<Box<Found>, Refusal> {
    let disclosure = Disclosure::decode(bytes)
        .map_err(|error| Refusal { code: error.code(), detail: error.to_string() })?;
    let report = disclosure
        .check(anchor, &Forms)
        .map_err(|fault| Refusal { code: fault.code(), detail: fault.to_string() })?;
    Ok(Box::new(Found { disclosure, report }))
}

/// Tells it as sentences for a person, ending in a newline.
#[must_use]
pub fn told(found: &Found, language: Language) -> String {
    let mut out = String::new();
    let say = |which| phrase(which, language);
    let pair = |out: &mut String, which, value: &str| {
        row(out, &format!("{}: {}", phrase(which, language), token(language, &value)));
    };
    let (disclosure, report) = (&found.disclosure, &found.report);
    row(&mut out, say(Phrase::Disclosed));
    let kind = kind_words(line_kind(disclosure.kind), language);
    row(&mut out, &format!("{}: {kind}", say(Phrase::Kind)));
    pair(&mut out, Phrase::Line, &disclosure.line.to_string());
    pair(&mut out, Phrase::Post, &post_name(report.charter.as_ref(), disclosure.entry.log));
    pair(&mut out, Phrase::Entry, &disclosure.entry.to_string());
    pair(&mut out, Phrase::Time, &zulu(report.header.t_ms));
    let number = u8::try_from(report.header.precedence.index()).unwrap_or(u8::MAX);
    pair(&mut out, Phrase::Precedence, precedence_words(number, language));
    if let Some(thread) = report.header.thread {
        pair(&mut out, Phrase::Thread, &thread.to_string());
    }
    pair(&mut out, Phrase::Signed, &report.checkpoint.size.to_string());
    pair(&mut out, Phrase::Root, &report.checkpoint.root.to_string());
    for received in &report.received {
        let name = post_name(report.charter.as_ref(), received.post);
        pair(&mut out, Phrase::Receipts, &format!("{name}  {}", zulu(received.t_ms)));
    }
    match &report.officers {
        OfficersShown::Closed => row(&mut out, say(Phrase::OfficersClosed)),
        OfficersShown::Unchecked => row(&mut out, say(Phrase::OfficersUnchecked)),
        OfficersShown::Signed(_) => {
            for (title, role) in officers(report) {
                pair(&mut out, Phrase::Officers, &format!("{title}  {role}"));
            }
        }
    }
    let texts = texts(found);
    if texts.is_empty() {
        row(&mut out, say(Phrase::NoRendering));
        for (field, value) in raw(found) {
            row(&mut out, &format!("  {field} = {value}"));
        }
    }
    for (in_language, text) in texts {
        let _ = write!(out, "\n[{}]\n{text}", in_language.tag());
    }
    out.push('\n');
    let words = answer(report.answer());
    row(&mut out, &format!("{}: {}", say(Phrase::Answer), words.message(language)));
    row(&mut out, words.advice(language));
    out
}

/// Tells it as one JSON object.
#[must_use]
pub fn json(found: &Found) -> String {
    object(&fields(found))
}

/// The fields of that object.
pub(crate) fn fields(found: &Found) -> Vec<(&'static str, String)> {
    let (disclosure, report) = (&found.disclosure, &found.report);
    let answer = match report.answer() {
        Answer::PartiesEstablished => "parties-established",
        Answer::ConsistentOnly => "consistent-only",
        Answer::Refused => "refused",
    };
    let rendering = match report.body {
        BodyFinding::Agrees => "agrees",
        _ => "unknown",
    };
    let received = report.received.iter().map(|one| {
        object(&[
            ("post", one.post.to_string()),
            ("name", string(&post_name(report.charter.as_ref(), one.post))),
            ("t_ms", one.t_ms.to_string()),
        ])
    });
    let shown = match &report.officers {
        OfficersShown::Closed => string("closed"),
        OfficersShown::Unchecked => string("unchecked"),
        OfficersShown::Signed(_) => {
            let one = |(title, role): (String, u8)| {
                object(&[("title", string(&title)), ("role", role.to_string())])
            };
            array(&officers(report).map(one).collect::<Vec<_>>())
        }
    };
    let texts = texts(found);
    let texts: Vec<_> = texts.iter().map(|(tag, text)| (tag.tag(), string(text))).collect();
    let thread = report.header.thread.map_or("null".to_owned(), |thread| string(&thread));
    vec![
        ("answer", string(answer)),
        ("exit", report.answer().exit_code().to_string()),
        ("file", string("disclosure")),
        ("line", string(&disclosure.line)),
        ("kind", string(&disclosure.kind)),
        ("entry", string(&disclosure.entry)),
        ("post", string(&post_name(report.charter.as_ref(), disclosure.entry.log))),
        ("t_ms", report.header.t_ms.to_string()),
        ("act", (report.header.act as u8).to_string()),
        ("precedence", string(&report.header.precedence)),
        ("thread", thread),
        ("size", report.checkpoint.size.to_string()),
        ("root", string(&report.checkpoint.root)),
        ("receipts", array(&received.collect::<Vec<_>>())),
        ("officers", shown),
        ("rendering", string(rendering)),
        ("texts", object(&texts)),
    ]
}

/// The text in every language of the charter that this build has the form in; without a charter in
/// every language of this build, by its own form.
fn texts(found: &Found) -> Vec<(Language, String)> {
    let Some((body, form)) = known(found) else {
        return Vec::new();
    };
    let wanted = |language: &Language| match &found.report.charter {
        Some(charter) => charter.charter().languages.iter().any(|tag| tag == language.tag()),
        None => true,
    };
    let languages = Language::ALL.into_iter().filter(wanted);
    languages
        .filter_map(|language| {
            let shown = render(form, &body.filled, language, Wordbook::builtin()).ok()?;
            Some((language, shown.shown()))
        })
        .collect()
}

/// The body and its form, if this build has the form that the charter names.
fn known(found: &Found) -> Option<(Body, &'static Form)> {
    let body = Body::decode(&found.disclosure.body).ok()?;
    if found.report.charter.is_some() && found.report.body != BodyFinding::Agrees {
        return None;
    }
    let form = Catalogue::builtin().get(body.form)?;
    Some((body, form))
}

fn raw(found: &Found) -> Vec<(String, String)> {
    Body::decode(&found.disclosure.body)
        .map(|body| raw_rows(&body.filled, Catalogue::builtin().get(body.form)))
        .unwrap_or_default()
}

/// Title and number of the role (`spec/statement.md` §1) of each officer who signed.
fn officers(report: &DisclosureReport) -> impl Iterator<Item = (String, u8)> {
    let signed = match &report.officers {
        OfficersShown::Signed(signed) => signed.as_slice(),
        _ => &[],
    };
    signed.iter().map(|(officer, role)| {
        let held = report.keys.as_ref().and_then(|keys| keys.officer(*officer));
        (held.map(|held| held.title.clone()).unwrap_or_default(), *role as u8)
    })
}

fn post_name(charter: Option<&SignedCharter>, post: PostIndex) -> String {
    let named = charter.and_then(|charter| {
        let held = charter.post(post)?;
        let party = charter.charter().party(held.party)?;
        Some(format!("{} / {}", party.name, held.name))
    });
    named.unwrap_or_else(|| post.to_string())
}

fn zulu(t_ms: u64) -> String {
    let at = i64::try_from(t_ms / 1000).ok().and_then(Instant::utc);
    at.map_or_else(|| t_ms.to_string(), |at| at.zulu_iso())
}
