//! Numbered lists as typed, and fields of a form said again.
//!
//! Items have `|` between them, each a number, a colon and the rest: `1: text | 2: text`.

use std::collections::BTreeMap;

use super::{Context, value, when};
use crate::catalogue::Catalogue;
use crate::check::check_value;
use crate::error::InputFault;
use crate::language::{Language, latin_digits};
use crate::value::{Answer, Numbered, Position, Reply, TermPosition, Value};
use crate::wire_value::{MAX_LIST, MAX_REPEATED, is_code};

pub(super) fn questions(typed: &str, language: Language) -> Result<Vec<Numbered>, InputFault> {
    numbered(typed, |number, rest| Ok(Numbered { number, text: super::text(rest, language) }))
}

/// `1: answered: text | 2: part: text | 3: declined: reason | 4: stand-by: time | 5: not-our-forces`
pub(super) fn answers(typed: &str, language: Language) -> Result<Vec<Answer>, InputFault> {
    numbered(typed, |question, rest| {
        let (word, rest) = rest.split_once(':').unwrap_or((rest, ""));
        let (word, rest) = (word.trim(), rest.trim());
        let reply = match word {
            "answered" => Reply::Answered(super::text(rest, language)),
            "part" => Reply::Part(super::text(rest, language)),
            "declined" if DECLINE_REASONS.contains(&rest) && is_code(rest) => {
                Reply::Declined(rest.to_owned())
            }
            "declined" => {
                let allowed: Vec<String> =
                    DECLINE_REASONS.iter().map(|&reason| reason.to_owned()).collect();
                return Err(crate::check::unknown_code(&allowed));
            }
            "stand-by" => Reply::StandBy(when::instant(rest)?),
            "not-our-forces" if rest.is_empty() => Reply::NotOurForces,
            _ => return Err(InputFault::List),
        };
        Ok(Answer { question, reply })
    })
}

/// Reasons for which a question may be declined.
pub(crate) const DECLINE_REASONS: &[&str] =
    &["operational-security", "no-authority", "no-information", "under-inquiry", "not-relevant"];

/// `1: proposed: text | 2: accepted | 3: amended: other text`
pub(super) fn terms(typed: &str, language: Language) -> Result<Vec<TermPosition>, InputFault> {
    numbered(typed, |term, rest| {
        let (word, rest) = rest.split_once(':').unwrap_or((rest, ""));
        let position = Position::ALL
            .into_iter()
            .find(|position| position.code() == word.trim())
            .ok_or(InputFault::List)?;
        let text = match rest.trim() {
            "" => None,
            words => Some(super::text(words, language)),
        };
        // What is put forward or changed needs its words.
        if text.is_none() && matches!(position, Position::Proposed | Position::Amended) {
            return Err(InputFault::List);
        }
        Ok(TermPosition { term, position, text })
    })
}

/// `incident-initial | time = … | killed-own = 2`
pub(super) fn repeated(typed: &str, context: Context<'_>) -> Result<Value, InputFault> {
    let mut parts = typed.split('|');
    let name = parts.next().unwrap_or("").trim();
    let catalogue = Catalogue::builtin();
    let form = catalogue
        .by_name(name)
        .or_else(|| catalogue.iter().find(|form| form.id().to_string() == name))
        .ok_or_else(|| {
            let names: Vec<&str> = catalogue.iter().map(|form| form.name()).collect();
            super::unknown_form(name, &names).fault
        })?;
    let mut values = BTreeMap::new();
    for part in parts {
        let (name, typed) = part.split_once('=').ok_or(InputFault::Repeated)?;
        let field = form.field(name.trim()).ok_or_else(|| {
            let names: Vec<&str> = form.fields().iter().map(|f| f.name.as_str()).collect();
            InputFault::UnknownField { nearest: super::nearest(name.trim(), &names) }
        })?;
        let read = value(field, typed, context)?;
        check_value(field, &read)?;
        if matches!(read, Value::Repeated { .. }) {
            return Err(InputFault::Repeated);
        }
        if values.insert(field.number, read).is_some() {
            return Err(InputFault::Twice);
        }
    }
    if values.is_empty() || values.len() > MAX_REPEATED {
        return Err(InputFault::Repeated);
    }
    Ok(Value::Repeated { form: form.id(), values })
}

fn numbered<T>(
    typed: &str,
    mut item: impl FnMut(u8, &str) -> Result<T, InputFault>,
) -> Result<Vec<T>, InputFault> {
    let mut items = BTreeMap::new();
    for part in typed.split('|') {
        let (number, rest) = part.split_once(':').ok_or(InputFault::List)?;
        let number: u8 = latin_digits(number.trim())
            .parse()
            .ok()
            .filter(|&number| number >= 1)
            .ok_or(InputFault::List)?;
        let rest = rest.trim();
        if rest.is_empty() || items.insert(number, item(number, rest)?).is_some() {
            return Err(InputFault::List);
        }
    }
    if items.len() > MAX_LIST { Err(InputFault::List) } else { Ok(items.into_values().collect()) }
}
