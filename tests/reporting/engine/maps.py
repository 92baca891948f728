"""Readings in one line, as the cases and tests write them: "RB8 large matched xray=equal wedge; LB9 small"."""

from reporting.engine.findings import Perfusion, Reading, Ventilation, parse
from reporting.engine.segments import SEGMENTS

CODES = [segment.code for segment in SEGMENTS["SEG18"]]
NORMAL = {"perfusion": "normal", "ventilation": "normal", "xray": "clear"}
SHAPES = {"wedge": ("wedge", True), "not-wedge": ("wedge", False), "stripe": ("stripe", True)}


def reading(line: str = "", **whole) -> Reading:
    """Every segment normal, but for what the line says."""
    segments = {code: dict(NORMAL) for code in CODES}
    for part in filter(None, (part.strip() for part in line.split(";"))):
        code, *words = part.split()
        assert code in segments, code
        for word in words:
            read(segments[code], word)
    return parse({"segments": segments, **whole})


def read(segment, word):
    if word == "unassessed":
        segment.clear()
    elif word == "unassessed-ventilation":
        del segment["ventilation"]
    elif word == "not-ventilated":
        segment["ventilation"] = "not_done"
    elif word.startswith("xray="):
        segment["xray"] = word.removeprefix("xray=").replace("unassessed", "")
    elif word in SHAPES:
        name, value = SHAPES[word]
        segment[name] = value
    elif word in {"small", "moderate", "large"} or (word == "normal"):
        segment["perfusion"] = str(Perfusion(word))
    elif word.startswith("ventilated"):
        segment["ventilation"] = "normal"
    else:
        segment["ventilation"] = str(Ventilation(word))
