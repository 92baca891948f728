"""Whether a plan could be carried out, minute by minute: shares no reasoning with what makes the plans."""

from collections import Counter
from collections.abc import Iterator, Mapping

from scheduling.engine.doses import PRODUCTS, Batch, DoseNeed
from scheduling.engine.intervals import Intervals
from scheduling.engine.itinerary import Placed
from scheduling.engine.replan.day import Day, Plan, Visit


def problems(day: Day, plan: Plan) -> list[str]:
    """Everything that is wrong with a plan, in plain words; an empty list says that it holds."""
    return [
        *_wrong_names(day, plan),
        *_double_use(day, plan),
        *_wrong_times(day, plan),
        *_kept_broken(day, plan),
        *_doses(day, plan),
    ]


def _wrong_names(day: Day, plan: Plan) -> Iterator[str]:
    known = {visit.id for visit in day.visits}
    for each in (set(plan.moved) | plan.lost) - known:
        yield f"visit {each} is not of this day"
    for each in set(plan.moved) & plan.lost:
        yield f"visit {each} is both moved and lost"
    for visit in day.visits:
        if visit.frozen and (visit.id in plan.moved or visit.id in plan.lost):
            yield f"visit {visit.id} is frozen and was touched"


def _double_use(day: Day, plan: Plan) -> Iterator[str]:
    """Each room, person and patient once per minute, and only in minutes that are free."""
    used: Counter[tuple[int, int]] = Counter()
    free = {each.id: {m for low, high in each.free for m in range(low, high)} for each in day.resources}
    for visit in day.visits:
        if visit.id in plan.lost:
            continue
        for who, begins, ends in _uses(day, plan, visit):
            used.update((who, minute) for minute in range(begins, ends))
            outside = [m for m in range(begins, ends) if m not in free.get(who, ())]
            if visit.id in plan.moved and outside:
                yield f"visit {visit.id} takes resource {who} at {outside[0]}, when it is not free"
    for (who, minute), times in used.items():
        if times > 1:
            yield f"resource {who} is used {times} times at {minute}"


def _uses(day: Day, plan: Plan, visit: Visit) -> Iterator[tuple[int, int, int]]:
    if visit.id not in plan.moved:
        yield from visit.occupied
        return
    rows = [row for step in plan.moved[visit.id] for row in step.resources if row[0] != visit.patient.id]
    for who, begins, ends in rows:
        is_last = all(ends >= other for same, _, other in rows if same == who)
        yield who, begins, ends + (day.clearance.get(who, 0) if is_last else 0)


def _wrong_times(day: Day, plan: Plan) -> Iterator[str]:
    for visit in day.visits:
        if visit.id in plan.moved:
            for sentence in _of_visit(day, visit, plan):
                yield f"visit {visit.id}: {sentence}"


def _of_visit(day: Day, visit: Visit, plan: Plan) -> Iterator[str]:
    placed, drawn = plan.moved[visit.id], plan.doses.get(visit.id, {})
    if [step.step_key for step in placed] != [step.key for step in visit.steps]:
        yield "has other steps than are to be done"
        return
    yield from _times(day, visit, placed, drawn)
    yield from _needs(day, visit, placed)
    yield from _patient(visit, placed)


def _times(day: Day, visit: Visit, placed: tuple[Placed, ...], drawn: Mapping[str, int]) -> Iterator[str]:
    """`drawn`: the steps that get another dose than the booked one, whose times `_doses` looks at."""
    before = visit.known_end
    ends: dict[str, int] = {}
    for step, at in zip(visit.steps, placed, strict=True):
        if at.end != at.start + step.acquisition_minutes:
            yield f"{step.key} has another length"
        if before is not None and not _apart(at.start - before, step.lag_min, step.lag_max):
            yield f"{step.key} starts at a wrong distance from the step before"
        for lag in step.lags:
            if lag.step in ends and not _apart(at.start - ends[lag.step], lag.lag_min, lag.lag_max):
                yield f"{step.key} starts at a wrong distance from {lag.step}"
        allowed = step.key in drawn or _holds(step.allowed, at.start)
        if not (allowed and _holds(visit.windows[step.key], at.start)):
            yield f"{step.key} starts at {at.start}, when it may not"
        if at.end > day.latest:
            yield f"{step.key} ends after the day"
        ends[step.key] = before = at.end


def _apart(gap: int, least: int, most: int | None) -> bool:
    return gap >= least and (most is None or gap <= most)


def _holds(starts: Intervals | None, t: int) -> bool:
    return starts is None or any(low <= t < high for low, high in starts)


def _needs(day: Day, visit: Visit, placed: tuple[Placed, ...]) -> Iterator[str]:
    able = {each.id: each.capabilities for each in (*day.resources, visit.patient)}
    rooms = {step.step_key: step.resources[0][0] for step in placed if step.resources}
    for step, at in zip(visit.steps, placed, strict=True):
        wanted = [
            (need.capabilities, at.start - need.starts_before, at.start + need.ends_after_start, need.count)
            for need in step.needs
        ]
        if Counter((begins, ends) for _, begins, ends in at.resources) != Counter(
            (begins, ends) for _, begins, ends, count in wanted for _ in range(count)
        ):
            yield f"{step.key} does not occupy what it needs"
        for capabilities, begins, ends, count in wanted:
            fit = [
                w
                for w, b, e in at.resources
                if (b, e) == (begins, ends) and capabilities <= able.get(w, set())
            ]
            if len(fit) < count:
                yield f"{step.key} lacks {sorted(capabilities)}"
        if step.same_room_as and rooms.get(step.same_room_as, rooms[step.key]) != rooms[step.key]:
            yield f"{step.key} is not in the room of {step.same_room_as}"


def _patient(visit: Visit, placed: tuple[Placed, ...]) -> Iterator[str]:
    free = {m for low, high in visit.patient.free for m in range(low, high)}
    used = Counter(
        minute
        for step in placed
        for who, begins, ends in step.resources
        if who == visit.patient.id
        for minute in range(begins, ends)
    )
    for minute, times in used.items():
        if times > 1 or minute not in free:
            yield f"the patient is needed {times} times or is not free at {minute}"
            return


def _kept_broken(day: Day, plan: Plan) -> Iterator[str]:
    """A visit that is kept must be possible as it is booked."""
    free = {each.id: {m for low, high in each.free for m in range(low, high)} for each in day.resources}
    for visit in day.visits:
        if visit.frozen or visit.id in plan.moved or visit.id in plan.lost:
            continue
        for who, begins, ends in visit.occupied:
            if any(m not in free.get(who, ()) for m in range(max(begins, day.now), ends)):
                yield f"visit {visit.id} is kept on resource {who}, which is gone"
        for step in visit.steps:
            t = visit.starts[step.key]
            if step.key in visit.spoiled or not _holds(step.allowed, t):
                yield f"visit {visit.id} keeps {step.key} at {t}, when it may not start"


def _doses(day: Day, plan: Plan) -> Iterator[str]:
    """Each moved step draws from a batch that can give it, and no batch gives more than it has."""
    left = {batch.id: float(batch.left_kbq) for batch in day.batches}
    for visit in day.visits:
        if visit.id in plan.moved:
            yield from _drawn(day, plan, visit, left)
        elif visit.id not in plan.lost:
            for number, claimed in visit.claims.values():
                left[number] -= claimed
    for number, kbq in left.items():
        if kbq < -1:
            yield f"batch {number} lacks {-kbq:.0f} kBq"


def _drawn(day: Day, plan: Plan, visit: Visit, left: dict[int, float]) -> Iterator[str]:
    """Takes the doses of a moved visit from what is `left`, in kBq by batch."""
    drawn = plan.doses.get(visit.id, {})
    for step, placed in zip(visit.steps, plan.moved[visit.id], strict=True):
        if step.dose is None:
            continue
        costs = {batch.id: _cost(batch, step.dose, placed.start) for batch in day.batches}
        cost = costs[drawn[step.key]] if step.key in drawn else None
        if cost is not None:
            left[drawn[step.key]] -= cost
        elif step.key in drawn or any(each is not None for each in costs.values()):
            yield f"visit {visit.id} has no dose for {step.key} at {placed.start}"


def _cost(batch: Batch, need: DoseNeed, t: int) -> float | None:
    """kBq at the calibration, to about one kBq; None where the batch is of no use then."""
    if batch.failed or batch.product != need.product or not batch.usable_from <= t <= batch.expires_at:
        return None
    product = PRODUCTS[batch.product]
    grown = 2 ** ((t - batch.calibrated_at) / product.half_life)
    if product.regrows:
        return 0.0 if need.activity_kbq * grown <= batch.activity_kbq + 1 else None
    if batch.is_unit_dose:
        return float(batch.activity_kbq)
    if not batch.particles or need.most_particles is None:
        return need.activity_kbq * grown
    most = need.most_particles * batch.activity_kbq / batch.particles
    return min(need.activity_kbq * grown, most) if need.least_kbq * grown <= most + 1 else None
