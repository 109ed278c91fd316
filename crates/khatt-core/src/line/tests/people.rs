//! Officers and their clocks: the ladder, read-back, escalation, line tests.

use khatt_forms::{Reference, Relation};

use super::*;
use crate::line::Act;

fn acknowledge(rig: &Rig, by: PostIndex, of: EntryId, fields: &[(&str, &str)]) -> NewDraft {
    let mut all = vec![("role", "role-watch"), ("time", "2023-11-08T00:03Z")];
    all.extend_from_slice(fields);
    let mut draft = rig.draft(by, "acknowledge", &all);
    draft.references =
        vec![Reference { relation: Relation::Acknowledges, log: of.log.0, index: of.index }];
    draft
}

fn level_events(rig: &Rig, at: PostIndex, of: EntryId) -> Vec<u8> {
    rig.events
        .iter()
        .filter_map(|(post, event)| match event {
            Event::Level { entry, level, .. } if *post == at && *entry == of => Some(*level),
            _ => None,
        })
        .collect()
}

#[test]
fn an_officer_who_has_it_ends_the_alarm_and_tells_the_author() {
    let mut rig = Rig::new(2);
    let draft = warning(&rig, NORTH);
    let entry = released(rig.release(NORTH, draft));
    rig.run();
    let waits = |rig: &Rig| {
        alarms(rig, SOUTH).iter().any(|cause| {
            matches!(cause, Cause::IncomingUnacknowledged { message, .. } if *message == entry)
        })
    };
    assert!(waits(&rig));
    let draft = acknowledge(&rig, SOUTH, entry, &[("level", "A2")]);
    released(rig.release(SOUTH, draft));
    rig.run();
    assert!(!waits(&rig), "the strip is gone once an officer has it");
    assert_eq!(level_events(&rig, NORTH, entry), [2]);
    let ladder = rig.lines[NORTH.index()].as_ref().unwrap().ladder(entry, rig.now).unwrap();
    let rungs = ladder.post(SOUTH).unwrap();
    assert!(rungs.reached(Level::Operator).is_some());
    assert!(rungs.reached(Level::Understood).is_none(), "having it is not understanding it");
    assert!(rungs.reached(Level::Answered).is_none(), "and never an answer");
}

#[test]
fn understood_needs_a_read_back_that_matches() {
    let mut rig = Rig::new(2);
    let draft = warning(&rig, NORTH);
    let entry = released(rig.release(NORTH, draft));
    rig.run();
    let stated = acknowledge(&rig, SOUTH, entry, &[("level", "A3")]);
    released(rig.release(SOUTH, stated));
    rig.run();
    assert_eq!(level_events(&rig, NORTH, entry), [] as [u8; 0], "A3 is never merely stated");
}

#[test]
fn silence_escalates_step_by_step_by_our_own_clock() {
    let mut rig = Rig::new(2);
    rig.cut(NORTH, SOUTH);
    let mut draft = warning(&rig, NORTH);
    draft.precedence = Some(khatt_record::Precedence::Flash);
    let entry = released(rig.release(NORTH, draft));
    // The wall clock is set back an hour: no deadline moves.
    rig.now.wall_ms -= 3_600_000;
    let mut steps = Vec::new();
    for _ in 0..11 {
        rig.advance(60_000);
    }
    for (post, event) in &rig.events {
        if let Event::Escalate(step) = event
            && *post == NORTH
            && step.key.message == entry
        {
            steps.push(step.kind.name());
        }
    }
    assert_eq!(steps, ["second-desk", "phone-list", "mediator", "silence"]);
}

#[test]
fn a_line_test_is_answered_by_the_other_post() {
    let mut rig = Rig::new(2);
    rig.advance(1);
    let tested = rig.events.iter().any(|(post, event)| {
        *post == NORTH && matches!(event, Event::LineTested { peer, .. } if *peer == SOUTH)
    });
    assert!(tested, "the first test goes out when the line opens");
}

#[test]
fn missed_line_tests_make_the_line_amber_then_red() {
    let mut rig = Rig::new(2);
    rig.cut(NORTH, SOUTH);
    for _ in 0..8 {
        rig.advance(600_000);
    }
    assert!(alarms(&rig, NORTH).contains(&Cause::LineTestAmber { post: SOUTH }));
    for _ in 0..8 {
        rig.advance(600_000);
    }
    assert!(alarms(&rig, NORTH).contains(&Cause::LineTestRed { post: SOUTH }));
    rig.heal(NORTH, SOUTH);
    rig.run();
    for _ in 0..8 {
        rig.advance(600_000);
    }
    assert!(!alarms(&rig, NORTH).contains(&Cause::LineTestRed { post: SOUTH }));
}

#[test]
fn one_officer_alone_does_not_release() {
    let mut rig = Rig::new(2);
    let draft = warning(&rig, NORTH);
    let typed_back = Some(draft.filled.clone());
    let Ok(Done::Drafted(to_sign)) = rig.act(NORTH, Act::Draft(draft)) else { panic!("drafted") };
    let party = khatt_record::PartyIndex(0);
    let watch = crate::testing::watch_officer(party);
    let role = khatt_record::statement::Role::Draft;
    let signature = crate::testing::sign(&rig.charter, NORTH, &to_sign, watch, role, rig.now);
    let first = rig
        .act(NORTH, Act::Sign { draft: to_sign.draft, signature, typed_back: typed_back.clone() });
    assert!(matches!(first, Ok(Done::Signed(_))));
    let again = rig.act(NORTH, Act::Sign { draft: to_sign.draft, signature, typed_back });
    assert!(again.is_err(), "the same officer twice is still one officer");
}

#[test]
fn drafts_survive_a_restart_and_edits_void_signatures() {
    let mut rig = Rig::new(2);
    let draft = warning(&rig, NORTH);
    let Ok(Done::Drafted(to_sign)) = rig.act(NORTH, Act::Draft(draft)) else { panic!("drafted") };
    rig.kill(NORTH);
    rig.start(NORTH);
    let line = rig.lines[NORTH.index()].as_ref().unwrap();
    let kept = line.draft_to_sign(to_sign.draft, rig.now).expect("the draft is kept");
    assert_eq!(kept.digest, to_sign.digest, "and it is the same text that is to be signed");
}

#[test]
fn drafts_must_fit_the_charter() {
    let mut rig = Rig::new(2);
    let mut draft = warning(&rig, NORTH);
    draft.references = vec![Reference { relation: Relation::Cites, log: 1, index: 9_999 }];
    assert!(matches!(
        rig.act(NORTH, Act::Draft(draft)),
        Err(crate::line::ActError::LocalNoSuchEntry(_))
    ));
    let mut draft = warning(&rig, NORTH);
    draft.filled.values.clear();
    assert!(matches!(
        rig.act(NORTH, Act::Draft(draft)),
        Err(crate::line::ActError::LocalInvalid(_))
    ));
}

#[test]
fn what_the_scrub_finds_rings_and_stops_nothing() {
    let mut rig = Rig::new(2);
    rig.input(SOUTH, Input::Damaged);
    assert!(alarms(&rig, SOUTH).contains(&Cause::LocalDamage));
    let draft = warning(&rig, NORTH);
    let entry = released(rig.release(NORTH, draft));
    rig.run();
    assert_eq!(receipted(&rig, NORTH, entry), [SOUTH]);
}
