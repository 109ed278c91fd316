SELECT DISTINCT log FROM checkpoint WHERE line_no = ?1 ORDER BY log
