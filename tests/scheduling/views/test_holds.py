"""Holding a time, changing places, lengths and overbooking through the pages, without JavaScript."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from scheduling.models import Appointment, Hold, Reservation, Resource
from scheduling.services import booking, holds
from tests import department
from tests.department import NOW, TODAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]
TOMORROW = TODAY + timedelta(days=1)


def to(name, row):
    return reverse(f"scheduling:{name}", args=[row.pk])


@pytest.fixture
def order(site, scheduler):
    return department.order(site, by=scheduler)


@pytest.fixture
def appointment(site, scheduler):
    return department.booked(site, by=scheduler)


def form_at(answer, place):
    """The hidden fields of the first form on the page that is sent to an address with this ending."""
    found = re.search(
        rf'<form[^>]*action="[^"]*/{place}/"[^>]*>(.*?)</form>', answer.content.decode(), re.DOTALL
    )
    pairs = re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', found.group(1))
    return {name: value for name, value in pairs if name != "csrfmiddlewaretoken"}


@pytest.fixture
def browser(page_of, scheduler):
    return page_of(scheduler)


def held_by(browser, order):
    sent = form_at(browser.get(to("search", order), {"first_day": TOMORROW}), "book")
    answer = browser.post(to("order-hold", order), sent)
    assert answer.status_code == 302
    return Hold.objects.get(outcome="live"), browser.get(answer["Location"])


def test_a_proposal_can_be_held_and_says_until_when(browser, order):
    assert f'formaction="{to("order-hold", order)}"' in browser.get(to("search", order)).content.decode()
    hold, page = held_by(browser, order)
    text = page.content.decode()
    assert page.request["PATH_INFO"] == to("hold", hold)
    assert re.sub("<.*?>", "", text).count("Held for you until 07:05") == 1
    assert "X-ray 1, Ana Ruiz" in text
    assert "style=" not in text


def test_confirmed_it_is_booked(browser, order):
    hold, page = held_by(browser, order)
    answer = browser.post(to("book", order), form_at(page, "book"))
    made = Appointment.objects.get()
    assert answer["Location"] == to("appointment", made)
    hold.refresh_from_db()
    assert (hold.outcome, Reservation.objects.filter(status="held").count()) == ("confirmed", 0)
    again = browser.get(to("hold", hold)).content.decode()
    assert f'href="{to("appointment", made)}"' in again
    assert "Booked already" in again
    assert 'name="hold"' not in again


def test_a_double_click_holds_once_and_books_once(browser, order):
    sent = form_at(browser.get(to("search", order)), "book")
    places = {browser.post(to("order-hold", order), sent)["Location"] for _ in range(2)}
    assert (len(places), Hold.objects.count()) == (1, 1)
    confirm = form_at(browser.get(places.pop()), "book")
    assert len({browser.post(to("book", order), confirm)["Location"] for _ in range(2)}) == 1
    assert Appointment.objects.count() == 1


def test_back_gives_it_free_and_searches_on(browser, order):
    hold, page = held_by(browser, order)
    assert browser.post(to("hold-release", hold), form_at(page, "release"))["Location"] == to("search", order)
    assert not Reservation.objects.filter(status="held").exists()
    again = browser.get(to("hold", hold)).content.decode()
    assert "Not held any more" in again
    assert "js/hold.js" not in again
    refused = browser.post(to("hold-extend", hold))
    assert (refused.status_code, refused.content.decode()) == (
        409,
        "This time is not held any more. Choose again.",
    )


def test_who_comes_second_reads_who_holds_it_and_sees_the_next_choices(page_of, site, browser, order):
    sent = form_at(browser.get(to("search", order)), "book")
    kim = department.scheduler(site, first_name="Kim", last_name="Park")
    for _ in range(3):  # all X-ray technologists and cameras of that moment
        other = department.order(site, by=kim)
        holds.hold(other, starts=department.proposal(other, by=kim).starts, by=kim, now=NOW, is_offer=True)
    answer = browser.post(to("order-hold", order), sent)
    assert answer.status_code == 409
    assert "X-ray 1 is held for a patient to whom it was offered, until 07:05." in answer.content.decode()
    assert answer.context["cards"]


def test_an_expired_hold_that_is_still_free_can_be_confirmed(monkeypatch, browser, order):
    hold, _ = held_by(browser, order)
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(minutes=6))
    late = browser.get(to("hold", hold))
    assert "It is still free. Confirm it now, or choose again." in late.content.decode()
    assert browser.post(to("book", order), form_at(late, "book")).status_code == 302


def test_an_expired_hold_whose_time_is_taken_says_so(monkeypatch, site, browser, order):
    hold, page = held_by(browser, order)
    after = NOW + timedelta(minutes=6)
    rooms = {each for each in hold.resource_ids if each != order.patient.resource_id}
    rival = department.scheduler(site, first_name="Rita", last_name="Vale")
    booking.book(
        department.order(site), starts=holds.starts_of(hold), resource_ids=rooms, by=rival, now=after
    )
    Resource.objects.filter(name="X-ray 2").update(is_active=False)
    monkeypatch.setattr(timezone, "now", lambda: after)
    refused = browser.post(to("book", order), form_at(page, "book"))
    text = refused.content.decode()
    assert (refused.status_code, "Rita Vale was faster" in text) == (409, True)
    assert "The time is not held for you any more." in text
    gone = browser.get(to("hold", hold)).content.decode()
    assert "This time cannot be had any more" in gone
    assert 'name="hold"' not in gone


def test_a_colleague_sees_whose_it_is_and_cannot_confirm(page_of, site, browser, order):
    hold, page = held_by(browser, order)
    sent = form_at(page, "book") | {"request_id": str(uuid4())}
    other = page_of(department.scheduler(site))
    shown = other.get(to("hold", hold)).content.decode()
    assert "holds this time. Choose another, or ask for it." in shown
    assert 'name="hold"' not in shown
    assert other.post(to("book", order), sent).status_code == 409
    assert Appointment.objects.count() == 0


def test_the_page_extends_it_and_reads_when_it_is_over(monkeypatch, browser, order):
    hold, _ = held_by(browser, order)
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(minutes=1))
    answer = browser.post(to("hold-extend", hold), headers={"X-VQFlow-Poll": "1"})
    assert (answer.status_code, answer.content.decode(), answer["Content-Type"]) == (
        200,
        "07:06",
        "text/plain; charset=utf-8",
    )
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(minutes=6))
    over = browser.post(to("hold-extend", hold), headers={"X-VQFlow-Poll": "1"})
    assert (over.status_code, over.content.decode()[:34]) == (409, "The time was held until 07:06. Con")


def test_an_xray_done_elsewhere_goes_with_the_hold(browser, order):
    xray = {
        "xray_modality": "CT",
        "xray_ended_at_0": "2027-03-08",
        "xray_ended_at_1": "06:00",
        "xray_place": "Hillside ED",
    }
    found = browser.post(to("search", order), xray)
    answer = browser.post(to("order-hold", order), form_at(found, "book"))
    page = browser.get(answer["Location"])
    assert "Chest CT" in page.content.decode()
    confirm = form_at(page, "book")
    assert confirm["xray_place"] == "Hillside ED"
    assert browser.post(to("book", order), confirm).status_code == 302
    assert Appointment.objects.get().steps.get(kind="xray").elsewhere == "Hillside ED"


def test_another_time_is_held_and_taken(browser, appointment):
    sent = form_at(browser.get(to("move", appointment), {"first_day": TOMORROW}), "move")
    answer = browser.post(to("appointment-hold", appointment), sent)
    page = browser.get(answer["Location"])
    assert "Confirm the move" in page.content.decode()
    moved = browser.post(to("move", appointment), form_at(page, "move"))
    assert moved["Location"] == to("appointment", appointment)
    appointment.refresh_from_db()
    assert (appointment.revision, Hold.objects.get().outcome) == (2, "confirmed")


def test_opened_by_address_the_holding_page_leads_to_the_search(browser, order, appointment):
    assert browser.get(to("order-hold", order))["Location"] == to("search", order)
    assert browser.get(to("appointment-hold", appointment))["Location"] == to("move", appointment)


class TestChangingPlaces:
    @pytest.fixture
    def other(self, site, scheduler):
        return department.booked(site, by=scheduler)

    @pytest.mark.parametrize("count", [1, 3])
    def test_those_of_the_day_are_listed(
        self, browser, site, scheduler, appointment, count, django_assert_max_num_queries
    ):
        for _ in range(count):
            department.booked(site, by=scheduler)
        with django_assert_max_num_queries(18):
            answer = browser.get(to("swap", appointment))
        assert (answer.status_code, len(answer.context["others"])) == (200, count)

    def test_one_press_changes_places(self, browser, appointment, other):
        sent = form_at(browser.get(to("swap", appointment)), "swap")
        answer = browser.post(to("swap", appointment), sent)
        assert answer["Location"] == to("appointment", appointment)
        assert "The two have changed places." in browser.get(answer["Location"]).content.decode()
        before = other.lungs_start_at
        appointment.refresh_from_db()
        assert appointment.lungs_start_at == before

    def test_where_it_does_not_fit_other_times_are_shown(self, site, browser, appointment, other):
        for camera in Resource.objects.filter(name__startswith="Camera"):
            camera.closures.create(site=site, span=(other.lungs_start_at, other.ends_at), reason="QC")
        answer = browser.post(to("swap", appointment), {"other": other.pk})
        assert answer.status_code == 409
        assert "does not fit there" in answer.content.decode()
        assert answer.context["cards"]

    @pytest.mark.parametrize(
        ("sent", "status"), [({}, 422), ({"other": "x"}, 422), ({"other": uuid4()}, 404)]
    )
    def test_what_is_not_on_the_list_is_refused(self, browser, appointment, sent, status):
        assert browser.post(to("swap", appointment), sent).status_code == status

    @pytest.mark.parametrize("day", ["yesterday", "0001-01-01", "9999-12-31"])
    def test_a_day_that_cannot_be_is_refused(self, browser, appointment, day):
        assert browser.get(to("swap", appointment), {"day": day}).status_code == 422

    def test_an_empty_day_says_so(self, browser, appointment):
        answer = browser.get(to("swap", appointment), {"day": "2027-03-20"}).content.decode()
        assert "Nobody else can be moved on 20 Mar 2027" in answer


class TestLengths:
    def test_the_length_is_changed_beside_the_step(self, browser, appointment):
        step = appointment.steps.get(kind="perfusion")
        sent = form_at(browser.get(to("appointment", appointment)), "length")
        assert sent["minutes"] == "10"  # the X-ray's, which comes first
        answer = browser.post(to("lengthen", step), {"minutes": 30})
        page = browser.get(answer["Location"]).content.decode()
        assert "Perfusion now takes 30 min." in page
        assert "Perfusion, 30 min" in page

    @pytest.mark.parametrize("minutes", ["", "x", "0", "241"])
    def test_minutes_that_cannot_be_are_refused(self, browser, appointment, minutes):
        step = appointment.steps.get(kind="perfusion")
        answer = browser.post(to("lengthen", step), {"minutes": minutes})
        assert (answer.status_code, 'role="alert"' in answer.content.decode()) == (422, True)

    def test_what_is_in_the_way_is_said(self, site, browser, appointment):
        for camera in Resource.objects.filter(name__startswith="Camera"):
            camera.closures.create(
                site=site,
                span=(appointment.ends_at + timedelta(minutes=6), appointment.ends_at + timedelta(hours=9)),
                reason="QC",
            )
        answer = browser.post(to("lengthen", appointment.steps.get(kind="perfusion")), {"minutes": 60})
        assert (answer.status_code, "Not done" in answer.content.decode()) == (409, True)

    def test_opened_by_address_it_leads_to_the_appointment(self, browser, appointment):
        answer = browser.get(to("lengthen", appointment.steps.get(kind="xray")))
        assert answer["Location"] == to("appointment", appointment)


class TestOverbooking:
    @pytest.fixture
    def stat(self, site, scheduler):
        for prefix in ("X-ray", "Bay", "Ventilation", "Camera"):
            rooms = Resource.objects.filter(name__startswith=prefix).order_by("pk")
            Resource.objects.filter(pk__in=rooms.values("pk")[1:]).update(is_active=False)
        department.booked(site, by=scheduler)
        return department.order(site, by=scheduler, priority="stat")

    def test_the_lead_sees_what_would_be_taken_twice_and_gives_a_reason(self, page_of, lead, stat):
        browser = page_of(lead)
        assert "Search also what is taken" in browser.get(to("search", stat)).content.decode()
        page = browser.get(to("search", stat), {"overbook": "1"})
        assert "Taken twice: " in page.content.decode()
        sent = form_at(page, "book")
        refused = browser.post(to("book", stat), sent | {"overbook_reason": " "})
        assert refused.status_code == 422
        assert "Say in a few words why rooms and people are to be taken twice" in refused.content.decode()
        sent = form_at(refused, "book") | {"overbook_reason": "Shock, cannot wait"}
        answer = browser.post(to("book", stat), sent)
        assert answer.status_code == 302
        history = browser.get(answer["Location"]).content.decode()
        assert "Rooms or people taken twice" in history
        assert "X-ray 1: Shock, cannot wait" in history
        assert Reservation.objects.filter(status="overbooked").exists()

    def test_others_and_other_orders_are_not_offered_it(self, page_of, site, scheduler, lead, stat):
        routine = department.order(site, by=scheduler)
        for user, order in ((scheduler, stat), (lead, routine)):
            page = page_of(user).get(to("search", order), {"overbook": "1"}).content.decode()
            assert "Search also what is taken" not in page
            assert "Taken twice" not in page
