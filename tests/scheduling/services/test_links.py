"""Links in mails: the same for every attempt, worth nothing in the database, and dead when the time has changed."""

import threading
from datetime import date, timedelta

import pytest
from django.db import connection

from scheduling.models import MessageKind, PatientLink, Purpose
from scheduling.services import booking, links, search
from scheduling.services.links import Standing
from tests import department, mailed
from vqflow.errors import Conflict, Invalid
from vqflow.models import AuditEvent

NOW = department.NOW
BORN, WRONG = date(1960, 5, 17), date(1961, 5, 17)


@pytest.fixture
def link(appointment):
    return mailed.link(appointment)[1]


def standing(link, now=NOW):
    return links.standing(links.of(link.pk), now=now)


@pytest.mark.django_db
class TestMaking:
    def test_each_attempt_of_a_mail_carries_the_same_link(self, appointment):
        message = mailed.message(appointment)
        first = links.for_message(message, now=NOW)
        message.attempts = 2
        assert links.for_message(message, now=NOW + timedelta(minutes=5)) == first
        assert PatientLink.objects.filter(message=message).count() == 1

    def test_a_key_of_the_server_that_was_changed_in_between_makes_no_other_link(self, appointment, settings):
        message = mailed.message(appointment)
        first = links.for_message(message, now=NOW)
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "a new key that is quite long enough for everybody"
        message.attempts = 2
        assert links.for_message(message, now=NOW) == first

    def test_without_the_old_key_the_newest_attempt_carries_the_link_that_opens(self, appointment, settings):
        message = mailed.message(appointment)
        links.for_message(message, now=NOW)
        settings.SECRET_KEY = "a new key that is quite long enough for everybody"
        message.attempts = 2
        path, row = mailed.path_of(links.for_message(message, now=NOW)["link"])
        assert links.found(path.rsplit("/", 1)[1], now=NOW) == row

    def test_the_token_has_256_bits_and_only_its_digest_is_kept(self, appointment):
        message = mailed.message(appointment)
        token = links.token(message, Purpose.VISIT)
        assert len(token) == 43
        links.for_message(message, now=NOW)
        row = PatientLink.objects.get(message=message)
        assert row.digest == links.digest(token)
        assert token not in str(vars(row))

    def test_two_mails_and_two_purposes_have_different_tokens(self, site):
        one, other = (mailed.message(department.booked(site)) for _ in range(2))
        tokens = {links.token(each, purpose) for each in (one, other) for purpose in Purpose}
        assert len(tokens) == 2 * len(Purpose)

    @pytest.mark.parametrize(
        ("kind", "names"),
        [
            (MessageKind.CONFIRMATION, {"link"}),
            (MessageKind.REMINDER, {"link", "stop"}),
            (MessageKind.XRAY_REMINDER, {"link", "stop"}),
            (MessageKind.MOVED, {"link"}),
            (MessageKind.CANCELLED, set()),
            (MessageKind.AFTERCARE, {"link"}),
        ],
    )
    def test_kinds_of_mail_have_the_links_that_are_of_use(self, appointment, kind, names):
        assert links.for_message(mailed.message(appointment, kind=kind), now=NOW).keys() == names

    def test_a_mail_to_the_referrer_has_no_link_of_the_patient(self, appointment):
        message = mailed.message(appointment)
        message.recipient = "referrer"
        assert links.for_message(message, now=NOW) == {}

    def test_the_address_says_nothing(self, appointment):
        url = links.for_message(mailed.message(appointment, kind=MessageKind.REMINDER), now=NOW)
        base = "http://127.0.0.1:8000/a/"
        assert url["link"].startswith(base)
        assert url["stop"].startswith(f"{base}stop/")


@pytest.mark.django_db
class TestStanding:
    def test_a_new_link_is_live_until_some_hours_after_the_visit(self, link, appointment):
        last = appointment.ends_at + links.AFTER_VISIT
        assert standing(link, last - timedelta(seconds=1)) == Standing.LIVE
        assert standing(link, last) == Standing.EXPIRED

    def test_a_move_ends_the_link_of_the_earlier_time(self, link, appointment, site):
        by = department.scheduler(site)
        day = department.TODAY + timedelta(days=2)
        (later,), _ = search.moves(appointment, first_day=day, days=3, by=by, now=NOW, limit=1)
        moved = booking.move(appointment, starts=later.starts, by=by, now=NOW)
        assert standing(link) == Standing.MOVED
        assert standing(mailed.link(moved, kind=MessageKind.MOVED)[1]) == Standing.LIVE

    def test_a_cancelled_appointment_says_so(self, link, appointment, site):
        booking.cancel(appointment, reason="Ill", by=department.scheduler(site), now=NOW)
        assert standing(link) == Standing.CANCELLED

    def test_a_new_revision_of_the_same_time_keeps_the_link(self, link, appointment):
        appointment.revision += 1
        appointment.save(update_fields=["revision"])
        assert standing(link) == Standing.MOVED
        links.unchanged(appointment)
        assert standing(link) == Standing.LIVE

    def test_every_standing_but_live_has_a_sentence(self):
        assert [each for each in Standing if not links.sentence_of(each)] == [Standing.LIVE]

    def test_a_token_that_nobody_was_sent_is_not_found(self, link):
        assert links.find("x" * 43) is None
        assert links.found("x" * 43, now=NOW) is None


@pytest.mark.django_db
class TestUnlocking:
    def test_the_date_of_birth_opens_and_is_noted_once(self, link, appointment):
        links.unlock(link, BORN, now=NOW)
        links.unlock(link, BORN, now=NOW + timedelta(hours=1))
        link.refresh_from_db()
        assert (link.unlocked_at, link.wrong_tries) == (NOW, 0)
        event = AuditEvent.objects.filter(action="link.unlocked").last()
        assert event.patient_ids == [appointment.procedure.order.patient_id]

    def test_a_wrong_date_says_how_many_tries_are_left(self, link):
        for left in (4, 3, 2, 1):
            with pytest.raises(Invalid, match=f"try {left} more time"):
                links.unlock(link, WRONG, now=NOW)
        with pytest.raises(Conflict, match="Please call us"):
            links.unlock(link, WRONG, now=NOW)
        link.refresh_from_db()
        assert link.wrong_tries == 5

    def test_after_five_wrong_tries_the_right_date_opens_nothing(self, link):
        PatientLink.objects.filter(pk=link.pk).update(wrong_tries=5)
        with pytest.raises(Conflict, match="Please call us"):
            links.unlock(link, BORN, now=NOW)
        assert standing(link) == Standing.BLOCKED

    def test_a_right_date_gives_no_tries_back(self, link):
        with pytest.raises(Invalid):
            links.unlock(link, WRONG, now=NOW)
        links.unlock(link, BORN, now=NOW)
        with pytest.raises(Invalid, match="try 3 more"):
            links.unlock(link, WRONG, now=NOW)

    def test_who_has_no_known_date_of_birth_is_not_opened_by_none(self, link, appointment):
        patient = appointment.procedure.order.patient
        patient.is_temporary, patient.born_on = True, None
        patient.save(update_fields=["is_temporary", "born_on"])
        with pytest.raises(Invalid):
            links.unlock(link, None, now=NOW)

    def test_a_link_that_has_ended_is_not_opened(self, link, appointment):
        with pytest.raises(Conflict, match="has ended"):
            links.unlock(link, BORN, now=appointment.ends_at + timedelta(days=2))


@pytest.mark.django_db
class TestReminders:
    def test_stopping_twice_is_done_once_and_the_appointment_stands(self, appointment):
        link = mailed.link(appointment, kind=MessageKind.REMINDER, name="stop")[1]
        assert links.stop_reminders(link, now=NOW)
        assert not links.stop_reminders(links.of(link.pk), now=NOW + timedelta(days=1))
        patient = appointment.procedure.order.patient
        patient.refresh_from_db()
        appointment.refresh_from_db()
        assert (patient.reminders_stopped_at, appointment.state) == (NOW, "booked")
        assert AuditEvent.objects.filter(action="reminders.stopped").count() == 1

    def test_they_can_begin_again(self, appointment):
        link = mailed.link(appointment, kind=MessageKind.REMINDER, name="stop")[1]
        assert not links.resume_reminders(link, now=NOW)
        links.stop_reminders(link, now=NOW)
        assert links.resume_reminders(links.of(link.pk), now=NOW)
        patient = appointment.procedure.order.patient
        patient.refresh_from_db()
        assert patient.reminders_stopped_at is None


@pytest.mark.django_db(transaction=True)
def test_wrong_dates_sent_at_the_same_moment_all_count():
    link = mailed.link(department.booked(department.site()))[1]
    answers, together = [], threading.Barrier(8)

    def guess(day):
        together.wait()
        try:
            links.unlock(links.of(link.pk), date(1950, 1, day), now=NOW)
        except (Invalid, Conflict) as refusal:
            answers.append(type(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=guess, args=(day,)) for day in range(1, 9)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    link.refresh_from_db()
    assert link.wrong_tries == 5
    assert (answers.count(Invalid), answers.count(Conflict)) == (4, 4)
