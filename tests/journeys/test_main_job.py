"""Steps 1 to 6: from the referrer's order to the signed result, through the pages, on the running stack."""

import psycopg
import pytest
from playwright.sync_api import expect

from tests.journeys import clinic, steps
from tests.journeys.clinic import REFERRER_MAIL

IMPRESSION = "Two large mismatched defects in the right lower lobe."
SIGNED = "WHERE report_id = (SELECT id FROM reporting_report WHERE order_id = %s)"


def test_from_order_to_signed_result(sign_in, screens, stack, patient):
    scheduler, physician, technologist = map(sign_in, ("scheduler", "physician", "technologist"))
    order = taken_with_screening(scheduler, patient)
    steps.vet(physician, order)
    steps.book(scheduler, order)
    scheduler.sees("Plan", "Confirmation")
    confirmation_arrives(screens, patient)
    steps.check_in(technologist, patient)
    steps.confirm_xray(technologist, patient, minutes_ago=120)
    technologist.look()
    steps.examine(technologist, patient)
    technologist.look()
    written_and_signed(physician, patient)
    result_is_announced_without_content(screens, patient)
    signed_version_cannot_be_changed(physician, stack, order)


def taken_with_screening(scheduler, patient):
    """What an answer does stands beside it at once; what is unknown becomes a task."""
    albumin = "Has the patient ever reacted to human albumin?"
    steps.register(scheduler, patient)
    steps.request(scheduler)
    scheduler.choose(albumin, "Yes")
    beside = scheduler.page.locator("#effects-albumin_allergy")
    expect(beside).to_contain_text("Holds back")
    scheduler.look()
    scheduler.choose(albumin, "No")
    expect(beside).not_to_contain_text("Holds back")
    scheduler.choose("Is pulmonary hypertension known?", "No")
    order = steps.save_order(scheduler)
    tasks = scheduler.page.get_by_role("region", name="Open tasks")
    expect(tasks).to_contain_text("right-to-left shunt")
    expect(tasks).not_to_contain_text("albumin")
    return order


def confirmation_arrives(screens, patient):
    message = screens.mail(patient.email, "Your appointment at Harbour Clinic")
    calendar = next(part for part in message.walk() if part.get_content_type() == "text/calendar")
    event = calendar.get_content()
    assert "BEGIN:VEVENT" in event
    assert "SUMMARY:Appointment" in event
    assert not [word for word in ("lung", "ventilation", "perfusion") if word in message.as_string().lower()]


def written_and_signed(physician, patient):
    physician.open("/")
    physician.press("Reports")
    physician.press(patient.family_name)
    assert physician.page.get_by_role("radio").count() == 10
    physician.page.get_by_label("PE present").check()
    expect(physician.page.locator("#evaluation")).to_contain_text("told by voice")
    physician.fill({"Findings": "Mismatched perfusion defects.", "Impression": IMPRESSION})
    physician.look()
    physician.press("Save and go to signing")
    physician.sees(IMPRESSION)
    physician.fill({"Your password": clinic.PASSWORD})
    physician.press("Sign as final")
    physician.sees("Signed as final.")
    physician.look()


def result_is_announced_without_content(screens, patient):
    text = screens.mail(REFERRER_MAIL, "A result is ready").as_string()
    secret = (*patient.as_fields().values(), "PE present", "mismatched", "lung")
    assert not [word for word in secret if word in text]


def signed_version_cannot_be_changed(physician, stack, order):
    """Neither on its page, nor as the application's own role in SQL."""
    physician.open(f"/reports/{order}/")
    physician.sees("Final report", IMPRESSION)
    expect(physician.page.get_by_role("textbox")).to_have_count(0)
    physician.open(f"/reports/{order}/sign/")
    expect(physician.control("Sign the amended report")).to_be_disabled()
    for change in (
        "UPDATE reporting_reportversion SET impression = 'Nothing'",
        "DELETE FROM reporting_reportversion",
    ):
        with psycopg.connect(stack.env["DATABASE_URL"]) as connection:
            with pytest.raises(psycopg.Error) as refusal:
                connection.execute(f"{change} {SIGNED}", [order])
            assert "Cannot" in str(refusal.value) or "permission denied" in str(refusal.value)
            connection.rollback()
