"""Paper for patients and for the department, from this folder: `pdf("letter", {...})` makes letter.typ.

How it is made is vqflow/paper.py's.
"""

from pathlib import Path

from vqflow import paper
from vqflow.paper import CannotPrint

FOLDER = Path(__file__).parent

__all__ = ["CannotPrint", "pdf"]


def pdf(template_name: str, data: dict) -> bytes:
    """The PDF of `template_name`.typ with this data, which must be JSON. Raises CannotPrint."""
    return paper.pdf(FOLDER / f"{template_name}.typ", data)
