"""Any order of presses, and of what a camera says between them: ventilation's messages never move perfusion, what a
person has ended stays, and nothing that was said is lost."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test
from pydicom.uid import generate_uid

from scheduling.engine.states import StepState
from scheduling.models import ApplicationEntity, Appointment, PerformedMessage, StepKind
from scheduling.services import performed
from tests import cameras
from tests.cameras import said
from tests.scheduling.services.test_examination_machine import SEARCH, SECOND, Examination

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]
OVER = {StepState.COMPLETED, StepState.DISCONTINUED, StepState.CANCELLED}
UNKNOWN = "2.25.404"
SAID = ["create", "create", "IN PROGRESS", "COMPLETED", "COMPLETED", "DISCONTINUED"]


class AtACamera(Examination):
    """The same patient under a camera on the network."""

    def __init__(self):
        super().__init__()
        self.uids = {}

    @precondition(lambda self: hasattr(self, "pk"))
    @rule(kind=st.sampled_from([StepKind.VENTILATION, StepKind.PERFUSION]), what=st.sampled_from(SAID))
    def camera_says(self, kind, what):
        self.now += SECOND
        before, kept = self.everything(), PerformedMessage.objects.count()
        answer = self.told(kind, what)
        after = self.everything()
        assert PerformedMessage.objects.count() == kept + 1
        if answer.status:
            assert after == before
        self.starts_are_right(before, after)
        self.moved_are_its_own(kind, before["steps"], after["steps"])

    def told(self, kind, what):
        camera = ApplicationEntity.objects.filter(title="CAMERA1").first() or cameras.camera(self.site)
        if what == "create":
            uid = self.uids[kind] = str(generate_uid(prefix=None))
            return performed.create(camera, said(self.step(kind), uid=uid, started_at=self.now), now=self.now)
        told = said(uid=self.uids.get(kind, UNKNOWN), status=what, ended_at=self.now)
        return performed.change(camera, told, now=self.now)

    @property
    def site(self):
        return Appointment.objects.select_related("site").get(pk=self.pk).site

    def moved_are_its_own(self, kind, before, after):
        together = self.step(StepKind.PERFUSION).simultaneous
        for was, now in zip(before, after, strict=True):
            assert was[0] == now[0]
            if was[1] in OVER or (was[0] != kind and not together):
                assert was == now


def test_a_camera_and_people_keep_the_examination_in_order():
    run_state_machine_as_test(AtACamera, settings=settings(SEARCH, stateful_step_count=30))
