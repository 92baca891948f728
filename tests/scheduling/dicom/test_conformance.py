"""The conformance statement is what the code does."""

from pathlib import Path

from scheduling.management.commands import print_conformance

PAGE = Path(__file__).parents[3] / "docs" / "dicom-conformance.md"


def test_page_is_current():
    assert PAGE.read_text() == print_conformance.page()
