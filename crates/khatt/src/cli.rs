//! The command's own shape: nouns and verbs, options that all share, exit codes.
//!
//! One module per noun. Each verb is a function from its arguments to an exit code or a
//! [`Trouble`]; only [`main`] prints troubles (`docs/reference/commands.md`).

use std::{io::Write, process::ExitCode};

use clap::{Parser, Subcommand};

mod bench;
mod care;
mod disclose;
mod draft;
mod error;
mod form;
mod inputs;
mod line;
mod manual;
mod message;
mod post;
mod record;
mod rehearse;
mod run;
pub(crate) mod sign;
mod talk;
mod verify;

pub use error::CommandError;
pub(crate) use line::role_names;
pub use talk::{Global, Talk, language, languages};

use crate::{traces, trouble::Trouble};

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
    /// Show one message to somebody outside the line, with proof and nothing else
    Disclose(disclose::Args),
    /// Write the record to a file
    #[command(subcommand)]
    Record(record::Verb),
    /// Check a record, a disclosure, or a post's folder
    Verify(verify::Args),
    /// Play a scenario with two posts on this machine
    Rehearse(rehearse::Args),
    /// Measure what posts on this machine and disk can do
    Bench(bench::Args),
    /// Write a manual page for each command
    Man(manual::Man),
    /// Write a script with which a shell completes commands
    Completions(manual::Completions),
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
    trace(&cli.noun);
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
        Noun::Disclose(args) => disclose::run(&args, talk),
        Noun::Record(verb) => record::run(verb, talk),
        Noun::Verify(args) => verify::run(&args, &talk),
        Noun::Rehearse(args) => rehearse::run(&args, &talk),
        Noun::Bench(args) => bench::run(&args, &talk),
        Noun::Man(args) => manual::man(&args, &talk),
        Noun::Completions(args) => manual::completions(&args, &talk),
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

/// Starts tracing as `post run` was told, or as the environment says.
fn trace(noun: &Noun) {
    let named = match noun {
        Noun::Post(post::Verb::Run { traces, .. }) => traces.clone(),
        _ => traces::Options::default(),
    };
    if let Err(error) = traces::start(&named.or_environment()) {
        // Nothing else is wrong: what was asked is done, without traces.
        let _ = writeln!(std::io::stderr().lock(), "traces: {error}");
    }
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
