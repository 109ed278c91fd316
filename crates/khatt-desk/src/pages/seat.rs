//! Coming in, sitting down, leaving, and how a screen looks.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use zeroize::Zeroizing;

use super::{Fields, Visitor, WRONG_SECRET, html, is_own, plain, state, top, value, with_status};
use crate::{
    port::{Noted, Seat, Touch},
    server::Desk,
    session::{COOKIE, Theme, same},
    view::{Notice, Top},
    words::{Words, interface, spoken},
};

#[derive(Template)]
#[template(path = "sit.html")]
struct SitPage {
    top: Top,
    officers: Vec<Seat>,
    any: bool,
    rehearsal_line: bool,
}

/// Lets a screen in that has the way in, as a display.
pub(crate) async fn enter(State(desk): State<Arc<Desk>>, Path(key): Path<String>) -> Response {
    if !same(&key, &desk.key) {
        return (StatusCode::FORBIDDEN, Redirect::to("/")).into_response();
    }
    with_cookie(&desk.sessions.open(spoken(desk.face.reads)), "/")
}

/// Asks who sits down.
pub(crate) async fn page(State(desk): State<Arc<Desk>>, visitor: Visitor) -> Response {
    html(&sit_page(&desk, &visitor, None).await)
}

async fn sit_page(desk: &Arc<Desk>, visitor: &Visitor, notice: Option<Notice>) -> SitPage {
    let w = Words(visitor.session.language);
    let (state, _) = state(desk, visitor).await;
    let mut top = top(desk, visitor, state.as_ref(), "sit", w.t("sit-title"));
    top.notice = notice;
    let officers = desk.face.officers.clone();
    SitPage {
        any: officers.iter().any(|seat| seat.key_here),
        rehearsal_line: officers.iter().any(|seat| seat.rehearsal),
        top,
        officers,
    }
}

/// Lets an officer sit down, whose key is opened once to prove it and held by nobody.
pub(crate) async fn sit(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Form(fields): Form<Fields>,
) -> Response {
    let language = visitor.session.language;
    let w = Words(language);
    if !is_own(&visitor, &fields) {
        let notice = Notice::word(w.t("stale-form"), w.t("stale-form-do"), false);
        return with_status(
            StatusCode::FORBIDDEN,
            html(&sit_page(&desk, &visitor, Some(notice)).await),
        );
    }
    let officer = value(&fields, "officer").to_owned();
    let known = desk.face.officers.iter().any(|seat| seat.name == officer);
    if !known || !desk.sessions.may_try(&officer) {
        let notice = Notice::word(w.t("too-often"), w.t("too-often-do"), false);
        let page = html(&sit_page(&desk, &visitor, Some(notice)).await);
        return with_status(StatusCode::TOO_MANY_REQUESTS, page);
    }
    let secret = Zeroizing::new(value(&fields, "secret").to_owned());
    let touch = Touch { officer: officer.clone(), secret };
    let opening = desk.opening.acquire().await.ok();
    let proved = desk.ask(move |post| post.prove(&touch, language)).await;
    drop(opening);
    let refusal = match proved {
        Ok(Ok(seat)) => {
            desk.sessions.tried(&officer, true);
            note(&desk, Noted::Sat, &officer).await;
            return match desk.sessions.seat(&visitor.number, Some(seat)) {
                Some(number) => with_cookie(&number, "/"),
                None => super::on_to("/"),
            };
        }
        Ok(Err(refusal)) | Err(refusal) => refusal,
    };
    if refusal.code == WRONG_SECRET {
        desk.sessions.tried(&officer, false);
        note(&desk, Noted::Wrong, &officer).await;
    }
    let notice = Notice::refusal(&refusal, w);
    let page = html(&sit_page(&desk, &visitor, Some(notice)).await);
    with_status(StatusCode::UNPROCESSABLE_ENTITY, page)
}

/// The officer leaves; the screen stays as a display.
pub(crate) async fn leave(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Form(fields): Form<Fields>,
) -> Response {
    let w = Words(visitor.session.language);
    if !is_own(&visitor, &fields) {
        let notice = Notice::word(w.t("stale-form"), w.t("stale-form-do"), false);
        return with_status(StatusCode::FORBIDDEN, plain(&desk, &visitor, "sit", notice).await);
    }
    if let Some(seat) = &visitor.session.officer {
        note(&desk, Noted::Left, &seat.name).await;
    }
    match desk.sessions.seat(&visitor.number, None) {
        Some(number) => with_cookie(&number, "/"),
        None => super::on_to("/"),
    }
}

/// Changes language or colours of this screen.
pub(crate) async fn look(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Form(fields): Form<Fields>,
) -> Response {
    if is_own(&visitor, &fields) {
        let language = interface(value(&fields, "language"));
        let theme = Theme::named(value(&fields, "theme"));
        desk.sessions.look(&visitor.number, language, theme);
    }
    // Only to pages of our own, and only by their names.
    let back = match value(&fields, "back") {
        "line" => "/line",
        "log" => "/log",
        "compose" => "/compose",
        "sit" => "/sit",
        _ => "/",
    };
    super::on_to(back)
}

async fn note(desk: &Desk, what: Noted, officer: &str) {
    let officer = officer.to_owned();
    // A post that is gone keeps no journal.
    let _ = desk.ask(move |post| post.note(what, &officer)).await;
}

fn with_cookie(number: &str, to: &str) -> Response {
    let cookie = format!("{COOKIE}={number}; Path=/; Secure; HttpOnly; SameSite=Strict");
    let mut response = Redirect::to(to).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
