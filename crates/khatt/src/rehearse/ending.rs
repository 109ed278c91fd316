//! The end of a rehearsal: records written, verified and compared; what was acknowledged, and when.

use std::{
    collections::BTreeSet,
    fs,
    io::BufWriter,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use khatt_core::ladder::Level;
use khatt_record::{
    Hash, PostIndex, Precedence,
    verify::{Anchor, Answer},
};
use serde_json::json;

use super::{
    RehearseError, Show, io,
    stage::{Side, Stage},
};
use crate::{record, verify};

/// How often the posts are given half a minute to hold the same.
const ROUNDS: u32 = 8;
/// A little more than the time after which heads are exchanged on a quiet connection.
const ROUND_MS: u64 = 31_000;

/// Writes and verifies the record of every post; tells whether all of it is sound.
pub(super) fn end(stage: &mut Stage, show: &mut Show) -> Result<bool, RehearseError> {
    let alike = let_them_agree(stage)?;
    show.note("");
    let mut sound = alike;
    let mut roots = BTreeSet::new();
    for side in &stage.sides {
        let path = side.folder.dir().join("record.khatt");
        let exported = write(side, stage, &path)?;
        let anchor = Anchor::Charter(Box::new(stage.charter.clone()));
        let report = match verify::verify_file(&path, &anchor) {
            Ok(report) => report,
            Err(fault) => {
                sound = false;
                let value = json!({ "post": side.post.as_str(), "code": fault.code() });
                let text = format!("record of {}: refused [{}] {fault}", side.post, fault.code());
                show.row(&text, "record", value);
                continue;
            }
        };
        let held: Vec<Hash> = report.posts.iter().map(|post| post.root).collect();
        roots.insert(held.iter().map(|root| root.0).collect::<Vec<_>>());
        let good = report.answer() == Answer::PartiesEstablished;
        sound &= good;
        let value = json!({ "post": side.post.as_str(), "file": path.display().to_string(),
            "entries": exported.entries, "checkpoints": exported.checkpoints,
            "verified": good, "faults": report.fault_count,
            "officer_signatures": report.officer_signatures,
            "renderings_agree": report.renderings_agree,
            "roots": held.iter().map(ToString::to_string).collect::<Vec<_>>() });
        let answer = if good { "verifies, parties established" } else { "does NOT verify" };
        let text = format!(
            "record of {}: {} entries, {} checkpoints; {answer}; {} officers' signatures hold, {} \
             renderings agree",
            side.post,
            report.entries(),
            exported.checkpoints,
            report.officer_signatures,
            report.renderings_agree,
        );
        show.row(&text, "record", value);
        for fault in &report.faults {
            show.note(&format!("  at {}: {}", fault.at, fault.kind));
        }
    }
    sound &= roots.len() == 1;
    let same = roots.len() == 1;
    let text = if same { "Both records have the same roots." } else { "The records DIFFER." };
    show.row(text, "roots", json!({ "same": same }));
    show.note(
        "How long each level took, by the scenario's clock, in which a network takes no time:",
    );
    for side in &stage.sides {
        statistics(side, stage, show)?;
    }
    Ok(sound)
}

/// Lets the posts exchange what they hold until all hold the same.
fn let_them_agree(stage: &mut Stage) -> Result<bool, RehearseError> {
    for _ in 0..ROUNDS {
        stage.settle()?;
        let mut held = BTreeSet::new();
        for side in &stage.sides {
            let logs = side.host.query(|line, _| {
                line.log_views().iter().map(|log| (log.size, log.root.0)).collect::<Vec<_>>()
            })?;
            held.insert(logs);
        }
        if held.len() == 1 {
            return Ok(true);
        }
        let until_ms = stage.clock.now_ms().saturating_add(ROUND_MS);
        while stage.clock.now_ms() < until_ms {
            stage.advance(until_ms)?;
        }
    }
    Ok(false)
}

fn write(side: &Side, stage: &Stage, path: &Path) -> Result<record::Exported, RehearseError> {
    let failed = io("writing the record");
    let new: PathBuf = path.with_extension("khatt.tmp");
    let file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)
        .map_err(&failed)?;
    let (exported, out) = record::export(&side.reader, &stage.charter, BufWriter::new(file))?;
    out.get_ref().sync_all().map_err(&failed)?;
    fs::rename(&new, path).map_err(&failed)?;
    Ok(exported)
}

/// Shows how long each level took, by the scenario's clock.
fn statistics(side: &Side, stage: &Stage, show: &mut Show) -> Result<(), RehearseError> {
    type Row = (PostIndex, Precedence, Level, u64, Option<u64>, Option<u64>);
    let rows: Vec<Row> = side.host.query(|line, _| {
        let times = line.statistics().iter();
        times
            .map(|(post, precedence, level, times)| {
                (post, precedence, level, times.count(), times.median_ms(), times.max_ms())
            })
            .collect()
    })?;
    for (post, precedence, level, count, median_ms, max_ms) in rows {
        let Some(peer) = stage.name_of(post).filter(|_| post != side.index) else {
            continue;
        };
        let level = level.number();
        let speed = u8::try_from(precedence.index()).unwrap_or(u8::MAX);
        let speed = khatt_forms::precedence_words(speed, khatt_forms::Language::En);
        let value = json!({ "of": side.post.as_str(), "by": peer.as_str(), "precedence": speed,
            "level": level, "count": count, "median_ms": median_ms, "max_ms": max_ms });
        let time = |ms: Option<u64>| ms.map_or_else(|| "-".to_owned(), shown);
        let text = format!(
            "{} to {peer}, {speed}: A{level} {count} times, half within {}, all within {}",
            side.post,
            time(median_ms),
            time(max_ms),
        );
        show.row(&text, "statistics", value);
    }
    Ok(())
}

fn shown(ms: u64) -> String {
    if ms < 1_000 {
        format!("{ms} ms")
    } else {
        format!("{} min {} s", ms / 60_000, ms / 1_000 % 60)
    }
}
