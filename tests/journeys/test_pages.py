"""Every main page: light and dark, on a desk, on a phone, at 200 % and in forced colours; not too heavy.

The pictures of docs/screenshots are made here.
"""

import gzip
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
        "referrers": "/referrers/",
        "new-order": "/orders/new/",
        "order-for-patient": ("/patients/", FIRST, "a[href^='/orders/new/']"),
        "vq-or-ctpa": "/vq-or-ctpa/",
        "order": ("/orders/?tab=book", FIRST),
        "find-a-time": ("/orders/?tab=book", "tbody tr:has-text('Technegas') .col-actions a"),
        "appointment": ("/orders/?tab=booked", FIRST, ".page-header__actions .button"),
        "board": "/board/",
        "board-week": "/board/?view=week",
        "waitlist": "/waitlist/",
        "day-list": "/lists/day/",
        "transport-list": "/lists/transport/",
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
        "vetting": "/vetting/",
        "vetting-case": ("/vetting/", "tbody a"),
        "reports": "/reports/",
        "report": ("/reports/", FIRST),
        "signed": ("/reports/?tab=final", FIRST),
    },
    "lead": {
        "system": "/system/",
        "department": "/department/",
        "rooms": "/department/rooms/",
        "room": ("/department/rooms/", FIRST),
        "people": "/department/people/",
        "person": ("/department/people/", FIRST),
        "protocols": "/department/protocols/",
        "protocol": ("/department/protocols/", FIRST),
        "settings": "/department/settings/",
        "letters": "/department/letters/",
        "tracers": "/tracers/",
    },
    "privacy": {"audit": "/audit/"},
    "referrer": {"results": "/results/"},
}
PICTURE_HEIGHT = 780
# As a window is at 200 % on a desk.
TWICE = {"width": 720, "height": 450}
HEAVIEST_BYTES = 150_000
# The department's pages have theirs in test_department.py.
KEPT = {(name, "light", "1440") for who, pages in PAGES.items() if who != "lead" for name in pages} | {
    ("tracers", "light", "1440"),
    ("worklist", "dark", "1440"),
    ("worklist", "light", "390"),
    ("board", "dark", "1440"),
    ("board", "light", "390"),
}


@pytest.mark.parametrize("username", PAGES)
def test_pages_keep_to_the_screen_and_to_the_rules_in_both_themes(sign_in_demo, username, tmp_path):
    person, too_wide, too_heavy = sign_in_demo(username), [], []
    for name, way in PAGES[username].items():
        come_to(person.page, way)
        if (weight := bytes_of(person.page)) > HEAVIEST_BYTES:
            too_heavy.append(f"{name}: {weight}")
        for size, viewport in SIZES.items():
            person.page.set_viewport_size(viewport)
            if overflow(person.page):
                too_wide.append(f"{name} at {size}")
            for theme in ("light", "dark"):
                person.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                person.page.screenshot(path=tmp_path / f"{name}-{theme}-{size}.png")
                if PICTURES and (name, theme, size) in KEPT:
                    top = {"x": 0, "y": 0, **viewport, "height": PICTURE_HEIGHT}
                    person.page.screenshot(path=Path(PICTURES) / f"{name}-{theme}-{size}.png", clip=top)
                if size == "1440":
                    person.look()
        too_wide += [f"{name} at {which}" for which in zoomed_and_forced(person.page, tmp_path / name)]
        person.page.set_viewport_size(DESK)
    assert (too_wide, too_heavy) == ([], [])


def zoomed_and_forced(page, picture):
    """Which of both does not keep to the screen."""
    page.set_viewport_size(TWICE)
    page.screenshot(path=picture.with_name(f"{picture.name}-200.png"))
    if overflow(page):
        yield "200 %"
    page.set_viewport_size(DESK)
    page.emulate_media(forced_colors="active")
    page.screenshot(path=picture.with_name(f"{picture.name}-forced.png"))
    if overflow(page):
        yield "forced colours"
    page.emulate_media(forced_colors="none")


def bytes_of(page):
    """What this page and all that it needs weigh, compressed as they are sent, with an empty cache."""
    files = page.evaluate(
        "performance.getEntriesByType('resource').filter(e => e.initiatorType != 'xmlhttprequest')"
        ".reduce((sum, e) => sum + e.encodedBodySize, 0)"
    )
    return files + len(gzip.compress(page.content().encode()))


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
