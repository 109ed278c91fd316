//! Chores of the Khatt workspace.

fn main() {}
