//! A rehearsal: two posts on one machine play a scenario from end to end, with everything real.
//!
//! Folders, keys, signatures, SQLite and QUIC are those of any post; only the clock is the
//! scenario's, and the line's kind says under every signature that it is a rehearsal. What is done
//! when is the scenario's player's to say (`khatt_core::scenario`); here it is done, watched and
//! shown.

use std::{
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use khatt_core::scenario::{Next, Observed, Player, Scenario, ScenarioError, StepFault};
use khatt_net::StartError;
use khatt_record::Kind;
use thiserror::Error;

use crate::{draw_up::DrawUpError, folder::FolderError, host::HostError, record::ExportError};

mod deed;
mod ending;
mod hold;
mod show;
mod stage;
mod watch;

pub use show::{Shape, Show};

use stage::Stage;

/// The scenario that is played unless another is named.
pub const DEFAULT: &str = include_str!("../../../scenarios/2023-11-bukamal.toml");
/// The name of [`DEFAULT`].
pub const DEFAULT_NAME: &str = "2023-11-bukamal";

/// How a rehearsal is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    /// Where the posts' folders are made.
    pub dir: PathBuf,
    /// Whether a reader is given time.
    pub pace: Pace,
    /// Whether the posts go on after the end.
    pub after: After,
}

/// Whether a reader is given time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// The scenario's own pauses.
    Reading,
    /// None.
    Fast,
}

/// What happens after the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// The posts stop.
    Stop,
    /// They go on until the process is interrupted.
    Hold,
}

/// How a rehearsal ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything that the scenario expects held, and the records verify.
    AsExpected,
    /// Something did not; it was shown.
    Otherwise,
}

/// Why a rehearsal could not be played.
#[non_exhaustive]
#[derive(Debug, Error)]
pub enum RehearseError {
    /// The scenario cannot be read.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// There is no such scenario.
    #[error("local scenario cannot be read: {0}")]
    LocalScenario(String),
    /// The scenario asks for something that a rehearsal cannot do.
    #[error("local rehearsal cannot play this scenario: {0}")]
    LocalUnplayable(String),
    /// The folder is there already and is not empty.
    #[error("local folder {0} is there already and is not empty")]
    LocalExists(String),
    /// The operating system refused something.
    #[error("local system failed at {what}: {reason}")]
    LocalIo {
        /// What was being done.
        what: &'static str,
        /// What the system said.
        reason: String,
    },
    /// The posts did not find each other on this machine.
    #[error("local posts did not connect to each other within {0} s")]
    LocalNotConnected(u64),
    /// A folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The charter.
    #[error(transparent)]
    Charter(#[from] DrawUpError),
    /// A host.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The network.
    #[error(transparent)]
    Network(#[from] StartError),
    /// A record.
    #[error(transparent)]
    Export(#[from] ExportError),
}

impl RehearseError {
    /// Returns the stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Scenario(error) => error.code(),
            Self::LocalScenario(_) => "KK-1701",
            Self::LocalUnplayable(_) => "KK-1702",
            Self::LocalExists(_) => "KK-1703",
            Self::LocalIo { .. } => "KK-1704",
            Self::LocalNotConnected(_) => "KK-1705",
            Self::Folder(error) => error.code(),
            Self::Charter(error) => error.code(),
            Self::Host(error) => error.code(),
            Self::Network(error) => error.code(),
            Self::Export(error) => error.code(),
        }
    }
}

/// Reads a scenario: a file, or one of those that come with the command.
///
/// # Errors
///
/// [`RehearseError`] if there is none of that name or it is not in order.
pub fn scenario(named: Option<&str>) -> Result<Scenario, RehearseError> {
    let text = match named {
        None | Some(DEFAULT_NAME) => return Ok(Scenario::parse(DEFAULT)?),
        Some(path) => {
            let most = khatt_core::scenario::MAX_DOCUMENT_BYTES;
            let bytes = crate::folder::read_bounded(Path::new(path), most)?;
            String::from_utf8(bytes)
                .map_err(|_| RehearseError::LocalScenario("it is not UTF-8".to_owned()))?
        }
    };
    Ok(Scenario::parse(&text)?)
}

/// Plays a scenario and shows it.
///
/// # Errors
///
/// [`RehearseError`] if it could not be played. A scenario that was played and did not end as it
/// expects is no error but [`Ended::Otherwise`].
pub fn rehearse(
    scenario: &Scenario,
    choices: &Choices,
    show: &mut Show,
) -> Result<Ended, RehearseError> {
    if scenario.kind != Kind::Rehearsal {
        let why = "its kind is not rehearsal".to_owned();
        return Err(RehearseError::LocalUnplayable(why));
    }
    let started = Instant::now();
    let mut stage = Stage::build(scenario, &choices.dir)?;
    show.opening(scenario, &stage);
    let mut observed = Observed::new();
    let fault = play(scenario, choices.pace, &mut stage, &mut observed, show)?;
    if let Some(fault) = &fault {
        show.failed(&stage, fault);
    }
    let sound = ending::end(&mut stage, show)?;
    let ended = if sound && fault.is_none() { Ended::AsExpected } else { Ended::Otherwise };
    show.ended(&ended, &choices.dir, &stage, started.elapsed());
    if choices.after == After::Hold {
        hold::hold(&mut stage, &scenario.zones, show)?;
    }
    stage.strike()?;
    Ok(ended)
}

/// Does what the player says until it has nothing more; returns what did not hold.
fn play(
    scenario: &Scenario,
    pace: Pace,
    stage: &mut Stage,
    observed: &mut Observed,
    show: &mut Show,
) -> Result<Option<StepFault>, RehearseError> {
    let mut player = Player::new(scenario);
    loop {
        stage.settle()?;
        watch::watch(stage, observed, show)?;
        match player.next(stage.clock.now_ms(), observed) {
            Next::Act(action) => {
                show.step(stage, &action);
                let said = deed::perform(stage, &action)?;
                watch::reported(stage, &action, said, observed, show)?;
                if pace == Pace::Reading {
                    // What the step caused is shown before the pause in which it is read.
                    stage.settle()?;
                    watch::watch(stage, observed, show)?;
                    thread::sleep(Duration::from_millis(scenario.pause_ms(&action.step)));
                }
            }
            Next::WaitUntil(until_ms) => {
                // News may be all that the player waits for, and time stands still until it is told.
                if !stage.has_news() {
                    stage.advance(until_ms)?;
                }
            }
            Next::Done => return Ok(None),
            Next::Failed(fault) => return Ok(Some(fault)),
            other => {
                let why = format!("the player asks for {other:?}");
                return Err(RehearseError::LocalUnplayable(why));
            }
        }
    }
}

fn io(what: &'static str) -> impl Fn(io::Error) -> RehearseError {
    move |error| RehearseError::LocalIo { what, reason: error.to_string() }
}
