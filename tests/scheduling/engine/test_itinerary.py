"""Itineraries against brute force over all starts and all choices of resources, and the rules one by one."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from scheduling.engine.chain import Chain
from scheduling.engine.intervals import clip, normal, union
from scheduling.engine.itinerary import (
    Itinerary,
    Lag,
    Need,
    Ranking,
    ResourceFree,
    Search,
    Step,
    blockers,
    fits,
    planned_step,
    search,
)
from scheduling.engine.plain import is_plain

HORIZON = 26


def day_of(minute: int) -> int:
    return minute // 13


# --- the slow oracle ---------------------------------------------------------------------------------------


def free_minutes(resource: ResourceFree) -> set[int]:
    return {minute for low, high in resource.free for minute in range(low, high)}


def in_time(wanted: Search, times: tuple[int, ...]) -> bool:
    end, before = wanted.known_end, wanted.known_end
    ends = {}
    for step, t in zip(wanted.steps, times, strict=True):
        lags = [(end, step.lag_min, step.lag_max)] if end is not None else []
        lags += [(ends[lag.step], lag.lag_min, lag.lag_max) for lag in step.lags]
        if any(t - begin < least or (most is not None and t - begin > most) for begin, least, most in lags):
            return False
        if end is not None and step.same_day and day_of(before) != day_of(t):
            return False
        if t < wanted.earliest or t + step.acquisition_minutes > wanted.latest:
            return False
        if step.allowed is not None and not any(low <= t < high for low, high in step.allowed):
            return False
        end, before = t + step.acquisition_minutes, t
        ends[step.key] = end
    return True


def served(wanted: Search, times: tuple[int, ...]) -> bool:
    """Whether some choice of resources serves every need, tried one after the other."""
    asked = [
        (step.key, position, need, t - need.starts_before, t + need.ends_after_start)
        for step, t in zip(wanted.steps, times, strict=True)
        for position, need in enumerate(step.needs)
        for _ in range(need.count)
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
    rooms = {key: at for at, (key, position, *_) in enumerate(asked) if position == 0}
    shared = [(rooms[step.key], rooms[step.same_room_as]) for step in wanted.steps if step.same_room_as]
    rivals = [
        (a, b)
        for b in range(len(asked))
        for a in range(b)
        if asked[a][3] < asked[b][4] and asked[b][3] < asked[a][4]
    ]
    return any(
        all(choice[a] != choice[b] for a, b in rivals) and all(choice[a] == choice[b] for a, b in shared)
        for choice in product(*able)
    )


def anchor_of(wanted: Search) -> int:
    return 1 if wanted.steps[0].key == "xray" and len(wanted.steps) > 1 else 0


def sum_of(wanted: Search, times: tuple[int, ...]) -> int:
    ranking, anchor = wanted.ranking, anchor_of(wanted)
    ends = [t + step.acquisition_minutes for step, t in zip(wanted.steps, times, strict=True)]
    cost = ranking.waiting_per_day * (times[anchor] - wanted.earliest) // 1440
    cost += sum(
        ranking.gap_per_minute * max(0, times[n] - ends[n - 1]) for n in range(anchor + 1, len(times))
    )
    if anchor:
        cost += ranking.idle_per_hour * max(0, times[anchor] - ends[anchor - 1]) // 60
        cost += ranking.second_trip * (day_of(times[anchor - 1]) != day_of(times[anchor]))
    if ranking.wished is not None:
        wished = {minute for low, high in ranking.wished for minute in range(low, high)}
        cost += ranking.outside_wishes * sum(
            not set(range(t, end)) <= wished for t, end in zip(times, ends, strict=True)
        )
    return cost


def cost_of(wanted: Search, times: tuple[int, ...]) -> tuple[int, ...]:
    anchor = anchor_of(wanted)
    before = times[anchor - 1] if anchor else wanted.known_end
    other_day = before is not None and day_of(before) != day_of(times[anchor])
    first = sum_of(wanted, times)
    return (first, *times[anchor:], int(other_day), *(-t for t in reversed(times[:anchor])))


def feasible(wanted: Search) -> list[tuple[int, ...]]:
    timely = product(range(wanted.earliest, wanted.latest), repeat=len(wanted.steps))
    found = [times for times in timely if in_time(wanted, times) and served(wanted, times)]
    if wanted.ranking.same_day_only:
        return [times for times in found if len({day_of(t) for t in times}) == 1]
    return found


def offered(wanted: Search, start: int, starts: set[int]) -> bool:
    """A multiple of the grid, or the first of the minutes between two multiples that are no starts."""
    before = start - start % wanted.grid_minutes
    if before == start:
        return True
    return not starts & {*range(before, start), before + wanted.grid_minutes}


def brute_force(wanted: Search) -> list[tuple[int, ...]]:
    """The cost of the best itinerary per start of the lungs, best first."""
    best: dict[int, tuple[int, ...]] = {}
    for times in feasible(wanted):
        start, cost = times[anchor_of(wanted)], cost_of(wanted, times)
        best[start] = min(cost, best.get(start, cost))
    return sorted(cost for start, cost in best.items() if offered(wanted, start, set(best)))


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
def needs(draw, resources, count=True):
    """A need that at least one resource could serve."""
    able = draw(st.sampled_from(resources)).capabilities
    before, length = draw(st.integers(-2, 4)), draw(st.integers(1, 6))
    wanted = draw(st.frozensets(st.sampled_from(sorted(able)), min_size=1))
    return Need(wanted, before, length - before, draw(st.sampled_from([1, 1, 1, 2])) if count else 1)


@st.composite
def rankings(draw):
    weight = st.sampled_from([0, 0, 1, 3, 40])
    return Ranking(
        waiting_per_day=draw(st.sampled_from([0, 100, 1440, 2000])),
        second_trip=draw(weight),
        gap_per_minute=draw(weight),
        idle_per_hour=draw(st.sampled_from([0, 30, 60, 200])),
        outside_wishes=draw(weight),
        wished=draw(st.none() | FREE),
        same_day_only=draw(st.booleans()),
    )


@st.composite
def steps_of(draw, keys, resources, overlap):
    steps = []
    for at, key in enumerate(keys):
        lag_min = draw(st.integers(-8 if overlap else 0, 6))
        together = draw(st.none() | st.sampled_from(keys[:at])) if at else None
        if together and not steps[keys.index(together)].needs:
            together = None
        asked = draw(st.lists(needs(resources, count=False), min_size=1 if together else 0, max_size=1))
        asked += draw(st.lists(needs(resources), min_size=0 if overlap or asked else 1, max_size=1))
        if together and steps[keys.index(together)].needs[0].count > 1:
            together = None
        lags = draw(st.lists(st.sampled_from(keys[:at]), max_size=1)) if at > 1 else []
        least = draw(st.integers(-6, 8))
        steps.append(
            Step(
                key,
                draw(st.integers(1, 4)),
                tuple(asked),
                lag_min,
                draw(st.none() | st.integers(lag_min, lag_min + 8)),
                together,
                draw(st.booleans()),
                draw(st.none() | st.none() | FREE),
                tuple(Lag(each, least, draw(st.none() | st.integers(least, least + 8))) for each in lags),
            )
        )
    return tuple(steps)


ANY = Ranking()


@st.composite
def searches(draw, ranking=st.just(ANY)):  # noqa: B008  a strategy is a description, not a value
    resources = tuple(
        ResourceFree(10 + n, f"R{n}", draw(CAPABILITIES), draw(FREE)) for n in range(draw(st.integers(1, 5)))
    )
    keys = draw(
        st.sampled_from([["xray", "v"], ["xray", "v", "q"], ["v", "q"], ["q"], ["xray"], ["xray", "q"]])
    )
    steps = draw(steps_of(keys, resources, draw(st.booleans())))
    known_end = draw(st.integers(-5, 15)) if keys[0] != "xray" and draw(st.booleans()) else None
    grid = draw(st.sampled_from([1, 1, 2, 5]))
    earliest = draw(st.sampled_from([0, 0, 3]))
    return Search(
        steps, resources, earliest, HORIZON, known_end, day_of, grid_minutes=grid, ranking=draw(ranking)
    )


def times_of(found: Itinerary) -> tuple[int, ...]:
    return tuple(placed.start for placed in found.steps)


def assert_keeps_every_rule(wanted: Search, found: Itinerary) -> None:
    """Checks the chosen resources without looking at how they were chosen."""
    by_id = {resource.id: resource for resource in wanted.resources}
    used: list[tuple[int, int]] = []
    rooms = {}
    for step, placed in zip(wanted.steps, found.steps, strict=True):
        assert (placed.step_key, placed.end) == (step.key, placed.start + step.acquisition_minutes)
        asked = [need for need in step.needs for _ in range(need.count)]
        for need, (resource, low, high) in zip(asked, placed.resources, strict=True):
            assert (low, high) == (placed.start - need.starts_before, placed.start + need.ends_after_start)
            assert need.capabilities <= by_id[resource].capabilities
            assert set(range(low, high)) <= free_minutes(by_id[resource])
            used += [(resource, minute) for minute in range(low, high)]
        rooms[step.key] = placed.resources[0][0] if placed.resources else None
        assert step.same_room_as is None or rooms[step.same_room_as] == rooms[step.key]
    assert len(used) == len(set(used))
    assert in_time(wanted, times_of(found))


@settings(max_examples=100, deadline=None)
@given(searches())
def test_search_equals_brute_force_in_every_start_and_in_order(wanted):
    assert_equals_brute_force(wanted)


@settings(max_examples=100, deadline=None)
@given(searches(rankings()))
def test_any_ranking_equals_brute_force(wanted):
    assert_equals_brute_force(wanted)


@st.composite
def usual_searches(draw):
    """Nobody can be needed twice at one moment: every need has people or rooms of its own."""
    keys = draw(st.sampled_from([["xray", "v"], ["xray", "v", "q"], ["v", "q"], ["q"]]))
    resources: list[ResourceFree] = []
    steps = []
    for key in keys:
        asked = []
        for position in range(draw(st.integers(1, 2))):
            own = frozenset({f"{key} {position}"})
            before, length = draw(st.integers(-2, 4)), draw(st.integers(1, 5))
            asked.append(Need(own, before, length - before))
            for free in draw(st.lists(FREE, min_size=1, max_size=2)):
                resources.append(ResourceFree(len(resources), "R", own, free))
        lag_min = draw(st.integers(0, 4))
        most = draw(st.none() | st.integers(lag_min, lag_min + 8))
        allowed = draw(st.none() | st.none() | FREE)
        steps.append(
            Step(
                key, draw(st.integers(1, 4)), tuple(asked), lag_min, most, None, draw(st.booleans()), allowed
            )
        )
    known_end = draw(st.integers(-5, 15)) if keys[0] != "xray" and draw(st.booleans()) else None
    ranking = replace(draw(rankings()), wished=None)
    grid = draw(st.sampled_from([1, 2, 5]))
    return Search(
        tuple(steps), tuple(resources), 2, HORIZON, known_end, day_of, grid_minutes=grid, ranking=ranking
    )


@settings(max_examples=150, deadline=None)
@given(usual_searches())
def test_the_usual_department_equals_brute_force(wanted):
    """The quick way, which is taken where no two needs compete."""
    event(f"quick: {is_plain(Chain.of(wanted))}")
    assert_equals_brute_force(wanted)


def test_the_usual_visit_takes_the_quick_way():
    assert is_plain(Chain.of(wanting(XRAY, VENTILATION, PERFUSION)))


def assert_equals_brute_force(wanted):
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


@settings(max_examples=150, deadline=None)
@given(searches(), st.data())
def test_given_starts_fit_exactly_when_brute_force_says_so(wanted, data):
    every = list(product(range(-2, HORIZON), repeat=len(wanted.steps)))
    timely = [times for times in every if in_time(wanted, times)]
    times = data.draw(st.sampled_from(data.draw(st.sampled_from([every, timely])) or every))
    answer = fits(wanted, {step.key: t for step, t in zip(wanted.steps, times, strict=True)})
    if in_time(wanted, times) and served(wanted, times):
        assert isinstance(answer, Itinerary)
        assert times_of(answer) == times
        assert_keeps_every_rule(wanted, answer)
    else:
        assert isinstance(answer, str)
        assert answer.endswith(".")


def test_the_only_room_of_its_kind_is_not_given_to_two_steps_at_once():
    """As when one of two cameras fails: kept starts are asked that no search would offer any more."""
    room = ResourceFree(1, "Camera 1", frozenset({"camera"}), ((0, 26),))
    camera = Need(frozenset({"camera"}), 0, 2)
    steps = Step("v", 1, (camera,)), Step("q", 1, (camera,))
    wanted = Search(steps, (room,), 0, HORIZON, None, day_of)
    assert fits(wanted, {"v": 0, "q": 1}) == "The same room or person would be needed twice at the same time."
    assert isinstance(fits(wanted, {"v": 0, "q": 2}), Itinerary)
    two = replace(wanted, resources=(room, replace(room, id=2)))
    assert isinstance(fits(two, {"v": 0, "q": 1}), Itinerary)


def starts_of(wanted: Search) -> set[int]:
    return {times_of(found)[anchor_of(wanted)] for found in search(wanted, limit=1000)}


@settings(max_examples=50, deadline=None)
@given(searches(), st.data())
def test_freeing_time_never_removes_a_start(wanted, data):
    at = data.draw(st.integers(0, len(wanted.resources) - 1))
    freed = [
        replace(resource, free=union(resource.free, data.draw(FREE))) if n == at else resource
        for n, resource in enumerate(wanted.resources)
    ]
    more, grid = replace(wanted, resources=tuple(freed)), wanted.grid_minutes
    assert starts_of(replace(wanted, grid_minutes=1)) <= starts_of(replace(more, grid_minutes=1))
    # A start off the grid may give way to one on the grid, the nearest before or after it.
    after = starts_of(more)
    assert all(after & {*range(t - t % grid, t + 1), t - t % grid + grid} for t in starts_of(wanted))


@settings(max_examples=60, deadline=None)
@given(searches())
def test_there_are_blockers_exactly_when_nothing_is_found(wanted):
    sentences = blockers(wanted)
    assert bool(sentences) == (next(search(wanted, limit=1), None) is None)
    assert all(sentence[0] == sentence[0].upper() and sentence.endswith(".") for sentence in sentences)


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
    assert {f.cost[3] for f in found} == {0, 1}
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


def test_a_time_off_the_grid_is_offered_where_the_grid_has_none():
    """Ventilation can only start at 558 or 559, between two quarters of an hour."""
    only = changed(2, ((552, 585),))
    wanted = replace(wanting(XRAY, VENTILATION, PERFUSION, resources=only, days=1), grid_minutes=15)
    assert [found.steps[1].start for found in search(wanted, limit=9)] == [558]


def test_a_time_on_the_grid_is_preferred_to_the_minutes_beside_it():
    """Ventilation can start from 558 to 577: the first is off the grid and 570 is on it."""
    only = changed(2, ((552, 603),))
    wanted = replace(wanting(XRAY, VENTILATION, PERFUSION, resources=only, days=1), grid_minutes=15)
    assert [found.steps[1].start for found in search(wanted, limit=9)] == [570]


def test_a_step_that_needs_two_people_takes_two():
    """Two of three technologists are needed; only from minute 700 on are two free together."""
    pair = Step("q", 10, (Need(frozenset({"tech"}), 0, 10, count=2),))
    people = [resource(1, "tech", free=((0, 705),)), resource(2, "tech", free=((700, 800),))]
    third = resource(3, "tech", free=((705, 710),))
    wanted = wanting(pair, resources=(*people, third), days=1)
    assert blockers(wanted) != ()
    wanted = wanting(pair, resources=(*people, replace(third, free=((700, 710),))), days=1)
    found = first(wanted)
    assert found.steps[0].start == 700
    assert sorted(used for used, _, _ in found.steps[0].resources) == [2, 3]
    assert fits(wanted, {"q": 700}) == found
    assert isinstance(fits(wanted, {"q": 699}), str)


def test_a_companion_that_starts_with_the_perfusion_rides_on_its_camera():
    """Krypton is pictured during perfusion: no needs of its own, and it starts when perfusion starts."""
    krypton = Step("krypton", 10, (), lag_min=-16, lag_max=-16)
    found = first(wanting(PERFUSION, krypton))
    assert [placed.start for placed in found.steps] == [485, 485]
    assert found.steps[1].resources == ()


def test_a_lag_may_join_steps_that_are_no_neighbours():
    """Perfusion must also be at least 3 hours after the X-ray, though ventilation may come 1 h 10 min after it."""
    later = replace(PERFUSION, lags=(Lag("xray", 180),))
    xray, ventilation, perfusion = first(wanting(XRAY, VENTILATION, later)).steps
    assert perfusion.start - xray.end == 180
    assert perfusion.start - ventilation.end <= 20
    starts = {"xray": 483, "ventilation": 558, "perfusion": 579}
    assert isinstance(fits(wanting(XRAY, VENTILATION, PERFUSION), starts), Itinerary)
    assert isinstance(fits(wanting(XRAY, VENTILATION, later), starts), str)


def test_a_step_starts_only_while_a_dose_is_left():
    doses = replace(PERFUSION, allowed=((700, 705), (900, 901)))
    assert [found.steps[0].start for found in search(wanting(doses), limit=9)] == [
        700,
        701,
        702,
        703,
        704,
        900,
    ]


# --- ranking -----------------------------------------------------------------------------------------------


def ranked(wanted: Search, **weights) -> list[Itinerary]:
    return list(search(replace(wanted, ranking=Ranking(**weights)), limit=5))


def test_a_patient_who_wishes_afternoons_gets_them_until_waiting_costs_more():
    afternoons = tuple((day * DAY + 780, day * DAY + 1020) for day in range(28))
    wanted = wanting(PERFUSION)
    assert first(wanted).steps[0].start == 485
    soon = ranked(wanted, wished=afternoons, outside_wishes=10, waiting_per_day=100)
    late = ranked(wanted, wished=afternoons, outside_wishes=1000, waiting_per_day=100)
    assert soon[0].steps[0].start == 485
    assert [found.steps[0].start for found in late] == [780, 781, 782, 783, 784]


def test_a_weight_below_zero_is_refused():
    with pytest.raises(ValueError, match="negative"):
        Ranking(second_trip=-1)


def test_one_trip_is_worth_some_waiting():
    """On the first day the X-ray room has closed; only an X-ray of yesterday would allow day 1 in the morning."""
    hours = changed(1, ((600, 700), (DAY + 600, DAY + 700)))
    wanted = wanting(XRAY, VENTILATION, PERFUSION, resources=changed_again(hours, 2, OPEN[1:2]))
    assert first(wanted).steps[0].start < DAY
    assert ranked(wanted, second_trip=500, waiting_per_day=100)[0].steps[0].start >= DAY


def changed_again(resources, number: int, free) -> tuple[ResourceFree, ...]:
    return tuple(replace(each, free=free) if each.id == number else each for each in resources)


def test_who_wants_one_day_only_is_never_offered_two():
    only_yesterday = changed(1, OPEN[:1])
    wanted = wanting(XRAY, VENTILATION, PERFUSION, resources=only_yesterday)
    found = list(search(replace(wanted, ranking=Ranking(same_day_only=True)), limit=10_000))
    assert found
    assert all(each.steps[0].start // DAY == each.steps[2].start // DAY for each in found)


def test_the_capacity_term_ranks_the_starts_of_the_best_day_among_each_other():
    """It prefers the latest; the rest of the starts follow in order of time, none twice."""

    def lateness(found: Itinerary) -> int:
        return DAY - found.steps[0].start % DAY

    ranking = Ranking(capacity=lateness, capacity_weight=2, capacity_candidates=4)
    wanted = replace(wanting(PERFUSION), grid_minutes=60, ranking=ranking)
    found = list(search(wanted, limit=12))
    starts = [each.steps[0].start for each in found]
    assert starts[:4] == sorted(starts[:4], reverse=True)
    assert 540 in starts[:4]
    assert all(each.cost[0] == 2 * lateness(each) for each in found[:4])
    assert starts[4:] == sorted(starts[4:])
    plain = [each.steps[0].start for each in search(replace(wanted, ranking=Ranking()), limit=12)]
    assert sorted(starts) == plain


# --- resources that are read as they are needed ------------------------------------------------------------


def read_lazily(wanted: Search, known_until: int) -> tuple[Search, list[int]]:
    """The same question with resources that are complete before `known_until`, and what is asked for later."""
    asked: list[int] = []

    def known(until: int) -> tuple[ResourceFree, ...]:
        return tuple(replace(each, free=clip(each.free, wanted.earliest, until)) for each in wanted.resources)

    def more(until: int) -> tuple[ResourceFree, ...]:
        asked.append(until)
        return known(until)

    return replace(wanted, resources=known(known_until), known_until=known_until, more=more), asked


@settings(max_examples=60, deadline=None)
@given(searches(rankings()), st.integers(0, HORIZON))
def test_resources_that_are_read_lazily_give_the_same_starts(wanted, known_until):
    lazy, _ = read_lazily(wanted, known_until)
    whole = [found.cost for found in search(wanted, limit=1000)]
    assert [found.cost for found in search(lazy, limit=1000)] == whole
    assert bool(blockers(lazy)) == bool(blockers(wanted))


def test_the_first_days_are_enough_where_they_hold_the_answer():
    lazy, asked = read_lazily(wanting(XRAY, VENTILATION, PERFUSION), 3 * DAY)
    assert len(list(search(lazy, limit=10))) == 10
    assert asked == []
    late, asked = read_lazily(wanting(XRAY, VENTILATION, PERFUSION, resources=changed(3, OPEN[9:])), 3 * DAY)
    assert len(list(search(late, limit=10))) == 10
    assert 1 <= len(asked) <= 4


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
