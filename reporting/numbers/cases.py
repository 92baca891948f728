"""The cases behind a figure: what each `pick` of a cell means, as a condition on the rows that were counted."""

from django.db.models import Q

from reporting.engine.schemes import Group
from reporting.numbers.results import CRITICAL_STATES
from reporting.numbers.times import XRAY_DELAY_FROM, is_in_time
from scheduling.engine.administration import product_of
from scheduling.models import Agent

NONE = "none"


def _is(field):
    return lambda value: Q(**{field: "" if value == NONE else value})


def _off(field):
    known = Q(**{f"{field}_kbq__isnull": False})
    return {"any": known, "below": Q(**{f"{field}_off": -1}), "above": Q(**{f"{field}_off": 1})}


def _reminded(value):
    if value == "confirmed":
        return Q(is_confirmed=True)
    if value == "none":
        return Q(is_confirmed=False) & ~Q(not_reminded="")
    sent = Q(reminders__gte=2) if value == "2" else Q(reminders=int(value))
    return Q(is_confirmed=False, not_reminded="") & sent


def _of_tracer(value):
    agents = [agent for agent in Agent.values if product_of("ventilation", agent) == value]
    return Q(agent__in=agents)


_LISTS = {
    "report": {"waiting": Q(state="fulfilled", report_minutes__isnull=True)},
    "delay": {"late": Q(delay_minutes__gte=XRAY_DELAY_FROM)},
    "xray_delay": {"yes": Q(xray_delay_minutes__gte=XRAY_DELAY_FROM)},
    "xray_override": {"yes": Q(xray_override=True)},
    "between": {"known": Q(between_minutes__isnull=False), "long": Q(between_minutes__gt=30)},
    "group": {
        "any": Q(group__in=[str(each) for each in Group]),
        **{str(each): Q(group=str(each)) for each in Group},
    },
    "suggested": {
        "yes": Q(is_overridden__isnull=False),
        "no": Q(is_overridden__isnull=True, group__in=[str(each) for each in Group]),
    },
    "overridden": {"yes": Q(is_overridden=True)},
    "critical": {"open": Q(critical="open"), **CRITICAL_STATES},
    "state": {
        "wanted": Q(state__in=["fulfilled", "noshow"]),
        "fulfilled": Q(state="fulfilled"),
        "noshow": Q(state="noshow"),
    },
    "reminded": {each: _reminded(each) for each in ("confirmed", "2", "1", "0", "none")},
    "way": {"mail": Q(reminders__gt=0, by_text=False), "text": Q(reminders__gt=0, by_text=True)},
    "pictures": {"any": Q(pictures__gt=0)},
    "repeats": {"yes": Q(repeats__gt=0)},
    "maa": _off("maa"),
    "breathed": _off("breathed"),
}
_FIELDS = {
    "priority": _is("priority"),
    "class": _is("patient_class"),
    "agent": _is("agent"),
    "scheme": _is("scheme"),
    "category": _is("category"),
    "xray": _is("xray"),
    "who": _is("who"),
    "tracer": _of_tracer,
}
_TARGETS = {"start": "wait_minutes", "report": "report_minutes"}
NAMES = (*_LISTS, *_FIELDS, "start")


def picked(choice, picks):
    """The visits of a choice behind a figure; an unknown value finds none.

    Only of the own site, whatever site the figure was of: cases are patients'. Without a state, those performed.
    """
    rows = choice.visits() if "state" in picks else choice.examinations()
    rows = rows.filter(site=choice.site)
    for name, value in picks.items():
        if name in _TARGETS and value in ("known", "late"):
            field = _TARGETS[name]
            late = [~is_in_time(choice, name, field)] if value == "late" else []
            rows = rows.filter(*late, **{f"{field}__isnull": False})
        elif name in _FIELDS:
            rows = rows.filter(_FIELDS[name](value))
        elif name in _LISTS:
            rows = rows.filter(_LISTS[name].get(value, Q(pk__in=[])))
    return rows.order_by("-day", "-order_id", "pk")
