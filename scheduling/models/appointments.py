"""Appointments: the plan of an examination, its steps, and the time that they take from each resource."""

import uuid

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import F, Q

from scheduling.engine.states import (
    APPOINTMENT_TRANSITIONS,
    LIVE_APPOINTMENT,
    STEP_TRANSITIONS,
    AppointmentState,
    StepState,
)
from scheduling.models.orders import RequestedProcedure
from scheduling.models.protocols import StepKind
from scheduling.models.querysets import of_site, rows_of
from scheduling.models.sites import Resource, Site
from scheduling.models.versions import notes_changes
from vqflow.constraints import one_of, together

LONGEST_MINUTES = 2 * 24 * 60
"""No reservation is longer."""


def machine(transitions):
    """The database's own copy of a state machine."""
    return pgtrigger.FSM(
        name="state_machine", field="state", transitions=[(str(a), str(b)) for a, b in transitions]
    )


class Span(models.Func):
    """The time between two moments, the second excluded, as PostgreSQL's tstzrange."""

    function, arity, output_field = "tstzrange", 2, DateTimeRangeField()


class EpochMinute(models.Func):
    """Minutes since 1970-01-01 UTC of one end of a range; immutable, so a generated column may use it."""

    output_field = models.BigIntegerField()

    def __init__(self, end, rounding, **extra):
        super().__init__(F("span"), **extra)
        self.end, self.rounding = end, rounding

    def as_sql(self, compiler, connection, **extra):
        column, params = compiler.compile(self.source_expressions[0])
        epoch = f"extract(epoch FROM {self.end}({column}) - timestamptz '1970-01-01 00:00:00+00')"
        return f"{self.rounding}({epoch} / 60)::bigint", params


class AppointmentQuerySet(of_site("site__code")):
    def live(self):
        return self.filter(state__in=LIVE_APPOINTMENT)

    def on(self, day_starts_at, day_ends_at):
        """Those with any planned part between two instants (a local day of the site), by the span's index."""
        planned = self.alias(planned=Span("starts_at", "ends_at"))
        return planned.filter(planned__overlap=(day_starts_at, day_ends_at))

    def not_done_before(self, day_starts_at):
        """Those that were planned before and are not done: NOT_DONE_BEFORE."""
        is_here = Q(state__in=(AppointmentState.ARRIVED, AppointmentState.IN_PROGRESS)) | Q(
            awaits_release=True
        )
        return self.filter(is_here, ends_at__lte=day_starts_at)


# In SQL, of the appointment `a`. The span's index answers it; by both ends alone all years of a site are read. Values
# that the planner does not see let PostgreSQL keep its plan: with them it makes a new one for each list.
PLANNED_ON_DAY = """a.site_id = (SELECT %(site)s::bigint)
            AND tstzrange(a.starts_at, a.ends_at) && (SELECT tstzrange(%(starts)s, %(ends)s))"""
# Whoever was planned before today and is not done: checked in, on a camera, or waiting for a reader's word.
NOT_DONE_BEFORE = """a.site_id = (SELECT %(site)s::bigint) AND a.ends_at <= (SELECT %(not_done_before)s::timestamptz)
            AND (a.state IN ('arrived', 'in_progress') OR a.awaits_release)"""
# To read FROM, as `a` with the place and the transaction of each row.
ON_DAYS_LIST = f"""(
        SELECT a.ctid, a.xmin, a.* FROM scheduling_appointment a WHERE {PLANNED_ON_DAY} AND a.state <> 'cancelled'
        UNION ALL
        SELECT a.ctid, a.xmin, a.* FROM scheduling_appointment a WHERE {NOT_DONE_BEFORE}) a"""  # noqa: S608  (constants)


def of_days_list(site, starts_at, ends_at, now):
    """The values that ON_DAYS_LIST takes; who was not done before is on the list of the day of `now` alone."""
    is_today = now is not None and starts_at <= now < ends_at
    known = {"site": site.pk, "starts": starts_at, "ends": ends_at}
    return known | {"not_done_before": starts_at if is_today else None}


@pghistory.track()
class Appointment(models.Model):
    """The plan of one examination. A move raises the revision; times of what happened are on the steps.

    The chest X-ray window binds the planned times here; on performed times the services judge it again.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, models.PROTECT)
    procedure = models.ForeignKey(RequestedProcedure, models.CASCADE, related_name="appointments")
    state = models.CharField(
        max_length=12, choices=[(s, s) for s in AppointmentState], default=AppointmentState.BOOKED
    )
    revision = models.PositiveSmallIntegerField(default=1)
    starts_at = models.DateTimeField(help_text="When the patient is first expected.")
    ends_at = models.DateTimeField()
    xray_ends_at = models.DateTimeField(null=True, blank=True)
    lungs_start_at = models.DateTimeField(help_text="Planned start of the first lung acquisition.")
    xray_shortest = models.DurationField(help_text="The site's window when this was planned.")
    xray_longest = models.DurationField()
    window_override = models.BooleanField(
        default=False, help_text="Planned outside the window by a physician's override (a Decision)."
    )
    booked_at = models.DateTimeField()
    booked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(
        null=True, blank=True, help_text="The patient has said that this time is good; a move asks again."
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    arrived_at = models.DateTimeField(null=True, blank=True)
    arrived_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    dose_cleared_at = models.DateTimeField(null=True, blank=True)
    dose_cleared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    awaits_release = models.BooleanField(
        default=False, db_default=False, help_text="Scanned; a reader has not said yet what the patient does."
    )
    ended_reason = models.CharField("reason for cancelling", max_length=200, blank=True)

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("state", AppointmentState, name="appointment_state_known"),
            models.UniqueConstraint(
                fields=["procedure"],
                condition=Q(state__in=[*LIVE_APPOINTMENT, AppointmentState.FULFILLED]),
                name="appointment_one_live_per_procedure",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="appointment_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(window_override=True)
                | (
                    Q(xray_ends_at__isnull=False)
                    & models.lookups.GreaterThanOrEqual(
                        models.ExpressionWrapper(
                            F("lungs_start_at") - F("xray_ends_at"), models.DurationField()
                        ),
                        F("xray_shortest"),
                    )
                    & models.lookups.LessThanOrEqual(
                        models.ExpressionWrapper(
                            F("lungs_start_at") - F("xray_ends_at"), models.DurationField()
                        ),
                        F("xray_longest"),
                    )
                ),
                name="appointment_xray_window",
            ),
            together("confirmed_at", "confirmed_by", name="appointment_confirmed_complete"),
            together("arrived_at", "arrived_by", name="appointment_arrived_complete"),
            together("dose_cleared_at", "dose_cleared_by", name="appointment_dose_cleared_complete"),
            models.CheckConstraint(
                condition=~Q(state=AppointmentState.CANCELLED) | ~Q(ended_reason=""),
                name="appointment_cancelled_with_reason",
            ),
        ]
        indexes = [
            # The worklist of a day.
            models.Index(fields=["site", "starts_at", "ends_at"], name="appointment_by_day"),
            GistIndex(F("site"), Span("starts_at", "ends_at"), name="appointment_planned_span"),
            # Who is still here after the day they were planned on.
            models.Index(
                fields=["site", "ends_at"],
                condition=Q(state__in=[AppointmentState.ARRIVED, AppointmentState.IN_PROGRESS])
                | Q(awaits_release=True),
                name="appointment_not_done",
            ),
        ]
        triggers = [machine(APPOINTMENT_TRANSITIONS)]

    def __str__(self):
        return f"{self.procedure} r{self.revision}"

    @property
    def is_overbooked(self):
        """Whether rooms or people are taken twice for what is still to come; no query where steps are prefetched."""
        return self.state in LIVE_APPOINTMENT and any(
            row.status == Reservation.Status.OVERBOOKED
            for step in rows_of(self, "steps")
            for row in rows_of(step, "reservations")
        )


class StepQuerySet(of_site("appointment__site__code")):
    pass


class ScheduledProcedureStep(models.Model):
    """One step of an appointment: planned times, and apart from them what really happened."""

    appointment = models.ForeignKey(Appointment, models.CASCADE, related_name="steps")
    ordinal = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=StepKind)
    sps_id = models.CharField("scheduled procedure step ID", max_length=16, unique=True)
    modality = models.CharField(max_length=4)
    state = models.CharField(max_length=12, choices=[(s, s) for s in StepState], default=StepState.SCHEDULED)
    planned_start_at = models.DateTimeField(null=True, blank=True)
    planned_end_at = models.DateTimeField(null=True, blank=True)
    elsewhere = models.CharField(
        "done elsewhere, where",
        max_length=100,
        blank=True,
        help_text="An X-ray or chest CT of another department.",
    )
    simultaneous = models.BooleanField(
        default=False, db_default=False, help_text="Acquired together with the step before."
    )
    awaits_reading = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Held until a physician has read the step before as abnormal.",
    )
    performed_start_at = models.DateTimeField(null=True, blank=True)
    performed_end_at = models.DateTimeField(null=True, blank=True)
    performed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    discontinued_reason = models.CharField(max_length=200, blank=True)
    acquisition_minutes = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="For this patient, where it is not the protocol's."
    )
    by_ending = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Ended or left out with the whole examination; the undo of that brings it back.",
    )
    gas_made_at = models.DateTimeField(
        null=True, blank=True, help_text="Technegas: when the newest burn began (of its phases)."
    )

    objects = StepQuerySet.as_manager()

    class Meta:
        ordering = ["appointment", "ordinal"]
        constraints = [
            one_of("kind", StepKind.values, name="step_kind_known"),
            one_of("state", StepState, name="step_state_known"),
            models.UniqueConstraint(fields=["appointment", "kind"], name="step_kind_once"),
            models.CheckConstraint(
                condition=Q(planned_end_at__gt=F("planned_start_at")) | ~Q(elsewhere=""),
                name="step_planned_in_order",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[StepState.IN_PROGRESS, StepState.DISCONTINUED])
                | Q(performed_start_at__isnull=False),
                name="step_started_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=StepState.COMPLETED) | Q(performed_end_at__isnull=False),
                name="step_completed_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=StepState.DISCONTINUED) | ~Q(discontinued_reason=""),
                name="step_discontinued_with_reason",
            ),
        ]
        indexes = [
            # What devices ask for: what is still to be done, by its planned time.
            models.Index(
                fields=["planned_start_at"],
                condition=Q(state__in=[StepState.SCHEDULED, StepState.IN_PROGRESS]),
                name="step_to_be_done",
            )
        ]
        triggers = [machine(STEP_TRANSITIONS)]

    def __str__(self):
        return self.sps_id


class ReservationQuerySet(models.QuerySet):
    def occupying(self):
        """Those that keep others out."""
        return self.filter(status__in=Reservation.OCCUPYING)

    def expired(self, now):
        return self.filter(status=Reservation.Status.HELD, expires_at__lte=now)


class Reservation(models.Model):
    """The time that one step takes from one resource: a room's with set-up and clearance, a person's without.

    Rooms, technologists and patients share one exclusion constraint. Rows of an earlier revision stay, released.
    """

    class Status(models.TextChoices):
        HELD = "held", "Held"
        BOOKED = "booked", "Booked"
        OVERBOOKED = "overbooked", "Overbooked"
        RELEASED = "released", "Released"

    # An overbooked row lies outside the constraint, but nobody else is to be booked on top of it.
    OCCUPYING = (Status.HELD, Status.BOOKED, Status.OVERBOOKED)

    resource = models.ForeignKey(Resource, models.PROTECT, related_name="reservations")
    # A hold is made before there is an appointment.
    step = models.ForeignKey(
        ScheduledProcedureStep, models.CASCADE, null=True, blank=True, related_name="reservations"
    )
    revision = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(max_length=10, choices=Status)
    span = DateTimeRangeField()
    # The same span as integers, for the search: reading ranges costs thirty times more.
    start_minute = models.GeneratedField(
        expression=EpochMinute("lower", "floor"), output_field=models.BigIntegerField(), db_persist=True
    )
    end_minute = models.GeneratedField(
        expression=EpochMinute("upper", "ceil"), output_field=models.BigIntegerField(), db_persist=True
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    token = models.UUIDField(null=True, blank=True)

    objects = ReservationQuerySet.as_manager()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="reservation_no_double_booking",
                expressions=[("resource", RangeOperators.EQUAL), ("span", RangeOperators.OVERLAPS)],
                condition=Q(status__in=["held", "booked"]),
            ),
            one_of("status", ["held", "booked", "overbooked", "released"], name="reservation_status_known"),
            models.CheckConstraint(
                condition=Q(
                    span__startswith__isnull=False, span__endswith__isnull=False, span__isempty=False
                ),
                name="reservation_span_bounded",
            ),
            # The search reads a few days at a time and must see what reaches into them.
            models.CheckConstraint(
                condition=Q(end_minute__lte=F("start_minute") + LONGEST_MINUTES), name="reservation_length"
            ),
            models.CheckConstraint(
                condition=~Q(status="held") | Q(expires_at__isnull=False, token__isnull=False),
                name="reservation_hold_expires",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["held", "released"]) | Q(step__isnull=False),
                name="reservation_has_step",
            ),
        ]
        indexes = [
            # The itinerary search: one index-only scan over all resources of a site.
            models.Index(
                fields=["resource", "end_minute"],
                include=["start_minute", "status", "expires_at", "token"],
                condition=Q(status__in=["held", "booked", "overbooked"]),
                name="reservation_search",
            ),
            models.Index(fields=["expires_at"], condition=Q(status="held"), name="reservation_expiring"),
            # Ending or extending a hold.
            models.Index(fields=["token"], condition=Q(status="held"), name="reservation_of_hold"),
        ]
        triggers = notes_changes()

    def __str__(self):
        return f"{self.resource_id} {self.span}"
