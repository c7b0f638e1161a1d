"""What a desk needs besides its name, measured: ``python -m benchmarks.triage.NAME``."""
