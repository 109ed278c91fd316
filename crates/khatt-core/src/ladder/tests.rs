use proptest::prelude::*;

use super::*;

const NORTH: PostIndex = PostIndex(0);
const SOUTH: PostIndex = PostIndex(1);
const HARBOUR: u8 = 0;

fn message() -> EntryId {
    EntryId { log: NORTH, index: 7 }
}

fn ladder(wanted: Wanted) -> Ladder {
    Ladder::new(Now::default(), message(), Precedence::Flash, wanted, [SOUTH])
}

fn souths(index: u64) -> Proof {
    Proof::Entry(EntryId { log: SOUTH, index })
}

fn watch() -> By {
    By::Officer { officer: OfficerIndex(3), role: "watch".into() }
}

fn climb(step: Step) -> Climb {
    let by = match step {
        Step::Stored => By::Relay(HARBOUR),
        Step::Received => By::Post,
        _ => watch(),
    };
    let proof = match step {
        Step::Stored => Proof::Custody(Hash([1; 32])),
        _ => souths(9),
    };
    Climb { step, by, claimed_ms: 5_000, proof }
}

fn matched() -> Matched {
    Matched::restored(message(), 4)
}

fn to(words: &str) -> Words {
    Words::new(words).unwrap()
}

#[test]
fn passed_to_authority_does_not_mean_understood() {
    let mut ladder = ladder(Wanted::one(Level::Understood));
    let passed = Step::Authority { to: to("joint staff"), claimed_ms: 4_000 };
    ladder.climb(Now::default(), SOUTH, climb(passed)).unwrap();
    let south = ladder.post(SOUTH).unwrap();
    assert_eq!(south.highest(), Some(Level::Authority));
    assert_eq!(south.reached(Level::Understood), None);
    assert_eq!(south.reached(Level::Operator), None);
    assert!(!ladder.is_met_by(SOUTH));
}

#[test]
fn an_officers_signature_meets_a_wish_for_an_operator_without_claiming_the_level() {
    let mut ladder = ladder(Wanted::one(Level::Operator));
    ladder.climb(Now::default(), SOUTH, climb(Step::Received)).unwrap();
    assert!(!ladder.is_met_by(SOUTH), "a machine's receipt is no operator");
    let told = Step::Units { scope: to("sector 3"), claimed_ms: 4_000 };
    ladder.climb(Now::default(), SOUTH, climb(told)).unwrap();
    assert!(ladder.is_met_by(SOUTH));
    assert_eq!(ladder.post(SOUTH).unwrap().reached(Level::Operator), None);
}

#[test]
fn understood_and_units_told_are_waited_for_both() {
    let mut ladder = ladder(Wanted::one(Level::Understood).and(Level::Units));
    ladder.climb(Now::default(), SOUTH, climb(Step::Understood(matched()))).unwrap();
    assert!(!ladder.is_met_by(SOUTH));
    let told = Step::Units { scope: to("sector 3"), claimed_ms: 4_000 };
    ladder.climb(Now::default(), SOUTH, climb(told)).unwrap();
    assert!(ladder.is_met_by(SOUTH));
}

#[test]
fn a_machine_cannot_take_an_officers_step_nor_an_officer_give_a_receipt() {
    let mut ladder = ladder(Wanted::one(Level::Operator));
    for (step, by) in [(Step::Operator, By::Post), (Step::Received, watch())] {
        let level = step.level();
        let wrong = Climb { by, ..climb(step) };
        let fault = ladder.climb(Now::default(), SOUTH, wrong);
        assert_eq!(fault, Err(LadderError::PeerWrongCapacity(level)));
    }
    assert_eq!(ladder.post(SOUTH).unwrap().highest(), None);
}

#[test]
fn a_level_is_proved_only_by_an_entry_of_the_receivers_own_log() {
    let mut ladder = ladder(Wanted::one(Level::Operator));
    let norths = Proof::Entry(EntryId { log: NORTH, index: 8 });
    for proof in [norths, Proof::Custody(Hash([1; 32]))] {
        let wrong = Climb { proof, ..climb(Step::Operator) };
        let fault = ladder.climb(Now::default(), SOUTH, wrong);
        assert_eq!(fault, Err(LadderError::PeerProofElsewhere(Level::Operator)));
    }
    let custody_by_entry = Climb { proof: souths(1), ..climb(Step::Stored) };
    assert!(ladder.climb(Now::default(), SOUTH, custody_by_entry).is_err());
}

#[test]
fn a_read_back_of_another_message_proves_nothing() {
    let mut ladder = ladder(Wanted::one(Level::Understood));
    let other = Matched::restored(EntryId { log: NORTH, index: 6 }, 4);
    let fault = ladder.climb(Now::default(), SOUTH, climb(Step::Understood(other)));
    assert_eq!(fault, Err(LadderError::PeerOtherMessage));
}

#[test]
fn the_first_proof_stays_and_a_repeat_is_no_new_fact() {
    let mut ladder = ladder(Wanted::one(Level::Operator));
    let first = ladder.climb(Now::default().plus_ms(40), SOUTH, climb(Step::Operator)).unwrap();
    let fact = Fact {
        post: SOUTH,
        precedence: Precedence::Flash,
        level: Level::Operator,
        took: Took::Exactly(40),
    };
    assert_eq!(first, Climbed::First(fact));
    let later = Climb { proof: souths(10), ..climb(Step::Operator) };
    let again = ladder.climb(Now::default().plus_ms(90), SOUTH, later).unwrap();
    assert_eq!(again, Climbed::Again(Level::Operator));
    assert_eq!(ladder.post(SOUTH).unwrap().reached(Level::Operator).unwrap().proof, souths(9));
}

#[test]
fn a_promise_of_an_answer_is_no_answer() {
    let mut ladder = ladder(Wanted::one(Level::Answered));
    let promise = Step::Answer(Answer::StandBy { until_ms: 65_000 });
    let climbed = ladder.climb(Now::default(), SOUTH, climb(promise)).unwrap();
    assert_eq!(climbed, Climbed::StandBy { asked_ms: 60_000, times: 1 });
    assert!(!ladder.is_met_by(SOUTH));
    assert!(ladder.post(SOUTH).unwrap().standing_by().is_some());
    ladder.climb(Now::default(), SOUTH, climb(Step::Answer(Answer::NoInformation))).unwrap();
    assert!(ladder.is_met_by(SOUTH));
    assert!(ladder.post(SOUTH).unwrap().standing_by().is_none());
}

#[test]
fn a_post_that_was_not_addressed_has_no_rungs() {
    let mut ladder = ladder(Wanted::one(Level::Operator));
    let fault = ladder.climb(Now::default(), PostIndex(2), climb(Step::Received));
    assert_eq!(fault, Err(LadderError::PeerNotReceiver(PostIndex(2))));
}

#[test]
fn a_duration_across_a_restart_is_a_lower_bound() {
    let ladder = ladder(Wanted::one(Level::Operator));
    let saved = ladder.encode(Now::default().plus_ms(30));
    let mut ladder = Ladder::decode(&saved, Now::default()).unwrap();
    ladder.climb(Now::default().plus_ms(5), SOUTH, climb(Step::Operator)).unwrap();
    let rung = ladder.post(SOUTH).unwrap().reached(Level::Operator).unwrap();
    assert_eq!(rung.took, Took::AtLeast(35));
}

#[test]
fn words_of_an_acknowledgement_never_reach_a_trace() {
    let mut ladder = ladder(Wanted::one(Level::Units));
    let told = Step::Units { scope: to("sector three"), claimed_ms: 4_000 };
    ladder.climb(Now::default(), SOUTH, climb(told)).unwrap();
    assert!(!format!("{ladder:?}").contains("sector three"));
    assert!(Words::new(&"x".repeat(WORDS_MAX + 1)).is_err());
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Stored),
        Just(Step::Received),
        Just(Step::Operator),
        Just(Step::Understood(matched())),
        (".{0,20}", any::<u64>())
            .prop_map(|(words, claimed_ms)| Step::Authority { to: to(&words), claimed_ms }),
        (".{0,20}", any::<u64>())
            .prop_map(|(words, claimed_ms)| Step::Units { scope: to(&words), claimed_ms }),
        Just(Step::Answer(Answer::Yes)),
        Just(Step::Answer(Answer::No)),
        any::<u64>().prop_map(|until_ms| Step::Answer(Answer::StandBy { until_ms })),
        Just(Step::Answer(Answer::Message(EntryId { log: SOUTH, index: 40 }))),
    ]
}

proptest! {
    #[test]
    fn a_ladder_comes_back_from_its_bytes(
        steps in proptest::collection::vec((any_step(), 0..1_000_000_u64), 0..20),
        later in 0..1_000_000_u64,
    ) {
        let mut ladder = Ladder::new(
            Now::default(), message(), Precedence::Routine, Wanted::one(Level::Units), [SOUTH],
        );
        let mut now = Now::default();
        for (step, ms) in steps {
            now = now.plus_ms(ms);
            ladder.climb(now, SOUTH, climb(step)).unwrap();
        }
        let restarted = Now::default().plus_ms(later);
        let again = Ladder::decode(&ladder.encode(now), restarted).unwrap();
        prop_assert_eq!(&again.posts, &ladder.posts);
        prop_assert_eq!(again.since.elapsed_ms(restarted), ladder.since.elapsed_ms(now));
        prop_assert_eq!(again.restarts, Restarts(1));
    }

    #[test]
    fn damaged_bytes_are_refused_or_are_another_sound_ladder(
        place in any::<prop::sample::Index>(),
        value: u8,
        cut in any::<prop::sample::Index>(),
    ) {
        let mut ladder = ladder(Wanted::one(Level::Operator));
        ladder.climb(Now::default(), SOUTH, climb(Step::Operator)).unwrap();
        let sound = ladder.encode(Now::default());
        let mut bytes = sound.clone();
        bytes[place.index(sound.len())] = value;
        if let Ok(mut other) = Ladder::decode(&bytes, Now::default()) {
            other.restarts = Restarts(other.restarts.0 - 1);
            prop_assert_eq!(other.encode(Now::default()), bytes);
        }
        prop_assert!(Ladder::decode(&sound[..cut.index(sound.len())], Now::default()).is_err());
    }
}
