//! What a post shows of itself, of drafts and of messages: rows for people and for `--json`.
//!
//! Text is rendered by the post in the language asked for; where it cannot be, or where the digest
//! differs from its author's, the raw fields stand beside it. An acknowledgement is shown with the
//! words that say what it is not.

use std::fmt;

use data_encoding::HEXLOWER;
use khatt_core::{
    Now,
    draft::Draft,
    ladder::{Level, Rung},
    line::{Line, MessageView as CoreView, ToSign},
};
use khatt_forms::{
    Body, Catalogue, Language, Wordbook, acknowledgement_banner, level_words, precedence_words,
    raw_rows, render, rendering_digest, review_words,
};
use khatt_record::{
    EntryId, PostIndex, SignedCharter, charter::YesNo, entry::Act, statement::Role,
};
use serde::{Deserialize, Serialize};

mod status;

pub use status::{AlarmRow, CosignedRow, LogRow, StatusView};

use super::opened::{ConsentView, consents};

/// A labelled value.
#[derive(Clone, Serialize, Deserialize)]
pub struct RowView {
    /// The field's name, the same in every language.
    pub field: String,
    /// Its label.
    pub label: String,
    /// Its value.
    pub value: String,
    /// Whether it is typed back and compared.
    pub critical: bool,
}

/// A body in one language. Its `Debug` shows no word of it.
#[derive(Clone, Serialize, Deserialize)]
pub struct TextView {
    /// The form's name.
    pub form: String,
    /// The language.
    pub language: String,
    /// The form's title.
    pub title: String,
    /// The sentence for the eye.
    pub headline: String,
    /// Every value.
    pub rows: Vec<RowView>,
    /// Who reviewed the wording, or that nobody did.
    pub review: String,
    /// Field names and values in no language; there when the rendering fails or differs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub raw: Vec<(String, String)>,
    /// Whether this post renders it otherwise than its author did.
    pub differs: bool,
}

/// What must be signed, with what the statement needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ToSignView {
    /// The draft.
    pub draft: String,
    /// `release` or `acknowledge`.
    pub act: String,
    /// The salted digest of exactly what will leave.
    pub digest: String,
    /// Its precedence.
    pub precedence: String,
    /// Signatures still wanted.
    pub wanted: u8,
    /// The line.
    pub line: String,
    /// The line's kind.
    pub kind: String,
    /// This post, by place.
    pub post: u8,
}

/// A draft in a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DraftRow {
    /// The draft.
    pub draft: String,
    /// The form.
    pub form: String,
    /// Its precedence.
    pub precedence: String,
    /// Who drafted it.
    pub drafter: String,
    /// When, as our clock claims.
    pub time: String,
    /// Signatures still wanted.
    pub wanted: u8,
    /// Whether it was given back.
    pub returned: bool,
}

/// A draft in full.
#[derive(Clone, Serialize, Deserialize)]
pub struct DraftView {
    /// As in a list.
    #[serde(flatten)]
    pub row: DraftRow,
    /// What must be signed.
    pub to_sign: ToSignView,
    /// How many officers the charter asks for.
    pub rule: u8,
    /// Names of the critical fields that hold a value, with their labels.
    pub critical: Vec<(String, String)>,
    /// In the language asked for.
    pub text: TextView,
    /// Why it was given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A message in a list.
#[derive(Clone, Serialize, Deserialize)]
pub struct MessageRow {
    /// Its entry.
    pub entry: String,
    /// The author's claimed time.
    pub time: String,
    /// The author's post.
    pub from: String,
    /// Its precedence.
    pub precedence: String,
    /// `release`, `acknowledge` or `service`.
    pub act: String,
    /// The form's name, if the body is held.
    pub form: String,
    /// The form's title.
    pub title: String,
    /// The sentence for the eye.
    pub headline: String,
    /// The thread's first entry, if it does not begin one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// How far each post has come with it, as `A0` to `A6`.
    pub levels: Vec<(String, String)>,
    /// Whether one officer released it alone.
    pub emergency: bool,
    /// The line's kind: never to be left out of sight.
    pub kind: String,
    /// By whose consent its text was erased; empty if it was not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub erased: Vec<ConsentView>,
}

/// A message in full.
#[derive(Clone, Serialize, Deserialize)]
pub struct MessageView {
    /// As in a list.
    #[serde(flatten)]
    pub row: MessageRow,
    /// In the language asked for; `None` if the body is not held.
    pub text: Option<TextView>,
    /// What it refers to.
    pub references: Vec<(String, String)>,
    /// Who signed: title and role.
    pub officers: Vec<(String, String)>,
    /// How far it has come.
    pub ladder: LadderView,
}

/// One step that one post took.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RungView {
    /// The post.
    pub post: String,
    /// `A0` to `A6`.
    pub level: String,
    /// What the step says, in words.
    pub words: String,
    /// When, as its entry claims.
    pub time: String,
}

/// How far a message has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LadderView {
    /// The message.
    pub entry: String,
    /// Every step taken.
    pub rungs: Vec<RungView>,
    /// What an acknowledgement is not.
    pub banner: String,
    /// Whether the level waited for was reached.
    pub reached: bool,
}

macro_rules! redacted {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    )*};
}

redacted!(RowView, TextView, DraftView, MessageRow, MessageView);

/// Writes milliseconds of Unix time as ISO 8601 in UTC, to the second.
#[must_use]
pub fn zulu(ms: u64) -> String {
    let seconds = i64::try_from(ms / 1000).unwrap_or(i64::MAX);
    let Some(at) = khatt_forms::Instant::utc(seconds) else {
        return ms.to_string();
    };
    let mut text = at.zulu_iso();
    // A whole minute is written without seconds in a form; in a column they stay.
    if text.len() == "2023-11-08T02:13Z".len() {
        text.insert_str(text.len() - 1, ":00");
    }
    text
}

/// Returns a post's name.
#[must_use]
pub fn post_name(charter: &SignedCharter, post: PostIndex) -> String {
    charter.post(post).map_or_else(|| format!("post {post}"), |post| post.name.clone())
}

/// Returns the line's languages that this version can write.
#[must_use]
pub fn languages(charter: &SignedCharter) -> Vec<Language> {
    let tags = &charter.charter().languages;
    tags.iter().filter_map(|tag| Language::from_tag(tag)).collect()
}

/// Returns the name of an act.
#[must_use]
pub const fn act_name(act: Act) -> &'static str {
    match act {
        Act::Release => "release",
        Act::Acknowledge => "acknowledge",
        Act::Service => "service",
        Act::Disclose => "disclose",
        Act::Erase => "erase",
    }
}

/// Returns the name of a role in which an officer signed.
#[must_use]
pub const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Draft => "draft",
        Role::Release => "release",
        Role::EmergencyRelease => "emergency release",
        Role::Acknowledge => "acknowledge",
    }
}

impl TextView {
    /// Renders a body in a language of the line.
    #[must_use]
    pub fn of(body: &Body, language: Language, charter: &SignedCharter) -> Self {
        let book = Wordbook::builtin();
        let Some(form) = Catalogue::builtin().get(body.form) else {
            return Self::raw_only(
                body,
                body.form.to_string(),
                language,
                raw_rows(&body.filled, None),
            );
        };
        let raw = raw_rows(&body.filled, Some(form));
        let digest = rendering_digest(form, &body.filled, &languages(charter), book);
        let differs = digest.as_ref() != Ok(&body.digest);
        match render(form, &body.filled, language, book) {
            Ok(shown) => Self {
                form: form.name().to_owned(),
                language: language.tag().to_owned(),
                title: shown.title.clone(),
                headline: shown.headline_text(),
                rows: shown
                    .rows
                    .iter()
                    .map(|row| RowView {
                        field: row.name.clone(),
                        label: row.label.clone(),
                        value: row.value_text(),
                        critical: row.critical,
                    })
                    .collect(),
                review: review_words(&shown.review, language),
                raw: if differs { raw } else { Vec::new() },
                differs,
            },
            Err(_) => Self::raw_only(body, form.name().to_owned(), language, raw),
        }
    }

    fn raw_only(body: &Body, form: String, language: Language, raw: Vec<(String, String)>) -> Self {
        Self {
            title: body.form.to_string(),
            form,
            language: language.tag().to_owned(),
            headline: String::new(),
            rows: Vec::new(),
            review: String::new(),
            raw,
            differs: true,
        }
    }
}

impl ToSignView {
    /// Shows what the engine asks to be signed.
    #[must_use]
    pub fn of(to_sign: &ToSign, line: &Line) -> Self {
        Self {
            draft: HEXLOWER.encode(&to_sign.draft.0),
            act: act_name(to_sign.act).to_owned(),
            digest: to_sign.digest.to_string(),
            precedence: to_sign.precedence.to_string(),
            wanted: to_sign.wanted,
            line: line.line_id().to_string(),
            kind: line.kind().to_string(),
            post: line.own().0,
        }
    }
}

impl DraftRow {
    /// Shows one draft.
    #[must_use]
    pub fn of(draft: &Draft, to_sign: &ToSign, line: &Line) -> Self {
        let form = Catalogue::builtin().get(draft.body().form);
        let drafter = line.charter().officer(draft.drafter());
        Self {
            draft: HEXLOWER.encode(&draft.id()),
            form: form.map_or_else(|| draft.body().form.to_string(), |form| form.name().to_owned()),
            precedence: draft.precedence().to_string(),
            drafter: drafter.map(|officer| officer.title.clone()).unwrap_or_default(),
            time: zulu(draft.made_wall_ms()),
            wanted: to_sign.wanted,
            returned: draft.returned().is_some(),
        }
    }
}

impl DraftView {
    /// Shows one draft in full.
    #[must_use]
    pub fn of(draft: &Draft, to_sign: &ToSign, line: &Line, language: Language) -> Self {
        let form = Catalogue::builtin().get(draft.body().form);
        let critical = form.map_or_else(Vec::new, |form| {
            let held = draft.body().filled.critical(form);
            held.iter()
                .filter_map(|(number, _)| form.field_number(*number))
                .map(|field| (field.name.clone(), field.label(language).to_owned()))
                .collect()
        });
        let rule = match draft.act() {
            Act::Acknowledge => 1,
            _ => line.charter().charter().release_rule(draft.precedence()).signatures,
        };
        Self {
            row: DraftRow::of(draft, to_sign, line),
            to_sign: ToSignView::of(to_sign, line),
            rule,
            critical,
            text: TextView::of(draft.body(), language, line.charter()),
            reason: draft.returned().map(|returned| returned.reason.clone()),
        }
    }
}

impl LadderView {
    /// Shows how far a message has come, and whether every other post reached a level.
    #[must_use]
    pub fn of(
        line: &Line,
        entry: EntryId,
        now: Now,
        language: Language,
        level: Option<u8>,
    ) -> Self {
        let mut rungs = Vec::new();
        let mut reached = level.is_none();
        if let Some(ladder) = line.ladder(entry, now) {
            for (post, steps) in ladder.posts() {
                let taken = |level: Level| steps.reached(level).map(|rung| (level, rung));
                for (level, rung) in Level::ALL.into_iter().filter_map(taken) {
                    rungs.push(RungView::of(line, post, level, rung, language));
                }
            }
            if let Some(level) = level.and_then(Level::new) {
                // A later step by an officer shows that an officer has it; nothing shows A3 but A3.
                let has = |steps: &khatt_core::ladder::Rungs| {
                    steps.reached(level).is_some()
                        || (level <= Level::Operator && steps.highest() >= Some(level))
                };
                reached = ladder.posts().all(|(_, steps)| has(steps));
            }
        }
        Self {
            entry: entry.to_string(),
            rungs,
            banner: acknowledgement_banner(language).to_owned(),
            reached,
        }
    }
}

impl RungView {
    fn of(line: &Line, post: PostIndex, level: Level, rung: &Rung, language: Language) -> Self {
        let words = khatt_forms::Level::new(level.number());
        Self {
            post: post_name(line.charter(), post),
            level: format!("A{}", level.number()),
            words: words.map(|level| level_words(level, language).to_owned()).unwrap_or_default(),
            time: zulu(rung.claimed_ms),
        }
    }
}

impl MessageRow {
    /// Shows one message in a list.
    #[must_use]
    pub fn of(line: &Line, view: &CoreView, now: Now, language: Language) -> Self {
        let text = view.body.as_ref().map(|body| TextView::of(body, language, line.charter()));
        Self::with_text(line, view, text.as_ref(), now, language)
    }

    fn with_text(
        line: &Line,
        view: &CoreView,
        text: Option<&TextView>,
        now: Now,
        language: Language,
    ) -> Self {
        let number = u8::try_from(view.precedence.index()).unwrap_or(u8::MAX);
        let levels = line.ladder(view.entry, now).map_or_else(Vec::new, |ladder| {
            let highest = |steps: &khatt_core::ladder::Rungs| {
                steps.highest().map_or("-".to_owned(), |level| format!("A{}", level.number()))
            };
            let name = |post| post_name(line.charter(), post);
            ladder.posts().map(|(post, steps)| (name(post), highest(steps))).collect()
        });
        let emergency = view.auth.as_ref().map(khatt_record::auth::VerifiedAuth::emergency);
        let part = |of: fn(&TextView) -> &String| text.map(|text| of(text).clone());
        Self {
            entry: view.entry.to_string(),
            time: zulu(view.claimed_ms),
            from: post_name(line.charter(), view.entry.log),
            precedence: precedence_words(number, language).to_owned(),
            act: act_name(view.act).to_owned(),
            form: part(|text| &text.form).unwrap_or_default(),
            title: part(|text| &text.title).unwrap_or_default(),
            headline: part(|text| &text.headline).unwrap_or_default(),
            thread: view.thread.map(|thread| thread.to_string()),
            levels,
            emergency: emergency == Some(YesNo::Yes),
            kind: line.kind().to_string(),
            erased: consents(line, &view.erased),
        }
    }
}

impl MessageView {
    /// Shows one message in full.
    #[must_use]
    pub fn of(line: &Line, view: &CoreView, now: Now, language: Language) -> Self {
        let text = view.body.as_ref().map(|body| TextView::of(body, language, line.charter()));
        let references = view.body.as_ref().map_or_else(Vec::new, |body| {
            let one = |reference: &khatt_forms::Reference| {
                let entry = format!("{}/{}", reference.log, reference.index);
                (reference.relation.code().to_owned(), entry)
            };
            body.references.iter().map(one).collect()
        });
        let officers = view.auth.as_ref().map_or_else(Vec::new, |auth| {
            let title = |officer| line.charter().officer(officer).map(|held| held.title.clone());
            let one = |(officer, role): &(_, Role)| {
                (title(*officer).unwrap_or_default(), role_name(*role).to_owned())
            };
            auth.officers().iter().map(one).collect()
        });
        Self {
            row: MessageRow::with_text(line, view, text.as_ref(), now, language),
            text,
            references,
            officers,
            ladder: LadderView::of(line, view.entry, now, language, None),
        }
    }
}
