"""Files people open: workbooks and the ZIP around them, streamed, and the same bytes every time."""
