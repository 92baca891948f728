"""One patient's own length of a step, where it is not the protocol's."""

from collections.abc import Mapping
from dataclasses import replace

from scheduling.engine.chain import Need, Search, Step


def with_lengths(search: Search, minutes: Mapping[str, int | None]) -> Search:
    """The search with these acquisition minutes per key of a step; None, or no entry, is the protocol's length."""
    if not any(minutes.values()):
        return search
    steps: list[Step] = []
    for step in search.steps:
        step = replace(step, lag_min=_lag(step, steps, search), lag_max=_lag_max(step, steps, search))
        steps.append(_of_length(step, minutes.get(step.key) or step.acquisition_minutes))
    return replace(search, steps=tuple(steps))


def _of_length(step: Step, minutes: int) -> Step:
    more = minutes - step.acquisition_minutes
    needs = tuple(_need(need, step.acquisition_minutes, more) for need in step.needs)
    return replace(step, acquisition_minutes=minutes, needs=needs)


def _need(need: Need, acquisition_minutes: int, more: int) -> Need:
    # What is over before the acquisition ends, as the preparation is, keeps its length.
    if need.ends_after_start < acquisition_minutes:
        return need
    return replace(need, ends_after_start=need.ends_after_start + more)


def _lag(step: Step, before: list[Step], search: Search) -> int:
    return step.lag_min - _growth(step, before, search)


def _lag_max(step: Step, before: list[Step], search: Search) -> int | None:
    return None if step.lag_max is None else step.lag_max - _growth(step, before, search)


def _growth(step: Step, before: list[Step], search: Search) -> int:
    """By how much the step before has grown, for one that starts together with it (a negative lag)."""
    if step.needs or not before:
        return 0
    return before[-1].acquisition_minutes - search.steps[len(before) - 1].acquisition_minutes
