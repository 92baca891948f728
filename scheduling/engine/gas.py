"""Technegas does not keep: it is breathed in within minutes of the burn that made it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from scheduling.engine.clocks import hour

RULE = "GAS-1"
"""What a physician overrides to let older gas be breathed in; it lapses with the next burn."""
BREATHED_WITHIN = timedelta(minutes=10)
"""From the burn to the end of the inhalation (instructions for use of Technegas, as the literature cites them)."""


def why_not_breathe(made_at: datetime | None, now: datetime, zone: ZoneInfo) -> str | None:
    """A sentence why this gas is too old to begin with, or None; None too where no burn is on record."""
    if made_at is None or now - made_at <= BREATHED_WITHIN:
        return None
    minutes = BREATHED_WITHIN // timedelta(minutes=1)
    return (
        f"The Technegas was made at {hour(made_at, zone)}; it is breathed in within {minutes} min. "
        "Burn again with a new crucible, or ask a physician to let it go on."
    )
