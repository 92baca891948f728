"""Why a time cannot be, or why nothing was found, in sentences for the scheduler."""

from collections.abc import Iterator, Sequence

from scheduling.engine.chain import PATIENT, Chain, Need, Step
from scheduling.engine.intervals import Intervals, clip, dilate, intersect
from scheduling.engine.window import duration_words

_STEPS = {"xray": "X-ray"}
_RESOURCES = {
    "xray": "X-ray room",
    "ventilation": "ventilation room",
    "gamma_camera_planar": "gamma camera",
    "gamma_camera_spect": "SPECT camera",
    "prep_bay": "preparation bay",
    "technologist_xray": "X-ray technologist",
    "technologist_nm": "nuclear medicine technologist",
    "negative_pressure": "negative pressure",
}
TWICE = "The same room or person would be needed twice at the same time."


def step_words(key: str) -> str:
    return _STEPS.get(key, key.replace("_", " "))


def resource_words(capabilities: frozenset[str]) -> str:
    """ "ventilation room with negative pressure": the kind of resource a need asks for."""
    known = [words for capability, words in _RESOURCES.items() if capability in capabilities]
    other = sorted(each.replace("_", " ") for each in capabilities if each not in _RESOURCES)
    return " with ".join(known + other) or "resource"


def same_day_kept(chain: Chain, at: int, t: int, before: int | None) -> bool:
    """Whether a step at `t` is on the local day of the step before (or of the X-ray done elsewhere)."""
    search = chain.search
    if before is None:
        before = search.known_end
    if not search.steps[at].same_day or search.day_of is None or before is None:
        return True
    return search.day_of(before) == search.day_of(t)


def off_time(chain: Chain, times: Sequence[int]) -> str | None:
    """The first start that lies outside the searched period, or at a wrong distance from the step before."""
    ends: int | None = chain.search.known_end
    for at, (step, t) in enumerate(zip(chain.search.steps, times, strict=True)):
        words = step_words(step.key)
        if t < chain.search.earliest or t + step.acquisition_minutes > chain.search.latest:
            return f"The {words} lies outside the period that was searched."
        if ends is not None:
            gap, before = t - ends, _before(chain, at)
            if gap < step.lag_min or (step.lag_max is not None and gap > step.lag_max):
                return f"The {words} starts {_gap_words(gap)} {before}; it must start {_lag_words(step)} it."
            if not same_day_kept(chain, at, t, times[at - 1] if at else None):
                return f"The {words} must be on the same day as {before.removeprefix('the end of ')}."
        ends = t + step.acquisition_minutes
    return None


def unserved(chain: Chain, free: Sequence[Sequence[bool]]) -> str:
    """The first need that nobody is free for, else what the needs together lack."""
    for step, row in zip(chain.search.steps, free, strict=True):
        for need, served in zip(step.needs, row, strict=True):
            if not served:
                return _nobody(need, f"for the {step_words(step.key)} at this time")
    if chain.room_pairs:
        return f"{TWICE[:-1]}, or no one room is free for {_shared_steps(chain)}."
    return TWICE


def nothing_found(chain: Chain) -> tuple[str, ...]:
    """What stands in the way, from the nearest cause to the farthest: resources, links, the whole chain."""
    whole = (chain.search.earliest, chain.search.latest + 1)
    missing = dict.fromkeys(_missing(chain, whole))
    if missing:
        return tuple(missing)
    starts = [chain.starts(at, whole) for at in range(len(chain.search.steps))]
    apart = [
        f"The room and the people for the {step_words(step.key)} are never free together in this period."
        for step, found in zip(chain.search.steps, starts, strict=True)
        if not found
    ]
    if apart:
        return tuple(apart)
    broken = tuple(_broken_links(chain, starts))
    if broken:
        return broken
    if not chain.reach(whole)[chain.anchor]:
        if chain.room_pairs:
            return (f"No one room is free for {_shared_steps(chain)} in this period.",)
        return ("Each step and each link has free times, but no time fits the whole chain.",)
    return (f"The steps find no times together. {TWICE}",)


def _missing(chain: Chain, whole: tuple[int, int]) -> Iterator[str]:
    for step, pools in zip(chain.search.steps, chain.pools, strict=True):
        for need, pool in zip(step.needs, pools, strict=True):
            if not pool:
                yield f"There is no {resource_words(need.capabilities)} to choose from."
            elif not chain.serves(need, pool, whole):
                ever = any(clip(resource.free, *whole) for resource in pool)
                yield _nobody(need, "for long enough in this period" if ever else "in this period")


def _nobody(need: Need, when: str) -> str:
    if PATIENT in need.capabilities:
        return f"The patient is not free {when}."
    return f"No {resource_words(need.capabilities)} is free {when}."


def _broken_links(chain: Chain, starts: Sequence[Intervals]) -> Iterator[str]:
    known = chain.search.known_end
    for at, step in enumerate(chain.search.steps):
        if at:
            reached = dilate(starts[at - 1], *_raw_gap(chain, at))
        elif known is not None:
            reached = dilate(((known, known + 1),), *chain.gaps[0])
        else:
            continue
        words = step_words(step.key)
        if not intersect(starts[at], reached):
            yield f"No {words} start lies {_lag_words(step)} {_before(chain, at, 'a')}."
        elif at and not intersect(starts[at], dilate(starts[at - 1], *chain.gaps[at])):
            yield f"The {words} must start too soon after {_before(chain, at)}. {TWICE}"


def _raw_gap(chain: Chain, at: int) -> tuple[int, int]:
    before, step = chain.search.steps[at - 1], chain.search.steps[at]
    return before.acquisition_minutes + step.lag_min, chain.gaps[at][1]


def _before(chain: Chain, at: int, article: str = "the") -> str:
    if not at:
        return "the X-ray done elsewhere"
    words = step_words(chain.search.steps[at - 1].key)
    return f"{'an' if article == 'a' and words[0] in 'aeioXu' else article} {words}"


def _lag_words(step: Step) -> str:
    if step.lag_max is None:
        return f"at least {duration_words(step.lag_min)} after" if step.lag_min else "after"
    if step.lag_min == 0:
        return f"within {_minutes(step.lag_max)} after"
    return f"{duration_words(step.lag_min)} to {duration_words(step.lag_max)} after"


def _gap_words(gap: int) -> str:
    return f"{duration_words(gap)} after" if gap >= 0 else f"{duration_words(-gap)} before the end of"


def _minutes(minutes: int) -> str:
    return f"{minutes} minutes" if minutes < 60 else duration_words(minutes)


def _shared_steps(chain: Chain) -> str:
    one, other = chain.room_pairs[0]
    names = [step_words(chain.search.steps[at].key) for at in (one, other)]
    return f"both {names[0]} and {names[1]}"
