"""Any order of presses in one examination: arrivals, X-ray, small steps, pictures, endings, undo, corrections, time.

Hypothesis looks for a sequence after which one of the invariants does not hold, on real PostgreSQL.
"""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from scheduling import phases as reading
from scheduling.engine.phases import Part
from scheduling.engine.sequence import BEGINS
from scheduling.engine.states import StepState
from scheduling.examinations import examination
from scheduling.models import (
    Administration,
    Appointment,
    Arrival,
    ChestXray,
    HandOver,
    PhaseRecord,
    PictureRecord,
    Reservation,
    StepKind,
)
from scheduling.services import problems, visits
from scheduling.services.doses import measuring
from scheduling.services.examination import arrivals, corrections, endings, phases, pictures, xrays
from tests import department, doses
from tests.scheduling.services.examination import with_phases
from vqflow.errors import DomainError

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]
SEARCH = settings(
    max_examples=8,
    stateful_step_count=25,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
LUNGS = (StepKind.VENTILATION, StepKind.PERFUSION)
kinds = st.sampled_from(LUNGS)
views = st.sampled_from(["ant", "spect"])
# Bare numbers are places in the list of the small steps; the next one is pressed most often.
place = st.one_of(st.just(None), st.integers(0, 30))
WINDOW = ("The chest X-ray ended", "No chest X-ray")


class Examination(RuleBasedStateMachine):
    """One patient, one technologist, and a clock that goes forward with each press."""

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.savepoint()

    @initialize(
        agent=st.sampled_from(["technegas", "dtpa", "xe133", "kr81m"]),
        stage=st.sampled_from(["booked", "cleared", "begun", "begun"]),
        records_doses=st.booleans(),
    )
    def open(self, agent, stage, records_doses):
        site = department.site("machine")
        site.releases_patients, site.records_doses = True, records_doses
        site.save(update_fields=["releases_patients", "records_doses"])
        self.records_doses = records_doses
        self.by = department.technologist(site)
        booked = department.booked(site)
        together = agent == "kr81m"
        with_phases(booked, agent, ["ventilation"] if together else LUNGS)
        booked.steps.filter(kind=StepKind.PERFUSION).update(simultaneous=together)
        self.pk, self.now = booked.pk, booked.starts_at
        doses.needed(site)  # of the perfusion tracer only: booked without a claim, measured from any kit
        self.kit = doses.batch(site, starts_at=booked.starts_at - HOUR)
        if stage != "booked":
            department.ready(booked, by=self.by)
            self.now = booked.lungs_start_at
        if stage == "begun":
            if (
                together and records_doses
            ):  # both acquisitions begin at once, and with them the perfusion dose
                doses.measured(self.step(StepKind.PERFUSION), self.kit, by=self.by, now=self.now)
            visits.start(self.step(StepKind.VENTILATION), **self.args())

    def teardown(self):
        transaction.savepoint_rollback(self.savepoint)

    # What is there

    @property
    def appointment(self):
        return Appointment.objects.select_related("site", "procedure__order").get(pk=self.pk)

    def step(self, kind):
        return self.appointment.steps.get(kind=kind)

    def key(self, at):
        lines = reading.plan(self.appointment)
        upcoming = reading.next_line(lines)
        line = upcoming if at is None and upcoming else lines[(at or 0) % len(lines)]
        return line.phase.key

    def everything(self):
        found = self.appointment
        of_steps = {"step__appointment": self.pk}
        taken = Reservation.objects.occupying().filter(**of_steps).exclude(step__kind=StepKind.XRAY)
        given = HandOver.objects.filter(appointment=self.pk)
        return {
            "visit": (found.state, found.arrived_at, found.dose_cleared_at, found.awaits_release),
            "order": found.procedure.order.state,
            "steps": list(
                found.steps.values_list(
                    "kind", "state", "performed_start_at", "performed_end_at", "discontinued_reason"
                )
            ),
            "phases": sorted(
                PhaseRecord.objects.standing()
                .filter(appointment=self.pk)
                .values_list("key", "take", "started_at", "ended_at", "skipped_reason"),
                key=str,
            ),
            "pictures": sorted(
                PictureRecord.objects.standing()
                .filter(**of_steps)
                .values_list("step", "view", "take", "outcome")
            ),
            "arrivals": sorted(
                Arrival.objects.standing().filter(appointment=self.pk).values_list("arrived_at", "at")
            ),
            "doses": sorted(
                Administration.objects.standing()
                .filter(**of_steps)
                .values_list("step__kind", "measured_at", "given_at", "administered_mbq"),
                key=str,
            ),
            "xrays": list(ChestXray.objects.standing().filter(**of_steps).values_list("views")),
            "given": list(given.values_list("limited", "handed_at")),
            "time": sorted(taken.values_list("resource", "start_minute", "end_minute")),
        }

    # How it is pressed

    def press(self, deed, take_back=None):
        """Do it a second later; a refusal leaves everything as it was. With `take_back`, undo it at once."""
        self.now += SECOND
        before = self.everything()
        try:
            with transaction.atomic():
                deed()
        except DomainError as refusal:
            judged = refusal.sentence.startswith(WINDOW)
        else:
            judged = None
        if judged is not None:
            assert self.everything() == before
            assert not (judged and self.begun(before))
            return
        self.starts_are_right(before, self.everything())
        if take_back:
            self.now += SECOND
            take_back()
            assert self.everything() == before

    def begun(self, seen):
        return any(kind in LUNGS and start for kind, _, start, *_ in seen["steps"])

    def starts_are_right(self, before, after):
        """Whatever started now was cleared, and the window was judged at the first start only."""
        was = {kind: state for kind, state, *_ in before["steps"]}
        started = [
            kind
            for kind, state, *_ in after["steps"]
            if kind in LUNGS and (was[kind], state) == (StepState.SCHEDULED, StepState.IN_PROGRESS)
        ]
        if not started:
            return
        _, arrived_at, cleared_at, _ = before["visit"]
        assert cleared_at is not None
        assert cleared_at >= arrived_at
        assert "scan" in {at for _, at in before["arrivals"]}
        if self.records_doses and StepKind.PERFUSION in started:
            assert [kind for kind, _, given_at, _ in before["doses"] if given_at is None] == ["perfusion"]
        if not self.begun(before):
            ended_at = next(end for kind, _, _, end, _ in before["steps"] if kind == StepKind.XRAY)
            assert HOUR <= self.now - ended_at <= 24 * HOUR

    def args(self, **more):
        return {"by": self.by, "now": self.now, **more}

    def both(self, is_back, undo):
        return (lambda: undo(**self.args())) if is_back else None

    # The presses

    @rule(minutes=st.sampled_from([1, 20, 70, 70, 400, 1500]))
    def wait(self, minutes):
        self.now += timedelta(minutes=minutes)

    @rule(at=st.sampled_from([None, None, "xray", "scan"]), back=st.booleans())
    def check_in(self, at, back):
        said = {**department.HERE, "at": at}
        self.press(
            lambda: arrivals.check_in(self.appointment, **self.args(**said)),
            self.both(back, lambda **how: arrivals.undo_check_in(self.appointment, **how)),
        )

    @rule()
    def undo_check_in(self):
        self.press(lambda: arrivals.undo_check_in(self.appointment, **self.args()))

    @rule(ago=st.sampled_from([0, 30, 70, 70, 1300]), back=st.booleans())
    def xray(self, ago, back):
        ended_at = self.now - timedelta(minutes=ago)
        self.press(
            lambda: xrays.record(self.appointment, **self.args(ended_at=ended_at, views=["pa", "lateral"])),
            self.both(back, lambda **how: visits.undo(self.step(StepKind.XRAY), **how)),
        )

    @rule(back=st.booleans())
    def clear(self, back):
        self.press(
            lambda: visits.clear_dose(self.appointment, **self.args()),
            self.both(
                back and self.appointment.state == "arrived",
                lambda **how: visits.undo_clear_dose(self.appointment, **how),
            ),
        )

    @rule(kind=kinds, back=st.booleans())
    def start(self, kind, back):
        self.on_step(visits.start, kind, back)

    @rule(kind=kinds, back=st.booleans())
    def end(self, kind, back):
        self.on_step(visits.end, kind, back)

    @rule(kind=kinds, back=st.booleans(), service=st.sampled_from([visits.discontinue, visits.leave_out]))
    def stop(self, kind, back, service):
        self.on_step(service, kind, back, reason="The patient refused.")

    def on_step(self, service, kind, back, **said):
        self.press(
            lambda: service(self.step(kind), **self.args(**said)),
            self.both(back, lambda **how: visits.undo(self.step(kind), **how)),
        )

    @rule(kind=st.sampled_from(StepKind.values))
    def undo(self, kind):
        self.press(lambda: visits.undo(self.step(kind), **self.args()))

    @rule(at=place, end_running=st.booleans(), back=st.booleans())
    def begin_phase(self, at, end_running, back):
        self.on_phase(phases.begin, at, back, end_running=end_running)

    @rule(at=place, back=st.booleans())
    def repeat_phase(self, at, back):
        self.on_phase(phases.repeat, at, back)

    @rule(at=place, back=st.booleans())
    def skip_phase(self, at, back):
        self.on_phase(phases.skip, at, back, reason="Not needed.")

    @rule(back=st.booleans())
    def end_phase(self, back):
        running = reading.running(reading.plan(self.appointment))
        if running:
            self.with_key(phases.end, running[-1].phase.key, back)

    @rule(at=place)
    def undo_phase(self, at):
        self.on_phase(phases.undo, at, False)

    def on_phase(self, service, at, back, **said):
        self.with_key(service, self.key(at), back, **said)

    def with_key(self, service, key, back, **said):
        self.press(
            lambda: service(self.appointment, key, **self.args(**said)),
            self.both(back, lambda **how: phases.undo(self.appointment, key, **how)),
        )

    @rule(
        kind=kinds,
        view=views,
        outcome=st.sampled_from(["accepted", "repeated", "skipped"]),
        back=st.booleans(),
    )
    def take(self, kind, view, outcome, back):
        made = []

        def deed():
            made.append(
                pictures.take(
                    self.step(kind), view, **self.args(outcome=outcome, reason="The patient moved.")
                )
            )

        self.press(deed, self.both(back, lambda **how: pictures.undo(made[0], **how)))

    @rule(back=st.booleans())
    def measure(self, back):
        made = []

        def deed():
            made.append(doses.measured(self.step(StepKind.PERFUSION), self.kit, **self.args()))

        self.press(deed, self.both(back, lambda **how: measuring.undo(made[0], **how)))

    @rule(ending=st.sampled_from([endings.complete_as_limited, endings.abort, endings.patient_left]))
    def end_early_and_go_on(self, ending):
        """Only once a tracer was given: an appointment that is cancelled stays so."""
        if self.begun(self.everything()):
            self.press(
                lambda: ending(self.appointment, **self.args(reason="The camera stopped.")),
                self.both(True, lambda **how: endings.undo(self.appointment, **how)),
            )

    @rule(
        ending=st.sampled_from([endings.complete_as_limited, endings.interrupt, endings.ventilation_failed])
    )
    def end_otherwise(self, ending):
        self.press(lambda: ending(self.appointment, **self.args(reason="The camera stopped.")))

    @rule()
    def undo_ending(self):
        self.press(lambda: endings.undo(self.appointment, **self.args()))

    @rule()
    def solve(self):
        for problem in self.appointment.problems.open():
            problems.close(problem, **self.args(outcome="Solved."))

    @rule(at=st.integers(0, 40), minutes=st.integers(-30, 5))
    def correct(self, at, minutes):
        found = [value for value in corrections.values(self.appointment) if value.is_time]
        if not found:
            return
        value = found[at % len(found)]
        if value.subject.startswith("step"):
            return  # the window is judged on the times as they were at the start
        changes = {value.field: value.raw + timedelta(minutes=minutes)}
        row = corrections.find(self.appointment, value.subject)
        self.press(
            lambda: corrections.correct(self.appointment, row, changes, **self.args(reason="Pressed late."))
        )

    # What always holds

    @precondition(lambda self: hasattr(self, "pk"))
    @invariant()
    def one_phase_runs_in_each_part(self):
        lines = reading.running(reading.plan(self.appointment))
        for part in Part:
            assert sum(line.phase.part == part for line in lines) <= 1

    @precondition(lambda self: hasattr(self, "pk"))
    @invariant()
    def the_small_steps_agree_with_their_acquisition(self):
        for line in reading.plan(self.appointment):
            if line.step is None or line.phase.role not in BEGINS or line.record is None:
                continue
            begun = any(record.started_at for record in line.takes)
            assert begun == (line.step.performed_start_at is not None)

    @precondition(lambda self: hasattr(self, "pk"))
    @invariant()
    def after_a_tracer_there_is_always_a_way_out(self):
        seen = self.everything()
        if not self.begun(seen) or any(limited for limited, _ in seen["given"]):
            return
        mark = transaction.savepoint()
        endings.complete_as_limited(self.appointment, **self.args(reason="The camera stopped."))
        assert self.appointment.state == "fulfilled"
        transaction.savepoint_rollback(mark)

    @precondition(lambda self: hasattr(self, "pk"))
    @invariant()
    def nothing_goes_on_in_a_visit_that_is_over(self):
        states = {state for _, state, *_ in self.everything()["steps"]}
        if self.appointment.state == "fulfilled":
            assert states <= {"completed", "discontinued", "cancelled"}

    @precondition(lambda self: hasattr(self, "pk"))
    @invariant()
    def the_button_and_the_refusal_are_one_sentence(self):
        appointment = self.appointment
        facts, lines = examination(appointment, self.now), reading.plan(appointment)
        line = reading.next_line(lines)
        if line is None or appointment.state == "booked":
            return
        mark = transaction.savepoint()
        try:
            phases.begin(appointment, line.phase.key, **self.args())
            said = None
        except DomainError as refusal:
            said = refusal.sentence
        transaction.savepoint_rollback(mark)
        assert said == reading.why_not_begin(line, lines, facts)


def test_any_order_of_presses_keeps_the_examination_in_order():
    run_state_machine_as_test(Examination, settings=SEARCH)
