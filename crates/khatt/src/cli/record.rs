//! `khatt record`: everything that a post holds of its line, as one file.

use std::{
    fs,
    io::BufWriter,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use data_encoding::HEXLOWER;
use khatt_core::store::Reader;
use khatt_record::{SignedCharter, statement::LABEL};
use serde_json::json;

use super::{CommandError, Talk, end};
use crate::{
    control::desk::entry_id,
    folder::{FolderError, PostFolder, PostKeys, system_fill},
    passphrase::Purpose,
    record::{self, Exported},
    trouble::Trouble,
};

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Write the record, with every message open in it
    Export {
        /// The post's folder; its post must not be running
        dir: PathBuf,
        /// Where to write it, instead of record.khatt in the folder
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Write a log's newest cosigned checkpoint as a C2SP note, with the keys that verify it
    Checkpoint {
        /// The post's folder; its post must not be running
        dir: PathBuf,
        /// Whose log, instead of this post's
        #[arg(long)]
        post: Option<String>,
    },
    /// Write the officers' signatures of a message as COSE_Sign1 objects
    Officers {
        /// The post's folder; its post must not be running
        dir: PathBuf,
        /// The message, as POST/NUMBER
        entry: String,
    },
}

pub(crate) fn run(verb: Verb, talk: Talk) -> u8 {
    let done = match verb {
        Verb::Export { dir, output } => export(&dir, output, &talk),
        Verb::Checkpoint { dir, post } => checkpoint(&dir, post.as_deref(), &talk),
        Verb::Officers { dir, entry } => officers(&dir, &entry, &talk),
    };
    end(&talk, done)
}

fn checkpoint(dir: &Path, post: Option<&str>, talk: &Talk) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(dir)?;
    let talk = &talk.at(&folder);
    let charter = folder.charter()?;
    let store = folder.open_store(&talk.post_passphrase(Purpose::Open)?, system_fill())?;
    let log = match post {
        None => PostKeys::load(&store)?.post_in(&charter)?,
        Some(name) => charter
            .charter()
            .posts()
            .find(|(_, post)| post.name == name)
            .map(|(index, _)| index)
            .ok_or_else(|| CommandError::LocalNoSuchPost(name.to_owned()))?,
    };
    let Some(signed) = record::newest_note(&store.reader()?, &charter, log)? else {
        return Err(CommandError::LocalNoCheckpoint.into());
    };
    if talk.json {
        talk.row(&json!({ "note": signed.note, "keys": signed.keys, "size": signed.size,
            "cosignatures": signed.keys.len().saturating_sub(1) }));
    } else {
        // The note itself, so that it can be written to a file; the keys are for people.
        talk.data(signed.note.trim_end_matches('\n'));
        for key in &signed.keys {
            talk.say(key);
        }
    }
    Ok(0)
}

fn officers(dir: &Path, entry: &str, talk: &Talk) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(dir)?;
    let talk = &talk.at(&folder);
    let charter = folder.charter()?;
    let id = entry_id(entry)?;
    let store = folder.open_store(&talk.post_passphrase(Purpose::Open)?, system_fill())?;
    let signed = record::officers(&store.reader()?, &charter, id)?;
    if signed.is_empty() {
        return Err(CommandError::LocalNoSuchEntry(id).into());
    }
    for one in signed {
        let key = HEXLOWER.encode(&one.key);
        let statement = HEXLOWER.encode(&one.statement);
        let cose = HEXLOWER.encode(&one.cose_sign1);
        if talk.json {
            talk.row(&json!({ "officer": one.officer, "key": key, "statement": statement,
                "external_aad": HEXLOWER.encode(LABEL.as_bytes()), "cose_sign1": cose }));
        } else {
            talk.data(&format!("{}  {key}\n  {statement}\n  {cose}", one.officer));
        }
    }
    Ok(0)
}

fn export(dir: &Path, output: Option<PathBuf>, talk: &Talk) -> Result<u8, Trouble> {
    let folder = PostFolder::existing(dir)?;
    let talk = &talk.at(&folder);
    let charter = folder.charter()?;
    let store = folder.open_store(&talk.post_passphrase(Purpose::Open)?, system_fill())?;
    let path = output.unwrap_or_else(|| dir.join("record.khatt"));
    let exported = write(&store.reader()?, &charter, &path)?;
    let entries: u64 = exported.entries.iter().sum();
    if talk.json {
        talk.row(&json!({ "file": path.display().to_string(), "entries": exported.entries,
            "checkpoints": exported.checkpoints, "cosignatures": exported.cosignatures,
            "forks": exported.forks }));
    } else {
        talk.data(&format!("{}  {entries}", path.display()));
    }
    Ok(0)
}

/// Writes a record so that a power cut leaves all of it or nothing; only its owner may read it.
pub(super) fn write(
    reader: &dyn Reader,
    charter: &SignedCharter,
    path: &Path,
) -> Result<Exported, Trouble> {
    let failed = |error: std::io::Error| {
        let what = "writing the record".to_owned();
        FolderError::LocalIo { what, reason: error.to_string() }
    };
    let mut new = path.as_os_str().to_owned();
    new.push(".tmp");
    let new = PathBuf::from(new);
    let file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)
        .map_err(failed)?;
    let written = record::export(reader, charter, BufWriter::new(file));
    let done = written.map_err(Trouble::from).and_then(|(exported, out)| {
        out.get_ref().sync_all().map_err(failed)?;
        fs::rename(&new, path).map_err(failed)?;
        Ok(exported)
    });
    if done.is_err() {
        // A record that is cut short is of no use to anybody.
        let _ = fs::remove_file(&new);
    }
    done
}
