"""The pages of the waitlist, as a browser without JavaScript sends them."""

from datetime import timedelta

import pytest

from scheduling.models import Appointment, Offer, WaitlistEntry
from scheduling.services.waitlist import entries, filling
from tests import department
from tests.department import NOW, TODAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]
LIST = "/waitlist/"
WISHES = entries.Wishes(TODAY + timedelta(days=1), TODAY + timedelta(days=4))
FORM = {"first_day": "2027-03-08", "last_day": "2027-03-12", "weekdays": ["0", "1"], "notice_minutes": "120"}


@pytest.fixture
def entry(site, scheduler):
    return entries.join(department.order(site, by=scheduler), wishes=WISHES, by=scheduler, now=NOW)


@pytest.fixture
def offer(entry):
    filling.fill(now=NOW)
    return Offer.objects.get()


def test_an_empty_list_says_how_to_fill_it(page_of, scheduler):
    assert "Nobody waits" in page_of(scheduler).get(LIST).content.decode()


def test_the_list_shows_wishes_and_the_open_offer_with_its_time_to_answer(page_of, scheduler, offer):
    page = page_of(scheduler).get(LIST).content.decode()
    for words in (
        "9 Mar 2027 to 12 Mar 2027",
        "here within 2 h",
        "Answer by 07:30, 30 min left",
        "no time yet",
    ):
        assert words in page
    assert f"/offers/{offer.pk}/accept/" in page


def test_an_order_is_put_on_the_list_from_its_page(page_of, site, scheduler):
    order = department.order(site, by=scheduler)
    browser, address = page_of(scheduler), f"/orders/{order.pk}/waitlist/"
    assert address in browser.get(f"/orders/{order.pk}/").content.decode()
    shown = browser.get(address)
    assert 'value="2027-03-08"' in shown.content.decode()
    answer = browser.post(address, FORM)
    assert (answer.status_code, answer["Location"]) == (302, LIST)
    made = WaitlistEntry.objects.get()
    assert (made.order, made.weekdays, made.notice_minutes) == (order, [0, 1], 120)
    # On the list already: the same address leads to the wishes.
    assert browser.get(address)["Location"] == f"/waitlist/{made.pk}/"
    assert "On the list since" in browser.get(f"/orders/{order.pk}/").content.decode()


def test_an_appointment_asks_for_an_earlier_time(page_of, site, scheduler):
    appointment = department.booked(site, by=scheduler, first_day=TODAY + timedelta(days=3))
    order, browser = appointment.procedure.order, page_of(scheduler)
    assert "an earlier time" in browser.get(f"/appointments/{appointment.pk}/").content.decode()
    shown = browser.get(f"/orders/{order.pk}/waitlist/").content.decode()
    assert 'value="2027-03-11"' in shown  # until the day of the appointment
    browser.post(f"/orders/{order.pk}/waitlist/", FORM)
    assert WaitlistEntry.objects.get().appointment == appointment


def test_wrong_wishes_come_back_with_their_sentence(page_of, site, scheduler):
    order = department.order(site, by=scheduler)
    answer = page_of(scheduler).post(f"/orders/{order.pk}/waitlist/", {**FORM, "comes_from": "09:00"})
    assert answer.status_code == 422
    assert "Give both times of day, or none." in answer.content.decode()


def test_an_order_that_is_not_vetted_reads_why(page_of, site, scheduler):
    order = department.order(site, by=scheduler, vetted=False)
    browser, why = page_of(scheduler), "A nuclear physician has to vet this order before it is booked."
    assert why in browser.get(f"/orders/{order.pk}/").content.decode()
    assert browser.post(f"/orders/{order.pk}/waitlist/", FORM).status_code == 409


def test_accepting_books_and_leads_to_the_appointment(page_of, scheduler, offer):
    answer = page_of(scheduler).post(f"/offers/{offer.pk}/accept/")
    made = Appointment.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/appointments/{made.pk}/")
    assert made.lungs_start_at == offer.lungs_start_at


def test_an_offer_that_is_over_is_refused_with_its_sentence(page_of, scheduler, offer):
    browser = page_of(scheduler)
    assert browser.post(f"/offers/{offer.pk}/decline/")["Location"] == LIST
    answer = browser.post(f"/offers/{offer.pk}/accept/")
    assert answer.status_code == 409
    assert "This offer was declined." in answer.content.decode()


def test_wishes_are_changed_and_the_patient_is_taken_off(page_of, scheduler, entry):
    browser, address = page_of(scheduler), f"/waitlist/{entry.pk}/"
    browser.post(address, {**FORM, "comes_from": "08:00", "comes_until": "11:30"})
    page = browser.get(LIST).content.decode()
    assert "Mon, Tue; 08:00 to 11:30" in page
    assert browser.post(f"{address}leave/")["Location"] == LIST
    assert browser.post(address, FORM).status_code == 409
    assert browser.post(f"{address}leave/").status_code == 409


def test_technologists_read_the_list_without_buttons(page_of, technologist, offer):
    browser = page_of(technologist)
    assert f"/offers/{offer.pk}/accept/" not in browser.get(LIST).content.decode()
    assert browser.post(f"/offers/{offer.pk}/accept/").status_code == 403


def test_another_sites_list_stays_there(page_of, elsewhere, scheduler):
    there = department.scheduler(elsewhere)
    entries.join(department.order(elsewhere, by=there), wishes=WISHES, by=there, now=NOW)
    assert not page_of(scheduler).get(LIST).context["page"]


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_no_more_for_three_than_for_one(
    page_of, site, scheduler, count, django_assert_num_queries
):
    for _ in range(count):
        entries.join(department.order(site, by=scheduler), wishes=WISHES, by=scheduler, now=NOW)
    filling.fill(now=NOW)
    browser = page_of(scheduler)
    browser.get(LIST)
    with django_assert_num_queries(8):
        browser.get(LIST)
