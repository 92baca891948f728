"""The choice of resources against trying every choice."""

from itertools import combinations, product

from hypothesis import given
from hypothesis import strategies as st

from scheduling.engine.assignment import Slot, choose

SLOTS = st.lists(
    st.builds(
        lambda begins, length, candidates: Slot(begins, begins + length, tuple(candidates)),
        st.integers(0, 12),
        st.integers(1, 8),
        st.lists(st.integers(1, 4), unique=True, max_size=4),
    ),
    max_size=6,
)


def allowed(slots, same, choice) -> bool:
    apart = all(
        choice[a] != choice[b] or slots[a].ends <= slots[b].begins or slots[b].ends <= slots[a].begins
        for a, b in combinations(range(len(slots)), 2)
    )
    return apart and all(choice[a] == choice[b] for a, b in same)


@given(SLOTS, st.data())
def test_a_choice_is_made_exactly_when_there_is_one(slots, data):
    place = st.integers(0, len(slots) - 1)
    pairs = st.lists(st.tuples(place, place).filter(lambda pair: pair[0] != pair[1]), max_size=2)
    same = data.draw(pairs) if len(slots) > 1 else []
    every = [c for c in product(*[slot.candidates for slot in slots]) if allowed(slots, same, c)]
    chosen = choose(slots, same)
    assert (chosen is None) == (not every)
    assert chosen is None or chosen in every


def test_the_best_fit_is_taken_where_nobody_competes():
    assert choose([Slot(0, 5, (3, 1)), Slot(5, 9, (3, 2))]) == (3, 3)


def test_the_only_room_goes_to_the_need_that_has_no_other():
    assert choose([Slot(0, 5, (3, 1)), Slot(2, 9, (3,))]) == (1, 3)


def test_many_independent_needs_and_one_hopeless_pair_are_answered_at_once():
    many = [Slot(n, n + 60, tuple(range(10 * n + 100, 10 * n + 110))) for n in range(12)]
    assert choose([*many, Slot(0, 5, (1,)), Slot(4, 9, (1,))]) is None
