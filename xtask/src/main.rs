//! Chores of the Khatt workspace.
//!
//! `cargo xtask ci` runs everything that needs no network and nothing but Rust: formatting, lints,
//! tests, documentation, and the tree tests. `cargo xtask tree` runs the tree tests alone: they
//! read the files of the repository and say which house rule a file breaks. `cargo xtask seeds` gives
//! the fuzzer something to start from, `cargo xtask shots` leaves pictures of the desk, `cargo xtask size`
//! measures the verifier for strangers, and `cargo xtask faults` checks the simulator's checkers. The
//! checks made with tools of others are left to `./test`.

mod checks;
mod ci;
mod faults;
mod gazetteer;
mod rust_source;
mod seeds;
mod size;
mod tree;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

const USAGE: &str =
    "usage: cargo xtask ci | tree | seeds | shots | size | faults | gazetteer CITIES

  ci     formatting, lints, tests, documentation, then the tree; no network needed
  tree   only the tests that read the repository's own files
  seeds  what the fuzzer starts from, into fuzz/corpus/
  shots  pictures of every page of the desk, into target/shots/; needs Chromium, and axe-core by
         KHATT_TEST_AXE (./test fetches it)
  size   builds khatt-verify and says how much of it there is, and what it links
  faults deliberate faults in a copy of the crates: the simulator must find each one
  gazetteer CITIES  coordinates and spellings of forms/gazetteer.toml from cities500.json";

fn main() -> ExitCode {
    let command = std::env::args().nth(1);
    let outcome = match command.as_deref() {
        Some("ci") => root().and_then(|root| ci::run(&root)),
        Some("tree") => root().and_then(|root| ci::tree(&root)),
        Some("seeds") => root().and_then(|root| seeds::run(&root)),
        Some("shots") => root().and_then(|root| ci::shots(&root)),
        Some("size") => root().and_then(|root| size::run(&root)),
        Some("faults") => root().and_then(|root| faults::run(&root)),
        Some("gazetteer") => match std::env::args().nth(2) {
            Some(cities) => root().and_then(|root| gazetteer::run(&root, Path::new(&cities))),
            None => {
                eprintln!("{USAGE}");
                return ExitCode::from(2);
            }
        },
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("xtask: {fault:#}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the folder of the workspace: the parent of this crate's own.
fn root() -> anyhow::Result<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .context("xtask has no parent folder")
}
