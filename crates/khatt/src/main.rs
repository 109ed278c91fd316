//! Khatt: the command, posts and rehearsals.

fn main() {}
