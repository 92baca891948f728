"""Which attributes an identifier asks for, read strictly from its bytes.

pydicom reads on where a data set ends too early, and what is left of a query could then match everybody.
"""

import struct
from dataclasses import dataclass
from functools import lru_cache

from pydicom.datadict import dictionary_has_tag, dictionary_VR

ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
UNDEFINED = 0xFFFFFFFF
MOST_ELEMENTS, MOST_DEPTH = 1000, 8
LONG_VRS = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
SHORT_VRS = frozenset((b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN",
                       b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"))  # fmt: skip
_WORDS = struct.Struct("<HH").unpack_from
_LONG = struct.Struct("<L").unpack_from
_SHORT = struct.Struct("<H").unpack_from


class Broken(ValueError):
    """The bytes are no data set."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One element of an identifier. `within`: what the first item of a sequence asks for, empty where it asks for
    nothing in particular; None for an element that is no sequence."""

    tag: int
    vr: str
    within: tuple["Asked", ...] | None


def signature(data, *, implicit):
    """The elements in the order of their tags, without private ones and group lengths; Broken for broken bytes."""
    try:
        elements, end = _Reader(data, implicit).elements(0, len(data), 0)
    except struct.error as error:
        raise Broken("It ends inside an element.") from error
    if end != len(data):
        raise Broken("Bytes are left over.")
    return elements


class _Reader:
    def __init__(self, data, implicit):
        self.data, self.implicit, self.count = data, implicit, 0

    def elements(self, at, end, depth, implicit=None):
        """The elements from `at` on, and where they end: at `end`, or after the delimiter of their item."""
        implicit, found = self.implicit if implicit is None else implicit, {}
        if depth > MOST_DEPTH:
            raise Broken("Sequences are nested too deeply.")
        while at < end:
            tag = self._tag(at)
            if tag == ITEM_END and depth:
                return _sorted(found), at + 8
            vr, length, at = self._header(tag, at + 4, implicit)
            at, within = self._value(vr, length, at, end, depth, implicit)
            if _is_answered(tag):
                found[tag] = Asked(tag, vr, within)
        return _sorted(found), at

    def _tag(self, at):
        group, element = _WORDS(self.data, at)
        return group << 16 | element

    def _header(self, tag, at, implicit):
        self.count += 1
        if self.count > MOST_ELEMENTS:
            raise Broken("It asks for too many attributes.")
        if implicit:
            return _vr(tag), _LONG(self.data, at)[0], at + 4
        vr = self.data[at : at + 2]
        if vr in LONG_VRS:
            return vr.decode(), _LONG(self.data, at + 4)[0], at + 8
        if vr not in SHORT_VRS:
            raise Broken("It has a value representation that does not exist.")
        return vr.decode(), _SHORT(self.data, at + 2)[0], at + 4

    def _value(self, vr, length, at, end, depth, implicit):
        """Where the value ends, and what is asked for within it."""
        if vr == "SQ" or length == UNDEFINED:
            # A sequence under VR UN is in implicit VR (PS3.5 6.2.2, note 2).
            return self._items(at, length, end, depth + 1, implicit or vr == "UN")
        if length > end - at:
            raise Broken("A value is longer than what holds it.")
        return at + length, None

    def _items(self, at, length, end, depth, implicit):
        last = end if length == UNDEFINED else at + length
        if last > end:
            raise Broken("A sequence is longer than what holds it.")
        first = None
        while at < last:
            tag, of_item = self._tag(at), _LONG(self.data, at + 4)[0]
            if tag == SEQUENCE_END and length == UNDEFINED:
                return at + 8, first or ()
            if tag != ITEM:
                raise Broken("A sequence holds something that is no item.")
            ends = last if of_item == UNDEFINED else at + 8 + of_item
            if ends > last:
                raise Broken("An item is longer than its sequence.")
            asked, at = self.elements(at + 8, ends, depth, implicit)
            first = asked if first is None else first
        if length == UNDEFINED:
            raise Broken("A sequence has no end.")
        return at, first or ()


@lru_cache(4096)
def _vr(tag):
    """The dictionary's; of those with a choice ("US or SS") the first."""
    return dictionary_VR(tag)[:2] if dictionary_has_tag(tag) else "UN"


def _is_answered(tag):
    group = tag >> 16
    return not group & 1 and group > 7 and tag & 0xFFFF


def _sorted(found):
    return tuple(found[tag] for tag in sorted(found))
