"""Benchmarks of what a case carries beyond its desk, each a command: ``python -m benchmarks.triage.NAME``."""
