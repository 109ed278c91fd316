//! One message: what both sides read, how far it has come, who signed, what proves it.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State},
    response::Response,
};

use super::{Fields, Visitor, act, html, inputs, number, on_to, refused, state, top, value};
use crate::{
    clocks::zulu,
    port::{Deed, Done, Entry, Message, ProofKind, SignedAs},
    server::Desk,
    view::{Notice, Row, Top},
    words::Words,
};

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    top: Top,
    row: Row,
    history: Vec<Step>,
    references: Vec<(String, String)>,
    thread: Option<String>,
    officers: Vec<(String, &'static str)>,
    proofs: Vec<(&'static str, String)>,
    read_back: Vec<(String, String)>,
    may: May,
    answers: Vec<(String, String)>,
}

/// One step of the history.
struct Step {
    time: String,
    post: String,
    words: String,
}

/// What an officer of ours may state.
struct May {
    operator: bool,
    understood: bool,
    authority: bool,
    units: bool,
    answer: bool,
}

/// Shows one message.
pub(crate) async fn page(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path((log, index)): Path<(u8, u64)>,
    Query(query): Query<Fields>,
) -> Response {
    let entry = Entry { log, index };
    let language = visitor.session.language;
    let w = Words(language);
    let found = desk.ask(move |post| post.message(entry, language)).await;
    let found = match found {
        Ok(Ok(found)) => found,
        Ok(Err(refusal)) | Err(refusal) => {
            return refused(&desk, &visitor, "message", &refusal).await;
        }
    };
    let (state, _) = state(&desk, &visitor).await;
    let title = format!("{} {entry}", w.t("message"));
    let mut top = top(&desk, &visitor, state.as_ref(), "message", &title);
    top.notice = match value(&query, "done") {
        "stated" => Some(Notice::word(w.t("done-stated"), w.t("done-stated-more"), true)),
        "released" => Some(Notice::word(w.t("done-released"), w.t("done-released-more"), true)),
        _ => None,
    };
    html(&draw(&desk, top, found, w))
}

fn draw(desk: &Desk, top: Top, found: Message, w: Words) -> MessagePage {
    let mut steps: Vec<_> = found.row.rungs.clone();
    steps.sort_by_key(|rung| (rung.time_ms, rung.level));
    let history = steps
        .into_iter()
        .map(|rung| Step { time: zulu(rung.time_ms), post: rung.post, words: rung.words })
        .collect();
    let proofs = found.proofs.iter().map(|(kind, value)| {
        let words = match kind {
            ProofKind::Leaf => w.t("proof-leaf"),
            ProofKind::Root => w.t("proof-root"),
            ProofKind::Size => w.t("proof-size"),
            ProofKind::Rendering => w.t("proof-rendering"),
        };
        (words, value.clone())
    });
    let officers = found.officers.iter().map(|(officer, signed)| {
        let words = match signed {
            SignedAs::Drafter => w.t("as-drafter"),
            SignedAs::Releaser => w.t("as-releaser"),
            SignedAs::Emergency => w.t("as-emergency"),
            SignedAs::Stater => w.t("as-stater"),
        };
        (officer.clone(), words)
    });
    let may = |level: u8| !found.row.ours && found.may.contains(&level);
    MessagePage {
        history,
        references: found
            .references
            .iter()
            .map(|(how, entry)| (how.clone(), entry.to_string()))
            .collect(),
        thread: found.thread.map(|entry| entry.to_string()),
        officers: officers.collect(),
        proofs: proofs.collect(),
        read_back: found.read_back.clone(),
        may: May {
            operator: may(2),
            understood: may(3) && !found.read_back.is_empty(),
            authority: may(4),
            units: may(5),
            answer: may(6),
        },
        answers: super::compose::codes("acknowledge", "answer", w.0),
        row: Row::new(found.row, &desk.face, w),
        top,
    }
}

/// States a step of the ladder on a message.
pub(crate) async fn state_step(
    desk: Arc<Desk>,
    visitor: Visitor,
    entry: Entry,
    fields: Fields,
    deed: Deed,
) -> Response {
    match act(&desk, &visitor, &fields, "message", deed).await {
        Ok(Done::Recorded(_)) => on_to(&format!("/message/{entry}?done=stated")),
        Ok(_) => on_to(&format!("/message/{entry}")),
        Err(page) => page,
    }
}

/// States A2, A4, A5 or A6.
pub(crate) async fn state_level(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path((log, index)): Path<(u8, u64)>,
    Form(fields): Form<Fields>,
) -> Response {
    let entry = Entry { log, index };
    let level = u8::try_from(number(Some(value(&fields, "level")))).unwrap_or(0);
    let deed = Deed::Acknowledge { entry, level, inputs: inputs(&fields) };
    state_step(desk, visitor, entry, fields, deed).await
}

/// Reads a message back.
pub(crate) async fn read_back(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path((log, index)): Path<(u8, u64)>,
    Form(fields): Form<Fields>,
) -> Response {
    let entry = Entry { log, index };
    let deed = Deed::ReadBack { entry, typed: inputs(&fields) };
    state_step(desk, visitor, entry, fields, deed).await
}
