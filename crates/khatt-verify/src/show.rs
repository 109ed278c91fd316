//! The answer as sentences for a person.

use std::fmt::Write as _;

use khatt_forms::{Direction, Language, LineKind, kind_words};
use khatt_record::Kind;
use khatt_record::verify::{Answer, Blame, Fault, FaultKind, PostReport, Report};
use khatt_record::words::{CheckWords, WordLanguage};

use crate::Outcome;
use crate::texts::{Phrase, Text, answer, local, phrase, text};

/// The whole answer, ending in a newline.
#[must_use]
pub fn outcome(outcome: &Outcome, language: Language) -> String {
    let mut out = String::new();
    match outcome {
        Outcome::Report(found) => report(&mut out, found, language),
        Outcome::Disclosure(found) => out.push_str(&crate::disclosure::told(found, language)),
        Outcome::DisclosureRefused(refused) => {
            let words = text(refused.code);
            refusal(&mut out, &words, refused.code, language);
        }
        Outcome::Refused(fault) => {
            let words = text(fault.code());
            refusal(&mut out, &words, fault.code(), language);
        }
        Outcome::Local(fault) => {
            let words = local(*fault);
            row(&mut out, words.message(language));
            row(&mut out, words.advice(language));
        }
    }
    out
}

fn report(out: &mut String, report: &Report, language: Language) {
    let say = |which| phrase(which, language);
    row(out, &format!("{}: {}", say(Phrase::Kind), kind_words(line_kind(report.kind), language)));
    row(out, &format!("{}: {}", say(Phrase::Line), token(language, &report.line)));
    let words = CheckWords::of(report.charter, word_language(language)).to_string();
    row(out, &format!("{}: {}", say(Phrase::Words), words.replace('\n', " / ")));
    for post in &report.posts {
        post_row(out, post, language);
    }
    let checked = [
        (Phrase::Officers, report.officer_signatures),
        (Phrase::Agree, report.renderings_agree),
        (Phrase::UnknownForms, report.renderings_unknown),
    ];
    counts(out, &checked, language);
    for fault in &report.faults {
        fault_row(out, report, fault, language);
    }
    let unlisted = report.fault_count.saturating_sub(report.faults.len() as u64);
    if unlisted > 0 {
        row(out, &format!("{}: {unlisted}", say(Phrase::MoreFaults)));
    }
    let words = answer(report.answer());
    row(out, &format!("{}: {}", say(Phrase::Answer), words.message(language)));
    row(out, words.advice(language));
    if report.answer() != Answer::Refused && report.posts.iter().any(|p| p.closed + p.withheld > 0)
    {
        row(out, say(Phrase::NotAllOpened));
    }
}

fn refusal(out: &mut String, words: &Text, code: &str, language: Language) {
    let refused = answer(Answer::Refused);
    row(out, &format!("{} [{}]", words.message(language), token(language, &code)));
    row(out, words.advice(language));
    let title = phrase(Phrase::Answer, language);
    row(out, &format!("{title}: {}", refused.message(language)));
}

fn post_row(out: &mut String, post: &PostReport, language: Language) {
    let name = token(language, &format!("{} / {}", post.party, post.name));
    row(out, &format!("{} {}: {name}", phrase(Phrase::Post, language), post.post));
    let numbers = [
        (Phrase::Entries, post.entries),
        (Phrase::Signed, post.signed),
        (Phrase::Checkpoints, post.checkpoints),
        (Phrase::Cosignatures, post.cosignatures),
        (Phrase::Cosigned, post.cosigned),
        (Phrase::Receipts, post.receipts),
        (Phrase::Messages, post.messages),
        (Phrase::Opened, post.opened),
        (Phrase::Closed, post.closed),
        (Phrase::Withheld, post.withheld),
        (Phrase::UnknownEntries, post.unknown),
        (Phrase::KeyOrders, post.key_orders),
        (Phrase::Generation, u64::from(post.generation)),
        (Phrase::AfterCutOff, post.after_cut_off),
    ];
    counts(out, &numbers, language);
    let root = token(language, &post.root);
    row(out, &format!("    {}: {root}", phrase(Phrase::Root, language)));
}

fn counts(out: &mut String, numbers: &[(Phrase, u64)], language: Language) {
    let mut rows = Vec::new();
    for (which, number) in numbers {
        rows.push(format!("{} {}", phrase(*which, language), token(language, number)));
    }
    row(out, &format!("    {}", rows.join(phrase(Phrase::Comma, language))));
}

fn fault_row(out: &mut String, report: &Report, fault: &Fault, language: Language) {
    let words = text(fault.kind.code());
    let blame = match fault.blame {
        Blame::File => phrase(Phrase::BlameFile, language).to_owned(),
        Blame::Party(party) => {
            let name = token(language, &format!("{party}"));
            format!("{} {name}", phrase(Phrase::BlameParty, language))
        }
        Blame::Post(post) => {
            let found = report.posts.iter().find(|one| one.post == post);
            let name = found.map(|one| format!("{} / {}", one.party, one.name)).unwrap_or_default();
            format!("{} {}", phrase(Phrase::BlamePost, language), token(language, &name))
        }
    };
    let at = token(language, &fault.at);
    let place = phrase(Phrase::Entry, language);
    let code = token(language, &fault.kind.code());
    row(out, &format!("! {place} {at}: {} [{code}]", words.message(language)));
    if let Some(detail) = detail(&fault.kind) {
        row(out, &format!("    {}", token(language, &detail)));
    }
    row(out, &format!("    {blame}"));
    row(out, &format!("    {}", words.advice(language)));
}

/// The exact cause, by its stable code, where the fault has one inside.
#[must_use]
pub fn detail(kind: &FaultKind) -> Option<String> {
    Some(match kind {
        FaultKind::Malformed(error) | FaultKind::ForkProofMalformed(error) => {
            format!("{}: {error}", error.code())
        }
        FaultKind::OpenPart(error) => format!("{}: {error}", error.code()),
        FaultKind::Officers(error) => format!("{}: {error}", error.code()),
        FaultKind::AmendRefused(error) => format!("{}: {error}", error.code()),
        FaultKind::KeyOrder(error) => format!("{}: {error}", error.code()),
        FaultKind::KeyOrderForkProof(error) => format!("{}: {error}", error.code()),
        FaultKind::CharterSuccession(error) => format!("{}: {error}", error.code()),
        FaultKind::Cosignature(error) => format!("{}: {error}", error.code()),
        FaultKind::ForkProof(error) => format!("{}: {error}", error.code()),
        _ => return None,
    })
}

/// A name or number that must keep its own direction inside a sentence (Unicode UAX #9, FSI, PDI).
pub(crate) fn token(language: Language, value: &dyn std::fmt::Display) -> String {
    match language.direction() {
        Direction::LeftToRight => value.to_string(),
        _ => format!("\u{2068}{value}\u{2069}"),
    }
}

pub(crate) fn row(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

pub(crate) const fn line_kind(kind: Kind) -> LineKind {
    match kind {
        Kind::Real => LineKind::Real,
        Kind::Drill => LineKind::Drill,
        Kind::Rehearsal => LineKind::Rehearsal,
    }
}

fn word_language(language: Language) -> WordLanguage {
    WordLanguage::from_tag(language.tag()).unwrap_or(WordLanguage::English)
}
