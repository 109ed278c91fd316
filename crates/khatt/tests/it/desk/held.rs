//! A held rehearsal and the screens at its desks, for tests over HTTP and in a browser.

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
pub(crate) struct Held {
    pub(crate) _dir: tempfile::TempDir,
    #[allow(dead_code, reason = "the tests in a browser do not look into the folders")]
    pub(crate) home: PathBuf,
    pub(crate) child: Child,
    pub(crate) north: Url,
    pub(crate) south: Url,
}

/// Where a desk is.
#[derive(Clone)]
pub(crate) struct Url {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) key: String,
}

/// One screen: a client that keeps its cookie.
pub(crate) struct Screen {
    pub(crate) url: Url,
    pub(crate) cookie: String,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Held {
    /// Plays the scenario up to a step and holds it there.
    pub(crate) fn until(step: &str) -> Self {
        let mark = format!("[[step]]\nname = \"{step}\"");
        let (text, _) = rehearse::DEFAULT.split_once(&mark).expect("there is such a step");
        Self::play(text)
    }

    pub(crate) fn play(text: &str) -> Self {
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
    pub(crate) fn read(text: &str) -> Self {
        let rest = text.strip_prefix("http://").unwrap();
        let (place, key) = rest.split_once("/enter/").unwrap();
        let (host, port) = place.rsplit_once(':').unwrap();
        Self { host: host.to_owned(), port: port.parse().unwrap(), key: key.to_owned() }
    }

    pub(crate) fn way_in(&self) -> String {
        format!("http://{}:{}/enter/{}", self.host, self.port, self.key)
    }

    /// Sends a request as it is and reads the whole answer.
    pub(crate) fn raw(&self, request: &str) -> Answer {
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

    pub(crate) fn get_as(&self, host: &str, path: &str) -> Answer {
        self.raw(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
    }

    pub(crate) fn host_port(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl Screen {
    pub(crate) fn enter(url: &Url) -> Self {
        let answer = url.get_as(&url.host_port(), &format!("/enter/{}", url.key));
        assert_eq!(answer.status, 303, "{}", answer.head);
        let mut screen = Self { url: url.clone(), cookie: String::new() };
        screen.keep(&answer);
        screen
    }

    pub(crate) fn keep(&mut self, answer: &Answer) {
        if let Some((_, rest)) = answer.head.split_once("set-cookie: __host-khatt-desk=") {
            let number = rest.split(';').next().unwrap();
            self.cookie = format!("__Host-khatt-desk={number}");
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.url.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\nConnection: close\r\n\r\n",
            self.url.host_port(),
            self.cookie
        ))
    }

    pub(crate) fn page(&self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// The token of this session's forms.
    pub(crate) fn token(&self) -> String {
        let page = self.page("/line");
        page.split("data-token=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    pub(crate) fn post_with(&mut self, path: &str, site: &str, fields: &[(&str, &str)]) -> Answer {
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

    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token();
        let mut all = vec![("t", token.as_str())];
        all.extend(fields);
        self.post_with(path, "Sec-Fetch-Site: same-origin\r\n", &all)
    }

    pub(crate) fn sit(url: &Url, officer: &str) -> Self {
        let mut screen = Self::enter(url);
        let sat = screen.post("/sit", &[("officer", officer)]);
        assert_eq!(sat.status, 303, "{}", sat.body);
        screen
    }

    /// The path of the first message of the traffic whose row holds these words.
    pub(crate) fn message(&self, words: &str) -> String {
        let page = self.page("/");
        let row = page.split("<article").find(|row| row.contains(words));
        let row = row.unwrap_or_else(|| panic!("no row with {words}: {page}"));
        let path = row.split("href=\"").nth(1).unwrap().split('"').next().unwrap();
        path.to_owned()
    }
}

impl Answer {
    pub(crate) fn location(&self) -> String {
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

pub(crate) const HOSTILE: &str = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'&{{7*7}}";
