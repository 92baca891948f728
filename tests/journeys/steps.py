"""What people do at the pages, for the journeys that share it."""

import re

from playwright.sync_api import Locator, expect

from tests.journeys.clinic import REFERRER
from tests.journeys.invented import Invented
from tests.journeys.screen import Person

PROTOCOL = "Ventilation then perfusion, Tc-99m DTPA aerosol"
SETTLED_MS = 800
LUNGS = (
    ("Clear dose", "Dose cleared"),
    ("Start ventilation", "Ventilation started"),
    ("End ventilation", "Ventilation ended"),
    ("Start perfusion", "Perfusion started"),
    ("End perfusion", "Perfusion ended"),
)


def register(scheduler: Person, patient: Invented) -> None:
    scheduler.open("/")
    scheduler.press("Patients")
    scheduler.press("Register")
    scheduler.fill(
        {
            "Medical record number": patient.mrn,
            "Surname": patient.family_name,
            "Given name": patient.given_name,
            "Date of birth": "1958-04-09",
            "E-mail": patient.email,
        }
    )
    scheduler.choose("Sex", "Male")
    scheduler.page.get_by_label("Agrees to e-mail").check()
    scheduler.press("Register and order")


def request(scheduler: Person) -> None:
    """Fill in the order itself, without its screening questions."""
    choose_referrer(scheduler)
    scheduler.fill({"Clinical question": "Acute pulmonary embolism?"})


def choose_referrer(person: Person) -> None:
    """Type a part of the name; without scripts the only match is taken when the order is sent."""
    person.fill({"Referrer": "rita mos"})
    if person.has_scripts:
        person.page.get_by_label(REFERRER).check()


def save_order(scheduler: Person) -> int:
    scheduler.press("Save order")
    scheduler.sees("Order saved.")
    return order_shown(scheduler)


def order_shown(person: Person) -> int:
    """The number of the order whose page is open."""
    return int(re.search(r"/orders/(\d+)/", person.page.url)[1])


def vet(physician: Person, order: int) -> None:
    physician.open("/")
    physician.press("Vetting")
    physician.press("Vet", within=physician.page.locator(f"#order-{order}"))
    physician.page.get_by_label("Protocol", exact=True).select_option(label=PROTOCOL)
    physician.fill({"Why another protocol": "The tracer is not available."})
    if physician.has_scripts:
        # A press right after the page has come is taken for the second of a double click.
        physician.page.wait_for_timeout(SETTLED_MS)
    physician.press("Approve with this protocol")
    physician.sees("Vetted.")


def best(scheduler: Person) -> Locator:
    return scheduler.page.locator(".option--best")


def book(scheduler: Person, order: int) -> None:
    """Each proposal is a whole visit: X-ray, ventilation and perfusion with their rooms and times."""
    scheduler.open(f"/orders/{order}/")
    scheduler.press("Find a time")
    for name in ("Chest X-ray", "Ventilation", "Perfusion"):
        expect(best(scheduler).locator(".chain")).to_contain_text(name)
    scheduler.press("Book", within=best(scheduler))
    scheduler.sees("Booked.")


def row_of(person: Person, patient: Invented) -> Locator:
    return person.page.locator("tbody tr", has_text=patient.family_name)


def check_in(technologist: Person, patient: Invented) -> None:
    """At the scan: two identifiers, pregnancy in private, and "No" to what nobody has answered yet."""
    page = technologist.page
    technologist.open("/worklist/")
    technologist.press("Check in", within=row_of(technologist, patient))
    for checked in ("Full name", "Date of birth"):
        page.get_by_label(checked, exact=True).check()
    for there in ("At the scan", "Asked in private"):
        if page.get_by_label(there, exact=True).count():
            page.get_by_label(there, exact=True).check()
    for no in page.get_by_label("No", exact=True).all():
        no.check()
    technologist.press("Check in")
    technologist.sees(f"{patient.family_name}: Checked in")


def confirm_xray(technologist: Person, patient: Invented, *, minutes_ago: int) -> None:
    technologist.press("Confirm X-ray", within=row_of(technologist, patient))
    clock = technologist.page.get_by_label("Time", exact=True)
    # The form comes with the time of now at the site, where it is nine.
    hours, minutes = map(int, clock.input_value().split(":")[:2])
    ended_at = hours * 60 + minutes - minutes_ago
    clock.fill(f"{ended_at // 60:02d}:{ended_at % 60:02d}")
    technologist.fill({"Place": "Emergency department"})
    technologist.press("Confirm")
    technologist.sees("X-ray confirmed")


def examine(technologist: Person, patient: Invented) -> None:
    """From the dose to the last picture, one press each."""
    for button, done in LUNGS:
        do_next(technologist, patient, button, done)
    expect(row_of(technologist, patient)).to_contain_text("Done")


def do_next(technologist: Person, patient: Invented, button: str, done: str) -> None:
    """Press the one button of the row; its undo says what was done."""
    if technologist.has_scripts:
        # The list does not take a press right after the one before: it would be the second of a double click.
        technologist.page.wait_for_timeout(SETTLED_MS)
    technologist.control(button, within=row_of(technologist, patient)).click()
    technologist.sees(f"{patient.family_name}: {done}")
