"""Text to values: what broke, from when to when; and closures."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from django import forms

from scheduling.engine.states import StepState
from scheduling.forms.fields import LocalDateTimeField, PersonChoice, ServiceForm
from scheduling.models import (
    Appointment,
    DisruptionKind,
    Resource,
    ResourceKind,
    StepKind,
    TracerBatch,
)
from scheduling.models.disruptions import OF_APPOINTMENT, OF_BATCH, OF_ROOM
from scheduling.templatetags import clock

END_OF_DAY = time(23, 59)
CAMERAS = ("gamma_camera_planar", "gamma_camera_spect", "gamma_camera_spect_ct")
ENDS = {
    DisruptionKind.SCAN_OVERRUNS: "Expected to end at",
    DisruptionKind.XRAY_LATE: "X-ray expected to end at",
    DisruptionKind.TRACER_LATE: "Expected at",
}


class AppointmentChoice(PersonChoice):
    def __init__(self, queryset, *, zone, **options):
        self.zone = zone
        super().__init__(queryset, **options)

    def label_from_instance(self, appointment):
        patient = appointment.procedure.order.patient
        at = clock.time_at(appointment.starts_at, self.zone)
        return f"{at} {patient.family_name}, {patient.given_name} ({patient.mrn})"


class BatchChoice(PersonChoice):
    def __init__(self, queryset, *, zone, **options):
        self.zone = zone
        super().__init__(queryset, **options)

    def label_from_instance(self, batch):
        at = clock.at(batch.usable_from, self.zone)
        return f"{batch.get_product_display()}, usable from {at}"


class DisruptionForm(ServiceForm):
    """What broke: the fields that its kind needs, and no others."""

    def __init__(self, data=None, *, kind, site, now):
        super().__init__(data)
        self.kind, self.site, self.now = kind, site, now
        zone = site.time_zone
        if kind in OF_APPOINTMENT:
            self.fields["appointment"] = AppointmentChoice(
                _appointments(kind, site, now), zone=zone, label="Patient"
            )
        elif kind in OF_BATCH:
            self.fields["batch"] = BatchChoice(_batches(site, now), zone=zone, label="Generator or kit")
        else:
            label = "Room" if kind in OF_ROOM else "Technologist"
            self.fields["resource"] = PersonChoice(_resources(kind, site), label=label)
            self._time("starts_at", "From", clock.local(now, zone), zone)
        if kind != DisruptionKind.TRACER_FAILED:
            initial = datetime.combine(clock.local(now, zone).date(), END_OF_DAY)
            self._time(
                "ends_at", ENDS.get(kind, "Until"), None if kind in ENDS else initial, zone, day=initial
            )
        self.fields["reason"] = forms.CharField(
            label="What is wrong",
            max_length=100,
            required=kind == DisruptionKind.TRACER_FAILED,
            widget=forms.TextInput(attrs={"autocomplete": "off"}),
            error_messages={"required": "Say what is wrong with it."},
        )

    def _time(self, name, label, at, zone, day=None):
        day = (at or day).date()
        initial = [day, at.time().replace(second=0, microsecond=0, tzinfo=None) if at else None]
        self.fields[name] = LocalDateTimeField(zone=zone, label=label, initial=initial)

    def expect(self, until):
        """The local time that an address names, such as 2026-11-22T10:40, stands in the form already."""
        try:
            at = datetime.fromisoformat(until)
        except ValueError:
            return
        if "ends_at" in self.fields:
            self.fields["ends_at"].initial = [
                at.date(),
                at.time().replace(second=0, microsecond=0, tzinfo=None),
            ]

    def values(self):
        """What the service takes. A start of this minute is now: what broke is broken already."""
        values = dict(self.cleaned_data)
        starts_at = values.get("starts_at")
        if starts_at is not None and abs((self.now - starts_at).total_seconds()) < 60:
            values["starts_at"] = self.now
        return values


def _appointments(kind, site, now):
    zone = ZoneInfo(site.time_zone)
    begins = datetime.combine(now.astimezone(zone).date(), time(), zone)
    ends = datetime.combine(now.astimezone(zone).date(), time.max, zone)
    found = Appointment.objects.live().filter(site=site).on(begins, ends)
    if kind == DisruptionKind.SCAN_OVERRUNS:
        found = found.filter(steps__state=StepState.IN_PROGRESS)
    else:
        waits = (StepState.SCHEDULED, StepState.IN_PROGRESS)
        found = found.filter(steps__kind=StepKind.XRAY, steps__state__in=waits)
    return found.select_related("procedure__order__patient").order_by("starts_at", "pk").distinct()


def _batches(site, now):
    return TracerBatch.objects.usable().filter(site=site, expires_at__gt=now).order_by("usable_from", "pk")


def _resources(kind, site):
    rows = Resource.objects.filter(site=site, is_active=True).order_by("name")
    if kind == DisruptionKind.PERSON_AWAY:
        return rows.filter(kind=ResourceKind.TECHNOLOGIST)
    rooms = rows.filter(kind=ResourceKind.ROOM)
    if kind == DisruptionKind.CAMERA_QC:
        return rooms.filter(capabilities__overlap=list(CAMERAS))
    return rooms


class ClosureForm(ServiceForm):
    """A time in which a room, a person, or with none chosen the whole department is closed."""

    def __init__(self, data=None, *, site, now):
        super().__init__(data)
        zone = site.time_zone
        rows = Resource.objects.filter(site=site, is_active=True).exclude(kind=ResourceKind.PATIENT)
        local = clock.local(now, zone)
        self.fields["resource"] = PersonChoice(
            rows.order_by("kind", "name"),
            label="Room or person",
            required=False,
            empty_label="The whole department",
        )
        at = local.time().replace(second=0, microsecond=0, tzinfo=None)
        self.fields["starts_at"] = LocalDateTimeField(zone=zone, label="From", initial=[local.date(), at])
        self.fields["ends_at"] = LocalDateTimeField(
            zone=zone, label="Until", initial=[local.date(), END_OF_DAY]
        )
        self.fields["reason"] = forms.CharField(
            label="Reason",
            max_length=100,
            error_messages={"required": "Say why it is closed."},
            widget=forms.TextInput(attrs={"autocomplete": "off"}),
        )
