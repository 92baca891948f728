from pathlib import Path

from django.conf import settings

from reporting.engine.criteria import TABLES
from reporting.management.commands import print_criteria

PAGE = Path(settings.BASE_DIR) / "docs" / "criteria.md"


def test_criteria_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == print_criteria.page(), (
        "run: manage.py print_criteria > docs/criteria.md"
    )


def test_every_row_and_decision_is_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    for table in TABLES.values():
        assert table.source in text
        assert all(f"| {row.key} | {row.says} |" in text for row in table.rows)
        assert all(sentence in text for sentence in table.decided)
