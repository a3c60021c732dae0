-- Scan times of the sites a report is about (asked_site).
SELECT min(s.scanned_at), max(s.scanned_at) FROM site s JOIN asked_site a ON a.site = s.id;
