//! A browser that is driven over two pipes in the DevTools protocol, with nothing in between.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

/// How long a browser may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page.
pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    next: u64,
    session: String,
    events: VecDeque<Value>,
    _profile: tempfile::TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Browser {
    /// Starts Chromium with an empty profile, and opens a page.
    pub(crate) fn start() -> Self {
        let named = std::env::var("KHATT_TEST_BROWSER").unwrap_or("/usr/bin/chromium".to_owned());
        assert!(std::path::Path::new(&named).exists(), "{named} is not there: install chromium");
        let profile = tempfile::tempdir().unwrap();
        // The browser reads commands from its third file and answers on its fourth.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null", "sh", &named])
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic"])
            .args(["--no-first-run", "--disable-background-networking", "--disable-sync"])
            .args(["--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars"])
            .args(["--autoplay-policy=no-user-gesture-required", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let to = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let (sender, from) = channel();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            while answers.read_until(0, &mut bytes).is_ok_and(|read| read > 0) {
                bytes.pop();
                let Ok(value) = serde_json::from_slice(&bytes) else { return };
                bytes.clear();
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        let mut browser = Self {
            child,
            to,
            from,
            next: 0,
            session: String::new(),
            events: VecDeque::new(),
            _profile: profile,
        };
        let made = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached = browser.call(
            "Target.attachToTarget",
            json!({ "targetId": made["targetId"], "flatten": true }),
        );
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Network", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Calls a method and returns what came of it.
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.ask(method, params).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn ask(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.next += 1;
        let id = self.next;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = self.session.clone().into();
        }
        let mut bytes = serde_json::to_vec(&message).unwrap();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        self.to.flush().unwrap();
        loop {
            let value = self.from.recv_timeout(PATIENCE);
            let value = value.unwrap_or_else(|_| panic!("the browser did not answer {method}"));
            if value["id"] == id {
                return match &value["error"] {
                    Value::Null => Ok(value["result"].clone()),
                    error => Err(error.clone()),
                };
            }
            self.events.push_back(value);
        }
    }

    /// Runs a script in the page and returns its value; a promise is waited for.
    pub(crate) fn run(&mut self, script: &str) -> Value {
        let done = self.call(
            "Runtime.evaluate",
            json!({ "expression": script, "awaitPromise": true, "returnByValue": true }),
        );
        assert!(done["exceptionDetails"].is_null(), "{script}: {}", done["exceptionDetails"]);
        done["result"]["value"].clone()
    }

    /// Goes to an address and waits until it and its fonts are there.
    pub(crate) fn go(&mut self, url: &str) {
        self.call("Page.navigate", json!({ "url": url }));
        self.until("document.readyState === 'complete' && location.protocol !== 'about:'");
        self.run("document.fonts.ready.then(() => true)");
    }

    /// Waits until a condition holds in the page.
    pub(crate) fn until(&mut self, condition: &str) {
        let wait = format!(
            "new Promise((done) => {{ const end = performance.now() + 4000; \
             const look = () => {{ let holds = false; try {{ holds = Boolean({condition}); }} catch {{}} \
             if (holds || performance.now() > end) done(holds); else setTimeout(look, 20); }}; look(); }})"
        );
        for _ in 0..8 {
            let done = self.ask(
                "Runtime.evaluate",
                json!({ "expression": wait, "awaitPromise": true, "returnByValue": true }),
            );
            // A page that goes away takes its script with it: the next one is asked again.
            let Ok(done) = done else { continue };
            if done["exceptionDetails"].is_null() && done["result"]["value"] == true {
                return;
            }
        }
        let text = self.run("document.body.innerText");
        panic!("this never came to hold: {condition}\n{text}");
    }

    /// Sets the window's size.
    pub(crate) fn size(&mut self, width: u32, height: u32, scale: f64) {
        self.call(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false }),
        );
    }

    /// Takes a picture of the window.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        data_encoding::BASE64.decode(shot["data"].as_str().unwrap().as_bytes()).unwrap()
    }

    /// Returns the addresses that were asked for so far.
    pub(crate) fn asked(&mut self) -> Vec<String> {
        self.run("true");
        let asked =
            self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        asked.map(|event| event["params"]["request"]["url"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns what the browser complained about so far.
    pub(crate) fn complaints(&mut self) -> Vec<String> {
        self.run("true");
        let logged = self.events.iter().filter(|event| event["method"] == "Log.entryAdded");
        logged
            .filter(|event| event["params"]["entry"]["level"] == "error")
            .map(|event| event["params"]["entry"]["text"].to_string())
            .collect()
    }
}
