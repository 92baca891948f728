"""Whether a plan could be carried out, minute by minute: shares no reasoning with what makes the plans."""

from collections import Counter
from collections.abc import Iterator

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
            for sentence in _of_visit(day, visit, plan.moved[visit.id]):
                yield f"visit {visit.id}: {sentence}"


def _of_visit(day: Day, visit: Visit, placed: tuple[Placed, ...]) -> Iterator[str]:
    if [step.step_key for step in placed] != [step.key for step in visit.steps]:
        yield "has other steps than are to be done"
        return
    yield from _times(day, visit, placed)
    yield from _needs(day, visit, placed)
    yield from _patient(visit, placed)


def _times(day: Day, visit: Visit, placed: tuple[Placed, ...]) -> Iterator[str]:
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
        if not (_holds(visit.windows[step.key], at.start) and _holds(step.allowed, at.start)):
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
