"""From a protocol's steps to those of the search: the X-ray window, and what this patient needs."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from scheduling.engine.adjustments import Circumstance, adjusted
from scheduling.engine.catalogue import XRAY, StepTemplate
from scheduling.engine.chain import PATIENT, Step, planned_step

Lag = tuple[int, int | None]


def steps_of(
    templates: Sequence[StepTemplate],
    *,
    xray_lag: Lag,
    agent: str | None = None,
    found: frozenset[Circumstance] = frozenset(),
    offered: frozenset[str] = frozenset(),
    skip: Collection[str] = (),
) -> tuple[Step, ...]:
    """The steps to search for, in the protocol's order.

    `xray_lag`: least and greatest minutes from the end of the X-ray to the first lung step. `found`: the
    patient's circumstances; `offered`: the capabilities that the site's resources have. `skip`: kinds that are
    done already, or elsewhere (the search then gets its `known_end`).
    """
    lungs_before, steps = None, []
    for template in templates:
        if template.kind in skip:
            continue
        wanted = adjusted(template, found, agent=agent, offered=offered)
        first_lungs = template.kind != XRAY and lungs_before is None
        lag = xray_lag if first_lungs else (wanted.lag_min_minutes or 0, wanted.lag_max_minutes)
        steps.append(_step(wanted, lungs_before, lag))
        lungs_before = lungs_before if template.kind == XRAY else wanted
    return tuple(steps)


def _step(template: StepTemplate, lungs_before: StepTemplate | None, lag: Lag) -> Step:
    if template.simultaneous and lungs_before is not None:
        return _companion(template, lungs_before)
    step = planned_step(
        template.kind,
        room=template.room,
        setup_minutes=template.setup_minutes,
        acquisition_minutes=template.acquisition_minutes,
        clearance_minutes=template.clearance_minutes,
        technologist=template.technologist,
        prep_minutes=template.prep_minutes,
        lag_min=lag[0],
        lag_max=lag[1],
        same_room_as=lungs_before.kind if lungs_before and template.same_room else None,
        same_day=lungs_before is not None and template.same_day,
    )
    patient = next(need for need in step.needs if PATIENT in need.capabilities)
    present = [replace(patient, capabilities=frozenset({each})) for each in sorted(template.present)]
    return replace(step, needs=(*step.needs, *present)) if present else step


def _companion(template: StepTemplate, main: StepTemplate) -> Step:
    """Acquired while the step before is: it starts with that and takes nothing of its own."""
    minutes = min(template.acquisition_minutes, main.acquisition_minutes)
    return Step(
        template.kind, minutes, (), lag_min=-main.acquisition_minutes, lag_max=-main.acquisition_minutes
    )
