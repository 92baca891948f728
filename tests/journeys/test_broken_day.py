"""A camera fails its quality control: from the report on the worklist to the plan that a worker has proven."""

import pytest
from playwright.sync_api import expect

from tests.journeys.invented import invent
from tests.journeys.screen import DESK, PHONE

PATIENTS = 5


@pytest.fixture
def morning(stack, harbour):
    """Five patients are booked today; the name of a camera that some of them have."""
    fields = [invent().as_fields() for _ in range(PATIENTS)]
    code = f"from tests.journeys import brokenday; brokenday.booked(*{fields!r})"
    yield stack.manage("shell", "--no-imports", "-c", code).strip()
    over = "from tests.journeys import brokenday; brokenday.over()"
    stack.manage("shell", "--no-imports", "-c", over)


def report(person, room):
    """From the worklist to the plan."""
    person.open("/worklist/")
    person.press("Something broke")
    person.press("Camera failed its quality control")
    person.page.get_by_label("Room").select_option(label=room)
    person.page.get_by_label("What is wrong").fill("Uniformity")
    person.press("Show whom it hits")
    person.sees(f"{room}: camera failed its quality control", "failed its quality control.")


def test_a_camera_fails_and_the_day_is_planned_anew(sign_in, morning, tmp_path):
    scheduler = sign_in("scheduler")
    report(scheduler, morning)
    expect(scheduler.page.locator("#replan")).to_contain_text("Everybody can be scanned")
    expect(scheduler.page.locator("#replan")).not_to_have_attribute("data-poll-url", "")
    for size, viewport in {"1440": DESK, "390": PHONE}.items():
        scheduler.page.set_viewport_size(viewport)
        for theme in ("light", "dark"):
            scheduler.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            scheduler.page.screenshot(path=tmp_path / f"plan-{theme}-{size}.png", full_page=True)
        assert not scheduler.page.evaluate("document.documentElement.scrollWidth > innerWidth")
    scheduler.page.set_viewport_size(DESK)
    scheduler.look()
    scheduler.press("Accept the chosen changes")
    scheduler.sees("The plan is booked.", "Accepted")
    scheduler.press("It works again")
    scheduler.sees("The time that is left can be booked again.")


def test_the_same_without_javascript(sign_in, morning):
    technologist = sign_in("technologist", java_script_enabled=False)
    report(technologist, morning)
    address = technologist.page.url
    for _ in range(40):
        technologist.page.goto(address)
        if "Everybody can be scanned" in technologist.page.locator("#replan").inner_text():
            break
        technologist.page.wait_for_timeout(500)
    technologist.press("Accept the chosen changes")
    technologist.sees("The plan is booked.")
    technologist.press("It works again")
