"""What the reports say: groups by scheme, agent and X-ray; overrides; critical results in time; readers' agreement."""

from collections import Counter, defaultdict

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Now

from reporting.engine.critical import Kind
from reporting.engine.schemes import Group, group_of
from reporting.engine.statistics import FEW, agreement, landis, share, spread
from reporting.models import CriticalResult, SecondReading
from reporting.numbers.times import trend
from reporting.numbers.values import (
    NOTHING,
    Bars,
    Cell,
    Figure,
    Reading,
    Stack,
    Stacks,
    Table,
    bar,
    count,
    median,
    percent,
)
from reporting.numbers.words import AGENTS, CLASSES, GROUPS, XRAYS, category_label, scheme_name
from scheduling import worklist
from scheduling.models import Site

READ = Q(group__in=[str(group) for group in Group])


def categories(choice):
    """Reports that stand, by the group of their term; and how often nothing could be said."""
    # The months apart from the rest: of fewer groups the database counts with all its processors.
    rows = choice.examinations().filter(READ)
    groups = rows.order_by().values_list("scheme", "category", "agent", "xray").annotate(number=Count("pk"))
    by = {name: defaultdict(Counter) for name in ("scheme", "agent", "xray")}
    terms, total = Counter(), Counter()
    for scheme, category, agent, xray, number in groups:
        group = _group(scheme, category)
        for name, key in (("scheme", scheme), ("agent", agent), ("xray", xray)):
            by[name][key][group] += number
        terms[scheme, category, group] += number
        total[group] += number
    tables = (
        _groups("By scheme", "Scheme", by["scheme"], "scheme", scheme_name),
        _groups("By ventilation agent", "Agent", by["agent"], "agent", lambda key: AGENTS.get(key, key)),
        _groups("By chest X-ray", "Chest X-ray", by["xray"], "xray", lambda key: XRAYS.get(key, key)),
        _terms(terms),
    )
    stacks = [
        _stack(words(key), counted)
        for name, words in (
            ("scheme", scheme_name),
            ("agent", lambda key: AGENTS.get(key, key)),
            ("xray", lambda key: f"X-ray: {XRAYS.get(key, key).lower()}"),
        )
        for key, counted in sorted(by[name].items())
    ]
    return Reading(
        (
            Figure(
                "Could not tell",
                percent(share(total[Group.UNCLEAR], total.total()), (("group", str(Group.UNCLEAR)),)),
            ),
            Figure(
                "PE likely",
                percent(share(total[Group.LIKELY], total.total()), (("group", str(Group.LIKELY)),)),
            ),
            Figure("Reports", count(total.total(), (("group", "any"),))),
        ),
        tables,
        (
            Stacks("Groups of results", tuple(stacks)),
            trend("Could not tell, by month", choice, _unclear(choice, rows)),
        ),
        count=total.total(),
    )


def _unclear(choice, rows):
    """{number of the month: (could not tell, all)}."""
    months = rows.annotate(month=choice.month()).order_by().values_list("month")
    counted = months.annotate(part=Count("pk", filter=Q(group=str(Group.UNCLEAR))), whole=Count("pk"))
    return {month: (part, whole) for month, part, whole in counted}


def _stack(label, counted):
    return Stack(label, tuple((GROUPS[str(group)], counted[str(group)]) for group in Group))


def _groups(caption, heading, by, name, words):
    columns = (heading, "Reports", *GROUPS.values(), "Could not tell")
    return Table(
        caption,
        columns,
        tuple(
            (
                Cell(words(key), key),
                count(counted.total(), ((name, key or "none"), ("group", "any"))),
                *(
                    count(counted[str(group)], ((name, key or "none"), ("group", str(group))))
                    for group in Group
                ),
                percent(share(counted[str(Group.UNCLEAR)], counted.total())),
            )
            for key, counted in sorted(by.items())
        ),
    )


def _terms(terms):
    wholes = Counter()
    for (scheme, _, _), number in terms.items():
        wholes[scheme] += number
    return Table(
        "By term, inside its scheme",
        ("Term", "Scheme", "Group", "Reports", "Of the scheme"),
        tuple(
            (
                Cell(category_label(scheme, category), category),
                Cell(scheme_name(scheme), scheme),
                Cell(GROUPS.get(group, group), group),
                count(number, (("scheme", scheme), ("category", category))),
                percent(share(number, wholes[scheme])),
            )
            for (scheme, category, group), number in sorted(terms.items())
        ),
    )


def overrides(choice):
    """How often a reader chose another term than the criteria suggested."""
    groups = (
        choice.examinations()
        .filter(READ)
        .annotate(month=choice.month())
        .order_by()
        .values_list("month", "scheme", "is_overridden")
        .annotate(number=Count("pk"))
    )
    by, months = defaultdict(Counter), defaultdict(lambda: [0, 0])
    for month, scheme, overridden, number in groups:
        by[scheme][overridden] += number
        if overridden is not None:
            months[month][0] += number if overridden else 0
            months[month][1] += number
    total = sum(by.values(), Counter())
    suggested = total[True] + total[False]
    table = Table(
        "By scheme",
        ("Scheme", "Reports", "With a suggestion", "Another term chosen", "Overridden"),
        tuple(
            (
                Cell(scheme_name(scheme), scheme),
                count(counted.total(), (("scheme", scheme), ("group", "any"))),
                count(counted[True] + counted[False], (("scheme", scheme), ("suggested", "yes"))),
                count(counted[True], (("scheme", scheme), ("overridden", "yes"))),
                percent(share(counted[True], counted[True] + counted[False])),
            )
            for scheme, counted in sorted(by.items())
        ),
    )
    return Reading(
        (
            Figure("Overridden", percent(share(total[True], suggested), (("overridden", "yes"),))),
            Figure("With a suggestion", count(suggested, (("suggested", "yes"),)), "of the reports"),
            Figure("Without one", count(total[None], (("suggested", "no"),)), "no map, or not complete"),
        ),
        (table,),
        (
            Bars(
                "Overridden, by scheme",
                tuple(
                    bar(scheme_name(scheme), share(each[True], each[True] + each[False]))
                    for scheme, each in sorted(by.items())
                    if each[True] + each[False]
                ),
            ),
            trend("Overridden, by month", choice, months),
        ),
        count=total.total(),
    )


OVERDUE = Exists(
    CriticalResult.objects.open().filter(
        report__order=OuterRef("order_id"), kind=str(Kind.CRITICAL), due_at__lt=Now()
    )
)
"""Whether a result of the order is open beyond its time, as it is this moment: no row is kept anew for it."""
CRITICAL_STATES = {
    "in_time": Q(critical="told", critical_minutes__lte=F("critical_due_minutes")),
    "late": Q(critical="told") & ~Q(critical_minutes__lte=F("critical_due_minutes")),
    "overdue": Q(critical="open") & Q(OVERDUE),
    "waiting": Q(critical="open") & ~Q(OVERDUE),
    "withdrawn": Q(critical="withdrawn"),
}
"""In time or not: the first three. `waiting`: its time is not over yet."""
JUDGED = ("in_time", "late", "overdue")


def critical(choice):
    """Results that could not wait: told within the site's time, later, or to nobody yet."""
    whens = [When(each, then=Value(name)) for name, each in CRITICAL_STATES.items()]
    groups = (
        choice.examinations()
        .exclude(critical="")
        .annotate(month=choice.month(), told=Case(*whens, output_field=CharField()))
        .order_by()
        .values_list("month", "patient_class", "told", "critical_minutes")
        .annotate(number=Count("pk"))
    )
    states, spent, months = defaultdict(Counter), defaultdict(Counter), defaultdict(lambda: [0, 0])
    for month, group, state, taken, number in groups:
        states[group][state] += number
        if state in JUDGED:
            months[month][0] += number if state == "in_time" else 0
            months[month][1] += number
        if state in ("in_time", "late"):
            spent[group][taken] += number
    total, everything = sum(states.values(), Counter()), sum(spent.values(), Counter())
    table = Table(
        "By patient class",
        (
            *("Patients", "Told in time", "Told late", "Overdue, not told", "Time not over", "Withdrawn"),
            *("Median", "In time"),
        ),
        tuple(_critical_row(group, states[group], spent[group]) for group in sorted(states, key="OIE".find)),
    )
    return Reading(
        (
            Figure("Told in time", percent(_in_time(total))),
            Figure("Median until told", median(spread(everything)), "of those that were told"),
            Figure("Not told yet", count(total["overdue"] + total["waiting"], (("critical", "open"),))),
        ),
        (table,),
        (trend("Told in time, by month", choice, months),),
        count=total.total(),
    )


def _in_time(states):
    """The share of those told in time; what is overdue and told to nobody is late like what was told late."""
    return share(states["in_time"], sum(states[each] for each in JUDGED))


def _critical_row(group, states, spent):
    of_it = (("class", group),)
    return (
        Cell(CLASSES.get(group, group), group),
        *(count(states[each], (*of_it, ("critical", each))) for each in CRITICAL_STATES),
        median(spread(spent)),
        percent(_in_time(states)),
    )


def _read_in(choice):
    """Readings of these days, each by the clock of its own site."""
    found = Q(pk__in=[])
    for site in Site.objects.all() if choice.all_sites else [choice.site]:
        starts, _ = worklist.day_bounds(site, choice.first)
        _, ends = worklist.day_bounds(site, choice.last)
        found |= Q(report__order__site=site, read_at__gte=starts, read_at__lt=ends)
    return found


def agreements(choice):
    """Two readers on the same pictures, the second without knowing the first."""
    rows = SecondReading.objects.filter(_read_in(choice))
    limits = {
        "report__order__procedure__protocol__key": choice.protocol,
        "report__order__procedure__protocol__agent": choice.agent,
        "report__order__patient_class": choice.patient_class,
    }
    rows = rows.filter(**{name: value for name, value in limits.items() if value})
    pairs = list(rows.values_list("scheme", "first_category", "category"))
    groups = [(_group(scheme, first), _group(scheme, second)) for scheme, first, second in pairs]
    by = defaultdict(list)
    for scheme, first, second in pairs:
        by[scheme].append((first, second))
    overall = agreement(groups)
    return Reading(
        (
            Figure("Kappa, three groups", _kappa(overall)),
            Figure("Same group", percent(share(overall.agreed, overall.count))),
            Figure("Read twice", count(overall.count)),
        ),
        (_matrix(groups), _by_scheme(by)),
        (
            Bars(
                "Same group, by what the first reader said",
                tuple(
                    bar(
                        label,
                        share(
                            sum(a == b == key for a, b in groups),
                            sum(a == key for a, _ in groups),
                        ),
                    )
                    for key, label in GROUPS.items()
                ),
            ),
        ),
        notes=() if overall.count >= FEW else (f"Fewer than {FEW} second readings: no kappa is worked out.",),
        count=overall.count,
    )


def _group(scheme, category):
    return str(group_of(scheme, category))


def _kappa(found):
    if found.kappa is None:
        return Cell(NOTHING, None)
    return Cell(
        f"{found.kappa:.2f} ({found.low:.2f} to {found.high:.2f}), {landis(found.kappa)}",
        round(found.kappa, 3),
    )


def _matrix(groups):
    counted = Counter(groups)
    return Table(
        "First reader in rows, second in columns",
        ("First reader", *GROUPS.values()),
        tuple(
            (
                Cell(label, key),
                *(count(counted[key, other]) for other in GROUPS),
            )
            for key, label in GROUPS.items()
        ),
    )


def _by_scheme(by):
    return Table(
        "By scheme, term by term",
        ("Scheme", "Read twice", "Same term", "Kappa"),
        tuple(
            (
                Cell(scheme_name(scheme), scheme),
                count(found.count),
                percent(share(found.agreed, found.count)),
                _kappa(found),
            )
            for scheme, found in ((each, agreement(pairs)) for each, pairs in sorted(by.items()))
        ),
    )
