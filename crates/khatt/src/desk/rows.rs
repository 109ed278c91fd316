//! Messages and drafts as pages show them.

use std::sync::PoisonError;

use data_encoding::HEXLOWER;
use khatt_core::{line::DraftId, read_back, store::Reader};
use khatt_desk::port::{
    Draft, Field, Message, MessageRow, ProofKind, SignedAs, Text, Traffic, TrafficAsk,
};
use khatt_forms::{Body, Catalogue, Language, relation_words};
use khatt_record::{
    EntryId, Precedence,
    charter::YesNo,
    entry::Act,
    statement::Role,
    words::{CheckWords, WordLanguage},
};

use super::{Kept, Moving, PostDesk, act_of, entry_of, id_of};
use crate::{
    cli::CommandError,
    control::{
        ControlError,
        views::{TextView, post_name},
    },
    trouble::Trouble,
};

/// Words of a draft's digest that officers compare by voice.
const SPOKEN_WORDS: usize = 4;
/// The most rows of one page.
const ROWS_MAX: usize = 200;

impl PostDesk {
    pub(super) fn newest_rows(
        &self,
        ask: &TrafficAsk,
        language: Language,
    ) -> Result<Traffic, Trouble> {
        let most = ask.most.min(ROWS_MAX);
        let mut ids: Vec<EntryId> = {
            let reader = self.control.reader.lock().map_err(|_| ControlError::LocalClosed)?;
            let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
            order.refresh(&reader, &self.control.charter)?;
            let wanted = order.newest().filter(|placed| ask.all || !placed.service);
            wanted.map(|placed| placed.id).skip(ask.skip).take(most + 1).collect()
        };
        let earlier = ids.len() > most;
        ids.truncate(most);
        let mut moving = self.moving(&ids, language)?;
        let rows = self.kept(&ids)?.into_iter().map(|kept| {
            let moving = moving.remove(&kept.view.entry);
            self.row(&kept, moving, language)
        });
        Ok(Traffic { rows: rows.collect(), earlier })
    }

    fn row(&self, kept: &Kept, moving: Option<Moving>, language: Language) -> MessageRow {
        let view = &kept.view;
        let here = kept.text(self.column(language), self);
        let emergency = view.auth.as_ref().map(khatt_record::auth::VerifiedAuth::emergency);
        let moving = moving.unwrap_or(Moving { rungs: Vec::new(), open: false });
        MessageRow {
            entry: entry_of(view.entry),
            time_ms: view.claimed_ms,
            from: post_name(&self.control.charter, view.entry.log),
            ours: view.entry.log == self.control.own,
            precedence: u8::try_from(view.precedence.index()).unwrap_or(u8::MAX),
            form: here.as_ref().map(|text| text.form.clone()).unwrap_or_default(),
            here: here.map(|text| text_of(text, self.column(language))),
            there: kept
                .text(self.other_reads(), self)
                .map(|text| text_of(text, self.other_reads())),
            original: view.body.as_ref().map(|body| body.language),
            rungs: moving.rungs,
            emergency: emergency == Some(YesNo::Yes),
            open: moving.open,
            act: act_of(view.act),
        }
    }

    pub(super) fn whole_message(
        &self,
        id: EntryId,
        language: Language,
    ) -> Result<Message, Trouble> {
        let kept = self.kept(&[id])?.pop().ok_or(CommandError::LocalNoSuchEntry(id))?;
        let moving = self.moving(&[id], language)?.remove(&id);
        let row = self.row(&kept, moving, language);
        let view = &kept.view;
        let charter = &self.control.charter;
        let own = post_name(charter, self.control.own);
        let stated =
            |level: u8| row.rungs.iter().any(|rung| rung.post == own && rung.level == level);
        let open = !row.ours && view.act == Act::Release;
        let officers = view.auth.as_ref().map_or_else(Vec::new, |auth| {
            let one = |(officer, role): &(_, Role)| {
                let title = charter.officer(*officer).map(|held| held.title.clone());
                (title.unwrap_or_default(), signed_as(*role))
            };
            auth.officers().iter().map(one).collect()
        });
        let references = view.body.as_ref().map_or_else(Vec::new, |body| {
            let one = |reference: &khatt_forms::Reference| {
                let entry = khatt_desk::port::Entry { log: reference.log, index: reference.index };
                (relation_words(reference.relation, language).to_owned(), entry)
            };
            body.references.iter().map(one).collect()
        });
        Ok(Message {
            may: (2..=6).filter(|level| open && (*level == 6 || !stated(*level))).collect(),
            read_back: view.body.as_ref().map_or_else(Vec::new, |body| to_repeat(body, language).1),
            references,
            thread: view.thread.map(entry_of),
            officers,
            proofs: self.proofs(id, view.body.as_ref())?,
            row,
        })
    }

    fn proofs(
        &self,
        id: EntryId,
        body: Option<&Body>,
    ) -> Result<Vec<(ProofKind, String)>, Trouble> {
        let stored = {
            let reader = self.control.reader.lock().map_err(|_| ControlError::LocalClosed)?;
            reader.entry(self.control.charter.line_id(), id)?
        };
        let log = self
            .control
            .look(move |line, _| line.log_views().into_iter().find(|log| log.log == id.log))?;
        let mut proofs = Vec::new();
        proofs.extend(stored.map(|stored| (ProofKind::Leaf, stored.leaf_hash.to_string())));
        if let Some(log) = log {
            proofs.push((ProofKind::Root, log.root.to_string()));
            proofs.push((ProofKind::Size, log.size.to_string()));
        }
        proofs.extend(body.map(|body| (ProofKind::Rendering, HEXLOWER.encode(&body.digest))));
        Ok(proofs)
    }

    /// The form that a read-back of a message names, if there is anything to read back.
    pub(super) fn repeated_form(&self, entry: khatt_desk::port::Entry) -> Result<String, Trouble> {
        let id = id_of(entry);
        let kept = self.kept(&[id])?.pop().ok_or(CommandError::LocalNoSuchEntry(id))?;
        let body = kept.view.body.as_ref().ok_or(CommandError::LocalNoBody(id))?;
        Ok(to_repeat(body, Language::En).0)
    }

    pub(super) fn whole_draft(&self, draft: &str, language: Language) -> Result<Draft, Trouble> {
        let wanted = HEXLOWER.decode(draft.as_bytes()).ok();
        let wanted: Option<[u8; 16]> = wanted.and_then(|id| id.try_into().ok());
        let missing = || {
            let shown = draft.chars().filter(char::is_ascii_hexdigit).take(32).collect();
            Trouble::from(CommandError::LocalNoSuchDraft(shown))
        };
        let id = DraftId(wanted.ok_or_else(missing)?);
        let found = self.control.look(move |line, now| {
            let draft = line.drafts().find(|draft| draft.id() == id.0)?.clone();
            Some((draft, line.draft_to_sign(id, now)?))
        })?;
        let (draft, to_sign) = found.ok_or_else(missing)?;
        let charter = &self.control.charter;
        let column = self.column(language);
        let text = |reads| text_of(TextView::of(draft.body(), reads, charter), reads);
        let form = Catalogue::builtin().get(draft.body().form);
        let critical = form.map_or_else(Vec::new, |form| {
            let held = draft.body().filled.critical(form);
            let field = |(number, _): &(u8, _)| form.field_number(*number);
            held.iter()
                .filter_map(field)
                .map(|field| (field.name.clone(), field.label(language).to_owned()))
                .collect()
        });
        let rule = charter.charter().release_rule(draft.precedence());
        let spoken = WordLanguage::from_tag(language.tag()).unwrap_or(WordLanguage::English);
        let words = CheckWords::of(to_sign.digest, spoken);
        Ok(Draft {
            id: HEXLOWER.encode(&draft.id()),
            form: form.map_or_else(String::new, |form| form.name().to_owned()),
            precedence: number(draft.precedence()),
            drafter: charter
                .officer(draft.drafter())
                .map(|officer| officer.title.clone())
                .unwrap_or_default(),
            time_ms: draft.made_wall_ms(),
            here: text(column),
            there: text(self.other_reads()),
            wanted: to_sign.wanted,
            rule: if draft.act() == Act::Release { rule.signatures } else { 1 },
            emergency: draft.act() == Act::Release && rule.emergency_single == YesNo::Yes,
            critical,
            check_words: words.iter().take(SPOKEN_WORDS).map(str::to_owned).collect(),
            digest: to_sign.digest.to_string(),
            reason: draft.returned().map(|returned| returned.reason.clone()),
        })
    }
}

fn number(precedence: Precedence) -> u8 {
    u8::try_from(precedence.index()).unwrap_or(u8::MAX)
}

const fn signed_as(role: Role) -> SignedAs {
    match role {
        Role::Draft => SignedAs::Drafter,
        Role::Release => SignedAs::Releaser,
        Role::EmergencyRelease => SignedAs::Emergency,
        Role::Acknowledge => SignedAs::Stater,
    }
}

/// The form that a read-back names, and its fields with their labels.
fn to_repeat(body: &Body, language: Language) -> (String, Vec<(String, String)>) {
    let Some(form) = Catalogue::builtin().get(body.form) else {
        return (String::new(), Vec::new());
    };
    let wanted = read_back::wanted(form, &body.filled);
    let form = Catalogue::builtin().get(wanted.form).unwrap_or(form);
    let fields = wanted.values.keys().filter_map(|number| form.field_number(*number));
    let fields = fields.map(|field| (field.name.clone(), field.label(language).to_owned()));
    (form.name().to_owned(), fields.collect())
}

fn text_of(text: TextView, language: Language) -> Text {
    let fields = text.rows.into_iter().map(|row| Field {
        name: row.field,
        label: row.label,
        value: row.value,
        critical: row.critical,
    });
    Text {
        language,
        title: text.title,
        headline: text.headline,
        fields: fields.collect(),
        review: text.review,
        raw: text.raw,
        differs: text.differs,
    }
}
