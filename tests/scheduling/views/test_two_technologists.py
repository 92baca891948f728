"""Two technologists press the same button of the same row at once: one does it, the other is told."""

import threading

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from scheduling.models import Problem, StepKind
from tests import department

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ready(site, monkeypatch):
    """A patient whose ventilation can start, at the time of that start."""
    appointment, at = department.ready(department.booked(site))
    monkeypatch.setattr(timezone, "now", lambda: at)
    return appointment


def pressed_at_once(site, address, fields):
    """[(status, page)] of one press by each of two people, released together."""
    people = [department.technologist(site) for _ in range(2)]
    clients = [Client() for _ in people]
    for client, person in zip(clients, people, strict=True):
        client.force_login(person)
    barrier, answers = threading.Barrier(len(clients)), []

    def press(client):
        barrier.wait()
        try:
            answer = client.post(address, fields)
            answers.append((answer.status_code, answer.content.decode()))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers)


def test_acquisition_starts_once_and_the_slower_one_reads_why(site, ready):
    step = ready.steps.get(kind=StepKind.VENTILATION)
    (done, _), (refused, page) = pressed_at_once(site, f"/steps/{step.pk}/start/", {})
    assert (done, refused) == (302, 409)
    assert "Ventilation has already started." in page
    step.refresh_from_db()
    assert step.state == "in_progress"


def test_problem_is_reported_once(site, ready):
    address = f"/appointments/{ready.pk}/problem/"
    (done, _), (refused, page) = pressed_at_once(site, address, {"reason": "no_iv"})
    assert (done, refused) == (302, 409)
    assert "No IV access is reported already" in page
    assert Problem.objects.count() == 1


def test_problem_is_closed_once(site, ready):
    made = Problem.objects.create(
        appointment=ready,
        reason="no_iv",
        due_at=timezone.now(),
        opened_at=timezone.now(),
        opened_by=department.technologist(site),
    )
    (done, _), (refused, page) = pressed_at_once(site, f"/problems/{made.pk}/close/", {"outcome": "Done."})
    assert (done, refused) == (302, 409)
    assert "has closed this problem already" in page
