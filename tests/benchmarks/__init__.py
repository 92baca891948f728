"""Measurements against the goals: `make bench`, or a part of it with `make bench ONLY=search`."""
