"""Expected times: exact cases first, then what always holds, against a slow oracle that counts single minutes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.engine.projection import Causes, Kind, Step, Surroundings, Taken, Visit, project

CAMERA, BAY, ANA = 1, 2, 3
EIGHT, NINE, TEN = 8 * 60, 9 * 60, 10 * 60
DAY = Surroundings(latest=24 * 60)


def scan(number, start, minutes=20, **fields):
    """Five minutes of set-up before, ten of clearance after."""
    fields.setdefault("takes", (Taken(CAMERA, 5, 10),))
    return Step(number, start, start + minutes, **fields)


def times(found):
    return {step: (each.start, each.end) for step, each in found.steps.items()}


def kinds(found):
    return [(each.kind, each.step) for each in found.conflicts]


def test_without_delay_the_plan_is_expected():
    visits = [Visit("a", (scan(1, NINE),)), Visit("b", (scan(2, TEN),))]
    found = project(visits, now=EIGHT, around=DAY)
    assert times(found) == {1: (NINE, NINE + 20), 2: (TEN, TEN + 20)}
    assert found.conflicts == ()


def test_what_ended_and_what_runs_keep_their_real_times():
    done, running = scan(1, NINE, begun=NINE + 3, ended=NINE + 30), scan(2, TEN, begun=TEN + 4)
    found = project([Visit("a", (done,)), Visit("b", (running,))], now=TEN + 10, around=DAY)
    assert times(found) == {1: (NINE + 3, NINE + 30), 2: (TEN + 4, TEN + 24)}
    assert (found.steps[2].late, found.conflicts) == (4, ())


def test_a_scan_that_runs_on_delays_the_next_in_its_room_by_clearance_and_set_up():
    visits = [Visit("a", (scan(1, NINE, begun=NINE),)), Visit("b", (scan(2, NINE + 35),))]
    found = project(visits, now=NINE + 31, around=DAY)
    assert found.steps[1].end == NINE + 31
    late = found.steps[2]
    assert (late.start, late.late, late.resource) == (NINE + 31 + 10 + 5, 11, CAMERA)
    assert kinds(found) == [(Kind.TAKEN, 2)]


def test_a_running_scan_is_expected_to_take_as_long_as_usual_then_as_the_longest_then_to_end_any_minute():
    running = scan(1, NINE, begun=NINE, minutes=20, most_minutes=30)
    ends = [
        project([Visit("a", (running,))], now=NINE + at, around=DAY).steps[1].end for at in (5, 20, 21, 31)
    ]
    assert ends == [NINE + 20, NINE + 20, NINE + 30, NINE + 31]


def test_usual_minutes_that_are_longer_than_planned_delay_the_next():
    visits = [Visit("a", (scan(1, NINE, minutes=20),)), Visit("b", (scan(2, NINE + 35),))]
    visits = [replace(visits[0], steps=(replace(visits[0].steps[0], minutes=28),)), visits[1]]
    assert project(visits, now=EIGHT, around=DAY).steps[2].start == NINE + 28 + 15


def test_the_step_before_and_its_lag_come_first():
    xray = Step(1, EIGHT, EIGHT + 10, begun=EIGHT, ended=EIGHT + 40)
    lungs = scan(2, NINE + 10, lag=60, most_lag=24 * 60, is_first_lungs=True)
    found = project([Visit("a", (xray, lungs))], now=EIGHT + 41, around=DAY)
    assert found.steps[2].start == EIGHT + 40 + 60
    assert kinds(found) == [(Kind.LATE, 2)]


def test_a_step_that_is_left_out_holds_up_nothing():
    steps = (Step(1, EIGHT, EIGHT + 10, is_over=True), scan(2, NINE, lag=60))
    found = project([Visit("a", steps)], now=EIGHT + 30, around=DAY)
    assert times(found) == {2: (NINE, NINE + 20)}


def test_who_is_due_and_not_here_comes_in_as_if_arriving_now():
    prepared = (Taken(BAY, 20, -5, until_start=True), Taken(CAMERA, 5, 10))
    visit = Visit("a", (scan(1, NINE, takes=prepared),), is_here=False)
    starts = [project([visit], now=NINE + at, around=DAY).steps[1].start for at in (-30, -20, -10, 40)]
    assert starts == [NINE, NINE, NINE + 10, NINE + 60]


def test_who_is_missing_holds_up_nobody_who_is_due_by_now():
    missing = Visit("a", (scan(1, NINE),), is_here=False)
    here = Visit("b", (scan(2, TEN),))
    early = project([missing, here], now=NINE + 30, around=DAY)
    assert times(early) == {1: (NINE + 35, NINE + 55), 2: (TEN + 10, TEN + 30)}
    later = project([missing, here], now=TEN - 2, around=DAY)
    assert times(later)[2] == (TEN, TEN + 20)
    assert times(later)[1] == (TEN + 35, TEN + 55)


def test_a_late_patient_leaves_the_room_to_the_next_in_between():
    late = Visit("a", (Step(1, EIGHT, EIGHT + 10, begun=EIGHT), scan(2, NINE, lag=60)))
    found = project([late, Visit("b", (scan(3, NINE + 40),))], now=NINE + 20, around=DAY)
    assert found.steps[2].start == NINE + 80
    assert found.steps[3].start == NINE + 40


def test_steps_acquired_together_begin_together():
    steps = (scan(1, NINE), Step(2, NINE, NINE + 10, with_before=True))
    found = project([Visit("a", steps)], now=NINE + 30, around=DAY)
    assert times(found) == {1: (NINE + 30, NINE + 50), 2: (NINE + 30, NINE + 40)}


def test_a_room_that_is_gone_is_waited_for():
    around = replace(DAY, gone={CAMERA: ((NINE, TEN),)})
    found = project([Visit("a", (scan(1, NINE),))], now=EIGHT, around=around)
    assert (found.steps[1].start, found.steps[1].resource) == (TEN + 5, CAMERA)


def test_a_room_that_is_gone_for_the_day_leaves_the_rest_of_the_visit_without_a_time():
    around = replace(DAY, gone={CAMERA: ((NINE, 25 * 60),)})
    steps = (scan(1, NINE), Step(2, TEN, TEN + 10))
    found = project([Visit("a", steps)], now=EIGHT, around=around)
    assert times(found) == {1: (None, None), 2: (None, None)}
    assert [(each.kind, each.step, each.resource) for each in found.conflicts] == [(Kind.GONE, 1, CAMERA)]


def test_what_is_planned_on_another_day_keeps_its_plan():
    tomorrow = 33 * 60
    steps = (Step(1, EIGHT, EIGHT + 10), scan(2, tomorrow))
    found = project([Visit("a", steps)], now=NINE, around=DAY)
    assert times(found)[2] == (tomorrow, tomorrow + 20)
    assert kinds(found) == [(Kind.LATE, 1)]


def test_an_xray_that_will_be_too_old_is_found_before_it_is():
    xray = Step(1, EIGHT, EIGHT + 10, begun=EIGHT, ended=EIGHT + 10)
    lungs = scan(2, NINE + 60, lag=60, most_lag=130, is_first_lungs=True)
    running = Visit("b", (scan(3, NINE, minutes=90, begun=NINE),))
    found = project([Visit("a", (xray, lungs)), running], now=NINE + 30, around=DAY)
    assert kinds(found) == [(Kind.LATE, 2), (Kind.XRAY_OVER, 2)]
    over = found.conflicts[1]
    assert (over.limit, over.at, over.minutes) == (EIGHT + 140, NINE + 105, 25)


def test_a_dose_that_will_have_expired_and_a_step_that_comes_too_long_after_the_one_before():
    steps = (scan(1, NINE, begun=NINE, ended=NINE + 20), scan(2, NINE + 30, takes=(), most_lag=20))
    steps = (steps[0], replace(steps[1], expires=NINE + 50))
    found = project([Visit("a", steps)], now=NINE + 50, around=DAY)
    assert kinds(found) == [(Kind.LATE, 2), (Kind.WAIT_OVER, 2), (Kind.DOSE_EXPIRED, 2)]
    assert [each.minutes for each in found.conflicts] == [20, 10, 0]


def test_what_will_run_beyond_the_hours_of_its_room_or_people():
    around = replace(DAY, hours={CAMERA: ((EIGHT, NINE + 40),), ANA: ((EIGHT, TEN),)})
    takes = (Taken(ANA, 5, 0), Taken(CAMERA, 5, 10))
    found = project([Visit("a", (scan(1, NINE, takes=takes),))], now=NINE + 12, around=around)
    assert [(each.kind, each.limit, each.minutes, each.resource) for each in found.conflicts] == [
        (Kind.CLOSED, NINE + 40, 2, CAMERA)
    ]


def test_who_was_booked_outside_the_hours_is_no_conflict():
    around = replace(DAY, hours={CAMERA: ((EIGHT, NINE),)})
    found = project([Visit("a", (scan(1, NINE),))], now=NINE + 12, around=around)
    assert found.conflicts == ()


def test_two_who_were_booked_on_top_of_each_other_are_expected_one_after_the_other():
    found = project([Visit("a", (scan(1, NINE),)), Visit("b", (scan(2, NINE),))], now=EIGHT, around=DAY)
    assert (found.steps[1].start, found.steps[2].start) == (NINE, NINE + 35)
    assert kinds(found) == [(Kind.LATE, 2)]


RESOURCES = (1, 2, 3)
NOW = 300


@st.composite
def step(draw, number, after):
    """A step that is planned after the minute `after`, as it may stand at NOW."""
    start = after + draw(st.integers(0, 60))
    end = start + draw(st.integers(1, 60))
    chosen = draw(st.lists(st.sampled_from(RESOURCES), unique=True, max_size=2))
    takes = tuple(Taken(each, draw(st.integers(0, 15)), draw(st.integers(0, 15))) for each in chosen)
    return Step(number, start, end, takes, lag=draw(st.integers(0, 30)))


@st.composite
def visits(draw):
    found, number = [], 0
    for name in range(draw(st.integers(0, 5))):
        steps, after = [], draw(st.integers(0, 500))
        for _ in range(draw(st.integers(1, 3))):
            steps.append(draw(step(number, after)))
            number, after = number + 1, steps[-1].end
        happened = draw(st.integers(0, len(steps)))
        begun = [_begun(draw, each) for each in steps[:happened]]
        found.append(Visit(name, (*begun, *steps[happened:]), is_here=draw(st.booleans())))
    return found


def _begun(draw, step):
    begun = draw(st.integers(0, NOW))
    how = draw(st.sampled_from(["ended", "running", "over"]))
    if how == "over":
        return replace(step, is_over=True)
    ended = draw(st.integers(begun, NOW)) if how == "ended" else None
    return replace(step, begun=begun, ended=ended)


gone = st.dictionaries(
    st.sampled_from(RESOURCES), st.integers(0, 900).map(lambda at: ((at, at + 60),)), max_size=2
)


def minutes_of(step, expected):
    return {each.resource: set(range(*each.span(expected.start, expected.end))) for each in step.takes}


def oracle(visits, around):
    """Every start is tried, minute by minute, against the sets of minutes that are taken."""
    taken = {each: {m for span in around.gone.get(each, ()) for m in range(*span)} for each in RESOURCES}
    found = {}
    for visit in visits:
        for each in visit.steps:
            if each.is_running or each.ended is not None:
                end = each.ended if each.ended is not None else max(NOW, each.begun + each.usual_minutes)
                found[each.id] = (each.begun, end)
                for row in each.takes:
                    taken[row.resource] |= set(range(*row.span(each.begun, end)))
    for _, visit, at in sorted(_waiting(visits), key=lambda row: (row[0], row[1].id, row[2])):
        found[visit.steps[at].id] = _first_start(visit, at, found, taken)
    return found


def _waiting(visits):
    for visit in visits:
        first = next((each for each in visit.steps if each.is_waiting), None)
        for at, each in enumerate(visit.steps):
            if each.is_waiting:
                yield each.start + _missing(visit, first), visit, at


def _missing(visit, first):
    return 0 if visit.is_here else max(0, NOW - first.start + max([t.before for t in first.takes] or [0]))


def _first_start(visit, at, found, taken):
    step = visit.steps[at]
    before = [found[each.id][1] for each in visit.steps[:at] if each.id in found]
    first = next(each for each in visit.steps if each.is_waiting)
    soonest = NOW + (max([t.before for t in step.takes] or [0]) if _missing(visit, first) else 0)
    start = max([step.start, soonest, *(end + step.lag for end in before[-1:])])
    while any(taken[t.resource] & set(range(*t.span(start, start + step.usual_minutes))) for t in step.takes):
        start += 1
    for row in step.takes:
        taken[row.resource] |= set(range(*row.span(start, start + step.usual_minutes)))
    return start, start + step.usual_minutes


@given(visits(), gone)
def test_it_finds_what_the_oracle_finds(visits, gone):
    around = Surroundings(latest=10**6, gone=gone)
    assert times(project(visits, now=NOW, around=around)) == oracle(visits, around)


@given(visits(), gone)
def test_nothing_is_expected_before_its_plan_the_step_before_or_while_somebody_else_is_there(visits, gone):
    found = project(visits, now=NOW, around=Surroundings(latest=10**6, gone=gone)).steps
    taken = [set() for _ in range(max(RESOURCES) + 1)]
    for visit in visits:
        ended = None
        for each in (each for each in visit.steps if each.id in found):
            if each.is_waiting:
                expected = found[each.id]
                assert expected.start >= max(each.start, NOW)
                assert ended is None or expected.start >= ended + each.lag
                for resource, minutes in minutes_of(each, expected).items():
                    assert not taken[resource] & minutes
                    taken[resource] |= minutes
            ended = found[each.id].end


@given(visits())
def test_a_plan_that_can_be_kept_is_what_is_expected(visits):
    """Any projection is such a plan; at its own minute, with all who are due there, nothing is late."""
    waiting = [Visit(v.id, tuple(s for s in v.steps if s.is_waiting)) for v in visits]
    first = project(waiting, now=0, around=Surroundings(latest=10**6)).steps
    kept = [
        Visit(v.id, tuple(replace(s, start=first[s.id].start, end=first[s.id].end) for s in v.steps))
        for v in waiting
    ]
    found = project(kept, now=0, around=Surroundings(latest=10**6))
    assert found.steps.keys() == first.keys()
    assert all(
        found.steps[key].late == 0 and times(found)[key] == (e.start, e.end) for key, e in first.items()
    )
    assert found.conflicts == ()


def test_behind_a_delay_is_the_scan_that_runs_on():
    running = Visit("a", (scan(1, NINE, begun=NINE),))
    waiting = Visit("b", (scan(2, NINE + 35), scan(3, NINE + 90, takes=(), lag=30)))
    last = Visit("c", (scan(4, NINE + 70),))
    visits = [running, waiting, last]
    found = project(visits, now=NINE + 70, around=DAY).steps
    assert [Causes(visits, found).root(each) for each in (4, 3, 2, 1)] == [1, 1, 1, 1]


def test_behind_a_delay_is_a_late_xray_and_a_missing_patient_alone_is_their_own():
    xray = Visit("a", (Step(1, EIGHT, EIGHT + 10), scan(2, NINE + 20, lag=60)))
    visits = [xray]
    found = project(visits, now=NINE, around=DAY).steps
    assert [Causes(visits, found).root(each) for each in (2, 1)] == [1, 1]


def test_set_up_begins_when_the_room_was_left_although_that_is_past():
    left = Visit("a", (scan(1, NINE, begun=NINE, ended=NINE + 33),))
    found = project([left, Visit("b", (scan(2, NINE + 35),))], now=NINE + 45, around=DAY)
    assert found.steps[2].start == NINE + 33 + 10 + 5


def test_what_somebody_has_reported_counts_while_it_is_to_come():
    running = Visit("a", (scan(1, NINE, begun=NINE, reported_end=NINE + 50),))
    waiting = Visit("b", (Step(2, NINE, NINE + 10, reported_end=TEN),))
    found = project([running, waiting], now=NINE + 5, around=DAY)
    assert times(found) == {1: (NINE, NINE + 50), 2: (TEN - 10, TEN)}
    assert project([running], now=NINE + 55, around=DAY).steps[1].end == NINE + 55


@pytest.mark.parametrize(("progress", "left"), [(0.0, 30), (0.5, 15), (0.9, 3), (1.0, 0)])
def test_the_small_steps_of_what_runs_say_how_much_is_left(progress, left):
    running = Visit("a", (scan(1, NINE, begun=NINE, minutes=30, progress=progress),))
    assert project([running], now=NINE + 25, around=DAY).steps[1].end == NINE + 25 + left


def test_a_dose_that_comes_later_is_waited_for():
    found = project([Visit("a", (scan(1, NINE, usable=NINE + 7),))], now=EIGHT, around=DAY)
    assert found.steps[1].start == NINE + 7
