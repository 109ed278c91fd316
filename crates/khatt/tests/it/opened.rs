//! Disclosure and erasure as two parties type them.

use std::fs;

use crate::commands::{AS_DUTY, AS_WATCH, FACTS, Table};

/// A warning of North's that South's post has received.
fn received(table: &Table) -> String {
    let draft = table.fine(&format!("draft new north {FACTS} {AS_WATCH} --json")).one();
    let number = draft["draft"].as_str().unwrap().to_owned();
    let typed = "--set 'consequence=We will act.'";
    let release = format!("message release north {number} {AS_DUTY} {typed} --wait a1 --json");
    table.fine(&release).one()["entry"].as_str().unwrap().to_owned()
}

fn draft_of(said: &crate::commands::Said) -> String {
    said.json()[0]["draft"].as_str().unwrap().to_owned()
}

#[test]
fn message_is_disclosed_by_two_officers_and_checked_by_a_stranger() {
    let table = Table::opened();
    let (_north, _south) = (table.run("north"), table.run("south"));
    let entry = received(&table);
    let disclose = format!("disclose north {entry} -o shown.tlog-proof --json");
    let early = table.say(&disclose);
    assert!(early.err.contains("KC-1201"), "{}", early.err);
    let first = table.say(&format!("{disclose} {AS_WATCH}"));
    assert_eq!((first.code, first.err.contains("KK-1925")), (7, true), "{}", first.err);
    assert!(!table.path("shown.tlog-proof").exists(), "one officer alone hands out nothing");
    let draft = draft_of(&first);
    let other = format!("--set entry={entry} --set officers=yes");
    let differs = table.say(&format!("message release north {draft} {AS_DUTY} {other}"));
    assert!(differs.err.contains("KC-2016"), "{}", differs.err);
    let typed = format!("--set entry={entry} --set officers=no");
    table.fine(&format!("message release north {draft} {AS_DUTY} {typed}"));
    table.fine(&disclose);
    assert!(table.say(&format!("{disclose} --officers")).err.contains("KC-1201"));

    let verify = "verify shown.tlog-proof --json";
    let shown = table.fine(&format!("{verify} --charter line.khatt")).one();
    assert_eq!(shown["answer"], "parties-established");
    assert_eq!(shown["entry"], entry.as_str());
    assert_eq!(shown["officers"], "closed");
    assert_eq!(shown["receipts"].as_array().unwrap().len(), 1);
    assert_eq!(shown["rendering"], "agrees");
    assert!(shown["texts"]["en"].as_str().unwrap().contains("Fire struck our site."));
    assert!(shown["texts"]["ar"].is_string() && shown["texts"]["fa"].is_null());
    let plain = table.fine("verify shown.tlog-proof --charter line.khatt --in ar").out;
    assert!(plain.contains("Fire struck our site.") && plain.contains("South"), "{plain}");
    assert_eq!(table.say(verify).code, 3);
    let words = table.fine("line show line.khatt --json").one()["words"]["en"].to_string();
    let by_words = format!("{verify} --charter {}", words.replace('"', "'"));
    assert_eq!(table.say(&by_words).code, 3, "words hold no keys");
    table.fine(&format!("disclose north {entry} -o shown.tlog-proof --with-charter"));
    assert_eq!(table.say(&by_words).code, 0);
    let mut bytes = fs::read(table.path("shown.tlog-proof")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(table.path("shown.tlog-proof"), bytes).unwrap();
    let bent = table.say(&format!("{verify} --charter line.khatt"));
    assert_eq!(bent.code, 1, "{}", bent.out);
    assert!(bent.err.contains("disclosure."), "{}", bent.err);
}

#[test]
fn text_is_erased_once_both_sides_consent_and_every_place_says_so() {
    let table = Table::opened();
    let (north, south) = (table.run("north"), table.run("south"));
    let entry = received(&table);
    for party in ["south", "north"] {
        let shown = table.fine(&format!("message show {party} {entry} --json")).one();
        assert!(shown["text"].is_object(), "one side's consent destroys nothing");
        let first = table.say(&format!("message erase {party} {entry} {AS_WATCH} --json"));
        assert_eq!(first.code, 7, "{}", first.err);
        let typed = format!("--set entry={entry} --wait a1");
        let release = format!("message release {party} {} {AS_DUTY} {typed}", draft_of(&first));
        table.fine(&release);
    }
    for party in ["north", "south"] {
        let shown = table.fine(&format!("message show {party} {entry} --json")).one();
        assert!(shown["text"].is_null() && shown["officers"].as_array().unwrap().is_empty());
        let by: Vec<_> =
            shown["erased"].as_array().unwrap().iter().map(|one| &one["party"]).collect();
        assert_eq!(by, ["North", "South"]);
        let plain = table.fine(&format!("message show {party} {entry}")).out;
        assert!(plain.contains("Erased by agreement of North ("), "{plain}");
        assert!(table.fine(&format!("message list {party}")).out.contains("Erased by agreement"));
    }
    let again = table.say(&format!("message erase north {entry} {AS_WATCH}"));
    assert!(again.err.contains("KC-1206"), "{}", again.err);
    drop((north, south));
    // The record leaves the text out, says so, and holds.
    table.fine("record export north -o record.khatt");
    let rows = table.fine("verify record.khatt --charter line.khatt --json").json();
    let author = rows.iter().find(|row| row["party"] == "North").unwrap();
    assert_eq!(author["messages"].as_u64(), author["opened"].as_u64().map(|opened| opened + 1));
    let record = fs::read(table.path("record.khatt")).unwrap();
    assert!(!record.windows(21).any(|part| part == b"Fire struck our site."));
    assert_eq!(table.fine("verify north --charter line.khatt --json").code, 0);
}
