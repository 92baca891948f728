"""What somebody holds for an order just now, and what can be done about it."""

from dataclasses import dataclass

from scheduling.models import Hold, StepKind
from scheduling.services import holds
from scheduling.templatetags import clock


@dataclass(frozen=True, slots=True)
class Held:
    """`who`: the colleague, empty for one's own; `when`: the start of the lungs."""

    hold: Hold
    who: str
    until: str
    when: str
    is_offer: bool


def for_order(order, *, user, now):
    """The live hold of the order, of whomever, or None."""
    found = order.holds.live().filter(expires_at__gt=now).select_related("held_by").first()
    if found is None:
        return None
    zone = order.site.time_zone
    starts = holds.starts_of(found)
    lungs = min((at for kind, at in starts.items() if kind != StepKind.XRAY), default=min(starts.values()))
    who = "" if found.held_by_id == user.pk else found.held_by.name
    return Held(found, who, clock.time_at(found.expires_at, zone), _when(lungs, zone), found.is_offer)


def _when(lungs, zone):
    return f"{clock.day_at(lungs, zone)}, {clock.time_at(lungs, zone)}"
