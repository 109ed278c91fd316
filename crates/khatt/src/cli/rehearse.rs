//! `khatt rehearse`: two posts on this machine play a scenario with everything real but the clock.

use std::path::PathBuf;

use data_encoding::HEXLOWER;

use super::{Talk, end};
use crate::{
    folder::fill_from_system,
    rehearse::{self, After, Choices, Ended, Pace, Shape, Show},
    trouble::Trouble,
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The scenario: a file, or 2023-11-bukamal
    scenario: Option<String>,
    /// Make the posts' folders here, instead of in a new folder for temporary files
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Leave out the pauses for reading
    #[arg(long)]
    fast: bool,
    /// Keep both posts running at the end, until Ctrl-C
    #[arg(long)]
    hold: bool,
}

pub(crate) fn run(args: &Args, talk: &Talk) -> u8 {
    end(talk, play(args, talk))
}

fn play(args: &Args, talk: &Talk) -> Result<u8, Trouble> {
    let scenario = rehearse::scenario(args.scenario.as_deref())?;
    let choices = Choices {
        dir: args.dir.clone().unwrap_or_else(new_dir),
        pace: if args.fast { Pace::Fast } else { Pace::Reading },
        after: if args.hold { After::Hold } else { After::Stop },
    };
    let shape = if talk.json { Shape::Json } else { Shape::Text };
    let mut show = Show::new(Box::new(std::io::stdout()), shape);
    match rehearse::rehearse(&scenario, &choices, &mut show)? {
        Ended::AsExpected => Ok(0),
        Ended::Otherwise => Ok(1),
    }
}

fn new_dir() -> PathBuf {
    let mut number = [0; 8];
    fill_from_system(&mut number);
    std::env::temp_dir().join(format!("khatt-rehearsal-{}", HEXLOWER.encode(&number)))
}
