"""Rooms, people, protocols, settings and letters: new values from a day on."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core import mail

from scheduling import department_history, letter_texts
from scheduling.models import (
    LetterText,
    PlannedChange,
    Protocol,
    ProtocolStep,
    Resource,
    Room,
    Site,
)
from scheduling.services import messages
from scheduling.services.department import affected, changes, letters, people, protocols, rooms, settings
from tests import department
from tests.department import NOW, TODAY
from vqflow.errors import Conflict, Invalid, NotAllowed

DAY = timedelta(days=1)
TOMORROW = TODAY + DAY


def affected_now(protocol):
    return affected.with_other_times(Protocol.objects.get(pk=protocol.pk), now=NOW)


def due(days):
    return changes.apply_due(now=NOW + timedelta(days=days))


def test_a_change_waits_for_its_day_at_the_site(camera, lead):
    rooms.change(camera, clearance_minutes=20, starts_on=TOMORROW, by=lead, now=NOW)
    assert Room.objects.get(pk=camera.pk).clearance_minutes == 0
    # Midnight in New York is 05:00 in UTC.
    assert changes.apply_due(now=NOW.replace(hour=4, minute=59) + DAY) == 0
    assert changes.apply_due(now=NOW.replace(hour=5, minute=1) + DAY) == 1
    assert Room.objects.get(pk=camera.pk).clearance_minutes == 20
    assert (PlannedChange.objects.get().state, due(3)) == ("applied", 0)


def test_a_change_of_today_is_written_at_once(site, lead):
    settings.change(site, stat_start_target=timedelta(hours=1), starts_on=TODAY, by=lead, now=NOW)
    assert Site.objects.get(pk=site.pk).stat_start_target == timedelta(hours=1)


def test_only_what_differs_is_kept_and_nothing_new_is_refused(camera, lead):
    values = {"name": "Camera 1", "capabilities": camera.capabilities[::-1], "clearance_minutes": 0}
    with pytest.raises(Invalid, match="Nothing is changed"):
        rooms.change(camera, **values, starts_on=TOMORROW, by=lead, now=NOW)
    made = rooms.change(camera, **values | {"name": "Camera A"}, starts_on=TOMORROW, by=lead, now=NOW)
    assert made.values == {f"scheduling.resource:{camera.pk}": {"name": ["Camera 1", "Camera A"]}}


def test_two_changes_of_one_thing_on_one_day_are_refused_and_on_two_days_both_come(camera, lead):
    rooms.change(camera, clearance_minutes=5, starts_on=TOMORROW, by=lead, now=NOW)
    with pytest.raises(Conflict, match="9 Mar 2027"):
        rooms.change(camera, clearance_minutes=10, starts_on=TOMORROW, by=lead, now=NOW)
    rooms.change(camera, clearance_minutes=10, starts_on=TOMORROW + DAY, by=lead, now=NOW)
    assert (due(1), Room.objects.get(pk=camera.pk).clearance_minutes) == (1, 5)
    assert (due(2), Room.objects.get(pk=camera.pk).clearance_minutes) == (1, 10)


def test_a_withdrawn_change_never_comes(camera, lead):
    made = rooms.change(camera, clearance_minutes=5, starts_on=TOMORROW, by=lead, now=NOW)
    changes.withdraw(made, by=lead, now=NOW)
    with pytest.raises(Conflict):
        changes.withdraw(made, by=lead, now=NOW)
    assert (due(2), Room.objects.get(pk=camera.pk).clearance_minutes) == (0, 0)


def test_a_change_that_cannot_be_written_any_more_fails_and_says_so(camera, lead, site):
    made = rooms.change(camera, name="Camera 9", starts_on=TOMORROW, by=lead, now=NOW)
    Resource.objects.filter(site=site, name="Camera 2").update(name="Camera 9")
    due(2)
    made.refresh_from_db()
    assert (made.state, made.refusal) == ("failed", changes.NOT_TOGETHER)
    assert Resource.objects.get(pk=camera.pk).name == "Camera 1"


def test_a_change_of_what_is_gone_fails_and_does_not_keep_others_from_coming(camera, lead, site):
    gone = rooms.add(site, name="Camera 3", capabilities=["gamma_camera_planar"], by=lead, now=NOW)
    first = rooms.change(gone, name="Camera 4", starts_on=TOMORROW, by=lead, now=NOW)
    rooms.change(camera, name="Camera 9", starts_on=TOMORROW, by=lead, now=NOW)
    Resource.objects.get(pk=gone.pk).delete()
    assert due(2) == 2
    first.refresh_from_db()
    assert (first.state, first.refusal) == ("failed", changes.GONE)
    assert Resource.objects.get(pk=camera.pk).name == "Camera 9"


def test_who_is_booked_for_what_the_room_cannot_do_any_more_is_listed(site, lead):
    booked = department.booked(site, first_day=TOMORROW)
    room = next(
        row.resource
        for step in booked.steps.filter(kind="ventilation")
        for row in step.reservations.all()
        if row.resource.name.startswith("Ventilation")
    )
    values = {"capabilities": ["prep_bay"], "starts_on": TOMORROW, "now": NOW}
    _, listed = rooms.preview(room, **values)
    assert [(each.appointment, each.why) for each in listed] == [
        (booked, f"{room.name} cannot do this any more.")
    ]
    _, listed = rooms.preview(room, capabilities=["ventilation", "prep_bay"], starts_on=TOMORROW, now=NOW)
    assert listed == []
    _, listed = rooms.preview(room, is_active=False, starts_on=TOMORROW, now=NOW)
    assert [each.appointment for each in listed] == [booked]


def test_who_is_booked_with_somebody_who_is_not_qualified_any_more_is_listed(site):
    booked = department.booked(site, first_day=TOMORROW)
    xray = booked.steps.get(kind="xray")
    person = next(row.resource for row in xray.reservations.all() if row.resource.kind == "technologist")
    _, listed = people.preview(person, capabilities=["escort"], starts_on=TOMORROW, now=NOW)
    assert [each.appointment for each in listed] == [booked]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "Camera 2"}, "name"),
        ({"capabilities": []}, "capabilities"),
        ({"capabilities": ["technologist_nm"]}, "capabilities"),
        ({"volume_m3": Decimal(0)}, "volume_m3"),
        ({"exhaust_m3_per_h": Decimal(5), "exhaust_measured_on": None}, "exhaust_measured_on"),
        ({"exhaust_m3_per_h": Decimal(5), "exhaust_measured_on": date(2028, 1, 1)}, "exhaust_measured_on"),
        ({"ae_title": "X" * 17}, "ae_title"),
        ({"clearance_minutes": 1, "starts_on": TODAY - DAY}, "starts_on"),
    ],
)
def test_a_room_that_cannot_be_is_refused_at_its_field(camera, lead, values, field):
    with pytest.raises(Invalid) as refusal:
        rooms.change(camera, **{"starts_on": TOMORROW, **values}, by=lead, now=NOW)
    assert list(refusal.value.fields) == [field]
    assert not PlannedChange.objects.exists()


def test_a_new_room_and_a_new_person_are_there_at_once(site, lead):
    values = {"clearance_minutes": 10, "ae_title": "", "volume_m3": None}
    room = rooms.add(site, name="Camera 3", capabilities=["gamma_camera_planar"], by=lead, now=NOW, **values)
    assert room.room.clearance_minutes == 10
    with pytest.raises(Invalid) as refusal:
        people.add(site, name="Camera 3", capabilities=["escort"], by=lead, now=NOW)
    assert list(refusal.value.fields) == ["name"]
    user = department.technologist(site)
    person = people.add(site, name="Eve Lind", capabilities=["escort"], user=user, by=lead, now=NOW)
    assert person.user == user
    with pytest.raises(Invalid) as refusal:
        people.add(site, name="Eva Lind", capabilities=["escort"], user=user, by=lead, now=NOW)
    assert list(refusal.value.fields) == ["user"]


def test_a_protocol_lists_who_is_booked_and_leaves_their_steps_as_they_are(site, lead):
    booked = department.booked(site, first_day=TOMORROW)
    protocol = booked.procedure.protocol
    before = list(booked.steps.values_list("planned_start_at", "planned_end_at").order_by("pk"))
    steps = {"perfusion": {"acquisition_minutes": 30, "lag_max_minutes": 15}}
    found, listed = protocols.preview(protocol, steps=steps, starts_on=TOMORROW, now=NOW)
    assert ([each.appointment for each in listed], len(found)) == ([booked], 1)
    protocols.change(protocol, steps=steps, starts_on=TODAY, by=lead, now=NOW)
    assert list(booked.steps.values_list("planned_start_at", "planned_end_at").order_by("pk")) == before
    later = department.booked(site, first_day=TOMORROW).steps.get(kind="perfusion")
    assert later.planned_end_at - later.planned_start_at == timedelta(minutes=30)
    assert [each.appointment for each in affected_now(protocol)] == [booked]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"acquisition_minutes": 0}, "perfusion_acquisition_minutes"),
        ({"setup_minutes": 481}, "perfusion_setup_minutes"),
        ({"lag_min_minutes": 30}, "perfusion_lag_max_minutes"),
        ({"activity_mbq": Decimal(10)}, "perfusion_activity_mbq"),
    ],
)
def test_times_of_a_step_that_cannot_be_are_refused_at_their_field(site, lead, fields, named):
    protocol = site.protocols.get(key="V_THEN_Q")
    with pytest.raises(Invalid) as refusal:
        protocols.change(protocol, steps={"perfusion": fields}, starts_on=TOMORROW, by=lead, now=NOW)
    assert list(refusal.value.fields) == [named]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"stat_start_target": timedelta(0)}, "stat_start_target"),
        ({"call_in_delay": timedelta(days=1)}, "call_in_delay"),
        ({"xenon_limit_bq_per_m3": 1_000_000}, "xenon_limit_bq_per_m3"),
        ({"offer_minutes": 0}, "offer_minutes"),
        ({"waitlist_mode": "random"}, "waitlist_mode"),
        ({"place": ""}, "place"),
    ],
)
def test_settings_that_cannot_be_are_refused_at_their_field(site, lead, values, field):
    with pytest.raises(Invalid) as refusal:
        settings.change(site, **values, starts_on=TOMORROW, by=lead, now=NOW)
    assert list(refusal.value.fields) == [field]


def test_own_words_stand_in_the_mail_from_their_day_on(site, lead):
    texts = {
        "subject": "Your visit at {clinic}",
        "opening": "Dear {first_name}, see you soon.",
        "closing": "",
    }
    letters.change(site, "confirmation", "en", **texts, starts_on=TODAY, by=lead, now=NOW)
    department.booked(site, of=department.patient(site, given_name="Wanda"))
    messages.send_due(now=NOW + timedelta(minutes=1))
    sent = next(each for each in mail.outbox if each.subject == "Your visit at Riverside Clinic")
    assert "Dear Wanda, see you soon." in sent.body
    assert "If you cannot come" in sent.body
    assert "Dear Wanda, see you soon." in sent.alternatives[0][0]


@pytest.mark.parametrize(
    ("texts", "field"),
    [
        ({"opening": "Dear {name}"}, "opening"),
        ({"closing": "Bring your lung pictures."}, "closing"),
        ({"subject": "For {first_name}"}, "subject"),
    ],
)
def test_words_that_may_not_stand_in_a_mail_are_refused(site, lead, texts, field):
    with pytest.raises(Invalid) as refusal:
        letters.change(site, "moved", "en", **texts, starts_on=TODAY, by=lead, now=NOW)
    assert list(refusal.value.fields) == [field]
    assert letter_texts.own(site, "moved") == letter_texts.Own()


def test_an_empty_text_brings_the_usual_words_back(site, lead):
    letters.change(site, "letter", "es", opening="Hola", starts_on=TODAY, by=lead, now=NOW)
    letters.change(site, "letter", "es", opening="", starts_on=TODAY, by=lead, now=NOW)
    assert LetterText.objects.get().opening == ""


@pytest.mark.parametrize("role", ["scheduler", "technologist", "attending"])
def test_nobody_but_the_lead_changes_anything(site, camera, role):
    by = getattr(department, role)(site)
    with pytest.raises(NotAllowed):
        rooms.change(camera, clearance_minutes=1, starts_on=TOMORROW, by=by, now=NOW)
    with pytest.raises(NotAllowed):
        rooms.add(site, name="X", capabilities=["xray"], by=by, now=NOW)


def test_the_history_says_who_changed_what_from_what_to_what(camera, lead):
    rooms.change(camera, clearance_minutes=20, name="Camera A", starts_on=TOMORROW, by=lead, now=NOW)
    due(2)
    newest = department_history.of_values((Resource, [camera.pk]), (Room, [camera.pk]))[0]
    assert (newest.who, sorted(newest.lines)) == (
        "Lou Bell",
        [("Clearing the room", "0 min", "20 min"), ("Name", "Camera 1", "Camera A")],
    )


def test_a_protocols_steps_are_named_in_its_history(site, lead):
    protocol = site.protocols.get(key="V_THEN_Q")
    steps = {"ventilation": {"setup_minutes": 9}}
    protocols.change(protocol, steps=steps, starts_on=TODAY, by=lead, now=NOW)
    ids = list(protocol.steps.values_list("pk", flat=True))
    newest = next(each for each in department_history.of_values((ProtocolStep, ids)) if each.lines)
    assert newest.lines == (("Ventilation: Set-up", "5 min", "9 min"),)
