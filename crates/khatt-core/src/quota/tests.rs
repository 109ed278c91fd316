use proptest::prelude::*;

use super::*;

const QUOTAS: Quotas =
    Quotas { entry_bytes: 1000, entries_per_day: 10, bytes_per_day: 5000, flash_per_hour: 3 };

fn at(ms: u64) -> Now {
    Now::default().plus_ms(ms)
}

#[test]
fn each_quota_is_told_apart() {
    let mut own = OwnMeter::new();
    let admit =
        |own: &mut OwnMeter, bytes, precedence| own.admit(at(0), &QUOTAS, bytes, precedence);
    assert_eq!(admit(&mut own, 1001, Precedence::Flash), Verdict::Over(Limit::EntryBytes));
    for _ in 0..3 {
        assert_eq!(admit(&mut own, 1000, Precedence::Flash), Verdict::Within);
    }
    assert_eq!(admit(&mut own, 10, Precedence::Flash), Verdict::Over(Limit::FlashPerHour));
    assert_eq!(admit(&mut own, 1000, Precedence::Routine), Verdict::Within);
    assert_eq!(admit(&mut own, 1000, Precedence::Routine), Verdict::Within);
    assert_eq!(admit(&mut own, 1, Precedence::Routine), Verdict::Over(Limit::BytesPerDay));
    let mut own = OwnMeter::new();
    for _ in 0..10 {
        assert_eq!(admit(&mut own, 1, Precedence::Routine), Verdict::Within);
    }
    assert_eq!(admit(&mut own, 1, Precedence::Routine), Verdict::Over(Limit::EntriesPerDay));
}

#[test]
fn the_window_slides_by_our_own_time_and_not_by_the_wall_clock() {
    let mut own = OwnMeter::new();
    for _ in 0..10 {
        own.admit(at(0), &QUOTAS, 1, Precedence::Routine);
    }
    let tomorrow_by_the_wall = Now { wall_ms: 10 * DAY_MS, mono_ms: HOUR_MS };
    let verdict = own.check(tomorrow_by_the_wall, &QUOTAS, 1, Precedence::Routine);
    assert_eq!(verdict, Verdict::Over(Limit::EntriesPerDay));
    let verdict = own.check(at(DAY_MS + HOUR_MS), &QUOTAS, 1, Precedence::Routine);
    assert_eq!(verdict, Verdict::Within);
}

#[test]
fn a_flooding_north_is_refused_and_counted_and_recovers_with_time() {
    let mut north = PeerMeter::new(at(0), &QUOTAS);
    let refused = (0..100)
        .filter(|_| north.admit(at(0), &QUOTAS, 1, Precedence::Routine) != Verdict::Within)
        .count();
    assert_eq!(refused, 90);
    assert_eq!(north.over(), 90);
    let tomorrow = north.admit(at(DAY_MS), &QUOTAS, 1, Precedence::Routine);
    assert_eq!(tomorrow, Verdict::Within);
}

#[test]
fn the_time_that_we_were_down_is_granted_to_the_peer() {
    let mut north = PeerMeter::new(at(0), &QUOTAS);
    for _ in 0..10 {
        north.admit(at(0), &QUOTAS, 1, Precedence::Routine);
    }
    let saved = north.encode(at(0));
    let three_days_on = Now { wall_ms: 3 * DAY_MS, mono_ms: 0 };
    let mut north = PeerMeter::decode(&saved, three_days_on).unwrap();
    let within = (0..100)
        .filter(|_| north.admit(three_days_on, &QUOTAS, 1, Precedence::Routine) == Verdict::Within)
        .count();
    assert_eq!(within, 30);
}

#[test]
fn a_quiet_year_saves_up_no_more_than_a_month() {
    let mut north = PeerMeter::new(at(0), &QUOTAS);
    let year = at(366 * DAY_MS);
    let within = (0..5000)
        .filter(|_| north.admit(year, &QUOTAS, 0, Precedence::Routine) == Verdict::Within)
        .count();
    assert_eq!(within, 320);
}

proptest! {
    #[test]
    fn whoever_keeps_to_its_own_window_is_never_refused_however_late_it_arrives(
        sends in proptest::collection::vec(
            (0..6 * HOUR_MS, 0..1200_u64, any::<bool>(), 0..5 * DAY_MS), 1..200,
        ),
    ) {
        let mut own = OwnMeter::new();
        let mut peer = PeerMeter::new(at(0), &QUOTAS);
        let (mut sent_ms, mut came_ms) = (0, 0);
        for (pause_ms, bytes, flash, late_ms) in sends {
            sent_ms += pause_ms;
            let precedence = if flash { Precedence::Flash } else { Precedence::Routine };
            if own.admit(at(sent_ms), &QUOTAS, bytes, precedence) == Verdict::Within {
                // Entries of one log come in order, each at any time after it was sent.
                came_ms = (sent_ms + late_ms).max(came_ms);
                let verdict = peer.admit(at(came_ms), &QUOTAS, bytes, precedence);
                prop_assert_eq!(verdict, Verdict::Within);
            }
        }
    }

    #[test]
    fn meters_come_back_from_their_bytes(
        sends in proptest::collection::vec((0..6 * HOUR_MS, 0..900_u64), 0..100),
        back_at in 0..DAY_MS,
    ) {
        let mut own = OwnMeter::new();
        let mut peer = PeerMeter::new(at(0), &QUOTAS);
        let mut now = at(0);
        for (pause_ms, bytes) in sends {
            now = now.plus_ms(pause_ms);
            own.admit(now, &QUOTAS, bytes, Precedence::Flash);
            peer.admit(now, &QUOTAS, bytes, Precedence::Flash);
        }
        let back = Now { wall_ms: now.wall_ms, mono_ms: back_at };
        let again = OwnMeter::decode(&own.encode(now), back).unwrap();
        prop_assert_eq!(again.entries.sum(back, DAY_MS), own.entries.sum(now, DAY_MS));
        prop_assert_eq!(again.encode(back), own.encode(now));
        let again = PeerMeter::decode(&peer.encode(now), back).unwrap();
        prop_assert_eq!(again.encode(back), peer.encode(now));
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        prop_assert!(OwnMeter::decode(&bytes, at(0)).is_err());
        prop_assert!(PeerMeter::decode(&bytes, at(0)).is_err());
    }
}
