//! `khatt-verify FILE [--charter FILE|WORDS] [--json] [--in en|ar|fa]`
//! `khatt-verify --batch [--charter FILE|WORDS] [--in en|ar|fa]`, with a file's name in each row of standard input

use std::ffi::OsString;
use std::io::{BufRead as _, Write as _};
use std::process::ExitCode;

use khatt_verify::arguments::{Asked, parse};
use khatt_verify::{json, run, show, texts};

fn main() -> ExitCode {
    let (mut rest, mut many) = (Vec::new(), false);
    for argument in std::env::args_os().skip(1) {
        if argument == "--batch" { many = true } else { rest.push(argument) }
    }
    if many { batch(&rest) } else { one(rest) }
}

/// Answers each file named in a row of standard input with one row of JSON, at once, so that whoever
/// asks can wait for it.
///
/// Ends with 0 if each file was answered, whatever the answers were: they are in the rows.
fn batch(rest: &[OsString]) -> ExitCode {
    let mut out = std::io::stdout().lock();
    for row in std::io::stdin().lock().lines() {
        let Ok(name) = row else { return ExitCode::from(2) };
        let named = [OsString::from(name), OsString::from("--json")];
        let Asked::Run(arguments) = parse(named.into_iter().chain(rest.iter().cloned())) else {
            return ExitCode::from(2);
        };
        let text = json::outcome(&run(&arguments), arguments.language);
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn one(given: Vec<OsString>) -> ExitCode {
    let (text, code, failed) = match parse(given) {
        Asked::Help(language) => (texts::usage(language).to_owned() + "\n", 0, false),
        Asked::Version => (format!("khatt-verify {}\n", env!("CARGO_PKG_VERSION")), 0, false),
        Asked::Unusable(language) => (texts::usage(language).to_owned() + "\n", 2, true),
        Asked::Run(arguments) => {
            let outcome = run(&arguments);
            let text = if arguments.json {
                json::outcome(&outcome, arguments.language)
            } else {
                show::outcome(&outcome, arguments.language)
            };
            let code = outcome.exit_code();
            (text, code, code == 2 && !arguments.json)
        }
    };
    let written = if failed {
        std::io::stderr().write_all(text.as_bytes())
    } else {
        std::io::stdout().write_all(text.as_bytes())
    };
    // An answer that nobody could read must not count as one.
    ExitCode::from(if written.is_ok() { code } else { 2 })
}
