"""Paper for patients and for the department, from this folder: `pdf("letter", {...})` makes letter.typ.

How it is made is vqflow/paper.py's.
"""

import re
from pathlib import Path

from vqflow import paper
from vqflow.paper import CannotPrint

FOLDER = Path(__file__).parent
REPLACED = "Some signs have no font here and stand as ?. Go by record number and birth date."

__all__ = ["CannotPrint", "lists", "pdf"]


def pdf(template_name: str, data: dict) -> bytes:
    """The PDF of `template_name`.typ with this data, which must be JSON. Raises CannotPrint."""
    return paper.pdf(FOLDER / f"{template_name}.typ", data)


def lists(data: dict) -> bytes:
    """The PDF of lists of a day: one rare sign in one name must not keep the names of all others off the paper.

    What no font here has stands as ?, and the paper says so.
    """
    try:
        return pdf("sheets", data)
    except CannotPrint as refusal:
        without_font = re.compile("|".join(map(re.escape, refusal.signs)))
        return pdf("sheets", {**_replaced(data, without_font), "warning": REPLACED})


def _replaced(value, without_font):
    if isinstance(value, str):
        return without_font.sub("?", value)
    if isinstance(value, dict):
        return {key: _replaced(each, without_font) for key, each in value.items()}
    return [_replaced(each, without_font) for each in value] if isinstance(value, (list, tuple)) else value
