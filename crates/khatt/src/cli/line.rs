//! `khatt line`: from cards to an open line, and its test.

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use khatt_forms::{Language, LineKind, kind_words};
use khatt_record::{
    CharterDraft, Kind, PartyIndex,
    card::Card,
    charter::{Charter, Roles},
    words::{CheckWords, WordLanguage, matches, parse_words},
};

use super::{CommandError, Talk, end, languages, sign::wall_ms};
use crate::{
    control::{
        ControlError,
        ask::{Answer, Ask},
        client::Session,
    },
    draw_up::{Terms, draw_up},
    folder::{
        CHARTER_FILE_MAX, PostFolder, PostKeys, fill_from_system, read_bounded, read_card,
        system_fill, write_replacing,
    },
    passphrase::Purpose,
    trouble::Trouble,
};

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Draw up a charter from the parties' cards
    Propose {
        /// The post's folder
        dir: PathBuf,
        /// Another party's card
        #[arg(long, required = true, value_name = "FILE")]
        card: Vec<PathBuf>,
        /// What the line is for; it can never change
        #[arg(long, value_enum)]
        kind: KindWord,
        /// Where the charter is written
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// The line's languages; those of this post if not given
        #[arg(long, value_name = "LANG,…")]
        languages: Option<String>,
        /// How many officers release a message
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=8))]
        signatures: u8,
    },
    /// Show a charter: kind, parties, rules, who signed, and its check words in each language
    Show {
        /// A charter, or the folder of a post whose line is open
        path: PathBuf,
    },
    /// Sign a charter for this party
    Sign {
        /// The post's folder
        dir: PathBuf,
        /// The charter
        charter: PathBuf,
    },
    /// Open the line of a charter that all parties signed
    Open {
        /// The post's folder
        dir: PathBuf,
        /// The charter
        charter: PathBuf,
        /// The check words, as the other party read them out, in any language
        #[arg(long)]
        words: Option<String>,
    },
    /// Send a line test now
    Test {
        /// The post's folder
        dir: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindWord {
    Real,
    Drill,
    Rehearsal,
}

pub(crate) fn run(verb: Verb, talk: Talk) -> u8 {
    let (Verb::Propose { dir, .. }
    | Verb::Show { path: dir }
    | Verb::Sign { dir, .. }
    | Verb::Open { dir, .. }
    | Verb::Test { dir }) = &verb;
    let talk = talk.at(&PostFolder::at(dir));
    let done = match &verb {
        Verb::Propose { dir, card, kind, output, languages, signatures } => {
            propose(dir, card, *kind, output, languages.as_deref(), *signatures, &talk)
        }
        Verb::Show { path } => show(path, &talk),
        Verb::Sign { dir, charter } => sign(dir, charter, &talk),
        Verb::Open { dir, charter, words } => open(dir, charter, words.as_deref(), &talk),
        Verb::Test { dir } => test(dir, &talk),
    };
    end(&talk, done)
}

fn propose(
    dir: &Path,
    others: &[PathBuf],
    kind: KindWord,
    output: &Path,
    tags: Option<&str>,
    signatures: u8,
    talk: &Talk,
) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(dir)?;
    let mut cards = vec![folder.card()?];
    for path in others {
        cards.push(read_card(path)?);
    }
    let wanted = match tags {
        Some(tags) => languages(tags)?,
        None => languages(&folder.settings()?.languages.join(","))?,
    };
    let kind = match kind {
        KindWord::Real => Kind::Real,
        KindWord::Drill => Kind::Drill,
        KindWord::Rehearsal => Kind::Rehearsal,
    };
    let mut terms = Terms::usual(kind, wanted);
    for rule in &mut terms.release {
        rule.signatures = signatures;
    }
    let mut nonce = [0; 16];
    fill_from_system(&mut nonce);
    let draft = draw_up(&cards, &terms, nonce, wall_ms())?;
    if output.exists() {
        let reason = talk.word("file-exists").to_owned();
        let name = output.display().to_string();
        return Err(CommandError::LocalFile { name, reason }.into());
    }
    write_replacing(output, &draft.to_bytes())?;
    print_charter(&draft, talk);
    talk.say_word("say-proposed", &output.display().to_string());
    Ok(0)
}

fn read_draft(path: &Path) -> Result<CharterDraft, Trouble> {
    Ok(CharterDraft::from_bytes(&read_bounded(path, CHARTER_FILE_MAX)?)?)
}

fn show(path: &Path, talk: &Talk) -> Result<u8, Trouble> {
    let path = if path.is_dir() {
        let folder = PostFolder::existing(path)?;
        folder.charter()?;
        folder.charter_path()
    } else {
        path.to_owned()
    };
    print_charter(&read_draft(&path)?, talk);
    Ok(0)
}

fn sign(dir: &Path, path: &Path, talk: &Talk) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(dir)?;
    let mut draft = read_draft(path)?;
    // Nothing is signed that says of us what we did not.
    check_own(&folder.card()?, draft.charter())?;
    match folder.charter() {
        Ok(held) if held.hash() != draft.hash() => {
            return Err(crate::folder::FolderError::LocalOtherLine.into());
        }
        Ok(_) | Err(crate::folder::FolderError::LocalNoCharter) => {}
        Err(error) => return Err(error.into()),
    }
    let store = folder.open_store(&talk.post_passphrase(Purpose::Open)?, system_fill())?;
    let before = draft.missing();
    let party = draft.sign(&PostKeys::load(&store)?.root_signer())?;
    if before.contains(&party) {
        write_replacing(path, &draft.to_bytes())?;
    }
    print_charter(&draft, talk);
    let missing = names(draft.charter(), &draft.missing());
    if missing.is_empty() {
        talk.say_word("say-signed-by-all", "");
    } else {
        talk.say_word("say-signed-charter", &missing.join(", "));
    }
    Ok(0)
}

fn open(dir: &Path, path: &Path, words: Option<&str>, talk: &Talk) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(dir)?;
    let draft = read_draft(path)?;
    check_own(&folder.card()?, draft.charter())?;
    let charter = draft.clone().complete()?;
    if let Some(words) = words
        && !matches(charter.hash(), &parse_words(words)?)
    {
        return Err(CommandError::LocalWordsDiffer.into());
    }
    let store = folder.open_store(&talk.post_passphrase(Purpose::Open)?, system_fill())?;
    PostKeys::load(&store)?.post_in(&charter)?;
    folder.keep_charter(&charter)?;
    drop(store);
    print_charter(&draft, talk);
    talk.say_word(if words.is_some() { "say-opened" } else { "say-opened-unheard" }, "");
    Ok(0)
}

fn test(dir: &Path, talk: &Talk) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(dir)?;
    let session = Session::running(&folder, talk.language);
    let mut session = session.map_err(|trouble| match trouble.code.as_str() {
        "KK-1401" => CommandError::LocalNeedsRunning.into(),
        _ => trouble,
    })?;
    match session.ask(&Ask::TestLine, None)? {
        Answer::Testing => {
            if talk.json {
                talk.row(&serde_json::json!({ "testing": true }));
            }
            talk.say_word("say-testing", "");
            Ok(0)
        }
        _ => Err(ControlError::LocalMalformed.into()),
    }
}

/// Checks that a charter says of our party exactly what our card says.
fn check_own(card: &Card, charter: &Charter) -> Result<(), CommandError> {
    let ours = (0..=u8::MAX)
        .map(PartyIndex)
        .zip(&charter.parties)
        .find(|(_, party)| party.root_key == card.party.root_key);
    let (index, party) = ours.ok_or(CommandError::PeerOtherCard)?;
    let posts: Vec<_> = charter.posts.iter().filter(|post| post.party == index).cloned().collect();
    let officers = charter.officers.iter().filter(|officer| officer.party == index);
    let officers: Vec<_> = officers.cloned().collect();
    let same_posts = posts.len() == card.posts.len()
        && posts.into_iter().zip(&card.posts).all(|(mut post, ours)| {
            post.party = ours.party;
            post == *ours
        });
    let same_officers = officers.len() == card.officers.len()
        && officers.into_iter().zip(&card.officers).all(|(mut officer, ours)| {
            officer.party = ours.party;
            officer == *ours
        });
    if *party == card.party && same_posts && same_officers {
        Ok(())
    } else {
        Err(CommandError::PeerOtherCard)
    }
}

fn names(charter: &Charter, parties: &[PartyIndex]) -> Vec<String> {
    let name = |party: &PartyIndex| charter.party(*party).map(|party| party.name.clone());
    parties.iter().filter_map(name).collect()
}

/// Returns the names of an officer's roles.
pub(crate) fn role_names(roles: Roles) -> Vec<&'static str> {
    ROLES.iter().filter(|(_, role)| roles.any_of(*role)).map(|(name, _)| *name).collect()
}

/// Reads roles with a plus between them.
pub(crate) fn parse_roles(text: &str) -> Result<Roles, CommandError> {
    let mut roles = Roles::NONE;
    for name in text.split('+') {
        let known = ROLES.iter().find(|(known, _)| *known == name.trim());
        let shown = || name.chars().filter(char::is_ascii_graphic).take(16).collect();
        roles = roles.with(known.ok_or_else(|| CommandError::LocalRoles(shown()))?.1);
    }
    Ok(roles)
}

const ROLES: [(&str, Roles); 6] = [
    ("watch", Roles::WATCH),
    ("releasing", Roles::RELEASING),
    ("linguist", Roles::LINGUIST),
    ("technical", Roles::TECHNICAL),
    ("auditor", Roles::AUDITOR),
    ("commander", Roles::COMMANDER),
];

/// Returns the check words of a charter in a language of the line, in one row.
fn words_of(draft: &CharterDraft, language: WordLanguage) -> String {
    CheckWords::of(draft.hash(), language).to_string()
}

fn print_charter(draft: &CharterDraft, talk: &Talk) {
    let charter = draft.charter();
    let missing = draft.missing();
    let tags: Vec<&str> = charter.languages.iter().map(String::as_str).collect();
    let mut heard: Vec<(&str, WordLanguage)> = Vec::new();
    for tag in tags.iter().copied() {
        if let Some(language) = WordLanguage::from_tag(tag) {
            heard.push((tag, language));
        }
    }
    if heard.is_empty() {
        // There are words in three languages; a line of others reads them in English.
        heard.push(("en", WordLanguage::English));
    }
    if talk.json {
        let parties = (0..=u8::MAX).map(PartyIndex).zip(&charter.parties);
        let parties = parties.map(|(index, party)| {
            let posts = charter.posts.iter().filter(|post| post.party == index);
            let officers = charter.officers.iter().filter(|officer| officer.party == index);
            serde_json::json!({
                "name": party.name,
                "signed": !missing.contains(&index),
                "posts": posts.map(|post| serde_json::json!({
                    "name": post.name, "addresses": post.addresses,
                })).collect::<Vec<_>>(),
                "officers": officers.map(|officer| serde_json::json!({
                    "title": officer.title, "roles": role_names(officer.roles),
                })).collect::<Vec<_>>(),
            })
        });
        let words: serde_json::Map<String, serde_json::Value> = heard
            .iter()
            .map(|(tag, language)| {
                ((*tag).to_owned(), words_of(draft, *language).replace('\n', " ").into())
            })
            .collect();
        talk.row(&serde_json::json!({
            "kind": charter.kind.to_string(),
            "line": charter.line_id().to_string(),
            "hash": draft.hash().to_string(),
            "languages": tags,
            "parties": parties.collect::<Vec<_>>(),
            "signatures": charter.release.map(|rule| rule.signatures),
            "words": words,
        }));
        return;
    }
    let kind = match charter.kind {
        Kind::Real => LineKind::Real,
        Kind::Drill => LineKind::Drill,
        Kind::Rehearsal => LineKind::Rehearsal,
    };
    talk.data(kind_words(kind, talk.reading));
    talk.data(&format!("{}: {}", talk.word("line"), charter.line_id()));
    talk.data(&format!("{}: {}", talk.word("languages"), tags.join(", ")));
    for (index, party) in (0..=u8::MAX).map(PartyIndex).zip(&charter.parties) {
        let signed = if missing.contains(&index) { "not-signed" } else { "signed" };
        talk.data(&format!("{}: {} ({})", talk.word("party"), party.name, talk.word(signed)));
        for post in charter.posts.iter().filter(|post| post.party == index) {
            let at = post.addresses.join(", ");
            talk.data(&format!("  {}: {}  {at}", talk.word("post"), post.name));
        }
        for officer in charter.officers.iter().filter(|officer| officer.party == index) {
            let roles = role_names(officer.roles).join(", ");
            talk.data(&format!("  {}: {} ({roles})", talk.word("officer"), officer.title));
        }
    }
    let rules: Vec<String> =
        charter.release.iter().map(|rule| rule.signatures.to_string()).collect();
    talk.data(&format!("{}: {}", talk.word("signatures"), rules.join(" ")));
    for (tag, language) in heard {
        let name = Language::from_tag(tag)
            .map_or_else(|| tag.to_owned(), |known| known.own_name().to_owned());
        talk.data(&format!("{} ({name}):", talk.word("check-words")));
        for row in words_of(draft, language).lines() {
            talk.data(&format!("  {row}"));
        }
    }
}
