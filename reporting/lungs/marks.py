"""The mark of a segment: how its perfusion stands to ventilation and X-ray. What is a mismatch the criteria say."""

from reporting.engine.criteria import counts
from reporting.engine.findings import Perfusion, Ventilation, Xray, counted

MARKS = {
    "mismatch": "Mismatch: perfusion is worse than ventilation and X-ray",
    "match": "Match: ventilation or X-ray is changed as much as perfusion",
    "triple": "Triple match: perfusion, ventilation and X-ray are changed",
    "ventilation": "Ventilation only: it is changed and perfusion is not",
    "lesion": "X-ray lesion: there is one in this segment",
}
MARK_WORDS = {
    "mismatch": "mismatch",
    "match": "match",
    "triple": "triple match",
    "ventilation": "ventilation changed",
    "lesion": "lesion on the X-ray",
}
VENTILATED_BADLY = (Ventilation.MATCHED, Ventilation.WORSE)
LESIONS = (Xray.EQUAL, Xray.LARGER)


def marks_of(reading, study=None):
    """{code: a key of MARKS, or "" for none} of every segment of the reading's scheme."""
    mismatched = frozenset(counts(reading, study).mismatched)
    seen = counted(reading, study) if study else reading
    return {each.code: mark_of(each, mismatched) for each in seen.every_segment()}


def mark_of(finding, mismatched):
    """The mark of one segment; `mismatched`: the codes that the criteria count as mismatches."""
    if finding.code in mismatched:
        return "mismatch"
    badly, lesion = finding.ventilation in VENTILATED_BADLY, finding.xray in LESIONS
    if finding.is_defect and badly:
        return "triple" if lesion else "match"
    if finding.is_defect and lesion:
        unknown = finding.ventilation in (Ventilation.NOT_ASSESSED, Ventilation.NOT_DONE)
        return "match" if unknown else "lesion"
    if finding.perfusion == Perfusion.NORMAL and (badly or finding.ventilation == Ventilation.SMALLER):
        return "ventilation"
    return "lesion" if finding.xray in (*LESIONS, Xray.SMALLER) and not finding.is_defect else ""


def in_words(reading, study=None, codes=None):
    """The map in one sentence, for who does not see it: every defect with its size and mark, and what is open.

    `codes`: only these segments.
    """
    marks = marks_of(reading, study)
    seen = [each for each in reading.every_segment() if codes is None or each.code in codes]
    defects = [
        f"{each.code} {each.perfusion} defect{', ' + MARK_WORDS[marks[each.code]] if marks[each.code] else ''}"
        for each in seen
        if each.is_defect
    ]
    unknown = sum(each.perfusion == Perfusion.NOT_ASSESSED for each in seen)
    said = "; ".join(defects) or ("no perfusion defect" if unknown < len(seen) else "nothing assessed")
    left = f"; {unknown} segments not assessed" if 0 < unknown < len(seen) else ""
    return f"Perfusion of the segments: {said}{left}."
