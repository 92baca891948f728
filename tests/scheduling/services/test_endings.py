"""Examinations that end otherwise than planned, and late corrections: what is kept, who is told, what is taken back."""

from datetime import timedelta

import pytest

from scheduling.models import Appointment, Correction, HandOver, PhaseRecord, Problem, Reservation, Task
from scheduling.services import problems, visits
from scheduling.services.examination import arrivals, corrections, deviations, endings, phases, pictures
from tests import department
from tests.scheduling.services.examination import HOUR, MINUTE, SECOND, refused, states, step, with_phases
from vqflow.errors import Conflict, Invalid, NotAllowed, NotFound

pytestmark = pytest.mark.django_db

PLANNED = ("scheduled", "arrived", "completed", "scheduled", "scheduled")


@pytest.fixture
def ready(appointment, technologist):
    appointment, _ = department.ready(with_phases(appointment), by=technologist)
    return appointment


@pytest.fixture
def ventilating(ready, technologist, lungs_at):
    phases.begin(ready, "inhalation", by=technologist, now=lungs_at)
    return ready


@pytest.fixture
def later(technologist, lungs_at):
    return {"by": technologist, "now": lungs_at + 10 * MINUTE}


def open_tasks(appointment):
    return list(
        Task.objects.filter(order=appointment.procedure.order, closed_at=None).values_list("about", flat=True)
    )


# Complete as limited


def test_before_any_tracer_there_is_nothing_to_complete(ready, later):
    sentence = refused(endings.complete_as_limited, ready, reason="Tired.", **later)
    assert sentence == "Nothing has been given yet. Cancel the appointment instead."


def test_complete_as_limited_ends_everything_and_tells_the_reader(ventilating, later, technologist):
    endings.complete_as_limited(ventilating, reason="The camera stopped.", **later)
    assert states(ventilating) == ("performed", "fulfilled", "completed", "completed", "cancelled")
    given = HandOver.objects.get(appointment=ventilating)
    assert (given.limited, given.handed_by) == ("The camera stopped.", technologist)
    task = Task.objects.get(order=ventilating.procedure.order, about=endings.ABOUT)
    assert task.sentence == "Complete as limited: The camera stopped. Read what there is."
    assert PhaseRecord.objects.standing().filter(ended_at=None).count() == 0
    freed = Reservation.objects.filter(step=step(ventilating, "perfusion"))
    assert {row.status for row in freed} == {"released"}


@pytest.mark.parametrize("reason", problems.engine.WORDS)
def test_no_open_problem_keeps_it_from_being_completed(reason, ventilating, later):
    problems.report(ventilating, reason=reason, note="Waits.", **later)
    endings.complete_as_limited(ventilating, reason="The patient could not go on.", **later)
    assert states(ventilating)[1] == "fulfilled"


def test_undo_leads_back_to_the_moment_before(ventilating, later, technologist):
    before = states(ventilating), running(ventilating)
    endings.complete_as_limited(ventilating, reason="The patient moved.", **later)
    assert refused(visits.undo, step(ventilating, "ventilation"), **later) == (
        "This examination is complete as limited. Take that back first."
    )
    endings.undo(ventilating, by=technologist, now=later["now"] + MINUTE)
    assert (states(ventilating), running(ventilating)) == before
    assert not HandOver.objects.filter(appointment=ventilating).exists()
    assert endings.ABOUT not in open_tasks(ventilating)
    booked = Reservation.objects.filter(step=step(ventilating, "perfusion"), status="booked")
    assert booked.exists()
    assert refused(endings.undo, ventilating, **later) == "There is no ending to take back."


def test_what_was_left_out_before_for_the_same_reason_stays_left_out(ready, technologist, lungs_at):
    said = {"reason": "The patient moved.", "by": technologist}
    phases.begin(ready, "inhalation", by=technologist, now=lungs_at)
    visits.end(step(ready, "ventilation"), by=technologist, now=lungs_at + MINUTE)
    visits.leave_out(step(ready, "perfusion"), **said, now=lungs_at + 2 * MINUTE)
    before = states(ready)
    endings.complete_as_limited(ready, **said, now=lungs_at + 3 * MINUTE)
    endings.undo(ready, by=technologist, now=lungs_at + 4 * MINUTE)
    assert states(ready) == before


def test_undo_still_finds_what_it_ended_after_a_late_correction(ventilating, later, technologist):
    before = running(ventilating)
    endings.complete_as_limited(ventilating, reason="The patient moved.", **later)
    ended, right = step(ventilating, "ventilation"), later["now"] - 2 * MINUTE
    corrections.correct(ventilating, ended, {"performed_end_at": right}, reason="Pressed late.", **later)
    endings.undo(ventilating, by=technologist, now=later["now"] + MINUTE)
    assert (states(ventilating)[3:], running(ventilating)) == (("in_progress", "scheduled"), before)


def test_a_reason_that_sounds_like_leaving_gives_nobody_a_wait(ready, technologist, lungs_at):
    at = lungs_at
    for kind in ("ventilation", "perfusion"):
        at += MINUTE
        visits.start(step(ready, kind), by=technologist, now=at)
        visits.end(step(ready, kind), by=technologist, now=at + SECOND)
    endings.complete_as_limited(ready, reason="The patient left: early.", by=technologist, now=at + MINUTE)
    endings.undo(ready, by=technologist, now=at + 2 * MINUTE)
    assert Appointment.objects.get(pk=ready.pk).awaits_release is False


def running(appointment):
    found = PhaseRecord.objects.standing().filter(appointment=appointment, ended_at=None)
    return list(found.values_list("key", flat=True))


def test_a_finished_examination_can_still_be_called_limited(ready, technologist, lungs_at):
    at = lungs_at
    for kind in ("ventilation", "perfusion"):
        at += MINUTE
        visits.start(step(ready, kind), by=technologist, now=at)
        at += MINUTE
        visits.end(step(ready, kind), by=technologist, now=at)
    done = states(ready)
    HandOver.objects.create(appointment=ready, note="Fine.", handed_at=at, handed_by=technologist)
    endings.complete_as_limited(ready, reason="Too few counts.", by=technologist, now=at + HOUR)
    assert refused(endings.complete_as_limited, ready, reason="Again.", by=technologist, now=at + HOUR) == (
        "This examination is complete as limited already."
    )
    endings.undo(ready, by=technologist, now=at + 2 * HOUR)
    kept = HandOver.objects.get(appointment=ready)
    assert (states(ready), kept.note, kept.limited, kept.handed_at) == (done, "Fine.", "", at)


def test_a_reason_is_needed_and_only_technologists_end(ventilating, later, physician):
    for service in (
        endings.complete_as_limited,
        endings.abort,
        endings.patient_left,
        endings.interrupt,
        endings.ventilation_failed,
    ):
        with pytest.raises(Invalid) as refusal:
            service(ventilating, reason=" ", **later)
        assert refusal.value.fields == {"reason": ["Say why."]}
        with pytest.raises(NotAllowed):
            service(ventilating, reason="Tired.", by=physician, now=later["now"])


# Ventilation failed


def test_ventilation_failed_while_it_ran_and_perfusion_goes_on_alone(ventilating, later):
    endings.ventilation_failed(ventilating, reason="The generator failed.", **later)
    assert states(ventilating)[3:] == ("discontinued", "scheduled")
    change = Correction.objects.get(appointment=ventilating)
    assert (change.label, change.before, change.after, change.reason) == (
        "Protocol",
        "Ventilation then perfusion",
        "Perfusion only",
        "The generator failed.",
    )
    assert deviations.ABOUT in open_tasks(ventilating)
    visits.start(step(ventilating, "perfusion"), **later)


def test_the_first_start_after_ventilation_failed_is_taken_back_as_if_it_had_not_been(ready, later):
    endings.ventilation_failed(ready, reason="The patient does not tolerate the mask.", **later)
    by, at = later["by"], later["now"]
    visits.start(step(ready, "perfusion"), by=by, now=at + MINUTE)
    visits.undo(step(ready, "perfusion"), by=by, now=at + MINUTE + SECOND)
    found = Appointment.objects.get(pk=ready.pk)
    assert (found.state, found.procedure.order.state) == ("arrived", "scheduled")


def test_ventilation_failed_before_it_began(ready, later):
    endings.ventilation_failed(ready, reason="The patient does not tolerate the mask.", **later)
    assert states(ready) == ("scheduled", "arrived", "completed", "cancelled", "scheduled")
    visits.start(step(ready, "perfusion"), **later)
    assert states(ready)[4] == "in_progress"


def test_a_stopped_ventilation_is_the_same_change_and_says_what_was_acquired(ventilating, later):
    pictures.take(step(ventilating, "ventilation"), "spect", **later)
    visits.discontinue(step(ventilating, "ventilation"), reason="Coughing.", **later)
    assert Correction.objects.get().after == "Perfusion, ventilation in part"
    assert refused(endings.ventilation_failed, ventilating, reason="Again.", **later) == (
        "Perfusion goes on alone already."
    )


def test_undo_of_the_stop_takes_the_change_back_and_keeps_both(ventilating, later):
    endings.ventilation_failed(ventilating, reason="The generator failed.", **later)
    visits.undo(step(ventilating, "ventilation"), **later)
    assert [(row.before, row.after) for row in Correction.objects.all()] == [
        ("Ventilation then perfusion", "Perfusion only"),
        ("Perfusion only", "Ventilation then perfusion"),
    ]
    assert not deviations.is_perfusion_only(ventilating)
    assert deviations.ABOUT not in open_tasks(ventilating)


def test_with_perfusion_begun_ventilation_is_no_longer_what_fails(ventilating, later, technologist):
    visits.end(step(ventilating, "ventilation"), **later)
    after = {"by": technologist, "now": later["now"] + MINUTE}
    visits.start(step(ventilating, "perfusion"), **after)
    sentence = refused(endings.ventilation_failed, ventilating, reason="Bad.", **after)
    assert sentence == "Perfusion has begun already. Leave ventilation out, or stop it, instead."


# Interrupted, aborted, left


def test_an_interruption_stops_the_timers_and_keeps_the_acquisition_open(ventilating, later, technologist):
    endings.interrupt(ventilating, reason="The patient needs a break.", **later)
    assert running(ventilating) == []
    assert states(ventilating)[3] == "in_progress"
    assert Problem.objects.get(appointment=ventilating).note == "The patient needs a break."
    phases.repeat(ventilating, "inhalation", by=technologist, now=later["now"] + MINUTE)
    assert running(ventilating) == ["inhalation"]


def test_an_interruption_has_a_reason_of_its_own_and_is_taken_back(ventilating, later, technologist):
    before = running(ventilating)
    endings.interrupt(ventilating, reason="The patient needs a break.", **later)
    problem = Problem.objects.get(appointment=ventilating, closed_at=None)
    assert (problem.reason, problem.note) == ("interrupted", "The patient needs a break.")
    endings.undo(ventilating, by=technologist, now=later["now"] + MINUTE)
    assert (states(ventilating)[3], running(ventilating)) == ("in_progress", before)
    problem.refresh_from_db()
    assert problem.outcome == problems.BY_MISTAKE
    assert refused(endings.undo, ventilating, **later) == "There is no ending to take back."


def test_an_interruption_is_not_taken_back_once_something_has_begun_again(ventilating, later):
    endings.interrupt(ventilating, reason="The patient needs a break.", **later)
    phases.begin(ventilating, "oxygen", **later)
    assert refused(endings.undo, ventilating, **later) == (
        "Recovery, SpO2 checked: this came after it. Take that back first."
    )


def test_an_interruption_is_not_taken_back_once_its_acquisition_has_ended(ventilating, later):
    endings.interrupt(ventilating, reason="The patient needs a break.", **later)
    visits.end(step(ventilating, "ventilation"), **{**later, "now": later["now"] + MINUTE})
    assert refused(endings.undo, ventilating, **later) == ("Ventilation has ended since. Undo its end first.")


def test_a_second_interruption_is_taken_back_alone(ventilating, later, technologist):
    endings.interrupt(ventilating, reason="The patient needs a break.", **later)
    phases.repeat(ventilating, "inhalation", **later)
    again = {"by": technologist, "now": later["now"] + MINUTE}
    endings.interrupt(ventilating, reason="The camera stopped.", **again)
    endings.undo(ventilating, **again)
    assert running(ventilating) == ["inhalation"]
    assert PhaseRecord.objects.standing().get(appointment=ventilating, take=1).ended_at == later["now"]


def test_nothing_that_stands_still_is_interrupted(ready, later):
    assert refused(endings.interrupt, ready, reason="Fire alarm.", **later) == "Nothing is running."


def test_aborted_before_any_tracer_the_order_is_to_be_booked_again(ready, later):
    endings.abort(ready, reason="The equipment failed.", **later)
    assert states(ready) == ("vetted", "cancelled", "completed", "cancelled", "cancelled")
    assert Appointment.objects.get(pk=ready.pk).ended_reason == "The equipment failed."
    assert not HandOver.objects.exists()


def test_aborted_during_the_xray(appointment, technologist):
    at = appointment.starts_at
    arrivals.check_in(appointment, **department.HERE, by=technologist, now=at)
    visits.start(step(appointment, "xray"), by=technologist, now=at)
    endings.abort(appointment, reason="The patient fainted.", by=technologist, now=at + MINUTE)
    assert states(appointment) == ("vetted", "cancelled", "discontinued", "cancelled", "cancelled")


def test_aborted_after_a_tracer_it_is_partly_done_and_the_reader_is_told(ventilating, later):
    before = states(ventilating)
    endings.abort(ventilating, reason="The patient is unwell.", **later)
    assert states(ventilating) == ("performed", "fulfilled", "completed", "discontinued", "cancelled")
    assert endings.ABOUT in open_tasks(ventilating)
    endings.undo(ventilating, **later)
    assert states(ventilating) == before


def test_who_left_waits_for_nobody(ventilating, later):
    ventilating.site.releases_patients = True
    ventilating.site.save(update_fields=["releases_patients"])
    endings.patient_left(ventilating, reason="The patient went home.", **later)
    left = Appointment.objects.get(pk=ventilating.pk)
    assert (left.state, left.awaits_release) == ("fulfilled", False)
    assert left.hand_over.limited == "The patient left: The patient went home."


def test_who_leaves_while_waiting_for_the_reader_waits_again_after_undo(ready, technologist, lungs_at):
    ready.site.releases_patients = True
    ready.site.save(update_fields=["releases_patients"])
    at = lungs_at
    for kind in ("ventilation", "perfusion"):
        visits.start(step(ready, kind), by=technologist, now=at)
        visits.end(step(ready, kind), by=technologist, now=at + MINUTE)
        at += 2 * MINUTE
    said = {"reason": "The patient went home.", "by": technologist, "now": at}
    endings.patient_left(ready, **said)
    assert not Appointment.objects.get(pk=ready.pk).awaits_release
    assert refused(endings.patient_left, ready, **said) == "This examination is over, and the patient may go."
    endings.undo(ready, by=technologist, now=at + MINUTE)
    assert Appointment.objects.get(pk=ready.pk).awaits_release


def test_the_patient_waits_for_release_where_the_site_asks_for_it(ventilating, later):
    ventilating.site.releases_patients = True
    ventilating.site.save(update_fields=["releases_patients"])
    endings.complete_as_limited(ventilating, reason="The patient moved.", **later)
    assert Appointment.objects.get(pk=ventilating.pk).awaits_release


def test_who_is_not_here_is_not_aborted(appointment, technologist):
    sentence = refused(
        endings.abort, appointment, reason="Ill.", by=technologist, now=appointment.lungs_start_at
    )
    assert sentence == "The patient is not here. Cancel the appointment instead."


# Late corrections


def test_a_corrected_start_keeps_both_values_and_moves_the_inhalation_with_it(ventilating, later, lungs_at):
    ventilation, right = step(ventilating, "ventilation"), lungs_at - 2 * MINUTE
    [made] = corrections.correct(
        ventilating, ventilation, {"performed_start_at": right}, reason="Pressed late.", **later
    )
    assert (made.label, made.before, made.after, made.reason) == (
        "Ventilation: started",
        "8 Mar 2027, 08:25:00",
        "8 Mar 2027, 08:23:00",
        "Pressed late.",
    )
    assert step(ventilating, "ventilation").performed_start_at == right
    assert PhaseRecord.objects.get().started_at == right
    with pytest.raises(Exception, match="Cannot update"):
        Correction.objects.update(reason="Other.")


def test_a_corrected_phase_moves_its_acquisition_with_it(ventilating, later, lungs_at):
    record = PhaseRecord.objects.get()
    right = lungs_at + MINUTE
    corrections.correct(ventilating, record, {"started_at": right}, reason="Clock.", **later)
    assert step(ventilating, "ventilation").performed_start_at == right


def test_an_undo_still_finds_its_phase_after_a_correction(ventilating, later, lungs_at, technologist):
    ventilation = step(ventilating, "ventilation")
    corrections.correct(
        ventilating, ventilation, {"performed_start_at": lungs_at - MINUTE}, reason="Late.", **later
    )
    visits.undo(step(ventilating, "ventilation"), by=technologist, now=later["now"])
    assert PhaseRecord.objects.standing().count() == 0


@pytest.mark.parametrize(
    ("minutes", "sentence"),
    [
        (500, "This time lies in the future. Enter when it happened."),
        (6, "The end lies before the start. Check both times."),
    ],
)
def test_impossible_times_are_refused_and_nothing_is_written(
    minutes, sentence, ventilating, later, lungs_at, technologist
):
    visits.end(step(ventilating, "ventilation"), by=technologist, now=lungs_at + 5 * MINUTE)
    ventilation = step(ventilating, "ventilation")
    wrong = {"performed_start_at": lungs_at + minutes * MINUTE}
    with pytest.raises(Invalid) as refusal:
        corrections.correct(ventilating, ventilation, wrong, reason="Late.", **later)
    assert refusal.value.fields == {"performed_start_at": [sentence]}
    assert not Correction.objects.exists()


def test_what_is_not_recorded_or_not_correctable_is_refused(ventilating, later, lungs_at):
    ventilation = step(ventilating, "ventilation")
    with pytest.raises(Conflict, match="has not been recorded yet"):
        corrections.correct(ventilating, ventilation, {"performed_end_at": lungs_at}, reason="x", **later)
    with pytest.raises(Invalid):
        corrections.correct(ventilating, ventilation, {"state": "completed"}, reason="x", **later)
    same = {"performed_start_at": ventilation.performed_start_at + timedelta(milliseconds=400)}
    with pytest.raises(Invalid, match="recorded already"):
        corrections.correct(ventilating, ventilation, same, reason="x", **later)
    with pytest.raises(NotFound):
        corrections.find(ventilating, "step:0")
    with pytest.raises(NotFound):
        corrections.find(ventilating, "user:1")


def test_a_value_of_another_patient_is_not_found(ventilating, site, later, lungs_at):
    other = department.booked(site)
    with pytest.raises(NotFound):
        corrections.correct(
            other, step(ventilating, "ventilation"), {"performed_start_at": lungs_at}, reason="x", **later
        )


def test_counts_are_whole_numbers(ventilating, later):
    made = pictures.take(step(ventilating, "ventilation"), "spect", counts_k=250, **later)
    for wrong in (2.5, -3):
        with pytest.raises(Invalid):
            corrections.correct(ventilating, made, {"counts_k": wrong}, reason="Typing.", **later)
    corrections.correct(ventilating, made, {"counts_k": 520}, reason="Typing.", **later)
    made.refresh_from_db()
    assert made.counts_k == 520


def test_an_arrival_is_not_corrected_past_the_cleared_dose(ready, later, lungs_at):
    arrival = ready.arrivals.get()
    Appointment.objects.filter(pk=ready.pk).update(dose_cleared_at=lungs_at + MINUTE)
    with pytest.raises(Invalid, match="The dose was cleared before that"):
        corrections.correct(ready, arrival, {"arrived_at": lungs_at + 2 * MINUTE}, reason="Clock.", **later)
    corrections.correct(ready, arrival, {"arrived_at": lungs_at - HOUR}, reason="Clock.", **later)
    assert Appointment.objects.get(pk=ready.pk).arrived_at == lungs_at - HOUR


def test_everything_that_can_be_corrected_is_listed(ventilating):
    labels = [value.label for value in corrections.values(ventilating)]
    assert labels == [
        "Chest X-ray: ended",
        "Ventilation: started",
        "Inhalation, slow deep breaths held 5 s: began",
        "Arrival at the scan: time",
    ]


def test_physicians_do_not_correct_what_others_recorded(ventilating, physician, lungs_at):
    with pytest.raises(NotAllowed):
        corrections.correct(
            ventilating,
            step(ventilating, "ventilation"),
            {"performed_start_at": lungs_at - MINUTE},
            reason="x",
            by=physician,
            now=lungs_at,
        )
