"""Why not: every refused time has its reasons, without them it is a visit, and each change is one."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.engine.explanation import ChangeKind, Explanation, explain
from scheduling.engine.intervals import subtract
from scheduling.engine.itinerary import Itinerary, Ranking, Search, fits
from scheduling.engine.pins import best_at
from scheduling.engine.relaxation import OneMore, without
from tests.scheduling.engine.test_itinerary import (
    HORIZON,
    anchor_of,
    feasible,
    searches,
    served,
)

# --- any department, any wanted starts ---------------------------------------------------------------------


@st.composite
def questions(draw) -> tuple[Search, dict[str, int]]:
    """A search, perhaps with doses, and the wanted starts of some of its steps."""
    wanted = draw(searches())
    if draw(st.booleans()):
        doses = st.lists(st.tuples(st.integers(0, HORIZON), st.integers(1, 8)), max_size=3)
        at = draw(st.integers(0, len(wanted.steps) - 1))
        left = subtract(((0, HORIZON),), tuple((low, low + more) for low, more in sorted(draw(doses))[:1]))
        steps = [replace(step, allowed=left) if n == at else step for n, step in enumerate(wanted.steps)]
        wanted = replace(wanted, steps=tuple(steps))
    keys = draw(st.sets(st.sampled_from([step.key for step in wanted.steps])))
    return wanted, {key: draw(st.integers(-2, HORIZON + 1)) for key in sorted(keys)}


def dosed(wanted: Search, times: tuple[int, ...]) -> bool:
    allowed = [step.allowed for step in wanted.steps]
    return all(
        each is None or any(low <= t < high for low, high in each)
        for each, t in zip(allowed, times, strict=True)
    )


def visits(wanted: Search, starts: dict[str, int]) -> list[tuple[int, ...]]:
    """By brute force, all times with these starts; the wish for one day counts where none is wanted."""
    if starts:
        wanted = replace(wanted, ranking=Ranking())
    keys = [step.key for step in wanted.steps]
    return [
        times
        for times in feasible(wanted)
        if dosed(wanted, times) and all(times[keys.index(key)] == t for key, t in starts.items())
    ]


def terms_of(explanation: Explanation) -> list:
    return [term for reason in explanation.reasons for term in reason.terms]


@settings(max_examples=40, deadline=None)
@given(questions())
def test_starts_that_are_no_visit_have_reasons_and_only_those(question):
    wanted, starts = question
    explanation = explain(wanted, starts)
    if visits(wanted, starts):
        assert explanation.found is not None
        assert explanation.reasons == ()
    else:
        assert explanation.found is None
        assert explanation.reasons != ()
    for reason in explanation.reasons:
        for sentence in (reason.sentence, reason.headline):
            assert sentence[0].isupper() or sentence[0] == "R"
            assert sentence.endswith(".")


@settings(max_examples=40, deadline=None)
@given(questions())
def test_without_its_reasons_any_refused_time_is_a_visit(question):
    wanted, starts = question
    explanation = explain(wanted, starts)
    if explanation.found is None:
        assert best_at(without(wanted, terms_of(explanation)), starts) is not None


@settings(max_examples=40, deadline=None)
@given(searches(), st.data())
def test_what_booking_refuses_is_explained_and_fits_without_its_reasons(wanted, data):
    starts = {step.key: data.draw(st.integers(-2, HORIZON)) for step in wanted.steps}
    refused = isinstance(fits(wanted, starts), str)
    explanation = explain(wanted, starts)
    assert (explanation.found is None) == refused
    assert bool(explanation.reasons) == refused
    terms = terms_of(explanation)
    eased = without(wanted, terms)
    assert isinstance(fits(eased, starts), Itinerary)
    if not any(isinstance(term, OneMore) for term in terms):  # too many choices for brute force
        assert served(eased, tuple(starts.values()))


@settings(max_examples=40, deadline=None)
@given(questions())
def test_the_nearest_visits_are_those_of_brute_force(question):
    wanted, starts = question
    explanation = explain(wanted, starts)
    anchor = anchor_of(wanted)
    key = wanted.steps[anchor].key
    if explanation.found is not None or not starts:
        assert explanation.before is None
        assert explanation.after is None
        return
    t = starts.get(key, min(starts.values()))
    possible = {times[anchor] for times in visits(wanted, {})}
    nearest = {
        "before": rounded(max([each for each in possible if each < t], default=None), -1, wanted, possible),
        "after": rounded(min([each for each in possible if each > t], default=None), 1, wanted, possible),
    }
    found = {"before": explanation.before, "after": explanation.after}
    assert {when: each and each.steps[anchor].start for when, each in found.items()} == nearest


def rounded(start: int | None, way: int, wanted: Search, possible: set[int]) -> int | None:
    """The next multiple of the grid, where that is possible too."""
    if start is None:
        return None
    even = next(t for t in range(start, start + 5 * way, way) if t % wanted.grid_minutes == 0)
    return even if even in possible else start


@settings(max_examples=40, deadline=None)
@given(questions())
def test_each_change_alone_makes_it_a_visit(question):
    wanted, starts = question
    for change in explain(wanted, starts).changes:
        assert change.sentence.endswith(".")
        if change.itinerary is None:
            assert best_at(without(wanted, change.terms), starts) is not None
            continue
        times = {placed.step_key: placed.start for placed in change.itinerary.steps}
        assert fits(wanted, times) == change.itinerary
        assert sum(times[key] != t for key, t in starts.items()) == 1


@settings(max_examples=40, deadline=None)
@given(searches(), st.data())
def test_another_start_of_one_step_is_the_nearest_by_brute_force(wanted, data):
    starts = {step.key: data.draw(st.integers(0, HORIZON)) for step in wanted.steps}
    if len(starts) < 2:
        return
    keys = list(starts)
    offered = {
        key: change
        for change in explain(wanted, starts).changes
        if change.kind == ChangeKind.OTHER_START
        for key, t in starts.items()
        if any(placed.step_key == key and placed.start != t for placed in change.itinerary.steps)
    }
    if visits(wanted, starts):
        assert offered == {}
        return
    for at, key in enumerate(keys):
        kept = {other: t for other, t in starts.items() if other != key}
        apart = [abs(times[at] - starts[key]) for times in visits(wanted, kept)]
        assert (key in offered) == bool(apart)
        if apart:
            assert abs(offered[key].itinerary.steps[at].start - starts[key]) == min(apart)
