"""Plain Python that judges what a report says: no clock, no settings, no database."""
