"""Why not at this time, as a scheduler reads it: what is in the way, the nearest times, and what would change it."""

from dataclasses import dataclass

from django.urls import reverse

from scheduling.engine.explanation import ChangeKind
from scheduling.models import StepKind
from scheduling.services.explanation import AROUND, Blocked
from scheduling.templatetags import clock
from scheduling.views import axis, proposals, targets
from scheduling.views.proposals import Choice
from vqflow import policy


@dataclass(frozen=True, slots=True)
class Offered:
    """A visit that can be booked, with what it is to the wanted time."""

    title: str
    choice: Choice


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A change that somebody has to make first. `link`: where, with the words of the link; empty where nowhere here."""

    sentence: str
    link: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """`title` is the question. `free`: the wanted time can be had after all."""

    title: str
    free: Choice | None
    steps: tuple[Blocked, ...]
    nearest: tuple[Offered, ...]
    bookable: tuple[Offered, ...]
    """Changes that can be booked as things stand."""
    others: tuple[Elsewhere, ...]
    """Changes that somebody has to make first."""
    none: tuple[str, ...] = ()
    """On which side of the wanted time there is no other, in sentences."""


def answer(found, *, page, by, wanted=None, xray=None):
    """The services' WhyNot for the page; `wanted` is the time that was asked about, None for a whole period."""
    order, zone = page.order, page.order.site.time_zone
    title, none = "What is in the way", ()
    if wanted is not None:
        when = f"at {clock.time_at(wanted, zone)} on {clock.day_at(wanted, zone)}"
        what = StepKind(page.step.kind).label if page.step else "Lungs"
        title = f"{what} {when}" if found.proposal else f"Why not {when}"
        none = () if found.proposal else _none(found)
    return Answer(
        title,
        found.proposal and _choice(found.proposal, order, xray),
        found.steps,
        tuple(_nearest(found, wanted, page, xray)),
        tuple(
            Offered(each.sentence, _choice(each.proposal, order, xray))
            for each in found.changes
            if each.proposal
        ),
        tuple(_elsewhere(each, page, by) for each in found.changes if not each.proposal),
        none,
    )


def _nearest(found, wanted, page, xray):
    if wanted is None:
        sides = ((found.after, "First time after these days"),)
    else:
        sides = ((found.before, "Nearest before"), (found.after, "Nearest after"))
    for visit, words in sides:
        if visit is not None:
            apart = wanted and clock.duration(abs(visit.starts[page.asked_kind] - wanted))
            side = "earlier" if visit is found.before else "later"
            yield Offered(f"{words}, {apart} {side}" if apart else words, _choice(visit, page.order, xray))


def _elsewhere(change, page, by):
    """With the place where this person can make the change."""
    match change.kind:
        case ChangeKind.FREE if change.appointment_id and policy.allows(by, "appointment.move"):
            link = reverse("scheduling:move", args=[change.appointment_id]), "Move that appointment"
        case ChangeKind.OPEN if policy.allows(by, "closure.manage"):
            link = reverse("scheduling:closures"), "See the closures"
        case ChangeKind.DOSE if policy.allows(by, "tracer.manage"):
            link = reverse("scheduling:tracer-new"), "Enter a dose"
        case ChangeKind.XRAY_ELSEWHERE if page.appointment is None:
            link = "#xray-title", "Enter that X-ray"
        case ChangeKind.OVERRIDE:
            link = reverse("scheduling:order", args=[page.order.pk]), "Open the order"
        case _:
            link = "", ""
    return Elsewhere(change.sentence, *link)


def _none(found):
    sides = ((found.before, "before"), (found.after, "after"))
    return tuple(
        f"No time is free in the {AROUND.days} days {side}." for visit, side in sides if visit is None
    )


def _choice(proposal, order, xray):
    return Choice(
        proposal,
        (),
        proposals.chain_of(proposal, order.site.time_zone, xray),
        axis.draw(proposal, order),
        False,
        targets.late_words(order, proposal.lungs_start_at),
    )
