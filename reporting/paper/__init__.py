"""The report on paper: `pdf(data(...))`. How paper is made is vqflow/paper.py's."""

from pathlib import Path

from reporting.paper.report import data
from vqflow import paper

REPORT = Path(__file__).parent / "report.typ"

__all__ = ["data", "pdf"]


def pdf(facts: dict) -> bytes:
    """The PDF of what `data` gives. Raises vqflow.paper.CannotPrint where no font has a character of it."""
    return paper.pdf(REPORT, facts)
