"""Nothing that a physician has typed is lost, and two who open one report know of each other."""

import pytest
from playwright.sync_api import expect

from tests.journeys import clinic
from tests.journeys.conftest import inside
from tests.journeys.invented import invent

SECOND = f"{clinic.CODE}-physician2"
SEEN_WITHIN_MS = 6000
OF_A_DEAD_SPOT = ("ERR_INTERNET_DISCONNECTED", "htmx:sendError", "htmx:afterRequest")
MAKE_SECOND = f"""
from django.contrib.auth.hashers import make_password
from vqflow.models import Grade, Role, User
names = {{"first_name": "Cyd", "last_name": "Marsh", "site_code": "{clinic.CODE}"}}
of = {{"role": Role.READER, "grade": Grade.ATTENDING, "password": make_password("{clinic.PASSWORD}")}}
User.objects.get_or_create(username="{SECOND}", defaults=names | of)
"""


@pytest.fixture
def report(stack, harbour):
    """The address of the report of an examination that waits for a reader."""
    made = f"to_read('V_THEN_Q', 'dtpa', **{invent().as_fields()!r})"
    code = f"from tests.journeys import readinglist; readinglist.{made}"
    return f"/reports/{int(stack.manage('shell', '--no-imports', '-c', code))}/"


@pytest.fixture
def second(stack, harbour, screens):
    """Another attending at a screen of her own."""
    stack.manage("shell", "--no-imports", "-c", MAKE_SECOND)
    return screens.person(SECOND, clinic.PASSWORD)


def impression(person):
    return person.page.get_by_role("textbox", name="Impression")


def state(person, words):
    expect(person.page.locator("[data-autosave-state]")).to_contain_text(words, timeout=15_000)


def test_what_is_typed_without_network_is_kept_in_the_page_and_saved_when_it_is_back(sign_in, report):
    physician = sign_in("physician")
    physician.open(report)
    physician.page.context.set_offline(True)
    impression(physician).fill("Typed in a dead spot.")
    state(physician, "Not saved yet: no connection to the server.")
    physician.control("Save and go to signing").click()
    expect(impression(physician)).to_have_value("Typed in a dead spot.")
    kept = physician.page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
    assert "dead spot" not in kept
    physician.page.context.set_offline(False)
    state(physician, "Saved")
    # The browser's own words about the dead spot are no fault of the page.
    physician.faults[:] = [
        each for each in physician.faults if not any(words in each for words in OF_A_DEAD_SPOT)
    ]
    physician.open(report)
    expect(impression(physician)).to_have_value("Typed in a dead spot.")


def test_what_is_typed_before_the_lock_is_saved_after_it(sign_in, stack, report):
    physician = sign_in("physician", fresh=True)
    physician.open(report)
    key = next(each["value"] for each in physician.page.context.cookies() if each["name"] == "vqflow_session")
    inside(stack, f"idle_for({key!r}, {16 * 60})")
    impression(physician).fill("Typed before the lock.")
    expect(physician.page.get_by_role("dialog", name="Locked")).to_be_visible(timeout=15_000)
    physician.fill({"Password": clinic.PASSWORD})
    physician.control("Unlock").click()
    expect(impression(physician)).to_have_value("Typed before the lock.")
    state(physician, "Saved")


def test_the_second_reader_sees_who_reads_follows_and_takes_over(sign_in, second, report):
    first = sign_in("physician")
    first.open(report)
    with first.page.expect_response(f"**{report}presence/"):
        pass
    second.open(report)
    second.sees("Ada Lund reads this report since")
    expect(second.page.locator("#report-form")).to_have_count(0)
    impression(first).fill("Seen by Ada.")
    state(first, "Saved")
    expect(second.page.get_by_text("Seen by Ada.")).to_be_visible(timeout=SEEN_WITHIN_MS)
    second.press("Take over")
    expect(impression(second)).to_have_value("Seen by Ada.")
    expect(first.page.locator("#presence")).to_contain_text(
        "Cyd Marsh reads this report since", timeout=SEEN_WITHIN_MS
    )
    assert first.page.evaluate("document.getElementById('report-form').inert")


def test_two_texts_are_shown_side_by_side_and_the_writer_chooses(sign_in, report):
    one, other = sign_in("physician"), sign_in("physician")
    one.open(report)
    other.open(report)
    impression(other).fill("From the other window.")
    impression(one).fill("From this window.")
    other.page.bring_to_front()
    clashed = None
    for _ in range(60):
        clashed = next((each for each in (one, other) if each.page.locator(".conflict").count()), None)
        if clashed:
            break
        one.page.wait_for_timeout(250)
    assert clashed, "Both texts were saved, one over the other."
    clashed.sees("From the other window.", "From this window.", "in another window")
    clashed.look()
    clashed.control("Save mine over it").click()
    state(clashed, "Saved")


def test_a_normal_study_is_three_keys_and_the_signature(sign_in, report):
    physician = sign_in("physician")
    physician.open(report)
    physician.page.get_by_label("Scheme", exact=True).select_option("MOD_PIOPED_II")
    physician.page.get_by_role("heading", name="Segments").click()
    physician.page.keyboard.press("Escape")
    physician.page.evaluate("document.activeElement.blur()")
    physician.page.keyboard.press("n")
    expect(physician.page.locator("#suggestion")).to_contain_text("The criteria suggest: Normal")
    physician.page.keyboard.press("a")
    expect(impression(physician)).to_have_value("Normal scan (modified PIOPED II).")
    with physician.page.expect_navigation(url="**/sign/"):
        physician.page.keyboard.press("s")
    physician.sees("Normal scan (modified PIOPED II).")
