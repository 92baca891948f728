"""A worklist item as the bytes of a data set: what pydicom would write of it, in a tenth of the time.

What a device asks for is the same in each of its queries, so a plan is made of it once: for each attribute a
function that makes an item's element. Lengths are explicit throughout.
"""

import struct
from functools import lru_cache

from scheduling.dicom.attributes import BY_TAG, SPECIFIC_CHARACTER_SET
from scheduling.dicom.charsets import UTF8, character_set, plainer
from scheduling.dicom.signatures import LONG_VRS

MOST_PLANS = 256
_TEXT = frozenset(("SH", "LO", "LT", "PN", "UT"))
_ITEM = b"\xfe\xff\x00\xe0"
_HEAD = struct.Struct("<HH").pack
_LONG = struct.Struct("<L").pack
_SHORT = struct.Struct("<H").pack


class Plan:
    """How items are written for one signature (signatures.py), transfer syntax and character set."""

    def __init__(self, asked, *, implicit, charset):
        self._asked, self._implicit = asked, implicit
        self._parts = self._made(character_set(charset))
        self._in_utf8 = None

    def encoded(self, item):
        """The item's bytes, and whether they are in the plan's character set: a person whose name it cannot hold is
        answered in UTF-8. Specific Character Set is always there, whether asked for or not."""
        try:
            return b"".join([part(item) for part in self._parts]), True
        except UnicodeEncodeError:
            self._in_utf8 = self._in_utf8 or self._made(character_set(UTF8))
            return b"".join([part(item) for part in self._in_utf8]), False

    def _made(self, charset):
        declared = _element(SPECIFIC_CHARACTER_SET, "CS", self._implicit)(charset.declared.encode("ascii"))
        asked = [each for each in self._asked if each.tag != SPECIFIC_CHARACTER_SET]
        parts = [_part(each, BY_TAG, self._implicit, charset) for each in asked]
        parts.insert(sum(each.tag < SPECIFIC_CHARACTER_SET for each in asked), lambda item: declared)
        return parts


@lru_cache(MOST_PLANS)
def plan(asked, implicit, charset):
    """The plan, made once for a process."""
    return Plan(asked, implicit=implicit, charset=charset)


def _part(asked, table, implicit, charset):
    """A function of a row that makes the element; one that is not kept here comes back empty, as it was asked."""
    attribute = table.get(asked.tag)
    if attribute is None:
        nothing = _element(asked.tag, asked.vr, implicit)(b"")
        return lambda row: nothing
    if attribute.vr == "SQ":
        return _sequence(attribute, asked.within, implicit, charset)
    return _single(attribute, implicit, charset)


def _sequence(attribute, asked, implicit, charset):
    """With the attributes that were asked for in its item, or with all of them."""
    table, element = {each.tag: each for each in attribute.within}, _element(attribute.tag, "SQ", implicit)
    if asked:
        parts = [_part(each, table, implicit, charset) for each in asked]
    else:
        parts = [_whole(each, implicit, charset) for each in attribute.within]
    rows = attribute.value

    def sequence(row):
        items = [b"".join([part(each) for part in parts]) for each in rows(row)]
        return element(b"".join([_ITEM + _LONG(len(item)) + item for item in items]))

    return sequence


def _whole(attribute, implicit, charset):
    if attribute.vr == "SQ":
        return _sequence(attribute, (), implicit, charset)
    return _single(attribute, implicit, charset)


def _single(attribute, implicit, charset):
    element, value = _element(attribute.tag, attribute.vr, implicit), attribute.value
    if attribute.vr == "US":
        return lambda row: element(b"" if (number := value(row)) is None else _SHORT(number))
    encode = _encoder(attribute, charset)

    nothing = element(b"")

    def single(row):
        found = value(row)
        if not found:
            return nothing
        return element(encode(found) if type(found) is str else b"\\".join(map(encode, found)))

    return single


def _encoder(attribute, charset):
    if attribute.vr not in _TEXT:
        return lambda text: text.encode("ascii", "replace")
    encode = charset.name if attribute.vr == "PN" else charset.text
    if attribute.exact or attribute.vr == "PN":
        return encode

    def plainer_where_needed(text):
        try:
            return encode(text)
        except UnicodeEncodeError:
            return plainer(text).encode("ascii")

    return plainer_where_needed


def _element(tag, vr, implicit):
    """A function of a value that makes the element: padded to an even length, by a space or (UI) a zero byte."""
    head, pad = _HEAD(tag >> 16, tag & 0xFFFF), b"\0" if vr in ("UI", "UN", "OB") else b" "
    length = _LONG
    if not implicit:
        is_long = vr.encode() in LONG_VRS
        head += vr.encode() + (b"\0\0" if is_long else b"")
        length = _LONG if is_long else _SHORT

    # Most values are short: their lengths are packed once.
    known = [head + length(size) for size in range(0, 130, 2)]

    def element(value):
        size = len(value)
        if size & 1:
            value, size = value + pad, size + 1
        return (known[size >> 1] if size < 130 else head + length(size)) + value

    return element
