"""Text in the character sets that devices are answered in (PS3.5 6.1, PS3.3 C.12.1.1.2).

Each encoder raises UnicodeEncodeError for what its set cannot hold: who calls decides what then
(docs/adr/0021-a-name-is-never-written-in-other-letters.md).
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

UTF8 = "ISO_IR 192"
_TO_KOREAN = b"\x1b$)C"
_JIS_ROMAN = b"\x1b(J"
_PHONETIC = re.compile(r"[ぁ-ヿ가-힣ᄀ-ᇿ\s\x00-\x7f]+")
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
        **dict.fromkeys("\u2018\u2019\u201a", "'"),
        **dict.fromkeys("\u201c\u201d\u201e", '"'),
        **{"\u2022": "*", "\u00b7": "*", "\u00d7": "x", "\u00b5": "u", "\u03bc": "u"},
        **{"≥": ">=", "≤": "<=", "ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D"},
        **{"æ": "ae", "Æ": "Ae"},
    }
)


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """`declared`: the value of Specific Character Set. `text` and `name` encode one value, `name` that of a PN."""

    declared: str
    text: Callable[[str], bytes]
    name: Callable[[str], bytes]


def character_set(term):
    """That of an application entity's `character_set`; one nobody here knows is answered in UTF-8."""
    return _SETS.get(term, _SETS[UTF8])


def plainer(text):
    """The text in unaccented letters and simple punctuation, with "?" for what has none; never for a person's name."""
    letters = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    kept = "".join(each for each in letters if not unicodedata.combining(each))
    return kept.encode("ascii", "replace").decode("ascii")


def grouped(name):
    """A name in the component group of its script: with code extensions the first group holds single bytes only
    (PS3.5 6.2.1.2). Kana and Hangul say how a name sounds, so they are the phonetic group."""
    if name.isascii():
        return name
    return f"=={name}" if _PHONETIC.fullmatch(name) else f"={name}"


def _simple(declared, codec):
    def encode(text):
        return text.encode(codec)

    return CharacterSet(declared, encode, encode)


def _kanji(text):
    """JIS X 0208 by escape sequences; Python's codec returns to ASCII before every delimiter, as PS3.5 6.1.2.5.3
    wants. It would take JIS X 0201 for a yen sign: that set is not declared."""
    if text.isascii():
        return text.encode("ascii")
    found = text.encode("iso2022_jp")
    if _JIS_ROMAN in found:
        raise UnicodeEncodeError("iso2022_jp", text, 0, len(text), "not in JIS X 0208")
    return found


def _hangul(text):
    """KS X 1001 in the upper half (G1), designated anew after every delimiter that resets it."""
    if text.isascii():
        return text.encode("ascii")
    return b"".join(
        part.encode("ascii") if part.isascii() else _TO_KOREAN + part.encode("euc_kr")
        for part in re.split(r"([\\^=]|\r\n)", text)
    )


def _extended(term, encode):
    return CharacterSet(f"\\{term}", encode, lambda name: encode(grouped(name)))


_SETS = {
    term: _simple(term, codec)
    for term, codec in {
        UTF8: "utf-8",
        "GB18030": "gb18030",
        "ISO_IR 100": "latin_1",
        "ISO_IR 101": "iso8859_2",
        "ISO_IR 148": "iso8859_9",
        "ISO_IR 144": "iso8859_5",
        "ISO_IR 126": "iso8859_7",
        "ISO_IR 127": "iso8859_6",
        "ISO_IR 138": "iso8859_8",
    }.items()
} | {
    "ISO 2022 IR 87": _extended("ISO 2022 IR 87", _kanji),
    "ISO 2022 IR 149": _extended("ISO 2022 IR 149", _hangul),
}
