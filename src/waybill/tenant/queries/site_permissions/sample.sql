-- Sites worth showing: the two with most access list entries.
SELECT s.url FROM site s JOIN entry e ON e.site = s.id WHERE s.state = 'Active'
GROUP BY s.id, s.url ORDER BY count(*) DESC, s.url LIMIT 2;
