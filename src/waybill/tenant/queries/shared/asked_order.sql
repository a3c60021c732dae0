SELECT site FROM asked_site ORDER BY ord;
