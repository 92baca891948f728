"""Proposals as a scheduler reads them: a few that differ, each as a chain, a picture and reasons in words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduling.models import StepKind
from scheduling.services.search import Proposal
from scheduling.templatetags import clock
from scheduling.views import axis

# The engine's best answers start five minutes apart. Enough of them are asked for to see the next half days too.
CANDIDATES = 400
CARDS, ALL = 3, 10
APART = timedelta(minutes=30)
WORTHWHILE = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class ChainStep:
    """One step of the chain on screen. `gap`: how long the X-ray ends before the lungs."""

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
    first_day: str = ""  # of the first of two trips

    @property
    def resource_ids(self):
        return ",".join(str(each) for each in sorted(_resources(self.proposal)))


def _resources(proposal):
    return {resource for step in proposal.steps for resource in step.resource_ids}


def choices(found, *, zone, xray=None):
    """(cards, others): up to three proposals that differ, then more, ten in all, from the engine's ranked list."""
    picked = _pick(found, zone)
    rest = _spread([each for each in found if each not in picked], picked, ALL - len(picked))
    cards = [_choice(each, picked, zone, xray) for each in picked]
    return cards, [_choice(each, picked, zone, xray) for each in rest]


def _pick(found, zone):
    """The earliest; a clearly shorter visit if there is one; then the first of another half day."""
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
    return sorted(picked, key=lambda each: each.lungs_start_at)


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


def _choice(proposal, picked, zone, xray):
    is_best = proposal is picked[0]
    return Choice(
        proposal,
        tuple(_reasons(proposal, picked, zone, xray)),
        chain_of(proposal, zone, xray),
        axis.draw(proposal.steps, zone),
        is_best,
        ""
        if same_day(proposal.starts_at, proposal.lungs_start_at, zone)
        else clock.day_at(proposal.starts_at, zone),
    )


def _reasons(proposal, picked, zone, xray):
    best = picked[0]
    if proposal is best:
        yield "Earliest"
    elif length(proposal) <= length(best) - WORTHWHILE and proposal is min(picked, key=length):
        yield "Shortest visit"
    elif not same_day(proposal.lungs_start_at, best.lungs_start_at, zone):
        yield "Another day"
    else:
        yield "Later that day"
    first = proposal.steps[0]
    if first.kind == StepKind.XRAY and not same_day(first.starts_at, proposal.lungs_start_at, zone):
        yield "Two trips: the X-ray comes on an earlier day"
    else:
        yield f"One trip, {clock.duration(length(proposal))} in all"
    if xray:
        yield f"Uses the X-ray of {clock.at(xray.ended_at, zone)}"


def same_day(one: datetime, other: datetime, zone):
    return clock.local(one, zone).date() == clock.local(other, zone).date()


def chain_of(proposal, zone, xray=None):
    """The steps of a proposal, after the X-ray done elsewhere where there is one."""
    lungs = proposal.lungs_start_at
    steps = [
        ChainStep(
            step.kind,
            step.label,
            "planned",
            "" if same_day(step.starts_at, lungs, zone) else clock.day_at(step.starts_at, zone),
            f"{clock.time_at(step.starts_at, zone)}-{clock.time_at(step.ends_at, zone)}",
            ", ".join(each for each in (step.room, step.technologist) if each),
            xray_gap(step.ends_at, lungs) if step.kind == StepKind.XRAY else "",
        )
        for step in proposal.steps
    ]
    return (*([_elsewhere(xray, lungs, zone)] if xray else []), *steps)


def _elsewhere(xray, lungs, zone):
    name = "Chest CT" if xray.modality == "CT" else StepKind.XRAY.label
    day = "" if same_day(xray.ended_at, lungs, zone) else clock.day_at(xray.ended_at, zone)
    ended = f"ended {clock.time_at(xray.ended_at, zone)}"
    return ChainStep(StepKind.XRAY, name, "completed", day, ended, xray.place, xray_gap(xray.ended_at, lungs))


def xray_gap(ended_at, lungs_start_at):
    return f"ends {clock.duration(lungs_start_at - ended_at)} before the lungs"
