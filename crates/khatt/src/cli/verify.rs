//! `khatt verify`: whether a record, or what a folder holds, is what the posts of a line signed.

use std::path::{Path, PathBuf};

use khatt_record::verify::{Anchor, Answer, Blame, FAULTS_MAX, Report};
use khatt_store::{ScrubPosition, SqliteStore};
use khatt_verify::disclosure;
use serde_json::json;

use super::{Talk, end};
use crate::{
    folder::{PostFolder, system_fill},
    inspect,
    passphrase::Purpose,
    trouble::Trouble,
    verify,
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A record file, a disclosure, or a post's folder
    what: PathBuf,
    /// By what the parties are known: a charter's file, or its check words
    #[arg(long, value_name = "FILE|WORDS")]
    charter: Option<String>,
}

pub(crate) fn run(args: &Args, talk: &Talk) -> u8 {
    let done = if args.what.is_dir() { folder(args, talk) } else { file(args, talk) };
    end(talk, done)
}

fn file(args: &Args, talk: &Talk) -> Result<u8, Trouble> {
    let anchor = anchor(args)?.unwrap_or(Anchor::Nothing);
    if let Ok(Some(bytes)) = khatt_verify::disclosure_bytes(&args.what) {
        return disclosed(&bytes, &anchor, talk);
    }
    let report = verify::verify_file(&args.what, &anchor)?;
    Ok(tell(&report, talk))
}

/// Checks a disclosure and tells its text in every language of the charter.
fn disclosed(bytes: &[u8], anchor: &Anchor, talk: &Talk) -> Result<u8, Trouble> {
    let found = disclosure::check(bytes, anchor)
        .map_err(|refusal| Trouble::new(refusal.code, &refusal.detail))?;
    if talk.json {
        talk.data(&disclosure::json(&found));
    } else {
        talk.data(disclosure::told(&found, talk.language).trim_end());
    }
    Ok(found.report.answer().exit_code())
}

/// Checks the database row by row, then the record that comes out of it.
fn folder(args: &Args, talk: &Talk) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(&args.what)?;
    let talk = &talk.at(&folder);
    let charter = folder.charter()?;
    let anchor = anchor(args)?.unwrap_or_else(|| Anchor::Charter(Box::new(charter.clone())));
    let store = folder.open_store(&talk.post_passphrase(Purpose::Open)?, system_fill())?;
    let damaged = scrub(&store, talk)?;
    let reader = store.reader()?;
    let report = inspect::verify_store(&reader, &charter, &anchor, verify::threads())?;
    let code = tell(&report, talk);
    Ok(if damaged { 1 } else { code })
}

fn anchor(args: &Args) -> Result<Option<Anchor>, Trouble> {
    let Some(given) = &args.charter else {
        return Ok(None);
    };
    match verify::anchor(given)? {
        Some(anchor) => Ok(Some(anchor)),
        None if Path::new(given).components().count() > 1 => {
            Err(crate::folder::FolderError::LocalNoCharter.into())
        }
        None => match khatt_record::words::parse_words(given) {
            Err(error) => Err(error.into()),
            Ok(words) => Ok(Some(Anchor::Words(words))),
        },
    }
}

/// Reads every row of the store; tells whether anything is damaged.
fn scrub(store: &SqliteStore, talk: &Talk) -> Result<bool, Trouble> {
    let reader = store.reader()?;
    let mut from = Some(ScrubPosition::default());
    let (mut rows, mut damaged) = (0_u64, false);
    while let Some(position) = from {
        let step = reader.scrub(position, SCRUB_ROWS)?;
        rows = rows.saturating_add(step.rows);
        for damage in &step.damage {
            damaged = true;
            let (code, text) = (damage.code(), damage.to_string());
            if talk.json {
                talk.row(&json!({ "damage": text, "code": code }));
            } else {
                talk.data(&format!("damage[{code}]: {text}"));
            }
        }
        from = step.next;
    }
    if talk.json {
        talk.row(&json!({ "rows": rows, "damaged": damaged }));
    }
    Ok(damaged)
}

fn tell(report: &Report, talk: &Talk) -> u8 {
    let answer = match report.answer() {
        Answer::PartiesEstablished => "parties-established",
        Answer::ConsistentOnly => "consistent-only",
        Answer::Refused => "refused",
    };
    let kind = report.kind.to_string();
    let mut shown = 0_u64;
    for fault in &report.faults {
        let (at, what) = (fault.at.to_string(), fault.kind.to_string());
        let blame = match fault.blame {
            Blame::Post(post) => format!("post {post}"),
            Blame::Party(party) => format!("party {party}"),
            _ => "file".to_owned(),
        };
        if talk.json {
            talk.row(&json!({ "fault": what, "at": at, "blame": blame }));
        } else if shown < FAULTS_SHOWN {
            talk.data(&format!("fault at {at}, {blame}: {what}"));
            shown += 1;
        }
    }
    // One altered entry makes every later signature over its log fail: the first faults say most.
    let more = report.fault_count.saturating_sub(shown);
    if !talk.json && more > 0 {
        talk.data(&format!("and {more} more; --json lists up to {FAULTS_MAX}"));
    }
    for post in &report.posts {
        if talk.json {
            talk.row(&json!({ "post": post.name, "party": post.party, "entries": post.entries,
                "messages": post.messages, "opened": post.opened, "signed": post.signed,
                "receipts": post.receipts, "root": post.root.to_string() }));
        } else {
            talk.data(&format!(
                "{} ({}): {} entries, {} messages, {} opened, {} receipts, signed at {}, root {}",
                post.name,
                post.party,
                post.entries,
                post.messages,
                post.opened,
                post.receipts,
                post.signed,
                post.root,
            ));
        }
    }
    if talk.json {
        talk.row(&json!({ "answer": answer, "kind": kind, "line": report.line.to_string(),
            "entries": report.entries(), "faults": report.fault_count,
            "officer_signatures": report.officer_signatures,
            "renderings_agree": report.renderings_agree,
            "renderings_unknown": report.renderings_unknown }));
    } else {
        talk.data(&format!(
            "{answer}; kind {kind}; {} entries, {} officers' signatures, {} renderings agree, {} \
             faults",
            report.entries(),
            report.officer_signatures,
            report.renderings_agree,
            report.fault_count,
        ));
    }
    report.answer().exit_code()
}

/// Faults told to a person.
const FAULTS_SHOWN: u64 = 10;
/// Rows read in one step.
const SCRUB_ROWS: u64 = 4096;
