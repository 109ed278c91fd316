//! Rehearsals from end to end: real posts, and what is shown of them.

use std::{
    fs, io,
    path::Path,
    sync::{Arc, Mutex},
};

use khatt::{
    rehearse::{self, After, Choices, Ended, Pace, RehearseError, Shape, Show, rehearse},
    verify,
};
use khatt_core::scenario::Scenario;
use khatt_record::{
    SignedCharter,
    verify::{Anchor, Answer},
};

/// Keeps what is shown.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn play(text: &str, dir: &Path, shape: Shape) -> (Result<Ended, RehearseError>, String) {
    let scenario = Scenario::parse(text).expect("the scenario is in order");
    let page = Page::default();
    let mut show = Show::new(Box::new(page.clone()), shape);
    let choices = Choices { dir: dir.to_owned(), pace: Pace::Fast, after: After::Stop };
    let ended = rehearse(&scenario, &choices, &mut show);
    let shown = String::from_utf8(page.0.lock().unwrap().clone()).expect("text is shown");
    (ended, shown)
}

/// The scenario up to, and without, this step.
fn until(step: &str) -> String {
    let mark = format!("[[step]]\nname = \"{step}\"");
    let (before, _) = rehearse::DEFAULT.split_once(&mark).expect("there is such a step");
    before.to_owned()
}

#[test]
fn whole_night_is_played_and_both_records_verify_and_are_one() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("night");
    let (ended, shown) = play(rehearse::DEFAULT, &home, Shape::Text);
    assert_eq!(ended.unwrap(), Ended::AsExpected, "{shown}");
    for row in shown.lines() {
        assert!(row.starts_with("REHEARSAL │ "), "a row without its mark: {row}");
    }
    assert!(shown.contains("compared at north-post: a mismatch"), "the slip is caught");
    assert!(shown.contains("Both records have the same roots."));
    assert!(shown.contains('\u{2067}'), "what runs from right to left is isolated");

    let bytes = fs::read(home.join("charter.khatt")).unwrap();
    let charter = SignedCharter::from_bytes(&bytes).unwrap();
    let anchor = Anchor::Charter(Box::new(charter));
    let mut roots = Vec::new();
    for party in ["north", "south"] {
        let path = home.join(party).join("record.khatt");
        let report = verify::verify_file(&path, &anchor).unwrap();
        assert_eq!(report.answer(), Answer::PartiesEstablished);
        assert!(report.renderings_agree > 50 && report.renderings_unknown == 0);
        roots.push(report.posts.iter().map(|post| post.root).collect::<Vec<_>>());

        let mut altered = fs::read(&path).unwrap();
        let middle = altered.len() / 2;
        altered[middle] ^= 1;
        let bad = dir.path().join("altered.khatt");
        fs::write(&bad, altered).unwrap();
        let refused = verify::verify_file(&bad, &anchor);
        assert!(!matches!(refused, Ok(report) if report.answer() != Answer::Refused));
    }
    assert_eq!(roots[0], roots[1]);

    // What was played can be opened again, and the store is as sound as the record.
    let folder = khatt::folder::PostFolder::existing(&home.join("north")).unwrap();
    let file = folder.rehearsal_passphrase_path().expect("a rehearsal says its passphrase");
    let passphrase = khatt::passphrase::Passphrase::read(&file).unwrap();
    let store = folder.open_store(&passphrase, khatt::folder::system_fill()).unwrap();
    let charter = folder.charter().unwrap();
    let (again, bytes) =
        khatt::record::export(&store.reader().unwrap(), &charter, Vec::new()).unwrap();
    assert_eq!(bytes, fs::read(home.join("north/record.khatt")).unwrap());
    assert_eq!(again.forks, 0);
}

#[test]
fn row_for_machines_is_an_object_that_says_it_is_a_rehearsal() {
    let dir = tempfile::tempdir().unwrap();
    let (ended, shown) = play(&until("demand-passed"), &dir.path().join("r"), Shape::Json);
    assert_eq!(ended.unwrap(), Ended::AsExpected, "{shown}");
    let rows: Vec<serde_json::Value> =
        shown.lines().map(|row| serde_json::from_str(row).expect("an object a row")).collect();
    assert!(rows.iter().all(|row| row["kind"] == "rehearsal" && row["row"].is_string()));
    let held = rows.iter().find(|row| row["row"] == "level" && row["level"] == 2);
    assert_eq!(held.expect("an operator has it")["by"], "south-post");
    let last = rows.last().unwrap();
    assert_eq!((&last["row"], &last["as_expected"]), (&"ended".into(), &true.into()));
}

#[test]
fn expectation_that_is_not_met_is_told_and_the_records_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let text = until("demand-held")
        + "[[step]]\nname = \"too-soon\"\nat = \"00:12:00\"\ndo = \"expect\"\n\
           [[step.expect]]\nlevel = \"A2\"\nof = \"demand\"\nby = \"south-post\"\n\
           at = \"north-post\"\n";
    let home = dir.path().join("r");
    let (ended, shown) = play(&text, &home, Shape::Text);
    assert_eq!(ended.unwrap(), Ended::Otherwise);
    assert!(shown.contains("NOT AS EXPECTED [KE-2005]: step `too-soon`"), "{shown}");
    assert!(home.join("south/record.khatt").exists());
}

#[test]
fn what_cannot_be_played_is_refused_before_anything_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("r");
    let drill = until("demand").replace("kind = \"rehearsal\"", "kind = \"drill\"");
    let (refused, _) = play(&drill, &home, Shape::Text);
    assert_eq!(refused.unwrap_err().code(), "KK-1702");
    let fault = until("demand")
        + "[[step]]\nname = \"cut\"\nat = \"00:05:00\"\ndo = \"cut-route\"\nroute = \"direct\"\n";
    let (refused, _) = play(&fault, &home, Shape::Text);
    assert_eq!(refused.unwrap_err().code(), "KK-1702");
    assert!(!home.exists());
    fs::create_dir(&home).unwrap();
    fs::write(home.join("mine"), "kept").unwrap();
    let (refused, _) = play(&until("demand"), &home, Shape::Text);
    assert_eq!(refused.unwrap_err().code(), "KK-1703");
    assert_eq!(fs::read_dir(&home).unwrap().count(), 1);
}
