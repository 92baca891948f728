"""A patient, a mail, and a phone: from the link to an answer, with scripts and without, in six languages."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.screen import DESK, PHONE

SMALL = {"width": 320, "height": 640}
BORN = {"Day": "17", "Month": "5", "Year": "1960"}
LINK = re.compile(r"(http://127\.0\.0\.1:\d+)(/a/[A-Za-z0-9_-]{43})\b")
PAGES = {"visit": "/a/", "what-happens": "/a/what-happens/", "cancel": "/a/cancel/"}
# Axe looks at one language of each direction: the others differ in words alone.
JUDGED = ("en", "ar")
PICTURED = {("visit", "en", "light"), ("what-happens", "en", "light"), ("visit", "ar", "dark")}
PICTURES = os.environ.get("VQFLOW_SCREENSHOTS")


@pytest.fixture
def inside(stack, harbour):
    """A function of invited.py, run inside the stack; what it wrote out."""

    def run(call):
        return stack.manage(
            "shell", "--no-imports", "-c", f"from tests.journeys import invited; invited.{call}"
        )

    return run


@pytest.fixture
def invited(inside, screens):
    """A patient with an appointment and the link in the confirmation: (id of the appointment, path of the link)."""

    def made(patient, **options):
        words = "".join(f", {name}={value!r}" for name, value in options.items())
        pk = inside(f"booked({patient.as_fields()!r}{words})").strip()
        text = screens.mail(patient.email, "Harbour Clinic").get_body(("plain",)).get_content()
        return pk, LINK.search(text)[2]

    return made


def opened(person, link):
    person.open(link)
    person.fill(BORN)
    person.press("Open")
    person.sees("Your appointment")


@pytest.mark.parametrize("has_scripts", [True, False])
def test_from_the_mail_to_an_answer_on_a_phone(screens, invited, inside, patient, has_scripts):
    pk, link = invited(patient)
    person = screens.nobody(viewport=SMALL, java_script_enabled=has_scripts)
    person.open(link)
    expect(person.page).to_have_url(re.compile(r"/a/$"))
    person.sees("Is it you?", "Call 911 in an emergency.")
    assert patient.given_name not in person.page.content()
    person.fill({**BORN, "Year": "1961"})
    person.press("Open")
    person.sees("You can try 4 more times.")
    person.fill(BORN)
    person.press("Open")
    person.sees(patient.given_name, "Please arrive at", "Take lift B.", "Get help at once")
    person.press("What happens at your visit")
    person.sees("You breathe in", "A small injection", "Does it hurt?", "Words you may hear")
    person.press("Back to your appointment")
    person.press("Yes, I will come")
    person.sees("Thank you. We are expecting you.")
    assert inside(f"state({pk!r})") == "booked confirmed"
    with person.page.expect_download() as file:
        person.control("Add to my calendar").click()
    assert "BEGIN:VEVENT" in Path(file.value.path()).read_text()
    person.press("I cannot come")
    person.sees("Do you want to cancel your appointment")
    assert inside(f"state({pk!r})") == "booked confirmed"
    person.press("Yes, cancel my appointment")
    person.sees("Your appointment is cancelled")
    assert inside(f"state({pk!r})").startswith("cancelled")


def test_a_scanner_opens_every_link_first_and_the_patient_finds_all_as_it_was(
    screens, invited, inside, patient, stack
):
    pk, link = invited(patient)
    scanner = screens.nobody()
    addresses = {link}
    for message in stack.mails():
        if message["X-Envelope-To"] == patient.email:
            addresses |= {found[1] for found in LINK.findall(message.as_string().replace("=\n", ""))}
    for address in sorted(addresses) * 5:
        for method in ("get", "head"):
            assert getattr(scanner.page.request, method)(address).ok
    assert inside(f"state({pk!r})") == "booked open"
    person = screens.nobody(viewport=PHONE)
    opened(person, link)
    person.press("Yes, I will come")
    person.sees("You have told us that you will come.")


def test_with_the_keyboard_alone(screens, invited, patient):
    _, link = invited(patient)
    page = screens.nobody(viewport=PHONE).page
    page.goto(link)
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.get_by_label("Day", exact=True).focus()
    for text in BORN.values():
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    yes = page.get_by_role("button", name="Yes, I will come")
    for _ in range(30):
        if yes.evaluate("element => element === document.activeElement"):
            break
        page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("We are expecting you")


def test_a_shared_computer_forgets(screens, invited, patient):
    _, link = invited(patient)
    person = screens.nobody(viewport=PHONE)
    opened(person, link)
    person.press("Close my appointment")
    person.sees("Nobody can see your appointment here now")
    assert person.page.request.get("/a/").status == 410


def test_every_page_in_every_language_keeps_to_the_screen_and_to_the_rules(screens, invited, patient):
    """320, 390 and 1440 px, light and dark, forced colours, and from right to left."""
    _, link = invited(patient, answers={})
    person = screens.nobody(viewport=PHONE)
    page, too_wide = person.page, []
    page.goto(link)
    languages = page.locator("button[name=language]").evaluate_all("all => all.map(each => each.value)")
    for language in ["en", *languages]:
        switch(page, language)
        if language == "en":
            person.look()
            person.fill(BORN)
            person.press("Open")
        for name, path in {**PAGES, "questions": "/a/questions/", "another-time": "/a/another-time/"}.items():
            page.goto(path)
            assert page.locator("html").get_attribute("lang") == language.lower()
            for width in (320, 390, 1440):
                page.set_viewport_size({**DESK, "width": width})
                too_wide += [f"{name} {language} {width}"] if overflow(page) else []
            page.set_viewport_size(PHONE)
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)
                if language in JUDGED:
                    person.look(colours_alone=theme == "dark")
                if PICTURES and (name, language, theme) in PICTURED:
                    page.screenshot(path=Path(PICTURES) / f"patient-{name}-{language}-{theme}-390.png")
            page.emulate_media(forced_colors="active")
            too_wide += [f"{name} {language} forced"] if overflow(page) else []
            page.emulate_media(forced_colors="none", color_scheme="light")
    assert too_wide == []


def switch(page, language):
    button = page.locator(f"button[name=language][value='{language}']")
    if button.count():
        page.locator(".languages summary").click()
        with page.expect_navigation():
            button.click()


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")
