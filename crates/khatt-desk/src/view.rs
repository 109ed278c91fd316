//! What pages are drawn from: values of the port made ready for a template, and nothing decided.

use askama::{Template, filters::HtmlSafe};
use khatt_forms::{
    Language, Level, LineKind, acknowledgement_banner, kind_words, level_words, precedence_words,
};

use crate::{
    clocks::{Clock, clocks, zulu, zulu_short},
    port::{Act, Alarm, Face, MessageRow, Need, Refusal, State, Tests, Text, Verb},
    session::Session,
    words::Words,
};

/// What every page has above its own content.
pub(crate) struct Top {
    pub(crate) w: Words,
    pub(crate) lang: &'static str,
    pub(crate) dir: &'static str,
    pub(crate) theme: &'static str,
    pub(crate) token: String,
    pub(crate) officer: Option<String>,
    /// Whether the officer acts without a secret.
    pub(crate) rehearsal: bool,
    pub(crate) kind: &'static str,
    pub(crate) post: String,
    /// Which of the main pages this is, for the row of links.
    pub(crate) at: &'static str,
    pub(crate) title: String,
    /// Where the news stood when this was drawn.
    pub(crate) news: u64,
    pub(crate) notice: Option<Notice>,
    pub(crate) band: Band,
}

/// What became of the last deed.
pub(crate) struct Notice {
    pub(crate) good: bool,
    pub(crate) what: String,
    pub(crate) advice: String,
    pub(crate) code: String,
    pub(crate) fields: Vec<(String, String, String)>,
}

/// The band across the top.
#[derive(Template)]
#[template(path = "band.html")]
pub(crate) struct Band {
    pub(crate) w: Words,
    pub(crate) kind_words: &'static str,
    pub(crate) post: String,
    pub(crate) party: String,
    /// `up`, `test`, `down`, `halted` or `dead`.
    pub(crate) lamp: &'static str,
    pub(crate) lamp_words: &'static str,
    pub(crate) lamp_rows: Vec<String>,
    pub(crate) clocks: Vec<Clock>,
}

/// The column of what somebody has to do.
#[derive(Template)]
#[template(path = "needs.html")]
pub(crate) struct Needs {
    pub(crate) w: Words,
    pub(crate) ours: Vec<Strip>,
    pub(crate) theirs: Vec<Strip>,
    pub(crate) alarms: Vec<AlarmStrip>,
    pub(crate) seen: Vec<AlarmStrip>,
}

/// One strip.
pub(crate) struct Strip {
    pub(crate) class: &'static str,
    pub(crate) letter: &'static str,
    pub(crate) serial: String,
    pub(crate) title: String,
    pub(crate) verb: &'static str,
    pub(crate) by: String,
    pub(crate) due_ms: Option<u64>,
    /// What is left, as the page goes on counting it.
    pub(crate) left: String,
    /// Whether every step was taken and nobody acted.
    pub(crate) over: bool,
    pub(crate) href: String,
    /// Whether the strip's one act is ours.
    pub(crate) button: bool,
}

/// One alarm.
pub(crate) struct AlarmStrip {
    pub(crate) class: &'static str,
    pub(crate) alarm: Alarm,
    pub(crate) time: String,
    pub(crate) href: Option<String>,
}

/// One message in the traffic.
#[derive(Template)]
#[template(path = "row.html")]
pub(crate) struct Row {
    pub(crate) w: Words,
    pub(crate) id: String,
    pub(crate) href: String,
    pub(crate) class: &'static str,
    pub(crate) letter: &'static str,
    pub(crate) precedence: &'static str,
    pub(crate) serial: String,
    pub(crate) from: String,
    pub(crate) ours: bool,
    pub(crate) time: String,
    pub(crate) short: String,
    pub(crate) title: String,
    /// What is said where there is no text.
    pub(crate) missing: &'static str,
    pub(crate) emergency: bool,
    pub(crate) open: bool,
    pub(crate) here: Option<Cell>,
    pub(crate) there: Option<Cell>,
    pub(crate) ladders: Vec<Ladder>,
    pub(crate) banner: &'static str,
}

/// A message in one column.
pub(crate) struct Cell {
    pub(crate) lang: &'static str,
    pub(crate) dir: &'static str,
    pub(crate) language: &'static str,
    pub(crate) original: bool,
    pub(crate) headline: Vec<Piece>,
    pub(crate) fields: Vec<Labelled>,
    pub(crate) text: Text,
}

/// One labelled value.
pub(crate) struct Labelled {
    pub(crate) label: String,
    pub(crate) critical: bool,
    pub(crate) value: Vec<Piece>,
}

/// A run of text. A token (a time, a count, a coordinate) is never broken over two rows: in a line from
/// right to left its halves would be read in the wrong order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) token: bool,
    pub(crate) text: String,
}

/// How far one post has come.
pub(crate) struct Ladder {
    pub(crate) post: String,
    pub(crate) highest: String,
    pub(crate) marks: Vec<Mark>,
}

/// One level of the ladder.
pub(crate) struct Mark {
    pub(crate) code: String,
    pub(crate) words: String,
    pub(crate) time: String,
    pub(crate) taken: bool,
}

impl HtmlSafe for Band {}
impl HtmlSafe for Needs {}
impl HtmlSafe for Row {}

impl Top {
    pub(crate) fn new(
        face: &Face,
        session: &Session,
        state: Option<&State>,
        at: &'static str,
        title: &str,
        news: u64,
    ) -> Self {
        let w = Words(session.language);
        Self {
            w,
            lang: session.language.tag(),
            dir: session.language.direction().html(),
            theme: session.theme.name(),
            token: session.token.clone(),
            officer: session.officer.as_ref().map(|seat| seat.name.clone()),
            rehearsal: session.officer.as_ref().is_some_and(|seat| seat.rehearsal),
            kind: kind_class(face.kind),
            post: face.post.clone(),
            at,
            title: title.to_owned(),
            news,
            notice: None,
            band: Band::new(face, state, session.language),
        }
    }
}

impl Notice {
    pub(crate) fn refusal(refusal: &Refusal, w: Words) -> Self {
        // A post that is gone has no words of its own.
        let gone = refusal.code.is_empty();
        Self {
            good: false,
            what: if gone { w.t("post-gone").to_owned() } else { refusal.what.clone() },
            advice: if gone { w.t("post-gone-do").to_owned() } else { refusal.advice.clone() },
            code: refusal.code.clone(),
            fields: refusal.fields.clone(),
        }
    }

    pub(crate) fn word(what: &str, advice: &str, good: bool) -> Self {
        Self {
            good,
            what: what.to_owned(),
            advice: advice.to_owned(),
            code: String::new(),
            fields: Vec::new(),
        }
    }
}

impl Band {
    pub(crate) fn new(face: &Face, state: Option<&State>, language: Language) -> Self {
        let w = Words(language);
        let (lamp, lamp_words) = lamp(state, w);
        Self {
            w,
            kind_words: kind_words(face.kind, language),
            post: face.post.clone(),
            party: face.party.clone(),
            lamp,
            lamp_words,
            lamp_rows: state.map_or_else(Vec::new, |state| lamp_rows(state, w)),
            clocks: state.map_or_else(Vec::new, |state| clocks(face, state.wall_ms, language)),
        }
    }
}

/// Longer ones may break: a row has an end.
const TOKEN_MAX: usize = 40;

/// Tells the tokens that run from left to right apart from what stands around them.
fn pieces(text: &str) -> Vec<Piece> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{2066}') {
        let Some((token, left)) = after.split_once('\u{2069}') else { break };
        if !before.is_empty() {
            all.push(Piece { token: false, text: before.to_owned() });
        }
        let short = token.chars().count() <= TOKEN_MAX;
        all.push(Piece { token: short, text: format!("\u{2066}{token}\u{2069}") });
        rest = left;
    }
    if !rest.is_empty() {
        all.push(Piece { token: false, text: rest.to_owned() });
    }
    all
}

fn lamp(state: Option<&State>, w: Words) -> (&'static str, &'static str) {
    let Some(state) = state else {
        return ("dead", w.t("lamp-dead"));
    };
    if state.halted {
        return ("halted", w.t("lamp-halted"));
    }
    if state.peers.iter().any(|peer| peer.forked) {
        return ("down", w.t("lamp-forked"));
    }
    let up = state.peers.iter().filter(|peer| peer.connected).count();
    let worst = |tests| state.peers.iter().any(|peer| peer.tests == tests);
    if up == 0 {
        ("down", w.t("lamp-down"))
    } else if up < state.peers.len() {
        ("test", w.t("lamp-part"))
    } else if worst(Tests::Red) {
        ("down", w.t("lamp-red"))
    } else if worst(Tests::Amber) {
        ("test", w.t("lamp-amber"))
    } else if worst(Tests::Untested) {
        ("test", w.t("lamp-untested"))
    } else {
        ("up", w.t("lamp-up"))
    }
}

fn lamp_rows(state: &State, w: Words) -> Vec<String> {
    let row = |peer: &crate::port::Peer| {
        let route = if peer.connected { w.t("route-up") } else { w.t("route-down") };
        let mut row = format!("\u{2068}{}\u{2069}: {route}", peer.post);
        if let Some(at) = peer.tested_ms {
            row.push_str(&format!(" · {}", w.with("last-test", zulu_short(at))));
        }
        if let Some(ms) = peer.round_trip_ms {
            let seconds = format!("{}.{:02}", ms / 1000, ms % 1000 / 10);
            row.push_str(&format!(" · {}", w.with("round-trip", &seconds)));
        }
        row.push_str(&format!(
            " · {}",
            w.with("logs", format!("{}/{}", state.own_size, peer.size))
        ));
        row
    };
    state.peers.iter().map(row).collect()
}

pub(crate) const fn kind_class(kind: LineKind) -> &'static str {
    match kind {
        LineKind::Real => "real",
        LineKind::Drill => "drill",
        LineKind::Rehearsal => "rehearsal",
    }
}

/// Returns the class and the letter of a precedence: shape and letter, never colour alone.
pub(crate) const fn precedence_mark(precedence: u8) -> (&'static str, &'static str) {
    match precedence {
        0 => ("z", "Z"),
        1 => ("o", "O"),
        2 => ("p", "P"),
        _ => ("r", "R"),
    }
}

const fn alarm_class(class: char) -> &'static str {
    match class {
        'Z' => "z",
        'S' => "s",
        'O' => "o",
        'P' => "p",
        _ => "r",
    }
}

impl Needs {
    pub(crate) fn new(needs: Vec<Need>, state: &State, w: Words) -> Self {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for need in needs {
            let strip = Strip::new(need, state.wall_ms, w);
            if strip.button { ours.push(strip) } else { theirs.push(strip) }
        }
        let (seen, alarms): (Vec<_>, Vec<_>) =
            state.alarms.iter().cloned().map(AlarmStrip::new).partition(|strip| strip.alarm.seen);
        Self { w, ours, theirs, alarms, seen }
    }
}

impl Strip {
    fn new(need: Need, wall_ms: u64, w: Words) -> Self {
        let (class, letter) = precedence_mark(need.precedence);
        let (verb, button) = match need.verb {
            Verb::Acknowledge => (w.t("verb-acknowledge"), true),
            Verb::Answer => (w.t("verb-answer"), true),
            Verb::Release => (w.t("verb-release"), true),
            Verb::Returned => (w.t("verb-returned"), true),
            Verb::TheyAcknowledge => (w.t("verb-they-acknowledge"), false),
            Verb::TheyAnswer => (w.t("verb-they-answer"), false),
        };
        let href = match (&need.draft, need.entry) {
            (Some(draft), _) => format!("/draft/{draft}"),
            (None, Some(entry)) => format!("/message/{entry}"),
            (None, None) => "/".to_owned(),
        };
        let serial = match (&need.draft, need.entry) {
            (Some(draft), _) => draft.chars().take(6).collect(),
            (None, Some(entry)) => entry.to_string(),
            (None, None) => String::new(),
        };
        Self {
            class,
            letter,
            serial,
            title: need.title,
            verb,
            by: need.by,
            due_ms: need.due_ms,
            over: need.due_ms.is_none() && need.draft.is_none(),
            left: need.due_ms.map(|due_ms| left(due_ms, wall_ms)).unwrap_or_default(),
            href,
            button,
        }
    }
}

/// Writes how long it is to a moment, as the page's script does: `+` once it has passed.
fn left(due_ms: u64, wall_ms: u64) -> String {
    let (sign, ms) =
        if due_ms < wall_ms { ("+", wall_ms - due_ms) } else { ("", due_ms - wall_ms) };
    let seconds = ms / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{sign}{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{sign}{minutes}:{seconds:02}")
    }
}

impl AlarmStrip {
    pub(crate) fn new(alarm: Alarm) -> Self {
        Self {
            class: alarm_class(alarm.class),
            time: zulu_short(alarm.raised_ms),
            href: alarm.entry.map(|entry| format!("/message/{entry}")),
            alarm,
        }
    }
}

impl Cell {
    pub(crate) fn new(text: Text, original: Option<Language>) -> Self {
        Self {
            lang: text.language.tag(),
            dir: text.language.direction().html(),
            language: text.language.own_name(),
            original: original == Some(text.language),
            headline: pieces(&text.headline),
            fields: text
                .fields
                .iter()
                .map(|field| Labelled {
                    label: field.label.clone(),
                    critical: field.critical,
                    value: pieces(&field.value),
                })
                .collect(),
            text,
        }
    }
}

impl Row {
    pub(crate) fn new(row: MessageRow, face: &Face, w: Words) -> Self {
        let (class, letter) = precedence_mark(row.precedence);
        let posts = std::iter::once(&face.post).chain(&face.others);
        let ladders: Vec<Ladder> = posts
            .filter(|post| **post != row.from)
            .map(|post| Ladder::new(post, &row, w))
            .collect();
        let (title, missing) = match row.act {
            Act::Disclose => (w.t("act-disclose"), ""),
            Act::Erase => (w.t("act-erase"), ""),
            _ => ("", w.t("no-body")),
        };
        let title = row.here.as_ref().map_or(title.to_owned(), |text| text.title.clone());
        Self {
            w,
            id: format!("m-{}-{}", row.entry.log, row.entry.index),
            href: format!("/message/{}", row.entry),
            class,
            letter,
            precedence: precedence_words(row.precedence, w.0),
            serial: row.entry.to_string(),
            from: row.from,
            ours: row.ours,
            time: zulu(row.time_ms),
            short: zulu_short(row.time_ms),
            title,
            missing,
            emergency: row.emergency,
            open: row.open,
            here: row.here.map(|text| Cell::new(text, row.original)),
            there: row.there.map(|text| Cell::new(text, row.original)),
            ladders,
            banner: acknowledgement_banner(w.0),
        }
    }
}

impl Ladder {
    /// Levels 1 to 6 of one post. A level is shown as taken only where that step itself was.
    fn new(post: &str, row: &MessageRow, w: Words) -> Self {
        let taken =
            |level: u8| row.rungs.iter().find(|rung| rung.post == post && rung.level == level);
        let marks: Vec<Mark> = (1..=6)
            .map(|level| {
                let rung = taken(level);
                let words = Level::new(level).map(|level| level_words(level, w.0));
                Mark {
                    code: format!("A{level}"),
                    words: rung
                        .map_or(words.unwrap_or_default().to_owned(), |rung| rung.words.clone()),
                    time: rung.map(|rung| zulu_short(rung.time_ms)).unwrap_or_default(),
                    taken: rung.is_some(),
                }
            })
            .collect();
        let highest = marks.iter().rev().find(|mark| mark.taken);
        let highest = highest.map_or(w.t("no-receipt").to_owned(), |mark| mark.words.clone());
        Self { post: post.to_owned(), highest, marks }
    }
}

#[cfg(test)]
mod tests;
