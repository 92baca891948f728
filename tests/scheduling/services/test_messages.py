import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connections, transaction
from structlog.testing import capture_logs

from reporting.management.commands import dispatch
from scheduling.models import Message, MessageKind, MessageRule, MessageState, PatientClass, StepKind, Task
from scheduling.services import booking, messages, visits
from scheduling.services.messages import calls, sending, settling
from tests import department
from tests.department import NOW, TODAY, ZONE
from tests.relay import running
from vqflow.errors import Conflict, NotAllowed
from vqflow.models import AuditEvent, Heartbeat, Role

pytestmark = pytest.mark.django_db
NEXT_WEEK = TODAY + timedelta(days=7)


@pytest.fixture
def site():
    """Its plan has no word to referrers about bookings: these tests are about patients, unless they say otherwise."""
    made = department.site()
    MessageRule.objects.bulk_create(
        MessageRule(site=made, kind=kind, is_on=False) for kind in (MessageKind.BOOKED, MessageKind.NOT_DONE)
    )
    return made


@pytest.fixture
def relay(settings):
    with running(settings) as listening:
        yield listening


def new_york(day, hour, minute=0):
    return datetime(2027, 3, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


def booked_for(site, *, xray, ventilation, now=NOW, **fields):
    order = department.order(site, now=now, **fields)
    starts = {
        StepKind.XRAY: xray,
        StepKind.VENTILATION: ventilation,
        StepKind.PERFUSION: ventilation + timedelta(minutes=25),
    }
    return booking.book(order, starts=starts, by=department.scheduler(site), now=now)


def to_patients():
    return Message.objects.filter(recipient="patient")


def rows(appointment, *, suppressed=False):
    """What is planned for the patient; with `suppressed`, what was planned and may not go out."""
    found = to_patients().filter(appointment=appointment).order_by("due_at", "kind")
    if suppressed:
        return [(row.kind, row.last_error) for row in found if row.state == MessageState.SUPPRESSED]
    return [(row.kind, row.state, row.due_at) for row in found if row.state != MessageState.SUPPRESSED]


def states(**where):
    found = to_patients().filter(**where).exclude(state=MessageState.SUPPRESSED)
    return list(found.order_by("due_at").values_list("state", flat=True))


def open_calls():
    return list(Task.objects.filter(kind="phone", closed_at=None).values_list("about", flat=True))


def call_about(appointment, kind, *, revision=1):
    return f"appointment:{appointment.pk}:{revision}:{kind}"


def silent_patient(site):
    return department.patient(site, email_consent=False)


def call(site, *, now=NOW):
    """The desk makes the one open call."""
    calls.done(Task.objects.get(kind="phone", closed_at=None), by=department.scheduler(site), now=now)


def move(appointment, *, now=NOW, days=1):
    by = department.scheduler(appointment.site)
    steps = appointment.steps.filter(planned_start_at__isnull=False)
    starts = {step.kind: step.planned_start_at + timedelta(days=days) for step in steps}
    return booking.move(appointment, starts=starts, by=by, now=now)


def cancel(appointment, *, now=NOW):
    return booking.cancel(appointment, reason="Ill", by=department.scheduler(appointment.site), now=now)


# What is written


def test_a_booking_is_confirmed_at_once_and_reminded_three_days_and_one_day_before(site):
    appointment = department.booked(site, first_day=TODAY + timedelta(days=4))
    assert appointment.starts_at == new_york(12, 7)
    assert rows(appointment) == [
        ("confirmation", "pending", NOW),
        ("reminder", "pending", new_york(9, 7)),
        ("reminder", "pending", new_york(11, 7)),
    ]
    assert set(Message.objects.values_list("not_after", flat=True)) == {appointment.starts_at}


def test_reminders_keep_the_wall_clock_across_the_start_of_summer_time(site):
    appointment = department.booked(site, first_day=NEXT_WEEK)
    reminder = rows(appointment)[1][2]
    assert reminder == new_york(12, 7)
    assert appointment.starts_at - reminder == timedelta(hours=71)


def test_reminders_whose_time_has_passed_are_not_written(site):
    appointment = department.booked(site, first_day=TODAY)
    assert [kind for kind, _, _ in rows(appointment)] == ["confirmation"]
    assert rows(appointment, suppressed=True) == [("reminder", "booked_late")] * 2


def test_of_two_visits_each_has_a_reminder_the_day_before(site):
    appointment = booked_for(site, xray=new_york(11, 15), ventilation=new_york(12, 10))
    assert rows(appointment) == [
        ("confirmation", "pending", NOW),
        ("reminder", "pending", new_york(8, 15)),
        ("xray_reminder", "pending", new_york(10, 15)),
        ("reminder", "pending", new_york(11, 9, 40)),  # 20 minutes of preparation and set-up
    ]


def test_inpatients_get_no_mail_and_no_call_and_the_list_says_why(site):
    appointment = department.booked(site, first_day=NEXT_WEEK, patient_class=PatientClass.INPATIENT)
    assert (rows(appointment), open_calls()) == ([], [])
    assert rows(appointment, suppressed=True) == [
        ("confirmation", "inpatient"),
        ("reminder", "inpatient"),
        ("reminder", "inpatient"),
    ]


def test_a_patient_without_consent_is_phoned(site):
    silent = department.patient(site, email_consent=False)
    appointment = department.booked(site, of=silent, first_day=NEXT_WEEK)
    call = Task.objects.get(kind="phone")
    assert rows(appointment) == []
    assert {code for _, code in rows(appointment, suppressed=True)} == {"no_consent"}
    assert call.sentence == "Phone the patient: no e-mail address to confirm the appointment."
    assert (call.order, call.due_at) == (appointment.procedure.order, appointment.starts_at)


def test_planning_twice_writes_once(site):
    appointment = department.booked(site, first_day=NEXT_WEEK)
    messages.plan(appointment, now=NOW)
    assert len(rows(appointment)) == Message.objects.count() == 3


def test_a_rolled_back_booking_leaves_no_mail(site, relay):
    with transaction.atomic():
        department.booked(site, first_day=NEXT_WEEK)
        transaction.set_rollback(True)
    assert messages.send_due(now=NOW) == 0
    assert relay.mails == []


def test_a_move_drops_the_old_mail_and_tells_the_new_time(site):
    appointment = department.booked(site, first_day=NEXT_WEEK)
    messages.send_due(now=NOW)
    appointment = move(appointment)
    assert states(revision=1) == ["sent", "cancelled", "cancelled"]
    assert [row for row in rows(appointment) if row[1] == "pending"] == [
        ("moved", "pending", NOW),
        ("reminder", "pending", new_york(13, 7)),
        ("reminder", "pending", new_york(15, 7)),
    ]


def test_a_cancellation_is_told_to_who_was_told_of_the_appointment(site):
    appointment = department.booked(site, first_day=NEXT_WEEK)
    messages.send_due(now=NOW)
    cancel(appointment)
    assert Message.objects.get(state="pending").kind == MessageKind.CANCELLED
    assert states(kind="confirmation") + states(kind="reminder") == ["sent", "cancelled", "cancelled"]


def test_a_cancellation_before_any_mail_has_left_is_not_told(site):
    appointment = department.booked(site, first_day=NEXT_WEEK)
    cancel(appointment)
    assert states() == ["cancelled", "cancelled", "cancelled"]


def test_a_cancellation_while_the_confirmation_is_on_its_way_is_told(site):
    appointment = department.booked(site, first_day=NEXT_WEEK)
    sending.claim(now=NOW, limit=1)
    cancel(appointment)
    assert Message.objects.filter(kind=MessageKind.CANCELLED, state="pending").exists()


def test_a_patient_who_missed_the_first_of_two_visits_is_told_that_the_second_is_cancelled(site, relay):
    appointment = booked_for(site, xray=new_york(11, 15), ventilation=new_york(12, 10))
    messages.send_due(now=NOW)
    evening = new_york(11, 17)
    visits.no_show(appointment, by=department.technologist(site), now=evening)
    assert messages.send_due(now=evening) == 1
    assert relay.mails[-1]["Subject"] == "Your appointment at Riverside Clinic is cancelled"
    assert "When: Friday 12 March 2027, 09:40" in relay.mails[-1].get_body(["plain"]).get_content()


def test_a_patient_who_missed_the_only_visit_gets_no_mail_about_it(site, relay):
    appointment = department.booked(site, first_day=NEXT_WEEK)
    messages.send_due(now=NOW)
    after = appointment.starts_at + timedelta(hours=1)
    visits.no_show(appointment, by=department.technologist(site), now=after)
    assert (messages.send_due(now=after), len(relay.mails)) == (0, 1)


def test_without_an_address_a_cancellation_is_phoned_only_if_the_booking_was(site):
    silent = department.patient(site, email_consent=False)
    cancel(department.booked(site, of=silent, first_day=NEXT_WEEK))
    assert open_calls() == []
    appointment = department.booked(site, of=silent, first_day=NEXT_WEEK)
    call(site)
    cancel(appointment)
    assert open_calls() == [call_about(appointment, "cancelled")]


def test_without_an_address_each_move_is_a_new_call_and_closes_the_one_before(site):
    appointment = department.booked(site, of=silent_patient(site), first_day=NEXT_WEEK)
    later = NOW + timedelta(hours=1)
    move(appointment, now=later)
    before = Task.objects.get(about=call_about(appointment, "confirmation"))
    assert (before.closed_at, before.closed_by) == (later, None)
    assert open_calls() == [call_about(appointment, "moved", revision=2)]
    call(site, now=later)
    move(appointment, now=later)
    assert open_calls() == [call_about(appointment, "moved", revision=3)]
    move(appointment, now=later)
    assert open_calls() == [call_about(appointment, "moved", revision=4)]
    assert Task.objects.get(closed_at=None, kind="phone").due_at == appointment.starts_at + timedelta(days=3)


def test_a_move_leaves_the_calls_of_other_orders_open(site):
    other = department.booked(site, of=silent_patient(site), first_day=NEXT_WEEK)
    moving = department.booked(site, of=silent_patient(site), first_day=NEXT_WEEK)
    move(moving)
    wanted = {call_about(other, "confirmation"), call_about(moving, "moved", revision=2)}
    assert set(open_calls()) == wanted


def test_a_call_about_an_earlier_cancellation_stays_open_when_the_next_appointment_ends(site):
    silent = silent_patient(site)
    first = department.booked(site, of=silent, first_day=NEXT_WEEK)
    call(site)
    cancel(first)
    order = first.procedure.order
    order.refresh_from_db()
    starts = department.proposal(order, first_day=NEXT_WEEK).starts
    second = booking.book(order, starts=starts, by=department.scheduler(site), now=NOW)
    assert set(open_calls()) == {call_about(first, "cancelled"), call_about(second, "confirmation")}
    cancel(second)
    assert open_calls() == [call_about(first, "cancelled")]


def test_a_patient_who_was_never_called_is_not_told_of_a_cancellation_after_a_move(site):
    appointment = department.booked(site, of=silent_patient(site), first_day=NEXT_WEEK)
    cancel(move(appointment))
    assert open_calls() == []


# Calls that are made


@pytest.fixture
def to_call(site):
    department.booked(site, of=silent_patient(site), first_day=NEXT_WEEK)
    return Task.objects.select_related("order").get(kind="phone")


def test_a_call_that_is_made_is_closed_by_who_made_it_and_audited(site, to_call):
    by = department.technologist(site)
    calls.done(to_call, by=by, now=NOW)
    row = Task.objects.get(pk=to_call.pk)
    assert (row.closed_at, row.closed_by) == (NOW, by)
    event = AuditEvent.objects.get(action="task.closed")
    assert (event.agent_id, event.subject_id, event.patient_ids) == (
        str(by.pk),
        str(row.pk),
        [row.order.patient_id],
    )


def test_a_call_is_made_once_even_by_two_who_both_saw_it_open(site, to_call):
    first, second = department.scheduler(site), department.scheduler(site)
    as_read_by_the_second = Task.objects.select_related("order").get(pk=to_call.pk)
    calls.done(to_call, by=first, now=NOW)
    with pytest.raises(Conflict, match=r"This call is done already\."):
        calls.done(as_read_by_the_second, by=second, now=NOW + timedelta(minutes=1))
    row = Task.objects.get(pk=to_call.pk)
    assert (row.closed_at, row.closed_by) == (NOW, first)
    assert AuditEvent.objects.filter(action="task.closed").count() == 1


def test_a_task_that_is_no_call_is_not_closed_by_hand(site):
    department.order(site, answers={})
    question = Task.objects.filter(kind="ask").first()
    with pytest.raises(Conflict, match="Only calls are closed by hand"):
        calls.done(question, by=department.scheduler(site), now=NOW)
    question.refresh_from_db()
    assert question.closed_at is None


def test_only_clinical_roles_close_a_call(site, to_call):
    for role in (Role.REFERRER, Role.INTEGRATION, Role.ADMINISTRATOR, Role.PRIVACY_OFFICER):
        with pytest.raises(NotAllowed):
            calls.done(to_call, by=department.user(role, site), now=NOW)
    assert len(open_calls()) == 1


def test_a_ready_result_is_told_to_the_referrer_once_per_version(site):
    order = department.order(site)
    for version in (1, 1, 2):
        messages.result_ready(order, version=version, now=NOW)
    assert list(Message.objects.values_list("recipient", "revision").order_by("revision")) == [
        ("referrer", 1),
        ("referrer", 2),
    ]


def test_a_referrer_without_e_mail_is_phoned(site):
    order = department.order(site, referrer=department.referrer(site, email=""))
    messages.result_ready(order, version=1, now=NOW)
    assert open_calls() == ["report:1:result_ready"]
    assert Message.objects.get().last_error == "no_address"


# What is sent


def test_a_due_mail_is_sent_once_and_leaves_its_traces(site, relay):
    appointment = department.booked(site, first_day=NEXT_WEEK)
    patient = appointment.procedure.order.patient
    assert [messages.send_due(now=NOW), messages.send_due(now=NOW)] == [1, 0]
    row = Message.objects.get(kind="confirmation")
    assert (row.state, row.attempts, row.last_error) == ("sent", 1, "")
    assert relay.recipients == [[patient.email]]
    assert relay.mails[0]["Message-ID"] == f"<{row.pk}@127.0.0.1>"
    assert AuditEvent.objects.get(action="message.sent").patient_ids == [patient.pk]
    assert Heartbeat.objects.get(name="messages").beat_at == NOW


def test_what_has_left_keeps_the_time_at_which_it_was_due(site, relay):
    department.booked(site, first_day=NEXT_WEEK)
    due_at = Message.objects.get(kind="confirmation").due_at
    messages.send_due(now=NOW + timedelta(minutes=1))
    assert Message.objects.get(kind="confirmation", state="sent").due_at == due_at


def test_log_lines_name_no_address(site, relay, caplog):
    relay.refuse_recipient = "550 <pat@mail.example> is unknown"
    department.booked(site, of=department.patient(site, email="pat@mail.example"), first_day=NEXT_WEEK)
    messages.send_due(now=NOW)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("scheduling")]
    assert "'code': '550'" in lines[-1]
    assert "mail.example" not in "".join(lines)


def test_one_run_sends_more_than_one_batch_over_one_connection(site, relay):
    order = department.order(site)
    for version in range(1, 8):
        messages.result_ready(order, version=version, now=NOW)
    assert messages.send_due(now=NOW, limit=3) == 7
    assert len(relay.mails) == 7


def test_a_mail_about_an_older_plan_is_not_sent(site, relay):
    appointment = department.booked(site, first_day=NEXT_WEEK)
    type(appointment).objects.filter(pk=appointment.pk).update(revision=2)
    assert messages.send_due(now=NOW) == 0
    assert (states()[0], relay.mails) == ("cancelled", [])


def test_a_reminder_found_after_the_visit_began_expires_without_a_call(site, relay):
    appointment = department.booked(site, first_day=NEXT_WEEK)
    messages.send_due(now=NOW)
    messages.send_due(now=appointment.starts_at)
    assert states() == ["sent", "expired", "expired"]
    assert (len(relay.mails), open_calls()) == (1, [])


def test_a_confirmation_that_came_too_late_is_phoned(site, relay):
    appointment = department.booked(site, first_day=TODAY)
    messages.send_due(now=appointment.starts_at)
    assert (states(), relay.mails, open_calls()) == (
        ["expired"],
        [],
        [call_about(appointment, "confirmation")],
    )


def test_consent_withdrawn_before_sending_stops_the_mail(site, relay):
    appointment = department.booked(site, first_day=NEXT_WEEK)
    patient = appointment.procedure.order.patient
    type(patient).objects.update(email_consent_at=None, email_consent_by=None)
    messages.send_due(now=NOW)
    assert rows(appointment, suppressed=True) == [("confirmation", "no_consent")]
    assert (relay.mails, open_calls()) == ([], [call_about(appointment, "confirmation")])


def test_a_busy_relay_is_tried_again_later_and_then_given_up(site, relay):
    relay.refuse_recipient = "450 Busy"
    appointment = department.booked(site, first_day=NEXT_WEEK)
    confirmation = Message.objects.filter(kind="confirmation")
    now, waits = NOW, []
    for _ in range(settling.MAX_ATTEMPTS - 1):
        messages.send_due(now=now)
        row = confirmation.get()
        assert (row.state, row.last_error) == ("pending", "450")
        waits.append(row.due_at - now)
        now = row.due_at
    assert timedelta(seconds=30) <= waits[0] <= timedelta(seconds=65)
    assert timedelta(minutes=30) <= waits[-1] <= timedelta(hours=1, seconds=5)
    messages.send_due(now=now)
    assert (confirmation.get().state, open_calls()) == (
        "failed",
        [call_about(appointment, "confirmation")],
    )


def test_a_refused_recipient_is_phoned_at_once(site, relay):
    relay.refuse_recipient = "550 No such user"
    appointment = department.booked(site, first_day=NEXT_WEEK)
    assert messages.send_due(now=NOW) == 0
    row = Message.objects.get(kind="confirmation")
    assert (row.state, row.attempts, row.last_error) == ("failed", 1, "550")
    assert open_calls() == [call_about(appointment, "confirmation")]


def test_an_answer_lost_after_the_mail_was_taken_brings_one_more_with_the_same_id(site, relay):
    relay.drops_after_data = 1
    department.booked(site, first_day=NEXT_WEEK)
    assert messages.send_due(now=NOW) == 0
    assert messages.send_due(now=NOW + timedelta(minutes=2)) == 1
    first, second = relay.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_a_line_break_in_the_address_is_never_sent(site, relay):
    victim = department.patient(site, email="a@mail.example")
    type(victim).objects.update(email="a@mail.example\r\nBcc: b@mail.example")
    appointment = department.booked(site, of=victim, first_day=NEXT_WEEK)
    assert messages.send_due(now=NOW) == 0
    row = Message.objects.get(kind="confirmation")
    assert (row.state, row.attempts, relay.mails) == ("failed", 1, [])
    assert open_calls() == [call_about(appointment, "confirmation")]


def test_a_line_break_in_the_clinics_name_adds_no_header(site, relay):
    type(site).objects.update(name="Riverside\r\nBcc: b@mail.example")
    department.booked(department.Site.objects.get(), first_day=NEXT_WEEK)
    messages.send_due(now=NOW)
    assert (relay.mails, states()[0]) == ([], "failed")


def test_a_mail_whose_sender_died_is_taken_over_when_its_lease_has_run_out(site, relay):
    department.booked(site, first_day=NEXT_WEEK)
    sending.claim(now=NOW, limit=1)
    assert messages.send_due(now=NOW + sending.LEASE - timedelta(seconds=1)) == 0
    assert messages.send_due(now=NOW + sending.LEASE) == 1
    row = Message.objects.get(kind="confirmation")
    assert (row.state, row.attempts, len(relay.mails)) == ("sent", 2, 1)


def test_a_sender_that_was_outrun_changes_nothing(site):
    department.booked(site, first_day=NEXT_WEEK)
    first = sending.claim(now=NOW, limit=1)
    (slow,) = sending.load(first, now=NOW).values()
    second = sending.claim(now=NOW + sending.LEASE, limit=1)
    failed = settling.settle(slow, MessageState.FAILED, now=NOW, code="550", sentences=calls.NOT_DELIVERED)
    row = Message.objects.get(pk=slow.pk)
    assert (failed, row.state, row.attempts, open_calls()) == (False, "sending", 2, [])
    assert sending.load(first, now=NOW) == {}
    assert settling.sent(sending.load(second, now=NOW)[row.pk], now=NOW)


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_send_each_mail_once(site, relay):
    order = department.order(site)
    for version in range(1, 31):
        messages.result_ready(order, version=version, now=NOW)
    barrier, counts = threading.Barrier(4), []

    def work():
        barrier.wait()
        counts.append(messages.send_due(now=NOW, limit=4))
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(counts) == 30
    assert len({mail["Message-ID"] for mail in relay.mails}) == len(relay.mails) == 30
    assert sorted(counts)[-2] > 0


def test_the_second_path_sends_without_celery(site, relay, capsys):
    messages.result_ready(department.order(site), version=1, now=datetime.now(UTC))
    call_command("dispatch")
    assert capsys.readouterr().out == "1 sent, 0 holds released, 0 times offered\n"


@pytest.mark.django_db(transaction=True)
def test_a_job_that_fails_keeps_the_second_path_from_nothing_else(
    site, relay, monkeypatch, settings, tmp_path
):
    messages.result_ready(department.order(site), version=1, now=datetime.now(UTC))
    settings.DOWNTIME_FOLDER = tmp_path / "taken"
    settings.DOWNTIME_FOLDER.write_text("This is no folder.")

    # As if the job that fails were the first.
    monkeypatch.setattr(dispatch, "JOBS", dispatch.JOBS[::-1])
    with capture_logs() as lines:
        dispatch.look()
    assert len(relay.mails) == 1
    failed = [(line["job"], line["error"]) for line in lines if line["event"] == "dispatch.failed"]
    assert failed == [("scheduling.write_downtime_lists", "NotADirectoryError")]
