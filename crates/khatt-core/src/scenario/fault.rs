//! What goes wrong: routes cut, posts down, clocks moved, peers that cheat.
//!
//! The vocabulary is open (a Byzantine act is a word that the host must know) but strict: every
//! kind of fault has its own keys and no others. A host refuses, before it starts, a scenario with
//! a fault that it cannot play.

use khatt_record::Kind;

use super::cast::{Cast, declared};
use super::document::Section;
use super::error::ScenarioError;
use super::name::{Name, Word};
use super::step::Step;

/// A fault at a fixed time.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its name, which no step has.
    pub name: Name,
    /// When, in milliseconds on the scenario clock.
    pub at_ms: u64,
    /// What goes wrong.
    pub act: FaultAct,
}

/// One thing that goes wrong, or is put right.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultAct {
    /// Nothing passes on a route any more.
    CutRoute {
        /// The route.
        route: Name,
    },
    /// A route that was cut, delayed or lossy is as it was.
    RestoreRoute {
        /// The route.
        route: Name,
    },
    /// Everything on a route takes this much longer.
    DelayRoute {
        /// The route.
        route: Name,
        /// Milliseconds more, each way.
        by_ms: u64,
    },
    /// A route loses frames.
    LoseFrames {
        /// The route.
        route: Name,
        /// How many of a thousand.
        per_mille: u16,
    },
    /// A route delivers frames twice.
    RepeatFrames {
        /// The route.
        route: Name,
        /// How many of a thousand.
        per_mille: u16,
    },
    /// A post stops without warning.
    Crash {
        /// The post.
        post: Name,
    },
    /// A stopped post starts again.
    Restart {
        /// The post.
        post: Name,
    },
    /// A post's wall clock is moved.
    MoveClock {
        /// The post.
        post: Name,
        /// By how many milliseconds.
        by_ms: u64,
        /// Which way.
        forward: bool,
    },
    /// A post does what no honest post does.
    Byzantine {
        /// The post.
        post: Name,
        /// What it does: a word such as `fork`, which the host must know.
        act: Word,
    },
}

/// The words that start a fault, as the `do` of a step or of a `[[fault]]`.
pub(super) const WORDS: [(&str, &str); 9] = [
    ("cut-route", "cut-route"),
    ("restore-route", "restore-route"),
    ("delay-route", "delay-route"),
    ("lose-frames", "lose-frames"),
    ("repeat-frames", "repeat-frames"),
    ("crash", "crash"),
    ("restart", "restart"),
    ("move-clock", "move-clock"),
    ("byzantine", "byzantine"),
];

impl FaultAct {
    /// Says whether a host that plays lines of this kind on real posts may be asked for it.
    ///
    /// Cutting and restoring routes can be done on a drill by the parties themselves; all else
    /// needs a machine that plays both sides.
    #[must_use]
    pub const fn fits(&self, kind: Kind) -> bool {
        matches!(kind, Kind::Rehearsal)
            || matches!(self, Self::CutRoute { .. } | Self::RestoreRoute { .. })
    }
}

/// Reads the keys of one fault, after its word.
pub(super) fn read(
    section: &Section<'_, '_>,
    word: &str,
    cast: &Cast<'_>,
) -> Result<FaultAct, ScenarioError> {
    let post =
        || declared(section.name("post")?, cast.posts.iter().map(|post| &post.name), "a post");
    let route =
        || declared(section.name("route")?, cast.routes.iter().map(|route| &route.name), "a route");
    let per_mille =
        || section.number("per-mille", 1, 1_000).map(|n| u16::try_from(n).unwrap_or(1_000));
    Ok(match word {
        "cut-route" => FaultAct::CutRoute { route: route()? },
        "restore-route" => FaultAct::RestoreRoute { route: route()? },
        "delay-route" => {
            FaultAct::DelayRoute { route: route()?, by_ms: section.offset("delay")?.value }
        }
        "lose-frames" => FaultAct::LoseFrames { route: route()?, per_mille: per_mille()? },
        "repeat-frames" => FaultAct::RepeatFrames { route: route()?, per_mille: per_mille()? },
        "crash" => FaultAct::Crash { post: post()? },
        "restart" => FaultAct::Restart { post: post()? },
        "move-clock" => FaultAct::MoveClock {
            post: post()?,
            by_ms: section.offset("amount")?.value,
            forward: section.choice("direction", &[("forward", true), ("back", false)])?,
        },
        // The caller's word is one of `WORDS`.
        _ => FaultAct::Byzantine { post: post()?, act: section.word("act")?.value },
    })
}

/// Reads every `[[fault]]`.
pub(super) fn read_all(
    whole: &Section<'_, '_>,
    cast: &Cast<'_>,
    steps: &[Step],
) -> Result<Vec<Fault>, ScenarioError> {
    let mut faults: Vec<Fault> = Vec::new();
    for section in whole.sections("fault", 256)? {
        let name = section.name("name")?;
        let taken =
            steps.iter().map(|step| &step.name).chain(faults.iter().map(|fault| &fault.name));
        if taken.into_iter().any(|other| *other == name.value) {
            return Err(ScenarioError::LocalNameTaken {
                row: name.row,
                key: name.key,
                name: name.value.to_string(),
            });
        }
        let at = section.offset("at")?;
        if faults.last().is_some_and(|last| last.at_ms > at.value) {
            return Err(at.wrong("no earlier than the fault above", "an earlier time"));
        }
        let word = section.choice("do", &WORDS)?;
        let act = read(&section, word, cast)?;
        section.finish()?;
        faults.push(Fault { name: name.value, at_ms: at.value, act });
    }
    Ok(faults)
}
