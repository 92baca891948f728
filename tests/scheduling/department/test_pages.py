"""The lead's pages: looked at first, then saved; refused at the field; the same number of queries for every list."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from scheduling.models import LetterText, OpeningHours, PlannedChange, Resource, Shift
from scheduling.services.department import shifts
from tests import department
from vqflow.models import AuditEvent

TOMORROW = "2027-03-09"


def week(**changed):
    """The hours form as a browser sends it."""
    form = {f"open_{n}": "07:00-18:00" for n in range(7)} | {f"on_call_{n}": "" for n in range(7)}
    return {**form, "starts_on": TOMORROW, "ends_on": "", **changed}


def look(browser, path, form):
    """The preview, and the digest that saves it."""
    answer = browser.post(path, form)
    page = answer.content.decode()
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    return answer.status_code, page, seen and seen[1]


def hours_path(room):
    return reverse("scheduling:department-hours", args=[room.pk])


def test_hours_are_looked_at_and_then_saved(browser, site):
    booked = department.booked(site, first_day=department.TODAY + department.timedelta(days=1))
    room = next(
        row.resource
        for row in booked.steps.get(kind="perfusion").reservations.all()
        if row.resource.kind == "room" and row.resource.name.startswith("Camera")
    )
    form = week(**{f"open_{n}": "17-21" for n in range(7)})
    status, page, seen = look(browser, hours_path(room), form)
    patient = booked.procedure.order.patient
    assert (status, patient.mrn in page, "1 appointment" in page) == (200, True, True)
    assert reverse("scheduling:appointment", args=[booked.pk]) in page
    assert not OpeningHours.objects.filter(starts_on__isnull=False).exists()
    assert AuditEvent.objects.filter(data__list="department.affected", patient_ids=[patient.pk]).exists()
    answer = browser.post(hours_path(room), {**form, "seen": seen}, follow=True)
    assert "Saved. It holds from 9 Mar 2027 on." in answer.content.decode()
    assert OpeningHours.objects.filter(resource=room, starts_on=TOMORROW, opens="17:00").count() == 7
    page = answer.content.decode()
    assert "1 appointment booked outside the hours" in page
    assert reverse("scheduling:appointment", args=[booked.pk]) in page


def test_what_was_changed_after_the_look_is_looked_at_again(browser, camera):
    _, _, seen = look(browser, hours_path(camera), week(open_0="08:00-12:00"))
    status, _, again = look(browser, hours_path(camera), week(open_0="09:00-12:00", seen=seen))
    assert (status, again not in (None, seen)) == (200, True)
    assert not OpeningHours.objects.filter(starts_on__isnull=False).exists()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"open_0": "seven"}, "Write times such as 07:00-18:00"),
        ({"open_0": "25:00-26:00"}, "is no time of the day"),
        ({"open_2": "07:00-12:00, 11:00-13:00"}, "Two times of Wednesday overlap."),
        ({"starts_on": "2027-03-08", "open_0": ""}, "Choose 9 Mar 2027 or a later day."),
        ({"starts_on": "", "open_0": ""}, "Choose a day."),
        ({}, "Nothing is changed yet."),
    ],
)
def test_a_week_that_cannot_be_is_refused_with_a_sentence(browser, camera, changed, sentence):
    status, page, seen = look(browser, hours_path(camera), week(**changed))
    assert (status, sentence in page, seen) == (422, True, None)
    assert not OpeningHours.objects.filter(starts_on__isnull=False).exists()


def test_a_room_is_changed_from_a_day_on_and_the_change_withdrawn(browser, camera):
    path = reverse("scheduling:department-room-change", args=[camera.pk])
    form = {
        "name": "Camera 1",
        "capabilities": camera.capabilities,
        "clearance_minutes": "15",
        "is_active": "on",
        "starts_on": TOMORROW,
    }
    status, page, seen = look(browser, path, form)
    assert (status, "0 min" in page, "15 min" in page) == (200, True, True)
    page = browser.post(path, {**form, "seen": seen}, follow=True).content.decode()
    change = PlannedChange.objects.get()
    assert "Going to change" in page
    withdraw = reverse("scheduling:department-withdraw", args=[change.pk])
    assert "Withdrawn." in browser.post(withdraw, follow=True).content.decode()
    assert browser.post(withdraw).status_code == 409


def test_rooms_and_people_are_entered(browser, site):
    form = {"name": "Camera 3", "capabilities": ["gamma_camera_planar"], "clearance_minutes": "0"}
    path = reverse("scheduling:department-room-new")
    assert browser.post(path, form).status_code == 302
    assert "Choose another." in browser.post(path, form).content.decode()
    path = reverse("scheduling:department-person-new")
    assert browser.post(path, {"name": "Eve Lind", "capabilities": ["escort"]}).status_code == 302
    assert set(Resource.objects.filter(name__in=["Camera 3", "Eve Lind"]).values_list("kind", flat=True)) == {
        "room", "technologist",
    }  # fmt: skip


def test_shifts_are_looked_at_and_then_saved(browser, ana):
    path = reverse("scheduling:department-shifts", args=[ana.pk])
    form = {"work": "works", "weekdays": ["1", "2"], "begins": "12:00", "ends": "20:00"}
    form |= {"first_day": TOMORROW, "last_day": "2027-03-12"}
    status, page, seen = look(browser, path, form)
    assert (status, "2 shifts new" in page, "2 shifts taken away" in page) == (200, True, True)
    assert browser.post(path, {**form, "seen": seen}).status_code == 302
    assert Shift.objects.filter(resource=ana, span__startswith__hour=17).count() == 2
    assert shifts.outside(ana, now=department.NOW) == []
    page = browser.get(reverse("scheduling:department-person", args=[ana.pk])).content.decode()
    assert "12:00-20:00" in page
    status, page, _ = look(browser, path, {**form, "begins": ""})
    assert (status, "Enter when the shift begins and ends." in page) == (422, True)


def test_a_protocol_is_looked_at_and_then_saved(browser, site):
    department.booked(site, first_day=department.TODAY + department.timedelta(days=1))
    protocol = site.protocols.get(key="V_THEN_Q")
    path = reverse("scheduling:department-protocol-change", args=[protocol.pk])
    page = browser.get(path).content.decode()
    fields = dict(re.findall(r'<input type="number" name="(\w+)" value="([\d.]*)"', page))
    form = {**fields, "name": protocol.name, "is_active": "on", "starts_on": "2027-03-08"}
    form["perfusion_acquisition_minutes"] = "25"
    status, page, seen = look(browser, path, form)
    assert (status, "Perfusion: Pictures" in page, "Stays as it is booked." in page) == (200, True, True)
    assert browser.post(path, {**form, "seen": seen}).status_code == 302
    page = browser.get(reverse("scheduling:department-protocol", args=[protocol.pk])).content.decode()
    assert "Booked with other times" in page
    assert "20 min" in page
    status, page, _ = look(browser, path, {**form, "perfusion_lag_max_minutes": "1"})
    assert (status, "The longest wait is shorter than the shortest." in page) == (422, True)


def test_settings_are_typed_in_hours_and_saved(browser, site):
    path = reverse("scheduling:department-settings-change")
    page = browser.get(path).content.decode()
    assert re.search(r'name="routine_start_target" value="7"', page)
    fields = dict(re.findall(r'<input type="(?:number|text|tel)" name="(\w+)" value="([^"]*)"', page))
    form = {**fields, "waitlist_mode": "one_by_one", "starts_on": "2027-03-08", "stat_start_target": "1.5"}
    form |= {"records_doses": "on", "breastfeeding_policy": "icrp106", "xenon_limit_bq_per_m3": "3700000"}
    form |= {"patients_move": "on", "patients_notice_hours": "48", "directions": "Follow the\nblue line."}
    status, page, seen = look(browser, path, form)
    assert (status, "1 h 30 min" in page, "3700000 Bq/m³" in page) == (200, True, True)
    browser.post(path, {**form, "seen": seen})
    site.refresh_from_db()
    assert site.stat_start_target == department.timedelta(minutes=90)
    assert (site.records_doses, site.two_person_check, site.releases_patients) == (True, False, False)
    assert (site.breastfeeding_policy, site.xenon_limit_bq_per_m3) == ("icrp106", 3_700_000)
    assert (site.patients_move, site.patients_cancel, site.patients_notice_hours) == (True, False, 48)
    assert site.directions.split() == ["Follow", "the", "blue", "line."]
    status, page, _ = look(browser, path, {**form, "emergency_number": "call us"})
    assert (status, "Enter the number as people dial it" in page) == (422, True)


def test_a_letter_is_shown_as_an_invented_patient_gets_it(browser, site):
    path = reverse("scheduling:department-letter-change") + "?kind=moved&language=en"
    form = {
        "subject": "",
        "opening": "Dear {first_name}, we moved you.",
        "closing": "",
        "starts_on": "2027-03-08",
    }
    status, page, seen = look(browser, path, form)
    assert (status, "Dear Maria, we moved you." in page, "Phone: +1 212 555 0100" in page) == (
        200,
        True,
        True,
    )
    assert not LetterText.objects.exists()
    browser.post(path, {**form, "seen": seen})
    assert LetterText.objects.get().opening == "Dear {first_name}, we moved you."
    status, page, _ = look(browser, path, {**form, "opening": "Your lung scan is moved."})
    assert (status, "gives away what is examined" in page) == (422, True)


PAGES = ("department", "department-rooms", "department-people", "department-protocols", "department-settings")


@pytest.mark.parametrize("name", [*PAGES, "department-letters", "department-letter"])
def test_a_scheduler_sees_the_pages_and_changes_nothing(site, name):
    client = Client()
    client.force_login(department.scheduler(site))
    page = client.get(reverse(f"scheduling:{name}"))
    assert page.status_code == 200
    assert "Change…" not in page.content.decode()
    assert client.get(reverse("scheduling:department-settings-change")).status_code == 403


def test_things_of_another_site_are_not_found(browser, elsewhere):
    room = Resource.objects.filter(site=elsewhere, kind="room").first()
    for name in ("department-room", "department-room-change", "department-hours", "department-kept"):
        assert browser.get(reverse(f"scheduling:{name}", args=[room.pk])).status_code == 404


@pytest.mark.parametrize("name", ["department-rooms", "department-people", "department-protocols"])
def test_lists_take_as_many_queries_for_three_rows_as_for_one(
    browser, site, name, django_assert_num_queries, django_assert_max_num_queries
):
    path = reverse(f"scheduling:{name}")
    browser.get(path)  # the first request of a session notes its time
    with django_assert_max_num_queries(20) as few:
        browser.get(path)
    for number in range(3):
        room = Resource.objects.create(site=site, kind="room", name=f"More {number}", capabilities=["xray"])
        OpeningHours.objects.create(resource=room, weekday=0, opens="07:00", closes="12:00")
        person = Resource.objects.create(site=site, kind="technologist", name=f"P {number}")
        now = department.NOW
        Shift.objects.create(resource=person, span=(now, now + department.timedelta(hours=8)))
        department.protocol(site, key=f"MORE_{number}", name=f"More {number}")
    with django_assert_num_queries(len(few)):
        browser.get(path)


def test_the_history_stands_on_the_page(browser, camera):
    form = week(**{f"open_{n}": "08:00-16:00" for n in range(5)})
    _, _, seen = look(browser, hours_path(camera), form)
    browser.post(hours_path(camera), {**form, "seen": seen})
    page = browser.get(reverse("scheduling:department-room", args=[camera.pk])).content.decode()
    assert "New: Mon-Fri 08:00-16:00, from 9 Mar 2027." in page
    assert "Ends: Mon-Fri 07:00-18:00, until 8 Mar 2027." in page
    assert "Lou Bell" in page


def test_a_place_that_gives_appointments_away_is_said(browser, site):
    path = reverse("scheduling:department-settings")
    assert "gives appointments away" not in browser.get(path).content.decode()
    site.place = "Nuclear Medicine, level 2"
    site.save(update_fields=["place"])
    assert "“Nuclear” stands in the clinic" in browser.get(path).content.decode()
