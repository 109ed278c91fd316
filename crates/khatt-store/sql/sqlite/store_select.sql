SELECT store_id, version, min_reader_version FROM store
