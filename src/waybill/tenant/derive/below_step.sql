INSERT INTO below
SELECT s.parent, sum(1 + coalesce(b.items, 0))
FROM place p JOIN securable s ON s.id = p.securable LEFT JOIN below b ON b.securable = p.securable
WHERE p.depth = $level GROUP BY s.parent;
