-- A day is complete when a pull made for it holds its actions; of actions without such a day, the last
-- day may have been cut short by the pull.
SELECT greatest(
  max(CASE WHEN SnapshotDate::DATE = ActionDate::DATE THEN ActionDate::DATE END),
  max(ActionDate)::DATE - 1
)
FROM landed.SharePointFileActions
