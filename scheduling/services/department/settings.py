"""What holds for the whole department: targets, waitlist, calling in, and where patients come to; from a day on."""

from datetime import timedelta

from scheduling.models import ChangeSubject
from scheduling.services.department import changes
from vqflow import policy
from vqflow.errors import Invalid

TARGETS = (
    "stat_start_target",
    "urgent_start_target",
    "routine_start_target",
    "stat_report_target",
    "urgent_report_target",
    "routine_report_target",
    "countersign_within",
)
FIELDS = (*TARGETS, "call_in_delay", "waitlist_mode", "offer_minutes", "place", "phone")
LONGEST = timedelta(days=365)
LONGEST_CALL_IN = timedelta(hours=12)


def preview(site, *, starts_on, now, **values):
    """The differences; Invalid as change() raises it."""
    _check(values)
    return changes.check(site, [(site, values)], starts_on=starts_on, now=now)


def change(site, *, starts_on, by, now, **values):
    """From `starts_on` on the department has these values, some of FIELDS."""
    policy.permit(by, changes.ACTION)
    _check(values)
    about = (site, ChangeSubject.SETTINGS, site.pk)
    return changes.plan(*about, [(site, values)], starts_on=starts_on, by=by, now=now)


def _check(values):
    for name in TARGETS:
        if name in values and not timedelta(0) < values[name] <= LONGEST:
            _refuse(name, "Enter a time of at least one minute and at most a year.")
    delay = values.get("call_in_delay", timedelta(0))
    if not timedelta(0) <= delay <= LONGEST_CALL_IN:
        _refuse("call_in_delay", "Enter at most 12 hours.")
    if not 1 <= values.get("offer_minutes", 1) <= 1440:
        _refuse("offer_minutes", "Enter 1 to 1440 minutes.")
    for name in ("place", "phone"):
        if not values.get(name, "x").strip():
            _refuse(name, "This stands in every letter: it cannot be empty.")


def _refuse(field, sentence):
    raise Invalid(sentence, fields={field: [sentence]})
