//! `khatt man` and `khatt completions`: the command's own shape, for man(1) and for shells.

use std::{fs, io, path::PathBuf};

use clap::CommandFactory;
use clap_complete::Shell;
use serde_json::json;

use super::{Cli, Talk, end};
use crate::{folder::FolderError, trouble::Trouble};

#[derive(clap::Args)]
pub(crate) struct Man {
    /// The folder in which to write a page for each command
    dir: PathBuf,
}

#[derive(clap::Args)]
pub(crate) struct Completions {
    /// The shell for which to write a script to stdout
    shell: Shell,
}

/// Writes one page for each command, named as `git` names its own: `khatt-post-run.1`.
pub(crate) fn man(args: &Man, talk: &Talk) -> u8 {
    let write = || -> Result<u8, Trouble> {
        fs::create_dir_all(&args.dir).map_err(failed)?;
        clap_mangen::generate_to(Cli::command(), &args.dir).map_err(failed)?;
        let pages = fs::read_dir(&args.dir).map_err(failed)?.count();
        if talk.json {
            talk.row(&json!({ "dir": args.dir, "pages": pages }));
        } else {
            talk.data(&format!("{}  {pages}", args.dir.display()));
        }
        Ok(0)
    };
    end(talk, write())
}

/// Writes a script that completes the command's words.
pub(crate) fn completions(args: &Completions, talk: &Talk) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "khatt", &mut script);
    talk.data(String::from_utf8_lossy(&script).trim_end());
    0
}

fn failed(error: io::Error) -> FolderError {
    FolderError::LocalIo { what: "writing pages".to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    /// Every command below `command` by its words, with its long options.
    fn walk(command: &Command, path: &str, found: &mut Vec<(String, Vec<String>)>) {
        let options = command.get_arguments().filter(|option| !option.is_hide_set());
        let options = options.filter_map(|option| option.get_long()).map(str::to_owned);
        found.push((path.to_owned(), options.collect()));
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            walk(below, &format!("{path}-{}", below.get_name()), found);
        }
    }

    fn commands() -> Vec<(String, Vec<String>)> {
        let mut command = Cli::command();
        command.build();
        let mut found = Vec::new();
        walk(&command, "khatt", &mut found);
        assert!(found.len() > 25, "{}", found.len());
        found
    }

    #[test]
    fn every_command_has_its_page_with_every_option() {
        let dir = tempfile::tempdir().unwrap();
        clap_mangen::generate_to(Cli::command(), dir.path()).unwrap();
        for (name, options) in commands() {
            let page = dir.path().join(format!("{name}.1"));
            let page = fs::read_to_string(&page).unwrap_or_else(|_| panic!("no page of {name}"));
            for option in options {
                let written = format!("\\-\\-{}", option.replace('-', "\\-"));
                assert!(page.contains(&written), "{name}: {option}");
            }
        }
    }

    #[test]
    fn every_shell_is_told_every_command_and_option() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "khatt", &mut script);
            let script = String::from_utf8(script).unwrap();
            for (name, options) in commands() {
                let last = name.rsplit('-').next().unwrap();
                assert!(script.contains(last), "{shell}: {name}");
                for option in options {
                    assert!(script.contains(&option), "{shell}: {name} --{option}");
                }
            }
        }
    }
}
