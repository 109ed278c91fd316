//! The line itself: charter, check words, keys in words, forms, figures; and the journal of the desk.

use std::sync::Arc;

use askama::Template;
use axum::{Form, extract::State, response::Response};
use khatt_forms::Direction;

use super::{Fields, Visitor, act, html, on_to, refused, state, top};
use crate::{
    clocks::zulu,
    port::{CharterPage, Deed, Happened, Noted, RuleRow},
    server::Desk,
    view::{Top, precedence_mark},
    words::Words,
};

#[derive(Template)]
#[template(path = "line.html")]
struct LinePage {
    top: Top,
    line: String,
    words: Vec<(&'static str, &'static str, &'static str, Vec<String>)>,
    rules: Vec<Rule>,
    times: Vec<Times>,
    test_every: String,
    charter: CharterPage,
}

struct Rule {
    class: &'static str,
    letter: &'static str,
    words: &'static str,
    row: RuleRow,
    acknowledge: String,
    escalate: String,
    give_up: String,
}

struct Times {
    post: String,
    precedence: &'static str,
    level: u8,
    count: u64,
    median: String,
    longest: String,
}

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage {
    top: Top,
    rows: Vec<LogRow>,
}

struct LogRow {
    time: String,
    what: String,
    entry: Option<String>,
}

/// Shows the line.
pub(crate) async fn page(State(desk): State<Arc<Desk>>, visitor: Visitor) -> Response {
    let language = visitor.session.language;
    let w = Words(language);
    let charter = match desk.ask(move |post| post.charter(language)).await {
        Ok(Ok(charter)) => charter,
        Ok(Err(refusal)) | Err(refusal) => return refused(&desk, &visitor, "line", &refusal).await,
    };
    let (state, _) = state(&desk, &visitor).await;
    let words = charter.words.iter().map(|(language, words)| {
        (language.tag(), language.direction().html(), language.own_name(), words.clone())
    });
    let rules = charter.rules.iter().map(|row| {
        let (class, letter) = precedence_mark(row.precedence);
        Rule {
            class,
            letter,
            words: khatt_forms::precedence_words(row.precedence, language),
            row: *row,
            acknowledge: span(u64::from(row.acknowledge_s) * 1000),
            escalate: span(u64::from(row.escalate_s) * 1000),
            give_up: span(u64::from(row.give_up_s) * 1000),
        }
    });
    let times = charter.times.iter().map(|row| Times {
        post: row.post.clone(),
        precedence: khatt_forms::precedence_words(row.precedence, language),
        level: row.level,
        count: row.count,
        median: row.median_ms.map_or(w.t("not-known").to_owned(), span),
        longest: row.max_ms.map_or(w.t("not-known").to_owned(), span),
    });
    html(&LinePage {
        line: desk.face.line.clone(),
        words: words.collect(),
        rules: rules.collect(),
        times: times.collect(),
        test_every: span(charter.test_every_s.saturating_mul(1000)),
        top: top(&desk, &visitor, state.as_ref(), "line", w.t("nav-line")),
        charter,
    })
}

/// Writes a length of time as `H:MM:SS`, with tenths below ten seconds.
fn span(ms: u64) -> String {
    let seconds = ms / 1000;
    if ms < 10_000 {
        return format!("0:{seconds:02}.{}", ms % 1000 / 100);
    }
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{:02}", seconds % 60)
    } else {
        format!("{minutes}:{:02}", seconds % 60)
    }
}

/// Sends a line test.
pub(crate) async fn test(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Form(fields): Form<Fields>,
) -> Response {
    match act(&desk, &visitor, &fields, "line", Deed::TestLine).await {
        Ok(_) => on_to("/"),
        Err(page) => page,
    }
}

/// Shows what happened since the desk was opened.
pub(crate) async fn journal(State(desk): State<Arc<Desk>>, visitor: Visitor) -> Response {
    let language = visitor.session.language;
    let w = Words(language);
    let rows = desk.ask(move |post| post.journal(language)).await.unwrap_or_default();
    let rows = rows.into_iter().map(|row| LogRow {
        time: zulu(row.time_ms),
        what: happened(row.what, &isolated(&row.detail, w), w),
        entry: row.entry.map(|entry| entry.to_string()),
    });
    let rows = rows.collect();
    let (state, _) = state(&desk, &visitor).await;
    let top = top(&desk, &visitor, state.as_ref(), "log", w.t("nav-log"));
    html(&LogPage { top, rows })
}

/// Sets a value apart in the direction of the page: one that begins with a name in another script would
/// otherwise turn round what follows it.
fn isolated(text: &str, w: Words) -> String {
    let start = match w.0.direction() {
        Direction::LeftToRight => '\u{2066}',
        Direction::RightToLeft => '\u{2067}',
    };
    format!("{start}{text}\u{2069}")
}

fn happened(what: Happened, detail: &str, w: Words) -> String {
    match what {
        Happened::Released => w.with("log-released", detail),
        Happened::Received => w.with("log-received", detail),
        Happened::Receipted => w.with("log-receipted", detail),
        Happened::Stated => w.with("log-stated", detail),
        Happened::Refused => w.with("log-refused", detail),
        Happened::Escalated => w.with("log-escalated", detail),
        Happened::Raised => w.with("log-raised", detail),
        Happened::Cleared => w.with("log-cleared", detail),
        Happened::Seen => w.with("log-seen", detail),
        Happened::Overdue => w.with("log-overdue", detail),
        Happened::Tested => w.with("log-tested", detail),
        Happened::Desk(Noted::Sat) => w.with("log-sat", detail),
        Happened::Desk(Noted::Left) => w.with("log-left", detail),
        Happened::Desk(Noted::Wrong) => w.with("log-wrong", detail),
    }
}
