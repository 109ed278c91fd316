//! Routes: points in order, each with the time at which it is to be passed, if that was said.
//!
//! Reading and writing the notation is here; the width of a corridor and its heights are fields of
//! their own, so that each can be read back alone.

use crate::error::InputFault;
use crate::geo::Coordinate;
use crate::glossary::Wordbook;
use crate::input::{coordinate, instant};
use crate::time::Instant;

/// One point of a route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waypoint {
    /// Where it is.
    pub at: Coordinate,
    /// When it is to be passed, if that was said.
    pub when: Option<Instant>,
}

/// Most points of a route.
pub const MAX_WAYPOINTS: usize = 24;

/// Says whether the points are a route: 1 to 24, no point twice in a row, times that grow.
pub(crate) fn is_sound(points: &[Waypoint]) -> bool {
    let times: Vec<i64> = points.iter().filter_map(|p| Some(p.when.as_ref()?.unix_s())).collect();
    (1..=MAX_WAYPOINTS).contains(&points.len())
        && points.iter().zip(points.iter().skip(1)).all(|(a, b)| a.at != b.at)
        && times.is_sorted_by(|a, b| a < b)
}

/// Reads `P @ time; P; P @ time`.
pub(crate) fn read(typed: &str, book: Wordbook<'_>) -> Result<Vec<Waypoint>, InputFault> {
    let parts: Vec<&str> = typed.split(';').collect();
    if parts.len() > MAX_WAYPOINTS {
        return Err(InputFault::Route);
    }
    let points = parts
        .into_iter()
        .map(|part| {
            let (at, when) = match part.split_once('@') {
                Some((at, when)) => (at, Some(instant(when.trim())?)),
                None => (part, None),
            };
            Ok(Waypoint { at: coordinate(at.trim(), book)?, when })
        })
        .collect::<Result<Vec<_>, InputFault>>()?;
    if is_sound(&points) { Ok(points) } else { Err(InputFault::Route) }
}

/// Writes a route as [`read`] takes it.
pub(crate) fn write(points: &[Waypoint]) -> String {
    let one = |point: &Waypoint| match &point.when {
        Some(when) => format!("{} @ {}", point.at.painted(), when.typed()),
        None => point.at.painted(),
    };
    points.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// The same points, and the same seconds where times are given, on whatever clock.
pub(crate) fn same(a: &[Waypoint], b: &[Waypoint]) -> bool {
    let second = |point: &Waypoint| point.when.as_ref().map(Instant::unix_s);
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.at == b.at && second(a) == second(b))
}
