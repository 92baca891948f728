"""From structure to sentences, and never more than the structure: what is not assessed is not said, and what does not
count for the criteria (a value of what was not done) neither.

The sentences have no language yet (services/prose writes them). One sentence is one line, so that the reader's own
lines can be told from the generated ones and survive when the prose is made again (`renewed`).
"""

from collections.abc import Iterable
from difflib import SequenceMatcher

from reporting.engine import differential
from reporting.engine.criteria import Counts, counts, judged_by
from reporting.engine.findings import (
    Change,
    Effusion,
    Level,
    Measured,
    Perfusion,
    Quality,
    Reading,
    SegmentFinding,
    Study,
    Ventilation,
    Xray,
    counted,
)
from reporting.engine.probability import row_of
from reporting.engine.segments import LOBES, by_code
from reporting.engine.sentences import Line, Listed, Own, Sentence, say

SIZES = (Perfusion.LARGE, Perfusion.MODERATE, Perfusion.SMALL)
KNOWN_VENTILATION = (Ventilation.NORMAL, Ventilation.SMALLER, Ventilation.MATCHED, Ventilation.WORSE)
UNKNOWN_VENTILATION = (Ventilation.NOT_ASSESSED, Ventilation.NOT_DONE)
LESIONS = (Xray.SMALLER, Xray.EQUAL, Xray.LARGER)
NO_CRITERIA = "TEN_TERMS"


def findings(reading: Reading, study: Study, prior_day: str = "", *, scheme: str = "") -> tuple[Line, ...]:
    """What was done and what was seen. `prior_day`: the day of the examination compared with, in words; `scheme`: by
    which the mismatch is judged."""
    reading = counted(reading, study)
    return (
        *_done(reading, study),
        *_perfusion(reading),
        *_ventilation(reading, study),
        *_xray(reading),
        *_mismatch(reading, judged_by(scheme, study)),
        *_whole(reading),
        *_differential(reading),
        *_comparison(reading, prior_day),
    )


def impression(
    scheme: str, category: str, reading: Reading, study: Study, prior_day: str = ""
) -> tuple[Line, ...]:
    """The category in words, the probability where PIOPED has one, and what changed. Empty without a category."""
    if not category:
        return ()
    term = say(f"term.{category}")
    plain = scheme == NO_CRITERIA
    said: list[Line] = [say("impression.plain", term=term) if plain else _by_scheme(term, scheme)]
    row = row_of(scheme, category, study)
    percent = row.given(reading.prior) if row and row.is_checked(reading.prior) else None
    if percent is not None:
        said.append(say(f"probability.{reading.prior}", percent=percent))
    if reading.cteph:
        said.append(say("cteph.yes"))
    if reading.comparison.change:
        said += _comparison(reading, prior_day)[:1]
    if reading.confidence != Level.NOT_ASSESSED:
        said.append(say(f"confidence.{reading.confidence}"))
    return tuple(said)


def _by_scheme(term: Sentence, scheme: str) -> Sentence:
    return say("impression.by_scheme", term=term, scheme=say(f"scheme.{scheme}"))


def _done(reading: Reading, study: Study) -> Iterable[Line]:
    yield say(f"study.{study.technique}_{'vq' if study.ventilation_done else 'q'}")
    if not study.xray_known:
        yield say("study.no_xray")
    if reading.quality != Quality.NOT_ASSESSED:
        yield say(f"quality.{reading.quality}")
    if reading.limits:
        yield say("limits", limits=_words("limit", reading.limits))
    yield from _own(reading.limits_note)


def _perfusion(reading: Reading) -> Iterable[Line]:
    every = reading.every_segment()
    if reading.near_normal and not _is_all_normal(reading):
        yield say("perfusion.near_normal")
    for size in SIZES:
        for ventilation in (*KNOWN_VENTILATION, *UNKNOWN_VENTILATION[:1]):
            yield from _defects(reading, size, ventilation)
    normal = [each for each in every if each.perfusion == Perfusion.NORMAL]
    unknown = [each for each in every if each.perfusion == Perfusion.NOT_ASSESSED]
    if len(normal) == len(every):
        yield say("perfusion.normal")
    elif normal and not unknown:
        yield say("perfusion.rest_normal")
    elif unknown and len(unknown) < len(every):
        yield say("perfusion.not_assessed", where=_where(reading, unknown))
    yield from _shapes(reading, every)
    if reading.nonsegmental:
        yield say("nonsegmental", causes=_words("cause", reading.nonsegmental))


def _is_all_normal(reading: Reading) -> bool:
    every = reading.every_segment()
    return not reading.nonsegmental and all(each.perfusion == Perfusion.NORMAL for each in every)


def _defects(reading: Reading, size: Perfusion, ventilation: Ventilation) -> Iterable[Line]:
    """One line for the defects of one size with one ventilation; unknown ventilation is left unsaid."""
    unknown = ventilation == Ventilation.NOT_ASSESSED
    wanted = UNKNOWN_VENTILATION if unknown else (ventilation,)
    found = [each for each in reading.segments if each.perfusion == size and each.ventilation in wanted]
    if not found:
        return
    where, defect = _where(reading, found), say(f"defect.{size}")
    if unknown:
        yield say("defects", defect=defect, where=where)
    else:
        there = say(f"ventilation_there.{ventilation}")
        yield say("defects.ventilation", defect=defect, where=where, ventilation=there)


def _shapes(reading: Reading, every: tuple[SegmentFinding, ...]) -> Iterable[Line]:
    shapes = (
        ("shape.wedge", [each for each in every if each.wedge]),
        ("shape.other", [each for each in every if each.wedge is False]),
        ("stripe", [each for each in every if each.stripe]),
    )
    for key, found in shapes:
        if found:
            yield say(key, where=_codes(found))


def _ventilation(reading: Reading, study: Study) -> Iterable[Line]:
    every = reading.every_segment()
    if all(each.ventilation == Ventilation.NORMAL for each in every):
        yield say("ventilation.normal")
    alone = [
        each for each in every if each.ventilation == Ventilation.WORSE and each.perfusion == Perfusion.NORMAL
    ]
    if alone:
        yield say("ventilation.alone", where=_where(reading, alone))
    not_done = [each for each in every if each.ventilation == Ventilation.NOT_DONE]
    if study.ventilation_done and not_done and len(not_done) < len(every):
        yield say("ventilation.not_done", where=_where(reading, not_done))


def _xray(reading: Reading) -> Iterable[Line]:
    every = reading.every_segment()
    defects = [each for each in every if each.is_defect]
    if all(each.xray == Xray.CLEAR for each in every):
        yield say("xray.clear")
    elif defects and all(each.xray == Xray.CLEAR for each in defects):
        yield say("xray.clear_there")
    for lesion in LESIONS:
        if found := [each for each in defects if each.xray == lesion]:
            yield say(f"xray.{lesion}", where=_codes(found))
    alone = [each for each in every if each.xray == Xray.LARGER and each.perfusion == Perfusion.NORMAL]
    if alone:
        yield say("xray.alone", where=_where(reading, alone))
    yield from _effusions(reading)


def _effusions(reading: Reading) -> Iterable[Line]:
    both = {"right": reading.effusion_right, "left": reading.effusion_left}
    if set(both.values()) == {Effusion.NONE}:
        yield say("effusion.none")
    for side, effusion in both.items():
        if effusion in (Effusion.SMALL, Effusion.LARGE):
            yield say(f"effusion.{side}_{effusion}")


def _mismatch(reading: Reading, study: Study) -> Iterable[Line]:
    """The sum is said of a whole map only."""
    found: Counts = counts(reading, study)
    if found.incomplete or not found.defects or not (study.ventilation_done or study.xray_known):
        return
    if not found.mismatched:
        yield say("mismatch.none")
    elif found.equivalents:
        yield say("mismatch.sum", equivalents=found.equivalents, percent=_whole_number(found.percent))


def _whole(reading: Reading) -> Iterable[Line]:
    if reading.cteph is not None:
        yield say("cteph.yes" if reading.cteph else "cteph.no")
    if reading.other:
        yield say("other", findings=_words("finding", reading.other))
    yield from _own(reading.other_note)


def _differential(reading: Reading) -> Iterable[Line]:
    parts = {"perfusion": reading.differential.perfusion, "ventilation": reading.differential.ventilation}
    for part, measured in parts.items():
        if measured:
            yield say(f"share.{part}", shares=_shares(measured))


def _shares(measured: Measured) -> Listed:
    shares = differential.shares(measured)
    return Listed(
        tuple(
            say("share.of", region=say(f"region.{key}"), percent=_whole_number(percent))
            for key, percent in shares.items()
        )
    )


def _comparison(reading: Reading, prior_day: str) -> list[Line]:
    comparison = reading.comparison
    said: list[Line] = []
    if comparison.change != Change.NOT_ASSESSED and prior_day:
        said.append(say(f"comparison.{comparison.change}_since", day=prior_day))
    elif comparison.change != Change.NOT_ASSESSED:
        said.append(say(f"comparison.{comparison.change}"))
    return [*said, *_own(comparison.note)]


def _where(reading: Reading, found: Iterable[SegmentFinding]) -> Listed:
    """The segments; those of a whole lobe together."""
    segments = by_code(reading.segment_scheme)
    codes = [each.code for each in found]
    items: list[Sentence | str] = []
    for lobe in LOBES:
        whole = [code for code, segment in segments.items() if segment.lobe == lobe]
        there = [code for code in whole if code in codes]
        if there == whole:
            items.append(say("where.lobe", lobe=say(f"region.{lobe}"), codes=", ".join(whole)))
        else:
            items += [say("where.segment", segment=say(f"segment.{code}"), code=code) for code in there]
    return Listed(tuple(items))


def _codes(found: Iterable[SegmentFinding]) -> Listed:
    """Of segments that are named in full further up."""
    return Listed(tuple(each.code for each in found))


def _words(kind: str, keys: Iterable[str]) -> Listed:
    return Listed(tuple(say(f"{kind}.{key}") for key in keys))


def _own(text: str) -> Iterable[Line]:
    if text:
        yield Own(text)


def _whole_number(percent: float) -> int:
    return int(percent + 0.5)


def renewed(text: str, before: str, after: str) -> str:
    """`text` with what was generated (`before`) made anew (`after`) and the reader's own lines kept.

    A generated line that the reader deleted or rewrote stays as the reader has it; an own line keeps its place
    after the generated line it stood behind.
    """
    old, own = before.splitlines(), text.splitlines()
    kept, behind = _compared(old, own)
    lines = behind.pop(-1, [])
    place = {line: index for index, line in enumerate(old)}
    given_up = {line for index, line in enumerate(old) if index not in kept}
    for line in after.splitlines():
        index = place.get(line, -1)
        for earlier in sorted(each for each in behind if each < index):
            lines += behind.pop(earlier)
        if line not in given_up:
            lines.append(line)
        lines += behind.pop(index, [])
    for rest in sorted(behind):
        lines += behind[rest]
    return "\n".join(lines)


def _compared(old: list[str], own: list[str]) -> tuple[set[int], dict[int, list[str]]]:
    """The generated lines that still stand, by index; and the reader's lines by the index they come after."""
    kept: set[int] = set()
    behind: dict[int, list[str]] = {}
    for tag, first, last, start, end in SequenceMatcher(None, old, own, autojunk=False).get_opcodes():
        if tag == "equal":
            kept.update(range(first, last))
        elif start < end:
            behind.setdefault(last - 1, []).extend(own[start:end])
    return kept, behind
