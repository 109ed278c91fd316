//! `khatt post backup`, `restore`, `check` and `upgrade`: looking after a post's folder.

use std::{fs, path::Path};

use data_encoding::HEXLOWER;
use serde_json::json;

use super::Talk;
use crate::{
    advice,
    backup::{self, BackupError, Prepared},
    clock::{Clock, SystemClock},
    control::{
        ControlError,
        ask::{Answer, Ask},
        client::Session,
    },
    folder::{FolderError, PostFolder, PostKeys, system_fill},
    inspect::{self, CheckView},
    passphrase::Purpose,
    trouble::{AtFault, Trouble},
};

pub(super) fn backup(dir: &Path, out: &Path, talk: &Talk) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(dir)?;
    if out.exists() {
        return Err(BackupError::LocalExists(out.display().to_string()).into());
    }
    let path = backup::snapshot_path(&folder);
    let (prepared, damage) = match running(&folder, talk)? {
        Some(mut session) => match session.ask(&Ask::Snapshot, None)? {
            Answer::Snapshot { manifest, seal, damage } => {
                let seal = HEXLOWER.decode(seal.as_bytes());
                let seal = seal.map_err(|_| ControlError::LocalMalformed)?;
                let manifest = manifest.into_bytes();
                (Prepared { manifest, seal, damage: Vec::new() }, damage)
            }
            _ => return Err(ControlError::LocalMalformed.into()),
        },
        None => {
            let passphrase = talk.post_passphrase(Purpose::Open)?;
            let store = folder.open_store(&passphrase, system_fill())?;
            // Left by a command that was cut off; the folder is ours now.
            let _ = fs::remove_file(&path);
            let prepared = backup::prepare(&folder, &store.reader()?, &path, now_ms())?;
            let told =
                |damage: &khatt_store::Damage| Trouble::new(damage.code(), &damage.to_string());
            let damage = prepared.damage.iter().map(told).collect();
            (prepared, damage)
        }
    };
    let opened = fs::File::open(&path);
    // From here on it goes away with this process, however that ends.
    let _ = fs::remove_file(&path);
    let snapshot = opened.map_err(|_| BackupError::LocalChanged("snapshot".to_owned()))?;
    backup::write(&folder, snapshot, &prepared, out)?;
    told_of_backup(&prepared, out, talk);
    for found in &damage {
        tell(found, "damaged", talk);
    }
    Ok(if damage.is_empty() { 0 } else { 8 })
}

pub(super) fn restore(file: &Path, dir: &Path, ballast: u64, talk: &Talk) -> Result<u8, Trouble> {
    let passphrase = talk.post_passphrase(Purpose::Open)?;
    let made = backup::restore(file, dir, &passphrase, now_ms(), ballast << 20)?;
    if talk.json {
        talk.row(
            &json!({ "dir": dir, "backup": made.manifest.time, "commit": made.manifest.commit,
            "lines": made.manifest.lines }),
        );
    } else {
        talk.data(&format!("{}  {}  {}", dir.display(), made.manifest.time, made.manifest.commit));
    }
    talk.say_word("say-restored", "");
    Ok(0)
}

pub(super) fn check(dir: &Path, talk: &Talk) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(dir)?;
    let view = match running(&folder, talk)? {
        Some(mut session) => match session.ask(&Ask::Check, None)? {
            Answer::Check(view) => *view,
            _ => return Err(ControlError::LocalMalformed.into()),
        },
        None => alone(&folder, talk)?,
    };
    let code = view.exit();
    tell_view(&view, talk);
    Ok(code)
}

/// Checks a folder in which no post runs, with every processor.
fn alone(folder: &PostFolder, talk: &Talk) -> Result<CheckView, Trouble> {
    let store = folder.open_store(&talk.post_passphrase(Purpose::Open)?, system_fill())?;
    let charter = match folder.charter() {
        Ok(charter) => Some(charter),
        Err(FolderError::LocalNoCharter) => None,
        Err(error) => return Err(error.into()),
    };
    let own = match &charter {
        Some(charter) => Some(PostKeys::load(&store)?.post_in(charter)?),
        None => None,
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    inspect::inspect(folder, &store.reader()?, charter.as_ref().zip(own), threads)
}

pub(super) fn upgrade(dir: &Path, out: Option<&Path>, talk: &Talk) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(dir)?;
    let passphrase = talk.post_passphrase(Purpose::Open)?;
    let options = khatt_store::Options { ballast_bytes: 0, ..khatt_store::Options::default() };
    let upgraded = khatt_store::SqliteStore::upgrade::<Trouble>(
        dir,
        passphrase.expose(),
        &options,
        |reader| {
            let path = backup::snapshot_path(&folder);
            let _ = fs::remove_file(&path);
            let prepared = backup::prepare(&folder, reader, &path, now_ms())?;
            let opened = fs::File::open(&path);
            let _ = fs::remove_file(&path);
            let snapshot = opened.map_err(|_| BackupError::LocalChanged("snapshot".to_owned()))?;
            let name = || {
                let mut name = dir.as_os_str().to_owned();
                name.push(format!("-{}.backup", env!("CARGO_PKG_VERSION")));
                name.into()
            };
            let out = out.map_or_else(name, Path::to_owned);
            backup::write(&folder, snapshot, &prepared, &out)?;
            told_of_backup(&prepared, &out, talk);
            Ok(())
        },
    );
    let (from, to) = upgraded?;
    if talk.json {
        talk.row(&json!({ "from": from, "to": to }));
    } else {
        talk.data(&format!("{from}  {to}"));
    }
    talk.say_word(if from == to { "say-newest" } else { "say-upgraded" }, "");
    Ok(0)
}

/// Speaks to the post that runs in the folder, if one does.
fn running(folder: &PostFolder, talk: &Talk) -> Result<Option<Session>, Trouble> {
    match Session::running(folder, talk.language) {
        Ok(session) => Ok(Some(session)),
        Err(trouble) if trouble.code == ControlError::LocalNotRunning.code() => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

fn told_of_backup(prepared: &Prepared, out: &Path, talk: &Talk) {
    let manifest: serde_json::Value =
        serde_json::from_slice(&prepared.manifest).unwrap_or_default();
    let bytes = fs::metadata(out).map_or(0, |file| file.len());
    if talk.json {
        talk.row(&json!({ "file": out, "bytes": bytes, "manifest": manifest }));
    } else {
        let commit = manifest.get("commit").and_then(serde_json::Value::as_u64).unwrap_or(0);
        talk.data(&format!("{}  {bytes}  {commit}", out.display()));
    }
}

fn tell_view(view: &CheckView, talk: &Talk) {
    if talk.json {
        talk.row(view);
        return;
    }
    for found in &view.findings {
        tell(found, "damaged", talk);
    }
    for remark in &view.remarks {
        tell(remark, "remark", talk);
    }
    let more = view.finding_count.saturating_sub(view.findings.len() as u64);
    if more > 0 {
        talk.data(&format!("… {more}"));
    }
    talk.data(&format!(
        "{}: {}  {}: {}  {}: {}  {}: {}",
        talk.word("rows"),
        view.rows,
        talk.word("entries"),
        view.entries,
        talk.word("checkpoints"),
        view.checkpoints,
        talk.word("officers-signatures"),
        view.officer_signatures,
    ));
    talk.data(talk.word(if view.finding_count == 0 { "sound" } else { "not-sound" }));
}

/// Tells one finding: what, whose fault, what to do.
fn tell(found: &Trouble, kind: &str, talk: &Talk) {
    let (what, advice) = advice::text(&found.code, talk.language);
    let whose = match found.at_fault {
        AtFault::Local => "fault-local",
        AtFault::Peer => "fault-peer",
        AtFault::Carrier => "fault-carrier",
    };
    if talk.json {
        talk.row(&json!({ kind: found, "what": what, "advice": advice }));
        return;
    }
    talk.data(&format!("{} [{}]: {what}", talk.word(kind), found.code));
    talk.data(&format!("  {}: {}", talk.word("at-fault"), talk.word(whose)));
    talk.data(&format!("  {}: {}", talk.word("detail"), found.detail));
    talk.data(&format!("  {}: {advice}", talk.word("do")));
}

fn now_ms() -> u64 {
    SystemClock::start().now().wall_ms
}
