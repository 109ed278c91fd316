INSERT INTO store (store_id, version, min_reader_version) VALUES (?1, ?2, ?3)
