//! How many bytes a message and its receipt are on the wire, in a real exchange of two engines.

use anyhow::{Context as _, bail};
use khatt_core::{line::Done, testing::Rig};

use super::{
    Goal, Row,
    messages::Messages,
    pair::{NORTH, SOUTH, charter},
};

/// A message frame may have so many bytes, and a receipt frame so many.
const MESSAGE_MAX: f64 = 700.0;
const RECEIPT_MAX: f64 = 120.0;

/// The lengths of two frames, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) message: usize,
    pub(super) receipt: usize,
}

pub(super) fn run(tell: &mut dyn FnMut(Row)) -> anyhow::Result<()> {
    let sizes = sizes()?;
    for (name, bytes, most) in
        [("message", sizes.message, MESSAGE_MAX), ("receipt", sizes.receipt, RECEIPT_MAX)]
    {
        let row = Row::new(&format!("frames.{name}"), bytes as f64, "B");
        tell(row.goal(Goal::AtMost(most)));
    }
    Ok(())
}

/// Releases an incident with two officers' signatures and looks at what the posts send.
pub(super) fn sizes() -> anyhow::Result<Sizes> {
    let mut rig = Rig::of(charter());
    let draft = Messages::new(&rig.charter, NORTH)?.draft();
    rig.frames_sent.clear();
    let Ok(Done::Released(_)) = rig.release(NORTH, draft) else { bail!("not released") };
    rig.run();
    let first = |by| {
        let sent = rig.frames_sent.iter().find(|(from, _, _)| *from == by);
        sent.map(|(_, _, bytes)| *bytes)
    };
    Ok(Sizes {
        message: first(NORTH).context("no message was sent")?,
        receipt: first(SOUTH).context("no receipt was sent")?,
    })
}
