SELECT log, size, root, frontier, seal FROM head WHERE line_no = ?1 ORDER BY log
