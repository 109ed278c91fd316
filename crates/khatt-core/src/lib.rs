//! How a Khatt line behaves: the engine without sockets, files or clocks.
