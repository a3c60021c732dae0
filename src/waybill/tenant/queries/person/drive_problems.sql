-- What could not be taken of the person's OneDrive when it was loaded from a folder.
SELECT path, reason FROM drive_problem WHERE owner = (SELECT id FROM me) ORDER BY path, reason;
