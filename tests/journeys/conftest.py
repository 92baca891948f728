"""Journeys: real browsers against the whole running stack."""

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from scheduling.demo.clinic import PASSWORD as DEMO_PASSWORD
from tests.journeys import clinic
from tests.journeys.invented import invent
from tests.journeys.screen import Screens

HERE = Path(__file__).parent
LOOKS = "test_pages.py"
# The first journey waits for the whole stack to start.
LONGEST_SECONDS = 300
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pytest_collection_modifyitems(items):
    """The look at every page comes first, while nobody has taken a patient of the demonstration out of a state."""
    places = [at for at, item in enumerate(items) if HERE in item.path.parents]
    journeys = sorted((items[at] for at in places), key=lambda item: item.path.name != LOOKS)
    for at, item in zip(places, journeys, strict=True):
        items[at] = item
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.journey)
            item.add_marker(pytest.mark.timeout(LONGEST_SECONDS))


# Closed after the last journey: while Playwright runs, Django refuses its database to other tests of the process.
@pytest.fixture(scope="package")
def browser(chromium):
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(SWITCHES))
        yield started
        started.close()


@pytest.fixture(scope="package")
def harbour(stack):
    """The journeys' own department: clinic.py."""
    inside(stack, "opened()")


def inside(stack, call):
    """Run a function of clinic.py in the stack; what it printed."""
    return stack.manage("shell", "--no-imports", "-c", f"from tests.journeys import clinic; clinic.{call}")


@pytest.fixture(scope="package")
def known():
    """What the tests before have found out: (sessions by user name, pages that axe has judged)."""
    return {}, set()


@pytest.fixture
def screens(stack, browser, known):
    """Opens browsers, and fails at the end on anything that no journey may leave behind."""
    opened = Screens(stack, browser, *known)
    yield opened
    opened.judge()


@pytest.fixture
def sign_in(screens, harbour):
    """A person of the journeys' department at a screen of their own: sign_in("scheduler")."""

    def at_a_screen(role, **options):
        return screens.person(f"{clinic.CODE}-{role}", clinic.PASSWORD, **options)

    return at_a_screen


@pytest.fixture
def sign_in_demo(screens):
    """A person of the demonstration's department, with its full lists: sign_in_demo("scheduler")."""

    def at_a_screen(username, **options):
        return screens.person(username, DEMO_PASSWORD, **options)

    return at_a_screen


@pytest.fixture
def patient():
    return invent()


@pytest.fixture
def waiting(stack, harbour):
    """Vetted orders that wait to be booked, one for each patient: their numbers."""

    def orders(*patients, agent="dtpa"):
        fields = [each.as_fields() for each in patients]
        return [int(line) for line in inside(stack, f"waiting(*{fields!r}, agent={agent!r})").split()]

    return orders
