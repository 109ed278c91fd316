//! `khatt disclose` and `khatt message erase`: officers open an entry to somebody outside the line,
//! or consent that its text is destroyed.
//!
//! Both are acts on the record. Where the charter asks for two officers the first command drafts,
//! `khatt message release` releases, and for a disclosure the same command then writes the file.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use khatt_record::statement::Role;

use super::{
    CommandError, Talk,
    draft::{print_draft, session},
    end,
    sign::{Acting, As, show_draft},
};
use crate::{
    control::{
        ControlError,
        ask::{Answer, Ask, AskDraft},
        client::Session,
        desk::entry_id,
    },
    folder::PostFolder,
    trouble::Trouble,
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The post's folder
    dir: PathBuf,
    /// The entry, as in 1/12
    entry: String,
    /// Where to write the disclosure
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Show the officers' signatures too
    #[arg(long)]
    officers: bool,
    /// Enclose the charter, for somebody who has its check words only
    #[arg(long)]
    with_charter: bool,
    /// To whom it is handed, for the record
    #[arg(long, value_name = "TEXT")]
    to: Option<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The officer who acts, where it is not released yet
    #[arg(long = "as", value_name = "OFFICER")]
    officer: Option<String>,
    /// Read the officer's passphrase from the first row of this file
    #[arg(long, value_name = "FILE")]
    officer_passphrase_file: Option<PathBuf>,
}

/// What an act names and says.
struct Acts<'a> {
    form: &'a str,
    inputs: Vec<(String, String)>,
}

pub(crate) fn run(args: &Args, talk: Talk) -> u8 {
    let talk = talk.at(&PostFolder::at(&args.dir));
    end(&talk, disclose(args, &talk))
}

fn disclose(args: &Args, talk: &Talk) -> Result<u8, Trouble> {
    let id = entry_id(&args.entry)?;
    let folder = PostFolder::existing(&args.dir)?;
    let mut session = session(&folder, talk)?;
    let ask = Ask::Disclose {
        entry: id.to_string(),
        officers: args.officers,
        charter: args.with_charter,
    };
    let answer = match session.ask(&ask, None) {
        Err(trouble) if trouble.code == NOT_RELEASED && args.officer.is_some() => {
            let who = As {
                officer: args.officer.clone().unwrap_or_default(),
                officer_passphrase_file: args.officer_passphrase_file.clone(),
            };
            let acting = Acting::open(&folder, &who, talk)?;
            let mut inputs = vec![
                ("entry".to_owned(), id.to_string()),
                ("officers".to_owned(), if args.officers { "yes" } else { "no" }.to_owned()),
            ];
            inputs.extend(args.to.iter().map(|to| ("to".to_owned(), to.clone())));
            inputs.extend(args.reason.iter().map(|why| ("reason".to_owned(), why.clone())));
            let acts = Acts { form: "disclosure", inputs };
            if act(&mut session, &acting, acts, talk)?.is_none() {
                return Err(CommandError::LocalWaitsForRelease.into());
            }
            session.ask(&ask, None)?
        }
        other => other?,
    };
    let Answer::Disclosure(file) = answer else {
        return Err(ControlError::LocalMalformed.into());
    };
    write(&args.output, file.text.as_bytes())?;
    if talk.json {
        talk.row(&serde_json::json!({ "file": args.output.display().to_string(),
            "bytes": file.text.len() }));
    } else {
        talk.data(&format!("{}  {}", args.output.display(), file.text.len()));
    }
    talk.say_word("say-disclosed", &args.output.display().to_string());
    Ok(0)
}

/// Consents that an entry's text is destroyed.
pub(super) fn erase(
    dir: &Path,
    entry: &str,
    reason: Option<&str>,
    who: &As,
    talk: &Talk,
) -> Result<u8, Trouble> {
    let id = entry_id(entry)?;
    let folder = PostFolder::existing(dir)?;
    let acting = Acting::open(&folder, who, talk)?;
    let mut session = session(&folder, talk)?;
    let mut inputs = vec![("entry".to_owned(), id.to_string())];
    inputs.extend(reason.map(|why| ("reason".to_owned(), why.to_owned())));
    let released = act(&mut session, &acting, Acts { form: "erasure", inputs }, talk)?;
    let Some(entry) = released else {
        return Err(CommandError::LocalWaitsForRelease.into());
    };
    if talk.json {
        talk.row(&serde_json::json!({ "entry": entry }));
    } else {
        talk.data(&entry);
    }
    talk.say_word("say-consented", &entry);
    Ok(0)
}

/// Drafts an act and signs it; returns its entry if one officer was enough.
fn act(
    session: &mut Session,
    acting: &Acting,
    acts: Acts<'_>,
    talk: &Talk,
) -> Result<Option<String>, Trouble> {
    let ask = Ask::Draft(Box::new(AskDraft {
        officer: acting.name.clone(),
        form: acts.form.to_owned(),
        inputs: acts.inputs,
        language: talk.language.tag().to_owned(),
        precedence: None,
        references: Vec::new(),
        thread: None,
    }));
    let Answer::ToSign(to_sign) = acting.ask(session, &ask)? else {
        return Err(ControlError::LocalMalformed.into());
    };
    let view = show_draft(session, &to_sign.draft)?;
    let role = if view.rule > 1 { Role::Draft } else { Role::Release };
    match acting.sign(session, &to_sign, role, None)? {
        Answer::Released { entry } => Ok(Some(entry)),
        Answer::ToSign(_) => {
            print_draft(&show_draft(session, &to_sign.draft)?, talk);
            Ok(None)
        }
        _ => Err(ControlError::LocalMalformed.into()),
    }
}

/// Writes the file anew, for its owner alone: it holds the text in clear.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    let failed = |error: std::io::Error| CommandError::LocalFile {
        name: path.display().to_string(),
        reason: error.to_string(),
    };
    let mut options = fs::OpenOptions::new();
    let mut file =
        options.write(true).create(true).truncate(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(())
}

/// The code with which a post says that officers have not released a disclosure.
const NOT_RELEASED: &str = "KC-1201";
