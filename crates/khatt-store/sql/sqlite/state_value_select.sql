SELECT sealed FROM state WHERE line_no = ?1 AND key = ?2
