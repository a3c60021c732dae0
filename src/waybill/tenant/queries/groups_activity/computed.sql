-- The report from daily facts (graph.md 6.3, 6.4). $since..$until is the period, or the one day;
-- $refresh the last complete day, $known the first day whose activity counts for Last Activity.
-- $active_only: only groups with activity within $since..$until.
WITH listed AS (
  SELECT
    p.id, p.entra_id, p.name, p.reported_users, p.status IN ('soft_deleted', 'deleted') AS gone,
    u.visibility, u.mailbox_items, u.mailbox_bytes, u.site_files, u.site_bytes
  FROM principal AS p
  LEFT JOIN unified_group AS u ON u.grp = p.id
  -- A group that only an access list names is not in the directory we know.
  WHERE p.kind = 'm365_group' AND (u.grp IS NOT NULL OR p.status <> 'unresolved')
),
daily AS (
  SELECT
    *,
    day BETWEEN $since AND $until AS asked,
    -- What counts as activity of a group. Teams messages and meetings do not (graph.md 6.4).
    (emails_received > 0) IS TRUE OR (pages_viewed > 0) IS TRUE OR (yammer_posted > 0) IS TRUE
      OR (yammer_read > 0) IS TRUE OR (yammer_liked > 0) IS TRUE AS active
  FROM group_day
  WHERE day BETWEEN $known AND $refresh
),
days AS (
  SELECT
    grp,
    CAST(sum(emails_received) FILTER (WHERE asked) AS BIGINT) AS emails_received,
    CAST(sum(yammer_posted) FILTER (WHERE asked) AS BIGINT) AS yammer_posted,
    CAST(sum(yammer_read) FILTER (WHERE asked) AS BIGINT) AS yammer_read,
    CAST(sum(yammer_liked) FILTER (WHERE asked) AS BIGINT) AS yammer_liked,
    CAST(sum(channel_messages) FILTER (WHERE asked) AS BIGINT) AS channel_messages,
    CAST(sum(meetings) FILTER (WHERE asked) AS BIGINT) AS meetings,
    count(pages_viewed) FILTER (WHERE asked) AS pages_told,
    max(day) FILTER (WHERE active) AS last_active,
    max(day) FILTER (WHERE active AND asked) AS last_asked
  FROM daily
  GROUP BY grp
),
touched AS (
  SELECT grp, max(day) AS last_active FROM group_file_day WHERE day BETWEEN $known AND $refresh GROUP BY grp
),
-- A file counts once, however many days of the period it was worked on.
files AS (
  SELECT grp, count(*) AS active_files, max(last_day) AS last_asked
  FROM (
    SELECT grp, file, max(day) AS last_day
    FROM group_file_day
    WHERE day BETWEEN $since AND $until AND day <= $refresh
    GROUP BY grp, file
  ) AS distinct_files
  GROUP BY grp
),
people AS (
  SELECT
    m.container AS grp,
    count(DISTINCT m.member) AS members,
    count(DISTINCT m.member) FILTER (WHERE p.external) AS external_members
  FROM member AS m
  JOIN principal AS p ON p.id = m.member
  WHERE p.kind = 'user'
  GROUP BY m.container
),
owners AS (
  SELECT o.grp, arg_min(p.upn, p.id) AS upn
  FROM owner AS o
  JOIN principal AS p ON p.id = o.principal
  WHERE p.upn <> ''
  GROUP BY o.grp
),
dated AS (
  SELECT
    listed.*,
    days.* EXCLUDE (grp, last_active, last_asked),
    files.active_files,
    greatest(days.last_active, touched.last_active) AS last_activity,
    greatest(days.last_asked, files.last_asked) AS last_asked
  FROM listed
  LEFT JOIN days ON days.grp = listed.id
  LEFT JOIN touched ON touched.grp = listed.id
  LEFT JOIN files ON files.grp = listed.id
)
SELECT
  CAST($refresh AS DATE),
  nullif(dated.name, ''),
  dated.gone,
  owners.upn,
  dated.last_activity,
  dated.visibility,
  -- A group whose members the source only counts.
  coalesce(people.members, dated.reported_users, 0),
  coalesce(people.external_members, 0),
  dated.emails_received,
  -- Page views tell that the library was watched, and then no file row means none.
  CASE WHEN dated.active_files IS NULL AND dated.pages_told > 0 THEN 0 ELSE dated.active_files END,
  dated.yammer_posted,
  dated.yammer_read,
  dated.yammer_liked,
  dated.mailbox_items,
  dated.mailbox_bytes,
  dated.site_files,
  dated.site_bytes,
  dated.channel_messages,
  dated.meetings,
  dated.entra_id,
  $label
FROM dated
LEFT JOIN people ON people.grp = dated.id
LEFT JOIN owners ON owners.grp = dated.id
WHERE CASE
    WHEN $active_only THEN dated.last_asked IS NOT NULL
    WHEN dated.gone THEN dated.last_activity >= $since
    ELSE TRUE
  END
ORDER BY dated.name = '', dated.name, dated.entra_id, dated.id
