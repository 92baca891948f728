"""A plan as rows: what it does with each appointment, from when to when, and why in words."""

from scheduling.engine.calendars import to_datetime
from scheduling.engine.replan.day import hits
from scheduling.engine.states import AppointmentState
from scheduling.models import DisruptionKind, ReplanChange, StepKind

WHY = {
    DisruptionKind.ROOM_DOWN: "is out of order",
    DisruptionKind.CAMERA_QC: "failed its quality control",
    DisruptionKind.PERSON_AWAY: "is away",
    DisruptionKind.SCAN_OVERRUNS: "is still taken by the scan before",
}


def write(replan, found, plan):
    """Replace the rows of `replan` by those of `plan` (engine) for the BrokenDay `found`."""
    replan.changes.all().delete()
    ReplanChange.objects.bulk_create(rows(replan, found, plan))


def rows(replan, found, plan):
    """One row per appointment that the plan changes, and per one that is hit and that no plan may touch."""
    why = effects(replan.disruption, found)
    touched = set(why) | set(plan.moved) | plan.lost
    return [
        ReplanChange(
            replan=replan,
            appointment=found.appointments[number],
            kind=_kind(found, plan, number),
            effects=why.get(number, []),
            before=_before(found, number),
            after=_after(found, plan.moved.get(number, ()), plan.doses.get(number, {})),
            resource_ids={
                step.step_key: sorted({who for who, _, _ in step.resources} & found.names.keys())
                for step in plan.moved.get(number, ())
            },
        )
        for number in sorted(touched)
    ]


def _kind(found, plan, number):
    begun = found.appointments[number].state == AppointmentState.IN_PROGRESS
    if number in plan.moved:
        return ReplanChange.Kind.MOVE
    if number in plan.lost and not begun:
        return ReplanChange.Kind.LOST
    return ReplanChange.Kind.HAND


def effects(disruption, found):
    """Per visit the sentences why it cannot be done as planned, in the order of its steps."""
    sentences = {}
    for hit in hits(found.engine):
        kind = hit.step or found.kinds.get((hit.visit, hit.resource, hit.at), "")
        label = StepKind(kind).label if kind else "Visit"
        said = sentences.setdefault(hit.visit, [])
        sentence = f"{label}: {_reason(disruption, found, hit)}."
        if sentence not in said:
            said.append(sentence)
    return sentences


def _reason(disruption, found, hit):
    if hit.resource is not None:
        name = found.names.get(hit.resource, "a room or person")
        ours = hit.resource in _resources(disruption)
        return f"{name} {WHY[disruption.kind] if ours else 'is not available'}"
    visit = found.engine.visits[hit.visit]
    if hit.step == StepKind.XRAY:
        return "the patient will be there later"
    if hit.step in visit.spoiled and _waits_for_xray(found, visit, hit.step):
        return "too soon after the X-ray"
    return "there is no dose for this time"


def _waits_for_xray(found, visit, kind):
    ended = visit.known_end
    first = next(step for step in visit.steps if step.key == kind)
    return ended is not None and visit.starts[kind] - ended < first.lag_min


def _resources(disruption):
    closed = {closure.resource_id for closure in disruption.closures.all()}
    return closed | {disruption.resource_id}


def _before(found, number):
    visit = found.engine.visits[number]
    return [
        {
            "kind": step.key,
            "starts_at": to_datetime(visit.starts[step.key]).isoformat(),
            "resources": sorted(
                found.names[who]
                for who, begins, _ in visit.occupied
                if who in found.names and found.kinds.get((number, who, begins)) == step.key
            ),
        }
        for step in visit.steps
    ]


def _after(found, placed, doses):
    return [
        {
            "kind": step.step_key,
            "starts_at": to_datetime(step.start).isoformat(),
            "resources": sorted({found.names[who] for who, _, _ in step.resources if who in found.names}),
            **_dose(found, doses.get(step.step_key)),
        }
        for step in placed
    ]


def _dose(found, number):
    return {} if number is None else {"batch": number, "dose": found.dose_names[number]}
