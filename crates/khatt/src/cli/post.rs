//! `khatt post`: making, running and looking after a post.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use khatt_store::PassphraseCost;

use super::{
    CommandError, Talk, care,
    draft::session,
    end,
    inputs::assignment,
    languages,
    line::{parse_roles, role_names},
    message::kind_row,
    sign::{Acting, As},
};
use crate::{
    control::{
        ControlError,
        ask::{Answer, Ask},
        views::StatusView,
    },
    folder::{NewOfficer, NewPost, NewToken, PostFolder, Settings, system_fill},
    passphrase::Purpose,
    trouble::Trouble,
};

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Make a post: its folder, keys, officers and card
    Init(Init),
    /// Run the post until it is stopped
    Run {
        /// The post's folder
        dir: PathBuf,
        #[command(flatten)]
        watch: super::run::Watch,
        #[command(flatten)]
        traces: crate::traces::Options,
    },
    /// Show how the post stands
    Status {
        /// The post's folder
        dir: PathBuf,
    },
    /// Copy the post into one file, while it runs or not; what is sealed stays sealed
    Backup {
        /// The post's folder
        dir: PathBuf,
        /// The file to write; it must not exist
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Make a post's folder of a backup; it signs nothing before it has compared with its peers
    Restore {
        /// The backup
        file: PathBuf,
        /// The folder to make
        dir: PathBuf,
        /// Disk space held back for receipts, in MiB
        #[arg(long, value_name = "MIB", default_value_t = 32)]
        ballast: u64,
    },
    /// Read everything that the post holds, every hash and signature, while it runs or not
    Check {
        /// The post's folder
        dir: PathBuf,
    },
    /// Move the post's store on to this version of khatt, after a backup; the post must not run
    Upgrade {
        /// The post's folder
        dir: PathBuf,
        /// Where to write the backup, instead of DIR-VERSION.backup
        #[arg(long, value_name = "FILE")]
        backup: Option<PathBuf>,
    },
    /// Mark an alarm as seen; never acknowledges a message
    Alarm {
        /// The post's folder
        dir: PathBuf,
        /// The alarm's key, as `post status` shows it
        key: String,
        #[command(flatten)]
        who: As,
    },
}

#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Init {
    /// The folder to make
    dir: PathBuf,
    /// The party's name
    #[arg(long)]
    party: String,
    /// The post's name; PARTY-1 if not given
    #[arg(long)]
    post: Option<String>,
    /// The languages that the party wants on its lines
    #[arg(long, value_name = "LANG,…", default_value = "en,ar,fa")]
    languages: String,
    /// Where the post listens
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<SocketAddr>,
    /// Where peers reach it, if that is not where it listens
    #[arg(long = "address", value_name = "IP:PORT")]
    addresses: Vec<SocketAddr>,
    /// An officer and roles (watch, releasing, linguist, technical, auditor, commander, with + between)
    #[arg(long = "officer", value_name = "NAME:ROLES")]
    officers: Vec<String>,
    /// Read an officer's passphrase from the first row of a file
    #[arg(long = "officer-passphrase-file", value_name = "NAME=FILE")]
    officer_files: Vec<String>,
    /// Make the post's log key in a PKCS #11 token, by the token's module
    #[arg(long, value_name = "FILE", requires = "token_label")]
    token: Option<PathBuf>,
    /// The token's label
    #[arg(long, value_name = "LABEL", requires = "token")]
    token_label: Option<String>,
    /// Read the token's PIN from the first row of a file
    #[arg(long, value_name = "FILE", requires = "token")]
    token_pin_file: Option<PathBuf>,
    /// Disk space held back for receipts, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 32)]
    ballast: u64,
}

pub(crate) fn run(verb: Verb, talk: Talk) -> u8 {
    let dir = match &verb {
        Verb::Init(init) => &init.dir,
        Verb::Run { dir, .. }
        | Verb::Status { dir }
        | Verb::Backup { dir, .. }
        | Verb::Restore { dir, .. }
        | Verb::Check { dir }
        | Verb::Upgrade { dir, .. }
        | Verb::Alarm { dir, .. } => dir,
    };
    let talk = talk.at(&PostFolder::at(dir));
    let done = match &verb {
        Verb::Init(new) => init(new, &talk),
        Verb::Run { dir, watch, .. } => super::run::run(dir, watch, &talk),
        Verb::Status { dir } => status(dir, &talk),
        Verb::Backup { dir, output } => care::backup(dir, output, &talk),
        Verb::Restore { file, dir, ballast } => care::restore(file, dir, *ballast, &talk),
        Verb::Check { dir } => care::check(dir, &talk),
        Verb::Upgrade { dir, backup } => care::upgrade(dir, backup.as_deref(), &talk),
        Verb::Alarm { dir, key, who } => alarm(dir, key, who, &talk),
    };
    end(&talk, done)
}

fn init(new: &Init, talk: &Talk) -> Result<u8, Trouble> {
    let tags = languages(&new.languages)?;
    let officers = if new.officers.is_empty() {
        vec!["watch:watch".to_owned(), "releasing:watch+releasing".to_owned()]
    } else {
        new.officers.clone()
    };
    let mut files = BTreeMap::new();
    for file in &new.officer_files {
        let (name, file) = assignment(file)?;
        files.insert(name, PathBuf::from(file));
    }
    // The names are checked before anybody types a passphrase.
    let mut named = Vec::with_capacity(officers.len());
    for officer in &officers {
        let (name, roles) = officer.split_once(':').ok_or(CommandError::LocalAssignment)?;
        named.push((name.trim().to_owned(), parse_roles(roles)?));
    }
    if let Some((name, _)) = files.iter().find(|(name, _)| named.iter().all(|(n, _)| n != *name)) {
        return Err(CommandError::LocalNoSuchOfficer(name.clone()).into());
    }
    let passphrase = talk.post_passphrase(Purpose::Protect)?;
    let mut made = Vec::with_capacity(named.len());
    for (name, roles) in named {
        let file = files.get(&name).map(PathBuf::as_path);
        let passphrase = talk.officer_passphrase(&name, file, Purpose::Protect)?;
        made.push(NewOfficer { name, roles, passphrase });
    }
    let token = match (&new.token, &new.token_label) {
        (Some(module), Some(label)) => {
            let pin = talk.token_pin(new.token_pin_file.as_deref())?;
            Some(NewToken { module: module.clone(), label: label.clone(), pin })
        }
        _ => None,
    };
    let addresses = if new.addresses.is_empty() {
        new.listen.into_iter().filter(|listen| !listen.ip().is_unspecified()).collect()
    } else {
        new.addresses.clone()
    };
    let post = NewPost {
        settings: Settings {
            party: new.party.clone(),
            post: new.post.clone().unwrap_or_else(|| format!("{}-1", new.party)),
            languages: tags.iter().map(|language| language.tag().to_owned()).collect(),
            officer_language: talk.language.tag().to_owned(),
            listen: new.listen,
            token: None,
            peers: BTreeMap::new(),
        },
        addresses: addresses.iter().map(SocketAddr::to_string).collect(),
        token,
        officers: made,
        recovery: khatt_record::charter::Recovery::none(),
        passphrase,
        cost: PassphraseCost::RECOMMENDED,
        ballast_bytes: new.ballast << 20,
    };
    let (folder, card) = PostFolder::make(&new.dir, &post, system_fill)?;
    let officers = card.officers.iter().map(|officer| (&officer.title, role_names(officer.roles)));
    if talk.json {
        talk.row(&serde_json::json!({
            "party": card.party.name,
            "post": post.settings.post,
            "dir": folder.dir(),
            "card": folder.card_path(),
            "officers": officers.collect::<Vec<_>>(),
        }));
    } else {
        talk.data(&format!("{}: {}", talk.word("party"), card.party.name));
        talk.data(&format!("{}: {}", talk.word("post"), post.settings.post));
        for (title, roles) in officers {
            talk.data(&format!("{}: {title} ({})", talk.word("officer"), roles.join(", ")));
        }
    }
    talk.say_word("say-made", &folder.card_path().display().to_string());
    Ok(0)
}

fn status(dir: &Path, talk: &Talk) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(dir)?;
    let mut session = session(&folder, talk)?;
    match session.ask(&Ask::Status, None)? {
        Answer::Status(view) => print_status(&view, talk),
        _ => return Err(ControlError::LocalMalformed.into()),
    }
    Ok(0)
}

fn alarm(dir: &Path, key: &str, who: &As, talk: &Talk) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(dir)?;
    let acting = Acting::open(&folder, who, talk)?;
    let mut session = session(&folder, talk)?;
    let ask = Ask::AlarmSeen { officer: acting.name.clone(), cause: key.to_owned() };
    match acting.ask(&mut session, &ask)? {
        Answer::AlarmSeen => {
            if talk.json {
                talk.row(&serde_json::json!({ "seen": key }));
            }
            talk.say_word("say-alarm-seen", "");
            Ok(0)
        }
        _ => Err(ControlError::LocalMalformed.into()),
    }
}

/// An age in days, hours or minutes, as the units of ISO 8601 have it: the same in every language.
fn age(seconds: u64) -> String {
    match seconds {
        86_400.. => format!("P{}D", seconds / 86_400),
        3_600.. => format!("PT{}H", seconds / 3_600),
        _ => format!("PT{}M", seconds / 60),
    }
}

fn print_status(view: &StatusView, talk: &Talk) {
    if talk.json {
        talk.row(view);
        return;
    }
    kind_row(&view.kind, talk);
    talk.data(&format!("{}: {}", talk.word("line"), view.line));
    talk.data(&format!("{}: {} ({})", talk.word("post"), view.post, view.party));
    talk.data(talk.word(if view.mode == "running" { "running" } else { "alone" }));
    if view.halted {
        talk.data(talk.word("halted"));
    }
    for log in &view.logs {
        let route = if log.connected { "route-up" } else { "route-down" };
        let fork = if log.forked { talk.word("forked") } else { "" };
        talk.data(&format!(
            "  {}  {}  {}  {}  {} {fork}",
            log.post,
            log.size,
            log.root,
            talk.word(route),
            log.tests,
        ));
        for one in &log.cosigned {
            let age = one.age_s.map(age).unwrap_or_default();
            talk.data(&format!("    {}: {}  {}  {age}", talk.word("cosigned"), one.size, one.by));
        }
    }
    for alarm in &view.alarms {
        let (what, advice) = crate::advice::text(&alarm.code, talk.language);
        let seen = if alarm.seen { talk.word("seen") } else { talk.word("unseen") };
        talk.data(&format!(
            "{} {} {}  {}  ×{}  {seen}  [{}]\n    {what}\n    {}: {advice}",
            alarm.class,
            alarm.code,
            alarm.time,
            talk.word("alarm"),
            alarm.count,
            alarm.key,
            talk.word("do"),
        ));
    }
    talk.data(&format!("{}: {}", talk.word("drafts-waiting"), view.drafts));
    if let Some(disk) = &view.health.disk {
        let mib = |bytes: u64| bytes >> 20;
        let (free, total, held) =
            (mib(disk.free_bytes), mib(disk.total_bytes), mib(disk.ballast_bytes));
        talk.data(&format!(
            "{}: {free} / {total} MiB, {}: {held} MiB",
            talk.word("disk-free"),
            talk.word("ballast")
        ));
    }
}
