"""The morning's page: what is to be checked, one press per check, and rooms that are evacuated."""

from datetime import timedelta
from decimal import Decimal

import pytest

from scheduling.models import CheckPlan, Disruption, Incident, QualityCheck, Resource, Spill
from scheduling.services.quality import checks, plans, spills
from tests import department, doses
from tests.department import NOW, TODAY
from vqflow.models import AuditEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]
MORNING, PLANS = "/morning/", "/department/checks/"


def text(answer):
    return " ".join(answer.content.decode().split())


def room(site, name="Camera 1"):
    return Resource.objects.select_related("room", "site").get(site=site, name=name)


@pytest.fixture
def camera(site, lead):
    return plans.add(site, kind="camera", room=room(site), by=lead, now=NOW)


@pytest.fixture
def calibrator(site, lead):
    return plans.add(site, kind="calibrator", by=lead, now=NOW)


def test_a_department_that_checks_nothing_is_told_so(page_of, technologist):
    assert "Nothing is to be checked here" in text(page_of(technologist).get(MORNING))


def test_one_press_says_that_a_camera_passed(page_of, technologist, camera):
    page = page_of(technologist)
    assert "Camera 1" in text(page.get(MORNING))
    answer = page.post(f"/morning/plans/{camera.pk}/check/", {"passed": "yes"}, follow=True)
    assert "Camera 1, camera quality control: passed." in text(answer)
    assert "Everything is checked" in text(answer)
    assert QualityCheck.objects.get().recorded_by == technologist


def test_a_value_is_typed_and_saved_in_its_row(page_of, technologist, calibrator):
    page_of(technologist).post(f"/morning/plans/{calibrator.pk}/check/", {"value": "1.25"})
    assert QualityCheck.objects.get().value == Decimal("1.25")


def test_a_value_outside_the_limits_asks_for_words_and_keeps_what_was_typed(
    page_of, technologist, calibrator
):
    answer = page_of(technologist).post(f"/morning/plans/{calibrator.pk}/check/", {"value": "7"})
    assert answer.status_code == 422
    assert "Say what was found, and what is done about it." in text(answer)
    assert 'value="7"' in text(answer)
    assert not QualityCheck.objects.exists()


def test_a_camera_that_failed_leads_to_the_report_that_closes_it(page_of, technologist, camera):
    values = {"passed": "no", "note": "Ring artefact."}
    answer = page_of(technologist).post(f"/morning/plans/{camera.pk}/check/", values)
    assert answer["Location"] == f"/disruptions/new/?kind=camera_qc&resource={camera.room_id}"


def test_a_kit_that_failed_leads_to_the_plan_of_its_patients(page_of, site, lead, technologist):
    doses.needed(site)
    kit, plan = doses.batch(site, by=lead), plans.add(site, kind="purity", product="maa", by=lead, now=NOW)
    department.booked(site)
    values = {"batch": kit.pk, "value": "80", "note": "Discarded."}
    answer = page_of(technologist).post(f"/morning/plans/{plan.pk}/check/", values)
    assert answer["Location"] == f"/disruptions/{Disruption.objects.get().pk}/"


def test_what_is_not_to_be_checked_today_is_not_found(page_of, technologist, camera):
    assert page_of(technologist).get(f"/morning/plans/{camera.pk}/check/?batch=77").status_code == 404


def test_a_kit_of_later_today_is_not_counted_and_one_that_failed_can_be_undone(
    page_of, site, lead, technologist
):
    plan = plans.add(site, kind="purity", product="maa", by=lead, now=NOW)
    kit = doses.batch(site, by=lead)
    doses.batch(site, by=lead, starts_at=NOW + timedelta(hours=4))
    page = page_of(technologist)
    shown = page.get("/morning/").context
    assert (len(shown["to_do"]), len(shown["later"])) == (1, 1)
    done = checks.record(plan, value=Decimal(80), note="Typing.", batch=kit, by=technologist, now=NOW).check
    answer = page.get("/morning/")
    assert ([line.is_gone for line in answer.context["done"]], answer.context["to_do"]) == ([True], [])
    assert f"/morning/checks/{done.pk}/take-back/" in text(answer)
    page.post(f"/morning/checks/{done.pk}/take-back/")
    assert len(page.get("/morning/").context["to_do"]) == 1


def test_a_slip_is_undone(page_of, technologist, camera):
    done = checks.record(camera, passed=True, by=technologist, now=NOW).check
    page = page_of(technologist)
    answer = page.post(f"/morning/checks/{done.pk}/take-back/", follow=True)
    assert "taken back" in text(answer)
    assert "To be checked <span" in text(answer)
    assert "already" in text(page.post(f"/morning/checks/{done.pk}/take-back/", follow=True))


def test_a_reader_sees_the_page_and_no_buttons(page_of, attending, camera):
    page = text(page_of(attending).get(MORNING))
    assert "Camera 1" in page
    assert "Passed" not in page


def test_the_page_answers_nothing_while_nothing_has_changed(page_of, technologist, camera):
    page = page_of(technologist)
    version = page.get(MORNING).context["version"]
    assert page.get(MORNING, {"version": version}).status_code == 204
    checks.record(camera, passed=True, by=technologist, now=NOW)
    answer = page.get(MORNING, {"version": version})
    assert answer.status_code == 200
    assert "<html" not in text(answer)


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_takes_as_many_queries_for_one_check_as_for_three(
    page_of, site, lead, technologist, count, django_assert_max_num_queries
):
    for name in ("Camera 1", "Camera 2", "Ventilation 2")[:count]:
        plans.add(site, kind="camera", room=room(site, name), by=lead, now=NOW)
    page = page_of(technologist)
    page.get(MORNING)
    with django_assert_max_num_queries(10) as counted:
        page.get(MORNING)
    assert len(counted) == 10


class TestSpills:
    @pytest.fixture
    def gas_room(self, site):
        gas = room(site, "Ventilation 1")
        gas.room.volume_m3, gas.room.exhaust_m3_per_h, gas.room.exhaust_measured_on = 60, 600, TODAY
        gas.room.save(update_fields=["volume_m3", "exhaust_m3_per_h", "exhaust_measured_on"])
        return gas

    def test_the_posted_time_stands_on_the_page(self, page_of, technologist, gas_room):
        page = text(page_of(technologist).get(MORNING))
        assert "<strong>22 min</strong>" in page
        assert f"/morning/rooms/{gas_room.pk}/spill/" in page

    def test_the_room_is_evacuated_with_its_time_counting_down(self, page_of, technologist, gas_room):
        page = page_of(technologist)
        assert "22 min" in text(page.get(f"/morning/rooms/{gas_room.pk}/spill/"))
        values = {"happened_at_0": "2027-03-08", "happened_at_1": "07:00", "activity_mbq": "740"}
        answer = page.post(f"/morning/rooms/{gas_room.pk}/spill/", values, follow=True)
        assert "Ventilation 1 is evacuated until 07:22" in text(answer)
        assert 'data-countdown="2027-03-08T07:22:00-05:00"' in text(answer)
        assert Spill.objects.get().activity_mbq == 740

    def test_what_cannot_be_right_stands_at_its_field(self, page_of, technologist, gas_room):
        values = {"happened_at_0": "2027-03-08", "happened_at_1": "09:00", "activity_mbq": "740"}
        answer = page_of(technologist).post(f"/morning/rooms/{gas_room.pk}/spill/", values)
        assert answer.status_code == 422
        assert "Enter a time of the last 24 hours." in text(answer)

    def test_a_measurement_opens_the_room(self, page_of, technologist, gas_room):
        spill = spills.report(gas_room, by=technologist, now=NOW)
        page = page_of(technologist)
        assert page.post(f"/morning/spills/{spill.pk}/end/", {"note": ""}).status_code == 422
        answer = page.post(f"/morning/spills/{spill.pk}/end/", {"note": "Background."}, follow=True)
        assert "Ventilation 1 is open again." in text(answer)
        assert "clear already" in text(
            page.post(f"/morning/spills/{spill.pk}/end/", {"note": "x"}, follow=True)
        )


class TestIncidents:
    NEW = {
        "kind": "extravasation",
        "severity": "moderate",
        "happened_at_0": "2027-03-08",
        "happened_at_1": "07:00",
        "what": "Half of the dose beside the vein.",
    }

    def test_it_is_recorded_at_an_examination_and_comes_back_to_it(self, page_of, site, technologist):
        appointment = department.booked(site)
        step = appointment.steps.get(kind="perfusion")
        page, url = page_of(technologist), f"/appointments/{appointment.pk}/incidents/new/"
        assert appointment.procedure.order.patient.mrn in text(page.get(url))
        back = f"/appointments/{appointment.pk}/"
        answer = page.post(url, self.NEW | {"step": step.pk, "next": back})
        assert answer["Location"] == back
        made = Incident.objects.get()
        assert (made.step, made.kind, made.happened_at) == (step, "extravasation", NOW)

    def test_without_what_happened_it_is_refused(self, page_of, technologist):
        answer = page_of(technologist).post("/incidents/new/", self.NEW | {"what": ""})
        assert answer.status_code == 422
        assert "Say what happened." in text(answer)

    def test_an_address_elsewhere_is_not_gone_to(self, page_of, technologist, site):
        appointment = department.booked(site)
        url = f"/appointments/{appointment.pk}/incidents/new/"
        answer = page_of(technologist).post(url, self.NEW | {"next": "https://evil.example/"})
        assert answer["Location"] == f"/appointments/{appointment.pk}/"

    def test_the_lead_reviews_it(self, page_of, site, technologist, lead):
        page_of(technologist).post("/incidents/new/", self.NEW)
        made, page = Incident.objects.get(), page_of(lead)
        assert "Half of the dose" in text(page.get("/incidents/"))
        assert page.post(f"/incidents/{made.pk}/review/", {"note": ""}).status_code == 422
        answer = page.post(f"/incidents/{made.pk}/review/", {"note": "Trained."}, follow=True)
        assert "Nothing waits for a review" in text(answer)
        assert "Trained." in text(page.get(f"/incidents/{made.pk}/"))
        assert "Half of the dose" in text(page.get("/incidents/?show=reviewed"))
        assert page.post(f"/incidents/{made.pk}/review/", {"note": "Again."}).status_code == 409

    def test_a_technologist_has_no_list(self, page_of, technologist):
        assert page_of(technologist).get("/incidents/").status_code == 403

    def test_the_list_is_audited_with_its_patients(self, page_of, site, technologist, lead):
        appointment = department.booked(site)
        page_of(technologist).post(f"/appointments/{appointment.pk}/incidents/new/", self.NEW)
        page_of(lead).get("/incidents/")
        shown = AuditEvent.objects.get(action="list.viewed", data__list="incidents")
        assert shown.patient_ids == [appointment.procedure.order.patient_id]

    def test_a_mistake_is_taken_back(self, page_of, technologist):
        page = page_of(technologist)
        page.post("/incidents/new/", self.NEW)
        made = Incident.objects.get()
        assert page.post(f"/incidents/{made.pk}/take-back/", {"reason": ""}).status_code == 422
        answer = page.post(f"/incidents/{made.pk}/take-back/", {"reason": "Twice."}, follow=True)
        assert "Extravasation: taken back." in text(answer)
        assert page.post(f"/incidents/{made.pk}/take-back/", {"reason": "Twice."}).status_code == 409

    @pytest.mark.parametrize("count", [1, 3])
    def test_the_list_takes_as_many_queries_for_one_as_for_three(
        self, page_of, site, technologist, lead, count, django_assert_max_num_queries
    ):
        appointment = department.booked(site)
        for _ in range(count):
            page_of(technologist).post(f"/appointments/{appointment.pk}/incidents/new/", self.NEW)
        page = page_of(lead)
        page.get("/incidents/")
        with django_assert_max_num_queries(12) as counted:
            assert len(page.get("/incidents/").context["page"].object_list) == count
        assert len(counted) == 10


class TestWhatIsChecked:
    def test_the_lead_enters_the_usual_checks(self, page_of, site, lead):
        page = page_of(lead)
        assert "Nothing is checked" in text(page.get(PLANS))
        assert "6 checks entered." in text(page.post(f"{PLANS}usual/", follow=True))
        assert "Minn. R. 4731.4430" in text(page.get(PLANS))
        assert "are all there" in text(page.post(f"{PLANS}usual/", follow=True))

    def test_the_lead_enters_one(self, page_of, site, lead):
        values = {
            "kind": "camera",
            "room": room(site).pk,
            "every_days": "1",
            "due_time": "07:30",
            "highest": "5",
        }
        page = page_of(lead)
        assert page.post(f"{PLANS}new/", values).status_code == 302
        made = CheckPlan.objects.get()
        assert (made.room, made.highest, made.unit) == (room(site), 5, "%")
        again = page.post(f"{PLANS}new/", values)
        assert again.status_code == 422
        assert "This is checked already." in text(again)

    def test_limits_are_changed_and_taken_away(self, page_of, lead, calibrator):
        values = {"every_days": "1", "due_time": "07:15", "lowest": "-10", "highest": "10", "unit": "%"}
        page_of(lead).post(f"{PLANS}{calibrator.pk}/change/", values)
        calibrator.refresh_from_db()
        assert (calibrator.lowest, calibrator.highest) == (-10, 10)

    def test_it_is_not_checked_any_more(self, page_of, lead, calibrator):
        page = page_of(lead)
        assert "not checked any more" in text(page.post(f"{PLANS}{calibrator.pk}/end/", follow=True))
        assert "Nothing is checked" in text(page.get(PLANS))

    def test_a_technologist_reads_and_changes_nothing(self, page_of, technologist, calibrator):
        page = page_of(technologist)
        assert page.get(PLANS).status_code == 200
        assert page.post(f"{PLANS}{calibrator.pk}/end/").status_code == 403


class TestDoseOrders:
    @pytest.fixture
    def supply(self, site, lead):
        doses.needed(site)
        cut_off = (NOW - timedelta(hours=5) + timedelta(hours=8)).time()  # 15:00 in New York
        return doses.supply(site, by=lead, supplier="Isotope Depot", order_by_time=cut_off)

    def test_the_list_says_what_is_needed_when_and_until_when_it_is_ordered(
        self, page_of, site, technologist, supply
    ):
        department.booked(site, first_day=TODAY + timedelta(days=1))
        page = text(page_of(technologist).get("/tracers/orders/"))
        assert "Isotope Depot" in page
        assert "148 MBq" in page
        assert "8 Mar 2027 15:00" in page

    def test_a_tick_says_that_it_is_ordered_and_can_be_taken_back(self, page_of, technologist, supply):
        page, values = page_of(technologist), {"day": "2027-03-09", "doses": "1", "reference": "A-17"}
        answer = page.post(f"/tracers/supplies/{supply.pk}/order/", values, follow=True)
        assert "MAA kit for 9 Mar 2027: ordered." in text(answer)
        assert "A-17" in text(answer)
        again = page.post(f"/tracers/supplies/{supply.pk}/order/", values)
        assert again.status_code == 409
        assert "This is ordered already." in text(again)
        order = supply.orders.get()
        back = page.post(f"/tracers/orders/{order.pk}/take-back/", follow=True)
        assert "it counts as not ordered" in text(back)

    @pytest.mark.parametrize("values", [{"day": "", "doses": "1"}, {"day": "2027-03-09", "doses": "0"}])
    def test_what_cannot_be_read_is_refused(self, page_of, technologist, supply, values):
        answer = page_of(technologist).post(f"/tracers/supplies/{supply.pk}/order/", values)
        assert answer.status_code == 422
        assert "Not done" in text(answer)

    def test_the_list_is_a_pdf_too_and_names_no_patient(self, page_of, site, technologist, supply):
        department.booked(site, first_day=TODAY + timedelta(days=1))
        answer = page_of(technologist).get("/tracers/orders/pdf/?day=2027-03-09")
        assert answer["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF")

    def test_the_lead_names_the_supplier(self, page_of, lead, supply):
        page, url = page_of(lead), f"/tracers/supplies/{supply.pk}/supplier/"
        wrong = {"supplier": "", "order_by_time": "14:00", "order_days_before": "1"}
        assert "Name the supplier." in text(page.post(url, wrong))
        page.post(url, wrong | {"supplier": "Depot"})
        supply.refresh_from_db()
        assert supply.supplier == "Depot"
        assert "Depot" in text(page.get("/tracers/supplies/"))

    def test_an_empty_day_says_so(self, page_of, technologist):
        assert "No tracer is planned for this day" in text(page_of(technologist).get("/tracers/orders/"))
