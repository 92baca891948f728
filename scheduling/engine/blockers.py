"""The reasons that keep wanted starts from being a whole visit, found by dropping them until it is one.

What is found first is dropped, and the same search is asked again, so that nothing hides behind it: with all
the reasons dropped, the wanted starts are a visit.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from scheduling.engine import refusal, tracers
from scheduling.engine.chain import PATIENT, Chain, Need, ResourceFree, Search, Step
from scheduling.engine.intervals import Intervals, clip, erode, subtract
from scheduling.engine.pins import Bounds, Starts, after, before, bounds, forward, squeezed, times_at
from scheduling.engine.refusal import listed, step_words
from scheduling.engine.relaxation import Freed, Kind, OneMore, Rule, Term, Waived, Widened, without

SHORT = 90
"""Where a step can start within so many minutes, what occupies a resource is told with its times; else its kind."""

NAMED = 3
"""So many things that occupy one resource are named one by one."""

_ROUNDS = 12
_START = attrgetter("start")


class Occupied(NamedTuple):
    """Why a resource is not free in [start, end): `words` follow its name, "is busy until 10:40"."""

    start: int
    end: int
    kind: Kind
    words: str


Occupancy = Mapping[int, tuple[Occupied, ...]]
"""By resource id, in order of time."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing in the way of a step; dropping its terms takes it away."""

    step_key: str
    headline: str
    sentence: str
    terms: tuple[Term, ...]
    resource_id: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked: `search` is cut down to where the wanted starts can be; `clock` says a minute."""

    starts: Starts
    occupied: Occupancy
    clock: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A step that cannot start within `window` by itself, and those of its needs that nobody can serve there."""

    at: int
    window: Bounds
    unserved: tuple[Need, ...]


def obstacles(chain: Chain, starts: Starts) -> list[Obstacle]:
    """The steps that have no start where the lags and the wanted starts leave them one."""
    limits = bounds(chain, starts)
    if any(low > high for low, high in limits):
        return []
    found = []
    for at, (low, high) in enumerate(limits):
        window = (low, high + 1)
        if not chain.starts(at, window):
            needs = zip(chain.search.steps[at].needs, chain.pools[at], strict=True)
            unserved = tuple([need for need, pool in needs if not chain.serves(need, pool, window)])
            found.append(Obstacle(at, window, unserved))
    return found


def rounds(chain: Chain, blocked: list[Obstacle], asked: Asked) -> Iterator[list[Reason]]:
    """The reasons in the order found, each round with those of the rounds before dropped.

    `blocked`: the obstacles of the chain. There is no visit with the wanted starts.
    """
    dropped: list[Term] = []
    relaxed = chain
    for turn in range(_ROUNDS):
        if dropped and times_at(relaxed, asked.starts) is not None:
            return
        blocked = obstacles(relaxed, asked.starts) if dropped else blocked
        found = _fresh(_broken(relaxed, blocked, asked), dropped) if turn < _ROUNDS - 2 else []
        found = found or _fresh(_everything(relaxed.search, asked), dropped)
        if not found:
            return
        yield found
        dropped += [term for reason in found for term in reason.terms]
        relaxed = Chain.of(without(chain.search, dropped))


def _fresh(reasons: Iterator[Reason], dropped: list[Term]) -> list[Reason]:
    known = set(dropped)
    return [each for each in dict.fromkeys(reasons) if any(term not in known for term in each.terms)]


def _broken(chain: Chain, blocked: list[Obstacle], asked: Asked) -> Iterator[Reason]:
    """What stands in the way next: what there is none of, the period, the distances, the resources, the links."""
    for look in (_missing, _off_period, _off_distance):
        found = list(look(chain, asked))
        if found:
            yield from found
            return
    reasons = [reason for each in blocked for reason in _blocked(chain, each, asked)]
    yield from reasons or _together(chain, asked)


def _missing(chain: Chain, asked: Asked) -> Iterator[Reason]:
    for step, pools in zip(chain.search.steps, chain.pools, strict=True):
        for need, pool in zip(step.needs, pools, strict=True):
            lacking = need.count - len(pool)
            if lacking > 0:
                sentence = refusal.none_of(need, len(pool))
                terms = tuple(OneMore(need.capabilities, number) for number in range(lacking))
                yield Reason(step.key, sentence, sentence, terms)


def _off_period(chain: Chain, asked: Asked) -> Iterator[Reason]:
    """Starts that lie, or are prepared or cleared up after, outside the period that was searched."""
    search = chain.search
    for step in search.steps:
        t = asked.starts.get(step.key)
        if t is None or (t - before(step) >= search.earliest and t + after(step) <= search.latest):
            continue
        is_inside = search.earliest <= t and t + step.acquisition_minutes <= search.latest
        sentence = refusal.outside(step)
        if is_inside and t - before(step) < search.earliest:
            begins, first = asked.clock(t - before(step)), asked.clock(search.earliest)
            words = step_words(step.key)
            sentence = (
                f"The {words} would have to be prepared from {begins} on; {first} is the first minute left."
            )
        yield Reason(step.key, sentence, sentence, (Widened(t - before(step), t + after(step)),))


def _off_distance(chain: Chain, asked: Asked) -> Iterator[Reason]:
    """The first step that the wanted starts, the period or the known X-ray leave no minute for."""
    at = squeezed(chain, asked.starts)
    if at is None:
        return
    step, search = chain.search.steps[at], chain.search
    wider = _wider(chain, at, asked.starts)
    if squeezed(Chain.of(without(search, [wider])), asked.starts) != at:
        sentence = refusal.no_minute_left(chain, at, asked.starts, asked.clock)
        yield Reason(step.key, sentence, sentence, (wider,))
    else:
        sentence = refusal.off_distance(chain, at, asked.starts)
        yield Reason(step.key, sentence, sentence, (Waived(step.key, Rule.LAG),))


def _wider(chain: Chain, at: int, starts: Starts) -> Widened:
    """The period with as many more minutes at both ends as the step at `at` lacks, and its preparation."""
    search = chain.search
    lacking = max(low - high for low, high in forward(chain, starts)[: at + 1])
    return Widened(
        search.earliest - lacking - max(before(step) for step in search.steps),
        search.latest + lacking + max(after(step) for step in search.steps),
    )


def _blocked(chain: Chain, obstacle: Obstacle, asked: Asked) -> Iterator[Reason]:
    """Why this step by itself cannot start within its bounds."""
    step, (low, end) = chain.search.steps[obstacle.at], obstacle.window
    yield from _no_dose(chain, obstacle, asked)
    for need, pool in zip(step.needs, chain.pools[obstacle.at], strict=True):
        if obstacle.unserved and need not in obstacle.unserved:
            continue
        headline = refusal.not_free(chain, obstacle.at, need if obstacle.unserved else None, asked.starts)
        hull = (
            max(low - need.starts_before, chain.search.earliest),
            min(end - 1 + need.ends_after_start, chain.search.latest),
        )
        place = Place(step.key, headline, need, hull, is_short=end - low <= SHORT)
        for resource in pool:
            yield from _occupations(place, resource, asked)


@dataclass(frozen=True, slots=True)
class Place:
    """One need of a step, and the minutes in which it would have to be served."""

    step_key: str
    headline: str
    need: Need
    hull: Bounds
    is_short: bool


def _no_dose(chain: Chain, obstacle: Obstacle, asked: Asked) -> Iterator[Reason]:
    step, window = chain.search.steps[obstacle.at], obstacle.window
    if step.allowed is None or contains_all(step.allowed, window):
        return
    headline = refusal.no_dose(chain, obstacle.at, asked.starts)
    sentence, day_of = headline, chain.search.day_of
    if step.dose is not None and day_of is not None:
        batches = chain.search.batches
        sentence = tracers.why_none(batches, step.dose, window[0], clock=asked.clock, day_of=day_of)
    yield Reason(step.key, headline, sentence, (Waived(step.key, Rule.DOSE),))


def contains_all(allowed: Intervals, window: Bounds) -> bool:
    return subtract((window,), allowed) == ()


def overlaps(each: Occupied, low: int, high: int) -> bool:
    return each.start < high and each.end > low


def _occupations(place: Place, resource: ResourceFree, asked: Asked) -> Iterator[Reason]:
    """What occupies one resource in the minutes of `hull`, in one sentence: each span, or only their kinds."""
    free = clip(resource.free, *place.hull)
    rest = subtract((place.hull,), free) if place.hull[0] < place.hull[1] else ()
    if not rest:
        return
    entries = _entries(asked.occupied.get(resource.id, ()), rest)
    name = resource_name(resource)
    kinds = list(dict.fromkeys(kind for kind, _, _ in entries))
    terms = tuple([Freed(resource.id, low, high, kind) for kind, _, spans in entries for low, high in spans])
    if place.is_short and len(entries) <= NAMED:
        sentence = f"{name} {listed([words for _, words, _ in entries], 'and')}."
    else:
        is_ever = erode(free, place.need.starts_before, place.need.ends_after_start)
        sentence = refusal.seldom_free(name, kinds, place.need, bool(is_ever))
    yield Reason(place.step_key, place.headline, sentence, terms, resource.id)


def _entries(occupied: tuple[Occupied, ...], rest: Intervals) -> list[tuple[Kind, str, Intervals]]:
    """The spans that are not free, each with its kind and words; what nobody explains is of unknown kind."""
    entries, unexplained = [], rest
    low, high = rest[0][0], rest[-1][1]
    until = bisect_left(occupied, high, key=_START)
    for each in [each for each in occupied[:until] if each[1] > low]:
        spans = clip(rest, each.start, each.end)
        if spans:
            entries.append((each.kind, each.words, spans))
            unexplained = subtract(unexplained, spans)
    if unexplained:
        entries.append((Kind.UNKNOWN, "is not free", unexplained))
    return entries


def resource_name(resource: ResourceFree) -> str:
    return "The patient" if PATIENT in resource.capabilities else resource.name


def _together(chain: Chain, asked: Asked) -> Iterator[Reason]:
    """Each step has starts by itself: which rule between them, dropped alone, lets them be together?"""
    for reason in _between(chain, asked.starts):
        if times_at(Chain.of(without(chain.search, reason.terms)), asked.starts) is not None:
            yield reason
            return


def _between(chain: Chain, starts: Starts) -> Iterator[Reason]:
    steps = chain.search.steps
    for at, step in enumerate(steps):
        if step.same_day:
            sentence = refusal.other_day(chain, at)
            yield Reason(step.key, sentence, sentence, (Waived(step.key, Rule.SAME_DAY),))
        if step.same_room_as:
            sentence = refusal.no_one_room(chain)
            yield Reason(step.key, sentence, sentence, (Waived(step.key, Rule.SAME_ROOM),))
    last = steps[-1].key
    yield Reason(last, refusal.TWICE, refusal.TWICE, tuple(_doubled(steps)))
    for at, step in enumerate(steps):
        sentence = refusal.broken_link(chain, at)
        yield Reason(step.key, sentence, sentence, (Waived(step.key, Rule.LAG),))


def _doubled(steps: tuple[Step, ...]) -> Iterator[OneMore]:
    """One more resource for every need there is."""
    number = 0
    for step in steps:
        for need in step.needs:
            for _ in range(need.count):
                number += 1
                yield OneMore(need.capabilities, number)


def _everything(search: Search, asked: Asked) -> Iterator[Reason]:
    """The last resort, for what only several rules together forbid: all of them, in one sentence."""
    terms: list[Term] = []
    for step in search.steps:
        terms += [Waived(step.key, rule) for rule in Rule if rule != Rule.STEP]
    terms += _doubled(search.steps)
    widest = sum(before(step) + after(step) for step in search.steps)
    terms.append(Widened(search.earliest - widest, search.latest + widest))
    yield Reason(search.steps[-1].key, refusal.NO_CHAIN, refusal.NO_CHAIN, tuple(terms))
