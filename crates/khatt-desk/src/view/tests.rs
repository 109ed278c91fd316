//! Whatever a peer, a file or an officer puts into a value stays text.

use khatt_forms::{Language, LineKind};

use super::*;
use crate::port::{Entry, Field, Peer, Rung, Seat};

const HOSTILE: &str =
    "<img src=x onerror=alert(1)></article><script>alert(2)</script>\"' onload='x";

fn face() -> Face {
    Face {
        kind: LineKind::Drill,
        line: HOSTILE.into(),
        post: HOSTILE.into(),
        party: HOSTILE.into(),
        others: vec!["South".into()],
        officers: vec![Seat {
            name: HOSTILE.into(),
            roles: vec![HOSTILE.into()],
            key_here: true,
            rehearsal: false,
        }],
        reads: Language::En,
        other_reads: Language::Fa,
        languages: vec![Language::En, Language::Fa],
        zones: vec!["Asia/Damascus".into(), HOSTILE.into()],
    }
}

fn text(language: Language) -> Text {
    Text {
        language,
        title: HOSTILE.into(),
        headline: format!("{HOSTILE}\u{202e}{}", "ه".repeat(100_000)),
        fields: vec![Field {
            name: HOSTILE.into(),
            label: HOSTILE.into(),
            value: HOSTILE.into(),
            critical: true,
        }],
        review: HOSTILE.into(),
        raw: vec![(HOSTILE.into(), HOSTILE.into())],
        differs: true,
    }
}

fn row() -> MessageRow {
    let rung = |level| Rung {
        post: "South".into(),
        level,
        words: format!("A{level} {HOSTILE}"),
        time_ms: u64::MAX,
    };
    MessageRow {
        entry: Entry { log: 0, index: 12 },
        time_ms: u64::MAX,
        from: HOSTILE.into(),
        ours: true,
        precedence: 9,
        form: HOSTILE.into(),
        here: Some(text(Language::En)),
        there: Some(text(Language::Fa)),
        original: Some(Language::Fa),
        rungs: vec![rung(1), rung(4)],
        emergency: true,
        open: true,
        act: Act::Release,
    }
}

fn state() -> State {
    let alarm = Alarm {
        key: HOSTILE.into(),
        code: HOSTILE.into(),
        class: '<',
        what: HOSTILE.into(),
        advice: HOSTILE.into(),
        raised_ms: 0,
        count: u64::MAX,
        seen: false,
        first: true,
        entry: Some(Entry { log: 1, index: 2 }),
    };
    let peer = Peer {
        post: HOSTILE.into(),
        connected: true,
        forked: false,
        tests: Tests::Ok,
        tested_ms: Some(0),
        round_trip_ms: Some(u64::MAX),
        size: 3,
        holds: 3,
    };
    State { wall_ms: u64::MAX, halted: false, peers: vec![peer], own_size: 4, alarms: vec![alarm] }
}

fn is_text(html: &str) {
    for mark in ["<img", "<script", "<svg", "\"' onload"] {
        assert!(!html.contains(mark), "{mark} in {}", html.chars().take(400).collect::<String>());
    }
}

#[test]
fn hostile_values_stay_text_in_every_fragment() {
    for language in [Language::En, Language::Ar, Language::Fa] {
        let w = Words(language);
        let html = Row::new(row(), &face(), w).render().unwrap();
        is_text(&html);
        assert_eq!(html.matches("</article>").count(), 1);
        is_text(&Band::new(&face(), Some(&state()), language).render().unwrap());
        let need = Need {
            verb: Verb::Release,
            entry: None,
            draft: Some(HOSTILE.into()),
            precedence: 0,
            title: HOSTILE.into(),
            by: HOSTILE.into(),
            due_ms: Some(u64::MAX),
            wanted: 1,
        };
        is_text(&Needs::new(vec![need], &state(), w).render().unwrap());
    }
}

#[test]
fn step_is_shown_as_taken_only_where_it_was_and_none_follows_from_another() {
    let row = Row::new(row(), &face(), Words(Language::En));
    let south = row.ladders.iter().find(|ladder| ladder.post == "South").unwrap();
    let taken: Vec<bool> = south.marks.iter().map(|mark| mark.taken).collect();
    assert_eq!(taken, [true, false, false, true, false, false]);
    assert!(row.banner.contains("not agreement"));
}

#[test]
fn lamp_is_lit_only_for_a_line_that_was_tested_and_answers() {
    let lamp = |change: fn(&mut State)| {
        let mut held = state();
        change(&mut held);
        super::lamp(Some(&held), Words(Language::En)).0
    };
    assert_eq!(lamp(|_| {}), "up");
    assert_eq!(lamp(|state| state.peers[0].tests = Tests::Untested), "test");
    assert_eq!(lamp(|state| state.peers[0].tests = Tests::Red), "down");
    assert_eq!(lamp(|state| state.peers[0].connected = false), "down");
    assert_eq!(lamp(|state| state.peers[0].forked = true), "down");
    assert_eq!(lamp(|state| state.halted = true), "halted");
    assert_eq!(super::lamp(None, Words(Language::En)).0, "dead");
}

#[test]
fn token_is_one_piece_and_nothing_is_lost() {
    let text = "\u{645} \u{2066}2023-11-09T18:00Z\u{2069}. \u{2068}North\u{2069} \u{2066}open";
    let all = pieces(text);
    let joined: String = all.iter().map(|piece| piece.text.as_str()).collect();
    assert_eq!(joined, text);
    assert_eq!(all.iter().filter(|piece| piece.token).count(), 1);
    assert_eq!((left(90_500, 0), left(0, 3_661_000)), ("1:30".into(), "+1:01:01".into()));
}
