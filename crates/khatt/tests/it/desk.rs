//! The watch desk over HTTP: who gets in, what a display may not do, deeds from screen to screen.

mod held;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use held::{HOSTILE, Held, Screen, Url};

use super::commands::Table;

#[test]
fn stranger_learns_nothing_and_other_names_and_sites_are_refused() {
    let held = Held::until("demand");
    let (north, own) = (&held.north, held.north.host_port());
    assert_eq!(north.host, "north-post.rehearsal.localhost");
    assert_ne!(north.host, held.south.host, "no cookie of one desk reaches the other");
    let closed = north.get_as(&own, "/");
    assert_eq!(closed.status, 401);
    assert!(!closed.body.contains("north"), "{}", closed.body);
    for header in
        ["default-src 'none'", "require-trusted-types-for 'script'", "nosniff", "no-store"]
    {
        assert!(closed.head.contains(header), "{header}: {}", closed.head);
    }
    assert_eq!(north.get_as("evil.example", "/").status, 421);
    assert_eq!(north.get_as(&held.south.host_port(), "/").status, 421);
    assert_eq!(north.get_as(&own, "/enter/0123").status, 403);
    let led = north.get_as(&format!("127.0.0.1:{}", north.port), "/line");
    assert_eq!((led.status, led.location()), (303, format!("http://{own}/")));

    let entered = north.get_as(&own, &format!("/enter/{}", north.key));
    for flag in ["; path=/", "; secure", "; httponly", "; samesite=strict"] {
        assert!(entered.head.contains(flag), "{}", entered.head);
    }
    let mut screen = Screen::enter(north);
    assert!(screen.page("/").contains("REHEARSAL – NOT REAL"));
    let token = screen.token();
    let deed = [("t", token.as_str())];
    for site in ["", "Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n"] {
        assert_eq!(screen.post_with("/line/test", site, &deed).status, 403, "{site}");
    }
    let display = screen.post("/line/test", &[]);
    assert!(display.status == 403 && display.body.contains("This screen is a display."));
    let mut officer = Screen::sit(north, "north-watch");
    let stale = officer.post_with("/line/test", "Sec-Fetch-Site: same-origin\r\n", &deed);
    assert_eq!(stale.status, 403, "a form of another session");
    assert_eq!(officer.post("/line/test", &[]).status, 303);
    // The way in goes with the desk.
    let file = held.home.join("north/desk.url");
    assert_eq!(fs::read_to_string(file).unwrap().trim(), north.way_in());
}

#[test]
fn step_that_an_officer_states_is_seen_at_the_other_desk_and_no_other_step() {
    let held = Held::until("demand-held");
    let south = Screen::sit(&held.south, "south-watch");
    let north = Screen::enter(&held.north);
    let path = north.message("row p ours").split('?').next().unwrap().to_owned();
    let before = north.page(&path);
    assert!(before.contains("<li class=\"taken\"><span>A1 stored at the receiving post</span>"));
    assert!(!before.contains("<li class=\"taken\"><span>A2"), "nobody has stated it");
    assert!(before.contains("Acknowledgement is not agreement, approval or clearance."));
    let mut south = south;
    let wrong = south.post(&format!("{path}/state"), &[("level", "3")]);
    assert!(wrong.status == 422 && wrong.body.contains("KD-1004"), "A3 only by reading back");
    let stated = south.post(&format!("{path}/state"), &[("level", "2")]);
    assert_eq!(stated.location(), format!("{path}?done=stated"));
    let mut seen = String::new();
    for _ in 0..200 {
        seen = north.page(&path);
        if seen.contains("<li class=\"taken\"><span>A2") {
            break;
        }
    }
    assert!(seen.contains("<li class=\"taken\"><span>A2 operator has it</span>"), "{seen}");
    for level in ["A3", "A4", "A5", "A6"] {
        assert!(!seen.contains(&format!("<li class=\"taken\"><span>{level}")), "{level}");
    }
    let journal = south.page("/log");
    assert!(journal.contains("south-watch"), "who took the watch is in the journal");
}

#[test]
fn message_is_written_by_one_officer_and_released_by_another_who_types_it_back() {
    let mut held = Held::until("demand");
    let mut drafter = Screen::sit(&held.north, "north-watch");
    let fields = [
        ("do", "draft"),
        ("precedence", "1"),
        ("written", "en"),
        ("f.facts", HOSTILE),
        ("f.norm", "norm-safety"),
        ("f.consequence", "We will act."),
    ];
    let check = drafter.post("/compose/warning/check", &fields[..4]);
    assert!(check.body.contains("Not yet in order"), "{}", check.body);
    let drafted = drafter.post("/compose/warning", &fields);
    assert_eq!(drafted.status, 303, "{}", drafted.body);
    let draft = drafted.location();
    let shown = drafter.page(&draft);
    assert!(shown.contains("&#60;script&#62;alert(2)"), "{shown}");
    assert!(!shown.contains("<script>alert") && !shown.contains("<img src=x"));
    let blind = drafter.page(&format!("{draft}/release"));
    assert!(!blind.contains("We will act."), "the values are typed unseen");
    let part = |page: &str, mark: &str| {
        page.split(mark).nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let digest = part(&blind, "name=\"digest\" value=\"");

    let own = drafter.post(
        &format!("{draft}/release"),
        &[("digest", &digest), ("f.consequence", "We will act.")],
    );
    assert_eq!(own.status, 422, "the drafter is no second officer: {}", own.body);
    let mut releaser = Screen::sit(&held.north, "north-release");
    let slip = releaser.post(
        &format!("{draft}/release"),
        &[("digest", &digest), ("f.consequence", "We will not act.")],
    );
    assert!(slip.status == 422 && slip.body.contains("KC-2016"), "{}", slip.body);
    let other = "0".repeat(64);
    let other = releaser.post(
        &format!("{draft}/release"),
        &[("digest", &other), ("f.consequence", "We will act.")],
    );
    assert!(other.status == 422 && other.body.contains("KD-1003"), "{}", other.body);
    let released = releaser.post(
        &format!("{draft}/release"),
        &[("digest", &digest), ("f.consequence", "We will act.")],
    );
    assert_eq!(released.status, 303, "{}", released.body);
    let path = released.location().split('?').next().unwrap().to_owned();

    let south = Screen::enter(&held.south);
    let mut found = 404;
    for _ in 0..500 {
        let answer = south.get(&path);
        found = answer.status;
        if found == 200 {
            assert!(!answer.body.contains("<script>alert") && answer.body.contains("&#60;script"));
            break;
        }
    }
    assert_eq!(found, 200, "it has come");
    // What the desk did is what the record holds, and it verifies.
    let charter = fs::read(held.home.join("charter.khatt")).unwrap();
    let charter = khatt_record::SignedCharter::from_bytes(&charter).unwrap();
    let anchor = khatt_record::verify::Anchor::Charter(Box::new(charter));
    let report = khatt::verify::verify_file(&exported(&mut held), &anchor).unwrap();
    assert_eq!(report.answer(), khatt_record::verify::Answer::PartiesEstablished);
    let index: u64 = path.rsplit('/').next().unwrap().parse().unwrap();
    assert!(report.posts[0].entries > index, "the record holds what was released at the desk");
}

/// Kills the posts, as a machine might, and writes North's record.
fn exported(held: &mut Held) -> PathBuf {
    held.child.kill().unwrap();
    held.child.wait().unwrap();
    let file = held.home.join("again.khatt");
    let said = Command::new(env!("CARGO_BIN_EXE_khatt"))
        .args(["record", "export"])
        .arg(held.home.join("north"))
        .arg("-o")
        .arg(&file)
        .output()
        .unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    file
}

#[test]
fn every_page_is_there_in_three_languages_and_mirrors() {
    let held = Held::until("refusal");
    let mut screen = Screen::sit(&held.north, "north-watch");
    for (language, dir) in [("en", "ltr"), ("ar", "rtl"), ("fa", "rtl")] {
        for theme in ["day", "night"] {
            let looked = screen.post("/look", &[("language", language), ("theme", theme)]);
            assert_eq!(looked.status, 303);
            let message = screen.message("<h3");
            for path in ["/", "/?all=1", "/line", "/log", "/alarms", "/sit", "/compose", &message] {
                let page = screen.page(path);
                let head =
                    format!("<html lang=\"{language}\" dir=\"{dir}\" data-theme=\"{theme}\"");
                assert!(page.contains(&head), "{path}");
                assert!(page.contains("data-kind=\"rehearsal\""), "{path}");
            }
        }
    }
    assert_eq!(screen.get("/message/9/9").status, 422);
    assert_eq!(screen.get("/message/x/9").status, 400);
    assert_eq!(screen.get("/nowhere").status, 404);
    let stream = screen.get("/assets/desk.js");
    assert!(stream.head.contains("text/javascript"));
}

#[test]
fn officer_of_a_running_post_gives_the_passphrase_for_every_act() {
    let table = Table::opened();
    let _running = table.run("north --desk 0 --desk-zones Asia/Damascus,Asia/Baghdad,Asia/Tehran");
    let way_in = fs::read_to_string(table.path("north/desk.url")).unwrap();
    let url = Url::read(way_in.trim());
    let mut screen = Screen::enter(&url);
    assert!(screen.page("/").contains("Tehran · them"));
    let wrong = screen.post("/sit", &[("officer", "watch"), ("secret", "a passphrase for duty")]);
    assert!(wrong.status == 422 && wrong.body.contains("KK-1202"), "{}", wrong.body);
    let right = [("officer", "watch"), ("secret", "a passphrase for watch")];
    assert_eq!(screen.post("/sit", &right).status, 303);
    assert!(screen.page("/").contains("<bdi>watch</bdi>"));

    let without = screen.post("/line/test", &[]);
    assert!(
        without.status == 422 && without.body.contains("KK-1202"),
        "a session alone does nothing"
    );
    let with = screen.post("/line/test", &[("secret", "a passphrase for watch")]);
    assert_eq!(with.status, 303, "{}", with.body);
    for _ in 0..5 {
        screen.post("/line/test", &[("secret", "guessed")]);
    }
    let locked = screen.post("/line/test", &[("secret", "a passphrase for watch")]);
    assert_eq!(locked.status, 429, "guessing is slow");
    assert!(screen.page("/log").contains("Wrong passphrase for"));
    let refused = table.say("post run south --desk 192.0.2.1:80");
    assert!(refused.err.contains("KD-1001"), "{}", refused.err);
}

#[test]
fn two_hundred_screens_are_told_of_a_row() {
    let held = Held::until("demand-held");
    let mut officer = Screen::sit(&held.south, "south-watch");
    let path = officer.message("row p theirs");
    let streams: Vec<_> = (0..200)
        .map(|_| {
            let screen = Screen::enter(&held.south);
            let mut stream = TcpStream::connect(("127.0.0.1", held.south.port)).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            let ask = format!(
                "GET /stream HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n",
                held.south.host_port(),
                screen.cookie
            );
            stream.write_all(ask.as_bytes()).unwrap();
            let mut reader = BufReader::new(stream);
            wait_for(&mut reader, "event: hello");
            reader
        })
        .collect();
    let since = Instant::now();
    let stated = officer.post(&format!("{path}/state"), &[("level", "2")]);
    assert_eq!(stated.status, 303, "{}", stated.body);
    let answered = since.elapsed();
    for mut reader in streams {
        wait_for(&mut reader, "event: row");
    }
    println!(
        "stated in {answered:?}; the last of 200 screens had the row after {:?}",
        since.elapsed()
    );
}

fn wait_for(reader: &mut impl BufRead, mark: &str) {
    let mut row = String::new();
    while !row.contains(mark) {
        row.clear();
        assert!(reader.read_line(&mut row).unwrap() > 0, "the stream ended before {mark}");
    }
}
