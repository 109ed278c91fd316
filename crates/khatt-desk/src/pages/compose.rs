//! Writing a message by its form, with live checks and both renderings beside it.
//!
//! What is typed is checked by `khatt-forms`, here as at the post; nothing of it leaves the desk until it
//! is drafted, and nothing leaves the post until it is released.

use std::sync::Arc;

use askama::{Template, filters::HtmlSafe};
use axum::{
    Form as Sent,
    extract::{Path, Query, State},
    response::Response,
};
use khatt_forms::{
    Catalogue, Field as FormField, FieldKind, Filled, Form, Glossary, Language, Relation, Wordbook,
    intent_words, precedence_words, relation_words, render, review_words,
};

use super::{Fields, Visitor, act, html, inputs, is_own, lost, on_to, state, top, value};
use crate::{
    port::{Deed, Done, Entry, Field, NewDraft, Text, column},
    server::Desk,
    view::{Cell, Notice, Top, precedence_mark},
    words::Words,
};

#[derive(Template)]
#[template(path = "forms.html")]
struct FormsPage {
    top: Top,
    forms: Vec<FormRow>,
}

struct FormRow {
    name: String,
    title: String,
    intent: &'static str,
    class: &'static str,
    letter: &'static str,
    reviewed: bool,
}

#[derive(Template)]
#[template(path = "compose.html")]
struct ComposePage {
    top: Top,
    form: String,
    title: String,
    inputs: Vec<Input>,
    precedences: Vec<(u8, &'static str, bool)>,
    languages: Vec<(&'static str, &'static str, bool)>,
    relations: Vec<(&'static str, &'static str, bool)>,
    to: String,
    sides: Sides,
}

/// One field of the form, as it is typed.
struct Input {
    name: String,
    label: String,
    required: bool,
    critical: bool,
    hint: &'static str,
    /// Codes with their captions; nothing for what is typed.
    options: Vec<(String, String, bool)>,
    many: bool,
    long: bool,
    value: String,
    fault: Option<(String, String)>,
}

/// Both renderings, or why there are none.
#[derive(Template)]
#[template(path = "sides.html")]
struct Sides {
    w: Words,
    here: Option<Cell>,
    there: Option<Cell>,
    faults: Vec<(String, String, String)>,
    begun: bool,
}

impl HtmlSafe for Sides {}

/// Returns a form's field's codes with their captions.
pub(crate) fn codes(form: &str, field: &str, language: Language) -> Vec<(String, String)> {
    let found = Catalogue::builtin().by_name(form).and_then(|form| form.field(field));
    let caption = |code: &str| {
        let caption = Glossary::builtin().caption(code, language).unwrap_or(code);
        (code.to_owned(), caption.to_owned())
    };
    found.map_or_else(Vec::new, |field| field.codes().into_iter().map(caption).collect())
}

/// Forms that an officer does not write by hand: the post's own, and those that a message's page has.
const NOT_COMPOSED: &[&str] = &["line-test", "line-test-reply", "acknowledge", "read-back"];

/// Lists the forms.
pub(crate) async fn forms(State(desk): State<Arc<Desk>>, visitor: Visitor) -> Response {
    let w = Words(visitor.session.language);
    let (state, _) = state(&desk, &visitor).await;
    let forms = Catalogue::builtin().iter().filter(|form| !NOT_COMPOSED.contains(&form.name()));
    let row = |form: &Form| {
        let (class, letter) = precedence_mark(form.precedence());
        FormRow {
            name: form.name().to_owned(),
            title: form.title(w.0).to_owned(),
            intent: intent_words(form.intent(), w.0).unwrap_or_default(),
            class,
            letter,
            reviewed: form.review(w.0) != "unreviewed",
        }
    };
    let forms = forms.map(row).collect();
    let top = top(&desk, &visitor, state.as_ref(), "compose", w.t("nav-compose"));
    html(&FormsPage { top, forms })
}

/// Shows a form to be filled. What it refers to may come along in the address.
pub(crate) async fn page(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(query): Query<Fields>,
) -> Response {
    match found(&name) {
        Some(form) => html(&draw(&desk, &visitor, form, &query, None).await),
        None => lost(State(desk), visitor).await,
    }
}

/// Checks what is typed and renders it, for the script of the page.
pub(crate) async fn check(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(name): Path<String>,
    Sent(fields): Sent<Fields>,
) -> Response {
    match found(&name).filter(|_| is_own(&visitor, &fields)) {
        Some(form) => html(&sides(&desk, &visitor, form, &fields)),
        None => lost(State(desk), visitor).await,
    }
}

/// Makes a draft, or only checks it where there is no script.
pub(crate) async fn draft(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(name): Path<String>,
    Sent(fields): Sent<Fields>,
) -> Response {
    let Some(form) = found(&name) else {
        return lost(State(desk), visitor).await;
    };
    let sides = sides(&desk, &visitor, form, &fields);
    if value(&fields, "do") == "check" || !sides.faults.is_empty() {
        return html(&draw(&desk, &visitor, form, &fields, Some(sides)).await);
    }
    let written = written(&desk, &visitor, &fields);
    let relation = value(&fields, "relation");
    let references = match entry(value(&fields, "to")) {
        Some(entry) if !relation.is_empty() => vec![(relation.to_owned(), entry)],
        _ => Vec::new(),
    };
    let new = NewDraft {
        form: name,
        inputs: inputs(&fields),
        language: written,
        precedence: precedence(form, &fields),
        references,
    };
    match act(&desk, &visitor, &fields, "compose", Deed::Draft(Box::new(new))).await {
        Ok(Done::Waiting { draft, .. }) => on_to(&format!("/draft/{draft}")),
        Ok(Done::Recorded(entry)) => on_to(&format!("/message/{entry}?done=released")),
        Ok(Done::Done) => on_to("/"),
        Err(page) => page,
    }
}

fn found(name: &str) -> Option<&'static Form> {
    Catalogue::builtin().by_name(name).filter(|form| !NOT_COMPOSED.contains(&form.name()))
}

fn entry(text: &str) -> Option<Entry> {
    let (log, index) = text.trim().split_once('/')?;
    Some(Entry { log: log.parse().ok()?, index: index.parse().ok()? })
}

/// The language of free text: the one that was picked, else the officer's if the line has it.
fn written(desk: &Desk, visitor: &Visitor, fields: &Fields) -> Language {
    let picked = Language::from_tag(value(fields, "written"));
    let officer = Some(visitor.session.language);
    let of_line = |language: &Language| desk.face.languages.contains(language);
    picked.filter(of_line).or(officer.filter(of_line)).unwrap_or(desk.face.reads)
}

fn precedence(form: &Form, fields: &Fields) -> u8 {
    value(fields, "precedence").parse().ok().filter(|held| *held < 4).unwrap_or(form.precedence())
}

fn sides(desk: &Desk, visitor: &Visitor, form: &Form, fields: &Fields) -> Sides {
    let language = visitor.session.language;
    let w = Words(language);
    let written = written(desk, visitor, fields);
    let typed = inputs(fields);
    let begun = !typed.is_empty();
    let none = |faults| Sides { w, here: None, there: None, faults, begun };
    let filled = match Filled::from_input(form, &typed, written, Wordbook::builtin()) {
        Ok(filled) => filled,
        Err(errors) => {
            let fault = |error: &khatt_forms::InputError| {
                let (what, advice) = error.explain(language);
                let label = form.field(&error.field).map(|field| field.label(language).to_owned());
                (label.unwrap_or_else(|| error.field.clone()), what, advice)
            };
            return none(errors.iter().map(fault).collect());
        }
    };
    let face = &desk.face;
    let reads = column(face.reads, &face.languages, language);
    let cell = |reader: Language| {
        let shown = render(form, &filled, reader, Wordbook::builtin()).ok()?;
        let fields = shown.rows.iter().map(|row| Field {
            name: row.name.clone(),
            label: row.label.clone(),
            value: row.value_text(),
            critical: row.critical,
        });
        let text = Text {
            language: reader,
            title: shown.title.clone(),
            headline: shown.headline_text(),
            fields: fields.collect(),
            review: review_words(&shown.review, reader),
            raw: Vec::new(),
            differs: false,
        };
        Some(Cell::new(text, Some(written)))
    };
    Sides { w, here: cell(reads), there: cell(face.other_reads), faults: Vec::new(), begun }
}

async fn draw(
    desk: &Arc<Desk>,
    visitor: &Visitor,
    form: &'static Form,
    fields: &Fields,
    checked: Option<Sides>,
) -> ComposePage {
    let language = visitor.session.language;
    let w = Words(language);
    let (state, _) = state(desk, visitor).await;
    let title = form.title(language).to_owned();
    let mut top = top(desk, visitor, state.as_ref(), "compose", &title);
    if checked.as_ref().is_some_and(|sides| !sides.faults.is_empty()) {
        top.notice = Some(Notice::word(w.t("not-drafted"), w.t("not-drafted-do"), false));
    }
    let sides = checked.unwrap_or_else(|| {
        let begun = !inputs(fields).is_empty();
        if begun {
            sides(desk, visitor, form, fields)
        } else {
            Sides { w, here: None, there: None, faults: Vec::new(), begun }
        }
    });
    let chosen = precedence(form, fields);
    let written = written(desk, visitor, fields);
    let relation = value(fields, "relation");
    ComposePage {
        form: form.name().to_owned(),
        inputs: form.fields().iter().map(|field| input(field, fields, &sides, w)).collect(),
        precedences: (0..4).map(|at| (at, precedence_words(at, language), at == chosen)).collect(),
        languages: desk
            .face
            .languages
            .iter()
            .map(|known| (known.tag(), known.own_name(), *known == written))
            .collect(),
        relations: Relation::ALL
            .into_iter()
            .filter(|known| !matches!(known, Relation::Acknowledges))
            .map(|known| (known.code(), relation_words(known, language), known.code() == relation))
            .collect(),
        to: value(fields, "to").to_owned(),
        title,
        sides,
        top,
    }
}

fn input(field: &FormField, fields: &Fields, sides: &Sides, w: Words) -> Input {
    let name = format!("f.{}", field.name);
    let typed: Vec<&str> = fields
        .iter()
        .filter(|(known, _)| *known == name)
        .map(|(_, value)| value.as_str())
        .collect();
    let label = field.label(w.0).to_owned();
    let fault = sides.faults.iter().find(|(known, _, _)| *known == label);
    let caption = |code: &str| match &field.kind {
        FieldKind::Level(_) => code.to_owned(),
        _ => Glossary::builtin().caption(code, w.0).unwrap_or(code).to_owned(),
    };
    let mut options: Vec<(String, String, bool)> = field
        .codes()
        .into_iter()
        .map(|code| (code.to_owned(), caption(code), typed.contains(&code)))
        .collect();
    if field.kind == FieldKind::Tri {
        let row =
            |code: &str, words: &str| (code.to_owned(), words.to_owned(), typed.contains(&code));
        options = vec![
            row("yes", w.t("tri-yes")),
            row("no", w.t("tri-no")),
            row("unknown", w.t("tri-unknown")),
        ];
    }
    let hint = match &field.kind {
        FieldKind::Count => w.t("hint-count"),
        FieldKind::Claims => w.t("hint-claims"),
        FieldKind::Instant => w.t("hint-instant"),
        FieldKind::Window => w.t("hint-window"),
        FieldKind::Coordinate => w.t("hint-coordinate"),
        FieldKind::Area => w.t("hint-area"),
        FieldKind::Heights => w.t("hint-heights"),
        FieldKind::Distance => w.t("hint-distance"),
        FieldKind::Place => w.t("hint-place"),
        FieldKind::Questions | FieldKind::Answers | FieldKind::Terms => w.t("hint-numbered"),
        _ => "",
    };
    Input {
        label,
        required: field.required,
        critical: field.critical,
        hint,
        many: matches!(field.kind, FieldKind::Codes(_)),
        long: matches!(&field.kind, FieldKind::Text(most) if *most > 120)
            || matches!(field.kind, FieldKind::Questions | FieldKind::Answers | FieldKind::Terms),
        options,
        value: typed.join("\n"),
        fault: fault.map(|(_, what, advice)| (what.clone(), advice.clone())),
        name,
    }
}
