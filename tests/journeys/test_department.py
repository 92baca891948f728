"""The lead changes a room's hours from a day on, without a mouse; who is booked outside them is listed before."""

import os
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys import test_pages as looks
from tests.journeys.invented import invent
from tests.journeys.screen import DESK, PHONE

PICTURES = os.environ.get("VQFLOW_SCREENSHOTS")
KEPT = {("light", "1440"), ("dark", "390")}
SIZES = {"1440": DESK, "390": PHONE}


@pytest.fixture
def patient_tomorrow(stack, harbour):
    """(patient, camera) of an appointment tomorrow."""
    patient = invent()
    inside = "from tests.journeys import tomorrow; tomorrow."
    said = stack.manage("shell", "--no-imports", "-c", f"{inside}booked({patient.as_fields()!r})")
    pk, room = said.strip().splitlines()
    yield patient, room
    stack.manage("shell", "--no-imports", "-c", f"{inside}over({pk!r}, {room!r})")


def tab_to(page, name, *, most=80):
    """Press Tab until the control of this name has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        words = page.evaluate(
            "() => { const at = document.activeElement; "
            "return (at.labels?.[0]?.textContent ?? at.getAttribute('aria-label') ?? at.textContent).trim(); }"
        )
        if re.match(re.escape(name), words):
            return
    raise AssertionError(f"Tab never came to {name}")


def enter(person):
    with person.page.expect_navigation():
        person.page.keyboard.press("Enter")
    person.glance()


def pictures(page, name):
    """The kept ones, where pictures are asked for; nothing is wider than the screen at either size."""
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), f"{name} at {size}"
        for theme in [each for each, of in KEPT if of == size and PICTURES]:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.screenshot(path=Path(PICTURES) / f"department-{name}-{theme}-{size}.png", full_page=True)
    page.set_viewport_size(DESK)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")


def test_the_hours_of_a_room_are_changed_with_the_keyboard_alone(sign_in, patient_tomorrow):
    patient, room = patient_tomorrow
    lead = sign_in("lead")
    page = lead.page
    lead.open("/department/")
    tab_to(page, "Rooms and hours")
    enter(lead)
    tab_to(page, room)
    enter(lead)
    tab_to(page, "Change hours…")
    enter(lead)
    for weekday in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"):
        tab_to(page, f"{weekday}, open")
        page.keyboard.press("Control+a")
        page.keyboard.type("20-22")
    enter(lead)
    preview = page.locator("#preview")
    expect(preview).to_be_focused()
    expect(preview).to_contain_text("Open: Mon-Sun 20:00-22:00")
    expect(preview).to_contain_text("1 appointment")
    expect(preview).to_contain_text(patient.family_name)
    pictures(page, "hours-preview")
    lead.look()
    preview.focus()
    tab_to(page, "Save")
    enter(lead)
    lead.sees("Saved. It holds from", "Mon-Sun 20:00-22:00")
    pictures(page, "room")
    lead.look()


def test_a_preview_that_was_changed_is_looked_at_again(sign_in, harbour):
    lead = sign_in("lead")
    lead.open("/department/rooms/")
    lead.press("Hours… Bay 1")
    lead.fill({"Sunday, open": "09:00-10:00"})
    lead.press("See what it changes")
    lead.fill({"Sunday, open": "25"})
    lead.press("Save")
    lead.sees("There is a problem", "Write times such as 07:00-18:00")


PAGES = {
    "department": "/department/",
    "rooms": "/department/rooms/",
    "room-new": "/department/rooms/new/",
    "people": "/department/people/",
    "protocols": "/department/protocols/",
    "durations": "/department/durations/",
    "settings": "/department/settings/",
    "settings-change": "/department/settings/change/",
    "letters": "/department/letters/",
    "letter": "/department/letters/one/?kind=moved&language=en",
    "letter-change": "/department/letters/change/?kind=moved&language=en",
    "day-list": "/lists/day/",
    "room-list": "/lists/rooms/",
    "transport-list": "/lists/transport/",
}
BEHIND = {
    "person": ("/department/people/", "[data-row-link]"),
    "shifts": ("/department/people/", ".col-actions a"),
    "protocol": ("/department/protocols/", "[data-row-link]"),
    "protocol-change": ("/department/protocols/", "[data-row-link]", ".page-header__actions a"),
    "kept": ("/department/rooms/", "[data-row-link]", "a[href$='/kept/']"),
    "room-change": ("/department/rooms/", "[data-row-link]", ".page-header__actions a"),
}


def test_every_page_keeps_to_the_screen_and_to_the_rules(sign_in_demo):
    lead = sign_in_demo("lead")
    for name, address in {**PAGES, **BEHIND}.items():
        if address in looks.PAGES["lead"].values() and not PICTURES:
            continue  # test_pages.py looks at it, more closely
        path, *links = (address,) if isinstance(address, str) else address
        lead.page.goto(path)
        for link in links:
            with lead.page.expect_navigation():
                lead.page.locator(link).filter(visible=True).first.click()
        pictures(lead.page, name)
        lead.look()


def test_a_letter_is_looked_at_before_it_is_saved(sign_in_demo):
    lead = sign_in_demo("lead")
    lead.open(PAGES["letter-change"])
    lead.fill({"First paragraph": "Dear {first_name}, please note your new time."})
    lead.press("See what it changes")
    lead.sees("Dear Maria, please note your new time.")
    pictures(lead.page, "letter-preview")


def test_lists_are_printed_for_another_day(sign_in_demo):
    lead = sign_in_demo("lead")
    lead.open("/lists/day/")
    day = (datetime.now() + timedelta(days=1)).date()  # noqa: DTZ005 - any day but this one
    lead.page.get_by_label("Day", exact=True).fill(day.isoformat())
    lead.press("Show")
    lead.press("Room list")
    assert f"day={day.isoformat()}" in lead.page.url
    answer = lead.page.request.get(lead.page.get_by_role("link", name="PDF").get_attribute("href"))
    assert answer.body()[:5] == b"%PDF-", answer.text()
