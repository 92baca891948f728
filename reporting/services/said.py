"""What a version or a draft says, part by part: for its page, for paper, and to compare it with another one."""

from collections.abc import Mapping
from dataclasses import dataclass

from reporting.engine import differences
from reporting.engine.segments import DEFAULT_SEGMENTS, SEGMENTS
from reporting.models import VersionKind
from reporting.services import reading, versions

ALWAYS = ("Findings", "Impression")
COLUMNS = ("perfusion", "ventilation", "xray", "wedge", "stripe")
WORDS = {"xray": "X-ray", "stripe": "stripe sign", "cteph": "CTEPH"}


@dataclass(frozen=True, slots=True)
class Change:
    """A version with what it says otherwise than the report said before it."""

    version: object
    differences: tuple[differences.Difference, ...]


def parts(content):
    """{label: text} of what is said, in reading order; parts that say nothing are left out."""
    term = reading.term(content)
    found = {
        "Result": f"{term.label} ({term.scheme})" if term else "",
        "Segments and signs": "\n".join(_lines(content.reading)),
        "Findings": content.findings,
        "Impression": content.impression,
        "Next step": content.next_step,
        "Why not as the criteria suggest": content.override_reason,
    }
    return {label: text for label, text in found.items() if text}


def changes(found):
    """Per version (oldest first) that changed what the report says, what it changed; the first one changed nothing."""
    result, before = [], None
    for version in found:
        if version.kind in versions.BASES:
            said = () if before is None else differences.between(parts(before), parts(version))
            before = version
        elif version.kind == VersionKind.ADDENDUM:
            said = differences.between({}, {"Addendum": version.addendum})
        else:
            said = ()
        result.append(Change(version, said))
    return result


def between(before, after):
    """What `after` says otherwise than `before`."""
    return differences.between(parts(before), parts(after))


def _lines(kept):
    """A reading's JSON as lines: each defect by itself, segments without one together where they are alike."""
    if not isinstance(kept, Mapping):
        return []
    alike = {}
    for code, each in _in_order(kept):
        is_defect = each.get("perfusion") not in (None, "normal")
        alike.setdefault((is_defect and code, _words(_sorted(each))), []).append(code)
    lines = [f"{', '.join(codes)}: {words}" for (_, words), codes in alike.items()]
    rest = {key: each for key, each in kept.items() if key not in ("segments", "segment_scheme")}
    return [*lines, *(f"{_word(key)}: {_words(rest[key])}" for key in sorted(rest))]


def _in_order(kept):
    """(code, values) of the segments as their scheme has them: the database keeps JSON in an order of its own."""
    segments = kept.get("segments", {})
    known = [each.code for each in SEGMENTS.get(kept.get("segment_scheme", DEFAULT_SEGMENTS), ())]
    return [
        (code, segments[code]) for code in [*known, *sorted(segments.keys() - set(known))] if code in segments
    ]


def _sorted(values):
    """A segment's values as the table has its columns."""
    names = [*(name for name in COLUMNS if name in values), *sorted(values.keys() - set(COLUMNS))]
    return {name: values[name] for name in names}


def _words(value):
    if isinstance(value, Mapping):
        return ", ".join(f"{_word(key)} {_words(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_words(each) for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _word(value)


def _word(value):
    return WORDS.get(value) or str(value).replace("_", " ")
