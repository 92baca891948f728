"""Itineraries against brute force over all starts and all choices of resources, and the rules one by one."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.engine.intervals import normal, union
from scheduling.engine.itinerary import (
    Itinerary,
    Need,
    ResourceFree,
    Search,
    Step,
    blockers,
    fits,
    planned_step,
    search,
)

HORIZON = 26


def day_of(minute: int) -> int:
    return minute // 13


# --- the slow oracle ---------------------------------------------------------------------------------------


def free_minutes(resource: ResourceFree) -> set[int]:
    return {minute for low, high in resource.free for minute in range(low, high)}


def in_time(wanted: Search, times: tuple[int, ...]) -> bool:
    end, before = wanted.known_end, wanted.known_end
    for step, t in zip(wanted.steps, times, strict=True):
        if end is not None:
            gap = t - end
            if gap < step.lag_min or (step.lag_max is not None and gap > step.lag_max):
                return False
            if step.same_day and day_of(before) != day_of(t):
                return False
        if t < wanted.earliest or t + step.acquisition_minutes > wanted.latest:
            return False
        end, before = t + step.acquisition_minutes, t
    return True


def served(wanted: Search, times: tuple[int, ...]) -> bool:
    """Whether some choice of resources serves every need, tried one after the other."""
    asked = [
        (step, position, need, t - need.starts_before, t + need.ends_after_start)
        for step, t in zip(wanted.steps, times, strict=True)
        for position, need in enumerate(step.needs)
    ]
    able = [
        [
            resource.id
            for resource in wanted.resources
            if need.capabilities <= resource.capabilities
            and set(range(low, high)) <= free_minutes(resource)
            and wanted.earliest <= low
            and high <= wanted.latest
        ]
        for _, _, need, low, high in asked
    ]
    rooms = {step.key: at for at, (step, position, *_) in enumerate(asked) if position == 0}
    shared = [(rooms[step.key], rooms[step.same_room_as]) for step in wanted.steps if step.same_room_as]
    for choice in product(*able):
        used = [
            (resource, m) for resource, row in zip(choice, asked, strict=True) for m in range(row[3], row[4])
        ]
        if len(used) == len(set(used)) and all(choice[a] == choice[b] for a, b in shared):
            return True
    return False


def anchor_of(wanted: Search) -> int:
    return 1 if wanted.steps[0].key == "xray" and len(wanted.steps) > 1 else 0


def cost_of(wanted: Search, times: tuple[int, ...]) -> tuple[int, ...]:
    anchor = anchor_of(wanted)
    before = times[anchor - 1] if anchor else wanted.known_end
    other_day = before is not None and day_of(before) != day_of(times[anchor])
    return (*times[anchor:], int(other_day), *(-t for t in reversed(times[:anchor])))


def feasible(wanted: Search) -> list[tuple[int, ...]]:
    timely = product(range(wanted.earliest, wanted.latest), repeat=len(wanted.steps))
    return [times for times in timely if in_time(wanted, times) and served(wanted, times)]


def brute_force(wanted: Search) -> list[tuple[int, ...]]:
    """The cost of the best itinerary per start of the lungs, best first."""
    best: dict[int, tuple[int, ...]] = {}
    for times in feasible(wanted):
        start, cost = times[anchor_of(wanted)], cost_of(wanted, times)
        if start % wanted.grid_minutes == 0:
            best[start] = min(cost, best.get(start, cost))
    return sorted(best.values())


# --- random searches ---------------------------------------------------------------------------------------

CAPABILITIES = st.frozensets(st.sampled_from("abc"), min_size=1)
FREE = st.lists(
    st.tuples(st.integers(-3, HORIZON), st.integers(5, HORIZON)).map(
        lambda pair: (pair[0], pair[0] + pair[1])
    ),
    min_size=1,
    max_size=3,
).map(normal)


@st.composite
def needs(draw, resources):
    """A need that at least one resource could serve."""
    able = draw(st.sampled_from(resources)).capabilities
    before, length = draw(st.integers(-2, 4)), draw(st.integers(1, 6))
    return Need(draw(st.frozensets(st.sampled_from(sorted(able)), min_size=1)), before, length - before)


@st.composite
def searches(draw):
    resources = tuple(
        ResourceFree(10 + n, f"R{n}", draw(CAPABILITIES), draw(FREE)) for n in range(draw(st.integers(1, 5)))
    )
    keys = draw(
        st.sampled_from([["xray", "v"], ["xray", "v", "q"], ["v", "q"], ["q"], ["xray"], ["xray", "q"]])
    )
    steps = []
    for at, key in enumerate(keys):
        lag_min = draw(st.integers(0, 6))
        steps.append(
            Step(
                key,
                draw(st.integers(1, 4)),
                tuple(draw(st.lists(needs(resources), min_size=1, max_size=2))),
                lag_min,
                draw(st.none() | st.integers(lag_min, lag_min + 8)),
                draw(st.none() | st.sampled_from(keys[:at])) if at else None,
                draw(st.booleans()),
            )
        )
    known_end = draw(st.integers(-5, 15)) if keys[0] != "xray" and draw(st.booleans()) else None
    grid = draw(st.sampled_from([1, 1, 2, 5]))
    return Search(tuple(steps), resources, 0, HORIZON, known_end, day_of, grid_minutes=grid)


def times_of(found: Itinerary) -> tuple[int, ...]:
    return tuple(placed.start for placed in found.steps)


def assert_keeps_every_rule(wanted: Search, found: Itinerary) -> None:
    """Checks the chosen resources without looking at how they were chosen."""
    by_id = {resource.id: resource for resource in wanted.resources}
    used: list[tuple[int, int]] = []
    rooms = {}
    for step, placed in zip(wanted.steps, found.steps, strict=True):
        assert (placed.step_key, placed.end) == (step.key, placed.start + step.acquisition_minutes)
        assert len(placed.resources) == len(step.needs)
        for need, (resource, low, high) in zip(step.needs, placed.resources, strict=True):
            assert (low, high) == (placed.start - need.starts_before, placed.start + need.ends_after_start)
            assert need.capabilities <= by_id[resource].capabilities
            assert set(range(low, high)) <= free_minutes(by_id[resource])
            used += [(resource, minute) for minute in range(low, high)]
        rooms[step.key] = placed.resources[0][0]
        assert step.same_room_as is None or rooms[step.same_room_as] == rooms[step.key]
    assert len(used) == len(set(used))
    assert in_time(wanted, times_of(found))


@settings(max_examples=150, deadline=None)
@given(searches())
def test_search_equals_brute_force_in_every_start_and_in_order(wanted):
    found = list(search(wanted, limit=1000))
    assert [itinerary.cost for itinerary in found] == brute_force(wanted)
    for itinerary in found:
        assert itinerary.cost == cost_of(wanted, times_of(itinerary))
        assert_keeps_every_rule(wanted, itinerary)


@settings(max_examples=60, deadline=None)
@given(searches())
def test_every_found_itinerary_fits(wanted):
    for found in search(wanted, limit=1000):
        assert fits(wanted, {placed.step_key: placed.start for placed in found.steps}) == found


@settings(max_examples=100, deadline=None)
@given(searches(), st.data())
def test_given_starts_fit_exactly_when_brute_force_says_so(wanted, data):
    moment = st.integers(-2, HORIZON)
    times = tuple(data.draw(moment) for _ in wanted.steps)
    good = feasible(wanted)
    if good and data.draw(st.booleans()):
        times = data.draw(st.sampled_from(good))
    answer = fits(wanted, {step.key: t for step, t in zip(wanted.steps, times, strict=True)})
    if in_time(wanted, times) and served(wanted, times):
        assert isinstance(answer, Itinerary)
        assert times_of(answer) == times
        assert_keeps_every_rule(wanted, answer)
    else:
        assert isinstance(answer, str)
        assert answer.endswith(".")


@settings(max_examples=100, deadline=None)
@given(searches(), st.data())
def test_freeing_time_never_removes_a_start(wanted, data):
    at = data.draw(st.integers(0, len(wanted.resources) - 1))
    freed = [
        replace(resource, free=union(resource.free, data.draw(FREE))) if n == at else resource
        for n, resource in enumerate(wanted.resources)
    ]
    more = replace(wanted, resources=tuple(freed))
    anchor = anchor_of(wanted)
    before = {times_of(found)[anchor] for found in search(wanted, limit=1000)}
    after = {times_of(found)[anchor] for found in search(more, limit=1000)}
    assert before <= after


@settings(max_examples=100, deadline=None)
@given(searches())
def test_there_are_blockers_exactly_when_nothing_is_found(wanted):
    sentences = blockers(wanted)
    assert bool(sentences) == (next(search(wanted, limit=1), None) is None)
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in sentences)


@settings(max_examples=30, deadline=None)
@given(searches(), st.integers(1, 3))
def test_a_limit_keeps_the_best(wanted, limit):
    assert list(search(wanted, limit=limit)) == list(search(wanted, limit=1000))[:limit]


# --- the rules, one by one, on a small department ----------------------------------------------------------

DAY = 1440
OPEN = tuple((day * DAY + 480, day * DAY + 1020) for day in range(28))
ALWAYS = ((0, 28 * DAY),)

CAMERA = frozenset({"gamma_camera_spect"})
VENTILATION = planned_step(
    "ventilation",
    room=frozenset({"ventilation"}),
    setup_minutes=6,
    acquisition_minutes=16,
    clearance_minutes=10,
    technologist="technologist_nm",
    prep_minutes=18,
    lag_min=70,
    lag_max=1430,
)
PERFUSION = planned_step(
    "perfusion",
    room=CAMERA,
    setup_minutes=5,
    acquisition_minutes=16,
    clearance_minutes=5,
    technologist="technologist_nm",
    lag_min=5,
    lag_max=20,
    same_day=True,
)
XRAY = planned_step(
    "xray",
    room=frozenset({"xray"}),
    setup_minutes=3,
    acquisition_minutes=5,
    clearance_minutes=2,
    technologist="technologist_xray",
)


def resource(number: int, *capabilities: str, free=OPEN) -> ResourceFree:
    return ResourceFree(number, f"Room {number}", frozenset(capabilities), free)


DEPARTMENT = (
    resource(1, "xray"),
    resource(2, "ventilation", "negative_pressure"),
    resource(3, "gamma_camera_spect", "gamma_camera_planar"),
    resource(4, "prep_bay"),
    resource(5, "technologist_nm"),
    resource(6, "technologist_xray"),
    resource(7, "patient", free=ALWAYS),
)


def wanting(*steps: Step, resources=DEPARTMENT, days=28, known_end=None) -> Search:
    return Search(steps, resources, 0, days * DAY, known_end, lambda minute: minute // DAY)


def changed(number: int, free) -> tuple[ResourceFree, ...]:
    return tuple(replace(each, free=free) if each.id == number else each for each in DEPARTMENT)


def first(wanted: Search) -> Itinerary:
    return next(search(wanted, limit=1))


def test_an_empty_department_gives_the_earliest_whole_visit():
    xray, ventilation, perfusion = first(wanting(XRAY, VENTILATION, PERFUSION)).steps
    assert (xray.start, ventilation.start, perfusion.start) == (483, 483 + 5 + 70, 558 + 16 + 5)
    assert ventilation.resources == ((2, 552, 584), (5, 552, 574), (4, 534, 552), (7, 534, 574))


def test_the_xray_is_as_late_as_possible_and_on_the_same_day_if_it_can_be():
    for found in search(wanting(XRAY, VENTILATION, PERFUSION), limit=200):
        xray, ventilation, _ = found.steps
        assert ventilation.start - xray.end == 70
    only_yesterday = changed(1, OPEN[:1])
    found = list(search(wanting(XRAY, VENTILATION, PERFUSION, resources=only_yesterday), limit=10_000))
    assert {f.cost[2] for f in found} == {0, 1}
    assert max(f.steps[1].start - f.steps[0].end for f in found) <= 1430


def test_a_known_xray_gives_its_window_and_no_other_start():
    wanted = wanting(VENTILATION, PERFUSION, known_end=600)
    starts = [found.steps[0].start for found in search(wanted, limit=10_000)]
    assert starts[0] == 670
    assert max(starts) <= 600 + 1430


def test_perfusion_in_the_same_room_needs_that_room_free():
    together = replace(PERFUSION, same_room_as="ventilation")
    breathing = planned_step(
        "ventilation",
        room=CAMERA,
        setup_minutes=6,
        acquisition_minutes=10,
        clearance_minutes=0,
        technologist="technologist_nm",
    )
    two_cameras = (
        *changed(3, ((480, 520),)),
        resource(8, "gamma_camera_spect", free=((600, 700),)),
    )
    found = first(wanting(breathing, together, resources=two_cameras))
    assert [placed.resources[0][0] for placed in found.steps] == [8, 8]


def test_the_smallest_free_run_is_used_up_first():
    longer = ResourceFree(8, "Room 8", CAMERA, ALWAYS)
    found = first(wanting(PERFUSION, resources=(longer, *DEPARTMENT)))
    assert found.steps[0].resources[0][0] == 3


def test_equal_rooms_are_taken_in_the_order_given():
    twin = resource(8, "gamma_camera_spect")
    for order, taken in [((twin, *DEPARTMENT), 8), ((*DEPARTMENT, twin), 3)]:
        assert first(wanting(PERFUSION, resources=order)).steps[0].resources[0][0] == taken


def test_booking_keeps_the_rooms_that_were_shown():
    twin = resource(8, "gamma_camera_spect")
    wanted = wanting(PERFUSION, resources=(*DEPARTMENT, twin))
    answer = fits(wanted, {"perfusion": 600}, {"perfusion": [8]})
    assert isinstance(answer, Itinerary)
    assert answer.steps[0].resources[0][0] == 8


@pytest.mark.parametrize(("opens", "fits_in"), [(578, True), (579, True), (594, True), (595, False)])
def test_both_ends_of_a_lag_count(opens, fits_in):
    """Ventilation can only be 558 to 574; perfusion may follow from 579 to 594, set-up 5 minutes before."""
    only = changed(2, ((552, 584),))
    camera = replace(DEPARTMENT[2], free=((opens - 5, opens + 30),))
    resources = tuple(camera if each.id == 3 else each for each in only)
    found = list(search(wanting(XRAY, VENTILATION, PERFUSION, resources=resources, days=1), limit=9))
    assert [each.steps[2].start for each in found] == ([max(579, opens)] if fits_in else [])


def test_booking_chooses_what_the_search_has_shown():
    """Two steps that overlap compete for two equal rooms; neither order of thinking may swap them."""
    twins = (resource(1, "a"), resource(2, "a"))
    need = (Need(frozenset("a"), 5, 10),)
    wanted = wanting(Step("xray", 1, need), Step("v", 1, need), resources=twins, days=1)
    found = first(wanted)
    assert [placed.resources[0][0] for placed in found.steps] == [1, 2]
    assert fits(wanted, {placed.step_key: placed.start for placed in found.steps}) == found


def test_one_technologist_is_never_in_two_rooms():
    longer = replace(VENTILATION, needs=(Need(frozenset({"technologist_nm"}), 6, 40), *VENTILATION.needs[1:]))
    wanted = wanting(replace(longer, lag_min=0, lag_max=None), PERFUSION)
    assert list(search(wanted, limit=1)) == []
    assert blockers(wanted) == (
        "The perfusion must start too soon after the ventilation. "
        "The same room or person would be needed twice at the same time.",
    )


def test_the_grid_holds_for_the_lungs_only():
    wanted = replace(wanting(XRAY, VENTILATION, PERFUSION), grid_minutes=15)
    starts = [found.steps[1].start for found in search(wanted, limit=20)]
    assert all(start % 15 == 0 for start in starts)
    assert starts == sorted(set(starts))


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (
            wanting(XRAY, VENTILATION, PERFUSION, resources=changed(1, ())),
            "No X-ray room is free in this period.",
        ),
        (
            wanting(XRAY, VENTILATION, PERFUSION, resources=DEPARTMENT[1:]),
            "There is no X-ray room to choose from.",
        ),
        (
            wanting(XRAY, VENTILATION, PERFUSION, resources=changed(2, ((500, 520),))),
            "No ventilation room is free for long enough in this period.",
        ),
        (
            wanting(XRAY, VENTILATION, PERFUSION, resources=changed(7, ((500, 520),))),
            "The patient is not free for long enough in this period.",
        ),
        (
            wanting(XRAY, VENTILATION, PERFUSION, resources=changed(1, ((27 * DAY + 1, 28 * DAY),)), days=27),
            "No X-ray room is free in this period.",
        ),
        (
            wanting(XRAY, VENTILATION, replace(PERFUSION, lag_min=0), resources=changed(3, OPEN[:1]), days=1),
            None,
        ),
        (
            wanting(
                replace(VENTILATION, lag_min=0, lag_max=None), PERFUSION, resources=changed(3, ((480, 520),))
            ),
            "No perfusion start lies 5 min to 20 min after a ventilation.",
        ),
        (
            wanting(
                replace(VENTILATION, lag_min=0, lag_max=None),
                replace(PERFUSION, lag_min=0),
                resources=changed(3, ((480, 520),)),
            ),
            "No perfusion start lies within 20 minutes after a ventilation.",
        ),
        (
            wanting(VENTILATION, PERFUSION, known_end=-2 * DAY),
            "No ventilation start lies 1 h 10 min to 23 h 50 min after the X-ray done elsewhere.",
        ),
    ],
)
def test_blockers_name_what_is_missing(wanted, sentence):
    assert blockers(wanted) == ((sentence,) if sentence else ())


@pytest.mark.parametrize(
    ("starts", "resources", "sentence"),
    [
        (
            (500, 560, 581),
            DEPARTMENT,
            "The ventilation starts 55 min after the X-ray; it must start 1 h 10 min to 23 h 50 min after it.",
        ),
        (
            (483, 558, 600),
            DEPARTMENT,
            "The perfusion starts 26 min after the ventilation; it must start 5 min to 20 min after it.",
        ),
        ((483, 558, 579), changed(3, ()), "No SPECT camera is free for the perfusion at this time."),
        (
            (483, 558, 579),
            changed(7, ((0, 500),)),
            "The patient is not free for the ventilation at this time.",
        ),
        ((-60, 558, 579), DEPARTMENT, "The X-ray lies outside the period that was searched."),
    ],
)
def test_a_time_that_does_not_fit_is_refused_with_the_reason(starts, resources, sentence):
    wanted = wanting(XRAY, VENTILATION, PERFUSION, resources=resources)
    given_starts = dict(zip(("xray", "ventilation", "perfusion"), starts, strict=True))
    assert fits(wanted, given_starts) == sentence


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (XRAY, XRAY),
        (replace(PERFUSION, same_room_as="ventilation"),),
        (replace(XRAY, same_room_as="xray"),),
    ],
)
def test_a_search_that_contradicts_itself_is_refused(steps):
    with pytest.raises(ValueError, match=r"step|called"):
        next(search(wanting(*steps), limit=1), None)
