//! The watch: what somebody has to do, and the traffic in the columns of its readers.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::{Query, State},
    response::Response,
};

use super::{Fields, Visitor, act, html, number, on_to, state, top, value};
use crate::{
    port::{Deed, Traffic, column},
    server::Desk,
    stream::newest,
    view::{AlarmStrip, Needs, Notice, Row, Top},
    words::Words,
};

#[derive(Template)]
#[template(path = "watch.html")]
struct WatchPage {
    top: Top,
    needs: Option<Needs>,
    rows: Vec<Row>,
    reads: &'static str,
    other_reads: &'static str,
    others: String,
    all: bool,
    earlier: Option<String>,
    later: bool,
}

/// Shows the watch.
pub(crate) async fn page(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Query(query): Query<Fields>,
) -> Response {
    let language = visitor.session.language;
    let w = Words(language);
    let (all, skip) = (value(&query, "all") == "1", number(Some(value(&query, "skip"))));
    let (state, _) = state(&desk, &visitor).await;
    let needs = desk.ask(move |post| post.needs(language)).await;
    let needs = match (needs, &state) {
        (Ok(Ok(needs)), Some(state)) => Some(Needs::new(needs, state, w)),
        _ => None,
    };
    let traffic = desk.ask(move |post| post.traffic(&newest(skip, all), language)).await;
    let mut top = top(&desk, &visitor, state.as_ref(), "watch", w.t("nav-watch"));
    let traffic = match traffic {
        Ok(Ok(traffic)) => traffic,
        Ok(Err(refusal)) | Err(refusal) => {
            top.notice = Some(Notice::refusal(&refusal, w));
            Traffic::default()
        }
    };
    let shown = traffic.rows.len();
    let earlier = traffic.earlier.then(|| {
        let all = if all { "&all=1" } else { "" };
        format!("/?skip={}{all}", skip.saturating_add(shown))
    });
    let (reads, other_reads) = columns(&desk, language);
    html(&WatchPage {
        top,
        needs,
        rows: traffic.rows.into_iter().map(|row| Row::new(row, &desk.face, w)).collect(),
        reads,
        other_reads,
        others: desk.face.others.join(", "),
        all,
        earlier,
        later: skip > 0,
    })
}

#[derive(Template)]
#[template(path = "alarms.html")]
struct AlarmsPage {
    top: Top,
    strips: Vec<AlarmStrip>,
}

/// Shows every alarm that stands.
pub(crate) async fn alarms(State(desk): State<Arc<Desk>>, visitor: Visitor) -> Response {
    let w = Words(visitor.session.language);
    let (state, refusal) = state(&desk, &visitor).await;
    let mut top = top(&desk, &visitor, state.as_ref(), "alarms", w.t("alarms"));
    top.notice = refusal.as_ref().map(|refusal| Notice::refusal(refusal, w));
    let alarms = state.map(|state| state.alarms).unwrap_or_default();
    html(&AlarmsPage { top, strips: alarms.into_iter().map(AlarmStrip::new).collect() })
}

/// Marks an alarm as seen. It acknowledges no message.
pub(crate) async fn seen(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Form(fields): Form<Fields>,
) -> Response {
    let key = value(&fields, "key").to_owned();
    match act(&desk, &visitor, &fields, "watch", Deed::AlarmSeen(key)).await {
        Ok(_) => on_to("/alarms"),
        Err(page) => page,
    }
}

/// The languages of the two columns: the officer's if the line has it, and the other side's.
pub(crate) fn columns(
    desk: &Desk,
    language: khatt_forms::Language,
) -> (&'static str, &'static str) {
    let face = &desk.face;
    let here = column(face.reads, &face.languages, language);
    (here.own_name(), face.other_reads.own_name())
}
