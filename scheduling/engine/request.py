"""What a search is asked: the steps of a visit with their needs, and the time that resources have free."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from scheduling.engine.doses import Batch, DoseNeed
from scheduling.engine.intervals import Intervals
from scheduling.engine.ranking import EARLIEST_FIRST, Ranking
from scheduling.engine.timeline import Timeline

PATIENT = "patient"
PREP_BAY = "prep_bay"
XRAY_STEP = "xray"


@dataclass(frozen=True, slots=True)
class Need:
    """`count` resources with all of `capabilities` are occupied in [t - starts_before, t + ends_after_start).

    t is the start of the acquisition. A need that is over before t has a negative `ends_after_start`.
    """

    capabilities: frozenset[str]
    starts_before: int
    ends_after_start: int
    count: int = 1


@dataclass(frozen=True, slots=True)
class Lag:
    """A start lies lag_min to lag_max minutes, both included, after the end of the earlier step `step`.

    Negative minutes let the steps overlap; None is no limit.
    """

    step: str
    lag_min: int
    lag_max: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One acquisition. The lag, both ends included, runs from the end of the step before to this start.

    Lags may be negative, for steps that overlap. `lags`: further ones, from any earlier step.
    The first need is the room: `same_room_as` names an earlier step whose first need gets the same resource.
    `same_day`: starts on the same local day as the step before. A step without needs rides on the others.
    `allowed`: the only starts at which the acquisition may begin (a dose is left); None is any.
    `dose`: what is given at the start, from which `allowed` was worked out (`tracers.with_doses`).
    """

    key: str
    acquisition_minutes: int
    needs: tuple[Need, ...]
    lag_min: int = 0
    lag_max: int | None = None
    same_room_as: str | None = None
    same_day: bool = False
    allowed: Intervals | None = None
    lags: tuple[Lag, ...] = ()
    dose: DoseNeed | None = None


@dataclass(frozen=True, slots=True)
class ResourceFree:
    """A room, a person or the patient, with the minutes that are free, in the normal form of `intervals`.

    `kept`: the same in the forms that a search needs, where whoever read them keeps it for the next search.
    """

    id: int
    name: str
    capabilities: frozenset[str]
    free: Intervals
    kept: Timeline | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """What is wanted. All that is occupied lies within [earliest, latest).

    `known_end`: end of an X-ray done elsewhere; `steps` then begins with the step after it, whose lag counts
    from there. `day_of`: number of the local day of a minute (`calendars.day_number`).
    `anchor`: key of the first lung step, by which itineraries are ranked; by default the first step that is
    not the X-ray. `grid_minutes`: which of its starts are offered (`itinerary.search`); the other steps start
    at any minute.

    `known_until`: before this minute the free minutes of `resources` are complete; None is all of the search.
    `more(until)`: the same resources in the same order, complete before `until` at least. So the rows of the
    first days are enough where they hold the answer. `complete()` asks for the rest.
    `batches`: what the doses of the steps are taken from.
    """

    steps: tuple[Step, ...]
    resources: tuple[ResourceFree, ...]
    earliest: int
    latest: int
    known_end: int | None = None
    day_of: Callable[[int], int] | None = None
    anchor: str | None = None
    grid_minutes: int = 1
    ranking: Ranking = EARLIEST_FIRST
    known_until: int | None = None
    more: Callable[[int], tuple[ResourceFree, ...]] | None = None
    batches: tuple[Batch, ...] = ()

    def complete(self, until: int | None = None) -> "Search":
        """This search with resources that are known before `until`, None for all of it."""
        until = self.latest if until is None else min(until, self.latest)
        if self.more is None or self.known_until is None or self.known_until >= until:
            return self
        return replace(self, resources=self.more(until), known_until=until)


def planned_step(
    key: str,
    *,
    room: frozenset[str],
    setup_minutes: int,
    acquisition_minutes: int,
    clearance_minutes: int,
    technologist: str | None,
    prep_minutes: int = 0,
    lag_min: int = 0,
    lag_max: int | None = None,
    same_room_as: str | None = None,
    same_day: bool = False,
) -> Step:
    """A step from its times: set-up, acquisition and clearance take the room; people leave before clearance.

    Preparation, in a bay, ends when set-up begins; the patient is there for all but clearance.
    """
    needs = [Need(room, setup_minutes, acquisition_minutes + clearance_minutes)]
    if technologist:
        needs.append(Need(frozenset({technologist}), setup_minutes, acquisition_minutes))
    if prep_minutes:
        needs.append(Need(frozenset({PREP_BAY}), setup_minutes + prep_minutes, -setup_minutes))
    needs.append(Need(frozenset({PATIENT}), setup_minutes + prep_minutes, acquisition_minutes))
    return Step(key, acquisition_minutes, tuple(needs), lag_min, lag_max, same_room_as, same_day)
