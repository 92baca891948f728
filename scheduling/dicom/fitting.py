"""Text made to fit a DICOM value (PS3.5 Table 6.2-1): its length in characters, and no character that means another
thing there.

What identifies is never cut: see `identifier`.
"""

import re
from functools import lru_cache
from textwrap import wrap

MOST = {"AE": 16, "CS": 16, "SH": 16, "LO": 64, "PN": 64, "DS": 16, "UI": 64, "LT": 10240}
"""The most characters of a value; of a component group for PN."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\\]+")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]+")
_DELIMITERS = re.compile(r"[\x00-\x1f\x7f-\x9f\\^=]+")
_SPACES = re.compile(r"  +")


@lru_cache(4096)
def line(vr, text):
    """One value in one line; longer text ends in "..."."""
    found = _one_line(text)
    return found if len(found) <= MOST[vr] else found[: MOST[vr] - 3].rstrip() + "..."


def lines(vr, text):
    """As many values as the whole text needs, broken between words; an empty tuple for no text."""
    return tuple(wrap(_one_line(text), MOST[vr])) if text else ()


def paragraphs(text):
    """Text of several lines (LT)."""
    found = _CONTROL_BUT_LINES.sub(" ", text.replace("\r\n", "\n")).strip()
    return found.replace("\n", "\r\n")[: MOST["LT"]]


def identifier(vr, text):
    """The text as it is, or nothing at all: a part of a number is the number of somebody else."""
    found = text.strip()
    return "" if len(found) > MOST[vr] or _CONTROL.search(found) else found


def person(family, given="", middle="", prefix="", suffix=""):
    """Family^Given^Middle^Prefix^Suffix; of a name of over 64 characters the last components are left out first,
    and the family name is the last to be cut."""
    components = [_DELIMITERS.sub(" ", part).strip() for part in (family, given, middle, prefix, suffix)]
    found = "^".join(components).rstrip("^")
    while len(found) > MOST["PN"] and "^" in found:
        found = found.rpartition("^")[0].rstrip("^")
    return found[: MOST["PN"]]


def _one_line(text):
    found = text.strip()
    if _CONTROL.search(found):
        found = _CONTROL.sub(lambda match: "/" if match[0] == "\\" else " ", found)
    return _SPACES.sub(" ", found) if "  " in found else found
