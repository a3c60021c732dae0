SELECT a.at, a.workload, a.operation, a.object, s.title, s.url, a.detail
FROM activity_event a LEFT JOIN site s ON s.id = a.site WHERE a.principal = (SELECT id FROM me)
ORDER BY a.at, a.workload, a.operation, a.object, s.url, a.detail;
