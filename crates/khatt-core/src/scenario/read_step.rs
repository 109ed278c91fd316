//! Reads the steps of a document, each against those above it.

use khatt_forms::Relation;

use super::cast::{Cast, declared};
use super::charter::PRECEDENCES;
use super::document::{Found, MAX_TEXT_CHARS, Section, listed};
use super::error::ScenarioError;
use super::expect::{self, LEVELS};
use super::fault;
use super::name::Name;
use super::step::{Act, Field, Message, Refer, Step, Timing};

/// What the `do` of a step may say, beside the words for faults.
const ACTS: [&str; 7] =
    ["line-test", "send", "acknowledge", "read-back", "answer", "wait", "expect"];

/// Reads one `[[step]]`; `earlier` are those above it.
pub(super) fn read(
    section: Section<'_, '_>,
    cast: &Cast<'_>,
    earlier: &[Step],
) -> Result<Step, ScenarioError> {
    let name = section.name("name")?;
    if earlier.iter().any(|step| step.name == name.value) {
        let (row, key) = (name.row, name.key);
        return Err(ScenarioError::LocalNameTaken { row, key, name: name.value.to_string() });
    }
    let timing = timing(&section, earlier)?;
    let say = section.optional_text("say", 300)?.map(|found| found.value);
    let reading = if section.has("reading") { section.number("reading", 0, 100)? } else { 1 };
    let ready = section.optional_offset("ready-within")?;
    let act = act(&section, cast, earlier)?;
    let expect = expect::read(&section, &name.value, &act, cast, earlier)?;
    let row = section.row();
    section.finish()?;
    Ok(Step {
        name: name.value,
        row,
        timing,
        say,
        reading: u32::try_from(reading).unwrap_or(1),
        ready_ms: ready.map_or(cast.bounds.ready_ms, |found| found.value),
        act,
        expect,
    })
}

fn timing(section: &Section<'_, '_>, earlier: &[Step]) -> Result<Timing, ScenarioError> {
    if let Some(after) = section.optional_name("after")? {
        let step = declared(after, earlier.iter().map(|step| &step.name), "a step above")?;
        let delay = section.optional_offset("delay")?;
        return Ok(Timing::After { step, delay_ms: delay.map_or(0, |found| found.value) });
    }
    let at = section.offset("at")?;
    let latest = earlier.iter().rev().find_map(|step| match step.timing {
        Timing::At(ms) => Some(ms),
        Timing::After { .. } => None,
    });
    match latest {
        Some(latest) if latest > at.value => {
            Err(at.wrong("no earlier than the step above", "an earlier time"))
        }
        _ => Ok(Timing::At(at.value)),
    }
}

fn act(section: &Section<'_, '_>, cast: &Cast<'_>, earlier: &[Step]) -> Result<Act, ScenarioError> {
    let words = ACTS.into_iter().chain(fault::WORDS.into_iter().map(|(word, _)| word));
    let words: Vec<(&str, &str)> = words.map(|word| (word, word)).collect();
    let of = || {
        let senders = earlier.iter().filter(|step| step.sends()).map(|step| &step.name);
        declared(section.name("of")?, senders, "a step above that sends a message")
    };
    Ok(match section.choice("do", &words)? {
        "line-test" => {
            let posts = cast.posts.iter().map(|post| &post.name);
            Act::LineTest { post: declared(section.name("by")?, posts, "a post")? }
        }
        "send" => Act::Send(Box::new(send(section, cast, earlier)?)),
        "acknowledge" => {
            let (post, officer) = officer(section, cast)?;
            let level = section.choice("level", LEVELS.get(1..5).unwrap_or_default())?;
            Act::Acknowledge { post, officer, of: of()?, level, fields: fields(section, "fields")? }
        }
        "read-back" => {
            let (post, officer) = officer(section, cast)?;
            Act::ReadBack { post, officer, of: of()?, overrides: fields(section, "overrides")? }
        }
        "answer" => {
            let (post, officer) = officer(section, cast)?;
            let answer = section.word("answer")?.value;
            Act::Answer { post, officer, of: of()?, answer, fields: fields(section, "fields")? }
        }
        "wait" => Act::Wait { for_ms: section.offset("for")?.value },
        "expect" => Act::Expect,
        word => Act::Fault(fault::read(section, word, cast)?),
    })
}

fn send(
    section: &Section<'_, '_>,
    cast: &Cast<'_>,
    earlier: &[Step],
) -> Result<Message, ScenarioError> {
    let (post, drafter) = officer(section, cast)?;
    let officers = || cast.officers.iter().map(|officer| &officer.name);
    let senders = || earlier.iter().filter(|step| step.sends()).map(|step| &step.name);
    let release = section.names("release")?.into_iter();
    let release = release.map(|found| declared(found, officers(), "an officer"));
    let relations = Relation::ALL.map(|relation| (relation.code(), relation));
    let mut references = Vec::new();
    for row in section.sections("refer", 16)? {
        let relation = row.choice("relation", &relations)?;
        let step = declared(row.name("step")?, senders(), "a step above that sends a message")?;
        row.finish()?;
        references.push(Refer { relation, step });
    }
    let thread = section.optional_name("thread")?;
    let thread =
        thread.map(|found| declared(found, senders(), "a step above that sends a message"));
    let (fields, serials) = fields_and_serials(section, earlier)?;
    Ok(Message {
        post,
        drafter,
        release: release.collect::<Result<_, _>>()?,
        emergency: section.yes_or("emergency", false)?,
        form: section.word("form")?.value,
        precedence: section.choice("precedence", &PRECEDENCES)?,
        language: section.word("language")?.value,
        fields,
        references,
        thread: thread.transpose()?,
        serials,
    })
}

/// Reads `by` as an officer, and finds the officer's post.
fn officer(section: &Section<'_, '_>, cast: &Cast<'_>) -> Result<(Name, Name), ScenarioError> {
    let by = section.name("by")?;
    match cast.officers.iter().find(|officer| officer.name == by.value) {
        Some(officer) => Ok((officer.post.clone(), by.value)),
        None => {
            let names = cast.officers.iter().map(|officer| officer.name.as_str());
            Err(by.unknown(format!("an officer: {}", listed(names.take(16)))))
        }
    }
}

fn fields(section: &Section<'_, '_>, key: &'static str) -> Result<Vec<Field>, ScenarioError> {
    match section.optional_section(key)? {
        None => Ok(Vec::new()),
        Some(table) => {
            let texts = table.all_texts(MAX_TEXT_CHARS)?.into_iter();
            Ok(texts.map(|found| Field { name: found.value.0, text: found.value.1 }).collect())
        }
    }
}

/// Reads the fields of a message; one whose text is `@step` holds the serial of that step.
fn fields_and_serials(
    section: &Section<'_, '_>,
    earlier: &[Step],
) -> Result<(Vec<Field>, Vec<Name>), ScenarioError> {
    let Some(table) = section.optional_section("fields")? else {
        return Ok((Vec::new(), Vec::new()));
    };
    let (mut fields, mut serials) = (Vec::new(), Vec::new());
    for found in table.all_texts(MAX_TEXT_CHARS)? {
        if let Some(name) = found.value.1.strip_prefix('@') {
            let name = Name::new(name).ok_or_else(|| {
                found.wrong("`@` and the name of a step above that sends", "another text after `@`")
            })?;
            let place = Found { value: name, row: found.row, key: found.key.clone() };
            let senders = earlier.iter().filter(|step| step.sends()).map(|step| &step.name);
            serials.push(declared(place, senders, "a step above that sends a message")?);
        }
        let (name, text) = found.value;
        fields.push(Field { name, text });
    }
    Ok((fields, serials))
}
