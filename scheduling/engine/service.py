"""Which resources serve a visit whose times are known: nobody twice at one moment, the best fit first."""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence

from scheduling.engine import assignment
from scheduling.engine.assignment import Slot
from scheduling.engine.chain import Chain, Need, Pool
from scheduling.engine.intervals import covering

_END = float("inf")

Able = tuple[int, ...]
Preferred = Mapping[str, Collection[int]]
Occupied = tuple[tuple[int, int, int], ...]
Taken = list[Occupied]
"""Per step, what `visit.Placed.resources` holds."""


def able(chain: Chain, at: int, t: int, preferred: Preferred | None = None) -> list[Able]:
    """Per need of a step, who is free for it, best first: preferred, then smallest free run, then as given."""
    step = chain.search.steps[at]
    first: Collection[int] = preferred.get(step.key, ()) if preferred else ()
    return [
        _able(chain, need, pool, t, first) for need, pool in zip(step.needs, chain.pools[at], strict=True)
    ]


def _able(chain: Chain, need: Need, pool: Pool, t: int, first: Collection[int]) -> Able:
    begins, ends = t - need.starts_before, t + need.ends_after_start
    if begins < chain.search.earliest or ends > chain.search.latest:
        return ()
    if len(pool) == 1:
        return (pool[0].id,) if covering(pool[0].free, begins, ends) else ()
    found = []
    for number, resource in enumerate(pool):
        free = resource.free
        at = bisect_right(free, (begins, _END)) - 1  # `covering`, without a call for each resource
        if at >= 0 and free[at][1] >= ends:
            found.append((resource.id not in first, free[at][1] - free[at][0], number, resource.id))
    if len(found) > 1:
        found.sort()
    return tuple([each[3] for each in found])


class BestFits:
    """What `taken` chooses for visit after visit of one chain that is undisputed."""

    __slots__ = ("_steps", "chain")

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self._steps = [
            [
                (
                    need.starts_before,
                    need.ends_after_start,
                    [(each.id, each.kept.begins if each.kept else None, each.free) for each in pool],
                )
                for need, pool in zip(step.needs, pools, strict=True)
            ]
            for step, pools in zip(chain.search.steps, chain.pools, strict=True)
        ]

    def at(self, times: Sequence[int]) -> Taken | None:
        """The resources for these starts; None if somebody is missing."""
        found = []
        for needs, t in zip(self._steps, times, strict=True):
            row = []
            for before, after, pool in needs:
                low, high = t - before, t + after
                if len(pool) == 1:
                    row.append((pool[0][0], low, high))  # the sets of starts have asked nobody else
                    continue
                least, best = _END, None
                for number, begins, free in pool:
                    at = bisect_right(begins, low) if begins else bisect_right(free, (low, _END))
                    if at:
                        first, last = free[at - 1]
                        if last >= high and last - first < least:
                            least, best = last - first, number
                if best is None:
                    return None
                row.append((best, low, high))
            found.append(tuple(row))
        return found


def served(chain: Chain, able_of: Sequence[Sequence[Able]]) -> list[list[bool]]:
    """Per need, whether enough resources are free, each need by itself."""
    return [
        [len(each) >= need.count for need, each in zip(step.needs, able_here, strict=True)]
        for step, able_here in zip(chain.search.steps, able_of, strict=True)
    ]


def contested(chain: Chain, times: Mapping[int, int]) -> bool:
    """Whether two of these steps could ask for one resource at one moment, or have to share a room."""
    if any(one in times and other in times for one, other in chain.room_pairs):
        return True
    return any(clashes(chain, at, times) for at in times)


def clashes(chain: Chain, at: int, times: Mapping[int, int]) -> bool:
    """The same for one step and the ones before it in the protocol's order."""
    return any(
        other in times and low < times[at] - times[other] < high for other, low, high in chain.contests[at]
    )


def taken(chain: Chain, times: Mapping[int, int], able_of: Mapping[int, Sequence[Able]]) -> Taken | None:
    """The resources of the placed steps, in the protocol's order, or None."""
    order = sorted(times)
    if not contested(chain, times):
        return _undisputed(chain, times, able_of)
    slots: list[Slot] = []
    begins: dict[int, int] = {}
    for at in order:  # in the protocol's order, so that `fits` chooses what `search` chose
        begins[at] = len(slots)
        for need, ids in zip(chain.search.steps[at].needs, able_of[at], strict=True):
            slot = Slot(times[at] - need.starts_before, times[at] + need.ends_after_start, ids)
            slots += [slot] * need.count
    pairs = [(begins[a], begins[b]) for a, b in chain.room_pairs if a in begins and b in begins]
    chosen = assignment.choose(slots, pairs)
    if chosen is None:
        return None
    rows = [(number, slot.begins, slot.ends) for number, slot in zip(chosen, slots, strict=True)]
    ends = [*[begins[at] for at in order[1:]], len(slots)]
    return [tuple(rows[begins[at] : end]) for at, end in zip(order, ends, strict=True)]


def _undisputed(
    chain: Chain, times: Mapping[int, int], able_of: Mapping[int, Sequence[Able]]
) -> Taken | None:
    found = []
    for at in sorted(times):
        row: list[tuple[int, int, int]] = []
        for need, ids in zip(chain.search.steps[at].needs, able_of[at], strict=True):
            if len(ids) < need.count:
                return None
            span = times[at] - need.starts_before, times[at] + need.ends_after_start
            row += [(number, *span) for number in ids[: need.count]]
        found.append(tuple(row))
    return found
