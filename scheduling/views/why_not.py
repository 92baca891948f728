"""Why not at this time, as a scheduler reads it: what is in the way, the nearest times, and what would change it."""

from dataclasses import dataclass

from scheduling.services.explanation import AROUND, Blocked
from scheduling.templatetags import clock
from scheduling.views import axis, proposals, targets
from scheduling.views.proposals import Choice


@dataclass(frozen=True, slots=True)
class Offered:
    """A visit that can be booked, with what it is to the wanted time."""

    title: str
    choice: Choice


@dataclass(frozen=True, slots=True)
class Answer:
    """`title` is the question. `free`: the wanted time can be had after all."""

    title: str
    free: Choice | None
    steps: tuple[Blocked, ...]
    nearest: tuple[Offered, ...]
    bookable: tuple[Offered, ...]
    """Changes that can be booked as things stand."""
    others: tuple[str, ...]
    """Changes that somebody has to make first."""
    none: tuple[str, ...] = ()
    """On which side of the wanted time there is no other, in sentences."""


def answer(found, *, order, wanted=None, xray=None):
    """The services' WhyNot for the page; `wanted` is the time that was asked about, None for a whole period."""
    zone = order.site.time_zone
    title, before, after, none = "What is in the way", "", "First time after these days", ()
    if wanted is not None:
        when = f"at {clock.time_at(wanted, zone)} on {clock.day_at(wanted, zone)}"
        title = f"Lungs {when}" if found.proposal else f"Why not {when}"
        before, after = "Nearest before", "Nearest after"
        none = () if found.proposal else _none(found)
    nearest = [
        Offered(words, _choice(each, order, xray))
        for words, each in ((before, found.before), (after, found.after))
        if each is not None
    ]
    return Answer(
        title,
        found.proposal and _choice(found.proposal, order, xray),
        found.steps,
        tuple(nearest),
        tuple(
            Offered(each.sentence, _choice(each.proposal, order, xray))
            for each in found.changes
            if each.proposal
        ),
        tuple(each.sentence for each in found.changes if not each.proposal),
        none,
    )


def _none(found):
    sides = ((found.before, "before"), (found.after, "after"))
    return tuple(
        f"No time is free in the {AROUND.days} days {side}." for visit, side in sides if visit is None
    )


def _choice(proposal, order, xray):
    zone = order.site.time_zone
    return Choice(
        proposal,
        (),
        proposals.chain_of(proposal, zone, xray),
        axis.draw(proposal.steps, zone),
        False,
        targets.late_words(order, proposal.lungs_start_at),
    )
