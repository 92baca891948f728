"""The day that an address or a field names."""

from datetime import date


def day_of(text):
    """The day, or None where it cannot be read or lies outside the years 2000 to 2100."""
    try:
        chosen = date.fromisoformat(text)
    except ValueError:
        return None
    return chosen if 2000 <= chosen.year <= 2100 else None
