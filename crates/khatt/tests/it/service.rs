//! A post under a service manager and a watcher, neither of which is really there.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::{
        fs::PermissionsExt,
        net::{UnixDatagram, UnixStream},
    },
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::commands::{AS_DUTY, AS_WATCH, FACTS, Table};

struct Post(Child);

impl Drop for Post {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A manager's socket, and what comes out of it.
fn manager(table: &Table) -> UnixDatagram {
    let socket = UnixDatagram::bind(table.path("notify")).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    socket
}

fn next(socket: &UnixDatagram) -> String {
    let mut bytes = [0; 512];
    let count = socket.recv(&mut bytes).unwrap();
    String::from_utf8(bytes[..count].to_vec()).unwrap()
}

fn start(table: &Table, arguments: &str) -> Command {
    let mut command = table.command(arguments);
    command.env("NOTIFY_SOCKET", table.path("notify")).stderr(Stdio::null()).stdout(Stdio::null());
    command
}

fn signal(post: &Post, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &post.0.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn service_manager_hears_when_it_is_ready_that_it_lives_and_that_it_ends() {
    let table = Table::opened();
    let heard = manager(&table);
    // The passphrase as the manager gives it: a credential, and no other way.
    fs::create_dir(table.path("credentials")).unwrap();
    let credential = table.path("credentials/khatt-passphrase");
    fs::copy(table.path("post.pass"), &credential).unwrap();
    fs::set_permissions(&credential, fs::Permissions::from_mode(0o400)).unwrap();
    let mut command = start(&table, "post run north --no-input");
    command.env_remove("KHATT_PASSPHRASE_FILE");
    command.env("CREDENTIALS_DIRECTORY", table.path("credentials"));
    command.env("WATCHDOG_USEC", "2000000");
    let mut post = Post(command.spawn().unwrap());
    assert_eq!(next(&heard), "READY=1\nSTATUS=runs");
    for _ in 0..2 {
        assert_eq!(next(&heard), "WATCHDOG=1");
    }
    signal(&post, "TERM");
    let last = std::iter::from_fn(|| Some(next(&heard))).find(|row| row != "WATCHDOG=1");
    assert_eq!(last.as_deref(), Some("STOPPING=1"));
    assert!(post.0.wait().unwrap().success());
}

#[test]
fn watchdog_of_another_process_is_not_fed() {
    let table = Table::opened();
    let heard = manager(&table);
    let mut command = start(&table, "post run north");
    command.env("WATCHDOG_USEC", "1000").env("WATCHDOG_PID", "1");
    let post = Post(command.spawn().unwrap());
    assert!(next(&heard).starts_with("READY=1"));
    signal(&post, "TERM");
    assert_eq!(next(&heard), "STOPPING=1");
}

fn get<S: Read + Write>(mut stream: S, path: &str) -> (String, String) {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: north\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

#[test]
fn metrics_tell_numbers_and_no_word_of_a_message() {
    let table = Table::opened();
    let heard = manager(&table);
    let socket = table.path("metrics");
    let arguments = format!("post run north --metrics {} --trace debug", socket.display());
    let _north = Post(start(&table, &arguments).spawn().unwrap());
    assert!(next(&heard).starts_with("READY=1"));
    let _south = table.run("south");
    let draft = table.fine(&format!("draft new north {FACTS} {AS_WATCH} --json")).one();
    let number = draft["draft"].as_str().unwrap().to_owned();
    let typed = "--set 'consequence=We will act.'";
    table.fine(&format!("message release north {number} {AS_DUTY} {typed} --wait a1"));

    let ask = |path: &str| get(UnixStream::connect(&socket).unwrap(), path);
    assert_eq!(ask("/healthz"), ("HTTP/1.1 200 OK".to_owned(), "well\n".to_owned()));
    assert_eq!(ask("/").0, "HTTP/1.1 404 Not Found");
    let (status, page) = ask("/metrics");
    assert_eq!(status, "HTTP/1.1 200 OK");
    for row in [
        "khatt_up 1\n",
        "khatt_halted 0\n",
        "khatt_restored 0\n",
        "khatt_peer_connected{post=\"1\"} 1\n",
        "khatt_peer_messages_without_receipt{post=\"1\"} 0\n",
        "khatt_alarms{class=\"Z\",seen=\"no\"} 0\n",
    ] {
        assert!(page.contains(row), "{row}{page}");
    }
    for name in ["khatt_disk_free_bytes", "khatt_store_syncs_total", "khatt_epoch_age_seconds"] {
        assert!(page.contains(&format!("\n{name} ")), "{name}: {page}");
    }
    for word in ["North", "South", "struck", "consequence", "We will act", "warning"] {
        assert!(!page.contains(word), "{word}");
    }
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);

    // The same facts by the command, and for a parser that is not ours.
    let status = table.fine("post status north --json").one();
    let health = &status["health"];
    assert_eq!(health["peers"][0]["connected"], true);
    assert_eq!(health["alarms"].as_object().unwrap().get("Z"), None);
    assert!(
        health["process"]["syncs"].as_u64().unwrap() > 0 && health["disk"]["free_bytes"].is_u64()
    );
    let interop = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/interop");
    fs::create_dir_all(&interop).unwrap();
    fs::write(interop.join("metrics.txt"), page).unwrap();
}

#[test]
fn metrics_are_given_to_this_machine_only_unless_somebody_says_otherwise() {
    let table = Table::opened();
    let wide = table.say("post run north --metrics 0.0.0.0:0");
    assert!(wide.err.starts_with("error[KK-2302]"), "{}", wide.err);
    assert_eq!(table.say("post run north --metrics nowhere").code, 2);
    let mut child = table
        .command("post run north --metrics 127.0.0.1:0")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = std::io::BufReader::new(child.stderr.take().unwrap());
    let _north = Post(child);
    let mut row = String::new();
    while !row.contains("Metrics") {
        row.clear();
        assert!(std::io::BufRead::read_line(&mut said, &mut row).unwrap() > 0);
    }
    let address = row.trim().trim_end_matches('.').rsplit(' ').next().unwrap();
    let (status, _) = get(TcpStream::connect(address).unwrap(), "/healthz");
    assert_eq!(status, "HTTP/1.1 200 OK");
}

#[test]
fn trace_file_has_no_word_of_a_message_and_is_opened_again_when_asked() {
    let table = Table::opened();
    let heard = manager(&table);
    let trace = table.path("north.trace");
    let arguments =
        format!("post run north --trace trace --trace-json --trace-file {}", trace.display());
    let post = Post(start(&table, &arguments).spawn().unwrap());
    assert!(next(&heard).starts_with("READY=1"));
    let _south = table.run("south");
    fs::rename(&trace, table.path("north.trace.1")).unwrap();
    signal(&post, "HUP");
    let draft = table.fine(&format!("draft new north {FACTS} {AS_WATCH} --json")).one();
    let number = draft["draft"].as_str().unwrap().to_owned();
    let typed = "--set 'consequence=We will act.'";
    table.fine(&format!("message release north {number} {AS_DUTY} {typed} --wait a1"));
    signal(&post, "TERM");
    assert!(std::iter::from_fn(|| Some(next(&heard))).any(|row| row == "STOPPING=1"));
    drop(post);
    let (before, after) = (
        fs::read_to_string(table.path("north.trace.1")).unwrap(),
        fs::read_to_string(&trace).unwrap(),
    );
    assert!(before.contains("the post runs") && after.contains("released"), "{after}");
    for text in [&before, &after] {
        for row in text.lines() {
            serde_json::from_str::<serde_json::Value>(row).unwrap();
        }
        for word in ["struck", "We will act", "a passphrase for"] {
            assert!(!text.contains(word), "{word}");
        }
    }
    assert_eq!(fs::metadata(&trace).unwrap().permissions().mode() & 0o777, 0o600);
}
