//! After the end: the posts go on, and commands may ask them, until somebody interrupts.

use std::sync::Arc;

use serde_json::json;

use super::{RehearseError, Show, io, stage::Stage};
use crate::control::{client::Driven, desk::Desk, server::Server};

/// Answers commands in every folder until the process is interrupted.
pub(super) fn hold(stage: &mut Stage, show: &mut Show) -> Result<(), RehearseError> {
    let mut servers = Vec::new();
    for side in &mut stage.sides {
        let driven = Driven::running(Arc::clone(&side.host), side.language());
        let Some(reader) = side.spare.take() else {
            continue;
        };
        let desk = Desk::new(Box::new(driven), stage.charter.clone(), side.index, reader);
        let server = Server::start(&side.folder, Arc::new(desk));
        servers.push(server.map_err(|error| io("listening for commands")(other(&error)))?);
    }
    let text = "The posts go on until Ctrl-C; commands in their folders are answered.";
    show.row(text, "held", json!({}));
    stage
        .wait_for(async { tokio::signal::ctrl_c().await })
        .map_err(io("waiting for an interruption"))?;
    drop(servers);
    Ok(())
}

fn other(error: &crate::control::ControlError) -> std::io::Error {
    std::io::Error::other(error.to_string())
}
