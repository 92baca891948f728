"""Finding a time, booking, moving and cancelling, through the pages."""

import re
import uuid
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from scheduling import letters
from scheduling.forms.fields import LocalDateTimeField
from scheduling.models import Appointment, Reservation, Resource, Shift, StepKind
from scheduling.services import booking, vetting, visits
from scheduling.templatetags import clock
from tests import department

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]
NEW_YORK = "America/New_York"


def to(name, row):
    return reverse(f"scheduling:{name}", args=[row.pk])


@pytest.fixture
def order(site, scheduler):
    return department.order(site, by=scheduler)


@pytest.fixture
def appointment(site, scheduler):
    return department.booked(site, by=scheduler)


def form_of(answer, at=0):
    """The hidden fields of the proposal at this place on the page, as a browser would send them."""
    page = answer.content.decode()
    forms = re.findall(
        r"<form method=\"post\" action=\"[^\"]*/(?:book|move)/\">(.*?)</form>", page, re.DOTALL
    )
    found = dict(re.findall(r'name="([\w]+)" value="([^"]*)"', forms[at]))
    return {name: value for name, value in found.items() if name != "csrfmiddlewaretoken"}


def test_proposals_are_whole_visits_with_rooms_people_and_the_gap(page_of, scheduler, order):
    answer = page_of(scheduler).get(to("search", order))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert len(answer.context["cards"]) == 3
    assert len(answer.context["cards"] + answer.context["others"]) == 10
    assert "ends 1 h 10 min before the lungs" in page
    assert "X-ray 1, Ana Ruiz" in page
    assert '<svg class="picture__lane' in page
    assert "style=" not in page


def test_the_three_proposals_differ_and_the_earliest_comes_first(page_of, scheduler, order):
    cards = page_of(scheduler).get(to("search", order)).context["cards"]
    starts = [card.proposal.lungs_start_at for card in cards]
    halves = {
        (start.astimezone(ZoneInfo(NEW_YORK)).date(), start.astimezone(ZoneInfo(NEW_YORK)).hour >= 12)
        for start in starts
    }
    assert starts == sorted(starts)
    assert (cards[0].reasons[0], len(halves)) == ("Earliest", 3)


def test_a_proposal_that_fits_the_wishes_says_so_and_one_that_does_not_too(page_of, scheduler, order):
    wished = {"weekdays": "2", "from_time": "09:00"}  # a Wednesday
    cards = page_of(scheduler).get(to("search", order), wished).context["cards"]
    assert cards[0].reasons[0] == "Fits the wishes best"
    first = cards[0].proposal.lungs_start_at.astimezone(ZoneInfo(NEW_YORK))
    assert (first.weekday(), first.hour >= 9) == (2, True)
    for card in cards[1:]:
        day = card.proposal.lungs_start_at.astimezone(ZoneInfo(NEW_YORK)).weekday()
        assert day == 2 or "Outside the wishes" in card.reasons
    assert any("Outside the wishes" in card.reasons for card in cards[1:])


def test_where_no_proposal_fits_the_wishes_the_first_is_the_nearest(page_of, scheduler, order):
    answer = page_of(scheduler).get(to("search", order), {"from_time": "22:00"})
    cards = answer.context["cards"]
    assert cards[0].reasons[0] == "Nearest to the wishes"
    assert all("Outside the wishes" in card.reasons for card in cards[1:])


def test_wishes_that_end_before_they_begin_are_refused(page_of, scheduler, order):
    answer = page_of(scheduler).get(to("search", order), {"from_time": "12:00", "until_time": "09:00"})
    assert answer.status_code == 422
    assert "This is before the time above. Choose a later one." in answer.content.decode()


def test_once_the_lungs_have_begun_the_gap_is_the_one_that_really_was(
    page_of, scheduler, technologist, appointment
):
    ready, at = department.ready(appointment, by=technologist)
    began_at = at + timedelta(minutes=10)
    visits.start(ready.steps.exclude(kind="xray").first(), by=technologist, now=began_at)
    gap = clock.duration(began_at - ready.steps.get(kind="xray").performed_end_at)
    page = page_of(scheduler).get(to("appointment", appointment)).content.decode()
    assert f"ends {gap} before the lungs" in page
    planned = clock.duration(at - ready.steps.get(kind="xray").performed_end_at)
    assert f"ends {planned} before the lungs" not in page


def test_a_proposal_is_booked_once_however_often_the_button_is_pressed(page_of, scheduler, order):
    browser = page_of(scheduler)
    sent = form_of(browser.get(to("search", order)))
    answers = [browser.post(to("book", order), sent) for _ in range(2)]
    appointment = Appointment.objects.get()
    assert [answer["Location"] for answer in answers] == [to("appointment", appointment)] * 2
    assert "Booked." in browser.get(to("appointment", appointment)).content.decode()


def test_who_is_slower_reads_who_was_faster_and_sees_the_next_choices(page_of, site, scheduler, order):
    sent = form_of(page_of(scheduler).get(to("search", order)))
    rival = department.scheduler(site, username="rival", first_name="Rita", last_name="Vale")
    other = department.order(site, by=rival)
    starts = {kind: datetime.fromisoformat(sent[f"start_{kind}"]) for kind in StepKind.values}
    ids = [int(each) for each in sent["resource_ids"].split(",")][:-1]
    Shift.objects.exclude(resource__in=ids).delete()
    booking.book(other, starts=starts, by=rival, now=department.NOW, resource_ids=ids)
    answer = page_of(scheduler).post(to("book", order), sent)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Rita Vale was faster" in page
    assert answer.context["cards"]
    assert Appointment.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"start_xray": ""}, 422),
        ({"start_perfusion": "2027-03-08T10:00"}, 422),
        ({"start_perfusion": "yesterday"}, 422),
        ({"start_perfusion": "9999-12-31T23:59:00+00:00"}, 422),
        ({"start_perfusion": "2027-03-20T10:00:00+00:00"}, 422),
        ({"start_perfusion": "2027-03-08T14:00:30+00:00"}, 422),
        ({"resource_ids": "1,x"}, 422),
        ({"resource_ids": "99999999999999999999"}, 422),
        ({"days": "900"}, 422),
        ({"start_ventilation": "2027-03-08T12:05:00+00:00"}, 409),
    ],
)
def test_times_that_nobody_proposed_are_not_booked(page_of, scheduler, order, changed, status):
    browser = page_of(scheduler)
    sent = form_of(browser.get(to("search", order))) | changed
    if "days" in changed:
        sent["start_xray"] = ""
    answer = browser.post(to("book", order), sent)
    assert answer.status_code == status
    assert 'role="alert"' in answer.content.decode()
    assert Appointment.objects.count() == 0


def test_an_order_that_is_not_vetted_has_no_proposals_and_says_why(page_of, site, scheduler):
    order = department.order(site, by=scheduler, vetted=False)
    answer = page_of(scheduler).get(to("search", order))
    assert answer.status_code == 409
    assert "A nuclear physician has to vet this order" in answer.content.decode()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"first_day": "2027-03-07"}, "This day is over."),
        ({"first_day": "2029-03-07"}, "more than a year ahead"),
        ({"first_day": "soon"}, "Enter a date."),
        ({"first_day": "0001-01-01"}, "This day is over."),
        ({"first_day": "9999-12-31"}, "more than a year ahead"),
        ({"days": "61"}, "Choose from the list."),
    ],
)
def test_a_period_that_cannot_be_searched_is_refused_at_the_field(page_of, scheduler, order, query, sentence):
    answer = page_of(scheduler).get(to("search", order), query)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()


def test_without_a_free_time_the_page_says_what_is_missing_and_what_to_change(page_of, scheduler, order):
    Shift.objects.all().delete()
    answer = page_of(scheduler).get(to("search", order))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "No X-ray technologist is free in this period." in page
    assert "Search more days, or begin on a later day." in page


@pytest.fixture
def _evening_xrays(site):
    """The only X-ray technologist works from 17:00: the lungs have to wait for another day."""
    evenings = Shift.objects.filter(resource__name="Ana Ruiz", resource__site=site)
    for shift in evenings:
        start = datetime.combine(
            shift.span.lower.astimezone(ZoneInfo(NEW_YORK)), time(17), ZoneInfo(NEW_YORK)
        )
        evenings.filter(pk=shift.pk).update(span=(start, start + timedelta(hours=1)))


@pytest.mark.usefixtures("_evening_xrays")
def test_two_trips_say_when_to_come_on_each_day_and_the_appointment_says_the_same(page_of, scheduler, order):
    browser = page_of(scheduler)
    found = browser.get(to("search", order))
    proposal = found.context["cards"][0].proposal
    assert "Come Mon 8 Mar 2027, 17:50 to 18:00 EST, and Tue 9 Mar 2027, 07:00 to 08:00 EST" in words_of(
        found
    )
    chain = found.context["cards"][0].chain
    assert [step.day for step in chain] == ["Mon 8 Mar 2027", "Tue 9 Mar 2027", ""]
    assert chain[1].time.startswith("07:20")
    assert all(f">{tick}</text>" in found.content.decode() for tick in ("Mon 17:30", "Tue 06:30", "07:30"))
    browser.post(to("book", order), form_of(found))
    booked = Appointment.objects.get()
    assert [(each.starts_at, each.ends_at) for each in letters.visits(booked)] == list(proposal.visits)
    page = words_of(browser.get(to("appointment", booked)))
    assert "Mon 8 Mar 2027, 17:50 EST, and Tue 9 Mar 2027, 07:00 EST" in page
    assert "Mon 8 Mar 2027, 17:50 to Tue 9 Mar 2027, 08:00 EST" in page
    assert "Come Tue 9 Mar 2027, 07:00, leave at about 08:00" in page


def words_of(answer):
    """The text of a page without its tags."""
    return " ".join(re.sub(r"<[^>]*>", "", answer.content.decode()).split())


@pytest.mark.parametrize(("priority", "is_told"), [("stat", True), ("urgent", False), ("routine", False)])
def test_who_starts_after_the_target_of_a_pressing_order_reads_by_how_much(
    page_of, site, scheduler, priority, is_told
):
    Shift.objects.filter(span__startswith__date="2027-03-08").delete()
    site.urgent_start_target = timedelta(hours=36)
    site.routine_start_target = timedelta(hours=1)
    site.save()
    order = department.order(site, by=scheduler, priority=priority)
    browser = page_of(scheduler)
    found = browser.get(to("search", order))
    browser.post(to("book", order), form_of(found))
    page = browser.get(to("appointment", Appointment.objects.get()))
    sentence = "after the target 8 Mar 2027 09:00"
    assert [sentence in words_of(each) for each in (found, page)] == [is_told, is_told]


def elsewhere_xray(**changed):
    return {
        "xray_modality": "CT",
        "xray_ended_at_0": "2027-03-08",
        "xray_ended_at_1": "05:30",
        "xray_place": "County Hospital",
        **changed,
    }


def test_an_x_ray_done_elsewhere_is_used_and_booked_and_is_in_no_address(page_of, scheduler, order):
    browser = page_of(scheduler)
    found = browser.post(to("search", order), elsewhere_xray())
    assert found.status_code == 200
    assert "Chest CT" in found.content.decode()
    assert "?" not in found.request["QUERY_STRING"]
    sent = form_of(found)
    assert "start_xray" not in sent
    assert browser.post(to("book", order), sent).status_code == 302
    step = Appointment.objects.get().steps.get(kind=StepKind.XRAY)
    assert (step.elsewhere, step.modality) == ("County Hospital", "CT")
    assert step.performed_end_at == datetime(2027, 3, 8, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ended", "sentence"),
    [
        ("07:10", "This X-ray is too old for any time from now on. Plan a new one here."),
        ("07:20", "This X-ray is good for a start until 8 Mar 2027 07:10; no time is free before that."),
    ],
)
def test_an_x_ray_that_is_too_old_sends_nobody_to_search_more_days(
    page_of, scheduler, order, ended, sentence
):
    old = elsewhere_xray(xray_ended_at_0="2027-03-07", xray_ended_at_1=ended)
    page = words_of(page_of(scheduler).post(to("search", order), old))
    assert sentence in page
    assert "Search more days" not in page
    assert "later day" not in page


def test_without_an_end_of_the_window_more_days_are_worth_a_search(page_of, site, scheduler, order):
    doctor = department.attending(site)
    vetting.override(
        order,
        rule="CXR-2",
        reason="Unstable",
        by=doctor,
        now=department.NOW,
    )
    Shift.objects.all().delete()
    old = elsewhere_xray(xray_ended_at_0="2027-03-06")
    assert "Search more days" in words_of(page_of(scheduler).post(to("search", order), old))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"xray_ended_at_0": "2027-03-08", "xray_ended_at_1": "07:01"}, "lies in the future"),
        ({"xray_ended_at_1": ""}, "Enter the time too."),
        ({"xray_ended_at_0": "2027-02-30"}, "Enter a date."),
        ({"xray_ended_at_1": "25:00"}, "Enter a time"),
        ({"xray_ended_at_0": "2026-11-01", "xray_ended_at_1": "01:30"}, "happens twice"),
        ({"xray_ended_at_0": "2026-03-08", "xray_ended_at_1": "02:30"}, "does not exist"),
        ({"xray_place": ""}, "Enter where it was done."),
        ({"xray_place": "x" * 101}, "Use at most 100."),
        ({"xray_modality": "MR"}, "Choose from the list."),
    ],
)
def test_an_x_ray_whose_time_cannot_be_is_refused_at_the_field(page_of, scheduler, order, changed, sentence):
    answer = page_of(scheduler).post(to("search", order), elsewhere_xray(**changed))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not answer.context["cards"]


@pytest.mark.parametrize(
    ("zone", "day", "clock", "is_right"),
    [
        (NEW_YORK, "2027-03-14", "02:30", False),
        (NEW_YORK, "2027-03-14", "03:00", True),
        (NEW_YORK, "2027-11-07", "01:30", False),
        (NEW_YORK, "2027-11-07", "02:00", True),
        ("Europe/Berlin", "2027-03-28", "02:30", False),
        ("Australia/Lord_Howe", "2027-10-03", "02:15", False),
        ("Asia/Kathmandu", "2027-03-28", "02:30", True),
    ],
)
def test_a_wall_clock_time_is_taken_only_where_the_clock_shows_it_once(zone, day, clock, is_right):
    field = LocalDateTimeField(zone=zone)
    if is_right:
        assert f"{field.clean([day, clock]):%H:%M}" == clock
    else:
        with pytest.raises(ValidationError):
            field.clean([day, clock])


def test_a_technologist_sees_times_and_books_none(page_of, technologist, scheduler, order):
    page = page_of(technologist).get(to("search", order)).content.decode()
    assert "A scheduler books." in page
    sent = form_of(page_of(scheduler).get(to("search", order)))
    assert page_of(technologist).post(to("book", order), sent).status_code == 403


def test_another_site_s_orders_and_appointments_are_not_there(page_of, scheduler, elsewhere):
    stranger = department.booked(elsewhere)
    order = stranger.procedure.order
    step = stranger.steps.first()
    browser = page_of(scheduler)
    assert browser.get(to("search", order)).status_code == 404
    assert browser.post(to("book", order), {}).status_code == 404
    assert browser.get(to("appointment", stranger)).status_code == 404
    assert browser.get(to("move", stranger)).status_code == 404
    assert browser.post(to("appointment-cancel", stranger), {"reason": "x"}).status_code == 404
    assert browser.post(to("assign", step), {"technologist": 1}).status_code == 404
    assert browser.get(reverse("scheduling:appointment", args=[uuid.uuid4()])).status_code == 404


def test_an_appointment_s_page_has_plan_messages_history_and_the_letter(page_of, scheduler, appointment):
    page = page_of(scheduler).get(to("appointment", appointment)).content.decode()
    assert "ends 1 h 10 min before the lungs" in page
    assert "Confirmation" in page
    assert "Appointment booked" in page
    assert to("letter", appointment) in page
    assert appointment.procedure.order.patient.email not in page


def test_an_appointment_is_moved_and_its_history_tells_from_when_to_when(page_of, scheduler, appointment):
    browser = page_of(scheduler)
    choices = browser.get(to("move", appointment), {"first_day": "2027-03-10"})
    assert browser.post(to("move", appointment), form_of(choices)).status_code == 302
    appointment.refresh_from_db()
    page = browser.get(to("appointment", appointment)).content.decode()
    assert (appointment.revision, appointment.starts_at.astimezone(ZoneInfo(NEW_YORK)).day) == (2, 10)
    assert "Appointment moved from 8 Mar 2027" in page
    assert "Moved 1 time" in page


def test_a_move_does_not_offer_the_present_time(page_of, scheduler, appointment):
    answer = page_of(scheduler).get(to("move", appointment))
    planned = {step.kind: step.planned_start_at for step in appointment.steps.all()}
    offered = [each.proposal.starts for each in answer.context["cards"] + answer.context["others"]]
    assert offered
    assert planned not in offered


def test_a_move_with_no_other_time_says_so(page_of, site, scheduler, appointment):
    booked = Reservation.objects.filter(step__appointment=appointment, resource__kind="technologist")
    Shift.objects.all().delete()
    Shift.objects.bulk_create(Shift(resource=row.resource, span=row.span) for row in booked)
    answer = page_of(scheduler).get(to("move", appointment))
    assert "Only the present time is free in this period." in words_of(answer)


def test_a_page_that_a_form_was_sent_to_leads_back_when_it_is_opened_again(page_of, scheduler, appointment):
    browser, order = page_of(scheduler), appointment.procedure.order
    step = appointment.steps.get(kind=StepKind.PERFUSION)
    assert browser.get(to("book", order))["Location"] == to("search", order)
    assert browser.get(to("appointment-cancel", appointment))["Location"] == to("appointment", appointment)
    assert browser.get(to("assign", step))["Location"] == to("appointment", appointment)


def test_a_move_to_a_taken_time_is_refused_with_other_times(page_of, site, scheduler, appointment):
    browser = page_of(scheduler)
    sent = form_of(browser.get(to("move", appointment), {"first_day": "2027-03-10"}))
    Shift.objects.filter(span__startswith__date="2027-03-10").delete()
    answer = browser.post(to("move", appointment), sent)
    appointment.refresh_from_db()
    assert answer.status_code == 409
    assert "Not moved" in answer.content.decode()
    assert answer.context["cards"]
    assert appointment.revision == 1
    assert browser.post(to("move", appointment), {}).status_code == 422


def test_a_cancelled_appointment_is_not_moved(page_of, scheduler, appointment):
    booking.cancel(appointment, reason="Ill", by=scheduler, now=department.NOW)
    answer = page_of(scheduler).get(to("move", appointment))
    assert answer.status_code == 409
    assert "This appointment is cancelled; it cannot be moved." in answer.content.decode()


def test_cancelling_needs_a_reason_and_frees_the_order(page_of, scheduler, appointment):
    browser, url = page_of(scheduler), to("appointment-cancel", appointment)
    empty = browser.post(url, {"reason": " "})
    assert (empty.status_code, b"Say why." in empty.content) == (422, True)
    answer = browser.post(url, {"reason": "Patient is ill."})
    assert answer["Location"] == to("order", appointment.procedure.order)
    assert browser.post(url, {"reason": "Again"}).status_code == 409
    page = browser.get(to("appointment", appointment)).content.decode()
    assert "Patient is ill." in page


def test_the_desk_writes_down_that_the_patient_has_confirmed(page_of, scheduler, appointment):
    browser = page_of(scheduler)
    assert "Not confirmed yet." in browser.get(to("appointment", appointment)).content.decode()
    answer = browser.post(to("appointment-confirm", appointment))
    assert answer["Location"] == to("appointment", appointment)
    page = browser.get(to("appointment", appointment)).content.decode()
    assert re.search(rf"Yes: confirmed [^<]*07:00, {scheduler.name}\.", page)
    assert "Patient has confirmed" in page  # in the history
    orders = browser.get(reverse("scheduling:orders") + "?tab=all").content.decode()
    assert ", confirmed" in orders


def test_the_list_of_what_is_to_be_booked_says_why_a_time_was_given_up(page_of, scheduler, appointment):
    reason = "Cancelled by the patient: abroad"
    booking.cancel(appointment, reason=reason, by=scheduler, now=department.NOW)
    assert reason in page_of(scheduler).get(reverse("scheduling:orders") + "?tab=book").content.decode()


def test_what_is_cancelled_is_not_confirmed(page_of, scheduler, appointment):
    booking.cancel(appointment, reason="Ill", by=scheduler, now=department.NOW)
    answer = page_of(scheduler).post(to("appointment-confirm", appointment))
    assert answer.status_code == 409
    assert "This appointment is cancelled; there is nothing to confirm." in answer.content.decode()


def test_a_technologist_moves_and_does_not_cancel(page_of, technologist, appointment):
    browser = page_of(technologist)
    assert browser.get(to("move", appointment)).status_code == 200
    assert browser.post(to("appointment-cancel", appointment), {"reason": "x"}).status_code == 403


def test_a_physician_does_not_move(page_of, attending, appointment):
    assert page_of(attending).get(to("move", appointment)).status_code == 403


def test_a_step_is_given_to_another_technologist(page_of, site, scheduler, appointment):
    step = appointment.steps.get(kind=StepKind.PERFUSION)
    held = step.reservations.get(resource__kind="technologist", status="booked").resource
    free = Resource.objects.filter(site=site, name="Carl Jensen").exclude(
        pk=held.pk
    ).first() or Resource.objects.get(site=site, name="Ben Okafor")
    answer = page_of(scheduler).post(to("assign", step), {"technologist": free.pk})
    assert answer["Location"] == to("appointment", appointment)
    page = page_of(scheduler).get(to("appointment", appointment)).content.decode()
    assert f"Technologist changed: {free.name}" in page


def test_a_technologist_who_cannot_take_the_step_is_refused(page_of, site, elsewhere, scheduler, appointment):
    browser = page_of(scheduler)
    xray = appointment.steps.get(kind=StepKind.XRAY)
    unqualified = Resource.objects.get(site=site, name="Ben Okafor")
    stranger = Resource.objects.get(site=elsewhere, name="Ana Ruiz")
    room = Resource.objects.get(site=site, name="Camera 1")
    for who in (unqualified.pk, stranger.pk, room.pk, "", "99999999999999999999"):
        answer = browser.post(to("assign", xray), {"technologist": who})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.content.decode()
    other = department.booked(site, by=scheduler)
    step = appointment.steps.get(kind=StepKind.PERFUSION)
    busy = _taken_at(other, step)
    if busy:
        answer = browser.post(to("assign", step), {"technologist": busy.pk})
        assert (answer.status_code, b"is busy at this time" in answer.content) == (409, True)


def _taken_at(other, step):
    held = step.reservations.get(resource__kind="technologist", status="booked")
    rows = [
        row for each in other.steps.all() for row in each.reservations.filter(resource__kind="technologist")
    ]
    found = [
        row.resource for row in rows if row.span.lower < held.span.upper and row.span.upper > held.span.lower
    ]
    return next((each for each in found if each.pk != held.resource_id), None)


def test_a_busy_technologist_is_refused_in_words(page_of, site, scheduler, appointment):
    step = appointment.steps.get(kind=StepKind.VENTILATION)
    held = step.reservations.get(resource__kind="technologist", status="booked")
    other = Resource.objects.filter(site=site, kind="technologist").exclude(pk=held.resource_id).first()
    rival = department.booked(site, by=scheduler, first_day=department.TODAY + timedelta(days=1))
    rival.steps.get(kind=StepKind.VENTILATION).reservations.filter(resource__kind="technologist").update(
        resource=other, span=held.span
    )
    answer = page_of(scheduler).post(to("assign", step), {"technologist": other.pk})
    assert answer.status_code == 409
    assert f"{other.name} is busy at this time." in answer.content.decode()


def test_the_appointment_s_page_asks_no_more_for_three_revisions_than_for_one(
    page_of, scheduler, appointment, django_assert_max_num_queries
):
    browser = page_of(scheduler)
    browser.get(to("appointment", appointment))
    with django_assert_max_num_queries(24):
        browser.get(to("appointment", appointment))
    for day in ("2027-03-10", "2027-03-11"):
        browser.post(
            to("move", appointment), form_of(browser.get(to("move", appointment), {"first_day": day}))
        )
    with django_assert_max_num_queries(24):
        browser.get(to("appointment", appointment))
