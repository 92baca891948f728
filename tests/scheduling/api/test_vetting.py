"""Vetting through the API: the list of what waits, the case, asking back, consults, the comparison."""

import pytest

from tests import department
from tests.department import SAFE_ANSWERS

SHUNT = SAFE_ANSWERS | {"right_to_left_shunt": "yes"}


@pytest.fixture
def unvetted(site):
    return department.order(site, vetted=False, answers=SHUNT)


def test_what_waits_comes_with_target_blocks_and_the_caller_s_next_action(attending, scheduler, unvetted):
    status, found = attending.get("orders/waiting", waiting="vet")
    row = found["results"][0]
    assert (status, row["order"]["id"], row["action"], row["late"]) == (200, unvetted.pk, "vet", False)
    assert row["due_at"] == "2027-03-15T08:00:00-04:00"
    assert [each["label"] for each in row["blocks"]] == ["vetting", "right to left shunt"]
    _, found = scheduler.get("orders/waiting")
    assert found["results"][0]["action"] == "order"
    assert scheduler.get("orders/waiting", late="true")[1]["results"] == []
    assert scheduler.get("orders/waiting", waiting="booked")[1]["results"] == []


@pytest.mark.parametrize(
    "query", [{"waiting": "x"}, {"late": "maybe"}, {"priority": "soon"}, {"colour": "red"}]
)
def test_a_faulty_question_to_the_list_is_refused_at_its_parameter(scheduler, query):
    status, problem = scheduler.get("orders/waiting", **query)
    assert status == 422
    assert problem["errors"].keys() == query.keys()


def test_the_case_has_suggestion_priors_questions_and_comparison(attending, site):
    order = department.order(site, vetted=False, answers=SAFE_ANSWERS | {"respiratory_isolation": "yes"})
    status, case = attending.get(f"orders/{order.pk}/vetting-case")
    assert (status, case["suggestion"]["protocol"]["name"]) == (200, "Perfusion only")
    assert case["suggestion"]["reasons"][0]["rule"] == "INF-1"
    assert (case["questions"], case["scans"], case["films"], case["comparison"]) == ([], [], [], [])


def test_another_protocol_without_a_reason_is_422_at_the_field(attending, site, unvetted):
    other = site.protocols.get(key="Q_ONLY")
    status, problem = attending.post(f"orders/{unvetted.pk}/vetting", {"protocol": other.pk})
    assert (status, problem["errors"].keys()) == (422, {"reason"})
    status, order = attending.post(
        f"orders/{unvetted.pk}/vetting", {"protocol": other.pk, "reason": "No gas today"}
    )
    decision = order["decisions"][0]
    assert (status, decision["protocol"], decision["suggested"], decision["deviation"]) == (
        200,
        "Perfusion only",
        "Ventilation then perfusion",
        "No gas today",
    )


def test_asking_back_and_the_answer(attending, scheduler, unvetted):
    status, asked = attending.post(f"orders/{unvetted.pk}/questions", {"text": "D-dimer?", "to": "desk"})
    assert (status, asked["answered_at"], asked["asked_by"]) == (201, None, "Ada Lund")
    assert attending.get("orders/waiting", waiting="vet")[1]["results"] == []
    status, answered = scheduler.post(f"questions/{asked['id']}/answer", {"answer": "900"})
    assert (status, answered["answer"], answered["answered_by"]) == (200, "900", "Sam Reed")
    status, _ = scheduler.post(f"questions/{asked['id']}/answer", {"answer": "901"})
    assert status == 409
    assert attending.post(f"questions/{asked['id']}/answer", {"answer": "x"})[0] == 403


@pytest.mark.parametrize(
    ("sent", "field"),
    [({}, "text"), ({"text": "x" * 281}, "text"), ({"text": "x", "to": "him"}, "to"), ({"text": 3}, "text")],
)
def test_a_faulty_question_is_refused_at_its_field(attending, unvetted, sent, field):
    status, problem = attending.post(f"orders/{unvetted.pk}/questions", sent)
    assert (status, problem["errors"].keys()) == (422, {field})
    assert unvetted.questions.count() == 0


def test_a_consult_is_held_and_then_let_go_on(attending, unvetted):
    address = f"orders/{unvetted.pk}/consults"
    said = {"rule": "SHUNT-1", "decision": "not_yet", "text": "Echo first"}
    status, order = attending.post(address, said)
    assert (status, order["resolved_rules"]) == (200, [])
    status, order = attending.post(address, {**said, "decision": "go_on", "text": "Small"})
    assert (status, order["resolved_rules"]) == (200, ["SHUNT-1"])
    kept = [(each["kind"], each["reason"], bool(each["lapsed_at"])) for each in order["decisions"]]
    assert kept == [("hold", "Echo first", True), ("override", "Small", False)]


def test_a_consult_by_phone_names_the_physician(technologist, attending, scheduler, unvetted):
    said = {"rule": "SHUNT-1", "decision": "go_on", "text": "Small", "physician": attending.user.pk}
    address = f"orders/{unvetted.pk}/consults-by-phone"
    assert scheduler.post(address, said)[0] == 403
    status, order = technologist.post(address, said)
    assert (status, order["decisions"][0]["physician"]) == (200, "Ada Lund")


def test_the_comparison_names_its_sources(scheduler):
    status, topics = scheduler.get("comparison")
    assert status == 200
    assert {"renal_failure", "contrast_allergy", "pregnancy", "normal_xray", "abnormal_xray"} <= {
        topic["key"] for topic in topics
    }
    assert all(topic["source"] for topic in topics)
