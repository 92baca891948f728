"""After the final signature: an addendum, an amendment and a retraction, signed by password and by passkey."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from scheduling.demo.clinic import PASSWORD

KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def final_report(person):
    """Come to the newest report that is final and says nothing urgent."""
    person.open("/reports/?tab=final")
    rows = person.page.locator(
        'tr:has(.chip[data-state="final"]):not(:has(.chip--red)):not(:has-text("begun"))'
    )
    rows.first.locator("[data-row-link]").click()
    expect(person.page.get_by_role("link", name="Add an addendum")).to_be_visible()
    person.glance()


def signs(person, button):
    person.fill({"Your password": PASSWORD})
    person.press(button)


def test_an_addendum_is_written_saved_by_itself_and_signed(sign_in_demo):
    person = sign_in_demo("physician")
    final_report(person)
    person.press("Add an addendum")
    person.fill({"Addendum": "The ward was told at 16:10."})
    expect(person.page.locator("[data-autosave-state]")).to_contain_text(re.compile(r"Saved \d"))
    person.press("Save and go to signing")
    person.sees("The ward was told at 16:10.")
    signs(person, "Sign the addendum")
    person.sees("Addendum signed.")


def test_an_amendment_shows_its_changes_before_it_is_signed(sign_in_demo):
    person = sign_in_demo("physician")
    final_report(person)
    person.press("Amend")
    person.fill({"Why is it amended?": "A word was missing."})
    person.press("Open the report for changes")
    impression = person.page.get_by_label(re.compile("^Impression")).first
    impression.fill(f"{impression.input_value()}\nRead again with a colleague.")
    person.press("Save and go to signing")
    expect(person.page.locator("ins")).to_contain_text("Read again with a colleague.")
    signs(person, "Sign the amended report")
    person.sees("Amended report signed.")
    person.sees("Amended because: A word was missing.")


@pytest.fixture
def with_passkey(sign_in_demo):
    """A physician of the other site, whom no other journey signs in, at a computer with a passkey. Browsers have none
    for an address of numbers."""
    person = sign_in_demo("hillside-physician", fresh=True)
    page = person.page
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    here = urlsplit(page.url)
    person.home = f"{here.scheme}://localhost:{here.port}"
    return person


def test_a_report_is_retracted_with_a_passkey_and_waits_to_be_written_anew(with_passkey):
    person, page = with_passkey, with_passkey.page
    page.goto(f"{person.home}/account/login/")
    person.fill({"User name": "hillside-physician", "Password": PASSWORD})
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "login" not in url)
    page.goto(f"{person.home}/account/2fa/webauthn/add/")
    if "reauthenticate" in page.url:
        person.fill({"Password": PASSWORD})
        page.get_by_role("button", name="Confirm").click()
    page.get_by_role("button", name="Add the passkey").click()
    page.wait_for_url(lambda url: not url.endswith("/add/"))
    page.goto(f"{person.home}/reports/?tab=final")
    rows = page.locator('tr:has(.chip[data-state="final"]):not(:has(.chip--red)):not(:has-text("begun"))')
    rows.first.locator("[data-row-link]").click()
    page.get_by_role("link", name="Retract").click()
    person.fill({"Why is it retracted?": "The pictures of another examination had been opened."})
    page.get_by_role("button", name="Retract with a passkey").click()
    person.sees("The examination waits for a report again.")
    person.sees("The report was retracted.")
