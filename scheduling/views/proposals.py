"""Proposals as a scheduler reads them: a few that differ, each as a chain, a picture and reasons in words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduling.models import StepKind
from scheduling.services.search import NO_WISHES, Proposal
from scheduling.templatetags import clock
from scheduling.views import axis, targets

# The engine's best answers start five minutes apart. Enough of them are asked for to see the next half days too.
CANDIDATES = 400
CARDS, ALL = 3, 10
OF_STEP = 12
EARLIEST, WISHED, NEAREST = "Earliest", "Fits the wishes best", "Nearest to the wishes"
OUTSIDE = "Outside the wishes"
APART = timedelta(minutes=30)
WORTHWHILE = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class ChainStep:
    """One step of the chain on screen. `gap`: how long the X-ray ends before the lungs.

    `day`: of the first step and of each on another day than the one before it, where the days differ.
    """

    kind: str
    name: str
    state: str
    day: str
    time: str
    place: str
    gap: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    proposal: Proposal
    reasons: tuple[str, ...]
    chain: tuple[ChainStep, ...]
    axis: axis.Axis
    is_best: bool
    late: str = ""  # how long after the order's target the lungs start

    @property
    def gap(self):
        """How long the X-ray ends before the lungs, in words; empty without one."""
        return next((step.gap for step in self.chain if step.gap), "")

    @property
    def resource_ids(self):
        return ",".join(str(each) for each in sorted(_resources(self.proposal)))


def _resources(proposal):
    return {resource for step in proposal.steps for resource in step.resource_ids}


def choices(found, *, order, xray=None, wished=NO_WISHES):
    """(cards, others): up to three proposals that differ, then more, ten in all, from the engine's ranked list.

    With `wished` they are ranked by the patient's wishes: the first is the best and need not be the earliest.
    """
    picked = _pick(found, order.site.time_zone)
    if not wished:
        picked.sort(key=lambda each: each.lungs_start_at)
    rest = _spread([each for each in found if each not in picked], picked, ALL - len(picked))
    cards = [_choice(each, picked, order, xray, wished) for each in picked]
    return cards, [_choice(each, picked, order, xray, wished) for each in rest]


def of_step(found, *, order, step, xray=None):
    """(cards, others) of one step's other starts, in order of time: the nearest before and after it are the cards."""
    present, zone = step.planned_start_at, order.site.time_zone
    before = [each for each in found if each.starts[step.kind] < present]
    after = [each for each in found if each.starts[step.kind] > present]
    cards = [*before[-1:], *after[:1]]
    rest = [each for each in found if each not in cards]
    chosen = [rest[len(rest) * n // OF_STEP] for n in range(OF_STEP)] if len(rest) > OF_STEP else rest

    def choice(each):
        lungs = each.lungs_start_at
        return Choice(
            each,
            (_apart(each.starts[step.kind] - present),),
            chain_of(each, zone, xray),
            axis.draw(each, order),
            False,
            targets.late_words(order, lungs),
        )

    return [choice(each) for each in cards], [choice(each) for each in chosen]


def _apart(difference):
    return f"{clock.duration(abs(difference))} {'later' if difference > timedelta() else 'earlier'}"


def _pick(found, zone):
    """The best; a clearly shorter visit if there is one; then the first of another half day."""
    if not found:
        return []
    picked = [found[0]]
    shortest = min(found, key=lambda each: (length(each), each.lungs_start_at))
    if length(shortest) <= length(found[0]) - WORTHWHILE:
        picked.append(shortest)
    seen = {_half_day(each, zone) for each in picked}
    for each in found:
        if len(picked) < CARDS and _half_day(each, zone) not in seen:
            picked.append(each)
            seen.add(_half_day(each, zone))
    picked += _spread(found, picked, CARDS - len(picked))
    return picked


def _spread(found, taken, count):
    """Up to `count` of them, none within half an hour of another."""
    chosen, starts = [], [each.lungs_start_at for each in taken]
    for each in found:
        if len(chosen) < count and all(abs(each.lungs_start_at - start) >= APART for start in starts):
            chosen.append(each)
            starts.append(each.lungs_start_at)
    return chosen


def length(proposal):
    """From when the patient is first needed to the end of the visit."""
    return proposal.ends_at - proposal.starts_at


def _half_day(proposal, zone):
    local = clock.local(proposal.lungs_start_at, zone)
    return local.date(), local.hour >= 12


def _choice(proposal, picked, order, xray, wished):
    zone, is_best = order.site.time_zone, proposal is picked[0]
    return Choice(
        proposal,
        tuple(_reasons(proposal, picked, zone, xray, wished)),
        chain_of(proposal, zone, xray),
        axis.draw(proposal, order),
        is_best,
        targets.late_words(order, proposal.lungs_start_at),
    )


def _reasons(proposal, picked, zone, xray, wished):
    best, fits = picked[0], _fits(proposal, wished, zone)
    if proposal is best:
        yield (WISHED if fits else NEAREST) if wished else EARLIEST
    elif length(proposal) <= length(best) - WORTHWHILE and proposal is min(picked, key=length):
        yield "Shortest visit"
    elif not same_day(proposal.lungs_start_at, best.lungs_start_at, zone):
        yield "Another day"
    elif proposal.lungs_start_at < best.lungs_start_at:
        yield "Earlier that day"
    else:
        yield "Later that day"
    if proposal is not best and not fits:
        yield OUTSIDE
    if len(proposal.visits) > 1:
        yield "Two trips: the X-ray comes on an earlier day"
    else:
        yield f"One trip, {clock.duration(length(proposal))} in all"
    if xray:
        yield f"Uses the X-ray of {clock.at(xray.ended_at, zone)}"


def _fits(proposal, wished, zone):
    """Whether every step lies on a wished weekday and between the wished times, as the ranking counts it."""
    return all(
        _is_wished(clock.local(step.starts_at, zone), clock.local(step.ends_at, zone), wished)
        for step in proposal.steps
    )


def _is_wished(starts, ends, wished):
    if wished.weekdays and starts.weekday() not in wished.weekdays:
        return False
    if wished.from_time and starts.time() < wished.from_time:
        return False
    return not wished.until_time or (starts.date() == ends.date() and ends.time() <= wished.until_time)


def same_day(one: datetime, other: datetime, zone):
    return clock.local(one, zone).date() == clock.local(other, zone).date()


def days_shown(moments, zone):
    """Per moment (or None) its day in words where a reader needs it: all on one day need none."""
    days = [each and clock.day_at(each, zone) for each in moments]
    if len({day for day in days if day}) < 2:
        return [""] * len(days)
    shown, last = [], None
    for day in days:
        shown.append(day if day and day != last else "")
        last = day or last
    return shown


def chain_of(proposal, zone, xray=None):
    """The steps of a proposal, after the X-ray done elsewhere where there is one."""
    lungs = proposal.lungs_start_at
    days = days_shown([*([xray.ended_at] if xray else []), *(s.starts_at for s in proposal.steps)], zone)
    before = [_elsewhere(xray, days.pop(0), lungs, zone)] if xray else []
    steps = [
        ChainStep(
            step.kind,
            step.label,
            "planned",
            day,
            span_words(step.starts_at, step.ends_at, zone),
            ", ".join(each for each in (step.room, step.technologist) if each),
            xray_gap(step.ends_at, lungs) if step.kind == StepKind.XRAY else "",
        )
        for step, day in zip(proposal.steps, days, strict=True)
    ]
    return (*before, *steps)


def span_words(starts_at, ends_at, zone):
    """08:10-08:20; with the day of the end where it is another one."""
    starts, ends = clock.time_at(starts_at, zone), clock.time_at(ends_at, zone)
    if same_day(starts_at, ends_at, zone):
        return f"{starts}-{ends}"
    return f"{starts} to {clock.day_at(ends_at, zone)}, {ends}"


def _elsewhere(xray, day, lungs, zone):
    name = "Chest CT" if xray.modality == "CT" else StepKind.XRAY.label
    ended = f"ended {clock.time_at(xray.ended_at, zone)}"
    return ChainStep(StepKind.XRAY, name, "completed", day, ended, xray.place, xray_gap(xray.ended_at, lungs))


def xray_gap(ended_at, lungs_start_at):
    return f"ends {clock.duration(lungs_start_at - ended_at)} before the lungs"
