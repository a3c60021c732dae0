SELECT coalesce(max(batch) + 1, 0) FROM hit WHERE (effect = 'live') = $live;
