"""Why not at ...?, asked and answered on the page that looks for a time."""

from datetime import timedelta

import pytest
from django.urls import reverse

from scheduling.models import Closure, Resource
from tests import department

pytestmark = pytest.mark.usefixtures("department_clock")


@pytest.fixture
def order(site):
    return department.order(site)


@pytest.fixture
def closed(site):
    """Both cameras are closed from 09:00 to 11:00."""
    begins = department.NOW + timedelta(hours=2)
    for room in Resource.objects.filter(name__startswith="Camera"):
        Closure.objects.create(
            site=site, resource=room, span=(begins, begins + timedelta(hours=2)), reason="Repair"
        )


def asked(client, name, subject, day="2027-03-08", time="10:00", **further):
    path = reverse(f"scheduling:{name}", args=[subject.pk])
    answer = client.post(path, {"wanted_0": day, "wanted_1": time, **further})
    return answer, answer.content.decode()


@pytest.mark.usefixtures("closed")
def test_the_reasons_the_nearest_time_and_the_changes_stand_on_the_page(page_of, scheduler, order):
    answer, text = asked(page_of(scheduler), "order-why-not", order)
    assert answer.status_code == 200
    assert "Why not at 10:00 on Mon 8 Mar 2027" in text
    assert "No perfusion can start 5 min to 20 min after the ventilation." in text
    assert "Camera 1 is closed until 11:00 (Repair)." in text
    assert "Nearest after" in text
    assert "No time is free in the 7 days before." in text
    assert "Open Camera 1 from 10:15 to 10:45." in text


@pytest.mark.usefixtures("closed")
def test_the_nearest_time_is_booked_by_its_button(page_of, scheduler, order):
    client = page_of(scheduler)
    answer, _ = asked(client, "order-why-not", order)
    [nearest] = answer.context["why_not"].nearest
    starts = {f"start_{step.kind}": step.starts_at.isoformat() for step in nearest.choice.proposal.steps}
    path = reverse("scheduling:book", args=[order.pk])
    booked = client.post(path, {**starts, "resource_ids": nearest.choice.resource_ids})
    assert booked.status_code == 302
    assert order.procedure.appointments.get().lungs_start_at == nearest.choice.proposal.lungs_start_at


def test_a_free_time_can_be_booked_at_once(page_of, scheduler, order):
    answer, text = asked(page_of(scheduler), "order-why-not", order)
    assert answer.context["why_not"].free is not None
    assert "This time can be had" in text


def test_the_patient_and_the_time_are_in_no_address(page_of, scheduler, order):
    answer, text = asked(page_of(scheduler), "order-why-not", order)
    assert "wanted_0=" not in text
    assert answer.request["QUERY_STRING"] == ""


@pytest.mark.parametrize(
    ("day", "time", "sentence"),
    [
        ("2027-03-08", "06:00", "This time has passed. Choose a later one."),
        ("2027-03-14", "02:30", "02:30 on 14 Mar 2027 does not exist"),
        ("2027-11-07", "01:30", "01:30 on 7 Nov 2027 happens twice"),
        ("2029-03-08", "10:00", "This is more than a year ahead. Choose an earlier time."),
        ("", "", "Enter a date and a time."),
        ("2027-03-08", "", "Enter the time too."),
    ],
)
def test_a_time_that_cannot_be_meant_is_refused_at_its_field(page_of, scheduler, order, day, time, sentence):
    answer, _ = asked(page_of(scheduler), "order-why-not", order, day, time)
    assert answer.status_code == 422
    assert any(sentence in each for each in answer.context["why_not_form"].errors["wanted"])
    assert answer.context["why_not"] is None
    assert answer.context["cards"]  # the proposals stay


def test_where_nothing_is_found_the_explanation_says_why(page_of, scheduler, order, site):
    Resource.objects.filter(name="Camera 2").update(is_active=False)
    span = (department.NOW, department.NOW + timedelta(days=3))
    Closure.objects.create(
        site=site, resource=Resource.objects.get(name="Camera 1"), span=span, reason="Repair"
    )
    path = reverse("scheduling:search", args=[order.pk])
    text = page_of(scheduler).get(path, {"days": 1}).content.decode()
    assert "No time found" in text
    assert "Camera 1 is closed, never free for 30 minutes in a row." in text
    assert "First time after these days" in text


@pytest.mark.usefixtures("closed")
def test_another_time_of_an_appointment_is_asked_for_on_its_own_page(page_of, scheduler, site):
    Closure.objects.all().delete()
    appointment = department.booked(site)
    answer, text = asked(page_of(scheduler), "appointment-why-not", appointment, time="22:00")
    assert answer.status_code == 200
    assert "Ventilation 1 is closed (opens 07:00 on Tue 9 Mar 2027)." in text
    assert "Move here" in text


def test_the_address_of_the_question_leads_to_the_search(page_of, scheduler, order):
    answer = page_of(scheduler).get(reverse("scheduling:order-why-not", args=[order.pk]))
    assert (answer.status_code, answer["Location"]) == (302, reverse("scheduling:search", args=[order.pk]))
