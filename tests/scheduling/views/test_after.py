"""After the scan, through the pages: the panel, what the reader says, the hand-over, the aftercare sheet."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from scheduling.models import Appointment, HandOver, Message, MessageKind, Release
from scheduling.services import release
from scheduling.views.exam_after import after_panel
from tests import department

pytestmark = pytest.mark.django_db
LATER = department.NOW + timedelta(hours=3)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: LATER)


@pytest.fixture
def site(db):
    made = department.site()
    made.releases_patients = True
    made.save(update_fields=["releases_patients"])
    return made


@pytest.fixture
def scanned(site):
    return Appointment.objects.get(procedure__order=department.performed(site))


@pytest.fixture
def reader(client, attending):
    client.force_login(attending)
    return client


@pytest.fixture
def camera(client, technologist):
    client.force_login(technologist)
    return client


def address(name, appointment):
    return reverse(f"scheduling:{name}", args=[appointment.pk])


def text(answer):
    return answer.content.decode()


def test_one_press_sends_the_patient_home_and_can_be_undone(reader, scanned):
    answer = reader.post(address("release", scanned), {"outcome": "home", "next": "/reports/?tab=release"})
    assert (answer.status_code, answer["Location"]) == (
        302,
        f"/reports/?tab=release#exam-{scanned.pk}",
    )
    assert not Appointment.objects.get(pk=scanned.pk).awaits_release
    assert reader.session["done"]["undo"] == address("release-undo", scanned)
    reader.post(address("release-undo", scanned))
    assert Appointment.objects.get(pk=scanned.pk).awaits_release


def test_a_reader_names_the_views_that_are_wanted(reader, scanned):
    page = reader.get(address("release", scanned))
    assert "Right posterior oblique" in text(page)
    assert "Physician on the phone" not in text(page)
    reader.post(address("release", scanned), {"outcome": "more_views", "views": ["rpo", "lpo"]})
    assert Release.objects.get().views == ["rpo", "lpo"]


def test_what_is_lacking_is_said_at_its_field(reader, scanned):
    answer = reader.post(address("release", scanned), {"outcome": "emergency"})
    assert answer.status_code == 422
    assert "Say why, for the emergency department." in text(answer)
    answer = reader.post(address("release", scanned), {})
    assert "Choose what the patient does." in text(answer)


def test_a_technologist_names_the_physician_on_the_phone(camera, scanned, attending):
    assert "Physician on the phone" in text(camera.get(address("release", scanned)))
    answer = camera.post(address("release", scanned), {"outcome": "home"})
    assert "Choose the physician who decided." in text(answer)
    camera.post(address("release", scanned), {"outcome": "home", "physician": attending.pk})
    assert Release.objects.get().physician == attending


def test_who_is_released_cannot_be_released_again(reader, scanned, attending):
    release.decide(scanned, outcome="home", by=attending, now=LATER)
    assert "has been released already" in text(reader.get(address("release", scanned)))
    answer = reader.post(address("release", scanned), {"outcome": "wait"})
    assert (answer.status_code, Release.objects.count()) == (409, 1)


def test_the_hand_over_shows_what_is_missing_and_asks_why(camera, scanned):
    page = text(camera.get(address("hand-over", scanned)))
    assert "Nobody has recorded who looked at the chest X-ray." in page
    assert address("xray-seen", scanned) in page
    answer = camera.post(address("hand-over", scanned), {"note": ""})
    assert (answer.status_code, "Write for the reader why" in text(answer)) == (422, True)
    camera.post(address("hand-over", scanned), {"note": "Dr Moss saw it."})
    assert HandOver.objects.get().note == "Dr Moss saw it."
    camera.post(address("hand-over-undo", scanned))
    assert not HandOver.objects.exists()


def test_the_sheet_is_shown_printed_and_sent_once_as_a_link(camera, scanned):
    assert "After your scan" in text(camera.get(address("aftercare", scanned)))
    answer = camera.get(address("aftercare-pdf", scanned))
    assert (answer["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    assert camera.get(address("aftercare-send", scanned)).status_code == 302
    assert not Message.objects.filter(kind=MessageKind.AFTERCARE).exists()
    assert camera.post(address("aftercare-send", scanned)).status_code == 302
    assert Message.objects.get(kind=MessageKind.AFTERCARE).state == "pending"
    answer = camera.post(address("aftercare-send", scanned))
    assert (answer.status_code, "on its way already" in text(answer)) == (409, True)


def test_before_the_end_there_is_no_sheet(camera, site):
    booked = department.booked(site)
    assert "After your scan" not in text(camera.get(address("aftercare", booked)))
    assert camera.get(address("aftercare-pdf", booked)).status_code == 409


def test_the_panel_offers_what_each_may_do(scanned, technologist, attending, scheduler, site):
    camera, reader, desk = (
        after_panel(scanned, user, LATER)["after"] for user in (technologist, attending, scheduler)
    )
    assert (camera.may_hand_over, camera.may_decide, camera.by_phone, camera.may_print) == (True,) * 4
    assert (reader.may_hand_over, reader.may_decide, reader.by_phone) == (False, True, False)
    assert (desk.may_hand_over, desk.may_decide, desk.may_print) == (False,) * 3
    assert after_panel(department.booked(site), technologist, LATER) == {"after": None}


def test_the_panel_tells_what_was_said_and_handed_over(scanned, technologist, attending):
    release.hand_over(scanned, note="Coughed.", by=technologist, now=LATER)
    release.decide(
        scanned, outcome="more_views", views=["rpo"], physician=attending, by=technologist, now=LATER
    )
    after = after_panel(scanned, technologist, LATER)["after"]
    assert (after.hand_over.note, after.may_hand_over, after.awaits) == ("Coughed.", False, True)
    assert [(said["label"], said["views"]) for said in after.releases] == [
        ("More views", "Right posterior oblique")
    ]
    assert "Still open: More views asked for." in after.missing
