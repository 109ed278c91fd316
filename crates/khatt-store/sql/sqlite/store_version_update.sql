UPDATE store SET version = ?1, min_reader_version = ?2
