"""Doses, count rates, labels and the scan field through the API."""

import pytest

from scheduling.engine.scancodes import Code, Sort
from scheduling.models import Administration, Protocol
from scheduling.services import visits
from tests import department, doses
from tests.callers import Caller
from tests.scheduling.services.examination import MINUTE


@pytest.fixture
def site(db):
    return doses.recorded(department.site())


@pytest.fixture
def kit(site):
    return doses.batch(site, lot="L-77")


@pytest.fixture
def step(site, kit, clock):
    """A perfusion step whose dose is cleared, when it is to start."""
    found, clock.now = doses.cleared(site)
    return found


def one(answer):
    [dose] = answer["doses"]
    return dose


def test_a_dose_goes_from_the_calibrator_to_the_residual(technologist, step, kit, clock):
    status, answer = technologist.get(f"steps/{step.pk}/doses")
    assert (status, answer["product"], answer["refusal"], answer["doses"]) == (200, "maa", None, [])
    assert answer["prescription"] == {
        "prescribed_mbq": 148,
        "lowest_mbq": 37,
        "highest_mbq": 185,
        "fewest_particles": 200_000,
        "most_particles": 700_000,
        "needs_approval": "",
        "why": [],
    }
    [batch] = answer["batches"]
    assert (batch["id"], batch["is_planned"], batch["refusal"]) == (kit.pk, True, None)
    status, answer = technologist.post(
        f"steps/{step.pk}/doses", {"code": batch["code"], "measured_mbq": 150, "volume_ml": 1.5}
    )
    dose = one(answer)
    assert (status, dose["measured_mbq"], dose["refusal"], dose["activity_now_mbq"]) == (
        200,
        "150.000",
        None,
        150,
    )
    codes = f"{Code(Sort.PATIENT, step.appointment.procedure.order.patient_id)} {Code(Sort.DOSE, dose['id'])}"
    _, answer = technologist.post(
        f"doses/{dose['id']}/give", {"scanned": codes, "injection_site": "Left hand"}
    )
    assert (one(answer)["given_by"], one(answer)["injection_site"]) == ("Tess Cole", "Left hand")
    step.refresh_from_db()
    assert step.state == "in_progress"
    clock.pass_by(minutes=5)
    _, answer = technologist.post(f"doses/{dose['id']}/residual", {"residual_mbq": 4})
    assert one(answer)["administered_mbq"] == "145.961"
    _, answer = technologist.post(f"doses/{dose['id']}/undo")
    assert (one(answer)["residual_mbq"], one(answer)["administered_mbq"]) == (None, "150.000")
    _, answer = technologist.post(f"doses/{dose['id']}/site", {"injection_site": "Right hand"})
    assert one(answer)["injection_site"] == "Right hand"


def test_more_than_the_vial_holds_is_refused_with_the_sentence_of_the_page(technologist, step, kit, clock):
    status, answer = technologist.post(f"steps/{step.pk}/doses", {"batch": kit.pk, "measured_mbq": 2300})
    [sentence] = answer["errors"]["measured_mbq"]
    assert (status, sentence.startswith("The batch holds only ")) == (422, True)


def test_a_dose_that_is_not_as_prescribed_waits_for_an_authorised_user(technologist, attending, step, kit):
    _, answer = technologist.post(f"steps/{step.pk}/doses", {"batch": kit.pk, "measured_mbq": 110})
    dose = one(answer)
    assert dose["refusal"].startswith("110 MBq is 25 % less than the prescribed 148 MBq")
    status, refusal = technologist.post(f"doses/{dose['id']}/give", {})
    assert (status, refusal["detail"]) == (409, dose["refusal"])
    assert technologist.post(f"doses/{dose['id']}/approve", {"reason": "Go on."})[0] == 403
    status, answer = attending.post(f"doses/{dose['id']}/approve", {"reason": "CTEPH."})
    assert (status, one(answer)["approved_by"], one(answer)["refusal"]) == (200, "Ada Lund", None)
    assert technologist.post(f"doses/{dose['id']}/give", {})[0] == 200


def test_an_approval_by_phone_names_an_authorised_user(technologist, attending, step, kit, site):
    _, answer = technologist.post(f"steps/{step.pk}/doses", {"batch": kit.pk, "measured_mbq": 110})
    address = f"doses/{one(answer)['id']}/approve-by-phone"
    assert technologist.post(address, {"reason": "STAT.", "physician": "nobody"})[0] == 422
    resident = department.resident(site, username="rea")
    assert technologist.post(address, {"reason": "STAT.", "physician": resident.username})[0] == 403
    status, answer = technologist.post(address, {"reason": "STAT.", "physician": "ada"})
    assert (status, one(answer)["approved_by"]) == (200, "Ada Lund")


def test_a_second_person_checks(technologist, attending, step, kit, site):
    type(site).objects.update(two_person_check=True)
    _, answer = technologist.post(f"steps/{step.pk}/doses", {"batch": kit.pk, "measured_mbq": 148})
    address = f"doses/{one(answer)['id']}/check"
    assert technologist.post(address)[0] == 409
    assert one(attending.post(address)[1])["checked_by"] == "Ada Lund"


def test_a_discarded_dose_is_gone_and_an_undone_one_too(technologist, step, kit):
    for verb, body in (("discard", {"reason": "Too old to be given."}), ("undo", {})):
        _, answer = technologist.post(f"steps/{step.pk}/doses", {"batch": kit.pk, "measured_mbq": 148})
        status, answer = technologist.post(f"doses/{one(answer)['id']}/{verb}", body)
        assert (status, answer["doses"]) == (200, [])
    reasons = Administration.objects.order_by("pk").values_list("void_reason", flat=True)
    assert list(reasons) == ["Too old to be given.", "Recorded by mistake."]


@pytest.mark.parametrize(
    "body",
    [{"measured_mbq": 148}, {"batch": 10**9, "measured_mbq": 148}, {"code": "P:1:1", "measured_mbq": 148},
     {"batch": 1, "code": "x", "measured_mbq": 148}, {"code": "L-78", "measured_mbq": 148}],
)  # fmt: skip
def test_a_batch_is_named_once_and_is_there(technologist, step, body):
    assert technologist.post(f"steps/{step.pk}/doses", body)[0] in (400, 422)


def test_a_batch_is_found_by_its_lot(technologist, step, kit):
    status, answer = technologist.post(f"steps/{step.pk}/doses", {"code": "l-77", "measured_mbq": 148})
    assert (status, one(answer)["batch"]) == (200, kit.pk)


def test_doses_of_another_site_are_not_found(technologist, elsewhere, site, step, kit):
    other = Caller(department.technologist(elsewhere))
    _, answer = technologist.post(f"steps/{step.pk}/doses", {"batch": kit.pk, "measured_mbq": 148})
    for address in (f"steps/{step.pk}/doses", f"doses/{one(answer)['id']}/give"):
        assert other.post(address, {"measured_mbq": 1, "batch": 1} if "steps" in address else {})[0] == 404


def test_count_rates_are_compared_and_decided_about(technologist, site, clock):
    type(site).objects.update(records_doses=False)
    Protocol.objects.update(agent="technegas")
    appointment, at = department.ready(department.booked(site))
    ventilation, perfusion = (appointment.steps.get(kind=kind) for kind in ("ventilation", "perfusion"))
    visits.start(ventilation, by=technologist.user, now=at)
    clock.now = at + 5 * MINUTE
    _, answer = technologist.post(f"steps/{ventilation.pk}/counts", {"counts_per_second": 1_000})
    assert (answer["applies"], answer["ratio"], answer["grade"]) == (True, None, None)
    visits.end(ventilation, by=technologist.user, now=clock.now)
    visits.start(perfusion, by=technologist.user, now=clock.now)
    _, answer = technologist.post(f"steps/{perfusion.pk}/counts", {"counts_per_second": 3_000})
    assert (answer["ratio"], answer["grade"]) == (2.0, "too_low")
    assert technologist.post(f"steps/{perfusion.pk}/end")[0] == 409
    rate = answer["rates"][1]["id"]
    _, answer = technologist.post(
        f"counts/{rate}/settle", {"way": "limited", "note": "The patient is tired."}
    )
    assert answer["rates"][1]["settled_note"] == "The patient is tired."
    status, _ = technologist.post(f"counts/{rate}/undo")
    assert (status, technologist.get(f"steps/{perfusion.pk}/counts")[1]["ratio"]) == (200, None)


def test_a_scan_leads_to_the_examination_the_vial_or_the_room(technologist, step, kit, site):
    patient, appointment = step.appointment.procedure.order.patient, str(step.appointment_id)
    _, answer = technologist.post(f"steps/{step.pk}/doses", {"batch": kit.pk, "measured_mbq": 148})
    dose, room = one(answer)["id"], site.resources.get(name="Camera 1")
    scanned = {
        str(Code(Sort.PATIENT, patient.pk)): ("P", patient.pk, appointment),
        patient.mrn.lower(): ("P", patient.pk, appointment),
        str(Code(Sort.DOSE, dose)): ("D", dose, appointment),
        str(Code(Sort.VIAL, kit.pk)): ("V", kit.pk, None),
        str(Code(Sort.ROOM, room.pk)): ("R", room.pk, None),
    }
    for code, (sort, pk, leads_to) in scanned.items():
        status, found = technologist.post("scan", {"code": code})
        assert (status, found) == (200, {"sort": sort, "id": pk, "appointment": leads_to})


def test_a_code_that_was_read_wrongly_or_is_unknown_leads_nowhere(technologist, elsewhere):
    other = department.patient(elsewhere)
    good = str(Code(Sort.PATIENT, other.pk))
    wrong = good[:-1] + ("A" if good[-1] != "A" else "B")
    assert technologist.post("scan", {"code": wrong})[0] == 422
    for code in (good, other.mrn, str(Code(Sort.ROOM, 10**9)), "nothing"):
        assert technologist.post("scan", {"code": code})[0] == 404


def test_labels_are_pdf(technologist, step, kit):
    _, answer = technologist.post(f"steps/{step.pk}/doses", {"batch": kit.pk, "measured_mbq": 148})
    addresses = (
        f"appointments/{step.appointment_id}/wristband",
        f"doses/{one(answer)['id']}/label",
        f"tracers/batches/{kit.pk}/label",
        "labels/rooms",
    )
    for address in addresses:
        answer = technologist.client.get(f"/api/v1/{address}")
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
        assert answer.content.startswith(b"%PDF-")


def test_reads_take_the_same_queries_for_one_and_three_doses(
    technologist, step, kit, site, django_assert_max_num_queries
):
    with django_assert_max_num_queries(36) as one_batch:
        technologist.get(f"steps/{step.pk}/doses")
    for _ in range(2):
        doses.batch(site, is_unit_dose=True)
    with django_assert_max_num_queries(36) as three_batches:
        technologist.get(f"steps/{step.pk}/doses")
    assert len(one_batch.captured_queries) == len(three_batches.captured_queries)
