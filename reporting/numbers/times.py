"""How long things take: order to scan, scan to report, what the X-ray costs, and the pause between the parts."""

from collections import Counter, defaultdict
from datetime import timedelta
from functools import reduce
from operator import or_

from django.db.models import Case, Count, F, Q, When

from reporting.engine.statistics import FEW, share, spread
from reporting.numbers.values import (
    Bar,
    Bars,
    Cell,
    Figure,
    Reading,
    Table,
    Trend,
    bar,
    count,
    median,
    minutes,
    ninetieth,
    percent,
)
from reporting.numbers.words import AGENTS, CLASSES
from scheduling.models import Priority, Site

MINUTE = timedelta(minutes=1)
LONG, STEP = 600, 15
"""Beyond 10 hours a quarter of an hour is exact enough, and a thousandth of the groups."""
XRAY_DELAY_FROM = 5
"""Minutes: a smaller delay is nobody's."""
PAUSES = ((10, "up to 10 min"), (20, "11 to 20 min"), (30, "21 to 30 min"), (60, "31 to 60 min"))


def order_to_scan(choice):
    """From the order to the first inhalation or injection."""
    rows = choice.examinations().filter(wait_minutes__isnull=False)
    return _against_targets(choice, rows, "wait_minutes", "start", "Started late")


def scan_to_report(choice):
    """From the last picture to the first final signature; what still waits is told apart."""
    rows = choice.examinations()
    waiting = rows.filter(report_minutes__isnull=True).count()
    signed = rows.filter(report_minutes__isnull=False)
    found = _against_targets(choice, signed, "report_minutes", "report", "Signed late")
    cell = count(waiting, (("report", "waiting"),))
    figures = (*found.figures, Figure("Not signed yet", cell, "of the same days"))
    return Reading(figures, found.tables, found.charts, found.notes, found.count)


def _against_targets(choice, rows, field, kind, late):
    counted, parts, wholes = defaultdict(Counter), Counter(), Counter()
    months = defaultdict(lambda: [0, 0])
    groups = (
        rows.annotate(
            month=choice.month(),
            about=Case(When(**{f"{field}__gt": LONG}, then=F(field) / STEP * STEP), default=F(field)),
        )
        .order_by()
        .values_list("month", "priority", "about")
        .annotate(number=Count("pk"), part=Count("pk", filter=is_in_time(choice, kind, field)))
    )
    for month, priority, value, number, part in groups:
        counted[priority][value] += number
        wholes[priority] += number
        parts[priority] += part
        months[month][0] += part
        months[month][1] += number
    return _told(choice, (counted, parts, wholes, months), kind, late)


def is_in_time(choice, kind, field):
    """Whether a time is within its site's target for its priority, as a condition: `kind` is "start" or "report"."""
    names = [f"{each}_{kind}_target" for each in Priority.values]
    sites = [choice.site] if not choice.all_sites else Site.objects.only("pk", *names)
    alike = defaultdict(list)
    for site in sites:
        alike[tuple(getattr(site, name) // MINUTE for name in names)].append(site.pk)
    return reduce(or_, (_within(field, limits, len(alike) > 1 and same) for limits, same in alike.items()))


def _within(field, limits, sites):
    """Of these sites where not all have the same targets."""
    each = (
        Q(priority=priority, **{f"{field}__lte": limit})
        for priority, limit in zip(Priority.values, limits, strict=True)
    )
    found = reduce(or_, each)
    return found & Q(site__in=sites) if sites else found


def _told(choice, found, kind, late):
    counted, parts, wholes, months = found
    everything, total, part = (
        spread(sum(counted.values(), Counter())),
        sum(wholes.values()),
        sum(parts.values()),
    )
    there = [each for each in Priority if wholes[each]]
    table = Table(
        "By priority",
        ("Priority", "Examinations", "Median", "9 of 10 within", "Within the target", "Late"),
        tuple(_row(each, counted[each], parts[each], wholes[each], kind) for each in there),
    )
    return Reading(
        (
            Figure("Within the target", percent(share(part, total))),
            Figure("Median", median(everything)),
            Figure(late, count(total - part, ((kind, "late"),))),
        ),
        (table,),
        (
            Bars(
                "Within the target, by priority",
                tuple(bar(each.label, share(parts[each], wholes[each])) for each in there),
            ),
            trend("Within the target, by month", choice, months),
        ),
        count=total,
    )


def _row(priority, counted, part, whole, kind):
    found, of_it = spread(counted), (("priority", priority.value),)
    return (
        Cell(priority.label, priority.value),
        count(whole, (*of_it, (kind, "known"))),
        median(found),
        ninetieth(found),
        percent(share(part, whole)),
        count(whole - part, (*of_it, (kind, "late"))),
    )


def trend(name, choice, months):
    """A share per month from {number of the month: (part, whole)}."""
    points = []
    for number, month in enumerate(choice.months):
        part, whole = months.get(number, (0, 0))
        points.append((f"{month:%b %Y}", 100 * part / whole if whole >= FEW else None))
    return Trend(name, tuple(points))


def xray_delays(choice):
    """Scans that began late because their X-ray had ended less than the shortest gap before."""
    rows = choice.examinations().filter(xray_delay_minutes__isnull=False)
    counted, wholes, overridden, late = defaultdict(Counter), Counter(), Counter(), Counter()
    months = defaultdict(lambda: [0, 0])
    groups = (
        rows.annotate(month=choice.month())
        .order_by()
        .values_list("month", "patient_class", "xray_delay_minutes")
        .annotate(
            number=Count("pk"),
            waived=Count("pk", filter=Q(xray_override=True)),
            delayed=Count("pk", filter=Q(delay_minutes__gte=XRAY_DELAY_FROM)),
        )
    )
    for month, group, delay, number, waived, delayed in groups:
        wholes[group] += number
        overridden[group] += waived
        late[group] += delayed
        months[month][1] += number
        if delay >= XRAY_DELAY_FROM:
            counted[group][delay] += number
            months[month][0] += number
    total, delays = sum(wholes.values()), sum(counted.values(), Counter())
    spent = sum(delay * number for delay, number in delays.items())
    table = Table(
        "By patient class",
        (
            "Patients",
            "Examinations",
            "Begun late",
            "Because of the X-ray",
            "Median of these",
            "X-ray rule overridden",
        ),
        tuple(
            (
                Cell(CLASSES.get(each, each), each),
                count(wholes[each], (("class", each),)),
                count(late[each], (("class", each), ("delay", "late"))),
                count(sum(counted[each].values()), (("class", each), ("xray_delay", "yes"))),
                median(spread(counted[each])),
                count(overridden[each], (("class", each), ("xray_override", "yes"))),
            )
            for each in sorted(wholes, key="OIE".find)
        ),
    )
    return Reading(
        (
            Figure("Begun late because of the X-ray", percent(share(delays.total(), total), (("xray_delay", "yes"),))),
            Figure("Median of these delays", median(spread(delays))),
            Figure("Camera time waited in all", minutes(spent)),
        ),
        (table,),
        (trend("Begun late because of the X-ray, by month", choice, months),),
        count=total,
    )  # fmt: skip


def between(choice):
    """From the end of the first part to the start of the second, on one day."""
    rows = choice.examinations().filter(between_minutes__isnull=False)
    counted = defaultdict(Counter)
    for agent, value, number in (
        rows.order_by().values_list("agent", "between_minutes").annotate(number=Count("pk"))
    ):
        counted[agent][value] += number
    everything = sum(counted.values(), Counter())
    table = Table(
        "By ventilation agent",
        ("Agent", "Examinations", "Shortest", "Median", "9 of 10 within", "Longest", "Over 30 min"),
        tuple(_pause_row(agent, counted[agent]) for agent in sorted(counted)),
    )
    long = sum(number for value, number in everything.items() if value > 30)
    return Reading(
        (
            Figure("Median", median(spread(everything))),
            Figure("9 of 10 within", ninetieth(spread(everything))),
            Figure("Over 30 min", percent(share(long, everything.total()), (("between", "long"),))),
        ),
        (table,),
        (_pauses(everything),),
        count=everything.total(),
    )


def _pause_row(agent, counted):
    found, of_it = spread(counted), (("agent", agent or "none"),)
    long = sum(number for value, number in counted.items() if value > 30)
    return (
        Cell(AGENTS.get(agent) or "Perfusion only", agent),
        count(found.count, (*of_it, ("between", "known"))),
        minutes(found.least),
        median(found),
        ninetieth(found),
        minutes(found.most),
        count(long, (*of_it, ("between", "long"))),
    )


def _pauses(counted):
    total, bars, before = counted.total(), [], -10_000_000
    for limit, label in (*PAUSES, (10_000_000, "over 60 min")):
        number = sum(n for value, n in counted.items() if before < value <= limit)
        bars.append(Bar(label, 100 * number / total if total else None, f"{number:,}"))
        before = limit
    return Bars("Minutes between the parts", tuple(bars))
