SELECT count(*) FROM holder WHERE distance = $level;
