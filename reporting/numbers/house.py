"""Who comes and who does not, and how full rooms and people are."""

from collections import Counter, defaultdict

from django.db.models import Count, Q, Sum

from reporting.engine.statistics import share
from reporting.numbers.times import trend
from reporting.numbers.values import (
    Bar,
    Bars,
    Cell,
    Figure,
    Reading,
    Table,
    bar,
    count,
    hours,
    percent,
    percent_text,
)
from reporting.numbers.words import CLASSES

WANTED = Q(state__in=["fulfilled", "noshow"])
HISTORIES = (
    ("confirmed", "Confirmed by the patient"),
    ("2", "Two reminders or more"),
    ("1", "One reminder"),
    ("0", "None sent"),
    ("none", "None possible"),
)

WAYS = (("mail", "E-mail only"), ("text", "Text message too"))


def history(reminders, confirmed, why_not):
    """What a visit's patient had had: confirmed stands before any number of reminders."""
    if confirmed:
        return "confirmed"
    if why_not:
        return "none"
    return str(min(reminders, 2))


def no_shows(choice):
    """Visits that were wanted to the end: came, or did not come."""
    groups = (
        choice.visits()
        .filter(WANTED)
        .annotate(month=choice.month())
        .order_by()
        .values_list(
            "month", "patient_class", "reminders", "is_confirmed", "not_reminded", "by_text", "state"
        )
        .annotate(number=Count("pk"))
    )
    by, texts, classes, months = (
        defaultdict(Counter), defaultdict(Counter), defaultdict(Counter), defaultdict(lambda: [0, 0]),
    )  # fmt: skip
    for month, group, reminders, confirmed, why_not, by_text, state, number in groups:
        by[history(reminders, confirmed, why_not)][state] += number
        classes[group][state] += number
        if reminders:
            texts["text" if by_text else "mail"][state] += number
        months[month][0] += number if state == "noshow" else 0
        months[month][1] += number
    total = sum(by.values(), Counter())
    rows = [(key, label, by[key]) for key, label in HISTORIES if by[key]]
    return Reading(
        (
            Figure("Did not come", percent(share(total["noshow"], total.total()), (("state", "noshow"),))),
            Figure("Visits", count(total.total())),
            Figure("Missed", count(total["noshow"], (("state", "noshow"),))),
        ),
        (
            _missed("By reminders", "Patient", rows, "reminded"),
            _missed(
                "By the way they were reminded",
                "Reminded by",
                [(key, label, texts[key]) for key, label in WAYS if texts[key]],
                "way",
            ),
            _missed(
                "By patient class",
                "Patients",
                [(key, CLASSES.get(key, key), classes[key]) for key in sorted(classes, key="OIE".find)],
                "class",
            ),
        ),
        (
            Bars(
                "Did not come, by reminders",
                tuple(bar(label, share(each["noshow"], each.total())) for _, label, each in rows),
            ),
            trend("Did not come, by month", choice, months),
        ),
        notes=(
            "A difference between these groups does not show what reminders do: "
            "who can be reminded differs from who cannot.",
        ),
        count=total.total(),
    )  # fmt: skip


def _missed(caption, heading, rows, name):
    return Table(
        caption,
        (heading, "Visits", "Came", "Did not come", "Share"),
        tuple(
            (
                Cell(label, key),
                count(each.total(), ((name, key), ("state", "wanted"))),
                count(each["fulfilled"], ((name, key), ("state", "fulfilled"))),
                count(each["noshow"], ((name, key), ("state", "noshow"))),
                percent(share(each["noshow"], each.total())),
            )
            for key, label, each in rows
        ),
    )


KINDS = {"room": "Rooms", "technologist": "People"}


def utilisation(choice):
    """How much of the time that rooms were open, and people on shift, patients took."""
    rows = choice.resource_days()
    kinds = {
        kind: (there, taken, beyond)
        for kind, there, taken, beyond in rows.order_by()
        .values_list("kind")
        .annotate(there=Sum("open_minutes"), taken=Sum("taken_minutes"), beyond=Sum("beyond_minutes"))
    }
    return Reading(
        tuple(_used(label, kinds.get(kind)) for kind, label in KINDS.items()),
        () if choice.all_sites else _each(rows),
        () if choice.all_sites else (_bars(rows),),
        notes=("Days that are over, up to yesterday. On-call hours are not open hours.",),
        count=sum(there for there, _, _ in kinds.values()),
    )


def _used(label, found):
    there, taken, _ = found or (0, 0, 0)
    if not there:
        return Figure(f"{label} taken", Cell("-", None))
    return Figure(f"{label} taken", Cell(percent_text(100 * taken / there), round(100 * taken / there, 1)))


def _by_resource(rows):
    return list(
        rows.order_by("kind", "resource__name")
        .values_list("kind", "resource__name", "resource_id")
        .annotate(
            there=Sum("open_minutes"),
            taken=Sum("taken_minutes"),
            beyond=Sum("beyond_minutes"),
            days=Count("pk"),
        )
    )


def _each(rows):
    found = _by_resource(rows)
    return tuple(
        Table(
            label,
            ("Name", "Days", "Open", "Taken", "Of the open time", "Taken outside it"),
            tuple(
                (
                    Cell(name, name),
                    count(days),
                    hours(there),
                    hours(taken),
                    Cell(percent_text(100 * taken / there), round(100 * taken / there, 1))
                    if there
                    else Cell("-", None),
                    hours(beyond),
                )
                for kind, name, _, there, taken, beyond, days in found
                if kind == each
            ),
        )
        for each, label in KINDS.items()
    )


def _bars(rows):
    return Bars(
        "Taken of the open time",
        tuple(
            Bar(name, min(100.0, 100 * taken / there), percent_text(100 * taken / there))
            for _, name, _, there, taken, _, _ in _by_resource(rows)
            if there
        ),
    )
