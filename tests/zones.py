"""Where it is a wanted hour now, so that no test depends on when it is run."""

import os
from datetime import UTC, datetime


def where_it_is(hour):
    """The time zone of whole hours whose clock shows `hour` now."""
    ahead = (hour - datetime.now(UTC).hour + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"  # POSIX signs: east is minus


def kept(name, hour):
    """The same, as this process or the one that started it has found it first: an hour later it is another zone."""
    return os.environ.setdefault(name, where_it_is(hour))
