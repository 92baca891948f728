"""From the first letter of a patient's name to the booked visit: few clicks, and less than forty seconds of hands.

The time of the hands is the keystroke-level model's: what a practised person needs for each key, each aim of the
mouse with its press, and each change between both. Source: Card, Moran, Newell, The Psychology of
Human-Computer Interaction, 1983, chapter 8.
"""

import json
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from tests.journeys import steps
from tests.journeys.clinic import REFERRER
from tests.journeys.invented import invent

MOST_CLICKS, MOST_SECONDS = 12, 40
KEY, AIM_AND_PRESS, CHANGE_OF_HANDS = 0.20, 1.10 + 0.20, 0.40
# The name of a window outlives its pages.
NOTE = """() => {
  const note = (what) => { name = JSON.stringify([...JSON.parse(name || "[]"), what]); };
  addEventListener("mousedown", () => note("press"), true);
  addEventListener("keydown", () => note("key"), true);
}"""


@pytest.fixture
def registered(waiting):
    patient = invent()
    waiting(patient)
    return patient


def test_an_order_is_taken_and_its_visit_booked_with_few_clicks_and_in_little_time(sign_in, registered):
    scheduler, physician = sign_in("scheduler"), sign_in("physician")
    page = scheduler.page
    page.add_init_script(f"({NOTE})()")
    scheduler.open("/")
    order = taken(scheduler, registered)
    steps.vet(physician, order)
    page.reload()
    scheduler.press("Find a time")
    scheduler.press("Hold", within=page.locator("#option-1"))
    scheduler.sees("Held for you until")
    scheduler.press("Book")
    scheduler.sees("Booked.")
    done = json.loads(page.evaluate("name"))
    clicks, seconds = done.count("press"), time_of_hands(done)
    assert 4 <= clicks <= MOST_CLICKS, clicks
    assert 10 <= seconds <= MOST_SECONDS, seconds


def taken(scheduler, patient):
    page, keys = scheduler.page, scheduler.page.keyboard
    scheduler.press("Orders")
    scheduler.press("New order")
    keys.type(f"{patient.family_name[:5]} {patient.given_name}")
    page.locator("#matches").get_by_role("button").filter(has_text=patient.family_name).first.click()
    expect(page.locator(".pick--chosen")).to_contain_text(patient.mrn)
    keys.type("moss")
    page.get_by_label(REFERRER).click()
    page.get_by_label("Clinical question").click()
    keys.type("Acute embolism?")
    return steps.save_order(scheduler)


def time_of_hands(done):
    changes = sum(one != other for one, other in pairwise(done))
    spent = {"key": KEY, "press": AIM_AND_PRESS}
    return sum(spent[each] for each in done) + changes * CHANGE_OF_HANDS
