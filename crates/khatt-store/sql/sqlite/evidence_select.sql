SELECT name, proof, seal FROM evidence WHERE line_no = ?1 ORDER BY name
