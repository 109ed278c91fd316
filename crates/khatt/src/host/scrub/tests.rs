use std::sync::mpsc::sync_channel;

use khatt_store::Damage;

use super::*;

/// How long a test waits for what must happen; nothing depends on how soon it does.
const PATIENCE: Duration = Duration::from_secs(120);

fn step(damaged: bool, more: bool) -> ScrubStep {
    let damage = damaged.then(|| Damage::Row { table: "state", key: "x".to_owned() });
    let next = more.then(ScrubPosition::default);
    ScrubStep { damage: damage.into_iter().collect(), rows: ROWS, next }
}

#[test]
fn a_store_of_eight_million_rows_is_read_within_a_day_and_then_again() {
    let mut course = Course::new();
    let mut now = Duration::ZERO;
    for at in 0..8_000_000 / ROWS {
        now += course.wait(now, PAUSE);
        let _ = course.next(now);
        course.from = (at + 1 < 8_000_000 / ROWS).then(ScrubPosition::default);
    }
    assert!(now <= Duration::from_secs(24 * 3_600), "{now:?}");
    // It took longer than the rounds are apart, so the next one begins at once.
    assert_eq!(course.wait(now, PAUSE), PAUSE);
}

#[test]
fn a_round_begins_twenty_hours_after_the_one_before_began() {
    let mut course = Course::new();
    let begun = Duration::from_secs(5);
    let _ = course.next(begun);
    course.from = Some(ScrubPosition::default());
    let ended = Duration::from_secs(10);
    let _ = course.next(ended);
    course.from = None;
    // The first round began with the scrub itself.
    assert_eq!(course.wait(ended, PAUSE), ROUND.checked_sub(ended).unwrap());
    let second = ended + course.wait(ended, PAUSE);
    let _ = course.next(second);
    course.from = None;
    assert_eq!(course.wait(second, PAUSE), ROUND);
}

#[test]
fn each_step_that_finds_damage_is_told_and_the_scrub_goes_on() {
    let (told, tellings) = sync_channel(10);
    let (walked, steps) = sync_channel(0);
    let mut at = 0;
    let walk = move |_| {
        at += 1;
        // The test ends the scrub by looking no more.
        let _ = walked.send(at);
        match at {
            2 => Ok(step(true, true)),
            4 => Err(ReadError::LocalFatal("a test".to_owned())),
            _ => Ok(step(false, true)),
        }
    };
    let scrub = Scrub::of(walk, Duration::ZERO, move || told.try_send(()).unwrap()).unwrap();
    for wanted in 1..=4 {
        assert_eq!(steps.recv_timeout(PATIENCE), Ok(wanted));
    }
    tellings.recv_timeout(PATIENCE).expect("the damage");
    tellings.recv_timeout(PATIENCE).expect("that it cannot be read");
    drop(steps);
    drop(scrub);
    assert!(tellings.try_recv().is_err());
}
