"""The page of one examination: what it offers next, and what its presses do."""

import re
from dataclasses import asdict
from datetime import timedelta

import pytest
from django.utils import timezone

from scheduling import examination_version
from scheduling.engine import phases as engine
from scheduling.engine.catalogue import Agent
from scheduling.models import (
    Appointment,
    Closure,
    PhaseRecord,
    PictureRecord,
    ProtocolPhase,
    StepKind,
    WorkedOn,
)
from scheduling.services import confirmations, visits, working
from scheduling.services.examination import phases
from scheduling.services.quality import checks, plans, spills
from scheduling.templatetags import clock as clock_words
from tests import department
from vqflow.models import AuditEvent

MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock(monkeypatch, settings):
    """A clock that tests set: clock.now = ... Nobody's screen locks meanwhile."""
    settings.IDLE_LOCK = timedelta(days=1)

    class Clock:
        now = department.NOW

    monkeypatch.setattr(timezone, "now", lambda: Clock.now)
    return Clock


@pytest.fixture
def appointment(site, technologist, clock):
    """Checked in, with X-ray, the dose cleared, at the time of the first lung acquisition; technegas, planar here."""
    protocol = site.protocols.get(key="V_THEN_Q")
    for ordinal, each in enumerate(engine.phases(Agent.DTPA, ("ventilation", "perfusion")), 1):
        values = asdict(each) | {"role": each.role or "", "views": [str(view) for view in each.views]}
        ProtocolPhase.objects.create(protocol=protocol, ordinal=ordinal, **values)
    made, clock.now = department.ready(department.booked(site), by=technologist)
    return made


@pytest.fixture
def page(page_of, technologist, appointment):
    return Page(page_of(technologist), appointment)


class Page:
    """One browser at one examination."""

    def __init__(self, client, appointment):
        self.client, self.appointment = client, appointment
        self.url = f"/appointments/{appointment.pk}/examination/"

    def words(self):
        """What stands on the page, without its markup."""
        return " ".join(re.sub(r"<[^>]*>", " ", self.html()).split())

    def html(self):
        return self.client.get(self.url).content.decode()

    def phase(self, verb, key, **sent):
        return self.post(f"/appointments/{self.appointment.pk}/phases/{verb}/", key=key, **sent)

    def picture(self, kind, view, **sent):
        step = self.appointment.steps.get(kind=kind)
        return self.post(f"/steps/{step.pk}/pictures/", view=view, **sent)

    def post(self, url, **sent):
        return self.client.post(url, {"next": self.url, **sent})

    def main(self):
        """What stands on the big button."""
        html = self.html()
        return (
            html.split('id="press-main"')[1].split(">", 1)[1].split("<")[0]
            if 'id="press-main"' in html
            else ""
        )


def tick_off(page, *keys):
    for key in keys:
        assert page.phase("done", key).status_code == 302


class TestNobodyIsHere:
    def test_before_check_in_only_that_is_offered(self, page, technologist):
        coming = department.booked(page.appointment.site)
        page = Page(page.client, coming)
        assert (page.main(), "Done: Gown on" in page.words()) == ("Check in…", False)
        assert f"/appointments/{coming.pk}/check-in/" in page.html()

    def test_who_did_not_come_has_no_next_step(self, page, technologist, clock):
        missed = department.booked(page.appointment.site)
        clock.now = missed.starts_at + timedelta(hours=1)
        visits.no_show(missed, by=technologist, now=clock.now)
        words = Page(page.client, missed).words()
        assert "The patient did not come. The order waits to be booked again." in words
        assert ("Gown on" in words, "Prescribed" in words) == (False, False)


class TestOneBigButton:
    def test_it_leads_through_the_steps_in_the_protocols_order(self, page):
        assert page.main() == "Done: Gown on"
        tick_off(page, "gown")
        assert page.main() == "Begin: IV access"
        page.phase("begin", "iv")
        assert page.main() == "End: IV access"
        page.phase("end", "iv")
        tick_off(page, "position", "mask", "v_dose")
        assert page.main() == "Begin: Inhalation"

    def test_the_inhalation_starts_the_acquisition(self, page):
        tick_off(page, "gown", "v_dose")
        page.phase("begin", "inhalation")
        assert page.appointment.steps.get(kind=StepKind.VENTILATION).state == "in_progress"
        assert "Inhalation, tidal breathing" in page.words()

    def test_while_views_are_taken_it_accepts_the_next_one(self, page):
        page.phase("begin", "inhalation")
        page.phase("begin", "v_pictures", end_running="1")
        assert page.main() == "Accept Anterior"
        page.picture("ventilation", "ant")
        assert page.main() == "Accept Posterior"
        assert "7 views to come" in page.words()

    def test_a_view_to_be_repeated_comes_first_again(self, page):
        page.phase("begin", "inhalation")
        page.phase("begin", "v_pictures", end_running="1")
        page.picture("ventilation", "ant", outcome="repeated", preset="The patient moved.")
        assert page.main() == "Accept Anterior"
        assert "repeat: The patient moved." in page.words()

    def test_a_dose_that_is_lacking_is_measured_from_it(self, page, site):
        site.records_doses = True
        site.save()
        site.protocols.update(agent=Agent.DTPA)
        page.phase("skip", "v_dose", preset="Done before the patient came here.")
        tick_off(page, "gown", "position", "mask")
        page.phase("skip", "iv", preset="Done before the patient came here.")
        assert page.main() == "Measure the dose…"

    def test_between_the_parts_it_asks_for_the_counts_of_the_first(self, page, site):
        site.protocols.update(agent=Agent.DTPA)
        page.phase("begin", "inhalation")
        page.phase("begin", "v_pictures", end_running="1")
        assert "Enter the count rate…" not in page.html()
        page.phase("end", "v_pictures")
        step = page.appointment.steps.get(kind=StepKind.VENTILATION)
        assert "Enter the count rate…" in page.html()
        page.post(f"/steps/{step.pk}/counts/", counts_per_second="2000")
        assert "Enter the count rate…" not in page.html()

    def test_a_refusal_stands_beside_it_in_words(self, page, technologist, clock):
        visits.undo_clear_dose(page.appointment, by=technologist, now=clock.now)
        tick_off(page, "gown", "position", "mask")
        page.phase("skip", "iv", preset="Done before the patient came here.")
        assert page.main() == "Clear dose"
        assert "Clear the dose first." in page.words()


class TestPresses:
    def test_a_skip_needs_a_reason_and_keeps_it(self, page):
        assert page.phase("skip", "iv").status_code == 422
        page.phase("skip", "iv", reason=" A line is in place. ")
        assert PhaseRecord.objects.get(key="iv").skipped_reason == "A line is in place."
        assert "A line is in place." in page.words()

    def test_undo_of_what_was_ticked_off_takes_all_of_it_back(self, page):
        tick_off(page, "gown")
        answer = page.client.post(
            f"/appointments/{page.appointment.pk}/phases/undo/?key=gown", {"next": page.url}
        )
        assert answer.status_code == 302
        assert not PhaseRecord.objects.standing().exists()
        assert page.main() == "Done: Gown on"

    def test_the_toast_offers_the_undo(self, page):
        tick_off(page, "gown")
        html = page.html()
        assert "Gown on: done" in html
        assert f"/appointments/{page.appointment.pk}/phases/undo/?key=gown" in html

    def test_counts_that_are_no_number_are_refused(self, page):
        page.phase("begin", "inhalation")
        page.phase("begin", "v_pictures", end_running="1")
        assert page.picture("ventilation", "ant", counts_k="many").status_code == 422
        page.picture("ventilation", "ant", counts_k="260")
        assert PictureRecord.objects.get().counts_k == 260

    def test_a_picture_is_taken_back(self, page):
        page.phase("begin", "inhalation")
        page.phase("begin", "v_pictures", end_running="1")
        page.picture("ventilation", "ant")
        step = page.appointment.steps.get(kind=StepKind.VENTILATION)
        page.post(f"/steps/{step.pk}/pictures/undo/", view="ant")
        assert not PictureRecord.objects.standing().exists()
        assert page.post(f"/steps/{step.pk}/pictures/undo/", view="ant").status_code == 422

    def test_unknown_steps_views_and_endings_are_sentences(self, page):
        assert page.phase("begin", "no-such").status_code == 422
        assert page.picture("ventilation", "no-such").status_code == 422
        assert page.post(f"/appointments/{page.appointment.pk}/ending/", what="flood").status_code == 422

    def resent(self, page, ago, key="iv", **more):
        """As the outbox sends it: with the key of the form as it was served."""
        url = f"/appointments/{page.appointment.pk}/phases/begin/"
        sent = {"key": key, "next": page.url, **more}
        return page.client.post(url, sent, headers={"X-VQFlow-Pressed-Ago": str(ago)})

    def served(self, page):
        return re.search(r'name="request_id" value="([^"]+)"', page.html())[1]

    def test_a_press_that_waited_for_the_network_counts_from_when_it_was_pressed(self, page, clock):
        form, pressed = self.served(page), clock.now + MINUTE
        clock.now += 21 * MINUTE
        self.resent(page, 20 * 60, request_id=form)
        assert PhaseRecord.objects.get().started_at == pressed
        event = AuditEvent.objects.get(action="press.entered_later")
        assert event.data == {
            "pressed_at": pressed.isoformat(),
            "counts_from": pressed.isoformat(),
            "received_at": clock.now.isoformat(),
        }
        assert "entered later, it counts from" in page.words()
        history = page.client.get(f"/appointments/{page.appointment.pk}/").content.decode()
        assert "Entered later" in history

    def test_it_never_counts_from_before_its_page_was_served(self, page, clock):
        clock.now += 5 * MINUTE
        form, served = self.served(page), clock.now
        clock.now += 10 * MINUTE
        self.resent(page, 3600, request_id=form)
        assert PhaseRecord.objects.get().started_at == served

    def test_it_never_counts_from_before_the_newest_event_of_the_examination(self, page, clock, site):
        form = self.served(page)
        clock.now += 10 * MINUTE
        happened = clock.now
        phases.skip(page.appointment, "gown", reason="Done.", by=department.technologist(site), now=happened)
        clock.now += 10 * MINUTE
        self.resent(page, 18 * 60, request_id=form)
        assert PhaseRecord.objects.get(key="iv").started_at == happened

    def test_it_counts_from_two_hours_ago_at_most(self, page, clock):
        form = self.served(page)
        clock.now += timedelta(hours=3)
        self.resent(page, 3 * 3600, request_id=form)
        assert PhaseRecord.objects.get().started_at == clock.now - timedelta(hours=2)

    @pytest.mark.parametrize("key", ["", "one-press", "abc.65f0a000:forged"])
    def test_without_a_form_of_ours_a_press_counts_now(self, page, clock, key):
        self.resent(page, 95, request_id=key)
        assert PhaseRecord.objects.get().started_at == clock.now
        assert not AuditEvent.objects.filter(action="press.entered_later").exists()

    @pytest.mark.parametrize("said", ["-5", "soon", "1e9", "1234567"])
    def test_a_wait_that_is_no_number_is_none(self, page, clock, said):
        form = self.served(page)
        clock.now += MINUTE
        self.resent(page, said, request_id=form)
        assert PhaseRecord.objects.get().started_at == clock.now

    def test_the_same_form_sent_twice_is_done_once(self, page):
        sent = {"key": "iv", "next": page.url, "request_id": "one-press"}
        for _ in range(2):
            page.client.post(f"/appointments/{page.appointment.pk}/phases/begin/", sent)
        assert PhaseRecord.objects.count() == 1


class TestOtherwise:
    def test_complete_as_limited_is_one_press_with_a_reason_and_can_be_undone(self, page):
        page.phase("begin", "inhalation")
        url = f"/appointments/{page.appointment.pk}/ending/"
        page.post(url, what="limited", preset="The patient could not go on.")
        page.appointment.refresh_from_db()
        assert page.appointment.state == "fulfilled"
        page.post(f"{url}undo/")
        page.appointment.refresh_from_db()
        assert page.appointment.state == "in_progress"

    def test_ventilation_failed_goes_on_with_perfusion(self, page):
        page.phase("begin", "inhalation")
        url = f"/appointments/{page.appointment.pk}/ending/"
        page.post(url, what="ventilation", preset="The patient does not tolerate the mask.")
        assert page.appointment.steps.get(kind=StepKind.VENTILATION).state == "discontinued"
        assert "Falls away" in page.words()

    def test_what_makes_no_sense_yet_is_not_offered(self, page):
        assert "Complete as limited" not in page.words()
        page.phase("begin", "inhalation")
        assert "Complete as limited" in page.words()


class TestClocks:
    def test_a_running_step_says_how_long_and_its_level_in_words(self, page, clock):
        page.phase("begin", "inhalation")
        clock.now += timedelta(minutes=3, seconds=20)
        assert "3:20 of 5:00" in page.words()
        clock.now += 2 * MINUTE
        assert "Time reached" in page.words()
        clock.now += 3 * MINUTE
        assert "Past the longest usual time, 8:00" in page.words()

    def test_a_wait_counts_down(self, page, clock, technologist):
        page.phase("begin", "inhalation")
        page.phase("begin", "v_pictures", end_running="1")
        page.phase("end", "v_pictures")
        page.phase("begin", "injection")
        page.phase("begin", "fixation", end_running="1")
        clock.now += MINUTE
        assert "2:00 left of 3:00" in page.words()

    def test_the_scan_is_measured_against_its_plan(self, page, clock):
        page.phase("begin", "inhalation")
        clock.now += 33 * MINUTE
        words = page.words()
        assert "33 min of" in words
        assert "longer than planned" not in words
        clock.now += 30 * MINUTE
        assert "longer than" in page.words()

    def test_the_x_ray_window_is_shown_until_the_lungs_begin(self, page):
        assert "X-ray window" in page.words()
        page.phase("begin", "inhalation")
        assert "X-ray window" not in page.words()

    def test_what_the_lock_shows_names_no_patient(self, page):
        page.phase("begin", "inhalation")
        label = page.html().split('data-label="')[1].split('"')[0]
        assert label.endswith(": Inhalation")
        assert page.appointment.procedure.order.patient.family_name not in label


class TestWorkingOnIt:
    @pytest.fixture
    def other(self, site):
        return department.technologist(site, username="dinh", first_name="Phuong", last_name="Dinh")

    def test_the_first_press_says_who_works_on_it(self, page, technologist):
        assert not WorkedOn.objects.exists()
        tick_off(page, "gown")
        assert WorkedOn.objects.get().user == technologist
        assert "you since" in page.words()

    def test_somebody_else_sees_it_and_takes_over(self, page, other, technologist, clock):
        working.press(page.appointment, by=other, now=clock.now)
        assert "Phuong Dinh works on this since" in page.words()
        assert page.phase("done", "gown").status_code == 409
        page.post(f"/appointments/{page.appointment.pk}/take-over/")
        tick_off(page, "gown")
        assert WorkedOn.objects.get().user == technologist
        event = AuditEvent.objects.get(action="examination.taken_over")
        assert (event.agent_name, event.data) == ("tess", {"since": "dinh"})

    def test_whoever_has_been_away_for_half_an_hour_holds_it_no_more(self, page, other, clock):
        working.press(page.appointment, by=other, now=clock.now)
        clock.now += 31 * MINUTE
        tick_off(page, "gown")

    def test_an_open_page_keeps_it_held_but_takes_nothing_from_others(self, page, other, technologist, clock):
        working.press(page.appointment, by=other, now=clock.now)
        clock.now += 20 * MINUTE
        page.post(f"{page.url}here/")
        assert WorkedOn.objects.get().user == other
        working.still_here(page.appointment, by=other, now=clock.now)
        assert WorkedOn.objects.get().seen_at == clock.now


class TestPolling:
    def rows(self, page, version=""):
        return page.client.get(f"{page.url}rows/", {"version": version}, headers={"X-VQFlow-Poll": "1"})

    def version(self, page):
        return page.html().split('data-version="')[1].split('"')[0]

    def test_nothing_is_sent_or_audited_while_nothing_has_changed(self, page):
        version = self.version(page)
        seen = AuditEvent.objects.count()
        assert self.rows(page, version).status_code == 204
        assert AuditEvent.objects.count() == seen

    def test_every_press_changes_the_version(self, page):
        versions = [self.version(page)]
        for verb, key in (
            ("done", "gown"),
            ("begin", "iv"),
            ("end", "iv"),
            ("undo", "iv"),
            ("begin", "inhalation"),
        ):
            page.phase(verb, key)
            versions.append(self.version(page))
        assert len(set(versions)) == len(versions)
        assert self.rows(page, versions[0]).status_code == 200

    def test_what_others_do_changes_it_too(self, page, site, scheduler):
        versions = [self.version(page)]
        order = page.appointment.procedure.order
        order.patient.family_name = "Okafor-Reed"
        order.patient.save(update_fields=["family_name"])
        versions.append(self.version(page))
        working.press(page.appointment, by=department.technologist(site), now=timezone.now())
        versions.append(self.version(page))
        Appointment.objects.filter(pk=page.appointment.pk).update(
            confirmed_at=timezone.now(), confirmed_by=scheduler
        )
        assert self.rows(page, versions[-1]).status_code == 200
        versions.append(self.version(page))
        assert len(set(versions)) == len(versions)


class TestRooms:
    """What happens to the rooms of an examination stands on its page with the next poll."""

    @pytest.fixture
    def room(self, site, page):
        step = page.appointment.steps.get(kind=StepKind.VENTILATION)
        room = step.reservations.get(resource__name__startswith="Vent").resource
        plans.add(site, kind="camera", room=room, by=department.lead(site), now=timezone.now())
        return room

    def test_each_thing_that_happens_to_them_changes_the_version_at_once(self, page, site, room, clock):
        tess, plan, versions = department.technologist(site), room.check_plans.get(), []

        def is_another():
            version = page.html().split('data-version="')[1].split('"')[0]
            versions.append(version)
            again = page.client.get(f"{page.url}rows/", {"version": version}, headers={"X-VQFlow-Poll": "1"})
            assert again.status_code == 204
            return len(set(versions)) == len(versions)

        is_another()
        done = checks.record(plan, passed=True, by=tess, now=clock.now)
        assert is_another()
        checks.take_back(done.check, by=tess, now=clock.now)
        assert is_another()
        spill = spills.report(room, clear_minutes=20, by=tess, now=clock.now)
        assert is_another()
        spills.end(spill, note="Background.", by=tess, now=clock.now)
        assert is_another()
        span = (clock.now, clock.now + 40 * MINUTE)
        Closure.objects.create(site=site, resource=room, span=span, reason="Tube failed")
        assert is_another()

    def test_what_passes_with_time_changes_it_in_the_same_second(self, page, site, room, clock):
        tess = department.technologist(site)
        clock.now = clock.now.replace(second=1, microsecond=0)
        cleared = spills.report(room, clear_minutes=20, by=tess, now=clock.now).clears_at
        clock.now = cleared - timedelta(seconds=1)
        before = examination_version.version(page.appointment, tess, clock.now)
        assert examination_version.version(page.appointment, tess, clock.now) == before
        assert examination_version.version(page.appointment, tess, cleared) != before

    def test_an_evacuated_room_and_its_missing_check_stand_above_the_button_that_they_hold(
        self, page, site, room, clock
    ):
        tess = department.technologist(site)
        cleared = spills.report(room, clear_minutes=20, by=tess, now=clock.now).clears_at
        gas = f"{room.name} is evacuated: gas escaped. It clears at {clock_words.time_at(cleared, site.time_zone)}."
        check = f"{room.name}: the camera quality control has not been done today. Do it on the Morning page first."
        tick_off(page, "gown", "iv", "position", "mask", "v_dose")
        assert page.words().count(f"{gas} {check}") == 3  # the alarm, the button and its step
        alarm = page.html().split('callout--danger" role="alert"')[1].split("</div>")[0]
        assert gas in alarm
        answer = page.phase("begin", "inhalation")
        assert (answer.status_code, f"{gas} {check}" in answer.content.decode()) == (409, True)
        assert page.appointment.steps.get(kind=StepKind.VENTILATION).state == "scheduled"
        checks.record(room.check_plans.get(), passed=True, by=tess, now=clock.now)
        assert (gas in page.words(), check in page.words()) == (True, False)
        clock.now = cleared
        assert (gas in page.words(), page.main()) == (False, "Begin: Inhalation")

    def test_who_is_on_the_camera_is_warned_too(self, page, site, room, clock):
        tess = department.technologist(site)
        checks.record(room.check_plans.get(), passed=True, by=tess, now=clock.now)
        tick_off(page, "gown", "iv", "position", "mask", "v_dose")
        page.phase("begin", "inhalation")
        assert "is evacuated" not in page.words()
        spills.report(room, clear_minutes=20, by=tess, now=clock.now)
        assert f"{room.name} is evacuated: gas escaped." in page.words()

    def test_a_closed_room_is_named_with_its_hours_and_why(self, page, site, room, clock):
        checks.record(room.check_plans.get(), passed=True, by=department.technologist(site), now=clock.now)
        ends = clock.now + 40 * MINUTE
        Closure.objects.create(site=site, resource=room, span=(clock.now, ends), reason="Tube failed.")
        begins, until = (clock_words.time_at(each, site.time_zone) for each in (clock.now, ends))
        assert f"{room.name} is closed from {begins} to {until}: Tube failed." in page.words()
        clock.now = ends
        assert "is closed" not in page.words()


class TestTimersOfOtherRooms:
    def strip(self, page, **about):
        return page.client.get("/timers/", about, headers={"X-VQFlow-Poll": "1"})

    def test_what_one_has_begun_is_shown_with_its_room_and_no_name(self, page, clock):
        page.phase("begin", "inhalation")
        clock.now += timedelta(minutes=1, seconds=5)
        html = self.strip(page).content.decode()
        assert re.search(r"Ventilation \d: Inhalation</span> <strong data-timer-shown>1:05 of 5:00", html)
        assert page.appointment.procedure.order.patient.family_name not in html

    def test_the_page_itself_shows_its_own_and_nothing_is_sent_while_nothing_changes(self, page):
        page.phase("begin", "inhalation")
        assert "Inhalation" not in self.strip(page, here=page.appointment.pk).content.decode()
        version = self.strip(page).content.decode().split('data-version="')[1].split('"')[0]
        assert self.strip(page, version=version).status_code == 204
        page.phase("end", "inhalation")
        assert self.strip(page, version=version).status_code == 200

    def test_what_somebody_else_has_begun_is_not(self, page, page_of, site):
        page.phase("begin", "inhalation")
        page.client = page_of(department.technologist(site))
        assert "Inhalation" not in self.strip(page).content.decode()


class TestAccess:
    def test_a_reader_looks_and_cannot_press(self, page_of, attending, appointment):
        page = Page(page_of(attending), appointment)
        assert 'id="press-main"' not in page.html()
        assert page.phase("done", "gown").status_code == 403

    def test_another_sites_examination_is_not_there(self, page_of, elsewhere, appointment):
        page = Page(page_of(department.technologist(elsewhere)), appointment)
        assert page.client.get(page.url).status_code == 404
        assert page.client.get(f"{page.url}rows/").status_code == 404
        step = appointment.steps.first().pk
        at = f"/appointments/{appointment.pk}"
        for url in (f"{at}/ending/", f"{at}/ending/undo/", f"{at}/take-over/", f"{page.url}here/"):
            assert page.post(url).status_code == 404
        for verb in ("begin", "done", "end", "skip", "repeat", "undo"):
            assert page.phase(verb, "gown").status_code == 404
        for url in (f"/steps/{step}/pictures/", f"/steps/{step}/pictures/undo/"):
            assert page.post(url, view="ant").status_code == 404


@pytest.mark.parametrize("pictures", [1, 3])
def test_the_page_asks_the_database_the_same_number_of_questions(
    page, pictures, django_assert_max_num_queries
):
    page.phase("begin", "inhalation")
    page.phase("begin", "v_pictures", end_running="1")
    for view in ("ant", "post", "rlat")[:pictures]:
        page.picture("ventilation", view)
    page.html()
    with django_assert_max_num_queries(45):
        page.html()


def test_it_says_that_the_patient_has_confirmed_until_the_patient_is_here(
    page_of, technologist, scheduler, site
):
    booked = department.booked(site)
    page = Page(page_of(technologist), booked)
    assert "Confirmed by the patient" not in page.words()
    confirmations.confirm(booked, by=scheduler, now=department.NOW)
    assert "Confirmed by the patient" in page.words()
    department.ready(booked, by=technologist)
    assert "Confirmed by the patient" not in page.words()
