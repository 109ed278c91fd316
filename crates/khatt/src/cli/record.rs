//! `khatt record`: everything that a post holds of its line, as one file.

use std::{
    fs,
    io::BufWriter,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use khatt_core::store::Reader;
use khatt_record::SignedCharter;
use serde_json::json;

use super::{Talk, end};
use crate::{
    folder::{FolderError, PostFolder, system_fill},
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
}

pub(crate) fn run(verb: Verb, talk: Talk) -> u8 {
    let Verb::Export { dir, output } = verb;
    end(&talk, export(&dir, output, &talk))
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
            "checkpoints": exported.checkpoints, "forks": exported.forks }));
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
