use proptest::prelude::*;

use super::*;

const NORTH: PostIndex = PostIndex(0);
const SOUTH: PostIndex = PostIndex(1);
const MINUTE: u64 = 60_000;

/// The charter's clocks as `field-guide.md` 2.2 of the design proposes for FLASH.
const FLASH: Terms = Terms::from_charter(3 * 60, 5 * 60, 10 * 60);

fn south_owes(index: u64) -> ClockKey {
    let message = EntryId { log: NORTH, index };
    ClockKey { message, owes: Owes::Peer(SOUTH), duty: Duty::Acknowledge }
}

fn at(ms: u64) -> Now {
    Now::default().plus_ms(ms)
}

fn started(key: ClockKey, terms: Terms) -> Clocks {
    let mut clocks = Clocks::new();
    clocks.start(at(0), key, Precedence::Flash, terms).unwrap();
    clocks
}

fn kinds(steps: &[Step]) -> Vec<StepKind> {
    steps.iter().map(|step| step.kind).collect()
}

#[test]
fn flash_goes_to_the_second_desk_then_the_phone_list_then_the_mediator_and_is_silence() {
    let mut clocks = started(south_owes(7), FLASH);
    assert_eq!(clocks.due(at(3 * MINUTE - 1)), []);
    assert_eq!(clocks.next_due(), Some(3 * MINUTE));
    assert_eq!(kinds(&clocks.due(at(3 * MINUTE))), [StepKind::SecondDesk]);
    assert_eq!(clocks.due(at(3 * MINUTE)), [], "each step once");
    assert_eq!(kinds(&clocks.due(at(5 * MINUTE))), [StepKind::PhoneList]);
    assert_eq!(clocks.silence(at(5 * MINUTE), south_owes(7)), None);
    let last = clocks.due(at(10 * MINUTE));
    assert_eq!(kinds(&last), [StepKind::Mediator, StepKind::Silence]);
    assert_eq!(clocks.next_due(), None);
    assert_eq!(clocks.silence(at(11 * MINUTE), south_owes(7)).unwrap().elapsed_ms, 11 * MINUTE);
}

#[test]
fn a_short_lead_cuts_every_stage_to_its_share() {
    // The worked exchange of field-guide.md 2.5: 79 minutes of lead, IMMEDIATE.
    let terms = Terms::from_charter(15 * 60, 30 * 60, 60 * 60).within_lead(79 * MINUTE);
    assert_eq!(terms.acknowledge_ms(), 592_500);
    assert_eq!(terms.escalate_ms(), 1_185_000);
    assert_eq!(terms.give_up_ms(), 2_370_000);
    let unhurried = FLASH.within_lead(24 * 60 * MINUTE);
    assert_eq!(unhurried, FLASH, "a long lead leaves the charter's clocks alone");
}

#[test]
fn what_we_owe_ends_as_overdue_and_never_as_the_peers_silence() {
    let message = EntryId { log: SOUTH, index: 4 };
    let key = ClockKey { message, owes: Owes::Us, duty: Duty::Answer };
    let mut clocks = started(key, FLASH);
    let steps = clocks.due(at(60 * MINUTE));
    assert_eq!(
        kinds(&steps),
        [StepKind::SecondDesk, StepKind::PhoneList, StepKind::Overdue],
        "a clock far behind gives all its steps in order"
    );
    assert_eq!(clocks.silence(at(60 * MINUTE), key), None);
}

#[test]
fn an_acknowledgement_in_time_leaves_no_step_and_no_silence() {
    let mut clocks = started(south_owes(7), FLASH);
    assert_eq!(clocks.end(at(MINUTE), south_owes(7)), None);
    assert_eq!(clocks.due(at(60 * MINUTE)), []);
    assert_eq!(clocks.next_due(), None);
}

#[test]
fn a_late_acknowledgement_ends_the_silence_and_keeps_what_was_tried() {
    let mut clocks = started(south_owes(7), FLASH);
    let attempt = Attempt::new(at(0), "direct", AttemptResult::RouteDown);
    clocks.attempted(south_owes(7), attempt.clone()).unwrap();
    clocks.due(at(10 * MINUTE));
    let silence = clocks.end(at(30 * MINUTE), south_owes(7)).unwrap();
    assert_eq!(silence.attempts.kept(), [attempt]);
    assert_eq!(silence.elapsed_ms, 30 * MINUTE);
}

#[test]
fn the_first_attempts_and_the_latest_are_kept() {
    let mut clocks = started(south_owes(7), FLASH);
    for minute in 0..100 {
        let attempt = Attempt::new(at(minute * MINUTE), "harbour", AttemptResult::Sent);
        clocks.attempted(south_owes(7), attempt).unwrap();
    }
    clocks.due(at(200 * MINUTE));
    let attempts = clocks.silence(at(200 * MINUTE), south_owes(7)).unwrap().attempts;
    assert_eq!(attempts.kept().len(), ATTEMPTS_MAX);
    assert_eq!(attempts.kept().first().unwrap().wall_ms, 0);
    assert_eq!(attempts.kept().last().unwrap().wall_ms, 99 * MINUTE);
    assert_eq!(attempts.left_out(), 36);
}

#[test]
fn a_stand_by_sets_the_clock_anew_but_never_shorter_and_not_for_ever() {
    let mut clocks = started(south_owes(7), FLASH);
    clocks.due(at(3 * MINUTE));
    clocks.stand_by(at(4 * MINUTE), south_owes(7), 20_000).unwrap();
    assert_eq!(clocks.next_due(), Some(7 * MINUTE), "asked for less than the stage");
    clocks.stand_by(at(4 * MINUTE), south_owes(7), u64::MAX).unwrap();
    assert_eq!(clocks.next_due(), Some(14 * MINUTE), "no longer than the giving up");
    for _ in 2..STAND_BYS_MAX {
        clocks.stand_by(at(4 * MINUTE), south_owes(7), 0).unwrap();
    }
    assert_eq!(clocks.next_due(), Some(14 * MINUTE), "a later, shorter promise takes nothing away");
    let fault = clocks.stand_by(at(5 * MINUTE), south_owes(7), 0);
    assert_eq!(fault, Err(ClocksError::PeerStandsByTooOften { max: STAND_BYS_MAX }));
}

#[test]
fn starting_the_same_clock_twice_does_not_wind_it_back() {
    let mut clocks = started(south_owes(7), FLASH);
    clocks.start(at(2 * MINUTE), south_owes(7), Precedence::Flash, FLASH).unwrap();
    assert_eq!(clocks.next_due(), Some(3 * MINUTE));
}

#[test]
fn a_restart_keeps_the_remaining_time_and_says_that_there_was_one() {
    let clocks = started(south_owes(7), FLASH);
    let saved = clocks.encode(south_owes(7), at(2 * MINUTE)).unwrap();
    let mut again = Clocks::new();
    assert_eq!(again.restore(&saved, at(0)), Ok(south_owes(7)));
    assert_eq!(again.next_due(), Some(MINUTE));
    let steps = again.due(at(MINUTE));
    assert_eq!(kinds(&steps), [StepKind::SecondDesk]);
    assert_eq!(steps[0].restarts, Restarts(1));
    assert_eq!(steps[0].elapsed_ms, 3 * MINUTE);
}

#[test]
fn every_clock_has_its_own_name_in_the_store() {
    assert_eq!(south_owes(57).state_key(), "clock/0/57/1/ack");
    let ours = ClockKey { owes: Owes::Us, duty: Duty::Answer, ..south_owes(57) };
    assert_eq!(ours.state_key(), "clock/0/57/us/answer");
}

fn any_attempt() -> impl Strategy<Value = Attempt> {
    (any::<u64>(), ".{0,40}", 0..6_u64).prop_map(|(wall_ms, route, result)| {
        let result = AttemptResult::try_from(result).unwrap();
        Attempt::new(Now { wall_ms, mono_ms: 0 }, &route, result)
    })
}

proptest! {
    #[test]
    fn wall_clock_jumps_never_change_a_deadline(
        terms in (0..10_000_u64, 0..10_000_u64, 0..10_000_u64),
        ticks in proptest::collection::vec((0..2_000_000_u64, any::<u64>()), 1..40),
        first_wall_ms: u64,
    ) {
        let terms = Terms::from_charter(terms.0, terms.1, terms.2);
        let mut calm = Clocks::new();
        let mut jumpy = Clocks::new();
        let start = Now { wall_ms: first_wall_ms, mono_ms: 0 };
        calm.start(at(0), south_owes(1), Precedence::Flash, terms).unwrap();
        jumpy.start(start, south_owes(1), Precedence::Flash, terms).unwrap();
        let mut mono_ms = 0;
        for (ms, wall_ms) in ticks {
            mono_ms += ms;
            prop_assert_eq!(calm.next_due(), jumpy.next_due());
            prop_assert_eq!(calm.due(at(mono_ms)), jumpy.due(Now { wall_ms, mono_ms }));
        }
    }

    #[test]
    fn no_step_is_early_and_none_is_missed(
        terms in (0..1_000_u64, 0..1_000_u64, 0..1_000_u64),
        ticks in proptest::collection::vec(0..200_000_u64, 1..40),
    ) {
        let terms = Terms::from_charter(terms.0, terms.1, terms.2);
        let mut clocks = started(south_owes(1), terms);
        let mut mono_ms = 0;
        let mut seen = Vec::new();
        for ms in ticks {
            mono_ms += ms;
            seen.extend(kinds(&clocks.due(at(mono_ms))));
            let due = [
                (terms.acknowledge_ms(), StepKind::SecondDesk),
                (terms.escalate_ms(), StepKind::PhoneList),
                (terms.give_up_ms(), StepKind::Mediator),
                (terms.give_up_ms(), StepKind::Silence),
            ];
            let wanted: Vec<_> =
                due.iter().filter(|(at, _)| *at <= mono_ms).map(|(_, kind)| *kind).collect();
            prop_assert_eq!(&seen, &wanted);
        }
    }

    #[test]
    fn a_clock_comes_back_from_its_bytes(
        terms in (any::<u64>(), any::<u64>(), any::<u64>()),
        saved_at in 0..100_000_000_u64,
        back_at in 0..100_000_000_u64,
        attempts in proptest::collection::vec(any_attempt(), 0..70),
    ) {
        let terms = Terms::from_charter(terms.0, terms.1, terms.2);
        let mut clocks = started(south_owes(3), terms);
        for attempt in attempts {
            clocks.attempted(south_owes(3), attempt).unwrap();
        }
        clocks.due(at(saved_at));
        let saved = clocks.encode(south_owes(3), at(saved_at)).unwrap();
        let mut again = Clocks::new();
        again.restore(&saved, at(back_at)).unwrap();
        let left = |clocks: &Clocks, now| clocks.running(now).collect::<Vec<_>>();
        prop_assert_eq!(left(&again, at(back_at)), left(&clocks, at(saved_at)));
        let silence = |clocks: &Clocks, now| clocks.silence(now, south_owes(3)).map(|s| s.attempts);
        prop_assert_eq!(silence(&again, at(back_at)), silence(&clocks, at(saved_at)));
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Clocks::new().restore(&bytes, at(0)).is_err());
    }
}
