"""From patient to the end of the examination, through the API alone."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from scheduling.models import Appointment, Message
from tests import department
from vqflow.models import AuditEvent

PATIENT = {
    "mrn": "A-7781",
    "mrn_issuer": "Riverside",
    "family_name": "Nguyễn",
    "given_name": "Thị Hoa",
    "born_on": "1960-05-17",
    "sex": "female",
    "email": "hoa@mail.example",
    "email_consent": True,
}


def test_an_order_goes_from_intake_to_the_end_of_the_examination(
    site, scheduler, attending, technologist, referrer, clock
):
    order = place(scheduler, referrer)
    vet(attending, order, site)
    appointment = book(scheduler, order)
    examine(technologist, appointment, clock)
    status, seen = scheduler.get(f"orders/{order}")
    assert (status, seen["state"], seen["appointment"]["state"]) == (200, "performed", "fulfilled")


def place(scheduler, referrer):
    status, patient = scheduler.post("patients", PATIENT)
    assert (status, patient["family_name"], patient["email_consent_at"]) == (
        201,
        "Nguyễn",
        "2027-03-08T07:00:00-05:00",
    )
    status, order = scheduler.post(
        "orders",
        {
            "patient": patient["id"],
            "referrer": referrer.pk,
            "priority": "routine",
            "patient_class": "O",
            "clinical_question": "Acute pulmonary embolism?",
            "answers": department.SAFE_ANSWERS,
        },
    )
    assert (status, order["state"]) == (201, "requested")
    assert order["why_not_book"] == "A nuclear physician has to vet this order before it is booked."
    return order["id"]


def vet(attending, order, site):
    _, protocols = attending.get("protocols")
    chosen = next(each for each in protocols["results"] if each["key"] == "V_THEN_Q")
    status, vetted = attending.post(f"orders/{order}/vetting", {"protocol": chosen["id"], "note": "SPECT"})
    assert (status, vetted["state"], vetted["protocol_note"]) == (200, "vetted", "SPECT")
    assert vetted["why_not_book"] is None


def book(scheduler, order):
    status, found = scheduler.get(f"orders/{order}/itineraries", first_day="2027-03-09", days=2)
    best = found["proposals"][0]
    assert (status, found["blockers"]) == (200, [])
    assert [step["kind"] for step in best["steps"]] == ["xray", "ventilation", "perfusion"]
    chosen = {"starts": best["starts"], "resource_ids": best["resource_ids"]}
    status, booked = scheduler.post(f"orders/{order}/appointment", chosen)
    assert (status, booked["state"]) == (201, "booked")
    assert {step["kind"]: step["planned_start_at"] for step in booked["steps"]} == best["starts"]
    assert Message.objects.filter(order_id=order, kind="confirmation").exists()
    return booked["id"]


def examine(technologist, appointment, clock):
    clock.now = Appointment.objects.get(pk=appointment).lungs_start_at
    status, row = technologist.post(f"appointments/{appointment}/check-in", department.HERE)
    assert (status, row["state"], row["action"]["name"]) == (200, "arrived", "xray")
    ended_at = (clock.now - timedelta(hours=2)).isoformat()
    _, row = technologist.post(f"appointments/{appointment}/xray", {"ended_at": ended_at})
    assert (row["action"]["name"], row["window_minutes"]) == ("clear-dose", 22 * 60)
    _, row = technologist.post(f"appointments/{appointment}/clear-dose")
    for _ in ("ventilation", "perfusion"):
        step = row["action"]["step"]
        assert row["action"]["name"] == "start"
        technologist.post(f"steps/{step}/start")
        clock.pass_by(minutes=15)
        status, row = technologist.post(f"steps/{step}/end")
        assert status == 200
        clock.pass_by(minutes=5)
    assert (row["state"], row["action"]) == ("fulfilled", None)


def test_a_stat_order_takes_five_fields_and_is_vetted_by_phone(site, technologist, attending, referrer):
    fields = {
        "name": "",
        "sex": "unknown",
        "clinical_question": "PE?",
        "referrer": referrer.pk,
        "ward": "ED 4",
    }
    status, order = technologist.post("orders/stat", fields)
    assert (status, order["priority"], order["patient"]["is_temporary"]) == (201, "stat", True)
    assert {task["kind"] for task in order["tasks"]} == {"ask"}
    _, protocols = technologist.get("protocols")
    said = {"protocol": protocols["results"][0]["id"], "physician": attending.user.pk}
    status, vetted = technologist.post(f"orders/{order['id']}/vetting-by-phone", said)
    (decision,) = vetted["decisions"]
    assert (status, decision["physician"], decision["recorded_by"]) == (200, "Ada Lund", "Tess Cole")
    status, signed = attending.post(f"decisions/{decision['id']}/countersign")
    assert (status, signed["countersigned_at"]) == (200, "2027-03-08T07:00:00-05:00")
    status, again = attending.post(f"decisions/{decision['id']}/countersign")
    assert (status, again["detail"]) == (409, "There is nothing to countersign.")


def test_a_written_answer_becomes_an_effect_and_an_override_resolves_it(vetted, attending, technologist):
    status, order = technologist.put(f"orders/{vetted.pk}/screening", {"pregnancy": "possible"})
    assert status == 200
    assert order["answers"]["pregnancy"] == "possible"
    assert "PREG-1" in {effect["rule"] for effect in order["effects"]}
    said = {"rule": "PREG-1", "reason": "Test is negative.", "physician": attending.user.pk}
    status, order = technologist.post(f"orders/{vetted.pk}/overrides-by-phone", said)
    assert (status, order["resolved_rules"]) == (200, ["PREG-1"])
    status, refused = attending.post(f"orders/{vetted.pk}/overrides", {"rule": "PREG-1", "reason": "Twice."})
    assert (status, refused["detail"]) == (409, "A physician has already decided on this.")


def test_declined_and_cancelled_orders_say_why(site, attending, scheduler):
    declined, cancelled = (department.order(site, vetted=False) for _ in range(2))
    status, seen = attending.post(f"orders/{declined.pk}/decline", {"reason": "CT first."})
    assert (status, seen["state"], seen["closed_reason"]) == (200, "declined", "CT first.")
    status, seen = scheduler.post(f"orders/{cancelled.pk}/cancel", {"reason": "Went home."})
    assert (status, seen["state"], seen["closed_reason"]) == (200, "cancelled", "Went home.")


def test_patients_are_found_by_name_number_and_birth_date(site, scheduler):
    patient = department.patient(site, family_name="Okonkwo", mrn="QX-118", born_on="1951-02-03")
    for asked in ({"name": "okonkwo"}, {"mrn": "QX-1"}, {"born_on": "1951-02-03"}):
        status, found = scheduler.post("patients/search", asked)
        assert (status, [row["id"] for row in found["results"]]) == (200, [patient.pk]), asked
    event = AuditEvent.objects.filter(action="list.viewed").last()
    assert (event.patient_ids, event.data) == ([patient.pk], {"list": "patients.api"})
    status, refused = scheduler.post("patients/search", {"name": "x", "mrn": "y"})
    assert (status, refused["errors"]) == (
        422,
        {"non_field_errors": ["Give one of text, name, mrn and born_on."]},
    )


def test_open_orders_are_filtered_and_audited_once(site, scheduler):
    stat, routine = department.order(site, priority="stat"), department.order(site)
    _, found = scheduler.get("orders", priority="stat")
    assert [row["id"] for row in found["results"]] == [stat.pk]
    _, found = scheduler.get("orders", page_size=1)
    assert [row["id"] for row in found["results"]] == [routine.pk]
    assert AuditEvent.objects.filter(action="list.viewed").count() == 2
    cursor = parse_qs(urlsplit(found["next"]).query)["cursor"][0]
    _, following = scheduler.get("orders", page_size=1, cursor=cursor)
    assert [row["id"] for row in following["results"]] == [stat.pk]


def test_lists_of_the_department(site, scheduler, lead, integration, referrer, vetted):
    _, resources = scheduler.get("resources", page_size=200)
    assert len(resources["results"]) == len(department.ROOMS) + len(department.PEOPLE)
    _, referrers = integration.get("referrers")
    assert [each["name"] for each in referrers["results"]] == ["Dr Rita Moss"]
    assert [each["protocol"]["name"] for each in scheduler.get("orders")[1]["results"]] == [
        "Ventilation then perfusion"
    ]
    assert {task["order"] for task in lead.get("tasks")[1]["results"]} == {vetted.pk}
    _, questions = integration.get("screening/questions")
    assert questions["questions"][0]["key"] == "pregnancy"
    assert "PREG-1" in {rule["id"] for rule in questions["rules"]}
