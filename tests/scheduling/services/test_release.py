"""After the scan: the patient waits for the reader, is handed over, goes home, or has more pictures taken."""

from datetime import timedelta

import pytest

from scheduling import completeness, releases
from scheduling.models import Appointment, HandOver, Problem, Release
from scheduling.services import release, visits
from tests import department
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def site():
    made = department.site()
    made.releases_patients = True
    made.save(update_fields=["releases_patients"])
    return made


@pytest.fixture
def scanned(site):
    """An examination whose last acquisition has just ended."""
    return Appointment.objects.get(procedure__order=department.performed(site))


@pytest.fixture
def at(scanned):
    return max(step.performed_end_at for step in scanned.steps.all()) + MINUTE


def fresh(appointment):
    return Appointment.objects.get(pk=appointment.pk)


def refused(call, *args, error=Conflict, **kwargs):
    with pytest.raises(error) as refusal:
        call(*args, **kwargs)
    return refusal.value.sentence


def test_after_the_last_acquisition_the_patient_waits(scanned, at, physician):
    assert scanned.awaits_release
    [row] = releases.waiting(physician, now=at)
    assert (row.appointment, row.since, row.said) == (scanned, at - MINUTE, None)


def test_where_patients_are_not_released_nobody_waits():
    other = department.site("hillside")
    done = Appointment.objects.get(procedure__order=department.performed(other))
    assert not done.awaits_release
    sentence = refused(
        release.decide, done, outcome="home", by=department.attending(other), now=department.NOW
    )
    assert sentence == "This patient has been released already, or was not kept waiting."


def test_undoing_the_last_acquisition_ends_the_wait(scanned, technologist, at):
    visits.undo(scanned.steps.get(kind="perfusion"), by=technologist, now=at)
    assert not fresh(scanned).awaits_release


@pytest.mark.parametrize(
    ("outcome", "note", "awaits"), [("home", "", False), ("emergency", "Massive.", False), ("wait", "", True)]
)
def test_a_reader_says_what_the_patient_does(scanned, physician, at, outcome, note, awaits):
    made = release.decide(scanned, outcome=outcome, note=note, by=physician, now=at)
    assert (made.physician, made.recorded_by) == (physician, physician)
    assert fresh(scanned).awaits_release is awaits
    event = AuditEvent.objects.get(action="release.decided")
    assert event.data == {"decision": outcome, "by_phone": False}


def test_a_technologist_writes_down_what_a_physician_said_on_the_phone(
    scanned, site, technologist, physician, at
):
    made = release.decide(scanned, outcome="home", physician=physician, by=technologist, now=at)
    assert (made.physician, made.recorded_by) == (physician, technologist)
    assert AuditEvent.objects.get(action="release.decided").data["by_phone"] is True


def test_a_technologist_does_not_decide(scanned, technologist, at):
    wanted = "A physician of this site decides. Say who it was on the phone."
    assert refused(release.decide, scanned, outcome="home", by=technologist, now=at, error=Invalid) == wanted
    stranger = department.attending(department.site("hillside"))
    sentence = refused(
        release.decide,
        scanned,
        outcome="home",
        physician=stranger,
        by=technologist,
        now=at,
        error=Invalid,
    )
    assert sentence == wanted
    assert fresh(scanned).awaits_release


def test_a_scheduler_has_no_say(scanned, site, at):
    with pytest.raises(NotAllowed):
        release.decide(scanned, outcome="home", by=department.scheduler(site), now=at)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"outcome": "somewhere"}, "outcome"),
        ({"outcome": "more_views"}, "views"),
        ({"outcome": "more_views", "views": ["sideways"]}, "views"),
        ({"outcome": "emergency", "note": " "}, "note"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(scanned, physician, at, values, field):
    with pytest.raises(Invalid) as refusal:
        release.decide(scanned, **values, by=physician, now=at)
    assert list(refusal.value.fields) == [field]
    assert not Release.objects.exists()


def test_more_views_are_a_problem_of_who_was_at_the_camera(scanned, physician, at):
    release.decide(scanned, outcome="more_views", views=["rpo", "lpo"], note="Base.", by=physician, now=at)
    problem = Problem.objects.get(appointment=scanned)
    last = scanned.steps.get(kind="perfusion").performed_by
    assert (problem.reason, problem.owner, problem.closed_at) == ("more_views", last, None)
    assert problem.note == "Right posterior oblique, Left posterior oblique: Base."
    assert fresh(scanned).awaits_release
    [row] = releases.waiting(physician, now=at)
    assert (row.open_views, row.said.outcome) == (True, "more_views")


def test_going_home_settles_the_views_that_were_asked_for(scanned, physician, at):
    release.decide(scanned, outcome="more_views", views=["rpo"], by=physician, now=at)
    release.decide(scanned, outcome="home", by=physician, now=at + 9 * MINUTE)
    assert Problem.objects.get().outcome == "No longer needed."
    assert releases.waiting(physician, now=at) == []


def test_views_can_be_asked_for_twice(scanned, physician, at):
    for number in range(2):
        release.decide(scanned, outcome="more_views", views=["rpo"], by=physician, now=at + number * MINUTE)
    assert Problem.objects.open().count() == 1
    assert Release.objects.count() == 2


def test_who_is_released_is_not_released_again(scanned, physician, at):
    release.decide(scanned, outcome="home", by=physician, now=at)
    sentence = refused(release.decide, scanned, outcome="wait", by=physician, now=at)
    assert sentence == "This patient has been released already, or was not kept waiting."


def test_undo_lets_the_patient_wait_again(scanned, physician, at):
    release.decide(scanned, outcome="more_views", views=["rpo"], by=physician, now=at)
    release.undo(scanned, by=physician, now=at + MINUTE)
    assert Problem.objects.get().outcome == "Reported by mistake."
    release.decide(scanned, outcome="home", by=physician, now=at)
    release.undo(scanned, by=physician, now=at + MINUTE)
    assert fresh(scanned).awaits_release
    assert not Release.objects.exists()
    assert AuditEvent.objects.filter(action="release.undone").count() == 2


def test_undo_is_for_who_wrote_it_down_and_for_ten_minutes(scanned, technologist, physician, at):
    stands = "This decision stands. Decide anew while the patient is here."
    assert refused(release.undo, scanned, by=physician, now=at) == stands
    release.decide(scanned, outcome="home", by=physician, now=at)
    assert refused(release.undo, scanned, by=technologist, now=at) == stands
    assert refused(release.undo, scanned, by=physician, now=at + 11 * MINUTE) == stands


def test_the_list_takes_the_same_queries_whatever_its_length(
    site, scanned, physician, at, django_assert_num_queries
):
    with django_assert_num_queries(QUERIES):
        assert len(releases.waiting(physician, now=at)) == 1
    for _ in range(2):
        department.performed(site)
    with django_assert_num_queries(QUERIES):
        assert len(releases.waiting(physician, now=at)) == 3


QUERIES = 11


def test_handing_over_tells_the_reader_and_is_done_once(scanned, technologist, at):
    note = "Coughed during the last view."
    made = release.hand_over(scanned, note=note, by=technologist, now=at)
    assert (made.note, made.limited, made.handed_by) == (note, "", technologist)
    sentence = refused(release.hand_over, scanned, note=note, by=technologist, now=at)
    assert sentence == "This examination has been handed over already."
    assert AuditEvent.objects.filter(action="examination.handed_over").count() == 1


def test_while_something_is_missing_a_note_says_why(scanned, technologist, at):
    missing = completeness.missing(scanned, at)
    assert missing == (
        "Nobody has recorded who looked at the chest X-ray.",
        "Not answered: COPD or asthma, a recent Tc-99m study, how likely an embolism is.",
    )
    sentence = refused(release.hand_over, scanned, by=technologist, now=at, error=Invalid)
    assert sentence == f"Write for the reader why this is missing: {' '.join(missing)}"
    release.hand_over(scanned, note="Dr Moss saw it.", by=technologist, now=at)


def test_what_goes_on_after_an_undo_is_handed_over_anew(scanned, technologist, at):
    release.hand_over(scanned, note="x", by=technologist, now=at)
    step = scanned.steps.get(kind="perfusion")
    visits.undo(step, by=technologist, now=at)
    assert not HandOver.objects.exists()
    visits.end(step, by=technologist, now=at)
    assert fresh(scanned).awaits_release
    release.hand_over(scanned, note="Now whole.", by=technologist, now=at)


def test_an_examination_that_runs_is_not_handed_over(site, technologist):
    booked = department.booked(site)
    sentence = refused(release.hand_over, booked, note="x", by=technologist, now=department.NOW)
    assert sentence == "The examination has not ended. Hand it over afterwards."


def test_a_hand_over_is_taken_back_by_who_made_it(site, scanned, technologist, at):
    release.hand_over(scanned, note="x", by=technologist, now=at)
    other = department.technologist(site)
    stands = "This hand-over stands. Tell the reader by phone what has changed."
    assert refused(release.take_back, scanned, by=other, now=at) == stands
    assert refused(release.take_back, scanned, by=technologist, now=at + 11 * MINUTE) == stands
    release.take_back(scanned, by=technologist, now=at + MINUTE)
    assert not HandOver.objects.exists()


def test_a_decision_taken_back_while_the_examination_goes_on_lets_nobody_wait(scanned, at, physician):
    release.decide(scanned, outcome="home", by=physician, now=at)
    visits.undo(
        scanned.steps.order_by("ordinal").last(), by=department.technologist(scanned.site), now=at + MINUTE
    )
    release.undo(scanned, by=physician, now=at + 2 * MINUTE)
    assert (fresh(scanned).state, fresh(scanned).awaits_release) == ("in_progress", False)
