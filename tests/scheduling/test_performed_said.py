"""What a camera said of a step is shown beside what was pressed and measured: on both pages and in the API."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from scheduling import examination_version, performed_said
from scheduling.dicom import simulated
from scheduling.models import PerformedProcedureStep, StepKind
from scheduling.services import performed, visits
from tests import cameras, department, doses
from tests.callers import Caller, Clock

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock(monkeypatch, settings):
    settings.REQUIRE_MFA_ROLES, settings.IDLE_LOCK = [], timedelta(days=1)
    return Clock(monkeypatch)


@pytest.fixture
def site(clock):
    return doses.recorded(department.site())


@pytest.fixture
def by(site):
    return department.technologist(site, username="tess")


@pytest.fixture
def camera(site):
    return cameras.camera(site, name="Camera 1")


@pytest.fixture
def step(site, by, clock):
    """Perfusion with 148 MBq of MAA, pressed: begun and ended after 15 minutes."""
    found, clock.now = doses.cleared(site)
    doses.measured(found, doses.batch(site), by=by, now=clock.now)
    visits.start(found, by=by, now=clock.now)
    clock.now += 15 * MINUTE
    return visits.end(found, by=by, now=clock.now)


def given(mbq=None, agent="MAA"):
    item = Dataset()
    item.Radiopharmaceutical = agent
    if mbq is not None:
        item.RadionuclideTotalDose = mbq
    return item


def reported(camera, step, *, starts, ends=None, series=3, items=(), status="COMPLETED", reason=""):
    """The camera says that it has begun, and then, where it has, that it is over: as pydicom reads its messages."""
    begun = cameras.said(step, started_at=starts)
    assert performed.create(camera, begun, now=timezone.now()).status == 0
    if ends:
        sent = simulated.ended(ends, "Perfusion")
        sent.PerformedSeriesSequence = Sequence(
            [Dataset(sent.PerformedSeriesSequence[0]) for _ in range(series)]
        )
        sent.RadiopharmaceuticalInformationSequence = Sequence(items)
        said = replace(
            cameras.said(uid=begun.uid, status=status, ended_at=ends, discontinued_reason=reason),
            attributes=sent.to_json_dict(),
        )
        assert performed.change(camera, said, now=timezone.now()).status == 0
    return PerformedProcedureStep.objects.get(sop_instance_uid=begun.uid)


def told(step):
    (said,) = performed_said.of_steps([step])[step.pk]
    return said


def span(step, minutes=0):
    return {
        "starts": step.performed_start_at + minutes * MINUTE,
        "ends": step.performed_end_at + minutes * MINUTE,
    }


class TestRead:
    def test_times_series_and_dose_in_one_sentence(self, camera, step):
        reported(camera, step, **span(step, 2), items=[given(148, "Tc-99m MAA")])
        said = told(step)
        assert said.sentence.startswith("Camera 1 says ")
        assert said.sentence.endswith(", 3 series, 148 MBq Tc-99m MAA.")
        assert " to " in said.sentence
        assert (said.series, said.dose_differs) == (3, "")

    def test_times_that_were_pressed_alike_are_not_said_twice(self, camera, step):
        reported(camera, step, **span(step), series=1)
        assert told(step).sentence == "Camera 1 says 1 series."

    def test_what_says_nothing_new_has_no_sentence(self, camera, step):
        reported(camera, step, **span(step), series=0)
        assert told(step).sentence == ""

    def test_camera_with_another_date_says_it(self, camera, step):
        reported(camera, step, **span(step, -24 * 60))
        assert " Mar 2027 " in told(step).sentence

    def test_camera_that_never_completes(self, camera, step):
        reported(camera, step, starts=step.performed_start_at)
        assert told(step).sentence.endswith(", no end yet.")

    @pytest.mark.parametrize("sent", [130, 130_000_000])
    def test_dose_that_differs_is_said_and_nothing_is_written_over(self, camera, step, sent):
        reported(camera, step, **span(step), items=[given(sent)])
        assert told(step).dose_differs == (
            "The dose differs: Camera 1 says 130 MBq, 148 MBq was measured here and 148 MBq given."
        )
        assert step.administrations.get().measured_mbq == 148

    @pytest.mark.parametrize("sent", [147.6, 148, 149])
    def test_dose_that_is_rounded_does_not_differ(self, camera, step, sent):
        reported(camera, step, **span(step), items=[given(sent)])
        assert told(step).dose_differs == ""

    def test_agent_without_an_activity(self, camera, step):
        reported(camera, step, **span(step), series=0, items=[given()])
        assert told(step).sentence == "Camera 1 says MAA."

    def test_reason_for_stopping_is_said_where_the_step_has_none(self, camera, step):
        reported(camera, step, **span(step), series=0, status="DISCONTINUED", reason="Patient moved")
        assert told(step).sentence == "Camera 1 says stopped: Patient moved."

    def test_what_was_set_aside_is_not_shown(self, camera, step, by, clock):
        row = reported(camera, step, **span(step, 2))
        assert told(step)
        performed.set_aside(row, reason="A test.", by=by, now=clock.now)
        assert performed_said.of_steps([step]) == {}

    @pytest.mark.parametrize(
        "odd",
        [
            {"00400340": {"vr": "LO", "Value": ["x", None]}},
            {"00400340": {"vr": "UN", "InlineBinary": "AA=="}},
            {"00540016": {"vr": "SQ", "Value": [{}, {"00181074": {"vr": "LO", "Value": ["much"]}}]}},
            {"00540016": {"vr": "SQ", "Value": [{"00181074": {"vr": "DS", "Value": [None, -3.0]}}]}},
        ],
    )
    def test_odd_attributes_say_nothing(self, camera, step, odd):
        row = reported(camera, step, **span(step))
        PerformedProcedureStep.objects.filter(pk=row.pk).update(attributes=odd)
        assert (told(step).series, told(step).doses) == (0, ())


@pytest.mark.parametrize("count", [1, 3])
def test_one_query_for_any_number_of_messages(camera, step, count, django_assert_num_queries):
    for minutes in range(count):
        reported(camera, step, **span(step, minutes))
    with django_assert_num_queries(1):
        found = performed_said.of_steps([step])
    assert len(found[step.pk]) == count


@pytest.mark.parametrize("name", ["examination", "appointment"])
def test_both_pages_show_it_in_the_same_number_of_queries(client, by, camera, step, name):
    client.force_login(by)
    url = reverse(f"scheduling:{name}", args=[step.appointment_id])
    client.get(url)
    numbers = []
    for minutes in (None, 2, 3, 4):
        if minutes:
            reported(camera, step, **span(step, minutes), items=[given(130)])
        with CaptureQueriesContext(connection) as seen:
            page = client.get(url).content.decode()
        numbers.append(len(seen))
        assert page.count("Camera 1 says ") == (2 * (minutes - 1) if minutes else 0)
    assert "The dose differs: Camera 1 says 130 MBq" in page
    assert len(set(numbers)) == 1


def test_open_page_learns_of_it(by, camera, step, clock):
    before = examination_version.version(step.appointment, by, clock.now)
    assert examination_version.version(step.appointment, by, clock.now) == before
    reported(camera, step, **span(step, 2))
    assert examination_version.version(step.appointment, by, clock.now) != before


def test_api_answers_it_with_the_examination_and_not_on_the_list(site, camera, step, by):
    reported(camera, step, **span(step, 2), items=[given(130)])
    order = step.appointment.procedure.order_id
    asked = Caller(by)
    steps = asked.get(f"orders/{order}")[1]["appointment"]["steps"]
    said = {each["kind"]: each["said_by_devices"] for each in steps}
    assert said.pop(StepKind.XRAY, []) == []
    (of_camera,) = said[StepKind.PERFUSION]
    assert of_camera["device"] == "Camera 1"
    assert of_camera["doses"] == [{"agent": "MAA", "mbq": 130.0}]
    assert of_camera["dose_differs"] == told(step).dose_differs != ""
    rows = asked.get("worklist")[1]["rows"]
    assert {each["said_by_devices"] for row in rows for each in row["steps"]} == {None}
