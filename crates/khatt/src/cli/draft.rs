//! `khatt draft`: what has not left.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use khatt_forms::{Catalogue, input_cautions};
use khatt_record::statement::Role;

use super::{
    Talk, end,
    inputs::Fields,
    message::{kind_row, print_text},
    sign::{Acting, As, show_draft},
};
use crate::{
    control::{
        ControlError,
        ask::{Answer, Ask, AskDraft},
        client::Session,
        views::DraftView,
    },
    folder::PostFolder,
    passphrase::Purpose,
    trouble::Trouble,
};

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Write a draft and sign it as its drafter
    New {
        /// The post's folder
        dir: PathBuf,
        #[command(flatten)]
        new: New,
    },
    /// Show a draft, or list all that wait
    Show {
        /// The post's folder
        dir: PathBuf,
        /// The draft, or the beginning of its number
        draft: Option<String>,
    },
    /// Give a draft back to its drafter
    Return {
        /// The post's folder
        dir: PathBuf,
        /// The draft, or the beginning of its number
        draft: String,
        /// Why
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        who: As,
    },
}

/// What a new draft is made from.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(crate) struct New {
    /// The message form, as in `khatt form list`
    #[arg(long, value_name = "NAME")]
    pub(crate) form: String,
    #[command(flatten)]
    pub(crate) fields: Fields,
    /// The language of free text; the officer's language if not given
    #[arg(long = "language", value_name = "LANG")]
    pub(crate) written_in: Option<String>,
    /// flash, immediate, priority or routine; the form's own if not given
    #[arg(long)]
    pub(crate) precedence: Option<String>,
    /// What it refers to, as in `answers:1/12`
    #[arg(long = "re", value_name = "RELATION:ENTRY")]
    pub(crate) references: Vec<String>,
    /// The thread's first entry
    #[arg(long, value_name = "ENTRY")]
    pub(crate) thread: Option<String>,
    #[command(flatten)]
    pub(crate) who: As,
}

pub(crate) fn run(verb: Verb, talk: Talk) -> u8 {
    let (Verb::New { dir, .. } | Verb::Show { dir, .. } | Verb::Return { dir, .. }) = &verb;
    let talk = talk.at(&PostFolder::at(dir));
    let done = match &verb {
        Verb::New { dir, new } => new_draft(dir, new, &talk),
        Verb::Show { dir, draft } => show(dir, draft.as_deref(), &talk),
        Verb::Return { dir, draft, reason, who } => give_back(dir, draft, reason, who, &talk),
    };
    end(&talk, done)
}

/// Opens a conversation with the post of a folder.
pub(crate) fn session(folder: &PostFolder, talk: &Talk) -> Result<Session, Trouble> {
    Session::open(folder, talk.language, || talk.post_passphrase(Purpose::Open))
        .map(|session| session.reading(talk.reading))
}

impl New {
    /// Asks the post for this draft.
    pub(crate) fn make(
        &self,
        session: &mut Session,
        acting: &Acting,
        talk: &Talk,
    ) -> Result<DraftView, Trouble> {
        let references = self.references.iter().map(|text| {
            let (relation, entry) =
                text.split_once(':').ok_or(super::CommandError::LocalAssignment)?;
            Ok::<_, Trouble>((relation.trim().to_owned(), entry.trim().to_owned()))
        });
        let inputs = self.fields.read()?;
        let written_in = match &self.written_in {
            Some(tag) => super::language(tag)?,
            None => talk.reading,
        };
        if let Some(form) = Catalogue::builtin().by_name(&self.form) {
            // Said once, before anything is signed; the words stay the author's.
            for caution in input_cautions(form, &inputs, written_in) {
                let rule = caution.rule(talk.language);
                talk.say_word("caution", &format!("«{}» {rule}", caution.word));
            }
        }
        let ask = Ask::Draft(Box::new(AskDraft {
            officer: acting.name.clone(),
            form: self.form.clone(),
            inputs,
            language: written_in.tag().to_owned(),
            precedence: self.precedence.clone(),
            references: references.collect::<Result<_, _>>()?,
            thread: self.thread.clone(),
        }));
        match acting.ask(session, &ask)? {
            Answer::ToSign(to_sign) => show_draft(session, &to_sign.draft),
            _ => Err(ControlError::LocalMalformed.into()),
        }
    }
}

fn new_draft(dir: &Path, new: &New, talk: &Talk) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(dir)?;
    let acting = Acting::open(&folder, &new.who, talk)?;
    let mut session = session(&folder, talk)?;
    let mut view = new.make(&mut session, &acting, talk)?;
    // Where one officer is enough the drafter's one signature is that of the release.
    if view.to_sign.act != "acknowledge"
        && view.rule > 1
        && let Answer::ToSign(signed) =
            acting.sign(&mut session, &view.to_sign, Role::Draft, None)?
    {
        view.row.wanted = signed.wanted;
        view.to_sign = signed;
    }
    print_draft(&view, talk);
    talk.say_word("say-drafted", &view.row.draft);
    Ok(0)
}

fn show(dir: &Path, draft: Option<&str>, talk: &Talk) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(dir)?;
    let mut session = session(&folder, talk)?;
    if let Some(draft) = draft {
        print_draft(&show_draft(&mut session, draft)?, talk);
        return Ok(0);
    }
    let Answer::Drafts { drafts } = session.ask(&Ask::Drafts, None)? else {
        return Err(ControlError::LocalMalformed.into());
    };
    for row in &drafts {
        if talk.json {
            talk.row(row);
        } else {
            let returned = if row.returned { talk.word("returned") } else { "" };
            talk.data(&format!(
                "{}  {}  {}  {}  {}  {} {} {returned}",
                row.draft,
                row.time,
                row.precedence,
                row.form,
                row.drafter,
                row.wanted,
                talk.word("wanted"),
            ));
        }
    }
    if drafts.is_empty() {
        talk.say_word("say-no-drafts", "");
    }
    Ok(0)
}

fn give_back(dir: &Path, draft: &str, reason: &str, who: &As, talk: &Talk) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(dir)?;
    let acting = Acting::open(&folder, who, talk)?;
    let mut session = session(&folder, talk)?;
    let ask = Ask::Return {
        officer: acting.name.clone(),
        draft: draft.to_owned(),
        reason: reason.to_owned(),
    };
    match acting.ask(&mut session, &ask)? {
        Answer::Returned { draft } => {
            if talk.json {
                talk.row(&serde_json::json!({ "returned": draft }));
            } else {
                talk.data(&draft);
            }
            talk.say_word("say-returned", "");
            Ok(0)
        }
        _ => Err(ControlError::LocalMalformed.into()),
    }
}

/// Shows a draft, in the words in which it would be read.
pub(crate) fn print_draft(view: &DraftView, talk: &Talk) {
    if talk.json {
        talk.row(view);
        return;
    }
    kind_row(&view.to_sign.kind, talk);
    let row = &view.row;
    talk.data(&format!(
        "{} {}  {}  {}  {}  {} {}",
        talk.word("draft"),
        row.draft,
        row.time,
        row.precedence,
        row.drafter,
        row.wanted,
        talk.word("wanted"),
    ));
    if let Some(reason) = &view.reason {
        talk.data(&format!("{}: {reason}", talk.word("returned")));
    }
    print_text(&view.text, talk);
}
