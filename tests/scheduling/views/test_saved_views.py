"""Views of the worklist that people name for themselves, and how high its rows are."""

import pytest

from scheduling.models import SavedView
from scheduling.services import saved_views
from tests import department
from vqflow.errors import Conflict

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]
SAVE = "/worklist/views/save/"


@pytest.fixture
def camera(client, technologist):
    client.force_login(technologist)
    return client


def names(client):
    return {each["name"]: each["url"] for each in client.get("/worklist/").context["saved_views"]}


def test_what_is_shown_is_kept_under_a_name(camera, site):
    room = site.resources.get(name="Camera 1")
    answer = camera.post(SAVE, {"name": " My  camera ", "room": room.pk, "state": "here", "order": "room"})
    assert answer["Location"] == f"/worklist/?day=2027-03-08&room={room.pk}&state=here&order=room"
    # Without a day: it is opened on the day that it then is.
    assert names(camera) == {"My camera": f"/worklist/?room={room.pk}&state=here&order=room"}


def test_tomorrow_stays_tomorrow(camera):
    camera.post(SAVE, {"name": "Ahead", "day": "2027-03-09"})
    assert names(camera) == {"Ahead": "/worklist/?day=2027-03-09"}


def test_same_name_replaces_the_view(camera):
    for state in ("here", "running"):
        camera.post(SAVE, {"name": "Mine", "state": state})
    assert SavedView.objects.get().state == "running"


@pytest.mark.parametrize("sent", [{"name": "  "}, {"name": "x" * 41}, {"name": "Far", "room": "99999"}])
def test_what_cannot_be_kept_is_refused_with_a_sentence(camera, sent):
    answer = camera.post(SAVE, sent)
    assert answer.status_code == 422
    assert "The view is not saved" in answer.content.decode()


def test_more_than_anybody_reads_are_refused(camera, technologist):
    chosen = {"days_ahead": 0, "room_id": None, "state": "", "by_room": False, "by": technologist}
    for number in range(saved_views.MOST):
        saved_views.save(name=f"View {number}", **chosen)
    with pytest.raises(Conflict, match="Remove one"):
        saved_views.save(name="One more", **chosen)
    assert saved_views.save(name="View 1", **chosen | {"state": "here"}).state == "here"


def test_views_are_ones_own(camera, site, page_of, technologist):
    camera.post(SAVE, {"name": "Mine", "state": "here"})
    pk = SavedView.objects.get().pk
    other = page_of(department.technologist(site))
    assert names(other) == {}
    assert other.post(f"/worklist/views/{pk}/forget/").status_code == 404
    page_of(technologist).post(f"/worklist/views/{pk}/forget/")
    assert not SavedView.objects.exists()


def test_rows_for_gloves_are_set_for_the_person(camera, technologist):
    assert "data-density" not in camera.get("/worklist/").content.decode()
    answer = camera.post("/density/", {"density": "comfortable", "next": "/worklist/"})
    assert answer["Location"] == "/worklist/"
    assert 'data-density="comfortable"' in camera.get("/worklist/").content.decode()
    camera.post("/density/", {"density": "huge"})
    technologist.refresh_from_db()
    assert technologist.density == ""
