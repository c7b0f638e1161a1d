"""The case store: cases, accounts, keys, webhooks and audit in SQLite or PostgreSQL. It knows nothing of HTTP.

Callers open a transaction of a `Database` and hand its session to the functions of the module of the noun.
"""
