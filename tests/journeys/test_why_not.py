"""Why not at ...? The answer stands on the page that looks for a time, with the nearest times to book."""

from datetime import timedelta

import pytest

from tests.journeys.clinic import today
from tests.journeys.invented import invent


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_wanted_time_that_cannot_be_had_leads_to_the_nearest_that_can(sign_in, waiting, scripts):
    scheduler = sign_in("scheduler", java_script_enabled=scripts)
    [order] = waiting(invent())
    scheduler.open(f"/orders/{order}/search/")
    scheduler.page.get_by_label("Date", exact=True).first.fill(str(today() + timedelta(days=1)))
    scheduler.page.get_by_label("Time", exact=True).first.fill("20:00")
    scheduler.press("Ask")
    scheduler.sees("Why not at 20:00", "is closed (opens 07:00", "Nearest before", "Nearest after")
    scheduler.press("Book", within=scheduler.page.locator("#why-not .task-list li").first)
    scheduler.sees("Booked.")
