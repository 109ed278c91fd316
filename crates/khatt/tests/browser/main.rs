//! The watch desk in a real browser: what moves, what sounds, what it refuses, and whether everybody can
//! read it.
//!
//! `./test` installs Chromium and fetches axe-core, whose script `KHATT_TEST_AXE` names, and asks for these
//! tests by the feature `browser-tests`. With `KHATT_SHOTS` naming a folder, pictures of every page are left there.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod cdp;
#[path = "../it/desk/held.rs"]
mod held;

use std::{collections::BTreeSet, fs, path::PathBuf};

use cdp::Browser;
use held::{HOSTILE, Held, Screen, Url};
use serde_json::Value;

fn origin(url: &Url) -> String {
    format!("http://{}:{}", url.host, url.port)
}

const PAGES: &[&str] = &["/", "/line", "/log", "/alarms", "/compose", "/compose/warning", "/sit"];

impl Browser {
    fn enter(&mut self, url: &Url) {
        self.go(&url.way_in());
        self.until("document.querySelector('.watch') !== null");
    }

    /// Sits down as an officer, by the form.
    fn sit(&mut self, url: &Url, officer: &str) {
        self.go(&format!("{}/sit", origin(url)));
        self.run(&format!("document.querySelector('input[value=\"{officer}\"]').click()"));
        self.run("document.querySelector('form.card .main').click()");
        self.until("document.body.dataset.officer === '1' && document.querySelector('.watch')");
    }

    fn look(&mut self, url: &Url, language: &str, theme: &str) {
        self.go(&format!("{}/line", origin(url)));
        self.run(&format!(
            "(() => {{ const form = document.querySelector('.look'); \
             form.elements.language.value = '{language}'; form.elements.theme.value = '{theme}'; \
             form.requestSubmit(); }})()"
        ));
        self.until(&format!(
            "document.documentElement.lang === '{language}' && \
             document.documentElement.dataset.theme === '{theme}'"
        ));
    }
}

fn axe() -> String {
    let path = std::env::var("KHATT_TEST_AXE").expect("KHATT_TEST_AXE names axe.min.js");
    fs::read_to_string(path).unwrap()
}

/// What axe finds against WCAG 2.2 AA: rule, element, and why.
fn violations(browser: &mut Browser, axe: &str) -> Vec<String> {
    browser.run(&format!("{axe}; true"));
    let found = browser.run(
        "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })\
         .then((held) => held.violations.flatMap((rule) => rule.nodes.map((node) => \
         rule.id + ' | ' + node.html.slice(0, 160) + ' | ' + node.failureSummary)))",
    );
    let found = found.as_array().expect("axe answers").iter();
    found.map(|one| one.as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn browser_shows_what_comes_without_being_asked_and_says_when_it_hears_nothing() {
    let mut held = Held::until("demand");
    let mut browser = Browser::start();
    browser.size(1600, 960, 1.0);
    browser.enter(&held.south);
    browser.sit(&held.south, "south-watch");
    browser.until("document.querySelector('.clock .time').textContent.length === 8");
    // Hidden, as a tab behind others.
    browser.call("Emulation.setFocusEmulationEnabled", serde_json::json!({ "enabled": false }));

    let mut drafter = Screen::sit(&held.north, "north-watch");
    let fields = [
        ("do", "draft"),
        ("precedence", "0"),
        ("written", "en"),
        ("f.facts", HOSTILE),
        ("f.norm", "norm-safety"),
        ("f.consequence", "We will act."),
    ];
    let draft = drafter.post("/compose/warning", &fields).location();
    let page = drafter.page(&format!("{draft}/release"));
    let digest = page.split("name=\"digest\" value=\"").nth(1).unwrap();
    let digest = digest.split('"').next().unwrap().to_owned();
    let mut releaser = Screen::sit(&held.north, "north-release");
    let released = releaser.post(
        &format!("{draft}/release"),
        &[("digest", &digest), ("f.consequence", "We will act.")],
    );
    let path = released.location().split('?').next().unwrap().to_owned();
    let row = format!("m-{}", path.trim_start_matches("/message/").replace('/', "-"));
    browser.until(&format!("document.getElementById('{row}')"));
    browser.until("document.querySelector('#needs .strip.z .act')");
    browser.until("document.body.dataset.sounded === 'Z'");
    browser.until("/^\\(\\d/.test(document.title)");
    assert_eq!(
        browser.run("window.alert === undefined || document.querySelector('.row img')"),
        Value::Null
    );

    // Acknowledged with the keyboard's help and one press.
    browser.run(&format!("location.assign('{path}')"));
    browser.until("document.querySelector('[data-key=a]')");
    browser
        .run("document.dispatchEvent(new KeyboardEvent('keydown', { key: 'a', bubbles: true }))");
    let focus = browser.run("document.activeElement === document.querySelector('[data-key=a]')");
    assert_eq!(focus, Value::Bool(true), "a key leads to the act and does not do it");
    browser.run("document.querySelector('[data-key=a]').click()");
    browser.until("location.search === '?done=stated' && document.querySelector('.notice.good')");
    let north = Screen::enter(&held.north);
    let mut seen = String::new();
    for _ in 0..200 {
        seen = north.page(&path);
        if seen.contains("<li class=\"taken\"><span>A2") {
            break;
        }
    }
    assert!(seen.contains("<li class=\"taken\"><span>A2"));

    let asked: BTreeSet<String> = browser.asked().into_iter().collect();
    let away: Vec<_> = asked
        .iter()
        .filter(|url| !url.starts_with(&origin(&held.south)) && !url.starts_with("about:"))
        .collect();
    assert!(away.is_empty(), "no request leaves the host: {away:?}");
    assert!(browser.complaints().is_empty(), "{:?}", browser.complaints());

    // The post dies under the desk.
    held.child.kill().unwrap();
    browser.until("!document.getElementById('over').hidden");
    let text = browser.run("document.getElementById('over').textContent");
    assert!(!text.as_str().unwrap().is_empty());
}

#[test]
fn browser_refuses_what_the_policy_forbids() {
    let held = Held::until("demand");
    let mut browser = Browser::start();
    browser.enter(&held.north);
    let sink = "(() => { try { document.body.innerHTML = '<b>x</b>'; return 'done'; } \
                catch (error) { return error.name; } })()";
    assert_eq!(browser.run(sink), "TypeError", "text becomes nodes in one place only");
    let policy = "(() => { try { trustedTypes.createPolicy('other', {}); return 'done'; } \
                  catch (error) { return error.name; } })()";
    assert_eq!(browser.run(policy), "TypeError");
    let inline = "new Promise((done) => { document.addEventListener('securitypolicyviolation', \
        (event) => done(event.effectiveDirective), { once: true }); \
        const image = new Image(); image.src = 'http://127.0.0.1:9/x'; })";
    assert_eq!(browser.run(inline), "img-src");
    let fetched = "fetch('http://127.0.0.1:9/').then(() => 'done', () => 'refused')";
    assert_eq!(browser.run(fetched), "refused");
    let cookie = browser.run("document.cookie");
    assert_eq!(cookie, "", "no script reads the session");
}

#[test]
fn browser_finds_every_page_accessible_and_nothing_clipped() {
    let axe = axe();
    let shots = std::env::var_os("KHATT_SHOTS").map(PathBuf::from);
    let held = Held::until("demand-answered");
    let mut browser = Browser::start();
    browser.size(1600, 960, 1.0);
    browser.enter(&held.north);
    browser.sit(&held.north, "north-watch");
    let mut found = Vec::new();
    let message = Screen::enter(&held.north).message("class=\"row p theirs");
    let mut drafter = Screen::sit(&held.north, "north-watch");
    let fields = [
        ("do", "draft"),
        ("precedence", "1"),
        ("written", "en"),
        ("f.facts", "Two drones crossed the line at 02:13Z."),
        ("f.norm", "norm-safety"),
        ("f.consequence", "We will act."),
    ];
    let draft = drafter.post("/compose/warning", &fields).location();
    let release = format!("{draft}/release");
    for theme in ["day", "dusk", "night"] {
        for language in ["en", "ar", "fa"] {
            browser.look(&held.north, language, theme);
            let mut pages: Vec<&str> = PAGES.to_vec();
            pages.extend([message.as_str(), &draft, &release]);
            for page in pages {
                browser.go(&format!("{}{page}", origin(&held.north)));
                for one in violations(&mut browser, &axe) {
                    found.push(format!("{language} {theme} {page}: {one}"));
                }
                let names = page
                    .trim_matches('/')
                    .split('/')
                    .map(|part| if part.len() > 20 { "draft-id" } else { part });
                let name = names.collect::<Vec<_>>().join("-");
                let name = if name.is_empty() { "watch".to_owned() } else { name };
                for (size, (width, height, scale)) in [
                    ("wide", (1600, 960, 1.0)),
                    ("phone", (390, 844, 1.0)),
                    ("zoom", (400, 240, 1.0)),
                ] {
                    browser.size(width, height, scale);
                    let over = browser.run(
                        "document.documentElement.scrollWidth - document.documentElement.clientWidth",
                    );
                    if over.as_i64().unwrap_or(1) > 0 {
                        found.push(format!("{language} {theme} {page} {size}: {over} px too wide"));
                    }
                    if let Some(shots) =
                        shots.as_ref().filter(|_| size != "zoom" || theme == "dusk")
                    {
                        fs::create_dir_all(shots).unwrap();
                        let file = shots.join(format!("{name}-{language}-{theme}-{size}.png"));
                        fs::write(file, browser.picture()).unwrap();
                    }
                }
                browser.size(1600, 960, 1.0);
            }
        }
    }
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
}

#[test]
fn browser_loads_the_desk_in_little_and_fast() {
    let held = Held::until("demand-answered");
    let mut browser = Browser::start();
    browser.size(1600, 960, 1.0);
    browser.enter(&held.north);
    browser.until("performance.getEntriesByType('resource').length >= 5");
    let bytes = browser.run(
        "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))\
         .reduce((all, held) => all + held.encodedBodySize, 0)",
    );
    let paint =
        browser.run("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null");
    println!("cold load {bytes} bytes; first contentful paint {paint} ms");
    assert!(bytes.as_f64().unwrap() <= 180_000.0, "{bytes} bytes");
}
