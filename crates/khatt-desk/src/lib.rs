//! What the watch sees: the screens of a post, served to browsers of the same machine.
//!
//! Pages are drawn here in Rust, one style sheet and one script go with them, and what moves comes as
//! server-sent events. The desk decides nothing: alarms, deadlines and levels are the post's, which it
//! asks through [`port::Post`]. It fetches nothing from another host, and its pages cannot.

mod assets;
mod clocks;
mod guard;
mod pages;
pub mod port;
mod server;
mod session;
mod stream;
mod view;
mod words;

pub use server::{OpenError, Server, read_address};
