"""The suggested protocol at work: what an order starts with, what a physician has to explain, stale answers."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from scheduling.models import Decision, Protocol
from scheduling.services import protocols, screening, vetting
from tests import department
from tests.department import NOW, SAFE_ANSWERS
from vqflow.errors import Conflict, Invalid
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=5)
ISOLATED = SAFE_ANSWERS | {"respiratory_isolation": "yes"}


@pytest.fixture
def site():
    made = department.site(equipped=False)
    Protocol.objects.filter(site=made).delete()
    protocols.install(made)
    return made


@pytest.fixture
def scheduler(site):
    return department.scheduler(site)


@pytest.fixture
def physician(site):
    return department.attending(site)


def an_order(site, by, **fields):
    return department.order(site, by=by, vetted=False, **fields)


def test_an_order_starts_with_the_protocol_that_its_answers_speak_for(site, scheduler):
    woman = department.patient(site, by=scheduler, sex="female", born_on=date(1995, 1, 1))
    order = an_order(site, scheduler, of=woman, answers=SAFE_ANSWERS | {"pregnancy": "yes"})
    assert (order.procedure.protocol.key, order.procedure.protocol.agent) == ("Q_FIRST_V_IF_ABNORMAL", "dtpa")
    event = AuditEvent.objects.get(action="order.protocol_suggested")
    assert event.data == {"protocol": "Perfusion first, ventilation if abnormal, Tc-99m DTPA aerosol"}


def test_a_later_answer_changes_the_protocol_until_the_order_is_vetted(site, scheduler, physician):
    order = an_order(site, scheduler)
    assert order.procedure.protocol.key == "V_THEN_Q"
    screening.answer(order, {"respiratory_isolation": "yes"}, by=scheduler, now=LATER)
    assert order.procedure.protocol.key == "Q_ONLY"
    vetting.vet(order, protocol=order.procedure.protocol, by=physician, now=LATER)
    screening.answer(order, {"respiratory_isolation": "no"}, by=scheduler, now=LATER)
    order.procedure.refresh_from_db()
    assert order.procedure.protocol.key == "Q_ONLY"


def test_only_bookable_protocols_in_use_are_offered(site, scheduler, physician):
    order = an_order(site, scheduler, answers=ISOLATED)
    split = site.protocols.get(key="QUANT_DIFFERENTIAL", agent="")
    with pytest.raises(Invalid) as refusal:
        vetting.vet(order, protocol=split, by=physician, now=NOW, reason="Surgery")
    assert refusal.value.fields == {"protocol": ["This protocol cannot be booked yet. Choose another."]}
    Protocol.objects.filter(site=site, key="Q_ONLY").update(is_active=False)
    assert protocols.suggested(order, now=NOW).protocol.key == "V_THEN_Q"
    Protocol.objects.filter(site=site).update(is_bookable=False)
    assert protocols.suggested(order, now=NOW) is None


def test_another_protocol_needs_a_reason_which_is_kept(site, scheduler, physician):
    order = an_order(site, scheduler, answers=ISOLATED)
    usual = site.protocols.get(key="V_THEN_Q", agent="technegas")
    with pytest.raises(Invalid) as refusal:
        vetting.vet(order, protocol=usual, by=physician, now=NOW, reason="  ")
    sentence = "“Perfusion only” is suggested. Say why another protocol is chosen."
    assert refusal.value.fields == {"reason": [sentence]}
    assert order.decisions.count() == 0
    order.procedure.refresh_from_db()
    assert order.procedure.protocol.key == "Q_ONLY"
    decision = vetting.vet(order, protocol=usual, by=physician, now=NOW, reason="Local protection plan")
    assert (decision.protocol, decision.suggested.key, decision.deviation) == (
        usual,
        "Q_ONLY",
        "Local protection plan",
    )


def test_a_reason_for_the_suggested_protocol_is_not_kept(site, scheduler, physician):
    order = an_order(site, scheduler)
    decision = vetting.vet(
        order, protocol=order.procedure.protocol, by=physician, now=NOW, reason="Out of habit"
    )
    assert (decision.suggested, decision.deviation) == (order.procedure.protocol, "")


def test_the_database_refuses_another_protocol_without_a_reason(site, scheduler, physician):
    order = an_order(site, scheduler)
    usual, other = site.protocols.order_by("pk")[:2]
    with pytest.raises(IntegrityError, match="decision_deviation_has_reason"), transaction.atomic():
        Decision.objects.create(
            order=order,
            kind=Decision.Kind.VETTING,
            reason="x",
            protocol=other,
            suggested=usual,
            physician=physician,
            recorded_by=physician,
            decided_at=NOW,
        )


def test_an_order_whose_answers_changed_on_the_way_is_not_vetted(site, scheduler, physician):
    order = an_order(site, scheduler)
    screening.answer(order, {"pulmonary_hypertension": "severe"}, by=scheduler, now=LATER)
    with pytest.raises(Conflict) as refusal:
        vetting.vet(order, protocol=order.procedure.protocol, by=physician, now=LATER, read_at=NOW)
    assert "has just answered “Is pulmonary hypertension known?” otherwise." in refusal.value.sentence
    assert order.decisions.count() == 0
    vetting.vet(order, protocol=order.procedure.protocol, by=physician, now=LATER, read_at=LATER)
