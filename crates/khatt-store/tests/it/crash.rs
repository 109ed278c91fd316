use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use khatt_core::store::{Reader, Writer};
use khatt_store::OpenOutcome;

use crate::support::{
    Folder, LINE, NORTH, Numbers, SOUTH, busy_batch, everything, leaf, open, scrub,
};

const ROUNDS: u64 = 30;
const DIR_VARIABLE: &str = "KHATT_STORE_CRASH_DIR";

#[test]
fn killed_writer_loses_nothing_that_it_acknowledged() {
    let folder = Folder::new();
    drop(folder.create());
    let mut numbers = Numbers(0x4b68_6174_7431);
    let (mut acknowledged, mut recovered) = (0_u64, 0);
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::crash_child", "--ignored", "--nocapture"])
            .env(DIR_VARIABLE, folder.post())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The test harness may print before the first acknowledgement on the same row.
        let mut sizes = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .filter_map(|row| row.split_once("ack ")?.1.parse::<u64>().ok());
        let commits = usize::try_from(1 + numbers.below(80)).unwrap();
        let seen = sizes.by_ref().take(commits).last();
        child.kill().unwrap();
        child.wait().unwrap();
        let last = sizes.last().or(seen).unwrap();
        assert!(last > acknowledged, "round {round} goes on where the last one ended");
        acknowledged = last;
        let store = open(&folder.post()).unwrap();
        match store.outcome() {
            OpenOutcome::Intact => {}
            OpenOutcome::Recovered { .. } => recovered += 1,
            other => panic!("round {round}: {other:?}"),
        }
        let reader = store.reader().unwrap();
        let sizes: Vec<u64> = reader.heads(LINE).unwrap().iter().map(|head| head.size).collect();
        let north = sizes.first().copied().unwrap_or(0);
        // One batch may be durable without its acknowledgement having been printed.
        assert!(north == acknowledged || north == acknowledged + 1, "round {round}: {sizes:?}");
        let (_, logs, _, _) = everything(&reader).unwrap();
        for (log, (entries, _, _)) in [NORTH, SOUTH].iter().zip(&logs) {
            for (index, entry) in (0..).zip(entries) {
                assert_eq!((entry.id.index, &entry.leaf), (index, &leaf(*log, index)));
            }
        }
        assert_eq!(logs[0].0.len() as u64, north);
        assert_eq!(scrub(&reader, 1000), []);
        acknowledged = north;
    }
    assert!(acknowledged > ROUNDS, "the writer got somewhere: {acknowledged}, {recovered}");
}

/// Writes until it is killed, and prints the size of the log after each commit.
#[test]
#[ignore = "child process of killed_writer_loses_nothing_that_it_acknowledged"]
fn crash_child() {
    let dir = std::env::var_os(DIR_VARIABLE).expect("run by the crash test only");
    let mut store = open(dir.as_ref()).unwrap();
    let reader = store.reader().unwrap();
    let mut next = reader.heads(LINE).unwrap().first().map_or(0, |head| head.size);
    loop {
        let mut batch = busy_batch(&reader, NORTH, next);
        if reader.heads(LINE).unwrap().get(1).map_or(0, |head| head.size) == next {
            let south = busy_batch(&reader, SOUTH, next);
            batch.entries.extend(south.entries);
            batch.heads.extend(south.heads);
        }
        next += 1;
        if next.is_multiple_of(2) {
            store.commit(LINE, &batch).unwrap();
            println!("ack {next}");
        } else {
            store.secure(LINE, &batch).unwrap();
            println!("ack {next}");
            store.follow().unwrap();
        }
        if next.is_multiple_of(50) {
            store.idle().unwrap();
        }
    }
}
