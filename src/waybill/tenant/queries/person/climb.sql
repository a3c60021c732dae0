-- What holds the holders found at the level before $level; the same rule as the closure for the text kept.
INSERT INTO holder
SELECT h.container, ($level)::SMALLINT, min(b.path || s.text), arg_min(b.principal, (b.path || s.text, b.principal)),
  arg_min(b.barred OR x.container IS NOT NULL, (b.path || s.text, b.principal))
FROM holder b JOIN holds h ON h.member = b.principal JOIN step s ON s.principal = h.container
LEFT JOIN barred x ON x.container = h.container AND x.member = h.member
WHERE b.distance = $level - 1 AND NOT EXISTS (SELECT 1 FROM holder k WHERE k.principal = h.container)
GROUP BY h.container;
