"""A write that is sent twice is done once and answered twice."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from django.test import Client
from rest_framework.authtoken.models import Token

from scheduling.models import Appointment, Order, Patient
from tests import department
from tests.callers import Caller, Clock
from vqflow.models import AuditEvent, IdempotentRequest

STAT = {"name": "Moreno, Eva", "sex": "female", "clinical_question": "PE?", "ward": "ED 4"}


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.fixture
def site(db):
    return department.site(equipped=False)


@pytest.fixture
def order(site):
    return {**STAT, "referrer": department.referrer(site).pk}


@pytest.fixture
def scheduler(site):
    return Caller(department.scheduler(site))


def test_a_repeated_key_is_answered_again_and_not_done_again(scheduler, order):
    first, second = (scheduler.answer("post", "orders/stat", order, key="k-1") for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    for header in ("Content-Type", "Location"):
        assert first[header] == second[header]
    assert ("Idempotency-Replayed" in first, second["Idempotency-Replayed"]) == (False, "true")
    assert (Order.objects.count(), Patient.objects.count()) == (1, 1)
    assert AuditEvent.objects.filter(action="order.placed").count() == 1


def test_without_a_key_every_request_is_done(scheduler, order):
    for _ in range(2):
        assert scheduler.post("orders/stat", order)[0] == 201
    assert Order.objects.count() == 2


@pytest.mark.parametrize("other", ["body", "address"])
def test_a_key_that_comes_back_with_another_request_is_refused(scheduler, order, other):
    scheduler.post("orders/stat", order, key="k-1")
    address, body = ("orders/stat", {**order, "ward": "ED 5"}) if other == "body" else ("orders", order)
    status, refused = scheduler.post(address, body, key="k-1")
    assert (status, refused["detail"]) == (
        422,
        "This idempotency key was used for another request. Send a new key.",
    )
    assert Order.objects.count() == 1


def test_a_refused_request_may_be_sent_again_with_the_same_key(scheduler, order):
    status, _ = scheduler.post("orders/stat", {**order, "ward": ""}, key="k-1")
    assert (status, IdempotentRequest.objects.count()) == (422, 0)
    assert scheduler.post("orders/stat", order, key="k-1")[0] == 201


def test_a_conflict_may_be_tried_again_with_the_same_key(site, scheduler):
    made = department.order(site, vetted=False)
    reason = {"reason": "Went home."}
    Order.objects.filter(pk=made.pk).update(state="scheduled")
    assert scheduler.post(f"orders/{made.pk}/cancel", reason, key="k-1")[0] == 409
    Order.objects.filter(pk=made.pk).update(state="requested")
    assert scheduler.post(f"orders/{made.pk}/cancel", reason, key="k-1")[0] == 200


def test_two_accounts_may_choose_the_same_key(site, scheduler, order):
    other = Caller(department.scheduler(site))
    assert [caller.post("orders/stat", order, key="k-1")[0] for caller in (scheduler, other)] == [201, 201]
    assert Order.objects.count() == 2


@pytest.mark.parametrize("key", ["k" * 81, "kä", "k\x00", "k\tl"])
def test_a_key_that_cannot_be_kept_is_refused(scheduler, order, key):
    status, refused = scheduler.post("orders/stat", order, key=key)
    assert (status, refused["title"], Order.objects.count()) == (422, "Check your input", 0)


def test_a_search_leaves_no_copy_of_its_answer(scheduler):
    assert scheduler.post("patients/search", {"name": "Moreno"}, key="k-1")[0] == 200
    assert not IdempotentRequest.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_duplicate_that_comes_while_the_first_is_running_waits_for_its_answer():
    site = department.site()
    scheduler, order = department.scheduler(site), department.order(site)
    starts = {kind: moment.isoformat() for kind, moment in department.proposal(order).starts.items()}
    token, together = Token.objects.create(user=scheduler).key, Barrier(4)

    def book(_):
        client = Client(headers={"Authorization": f"Token {token}", "Idempotency-Key": "k-1"})
        together.wait(timeout=20)
        try:
            address = f"/api/v1/orders/{order.pk}/appointment"
            answer = client.post(address, json.dumps({"starts": starts}), content_type="application/json")
            return answer.status_code, answer.content
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(book, range(4)))
    assert [status for status, _ in answers] == [201] * 4
    assert len({content for _, content in answers}) == 1
    assert Appointment.objects.count() == 1
