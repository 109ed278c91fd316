//! Khatt's offline verifier.

fn main() {}
