"""The critical call: from the first saved draft to the name of who read it back, with one hand on the phone."""

import re

import psycopg
import pytest
from playwright.sync_api import expect

from tests.journeys.clinic import REFERRER
from tests.journeys.invented import invent

# The bar at the top of every page asks every ten seconds, the board every four.
WITHIN_MS = 25_000
TOLD = "WHERE result_id IN (SELECT id FROM reporting_criticalresult)"


@pytest.fixture
def order(stack, harbour):
    """An examination that waits for a reader: the number of its order."""
    fields = invent().as_fields()
    code = f"from tests.journeys import readinglist; readinglist.to_read('V_THEN_Q', 'dtpa', **{fields!r})"
    return int(stack.manage("shell", "--no-imports", "-c", code))


def identified(physician, order):
    physician.open(f"/reports/{order}/")
    physician.page.get_by_label("Scheme", exact=True).select_option("TEN_TERMS")
    physician.page.get_by_role("radio", name="PE present").check()
    expect(physician.page.locator("#evaluation")).to_contain_text("somebody has to be told by voice")
    expect(physician.page.locator("[data-autosave-state]")).to_contain_text("Saved", timeout=15_000)


def test_a_critical_result_is_seen_everywhere_until_somebody_has_read_it_back(sign_in, stack, order):
    physician, scheduler = sign_in("physician"), sign_in("scheduler")
    identified(physician, order)
    bar = physician.page.locator("#critical-bar")
    physician.open("/orders/")
    expect(bar).to_contain_text(re.compile(r"not told yet: \d+:\d\d left"), timeout=WITHIN_MS)
    scheduler.open("/board/")
    alert = scheduler.page.locator(f'.untold a[href="/orders/{order}/"]')
    expect(alert).to_contain_text("cannot wait and has not been told yet")
    with physician.page.expect_navigation():
        physician.page.keyboard.press("!")  # from any page
    physician.open(f"/reports/{order}/critical/")
    physician.sees("Tell it now", REFERRER)
    physician.look()
    with physician.page.expect_navigation():
        physician.page.keyboard.press("n")
    physician.sees("The attempt is written down. The result is still open.", f"{REFERRER}: no answer")
    with physician.page.expect_navigation():
        physician.page.keyboard.press("t")
    physician.sees("Have it read back, then say so.")
    physician.look()
    for key in ("1", "b"):
        physician.page.keyboard.press(key)
    with physician.page.expect_navigation():
        physician.page.keyboard.press("t")
    physician.sees(f"{REFERRER} has been told. The result is closed.", f"{REFERRER}, who read it back")
    physician.look()
    expect(alert).to_have_count(0, timeout=WITHIN_MS)
    physician.open("/reports/critical/")
    physician.sees(f"told {REFERRER}")
    expect(physician.page.locator(f'a.button[href="/reports/{order}/critical/"]')).to_have_count(0)
    nothing_of_it_can_be_changed(stack)


def nothing_of_it_can_be_changed(stack):
    for change in (
        f"UPDATE reporting_told SET told_to = 'Nobody' {TOLD}",
        f"DELETE FROM reporting_attempt {TOLD}",
    ):
        with psycopg.connect(stack.env["DATABASE_URL"]) as connection:
            with pytest.raises(psycopg.Error):
                connection.execute(change)
            connection.rollback()


def test_on_a_phone_of_390_pixels_the_call_is_written_down_too(sign_in, order):
    phone = sign_in("physician", viewport={"width": 390, "height": 844})
    identified(phone, order)
    phone.open(f"/reports/{order}/critical/")
    number = phone.page.locator('a[href^="tel:"]').first
    expect(number).to_be_visible()
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    phone.page.get_by_label("It was read back to me").check()
    phone.press("Told")
    phone.sees("The result is closed.")
