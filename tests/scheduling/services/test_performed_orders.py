"""Every order in which two performed steps of one study can be told: ventilation and perfusion, up to five messages.

What is expected is written down here once more, by itself: the statuses of PS3.7 Annex C and PS3.4 F.7.2, and that
perfusion waits for the end of ventilation whatever the camera says.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from django.db import transaction

from scheduling.models import PerformedMessage, PerformedProcedureStep, StepKind
from scheduling.services import performed
from tests import cameras, department
from tests.cameras import said

pytestmark = pytest.mark.django_db
LONGEST = 5
MINUTE = timedelta(minutes=1)
V, Q = StepKind.VENTILATION, StepKind.PERFUSION
UIDS = {V: "2.25.11", Q: "2.25.22"}
NONE, RUNS, OVER = "absent", "IN PROGRESS", "over"
# What a device says of one of the two; and what is refused wherever it comes, and changes nothing.
TOLD = [(kind, what) for kind in (V, Q) for what in ("create", "goes on", "COMPLETED", "DISCONTINUED")]
REFUSED = {"begins completed": 0x0106, "names no start": 0x0120, "unknown UID": 0x0112}


@dataclass(frozen=True)
class Expected:
    """`told`: what the device has said of each. `steps`: where each step stands here."""

    told: tuple = (NONE, NONE)
    steps: tuple = ("scheduled", "scheduled")

    def after(self, kind, what):
        """(status, Error ID, what is expected from here on)."""
        at = (V, Q).index(kind)
        if what == "create":
            if self.told[at] != NONE:
                return 0x0111, None, self
            return 0x0000, None, self._moved(at, RUNS, what)
        if self.told[at] == NONE:
            return 0x0112, None, self
        if self.told[at] == OVER:
            return 0x0110, 0xA506, self
        return 0x0000, None, self._moved(at, RUNS if what == "goes on" else OVER, what)

    def _moved(self, at, life, what):
        steps = list(self.steps)
        if steps[at] == "scheduled" and (at == 0 or steps[0] in ("completed", "discontinued")):
            steps[at] = "in_progress"
        if steps[at] == "in_progress" and life == OVER:
            steps[at] = what.lower()
        told = (*self.told[:at], life, *self.told[at + 1 :])
        return replace(self, told=told, steps=tuple(steps))


class Device:
    """Says what it is told to, a minute after what it said before."""

    def __init__(self, camera, appointment, at):
        self.camera, self.at = camera, at
        self.steps = {kind: appointment.steps.get(kind=kind) for kind in (V, Q)}

    def say(self, kind, what, sent):
        now = self.at + sent * MINUTE
        if what == "create":
            told = said(self.steps[kind], uid=UIDS[kind], started_at=now)
            return performed.create(self.camera, told, now=now)
        status = "" if what == "goes on" else what
        return performed.change(self.camera, said(uid=UIDS[kind], status=status, ended_at=now), now=now)

    def say_wrong(self, what, sent):
        now = self.at + sent * MINUTE
        if what == "unknown UID":
            return performed.change(self.camera, said(uid="2.25.33", status="COMPLETED"), now=now)
        wrong = (
            {"status": "COMPLETED"}
            if what == "begins completed"
            else {"missing": ("PerformedProcedureStepStartDate",)}
        )
        return performed.create(self.camera, said(self.steps[V], uid="2.25.44", **wrong), now=now)

    def stand(self):
        for step in self.steps.values():
            step.refresh_from_db()
        return tuple(self.steps[kind].state for kind in (V, Q))


@pytest.fixture
def device():
    site = department.site()
    appointment, at = department.ready(department.booked(site))
    return Device(cameras.camera(site), appointment, at)


@pytest.mark.timeout(300)
def test_every_order_has_its_statuses_moves_its_own_step_and_is_kept(device):
    seen = set()
    _walk(device, Expected(), (), seen)
    ends = {"completed", "discontinued"}
    assert {then.steps for then in seen} >= {(one, other) for one in ends for other in ends}


def _walk(device, expected, path, seen):
    """Each order is undone after it was looked at. A message that is refused changes nothing, so none follows it."""
    seen.add(expected)
    if len(path) == LONGEST:
        return
    for what, status in REFUSED.items():
        with _undone():
            assert device.say_wrong(what, len(path)).status == status, (path, what)
            _check(device, expected, (*path, what))
    for kind, what in TOLD:
        with _undone():
            status, error_id, then = expected.after(kind, what)
            answer, order = device.say(kind, what, len(path)), (*path, (str(kind), what))
            assert (answer.status, answer.error_id) == (status, error_id), order
            _check(device, then, order)
            if status == 0:
                _walk(device, then, order, seen)


def _check(device, expected, order):
    assert device.stand() == expected.steps, order
    assert PerformedMessage.objects.count() == len(order), order
    kept = dict(PerformedProcedureStep.objects.values_list("sop_instance_uid", "status"))
    begun = {uid for uid, life in zip(UIDS.values(), expected.told, strict=True) if life != NONE}
    assert kept.keys() == begun, order


class _undone:
    """What happens within is rolled back, and nothing else is."""

    def __enter__(self):
        self.block = transaction.atomic()
        self.block.__enter__()

    def __exit__(self, *error):
        if error[0] is None:
            transaction.set_rollback(True)
        return self.block.__exit__(*error)
