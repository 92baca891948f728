"""The examination step by step for programs: two arrivals, small steps, pictures, endings and corrections."""

from datetime import timedelta

import pytest

from scheduling.models import Appointment, PictureRecord
from tests import department
from tests.scheduling.services.examination import with_phases

TWO = {"identifiers": ["name", "wristband"]}


@pytest.fixture
def appointment(site, clock):
    booked = with_phases(department.booked(site))
    clock.now = booked.lungs_start_at
    return booked


@pytest.fixture
def at(appointment):
    return f"appointments/{appointment.pk}"


@pytest.fixture
def ready(appointment, technologist):
    department.ready(appointment, by=technologist.user)
    return appointment


def states(shown):
    return {phase["key"]: phase["state"] for phase in shown["phases"] if phase["state"] != "waiting"}


def test_two_arrivals_with_the_xray_between(at, technologist, attending, clock):
    assert technologist.get(f"{at}/examination")[1]["arrival_due"] == "xray"
    assert technologist.post(f"{at}/check-in", TWO)[0] == 200
    xray = {"ended_at": (clock.now - timedelta(hours=2)).isoformat(), "views": ["ap_portable"]}
    status, refused = technologist.post(f"{at}/xray", xray)
    assert (status, list(refused["errors"])) == (422, ["portable_reason"])
    assert technologist.post(f"{at}/xray", {**xray, "portable_reason": "Cannot stand."})[0] == 200
    assert technologist.post(f"{at}/clear-dose")[0] == 409
    assert attending.post(f"{at}/xray/seen", {"physician": attending.user.pk, "finding": "normal"})[0] == 200
    assert technologist.post(f"{at}/check-in", {**TWO, "at": "scan", "answers": {"oxygen": "yes"}})[0] == 200
    _, shown = technologist.get(f"{at}/examination")
    assert [row["at"] for row in shown["arrivals"]] == ["xray", "scan"]
    assert (shown["xray"]["seen_by"], shown["xray"]["finding"]) == ("Ada Lund", "normal")
    assert shown["xray_warning"].startswith("The chest X-ray is AP portable only")
    assert technologist.post(f"{at}/clear-dose")[0] == 200


def test_small_steps_and_pictures_carry_the_examination(at, ready, technologist, clock):
    clock.pass_by(minutes=1)
    for key in ("gown", "inhalation"):
        status, shown = technologist.post(f"{at}/phases/{key}/begin", {"end_running": True})
        assert status == 200
        clock.pass_by(minutes=1)
    assert states(shown) == {"gown": "done", "inhalation": "running"}
    assert (shown["state"], shown["next_phase"]) == ("in_progress", "oxygen")
    step = ready.steps.get(kind="ventilation").pk
    _, shown = technologist.post(f"steps/{step}/pictures", {"view": "spect", "counts_k": 250})
    (picture,) = shown["pictures"]
    assert (picture["outcome"], picture["take"], picture["is_extra"]) == ("accepted", 1, False)
    assert technologist.post(f"steps/{step}/pictures", {"view": "spect"})[0] == 409
    _, shown = technologist.post(f"pictures/{picture['id']}/undo")
    assert shown["pictures"] == []
    technologist.post(f"{at}/phases/inhalation/end")
    _, shown = technologist.post(f"{at}/phases/oxygen/skip", {"reason": "SpO2 is fine."})
    assert states(shown)["oxygen"] == "skipped"
    _, shown = technologist.post(f"{at}/phases/oxygen/undo")
    assert "oxygen" not in states(shown)
    _, shown = technologist.post(f"{at}/phases/inhalation/repeat")
    assert next(phase["take"] for phase in shown["phases"] if phase["key"] == "inhalation") == 2


def test_an_unknown_phase_is_not_found(at, ready, technologist):
    assert technologist.post(f"{at}/phases/burnt-toast/begin")[0] == 404


def test_the_same_key_begins_a_phase_once(at, ready, technologist, clock):
    first = technologist.post(f"{at}/phases/gown/begin", key="k-gown-1")
    clock.pass_by(minutes=1)
    assert technologist.post(f"{at}/phases/gown/begin", key="k-gown-1") == first
    assert ready.phases.count() == 1


@pytest.fixture
def begun(at, ready, technologist, clock):
    technologist.post(f"{at}/phases/inhalation/begin")
    clock.pass_by(minutes=2)
    return ready


def test_complete_as_limited_and_back(at, begun, technologist):
    status, shown = technologist.post(f"{at}/limited", {"reason": "The camera stopped."})
    assert (status, shown["state"], shown["limited"]) == (200, "fulfilled", "The camera stopped.")
    _, shown = technologist.post(f"{at}/undo-ending")
    assert (shown["state"], shown["limited"], states(shown)) == (
        "in_progress",
        "",
        {"inhalation": "running"},
    )


@pytest.mark.parametrize(
    ("deed", "state"),
    [
        ("interrupt", "in_progress"),
        ("ventilation-failed", "in_progress"),
        ("abort", "fulfilled"),
        ("patient-left", "fulfilled"),
    ],
)
def test_other_endings(deed, state, at, begun, technologist):
    assert technologist.post(f"{at}/{deed}", {})[0] == 422
    status, shown = technologist.post(f"{at}/{deed}", {"reason": "The patient is unwell."})
    assert (status, shown["state"]) == (200, state)
    assert shown["perfusion_only"] == (deed == "ventilation-failed")


def test_a_time_is_corrected_and_both_values_are_answered(at, begun, technologist, clock):
    _, listed = technologist.get(f"{at}/corrections")
    value = next(row for row in listed["values"] if row["label"] == "Ventilation: started")
    said = {
        "subject": value["subject"],
        "field": value["field"],
        "at": (clock.now - timedelta(minutes=9)).isoformat(),
        "reason": "Pressed late.",
    }
    status, answered = technologist.post(f"{at}/corrections", said)
    (made,) = answered["corrections"]
    assert status == 200
    assert (made["before"], made["after"]) == (value["value"], "8 Mar 2027, 08:18:00")
    assert (made["reason"], made["corrected_by"]) == ("Pressed late.", "Tess Cole")


def test_what_is_typed_wrongly_in_a_correction_is_refused(at, begun, technologist, clock):
    _, listed = technologist.get(f"{at}/corrections")
    value = listed["values"][0]
    said = {"subject": value["subject"], "field": value["field"], "reason": "Late."}
    time = clock.now.isoformat()
    for more in ({}, {"number": 4}, {"at": time, "number": 4}, {"at": time, "field": "state"}):
        assert technologist.post(f"{at}/corrections", said | more)[0] == 422
    assert technologist.post(f"{at}/corrections", said | {"subject": "step:99999999", "at": time})[0] == 404


def test_others_do_not_press_and_other_sites_find_nothing(at, begun, scheduler, attending, elsewhere):
    for caller in (scheduler, attending):
        assert caller.post(f"{at}/phases/gown/begin")[0] == 403
        assert caller.post(f"{at}/limited", {"reason": "Tired."})[0] == 403
        assert caller.get(f"{at}/examination")[0] == 200


def test_the_examination_is_answered_in_a_fixed_number_of_queries(
    at, begun, technologist, clock, django_assert_max_num_queries
):
    def asked():
        with django_assert_max_num_queries(60) as counted:
            technologist.get(f"{at}/examination")
        return len(counted)

    before = asked()
    step = begun.steps.get(kind="ventilation")
    for view in ("ant", "post", "rpo"):
        technologist.post(f"steps/{step.pk}/pictures", {"view": view})
    for _ in range(3):
        technologist.post(f"{at}/phases/inhalation/end")
        clock.pass_by(minutes=1)
        technologist.post(f"{at}/phases/inhalation/repeat")
    assert (PictureRecord.objects.count(), Appointment.objects.get(pk=begun.pk).phases.count()) == (3, 4)
    assert asked() == before
