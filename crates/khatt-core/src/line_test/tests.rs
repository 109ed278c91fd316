use khatt_forms::Language;
use proptest::prelude::*;

use super::*;

const NORTH: PostIndex = PostIndex(0);
const SOUTH: PostIndex = PostIndex(1);
const MINUTE: u64 = 60_000;
const TERMS: LineTest = LineTest { interval_s: 3600, answer_s: 600 };

fn at(ms: u64) -> Now {
    Now { wall_ms: 1_700_000_000_000 + ms, mono_ms: ms }
}

fn message(index: u64) -> EntryId {
    EntryId { log: NORTH, index }
}

fn challenge() -> Challenge {
    Challenge::draw(Language::En, &[7; RANDOM_BYTES])
}

fn sent() -> LineTests {
    let mut tests = LineTests::new(at(0), SOUTH, TERMS);
    assert_eq!(tests.due(at(0)), [TestStep::Send]);
    assert_eq!(tests.sent(at(0), message(1), challenge()), None);
    tests
}

fn right_reply() -> String {
    reply_to(challenge().text(), challenge().every())
}

#[test]
fn every_letter_and_digit_of_each_language_is_in_the_challenge_once() {
    let counts = [36, 38, 42, 43, 52, 34, 37];
    for (language, count) in Language::ALL.into_iter().zip(counts) {
        let challenge = Challenge::draw(language, &[0x5a; RANDOM_BYTES]);
        let mut letters: Vec<_> = challenge.text().chars().filter(|mark| *mark != ' ').collect();
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), count, "{language:?}");
        assert!((2..=4).contains(&challenge.every()));
    }
}

#[test]
fn a_reply_writes_every_nth_group_backwards() {
    assert_eq!(reply_to("AB12 CD34 EF56", 2), "AB12 43DC EF56");
    assert_eq!(reply_to("\u{2067}ابتث\u{2069} جحخد", 2), "ابتث دخحج");
}

#[test]
fn test_text_and_rule_pass_the_filter_of_the_form_and_the_rule_can_be_read_by_a_machine() {
    for language in Language::ALL {
        for seed in 0..=20 {
            let challenge = Challenge::draw(language, &[seed; RANDOM_BYTES]);
            let rule = challenge.rule(language);
            assert_eq!(khatt_forms::check_text(challenge.text(), language), Ok(()));
            assert_eq!(khatt_forms::check_text(&rule, language), Ok(()));
            assert!(rule.chars().count() <= 80, "the field takes 80: {rule}");
            assert_eq!(every_of(&rule), Some(challenge.every()));
        }
    }
    assert_eq!(every_of("4471 HARBOUR"), Some(44));
    assert_eq!(every_of("no number"), None);
}

#[test]
fn an_echo_is_no_reply_and_the_wrong_groups_are_named() {
    let mut tests = sent();
    let echo = tests.reply(at(MINUTE), message(1), 0, challenge().text()).unwrap();
    let Replied::Wrong { groups } = echo else { panic!("an echo passed") };
    assert!(groups.iter().all(|group| group % challenge().every() == 0));
    assert!(!groups.is_empty());
    assert_eq!(tests.standing(), Standing::Untested);
    let second = tests.reply(at(2 * MINUTE), message(1), 0, &right_reply());
    assert!(matches!(second, Ok(Replied::Passed { .. })), "the peer may reply again");
}

#[test]
fn a_reply_may_use_other_digits_spaces_and_marks_but_no_other_letters() {
    let challenge = Challenge { text: "اب١٢ تث٣٤".into(), every: 2 };
    assert_eq!(challenge.compare(" اب12\u{200f}  \u{2067}43ثت\u{2069}"), Comparison::Right);
    assert_eq!(challenge.compare("اب12 43ثب"), Comparison::Wrong(vec![2]));
    assert_eq!(challenge.compare("اب12"), Comparison::Wrong(vec![2]));
    assert_eq!(challenge.compare("اب12 43ثت جح"), Comparison::Wrong(vec![0]));
    assert_ne!(challenge.compare(&"x ".repeat(1_000_000)), Comparison::Right);
}

#[test]
fn one_missed_test_is_amber_two_are_red_and_an_answer_is_green_again() {
    let mut tests = sent();
    assert_eq!(tests.due(at(10 * MINUTE - 1)), []);
    let standing = Standing::Amber;
    let missed = TestStep::Missed { message: message(1), in_row: 1, standing };
    assert_eq!(tests.due(at(10 * MINUTE)), [missed]);
    assert_eq!(tests.due(at(60 * MINUTE)), [TestStep::Send]);
    tests.sent(at(60 * MINUTE), message(2), challenge());
    tests.due(at(70 * MINUTE));
    assert_eq!(tests.standing(), Standing::Red);
    tests.due(at(120 * MINUTE));
    tests.sent(at(120 * MINUTE), message(3), challenge());
    tests.reply(at(121 * MINUTE), message(3), 0, &right_reply()).unwrap();
    assert_eq!(tests.standing(), Standing::Ok);
    assert_eq!(tests.counts(), (3, 2, 0));
}

#[test]
fn a_late_reply_does_not_undo_the_silence() {
    let mut tests = sent();
    let late = tests.reply(at(10 * MINUTE), message(1), 0, &right_reply());
    assert_eq!(late, Err(ReplyError::PeerNotAsked(message(1))));
    tests.due(at(10 * MINUTE));
    assert_eq!(tests.standing(), Standing::Amber);
}

#[test]
fn an_old_reply_answers_no_new_test() {
    let mut tests = sent();
    tests.reply(at(MINUTE), message(1), 0, &right_reply()).unwrap();
    let again = tests.reply(at(MINUTE), message(1), 0, &right_reply());
    assert_eq!(again, Err(ReplyError::PeerNotAsked(message(1))));
    let other = Challenge::draw(Language::En, &[8; RANDOM_BYTES]);
    tests.sent(at(60 * MINUTE), message(2), other);
    let stale = tests.reply(at(61 * MINUTE), message(2), 0, &right_reply());
    assert!(matches!(stale, Ok(Replied::Wrong { .. })));
}

#[test]
fn tests_that_a_sleeping_machine_did_not_send_are_not_made_up_for() {
    let mut tests = LineTests::new(at(0), SOUTH, TERMS);
    tests.due(at(0));
    assert_eq!(tests.due(at(600 * MINUTE)), [TestStep::Send]);
    assert_eq!(tests.due(at(600 * MINUTE)), []);
    assert_eq!(tests.next_due(), 660 * MINUTE);
}

#[test]
fn the_skew_is_bounded_by_the_round_trip() {
    let mut tests = sent();
    // South's clock is 5 s ahead; it replied somewhere within the 2 s.
    let claimed_ms = at(0).wall_ms + 1_000 + 5_000;
    let replied = tests.reply(at(2_000), message(1), claimed_ms, &right_reply()).unwrap();
    let skew = Skew { low_ms: 4_000, high_ms: 6_000 };
    assert_eq!(replied, Replied::Passed { round_trip: Took::Exactly(2_000), skew: Some(skew) });
    assert_eq!(skew.proven_ms(), 4_000);
    assert_eq!(skew.middle_ms(), 5_000);
    assert_eq!(
        Skew { low_ms: -10, high_ms: 600_000 }.proven_ms(),
        0,
        "a slow reply proves nothing"
    );
}

#[test]
fn a_restart_between_test_and_reply_gives_no_skew() {
    let tests = sent();
    let saved = tests.encode(at(1_000));
    let mut tests = LineTests::decode(&saved, Now::default()).unwrap();
    let replied = tests.reply(Now::default(), message(1), 77, &right_reply()).unwrap();
    assert_eq!(replied, Replied::Passed { round_trip: Took::AtLeast(1_000), skew: None });
}

#[test]
fn a_trace_does_not_give_the_reply_away() {
    let text = format!("{:?}", sent());
    assert!(!text.contains(challenge().text().split(' ').next().unwrap()));
}

proptest! {
    #[test]
    fn only_the_right_reply_passes(random: [u8; 32], other: [u8; 32], language in 0..7_usize) {
        let wide = |bytes: [u8; 32]| {
            let mut random = [0; RANDOM_BYTES];
            for (to, from) in random.iter_mut().zip(bytes.iter().cycle()) {
                *to = *from;
            }
            Challenge::draw(Language::ALL[language], &random)
        };
        let (challenge, other) = (wide(random), wide(other));
        let reply = reply_to(challenge.text(), challenge.every());
        prop_assert_eq!(challenge.compare(&reply), Comparison::Right);
        if other != challenge {
            prop_assert_ne!(other.compare(&reply), Comparison::Right);
        }
    }

    #[test]
    fn the_true_skew_lies_within_its_bounds(
        skew in -1_000_000_i64..1_000_000,
        there in 0..600_000_u64,
        back in 0..600_000_u64,
    ) {
        let claimed_ms = (at(0).wall_ms + there).checked_add_signed(skew).unwrap();
        let measured = Skew::measure(at(0).wall_ms, there + back, claimed_ms);
        prop_assert!((measured.low_ms..=measured.high_ms).contains(&skew));
        prop_assert!(measured.proven_ms() <= skew.unsigned_abs());
    }

    #[test]
    fn tests_come_back_from_their_bytes(
        acts in proptest::collection::vec((0..3_u8, 0..100 * MINUTE, any::<u64>()), 0..60),
        back_at in 0..MINUTE,
    ) {
        let mut tests = LineTests::new(at(0), SOUTH, TERMS);
        let mut ms = 0;
        for (index, (act, pause_ms, claimed_ms)) in (0..).zip(acts) {
            ms += pause_ms;
            match act {
                0 => drop(tests.due(at(ms))),
                1 => drop(tests.sent(at(ms), message(index), challenge())),
                _ => {
                    let open = tests.open.as_ref().map_or(message(0), |open| open.message);
                    let _ = tests.reply(at(ms), open, claimed_ms, &right_reply());
                }
            }
        }
        let back = Now { wall_ms: 0, mono_ms: back_at };
        let again = LineTests::decode(&tests.encode(at(ms)), back).unwrap();
        prop_assert_eq!(again.standing(), tests.standing());
        prop_assert_eq!(again.counts(), tests.counts());
        prop_assert_eq!(again.round_trips_ms(), tests.round_trips_ms());
        prop_assert_eq!(again.skew(), tests.skew());
        let left = |tests: &LineTests, now: Now| tests.next_due().saturating_sub(now.mono_ms);
        prop_assert_eq!(left(&again, back), left(&tests, at(ms)));
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        prop_assert!(LineTests::decode(&bytes, at(0)).is_err());
    }
}
