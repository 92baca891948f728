"""Both values of what was changed after it was recorded, and why: written here alone, and never changed again.

Part of the caller's transaction.
"""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from scheduling.models import Correction


def keep(appointment, *, subject, field, label, before, after, reason, by, now):
    """A Correction of one value; `before` and `after` are the values themselves, None where there is none."""
    zone = ZoneInfo(appointment.site.time_zone)
    return Correction.objects.create(
        appointment=appointment,
        subject=subject,
        field=field,
        label=label[:100],
        before=words(before, zone),
        after=words(after, zone),
        reason=reason.strip()[:200],
        corrected_at=now,
        corrected_by=by,
    )


def words(value, zone):
    """A value as it stands in a Correction: times are local, to the second; 143.6 and not 143.600."""
    if isinstance(value, datetime):
        local = value.astimezone(zone)
        return f"{local.day} {local:%b %Y, %H:%M:%S}"
    if isinstance(value, Decimal):
        return f"{value:f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"
    return "" if value is None else str(value)[:100]
