"""Finding a time on the page: the picture, the six weeks, a time by hand, one step, and the letter."""

from datetime import timedelta

import pytest
from django.urls import reverse

from scheduling.models import Message, MessageKind, Reservation, Resource
from scheduling.services import holds, visits
from tests import department
from tests.department import NOW
from tests.scheduling.views.test_appointments import form_of, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]


def to(name, row):
    return reverse(f"scheduling:{name}", args=[row.pk])


@pytest.fixture
def order(site, scheduler):
    return department.order(site, by=scheduler)


@pytest.fixture
def appointment(site, scheduler):
    return department.booked(site, by=scheduler)


def fields(proposal):
    return {f"start_{step.kind}": step.starts_at.isoformat() for step in proposal.steps}


def test_each_proposal_is_drawn_with_a_lane_for_each_room(page_of, scheduler, order):
    [card, *_] = page_of(scheduler).get(to("search", order)).context["cards"]
    lanes = {lane.kind: lane for lane in card.axis.lanes}
    assert {kind: lane.room for kind, lane in lanes.items()} == {
        "xray": "X-ray 1",
        "ventilation": "Ventilation 1",
        "perfusion": "Camera 1",
    }
    parts = [block.part for block in lanes["ventilation"].blocks]
    assert parts == ["preparation", "setup", "clearance", "scan"]
    assert lanes["ventilation"].bay == "Bay 1"
    blocks = {block.part: block for block in lanes["ventilation"].blocks}
    assert blocks["setup"].x + blocks["setup"].width == pytest.approx(blocks["scan"].x, abs=0.02)
    assert all(0 <= block.x <= 100 for lane in card.axis.lanes for block in lane.blocks)


def test_the_picture_has_the_same_in_words_beside_it(page_of, scheduler, order):
    page = page_of(scheduler).get(to("search", order)).content.decode()
    assert '<div class="picture" aria-hidden="true">' in page
    assert "Ventilation 1, Ana Ruiz" in page
    assert "style=" not in page


def test_the_six_weeks_show_what_each_day_has_left(page_of, scheduler, order):
    weeks = page_of(scheduler).get(to("search", order)).context["weeks"]
    assert [len(row) for row in weeks.rows] == [7] * 6
    today = weeks.rows[0][0]
    assert (today.day, today.is_chosen, today.level) == (department.TODAY, True, "many")
    assert today.words.startswith(f"{today.count} starts, first ")
    assert weeks.rows[5][6].words == "Nobody on shift"


def test_a_day_of_the_six_weeks_shows_its_own_times(page_of, scheduler, order):
    answer = page_of(scheduler).get(
        to("search", order), {"first_day": "2027-03-08", "days": "7", "day": "2027-03-11"}
    )
    days = {choice.proposal.lungs_start_at.date() for choice in answer.context["cards"]}
    assert {day.isoformat() for day in days} == {"2027-03-11"}
    [chosen] = [cell.day for row in answer.context["weeks"].rows for cell in row if cell.is_chosen]
    assert chosen.isoformat() == "2027-03-11"


def test_a_day_that_is_none_is_refused_at_the_field(page_of, scheduler, order):
    answer = page_of(scheduler).get(to("search", order), {"day": "someday"})
    assert (answer.status_code, answer.context["period"].errors["first_day"]) == (422, ["Enter a date."])


def test_wishes_change_the_six_weeks_too(page_of, scheduler, order):
    weeks = page_of(scheduler).get(to("search", order), {"weekdays": "2"}).context["weeks"]
    counts = [cell.count for cell in weeks.rows[0]]
    assert counts[2] > 0
    assert counts[0] == counts[1] == 0
    assert "none within the wishes" in weeks.rows[0][0].words


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_asks_as_many_queries_whatever_is_booked(
    page_of, site, scheduler, order, count, django_assert_max_num_queries
):
    for _ in range(count):
        department.booked(site, by=scheduler)
    browser = page_of(scheduler)
    browser.get(to("search", order))
    with django_assert_max_num_queries(18):
        browser.get(to("search", order))


def test_a_hand_picked_time_is_offered_with_the_one_change_that_makes_it_fit(page_of, scheduler, order):
    browser = page_of(scheduler)
    wanted = {
        "wanted_0": "2027-03-08",
        "wanted_1": "10:00",
        "wanted_perfusion_0": "2027-03-08",
        "wanted_perfusion_1": "11:30",
    }
    answer = browser.post(to("order-why-not", order), wanted)
    sentences = [each.title for each in answer.context["why_not"].bookable]
    assert any(each.startswith("Start the perfusion") for each in sentences)
    [change, *_] = answer.context["why_not"].bookable
    sent = fields(change.choice.proposal) | {"resource_ids": change.choice.resource_ids}
    booked = browser.post(to("book", order), sent)
    assert booked.status_code == 302
    assert order.procedure.appointments.get().lungs_start_at == change.choice.proposal.lungs_start_at


def test_what_is_booked_in_the_way_leads_to_its_own_move(page_of, site, scheduler, order):
    for prefix in ("X-ray", "Bay", "Ventilation", "Camera"):
        rooms = Resource.objects.filter(name__startswith=prefix).order_by("pk")
        Resource.objects.filter(pk__in=rooms.values("pk")[1:]).update(is_active=False)
    taken = department.booked(site, by=scheduler)
    lungs = taken.lungs_start_at.astimezone(department.ZONE)
    wanted = {"wanted_0": f"{lungs:%Y-%m-%d}", "wanted_1": f"{lungs:%H:%M}"}
    answer = page_of(scheduler).post(to("order-why-not", order), wanted)
    links = [each.link for each in answer.context["why_not"].others]
    assert answer.context["why_not"].free is None
    assert to("move", taken) in links or links == []


def test_a_colleague_s_hold_is_shown_with_what_can_be_done(page_of, site, scheduler, order):
    kim = department.scheduler(site, username="kim", first_name="Kim", last_name="Park")
    best = department.proposal(order, by=kim)
    holds.hold(order, starts=best.starts, by=kim, now=NOW)
    page = words_of(page_of(scheduler).get(to("search", order)))
    assert "Held by Kim Park until 07:05" in page
    assert "booking or holding another time here ends that hold" in page
    assert "You hold a time until 07:05" in words_of(page_of(kim).get(to("search", order)))


class TestOneStep:
    def step(self, appointment, kind="perfusion"):
        return appointment.steps.get(kind=kind)

    def test_other_starts_leave_the_other_steps_where_they_are(self, page_of, scheduler, appointment):
        step = self.step(appointment)
        answer = page_of(scheduler).get(to("step-move", step))
        assert answer.status_code == 200
        choices = answer.context["cards"] + answer.context["others"]
        assert choices
        for choice in choices:
            starts = choice.proposal.starts
            assert starts["ventilation"] == appointment.lungs_start_at
            assert starts["perfusion"] != step.planned_start_at
        assert answer.context["cards"][-1].reasons[0].endswith("later")

    def test_only_this_step_is_moved(self, page_of, scheduler, appointment):
        browser, step = page_of(scheduler), self.step(appointment)
        card = browser.get(to("step-move", step)).context["cards"][-1]
        wanted = card.proposal.starts["perfusion"]
        answer = browser.post(
            to("step-move", step), {"start_perfusion": wanted.isoformat(), "start_xray": NOW.isoformat()}
        )
        assert answer["Location"] == to("appointment", appointment)
        step.refresh_from_db()
        assert step.planned_start_at == wanted
        assert self.step(appointment, "xray").planned_end_at == appointment.xray_ends_at
        assert "Moved 1 time" in words_of(browser.get(answer["Location"]))

    def test_a_start_that_does_not_fit_is_refused_with_the_others(self, page_of, scheduler, appointment):
        step = self.step(appointment)
        late = (step.planned_start_at + timedelta(hours=3)).isoformat()
        answer = page_of(scheduler).post(to("step-move", step), {"start_perfusion": late})
        assert answer.status_code == 409
        assert answer.context["cards"]
        assert page_of(scheduler).post(to("step-move", step), {}).status_code == 422
        appointment.refresh_from_db()
        assert appointment.revision == 1

    def test_why_not_names_what_is_in_the_way_of_this_step(self, page_of, scheduler, appointment):
        step = self.step(appointment)
        late = (step.planned_start_at + timedelta(hours=3)).astimezone(department.ZONE)
        wanted = {"wanted_0": f"{late:%Y-%m-%d}", "wanted_1": f"{late:%H:%M}"}
        answer = page_of(scheduler).post(to("step-why-not", step), wanted)
        assert answer.status_code == 200
        assert answer.context["why_not"].free is None
        assert answer.context["why_not"].steps or answer.context["why_not"].bookable

    def test_a_step_that_is_done_cannot_be_moved(self, page_of, scheduler, appointment):
        ready, _ = department.ready(appointment)
        answer = page_of(scheduler).get(to("step-move", self.step(ready, "xray")))
        assert answer.status_code == 409
        assert "it cannot be moved" in words_of(answer)


class TestOverbooking:
    @pytest.fixture
    def stat(self, site, scheduler):
        for prefix in ("X-ray", "Bay", "Ventilation", "Camera"):
            rooms = Resource.objects.filter(name__startswith=prefix).order_by("pk")
            Resource.objects.filter(pk__in=rooms.values("pk")[1:]).update(is_active=False)
        department.booked(site, by=scheduler)
        return department.order(site, by=scheduler, priority="stat")

    @pytest.mark.parametrize("reason", ["Shock", "x y", "!!!!!!!! ???"])
    def test_a_reason_has_to_say_something_and_comes_back_to_be_mended(self, page_of, lead, stat, reason):
        browser = page_of(lead)
        sent = form_of(browser.get(to("search", stat), {"overbook": "1"}))
        answer = browser.post(to("book", stat), sent | {"overbook_reason": reason})
        assert answer.status_code == 422
        assert 'aria-invalid="true" aria-describedby="refusal"' in answer.content.decode()
        assert not Reservation.objects.filter(status="overbooked").exists()

    def test_an_overbooked_appointment_says_so_on_its_pages(self, page_of, lead, stat):
        browser = page_of(lead)
        sent = form_of(browser.get(to("search", stat), {"overbook": "1"}))
        booked = browser.post(to("book", stat), sent | {"overbook_reason": "Unstable, cannot wait"})
        assert "Overbooked" in words_of(browser.get(booked["Location"]))
        assert "Overbooked" in words_of(browser.get(to("order", stat)))
        assert "Overbooked" in words_of(browser.get(reverse("scheduling:worklist")))


class TestTheLetter:
    def test_it_is_shown_printed_and_sent(self, page_of, scheduler, appointment):
        browser = page_of(scheduler)
        assert "Monday 8 March 2027" in words_of(browser.get(to("letter", appointment)))
        pdf = browser.get(to("letter-pdf", appointment))
        assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
        assert appointment.procedure.order.patient.family_name not in pdf["Content-Disposition"]
        sent = browser.post(to("letter-send", appointment))
        assert sent["Location"] == to("appointment", appointment)
        assert Message.objects.filter(kind=MessageKind.LETTER_COPY).count() == 1
        assert browser.post(to("letter-send", appointment)).status_code == 409

    def test_a_name_that_cannot_be_printed_is_said_on_the_page(self, page_of, scheduler, appointment):
        patient = appointment.procedure.order.patient
        patient.family_name = "\U000f1234"
        patient.save(update_fields=["family_name"])
        answer = page_of(scheduler).get(to("letter-pdf", appointment))
        assert answer.status_code == 409
        assert "cannot be put on paper" in words_of(answer)

    def test_who_agreed_to_no_mail_has_no_button(self, page_of, site, scheduler):
        silent = department.booked(site, by=scheduler, of=department.patient(site, email_consent=False))
        answer = page_of(scheduler).get(to("letter", silent))
        assert "has not agreed to e-mail" in words_of(answer)
        assert page_of(scheduler).post(to("letter-send", silent)).status_code == 409


def test_a_new_length_is_no_move(page_of, scheduler, appointment):
    browser, step = page_of(scheduler), appointment.steps.get(kind="perfusion")
    assert browser.post(to("lengthen", step), {"minutes": "25"}).status_code == 302
    appointment.refresh_from_db()
    assert appointment.revision == 2
    assert "Moved" not in words_of(browser.get(to("appointment", appointment)))


def test_only_those_who_could_change_places_are_listed(page_of, site, scheduler, technologist, appointment):
    other = department.booked(site, by=scheduler)
    begun, at = department.ready(department.booked(site, by=scheduler), by=technologist)
    visits.start(begun.steps.get(kind="ventilation"), by=technologist, now=at)
    listed = page_of(scheduler).get(to("swap", appointment)).context["others"]
    assert [each.pk for each in listed] == [other.pk]
