//! The command as two parties type it: cards, charter, words, running posts, messages, refusals.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::UdpSocket,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

/// A folder with passphrase files, in which commands are typed.
pub(crate) struct Table {
    dir: tempfile::TempDir,
    /// What every command finds in its environment beside the passphrase.
    variables: Vec<(&'static str, PathBuf)>,
}

pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A post that runs until the test is over.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Said {
    pub(crate) fn json(&self) -> Vec<Value> {
        self.out.lines().map(|row| serde_json::from_str(row).unwrap()).collect()
    }

    pub(crate) fn one(&self) -> Value {
        assert_eq!(self.code, 0, "{}", self.err);
        self.json().remove(0)
    }
}

impl Table {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["post", "watch", "duty"] {
            let path = dir.path().join(format!("{name}.pass"));
            fs::write(&path, format!("a passphrase for {name}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        Self { dir, variables: Vec::new() }
    }

    pub(crate) fn set(&mut self, variable: &'static str, path: PathBuf) {
        self.variables.push((variable, path));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_khatt"));
        command.current_dir(self.dir.path()).env_clear().stdin(Stdio::null());
        command.env("KHATT_PASSPHRASE_FILE", self.path("post.pass"));
        command.envs(self.variables.iter().map(|(name, path)| (name, path)));
        // A quote keeps what is between two of it together.
        for (place, part) in arguments.split('\'').enumerate() {
            if place % 2 == 1 {
                command.arg(part);
            } else {
                command.args(part.split_whitespace());
            }
        }
        command
    }

    pub(crate) fn say(&self, arguments: &str) -> Said {
        let output = self.command(arguments).output().unwrap();
        Said {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn fine(&self, arguments: &str) -> Said {
        let said = self.say(arguments);
        assert_eq!(said.code, 0, "{arguments}\n{}", said.err);
        said
    }

    fn init(&self, name: &str, party: &str) {
        self.init_with(name, party, "");
    }

    /// Makes a post with further options.
    pub(crate) fn init_with(&self, name: &str, party: &str, options: &str) {
        // Asked of the system and given back: nothing else here takes ports in between.
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let listen = socket.local_addr().unwrap();
        drop(socket);
        self.fine(&format!(
            "post init {name} --party {party} --languages en,ar --listen {listen} --ballast 0 \
             --officer watch:watch --officer duty:watch+releasing \
             --officer-passphrase-file watch=watch.pass --officer-passphrase-file duty=duty.pass \
             {options}"
        ));
    }

    /// Two posts with an open line.
    pub(crate) fn opened() -> Self {
        let table = Self::new();
        table.init("north", "North");
        table.init("south", "South");
        table.open_line();
        table
    }

    /// Opens a line between the two posts that were made.
    pub(crate) fn open_line(&self) {
        let table = self;
        table.fine("line propose north --card south/card.khatt --kind rehearsal -o line.khatt");
        for party in ["north", "south"] {
            table.fine(&format!("line sign {party} line.khatt"));
        }
        let words = table.fine("line show line.khatt --json").one()["words"]["ar"].to_string();
        for party in ["north", "south"] {
            table
                .fine(&format!("line open {party} line.khatt --words {}", words.replace('"', "'")));
        }
    }

    pub(crate) fn run(&self, name: &str) -> Running {
        let mut command = self.command(&format!("post run {name}"));
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut row = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut row).unwrap();
        assert!(row.starts_with("The post runs"), "{row}");
        Running(child)
    }
}

pub(crate) const AS_WATCH: &str = "--as watch --officer-passphrase-file watch.pass";
pub(crate) const AS_DUTY: &str = "--as duty --officer-passphrase-file duty.pass";
pub(crate) const FACTS: &str = "--form warning --set 'facts=Fire struck our site.' --set norm=norm-sovereignty \
                     --set 'consequence=We will act.'";

#[test]
fn message_goes_from_draft_to_answer_between_two_running_posts() {
    let table = Table::opened();
    let (_north, _south) = (table.run("north"), table.run("south"));
    let draft = table.fine(&format!("draft new north {FACTS} {AS_WATCH} --json")).one();
    let number = draft["draft"].as_str().unwrap();
    assert_eq!(draft["wanted"], 1);

    let own = table.say(&format!("message release north {number} {AS_WATCH}"));
    assert!(own.err.starts_with("error[KC-2005]"), "{}", own.err);
    let unread = table.say(&format!("message release north {number} {AS_DUTY}"));
    assert!(unread.err.starts_with("error[KC-2015]"), "{}", unread.err);
    let typed = "--set 'consequence=We may act.'";
    let wrong = table.say(&format!("message release north {number} {AS_DUTY} {typed}"));
    assert!(wrong.err.starts_with("error[KC-2016]"), "{}", wrong.err);

    let typed = "--set 'consequence=We will act.'";
    let released = table
        .fine(&format!("message release north {number} {AS_DUTY} {typed} --wait a1 --json"))
        .one();
    let entry = released["entry"].as_str().unwrap().to_owned();
    assert_eq!(released["ladder"]["rungs"][0]["level"], "A1");

    table.fine(&format!("message ack south {entry} --level a2 {AS_WATCH}"));
    table.fine(&format!("message ack south {entry} --level a3 {typed} {AS_WATCH}"));
    let no = "--answer no --reason 'We do not accept this.'";
    table.fine(&format!("message answer south {entry} {no} {AS_WATCH}"));

    let wait = table.say(&format!("message release north {number} {AS_DUTY} {typed} --wait a1"));
    assert_eq!(wait.code, 4, "{}", wait.err);

    let shown = table.fine(&format!("message show south {entry} --json --in ar")).one();
    assert_eq!(shown["text"]["language"], "ar");
    assert_eq!(shown["text"]["differs"], false);
    let levels: Vec<&str> = shown["ladder"]["rungs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rung| rung["level"].as_str().unwrap())
        .collect();
    assert_eq!(levels, ["A1", "A2", "A3", "A6"]);
    assert_eq!(shown["officers"][1][1], "release");

    let listed = table.fine("message list south --json --post North-1");
    assert!(listed.json().iter().any(|row| row["entry"] == entry.as_str()));
    assert_eq!(table.fine("post status north --json").one()["mode"], "running");
    table.fine("line test north");
}

#[test]
fn post_that_was_killed_leaves_a_folder_that_answers_alone_and_runs_again() {
    let table = Table::opened();
    drop(table.run("north"));
    assert_eq!(table.fine("post status north --json").one()["mode"], "alone");
    let draft = table.fine(&format!("draft new north {FACTS} {AS_WATCH} --json")).one();
    let number = draft["draft"].as_str().unwrap().to_owned();
    let _north = table.run("north");
    let listed = table.fine("draft show north --json").one();
    assert_eq!(listed["draft"], number.as_str());
    let back = format!("draft return north {} --reason 'Say which site.' {AS_DUTY}", &number[..8]);
    table.fine(&back);
    let again = table.say(&back);
    assert_eq!((again.code, again.err.contains("KC-2003")), (1, true), "{}", again.err);
    let late = table.say(&format!("message release north {number} {AS_DUTY}"));
    assert!(late.err.contains("error[KC-"), "{}", late.err);
}

#[test]
fn bad_input_is_refused_with_reason_and_remedy_and_leaves_nothing() {
    let table = Table::opened();
    let _north = table.run("north");
    let area = "--form hazard-area --set hazard=hazard-firing --set evacuation=no \
                --set civil-informed=no --set 'heights=ground to FL180'";
    let hours = "--set 'window=2023-11-08T03:30Z .. 2023-11-08T03:50Z'";
    let circle = "--set 'area=circle 6 km 34.4523 N 40.9187 E'";
    // 51.4 N 35.7 E lies in Russia; exchanged it is Tehran.
    let exchanged = "--set 'area=circle 6 km 51.4215 N 35.6944 E'";
    // Clocks in Damascus went from 00:00 to 01:00 that night, and from 00:00 back to 23:00 that one.
    let (skipped, twice) = ("2022-03-25T00:30[Asia/Damascus]", "2021-10-28T23:30[Asia/Damascus]");
    let long = "x".repeat(4001);
    let text = "--form free-text --set subject=subject-other --set 'reason=None fits.'";
    let cases = [
        ("KF-1201", format!("--form hazard-arena {hours}")),
        ("KF-1202", format!("{area} {circle} {hours} --set notes=x")),
        ("KF-1221", format!("{area} {circle} --set 'window=tonight .. 2023-11-08T03:50Z'")),
        ("KF-1222", format!("{area} {circle} --set 'window=2023-11-08T03:30 .. 2023-11-08T03:50'")),
        ("KF-1224", format!("{area} {circle} --set 'window={skipped} .. 2022-03-25T03:50Z'")),
        ("KF-1225", format!("{area} {circle} --set 'window={twice} .. 2021-10-29T03:50Z'")),
        ("KF-1233", format!("{area} {exchanged} {hours}")),
        ("KF-1103", format!("{text} --set 'text=a\u{202e}b'")),
        ("KF-1102", format!("{text} --set 'text={long}'")),
    ];
    for (code, fields) in cases {
        let said = table.say(&format!("draft new north {fields} {AS_WATCH}"));
        assert!(said.err.starts_with(&format!("error[{code}]")), "{code}: {}", said.err);
        assert!(said.err.contains("\n  do: ") && said.code != 0, "{}", said.err);
        let arabic = table.say(&format!("draft new north {fields} {AS_WATCH} --in ar"));
        assert!(arabic.err.contains("المطلوب") && !arabic.err.contains("  do:"), "{}", arabic.err);
        let persian = table.say(&format!("draft new north {fields} {AS_WATCH} --in fa"));
        assert!(persian.err.contains("چه باید کرد"), "{}", persian.err);
        assert!(!persian.err.contains("  do:") && persian.code == said.code, "{}", persian.err);
    }
    assert_eq!(table.fine("draft show north --json").out, "");
    let alike = table.say(
        "post init east --party East --officer watch:watch --officer Watch:releasing \
         --officer-passphrase-file watch=watch.pass --officer-passphrase-file Watch=duty.pass",
    );
    assert!(alike.err.starts_with("error[KF-1154]"), "{}", alike.err);
    assert!(!table.path("east").exists());
}

#[test]
fn charter_that_was_changed_or_is_not_heard_alike_does_not_open() {
    let table = Table::new();
    table.init("north", "North");
    table.init("south", "South");
    table.fine("line propose north --card south/card.khatt --kind drill -o line.khatt");
    table.fine("line sign north line.khatt");
    let early = table.say("line open north line.khatt");
    assert!(early.err.starts_with("error[charter.unsigned]"), "{}", early.err);
    table.fine("line sign south line.khatt");
    let words = "almond ".repeat(20);
    let unheard = table.say(&format!("line open north line.khatt --words '{words}'"));
    assert!(unheard.err.starts_with("error[KK-1909]"), "{}", unheard.err);
    let mut bytes = fs::read(table.path("line.khatt")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(table.path("bent.khatt"), bytes).unwrap();
    assert_eq!(table.say("line open north bent.khatt").code, 1);
    assert_eq!(table.say("post status north").code, 4);
    table.fine("line open north line.khatt");
    // The same party may not open a second line over the first.
    table.fine("line propose north --card south/card.khatt --kind drill -o other.khatt");
    let second = table.say("line sign north other.khatt");
    assert!(second.err.starts_with("error[KK-1307]"), "{}", second.err);
}

#[test]
fn folder_held_and_wrong_passphrases_have_exit_codes_of_their_own() {
    let table = Table::opened();
    fs::write(table.path("wrong.pass"), "not the passphrase\n").unwrap();
    fs::set_permissions(table.path("wrong.pass"), fs::Permissions::from_mode(0o600)).unwrap();
    let wrong = table.say("post status north --passphrase-file wrong.pass");
    assert_eq!((wrong.code, wrong.err.contains("KS-1208")), (6, true), "{}", wrong.err);
    let wrong = "--as watch --officer-passphrase-file wrong.pass";
    assert_eq!(table.say(&format!("draft new north {FACTS} {wrong}")).code, 6);
    fs::set_permissions(table.path("wrong.pass"), fs::Permissions::from_mode(0o644)).unwrap();
    let open = table.say("post status north --passphrase-file wrong.pass");
    assert!(open.err.contains("KK-1103"), "{}", open.err);
    let _north = table.run("north");
    let held = table.say("post run north");
    assert_eq!((held.code, held.err.contains("KS-1203")), (5, true), "{}", held.err);
    assert_eq!(table.say("post status nowhere").code, 5);
    assert_eq!(table.say("message show north 0/99").code, 4);
    assert_eq!(table.say("message show north").code, 2);
    assert_eq!(table.say("line test south").code, 5);
    assert!(mode(&table.path("north/post.sock")) == 0o600 && mode(&table.path("north")) == 0o700);
    assert_eq!(mode(&table.path("north/officers/watch.key")), 0o600);
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
