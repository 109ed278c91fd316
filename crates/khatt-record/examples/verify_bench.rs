//! Measures verification of a record of N entries against the bare cost of its arithmetic.
//!
//! ```text
//! cargo run --release -p khatt-record --example verify_bench -- 1000000 [THREADS]
//! ```
//!
//! The bare cost is the same signature checks and hashes, on the same number of threads, done in
//! the same run: verification stops at every report of progress while as much bare work is done as
//! it has done since. Prints the ratio of both and the largest memory of the process.

// A benchmark measures time and reads a file, which the library itself never does.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, clippy::indexing_slicing)]

#[allow(unreachable_pub)]
#[path = "../tests/it/fixture.rs"]
mod fixture;

use std::fs::File;
use std::io::{BufWriter, Read as _};
use std::time::{Duration, Instant};

use fixture::{Line, NORTH, SOUTH};
use khatt_record::merkle::leaf_hash;
use khatt_record::verify::{Anchor, NoBodyCheck, verify};
use khatt_record::{Hash, Kind, PostIndex, PostSigner as _, PublicKey};
use sha2::{Digest, Sha256};

const BODY_LEN: usize = 200;
const PAIRS: usize = 512;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let entries: u64 = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(20_000);
    let threads: usize = arguments
        .next()
        .and_then(|n| n.parse().ok())
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    let path = std::env::temp_dir().join(format!("khatt-verify-bench-{}", std::process::id()));
    let charter = fixture::signed(fixture::charter(Kind::Rehearsal, vec![], [Hash([0; 32]); 2]));
    write(entries, charter.clone(), File::create(&path).expect("a file"));
    let bytes = std::fs::metadata(&path).expect("a file").len();
    println!("record: {entries} entries, {bytes} bytes, {threads} threads");
    println!("memory after writing: {} KiB", peak_kib());

    let bare = Bare::new();
    // A 16th of the entries is receipts, the others are messages with two officers' signatures.
    let per_entry = 1.0 + 2.0 * (15.0 / 16.0);
    let (mut bare_time, mut bare_work, mut inside) = (Duration::ZERO, 0_u64, Duration::ZERO);
    let begun = Instant::now();
    let report = verify(
        &mut || File::open(&path),
        &Anchor::Charter(Box::new(charter)),
        threads,
        &NoBodyCheck,
        &mut |progress| {
            let now = Instant::now();
            let more = progress.entries - bare_work;
            bare_time += bare.run(more, per_entry, bytes / entries, threads);
            bare_work = progress.entries;
            inside += now.elapsed();
        },
    )
    .expect("a record");
    let took = begun.elapsed() - inside;
    bare_time += bare.run(report.entries() - bare_work, per_entry, bytes / entries, threads);
    std::fs::remove_file(&path).expect("our own file");
    assert_eq!(report.fault_count, 0, "{:?}", report.faults.first());
    let checkpoints: u64 = report.posts.iter().map(|post| post.checkpoints).sum();
    println!(
        "checked: {} officers' signatures, {checkpoints} checkpoints",
        report.officer_signatures
    );
    println!("verify: {:.2} s, bare: {:.2} s", took.as_secs_f64(), bare_time.as_secs_f64());
    println!("ratio: {:.3}", took.as_secs_f64() / bare_time.as_secs_f64());
    println!("peak memory: {} KiB", peak_kib());
}

fn write(entries: u64, charter: khatt_record::SignedCharter, file: File) {
    let mut line = Line::open(charter, BufWriter::with_capacity(1 << 20, file));
    line.keep = false;
    let mut written = 2;
    while written < entries {
        let post = PostIndex(u8::from(written % 32 >= 16));
        if written % 16 == 15 {
            line.receipt(if post == NORTH { SOUTH } else { NORTH });
        } else {
            line.say(post, vec![written as u8; BODY_LEN]);
        }
        written += 1;
    }
    line.out.finish().expect("a trailer");
}

/// Signatures and bytes to do the bare arithmetic on.
struct Bare {
    pairs: Vec<(PublicKey, [u8; 128], [u8; 64])>,
}

impl Bare {
    fn new() -> Self {
        let pairs = (0..PAIRS).map(|place| {
            let number = 50 + (place % 4) as u8;
            let mut message = [number; 128];
            message[..8].copy_from_slice(&place.to_be_bytes());
            let public = PublicKey::from_bytes(&fixture::key(number)).expect("a key");
            (public, message, fixture::signer(number).sign(&message))
        });
        Self { pairs: pairs.collect() }
    }

    /// The signature checks and hashes of so many entries, and how long they took.
    fn run(&self, entries: u64, per_entry: f64, entry_bytes: u64, threads: usize) -> Duration {
        let checks = (entries as f64 * per_entry) as usize;
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for thread in 0..threads {
                scope.spawn(move || {
                    for place in (thread..checks).step_by(threads) {
                        let (key, message, signature) = &self.pairs[place % PAIRS];
                        key.verify(message, signature).expect("a signature");
                    }
                    let row = vec![thread as u8; entry_bytes as usize];
                    let mut file = Sha256::new();
                    let mut node = Hash([0; 32]);
                    for _ in (thread..entries as usize).step_by(threads) {
                        file.update(&row);
                        // Leaf, two commitments, a statement, and two nodes of the tree.
                        node = leaf_hash(&row[..90]);
                        for part in [BODY_LEN, 150, 110, 65, 65] {
                            let part = Sha256::digest(&row[..part]);
                            node.0[0] ^= part[0];
                        }
                    }
                    std::hint::black_box((file.finalize(), node));
                });
            }
        });
        begun.elapsed()
    }
}

/// The largest resident memory of this process so far.
fn peak_kib() -> u64 {
    let mut text = String::new();
    File::open("/proc/self/status").and_then(|mut f| f.read_to_string(&mut text)).expect("Linux");
    let row = text.lines().find_map(|row| row.strip_prefix("VmHWM:")).unwrap_or_default();
    row.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}
