"""Finding a time: wishes change the answer at once, a day of the six weeks, a time by hand, and the letter."""

import re
from datetime import timedelta

from playwright.sync_api import expect

from tests.journeys import steps
from tests.journeys.clinic import today
from tests.journeys.invented import invent


def lungs(person, number=1):
    return person.page.locator(f"#option-{number} .option__reasons")


def test_wishes_change_the_answer_at_once_and_the_focus_stays(sign_in, waiting):
    scheduler = sign_in("scheduler")
    [order] = waiting(invent())
    scheduler.open(f"/orders/{order}/search/")
    expect(lungs(scheduler)).to_contain_text("Earliest")
    box = scheduler.page.get_by_label("Not before")
    box.fill("13:00")
    expect(lungs(scheduler)).to_contain_text("Fits the wishes best")
    expect(box).to_have_value("13:00")
    expect(scheduler.page).to_have_url(re.compile("from_time=13%3A00"))
    one_trip = scheduler.page.get_by_label("X-ray and scan on one day only")
    one_trip.check()
    expect(one_trip).to_be_focused()
    expect(one_trip).to_be_checked()
    scheduler.look()


def test_a_day_of_the_six_weeks_is_chosen_by_key_and_its_best_time_booked(sign_in, waiting):
    scheduler = sign_in("scheduler")
    [order] = waiting(invent())
    scheduler.open(f"/orders/{order}/search/")
    page, day = scheduler.page, today() + timedelta(days=1)
    page.locator(f"#day-{today()}").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(f"#day-{day}")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(f"#day-{day}")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(f"#day-{day}")).to_be_focused()
    expect(page.locator("#option-1 .option__when")).to_contain_text(f"{day:%a} {day.day} {day:%b %Y}")
    scheduler.press("Book", within=page.locator("#option-1"))
    scheduler.sees("Booked.")


def test_a_hand_picked_time_is_held_with_the_one_change_that_makes_it_fit(sign_in, waiting):
    scheduler = sign_in("scheduler")
    [order] = waiting(invent())
    scheduler.open(f"/orders/{order}/search/")
    page, day = scheduler.page, str(today() + timedelta(days=1))
    page.locator("[name=wanted_0]").fill(day)
    page.locator("[name=wanted_1]").fill("12:00")
    page.get_by_text("Also fix another step").click()
    page.locator("[name=wanted_perfusion_0]").fill(day)
    page.locator("[name=wanted_perfusion_1]").fill("14:00")
    scheduler.press("Ask")
    scheduler.sees("Why not at 12:00", "One change makes it fit")
    changed = page.locator("#why-not .changes li", has_text="Start the perfusion")
    scheduler.press("Hold", within=changed)
    scheduler.sees("Held for you until")
    scheduler.press("Book")
    scheduler.sees("Booked.", "12:00")


def test_the_letter_is_read_and_sent_and_one_step_is_moved(sign_in, screens, waiting):
    scheduler, patient = sign_in("scheduler"), invent()
    [order] = waiting(patient)
    steps.book(scheduler, order)
    scheduler.press("Letter")
    scheduler.sees("Please bring this letter", patient.family_name)
    scheduler.look()
    scheduler.press("Send by e-mail")
    scheduler.sees("The letter is on its way.")
    mail = screens.mail(patient.email, "The letter about your appointment")
    assert any(part.get_content_type() == "application/pdf" for part in mail.walk())
    scheduler.press("Move Perfusion")
    scheduler.sees("Move the perfusion alone", "the other steps stay")
    scheduler.press("Move here", within=scheduler.page.locator("#option-1"))
    scheduler.sees("Perfusion moved.", "Moved 1 time")


def test_without_scripts_the_button_searches_and_a_day_is_a_button(sign_in, waiting):
    scheduler = sign_in("scheduler", java_script_enabled=False)
    [order] = waiting(invent())
    scheduler.open(f"/orders/{order}/search/")
    day = today() + timedelta(days=1)
    with scheduler.page.expect_navigation():
        scheduler.page.locator(f"#day-{day}").click()
    expect(scheduler.page.locator("#option-1 .option__when")).to_contain_text(
        f"{day:%a} {day.day} {day:%b %Y}"
    )
