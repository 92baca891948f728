"""Invented days: a department that has booked its patients first-fit, and then loses something."""

import random
from dataclasses import replace

from scheduling.engine import itinerary, tracers
from scheduling.engine.chain import PATIENT, ResourceFree, planned_step
from scheduling.engine.doses import Batch, DoseNeed
from scheduling.engine.intervals import normal, subtract
from scheduling.engine.replan.day import Day, Visit, occupied_by, search_for

OPENS, CLOSES, BROKEN_AT = 7 * 60, 18 * 60, 10 * 60
CALLED_EARLIER_MOST = 30
WEIGHTS = (1, 1, 1, 1, 1, 1, 1, 3, 3, 10)


def xray(setup=0):
    return planned_step(
        "xray",
        room=frozenset({"xray"}),
        setup_minutes=setup,
        acquisition_minutes=10,
        clearance_minutes=0,
        technologist="technologist_xray",
    )


def ventilation(prep=15):
    return planned_step(
        "ventilation",
        room=frozenset({"ventilation"}),
        setup_minutes=5,
        acquisition_minutes=15,
        clearance_minutes=10,
        technologist="technologist_nm",
        prep_minutes=prep,
        lag_min=70,
        lag_max=1430,
    )


def perfusion(minutes, **fields):
    return planned_step(
        "perfusion",
        room=frozenset({"camera"}),
        setup_minutes=5,
        acquisition_minutes=minutes,
        clearance_minutes=5,
        technologist="technologist_nm",
        lag_min=5,
        lag_max=20,
        **fields,
    )


def resources(*, xrays=2, bays=3, ventilations=2, cameras=3, people=5):
    kinds = [
        *[("X-ray", {"xray"})] * xrays,
        *[("Bay", {"prep_bay"})] * bays,
        *[("Ventilation", {"ventilation"})] * ventilations,
        *[("Camera", {"camera"})] * cameras,
        ("Ana", {"technologist_nm", "technologist_xray"}),
        *[("Person", {"technologist_nm"})] * (people - 1),
    ]
    return tuple(
        ResourceFree(number, f"{name} {number}", frozenset(able), ((OPENS, CLOSES),))
        for number, (name, able) in enumerate(kinds, 1)
    )


def booked_day(seed, *, patients, camera_minutes=35, windows=False, clearance=None, **equipment):
    """A day on which up to `patients` are booked first-fit, in random order; nothing is broken yet."""
    dice = random.Random(seed)
    day = Day(
        resources(**equipment), (), OPENS, CLOSES, clearance or {}, day_of=lambda minute: minute // 1440
    )
    taken, visits = {}, []
    for number in range(1000, 1000 + patients * 2):
        visit = _asked(dice, number, camera_minutes, windows)
        found = next(itinerary.search(search_for(day, visit, taken), limit=1), None)
        if found is None or len(visits) == patients:
            continue
        occupied = occupied_by(day, visit, found.steps)
        for who, begins, ends in occupied:
            taken.setdefault(who, []).append((begins, ends))
        starts = {step.step_key: step.start for step in found.steps}
        visits.append(replace(visit, starts=starts, occupied=occupied))
    return replace(day, visits=tuple(visits))


def _asked(dice, number, camera_minutes, windows):
    has_xray = dice.random() < 0.4
    steps = (ventilation(), perfusion(camera_minutes))
    opens = OPENS + (dice.randrange(0, CLOSES - OPENS - 240, 30) if windows else 0)
    closes = opens + dice.randrange(180, 301, 60) if windows else CLOSES
    steps = ((xray(), *steps)) if has_xray else steps
    return Visit(
        id=number,
        weight=dice.choice(WEIGHTS),
        steps=steps,
        starts={},
        occupied=(),
        windows={step.key: ((opens, closes),) for step in steps},
        patient=ResourceFree(number, "patient", frozenset({PATIENT}), ((0, CLOSES + 60),)),
        known_end=None if has_xray else OPENS - 16 * 60,
    )


def broken(day, *, gone, at=BROKEN_AT, until=CLOSES, earlier=CALLED_EARLIER_MOST):
    """The day when the resources `gone` fail at `at`: what has begun is frozen, the rest may move."""
    left = tuple(
        replace(each, free=subtract(each.free, ((at, until),))) if each.id in gone else each
        for each in day.resources
    )
    visits = tuple(_at(visit, at, earlier) for visit in day.visits)
    return replace(day, resources=left, visits=tuple(v for v in visits if v is not None), now=at)


def _at(visit, now, earlier):
    """What is left of one visit at `now`; the X-ray that is done becomes the known end."""
    steps, known = visit.steps, visit.known_end
    if steps[0].key == "xray" and visit.starts["xray"] <= now:
        known, steps = visit.starts["xray"] + steps[0].acquisition_minutes, steps[1:]
    starts = {step.key: visit.starts[step.key] for step in steps}
    begun = visit.starts["ventilation"] <= now
    return replace(
        visit,
        steps=steps,
        starts=starts,
        known_end=known,
        frozen=begun,
        windows={key: normal([(max(now + 1, t - earlier), CLOSES)]) for key, t in starts.items()},
    )


def kit(number, *, at, mbq, until=CLOSES, **fields):
    """An MAA kit with 2,000 particles for each MBq, as it is before anybody draws from it."""
    kbq = mbq * 1000
    return Batch(number, "maa", at, kbq, kbq, at, until, particles=mbq * 2000, **fields)


MAA = DoseNeed("maa", 148_000, 148_000, 60_000, 700_000)


def dosed(day, kits):
    """The booked day with perfusions that draw from `kits` in the order of time; who finds none has no claim."""
    left, visits = {each.id: each for each in kits}, []
    for visit in sorted(day.visits, key=lambda each: each.starts["perfusion"]):
        draw = tracers.choose(left.values(), MAA, visit.starts["perfusion"])
        if draw:
            left[draw.batch.id] = tracers.without(draw)
        claims = {"perfusion": (draw.batch.id, draw.reference_kbq)} if draw else {}
        visits.append(replace(visit, claims=claims))
    return told(replace(day, batches=tuple(kits), visits=tuple(visits)))


def failed(day, number):
    """The day after a kit has failed: who had a dose of it has none."""
    batches = tuple(replace(each, failed=each.failed or each.id == number) for each in day.batches)
    spoiled = {v.id for v in day.visits if any(batch == number for batch, _ in v.claims.values())}
    visits = tuple(
        replace(v, claims={}, spoiled=frozenset(v.claims)) if v.id in spoiled and not v.frozen else v
        for v in day.visits
    )
    return told(replace(day, batches=batches, visits=visits))


def told(day):
    """`Step.allowed` of each visit as a move of it alone would have it: the others keep their doses."""
    return replace(day, visits=tuple(_told(day, visit) for visit in day.visits))


def _told(day, visit):
    others = [claim for each in day.visits if each is not visit for claim in each.claims.values()]
    batches = [
        replace(each, left_kbq=each.left_kbq - sum(kbq for number, kbq in others if number == each.id))
        for each in day.batches
    ]
    served = tracers.allowed(batches, MAA, ((0, 1440),), (0, 1440))
    steps = [
        replace(step, dose=MAA, allowed=served) if step.key == "perfusion" else step for step in visit.steps
    ]
    return replace(visit, steps=tuple(steps))


def camera_ids(day):
    return [each.id for each in day.resources if "camera" in each.capabilities]
