"""Every main page, light and dark, on a desk and on a phone; the pictures of the README are made here."""

import os
from pathlib import Path

import pytest

from tests.journeys.screen import DESK, PHONE

PICTURES = os.environ.get("VQFLOW_SCREENSHOTS")
SIZES = {"1440": DESK, "390": PHONE}
FIRST = "[data-row-link]"
# Pages by person. A page behind a link is an address and what to press there, one after the other.
PAGES = {
    "scheduler": {
        "orders": "/orders/",
        "stat": "/orders/stat/",
        "patients": "/patients/",
        "register": "/patients/new/",
        "patient": ("/patients/", FIRST),
        "new-order": ("/patients/", FIRST, "a[href^='/orders/new/']"),
        "order": ("/orders/?tab=book", FIRST),
        "find-a-time": ("/orders/?tab=book", "tbody tr:has-text('Technegas') .col-actions a"),
        "appointment": ("/orders/?tab=booked", FIRST, ".page-header__actions .button"),
        "tasks": "/tasks/",
        "messages": "/messages/",
        "disruptions": "/disruptions/",
        "something-broke": ("/disruptions/new/", "a[href='?kind=room_down']"),
        "closures": "/closures/",
        "close": "/closures/new/",
    },
    "technologist": {
        "worklist": "/worklist/",
        "check-in": ("/worklist/?state=to-come", "tbody .col-actions a"),
    },
    "physician": {
        "vet": ("/orders/?tab=vet", FIRST),
        "reports": "/reports/",
        "report": ("/reports/", FIRST),
        "signed": ("/reports/?tab=final", FIRST),
    },
    "lead": {"system": "/system/"},
    "privacy": {"audit": "/audit/"},
    "referrer": {"results": "/results/"},
}
PICTURE_HEIGHT = 780
README = {
    ("worklist", "light", "1440"),
    ("worklist", "dark", "1440"),
    ("worklist", "light", "390"),
    ("find-a-time", "light", "1440"),
    ("new-order", "light", "1440"),
    ("report", "light", "1440"),
}


@pytest.mark.parametrize("username", PAGES)
def test_pages_keep_to_the_screen_and_to_the_rules_in_both_themes(sign_in_demo, username, tmp_path):
    person, too_wide = sign_in_demo(username), []
    for name, way in PAGES[username].items():
        come_to(person.page, way)
        for size, viewport in SIZES.items():
            person.page.set_viewport_size(viewport)
            if overflow(person.page):
                too_wide.append(f"{name} at {size}")
            for theme in ("light", "dark"):
                person.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                person.page.screenshot(path=tmp_path / f"{name}-{theme}-{size}.png")
                if PICTURES and (name, theme, size) in README:
                    top = {"x": 0, "y": 0, **viewport, "height": PICTURE_HEIGHT}
                    person.page.screenshot(path=Path(PICTURES) / f"{name}-{theme}-{size}.png", clip=top)
                if size == "1440":
                    person.look()
        person.page.set_viewport_size(DESK)
    assert too_wide == []


def come_to(page, way):
    address, *links = (way,) if isinstance(way, str) else way
    page.goto(address)
    for link in links:
        with page.expect_navigation():
            page.locator(link).filter(visible=True).first.click()


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_sign_in_keeps_to_the_screen_and_to_the_rules(screens, tmp_path):
    person = screens.nobody(viewport=PHONE, color_scheme="dark")
    person.page.goto("/account/login/")
    person.page.screenshot(path=tmp_path / "sign-in-dark-390.png")
    assert not overflow(person.page)
    person.look()
