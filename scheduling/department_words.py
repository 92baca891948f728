"""Values and weekly hours of the department in words: previews, planned changes and the history share them."""

from datetime import date, timedelta
from decimal import Decimal

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models

from scheduling.models import ProtocolStep, StepKind
from scheduling.templatetags import clock
from vqflow.models import User

NOTHING, USUAL = "nothing", "the usual words"
STEP = "scheduling.protocolstep"
SHORT = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LABELS = {
    "is_active": "In use",
    "user": "Account",
    "user_id": "Account",
    "capabilities": "Can do",
    "ae_title": "Name on the network",
    "volume_m3": "Volume",
    "exhaust_m3_per_h": "Exhaust",
    "clearance_minutes": "Clearing the room",
    "prep_bay_minutes": "Preparation bay",
    "setup_minutes": "Set-up",
    "acquisition_minutes": "Pictures",
    "lag_min_minutes": "Shortest wait",
    "lag_max_minutes": "Longest wait",
    "activity_mbq": "Dose",
    "least_activity_mbq": "Least dose",
    "stat_start_target": "STAT: examined within",
    "urgent_start_target": "Urgent: examined within",
    "routine_start_target": "Routine: examined within",
    "stat_report_target": "STAT: report within",
    "urgent_report_target": "Urgent: report within",
    "routine_report_target": "Routine: report within",
    "countersign_within": "Countersigned within",
    "waitlist_mode": "Free time is offered to",
    "offer_minutes": "An offer stays open for",
    "records_doses": "Doses are measured and recorded",
    "two_person_check": "A second person checks each dose",
    "releases_patients": "Patients wait until a reader has looked",
    "breastfeeding_policy": "Breastfeeding is interrupted for",
    "sends_sms": "Text messages beside e-mail",
    "asks_at_home": "Patients answer the safety questions at home",
    "patients_cancel": "Patients may cancel by their link",
    "patients_move": "Patients may choose another time by their link",
    "patients_notice_hours": "Patients change nothing themselves within",
    "patients_days_ahead": "Other times are shown for",
    "emergency_number": "Emergency number",
    "directions": "How patients find the place",
    "own_advice": "Advice of your own for patients",
    "xenon_limit_bq_per_m3": "After a xenon spill a room is used again below",
}
UNITS = {
    "volume_m3": "m³",
    "exhaust_m3_per_h": "m³ in an hour",
    "xenon_limit_bq_per_m3": "Bq/m³",
    "patients_notice_hours": "h before the visit",
    "patients_days_ahead": "days ahead",
}


def lines(values):
    """(what, before, after) in words, of the differences of a change (services/department/changes.py)."""
    return lines_of([values])[0]


def lines_of(all_values):
    """As lines(), of several changes, in two queries at most."""
    steps, users = set(), set()
    for key, fields in _parts(all_values):
        if key.startswith(STEP):
            steps.add(key.partition(":")[2])
        users |= {pk for pk in fields.get("user_id", ()) if pk}
    kinds = ProtocolStep.objects.filter(pk__in=steps).values_list("pk", "kind") if steps else ()
    prefixes = {f"{STEP}:{pk}": f"{StepKind(kind).label}: " for pk, kind in kinds}
    names = accounts(users)
    return [list(_lines(values, prefixes, names)) for values in all_values]


def _parts(all_values):
    return [item for values in all_values for item in values.items()]


def _lines(values, prefixes, names):
    for key, fields in values.items():
        model = apps.get_model(key.partition(":")[0])
        for name, (before, after) in fields.items():
            what = prefixes.get(key, "") + named(model, name)
            yield what, value(model, name, before, names), value(model, name, after, names)


def accounts(ids):
    """Names of users by id."""
    return {user.pk: user.name for user in User.objects.filter(pk__in=ids)} if ids else {}


def named(model, name):
    field = model._meta.get_field(name)
    words = LABELS.get(name, str(field.verbose_name))
    return words[0].upper() + words[1:]


def value(model, name, raw, names):
    """One value of a field, as a row holds it or as JSON keeps it, in words. `names` of users by id."""
    field = model._meta.get_field(name)
    if field.is_relation:
        return names.get(raw, str(raw)) if raw else NOTHING
    found = field.to_python(raw)
    if isinstance(field, ArrayField):
        return "; ".join(_choice(field.base_field, each) for each in found) or NOTHING
    if isinstance(found, bool):
        return "yes" if found else "no"
    if found is None or found == "":
        return USUAL if model._meta.model_name == "lettertext" else NOTHING
    return _in_units(field, name, found)


def _in_units(field, name, found):
    if isinstance(field, models.DurationField) or isinstance(found, timedelta):
        return clock.duration(found)
    if isinstance(found, date):
        return clock.day(found)
    if isinstance(found, Decimal):
        number = f"{found:f}".rstrip("0").rstrip(".") if "." in f"{found:f}" else f"{found:f}"
        unit = "MBq" if name.endswith("_mbq") else UNITS.get(name, "")
        return f"{number or 0} {unit}".strip()
    if name.endswith("_minutes") or name.endswith("minutes_before"):
        return f"{found} min"
    if name in UNITS:
        return f"{found} {UNITS[name]}"
    return _choice(field, found)


def _choice(field, found):
    return str(dict(field.flatchoices).get(found, found))


def week(spans):
    """(weekday, begin, end) as lines such as "Mon-Fri 07:00-18:00", days with the same times together."""
    times = {}
    for weekday, begins, ends in sorted(spans):
        times.setdefault(weekday, []).append(f"{begins:%H:%M}-{ends:%H:%M}")
    groups = {}
    for weekday, texts in times.items():
        groups.setdefault(", ".join(texts), []).append(weekday)
    return [f"{weekdays(numbers)} {text}" for text, numbers in groups.items()]


def weekdays(numbers):
    """Mon-Fri, Sun"""
    runs = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(SHORT[run[0]] if len(run) == 1 else f"{SHORT[run[0]]}-{SHORT[run[-1]]}" for run in runs)


def period(starts_on, ends_on):
    """from 1 Dec 2026 until 3 Jan 2027; empty where it is for always."""
    begins = f"from {clock.day(starts_on)}" if starts_on else ""
    ends = f"until {clock.day(ends_on)}" if ends_on else ""
    return " ".join(each for each in (begins, ends) if each)
