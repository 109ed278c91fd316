use khatt_record::{EntryId, PostIndex, Precedence};
use proptest::prelude::*;

use super::*;

const SOUTH: PostIndex = PostIndex(1);
const WATCH: OfficerIndex = OfficerIndex(3);
const MINUTE: u64 = 60_000;
const FORK: Cause = Cause::PeerForked { post: SOUTH };
const BAD: Cause = Cause::PeerBadSignature { post: SOUTH };
const GAP: Cause = Cause::PeerGap { post: SOUTH };

fn at(ms: u64) -> Now {
    Now::default().plus_ms(ms)
}

fn raised(cause: Cause) -> Alarms {
    let mut alarms = Alarms::new();
    alarms.raise(at(0), cause);
    alarms
}

fn kinds(changes: &[Change]) -> Vec<ChangeKind> {
    changes.iter().map(|change| change.kind).collect()
}

fn incoming(index: u64) -> Cause {
    let message = EntryId { log: SOUTH, index };
    Cause::IncomingUnacknowledged { message, precedence: Precedence::Flash }
}

#[test]
fn an_alarm_seen_while_its_cause_lasts_stays_until_the_cause_is_gone() {
    let mut alarms = raised(GAP);
    assert_eq!(alarms.get(GAP).unwrap().state(), State::Unacknowledged);
    assert_eq!(kinds(&alarms.acknowledge(GAP, WATCH).unwrap()), [ChangeKind::Seen(WATCH)]);
    assert_eq!(alarms.get(GAP).unwrap().state(), State::Acknowledged);
    assert_eq!(alarms.clear(GAP).unwrap().kind, ChangeKind::Normal);
    assert_eq!(alarms.get(GAP), None);
}

#[test]
fn a_cause_that_went_away_unseen_still_waits_to_be_seen() {
    let mut alarms = raised(GAP);
    assert_eq!(alarms.clear(GAP).unwrap().kind, ChangeKind::Cleared);
    assert_eq!(alarms.get(GAP).unwrap().state(), State::ClearedUnacknowledged);
    assert_eq!(alarms.raise(at(1), GAP).unwrap().kind, ChangeKind::Returned);
    alarms.clear(GAP);
    let changes = alarms.acknowledge(GAP, WATCH).unwrap();
    assert_eq!(kinds(&changes), [ChangeKind::Seen(WATCH), ChangeKind::Normal]);
}

#[test]
fn an_occurrence_is_over_when_seen_and_new_when_it_happens_again() {
    let mut alarms = raised(BAD);
    alarms.acknowledge(BAD, WATCH).unwrap();
    assert_eq!(alarms.get(BAD), None);
    let again = alarms.raise(at(1), BAD).unwrap();
    assert!(matches!(again.kind, ChangeKind::Raised(_)));
}

#[test]
fn repeats_are_one_alarm_with_a_count_and_do_not_fill_the_journal() {
    let mut alarms = raised(BAD);
    let told = (0..1_000_000).filter_map(|_| alarms.raise(at(0), BAD)).count();
    assert_eq!(alarms.get(BAD).unwrap().count, 1_000_001);
    assert_eq!(alarms.in_order().len(), 1);
    assert_eq!(told, 19);
}

#[test]
fn the_first_of_those_unseen_is_marked() {
    let mut alarms = raised(FORK);
    alarms.raise(at(1), GAP);
    assert_eq!(alarms.get(FORK).unwrap().outset, Outset::FirstOut);
    assert_eq!(alarms.get(GAP).unwrap().outset, Outset::Later);
    alarms.acknowledge(FORK, WATCH).unwrap();
    alarms.acknowledge(GAP, WATCH).unwrap();
    let next = alarms.raise(at(2), BAD).unwrap();
    assert_eq!(next.kind, ChangeKind::Raised(Outset::FirstOut));
}

#[test]
fn nobody_seeing_an_alarm_is_called_twice_and_only_by_our_own_time() {
    let mut alarms = raised(FORK);
    assert_eq!(alarms.due(Now { wall_ms: u64::MAX, mono_ms: 3 * MINUTE - 1 }), []);
    assert_eq!(alarms.next_due(), Some(3 * MINUTE));
    let first = alarms.due(at(3 * MINUTE));
    assert_eq!(kinds(&first), [ChangeKind::Overdue(Overdue::First)]);
    let second = alarms.due(at(5 * MINUTE));
    assert_eq!(kinds(&second), [ChangeKind::Overdue(Overdue::Second)]);
    assert_eq!(alarms.due(at(60 * MINUTE)), []);
    assert_eq!(alarms.next_due(), None);
}

#[test]
fn a_seen_alarm_calls_nobody() {
    let mut alarms = raised(FORK);
    alarms.acknowledge(FORK, WATCH).unwrap();
    assert_eq!(alarms.due(at(60 * MINUTE)), []);
    assert_eq!(alarms.acknowledge(FORK, WATCH), Err(AlarmError::LocalAlreadySeen));
}

#[test]
fn a_shelved_alarm_has_a_name_a_reason_and_an_end_and_comes_back_unseen() {
    let mut alarms = raised(GAP);
    alarms.acknowledge(GAP, WATCH).unwrap();
    let nameless = alarms.shelve(at(0), GAP, WATCH, " ", MINUTE);
    assert_eq!(nameless, Err(AlarmError::LocalReason { max: REASON_MAX }));
    let endless = alarms.shelve(at(0), GAP, WATCH, "antenna works", u64::MAX);
    assert!(matches!(endless, Err(AlarmError::LocalShelfTooLong { .. })));
    alarms.shelve(at(0), GAP, WATCH, "antenna works", MINUTE).unwrap();
    assert_eq!(alarms.get(GAP).unwrap().state(), State::Shelved);
    assert_eq!(alarms.next_due(), Some(MINUTE));
    assert_eq!(kinds(&alarms.due(at(MINUTE))), [ChangeKind::Unshelved]);
    assert_eq!(alarms.get(GAP).unwrap().state(), State::Unacknowledged);
    assert!(!format!("{alarms:?}").contains("antenna"));
}

#[test]
fn an_alarm_about_the_desk_cannot_be_shelved() {
    let mut alarms = raised(Cause::NoDesk);
    let fault = alarms.shelve(at(0), Cause::NoDesk, WATCH, "asleep", 1);
    assert_eq!(fault, Err(AlarmError::LocalShelfTooLong { class: Class::Desk, max_ms: 0 }));
}

#[test]
fn a_full_class_says_so_and_leaves_the_others_room() {
    let mut alarms = Alarms::new();
    for index in 0..5_000 {
        alarms.raise(at(0), incoming(index));
    }
    let full = Cause::TooMany { class: Class::Flash };
    assert_eq!(alarms.in_order().len(), ALARMS_PER_CLASS_MAX + 1);
    assert_eq!(alarms.get(full).unwrap().count, 5_000 - 1024);
    assert!(alarms.raise(at(0), GAP).is_some());
}

#[test]
fn a_desk_shows_the_unseen_first_and_the_loudest_of_them() {
    let mut alarms = raised(GAP);
    alarms.raise(at(1), FORK);
    alarms.raise(at(2), Cause::NoDesk);
    alarms.acknowledge(FORK, WATCH).unwrap();
    let order: Vec<_> = alarms.in_order().iter().map(|alarm| alarm.cause).collect();
    assert_eq!(order, [Cause::NoDesk, GAP, FORK]);
}

fn every_cause() -> Vec<Cause> {
    let message = EntryId { log: SOUTH, index: 9 };
    let (post, precedence) = (SOUTH, Precedence::Immediate);
    let mut causes = vec![
        incoming(7),
        Cause::ReleaseWaiting { draft: [7; 16], precedence },
        Cause::PeerRefused { post },
        Cause::PeerForked { post },
        Cause::PeerShrank { post },
        Cause::PeerBadSignature { post },
        Cause::PeerBadOfficer { post },
        Cause::PeerReleaseRule { post },
        Cause::PeerOtherLine { post },
        Cause::PeerMalformed { post },
        Cause::PeerUnopenable { post },
        Cause::PeerBadReceipt { post },
        Cause::PeerRepeats { post },
        Cause::PeerGap { post },
        Cause::PeerSkew { post },
        Cause::PeerFlood { post },
        Cause::PeerFormUnknown { post, form: 18, version: 2 },
        Cause::PeerRenderingDiffers { message },
        Cause::PeerReadBackDiffers { message, post },
        Cause::PeerSilent { message, precedence, post },
        Cause::CarrierCorrupt { route: 0 },
        Cause::LineTestAmber { post },
        Cause::LineTestRed { post },
        Cause::LineTestWrong { post },
        Cause::LineDown { post },
        Cause::NoDesk,
        Cause::LocalDiskFull,
        Cause::LocalDamage,
        Cause::LocalRolledBack,
        Cause::LocalClockStep,
        Cause::EpochOld { post },
    ];
    let steps = ["second-desk", "phone-list", "mediator", "silence", "overdue"];
    for (step, name) in codec::STEPS.into_iter().zip(steps) {
        assert_eq!(step.name(), name);
        causes.push(Cause::Escalation { message, precedence, step });
    }
    causes.extend(Class::ALL.map(|class| Cause::TooMany { class }));
    causes
}

#[test]
fn every_cause_comes_back_from_its_bytes_and_its_key() {
    let mut alarms = Alarms::new();
    for cause in every_cause() {
        alarms.raise(at(0), cause);
    }
    let mut again = Alarms::new();
    for cause in every_cause() {
        let saved = alarms.encode(cause, at(10)).unwrap();
        assert_eq!(again.restore(&saved, at(0)), Ok(cause));
        assert_eq!(again.encode(cause, at(0)).unwrap(), saved);
        assert_eq!(again.by_key(&cause.key()), Some(cause), "{cause} has a key of its own");
    }
    assert_eq!(again.next_serial, alarms.next_serial);
}

#[test]
fn every_kind_of_cause_has_a_code_and_a_text_of_its_own() {
    let mut codes: Vec<_> =
        every_cause().iter().map(|cause| (cause.code(), cause.text_key())).collect();
    codes.sort_unstable();
    codes.dedup();
    let mut texts: Vec<_> = codes.iter().map(|(_, text)| text).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(codes.len(), 33);
    assert_eq!(texts.len(), 33);
}

proptest! {
    #[test]
    fn any_acts_in_any_order_leave_sound_alarms_that_come_back_from_their_bytes(
        acts in proptest::collection::vec((0..5_u8, 0..4_usize, 0..10 * MINUTE), 0..60),
        back_at in 0..MINUTE,
    ) {
        let causes = [GAP, BAD, FORK, incoming(1)];
        let mut alarms = Alarms::new();
        let mut now = at(0);
        for (act, which, ms) in acts {
            now = now.plus_ms(ms);
            let cause = causes[which];
            match act {
                0 => drop(alarms.raise(now, cause)),
                1 => drop(alarms.clear(cause)),
                2 => drop(alarms.acknowledge(cause, WATCH)),
                3 => drop(alarms.shelve(now, cause, WATCH, "works", MINUTE)),
                _ => drop(alarms.due(now)),
            }
            alarms.due(now);
            prop_assert!(alarms.next_due().is_none_or(|due| due > now.mono_ms));
        }
        for alarm in alarms.in_order() {
            let mut again = Alarms::new();
            let saved = alarms.encode(alarm.cause, now).unwrap();
            again.restore(&saved, at(back_at)).unwrap();
            prop_assert_eq!(again.get(alarm.cause).unwrap().state(), alarm.state());
            prop_assert_eq!(again.encode(alarm.cause, at(back_at)).unwrap(), saved);
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        prop_assert!(Alarms::new().restore(&bytes, at(0)).is_err());
    }
}
