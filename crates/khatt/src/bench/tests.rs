use super::*;

#[test]
fn figures_are_told_to_four_digits() {
    assert_eq!([1234.56, 0.001_234_56, 0.0, -98.765].map(rounded), [1235.0, 0.001235, 0.0, -98.77]);
}

#[test]
fn goal_is_for_the_ratio_where_there_is_a_floor() {
    let row = Row::new("x", 130.0, "us");
    assert_eq!(row.clone().goal(Goal::AtMost(129.0)).met, Some(false));
    assert_eq!(row.clone().over(100.0).goal(Goal::AtMost(1.3)).met, Some(true));
    assert_eq!(row.over(100.0).goal(Goal::AtLeast(1.31)).met, Some(false));
}

#[test]
fn unknown_benchmark_is_refused_with_the_known_ones() {
    let plan =
        Plan { dir: PathBuf::from("."), runs: None, extent: Extent::Quick, disk: Disk::Quiet };
    let error = run(Some("speed"), &plan, &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("latency") && error.contains("catch-up"), "{error}");
}

#[test]
fn frames_keep_to_their_goals() {
    let mut rows = Vec::new();
    frames::run(&mut |row| rows.push(row)).unwrap();
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row.met == Some(true)), "{rows:?}");
}

#[test]
fn figures_of_rounds_are_times_that_were_measured() {
    let mut times = statistics::Times::default();
    for us in [30, 10, 20, 40] {
        times.push(std::time::Duration::from_micros(us));
    }
    assert_eq!([0, 50, 75, 100].map(|share| times.at_us(share).round()), [10.0, 20.0, 30.0, 40.0]);
}

#[test]
fn rendering_is_measured_in_every_language_and_over_a_record() {
    let plan =
        Plan { dir: PathBuf::from("."), runs: Some(3), extent: Extent::Quick, disk: Disk::Quiet };
    let mut rows = Vec::new();
    render::run(&plan, &mut |row| rows.push(row)).unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    assert!(names.contains(&"render.one") && names.contains(&"render.record"), "{names:?}");
    assert!(names.contains(&"render.incident-initial.ar"), "{names:?}");
    assert!(rows.iter().all(|row| row.value > 0.0), "{rows:?}");
}
