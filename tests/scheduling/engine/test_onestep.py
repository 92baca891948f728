"""Other starts of one step, the others fixed, against brute force."""

from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scheduling.engine.onestep import times
from tests.scheduling.engine.test_itinerary import ANY, feasible, offered, searches, times_of, usual_searches


@settings(max_examples=60, deadline=None)
@given(st.one_of(searches(), usual_searches()), st.data())
def test_the_other_starts_of_a_step_equal_brute_force(wanted, data):
    wanted = replace(wanted, ranking=ANY)
    every = feasible(wanted)
    assume(every)
    present = data.draw(st.sampled_from(every))
    at = data.draw(st.integers(0, len(wanted.steps) - 1))
    keys = [step.key for step in wanted.steps]
    kept = {key: t for key, t in zip(keys, present, strict=True) if key != keys[at]}
    same = {each[at] for each in every if all(each[n] == present[n] for n in range(len(keys)) if n != at)}
    shown = [start for start in sorted(same) if offered(wanted, start, same)]
    assert [times_of(found)[at] for found in times(wanted, keys[at], kept)] == shown
