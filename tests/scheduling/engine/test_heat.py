"""How many starts each day has, against the search itself and against brute force over all starts."""

from dataclasses import replace

from hypothesis import event, given, settings
from hypothesis import strategies as st

from scheduling.engine.chain import Chain
from scheduling.engine.heat import by_day
from scheduling.engine.itinerary import Need, ResourceFree, Search, Step, search
from tests.scheduling.engine.test_itinerary import (
    FREE,
    HORIZON,
    anchor_of,
    day_of,
    feasible,
    offered,
    rankings,
    searches,
    times_of,
    usual_searches,
)

WISHED = st.none() | FREE


def starts_of(found, wanted):
    return {times[anchor_of(wanted)] for times in found}


def within(wanted, times):
    minutes = {minute for low, high in wanted.ranking.wished for minute in range(low, high)}
    return all(
        set(range(t, t + step.acquisition_minutes)) <= minutes
        for t, step in zip(times, wanted.steps, strict=True)
    )


def brute_force(wanted, times):
    """{day: (how many, first)} of the starts that are offered of these."""
    starts = starts_of(times, wanted)
    shown = [start for start in sorted(starts) if offered(wanted, start, starts)]
    days = {}
    for start in shown:
        count, first = days.get(day_of(start), (0, start))
        days[day_of(start)] = count + 1, first
    return days


def counted(found, wished=False):
    rows = ((day_of(each.begins), each) for each in found)
    if wished:
        return {day: (each.wished, each.first_wished) for day, each in rows if each.wished}
    return {day: (each.starts, each.first) for day, each in rows if each.starts}


def assert_equals_brute_force(wanted):
    found, every = by_day(wanted), feasible(wanted)
    assert counted(found) == brute_force(wanted, every)
    if wanted.ranking.wished is not None:
        assert counted(found, wished=True) == brute_force(wanted, [t for t in every if within(wanted, t)])
    else:
        assert counted(found, wished=True) == counted(found)


@settings(max_examples=80, deadline=None)
@given(searches(rankings()))
def test_the_starts_of_each_day_equal_brute_force(wanted):
    assert_equals_brute_force(wanted)


@settings(max_examples=100, deadline=None)
@given(usual_searches(), WISHED)
def test_the_usual_department_equals_brute_force(wanted, wished):
    """The quick way, by sets alone."""
    wanted = replace(wanted, ranking=replace(wanted.ranking, wished=wished))
    chain = Chain.of(wanted)
    event(f"by sets: {chain.undisputed and not chain.joins}")
    assert_equals_brute_force(wanted)


@settings(max_examples=40, deadline=None)
@given(usual_searches())
def test_the_search_offers_as_many_as_the_day_promises(wanted):
    found = [times_of(each)[anchor_of(wanted)] for each in search(wanted, limit=1000)]
    assert sum(each.starts for each in by_day(wanted)) == len(found)


def test_every_day_of_the_period_is_told_also_the_empty_ones():
    wanted = replace(one_camera(), latest=5 * 13, earliest=2)
    assert [day_of(each.begins) for each in by_day(wanted)] == [0, 1, 2, 3, 4]
    assert by_day(wanted)[-1].starts == 0


def one_camera():
    need = Need(frozenset({"camera"}), 1, 3)
    room = ResourceFree(1, "Camera 1", frozenset({"camera"}), ((0, HORIZON),))
    return Search((Step("q", 2, (need,)),), (room,), 0, HORIZON, None, day_of)
