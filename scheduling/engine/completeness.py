"""What a reader needs before reading can begin, and which of it is missing. Nothing here stops anybody.

Each Need has a name and a sentence of what is missing, empty where it is there. What was stopped, left out or
skipped with a reason is not missing: the reason stands in the record.
"""

from collections.abc import Iterator
from dataclasses import dataclass

XRAY, PERFUSION = "xray", "perfusion"
_PERFORMED = frozenset({"completed", "discontinued"})
_OVER = _PERFORMED | {"cancelled"}


@dataclass(frozen=True, slots=True)
class Acquired:
    """One lung acquisition. `wanted` and `there`: names of its views as planned, and as accepted or skipped with
    a reason. `has_tracer`: a dose is to be recorded for it. `given`, `residual`: of the doses recorded."""

    kind: str
    state: str
    wanted: tuple[str, ...] = ()
    there: frozenset[str] = frozenset()
    has_tracer: bool = False
    given: bool = False
    residual: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """`xray`: "" where none is needed, else "waiting", "done" or "seen". `compares`: count rates of both parts are
    wanted; `rates` are those measured. `unanswered`: clinical questions in words. `open_problems` in words."""

    acquired: tuple[Acquired, ...]
    xray: str = ""
    compares: bool = False
    rates: frozenset[str] = frozenset()
    unanswered: tuple[str, ...] = ()
    open_problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    key: str
    name: str
    missing: str = ""


def needs(facts: Facts) -> tuple[Need, ...]:
    """The whole list in a fixed order, without what this examination does not need."""
    return tuple(_needs(facts))


def missing(facts: Facts) -> tuple[str, ...]:
    """The sentences of what is missing."""
    return tuple(need.missing for need in needs(facts) if need.missing)


def _needs(facts: Facts) -> Iterator[Need]:
    if facts.xray:
        yield Need("xray", "Chest X-ray seen", _XRAY[facts.xray])
    yield Need("acquisitions", "Acquisitions", _acquisitions(facts))
    performed = [each for each in facts.acquired if each.state in _PERFORMED]
    if any(each.wanted for each in performed):
        yield Need("pictures", "Pictures", _pictures(performed))
    if any(each.has_tracer for each in performed):
        lacking = [each.kind for each in performed if each.has_tracer and not each.given]
        yield Need("doses", "Doses given", _of(lacking, "No dose is recorded for {}."))
    injected = [each for each in performed if each.kind == PERFUSION and each.given]
    if injected:
        lacking = [each.kind for each in injected if not each.residual]
        yield Need("residual", "Residual activity", "The syringe has not been measured." if lacking else "")
    if facts.compares and len(performed) > 1:
        yield Need("rates", "Count rates", _rates(facts))
    yield Need("answers", "Clinical questions", _of(facts.unanswered, "Not answered: {}."))
    if facts.open_problems:
        yield Need("problems", "Problems", _of(facts.open_problems, "Still open: {}."))


_XRAY = {
    "waiting": "No chest X-ray or chest CT is recorded.",
    "done": "Nobody has recorded who looked at the chest X-ray.",
    "seen": "",
}


def _acquisitions(facts: Facts) -> str:
    waiting = [each.kind for each in facts.acquired if each.state not in _OVER]
    return _of(waiting, "Not ended: {}.")


def _pictures(performed: list[Acquired]) -> str:
    lacking = [
        f"{each.kind} {_small(view)}" for each in performed for view in each.wanted if view not in each.there
    ]
    return _of(lacking, "No accepted picture: {}.")


def _small(view: str) -> str:
    """SPECT stays as it is."""
    return view if view[:2].isupper() else view[0].lower() + view[1:]


def _rates(facts: Facts) -> str:
    words = {"first": "after the first part", "total": "after the second"}
    return _of([text for key, text in words.items() if key not in facts.rates], "Not measured: {}.")


def _of(items: tuple[str, ...] | list[str], sentence: str) -> str:
    return sentence.format(", ".join(items)) if items else ""
