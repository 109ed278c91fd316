SELECT line_no FROM evidence WHERE line_no = ?1 AND name = ?2
