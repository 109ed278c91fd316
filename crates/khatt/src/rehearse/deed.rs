//! Doing what a step asks: filling the form, signing as each officer in turn, handing it over.

use std::collections::BTreeMap;

use khatt_core::{
    Now,
    line::{Act, ActError, Done, NewDraft, ToSign},
    scenario::{Action, ActionKind, Field, Name, OfficerRole, Sending},
};
use khatt_forms::{
    Body, Catalogue, Filled, Form, InputError, Language, Reference, Relation, Value, Wordbook,
};
use khatt_record::{
    EntryId, SignedCharter,
    auth::OfficerSignature,
    entry::Act as EntryAct,
    statement::{KeyId, Role, Statement},
};

use super::{
    RehearseError,
    stage::{SeatedOfficer, Side, Stage},
};
use crate::{clock::Clock, control::views::zulu, host::HostError};

/// How an act ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It is an entry of the acting post's log.
    Recorded(EntryId),
    /// It is done and makes no entry.
    Done,
    /// The post refused it, with this code.
    Refused(&'static str),
}

/// Why an act ended early.
enum Stop {
    /// The post refused, as it may be expected to.
    Refused(&'static str),
    /// It cannot be done at all.
    Failed(RehearseError),
}

impl From<RehearseError> for Stop {
    fn from(error: RehearseError) -> Self {
        Self::Failed(error)
    }
}

impl From<HostError> for Stop {
    fn from(error: HostError) -> Self {
        match error {
            HostError::Act(ActError::LocalInvalid(faults)) => typed(&faults),
            HostError::Act(error) => Self::Refused(error.code()),
            error => Self::Failed(error.into()),
        }
    }
}

/// Does what an action asks of its post, and tells how that went.
pub(super) fn perform(stage: &Stage, action: &Action) -> Result<Said, RehearseError> {
    let done = match &action.kind {
        ActionKind::LineTest { post } => test(stage, post),
        ActionKind::Send(sending) => send(stage, sending),
        ActionKind::Acknowledge { post, officer, of, level, fields } => {
            let step = Step { post, officer, of: *of, level: *level, answer: None };
            acknowledge(stage, &step, fields)
        }
        ActionKind::Answer { post, officer, of, answer, fields } => {
            let answer = Some(answer.as_str());
            let step = Step { post, officer, of: *of, level: 6, answer };
            acknowledge(stage, &step, fields)
        }
        ActionKind::ReadBack { post, officer, of, overrides } => {
            read_back(stage, post, officer, *of, overrides)
        }
        _ => Err(unplayable("an act that is for the simulator").into()),
    };
    match done {
        Ok(said) => Ok(said),
        Err(Stop::Refused(code)) => Ok(Said::Refused(code)),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// A step of the ladder that an officer takes.
struct Step<'a> {
    post: &'a Name,
    officer: &'a Name,
    of: EntryId,
    level: u8,
    answer: Option<&'a str>,
}

fn test(stage: &Stage, post: &Name) -> Result<Said, Stop> {
    let side = stage.side(post)?;
    side.host.act(Act::TestLine)?;
    // The test leaves with the next look at the clock.
    side.host.wake()?;
    Ok(Said::Done)
}

fn send(stage: &Stage, sending: &Sending) -> Result<Said, Stop> {
    let message = &sending.message;
    let side = stage.side(&message.post)?;
    let form = form(message.form.as_str())?;
    let language = Language::from_tag(message.language.as_str())
        .ok_or_else(|| unplayable("a language that is not known here"))?;
    let inputs = sending.inputs(|entry| entry.to_string());
    let filled = Filled::from_input(form, &inputs, language, Wordbook::builtin())
        .map_err(|faults| typed(&faults))?;
    let references =
        sending.references.iter().map(|(relation, entry)| reference(*relation, *entry));
    let drafter = side.officer(&message.drafter)?;
    let draft = NewDraft {
        officer: drafter.index,
        filled: filled.clone(),
        language,
        precedence: Some(message.precedence),
        references: references.collect(),
        thread: sending.thread,
    };
    let mut signers = Vec::new();
    if message.emergency {
        signers.push((drafter, Role::EmergencyRelease, Some(filled)));
    } else if message.release.is_empty() {
        signers.push((drafter, Role::Release, Some(filled)));
    } else {
        signers.push((drafter, Role::Draft, None));
        for name in &message.release {
            // The values that were typed back are those typed first: these officers make no slips.
            signers.push((side.officer(name)?, Role::Release, Some(filled.clone())));
        }
    }
    release(stage, side, draft, &signers)
}

fn acknowledge(stage: &Stage, step: &Step<'_>, fields: &[Field]) -> Result<Said, Stop> {
    let side = stage.side(step.post)?;
    let officer = side.officer(step.officer)?;
    let mut inputs = stated(stage, officer, &format!("A{}", step.level));
    if let Some(answer) = step.answer {
        inputs.push(("answer".to_owned(), answer.to_owned()));
    }
    inputs.extend(fields.iter().map(|field| (field.name.as_str().to_owned(), field.text.clone())));
    let form = form("acknowledge")?;
    let filled = Filled::from_input(form, &inputs, side.language(), Wordbook::builtin())
        .map_err(|faults| typed(&faults))?;
    state(stage, side, officer, filled, step.of)
}

/// Reads back every critical field of a message as it is held here, or as an override has it.
fn read_back(
    stage: &Stage,
    post: &Name,
    officer: &Name,
    of: EntryId,
    overrides: &[Field],
) -> Result<Said, Stop> {
    let side = stage.side(post)?;
    let officer = side.officer(officer)?;
    let original = body(side, of)?;
    let read = Catalogue::builtin().get(original.form);
    let read = read.ok_or_else(|| unplayable("a message whose form is not known here"))?;
    let form = form("read-back")?;
    // Of a correction the corrected values are read back, under the form that they belong to.
    let Filled { form: read, mut values } = khatt_core::read_back::wanted(read, &original.filled);
    let named = Catalogue::builtin().get(read);
    let named = named.ok_or_else(|| unplayable("a message whose form is not known here"))?;
    let book = Wordbook::builtin();
    if !overrides.is_empty() {
        let mut text = named.name().to_owned();
        for field in overrides {
            text.push_str(&format!(" | {} = {}", field.name, field.text));
        }
        let mut inputs = stated(stage, officer, "");
        inputs.retain(|(name, _)| form.field(name).is_some());
        inputs.push(("fields".to_owned(), text));
        let other = Filled::from_input(form, &inputs, side.language(), book)
            .map_err(|faults| typed(&faults))?;
        let other =
            khatt_core::read_back::repeated(&other).map_err(|error| Stop::Refused(error.code()))?;
        values.extend(other.values);
    }
    // Role and time are read by the form that has the same fields; the rest is held already.
    let stated = self::form("acknowledge").and_then(|known| {
        let inputs = stated(stage, officer, "A2");
        let filled = Filled::from_input(known, &inputs, side.language(), book);
        Ok((known, filled.map_err(|_| unplayable("an officer's role that has no word"))?))
    });
    let (known, stated) = stated?;
    let mut filled = Filled { form: form.id(), values: BTreeMap::new() };
    for name in ["role", "time"] {
        let from = known.field(name).and_then(|field| stated.values.get(&field.number));
        if let (Some(to), Some(value)) = (form.field(name), from) {
            filled.values.insert(to.number, value.clone());
        }
    }
    let place = form.field("fields").map(|field| field.number);
    let place = place.ok_or_else(|| unplayable("a form read-back without its field"))?;
    filled.values.insert(place, Value::Repeated { form: read, values });
    state(stage, side, officer, filled, of)
}

/// Level, role and time, as the host knows them better than a scenario.
fn stated(stage: &Stage, officer: &SeatedOfficer, level: &str) -> Vec<(String, String)> {
    let time = zulu(stage.clock.now().wall_ms);
    [("level", level), ("role", role_code(officer)), ("time", &time)]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .to_vec()
}

fn role_code(officer: &SeatedOfficer) -> &'static str {
    match officer.roles.first() {
        Some(OfficerRole::Releasing) => "role-releasing",
        Some(OfficerRole::Linguist) => "role-linguist",
        Some(OfficerRole::Technical) => "role-technical",
        Some(OfficerRole::Commander) => "role-commander",
        _ => "role-watch",
    }
}

/// Hands over what one officer states about another post's message.
fn state(
    stage: &Stage,
    side: &Side,
    officer: &SeatedOfficer,
    filled: Filled,
    of: EntryId,
) -> Result<Said, Stop> {
    let draft = NewDraft {
        officer: officer.index,
        filled,
        language: side.language(),
        precedence: None,
        references: vec![reference(Relation::Acknowledges, of)],
        thread: None,
    };
    release(stage, side, draft, &[(officer, Role::Acknowledge, None)])
}

fn release(
    stage: &Stage,
    side: &Side,
    draft: NewDraft,
    signers: &[(&SeatedOfficer, Role, Option<Filled>)],
) -> Result<Said, Stop> {
    let mut done = side.host.act(Act::Draft(draft))?;
    for (officer, role, typed_back) in signers {
        let (Done::Drafted(to_sign) | Done::Signed(to_sign)) = done else {
            break;
        };
        let now = stage.clock.now();
        let signature = sign(&stage.charter, side, officer, *role, &to_sign, now);
        let typed_back = typed_back.clone();
        done = side.host.act(Act::Sign { draft: to_sign.draft, signature, typed_back })?;
    }
    match done {
        Done::Released(entry) => Ok(Said::Recorded(entry)),
        _ => Err(unplayable("a message that its officers' signatures do not release").into()),
    }
}

fn sign(
    charter: &SignedCharter,
    side: &Side,
    officer: &SeatedOfficer,
    role: Role,
    to_sign: &ToSign,
    now: Now,
) -> OfficerSignature {
    let role = if to_sign.act == EntryAct::Acknowledge { Role::Acknowledge } else { role };
    let statement = Statement {
        line: charter.line_id(),
        kind: charter.kind(),
        post: side.index,
        act: to_sign.act,
        draft_id: to_sign.draft.0,
        digest: to_sign.digest,
        role,
        not_after_ms: (now.wall_ms / 1000).saturating_add(HOLDS_S).saturating_mul(1000),
    };
    OfficerSignature::make(
        &statement,
        KeyId { officer: officer.index, key: 0 },
        officer.key.signer(),
    )
}

/// Returns the body of a message as this post holds it.
pub(super) fn body(side: &Side, entry: EntryId) -> Result<Body, RehearseError> {
    let view = side.host.query(move |line, _| line.message_view(entry))?;
    let view = view.map_err(crate::folder::FolderError::from)?;
    let body = view.and_then(|view| view.body);
    body.ok_or_else(|| unplayable("a message that its post does not hold open"))
}

fn reference(relation: Relation, entry: EntryId) -> Reference {
    Reference { relation, log: entry.log.0, index: entry.index }
}

fn form(name: &str) -> Result<&'static Form, RehearseError> {
    Catalogue::builtin().by_name(name).ok_or_else(|| unplayable(&format!("no form {name} here")))
}

fn typed(faults: &[InputError]) -> Stop {
    Stop::Refused(faults.first().map_or("KF-1201", InputError::code))
}

fn unplayable(what: &str) -> RehearseError {
    RehearseError::LocalUnplayable(what.to_owned())
}

/// For how long a statement holds, in seconds: an hour.
const HOLDS_S: u64 = 3_600;
