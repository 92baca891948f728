"""Devices on the network: entered by the lead, and what they performed matched by a technologist."""

import pytest

from scheduling.engine.states import StepState
from scheduling.models import (
    ApplicationEntity,
    FormerNumber,
    PerformedProcedureStep,
    RefusedAssociation,
    StepKind,
    WorklistQuery,
)
from tests import cameras, department

pytestmark = pytest.mark.django_db
DEVICES, PERFORMED = "/department/devices/", "/performed/"
ENTERED = {
    "title": "CAMERA9",
    "addresses": "10.1.2.3, 10.1.3.0/24",
    "character_set": "ISO_IR 100",
    "own_room_only": "on",
    "reports_performed": "on",
}


class TestDevices:
    def test_lead_enters_a_device(self, page_of, lead):
        answer = page_of(lead).post(f"{DEVICES}new/", ENTERED, follow=True)
        assert "The device is let in." in answer.text
        device = ApplicationEntity.objects.get()
        assert (device.title, device.addresses) == ("CAMERA9", ["10.1.2.3", "10.1.3.0/24"])
        assert device.own_room_only

    @pytest.mark.parametrize(
        ("values", "sentence"),
        [
            ({"title": "TWO\\PARTS"}, "An AE title has 1 to 16 letters"),
            ({"title": ""}, "An AE title has 1 to 16 letters"),
            ({"addresses": "10.1.2.300"}, "is no IP address or network"),
            ({"addresses": "0.0.0.0/0"}, "lets in too many"),
            ({"addresses": " , "}, "at least one IP address"),
            ({"host": "camera9"}, "Enter both, host and port, or neither."),
            ({"certificate_sha256": "abc"}, "A SHA-256 fingerprint has 64 digits"),
            ({"character_set": "EBCDIC"}, "Choose from the list."),
        ],
    )
    def test_bad_input_is_said_at_the_field_and_nothing_is_written(self, page_of, lead, values, sentence):
        answer = page_of(lead).post(f"{DEVICES}new/", ENTERED | values)
        assert answer.status_code == 422
        assert sentence in answer.text
        assert not ApplicationEntity.objects.exists()

    def test_title_that_is_taken_is_refused(self, page_of, lead, elsewhere):
        cameras.camera(elsewhere, title="CAMERA9")
        answer = page_of(lead).post(f"{DEVICES}new/", ENTERED)
        assert "has this AE title already" in answer.text

    def test_device_is_changed_and_switched_off(self, page_of, lead, site):
        device = cameras.camera(site)
        page_of(lead).post(f"{DEVICES}{device.pk}/change/", ENTERED)
        device.refresh_from_db()
        assert (device.title, device.is_active) == ("CAMERA9", False)

    @pytest.mark.parametrize("devices", [1, 3])
    def test_list_takes_the_same_queries_for_any_number(
        self, client, lead, site, devices, django_assert_num_queries
    ):
        for number in range(devices):
            cameras.camera(site, title=f"CAMERA{number}")
        client.force_login(lead)
        client.get(DEVICES)
        with django_assert_num_queries(8):
            client.get(DEVICES)

    def test_calls_that_were_not_let_in_are_shown_to_the_lead(self, page_of, lead):
        about = {"address": "10.9.9.9", "reason": "No device has this AE title here."}
        now = department.NOW
        RefusedAssociation.objects.create(calling_title="STRAY", first_at=now, last_at=now, **about)
        assert "STRAY" in page_of(lead).get(DEVICES).text


class TestOneDevice:
    @pytest.fixture
    def device(self, site):
        return cameras.camera(site, room=site.resources.get(name="Camera 2"))

    def sentences(self, page, device, typed):
        answer = page.post(f"{DEVICES}{device.pk}/why/", {"typed": typed})
        assert answer.status_code == 200
        return [finding.sentence for finding in answer.context["findings"]]

    def test_patient_of_another_room_is_explained(
        self, page_of, technologist, site, device, department_clock
    ):
        booked = department.booked(site)
        found = self.sentences(page_of(technologist), device, booked.procedure.order.patient.mrn)
        assert found[0].startswith("The device has never been answered.")
        sentence = "Perfusion is planned for Camera 1 (it has no AE title). CAMERA1 shows Camera 2 only"
        assert any(sentence in each for each in found), found

    def asked(self, device, **keys):
        """The device has asked so, and shows every room."""
        device.own_room_only = False
        device.save()
        about = {"address": "127.0.0.1", "asked_at": department.NOW, "status": 0, "matches": 0}
        return WorklistQuery.objects.create(
            site=device.site, entity=device, keys=keys, duration_ms=3, **about
        )

    def test_query_for_another_day_is_explained(self, page_of, technologist, site, device, department_clock):
        booked = department.booked(site)
        self.asked(device, ScheduledProcedureStepStartDate="20270101", Modality="NM")
        found = self.sentences(page_of(technologist), device, booked.procedure.order.patient.mrn)
        assert sum("another date or time (20270101)" in each for each in found) == 3
        assert sum("another modality (NM)" in each for each in found) == 1

    def test_query_by_a_former_number_is_explained(
        self, page_of, technologist, site, device, department_clock
    ):
        patient = department.booked(site).procedure.order.patient
        FormerNumber.objects.create(
            patient=patient,
            mrn="OLD7",
            mrn_issuer=patient.mrn_issuer,
            ended_at=department.NOW,
            ended_by=technologist,
        )
        self.asked(device, PatientID="OLD7")
        found = self.sentences(page_of(technologist), device, patient.mrn)
        assert sum("a number that the patient had before" in each for each in found) == 3
        self.asked(device, PatientID="NEW7")
        found = self.sentences(page_of(technologist), device, patient.mrn)
        assert sum("asked for another patient number" in each for each in found) == 3
        assert not any("NEW7" in each for each in found)

    def test_name_that_the_device_has_no_letters_for_is_said(
        self, page_of, technologist, site, device, department_clock
    ):
        patient = department.patient(site, family_name="Łukasz")
        department.booked(site, of=patient)
        page = page_of(technologist)
        assert not any("character set" in each for each in self.sentences(page, device, patient.mrn))
        device.character_set = "ISO_IR 100"
        device.save()
        sentence = "The name cannot be written in the device's character set (Western European (Latin 1))"
        assert sum(sentence in each for each in self.sentences(page, device, patient.mrn)) == 1

    def test_nobody_and_nothing_booked_are_said(self, page_of, technologist, site, device, department_clock):
        page = page_of(technologist)
        answer = page.post(f"{DEVICES}{device.pk}/why/", {"typed": "NOBODY99"})
        assert (answer.status_code, "Nobody at your site fits this." in answer.text) == (422, True)
        assert page.post(f"{DEVICES}{device.pk}/why/", {"typed": ""}).status_code == 422
        patient = department.patient(site)
        assert "Nothing is booked for this patient." in self.sentences(page, device, patient.mrn)

    def test_several_who_fit_are_asked_about(self, page_of, technologist, site, device, department_clock):
        some = [department.patient(site) for _ in range(2)]
        page = page_of(technologist)
        answer = page.post(f"{DEVICES}{device.pk}/why/", {"typed": "Moreno"})
        assert all(each.mrn in answer.text for each in some)
        chosen = page.post(f"{DEVICES}{device.pk}/why/", {"typed": "Moreno", "patient": some[1].pk})
        assert chosen.context["missing"] == some[1]

    def test_of_many_who_fit_those_who_come_today_stand_first(
        self, page_of, technologist, site, device, department_clock
    ):
        others = [department.patient(site, family_name="Aalto", given_name=f"A{each}") for each in range(9)]
        comes = department.patient(site, family_name="Aalto", given_name="Zoe", mrn="Z1")
        department.booked(site, of=comes)
        text = page_of(technologist).post(f"{DEVICES}{device.pk}/why/", {"typed": "Aalto"}).text
        assert "Z1, 17 May 1960, comes today" in text
        assert text.index("Zoe") < text.index(others[0].given_name)
        assert "2 more fit. Type the number, or more of the name." in text

    def test_device_that_does_not_answer_is_said(self, page_of, technologist, device):
        page = page_of(technologist)
        assert "Enter under which host and port" in page.post(f"{DEVICES}{device.pk}/echo/").text
        device.host, device.port = "127.0.0.1", 9
        device.save()
        assert "Nothing answers at 127.0.0.1:9." in page.post(f"{DEVICES}{device.pk}/echo/").text

    def test_worklist_that_does_not_run_is_said(self, page_of, technologist, device, settings):
        settings.DICOM_BIND = "127.0.0.1:9"
        assert "Does `manage.py dicom` run?" in page_of(technologist).post(
            f"{DEVICES}{device.pk}/ask/"
        ).text.replace("&#x27;", "'")


class TestPerformed:
    @pytest.fixture
    def row(self, site):
        return cameras.unscheduled(cameras.camera(site))

    @pytest.fixture
    def ready(self, site, department_clock):
        return department.ready(department.booked(site))

    def test_what_nobody_had_scheduled_waits_on_the_list(self, page_of, technologist, row, department_clock):
        answer = page_of(technologist).get(PERFORMED)
        assert "Moreno^Pat" in answer.text
        assert "It names no step that is scheduled here." in answer.text

    def test_technologist_matches_it_to_a_step(self, page_of, technologist, site, ready):
        appointment, at = ready
        row = cameras.unscheduled(cameras.camera(site), now=at)
        step = appointment.steps.get(kind=StepKind.VENTILATION)
        answer = page_of(technologist).get(f"{PERFORMED}{row.pk}/")
        assert appointment.procedure.order.patient.mrn in answer.text
        page_of(technologist).post(f"{PERFORMED}{row.pk}/match/", {"step": step.pk})
        row.refresh_from_db()
        assert list(row.steps.all()) == [step]
        assert row.matched_by == technologist

    def test_match_without_a_step_is_asked_for(self, page_of, technologist, row):
        answer = page_of(technologist).post(f"{PERFORMED}{row.pk}/match/", {"step": ""})
        assert answer.status_code == 422
        assert "Choose the step it belongs to." in answer.text

    def test_what_is_set_aside_leaves_the_list_and_stays_kept(self, page_of, technologist, row):
        page = page_of(technologist)
        assert page.post(f"{PERFORMED}{row.pk}/set-aside/", {"reason": ""}).status_code == 422
        page.post(f"{PERFORMED}{row.pk}/set-aside/", {"reason": "Phantom."})
        assert "Moreno^Pat" not in page.get(PERFORMED).text
        assert "Phantom." in page.get(f"{PERFORMED}?show=done").text

    def test_times_that_cannot_be_taken_say_why(self, page_of, technologist, row):
        answer = page_of(technologist).post(f"{PERFORMED}{row.pk}/take/")
        assert answer.status_code == 409
        assert "Say first which step it belongs to." in answer.text

    @pytest.mark.parametrize("rows", [1, 3])
    def test_list_takes_the_same_queries_for_any_number(
        self, client, technologist, site, rows, django_assert_num_queries
    ):
        camera = cameras.camera(site)
        for _ in range(rows):
            cameras.unscheduled(camera)
        client.force_login(technologist)
        client.get(PERFORMED)
        with django_assert_num_queries(9):
            client.get(PERFORMED)


class TestApi:
    def test_integration_adds_nothing_but_the_lead_does(self, page_of, lead, technologist):
        values = {"title": "CAMERA9", "addresses": ["10.1.2.3"]}
        sent = {"content_type": "application/json"}
        assert page_of(technologist).post("/api/v1/department/devices", values, **sent).status_code == 403
        answer = page_of(lead).post("/api/v1/department/devices", values, **sent)
        assert (answer.status_code, answer.json()["title"]) == (201, "CAMERA9")
        bad = page_of(lead).post("/api/v1/department/devices", values | {"addresses": ["x"]}, **sent)
        assert bad.status_code == 422

    def test_what_waits_is_matched_by_its_sps_id(self, page_of, technologist, site, department_clock):
        appointment, at = department.ready(department.booked(site))
        row = cameras.unscheduled(cameras.camera(site), now=at)
        step = appointment.steps.get(kind=StepKind.PERFUSION)
        url, sent = f"/api/v1/performed/{row.pk}/match", {"content_type": "application/json"}
        assert page_of(technologist).post(url, {"sps_id": "SPS0"}, **sent).status_code == 422
        answer = page_of(technologist).post(url, {"sps_id": step.sps_id}, **sent)
        assert answer.json()["steps"] == [step.sps_id]
        assert PerformedProcedureStep.objects.get().matched_by == technologist
        step.refresh_from_db()
        assert step.state in (StepState.SCHEDULED, StepState.IN_PROGRESS)
