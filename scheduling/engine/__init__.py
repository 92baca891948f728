"""Plain Python that computes when a scan can happen: no clock, no settings, no database."""
