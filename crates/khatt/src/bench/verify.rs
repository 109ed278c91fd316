//! A record file as a stranger checks it: every signature, checkpoint and receipt, every body opened.
//!
//! The bare cost is the same signature checks and hashes on the same number of threads, done in the
//! same run: verification stops at every report of progress while as much bare work is done as it
//! has done since.

use std::{
    fs::File,
    io::BufWriter,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use khatt_record::{
    Entry, Hash, PostIndex, PostSigner as _, PublicKey, SignedCharter, SoftwareSigner,
    entry::{Open, Receipt, Seen, SeenLog},
    file::{RecordWriter, RowOpen},
    merkle::{Frontier, leaf_hash},
    verify::{Anchor, NoBodyCheck, verify},
};
use sha2::{Digest as _, Sha256};

use super::{
    Goal, Plan, Row, child,
    pair::{NORTH, SOUTH, charter},
    past::{Maker, RECEIPTED_AT_ONCE, checkpoint},
};

/// Entries in the record.
const ENTRIES: u64 = 1_000_000;
const QUICK_ENTRIES: u64 = 20_000;
/// Verification may cost so much more than the bare checks.
const RATIO: f64 = 1.3;
/// Memory may grow by so much, from a record of a tenth to the whole.
const GROWTH_MB: f64 = 16.0;

pub(super) fn run(plan: &Plan, tell: &mut dyn FnMut(Row)) -> anyhow::Result<()> {
    let entries = plan.count(ENTRIES, QUICK_ENTRIES);
    let scratch = plan.folder("verify")?;
    let charter = charter();
    let (small, whole) = (scratch.path().join("small"), scratch.path().join("whole"));
    write(&small, &charter, entries / 10)?;
    write(&whole, &charter, entries)?;
    let bare = Bare::new()?;
    check(&small, &charter, &bare)?;
    let before = child::memory_kib("self", "VmHWM:")?;
    let cost = check(&whole, &charter, &bare)?;
    let grown = child::memory_kib("self", "VmHWM:")?.saturating_sub(before);
    let row = Row::new("verify.time", cost.verify.as_secs_f64(), "s");
    tell(row.over(cost.bare.as_secs_f64()).goal(Goal::AtMost(RATIO)));
    let rate = entries as f64 / cost.verify.as_secs_f64();
    tell(Row::new("verify.rate", rate, "entries/s"));
    let row = Row::new("verify.memory-growth", grown as f64 * 1024.0 / 1e6, "MB");
    tell(row.goal(Goal::AtMost(GROWTH_MB)));
    Ok(())
}

/// Writes a record in which both posts speak in turns, with a receipt for every run of messages and
/// a checkpoint for every entry.
fn write(path: &Path, charter: &SignedCharter, entries: u64) -> anyhow::Result<()> {
    let out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut out = RecordWriter::new(out, charter.to_bytes(), 2)?;
    let mut logs = [Frontier::new(), Frontier::new()];
    let mut seen = [Seen::none(2, NORTH), Seen::none(2, SOUTH)];
    let mut makers = [Maker::new(charter, NORTH), Maker::new(charter, SOUTH)];
    let mut written = 0;
    let mut append = |logs: &mut [Frontier; 2], log: PostIndex, entry: &Entry, open: &RowOpen| {
        let leaf = entry.encode();
        let frontier = logs.get_mut(log.index()).context("a log")?;
        frontier.append(leaf_hash(&leaf));
        out.entry(log, &leaf, open)?;
        let kept = checkpoint(charter, log, frontier)?;
        out.checkpoint(log, kept.size, &kept.signature, None)?;
        written += 1;
        Ok::<u64, anyhow::Error>(written)
    };
    for (post, seen) in [NORTH, SOUTH].into_iter().zip(&seen) {
        let (t_ms, line) = (makers[0].t_ms, charter.line_id());
        let open = Open { t_ms, seen: seen.clone(), line, post, generation: 0 };
        append(&mut logs, post, &Entry::Open(open), &RowOpen::Nothing)?;
    }
    let mut count = 2;
    for author in [NORTH, SOUTH].into_iter().cycle() {
        if count >= entries {
            break;
        }
        let by = PostIndex(1 - author.0);
        let maker = makers.get_mut(author.index()).context("a post")?;
        maker.saw(seen.get(author.index()).context("a post")?.clone());
        for _ in 1..RECEIPTED_AT_ONCE {
            let (header, open) = maker.message()?;
            append(&mut logs, author, &Entry::Message(header), &RowOpen::Open(open))?;
        }
        let frontier = logs.get(author.index()).context("a log")?;
        let (size, root, t_ms) = (frontier.size(), frontier.root(), maker.t_ms);
        let held = seen.get_mut(by.index()).context("a post")?;
        held.set(author, SeenLog { prefix: size, beyond: Vec::new() });
        let receipt = Receipt { t_ms, seen: held.clone(), log: author, size, root };
        count = append(&mut logs, by, &Entry::Receipt(receipt), &RowOpen::Nothing)?;
    }
    out.finish()?;
    Ok(())
}

/// How long verification and its bare checks took.
struct Cost {
    verify: Duration,
    bare: Duration,
}

fn check(path: &Path, charter: &SignedCharter, bare: &Bare) -> anyhow::Result<Cost> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let bytes = std::fs::metadata(path)?.len();
    let mut done = Done::default();
    let begun = Instant::now();
    let report = verify(
        &mut || File::open(path),
        &Anchor::Charter(Box::new(charter.clone())),
        threads,
        &NoBodyCheck,
        &mut |progress| {
            let paused = Instant::now();
            done.catch_up(bare, progress.entries, progress.bytes, threads);
            done.paused += paused.elapsed();
        },
    )?;
    let verify = begun.elapsed().saturating_sub(done.paused);
    done.catch_up(bare, report.entries(), bytes, threads);
    ensure!(report.fault_count == 0, "the record is faulty: {:?}", report.faults.first());
    let checkpoints: u64 = report.posts.iter().map(|post| post.checkpoints).sum();
    // The bare work must be what was really checked, to a hundredth.
    let checked = report.officer_signatures + checkpoints;
    ensure!(checked.abs_diff(done.signatures) * 100 <= checked, "the bare work is another");
    Ok(Cost { verify, bare: done.took })
}

/// Bare work done so far.
#[derive(Default)]
struct Done {
    entries: u64,
    bytes: u64,
    signatures: u64,
    took: Duration,
    paused: Duration,
}

impl Done {
    fn catch_up(&mut self, bare: &Bare, entries: u64, bytes: u64, threads: usize) {
        let more = entries.saturating_sub(self.entries);
        // Each entry has a checkpoint, and each message two officers' signatures.
        let signatures = more + 2 * (more * (RECEIPTED_AT_ONCE - 1) / RECEIPTED_AT_ONCE);
        let bytes_more = bytes.saturating_sub(self.bytes);
        self.took += bare.run(more, signatures, bytes_more, threads);
        self.signatures += signatures;
        (self.entries, self.bytes) = (entries, bytes);
    }
}

/// Pairs of statement and signature to check.
const PAIRS: usize = 512;
/// Bytes of what is signed, and of what is hashed for each entry: leaf, two commitments, a
/// statement, two nodes.
const SIGNED_BYTES: usize = 128;
const HASHED_BYTES: [usize; 6] = [90, 200, 150, 110, 65, 65];

/// The arithmetic alone.
struct Bare {
    pairs: Vec<(PublicKey, [u8; SIGNED_BYTES], [u8; 64])>,
}

impl Bare {
    fn new() -> anyhow::Result<Self> {
        let mut pairs = Vec::with_capacity(PAIRS);
        for place in 0..PAIRS {
            let signer = SoftwareSigner::from_seed([(place % 4) as u8; 32]);
            let mut signed = [0x5a; SIGNED_BYTES];
            for (to, from) in signed.iter_mut().zip(place.to_be_bytes()) {
                *to = from;
            }
            pairs.push((PublicKey::from_bytes(&signer.public())?, signed, signer.sign(&signed)));
        }
        Ok(Self { pairs })
    }

    /// Checks so many signatures and hashes so many entries and bytes; returns how long it took.
    fn run(&self, entries: u64, signatures: u64, bytes: u64, threads: usize) -> Duration {
        let begun = Instant::now();
        let share = |whole: u64, thread: usize| {
            let (threads, thread) = (threads as u64, thread as u64);
            whole / threads + u64::from(thread < whole % threads)
        };
        std::thread::scope(|scope| {
            for thread in 0..threads {
                scope.spawn(move || {
                    let pairs = self.pairs.iter().cycle();
                    for (key, signed, signature) in pairs.take(share(signatures, thread) as usize) {
                        let holds = key.verify(signed, signature);
                        std::hint::black_box(holds.is_ok());
                    }
                    let row = [0x5a; 512];
                    let mut node = Hash([0; 32]);
                    for _ in 0..share(entries, thread) {
                        for part in HASHED_BYTES {
                            let part = Sha256::digest(row.get(..part).unwrap_or_default());
                            node = Hash(part.into());
                        }
                    }
                    // The file's own hash.
                    let mut file = Sha256::new();
                    for _ in 0..share(bytes, thread) / row.len() as u64 {
                        file.update(row);
                    }
                    std::hint::black_box((file.finalize(), node));
                });
            }
        });
        begun.elapsed()
    }
}
