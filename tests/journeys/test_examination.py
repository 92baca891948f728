"""A technologist's day at the examination page: every agent from the gown to the last picture, one press each."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.clinic import PASSWORD
from tests.journeys.conftest import inside
from tests.journeys.invented import invent
from tests.journeys.screen import PHONE

TABLET = {"viewport": {"width": 820, "height": 1180}, "has_touch": True}
SETTLED_MS = 750
MOST_PRESSES = 60
PIN = "582617"
HEAD = [
    "Done: Gown on",
    "Begin: IV access",
    "End: IV access",
    "Done: Position",
    "Done: Mouthpiece or mask fits",
]
PERFUSION = ["Done: Measure the dose", "Begin: Invert gently", "Next: Wait until the tracer is fixed"]
DAYS = {
    "technegas": (
        "V_THEN_Q",
        ["Next: Burn", "Next: Inhalation", "Next: Recovery", "Next: Ventilation SPECT"],
    ),
    "dtpa": ("V_THEN_Q", ["Begin: Inhalation", "Done: Mouth rinsed", "Begin: Ventilation views"]),
    "xe133": (
        "V_THEN_Q",
        [
            "Done: Negative pressure",
            "Begin: Single breath",
            "Accept Single breath",
            "Next: Wash-in until the counts level off",
            "Next: Equilibrium",
            "Accept Equilibrium",
            "Next: Wash-out to the trap",
            "Accept Wash-out",
            "Next: Mask off",
        ],
    ),
    "kr81m": ("V_THEN_Q", ["Begin: Krypton breathed while the views are taken", "Accept Anterior"]),
    "": ("Q_ONLY", ["Begin: Invert gently", "Next: Perfusion views"]),
}


class Exam:
    """One examination on one person's screen."""

    def __init__(self, person, number):
        self.person, self.page, self.number = person, person.page, number
        person.open(f"/appointments/{number}/examination/")

    @property
    def main(self):
        return self.page.locator("#press-main")

    def press(self):
        """One step on; returns what stood on the button."""
        button, version = self.button(), self.version()
        label = button.inner_text().strip()
        self.page.wait_for_timeout(SETTLED_MS)
        button.click()
        # Others' news change the version too: only the page itself says that this press is done.
        self.page.wait_for_function(
            "before => !('busy' in document.documentElement.dataset)"
            " && document.getElementById('examination').dataset.version !== before",
            arg=version,
        )
        return label

    def button(self):
        """The big button; where it leads to a page for figures, the one beside it that ticks the step off without."""
        is_link = self.main.evaluate("button => button.tagName === 'A'")
        return self.page.locator("#press-other") if is_link else self.main

    def version(self):
        return self.page.locator("#examination").get_attribute("data-version")

    def press_on(self, until=None):
        """Press the big button until it says `until`, or cannot be pressed; what stood on it each time."""
        pressed = []
        for _ in range(MOST_PRESSES):
            if not self.main.count() or self.main.get_attribute("aria-disabled"):
                return pressed
            if until and until in self.main.inner_text():
                return pressed
            if not self.button().count():  # what is left leads to another page
                return pressed
            pressed.append(self.press())
        raise AssertionError(f"No end after {pressed}")


@pytest.fixture
def arrived(stack, harbour):
    """arrived("V_THEN_Q", "dtpa"): the number of an appointment whose patient is here."""

    def one(key, agent, **more):
        fields = invent().as_fields() | more
        return inside(stack, f"arrived({key!r}, {agent!r}, **{fields!r})").split()[-1]

    return one


def in_order(wanted, pressed):
    rest = iter(pressed)
    return all(each in rest for each in wanted)


@pytest.mark.parametrize("agent", DAYS)
def test_full_day(agent, sign_in, arrived):
    key, breathed = DAYS[agent]
    exam = Exam(sign_in("technologist", **TABLET), arrived(key, agent))
    pressed = exam.press_on()
    head = HEAD if agent else HEAD[:4]
    assert in_order(head, pressed)
    assert "Clear dose" in pressed
    assert in_order(breathed, pressed), pressed
    assert in_order(PERFUSION, pressed), pressed
    exam.person.sees("Every step is done.", "Done")
    exam.person.look()


def test_pregnancy_perfusion_first_and_ventilation_only_if_a_physician_says_so(sign_in, arrived):
    number = arrived("Q_FIRST_V_IF_ABNORMAL", "dtpa", is_pregnant=True)
    exam = Exam(sign_in("technologist", **TABLET), number)
    pressed = exam.press_on(until="Begin: Inhalation")
    assert in_order([*PERFUSION, "Next: Perfusion views"], pressed)
    exam.person.sees("A physician reads perfusion first")
    physician = sign_in("physician")
    physician.open(f"/appointments/{number}/")
    physician.choose("Perfusion is", "Abnormal: ventilation is needed")
    physician.press("Record the reading")
    expect(exam.main).not_to_have_attribute("aria-disabled", "true")
    assert in_order(["Begin: Inhalation", "Begin: Ventilation views"], exam.press_on())
    exam.person.sees("Every step is done.")


def test_views_are_repeated_and_skipped_with_a_reason_and_a_press_is_taken_back(sign_in, arrived):
    exam = Exam(sign_in("technologist", viewport=PHONE), arrived("V_THEN_Q", "dtpa"))
    exam.press_on(until="Accept Anterior")
    page = exam.page
    exam.press()
    view = page.locator("#view-v_pictures-ant")
    view.get_by_role("button", name="Repeat or skip Anterior").click()
    page.wait_for_timeout(SETTLED_MS)
    view.get_by_role("button", name="The patient moved.").click()
    expect(view).to_contain_text("repeat: The patient moved.")
    expect(exam.main).to_have_text("Accept Anterior")
    page.wait_for_timeout(SETTLED_MS)
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(exam.main).to_have_text("Accept Posterior")
    page.wait_for_timeout(SETTLED_MS)
    page.keyboard.press("s")
    expect(exam.main).to_have_text("Accept Right lateral")
    exam.person.look()


def test_everything_works_without_scripts(sign_in, arrived):
    person = sign_in("technologist", java_script_enabled=False)
    person.open(f"/appointments/{arrived('Q_ONLY', '')}/examination/")
    for label in HEAD[:4]:
        person.press(label)
    person.press("Clear dose")
    person.sees("Dose cleared")
    for label in PERFUSION:
        person.press(label)
    person.sees("left of 3:00")


def test_timers_run_on_through_the_lock_without_names_and_a_pin_opens_it(sign_in, arrived):
    person = sign_in("technologist", fresh=True)
    page = person.page
    person.open("/account/quick-unlock/")
    page.get_by_label("New PIN", exact=False).first.fill(PIN)
    page.get_by_label("New PIN once more").fill(PIN)
    page.get_by_label("Your password").first.fill(PASSWORD)
    person.press("Set PIN")
    exam = Exam(person, arrived("V_THEN_Q", "technegas"))
    exam.press_on(until="End: IV access")
    surname = page.locator(".patient__surname").inner_text()
    person.control("Lock").click()
    dialog = page.get_by_role("dialog", name="Locked")
    expect(dialog.locator("#lock-timers")).to_contain_text(re.compile(r"IV access\s*0:\d\d of 5:00"))
    ours = dialog.locator("#lock-timers li", has_text="IV access").locator("strong").last
    first = ours.inner_text()
    expect(ours).not_to_have_text(first)
    expect(page.locator(".patient__surname")).to_be_hidden()
    assert surname.lower() not in dialog.inner_text().lower()
    person.look()
    person.fill({"Password or PIN": PIN})
    person.control("Unlock").click()
    expect(dialog).to_be_hidden()
    expect(page.locator(".timer")).to_contain_text("IV access")


def test_an_alarm_is_words_and_colour_and_not_only_sound(sign_in, arrived):
    person = sign_in("technologist", fresh=True)
    person.page.clock.install()
    exam = Exam(person, arrived("V_THEN_Q", "technegas"))
    exam.page.clock.resume()
    exam.press_on(until="End: IV access")
    # What the server says would put the clock right again.
    exam.page.route(re.compile("/examination/rows/"), lambda route: route.fulfill(status=204))
    timer = exam.page.locator(".timer")
    expect(timer).to_have_attribute("data-level", "")
    expect(timer).to_contain_text(re.compile(r"0:0[1-9] of"))  # the page counts by now
    exam.page.clock.fast_forward(5 * 60_000)
    expect(timer).to_contain_text("Time reached")
    expect(timer).to_have_attribute("data-level", "due")


def test_a_press_without_network_is_kept_and_done_once_at_its_own_time(sign_in, arrived, stack):
    number = arrived("V_THEN_Q", "technegas")
    exam = Exam(sign_in("technologist"), number)
    page = exam.page
    exam.press_on(until="Begin: IV access")
    page.wait_for_timeout(SETTLED_MS)
    page.context.set_offline(True)
    exam.main.click()
    expect(page.locator("#outbox")).to_contain_text(
        "Kept here and sent when the network is back: Begin: IV access"
    )
    exam.person.look()
    page.wait_for_timeout(4000)
    page.context.set_offline(False)
    expect(exam.main).to_have_text("End: IV access")
    expect(page.locator("#outbox")).to_be_hidden()
    count, age = map(int, inside(stack, f"recorded({number!r}, 'iv')").split())
    assert count == 1
    assert age >= 4
    forgive_network(exam.person)


CUT_OFF = ("ERR_INTERNET_DISCONNECTED", "htmx:sendError", "htmx:afterRequest")


def forgive_network(person):
    """The browser reports each request that this journey cut off."""
    person.faults[:] = [fault for fault in person.faults if not any(each in fault for each in CUT_OFF)]


def test_of_two_people_one_works_and_the_other_may_take_over(sign_in, arrived):
    number = arrived("V_THEN_Q", "dtpa")
    ana, lou = Exam(sign_in("technologist"), number), Exam(sign_in("lead"), number)
    ana.press()
    lou.person.sees("Ana Ruiz works on this since")
    expect(lou.main).to_have_attribute("aria-disabled", "true")
    lou.person.look()
    lou.person.control("Take over").click()
    lou.person.sees("you since")
    ana.person.sees("Lou Helm works on this since")
    expect(ana.main).to_have_attribute("aria-disabled", "true")
