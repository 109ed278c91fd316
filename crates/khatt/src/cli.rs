//! The command's own shape: nouns and verbs, options that all share, exit codes.
//!
//! One module per noun. Each verb is a function from its arguments to an exit code or a
//! [`Trouble`]; only [`main`] prints troubles (`docs/reference/commands.md`).

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bench;
mod draft;
mod error;
mod form;
mod inputs;
mod line;
mod message;
mod post;
mod record;
mod rehearse;
mod run;
mod sign;
mod talk;
mod verify;

pub use error::CommandError;
pub use talk::{Global, Talk, language, languages};

use crate::trouble::Trouble;

#[derive(Parser)]
#[command(
    name = "khatt",
    version,
    about = "A direct line between parties who do not trust each other",
    disable_help_subcommand = true
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    noun: Noun,
}

#[derive(Subcommand)]
enum Noun {
    /// Make, run and look after a post
    #[command(subcommand)]
    Post(post::Verb),
    /// Draw up, sign, open, show and test a line
    #[command(subcommand)]
    Line(line::Verb),
    /// Write, show and return drafts
    #[command(subcommand)]
    Draft(draft::Verb),
    /// Release, list, show, acknowledge and answer messages
    #[command(subcommand)]
    Message(message::Verb),
    /// List and show message forms
    #[command(subcommand)]
    Form(form::Verb),
    /// Write the record to a file
    #[command(subcommand)]
    Record(record::Verb),
    /// Check a record, or a post's folder
    Verify(verify::Args),
    /// Play a scenario with two posts on this machine
    Rehearse(rehearse::Args),
    /// Measure what posts on this machine and disk can do
    Bench(bench::Args),
}

/// Runs the command that the process was started with.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Usage is told by clap, to stdout where it was asked for and to stderr where not.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    trace();
    let talk = match Talk::new(&cli.global) {
        Ok(talk) => talk,
        Err(error) => {
            let english = Global { language: None, ..cli.global };
            let trouble = Trouble::from(error);
            if let Ok(talk) = Talk::new(&english) {
                talk.tell(&trouble);
            }
            return ExitCode::from(trouble.exit());
        }
    };
    let done = match cli.noun {
        Noun::Post(verb) => post::run(verb, talk),
        Noun::Line(verb) => line::run(verb, talk),
        Noun::Draft(verb) => draft::run(verb, talk),
        Noun::Message(verb) => message::run(verb, talk),
        Noun::Form(verb) => form::run(verb, talk),
        Noun::Record(verb) => record::run(verb, talk),
        Noun::Verify(args) => verify::run(&args, &talk),
        Noun::Rehearse(args) => rehearse::run(&args, &talk),
        Noun::Bench(args) => bench::run(&args, &talk),
    };
    ExitCode::from(done)
}

/// Ends a verb: its exit code, or its trouble told in the officer's language.
pub(crate) fn end(talk: &Talk, done: Result<u8, Trouble>) -> u8 {
    match done {
        Ok(code) => code,
        Err(trouble) => {
            talk.tell(&trouble);
            trouble.exit()
        }
    }
}

/// Traces go to stderr, and only where `KHATT_TRACE` asks for them, as in `KHATT_TRACE=info`.
fn trace() {
    let Ok(filter) = tracing_subscriber::EnvFilter::try_from_env("KHATT_TRACE") else {
        return;
    };
    // A second subscriber in one process (as in tests) changes nothing.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .try_init();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_verb_has_a_sound_set_of_options() {
        Cli::command().debug_assert();
    }
}
