"""A moment on a site's clock. An hour that comes twice, after summer time ends, is never shown without its name."""

from datetime import datetime, tzinfo


def hour(moment: datetime, zone: tzinfo) -> str:
    """10:40; "01:30 EST" in the hour that comes twice."""
    return clock_time(moment.astimezone(zone), named=False)


def clock_time(local: datetime, *, named: bool) -> str:
    text = f"{local:%H:%M}"
    return f"{text} {abbreviation(local)}" if named or happens_twice(local) else text


def happens_twice(local: datetime) -> bool:
    """Whether the clock shows this local time a second time (the hour after summer time ends)."""
    offset, other = local.utcoffset(), local.replace(fold=1 - local.fold).utcoffset()
    if offset is None or other is None:
        raise ValueError("A time without a zone cannot be shown.")
    return (offset < other) if local.fold else (offset > other)


def abbreviation(local: datetime) -> str:
    """EST, CET; UTC-03:00 for zones whose name is only a number."""
    name = local.tzname() or ""
    return f"UTC{local.isoformat()[-6:]}" if name[:1] in ("", "+", "-") else name
