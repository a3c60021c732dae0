SELECT day, files_viewed_or_edited, files_synced, files_shared_internally, files_shared_externally, pages_visited,
  emails_sent, emails_received, emails_read, chat_messages, meetings
FROM person_day WHERE principal = (SELECT id FROM me) ORDER BY ALL;
