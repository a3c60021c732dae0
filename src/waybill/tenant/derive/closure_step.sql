-- One more level of the closure. `via` is the container before the last step; of several shortest
-- chains the alphabetically first is kept, so that every run explains a grant in the same words.
INSERT INTO closure
SELECT c.descendant, e.container, ($level)::SMALLINT, arg_min(c.ancestor, c.path || s.text), min(c.path || s.text)
FROM closure c
JOIN edge e ON e.member = c.ancestor
JOIN step s ON s.principal = e.container
WHERE c.distance = $level - 1 AND e.container <> c.descendant
  AND NOT EXISTS (SELECT 1 FROM closure k WHERE k.descendant = c.descendant AND k.ancestor = e.container)
GROUP BY c.descendant, e.container;
