//! `khatt-verify FILE [--charter FILE|WORDS] [--json] [--in en|ar|fa]`

use std::io::Write as _;
use std::process::ExitCode;

use khatt_verify::arguments::{Asked, parse};
use khatt_verify::{json, run, show, texts};

fn main() -> ExitCode {
    let (text, code, failed) = match parse(std::env::args_os().skip(1)) {
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
