"""Another time, chosen by the patient: real proposals of the days that the site opens, kept, then moved to."""

from datetime import datetime, time, timedelta
from functools import partial
from itertools import pairwise
from uuid import uuid4

import pytest

from scheduling.models import Appointment, Closure, Hold, Message, Reservation, StepKind
from scheduling.services import booking, holds, links, self_service
from scheduling.services.self_service import standing, times
from tests import department
from tests.department import NOW, TODAY, ZONE
from tests.scheduling.self_service.conftest import booked, link_of, opened
from vqflow.errors import Conflict
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)
THURSDAY = TODAY + timedelta(days=3)


def choices(link, day=THURSDAY, *, now=LATER):
    return self_service.proposals(link, day, now=now)


def kept(link, at=0, *, now=LATER):
    return self_service.hold(link, choices(link, now=now)[at].key, now=now)


def close(site, first, last):
    span = (datetime.combine(first, time(), ZONE), datetime.combine(last, time(), ZONE))
    Closure.objects.create(site=site, span=span, reason="closed")


def sentence(deed):
    with pytest.raises(Conflict) as refusal:
        deed()
    return refusal.value.sentence


class TestWhatIsOffered:
    def test_whole_days_from_the_notice_on_as_far_as_the_site_opens(self, link):
        days = self_service.days(link, now=LATER)
        assert (days[0], days[-1]) == (TODAY + timedelta(days=2), TODAY + timedelta(days=20))

    def test_the_site_opens_fewer_days_and_wants_more_notice(self):
        link = link_of(booked(opened(patients_days_ahead=5, patients_notice_hours=72)))
        assert self_service.days(link, now=LATER) == [TODAY + timedelta(days=4), TODAY + timedelta(days=5)]

    def test_times_of_a_day_are_half_an_hour_apart_and_on_one_day(self, link):
        found = choices(link)
        starts = [each.starts_at for each in found]
        assert len(found) > 5
        assert all(b - a >= timedelta(minutes=30) for a, b in pairwise(starts))
        for each in found:
            assert [at.astimezone(ZONE).date() for at, _ in each.visits] == [THURSDAY]
            assert timedelta(hours=1) <= each.scan_at - each.xray_at <= timedelta(hours=24)

    def test_the_present_time_is_not_offered(self, link):
        day = link.appointment.starts_at.astimezone(ZONE).date()
        assert link.appointment.lungs_start_at not in [each.scan_at for each in choices(link, day)]

    def test_a_closed_day_is_not_offered(self, site, link):
        close(site, THURSDAY, THURSDAY + timedelta(days=1))
        assert THURSDAY not in self_service.days(link, now=LATER)
        assert choices(link) == []

    @pytest.mark.parametrize("days", [-1, 0, 1, 22, 400])
    def test_a_day_that_is_not_open_has_no_times(self, link, days):
        assert choices(link, TODAY + timedelta(days=days)) == []

    def test_looking_writes_nothing(self, link):
        self_service.days(link, now=LATER)
        before = AuditEvent.objects.count()
        choices(link)
        assert (AuditEvent.objects.count(), Hold.objects.count()) == (before, 0)

    def test_two_trips_are_offered_where_one_trip_is_not_to_be_had(self, site, link):
        """The X-ray room is open in the afternoon, and the scan's rooms in the morning."""
        _open(site, "X-ray", time(15), time(18))
        for room in ("Bay", "Ventilation", "Camera"):
            _open(site, room, time(7), time(11))
        found = choices(link)
        assert found
        for each in found:
            assert [at.astimezone(ZONE).date() for at, _ in each.visits] == [
                THURSDAY - timedelta(days=1),
                THURSDAY,
            ]

    def test_where_the_site_does_not_open_it_patients_call(self):
        link = link_of(booked(opened(patients_move=False)))
        assert sentence(partial(self_service.days, link, now=LATER)) == standing.NOT_OPEN

    def test_an_urgent_examination_is_not_put_off_alone(self, site):
        link = link_of(booked(site, priority="urgent"))
        assert sentence(partial(self_service.days, link, now=LATER)) == standing.URGENT

    def test_shortly_before_the_visit_patients_call(self, link):
        late = link.appointment.starts_at - timedelta(hours=23)
        assert sentence(partial(self_service.days, link, now=late)) == standing.TOO_LATE

    def test_once_the_xray_is_taken_patients_call(self, site, link):
        link.appointment.steps.filter(kind=StepKind.XRAY).update(
            state="completed", performed_start_at=NOW, performed_end_at=NOW
        )
        assert sentence(partial(self_service.days, link, now=LATER)) == standing.PARTLY_DONE


def _open(site, room, opens, closes):
    for each in site.resources.filter(name__startswith=room):
        each.opening_hours.update(opens=opens, closes=closes)


class TestKeeping:
    def test_a_chosen_time_is_kept_from_everybody_for_ten_minutes(self, link):
        hold = kept(link)
        assert (hold.expires_at, hold.is_offer) == (LATER + timedelta(minutes=10), False)
        assert Reservation.objects.filter(token=hold.pk, status="held").exists()
        found, choice = self_service.held(link, now=LATER)
        assert (found, choice.starts_at) == (hold, choices(link)[0].starts_at)

    def test_choosing_another_gives_the_first_back(self, link):
        first = kept(link)
        second = kept(link, 2)
        first.refresh_from_db()
        assert (first.outcome, second.outcome) == ("released", "live")
        assert self_service.held(link, now=LATER)[0] == second

    def test_what_one_patient_keeps_is_not_given_up_by_another(self, site, link):
        mine = kept(link)
        kept(link_of(booked(site)), 3)
        mine.refresh_from_db()
        assert mine.outcome == "live"

    def test_it_runs_out(self, link):
        kept(link)
        assert self_service.held(link, now=LATER + timedelta(minutes=10)) is None

    def test_it_is_given_back(self, link):
        kept(link)
        self_service.give_back(link, now=LATER)
        assert self_service.held(link, now=LATER) is None
        assert not Reservation.objects.filter(status="held").exists()

    def test_what_somebody_took_meanwhile_is_refused_without_names(self, site, link):
        key = choices(link)[0].key
        close(site, THURSDAY, THURSDAY + timedelta(days=1))
        assert sentence(partial(self_service.hold, link, key, now=LATER)) == times.TAKEN

    def test_only_what_was_offered_can_be_chosen(self, site, link):
        other = choices(link_of(booked(site)))[0].key
        key = choices(link)[0].key
        for bad in ("", "nonsense", key[:-1], other):
            assert sentence(partial(self_service.hold, link, bad, now=LATER)) == times.OLD

    def test_an_old_list_is_refused(self, link):
        key = choices(link)[0].key
        much_later = LATER + timedelta(days=2)  # the notice is over, whatever the signature says
        assert sentence(partial(self_service.hold, link, key, now=much_later)) == times.OLD

    def test_while_the_desk_keeps_a_time_for_the_patient_nothing_is_given_up(self, site, link):
        desk = department.scheduler(site)
        best = department.proposal_of_move(link.appointment, by=desk)
        theirs = holds.hold(
            link.appointment.procedure.order,
            starts=best.starts,
            appointment=link.appointment,
            by=desk,
            now=LATER,
        )
        assert sentence(partial(kept, link)) == standing.KEPT_BY_US
        theirs.refresh_from_db()
        assert theirs.outcome == "live"


class TestTaking:
    def test_the_appointment_has_the_new_time_and_is_confirmed(self, link):
        choice = choices(link)[0]
        hold = kept(link)
        moved = self_service.take(link, hold.pk, now=LATER)
        assert (moved.starts_at, moved.lungs_start_at) == (choice.starts_at, choice.scan_at)
        assert (moved.revision, moved.confirmed_at) == (2, LATER)
        assert Message.objects.filter(appointment=moved, kind="moved", revision=2).exists()
        event = AuditEvent.objects.get(action="appointment.moved")
        assert (event.agent_name, event.agent_role) == ("patient@riverside", "patient")
        assert not Reservation.objects.filter(status="held").exists()

    def test_the_old_link_has_ended_and_the_page_goes_on_with_the_new(self, link):
        moved = self_service.take(link, kept(link).pk, now=LATER)
        assert links.standing(links.of(link.pk), now=LATER) == links.Standing.MOVED
        new = self_service.new_link(moved, now=LATER)
        assert (new.revision, links.standing(new, now=LATER)) == (2, links.Standing.LIVE)
        assert new.message.kind == "moved"

    def test_pressed_twice_it_is_moved_once(self, link):
        hold = kept(link)
        first = self_service.take(link, hold.pk, now=LATER)
        assert self_service.take(link, hold.pk, now=LATER).revision == first.revision == 2

    def test_late_but_still_free_it_is_taken(self, link):
        hold = kept(link)
        assert self_service.take(link, hold.pk, now=LATER + timedelta(minutes=30)).revision == 2

    def test_late_and_taken_it_says_so(self, site, link):
        hold = kept(link)
        close(site, THURSDAY, THURSDAY + timedelta(days=1))
        late = LATER + timedelta(minutes=11)
        assert sentence(partial(self_service.take, link, hold.pk, now=late)) == times.RAN_OUT
        link.appointment.refresh_from_db()
        assert link.appointment.revision == 1

    def test_in_another_tab_a_time_was_chosen_since(self, link):
        first = kept(link)
        kept(link, 2)
        assert sentence(partial(self_service.take, link, first.pk, now=LATER)) == times.NOT_KEPT

    @pytest.mark.parametrize("hold", ["", "1", uuid4()])
    def test_what_is_not_kept_cannot_be_taken(self, link, hold):
        assert sentence(partial(self_service.take, link, hold, now=LATER)) == times.NOT_KEPT

    def test_what_another_patient_keeps_cannot_be_taken(self, site, link):
        theirs = kept(link_of(booked(site)))
        assert sentence(partial(self_service.take, link, theirs.pk, now=LATER)) == times.NOT_KEPT

    def test_the_desk_was_faster_and_the_link_has_ended(self, site, link):
        hold, desk = kept(link), department.scheduler(site)
        best = department.proposal_of_move(link.appointment, by=desk)
        moved = booking.move(link.appointment, starts=best.starts, by=desk, now=LATER)
        assert "earlier time" in sentence(partial(self_service.take, link, hold.pk, now=LATER))
        moved.refresh_from_db()
        assert (moved.revision, moved.starts_at) == (2, best.starts_at)

    def test_the_site_has_closed_it_to_patients_meanwhile(self, site, link):
        hold = kept(link)
        site.patients_move = False
        site.save(update_fields=["patients_move"])
        assert sentence(partial(self_service.take, link, hold.pk, now=LATER)) == standing.NOT_OPEN
        assert Appointment.objects.get().revision == 1
