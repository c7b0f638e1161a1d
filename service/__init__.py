"""The HTTP API, the operator console, batch scoring, and the `tipdesk` command."""
