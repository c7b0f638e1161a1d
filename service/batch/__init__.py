"""Batch scoring: tables in, the same tables with routings out. Knows nothing of HTTP."""
