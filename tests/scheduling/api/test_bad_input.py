"""Whatever is sent: a clear refusal, never a fault of the server, and nothing half-written."""

import uuid
from datetime import timedelta

import pytest

from scheduling.models import Appointment, Order, Patient, Referrer, Resource
from tests import department
from tests.scheduling.api.test_main_job import PATIENT
from vqflow.models import AuditEvent, IdempotentRequest

HUGE = 10**40
SITE_ONLY = "There is no such record at your site. Choose from the list."


def rows():
    return [
        model.objects.count()
        for model in (Patient, Order, Appointment, Resource, IdempotentRequest, AuditEvent)
    ]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("mrn", "", "This field may not be blank."),
        ("mrn", None, "This field may not be null."),
        ("mrn", 5, "Write this as text."),
        ("mrn", "9" * 31, "Ensure this field has no more than 30 characters."),
        ("mrn", "9\x00", "Write this in one line, without control characters."),
        ("family_name", ["Moreno"], "Write this as text."),
        ("family_name", "Mor\neno", "Write this in one line, without control characters."),
        ("born_on", "1960-02-30", "Date has wrong format. Use one of these formats instead: YYYY-MM-DD."),
        ("born_on", "2027-03-09", "This day is in the future. Check the year."),
        ("born_on", "1066-10-14", "This is more than 130 years ago. Check the year."),
        ("sex", "x", "Choose one of: female, male, other, unknown."),
        ("sex", {}, "Choose one of: female, male, other, unknown."),
        ("weight_kg", HUGE, "Ensure that there are no more than 5 digits in total."),
        ("weight_kg", 0, "Ensure this value is greater than or equal to 0.3."),
        ("email", "a@b.example\nBcc: x@y.example", "Enter an e-mail address."),
        ("phone", "call me", "Enter a phone number, such as +1 212 555 0142."),
        ("email_consent", "yes", "Say true or false."),
        ("detailed_email_consent", True, None),
        ("site", 1, "There is no such field."),
    ],
)
def test_a_patient_is_refused_at_the_field(scheduler, field, value, sentence):
    before = rows()
    body = {**PATIENT, "email_consent": False, field: value}
    status, refused = scheduler.post("patients", body, key="k")
    assert status == 422
    assert sentence is None or refused["errors"] == {field: [sentence]}
    assert rows() == before


@pytest.mark.parametrize("name", ["李小龙", "محمد علي", "Ó Briain-D'Arcy", "🫁", "Zażółć"])
def test_names_in_any_script_are_kept(scheduler, name):
    status, made = scheduler.post("patients", {**PATIENT, "family_name": name})
    assert (status, made["family_name"]) == (201, name)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[1",
        '{"mrn": NaN}',
        '{"mrn": 1e999}',
        '{"mrn": "\\ud800"}',
        "[" * 9999,
        "9" * 9999,
        b"\xff\xfe{",
    ],
)
def test_what_is_not_json_is_refused_with_400(scheduler, content):
    answer = scheduler.client.post("/api/v1/patients", content or " ", content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["detail"].startswith("This is not well-formed JSON: ")


@pytest.mark.parametrize("content", ["[]", "5", '"x"', "null", "true"])
def test_json_that_is_no_object_is_refused_with_422(scheduler, content):
    answer = scheduler.client.post("/api/v1/patients", content, content_type="application/json")
    assert answer.status_code == 422, answer.content


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "",
    ],
)
def test_another_content_type_is_refused_with_415(scheduler, kind):
    answer = scheduler.client.generic("POST", "/api/v1/patients", b"a=1", content_type=kind)
    assert (answer.status_code, answer["Content-Type"]) == (415, "application/problem+json")


@pytest.mark.parametrize("charset", ["rot13", "hex", "utf-16", "nonsense"])
def test_json_is_read_as_utf8_whatever_charset_is_named(scheduler, charset):
    kind = f"application/json; charset={charset}"
    answer = scheduler.client.generic("POST", "/api/v1/patients/search", b'{"name": "x"}', content_type=kind)
    assert answer.status_code == 200


def test_addresses_of_what_is_not_there_are_404(scheduler, elsewhere):
    order = department.booked(elsewhere).procedure.order
    other = Appointment.objects.get()
    for address in (
        f"orders/{order.pk}",
        f"orders/{HUGE}",
        f"orders/{'9' * 5000}",
        "orders/0",
        f"patients/{order.patient_id}",
        f"appointments/{other.pk}",
        f"appointments/{uuid.uuid4()}",
        "nowhere",
        "orders/",
    ):
        status, refused = scheduler.get(address)
        assert (status, refused["title"]) == (404, "Not found"), address


def test_another_sites_records_in_a_body_are_refused_at_the_field(site, elsewhere, scheduler, referrer):
    stranger, patient = department.referrer(elsewhere), department.patient(elsewhere)
    body = {"priority": "routine", "patient_class": "O", "clinical_question": "PE?"}
    before = rows()
    for value in (patient.pk, HUGE, 0, -1):
        status, refused = scheduler.post("orders", {**body, "patient": value, "referrer": stranger.pk})
        assert (status, refused["errors"]) == (422, {"patient": [SITE_ONLY], "referrer": [SITE_ONLY]})
    for value in ("1", True, 1.5, None, [1], {"id": 1}):
        status, refused = scheduler.post("orders", {**body, "patient": value, "referrer": referrer.pk})
        assert (status, list(refused["errors"])) == (422, ["patient"]), value
    assert rows() == before


@pytest.mark.parametrize(
    ("moment", "sentence"),
    [
        ("2027-03-09T10:00:00", "Add the offset from UTC, such as 2026-11-22T10:40:00-05:00."),
        ("2027-03-09", "Add the offset from UTC, such as 2026-11-22T10:40:00-05:00."),
        ("soon", "Enter a time in ISO 8601, such as 2026-11-22T10:40:00-05:00."),
        (5, "Enter a time in ISO 8601, such as 2026-11-22T10:40:00-05:00."),
        ("0001-01-01T00:00:00+14:00", "Check the year."),
        ("9999-12-31T23:59:59-14:00", "Check the year."),
    ],
)
def test_a_time_is_refused_at_its_field(vetted, scheduler, moment, sentence):
    body = {"starts": {"xray": moment}}
    status, refused = scheduler.post(f"orders/{vetted.pk}/appointment", body)
    assert (status, refused["errors"]) == (422, {"starts.xray": [sentence]})


@pytest.mark.parametrize(
    ("starts", "sentence"),
    [
        ({}, "Choose a time."),
        ({"xray": "2027-03-08T06:00:00-05:00"}, "This time has passed. Choose a later one."),
        ({"xray": "2099-03-08T06:00:00-05:00"}, "This is more than a year ahead. Choose an earlier time."),
        ({"xray": "2027-03-09T06:00:30-05:00"}, "Times are whole minutes."),
        (
            {"xray": "2027-03-09T10:00:00-05:00"},
            "Give a start for each of: Chest X-ray, Ventilation, Perfusion.",
        ),
    ],
)
def test_starts_that_cannot_be_are_refused(vetted, scheduler, starts, sentence):
    status, refused = scheduler.post(f"orders/{vetted.pk}/appointment", {"starts": starts})
    assert (status, refused["errors"]) == (422, {"starts": [sentence]})


def test_rooms_of_another_site_are_refused(vetted, elsewhere, scheduler):
    room = Resource.objects.filter(site=elsewhere).first()
    body = {"starts": {"xray": "2027-03-09T10:00:00-05:00"}, "resource_ids": [room.pk]}
    status, refused = scheduler.post(f"orders/{vetted.pk}/appointment", body)
    assert (status, refused["errors"]) == (
        422,
        {"resource_ids": ["Not all of these are rooms and people of your site."]},
    )


@pytest.mark.parametrize(
    "parameters",
    [
        {"days": 0},
        {"days": 61},
        {"days": HUGE},
        {"days": "x"},
        {"first_day": "2027-03-07"},
        {"first_day": "9999-12-31"},
        {"first_day": "\x00"},
        {"day": "2027-03-09"},
    ],
)
def test_a_period_that_cannot_be_is_refused(vetted, scheduler, parameters):
    status, refused = scheduler.get(f"orders/{vetted.pk}/itineraries", **parameters)
    assert (status, list(refused["errors"])) == (422, list(parameters))


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2101-01-01", "9999-12-31"])
def test_a_day_outside_the_years_of_the_calendar_is_refused(scheduler, vetted, day):
    sentence = ["Choose a day of the years 2000 to 2100."]
    status, refused = scheduler.get("worklist", day=day)
    assert (status, refused["errors"]) == (422, {"day": sentence})
    status, refused = scheduler.get(f"orders/{vetted.pk}/itineraries", first_day=day)
    assert (status, refused["errors"]) == (422, {"first_day": sentence})


@pytest.mark.parametrize("day", ["2000-01-01", "2100-12-31"])
def test_the_first_and_the_last_day_of_the_calendar_have_a_worklist(scheduler, day):
    status, listed = scheduler.get("worklist", day=day)
    assert (status, listed["day"], listed["rows"]) == (200, day, [])


def test_a_booking_or_a_move_without_any_start_is_refused_at_the_field(site, scheduler, vetted):
    appointment = department.booked(site)
    unvetted = department.order(site, vetted=False)
    for address in (
        f"orders/{vetted.pk}/appointment",
        f"orders/{unvetted.pk}/appointment",
        f"orders/{appointment.procedure.order_id}/appointment",
        f"appointments/{appointment.pk}/move",
    ):
        status, refused = scheduler.post(address, {"starts": {}})
        assert (status, refused["errors"]) == (422, {"starts": ["Choose a time."]}), address


@pytest.mark.parametrize("cursor", ["x", "cD14", "cD0xMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=", "ü", "cD0lMDA="])
@pytest.mark.parametrize("address", ["orders", "messages"])
def test_a_cursor_that_is_not_ours_is_no_fault_of_the_server(scheduler, address, cursor):
    status, _ = scheduler.get(address, cursor=cursor)
    assert status in (200, 404)


def test_unknown_filters_are_refused(scheduler):
    assert scheduler.get("orders", state="performed")[0] == 422
    status, refused = scheduler.get("orders", priorty="stat")
    assert (status, refused["errors"]) == (422, {"priorty": ["There is no such parameter."]})


def test_answers_that_cannot_be_are_refused_and_none_is_saved(vetted, technologist):
    body = {"pregnancy": "yes", "albumin_allergy": "maybe", "shoe_size": "44"}
    status, refused = technologist.put(f"orders/{vetted.pk}/screening", body)
    assert (status, list(refused["errors"])) == (422, ["shoe_size"])
    status, refused = technologist.put(
        f"orders/{vetted.pk}/screening", {"pregnancy": "yes", "albumin_allergy": 1}
    )
    assert (status, refused["errors"]) == (422, {"albumin_allergy": ["Choose one of: no, yes, unknown."]})
    assert vetted.answers.get(question="pregnancy").answer == "no"


def test_an_ended_order_is_not_asked_again(site, technologist, attending):
    order = department.order(site, vetted=False, answers={})
    attending.post(f"orders/{order.pk}/decline", {"reason": "CT first."})
    status, refused = technologist.put(f"orders/{order.pk}/screening", {"pregnancy": "yes"})
    assert (status, refused["detail"]) == (409, "This order is declined; its answers stay as they are.")
    assert not order.tasks.filter(closed_at=None).exists()


def test_reasons_are_needed(vetted, scheduler, attending):
    for caller, address in ((attending, "decline"), (scheduler, "cancel")):
        for reason in (" ", None, "x" * 201, 5):
            status, refused = caller.post(f"orders/{vetted.pk}/{address}", {"reason": reason})
            assert (status, list(refused["errors"])) == (422, ["reason"])
    status, refused = attending.post(f"orders/{vetted.pk}/overrides", {"rule": "NONE", "reason": "x"})
    assert (status, list(refused["errors"])) == (422, ["rule"])


def test_an_xray_of_the_future_is_refused(site, technologist, scheduler, vetted, clock):
    appointment = department.booked(site)
    later = (clock.now + timedelta(hours=1)).isoformat()
    technologist.post(f"appointments/{appointment.pk}/check-in", department.HERE)
    status, refused = technologist.post(f"appointments/{appointment.pk}/xray", {"ended_at": later})
    assert (status, list(refused["errors"])) == (422, ["ended_at"])
    xray = {"ended_at": later, "place": "Hillside"}
    status, refused = scheduler.post(f"orders/{vetted.pk}/itineraries", {"xray_elsewhere": xray})
    assert (status, list(refused["errors"])) == (422, ["xray_elsewhere.ended_at"])


def test_identifiers_must_have_been_checked(site, technologist):
    appointment = department.booked(site)
    for said in ([], ["name"], ["name", "name"], "name", ["name", "hair"], [True, 1]):
        status, refused = technologist.post(f"appointments/{appointment.pk}/check-in", {"identifiers": said})
        assert (status, next(iter(refused["errors"])).split(".")[0]) == (422, "identifiers")


def test_a_physician_on_the_phone_is_one_of_this_site(site, elsewhere, technologist):
    order, stranger = department.order(site, priority="stat"), department.attending(elsewhere)
    said = {"rule": "CXR-1", "reason": "STAT", "physician": stranger.pk}
    status, refused = technologist.post(f"orders/{order.pk}/overrides-by-phone", said)
    assert (status, refused["errors"]) == (422, {"physician": ["There is no such physician at your site."]})


def test_inactive_referrers_are_not_chosen(site, scheduler, referrer):
    Referrer.objects.filter(pk=referrer.pk).update(is_active=False)
    body = {"clinical_question": "PE?", "ward": "ED", "referrer": referrer.pk}
    assert scheduler.post("orders/stat", body)[1]["errors"] == {"referrer": [SITE_ONLY]}


def test_a_call_is_closed_once_and_only_a_call(site, scheduler):
    silent = department.patient(site, email_consent=False)
    order = department.booked(site, of=silent, answers={}).procedure.order
    call, question = order.tasks.get(kind="phone"), order.tasks.filter(kind="ask").first()
    status, closed = scheduler.post(f"tasks/{call.pk}/done", key="once")
    assert (status, closed["id"], closed["closed_by"]) == (200, call.pk, "Sam Reed")
    assert scheduler.post(f"tasks/{call.pk}/done", key="once") == (status, closed)
    status, refused = scheduler.post(f"tasks/{call.pk}/done")
    assert (status, refused["detail"]) == (409, "This call is done already.")
    status, refused = scheduler.post(f"tasks/{question.pk}/done")
    assert (status, refused["detail"].split(".")[0]) == (409, "Only calls are closed by hand")
    assert call.pk not in {task["id"] for task in scheduler.get("tasks")[1]["results"]}
