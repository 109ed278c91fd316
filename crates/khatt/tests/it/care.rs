//! Looking after a post by the command: backups, restores, checks, upgrades.

use std::{fs, path::Path, process::Command};

use crate::commands::{AS_DUTY, AS_WATCH, FACTS, Table};

const SECRET: &str = "Fire struck our site.";

/// Two running posts between which one message went, and what it is called.
fn with_a_message(table: &Table) -> String {
    let draft = table.fine(&format!("draft new north {FACTS} {AS_WATCH} --json")).one();
    let number = draft["draft"].as_str().unwrap().to_owned();
    let typed = "--set 'consequence=We will act.'";
    let release = format!("message release north {number} {AS_DUTY} {typed} --wait a1 --json");
    table.fine(&release).one()["entry"].as_str().unwrap().to_owned()
}

fn holds(path: &Path, text: &str) -> bool {
    fs::read(path).unwrap().windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn backup_of_a_running_post_is_made_sealed_and_comes_back_as_the_same_post() {
    let table = Table::opened();
    let (north, _south) = (table.run("north"), table.run("south"));
    let entry = with_a_message(&table);
    let made = table.fine("post backup north -o north.backup --json").one();
    let manifest = &made["manifest"];
    assert_eq!(manifest["khatt-backup"], 1);
    assert_eq!(manifest["lines"].as_array().unwrap().len(), 2, "the line, and the post itself");
    assert!(!table.path("north/snapshot.tmp").exists());
    assert!(!holds(&table.path("north.backup"), SECRET));
    let again = table.say("post backup north -o north.backup");
    assert!(again.err.starts_with("error[KK-2101]"), "{}", again.err);

    // A tool that is not ours reads it.
    let listed = Command::new("tar").arg("tf").arg(table.path("north.backup")).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert_eq!(
        listed.lines().collect::<Vec<_>>(),
        [
            "manifest.json",
            "manifest.seal",
            "post.db",
            "card.khatt",
            "charter.khatt",
            "officers/duty.key",
            "officers/watch.key",
            "post.key",
            "post.toml",
        ]
    );

    drop(north);
    let restored = table.fine("post restore north.backup back --ballast 0 --json").one();
    assert_eq!(restored["commit"], manifest["commit"]);
    let shown = table.fine(&format!("message show back {entry} --json")).one();
    assert_eq!(shown["act"], "release");
    let old = table.fine("post status north --json").one();
    let new = table.fine("post status back --json").one();
    assert_eq!((&old["line"], &old["post"]), (&new["line"], &new["post"]));
    let checked = table.fine("post check back --json").one();
    assert_eq!(checked["finding_count"], 0, "{checked}");
    let remarks = checked["remarks"].as_array().unwrap();
    assert!(remarks.iter().any(|remark| remark["code"] == "KK-2204"), "{checked}");
}

#[test]
fn backup_of_a_stopped_post_asks_for_its_passphrase_and_restores_only_into_an_empty_place() {
    let table = Table::opened();
    table.fine("post backup north -o north.backup");
    let no_place = table.say("post restore north.backup south");
    assert!(no_place.err.starts_with("error[KK-2101]"), "{}", no_place.err);
    let wrong = table.say("post restore north.backup back --passphrase-file watch.pass");
    assert_eq!((wrong.code, wrong.err.contains("KS-1208")), (6, true), "{}", wrong.err);
    assert!(!table.path("back").exists() && !table.path("back.making").exists());
    table.fine("post restore north.backup back --ballast 0");
    assert_eq!(table.fine("post status back --json").one()["mode"], "alone");
}

#[test]
fn backup_with_any_part_altered_or_cut_off_makes_no_folder() {
    let table = Table::opened();
    table.fine("post backup north -o whole.backup");
    let whole = fs::read(table.path("whole.backup")).unwrap();
    // Of every file in it one byte, of the manifest several, and the headers.
    let mut places: Vec<usize> = (0..whole.len()).step_by(whole.len() / 40).collect();
    places.extend([10, 148, 600, 900, 1500]);
    let mut refused = 0;
    for place in places {
        let mut bent = whole.clone();
        bent[place] ^= 0x20;
        if bent[place..].iter().all(|byte| *byte == 0 || *byte == 0x20) {
            continue; // The padding at the end says nothing.
        }
        fs::write(table.path("bent.backup"), &bent).unwrap();
        let said = table.say("post restore bent.backup bent --ballast 0");
        if said.code == 0 {
            // Only a byte of a header that names nothing: the files are all as they were.
            assert_eq!(table.fine("post check bent --json").one()["finding_count"], 0);
            fs::remove_dir_all(table.path("bent")).unwrap();
        } else {
            assert!(said.err.starts_with("error[K"), "{place}: {}", said.err);
            assert!(!table.path("bent").exists());
            refused += 1;
        }
    }
    assert!(refused > 30, "{refused}");
    for cut in [0, 511, 2000, whole.len() / 2] {
        fs::write(table.path("bent.backup"), &whole[..cut]).unwrap();
        let said = table.say("post restore bent.backup bent --ballast 0");
        assert!(said.err.starts_with("error[KK-21"), "{cut}: {}", said.err);
    }
}

#[test]
fn check_reads_everything_while_the_post_runs_and_names_what_is_damaged() {
    let table = Table::opened();
    let running = (table.run("north"), table.run("south"));
    with_a_message(&table);
    let sound = table.fine("post check north --json").one();
    assert_eq!(sound["finding_count"], 0, "{sound}");
    assert!(sound["entries"].as_u64().unwrap() > 4 && sound["rows"].as_u64().unwrap() > 4);
    assert!(sound["officer_signatures"].as_u64().unwrap() >= 2, "{sound}");
    drop(running);
    // A byte of an entry, on the disk, behind the post's back: what the released words commit to.
    table.fine("post status north");
    let path = table.path("north/post.db");
    let mut bytes = fs::read(&path).unwrap();
    // The fullest leaf of a table (SQLite's file format, §1.6): its first cell is in use.
    let two = |at: usize| usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
    let leaves = (1..bytes.len() / 4096).map(|page| page * 4096).filter(|at| bytes[*at] == 0x0a);
    let fullest = leaves.max_by_key(|at| two(at + 3)).unwrap();
    let flipped = fullest + two(fullest + 8) + 30;
    bytes[flipped] ^= 1;
    fs::write(&path, bytes).unwrap();
    let said = table.say("post check north");
    assert!(said.code != 0, "{}", said.out);
    let told = format!("{}{}", said.out, said.err);
    assert!(told.contains("[KS-1") || told.contains("error[K"), "{told}");
    assert!(told.contains("do: ") && told.contains("this post"), "{told}");
    assert!(!table.path("north/record.check").exists());
}

#[test]
fn verifying_a_folder_writes_nothing_beside_it() {
    let table = Table::opened();
    // Where an earlier build put the whole record in the open, nothing can be put now.
    for name in ["north/record.check", "north/record.check.tmp"] {
        fs::create_dir(table.path(name)).unwrap();
    }
    let said = table.fine("verify north");
    assert!(said.out.contains("parties-established"), "{}", said.out);
}

#[test]
fn upgrade_of_a_post_of_this_version_changes_nothing_and_asks_a_running_one_to_stop() {
    let table = Table::opened();
    let said = table.fine("post upgrade north --json").one();
    assert_eq!(said["from"], said["to"]);
    let _north = table.run("north");
    assert_eq!(table.say("post upgrade north").code, 5);
}
