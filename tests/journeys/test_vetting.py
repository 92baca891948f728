"""A physician vets with the keyboard alone: suggestion, another protocol, asking back, a consult; the desk answers."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.invented import invent
from tests.journeys.screen import Person
from tests.journeys.steps import SETTLED_MS

PICTURES = os.environ.get("VQFLOW_PICTURES", "")


@pytest.fixture
def run(stack, harbour):
    """Run a function of vettinglist.py in the stack; what it printed."""

    def inside(call):
        code = f"from tests.journeys import vettinglist; vettinglist.{call}"
        return stack.manage("shell", "--no-imports", "-c", code)

    return inside


@pytest.fixture
def orders(run):
    """A STAT order, one of a pregnant patient, one of a patient on oxygen; ended when the journey is over."""
    run("nobody_waits()")
    patients = [invent() for _ in range(3)]
    numbers = [int(line) for line in run(f"to_vet(*{[each.as_fields() for each in patients]!r})").split()]
    yield numbers
    run(f"ended(*{numbers!r})")


def press(person: Person, *keys: str) -> None:
    for key in keys:
        person.page.keyboard.press(key)


def decide(person: Person, key: str) -> None:
    """A key that leads to another page; not right after the page has come: that is taken for a held key."""
    person.page.wait_for_timeout(SETTLED_MS)
    with person.page.expect_navigation():
        press(person, key)
    person.glance()


def on(person: Person, order: int) -> None:
    assert f"/vetting/{order}/" in person.page.url


def picture(person: Person, name: str) -> None:
    if PICTURES:
        person.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def test_three_orders_are_vetted_with_the_keyboard_alone(sign_in, orders, run):
    stat, pregnant, on_oxygen = orders
    physician = sign_in("physician")
    page = physician.page
    physician.open("/vetting/")
    picture(physician, "vetting-list")
    decide(physician, "n")

    # STAT stands first; its suggestion is approved with one key, and the next order comes by itself.
    on(physician, stat)
    physician.sees("Ventilation then perfusion, Technegas (suggested)")
    expect(page.get_by_label("Why another protocol")).to_be_hidden()
    decide(physician, "a")
    physician.sees("Vetted.")
    on(physician, pregnant)

    # Pregnancy: the suggestion with its source, and V/Q or CTPA; the physician asks back.
    physician.sees("Perfusion first, ventilation if abnormal", "Blackpool Teaching Hospitals")
    physician.sees("V/Q scan or CTPA", "Impaired kidney function")
    picture(physician, "vetting-case")
    press(physician, "b")
    page.keyboard.type("How many weeks?")
    decide(physician, "Enter")
    physician.sees("Asked. The order comes back to the list with the answer.")
    on(physician, on_oxygen)

    # Another protocol than the suggested one: its reason is asked for, and refused without one at the field.
    physician.sees("Needs oxygen: DTPA aerosol or krypton rather than Technegas")
    press(physician, "c", "ArrowUp")
    expect(page.get_by_label("Why another protocol")).to_be_visible()
    press(physician, "Tab")
    decide(physician, "Enter")
    physician.sees("is suggested. Say why another protocol is chosen.")
    expect(page.get_by_label("Why another protocol")).to_be_visible()
    page.get_by_label("Why another protocol").focus()
    page.keyboard.type("The tracer is not available.")
    decide(physician, "Enter")
    physician.sees("Vetted.")
    assert run(f"is_vetted_with({on_oxygen})") == "V_THEN_Q,V_THEN_Q,The tracer is not available."


def test_the_desk_answers_and_the_physician_lets_it_go_on(sign_in, orders):
    _, pregnant, _ = orders
    physician, scheduler = sign_in("physician"), sign_in("scheduler")
    physician.open(f"/vetting/{pregnant}/")
    press(physician, "b")
    physician.page.keyboard.type("How many weeks?")
    decide(physician, "Enter")

    scheduler.open("/orders/?tab=asked")
    picture(scheduler, "orders-asked")
    press(scheduler, "j", "a")
    scheduler.page.wait_for_url(f"**/orders/{pregnant}/**")
    scheduler.glance()
    scheduler.page.get_by_label("Answer", exact=True).focus()
    scheduler.page.keyboard.type("Twenty")
    press(scheduler, "Tab")
    decide(scheduler, "Enter")
    scheduler.sees("Answered. The order is back with the physician.")
    scheduler.sees("A physician decides this on the order's page")

    physician.open("/vetting/?tab=consult")
    row = physician.page.locator(f"#order-{pregnant}")
    row.get_by_role("link").first.focus()
    press(physician, "v")
    physician.page.wait_for_url(f"**/vetting/{pregnant}/**")
    physician.sees("Twenty", "Pregnant or possibly pregnant: a physician decides")
    physician.page.get_by_label("Answer", exact=True).focus()
    physician.page.keyboard.type("Discussed with the obstetrician")
    decide(physician, "Enter")
    physician.sees("Answer recorded.", "A physician has decided")


def test_the_first_key_after_a_page_has_come_decides_nothing(sign_in, orders):
    physician = sign_in("physician")
    physician.open(f"/vetting/{orders[0]}/")
    physician.page.reload()
    press(physician, "a")
    physician.page.wait_for_timeout(SETTLED_MS)
    on(physician, orders[0])
    expect(physician.page.get_by_role("button", name="Approve")).to_be_visible()


def test_the_comparison_has_a_page_of_its_own(sign_in):
    physician = sign_in("physician")
    physician.open("/vq-or-ctpa/")
    physician.sees("V/Q scan or CT angiography", "Niemann 2010")
    picture(physician, "comparison")
