"""What breaks on a day, and the plans that repair it: one change per patient, accepted or not."""

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from scheduling.engine.states import OPEN_REPLAN, REPLAN_TRANSITIONS, ReplanState
from scheduling.models.appointments import Appointment, machine
from scheduling.models.querysets import of_site
from scheduling.models.sites import Closure, Resource, Site
from scheduling.models.tracers import TracerBatch
from vqflow.constraints import one_of, together


class DisruptionKind(models.TextChoices):
    ROOM_DOWN = "room_down", "Room or device out of order"
    CAMERA_QC = "camera_qc", "Camera failed its quality control"
    PERSON_AWAY = "person_away", "Technologist ill or away"
    SCAN_OVERRUNS = "scan_overruns", "A scan takes longer"
    XRAY_LATE = "xray_late", "A chest X-ray is late"
    TRACER_LATE = "tracer_late", "Generator or kit late or too weak"
    TRACER_FAILED = "tracer_failed", "Generator or kit failed"


OF_ROOM = (DisruptionKind.ROOM_DOWN, DisruptionKind.CAMERA_QC)
OF_RESOURCE = (*OF_ROOM, DisruptionKind.PERSON_AWAY)
OF_APPOINTMENT = (DisruptionKind.SCAN_OVERRUNS, DisruptionKind.XRAY_LATE)
OF_BATCH = (DisruptionKind.TRACER_LATE, DisruptionKind.TRACER_FAILED)


class DisruptionQuerySet(of_site("site__code")):
    def current(self):
        """Those that nobody has ended."""
        return self.filter(closed_at=None)


@pghistory.track()
class Disruption(models.Model):
    """Something that broke: what, from when to when. For what is late, `ends_at` is when it is expected to be there.

    Rooms and people that are gone have Closures, so that nobody books them meanwhile.
    """

    site = models.ForeignKey(Site, models.PROTECT, related_name="disruptions")
    kind = models.CharField(max_length=15, choices=DisruptionKind)
    resource = models.ForeignKey(Resource, models.PROTECT, null=True, blank=True, related_name="disruptions")
    appointment = models.ForeignKey(
        Appointment, models.CASCADE, null=True, blank=True, related_name="disruptions"
    )
    batch = models.ForeignKey(TracerBatch, models.PROTECT, null=True, blank=True, related_name="disruptions")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=100, blank=True)
    closures = models.ManyToManyField(Closure, related_name="disruptions")
    reported_at = models.DateTimeField()
    reported_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = DisruptionQuerySet.as_manager()

    class Meta:
        ordering = ["-reported_at", "-pk"]
        constraints = [
            one_of("kind", DisruptionKind.values, name="disruption_kind_known"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="disruption_takes_time"),
            models.CheckConstraint(
                condition=Q(kind__in=OF_RESOURCE, resource__isnull=False)
                | Q(kind__in=OF_APPOINTMENT, appointment__isnull=False)
                | Q(kind__in=OF_BATCH, batch__isnull=False),
                name="disruption_of_something",
            ),
            together("closed_at", "closed_by", name="disruption_closed_complete"),
        ]
        indexes = [
            models.Index(fields=["site"], condition=Q(closed_at__isnull=True), name="disruption_current")
        ]

    def __str__(self):
        return self.get_kind_display()


class ReplanQuerySet(of_site("disruption__site__code")):
    def open(self):
        return self.filter(state__in=OPEN_REPLAN)

    def waiting(self, now):
        """Those that a worker has to solve: not begun, or begun by one that did not come back."""
        return self.filter(
            Q(state=ReplanState.GREEDY) | Q(state=ReplanState.COMPUTING, leased_until__lte=now)
        )


class Replan(models.Model):
    """One plan for one local day. The greedy repair stands at once; a worker replaces it by the best plan."""

    disruption = models.ForeignKey(Disruption, models.CASCADE, related_name="replans")
    day = models.DateField()
    state = models.CharField(max_length=10, choices=[(s, s) for s in ReplanState], default=ReplanState.GREEDY)
    based_on = models.CharField(max_length=64, help_text="Fingerprint of the day that it was computed on.")
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    leased_until = models.DateTimeField(null=True, blank=True)
    progress = models.CharField(max_length=100, blank=True)
    proven_least_lost = models.BooleanField(default=False)
    computed_at = models.DateTimeField(null=True, blank=True, help_text="When the best plan was there.")
    visits = models.PositiveSmallIntegerField(help_text="Booked on that day.")
    lost_by_greedy = models.PositiveSmallIntegerField(help_text="Patients that the greedy repair loses.")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = ReplanQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at", "-pk"]
        constraints = [
            one_of("state", ReplanState, name="replan_state_known"),
            models.CheckConstraint(
                condition=~Q(state=ReplanState.COMPUTING) | Q(leased_until__isnull=False),
                name="replan_computing_has_lease",
            ),
            models.CheckConstraint(
                condition=~Q(state=ReplanState.PROPOSED) | Q(computed_at__isnull=False),
                name="replan_proposed_was_computed",
            ),
            models.UniqueConstraint(
                fields=["disruption", "day"],
                condition=Q(state__in=OPEN_REPLAN),
                name="replan_one_open_per_day",
            ),
        ]
        indexes = [
            # What the worker looks for.
            models.Index(
                fields=["requested_at"],
                condition=Q(state__in=[ReplanState.GREEDY, ReplanState.COMPUTING]),
                name="replan_to_solve",
            )
        ]
        triggers = [machine(REPLAN_TRANSITIONS)]

    def __str__(self):
        return f"{self.disruption} {self.day} {self.state}"

    @property
    def is_open(self):
        return self.state in OPEN_REPLAN


class ReplanChange(models.Model):
    """What a plan does with one appointment. Appointments without a row are kept as they are.

    `before`, `after`: a list of {"kind", "starts_at", "resources"}: the start in ISO 8601, names of rooms and people.
    Where a step of `after` needs a dose also {"batch", "dose"}: id and name of the batch that it is to be drawn from.
    """

    class Kind(models.TextChoices):
        MOVE = "move", "Moved"
        LOST = "lost", "Cannot be done today"
        HAND = "hand", "To be solved by hand"

    replan = models.ForeignKey(Replan, models.CASCADE, related_name="changes")
    appointment = models.ForeignKey(Appointment, models.CASCADE, related_name="replan_changes")
    kind = models.CharField(max_length=4, choices=Kind)
    effects = ArrayField(
        models.CharField(max_length=200), default=list, help_text="Why it cannot be done as planned."
    )
    before = models.JSONField(default=list)
    after = models.JSONField(default=list)
    resource_ids = models.JSONField(default=dict, help_text="Per kind of step the rooms and people to take.")
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            one_of("kind", ["move", "lost", "hand"], name="replan_change_kind_known"),
            models.UniqueConstraint(fields=["replan", "appointment"], name="replan_change_once"),
        ]

    def __str__(self):
        return f"{self.kind} {self.appointment_id}"
