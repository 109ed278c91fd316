//! A Khatt post's network: QUIC between the keys of the charter.
