"""A time is talked over before it is booked: held, kept while the page is open, given back on leaving it."""

from playwright.sync_api import expect

from tests.journeys import steps
from tests.journeys.invented import invent

# The browser gives the time back after it has begun to leave.
RELEASED_MS = 2000


def hold(scheduler, order):
    scheduler.open(f"/orders/{order}/search/")
    scheduler.press("Hold", within=steps.best(scheduler))
    scheduler.sees("Held for you until")


def test_a_held_time_is_kept_from_others_until_the_page_is_left(sign_in, waiting):
    first, second = sign_in("scheduler"), sign_in("scheduler2")
    orders = waiting(invent(), invent())
    second.open(f"/orders/{orders[1]}/search/")
    hold(first, orders[0])
    second.press("Book", within=steps.best(second))
    second.sees("Not booked", "is held by Sam Keel until")
    second.open(f"/orders/{orders[1]}/search/")
    later = steps.best(second).locator(".option__when").inner_text()
    held = first.page.locator(".option__when").inner_text()
    first.press("Find a time")
    first.page.wait_for_timeout(RELEASED_MS)
    second.open(f"/orders/{orders[1]}/search/")
    expect(steps.best(second).locator(".option__when")).to_have_text(held)
    assert later != held


def test_the_open_page_keeps_the_time_and_enter_confirms_it(sign_in, waiting):
    scheduler = sign_in("scheduler")
    [order] = waiting(invent())
    scheduler.page.clock.install()
    hold(scheduler, order)
    with scheduler.page.expect_response("**/extend/") as extended:
        scheduler.page.clock.fast_forward("01:01")
    assert extended.value.status == 200
    # The button has the focus: who has asked the patient presses one key.
    with scheduler.page.expect_navigation():
        scheduler.page.keyboard.press("Enter")
    scheduler.sees("Booked.")


def test_without_scripts_it_is_held_given_back_and_booked(sign_in, waiting):
    scheduler = sign_in("scheduler", java_script_enabled=False)
    [order] = waiting(invent())
    hold(scheduler, order)
    scheduler.press("Back, and give it free")
    scheduler.press("Hold", within=steps.best(scheduler))
    scheduler.press("Book")
    scheduler.sees("Booked.")
