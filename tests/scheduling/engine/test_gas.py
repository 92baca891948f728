"""Technegas is breathed in within 10 minutes of its burn."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.engine.gas import why_not_breathe

ZONE = ZoneInfo("America/New_York")
BURN = datetime(2027, 3, 8, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize(("seconds", "refused"), [(0, False), (600, False), (601, True), (86_400, True)])
def test_it_is_refused_from_the_first_second_after_ten_minutes(seconds, refused):
    sentence = why_not_breathe(BURN, BURN + timedelta(seconds=seconds), ZONE)
    assert bool(sentence) == refused
    if refused:
        assert sentence == (
            "The Technegas was made at 09:05; it is breathed in within 10 min. "
            "Burn again with a new crucible, or ask a physician to let it go on."
        )


def test_without_a_burn_on_record_nothing_is_known():
    assert why_not_breathe(None, BURN, ZONE) is None
