//! Plays the pages for newcomers, command by command, as they stand: a page that is not true fails here.

use std::{
    fs::{self, File},
    net::UdpSocket,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A page being played in a folder.
struct Play {
    dir: tempfile::TempDir,
    /// What takes the place of words of the page, such as an address or a draft's number.
    words: Vec<(String, String)>,
    shells: Vec<u32>,
}

impl Drop for Play {
    fn drop(&mut self) {
        for shell in &self.shells {
            // The shell has a group of its own, in which the posts run that it left behind.
            let _ = Command::new("kill").args(["-KILL", "--", &format!("-{shell}")]).status();
        }
    }
}

impl Play {
    fn new(machines: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for machine in machines {
            fs::create_dir(dir.path().join(machine)).unwrap();
            for who in ["post", "watch", "duty"] {
                let path = dir.path().join(machine).join(format!("{who}.pass"));
                fs::write(&path, format!("try this: {who} of {machine}\n")).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            }
        }
        Self { dir, words: Vec::new(), shells: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn is(&mut self, word: &str, value: &str) {
        self.words.push((word.to_owned(), value.to_owned()));
    }

    /// Runs part of a page and returns what it wrote. Every command must end well.
    fn run(&mut self, machine: &str, script: &str) -> String {
        let mut script = script.to_owned();
        for (word, value) in &self.words {
            script = script.replace(word, value);
        }
        // Posts go on after the shell: what they say goes into a file that nobody waits for.
        let (out, err) = (self.path("out"), self.path("err"));
        let binary = Path::new(env!("CARGO_BIN_EXE_khatt")).parent().unwrap();
        let mut child = Command::new("bash")
            .args(["-euc", &script])
            .current_dir(self.path(machine))
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", binary.display()))
            .stdin(Stdio::null())
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(&err).unwrap())
            .process_group(0)
            .spawn()
            .unwrap();
        self.shells.push(child.id());
        let ended = child.wait().unwrap();
        let (out, err) = (fs::read_to_string(out).unwrap(), fs::read_to_string(err).unwrap());
        assert!(ended.success(), "{script}\n--- said\n{out}\n{err}");
        out
    }

    /// Waits, in a shell as the page's reader would, until a post answers.
    fn until_it_runs(&mut self, machine: &str, folder: &str) {
        self.run(machine, &format!("until [ -S {folder}/post.sock ]; do sleep 0.1; done"));
    }
}

/// The blocks of a page with the machine named before each, if one is.
fn blocks(page: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/start").join(page);
    let text = fs::read_to_string(path).unwrap();
    let mut blocks = Vec::new();
    for (place, part) in text.split("```").enumerate() {
        if place % 2 == 1 {
            let before = text.split("```").nth(place - 1).unwrap();
            let machine = before.rsplit("On ").next().unwrap().split('\'').next().unwrap();
            let script = part.strip_prefix("sh\n").expect("a block of commands");
            blocks.push((machine.to_lowercase(), script.to_owned()));
        }
    }
    blocks
}

fn free_address() -> String {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// The first word of hexadecimal digits as long as a draft's number, or an entry's name.
fn first(text: &str, is: impl Fn(&str) -> bool) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '/');
    words.into_iter().find(|word| is(word)).unwrap_or_else(|| panic!("{text}")).to_owned()
}

fn draft_in(text: &str) -> String {
    first(text, |word| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn entry_in(text: &str) -> String {
    first(text, |word| {
        word.split_once('/').is_some_and(|(log, index)| {
            !index.is_empty()
                && [log, index].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()))
        })
    })
}

#[test]
fn two_posts_on_one_machine_are_as_the_page_says() {
    let mut play = Play::new(&["here"]);
    play.is("127.0.0.1:7001", &free_address());
    play.is("127.0.0.1:7002", &free_address());
    let script = blocks("two-posts.md").remove(0).1;
    let (begin, rest) = script.split_once("khatt message release").unwrap();
    let (release, end) = rest.split_once("\n\n").unwrap();
    let said = play.run("here", begin);
    play.is("DRAFT", &draft_in(&said));
    // A new shell knows nothing of the first one's variables.
    let kept: String = begin.lines().filter(|row| row.starts_with("export")).collect();
    let said = play.run("here", &format!("{kept}\nkhatt message release{release}"));
    play.is("ENTRY", &entry_in(&said));
    let said = play.run("here", &format!("{kept}\n{end}"));
    assert!(!said.is_empty());
}

#[test]
fn two_machines_are_set_up_as_the_page_says() {
    let mut play = Play::new(&["north", "south"]);
    let (north, south) = (free_address(), free_address());
    let mut released = 0;
    for (machine, script) in blocks("two-machines.md") {
        // One machine has both: each post listens on its own address.
        let listen = if machine == "north" { &north } else { &south };
        let script = script.replace("0.0.0.0:7001", listen);
        let script = script.replace("192.0.2.1:7001", &north).replace("198.51.100.1:7001", &south);
        if let Some((draft, release)) = script.split_once("khatt message release") {
            let said = play.run(&machine, draft);
            play.is("DRAFT", &draft_in(&said));
            let said = play.run(&machine, &format!("khatt message release{release}"));
            play.is("ENTRY", &entry_in(&said));
            released += 1;
        } else {
            play.run(&machine, &script);
        }
        // What people carry from one machine to the other.
        let carried = [
            ("south/south/card.khatt", "north/card-of-south.khatt"),
            ("north/charter.khatt", "south/charter.khatt"),
            ("south/charter.khatt", "north/charter.khatt"),
        ];
        for (from, to) in carried {
            let from_this = from.starts_with(&machine);
            if from_this && play.path(from).exists() {
                fs::copy(play.path(from), play.path(to)).unwrap();
            }
        }
        if script.contains("post run") {
            play.until_it_runs(&machine, &machine);
        }
    }
    assert_eq!(released, 1);
}
