"""Ways to fill a new snapshot: MGDC files, and the practice tenant."""
