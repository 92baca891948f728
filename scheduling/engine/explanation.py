"""Why not at this time: what is in the way, the nearest times, and each single change that would make it possible.

Everything is asked of the same search that finds and books: a reason is a term whose dropping lets the search
find a visit, and a change is one such term, or one wanted start, dropped alone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from scheduling.engine import nearest
from scheduling.engine.blockers import Asked, Occupancy, Occupied, Reason, obstacles, rounds
from scheduling.engine.chain import Chain, Search
from scheduling.engine.changes import Change, ChangeKind, changes
from scheduling.engine.pins import Starts, placed, times_at
from scheduling.engine.ranking import EARLIEST_FIRST
from scheduling.engine.relaxation import Kind
from scheduling.engine.visit import Itinerary

__all__ = [
    "Blocked",
    "Change",
    "ChangeKind",
    "Explanation",
    "Kind",
    "Occupancy",
    "Occupied",
    "Reason",
    "explain",
    "reasons",
]


@dataclass(frozen=True, slots=True)
class Blocked:
    """One step with what is in its way. `start` is what was wanted of it, if anything."""

    step_key: str
    start: int | None
    reasons: tuple[Reason, ...]

    @property
    def headlines(self) -> tuple[str, ...]:
        """What cannot be had, in sentences; the reasons say why."""
        return tuple(dict.fromkeys(reason.headline for reason in self.reasons))


@dataclass(frozen=True, slots=True)
class Explanation:
    """`found`: the wanted starts are a visit, and nothing else is said. `before`, `after`: by the lungs' start."""

    found: Itinerary | None
    steps: tuple[Blocked, ...] = ()
    before: Itinerary | None = None
    after: Itinerary | None = None
    changes: tuple[Change, ...] = ()

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return tuple(reason for step in self.steps for reason in step.reasons)


def utc_clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


def explain(
    search: Search,
    starts: Starts,
    occupied: Occupancy | None = None,
    clock: Callable[[int], str] = utc_clock,
) -> Explanation:
    """Why there is no visit with these starts, which may be those of any steps, or of none.

    `occupied` says why resources are not free, and `clock` says a minute as a person reads it. The wish for one
    day counts where no start is wanted, and for the nearest visits; booking does not ask for it.
    """
    wished = Chain.of(_plain(search.complete(), on_one_day=search.ranking.same_day_only))
    chain = wished
    if starts and search.ranking.same_day_only:
        chain = Chain.of(_plain(search.complete()))
    times = times_at(chain, starts)
    if times is not None:
        return Explanation(placed(chain, times))
    asked = Asked(starts, occupied or {}, clock)
    blocked = obstacles(chain, starts)
    turns = list(rounds(chain, blocked, asked))
    return Explanation(
        None,
        tuple(_by_step(chain.search, starts, turns)),
        *(nearest.beside(wished, starts) if starts else (None, None)),
        tuple(changes(chain, asked, blocked, turns[0] if turns else ())),
    )


def reasons(
    search: Search, starts: Starts, occupied: Occupancy, clock: Callable[[int], str] = utc_clock
) -> tuple[Reason, ...]:
    """Only what stands in the way of these starts, as far as it shows before any of it is dropped."""
    chain = Chain.of(_plain(search.complete()))
    turns = rounds(chain, obstacles(chain, starts), Asked(starts, occupied, clock))
    return tuple(next(turns, ()))


def _plain(search: Search, *, on_one_day: bool = False) -> Search:
    first, *others = search.steps
    if on_one_day:
        others = [replace(step, same_day=True) for step in others]
    return replace(search, steps=(first, *others), ranking=EARLIEST_FIRST)


def _by_step(search: Search, starts: Starts, turns: Sequence[Sequence[Reason]]) -> Iterator[Blocked]:
    reasons = [reason for turn in turns for reason in turn]
    for step in search.steps:
        of_step = tuple(dict.fromkeys(each for each in reasons if each.step_key == step.key))
        if of_step:
            yield Blocked(step.key, starts.get(step.key), of_step)
