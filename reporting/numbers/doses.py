"""Pictures taken again, tracer that was wasted, and what patients were given beside the reference levels."""

from collections import Counter, defaultdict

from django.db.models import Count, Sum

from reporting.engine.statistics import FEW, share, spread
from reporting.numbers.references import REFERENCES
from reporting.numbers.times import trend
from reporting.numbers.values import (
    NOTHING,
    Bar,
    Bars,
    Cell,
    Figure,
    Reading,
    Table,
    bar,
    count,
    mbq,
    percent,
    percent_text,
)
from reporting.numbers.words import AGENTS, TRACERS
from scheduling.engine.administration import product_of
from scheduling.models import PictureRecord

WHO = {"adult": "Adults", "pregnant": "Pregnant", "child": "Children"}


def repeats(choice):
    """Pictures that were taken again, and injections beyond the first."""
    groups = (
        choice.examinations()
        .filter(pictures__gt=0)
        .annotate(month=choice.month())
        .order_by()
        .values_list("month", "agent", "repeats", "pictures")
        .annotate(number=Count("pk"))
    )
    by, months = defaultdict(Counter), defaultdict(lambda: [0, 0])
    for month, agent, again, pictures, number in groups:
        by[agent]["pictures"] += pictures * number
        by[agent]["repeats"] += again * number
        by[agent]["examinations"] += number
        by[agent]["with"] += number if again else 0
        months[month][0] += number if again else 0
        months[month][1] += number
    total = sum(by.values(), Counter())
    table = Table(
        "By ventilation agent",
        ("Agent", "Examinations", "With a repeat", "Share", "Pictures", "Taken again"),
        tuple(
            (
                Cell(AGENTS.get(agent, agent), agent),
                count(each["examinations"], (("agent", agent or "none"), ("pictures", "any"))),
                count(each["with"], (("agent", agent or "none"), ("repeats", "yes"))),
                percent(share(each["with"], each["examinations"])),
                count(each["pictures"]),
                count(each["repeats"]),
            )
            for agent, each in sorted(by.items())
        ),
    )
    return Reading(
        (
            Figure(
                "Examinations with a repeat",
                percent(share(total["with"], total["examinations"]), (("repeats", "yes"),)),
            ),
            Figure("Pictures taken again", percent(share(total["repeats"], total["pictures"]))),
            Figure("Examinations with pictures on record", count(total["examinations"])),
        ),
        (table, *_reasons(choice)),
        (trend("Examinations with a repeat, by month", choice, months),),
        count=total["examinations"],
    )


def _reasons(choice):
    """Why pictures were taken again: read from the records themselves, at the own site."""
    if choice.all_sites or not choice.examinations().filter(repeats__gt=0).exists():
        return ()
    again = choice.examinations().filter(repeats__gt=0).values("appointment_id")
    found = (
        PictureRecord.objects.standing()
        .filter(outcome="repeated", step__appointment__in=again)
        .order_by()
        .values_list("reason")
        .annotate(number=Count("pk"))
        .order_by("-number", "reason")[:12]
    )
    rows = tuple((Cell(reason, reason), count(number)) for reason, number in found)
    return (Table("Why", ("Reason", "Pictures"), rows),)


def waste(choice):
    """What became of the tracer that there was."""
    names = (
        *("batches", "supplied_kbq", "unused_kbq", "failed_kbq", "unit_doses", "unused_unit_doses"),
        *("given", "given_kbq", "discarded", "discarded_kbq", "residual_kbq"),
    )
    found = {
        row["product"]: row
        for row in choice.tracer_days()
        .order_by()
        .values("product")
        .annotate(**{f"sum_{name}": Sum(name) for name in names})
    }
    rows = {product: Counter({name: row[f"sum_{name}"] for name in names}) for product, row in found.items()}
    total = sum(rows.values(), Counter())
    lost = total["unused_kbq"] + total["failed_kbq"] + total["discarded_kbq"] + total["residual_kbq"]
    table = Table(
        "By tracer",
        (
            *("Tracer", "Batches", "Supplied", "Given", "Doses given", "Left unused", "Failed"),
            *("Discarded doses", "Discarded", "Left in syringes", "Unit doses unused"),
        ),
        tuple(
            (
                Cell(TRACERS.get(product, product), product),
                count(each["batches"]),
                mbq(each["supplied_kbq"]),
                mbq(each["given_kbq"]),
                count(each["given"]),
                mbq(each["unused_kbq"]),
                mbq(each["failed_kbq"]),
                count(each["discarded"]),
                mbq(each["discarded_kbq"]),
                mbq(each["residual_kbq"]),
                Cell(f"{each['unused_unit_doses']:,} of {each['unit_doses']:,}", each["unused_unit_doses"]),
            )
            for product, each in sorted(rows.items())
        ),
    )
    supplied = total["supplied_kbq"]
    return Reading(
        (
            Figure("Not given to anybody", mbq(lost if rows else None)),
            Figure("Doses thrown away", count(total["discarded"] + total["unused_unit_doses"])),
            Figure(
                "Left unused of what was supplied",
                Cell(percent_text(100 * total["unused_kbq"] / supplied), None) if supplied else Cell(NOTHING),
            ),
        ),
        (table,),
        (
            Bars(
                "Left unused of what was supplied",
                tuple(
                    _left(TRACERS.get(product, product), each)
                    for product, each in sorted(rows.items())
                    if each["supplied_kbq"]
                ),
            ),
        ),
        notes=("Days that are over, up to yesterday. A generator that regrows is not counted as wasted.",),
        count=total["batches"],
    )


def _left(label, each):
    part = 100 * each["unused_kbq"] / each["supplied_kbq"]
    return Bar(label, part, percent_text(part))


def activity(choice):
    """What was given, beside what is published for such patients."""
    given, off = defaultdict(Counter), defaultdict(Counter)
    for field, product in (
        ("maa", lambda agent: "maa"),
        ("breathed", lambda agent: product_of("ventilation", agent)),
    ):
        groups = (
            choice.examinations()
            .filter(**{f"{field}_kbq__isnull": False})
            .order_by()
            .values_list("agent", "who", f"{field}_kbq", f"{field}_off")
            .annotate(number=Count("pk"))
        )
        for agent, who, kbq, beside, number in groups:
            key = (product(agent), who)
            given[key][kbq] += number
            off[key][beside] += number
    return Reading(
        tuple(_median_of(given, product) for product in ("maa", "pertechnetate", "dtpa")),
        (_levels(given, off),),
        (
            Bars(
                "Within the range that held for the patient",
                tuple(
                    bar(f"{TRACERS[product]}, {WHO[who].lower()}", share(off[product, who][0], counted.total()))
                    for (product, who), counted in sorted(given.items())
                ),
            ),
        ),
        notes=(
            "Reference levels are for adults of usual size; a child's dose goes by weight. All are for local sign-off.",
        ),
        count=sum(each.total() for (product, _), each in given.items() if product == "maa"),
    )  # fmt: skip


def _median_of(given, product):
    found = spread(given.get((product, "adult"), {}))
    cell = mbq(found.median) if found.count >= FEW else Cell(NOTHING, None)
    return Figure(f"{TRACERS[product]}, adults, median", cell)


def _levels(given, off):
    columns = (
        *("Tracer", "Patients", "Doses", "Median", "3 of 4 up to", "Smallest", "Largest"),
        *("Reference", "3 of 4 beside it", "Below range", "Above range", "Source"),
    )
    return Table(
        "By tracer and patients", columns, tuple(_level(key, given[key], off[key]) for key in sorted(given))
    )


def _level(key, counted, off):
    product, who = key
    found, field = spread(counted), "maa" if product == "maa" else "breathed"
    of_it = (("who", who), *(() if product == "maa" else (("tracer", product),)))
    reference = REFERENCES.get((product, who))
    enough = found.count >= FEW
    return (
        Cell(TRACERS.get(product, product), product),
        Cell(WHO[who], who),
        count(found.count, (*of_it, (field, "any"))),
        mbq(found.median if enough else None),
        mbq(found.three_quarters if enough else None),
        mbq(found.least),
        mbq(found.most),
        Cell(reference.text if reference else "by weight" if who == "child" else NOTHING),
        _beside(found, reference) if enough else Cell(NOTHING),
        count(off[-1], (*of_it, (field, "below"))),
        count(off[1], (*of_it, (field, "above"))),
        Cell(reference.source if reference else NOTHING),
    )


def _beside(found, reference):
    if reference is None:
        return Cell(NOTHING)
    if found.three_quarters > reference.most_kbq:
        return Cell("above", "above", is_late=True)
    return Cell("below", "below") if found.three_quarters < reference.least_kbq else Cell("within", "within")
