"""The department plans with its own durations: what was measured becomes a protocol's minutes from a day on."""

from enum import StrEnum

from scheduling.models import StepKind
from scheduling.services import durations
from scheduling.services.department import changes, protocols
from vqflow import policy
from vqflow.errors import Invalid

NOTHING_CHOSEN = "Nothing is chosen. Choose a measured time for at least one step."


class Share(StrEnum):
    """Which of the measured times: what half of all examinations keep to, or nine of ten."""

    MEDIAN = "median"
    MOST = "most"


def preview(protocol, *, shares, starts_on, now):
    """(differences, who is booked with the protocol from then on); Invalid as change() raises it."""
    return protocols.preview(protocol, steps=_steps(protocol, shares, now), starts_on=starts_on, now=now)


def change(protocol, *, shares, starts_on, by, now):
    """Plan the measured minutes of these steps from `starts_on` on; returns the PlannedChange, with its history.

    `shares`: {kind of step: Share}. What is booked keeps its times. Raises Invalid where nothing is chosen or too
    little was measured, Conflict where another change of the protocol begins on that day.
    """
    policy.permit(by, changes.ACTION)
    steps = _steps(protocol, shares, now)
    return protocols.change(protocol, steps=steps, starts_on=starts_on, by=by, now=now)


def _steps(protocol, shares, now):
    if not shares:
        raise Invalid(NOTHING_CHOSEN)
    found = durations.read(protocol.site, now=now)
    return {kind: {"acquisition_minutes": _minutes(found, protocol, kind, of)} for kind, of in shares.items()}


def _minutes(found, protocol, kind, share):
    measured = found.get((protocol.pk, kind, None))
    if measured is None or not measured.is_enough:
        noun = StepKind(kind).label.lower()
        sentence = f"Too few times of the {noun} were measured. Wait for more, or enter minutes by hand."
        raise Invalid(sentence, fields={kind: [sentence]})
    return measured.median_minutes if share == Share.MEDIAN else measured.most_minutes
