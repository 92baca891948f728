"""How far apart the starts of two steps may lie: least and greatest minutes, from the lags of the steps."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product

from scheduling.engine.days import LONGEST_DAY
from scheduling.engine.request import Need, ResourceFree, Search

Pools = tuple[tuple[tuple[ResourceFree, ...], ...], ...]
Pairs = tuple[tuple[int, int], ...]
Window = tuple[int, int]
Join = tuple[int, int, int, int]
"""Steps i and j, and the least and greatest minutes from the start of i to the start of j."""


def gap(search: Search, pools: Pools, pairs: Pairs, at: int) -> Window:
    """From the start of the step before; the first step's counts from `known_end`."""
    step = search.steps[at]
    before = search.steps[at - 1].acquisition_minutes if at else 0
    least = before + step.lag_min
    most = before + step.lag_max if step.lag_max is not None else _unlimited(search, at)
    if at and step.same_day:
        least, most = max(least, -LONGEST_DAY), min(most, LONGEST_DAY)
    return (_least_apart(search, pools, pairs, at, least) if at else least), most


def _unlimited(search: Search, at: int) -> int:
    if at == 0 and search.known_end is not None:
        return search.latest - search.known_end
    return search.latest - search.earliest


def further(search: Search) -> tuple[Join, ...]:
    """The joins of `Step.lags`."""
    order = {step.key: at for at, step in enumerate(search.steps)}
    found = []
    for at, step in enumerate(search.steps):
        for lag in step.lags:
            first = order[lag.step]
            length = search.steps[first].acquisition_minutes
            most = search.latest - search.earliest if lag.lag_max is None else length + lag.lag_max
            found.append((first, at, length + lag.lag_min, most))
    return tuple(found)


def between(search: Search, gaps: Sequence[Window], joins: Sequence[Join]) -> tuple[tuple[Window, ...], ...]:
    """[i][j]: least and greatest minutes from the start of i to that of j that all joins together allow.

    The shortest paths of a difference constraint network; a least above its greatest says that no times keep
    all joins.
    """
    count, far = len(search.steps), search.latest - search.earliest
    most = [[0 if i == j else far for j in range(count)] for i in range(count)]
    for i, j, low, high in [*[(at - 1, at, *gaps[at]) for at in range(1, count)], *joins]:
        most[i][j] = min(most[i][j], high)
        most[j][i] = min(most[j][i], -low)
    for k in range(count):
        for i, j in product(range(count), repeat=2):
            if most[i][k] + most[k][j] < most[i][j]:
                most[i][j] = most[i][k] + most[k][j]
    return tuple([tuple([(-most[j][i], most[i][j]) for j in range(count)]) for i in range(count)])


def _least_apart(search: Search, pools: Pools, pairs: Pairs, at: int, least: int) -> int:
    """The least gap, raised where the only resource of its kind must first be done with the step before."""
    apart = least
    one_room = (at - 1, at) in pairs
    for (i, one), (j, other) in product(
        enumerate(search.steps[at - 1].needs), enumerate(search.steps[at].needs)
    ):
        pool = pools[at - 1][i]
        only = len(pool) == 1 and pool == pools[at][j]
        shared = only or (one_room and i == j == 0)
        # A need that can be over before the other begins is left to the exact choice.
        if shared and least > -one.starts_before - other.ends_after_start:
            apart = max(apart, one.ends_after_start + other.starts_before)
    return apart


def contests(
    search: Search, pools: Pools, spans: Sequence[Sequence[Window]]
) -> tuple[tuple[tuple[int, int, int], ...], ...]:
    """Per step, the steps up to itself that may ask for one of its resources at one moment.

    Each as (other, low, high): they do only if low < start - start of the other < high. For two needs of one
    step this is always or never; then low is -1 and high is 1.
    """
    known: dict[int, int] = {}
    order = {resource.id: 1 << at for at, resource in enumerate(search.resources)}
    for of_step in pools:
        for pool in of_step:
            if id(pool) not in known:
                known[id(pool)] = sum([order[resource.id] for resource in pool])
    asked = tuple([step.needs for step in search.steps])
    members = tuple([tuple([known[id(pool)] for pool in of_step]) for of_step in pools])
    return _contests(asked, members, tuple(spans))


@lru_cache(maxsize=256)
def _contests(
    asked: tuple[tuple[Need, ...], ...],
    members: tuple[tuple[int, ...], ...],
    spans: tuple[tuple[Window, ...], ...],
) -> tuple[tuple[tuple[int, int, int], ...], ...]:
    """As `contests`; `members` are the pools of the needs `asked` as bit sets. A site asks the same again and again."""
    return tuple([tuple(_contested(asked, members, spans, at)) for at in range(len(asked))])


def _contested(
    asked: tuple[tuple[Need, ...], ...],
    members: tuple[tuple[int, ...], ...],
    spans: tuple[tuple[Window, ...], ...],
    at: int,
) -> Iterator[tuple[int, int, int]]:
    begins = max([need.starts_before for need in asked[at]], default=0)
    ends = [max([need.ends_after_start for need in needs], default=0) for needs in asked]
    for other in range(at + 1):
        least, most = spans[other][at]
        if other < at and least >= ends[other] + begins:
            continue
        lows, highs = [], []
        for (i, one), (j, two) in product(enumerate(asked[other]), enumerate(asked[at])):
            low, high = -one.starts_before - two.ends_after_start, one.ends_after_start + two.starts_before
            if other == at and i >= j:
                continue
            if low < most and least < high and members[other][i] & members[at][j]:
                lows.append(low)
                highs.append(high)
        if lows:
            yield other, (-1 if other == at else min(lows)), (1 if other == at else max(highs))
