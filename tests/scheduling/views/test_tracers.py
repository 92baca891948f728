"""The pages of tracers: the day's list, what becomes of a batch, weekly plans."""

import pytest

from scheduling.models import Disruption, TracerBatch, TracerSupply
from scheduling.views import list_drawing
from tests import department, doses
from tests.department import NOW, TODAY
from tests.doses import HOUR

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]
DAY, NEW, PLANS, NEW_PLAN = (
    "/tracers/",
    "/tracers/batches/new/",
    "/tracers/supplies/",
    "/tracers/supplies/new/",
)
BATCH = {
    "product": "maa",
    "usable_from_0": "2027-03-08",
    "usable_from_1": "07:30",
    "activity_mbq": "1850",
    "particles": "4000000",
}
PLAN = {
    "product": "maa",
    "weekdays": ["0", "2"],
    "usable_time": "07:30",
    "activity_mbq": "1850",
    "shelf_life_hours": "6",
    "particles": "4000000",
    "starts_on": "2027-03-08",
}

MEASURED = {
    "activity_mbq": "1790.5",
    "particles": "3900000",
    "calibrated_at_0": "2027-03-08",
    "calibrated_at_1": "07:40",
    "expires_at_0": "2027-03-08",
    "expires_at_1": "13:40",
    "lot": "P-77",
}


@pytest.fixture
def kit(site, lead):
    doses.needed(site)
    return doses.batch(site, by=lead)


def text(answer):
    return " ".join(answer.content.decode().split())


def test_a_department_without_tracers_is_told_that_nothing_is_limited(page_of, scheduler):
    answer = page_of(scheduler).get(DAY)
    assert "Bookings are not limited by doses" in text(answer)
    assert "Enter a batch" not in text(answer)


def test_the_day_shows_what_is_left_and_when_doses_are_taken(page_of, site, lead, kit):
    appointment = department.booked(site)
    page = text(page_of(lead).get(DAY))
    assert "MAA kit 07:00" in page
    assert "07:00 to 17:00" in page
    assert "4 million particles" in page
    assert "148 MBq" in page
    assert appointment.procedure.order.patient.family_name not in page


def test_another_day_is_chosen_by_its_date(page_of, site, lead, kit):
    doses.supply(site, by=lead, starts_on=TODAY)
    answer = page_of(lead).get(DAY, {"day": "2027-03-09"})
    assert [line.name for line, *_ in answer.context["lines"]] == ["MAA kit 07:30"]
    weekend = page_of(lead).get(DAY, {"day": "2027-03-13"})
    assert "lay nothing out for this day" in text(weekend)


@pytest.mark.parametrize("day", ["", "x", "1999-01-01", "2027-02-30", "99999-01-01"])
def test_a_day_that_cannot_be_read_is_today(page_of, lead, day):
    assert page_of(lead).get(DAY, {"day": day}).context["day"] == TODAY


def test_a_batch_is_entered_with_the_usual_shelf_life(page_of, lead):
    answer = page_of(lead).post(NEW, BATCH)
    assert answer.status_code == 302
    assert answer["Location"] == "/tracers/?day=2027-03-08"
    made = TracerBatch.objects.get()
    assert made.calibrated_at == made.usable_from == NOW + HOUR / 2
    assert made.expires_at == made.usable_from + 6 * HOUR


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"product": ""}, "Choose the tracer."),
        ({"product": "gold"}, "Choose from the list"),
        ({"activity_mbq": "much"}, "Enter a number."),
        ({"activity_mbq": "0"}, "The activity is more than 0"),
        ({"activity_mbq": "NaN"}, "Enter a number."),
        ({"particles": ""}, "Enter the number of particles"),
        ({"particles": "-5"}, "Enter 1 or more"),
        ({"usable_from_1": ""}, "Enter the time too."),
        ({"usable_from_1": "99:00"}, "Enter a time, such as 14:05."),
        ({"usable_from_0": "2027-03-14", "usable_from_1": "02:30"}, "does not exist"),
        ({"expires_at_0": "2027-03-08", "expires_at_1": "07:00"}, "It expires after it becomes usable"),
        ({"lot": "x" * 41}, "Use at most 40."),
        ({"product": "xe133"}, "has no particles"),
    ],
)
def test_a_batch_that_cannot_be_is_explained_at_its_field(page_of, lead, wrong, sentence):
    answer = page_of(lead).post(NEW, BATCH | wrong)
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert not TracerBatch.objects.exists()


def test_a_failed_kit_opens_the_plan_for_those_who_have_no_dose(page_of, site, lead, kit):
    appointment = department.booked(site)
    answer = page_of(lead).post(f"/tracers/batches/{kit.pk}/fail/", {"reason": "Spilled"}, follow=True)
    page, plan = text(answer), answer.request["PATH_INFO"]
    assert "1 patient has no dose now. Below is a plan for the day." in page
    assert "MAA kit 07:00: generator or kit failed" in page
    assert appointment.procedure.order.patient.family_name in page
    page = text(page_of(lead).get(DAY))
    assert "1 without a dose" in page
    assert f"/appointments/{appointment.pk}/" in page
    assert f'href="{plan}"' in page
    assert "Spilled" in page


def test_a_kit_that_leaves_nobody_without_a_dose_opens_no_plan(page_of, lead, kit):
    answer = page_of(lead).post(f"/tracers/batches/{kit.pk}/fail/", {"reason": "Spilled"})
    assert answer.url == f"{DAY}?day=2027-03-08"
    assert not Disruption.objects.exists()


def test_a_kit_that_holds_too_little_opens_the_plan_too_and_the_same_one_again(page_of, site, lead, kit):
    department.booked(site)
    for _ in range(2):
        values = MEASURED | {"activity_mbq": "20"}
        answer = page_of(lead).post(f"/tracers/batches/{kit.pk}/measured/", values, follow=True)
        assert "MAA kit 07:00: generator or kit late or too weak" in text(answer)
    assert Disruption.objects.get().replans.count() == 2


def test_a_failure_needs_its_reason(page_of, lead, kit):
    answer = page_of(lead).post(f"/tracers/batches/{kit.pk}/fail/", {"reason": " "})
    assert answer.status_code == 422
    assert "Say what is wrong with it." in text(answer)


def test_a_late_kit_is_planned_anew(page_of, lead, kit):
    form = page_of(lead).get(f"/tracers/batches/{kit.pk}/late/").context["form"]
    assert str(form.initial["usable_from"][1]) == "07:00:00"
    values = {"usable_from_0": "2027-03-08", "usable_from_1": "09:15"}
    answer = page_of(lead).post(f"/tracers/batches/{kit.pk}/late/", values)
    assert answer.status_code == 302
    kit.refresh_from_db()
    assert kit.usable_from == NOW + 2.25 * HOUR


def test_a_failed_kit_that_is_said_to_be_late_is_refused_above_the_form(page_of, lead, kit):
    page_of(lead).post(f"/tracers/batches/{kit.pk}/fail/", {"reason": "Spilled"})
    values = {"usable_from_0": "2027-03-08", "usable_from_1": "09:15"}
    answer = page_of(lead).post(f"/tracers/batches/{kit.pk}/late/", values)
    assert answer.status_code == 409
    assert "This batch has failed." in text(answer)


def test_a_measured_kit_is_ready(page_of, lead, kit):
    page = text(page_of(lead).post(f"/tracers/batches/{kit.pk}/measured/", MEASURED, follow=True))
    kit.refresh_from_db()
    assert (kit.state, float(kit.activity_mbq), kit.lot) == ("ready", 1790.5, "P-77")
    assert "1,790.5 MBq" in page


def test_a_weekly_plan_is_entered_listed_and_ended(page_of, lead):
    page_of(lead).post(NEW_PLAN, PLAN)
    supply = TracerSupply.objects.get()
    page = text(page_of(lead).get(PLANS))
    assert "Mon, Wed" in page
    assert "6 h" in page
    answer = page_of(lead).post(f"/tracers/supplies/{supply.pk}/end/", {"ends_on": "2027-03-10"}, follow=True)
    assert "MAA kit 07:30 ends after 10 Mar 2027." in text(answer)
    assert supply.batches.count() == 2


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"weekdays": []}, "Choose at least one weekday."),
        ({"weekdays": ["9"]}, "Choose from the list"),
        ({"shelf_life_hours": "0"}, "More than 0 minutes"),
        ({"shelf_life_hours": "1e9"}, "Enter 1440 or less"),
        ({"starts_on": "2026-03-08"}, "Choose today or a day of the coming year."),
        ({"starts_on": "soon"}, "Enter a date."),
        ({"ends_on": "2027-03-01"}, "The last day is not before the first."),
        ({"unit_doses": "51"}, "Enter 50 or less"),
    ],
)
def test_a_plan_that_cannot_be_is_explained_at_its_field(page_of, lead, wrong, sentence):
    answer = page_of(lead).post(NEW_PLAN, PLAN | wrong)
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert not TracerSupply.objects.exists()


def test_a_plan_with_promised_doses_is_not_ended_before_them(page_of, site, lead):
    doses.needed(site)
    supply = doses.supply(site, by=lead)
    department.booked(site, first_day=TODAY.replace(day=11))
    answer = page_of(lead).post(f"/tracers/supplies/{supply.pk}/end/", {"ends_on": "2027-03-08"})
    assert answer.status_code == 409
    assert "Doses are promised until 11 Mar 2027." in text(answer)


@pytest.mark.parametrize("count", [1, 3])
def test_the_day_takes_the_same_queries_for_one_batch_and_three(
    page_of, site, lead, django_assert_max_num_queries, count
):
    doses.needed(site)
    for _ in range(count):
        doses.batch(site, by=lead)
        department.booked(site)
    client = page_of(lead)
    with django_assert_max_num_queries(12) as caught:
        client.get(DAY)
    tracer_queries = [
        each
        for each in caught.captured_queries
        if "expires_at" in each["sql"] or "tracersupply" in each["sql"]
    ]
    assert len(tracer_queries) == 3  # batches, claims, weekly plans


def test_another_sites_tracers_stay_there(page_of, lead, elsewhere):
    kit = doses.batch(elsewhere, by=department.lead(elsewhere))
    client = page_of(lead)
    assert client.get(DAY).context["lines"] == []
    assert client.post(f"/tracers/batches/{kit.pk}/fail/", {"reason": "x"}).status_code == 404


def test_a_scheduler_sees_tracers_and_changes_none(page_of, scheduler, kit):
    client = page_of(scheduler)
    page = text(client.get(DAY))
    assert "MAA kit 07:00" in page
    assert "Failed<" not in page
    assert client.post(f"/tracers/batches/{kit.pk}/fail/", {"reason": "x"}).status_code == 403


def test_the_appointment_names_the_batch_of_its_dose_and_when_it_is_lost(page_of, site, lead, kit):
    appointment = department.booked(site)
    address = f"/appointments/{appointment.pk}/"
    assert "MAA kit 07:00, 148 MBq" in text(page_of(lead).get(address))
    page_of(lead).post(f"/tracers/batches/{kit.pk}/fail/", {"reason": "Spilled"})
    assert "No dose: MAA kit 07:00 is gone" in text(page_of(lead).get(address))


def test_the_worklist_names_a_lost_dose_as_a_problem_and_is_asked_for_again(page_of, site, lead, kit):
    department.booked(site)
    client = page_of(lead)
    before = client.get("/worklist/")
    assert "No dose" not in text(before)
    version = before.context["version"]
    assert client.get("/worklist/rows/", {"version": version}).status_code == 204
    client.post(f"/tracers/batches/{kit.pk}/fail/", {"reason": "Spilled"})
    list_drawing.forget()  # an answer "nothing has changed" may be half a second old
    rows = client.get("/worklist/rows/", {"version": version})
    assert "No dose" in text(rows)
    assert "Perfusion: no dose is left at the planned time." in text(rows)
