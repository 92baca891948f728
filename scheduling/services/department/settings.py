"""What holds for the whole department: targets, waitlist, calling in, what patients do and read; from a day on."""

import re
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
RECORDS = ("records_doses", "two_person_check", "releases_patients")
# What patients may do themselves by a mailed link, and what they are told there.
SELF_SERVICE = ("asks_at_home", "patients_cancel", "patients_move")
PATIENTS = (*SELF_SERVICE, "patients_notice_hours", "patients_days_ahead")
TOLD = ("emergency_number", "directions", "own_advice")
FIELDS = (
    *TARGETS,
    "call_in_delay",
    "waitlist_mode",
    "offer_minutes",
    *RECORDS,
    "breastfeeding_policy",
    "xenon_limit_bq_per_m3",
    "place",
    "phone",
    "sends_sms",
    *PATIENTS,
    *TOLD,
)
XENON_LIMITS = {370_000: "370 kBq/m³ (1e-5 µCi/mL), the longer wait", 3_700_000: "3700 kBq/m³ (1e-4 µCi/mL)"}
"""What the air may hold, as the two readings of the rules have it (domain: VA manual; 10 CFR 20 Appendix B)."""
LONGEST = timedelta(days=365)
LONGEST_CALL_IN = timedelta(hours=12)
LONGEST_NOTICE_HOURS, FARTHEST_DAYS = 24 * 30, 120
LONGEST_TEXT = 1000
RANGES = {
    "offer_minutes": (1, 1440, "minutes"),
    "patients_notice_hours": (0, LONGEST_NOTICE_HOURS, "hours"),
    "patients_days_ahead": (1, FARTHEST_DAYS, "days"),
}
EMERGENCY = re.compile(r"[0-9][0-9 ]{1,18}")


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
    for name, (least, most, what) in RANGES.items():
        if not least <= values.get(name, least) <= most:
            _refuse(name, f"Enter {least} to {most} {what}.")
    if values.get("xenon_limit_bq_per_m3", 370_000) not in XENON_LIMITS:
        _refuse("xenon_limit_bq_per_m3", "Choose one of the two limits.")
    _check_words(values)


def _check_words(values):
    if not EMERGENCY.fullmatch(values.get("emergency_number", "112")):
        _refuse("emergency_number", "Enter the number as people dial it, such as 911 or 112.")
    for name in ("place", "phone"):
        if not values.get(name, "x").strip():
            _refuse(name, "This stands in every letter: it cannot be empty.")


def _refuse(field, sentence):
    raise Invalid(sentence, fields={field: [sentence]})
