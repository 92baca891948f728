"""The pages of another time: a day, a time that is kept, and the move; or a call from the desk."""

import re
from datetime import timedelta
from html import unescape

import pytest

from scheduling.models import Appointment, Closure, Hold, Task
from scheduling.services import booking
from tests import department, mailed
from tests.department import NOW, TODAY
from tests.scheduling.self_service.conftest import booked, opened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]
PATH = "/a/another-time/"
THURSDAY = TODAY + timedelta(days=3)


@pytest.fixture
def site():
    return opened()


@pytest.fixture
def appointment(site):
    return booked(site)


@pytest.fixture
def browser(client, appointment):
    mailed.opened(client, appointment)
    return client


def text(answer):
    return answer.content.decode()


def times(browser, day=THURSDAY):
    page = text(browser.get(f"{PATH}?day={day}"))
    return [unescape(key) for key in re.findall(r'name="time" value="([^"]+)"', page)]


def keep(browser, at=0):
    return mailed.post(browser, f"{PATH}keep/?day={THURSDAY}", time=times(browser)[at])


def hold_on(page):
    return re.search(r'name="hold" value="([^"]+)"', page)[1]


def close(site):
    Closure.objects.create(site=site, span=(NOW, NOW + timedelta(days=60)), reason="closed")


def test_days_and_times_are_shown_and_nothing_is_written(browser):
    page = text(browser.get(PATH))
    assert "Wed 10 Mar" in page
    assert 'aria-current="true"' in page
    assert "Monday 15 March 2027" in page  # the present time
    assert times(browser)
    assert not Hold.objects.exists()


def test_a_day_that_is_not_open_shows_the_first_that_is(browser):
    for day in ("2020-01-01", "nonsense", str(TODAY)):
        assert "Choose a time on Wednesday 10 March" in text(browser.get(f"{PATH}?day={day}"))


def test_a_time_is_kept_shown_once_more_and_taken(browser, appointment):
    assert keep(browser)["Location"] == f"{PATH}kept/"
    page = text(browser.get(f"{PATH}kept/"))
    assert "Thursday 11 March 2027" in page
    assert "We keep this time for you until 07:10." in page
    assert "Chest X-ray at" in page
    answer = mailed.post(browser, f"{PATH}take/", hold=hold_on(page))
    assert (answer.status_code, answer["Location"]) == (302, "/a/")
    appointment.refresh_from_db()
    assert (appointment.revision, appointment.confirmed_at) == (2, NOW)
    shown = text(browser.get("/a/"))
    assert "Your appointment has its new time." in shown
    assert "Thursday 11 March 2027" in shown


def test_the_mail_about_the_earlier_time_opens_nothing_afterwards(browser, appointment):
    path, _ = mailed.link(appointment)
    keep(browser)
    mailed.post(browser, f"{PATH}take/", hold=hold_on(text(browser.get(f"{PATH}kept/"))))
    answer = browser.get(path, follow=True)
    assert answer.status_code == 410
    assert "Your appointment has a new time." in text(answer)


def test_the_patient_looks_at_other_times_or_keeps_the_present_one(browser, appointment):
    keep(browser)
    assert mailed.post(browser, f"{PATH}give-back/", again="1")["Location"] == PATH
    keep(browser)
    answer = mailed.post(browser, f"{PATH}give-back/")
    assert answer["Location"] == "/a/"
    assert "Your appointment stays as it was." in text(browser.get("/a/"))
    assert not Hold.objects.live().exists()
    appointment.refresh_from_db()
    assert appointment.revision == 1


def test_a_time_that_was_taken_meanwhile_comes_with_the_others(browser, site):
    key = times(browser)[0]
    span = (NOW + timedelta(days=2), NOW + timedelta(days=4))
    Closure.objects.create(site=site, span=span, reason="broken")
    answer = mailed.post(browser, f"{PATH}keep/?day={THURSDAY}", time=key)
    assert answer.status_code == 409
    assert "This time is not free any more. Please choose another." in text(answer)
    assert "1. Choose a day" in text(answer)


def test_a_kept_time_that_has_run_out_is_said_in_words(browser):
    keep(browser)
    Hold.objects.update(expires_at=NOW, held_at=NOW - timedelta(minutes=10))
    assert "This time is not kept for you any more." in text(browser.get(f"{PATH}kept/"))


def test_nothing_chosen_is_said_in_words(browser):
    answer = mailed.post(browser, f"{PATH}keep/")
    assert (answer.status_code, "Please choose again." in text(answer)) == (409, True)


def test_where_nothing_is_free_the_desk_can_be_asked(browser, site):
    close(site)
    page = text(browser.get(PATH))
    assert "There is no other time that you can choose here." in page
    answer = mailed.post(browser, f"{PATH}ask/", wish="mornings")
    assert answer["Location"] == "/a/"
    assert Task.objects.get(kind="phone").sentence.endswith("“mornings”")
    assert "You have asked us to call you" in text(browser.get(PATH))


def test_where_the_site_does_not_open_it_patients_ask(client):
    appointment = booked(opened(patients_move=False))
    mailed.opened(client, appointment)
    page = text(client.get(PATH))
    assert "Please call us about this." in page
    assert "Please call me" in page
    assert mailed.post(client, f"{PATH}keep/", time="x").status_code == 409
    assert not Hold.objects.exists()


def test_the_desk_has_moved_it_meanwhile(browser, site, appointment):
    keep(browser)
    page = text(browser.get(f"{PATH}kept/"))
    mark, desk = mailed.mark(browser), department.scheduler(site)
    best = department.proposal_of_move(appointment, by=desk)
    booking.move(appointment, starts=best.starts, by=desk, now=NOW)
    answer = browser.post(f"{PATH}take/", {"link": mark, "hold": hold_on(page)})
    assert answer.status_code == 410
    assert "This link is about an earlier time." in text(answer)
    assert Appointment.objects.get().starts_at == best.starts_at


def test_get_changes_nothing_anywhere(browser):
    for path in ("keep/", "take/", "give-back/", "ask/"):
        assert browser.get(PATH + path).status_code == 405
    assert not Hold.objects.exists()
