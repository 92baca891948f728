"""The demonstration department: lively at any hour, and by the same rules as a real one."""

import re
from datetime import datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from reporting.demo import loading
from reporting.models import Report, ReportVersion, VersionKind
from reporting.services import chains, evaluation, signing
from scheduling.demo import bulk, clinic
from scheduling.engine import gates
from scheduling.engine.calendars import local_day_bounds, to_datetime
from scheduling.engine.states import AppointmentState
from scheduling.examinations import examination
from scheduling.models import (
    Administration,
    Appointment,
    Arrival,
    CheckKind,
    CheckPlan,
    DoseClaim,
    Message,
    MessageState,
    OpeningHours,
    Order,
    Patient,
    PhaseRecord,
    PictureRecord,
    Problem,
    Protocol,
    ProtocolStep,
    QualityCheck,
    Referrer,
    Reservation,
    ScheduledProcedureStep,
    Shift,
    Site,
    Task,
    TracerBatch,
)
from scheduling.services import links, protocols, search, self_service
from tests import mailed
from vqflow.management.commands import prepare
from vqflow.models import AuditEvent, User

ZONE = ZoneInfo("America/New_York")
NOON = "2026-11-18T12:05"
MOMENTS = {
    "a weekday at noon": NOON,
    "a weekday at opening": "2026-11-17T07:10",
    "just after midnight": "2026-11-22T00:10",
    "a Saturday evening": "2026-11-21T19:40",
    "just before midnight": "2026-11-19T23:50",
    "a public holiday": "2026-11-26T13:00",
    "the night the clock goes back": "2026-11-01T01:30",
}


def load(*arguments):
    out = StringIO()
    call_command("load_demo", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module", params=MOMENTS.values(), ids=MOMENTS.keys())
def any_now(request, django_db_setup, django_db_blocker):
    """A small department loaded at each of MOMENTS; the moment."""
    with django_db_blocker.unblock(), transaction.atomic():
        load("--small", "--today", request.param)
        yield datetime.fromisoformat(request.param).replace(tzinfo=ZONE)
        transaction.set_rollback(True)


@pytest.fixture
def noon(db):
    load("--small", "--today", NOON)
    return datetime.fromisoformat(NOON).replace(tzinfo=ZONE)


def todays(now):
    first, last = (to_datetime(minute) for minute in local_day_bounds(now.date(), ZONE))
    rows = Appointment.objects.filter(site__code="riverside").on(first, last)
    return rows.select_related("procedure__order", "site", "procedure__protocol")


def running(kind):
    return ScheduledProcedureStep.objects.filter(
        kind=kind, state="in_progress", appointment__site__code="riverside"
    )


def why_not_begin(appointment, now):
    """Why the first lung acquisition may not begin, by the rules that the worklist asks."""
    first = appointment.steps.exclude(kind="xray").order_by("ordinal").first()
    return gates.why_not_start(examination(appointment, now), first.kind)


def test_todays_list_has_every_state_of_an_appointment(any_now):
    assert {row.state for row in todays(any_now)} == {str(state) for state in AppointmentState}


def test_a_ventilation_and_a_perfusion_are_running(any_now):
    assert running("ventilation").count() >= 1
    assert running("perfusion").filter(reservations__resource__name="Camera 1").exists()


def test_a_patient_with_cleared_dose_can_begin_once_it_is_measured(any_now):
    cleared = todays(any_now).filter(state="arrived", dose_cleared_at__isnull=False)
    sentences = [why_not_begin(row, any_now) for row in cleared]
    assert None in sentences
    assert set(sentences) <= {None, "Measure the dose first."}
    assert sentences.count("Measure the dose first.") >= 2


def test_a_dose_is_blocked_by_severe_pulmonary_hypertension(any_now):
    waiting = todays(any_now).filter(state="arrived", dose_cleared_at=None)
    sentences = [gates.why_not_clear_dose(examination(row, any_now)) or "" for row in waiting]
    assert any("pulmonary hypertension" in sentence for sentence in sentences)
    assert any("at least 1 h is needed" in sentence for sentence in sentences)


def test_reports_are_waited_for_in_draft_preliminary_and_final(any_now):
    finished = todays(any_now).filter(state="fulfilled")
    found = {report.order_id: report.state for report in Report.objects.all()}
    assert {found.get(row.procedure.order_id) for row in finished} >= {None, "draft", "preliminary", "final"}


def test_somebody_is_late(any_now):
    assert todays(any_now).filter(state="booked", starts_at__lt=any_now - timedelta(minutes=10)).exists()


def test_nothing_has_happened_in_the_future(any_now):
    steps = ScheduledProcedureStep.objects
    assert not steps.filter(performed_start_at__gt=any_now).exists()
    assert not steps.filter(performed_end_at__gt=any_now).exists()
    assert not Appointment.objects.filter(booked_at__gt=any_now).exists()
    assert not Appointment.objects.filter(arrived_at__gt=any_now).exists()
    assert not Order.objects.filter(ordered_at__gt=any_now).exists()
    assert not ReportVersion.objects.filter(signed_at__gt=any_now).exists()
    assert not Message.objects.filter(sent_at__gt=any_now).exists()


def test_no_mail_is_due_at_once(any_now):
    waiting = Message.objects.filter(state__in=[MessageState.PENDING, MessageState.SENDING])
    assert waiting.exists()
    assert not waiting.filter(due_at__lte=any_now).exists()


def test_what_was_recorded_of_today_belongs_to_what_happened(any_now):
    """Records stand at the times of the steps, none lies in the future, and each state has its own."""
    for model, field in ((Arrival, "arrived_at"), (PictureRecord, "acquired_at"), (QualityCheck, "done_at")):
        rows = model.objects.all()
        assert rows.exists()
        assert not rows.filter(**{f"{field}__gt": any_now}).exists()
    assert not PhaseRecord.objects.filter(ended_at__gt=any_now).exists()
    assert PhaseRecord.objects.filter(ended_at=None, started_at__isnull=False).exists()
    given = Administration.objects.exclude(given_at=None).select_related("step")
    assert given.count() >= 4
    assert all(dose.given_at == dose.step.performed_start_at for dose in given)
    assert all(dose.lowest_mbq <= dose.measured_mbq <= dose.highest_mbq for dose in given)
    assert Administration.objects.filter(given_at=None).exists()


def test_two_wait_for_a_release_and_somebody_is_pending(any_now):
    waiting = todays(any_now).filter(awaits_release=True)
    assert [(row.state, row.releases.exists()) for row in waiting] == [("fulfilled", False)] * 2
    released = todays(any_now).filter(state="fulfilled", awaits_release=False)
    assert all(row.releases.exists() and row.hand_over for row in released)
    [problem] = Problem.objects.open()
    assert (problem.reason, problem.appointment.state) == ("late", "booked")


def test_this_morning_was_checked(any_now):
    plans = CheckPlan.objects.filter(site__code="riverside")
    assert {plan.kind for plan in plans} == set(CheckKind.values)
    rooms = [plan for plan in plans if plan.room_id or plan.kind == CheckKind.CALIBRATOR]
    assert all(plan.checks.filter(passed=True).exists() for plan in rooms)


def test_technologists_are_booked_within_their_shifts(any_now):
    shifts = {}
    for row in Shift.objects.all():
        shifts.setdefault(row.resource_id, []).append(row.span)
    booked = Reservation.objects.occupying().filter(resource__kind="technologist")
    outside = [
        row
        for row in booked
        if not any(
            span.lower <= row.span.lower and row.span.upper <= span.upper for span in shifts[row.resource_id]
        )
    ]
    assert booked.exists()
    assert outside == []


def test_rooms_are_booked_within_their_hours_on_the_days_ahead(any_now):
    hours = {(row.resource_id, row.weekday): row for row in OpeningHours.objects.all()}
    tomorrow = to_datetime(local_day_bounds(any_now.date() + timedelta(days=1), ZONE)[0])
    ahead = Reservation.objects.occupying().filter(
        resource__kind="room",
        resource__site__code="riverside",
        span__startswith__gte=tomorrow + timedelta(hours=6),
    )
    assert ahead.exists()
    for row in ahead:
        begins, ends = row.span.lower.astimezone(ZONE), row.span.upper.astimezone(ZONE)
        open_hours = hours[row.resource_id, begins.weekday()]
        assert open_hours.opens <= begins.time()
        assert ends.time() <= open_hours.closes


def test_unknown_answers_are_tasks_and_consults_wait(noon):
    kinds = set(Task.objects.filter(closed_at=None).values_list("kind", flat=True))
    assert {"ask", "consult"} <= kinds
    unidentified = Order.objects.get(patient__is_temporary=True)
    assert unidentified.state == "requested"
    assert unidentified.tasks.filter(kind="ask").count() > 10


def test_signed_reports_are_intact(noon):
    versions = list(ReportVersion.objects.select_related("report__order", "signed_by"))
    assert len(versions) > 100
    assert all(signing.is_intact(version) for version in versions)


def test_history_has_as_many_finished_examinations_as_asked_for(noon):
    before_today = to_datetime(local_day_bounds(noon.date(), ZONE)[0])
    finished = Appointment.objects.filter(
        site__code="riverside", state="fulfilled", lungs_start_at__lt=before_today
    )
    assert finished.count() == 120


def test_the_days_ahead_are_about_sixty_percent_full(noon):
    names = ["Ventilation 1", "Ventilation 2"]
    tomorrow = to_datetime(local_day_bounds(noon.date() + timedelta(days=1), ZONE)[0])
    booked = Reservation.objects.occupying().filter(
        resource__name__in=names, resource__site__code="riverside", span__startswith__gte=tomorrow
    )
    taken = sum(row.end_minute - row.start_minute for row in booked)
    hours = OpeningHours.objects.filter(resource__name__in=names, resource__site__code="riverside")
    capacity = sum((row.closes.hour - row.opens.hour) * 60 for row in hours)
    assert 0.5 < taken / capacity < 0.7


def test_most_vetted_orders_find_a_time_in_the_week_ahead(noon):
    scheduler = User.objects.get(username="scheduler")
    orders = Order.objects.with_people().filter(site__code="riverside", state="vetted")
    asked = {"first_day": noon.date() + timedelta(days=1), "days": 7, "by": scheduler, "now": noon}
    found = [bool(search.proposals(order, **asked)[0]) for order in orders]
    assert found.count(True) > len(found) / 2


def test_patients_of_both_departments_find_another_time_by_their_link(noon):
    booked = Appointment.objects.filter(state=AppointmentState.BOOKED, starts_at__gt=noon + timedelta(days=2))
    booked = booked.filter(procedure__order__patient_class="O", procedure__order__priority="routine")
    for code in Site.objects.values_list("code", flat=True):
        keys = list(booked.filter(site__code=code).order_by("starts_at").values_list("pk", flat=True)[:12])
        opened = [mailed.link(Appointment.objects.get(pk=key), now=noon)[1] for key in keys]
        found = [bool(self_service.days(links.of(link.pk), now=noon)) for link in opened]
        assert found.count(True) > len(found) / 2, code


def test_the_applications_own_database_role_can_load_it(db):
    prepare.ensure_role("vqflow_demo_in_test", "only here")
    prepare.grant("vqflow_demo_in_test")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE vqflow_demo_in_test")
    assert "Loaded 21 examinations" in load("--examinations", "21")


def test_sites_are_apart_and_everybody_can_sign_in(noon):
    riverside, hillside = (User.objects.get(username=name) for name in ("scheduler", "hillside-scheduler"))
    ours = set(Patient.objects.for_user(riverside).values_list("pk", flat=True))
    theirs = set(Patient.objects.for_user(hillside).values_list("pk", flat=True))
    assert ours
    assert theirs
    assert not ours & theirs
    assert hillside.check_password(clinic.PASSWORD)
    assert Referrer.objects.get(user__username="referrer").orders.exists()


def test_loading_is_audited_once_and_a_second_time_does_nothing(noon):
    orders = Order.objects.count()
    assert "already loaded" in load("--small")
    assert Order.objects.count() == orders
    assert AuditEvent.objects.filter(action="demo.loaded").count() == 1


@pytest.mark.django_db
def test_the_same_seed_gives_the_same_department():
    def department(seed):
        with transaction.atomic():
            load("--examinations", "20", "--today", NOON, "--seed", seed)
            rows = Appointment.objects.order_by("starts_at", "id").values_list(
                "id", "starts_at", "state", "procedure__order__patient__family_name"
            )
            found = list(rows)
            transaction.set_rollback(True)
        return found

    first = department("7")
    assert department("7") == first
    assert department("8") != first


def test_the_first_department_can_stand_in_another_time_zone(db):
    load("--examinations", "21", "--zone", "Asia/Tokyo", "--today", NOON)
    first = Site.objects.get(code="riverside")
    assert first.time_zone == "Asia/Tokyo"
    noon = datetime.fromisoformat(NOON).replace(tzinfo=ZoneInfo("Asia/Tokyo"))
    assert Order.objects.filter(site=first, ordered_at__lte=noon).exists()
    assert not Order.objects.filter(site=first, ordered_at__gt=noon).exists()
    with pytest.raises(CommandError, match="'Atlantis' is no time zone"):
        load("--zone", "Atlantis")


def test_it_refuses_to_load_where_https_is_on(settings, db):
    settings.HTTPS = True
    with pytest.raises(CommandError, match="looks like production"):
        load("--small")
    assert not Site.objects.exists()


def test_logins_are_printed_without_loading(db):
    printed = load("--logins")
    assert clinic.PASSWORD in printed
    assert "physician" in printed
    assert not Site.objects.exists()


def test_protocols_are_installed_once_and_keep_the_sites_own_times(noon):
    site = Site.objects.get(code="riverside")
    ProtocolStep.objects.filter(protocol__site=site, kind="xray").update(acquisition_minutes=9)
    Protocol.objects.filter(site=site, key="Q_ONLY").update(is_active=False)
    assert protocols.install(site) == 0
    assert set(
        ProtocolStep.objects.filter(protocol__site=site, kind="xray").values_list("acquisition_minutes")
    ) == {(9,)}
    out = StringIO()
    call_command("install_protocols", "riverside", stdout=out)
    assert out.getvalue() == "riverside: nothing new.\n"


def test_everybody_booked_ahead_has_a_dose_of_each_tracer(noon):
    """The first site keeps tracers; nobody who is still to come today or later is without one."""
    lacking = (
        ScheduledProcedureStep.objects.filter(
            appointment__site__code="riverside",
            appointment__state__in=["booked", "arrived", "in_progress"],
            state="scheduled",
            planned_start_at__gt=noon,
        )
        .exclude(kind="xray")
        .exclude(dose_claims__status="live")
    )
    assert [str(step.appointment.procedure.protocol) for step in lacking] == []
    assert DoseClaim.objects.live().count() > 20
    assert all(batch.claimed_mbq <= batch.activity_mbq for batch in TracerBatch.objects.all())


TIMES = """
    SELECT site.code, appointment.starts_at, appointment.state, patient.family_name
    FROM scheduling_appointment appointment JOIN scheduling_site site ON site.id = appointment.site_id
    JOIN scheduling_requestedprocedure procedure ON procedure.id = appointment.procedure_id
    JOIN scheduling_order placed ON placed.id = procedure.order_id
    JOIN scheduling_patient patient ON patient.id = placed.patient_id ORDER BY 1, 2, appointment.id
"""
SCHEMA = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
    UNION ALL SELECT indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid
    FROM pg_index WHERE indexrelid >= 16384 AND indrelid::regclass::text NOT LIKE 'pg_toast_temp%'
    UNION ALL SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), tgenabled = 'O' FROM pg_trigger
    WHERE NOT tgisinternal ORDER BY 1, 2, 3
"""
LOST_HISTORY = """
    SELECT count(*) FROM scheduling_{0} one
    FULL JOIN (SELECT * FROM scheduling_{0}event WHERE pgh_label = 'insert') event ON event.pgh_obj_id = one.id
    WHERE one.id IS NULL OR event.id IS NULL
"""


def rows(statement):
    with connection.cursor() as cursor:
        return cursor.execute(statement).fetchall()


def schema():
    """Every constraint, index and trigger; without casts, which move when a definition is read back (as by pg_dump)."""
    return [
        (table, name, re.sub(r"::(character varying|text)(\[\])?|[()]", "", definition), holds)
        for table, name, definition, holds in rows(SCHEMA)
    ]


def cut_off(table):
    with transaction.atomic(), bulk.bare([table]):
        raise KeyboardInterrupt


def load_three_sites():
    now = datetime.fromisoformat(NOON).replace(tzinfo=ZONE)
    assert loading.load_all(examinations=45, per_site=15, weeks_ahead=1, seed=7, now=now) == 0


@pytest.fixture
def three_sites(db):
    """A large load, only smaller; what `schema` gave before it."""
    before = schema()
    load_three_sites()
    return before


def test_a_large_load_leaves_every_constraint_index_and_trigger_as_it_was(three_sites):
    assert schema() == three_sites
    assert Site.objects.count() == 4
    one = Reservation.objects.occupying().first()
    with pytest.raises(IntegrityError, match="reservation_no_double_booking"), transaction.atomic():
        Reservation.objects.create(
            resource_id=one.resource_id, step_id=one.step_id, revision=9, status="booked", span=one.span
        )


def test_a_large_load_writes_the_history_of_every_row(three_sites):
    models = ("order", "appointment", "patient", "resource", "shift", "site")
    lost = {model: rows(LOST_HISTORY.format(model))[0][0] for model in models}
    assert lost == dict.fromkeys(models, 0)
    moved = Report.objects.filter(state="retracted").count()  # after the load: to be reported again
    assert rows("SELECT count(*) FROM scheduling_orderevent") == [(Order.objects.count() + moved,)]


def test_a_load_that_is_cut_off_leaves_the_tables_as_they_were(db):
    before = schema()
    with pytest.raises(KeyboardInterrupt):
        cut_off("scheduling_reservation")
    assert schema() == before


def test_a_large_load_is_the_same_with_and_without_the_owners_rights(db):
    with transaction.atomic():
        load_three_sites()
        by_owner = rows(TIMES)
        transaction.set_rollback(True)
    prepare.ensure_role("vqflow_demo_in_test", "only here")
    prepare.grant("vqflow_demo_in_test")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE vqflow_demo_in_test")
    load_three_sites()
    assert rows(TIMES) == by_owner


def test_readings_have_the_category_that_the_criteria_give(noon):
    for report in Report.objects.select_related("order__site").exclude(scheme="TEN_TERMS"):
        found = evaluation.suggested(
            report.order, scheme=report.scheme, reading=evaluation.kept_reading(report)
        )
        kept = {"suggested": report.suggested, "suggested_by": report.suggested_by}
        assert kept in (found, {"suggested": "", "suggested_by": ""})  # a retracted one is empty


def test_reports_were_added_to_amended_and_retracted_and_some_are_being(noon):
    assert set(ReportVersion.objects.values_list("kind", flat=True)) == set(VersionKind)
    assert set(Report.objects.exclude(next_kind="").values_list("next_kind", flat=True)) == {
        "addendum",
        "amendment",
    }
    [waiting] = Report.objects.filter(state="retracted")
    assert waiting.order.state == "performed"
    assert [each for checked in chains.all_reports() for each in checked.breaks] == []
