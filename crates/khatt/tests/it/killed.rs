//! Posts of the real command, killed again and again while they carry messages.

use super::commands::{AS_DUTY, AS_WATCH, FACTS, Table};

const ROUNDS: usize = 6;

/// Drafts and releases a warning at North; durable there once this returns.
fn release(table: &Table) -> String {
    let draft = table.fine(&format!("draft new north {FACTS} {AS_WATCH} --json")).one();
    let number = draft["draft"].as_str().unwrap().to_owned();
    let typed = "--set 'consequence=We will act.'";
    let released =
        table.fine(&format!("message release north {number} {AS_DUTY} {typed} --json")).one();
    released["entry"].as_str().unwrap().to_owned()
}

fn is_receipted(table: &Table, entry: &str) -> bool {
    let shown = table.fine(&format!("message show north {entry} --json")).one();
    let rungs = shown["ladder"]["rungs"].as_array().cloned().unwrap_or_default();
    rungs.iter().any(|rung| rung["level"] == "A1")
}

#[test]
fn killed_posts_lose_nothing_and_take_nothing_twice() {
    let table = Table::opened();
    let mut released = Vec::new();
    for round in 0..ROUNDS {
        let north = table.run("north");
        let south = table.run("south");
        released.push(release(&table));
        // Once the receiver dies while it may be receiving, once the sender that has just released.
        if round % 2 == 0 {
            drop(south);
            drop(north);
        } else {
            drop(north);
            drop(south);
        }
    }
    let (north, south) = (table.run("north"), table.run("south"));
    for entry in &released {
        // Each question takes the command some milliseconds; the bound is far beyond any need.
        assert!((0..600).any(|_| is_receipted(&table, entry)), "no receipt for {entry}");
    }
    drop((north, south));
    let listed = table.fine("message list south --json").json();
    for entry in &released {
        let times = listed.iter().filter(|row| row["entry"] == entry.as_str()).count();
        assert_eq!(times, 1, "{entry} at South");
    }
    for party in ["north", "south"] {
        table.fine(&format!("verify {party}"));
    }
}
