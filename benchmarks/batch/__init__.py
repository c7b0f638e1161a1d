"""`tipdesk score` on backlogs: a million rows, kills and full disks, awkward files. Each is a command."""
