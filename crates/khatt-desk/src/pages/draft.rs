//! A draft: what would leave, read in both columns; released by another officer who types the critical
//! values back without seeing them; or given back.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State},
    response::Response,
};

use super::{Fields, Visitor, act, html, inputs, on_to, refused, state, top, value};
use crate::{
    clocks::zulu,
    port::{Deed, Done, Draft},
    server::Desk,
    view::{Cell, Notice, Top, precedence_mark},
    words::Words,
};

#[derive(Template)]
#[template(path = "draft.html")]
struct DraftPage {
    top: Top,
    draft: Draft,
    class: &'static str,
    letter: &'static str,
    precedence: &'static str,
    time: String,
    here: Cell,
    there: Cell,
    /// Whether whoever sits here wrote it.
    own: bool,
}

/// The page on which the releaser types: no value of the draft is on it.
#[derive(Template)]
#[template(path = "release.html")]
struct ReleasePage {
    top: Top,
    id: String,
    title: String,
    digest: String,
    drafter: String,
    class: &'static str,
    letter: &'static str,
    precedence: &'static str,
    critical: Vec<(String, String)>,
    check_words: Vec<String>,
    rule: u8,
    emergency: bool,
}

/// Shows a draft.
pub(crate) async fn page(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<Fields>,
) -> Response {
    let (draft, mut top) = match find(&desk, &visitor, id).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    let w = top.w;
    if value(&query, "done") == "waiting" {
        top.notice = Some(Notice::word(w.t("done-waiting"), w.t("done-waiting-more"), true));
    }
    let (class, letter) = precedence_mark(draft.precedence);
    html(&DraftPage {
        class,
        letter,
        precedence: khatt_forms::precedence_words(draft.precedence, w.0),
        time: zulu(draft.time_ms),
        here: Cell::new(draft.here.clone(), None),
        there: Cell::new(draft.there.clone(), None),
        own: top.officer.as_ref() == Some(&draft.drafter),
        top,
        draft,
    })
}

/// Shows the fields to be typed, and none of their values.
pub(crate) async fn type_back(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    let (draft, top) = match find(&desk, &visitor, id).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    let (class, letter) = precedence_mark(draft.precedence);
    html(&ReleasePage {
        class,
        letter,
        precedence: khatt_forms::precedence_words(draft.precedence, top.w.0),
        id: draft.id,
        title: draft.here.title,
        digest: draft.digest,
        drafter: draft.drafter,
        critical: draft.critical,
        check_words: draft.check_words,
        rule: draft.rule,
        emergency: draft.emergency,
        top,
    })
}

async fn find(desk: &Arc<Desk>, visitor: &Visitor, id: String) -> Result<(Draft, Top), Response> {
    let language = visitor.session.language;
    let found = desk.ask(move |post| post.draft(&id, language)).await;
    let found = match found {
        Ok(Ok(found)) => found,
        Ok(Err(refusal)) | Err(refusal) => {
            return Err(refused(desk, visitor, "draft", &refusal).await);
        }
    };
    let w = Words(language);
    let (state, _) = state(desk, visitor).await;
    let title = format!("{}: {}", w.t("draft"), found.here.title);
    Ok((found, top(desk, visitor, state.as_ref(), "draft", &title)))
}

/// Releases a draft.
pub(crate) async fn release(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(fields): Form<Fields>,
) -> Response {
    let deed = Deed::Release {
        draft: id,
        digest: value(&fields, "digest").to_owned(),
        typed: inputs(&fields),
        emergency: value(&fields, "emergency") == "1",
    };
    match act(&desk, &visitor, &fields, "draft", deed).await {
        Ok(Done::Recorded(entry)) => on_to(&format!("/message/{entry}?done=released")),
        Ok(Done::Waiting { draft, .. }) => on_to(&format!("/draft/{draft}?done=waiting")),
        Ok(Done::Done) => on_to("/"),
        Err(page) => page,
    }
}

/// Gives a draft back with a reason.
pub(crate) async fn give_back(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(fields): Form<Fields>,
) -> Response {
    let reason = value(&fields, "reason").to_owned();
    let deed = Deed::Return { draft: id.clone(), reason };
    match act(&desk, &visitor, &fields, "draft", deed).await {
        Ok(_) => on_to(&format!("/draft/{id}")),
        Err(page) => page,
    }
}
