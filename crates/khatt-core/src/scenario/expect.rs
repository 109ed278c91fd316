//! What must hold after a step: rows that the player checks against what was observed.

use super::cast::{Cast, declared};
use super::document::Section;
use super::error::ScenarioError;
use super::name::{Name, Word};
use super::step::{Act, Step};

/// One row that must hold, and until when.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// What must hold.
    pub what: Expect,
    /// Milliseconds on the scenario clock, from the moment the step is done.
    pub within_ms: u64,
}

/// What must hold. Posts and steps are named as the scenario names them.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The message of a step is stored at a post.
    Stored {
        /// The step that sent it.
        of: Name,
        /// The post that must hold it.
        at: Name,
    },
    /// A step of the acknowledgement ladder is reached; a lower one is never inferred from it.
    Level {
        /// The step that sent the message.
        of: Name,
        /// 1 to 6.
        level: u8,
        /// The post whose level it is.
        by: Name,
        /// The post that must know it.
        at: Name,
    },
    /// A step of the ladder is not reached until the time is over.
    Never {
        /// The step that sent the message.
        of: Name,
        /// 1 to 6.
        level: u8,
        /// The post whose level it would be.
        by: Name,
        /// The post that would know it.
        at: Name,
    },
    /// The machine compared a read-back and found this.
    ReadBack {
        /// The step that sent the message.
        of: Name,
        /// The post that read it back.
        by: Name,
        /// What the comparison found.
        result: ReadBackResult,
    },
    /// A line test of this post was answered by that one.
    TestAnswered {
        /// The post that tested.
        post: Name,
        /// The post that answered.
        by: Name,
    },
    /// An alarm stands at a post.
    Alarm {
        /// The post.
        at: Name,
        /// The alarm's code.
        code: Word,
    },
    /// An alarm that stood at a post stands no longer.
    Cleared {
        /// The post.
        at: Name,
        /// The alarm's code.
        code: Word,
    },
    /// The act of this very step is refused.
    Refused {
        /// The code of the error.
        code: Word,
    },
}

/// What a comparison of a read-back found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReadBackResult {
    /// Every critical field is the same by value.
    Match,
    /// At least one critical field differs or is missing.
    Mismatch,
}

impl std::fmt::Display for ReadBackResult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Match => "a match",
            Self::Mismatch => "a mismatch",
        })
    }
}

impl std::fmt::Display for Expect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stored { of, at } => write!(f, "`{of}` stored at {at}"),
            Self::Level { of, level, by, at } => {
                write!(f, "A{level} of `{of}` reached by {by} and known at {at}")
            }
            Self::Never { of, level, by, at } => {
                write!(f, "A{level} of `{of}` by {by} not known at {at}")
            }
            Self::ReadBack { of, by, result } => {
                write!(f, "{result} in the read-back of `{of}` by {by}")
            }
            Self::TestAnswered { post, by } => write!(f, "a line test of {post} answered by {by}"),
            Self::Alarm { at, code } => write!(f, "alarm {code} standing at {at}"),
            Self::Cleared { at, code } => write!(f, "alarm {code} cleared at {at}"),
            Self::Refused { code } => write!(f, "the act refused with {code}"),
        }
    }
}

/// Reads the rows of a step, or makes those that its act implies.
///
/// `earlier` holds the steps above; `own` is the step that the rows belong to.
pub(super) fn read(
    section: &Section<'_, '_>,
    own: &Name,
    act: &Act,
    cast: &Cast<'_>,
    earlier: &[Step],
) -> Result<Vec<Expectation>, ScenarioError> {
    if !section.has("expect") {
        let within_ms = cast.bounds.expect_ms;
        let rows = implied(own, act, cast, earlier).into_iter();
        return Ok(rows.map(|what| Expectation { what, within_ms }).collect());
    }
    let mut rows = Vec::new();
    for row in section.sections("expect", 64)? {
        let what = read_row(&row, own, act, cast, earlier)?;
        let within = row.optional_offset("within")?;
        let within_ms = within.map_or(cast.bounds.expect_ms, |found| found.value);
        row.finish()?;
        rows.push(Expectation { what, within_ms });
    }
    Ok(rows)
}

/// What an act implies when a step has no rows of its own (`spec/scenario.md §6`).
fn implied(own: &Name, act: &Act, cast: &Cast<'_>, earlier: &[Step]) -> Vec<Expect> {
    let level = |of: &Name, level, by: &Name| {
        let at = author(of, earlier).unwrap_or(by).clone();
        Expect::Level { of: of.clone(), level, by: by.clone(), at }
    };
    match act {
        Act::Send(message) => {
            let others = other_posts(&message.post, cast);
            others.map(|at| Expect::Stored { of: own.clone(), at: at.clone() }).collect()
        }
        Act::LineTest { post } => {
            let others = other_posts(post, cast);
            others.map(|by| Expect::TestAnswered { post: post.clone(), by: by.clone() }).collect()
        }
        Act::Acknowledge { post, of, level: reached, .. } => vec![level(of, *reached, post)],
        Act::Answer { post, of, .. } => vec![level(of, 6, post)],
        Act::ReadBack { post, of, overrides, .. } => {
            let (of, by) = (of.clone(), post.clone());
            if overrides.is_empty() {
                let reached = level(&of, 3, &by);
                vec![Expect::ReadBack { of, by, result: ReadBackResult::Match }, reached]
            } else {
                vec![Expect::ReadBack { of, by, result: ReadBackResult::Mismatch }]
            }
        }
        Act::Fault(_) | Act::Wait { .. } | Act::Expect => Vec::new(),
    }
}

fn read_row(
    row: &Section<'_, '_>,
    own: &Name,
    act: &Act,
    cast: &Cast<'_>,
    earlier: &[Step],
) -> Result<Expect, ScenarioError> {
    let post = |key, otherwise: Option<&Name>| match (row.optional_name(key)?, otherwise) {
        (Some(found), _) => declared(found, cast.posts.iter().map(|post| &post.name), "a post"),
        (None, Some(name)) => Ok(name.clone()),
        (None, None) => row.name(key).map(|found| found.value),
    };
    let of = || match (row.optional_name("of")?, act) {
        (Some(found), _) if found.value == *own && matches!(act, Act::Send(_)) => Ok(own.clone()),
        (Some(found), _) => {
            let senders = earlier.iter().filter(|step| step.sends()).map(|step| &step.name);
            declared(found, senders, "a step above that sends a message")
        }
        (None, Act::Send(_)) => Ok(own.clone()),
        (None, Act::Acknowledge { of, .. } | Act::Answer { of, .. } | Act::ReadBack { of, .. }) => {
            Ok(of.clone())
        }
        (None, _) => row.name("of").map(|found| found.value),
    };
    let code = |key| row.word(key).map(|found| found.value);
    // The acting post, unless the step sends: then the level is another post's and must be named.
    let actor = if matches!(act, Act::Send(_)) { None } else { act.post() };
    let level = |key| {
        let level = LEVELS.map(|(word, level)| (word, level));
        let reached = row.choice(key, &level)?;
        let of = of()?;
        let by = post("by", actor)?;
        let own_post = if of == *own { act.post() } else { author(&of, earlier) };
        let at = post("at", own_post)?;
        Ok((of, reached, by, at))
    };
    let present: Vec<&str> = KINDS.into_iter().filter(|key| row.has(key)).collect();
    match present.as_slice() {
        ["stored"] => Ok(Expect::Stored { at: post("stored", None)?, of: of()? }),
        ["level"] => level("level").map(|(of, level, by, at)| Expect::Level { of, level, by, at }),
        ["never"] => level("never").map(|(of, level, by, at)| Expect::Never { of, level, by, at }),
        ["read-back"] => Ok(Expect::ReadBack {
            result: row.choice("read-back", &RESULTS)?,
            of: of()?,
            by: post("by", actor)?,
        }),
        ["test-answered"] => Ok(Expect::TestAnswered {
            by: post("test-answered", None)?,
            post: post("at", act.post())?,
        }),
        ["alarm"] => Ok(Expect::Alarm { at: post("at", act.post())?, code: code("alarm")? }),
        ["cleared"] => Ok(Expect::Cleared { at: post("at", act.post())?, code: code("cleared")? }),
        ["refused"] => Ok(Expect::Refused { code: code("refused")? }),
        _ => Err(ScenarioError::LocalMissing {
            row: row.row(),
            key: row.named("expect"),
            expected: format!("exactly one of {}", super::document::listed(KINDS.iter())),
        }),
    }
}

/// The keys of which an expect row has exactly one.
const KINDS: [&str; 8] =
    ["stored", "level", "never", "read-back", "test-answered", "alarm", "cleared", "refused"];

const RESULTS: [(&str, ReadBackResult); 2] =
    [("match", ReadBackResult::Match), ("mismatch", ReadBackResult::Mismatch)];

/// The levels that a row may name.
pub(super) const LEVELS: [(&str, u8); 6] =
    [("A1", 1), ("A2", 2), ("A3", 3), ("A4", 4), ("A5", 5), ("A6", 6)];

/// Returns the post that sent the message of a step.
pub(super) fn author<'a>(step: &Name, earlier: &'a [Step]) -> Option<&'a Name> {
    earlier.iter().find(|other| other.name == *step)?.act.post()
}

fn other_posts<'a>(own: &Name, cast: &Cast<'a>) -> impl Iterator<Item = &'a Name> + use<'a> {
    let side = cast.posts.iter().find(|post| post.name == *own).map(|post| &post.party);
    cast.posts.iter().filter(move |post| Some(&post.party) != side).map(|post| &post.name)
}
