"""A reading as JSON: what a report keeps, an interface sends and a signature covers. What is empty is left out, so a
reading has one form only."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any, TypeVar

from reporting.engine import differential as figures
from reporting.engine.findings.values import (
    Comparison,
    Differential,
    Measured,
    Reading,
    Region,
    SegmentFinding,
)
from reporting.engine.findings.vocabulary import (
    LIMITS,
    NONSEGMENTAL,
    OTHER_FINDINGS,
    Change,
    Effusion,
    Level,
    Perfusion,
    Quality,
    Technique,
    Ventilation,
    Xray,
)
from reporting.engine.segments import DEFAULT_SEGMENTS, SEGMENTS

LONGEST_NOTE = 500
LARGEST_ORDER = 2**63 - 1
LARGEST_COUNT = 10**9
Word = TypeVar("Word", bound=StrEnum)


class InvalidReading(ValueError):
    """`path` says where ("segments.RB1.perfusion"), `sentence` what is wrong and what to do."""

    def __init__(self, path: str, sentence: str):
        super().__init__(f"{path}: {sentence}")
        self.path = path
        self.sentence = sentence


def parse(kept: object) -> Reading:
    """The reading that this JSON is. Raises InvalidReading for anything that a reading cannot hold."""
    found = _mapping(kept, "reading", READING_KEYS)
    scheme = _one_of(found.get("segment_scheme", DEFAULT_SEGMENTS), "segment_scheme", SEGMENTS)
    effusion = _mapping(found.get("effusion", {}), "effusion", ("right", "left"))
    return Reading(
        segment_scheme=scheme,
        segments=_segments(found.get("segments", {}), scheme),
        nonsegmental=_keys(found, "nonsegmental", NONSEGMENTAL),
        effusion_right=_word(effusion, "right", Effusion, "effusion."),
        effusion_left=_word(effusion, "left", Effusion, "effusion."),
        near_normal=bool(_truth(found, "near_normal")),
        quality=_word(found, "quality", Quality),
        limits=_keys(found, "limits", LIMITS),
        limits_note=_note(found, "limits_note"),
        cteph=_truth(found, "cteph"),
        other=_keys(found, "other", OTHER_FINDINGS),
        other_note=_note(found, "other_note"),
        differential=_differential(found.get("differential", {})),
        comparison=_comparison(found.get("comparison", {})),
        confidence=_word(found, "confidence", Level),
        prior=_word(found, "prior", Level),
        technique=_technique(found),
    )


def as_json(reading: Reading) -> dict[str, Any]:
    """The reading as plain JSON without what is empty; `parse` gives it back."""
    effusion = _filled({"right": str(reading.effusion_right), "left": str(reading.effusion_left)})
    found: dict[str, Any] = {
        "segments": {each.code: _segment_json(each) for each in reading.segments},
        "effusion": effusion,
        "differential": _differential_json(reading.differential),
        "comparison": _plain(reading.comparison),
    }
    for name in PLAIN:
        found[name] = _value(getattr(reading, name))
    if found["segments"] or reading.segment_scheme != DEFAULT_SEGMENTS:
        found["segment_scheme"] = reading.segment_scheme
    if reading.cteph is False:
        found["cteph"] = False
    return _filled(found, but=("cteph",) if reading.cteph is False else ())


READING_KEYS = (
    "segment_scheme",
    "segments",
    "nonsegmental",
    "effusion",
    "near_normal",
    "quality",
    "limits",
    "limits_note",
    "cteph",
    "other",
    "other_note",
    "differential",
    "comparison",
    "confidence",
    "prior",
    "technique",
)
PLAIN = (
    "nonsegmental",
    "near_normal",
    "quality",
    "limits",
    "limits_note",
    "cteph",
    "other",
    "other_note",
    "confidence",
    "prior",
    "technique",
)
SEGMENT_KEYS = ("perfusion", "ventilation", "xray", "wedge", "stripe")


def _segments(kept: object, scheme: str) -> tuple[SegmentFinding, ...]:
    codes = [segment.code for segment in SEGMENTS[scheme]]
    found = _mapping(kept, "segments", codes)
    every = (_segment(code, found[code]) for code in codes if code in found)
    return tuple(each for each in every if each != SegmentFinding(each.code))


def _segment(code: str, kept: object) -> SegmentFinding:
    path = f"segments.{code}"
    found = _mapping(kept, path, SEGMENT_KEYS)
    finding = SegmentFinding(
        code,
        _word(found, "perfusion", Perfusion, f"{path}."),
        _word(found, "ventilation", Ventilation, f"{path}."),
        _word(found, "xray", Xray, f"{path}."),
        _truth(found, "wedge", f"{path}."),
        bool(_truth(found, "stripe", f"{path}.")),
    )
    if finding.is_defect:
        return finding
    # Shape and stripe sign are a defect's: they go with it, so that a changed mind leaves nothing behind.
    return SegmentFinding(code, finding.perfusion, finding.ventilation, finding.xray)


def _segment_json(finding: SegmentFinding) -> dict[str, Any]:
    found = _plain(finding)
    del found["code"]
    if finding.wedge is False:
        found["wedge"] = False
    return found


def _comparison(kept: object) -> Comparison:
    found = _mapping(kept, "comparison", ("prior_order", "change", "note"))
    prior = found.get("prior_order")
    if prior is not None:
        prior = _whole(prior, "comparison.prior_order", most=LARGEST_ORDER)
    return Comparison(
        prior, _word(found, "change", Change, "comparison."), _note(found, "note", "comparison.")
    )


def _differential(kept: object) -> Differential:
    found = _mapping(kept, "differential", ("perfusion", "ventilation"))
    parts = {part: _measured(found[part], f"differential.{part}") for part in found}
    return Differential(parts.get("perfusion"), parts.get("ventilation"))


def _measured(kept: object, path: str) -> Measured:
    found = _mapping(kept, path, ("by", "regions"))
    by = _one_of(found.get("by"), f"{path}.by", figures.REGIONS)
    regions = _mapping(found.get("regions", {}), f"{path}.regions", figures.REGIONS[by])
    measured = Measured(
        by,
        tuple(
            _region(key, regions[key], f"{path}.regions.{key}")
            for key in figures.REGIONS[by]
            if key in regions
        ),
    )
    if refusal := figures.why_not(measured):
        raise InvalidReading(path, refusal)
    return measured


def _region(key: str, kept: object, path: str) -> Region:
    found = _mapping(kept, path, ("percent", "anterior", "posterior"))
    counts = [
        _whole(found[view], f"{path}.{view}", most=LARGEST_COUNT) if found.get(view) is not None else None
        for view in ("anterior", "posterior")
    ]
    percent = found.get("percent")
    if percent is not None:
        percent = _percent(percent, f"{path}.percent")
    if (percent is None) == (counts == [None, None]):
        raise InvalidReading(path, "Give either percent or counts.")
    return Region(key, percent, *counts)


def _differential_json(found: Differential) -> dict[str, Any]:
    parts = {"perfusion": found.perfusion, "ventilation": found.ventilation}
    return {
        part: {"by": each.by, "regions": {region.key: _region_json(region) for region in each.regions}}
        for part, each in parts.items()
        if each
    }


def _region_json(region: Region) -> dict[str, Any]:
    known = {"percent": region.percent, "anterior": region.anterior, "posterior": region.posterior}
    return {name: value for name, value in known.items() if value is not None}


def _plain(values: Any) -> dict[str, Any]:
    return _filled({each.name: _value(getattr(values, each.name)) for each in fields(values)})


def _value(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _filled(found: Mapping[str, Any], but: Iterable[str] = ()) -> dict[str, Any]:
    """Without what is empty; 0 is a value."""
    return {
        key: value
        for key, value in found.items()
        if key in but or not (value is None or value is False or value in ("", [], {}))
    }


def _mapping(kept: object, path: str, known: Iterable[str]) -> Mapping[str, Any]:
    if not isinstance(kept, Mapping):
        raise InvalidReading(path, "This should be an object.")
    allowed = set(known)
    if extra := next((key for key in kept if key not in allowed), None):
        raise InvalidReading(f"{path}.{extra}" if path != "reading" else str(extra), "Nothing has this name.")
    return kept


def _one_of(value: object, path: str, known: Iterable[str]) -> str:
    choices = list(known)
    if not isinstance(value, str) or value not in choices:
        raise InvalidReading(path, f"Choose one of {', '.join(each for each in choices if each)}.")
    return value


def _word(found: Mapping[str, Any], name: str, words: type[Word], under: str = "") -> Word:
    return words(_one_of(found.get(name, ""), f"{under}{name}", [str(word) for word in words]))


def _keys(found: Mapping[str, Any], name: str, known: Mapping[str, str]) -> tuple[str, ...]:
    given = found.get(name, [])
    if not isinstance(given, list):
        raise InvalidReading(name, "This should be a list.")
    chosen = {_one_of(each, name, known) for each in given}
    return tuple(key for key in known if key in chosen)


def _truth(found: Mapping[str, Any], name: str, under: str = "") -> bool | None:
    value = found.get(name)
    if value is not None and not isinstance(value, bool):
        raise InvalidReading(f"{under}{name}", "This should be true or false.")
    return value


def _technique(found: Mapping[str, Any]) -> Technique | None:
    said = found.get("technique", "")
    return Technique(_one_of(said, "technique", [str(word) for word in Technique])) if said != "" else None


def _note(found: Mapping[str, Any], name: str, under: str = "") -> str:
    value = found.get(name, "")
    if not isinstance(value, str):
        raise InvalidReading(f"{under}{name}", "This should be text.")
    text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(text) > LONGEST_NOTE:
        raise InvalidReading(f"{under}{name}", f"At most {LONGEST_NOTE} characters; this has {len(text)}.")
    if any(character == "\x00" or "\ud800" <= character <= "\udfff" for character in text):
        # PostgreSQL keeps neither.
        raise InvalidReading(f"{under}{name}", "A character in this text cannot be kept. Write it again.")
    return text


def _whole(value: object, path: str, *, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise InvalidReading(path, "This should be a whole number, 0 or more.")
    return value


def _percent(value: object, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise InvalidReading(path, "This should be a percentage from 0 to 100.")
    return float(value)
