//! What the player does: order, time, waiting, and every way in which a run fails.

use khatt_forms::Relation;
use khatt_record::{EntryId, PostIndex};

use super::host::{honest, play};
use super::*;

const ACKNOWLEDGE: &str = r#"
[[step]]
name = "has-it"
at = "00:02:00"
by = "south-watch"
do = "acknowledge"
of = "hello"
level = "A2"
"#;

fn entry(log: u8, index: u64) -> EntryId {
    EntryId { log: PostIndex(log), index }
}

fn fault_of(end: Next) -> StepFault {
    match end {
        Next::Failed(fault) => fault,
        other => panic!("the run did not fail: {other:?}"),
    }
}

#[test]
fn steps_are_done_in_order_and_at_their_time() {
    let scenario = parse(&format!(
        "{HELLO}{ACKNOWLEDGE}\
         [[step]]\nname = \"rest\"\nafter = \"has-it\"\ndo = \"wait\"\nfor = \"00:05:00\"\n\
         [[step]]\nname = \"wrong\"\nafter = \"rest\"\ndo = \"read-back\"\nby = \"south-watch\"\n\
         of = \"hello\"\noverrides = {{ text = \"x\" }}\n\
         [[step]]\nname = \"right\"\nafter = \"wrong\"\ndelay = \"00:00:10\"\ndo = \"read-back\"\n\
         by = \"south-watch\"\nof = \"hello\"\n\
         [[step]]\nname = \"yes\"\nafter = \"right\"\ndo = \"answer\"\nby = \"south-watch\"\n\
         of = \"hello\"\nanswer = \"yes\"\n\
         [[step]]\nname = \"test\"\nafter = \"yes\"\ndo = \"line-test\"\nby = \"south-post\"\n"
    ));
    let (acts, end) = play(&scenario, honest);
    assert_eq!(end, Next::Done);
    let expected = [
        ("hello", 60_000),
        ("has-it", 120_000),
        ("wrong", 420_000),
        ("right", 430_000),
        ("yes", 430_000),
        ("test", 430_000),
    ];
    let acts: Vec<_> = acts.iter().map(|(step, ms)| (step.as_str(), *ms)).collect();
    assert_eq!(acts, expected);
}

#[test]
fn references_are_given_as_entries() {
    let reply = HELLO
        .replace("hello", "reply")
        .replace("north-watch", "south-watch")
        .replace("release = [\"north-release\"]", "thread = \"hello\"")
        .replace("fields = { text", "fields = { message = \"@hello\", text")
        + "refer = [{ relation = \"answers\", step = \"hello\" }]\n";
    let scenario = parse(&format!("{HELLO}{reply}"));
    let (_, end) = play(&scenario, |action, _| {
        if let ActionKind::Send(sending) = &action.kind
            && action.step == name("reply")
        {
            assert_eq!(sending.references, [(Relation::Answers, entry(0, 1))]);
            assert_eq!(sending.thread, Some(entry(0, 1)));
            let inputs = sending.inputs(|entry| format!("N-{}", entry.index));
            assert_eq!(inputs[0], ("message".to_owned(), "N-1".to_owned()));
            assert_eq!(inputs[1].1, "a secret word");
        }
        false
    });
    assert_eq!(end, Next::Done);
}

#[test]
fn an_acknowledgement_waits_until_the_message_is_there() {
    let scenario = parse(&format!("{HELLO}{ACKNOWLEDGE}"));
    let mut player = Player::new(&scenario);
    let mut observed = Observed::new();
    assert_eq!(player.next(0, &observed), Next::WaitUntil(60_000));
    assert!(matches!(player.next(60_000, &observed), Next::Act(_)));
    assert_eq!(player.next(60_000, &observed), Next::WaitUntil(120_000), "given only once");
    observed.note(Observation::Recorded { step: name("hello"), entry: entry(0, 1) });
    assert_eq!(player.next(60_100, &observed), Next::WaitUntil(120_000));
    assert_eq!(player.next(120_000, &observed), Next::WaitUntil(180_100), "stored nowhere yet");
    observed.note(Observation::Stored { entry: entry(0, 1), at: name("south-post") });
    let Next::Act(action) = player.next(121_000, &observed) else { panic!("not ready") };
    assert_eq!(action.step, name("has-it"));
    assert_eq!(player.completed_ms(&name("hello")), Some(121_000));
    assert_eq!(player.progress(), (1, 2));
}

#[test]
fn a_message_that_never_arrives_fails_its_own_step() {
    let (_, end) = play(&parse(&format!("{HELLO}{ACKNOWLEDGE}")), |action, observed| {
        observed.note(Observation::Recorded { step: action.step.clone(), entry: entry(0, 1) });
        true
    });
    let fault = fault_of(end);
    assert_eq!((fault.code(), fault.step()), ("KE-2005", &name("hello")));
    assert_eq!(
        fault.to_string(),
        "step `hello`: expected `hello` stored at south-post by 00:03:00; \
         seen instead: entry 0/1 stored at no other post"
    );
}

#[test]
fn a_step_whose_message_is_not_at_hand_fails_in_time() {
    let hello = format!("{HELLO}[[step.expect]]\nalarm = \"KA-0001\"\nwithin = \"24:00:00\"\n");
    let (_, end) = play(&parse(&format!("{hello}{ACKNOWLEDGE}")), |action, observed| {
        observed.note(Observation::Recorded { step: action.step.clone(), entry: entry(0, 1) });
        true
    });
    let fault = fault_of(end);
    assert_eq!((fault.code(), fault.step()), ("KE-2001", &name("has-it")));
    assert!(fault.to_string().ends_with("was not at south-post by 00:04:00"), "{fault}");
}

#[test]
fn a_host_that_does_nothing_is_not_waited_for_for_ever() {
    let (_, end) = play(&parse(HELLO), |_, _| true);
    assert_eq!(fault_of(end).code(), "KE-2002");
}

#[test]
fn a_refusal_must_be_expected_and_have_the_expected_code() {
    let refuse: host::Instead = |action, observed| {
        let (step, code) = (action.step.clone(), word("KC-0401"));
        observed.note(Observation::Refused { step, code });
        true
    };
    assert_eq!(fault_of(play(&parse(HELLO), refuse).1).code(), "KE-2003");
    let row = |code: &str| parse(&format!("{HELLO}[[step.expect]]\nrefused = \"{code}\"\n"));
    assert_eq!(play(&row("KC-0401"), refuse).1, Next::Done);
    assert_eq!(fault_of(play(&row("KC-0402"), refuse).1).code(), "KE-2003");
    assert_eq!(fault_of(play(&row("KC-0401"), honest).1).code(), "KE-2004");
}

#[test]
fn a_lower_level_is_never_inferred_from_a_higher_one() {
    let steps = format!(
        "{HELLO}{}[[step.expect]]\nlevel = \"A2\"\n",
        ACKNOWLEDGE.replace("level = \"A2\"", "level = \"A4\"")
    );
    let fault = fault_of(play(&parse(&steps), honest).1);
    assert_eq!(fault.code(), "KE-2005");
    assert!(fault.to_string().ends_with("seen instead: A4"), "{fault}");
}

#[test]
fn a_level_that_must_not_come_breaks_the_run_and_its_absence_ends_the_window() {
    let never = "[[step.expect]]\nnever = \"A2\"\nby = \"south-post\"\nwithin = \"00:01:30\"\n";
    let (acts, end) = play(&parse(&format!("{HELLO}{never}")), honest);
    assert_eq!((acts.len(), end), (1, Next::Done));
    let fault = fault_of(play(&parse(&format!("{HELLO}{never}{ACKNOWLEDGE}")), honest).1);
    assert_eq!((fault.code(), fault.step()), ("KE-2006", &name("hello")));
}

#[test]
fn an_old_read_back_does_not_stand_for_a_new_one() {
    let twice = |second: &str| {
        format!(
            "{HELLO}[[step]]\nname = \"first\"\nat = \"00:02:00\"\ndo = \"read-back\"\n\
             by = \"south-watch\"\nof = \"hello\"\n\
             [[step]]\nname = \"second\"\nat = \"00:03:00\"\ndo = \"read-back\"\n\
             by = \"south-watch\"\nof = \"hello\"\n{second}"
        )
    };
    assert_eq!(play(&parse(&twice("")), honest).1, Next::Done);
    let wrong = parse(&twice("[[step.expect]]\nread-back = \"mismatch\"\n"));
    let fault = fault_of(play(&wrong, honest).1);
    assert_eq!((fault.code(), fault.step()), ("KE-2005", &name("second")));
    assert!(fault.to_string().contains("a match, a match"), "{fault}");
}

#[test]
fn alarms_are_standing_or_cleared() {
    let step = |row: &str| {
        format!(
            "[[step]]\nname = \"look\"\nat = \"00:00:10\"\ndo = \"expect\"\n[[step.expect]]\n{row}"
        )
    };
    let stands = parse(&step("alarm = \"KA-0101\"\nat = \"north-post\"\n"));
    let cleared = parse(&step("cleared = \"KA-0101\"\nat = \"north-post\"\n"));
    let (at, code) = (name("north-post"), word("KA-0101"));
    let mut observed = Observed::new();
    observed.note(Observation::Alarm { at: at.clone(), code: code.clone() });
    assert_eq!(Player::new(&stands).next(10_000, &observed), Next::Done);
    assert_eq!(Player::new(&cleared).next(10_000, &observed), Next::WaitUntil(130_000));
    observed.note(Observation::Cleared { at, code });
    assert_eq!(Player::new(&cleared).next(10_000, &observed), Next::Done);
    let mut player = Player::new(&stands);
    assert_eq!(player.next(10_000, &observed), Next::WaitUntil(130_000));
    let fault = fault_of(player.next(130_000, &observed));
    assert!(fault.to_string().ends_with("standing there: no alarm"), "{fault}");
    assert_eq!(fault_of(player.next(0, &observed)), fault, "a failed run stays failed");
}

#[test]
fn faults_come_at_their_time_beside_the_steps() {
    let scenario = parse(&format!(
        "{HELLO}[[step]]\nname = \"back\"\nat = \"00:03:00\"\ndo = \"restore-route\"\nroute = \"straight\"\n\
         [[fault]]\nname = \"cut\"\nat = \"00:02:00\"\ndo = \"cut-route\"\nroute = \"straight\"\n\
         [[fault]]\nname = \"late\"\nat = \"01:00:00\"\ndo = \"crash\"\npost = \"south-post\"\n"
    ));
    let (acts, end) = play(&scenario, honest);
    assert_eq!(end, Next::Done);
    let acts: Vec<_> = acts.iter().map(|(step, ms)| (step.as_str(), *ms)).collect();
    assert_eq!(acts, [("hello", 60_000), ("cut", 120_000), ("back", 180_000)]);
}
