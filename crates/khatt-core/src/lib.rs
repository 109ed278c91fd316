//! How a line behaves: the engine of a post, without sockets, files, clocks or randomness.
//!
//! Bytes, officers' acts, store completions and the time come in; batches to store, frames to send,
//! alarms and events go out. The same engine runs in a post, in a rehearsal and in the simulator.

pub mod scenario;
pub mod store;
pub mod time;

pub use time::Now;
