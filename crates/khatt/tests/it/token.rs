//! Posts whose log key is in a token: SoftHSM, a PKCS #11 token in software.
//!
//! `./test` installs it. Where the module is elsewhere, `KHATT_TEST_TOKEN_MODULE` names it.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, process::Command};

use super::commands::{AS_DUTY, AS_WATCH, FACTS, Table};

const TYPED: &str = "--set 'consequence=We will act.'";

fn module() -> PathBuf {
    let named = std::env::var_os("KHATT_TEST_TOKEN_MODULE").map(PathBuf::from);
    let module = named.unwrap_or_else(|| "/usr/lib/softhsm/libsofthsm2.so".into());
    assert!(module.exists(), "{} is not there: install SoftHSM (softhsm2)", module.display());
    module
}

/// A table with a token `north`, whose PIN is in `token.pin`.
fn table() -> Table {
    let mut table = Table::new();
    let (tokens, settings) = (table.path("tokens"), table.path("softhsm2.conf"));
    fs::create_dir(&tokens).unwrap();
    fs::write(
        &settings,
        format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display()),
    )
    .unwrap();
    for (name, pin) in [("token.pin", "271828"), ("wrong.pin", "314159")] {
        fs::write(table.path(name), format!("{pin}\n")).unwrap();
        fs::set_permissions(table.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "north", "--pin", "271828"])
        .args(["--so-pin", "57721566"])
        .env("SOFTHSM2_CONF", &settings)
        .output()
        .expect("softhsm2-util: install SoftHSM (softhsm2)");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    table.set("SOFTHSM2_CONF", settings);
    table
}

fn north_in_token(table: &Table) {
    table.init_with(
        "north",
        "North",
        &format!("--token {} --token-label north --token-pin-file token.pin", module().display()),
    );
}

/// Releases a warning at North.
fn release(table: &Table, wait: &str) -> String {
    let draft = table.fine(&format!("draft new north {FACTS} {AS_WATCH} --json")).one();
    let number = draft["draft"].as_str().unwrap().to_owned();
    let released = table
        .fine(&format!("message release north {number} {AS_DUTY} {TYPED} {wait} --json"))
        .one();
    released["entry"].as_str().unwrap().to_owned()
}

/// Every regular file below a folder.
fn files(dir: PathBuf) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in fs::read_dir(dir).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            found.extend(files(path));
        } else if path.is_file() {
            found.push(path);
        }
    }
    found
}

#[test]
fn post_signs_with_a_key_that_never_leaves_its_token() {
    let table = table();
    north_in_token(&table);
    table.init_with("south", "South", "");
    table.open_line();
    let settings = fs::read_to_string(table.path("north/post.toml")).unwrap();
    assert!(settings.contains("[token]"), "{settings}");
    assert!(!settings.contains("271828"), "the PIN stands in the settings");
    {
        let (_north, _south) = (table.run("north"), table.run("south"));
        release(&table, "--wait a1");
    }
    for party in ["north", "south"] {
        table.fine(&format!("verify {party}"));
    }
    // The folder alone, without the token, signs nothing and says why.
    fs::rename(table.path("tokens"), table.path("elsewhere")).unwrap();
    fs::create_dir(table.path("tokens")).unwrap();
    let alone = table.say("post run north");
    assert_eq!(alone.code, 1, "{}", alone.err);
    assert!(alone.err.starts_with("error[KK-1802]"), "{}", alone.err);
    for path in files(table.path("north")) {
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"271828"), "PIN in {}", path.display());
    }
}

#[test]
fn token_that_fails_while_the_post_runs_stops_it_and_nothing_unsigned_is_kept() {
    let table = table();
    north_in_token(&table);
    table.init_with("south", "South", "");
    table.open_line();
    let before = {
        let (mut north, _south) = (table.run("north"), table.run("south"));
        let before = release(&table, "--wait a1");
        for path in files(table.path("tokens")) {
            fs::remove_file(path).unwrap();
        }
        let draft = table.say(&format!("draft new north {FACTS} {AS_WATCH} --json"));
        if draft.code == 0 {
            let number = draft.one()["draft"].as_str().unwrap().to_owned();
            let release = format!("message release north {number} {AS_DUTY} {TYPED} --json");
            assert_ne!(table.say(&release).code, 0, "released without a signature");
        }
        assert_eq!(north.0.wait().unwrap().code(), Some(1));
        before
    };
    // What South holds is whole: it was never sent anything that was not signed.
    table.fine("verify south");
    assert_eq!(table.fine(&format!("message show south {before} --json")).one()["entry"], before);
    table.fine("verify north");
}

#[test]
fn wrong_pin_and_absent_token_make_no_post() {
    let table = table();
    let module = module();
    for (label, pin, code) in [("north", "wrong.pin", "KK-1803"), ("east", "token.pin", "KK-1802")]
    {
        let refused = table.say(&format!(
            "post init north --party North --token {} --token-label {label} --token-pin-file {pin} \
             --officer watch:watch --officer duty:watch+releasing \
             --officer-passphrase-file watch=watch.pass --officer-passphrase-file duty=duty.pass",
            module.display()
        ));
        assert_eq!(refused.code, 1, "{}", refused.err);
        assert!(refused.err.starts_with(&format!("error[{code}]")), "{}", refused.err);
        assert!(!table.path("north").exists());
    }
}
