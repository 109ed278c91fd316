//! A Khatt post's store: SQLite with full sync, one writer, and a head file.
