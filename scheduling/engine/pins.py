"""Some steps' starts given: is there a whole visit with them, and when could the other steps start?"""

from collections.abc import Iterator, Mapping

from scheduling.engine import bitsets
from scheduling.engine.chain import Chain, Search, Step, Window
from scheduling.engine.completion import Completion
from scheduling.engine.days import Days
from scheduling.engine.itinerary import fits_chain
from scheduling.engine.visit import Itinerary

Starts = Mapping[str, int]
"""Per step key the wanted start of its acquisition; any subset of the steps, or none."""

Bounds = tuple[int, int]
"""Least and greatest start, both included; the first above the second where there is none."""


def bounds(chain: Chain, starts: Starts) -> list[Bounds]:
    """Per step, between which starts it can lie if only lags, period and given starts counted."""
    found = forward(chain, starts)
    for at in range(len(found) - 2, -1, -1):
        least, most = chain.gaps[at + 1]
        found[at] = _both(found[at], _shifted(found[at + 1], (-most, -least)))
    return found


def squeezed(chain: Chain, starts: Starts) -> int | None:
    """The first step that the steps before it, their wanted starts and the period leave no start, or None."""
    return next((at for at, (low, high) in enumerate(forward(chain, starts)) if low > high), None)


def forward(chain: Chain, starts: Starts) -> list[Bounds]:
    """Per step, what the steps before it and the period leave it."""
    search = chain.search
    found = [_own(step, search, starts) for step in search.steps]
    if search.known_end is not None:
        found[0] = _both(found[0], _shifted((search.known_end, search.known_end), chain.gaps[0]))
    for at in range(1, len(found)):
        found[at] = _both(found[at], _shifted(found[at - 1], chain.gaps[at]))
    return found


def _own(step: Step, search: Search, starts: Starts) -> Bounds:
    low, high = search.earliest, search.latest - step.acquisition_minutes
    t = starts.get(step.key)
    return (low, high) if t is None else (max(t, low), min(t, high))


def _both(one: Bounds, other: Bounds) -> Bounds:
    return max(one[0], other[0]), min(one[1], other[1])


def _shifted(one: Bounds, gap: Window) -> Bounds:
    return one[0] + gap[0], one[1] + gap[1]


def times_at(chain: Chain, starts: Starts) -> tuple[int, ...] | None:
    """The starts of all steps of the best whole visit with these, or None."""
    limits = bounds(chain, starts)
    if any(low > high for low, high in limits):
        return None
    low, high = limits[chain.anchor]
    found = (times for _, times in visits(chain, (low, high + 1), starts))
    return next(found, None)


def visits(
    chain: Chain, window: Window, starts: Starts | None = None
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Each start of the anchor within `window` at which there is a visit, with the best one's times, ascending."""
    completion, anchors = around(chain, window, starts or {})
    while anchors:
        first = anchors & -anchors
        anchors ^= first
        start = completion.base + first.bit_length() - 1
        best = completion.best(start)
        if best is not None:
            yield start, best[1]


def around(chain: Chain, window: Window, starts: Starts) -> tuple[Completion, int]:
    """What finds the best visit for an anchor start within `window`, and which of them may have one."""
    frame, reach = chain.bits(window)
    for at, step in enumerate(chain.search.steps):
        if step.key in starts:
            reach[at] &= bitsets.span(starts[step.key], starts[step.key] + 1, frame.base)
    anchors = reach[chain.anchor] if all(reach) else 0
    anchors &= bitsets.span(*window, frame.base)
    day_of = chain.search.day_of
    return Completion(chain, frame, reach, Days(day_of) if day_of else None), anchors


def best_at(search: Search, starts: Starts) -> Itinerary | None:
    """The best whole visit with these starts, by the code that finds and books every other visit."""
    chain = Chain.of(search)
    times = times_at(chain, starts)
    return None if times is None else placed(chain, times)


def placed(chain: Chain, times: tuple[int, ...]) -> Itinerary:
    """The visit at these times, with the resources that booking chooses."""
    found = fits_chain(chain, times)
    if isinstance(found, str):
        raise AssertionError(f"The sets of starts promise what does not fit: {found}")
    return found


def before(step: Step) -> int:
    """Minutes before the start of the acquisition from which on anything is needed."""
    return max([0, *(need.starts_before for need in step.needs)])


def after(step: Step) -> int:
    """Minutes after the start of the acquisition until which anything is needed."""
    return max([step.acquisition_minutes, *(need.ends_after_start for need in step.needs)])
