"""The codes on wristbands, doses, vials and rooms: a letter, the number of the record, and a check character.

"P:1042:K". Nothing of the patient is in it: who finds a label in a bin reads a number that only VQFlow can look up.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# A scanner that thinks of another keyboard types another sign for the colon.
_FORM = re.compile(r"([PDVR])[^0-9A-Z ]([0-9]{1,15})[^0-9A-Z ]([0-9A-Z])", re.IGNORECASE | re.ASCII)


class Sort(StrEnum):
    PATIENT = "P"
    DOSE = "D"
    VIAL = "V"
    ROOM = "R"


@dataclass(frozen=True, slots=True)
class Code:
    sort: Sort
    number: int

    def __str__(self) -> str:
        return f"{self.sort.value}:{self.number}:{_check(self.sort, self.number)}"


def _check(sort: Sort, number: int) -> str:
    """ISO 7064 MOD 37,36 over letter and number: finds every wrong character, and two that changed places."""
    product = 36
    for each in f"{sort.value}{number}":
        total = (product + _ALPHABET.index(each)) % 36 or 36
        product = total * 2 % 37
    return _ALPHABET[(37 - product) % 36]


def read(text: str) -> Code | None:
    """The code that a scanner typed, or None where the text is none of ours or was read wrongly."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        return None
    code = Code(Sort(found[1].upper()), int(found[2]))
    return code if _check(code.sort, code.number) == found[3].upper() else None


def is_like_code(text: str) -> bool:
    """Whether it has the form of a code: one that `read` does not know was read wrongly."""
    return _FORM.fullmatch(text.strip()) is not None
