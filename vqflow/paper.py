"""Paper: PDF from a trusted template and plain data, tagged (PDF/UA-1) and for archives (PDF/A-2a).

The data goes in as JSON and comes out as text, whatever it says: nothing of it is ever run or read as markup. Both
standards refuse a character that no font can show; without them it would silently be left out, and a name on paper
would be wrong.
"""

import json
import re
from functools import cache
from pathlib import Path

import typst

from vqflow.errors import Conflict

FONTS = Path(__file__).parent / "fonts"
"""Noto Sans (OFL) for Latin, Greek, Cyrillic, Devanagari, Arabic, Hebrew, Chinese, Japanese and Korean; others come
from the system, if it has any."""
STANDARDS = ["a-2a", "ua-1"]
_MISSING = re.compile(r'the text `"(.+?)"` could not be displayed')
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")


class CannotPrint(Conflict):
    """The sentence says which signs no font here can show; `signs` has them, longest first."""

    def __init__(self, signs: list[str]):
        super().__init__(
            f"“{'”, “'.join(signs)}” cannot be put on paper: no font here has it. "
            "Print the page from the browser instead, or correct the text."
        )
        self.signs = signs


def pdf(template: Path, data: dict) -> bytes:
    """The PDF of a .typ file with this data, which must be JSON; the template sees nothing outside its folder.

    Raises CannotPrint.
    """
    try:
        return typst.compile(
            str(template),
            root=str(template.parent),
            font_paths=_fonts(),
            sys_inputs={"data": json.dumps(data)},
            pdf_standards=STANDARDS,
        )
    except typst.TypstError as error:
        signs = _signs_without_font(error.diagnostic)
        if not signs:
            raise
        raise CannotPrint(signs) from error


def _signs_without_font(diagnostic):
    found = {_ESCAPED.sub(lambda each: chr(int(each[1], 16)), text) for text in _MISSING.findall(diagnostic)}
    return sorted(found, key=lambda text: (-len(text), text))


@cache
def _fonts() -> typst.Fonts:
    """Read once: looking through the folders of the system takes a quarter of a second."""
    return typst.Fonts(include_system_fonts=True, font_paths=[str(FONTS)])
