"""After the scan, for other systems: the same rules and sentences as the pages."""

from datetime import timedelta

import pytest

from scheduling.models import Appointment, HandOver, Release
from tests import department
from tests.callers import Caller
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(db):
    made = department.site()
    made.releases_patients = True
    made.save(update_fields=["releases_patients"])
    return made


@pytest.fixture
def scanned(site, clock):
    done = Appointment.objects.get(procedure__order=department.performed(site))
    clock.now = department.NOW + timedelta(hours=3)
    return done


def test_who_waits_is_listed_and_released(scanned, technologist, attending):
    [row] = technologist.get("releases")[1]
    assert (row["appointment"], row["said"], row["open_views"]) == (str(scanned.pk), None, False)
    assert AuditEvent.objects.get(data__list="releases.api").patient_ids == [row["patient"]]
    path = f"appointments/{scanned.pk}/release"
    status, made = attending.post(path, {"outcome": "more_views", "views": ["rpo"]})
    assert (status, made["physician"], made["awaits_release"]) == (201, "Ada Lund", True)
    assert attending.get("releases")[1][0]["open_views"] is True
    assert attending.post(path, {"outcome": "home"})[1]["awaits_release"] is False
    assert attending.get("releases")[1] == []
    assert attending.post(path, {"outcome": "home"})[0] == 409
    assert attending.post(f"{path}/undo")[1]["awaits_release"] is True
    assert len(attending.get("releases")[1]) == 1


def test_a_technologist_says_who_decided(scanned, technologist, attending, scheduler):
    path = f"appointments/{scanned.pk}/release"
    status, refusal = technologist.post(path, {"outcome": "home"})
    assert (status, list(refusal["errors"])) == (422, ["physician"])
    assert scheduler.post(path, {"outcome": "home"})[0] == 403
    assert technologist.post(path, {"outcome": "home", "physician": attending.user.pk})[0] == 201
    assert Release.objects.get().recorded_by == technologist.user


@pytest.mark.parametrize(
    "body", [{}, {"outcome": "nowhere"}, {"outcome": "more_views", "views": ["up"]}, {"outcome": "emergency"}]
)
def test_what_cannot_be_is_refused(scanned, attending, body):
    assert attending.post(f"appointments/{scanned.pk}/release", body)[0] == 422
    assert not Release.objects.exists()


def test_the_completion_list_and_the_hand_over(scanned, technologist):
    path = f"appointments/{scanned.pk}"
    found = technologist.get(f"{path}/completeness")[1]
    assert (found["hand_over"], found["why_not_hand_over"], found["awaits_release"]) == (None, None, True)
    assert [need["key"] for need in found["needs"] if need["missing"]] == ["xray", "answers"]
    assert technologist.post(f"{path}/hand-over", {})[0] == 422
    status, made = technologist.post(f"{path}/hand-over", {"note": "Dr Moss saw it."})
    assert (status, made["note"], made["handed_by"]) == (201, "Dr Moss saw it.", "Tess Cole")
    assert technologist.get(f"{path}/completeness")[1]["hand_over"] == made
    assert technologist.post(f"{path}/hand-over", {"note": "Again."})[0] == 409
    assert technologist.post(f"{path}/hand-over/undo")[1]["hand_over"] is None
    assert not HandOver.objects.exists()


def test_the_sheet_as_text_and_paper(scanned, technologist):
    path = f"appointments/{scanned.pk}/aftercare"
    assert technologist.get(path)[1]["title"] == "After your scan"
    paper = technologist.client.get(f"/api/v1/{path}/pdf")
    assert (paper.status_code, paper["Content-Type"], paper.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert technologist.post(f"{path}/send")[0] == 202
    status, refusal = technologist.post(f"{path}/send")
    assert (status, refusal["detail"]) == (409, "The sheet is on its way already.")


def test_another_sites_examination_is_not_there(scanned, elsewhere):
    stranger = Caller(department.attending(elsewhere))
    assert stranger.post(f"appointments/{scanned.pk}/release", {"outcome": "home"})[0] == 404
    assert stranger.get("releases")[1] == []
