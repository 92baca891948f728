"""A broken day: the greedy repair and the best plan, both against a checker that shares nothing with them."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.engine import tracers
from scheduling.engine.itinerary import Placed
from scheduling.engine.replan import greedy, optimal
from scheduling.engine.replan.checker import problems
from scheduling.engine.replan.day import Hit, Plan, change_cost, hits, lost_weight
from scheduling.engine.replan.model import DayModel
from scheduling.engine.replan.pools import Pools
from tests.scheduling.engine.replan import days

AT = days.BROKEN_AT
random_days = st.builds(
    days.booked_day,
    st.integers(0, 10**6),
    patients=st.integers(1, 14),
    camera_minutes=st.sampled_from([15, 35]),
    windows=st.booleans(),
    cameras=st.integers(1, 3),
    people=st.integers(2, 4),
    clearance=st.sampled_from([{}, {6: 10, 8: 15}]),
)


@st.composite
def broken_days(draw):
    day = draw(random_days)
    gone = draw(st.sets(st.sampled_from([each.id for each in day.resources]), min_size=1, max_size=2))
    at = draw(st.integers(days.OPENS + 30, days.CLOSES - 120))
    until = draw(st.integers(at + 15, days.CLOSES))
    return days.broken(day, gone=gone, at=at, until=until)


@settings(max_examples=60, deadline=None)
@given(broken_days())
def test_every_greedy_repair_could_be_carried_out(day):
    assert problems(day, greedy.repair(day)) == []


@settings(max_examples=25, deadline=None)
@given(broken_days())
def test_every_best_plan_could_be_carried_out_and_is_never_worse_than_the_greedy_one(day):
    start = greedy.repair(day)
    found = optimal.solve(day, start, seconds=0.6)
    assert problems(day, found.plan) == []
    worth = lost_weight(day, found.plan), change_cost(day, found.plan)
    assert worth <= (lost_weight(day, start), change_cost(day, start))


@settings(max_examples=12, deadline=None)
@given(broken_days())
def test_least_loss_of_equal_rooms_together_is_that_of_each_room_by_itself(day):
    pools = Pools.of(day)
    least = []
    for apart in (False, True):
        made = DayModel.of(pools, apart=apart)
        made.model.minimize(made.lost_weight())
        solver = optimal._solver(5, 2)
        if solver.solve(made.model) != optimal.cp_model.OPTIMAL or not made.is_exact:
            return
        least.append(round(solver.objective_value))
    assert least[0] <= least[1]
    found = optimal.solve(day, greedy.repair(day), seconds=2)
    if found.proven_least_lost:
        assert lost_weight(day, found.plan) == least[1]


@st.composite
def days_short_of_doses(draw):
    """A kit has failed, and a room may be down too; others come, or are there, with a dose or with many."""
    day = draw(random_days)
    kits = [
        days.kit(n, at=draw(st.integers(days.OPENS, AT + 180)), mbq=draw(st.integers(150, 1500)))
        for n in range(1, draw(st.integers(2, 4)))
    ]
    kits.append(days.kit(9, at=days.OPENS, mbq=4000))
    gone = draw(st.sets(st.sampled_from([each.id for each in day.resources]), max_size=1))
    at = draw(st.integers(days.OPENS + 30, days.CLOSES - 120))
    day = days.broken(days.dosed(day, kits), gone=gone, at=at, until=days.CLOSES)
    return days.failed(day, draw(st.sampled_from([each.id for each in kits])))


@settings(max_examples=60, deadline=None)
@given(days_short_of_doses())
def test_every_greedy_repair_has_its_doses(day):
    assert problems(day, greedy.repair(day)) == []


@settings(max_examples=25, deadline=None)
@given(days_short_of_doses())
def test_every_best_plan_has_its_doses_and_is_never_worse_than_the_greedy_one(day):
    start = greedy.repair(day)
    found = optimal.solve(day, start, seconds=0.6)
    assert problems(day, found.plan) == []
    worth = lost_weight(day, found.plan), change_cost(day, found.plan)
    assert worth <= (lost_weight(day, start), change_cost(day, start))


# --- days whose answer is known -----------------------------------------------------------------------------


def camera_day(patients, *, cameras=1):
    """Perfusion only, 45 minutes of camera each, one after the other from 10:00 on each camera."""
    day = days.booked_day(1, patients=0, cameras=cameras, people=6)
    room_ids = days.camera_ids(day)
    visits = []
    for number in range(patients):
        t = AT + 10 + 45 * (number // cameras)
        visits.append(
            camera_visit(
                number + 100, t, room=room_ids[number % cameras], person=room_ids[-1] + 1 + number % 6
            )
        )
    return replace(day, visits=tuple(visits), now=AT)


def camera_visit(number, t, *, room, person, weight=1):
    step = replace(days.perfusion(35), lag_min=0, lag_max=None)
    return days.Visit(
        id=number,
        weight=weight,
        steps=(step,),
        starts={"perfusion": t},
        occupied=((room, t - 5, t + 40), (person, t - 5, t + 35)),
        windows={"perfusion": ((AT + 1, days.CLOSES),)},
        patient=days.ResourceFree(number, "patient", frozenset({"patient"}), ((0, days.CLOSES),)),
    )


def closed(day, resource_id, begins, ends):
    left = tuple(
        replace(each, free=days.subtract(each.free, ((begins, ends),))) if each.id == resource_id else each
        for each in day.resources
    )
    return replace(day, resources=left)


def solved(day):
    return optimal.solve(day, greedy.repair(day))


def test_a_day_without_damage_is_left_alone():
    day = camera_day(6, cameras=2)
    assert greedy.repair(day) == Plan({}, frozenset())
    assert solved(day).plan == Plan({}, frozenset())


def test_visits_on_the_camera_that_is_lost_are_hit_and_no_others():
    day = camera_day(4, cameras=2)
    lost, _ = days.camera_ids(day)
    assert list(hits(closed(day, lost, AT, days.CLOSES))) == [
        Hit(100, AT + 5, resource=lost),
        Hit(102, AT + 50, resource=lost),
    ]


def test_only_as_many_patients_as_the_camera_left_has_no_time_for_are_lost():
    day = camera_day(20, cameras=2)  # ten on each camera: 10:05 to 17:35
    found = solved(closed(day, days.camera_ids(day)[0], AT, days.CLOSES))
    # 10:01 to 18:00 hold ten times 45 minutes; starts are on the grid of five minutes.
    assert (len(found.plan.lost), found.proven_least_lost) == (10, True)


def test_the_routine_patient_is_lost_rather_than_the_stat_patient():
    day = camera_day(11)
    stat = replace(day.visits[-1], weight=10)
    day = closed(replace(day, visits=(*day.visits[:-1], stat)), days.camera_ids(day)[0], AT, AT + 60)
    plan = solved(day).plan
    assert len(plan.lost) >= 1
    assert stat.id not in plan.lost


def test_a_visit_goes_to_another_camera_at_its_own_time_when_one_is_free():
    day = camera_day(1, cameras=2)
    one, other = days.camera_ids(day)
    plan = greedy.repair(closed(day, one, AT, days.CLOSES))
    [step] = plan.moved[100]
    assert (step.start, step.resources[0][0]) == (day.visits[0].starts["perfusion"], other)


def test_a_frozen_visit_is_not_touched_even_on_a_camera_that_is_gone():
    day = camera_day(2)
    frozen = replace(day.visits[0], frozen=True)
    day = closed(replace(day, visits=(frozen, day.visits[1])), days.camera_ids(day)[0], AT, days.CLOSES)
    plan = solved(day).plan
    assert plan == Plan({}, frozenset({101}))
    assert Hit(100, AT + 5, resource=days.camera_ids(day)[0]) in hits(day)


def test_nobody_is_called_earlier_than_the_window_of_the_promise():
    day = camera_day(4)
    early = tuple(
        replace(visit, windows={"perfusion": ((visit.starts["perfusion"] - 30, days.CLOSES),)})
        for visit in day.visits
    )
    day = closed(replace(day, visits=early), days.camera_ids(day)[0], AT + 60, AT + 300)
    for plan in (greedy.repair(day), solved(day).plan):
        for visit in day.visits:
            for step in plan.moved.get(visit.id, ()):
                assert step.start >= visit.starts["perfusion"] - 30


def test_a_step_without_a_dose_at_its_time_is_hit_and_moved_to_when_there_is_one():
    day = camera_day(1)
    [visit] = day.visits
    dosed = replace(visit.steps[0], allowed=((AT + 90, days.CLOSES),))
    day = replace(day, visits=(replace(visit, steps=(dosed,)),))
    assert list(hits(day)) == [Hit(100, AT + 10, step="perfusion")]
    for plan in (greedy.repair(day), solved(day).plan):
        assert [step.start for step in plan.moved[100]] == [AT + 90]


def kit_day(patients, kits, *, late=3 * 60):
    """Nobody has a dose; each can be given one up to `late` minutes after the booked time, on a camera of its own."""
    day = camera_day(patients, cameras=patients)
    visits = tuple(
        replace(
            visit,
            windows={key: ((t, t + late),) for key, t in visit.starts.items()},
            spoiled=frozenset(visit.starts),
        )
        for visit in day.visits
    )
    return days.told(replace(day, visits=visits, batches=tuple(kits)))


def test_as_many_are_lost_as_the_kits_have_no_doses_for():
    # 148 MBq each: two of 310 in the first two minutes, one of 290, none of a kit that is usable when it is too late.
    kits = [
        days.kit(1, at=AT + 60, mbq=310),
        days.kit(2, at=AT + 90, mbq=290),
        days.kit(3, at=AT + 300, mbq=4000),
    ]
    day = kit_day(6, kits)
    for plan in (greedy.repair(day), solved(day).plan):
        assert problems(day, plan) == []
        assert (
            len(plan.moved),
            sorted(batch for each in plan.doses.values() for batch in each.values()),
        ) == (
            3,
            [1, 1, 2],
        )
    assert solved(day).proven_least_lost


def test_the_best_plan_leaves_the_last_dose_to_who_can_have_no_other():
    """The greedy repair gives the first patient the dose that is there first; the second can only have that one."""
    day = kit_day(2, [days.kit(1, at=AT, mbq=160), days.kit(2, at=AT + 60, mbq=160)])
    first, second = day.visits
    soon = replace(second, windows={"perfusion": ((AT + 10, AT + 30),)})
    day = replace(day, visits=(first, soon))
    assert len(greedy.repair(day).lost) == 1
    found = solved(day)
    assert problems(day, found.plan) == []
    assert (found.plan.doses, found.plan.lost) == (
        {100: {"perfusion": 2}, 101: {"perfusion": 1}},
        frozenset(),
    )


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 240), st.sampled_from([1, 3, 10])), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(-60, 120), st.integers(140, 500)), min_size=1, max_size=3),
)
def test_no_other_way_to_share_the_kits_loses_fewer(patients, kits):
    """Against every way to give each patient a kit or none; each has a camera, and one minute at which to come."""
    batches = [days.kit(n, at=AT + at, mbq=mbq) for n, (at, mbq) in enumerate(kits, 1)]
    day = kit_day(len(patients), batches)
    visits = tuple(
        replace(
            visit, weight=weight, windows={"perfusion": ((AT + 10 + 5 * (at // 5), AT + 11 + 5 * (at // 5)),)}
        )
        for visit, (at, weight) in zip(day.visits, patients, strict=True)
    )
    day = replace(day, visits=visits)
    found = solved(day)
    assert problems(day, found.plan) == []
    assert (lost_weight(day, found.plan), found.proven_least_lost) == (least_lost(day), True)


def least_lost(day):
    """By trying every way."""
    found = []
    for ways in product([None, *day.batches], repeat=len(day.visits)):
        left = {batch.id: batch for batch in day.batches}
        lost = sum(visit.weight for visit, way in zip(day.visits, ways, strict=True) if way is None)
        for visit, way in zip(day.visits, ways, strict=True):
            if way is not None:
                draw = tracers.choose([left[way.id]], days.MAA, visit.windows["perfusion"][0][0])
                if draw is None:
                    break
                left[way.id] = tracers.without(draw)
        else:
            found.append(lost)
    return min(found)


def test_who_can_stay_keeps_the_dose_that_is_planned():
    day = kit_day(3, [days.kit(1, at=AT, mbq=160), days.kit(2, at=AT + 60, mbq=160)])
    first, *others = day.visits
    own = tracers.draw(day.batches[0], days.MAA, first.starts["perfusion"])
    stays = replace(first, claims={"perfusion": (1, own.reference_kbq)}, spoiled=frozenset())
    day = days.told(replace(day, visits=(stays, *others)))
    for plan in (greedy.repair(day), solved(day).plan):
        assert problems(day, plan) == []
        assert (len(plan.moved), len(plan.lost), first.id in plan.moved) == (1, 1, False)


def test_a_visit_whose_every_time_is_gone_is_lost_with_proof():
    day = camera_day(1)
    day = closed(day, days.camera_ids(day)[0], AT, days.CLOSES)
    found = solved(day)
    assert (found.plan, found.proven_least_lost) == (Plan({}, frozenset({100})), True)


def test_steps_that_share_a_room_are_moved_together():
    day = camera_day(0, cameras=2)
    one, other = days.camera_ids(day)
    first = replace(days.perfusion(15), key="ventilation", lag_min=0, lag_max=None)
    second = replace(days.perfusion(20), same_room_as="ventilation")
    t = AT + 30
    visit = replace(
        camera_visit(100, t, room=one, person=one + 2),
        steps=(first, second),
        starts={"ventilation": t, "perfusion": t + 25},
        occupied=(
            (one, t - 5, t + 20),
            (one, t + 20, t + 50),
            (one + 2, t - 5, t + 15),
            (one + 2, t + 20, t + 45),
        ),
        windows=dict.fromkeys(("ventilation", "perfusion"), ((AT + 1, days.CLOSES),)),
    )
    day = closed(replace(day, visits=(visit,)), one, AT, days.CLOSES)
    for plan in (greedy.repair(day), solved(day).plan):
        assert problems(day, plan) == []
        assert {step.resources[0][0] for step in plan.moved[100]} == {other}


def test_equal_rooms_that_closures_make_unequal_are_planned_one_by_one():
    """At each moment two of three cameras are free, but both scans can only be on the third."""
    day = camera_day(0, cameras=3)
    first, second, _ = rooms = days.camera_ids(day)
    visits = tuple(
        replace(
            camera_visit(number, t, room=first, person=rooms[-1] + number - 99),
            steps=(replace(days.perfusion(minutes), lag_min=0, lag_max=None),),
            windows={"perfusion": ((t, t + 1),)},
            occupied=((first, t - 5, t + minutes + 5),),
        )
        for number, t, minutes in ((100, 715, 290), (101, 815, 190))
    )
    day = closed(closed(replace(day, visits=visits), first, 760, 860), second, 960, 1060)
    together = DayModel.of(Pools.of(day), apart=False)
    together.model.minimize(together.lost_weight())
    solver = optimal._solver(5, 1)
    solver.solve(together.model)
    assert solver.objective_value == 0
    found = solved(day)
    assert problems(day, found.plan) == []
    assert (len(found.plan.lost), found.proven_least_lost) == (1, True)


def test_progress_is_told_when_the_least_loss_is_known():
    told = []
    day = camera_day(3, cameras=2)
    day = closed(day, days.camera_ids(day)[0], AT, days.CLOSES)
    optimal.solve(day, greedy.repair(day), told=told.append)
    assert told == ["The fewest patients to lose are known."]


# --- the checker itself must be able to fail ------------------------------------------------------------------


@pytest.fixture
def moved_day():
    day = camera_day(2, cameras=2)
    day = closed(day, days.camera_ids(day)[0], AT, days.CLOSES)
    return day, greedy.repair(day)


def changed(plan, **fields):
    [step] = plan.moved[100]
    return Plan({100: (step._replace(**fields),)}, plan.lost)


def test_the_checker_passes_the_repair_that_the_others_spoil(moved_day):
    assert problems(*moved_day) == []


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda day, plan: Plan({}, frozenset()), "is kept on resource"),
        (lambda day, plan: Plan(plan.moved, frozenset({100})), "both moved and lost"),
        (lambda day, plan: Plan(plan.moved, frozenset({7})), "not of this day"),
        (lambda day, plan: changed(plan, end=0), "another length"),
        (lambda day, plan: changed(plan, resources=()), "does not occupy what it needs"),
        (lambda day, plan: Plan({101: plan.moved[100], **plan.moved}, frozenset()), "is used 2 times"),
        (lambda day, plan: changed(plan, step_key="xray"), "other steps"),
    ],
)
def test_the_checker_finds_what_is_wrong(moved_day, spoil, found):
    day, plan = moved_day
    assert any(found in sentence for sentence in problems(day, spoil(day, plan)))


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda plan: replace(plan, doses={}), "has no dose for perfusion"),
        (
            lambda plan: replace(plan, doses={number: {"perfusion": 3} for number in plan.moved}),
            "has no dose for perfusion",
        ),
        (
            lambda plan: replace(plan, doses={number: {"perfusion": 2} for number in plan.moved}),
            "batch 2 lacks",
        ),
    ],
)
def test_the_checker_finds_doses_that_are_not_there(spoil, found):
    kits = [days.kit(1, at=AT, mbq=160), days.kit(2, at=AT, mbq=160), days.kit(3, at=AT + 200, mbq=160)]
    day = kit_day(2, kits)
    plan = greedy.repair(day)
    assert problems(day, plan) == []
    assert any(found in sentence for sentence in problems(day, spoil(plan)))


def test_the_checker_finds_a_person_without_the_qualification(moved_day):
    day, plan = moved_day
    [step] = plan.moved[100]
    bay = next(each.id for each in day.resources if "prep_bay" in each.capabilities)
    rows = tuple((bay if who == step.resources[1][0] else who, b, e) for who, b, e in step.resources)
    spoiled = Plan({100: (Placed(step.step_key, step.start, step.end, rows),)}, frozenset())
    assert any("lacks" in sentence for sentence in problems(day, spoiled))
