//! What the reader takes and what it refuses, with the row and the key it names.

use super::*;

#[test]
fn a_sound_document_is_read_whole() {
    let scenario = parse(HELLO);
    assert_eq!(scenario.start_ms, 1_699_466_400_000);
    assert_eq!(scenario.parties.len(), 2);
    assert_eq!(scenario.party_of(&name("south-post")).unwrap().name, name("south"));
    assert_eq!(scenario.other_sides(&name("north-post")).count(), 1);
    assert_eq!(scenario.routes[1].by, RouteKind::Mediator(name("harbour")));
    assert!(scenario.charter.release[0].emergency_single);
    let step = scenario.step(&name("hello")).unwrap();
    assert_eq!(step.timing, Timing::At(60_000));
    let Act::Send(message) = &step.act else { panic!("not a message") };
    assert_eq!((message.post.as_str(), message.release.len()), ("north-post", 1));
    let stored = Expect::Stored { of: name("hello"), at: name("south-post") };
    assert_eq!(step.expect[0].what, stored, "a message is expected to be stored");
}

#[test]
fn the_text_of_a_field_is_not_in_debug_nor_in_an_error() {
    let scenario = parse(HELLO);
    assert!(!format!("{scenario:?}").contains("secret"));
    let player_action = {
        let mut player = Player::new(&scenario);
        player.next(60_000, &Observed::new())
    };
    assert!(!format!("{player_action:?}").contains("secret"));
    let fault = refused(&HELLO.replace("language = \"en\"", "").replace("\"a secret word\"", "7"));
    assert!(!fault.to_string().contains("secret"));
}

#[test]
fn an_unknown_key_is_named_with_its_row() {
    let fault = refused(&HELLO.replace("language", "langauge"));
    assert_eq!(fault.code(), "KE-1003", "the missing key is seen first: {fault}");
    let fault = refused(&format!("{HELLO}colour = \"red\"\n"));
    let row = format!("{HEAD}{HELLO}").lines().count() + 1;
    assert_eq!((fault.code(), fault.row()), ("KE-1004", row));
    assert!(fault.to_string().contains("`step[1].colour`"), "{fault}");
    for (table, key) in [("[pace]", "pace.x"), ("[charter.quotas]", "charter.quotas.x")] {
        let text = HEAD.replace(table, &format!("{table}\nx = 1"));
        let fault = Scenario::parse(&text).unwrap_err();
        assert!(fault.to_string().contains(&format!("`{key}`")), "{fault}");
    }
}

#[test]
fn a_missing_key_is_named_with_what_was_expected() {
    for key in ["seed = 7", "aim = ", "start = ", "kind = ", "format = 1", "interval = "] {
        let without: String = HEAD
            .lines()
            .filter(|row| !row.starts_with(key))
            .map(|row| format!("{row}\n"))
            .collect();
        let fault = Scenario::parse(&without).unwrap_err();
        assert_eq!(fault.code(), "KE-1003", "{key}: {fault}");
    }
}

#[test]
fn wrong_values_are_refused() {
    for (old, new) in [
        ("kind = \"rehearsal\"", "kind = \"real\""),
        ("seed = 7", "seed = -7"),
        ("seed = 7", "seed = \"7\""),
        ("start = \"2023-11-08T18:00:00Z\"", "start = \"2023-11-08T18:00:00\""),
        ("zones = [\"Asia/Damascus\"]", "zones = [\"asia; rm\"]"),
        ("name = \"north-south\"", "name = \"North South\""),
        ("roles = [\"releasing\"]", "roles = [\"king\"]"),
        ("roles = [\"releasing\"]", "roles = []"),
        ("escalate = \"00:05:00\"", "escalate = \"00:02:00\""),
        ("format = 1", "format = 2"),
        ("title = { en = \"North\" }", "title = { en = 3 }"),
    ] {
        assert!(HEAD.contains(old), "{old}");
        let fault = Scenario::parse(&HEAD.replace(old, new)).unwrap_err();
        assert_eq!(fault.code(), "KE-1005", "{new}: {fault}");
    }
}

#[test]
fn a_caption_is_there_in_every_language_of_the_line_and_in_no_other() {
    let text = HEAD.replacen("languages = [\"en\"]", "languages = [\"en\", \"fa\"]", 1);
    assert_eq!(Scenario::parse(&text).unwrap_err().code(), "KE-1003");
    let text = HEAD.replace("{ en = \"North\" }", "{ en = \"North\", fr = \"Nord\" }");
    assert_eq!(Scenario::parse(&text).unwrap_err().code(), "KE-1004");
}

#[test]
fn names_must_be_declared_before_they_are_used_and_only_once() {
    let fault = refused(&HELLO.replace("north-watch", "west-watch"));
    assert_eq!(fault.code(), "KE-1006");
    assert!(fault.to_string().contains("`north-watch`"), "it lists whom there is: {fault}");
    assert_eq!(refused(&format!("{HELLO}{HELLO}")).code(), "KE-1007");
    let again = HEAD.replace("name = \"harbour\"", "name = \"south\"");
    assert_eq!(Scenario::parse(&again).unwrap_err().code(), "KE-1007");
    let later = HELLO.replace("at = \"00:01:00\"", "after = \"hello\"");
    assert_eq!(refused(&later).code(), "KE-1006", "a step cannot come after itself");
    let serial = |text: &str| HELLO.replace("a secret word", text);
    assert_eq!(refused(&serial("@nobody")).code(), "KE-1006");
    assert_eq!(refused(&serial("@No Name")).code(), "KE-1005");
    let of =
        "[[step]]\nname=\"a\"\nat=\"00:00:00\"\ndo=\"read-back\"\nby=\"south-watch\"\nof=\"x\"\n";
    assert_eq!(refused(of).code(), "KE-1006");
}

#[test]
fn steps_do_not_go_back_in_time() {
    let before = HELLO.replace("hello", "before").replace("00:01:00", "00:00:30");
    assert_eq!(refused(&format!("{HELLO}{before}")).code(), "KE-1005");
}

#[test]
fn every_fault_has_its_own_keys_and_no_others() {
    let fault = |keys: &str| format!("[[fault]]\nname = \"f\"\nat = \"00:00:01\"\n{keys}\n");
    for keys in [
        "do = \"cut-route\"\nroute = \"straight\"",
        "do = \"restore-route\"\nroute = \"straight\"",
        "do = \"delay-route\"\nroute = \"straight\"\ndelay = \"00:00:02\"",
        "do = \"lose-frames\"\nroute = \"straight\"\nper-mille = 10",
        "do = \"repeat-frames\"\nroute = \"straight\"\nper-mille = 10",
        "do = \"crash\"\npost = \"south-post\"",
        "do = \"restart\"\npost = \"south-post\"",
        "do = \"move-clock\"\npost = \"south-post\"\namount = \"00:10:00\"\ndirection = \"back\"",
        "do = \"byzantine\"\npost = \"south-post\"\nact = \"fork\"",
    ] {
        assert_eq!(parse(&fault(keys)).faults.len(), 1, "{keys}");
        assert_eq!(refused(&fault(&format!("{keys}\nx = 1"))).code(), "KE-1004", "{keys}");
    }
    assert_eq!(refused(&fault("do = \"curse\"\npost = \"south-post\"")).code(), "KE-1005");
    assert!(
        !parse(&fault("do = \"crash\"\npost = \"south-post\"")).faults[0]
            .act
            .fits(khatt_record::Kind::Drill)
    );
}

#[test]
fn an_expect_row_says_exactly_one_thing() {
    let with = |row: &str| format!("{HELLO}[[step.expect]]\n{row}\n");
    for row in [
        "stored = \"south-post\"",
        "level = \"A2\"\nby = \"south-post\"",
        "never = \"A2\"\nby = \"south-post\"\nwithin = \"00:00:10\"",
        "read-back = \"mismatch\"\nby = \"south-post\"",
        "test-answered = \"south-post\"",
        "alarm = \"KA-0101\"",
        "cleared = \"KA-0101\"\nat = \"south-post\"",
        "refused = \"KC-0101\"",
    ] {
        assert_eq!(parse(&with(row)).steps[0].expect.len(), 1, "{row}");
    }
    for row in ["", "stored = \"south-post\"\nalarm = \"KA-0101\"", "level = \"A2\""] {
        assert_eq!(refused(&with(row)).code(), "KE-1003", "{row}");
    }
    assert_eq!(refused(&with("level = \"A0\"\nby = \"south-post\"")).code(), "KE-1005");
}

#[test]
fn what_is_not_toml_or_too_long_is_refused_and_nothing_panics() {
    let fault = refused("[[step]\n");
    assert_eq!(fault.code(), "KE-1002");
    assert_eq!(fault.row(), HEAD.lines().count() + 1);
    let long = "#".repeat(MAX_DOCUMENT_BYTES + 1);
    assert_eq!(Scenario::parse(&long).unwrap_err().code(), "KE-1001");
    let deep = format!("x = {}", "[".repeat(10_000));
    assert_eq!(Scenario::parse(&deep).unwrap_err().code(), "KE-1002");
    let whole = format!("{HEAD}{HELLO}");
    for cut in (0..whole.len()).step_by(7) {
        let _ = Scenario::parse(&whole[..cut]);
        let _ = Scenario::parse(&format!("{}\u{0}٣{}", &whole[..cut], &whole[cut..]));
    }
    let many = "[[step]]\n".repeat(MAX_STEPS + 1);
    assert_eq!(refused(&many).code(), "KE-1005");
}

#[test]
fn the_pauses_of_all_steps_make_up_the_run() {
    let second = HELLO.replace("hello", "again").replace("at =", "reading = 3\nat =");
    let scenario = parse(&format!("{HELLO}{second}"));
    assert_eq!(scenario.pause_ms(&name("hello")), 15_000);
    assert_eq!(scenario.pause_ms(&name("again")), 45_000);
    assert_eq!(scenario.pause_ms(&name("nobody")), 0);
}
