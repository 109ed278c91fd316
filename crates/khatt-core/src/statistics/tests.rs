use khatt_record::EntryId;
use proptest::prelude::*;

use super::*;
use crate::line_test::Standing;

const SOUTH: PostIndex = PostIndex(1);

fn at(ms: u64) -> Now {
    Now::default().plus_ms(ms)
}

fn fact(level: Level, took: Took) -> Fact {
    Fact { post: SOUTH, precedence: Precedence::Flash, level, took }
}

#[test]
fn times_are_kept_apart_by_precedence_and_level() {
    let mut statistics = Statistics::new();
    statistics.reached(at(0), fact(Level::Received, Took::Exactly(10)));
    let times = |level, precedence| statistics.times(SOUTH, precedence, level);
    assert_eq!(times(Level::Received, Precedence::Flash).unwrap().count(), 1);
    assert_eq!(times(Level::Operator, Precedence::Flash), None);
    assert_eq!(times(Level::Received, Precedence::Routine), None);
}

#[test]
fn a_time_that_a_restart_interrupted_is_counted_and_not_mixed_in() {
    let mut statistics = Statistics::new();
    statistics.reached(at(0), fact(Level::Operator, Took::AtLeast(7)));
    let times = statistics.times(SOUTH, Precedence::Flash, Level::Operator).unwrap();
    assert_eq!((times.count(), times.interrupted()), (0, 1));
    assert_eq!((times.min_ms(), times.median_ms(), times.max_ms()), (None, None, None));
}

#[test]
fn silence_is_measured_from_the_last_thing_heard_of_the_post_itself() {
    let mut statistics = Statistics::new();
    statistics.reached(at(100), fact(Level::Received, Took::Exactly(1)));
    statistics.reached(at(500), fact(Level::Stored, Took::Exactly(1)));
    let since = statistics.contact(SOUTH).unwrap().silence_since(at(600));
    assert_eq!(since, Some(Took::Exactly(500)), "a relay's custody is no sign of the post");
    let again = Statistics::decode(&statistics.encode(at(600)), at(0)).unwrap();
    let since = again.contact(SOUTH).unwrap().silence_since(at(50));
    assert_eq!(since, Some(Took::AtLeast(550)));
}

#[test]
fn messages_missed_tests_and_silences_are_counted() {
    let mut statistics = Statistics::new();
    statistics.released(SOUTH);
    let message = EntryId { log: PostIndex(0), index: 1 };
    statistics.tested(SOUTH, TestStep::Send);
    let missed = TestStep::Missed { message, in_row: 1, standing: Standing::Amber };
    statistics.tested(SOUTH, missed);
    statistics.silent(SOUTH);
    let south = statistics.contact(SOUTH).unwrap();
    assert_eq!((south.sent(), south.tests_missed(), south.silences()), (1, 1, 1));
    assert_eq!(south.silence_since(at(0)), None, "nothing ever came");
}

proptest! {
    #[test]
    fn the_median_is_true_to_a_sixteenth(
        mut all in proptest::collection::vec(prop_oneof![0..1000_u64, any::<u64>()], 1..200),
    ) {
        let mut statistics = Statistics::new();
        for ms in &all {
            statistics.reached(at(0), fact(Level::Operator, Took::Exactly(*ms)));
        }
        all.sort_unstable();
        let times = statistics.times(SOUTH, Precedence::Flash, Level::Operator).unwrap();
        let exact = all[(all.len() - 1) / 2];
        let median = times.median_ms().unwrap();
        prop_assert!(median <= exact && exact - median <= exact / 16, "{median} for {exact}");
        prop_assert_eq!(times.min_ms(), all.first().copied());
        prop_assert_eq!(times.max_ms(), all.last().copied());
        prop_assert!(times.steps.len() <= STEPS_MAX);
    }

    #[test]
    fn statistics_come_back_from_their_bytes(
        facts in proptest::collection::vec((0..7_u8, any::<u64>(), 0..1000_u64), 0..100),
    ) {
        let mut statistics = Statistics::new();
        let mut now = at(0);
        for (level, ms, pause_ms) in facts {
            now = now.plus_ms(pause_ms);
            statistics.released(SOUTH);
            statistics.reached(now, fact(Level::new(level).unwrap(), Took::Exactly(ms)));
        }
        let again = Statistics::decode(&statistics.encode(now), at(0)).unwrap();
        prop_assert_eq!(&again.levels, &statistics.levels);
        prop_assert_eq!(again.posts.len(), statistics.posts.len());
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let read = Statistics::decode(&bytes, at(0));
        prop_assert!(read.is_err() || bytes == [0x83, 1, 0x80, 0x80]);
    }
}
