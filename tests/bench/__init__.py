"""The benchmark: `make bench` runs run.py, the other modules measure one thing each."""
