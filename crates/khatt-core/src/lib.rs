//! How a line behaves: the engine of a post, without sockets, files, clocks or randomness.
//!
//! Bytes, officers' acts, store completions and the time come in; batches to store, frames to send,
//! alarms and events go out. The same engine runs in a post, in a rehearsal and in the simulator.

pub mod alarm;
pub mod clocks;
pub mod draft;
pub mod ladder;
pub mod line;
pub mod line_test;
mod pack;
pub mod quota;
pub mod read_back;
pub mod scenario;
pub mod statistics;
pub mod store;
pub mod testing;
pub mod time;
pub mod timer;

pub use pack::StateError;
pub use time::Now;
