//! What the posts show, told to the player and to the reader.
//!
//! Nothing is taken for granted because it was asked for: a message counts as stored when the
//! receiving post says so, a read-back by what the author's post made of it.

use khatt_core::{
    alarm::{Change, ChangeKind},
    ladder::Level,
    line::{Act, Event},
    scenario::{Action, Name, Observation, Observed, ReadBackResult, Word},
};
use khatt_record::{EntryId, PostIndex, entry::Act as EntryAct};

use super::{
    RehearseError, Show,
    deed::Said,
    show::Of,
    stage::{Side, Stage},
};

/// Tells how an act ended.
pub(super) fn reported(
    stage: &Stage,
    action: &Action,
    said: Said,
    observed: &mut Observed,
    show: &mut Show,
) -> Result<(), RehearseError> {
    let step = action.step.clone();
    observed.note(match said {
        Said::Recorded(entry) => {
            if let Some(name) = stage.name_of(entry.log) {
                show.message(stage, stage.side(name)?, entry)?;
            }
            Observation::Recorded { step, entry }
        }
        Said::Done => Observation::Done { step },
        Said::Refused(code) => {
            show.refused(stage, &action.step, code);
            Observation::Refused { step, code: word(code)? }
        }
    });
    Ok(())
}

/// Tells everything that happened since the last time.
pub(super) fn watch(
    stage: &mut Stage,
    observed: &mut Observed,
    show: &mut Show,
) -> Result<(), RehearseError> {
    let news: Vec<(Name, Vec<Event>)> =
        stage.sides.iter_mut().map(|side| (side.post.clone(), side.take_news())).collect();
    // First what came to whom, then what came of it: that is the order in which it is understood.
    let came = |event: &Event| matches!(event, Event::Received { .. });
    for first in [true, false] {
        for (post, events) in &news {
            for event in events.iter().filter(|event| came(event) == first) {
                happened(stage, post, event.clone(), observed, show)?;
            }
        }
    }
    Ok(())
}

fn happened(
    stage: &Stage,
    at: &Name,
    event: Event,
    observed: &mut Observed,
    show: &mut Show,
) -> Result<(), RehearseError> {
    let side = stage.side(at)?;
    let name = |post: PostIndex| stage.name_of(post).cloned();
    match event {
        Event::Received { entry, .. } => {
            observed.note(Observation::Stored { entry, at: at.clone() });
            show.message(stage, side, entry)?;
            if let Some((of, by, result)) = read_back(side, entry)?
                && let Some(by) = name(by)
            {
                show.read_back(stage, at, &by, of, result);
                observed.note(Observation::ReadBack { entry: of, by, result });
            }
        }
        Event::Receipted { entry, by, receipt } => {
            if let Some(by) = name(by) {
                // That a machine's answer was stored is on the record, and in rows for machines.
                let act = side.host.query(move |line, _| {
                    line.message_view(entry).ok().flatten().map(|view| view.act)
                })?;
                let of = if act == Some(EntryAct::Release) { Of::Message } else { Of::Answer };
                show.level(stage, at, &by, entry, Level::Received, receipt, of);
                let at = at.clone();
                observed.note(Observation::Level { entry, level: 1, by, at });
            }
        }
        Event::Level { entry, by, level, proof } => {
            if let (Some(by), Some(known)) = (name(by), Level::new(level)) {
                // The acting post knows its own step; shown is what the author's post knows.
                if entry.log == side.index {
                    show.level(stage, at, &by, entry, known, proof, Of::Message);
                }
                observed.note(Observation::Level { entry, level, by, at: at.clone() });
            }
        }
        Event::LineTested { peer, .. } => {
            if let Some(by) = name(peer) {
                show.tested(stage, at, &by);
                observed.note(Observation::TestAnswered { post: at.clone(), by });
            }
        }
        Event::Alarm(change) => alarm(stage, side, change, observed, show)?,
        Event::Escalate(step) => show.escalated(stage, at, &step),
        Event::Refused { entry, by, code } => {
            if let Some(by) = name(by) {
                show.peer_refused(stage, at, &by, entry, code);
            }
        }
        _ => {}
    }
    Ok(())
}

fn alarm(
    stage: &Stage,
    side: &Side,
    change: Change,
    observed: &mut Observed,
    show: &mut Show,
) -> Result<(), RehearseError> {
    let (at, code) = (side.post.clone(), word(change.cause.code())?);
    match change.kind {
        ChangeKind::Raised(_) | ChangeKind::Returned => {
            observed.note(Observation::Alarm { at, code });
            // The officer on watch sees it at once; that acknowledges no message.
            if let Some((_, officer)) = side.watch_officer() {
                let cause = change.cause.key();
                match side.host.act(Act::AcknowledgeAlarm { cause, officer: officer.index }) {
                    // It may be over already.
                    Ok(_) | Err(crate::host::HostError::Act(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        ChangeKind::Cleared | ChangeKind::Normal => {
            observed.note(Observation::Cleared { at, code });
        }
        _ => {}
    }
    show.alarm(stage, side, &change);
    Ok(())
}

/// Returns what the post of a message's author made of a read-back, if the entry is one.
fn read_back(
    side: &Side,
    entry: EntryId,
) -> Result<Option<(EntryId, PostIndex, ReadBackResult)>, RehearseError> {
    let by = entry.log;
    let found = side.host.query(move |line, now| {
        let body = line.message_view(entry).ok().flatten()?.body?;
        let form = khatt_forms::Catalogue::builtin().get(body.form)?;
        let of = body.references.first().filter(|_| form.name() == "read-back")?;
        let of = EntryId { log: PostIndex(of.log), index: of.index };
        let ladder = line.ladder(of, now)?;
        let rungs = ladder.post(by)?;
        // The ladder keeps the entry by which a level was reached.
        let understood = rungs.reached(Level::Understood).map(|rung| rung.proof);
        let matched = understood == Some(khatt_core::ladder::Proof::Entry(entry));
        let again = understood.is_some() && rungs.differing_read_backs() == 0;
        let result =
            if matched || again { ReadBackResult::Match } else { ReadBackResult::Mismatch };
        Some((of, by, result))
    })?;
    Ok(found)
}

fn word(code: &str) -> Result<Word, RehearseError> {
    Word::new(code).ok_or_else(|| RehearseError::LocalUnplayable(format!("{code} is no code")))
}
