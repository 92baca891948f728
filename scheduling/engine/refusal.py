"""Why a time cannot be, or why nothing was found, in sentences for the scheduler."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from scheduling.engine.chain import PATIENT, Chain, Need, Pool, Step
from scheduling.engine.intervals import Intervals, clip, contains, dilate, intersect
from scheduling.engine.window import duration_words

_STEPS = {"xray": "X-ray"}
_RESOURCES = {
    "xray": "X-ray room",
    "xray_portable": "portable X-ray unit",
    "ventilation": "ventilation room",
    "gamma_camera_planar": "gamma camera",
    "gamma_camera_spect": "SPECT camera",
    "prep_bay": "preparation bay",
    "technologist_xray": "X-ray technologist",
    "technologist_nm": "nuclear medicine technologist",
    "negative_pressure": "negative pressure",
    "isolation": "isolation",
}
_KINDS = {
    "booked": "busy",
    "cleared": "being cleared",
    "held": "held",
    "reserved": "kept for urgent patients",
    "closed": "closed",
    "holiday": "closed for a holiday",
    "gas": "closed to gas",
    "off_shift": "off shift",
}
TWICE = "The same room or person would be needed twice at the same time."
NO_CHAIN = "Each step and each link has free times, but no time fits the whole chain."


def step_words(key: str) -> str:
    return _STEPS.get(key, key.replace("_", " "))


def resource_words(capabilities: frozenset[str]) -> str:
    """ "ventilation room with negative pressure": the kind of resource a need asks for."""
    known = [words for capability, words in _RESOURCES.items() if capability in capabilities]
    other = sorted(each.replace("_", " ") for each in capabilities if each not in _RESOURCES)
    return " with ".join(known + other) or "resource"


def listed(words: Sequence[str], last: str) -> str:
    """busy, held or closed"""
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else words[0]


def same_day_kept(chain: Chain, at: int, t: int, before: int | None) -> bool:
    """Whether a step at `t` is on the local day of the step before (or of the X-ray done elsewhere)."""
    search = chain.search
    if before is None:
        before = search.known_end
    if not search.steps[at].same_day or search.day_of is None or before is None:
        return True
    return search.day_of(before) == search.day_of(t)


def off_time(chain: Chain, times: Sequence[int]) -> str | None:
    """The first start that is outside the searched period, at a wrong distance from another, or without a dose."""
    ends: int | None = chain.search.known_end
    for at, (step, t) in enumerate(zip(chain.search.steps, times, strict=True)):
        if t < chain.search.earliest or t + step.acquisition_minutes > chain.search.latest:
            return outside(step)
        if ends is not None:
            gap, before = t - ends, _before(chain, at)
            if gap < step.lag_min or (step.lag_max is not None and gap > step.lag_max):
                return _off_lag(step, gap, before, _lag_words(step))
            if not same_day_kept(chain, at, t, times[at - 1] if at else None):
                return other_day(chain, at)
        further = _further_lag(chain, at, times)
        if further is not None:
            return further
        if step.allowed is not None and not contains(step.allowed, t):
            return no_dose(chain, at, {step.key: t})
        ends = t + step.acquisition_minutes
    return None


def _further_lag(chain: Chain, at: int, times: Sequence[int]) -> str | None:
    """The sentence about a lag to a step other than the one before that is not kept."""
    step = chain.search.steps[at]
    ends = {
        other.key: t + other.acquisition_minutes
        for other, t in zip(chain.search.steps[:at], times[:at], strict=True)
    }
    for lag in step.lags:
        gap = times[at] - ends[lag.step]
        if gap < lag.lag_min or (lag.lag_max is not None and gap > lag.lag_max):
            other = f"the {step_words(lag.step)}"
            words = _range_words(lag.lag_min, lag.lag_max)
            return _off_lag(step, gap, other, words)
    return None


def _off_lag(step: Step, gap: int, before: str, wanted: str) -> str:
    return f"The {step_words(step.key)} starts {_gap_words(gap)} {before}; it must start {wanted} it."


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
    apart = [_apart(step) for step, found in zip(chain.search.steps, starts, strict=True) if not found]
    if apart:
        return tuple(apart)
    broken = tuple(_broken_links(chain, starts))
    if broken:
        return broken
    if not chain.reach(whole)[chain.anchor]:
        if chain.room_pairs:
            return (f"{no_one_room(chain)[:-1]} in this period.",)
        return (NO_CHAIN,)
    return (f"The steps find no times together. {TWICE}",)


def _missing(chain: Chain, whole: tuple[int, int]) -> Iterator[str]:
    for step, pools in zip(chain.search.steps, chain.pools, strict=True):
        for need, pool in zip(step.needs, pools, strict=True):
            if len(pool) < need.count:
                yield none_of(need, len(pool))
            elif not chain.serves(need, pool, whole):
                yield _never_free(chain, need, pool)


def _never_free(chain: Chain, need: Need, pool: Pool) -> str:
    ever = any(clip(resource.free, chain.search.earliest, chain.search.latest) for resource in pool)
    return _nobody(need, "for long enough in this period" if ever else "in this period")


def _nobody(need: Need, when: str) -> str:
    if PATIENT in need.capabilities:
        return f"The patient is not free {when}."
    return f"No {resource_words(need.capabilities)} is free {when}."


def _broken_links(chain: Chain, starts: Sequence[Intervals]) -> Iterator[str]:
    known = chain.search.known_end
    for at in range(len(chain.search.steps)):
        if at:
            reached = dilate(starts[at - 1], *_raw_gap(chain, at))
        elif known is not None:
            reached = dilate(((known, known + 1),), *chain.gaps[0])
        else:
            continue
        if not intersect(starts[at], reached):
            yield broken_link(chain, at)
        elif at and not intersect(starts[at], dilate(starts[at - 1], *chain.gaps[at])):
            yield _too_soon(chain, at)


def broken_link(chain: Chain, at: int) -> str:
    """No start of this step lies at the right distance from one of the step before."""
    step = chain.search.steps[at]
    if not at and chain.search.known_end is None:
        return f"No {step_words(step.key)} start is left."
    return f"No {step_words(step.key)} start lies {_lag_words(step)} {_before(chain, at, 'a')}."


def none_of(need: Need, there: int) -> str:
    """There are fewer of this kind than are needed at once."""
    words = resource_words(need.capabilities)
    if there:
        return f"Of the kind {words}, {need.count} are needed at once; there {'is' if there == 1 else 'are'} {there}."
    return f"There is no {words} to choose from."


def outside(step: Step) -> str:
    return f"The {step_words(step.key)} lies outside the period that was searched."


def other_day(chain: Chain, at: int) -> str:
    return f"The {step_words(chain.search.steps[at].key)} must be on the same day as {_before(chain, at)}."


def no_one_room(chain: Chain) -> str:
    return f"No one room is free for {_shared_steps(chain)}."


def off_distance(chain: Chain, at: int, starts: Mapping[str, int]) -> str:
    """A wanted start is too near to, or too far from, the wanted start of the step before."""
    steps = chain.search.steps
    times = [starts.get(step.key) for step in steps]
    t, ends = times[at], chain.search.known_end
    if at:
        before = times[at - 1]
        ends = None if before is None else before + steps[at - 1].acquisition_minutes
    if t is None or ends is None:
        return broken_link(chain, at)
    step, gap = steps[at], t - ends
    if gap < step.lag_min or (step.lag_max is not None and gap > step.lag_max):
        return _off_lag(step, gap, _before(chain, at), _lag_words(step))
    return _too_soon(chain, at)


def _too_soon(chain: Chain, at: int) -> str:
    return f"The {step_words(chain.search.steps[at].key)} must start too soon after {_before(chain, at)}. {TWICE}"


def no_minute_left(chain: Chain, at: int, starts: Mapping[str, int], clock: Callable[[int], str]) -> str:
    """A step has no minute between the ends of the period and the wanted start of its neighbour."""
    steps, search = chain.search.steps, chain.search
    t = starts.get(steps[at].key)
    if at and t is not None and t - chain.gaps[at][0] < search.earliest:
        before = steps[at - 1]
        by = clock(t - chain.gaps[at][0] + before.acquisition_minutes)
        first = clock(search.earliest)
        return f"The {step_words(before.key)} would have to end by {by}; {first} is the first minute that is left."
    return f"No {step_words(steps[at].key)} start is left in the period that was searched."


def not_free(chain: Chain, at: int, need: Need | None, starts: Mapping[str, int]) -> str:
    """What cannot be had for a step at its wanted start, or in all the minutes that its neighbour leaves it.

    Without a `need` each can be had, but never all of them together.
    """
    steps, step = chain.search.steps, chain.search.steps[at]
    words = step_words(step.key)
    if not starts:
        return _never_free(chain, need, chain.pools[at][step.needs.index(need)]) if need else _apart(step)
    if step.key in starts:
        if need is None:
            return f"The room and the people for the {words} are not free together at this time."
        return _nobody(need, f"for the {words} at this time")
    after = next((other for other in steps[at + 1 :] if other.key in starts), None)
    if any(other.key in starts for other in steps[:at]) or after is None:
        return f"No {words} can start {_lag_words(step)} {_before(chain, at)}."
    link = steps[at + 1]
    return f"No {words} can end {_range_words(link.lag_min, link.lag_max)[:-6]} before the {step_words(link.key)}."


def _apart(step: Step) -> str:
    return f"The room and the people for the {step_words(step.key)} are never free together in this period."


def no_dose(chain: Chain, at: int, starts: Mapping[str, int]) -> str:
    step = chain.search.steps[at]
    when = "at this time" if step.key in starts else "in this period" if not starts else "at the right time"
    return f"No dose is left for the {step_words(step.key)} {when}."


def seldom_free(name: str, kinds: Sequence[str], need: Need, is_ever: bool) -> str:
    """One resource over many minutes: what keeps it, and whether it is free for long enough at all."""
    words = list(dict.fromkeys(_KINDS.get(kind, "not free") for kind in kinds))
    listed = f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]
    if is_ever:
        return f"{name} is {listed} for part of that time."
    return (
        f"{name} is {listed}, never free for {_minutes(need.starts_before + need.ends_after_start)} in a row."
    )


def _raw_gap(chain: Chain, at: int) -> tuple[int, int]:
    before, step = chain.search.steps[at - 1], chain.search.steps[at]
    return before.acquisition_minutes + step.lag_min, chain.gaps[at][1]


def _before(chain: Chain, at: int, article: str = "the") -> str:
    if not at:
        return "the X-ray done elsewhere"
    words = step_words(chain.search.steps[at - 1].key)
    return f"{'an' if article == 'a' and words[0] in 'aeioXu' else article} {words}"


def _lag_words(step: Step) -> str:
    return _range_words(step.lag_min, step.lag_max)


def _range_words(least: int, most: int | None) -> str:
    if most is None:
        return f"at least {duration_words(least)} after" if least > 0 else "after"
    if least == most and least < 0:
        return "together with"
    if least <= 0:
        return f"within {_minutes(most)} after" if most >= 0 else "before the end of"
    return f"{duration_words(least)} to {duration_words(most)} after"


def _gap_words(gap: int) -> str:
    return f"{duration_words(gap)} after" if gap >= 0 else f"{duration_words(-gap)} before the end of"


def _minutes(minutes: int) -> str:
    return f"{minutes} minutes" if minutes < 60 else duration_words(minutes)


def _shared_steps(chain: Chain) -> str:
    one, other = chain.room_pairs[0]
    names = [step_words(chain.search.steps[at].key) for at in (one, other)]
    return f"both {names[0]} and {names[1]}"
