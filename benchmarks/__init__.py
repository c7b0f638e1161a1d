"""Quality and speed measured against peers, each a command: ``python -m benchmarks.NAME``."""
