//! The answer as one JSON object, for programs (`docs/reference/verify.md`).

use std::fmt::{self, Write as _};

use khatt_forms::Language;
use khatt_record::verify::{Answer, Blame, Established, Fault, PostReport, Report};

use crate::Outcome;
use crate::show::detail;
use crate::texts::{local, text};

/// The object, ending in a newline.
#[must_use]
pub fn outcome(outcome: &Outcome, language: Language) -> String {
    let mut out = String::new();
    let fields = match outcome {
        Outcome::Report(found) => report(found, language),
        Outcome::Disclosure(found) => crate::disclosure::fields(found),
        Outcome::DisclosureRefused(refused) => {
            let words = text(refused.code);
            vec![
                ("answer", string("refused")),
                ("exit", "1".to_owned()),
                ("error", error(refused.code, &refused.detail, &words, language)),
            ]
        }
        Outcome::Refused(fault) => {
            let words = text(fault.code());
            vec![
                ("answer", string("refused")),
                ("exit", "1".to_owned()),
                ("error", error(fault.code(), &fault.to_string(), &words, language)),
            ]
        }
        Outcome::Local(fault) => {
            let words = local(*fault);
            vec![
                ("answer", string("none")),
                ("exit", "2".to_owned()),
                ("error", error(fault.code(), "", &words, language)),
            ]
        }
    };
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}", object(&fields));
    out
}

fn error(code: &str, detail: &str, words: &crate::texts::Text, language: Language) -> String {
    object(&[
        ("code", string(code)),
        ("detail", string(detail)),
        ("message", string(words.message(language))),
        ("advice", string(words.advice(language))),
    ])
}

fn report(report: &Report, language: Language) -> Vec<(&'static str, String)> {
    let answer = match report.answer() {
        Answer::PartiesEstablished => "parties-established",
        Answer::ConsistentOnly => "consistent-only",
        Answer::Refused => "refused",
    };
    let established = report.established == Established::Yes;
    let posts: Vec<_> = report.posts.iter().map(post).collect();
    let faults: Vec<_> = report.faults.iter().map(|one| fault(one, language)).collect();
    vec![
        ("answer", string(answer)),
        ("exit", report.answer().exit_code().to_string()),
        ("line", string(&report.line)),
        ("kind", string(&report.kind)),
        ("charter", string(&report.charter)),
        ("established", established.to_string()),
        ("posts", array(&posts)),
        ("officer_signatures", report.officer_signatures.to_string()),
        ("renderings_agree", report.renderings_agree.to_string()),
        ("renderings_unknown", report.renderings_unknown.to_string()),
        ("fault_count", report.fault_count.to_string()),
        ("faults", array(&faults)),
    ]
}

fn post(post: &PostReport) -> String {
    object(&[
        ("post", post.post.to_string()),
        ("name", string(&post.name)),
        ("party", string(&post.party)),
        ("entries", post.entries.to_string()),
        ("signed", post.signed.to_string()),
        ("root", string(&post.root)),
        ("checkpoints", post.checkpoints.to_string()),
        ("cosignatures", post.cosignatures.to_string()),
        ("cosigned", post.cosigned.to_string()),
        ("receipts", post.receipts.to_string()),
        ("messages", post.messages.to_string()),
        ("opened", post.opened.to_string()),
        ("closed", post.closed.to_string()),
        ("withheld", post.withheld.to_string()),
        ("unknown", post.unknown.to_string()),
        ("key_orders", post.key_orders.to_string()),
        ("generation", post.generation.to_string()),
        ("after_cut_off", post.after_cut_off.to_string()),
    ])
}

fn fault(fault: &Fault, language: Language) -> String {
    let words = text(fault.kind.code());
    let blame = match fault.blame {
        Blame::Post(post) => object(&[("post", post.to_string())]),
        Blame::Party(party) => object(&[("party", party.to_string())]),
        Blame::File => string("file"),
    };
    object(&[
        ("code", string(fault.kind.code())),
        ("blame", blame),
        ("log", fault.at.log.to_string()),
        ("index", fault.at.index.to_string()),
        ("expected", string(&fault.kind)),
        ("detail", string(&detail(&fault.kind).unwrap_or_default())),
        ("message", string(words.message(language))),
        ("advice", string(words.advice(language))),
    ])
}

pub(crate) fn object(fields: &[(&str, String)]) -> String {
    let rows: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", rows.join(","))
}

pub(crate) fn array(items: &[String]) -> String {
    format!("[{}]", items.join(","))
}

/// A JSON string (RFC 8259 §7), all controls escaped.
pub(crate) fn string(value: &(impl fmt::Display + ?Sized)) -> String {
    let mut out = String::from("\"");
    for sign in value.to_string().chars() {
        match sign {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            sign if sign.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(sign));
            }
            sign => out.push(sign),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped() {
        assert_eq!(string("a\"b\\c\nd\u{85}"), "\"a\\\"b\\\\c\\u000ad\\u0085\"");
    }
}
