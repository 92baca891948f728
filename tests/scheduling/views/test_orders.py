"""Taking orders and deciding about them, through the pages."""

import pytest
from django.urls import reverse

from scheduling.engine import indications
from scheduling.engine.states import OrderState
from scheduling.models import Order, Protocol, Task
from scheduling.services import vetting
from tests import department
from vqflow.models import AuditEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]
ORDERS = "/orders/"
STAT = "/orders/stat/"
EFFECTS = "/orders/new/effects/"


def to(name, row):
    return reverse(f"scheduling:{name}", args=[row.pk])


@pytest.fixture
def patient(site, scheduler):
    return department.patient(site, by=scheduler, sex="female", born_on="1990-01-01")


@pytest.fixture
def referrer(site):
    return department.referrer(site)


@pytest.fixture
def order(site, scheduler):
    return department.order(site, by=scheduler, vetted=False)


@pytest.fixture
def stat(site, scheduler):
    return department.order(site, by=scheduler, vetted=False, priority="stat")


def values(chosen, **changed):
    return {
        "priority": "urgent",
        "patient_class": "O",
        "transport": "walking",
        "language": "en",
        "referrer": chosen.pk,
        "clinical_question": "Acute pulmonary embolism?",
        "indication": "R06.02 Shortness of breath",
        "wells_score": "4.5",
        "d_dimer": "900",
        "ward": "",
        **changed,
    }


def test_an_order_is_taken_with_its_answers_and_unknown_ones_become_tasks(
    page_of, scheduler, patient, referrer
):
    answer = page_of(scheduler).post(to("order-new", patient), values(referrer, pregnancy="no", oxygen="yes"))
    order = Order.objects.get()
    assert answer["Location"] == to("order", order)
    assert (order.indication_code, order.indication_text) == ("R06.02", "Shortness of breath")
    assert (order.wells_score, order.d_dimer_ng_per_ml) == (4.5, 900)
    assert dict(order.answers.values_list("question", "answer")) == {"pregnancy": "no", "oxygen": "yes"}
    asked = set(order.tasks.filter(kind=Task.Kind.ASK).values_list("about", flat=True))
    assert "albumin_allergy" in asked
    assert "pregnancy" not in asked


def test_an_order_sent_twice_is_one_order(page_of, scheduler, patient, referrer):
    sent = values(referrer, request_id="once")
    first, second = (page_of(scheduler).post(to("order-new", patient), sent) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("clinical_question", "", "Fill this in."),
        ("clinical_question", "x" * 501, "Use at most 500."),
        ("wells_score", "13", "Enter 12.5 or less"),
        ("wells_score", "NaN", "Enter a number."),
        ("d_dimer", "-1", "Enter 0 or more"),
        ("d_dimer", "9999999", "Enter 1000000 or less"),
        ("priority", "soon", "Choose from the list"),
        ("pregnancy", "maybe", "Choose one of the answers."),
        ("ward", "x" * 61, "Use at most 60."),
        ("referrer", "99999999999999999999", "Choose from the list."),
    ],
)
def test_a_faulty_order_comes_back_with_everything_that_was_typed(
    page_of, scheduler, patient, referrer, field, value, sentence
):
    answer = page_of(scheduler).post(
        to("order-new", patient), values(referrer, smoker="yes", **{field: value})
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in page
    assert answer.context["form"]["smoker"].value() == "yes"
    assert Order.objects.count() == 0


def test_another_site_s_referrer_is_not_on_the_list(page_of, scheduler, patient, elsewhere):
    stranger = department.referrer(elsewhere)
    answer = page_of(scheduler).post(to("order-new", patient), values(stranger))
    assert answer.status_code == 422
    assert answer.context["form"].errors["referrer"] == ["Choose from the list."]


def test_the_effect_of_an_answer_appears_at_once_with_stage_and_source(page_of, scheduler, patient):
    answer = page_of(scheduler).post(
        EFFECTS,
        {"patient": patient.pk, "albumin_allergy": "yes"},
        headers={"HX-Target": "effects-albumin_allergy"},
    )
    page = answer.content.decode()
    assert page.count("Reaction to human albumin") == 2
    assert "Holds back the dose and the start." in page
    assert "MAA label" in page
    assert 'hx-swap-oob="true"' in page
    assert Order.objects.count() == 0


@pytest.mark.parametrize("target", ["", "effects-", "effects-nothing", "main"])
def test_effects_for_no_known_question_are_only_the_summary(page_of, scheduler, patient, target):
    answer = page_of(scheduler).post(
        EFFECTS, {"patient": patient.pk, "oxygen": "bogus"}, headers={"HX-Target": target} if target else {}
    )
    assert answer.status_code == 200
    assert b"Source:" not in answer.content


def test_questions_about_pregnancy_are_not_put_to_an_old_man(page_of, site, scheduler):
    man = department.patient(site, by=scheduler, sex="male")
    page = page_of(scheduler).get(to("order-new", man)).content.decode()
    assert "pregnant" not in page
    assert "reacted to human albumin" in page


@pytest.mark.parametrize(
    ("text", "code", "name"),
    [
        ("R06.02", "R06.02", "Shortness of breath"),
        ("r06.02 Short of breath", "R06.02", "Short of breath"),
        ("shortness of breath", "R06.02", "Shortness of breath"),
        ("Pain after a long flight", "", "Pain after a long flight"),
        ("", "", ""),
    ],
)
def test_an_indication_is_read_from_code_name_or_free_text(text, code, name):
    assert indications.read(text) == (code, name)


def test_five_fields_are_enough_for_a_stat_order(page_of, technologist, referrer):
    sent = {"name": "", "sex": "unknown", "clinical_question": "PE?", "referrer": referrer.pk, "ward": "ED 3"}
    answer = page_of(technologist).post(STAT, sent, follow=True)
    order = Order.objects.get()
    assert (order.priority, order.ward, order.patient.is_temporary) == ("stat", "ED 3", True)
    page = answer.content.decode()
    assert "Vet by phone" in page
    assert "Find a time" in page


@pytest.mark.parametrize("field", ["clinical_question", "referrer", "ward"])
def test_a_stat_order_without_what_it_needs_is_refused(page_of, scheduler, referrer, field):
    sent = {"sex": "male", "clinical_question": "PE?", "referrer": referrer.pk, "ward": "ED", field: ""}
    answer = page_of(scheduler).post(STAT, sent)
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {field}
    assert Order.objects.count() == 0


def test_only_schedulers_take_orders_that_are_not_stat(page_of, technologist, patient):
    assert page_of(technologist).get(to("order-new", patient)).status_code == 403


def test_the_order_s_page_shows_who_where_and_what_blocks(page_of, site, scheduler):
    order = department.order(site, by=scheduler, answers={"albumin_allergy": "yes"})
    page = page_of(scheduler).get(to("order", order)).content.decode()
    assert order.accession_number in page
    assert order.patient.mrn in page
    assert "Reaction to human albumin" in page
    assert "Holds back the dose and the start." in page
    assert "Order placed" in page
    assert "by sam" in page
    assert "17 May 1960" in page
    assert AuditEvent.objects.filter(action="order.view", patient_ids=[order.patient_id]).exists()


def test_another_site_s_order_is_not_there(page_of, elsewhere, scheduler, attending):
    stranger = department.order(elsewhere, vetted=False)
    assert page_of(scheduler).get(to("order", stranger)).status_code == 404
    assert page_of(attending).post(to("vet", stranger), {}).status_code == 404


def test_a_button_that_is_shut_says_why(page_of, scheduler, order):
    page = page_of(scheduler).get(to("order", order)).content.decode()
    assert "A nuclear physician has to vet this order before it is booked." in page
    assert "disabled" in page


def test_a_physician_vets_with_another_protocol_and_a_note(page_of, site, attending, order):
    chosen = Protocol.objects.get(site=site, key="Q_ONLY")
    answer = page_of(attending).post(
        to("vet", order), {"protocol": chosen.pk, "note": "Half dose", "reason": "Wheezing"}
    )
    order = Order.objects.get()
    assert answer["Location"] == to("order", order)
    assert (order.state, order.procedure.protocol, order.procedure.protocol_note) == (
        "vetted",
        chosen,
        "Half dose",
    )


def test_vetting_twice_is_a_conflict_that_says_so(page_of, attending, order):
    vetting.vet(order, protocol=order.procedure.protocol, by=attending, now=department.NOW)
    answer = page_of(attending).post(to("vet", order), {"protocol": order.procedure.protocol_id})
    assert answer.status_code == 409
    assert "This order has been vetted." in answer.content.decode()


def test_another_site_s_protocol_is_not_on_the_list(page_of, attending, order, elsewhere):
    stranger = Protocol.objects.filter(site=elsewhere).first()
    answer = page_of(attending).post(to("vet", order), {"protocol": stranger.pk})
    assert answer.status_code == 422
    assert "Choose from the list." in answer.content.decode()
    assert Order.objects.get(pk=order.pk).state == OrderState.REQUESTED


def test_schedulers_do_not_vet(page_of, scheduler, order):
    assert page_of(scheduler).post(to("vet", order), {"protocol": 1}).status_code == 403


def test_a_stat_order_is_vetted_by_phone_and_countersigned_by_that_physician(
    page_of, scheduler, attending, stat
):
    sent = {"physician": attending.pk, "protocol": stat.procedure.protocol_id}
    assert page_of(scheduler).post(to("vet-by-phone", stat), sent).status_code == 302
    decision = stat.decisions.get()
    page = page_of(scheduler).get(to("order", stat)).content.decode()
    assert "not countersigned" in page
    assert "by phone to sam" in page
    other = department.attending(stat.site)
    assert page_of(other).post(to("countersign", decision)).status_code == 403
    assert page_of(attending).post(to("countersign", decision)).status_code == 302
    decision.refresh_from_db()
    assert decision.countersigned_by == attending
    again = page_of(attending).post(to("countersign", decision))
    assert (again.status_code, b"nothing to countersign" in again.content) == (409, True)


def test_vetting_by_phone_needs_a_physician_of_this_site(page_of, scheduler, stat, elsewhere):
    for who in ("", department.attending(elsewhere).pk, scheduler.pk):
        answer = page_of(scheduler).post(
            to("vet-by-phone", stat), {"physician": who, "protocol": stat.procedure.protocol_id}
        )
        assert answer.status_code == 422
        assert answer.context["phone_form"].errors.keys() == {"physician"}


def test_only_stat_is_vetted_by_phone(page_of, scheduler, attending, order):
    sent = {"physician": attending.pk, "protocol": order.procedure.protocol_id}
    answer = page_of(scheduler).post(to("vet-by-phone", order), sent)
    assert answer.status_code == 409
    assert "Only a STAT order can be vetted by phone." in answer.content.decode()


def test_another_site_s_decision_is_not_there(page_of, attending, elsewhere):
    decision = department.order(elsewhere).decisions.get()
    assert page_of(attending).post(to("countersign", decision)).status_code == 404


def test_declining_needs_a_reason_and_is_final(page_of, attending, order):
    browser = page_of(attending)
    empty = browser.post(to("decline", order), {"reason": "  "})
    assert (empty.status_code, b"Say why." in empty.content) == (422, True)
    assert browser.post(to("decline", order), {"reason": "CT is faster."}).status_code == 302
    assert Order.objects.get().closed_reason == "CT is faster."
    assert browser.post(to("decline", order), {"reason": "Again"}).status_code == 409


def test_cancelling_needs_a_reason_and_no_appointment(page_of, site, scheduler, order):
    browser = page_of(scheduler)
    assert browser.post(to("order-cancel", order), {"reason": ""}).status_code == 422
    assert browser.post(to("order-cancel", order), {"reason": "x" * 201}).status_code == 422
    assert browser.post(to("order-cancel", order), {"reason": "Patient has left."}).status_code == 302
    booked = department.booked(site, by=scheduler).procedure.order
    answer = browser.post(to("order-cancel", booked), {"reason": "No"})
    assert answer.status_code == 409
    assert "Cancel the appointment first." in answer.content.decode()


def test_technologists_cancel_no_orders(page_of, technologist, order):
    assert page_of(technologist).post(to("order-cancel", order), {"reason": "x"}).status_code == 403


def test_a_physician_overrides_with_one_tap_of_a_preset_reason(page_of, site, attending, scheduler):
    order = department.order(site, by=scheduler, answers={"right_to_left_shunt": "yes"})
    browser = page_of(attending)
    assert "STAT: waiting would harm the patient." in browser.get(to("order", order)).content.decode()
    sent = {"rule": "SHUNT-1", "preset": "STAT: waiting would harm the patient.", "reason": ""}
    assert browser.post(to("override", order), sent).status_code == 302
    assert "A physician has decided" in browser.get(to("order", order)).content.decode()
    again = browser.post(to("override", order), sent)
    assert (again.status_code, b"already decided" in again.content) == (409, True)


@pytest.mark.parametrize(
    ("sent", "status", "sentence"),
    [
        ({"rule": "SHUNT-1"}, 422, "An override needs a reason."),
        ({"rule": "SHUNT-1", "preset": "Because"}, 422, "Choose from the list"),
        ({"rule": "SHUNT-1", "reason": "x" * 301}, 422, "Use at most 300."),
        ({"rule": "", "reason": "x"}, 422, "Fill this in."),
        ({"rule": "NO-SUCH", "reason": "x"}, 409, "cannot be overridden"),
    ],
)
def test_a_faulty_override_is_refused_in_words(page_of, site, attending, scheduler, sent, status, sentence):
    order = department.order(site, by=scheduler, answers={"right_to_left_shunt": "yes"})
    answer = page_of(attending).post(to("override", order), sent)
    assert answer.status_code == status
    assert sentence in answer.content.decode()
    assert order.decisions.filter(kind="override").count() == 0


def test_a_resident_does_not_override_an_authorised_user_s_block(page_of, site, scheduler):
    order = department.order(site, by=scheduler, answers={"albumin_allergy": "yes"})
    resident = department.resident(site)
    sent = {"rule": "ALB-1", "reason": "Needed"}
    answer = page_of(resident).post(to("override", order), sent)
    assert answer.status_code == 403
    assert "Only an authorised user" in answer.content.decode()


def test_a_technologist_writes_down_an_override_by_phone_and_schedulers_do_not(
    page_of, site, technologist, attending, scheduler
):
    order = department.order(site, by=scheduler)
    sent = {"rule": "CXR-3", "preset": "Symptoms changed since the X-ray.", "physician": attending.pk}
    assert page_of(scheduler).post(to("override-by-phone", order), sent).status_code == 403
    nameless = page_of(technologist).post(to("override-by-phone", order), {**sent, "physician": ""})
    assert nameless.status_code == 422
    assert page_of(technologist).post(to("override-by-phone", order), sent).status_code == 302
    decision = order.decisions.get(kind="override")
    assert (decision.physician, decision.recorded_by, decision.by_phone) == (attending, technologist, True)


@pytest.mark.parametrize(
    ("asked", "is_followed"),
    [("/worklist/", True), ("https://evil.example/", False), ("//evil.example", False), ("worklist", False)],
)
def test_a_decision_leads_back_to_a_page_of_ours_only(
    page_of, site, attending, scheduler, asked, is_followed
):
    order = department.order(site, by=scheduler)
    sent = {"rule": "CXR-3", "reason": "Needed now", "next": asked}
    answer = page_of(attending).post(to("override", order), sent)
    assert answer["Location"] == (asked if is_followed else to("order", order))


def test_changed_answers_are_saved_and_an_unknown_one_is_no_row(page_of, technologist, order):
    sent = {**department.SAFE_ANSWERS, "albumin_allergy": "unknown", "smoker": "unknown", "oxygen": "yes"}
    assert page_of(technologist).post(to("screening", order), sent).status_code == 302
    answers = dict(order.answers.values_list("question", "answer"))
    assert (answers["albumin_allergy"], answers["oxygen"]) == ("unknown", "yes")
    assert "smoker" not in answers


def test_an_answer_that_is_none_is_refused_at_its_question(page_of, technologist, order):
    answer = page_of(technologist).post(to("screening", order), {"oxygen": "often"})
    assert answer.status_code == 422
    assert "Choose one of the answers." in answer.content.decode()
    assert not order.answers.filter(question="oxygen").exists()


def test_the_effects_of_an_order_s_answers_appear_at_once(page_of, technologist, lead, order):
    url, htmx = to("screening-effects", order), {"HX-Target": "effects-oxygen"}
    answer = page_of(technologist).post(url, {"oxygen": "yes"}, headers=htmx)
    assert b"O2-1" not in answer.content
    assert b"oxygen" in answer.content
    assert page_of(lead).post(url, {"oxygen": "yes"}, headers=htmx).status_code == 403


@pytest.mark.parametrize(
    "name", ["vet", "decline", "order-cancel", "override", "override-by-phone", "vet-by-phone", "screening"]
)
def test_decisions_come_by_post_only(page_of, attending, order, name):
    assert page_of(attending).get(to(name, order)).status_code == 405
