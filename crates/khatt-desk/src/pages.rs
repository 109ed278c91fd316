//! The pages: one module each, with what all of them share here.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{FromRequestParts, State},
    http::{StatusCode, header, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
};
use zeroize::Zeroizing;

use crate::{
    port::{Deed, Done, Refusal, Seat, State as LineState, Touch},
    server::Desk,
    session::{COOKIE, Session, same},
    view::{Notice, Top},
    words::{Words, spoken},
};

pub(crate) mod compose;
pub(crate) mod draft;
pub(crate) mod line;
pub(crate) mod message;
pub(crate) mod seat;
pub(crate) mod watch;

/// What a form sends: names and values, in order, as often as they come.
pub(crate) type Fields = Vec<(String, String)>;

/// Whoever asks, with a session. Others are told where the way in is.
pub(crate) struct Visitor {
    pub(crate) number: String,
    pub(crate) session: Session,
}

impl FromRequestParts<Arc<Desk>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Response> {
        let cookies = parts.headers.get_all(header::COOKIE).iter();
        let found = cookies
            .filter_map(|row| row.to_str().ok())
            .flat_map(|row| row.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .filter(|(name, _)| *name == COOKIE)
            .find_map(|(_, number)| Some((number.to_owned(), desk.sessions.find(number)?)));
        match found {
            Some((number, session)) => Ok(Self { number, session }),
            None => Err(closed(desk)),
        }
    }
}

/// The page that a stranger sees. It says nothing of the line.
#[derive(Template)]
#[template(path = "closed.html")]
struct Closed {
    w: Words,
    lang: &'static str,
    dir: &'static str,
}

fn closed(desk: &Desk) -> Response {
    let language = spoken(desk.face.reads);
    let page =
        Closed { w: Words(language), lang: language.tag(), dir: language.direction().html() };
    with_status(StatusCode::UNAUTHORIZED, html(&page))
}

/// A page with a notice and nothing else.
#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage {
    top: Top,
}

/// Whatever has no page.
pub(crate) async fn lost(State(desk): State<Arc<Desk>>, visitor: Visitor) -> Response {
    let w = Words(visitor.session.language);
    let notice = Notice::word(w.t("no-page"), w.t("no-page-do"), false);
    with_status(StatusCode::NOT_FOUND, plain(&desk, &visitor, "", notice).await)
}

/// Draws a page that only says something.
pub(crate) async fn plain(
    desk: &Arc<Desk>,
    visitor: &Visitor,
    at: &'static str,
    notice: Notice,
) -> Response {
    let (state, _) = state(desk, visitor).await;
    let mut top = top(desk, visitor, state.as_ref(), at, &notice.what);
    top.notice = Some(notice);
    html(&NoticePage { top })
}

/// Draws a page that says why something was not done.
pub(crate) async fn refused(
    desk: &Arc<Desk>,
    visitor: &Visitor,
    at: &'static str,
    refusal: &Refusal,
) -> Response {
    let notice = Notice::refusal(refusal, Words(visitor.session.language));
    let status = if refusal.code.is_empty() {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    with_status(status, plain(desk, visitor, at, notice).await)
}

/// Asks how the line stands. Without an answer pages are drawn with a dark lamp.
pub(crate) async fn state(
    desk: &Arc<Desk>,
    visitor: &Visitor,
) -> (Option<LineState>, Option<Refusal>) {
    let language = visitor.session.language;
    match desk.ask(move |post| post.state(language)).await {
        Ok(Ok(state)) => (Some(state), None),
        Ok(Err(refusal)) | Err(refusal) => (None, Some(refusal)),
    }
}

/// Makes what every page has above its content.
pub(crate) fn top(
    desk: &Desk,
    visitor: &Visitor,
    state: Option<&LineState>,
    at: &'static str,
    title: &str,
) -> Top {
    Top::new(&desk.face, &visitor.session, state, at, title, desk.hub.at())
}

/// Draws a template.
pub(crate) fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

pub(crate) fn with_status(status: StatusCode, mut response: Response) -> Response {
    *response.status_mut() = status;
    response
}

/// Goes on to another page after a deed, so that going back does nothing twice.
pub(crate) fn on_to(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// Returns a form's value.
pub(crate) fn value<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

/// Tells whether a page of this session sent the form.
pub(crate) fn is_own(visitor: &Visitor, fields: &Fields) -> bool {
    same(value(fields, "t"), &visitor.session.token)
}

/// Values of a message form, told apart from the desk's own by their names.
pub(crate) fn inputs(fields: &Fields) -> Vec<(String, String)> {
    let of_form = fields.iter().filter_map(|(name, value)| {
        let name = name.strip_prefix("f.")?;
        (!value.trim().is_empty()).then(|| (name.to_owned(), value.trim().to_owned()))
    });
    of_form.collect()
}

/// The officer who sits here, in person: with the secret that this deed was sent with.
fn touch(visitor: &Visitor, fields: &Fields) -> Option<(Seat, Touch)> {
    let seat = visitor.session.officer.clone()?;
    let secret = if seat.rehearsal { "" } else { value(fields, "secret") };
    let touch = Touch { officer: seat.name.clone(), secret: Zeroizing::new(secret.to_owned()) };
    Some((seat, touch))
}

/// Does a deed of the officer who sits here.
///
/// # Errors
///
/// The page that says why it was not done.
pub(crate) async fn act(
    desk: &Arc<Desk>,
    visitor: &Visitor,
    fields: &Fields,
    at: &'static str,
    deed: Deed,
) -> Result<Done, Response> {
    let w = Words(visitor.session.language);
    if !is_own(visitor, fields) {
        let notice = Notice::word(w.t("stale-form"), w.t("stale-form-do"), false);
        return Err(with_status(StatusCode::FORBIDDEN, plain(desk, visitor, at, notice).await));
    }
    let Some((seat, touch)) = touch(visitor, fields) else {
        let notice = Notice::word(w.t("display-only"), w.t("display-only-do"), false);
        return Err(with_status(StatusCode::FORBIDDEN, plain(desk, visitor, at, notice).await));
    };
    if !desk.sessions.may_try(&seat.name) {
        let notice = Notice::word(w.t("too-often"), w.t("too-often-do"), false);
        let page = plain(desk, visitor, at, notice).await;
        return Err(with_status(StatusCode::TOO_MANY_REQUESTS, page));
    }
    let language = visitor.session.language;
    // Held until it is done: a key that is opened takes much memory.
    let _opening = if seat.rehearsal { None } else { desk.opening.acquire().await.ok() };
    let done = desk.ask(move |post| post.act(&touch, deed, language)).await;
    match done {
        Ok(Ok(done)) => {
            desk.sessions.tried(&seat.name, true);
            Ok(done)
        }
        Ok(Err(refusal)) | Err(refusal) => {
            if refusal.code == WRONG_SECRET {
                desk.sessions.tried(&seat.name, false);
            }
            Err(refused(desk, visitor, at, &refusal).await)
        }
    }
}

/// The code by which a post says that a passphrase opened nothing.
pub(crate) const WRONG_SECRET: &str = "KK-1202";

/// A number in a path or a question; what is none counts as nought.
pub(crate) fn number(text: Option<&str>) -> usize {
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}
