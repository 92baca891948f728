"""The small steps and the pictures: one press after the other, in step with the acquisitions, and taken back."""

import pytest

from scheduling import phases as reading
from scheduling.engine.sequence import State
from scheduling.examinations import examination
from scheduling.models import Appointment, PhaseRecord, PictureRecord
from scheduling.services import visits
from scheduling.services.examination import endings, phases, pictures
from tests import department
from tests.scheduling.services.examination import MINUTE, refused, states, step, with_phases
from vqflow.errors import Invalid, NotFound

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready(appointment, technologist):
    appointment, _ = department.ready(with_phases(appointment), by=technologist)
    return appointment


def stored(appointment):
    return Appointment.objects.get(pk=appointment.pk)


def shown(appointment):
    """{key: state} of everything that is not waiting."""
    lines = reading.plan(stored(appointment))
    return {line.phase.key: str(line.state) for line in lines if line.state != State.WAITING}


def press(appointment, technologist, at):
    """A press each minute: (service, key, ...)."""

    def then(service, *about, **more):
        nonlocal at
        at += MINUTE
        return service(appointment, *about, by=technologist, now=at, **more)

    return then


@pytest.fixture
def then(ready, technologist, lungs_at):
    return press(ready, technologist, lungs_at)


def test_a_whole_examination_in_small_steps(ready, then):
    keys = [line.phase.key for line in reading.plan(ready)]
    for key in keys:
        assert reading.next_line(reading.plan(stored(ready))).phase.key == key
        then(phases.begin, key)
        then(phases.end, key)
    assert set(shown(ready).values()) == {"done"}
    assert states(ready) == ("performed", "fulfilled", "completed", "completed", "completed")
    assert reading.next_line(reading.plan(stored(ready))) is None


def test_the_inhalation_starts_ventilation_and_the_pictures_end_it(ready, then):
    begun = then(phases.begin, "inhalation")
    ventilation = step(ready, "ventilation")
    assert (ventilation.state, ventilation.performed_start_at) == ("in_progress", begun.started_at)
    then(phases.end, "inhalation")
    assert step(ready, "ventilation").state == "in_progress"
    then(phases.begin, "v_pictures")
    ended = then(phases.end, "v_pictures")
    ventilation = step(ready, "ventilation")
    assert (ventilation.state, ventilation.performed_end_at) == ("completed", ended.ended_at)


def test_the_worklists_buttons_and_the_small_steps_give_one_record(ready, technologist, lungs_at):
    visits.start(step(ready, "ventilation"), by=technologist, now=lungs_at)
    assert shown(ready) == {"inhalation": "running"}
    visits.end(step(ready, "ventilation"), by=technologist, now=lungs_at + MINUTE)
    assert shown(ready) == {"inhalation": "done"}
    visits.undo(step(ready, "ventilation"), by=technologist, now=lungs_at + 2 * MINUTE)
    assert shown(ready) == {"inhalation": "running"}
    visits.undo(step(ready, "ventilation"), by=technologist, now=lungs_at + 2 * MINUTE)
    assert shown(ready) == {}
    assert PhaseRecord.objects.get().void_reason == "The start was taken back."


def test_no_dose_is_measured_before_it_is_cleared(ready, technologist, then):
    visits.undo_clear_dose(ready, by=technologist, now=ready.lungs_start_at)
    assert refused(then, phases.begin, "v_dose") == "Clear the dose first."
    assert refused(then, phases.begin, "inhalation") == "Clear the dose first."
    then(phases.begin, "mask")  # nothing radioactive


def test_nothing_begins_before_check_in(appointment, technologist, lungs_at):
    then = press(with_phases(appointment), technologist, lungs_at)
    assert refused(then, phases.begin, "gown") == "Check the patient in first."


def test_pictures_do_not_come_before_the_inhalation(then):
    assert refused(then, phases.begin, "v_pictures") == "Ventilation has not started."
    assert refused(then, phases.begin, "injection") == "Ventilation comes first; it has not ended."


def test_one_phase_runs_in_each_part_and_the_next_dose_may_be_measured_meanwhile(ready, then):
    then(phases.begin, "inhalation")
    then(phases.end, "inhalation")
    then(phases.begin, "v_pictures")
    assert refused(then, phases.begin, "oxygen") == "Ventilation SPECT: this is still running. End it first."
    then(phases.begin, "q_dose")
    assert [line.phase.key for line in reading.running(reading.plan(stored(ready)))] == [
        "v_pictures",
        "q_dose",
    ]


def test_one_press_ends_what_runs_and_begins_the_next_and_one_undo_takes_both_back(ready, then):
    then(phases.begin, "gown")
    then(phases.begin, "iv", end_running=True)
    assert shown(ready) == {"gown": "done", "iv": "running"}
    then(phases.undo, "iv")
    assert shown(ready) == {"gown": "running"}


def test_one_press_from_the_last_picture_to_the_changeover_is_taken_back_as_one(ready, then):
    for key in ("inhalation", "v_pictures", "changeover"):
        then(phases.begin, key, end_running=True)
    assert states(ready)[3] == "completed"
    then(phases.undo, "changeover")
    assert states(ready)[3] == "in_progress"
    assert shown(ready) == {"inhalation": "done", "v_pictures": "running"}


def test_skipped_with_a_reason_and_begun_after_all(ready, then):
    with pytest.raises(Invalid):
        then(phases.skip, "gown", reason=" ")
    then(phases.skip, "gown", reason="Nothing metal on.")
    assert shown(ready) == {"gown": "skipped"}
    then(phases.begin, "gown")
    assert shown(ready) == {"gown": "running"}
    then(phases.undo, "gown")
    then(phases.undo, "gown")
    assert shown(ready) == {}


def test_the_acquisition_itself_is_not_skipped(ready, then):
    sentence = refused(then, phases.skip, "inhalation", reason="No.")
    assert sentence == "Ventilation begins with this. Leave the acquisition out instead."
    then(phases.begin, "inhalation")
    then(phases.end, "inhalation")
    sentence = refused(then, phases.skip, "v_pictures", reason="No.")
    assert sentence == "Ventilation ends with this. Stop the acquisition instead."


def test_repeated_as_a_new_take_and_the_first_stays(ready, then):
    then(phases.begin, "inhalation")
    assert refused(then, phases.repeat, "mask") == (
        "Mouthpiece or mask fits; breathing practised: this has not been done yet. Begin it."
    )
    then(phases.end, "inhalation")
    assert refused(then, phases.begin, "inhalation") == (
        "Inhalation, slow deep breaths held 5 s: this is done already. Repeat it if it has to be done again."
    )
    assert then(phases.repeat, "inhalation").take == 2
    assert [record.take for record in PhaseRecord.objects.order_by("pk")] == [1, 2]
    assert step(ready, "ventilation").state == "in_progress"


def test_within_a_part_the_newest_press_is_taken_back_first(then):
    then(phases.begin, "gown")
    then(phases.begin, "iv", end_running=True)
    sentence = refused(then, phases.undo, "gown")
    assert sentence == "IV access, 23 G or larger: this came after it. Take that back first."


def test_a_phase_of_another_protocol_does_not_exist(then):
    with pytest.raises(NotFound):
        then(phases.begin, "wash_in")


def test_the_sentence_on_the_disabled_button_is_the_refusal(ready, then, technologist):
    lines, facts = reading.plan(ready), examination(ready, ready.lungs_start_at)
    for line in lines:
        sentence = reading.why_not_begin(line, lines, facts)
        if sentence:
            assert refused(then, phases.begin, line.phase.key) == sentence


def test_what_falls_away_with_its_acquisition_is_not_done(ready, then):
    then(phases.begin, "inhalation")
    then(endings.ventilation_failed, reason="Coughing.")
    assert shown(ready)["v_pictures"] == "dropped"
    assert refused(then, phases.begin, "v_pictures") == (
        "Ventilation SPECT: this is not done any more, because its acquisition falls away."
    )
    assert reading.next_line(reading.plan(stored(ready))).phase.key == "changeover"


# Pictures


@pytest.fixture
def imaging(ready, technologist, lungs_at):
    visits.start(step(ready, "ventilation"), by=technologist, now=lungs_at)
    return step(ready, "ventilation")


def taken(imaging, technologist, at, view="spect", **more):
    return pictures.take(imaging, view, by=technologist, now=at, **more)


def test_a_picture_is_accepted_once(imaging, technologist, lungs_at):
    made = taken(imaging, technologist, lungs_at, counts_k=250, seconds=600)
    assert (made.outcome, made.take, made.is_extra, made.counts_k) == ("accepted", 1, False, 250)
    sentence = refused(taken, imaging, technologist, lungs_at)
    assert sentence == ("SPECT: there is an accepted picture. Reject it first, if it has to be taken again.")


def test_repeated_and_skipped_need_a_reason(imaging, technologist, lungs_at):
    for outcome in ("repeated", "skipped"):
        with pytest.raises(Invalid) as refusal:
            taken(imaging, technologist, lungs_at, outcome=outcome)
        assert list(refusal.value.fields) == ["reason"]
    taken(imaging, technologist, lungs_at, outcome="repeated", reason="The patient moved.")
    assert taken(imaging, technologist, lungs_at).take == 2


def test_an_accepted_picture_is_rejected_and_accepted_again_by_undo(imaging, technologist, lungs_at):
    first = taken(imaging, technologist, lungs_at)
    rejected = taken(imaging, technologist, lungs_at + MINUTE, outcome="repeated", reason="Artefact.")
    assert (rejected.take, list(imaging.pictures.standing())) == (1, [rejected])
    pictures.undo(rejected, by=technologist, now=lungs_at + 2 * MINUTE)
    assert list(imaging.pictures.standing()) == [first]


def test_no_picture_before_the_acquisition_or_of_the_xray(ready, technologist, lungs_at):
    sentence = refused(taken, step(ready, "perfusion"), technologist, lungs_at)
    assert sentence == "Perfusion has not started."
    assert "recorded with it" in refused(taken, step(ready, "xray"), technologist, lungs_at)


def test_a_view_after_the_end_is_one_more_unless_it_was_lacking(imaging, technologist, lungs_at):
    visits.end(imaging, by=technologist, now=lungs_at + MINUTE)
    at = lungs_at + 2 * MINUTE
    assert taken(imaging, technologist, at).is_extra is False
    assert taken(imaging, technologist, at, view="lpo").is_extra is True


def test_a_start_is_not_taken_back_under_its_pictures(imaging, technologist, lungs_at):
    made = taken(imaging, technologist, lungs_at)
    sentence = refused(visits.undo, imaging, by=technologist, now=lungs_at)
    assert sentence == "A picture of this acquisition is recorded. Take that back first."
    pictures.undo(made, by=technologist, now=lungs_at)
    visits.undo(imaging, by=technologist, now=lungs_at)
    assert PictureRecord.objects.standing().count() == 0


def test_more_views_are_taken_beside_the_accepted_ones(imaging, technologist, lungs_at):
    taken(imaging, technologist, lungs_at)
    visits.end(imaging, by=technologist, now=lungs_at + MINUTE)
    Appointment.objects.filter(pk=imaging.appointment_id).update(awaits_release=True)
    more = taken(imaging, technologist, lungs_at + 2 * MINUTE)
    assert (more.take, more.is_extra, imaging.pictures.standing().count()) == (2, True, 2)
