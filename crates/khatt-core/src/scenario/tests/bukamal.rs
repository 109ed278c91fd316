//! The rehearsal of November 2023: that it can be played, filled in, and agrees with the reports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use khatt_forms::{Catalogue, Filled, Gazetteer, Language, Wordbook, rendering_digest};

use super::host::{honest, play};
use super::*;

const DOCUMENT: &str = include_str!("../../../../../scenarios/2023-11-bukamal.toml");
const PAGE: &str = include_str!("../../../../../scenarios/2023-11-bukamal.md");

fn scenario() -> Scenario {
    Scenario::parse(DOCUMENT).unwrap_or_else(|fault| panic!("{fault}"))
}

fn field<'a>(scenario: &'a Scenario, step: &str, field: &str) -> &'a str {
    let Act::Send(message) = &scenario.step(&name(step)).unwrap().act else {
        panic!("{step} sends no message")
    };
    let found = message.fields.iter().find(|other| other.name.as_str() == field);
    &found.unwrap_or_else(|| panic!("{step} has no field {field}")).text
}

/// Fills a form as a host would and renders it in every language; returns every fault in words.
///
/// A serial is put where `@step` stands, as a host does.
fn faults(form: &str, fields: &[Field], more: &[(&str, String)], language: &str) -> Vec<String> {
    let typed =
        |field: &Field| field.serial_of().map_or(field.text.clone(), |_| "N-00017".to_owned());
    let Some(form) = Catalogue::builtin().by_name(form) else {
        return vec![format!("there is no form {form}")];
    };
    let own = fields.iter().map(|field| (field.name.as_str().to_owned(), typed(field)));
    let more = more.iter().map(|(name, text)| ((*name).to_owned(), text.clone()));
    let inputs: Vec<(String, String)> = own.chain(more).collect();
    let language = Language::from_tag(language).unwrap();
    match Filled::from_input(form, &inputs, language, Wordbook::builtin()) {
        Ok(filled) => {
            let shown = rendering_digest(form, &filled, &Language::SPOKEN, Wordbook::builtin());
            shown.err().iter().map(ToString::to_string).collect()
        }
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn it_is_played_to_its_end() {
    let scenario = scenario();
    let (acts, end) = play(&scenario, honest);
    assert_eq!(end, Next::Done);
    assert_eq!(acts.len(), scenario.steps.len(), "every step of it is an act");
    let pauses: u64 = scenario.steps.iter().map(|step| scenario.pause_ms(&step.name)).sum();
    assert!((145_000..=155_000).contains(&pauses), "three minutes with the work, not {pauses} ms");
}

#[test]
fn every_field_is_what_its_form_takes() {
    let scenario = scenario();
    let language_of =
        |post: &Name| scenario.party_of(post).unwrap().languages[0].as_str().to_owned();
    let mut wrong = Vec::new();
    let mut note = |step: &Step, faults: Vec<String>| {
        wrong.extend(
            faults.into_iter().map(|fault| format!("row {} `{}`: {fault}", step.row, step.name)),
        );
    };
    for step in &scenario.steps {
        let host = |level: &str| {
            [
                ("level", level.to_owned()),
                ("role", "role-watch".to_owned()),
                ("time", "2023-11-08T22:00Z".to_owned()),
            ]
        };
        match &step.act {
            Act::Send(message) => {
                let (form, language) = (message.form.as_str(), message.language.as_str());
                note(step, faults(form, &message.fields, &[], language));
            }
            Act::Acknowledge { post, level, fields, .. } => {
                let more = host(&format!("A{level}"));
                note(step, faults("acknowledge", fields, &more, &language_of(post)));
            }
            Act::Answer { post, answer, fields, .. } => {
                let mut more = host("A6").to_vec();
                more.push(("answer", answer.as_str().to_owned()));
                note(step, faults("acknowledge", fields, &more, &language_of(post)));
            }
            Act::ReadBack { post, of, overrides, .. } => {
                let Act::Send(message) = &scenario.step(of).unwrap().act else { panic!() };
                let mut fields = message.fields.clone();
                for change in overrides {
                    let field = fields.iter_mut().find(|field| field.name == change.name);
                    let field = field.expect("what is misread was sent");
                    assert_ne!(field.text, change.text, "a misreading differs");
                    let form = Catalogue::builtin().by_name(message.form.as_str()).unwrap();
                    assert!(form.field(change.name.as_str()).unwrap().critical);
                    field.text.clone_from(&change.text);
                }
                note(step, faults(message.form.as_str(), &fields, &[], &language_of(post)));
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_message_is_acknowledged_by_an_officer_of_the_other_side() {
    let scenario = scenario();
    let mut held = BTreeMap::new();
    for step in &scenario.steps {
        if let Act::Acknowledge { post, of, level: 2, .. } = &step.act {
            held.insert(of.clone(), post.clone());
        }
    }
    for step in scenario.steps.iter().filter(|step| step.sends()) {
        let holder = held.get(&step.name).unwrap_or_else(|| panic!("nobody has `{}`", step.name));
        let sides =
            [step.act.post().unwrap(), holder].map(|post| &scenario.post(post).unwrap().party);
        assert_ne!(sides[0], sides[1]);
    }
}

#[test]
fn the_ladder_is_climbed_to_every_level() {
    let scenario = scenario();
    let rows = scenario.steps.iter().flat_map(|step| &step.expect);
    let levels: BTreeSet<u8> = rows
        .filter_map(|row| match row.what {
            Expect::Level { level, .. } => Some(level),
            _ => None,
        })
        .collect();
    assert_eq!(levels, BTreeSet::from([2, 3, 4, 5, 6]));
}

#[test]
fn the_two_counts_stay_apart() {
    let scenario = scenario();
    assert_eq!(field(&scenario, "incident", "killed-other"), "<=7/reported");
    assert_eq!(field(&scenario, "second-strike", "killed-other"), "<=1/may-have");
    assert!(!DOCUMENT.contains("<=8"), "seven and one are never added");
}

#[test]
fn the_corrected_position_is_the_one_of_the_gazetteer_and_the_first_is_not() {
    let scenario = scenario();
    let places = Gazetteer::builtin();
    let place = places.find("Al Mayadin");
    let at = place.first().unwrap().at;
    let painted = |latitude: i32, longitude: i32| {
        format!("{:.4} N {:.4} E", f64::from(latitude) / 1e6, f64::from(longitude) / 1e6)
    };
    let right = painted(at.latitude_udeg(), at.longitude_udeg());
    let sent = field(&scenario, "second-strike", "position");
    assert_ne!(sent, right);
    let message = scenario.step(&name("correction")).unwrap();
    let Act::Send(message) = &message.act else { panic!("no message") };
    assert!(message.fields.iter().any(|field| field.text.contains(&right)), "{right}");
}

#[test]
fn its_page_names_every_step_and_what_is_invented() {
    let scenario = scenario();
    for step in &scenario.steps {
        let Timing::At(ms) = step.timing else { panic!("`{}` has no time", step.name) };
        let (hours, minutes) = (ms / 3_600_000, ms / 60_000 % 60);
        let row = format!("| {hours:02}:{minutes:02} | `{}` |", step.name);
        assert!(PAGE.contains(&row), "the page has no row {row}");
    }
    for part in
        ["## Aim", "## Requirement", "## Steps", "## What must hold", "## Sources", "## Invented"]
    {
        assert!(PAGE.contains(part), "{part}");
    }
}

/// Compares the facts with the annotated reports where these are at hand. They are third-party
/// texts and not part of the repository; without them the test says so and checks nothing.
#[test]
fn its_facts_agree_with_the_annotated_reports() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/design/reports/seed-gold.json");
    let Ok(gold) = std::fs::read_to_string(path) else {
        println!("the annotated reports are not here: the facts were not compared");
        return;
    };
    let gold: serde_json::Value = serde_json::from_str(&gold).unwrap();
    let claim = |id: &str| {
        let documents = gold["documents"].as_array().unwrap().iter();
        let mut claims = documents.flat_map(|document| document["claims"].as_array().unwrap());
        claims.find(|claim| claim["id"] == id).unwrap().clone()
    };
    let scenario = scenario();
    for (id, step) in [
        ("000-c21", "incident"),
        ("001-c21", "incident"),
        ("000-c25", "second-strike"),
        ("001-c25", "second-strike"),
    ] {
        let claim = claim(id);
        let killed = &claim["casualties"]["killed"];
        let status = match killed["qualifier"].as_str().unwrap() {
            "at_most" => "reported",
            "possible" => "may-have",
            other => panic!("{id}: {other}"),
        };
        let expected = format!("<={}/{status}", killed["upper"]);
        assert_eq!(field(&scenario, step, "killed-other"), expected, "{id}");
    }
    let places = gold["gazetteer"].as_array().unwrap();
    for (id, step) in [("al-bukamal", "incident"), ("al-mayadin", "second-strike")] {
        let place = places.iter().find(|place| place["id"] == id).unwrap();
        let typed = field(&scenario, step, "place");
        let found = Gazetteer::builtin().find(typed);
        let found = found.first().unwrap_or_else(|| panic!("{typed} is no place"));
        for (udeg, key) in [(found.at.latitude_udeg(), "lat"), (found.at.longitude_udeg(), "lon")] {
            let degrees = place[key].as_f64().unwrap();
            assert!((f64::from(udeg) / 1e6 - degrees).abs() < 0.01, "{id} {key}");
        }
    }
}
