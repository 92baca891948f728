"""What a time is measured against: the site's target for the start, and how long an X-ray is good for."""

from scheduling.models import Priority
from scheduling.services.search import waived_rules
from scheduling.templatetags import clock

PRESSING = (Priority.STAT, Priority.URGENT)


def late_words(order, lungs_start_at):
    """ "11 h after the target 03:46" where a STAT or urgent order starts after its target, else nothing."""
    zone = order.site.time_zone
    target = order.ordered_at + order.site.start_target(order.priority)
    if order.priority not in PRESSING or lungs_start_at <= target:
        return ""
    is_one_day = clock.date_at(target, zone) == clock.date_at(lungs_start_at, zone)
    shown = clock.time_at(target, zone) if is_one_day else clock.at(target, zone)
    return f"{clock.duration(lungs_start_at - target)} after the target {shown}"


def xray_good_until(order, xray):
    """The latest start of the lungs that is planned after this X-ray; None when a physician has waived the end."""
    if "CXR-2" in waived_rules(order):
        return None
    return xray.ended_at + order.site.xray_longest - order.site.plan_margin
