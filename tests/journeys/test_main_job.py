"""Steps 1 to 6: from the referrer's order to the signed result, through the pages, on the running stack."""

import re
from datetime import datetime, timedelta

import psycopg
import pytest
from playwright.sync_api import expect

from tests.journeys.clinic import REFERRER, REFERRER_MAIL

PROTOCOL = "Ventilation then perfusion, Tc-99m DTPA aerosol"
IMPRESSION = "Two large mismatched defects in the right lower lobe."


def test_from_order_to_signed_result(sign_in, screens, stack, patient):
    scheduler = sign_in("scheduler")
    register(scheduler, patient)
    order = place_the_order(scheduler)
    vet(sign_in("physician"), order)
    book(scheduler, order)
    confirmation_arrives(screens, patient)
    examine(sign_in("technologist"), patient)
    physician = sign_in("physician")
    report(physician, patient)
    result_is_announced(screens, patient)
    signed_version_cannot_be_changed(physician, stack, order)


def register(scheduler, patient):
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


def place_the_order(scheduler):
    """Two answers; what they do stands beside them at once, and what is unknown becomes a task."""
    scheduler.page.get_by_label("Referrer").select_option(REFERRER)
    scheduler.fill({"Clinical question": "Acute pulmonary embolism?"})
    scheduler.choose("Has the patient ever reacted to human albumin?", "Yes")
    beside = scheduler.page.locator("#effects-albumin_allergy")
    expect(beside).to_contain_text("Holds back")
    scheduler.choose("Has the patient ever reacted to human albumin?", "No")
    expect(beside).not_to_contain_text("Holds back")
    scheduler.choose("Is pulmonary hypertension known?", "No")
    scheduler.look()
    scheduler.press("Save order")
    scheduler.sees("Order saved.", "Open tasks", "right-to-left shunt")
    return re.search(r"/orders/(\d+)/", scheduler.page.url)[1]


def vet(physician, order):
    physician.open("/")
    physician.press("Orders")
    physician.press("Vet", within=physician.page.locator(f"#order-{order}"))
    physician.page.get_by_label("Protocol").select_option(label=PROTOCOL)
    physician.press("Approve with this protocol")
    physician.sees("Vetted.")


def book(scheduler, order):
    """Each proposal is a whole visit: X-ray, ventilation and perfusion with their rooms and times."""
    scheduler.open(f"/orders/{order}/")
    scheduler.press("Find a time")
    for name in ("Chest X-ray", "Ventilation", "Perfusion"):
        expect(scheduler.page.locator(".option--best .chain")).to_contain_text(name)
    scheduler.press("Book", within=scheduler.page.locator(".option--best"))
    scheduler.sees("Booked.", "Plan", "Confirmation")


def confirmation_arrives(screens, patient):
    message = screens.mail(patient.email, "appointment")
    calendar = next(part for part in message.walk() if part.get_content_type() == "text/calendar")
    event = calendar.get_content()
    assert "BEGIN:VEVENT" in event
    assert "Harbour Clinic" in event
    assert "lung" not in message.as_string().lower()


def examine(technologist, patient):
    technologist.open("/")
    row = technologist.page.locator("tbody tr", has_text=patient.mrn)
    technologist.press("Check in", within=row)
    technologist.press("Check in")
    technologist.sees("Check two identifiers first")
    technologist.page.get_by_label("Name and date of birth checked").check()
    for question in (
        technologist.page.get_by_role("group").filter(has=technologist.page.get_by_role("radio")).all()
    ):
        question.get_by_label("No", exact=True).check()
    technologist.press("Check in")
    technologist.press("Confirm X-ray", within=row)
    ended_at = technologist.page.get_by_label("Time", exact=True)
    now = datetime.strptime(ended_at.input_value(), "%H:%M")
    ended_at.fill(f"{now - timedelta(hours=2):%H:%M}")
    technologist.fill({"Place": "Emergency department"})
    technologist.press("Confirm")
    for button, done in (
        ("Clear dose", "Dose cleared"),
        ("Start ventilation", "Ventilation started"),
        ("End ventilation", "Ventilation ended"),
        ("Start perfusion", "Perfusion started"),
        ("End perfusion", "Perfusion ended"),
    ):
        technologist.control(button, within=row).click()
        technologist.sees(f"{patient.family_name}: {done}")
        technologist.look()
    expect(row).to_contain_text("Done")


def report(physician, patient):
    physician.open("/")
    physician.press("Reports")
    physician.press(patient.family_name)
    assert physician.page.get_by_role("radio").count() == 10
    physician.page.get_by_label("PE present").check()
    physician.fill({"Findings": "Mismatched perfusion defects.", "Impression": IMPRESSION})
    physician.press("Save and go to signing")
    physician.sees(IMPRESSION)
    physician.press("Sign as final")
    physician.sees("Signed as final.")


def result_is_announced(screens, patient):
    message = screens.mail(REFERRER_MAIL, "result is ready")
    text = message.as_string()
    assert not [
        word for word in (*patient.as_fields().values(), "embolism", "PE present", IMPRESSION) if word in text
    ]


def signed_version_cannot_be_changed(physician, stack, order):
    physician.open(f"/reports/{order}/")
    physician.sees("Final report", IMPRESSION)
    expect(physician.page.get_by_role("textbox")).to_have_count(0)
    with psycopg.connect(stack.env["DATABASE_URL"]) as connection:
        for statement in (
            "UPDATE reporting_reportversion SET impression = 'Nothing'",
            "DELETE FROM reporting_reportversion",
        ):
            with pytest.raises(psycopg.Error, match="Cannot|permission"), connection.transaction():
                connection.execute(
                    f"{statement} WHERE report_id = (SELECT id FROM reporting_report WHERE order_id = %s)",
                    [order],
                )
