//! The watch desk over HTTP: who gets in, what a display may not do, deeds from screen to screen.

mod browser;
mod cdp;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use khatt::rehearse;

/// A rehearsal that goes on, with the desks of both sides.
struct Held {
    _dir: tempfile::TempDir,
    home: PathBuf,
    child: Child,
    north: Url,
    south: Url,
}

/// Where a desk is.
#[derive(Clone)]
struct Url {
    host: String,
    port: u16,
    key: String,
}

/// One screen: a client that keeps its cookie.
struct Screen {
    url: Url,
    cookie: String,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Held {
    /// Plays the scenario up to a step and holds it there.
    fn until(step: &str) -> Self {
        let mark = format!("[[step]]\nname = \"{step}\"");
        let (text, _) = rehearse::DEFAULT.split_once(&mark).expect("there is such a step");
        Self::play(text)
    }

    fn play(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let scenario = dir.path().join("scenario.toml");
        fs::write(&scenario, text).unwrap();
        let home = dir.path().join("r");
        let mut child = Command::new(env!("CARGO_BIN_EXE_khatt"))
            .args(["rehearse", "--fast", "--hold", "--json"])
            .arg(&scenario)
            .arg("--dir")
            .arg(&home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let (mut urls, mut seen) = (Vec::new(), Vec::new());
        for row in BufReader::new(child.stdout.take().unwrap()).lines() {
            let row: serde_json::Value = serde_json::from_str(&row.unwrap()).unwrap();
            if row["row"] == "desk" {
                urls.push(Url::read(row["url"].as_str().unwrap()));
            }
            if row["row"] == "held" {
                break;
            }
            seen.push(row);
        }
        assert_eq!(urls.len(), 2, "{seen:?}");
        let south = urls.pop().unwrap();
        Self { _dir: dir, home, child, north: urls.pop().unwrap(), south }
    }
}

impl Url {
    fn read(text: &str) -> Self {
        let rest = text.strip_prefix("http://").unwrap();
        let (place, key) = rest.split_once("/enter/").unwrap();
        let (host, port) = place.rsplit_once(':').unwrap();
        Self { host: host.to_owned(), port: port.parse().unwrap(), key: key.to_owned() }
    }

    fn way_in(&self) -> String {
        format!("http://{}:{}/enter/{}", self.host, self.port, self.key)
    }

    fn origin(&self) -> String {
        format!("http://{}:{}", self.host, self.port)
    }

    /// Sends a request as it is and reads the whole answer.
    fn raw(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    fn get_as(&self, host: &str, path: &str) -> Answer {
        self.raw(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
    }

    fn host_port(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl Screen {
    fn enter(url: &Url) -> Self {
        let answer = url.get_as(&url.host_port(), &format!("/enter/{}", url.key));
        assert_eq!(answer.status, 303, "{}", answer.head);
        let mut screen = Self { url: url.clone(), cookie: String::new() };
        screen.keep(&answer);
        screen
    }

    fn keep(&mut self, answer: &Answer) {
        if let Some((_, rest)) = answer.head.split_once("set-cookie: __host-khatt-desk=") {
            let number = rest.split(';').next().unwrap();
            self.cookie = format!("__Host-khatt-desk={number}");
        }
    }

    fn get(&self, path: &str) -> Answer {
        self.url.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\nConnection: close\r\n\r\n",
            self.url.host_port(),
            self.cookie
        ))
    }

    fn page(&self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// The token of this session's forms.
    fn token(&self) -> String {
        let page = self.page("/line");
        page.split("data-token=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    fn post_with(&mut self, path: &str, site: &str, fields: &[(&str, &str)]) -> Answer {
        let form: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", coded(name), coded(value)))
            .collect();
        let form = form.join("&");
        let answer = self.url.raw(&format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n{site}Content-Type: \
             application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{form}",
            self.url.host_port(),
            self.cookie,
            form.len()
        ));
        self.keep(&answer);
        answer
    }

    fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token();
        let mut all = vec![("t", token.as_str())];
        all.extend(fields);
        self.post_with(path, "Sec-Fetch-Site: same-origin\r\n", &all)
    }

    fn sit(url: &Url, officer: &str) -> Self {
        let mut screen = Self::enter(url);
        let sat = screen.post("/sit", &[("officer", officer)]);
        assert_eq!(sat.status, 303, "{}", sat.body);
        screen
    }

    /// The path of the first message of the traffic whose row holds these words.
    fn message(&self, words: &str) -> String {
        let page = self.page("/");
        let row = page.split("<article").find(|row| row.contains(words));
        let row = row.unwrap_or_else(|| panic!("no row with {words}: {page}"));
        let path = row.split("href=\"").nth(1).unwrap().split('"').next().unwrap();
        path.to_owned()
    }
}

impl Answer {
    fn location(&self) -> String {
        let (_, rest) = self.head.split_once("location: ").expect("it leads on");
        rest.lines().next().unwrap().trim().to_owned()
    }
}

fn coded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

const HOSTILE: &str = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'&{{7*7}}";

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
