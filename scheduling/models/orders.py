"""Orders: what was asked for, and the answers to the safety questions."""

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from scheduling.engine.states import OPEN_ORDER, ORDER_TRANSITIONS, OrderState
from scheduling.models.patients import Patient, only_live
from scheduling.models.protocols import Protocol
from scheduling.models.querysets import of_site
from scheduling.models.sites import Site
from vqflow.constraints import one_of


class Priority(models.TextChoices):
    STAT = "stat", "STAT"
    URGENT = "urgent", "Urgent"
    ROUTINE = "routine", "Routine"


class PatientClass(models.TextChoices):
    """HL7 table 0004."""

    OUTPATIENT = "O", "Outpatient"
    INPATIENT = "I", "Inpatient"
    EMERGENCY = "E", "Emergency"


class Transport(models.TextChoices):
    """How the patient comes: DICOM Patient Transport Arrangements (0040,1004), which is free text there."""

    WALKING = "walking", "Walking"
    CHAIR = "chair", "Wheelchair"
    BED = "bed", "Bed"


class DimerUnits(models.TextChoices):
    """What a laboratory counts: one fibrinogen equivalent unit is about two D-dimer units; never converted."""

    FEU = "FEU", "FEU"
    DDU = "DDU", "DDU"


@pghistory.track()
class Referrer(models.Model):
    """A clinician who orders examinations and must be reachable with the result."""

    site = models.ForeignKey(Site, models.PROTECT)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True)
    name = models.CharField(max_length=150)
    place = models.CharField("practice or department", max_length=100, blank=True, db_default="")
    email = models.EmailField("e-mail", blank=True)
    phone = models.CharField(max_length=30, blank=True)
    pager = models.CharField(max_length=30, blank=True)
    covering_name = models.CharField("covering clinician", max_length=150, blank=True)
    covering_phone = models.CharField("covering clinician's phone", max_length=30, blank=True)
    is_active = models.BooleanField(default=True)

    objects = of_site("site__code").as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=~(Q(email="") & Q(phone="") & Q(pager="")), name="referrer_can_be_reached"
            )
        ]

    def __str__(self):
        return self.name


class OrderQuerySet(of_site("site__code")):
    def open(self):
        """Not yet performed and not ended."""
        return self.filter(state__in=OPEN_ORDER)

    def with_people(self):
        return self.select_related("patient", "referrer", "site", "procedure__protocol")


@pghistory.track()
class Order(models.Model):
    """A request for one V/Q examination of one patient."""

    site = models.ForeignKey(Site, models.PROTECT)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="orders")
    accession_number = models.CharField(max_length=16)
    priority = models.CharField(max_length=8, choices=Priority)
    state = models.CharField(
        max_length=12, choices=[(s, s) for s in OrderState], default=OrderState.REQUESTED
    )
    indication_code = models.CharField("indication (ICD-10)", max_length=10, blank=True)
    indication_text = models.CharField(max_length=150, blank=True)
    clinical_question = models.CharField(max_length=500)
    wells_score = models.DecimalField("Wells score", max_digits=3, decimal_places=1, null=True, blank=True)
    d_dimer_ng_per_ml = models.PositiveIntegerField("D-dimer (ng/mL)", null=True, blank=True)
    wells_criteria = ArrayField(
        models.CharField(max_length=20),
        default=list,
        db_default=[],
        blank=True,
        help_text="What the score was added up from; none where the referrer gave the score itself.",
    )
    d_dimer_units = models.CharField(max_length=3, choices=DimerUnits, blank=True, db_default="")
    referrer = models.ForeignKey(Referrer, models.PROTECT, related_name="orders")
    ward = models.CharField("ward or emergency department", max_length=60, blank=True)
    patient_class = models.CharField(max_length=1, choices=PatientClass)
    transport = models.CharField(
        max_length=10, choices=Transport, default=Transport.WALKING, db_default=Transport.WALKING
    )
    ordered_at = models.DateTimeField()
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    closed_reason = models.CharField("reason for declining or cancelling", max_length=200, blank=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "accession_number"], name="order_accession_once_per_site"
            ),
            one_of("priority", Priority.values, name="order_priority_known"),
            one_of("state", OrderState, name="order_state_known"),
            one_of("patient_class", PatientClass.values, name="order_patient_class_known"),
            one_of("transport", Transport.values, name="order_transport_known"),
            one_of("d_dimer_units", ["", *DimerUnits.values], name="order_d_dimer_units_known"),
            models.CheckConstraint(
                condition=~Q(state__in=[OrderState.DECLINED, OrderState.CANCELLED]) | ~Q(closed_reason=""),
                name="order_closed_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(wells_score__isnull=True) | Q(wells_score__range=(0, 12.5)),
                name="order_wells_range",
            ),
            models.CheckConstraint(
                condition=Q(wells_criteria=[]) | Q(wells_score__isnull=False), name="order_wells_has_score"
            ),
        ]
        indexes = [
            # The scheduler's list of what is still to do, by priority and age.
            models.Index(
                fields=["site", "state", "ordered_at"],
                condition=Q(state__in=OPEN_ORDER),
                name="order_open",
            ),
            models.Index(fields=["site", "-ordered_at"], name="order_by_time"),
        ]
        triggers = [
            pgtrigger.FSM(
                name="state_machine",
                field="state",
                transitions=[(str(a), str(b)) for a, b in ORDER_TRANSITIONS],
            ),
            only_live("patient_live", "patient_id"),
        ]

    def __str__(self):
        return self.accession_number

    @property
    def is_stat(self):
        return self.priority == Priority.STAT


class RequestedProcedure(models.Model):
    """The procedure that an order asks for, with the protocol that the physician chose for it."""

    order = models.OneToOneField(Order, models.CASCADE, related_name="procedure")
    requested_procedure_id = models.CharField(max_length=16, unique=True)
    study_instance_uid = models.CharField(max_length=64, unique=True)
    protocol = models.ForeignKey(Protocol, models.PROTECT, related_name="+")
    protocol_note = models.CharField(max_length=300, blank=True)

    def __str__(self):
        return self.requested_procedure_id


class ScreeningAnswer(models.Model):
    """The current answer to one safety question of one order; the history is in the audit trail."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="answers")
    question = models.CharField(max_length=30)
    answer = models.CharField(max_length=20)
    answered_at = models.DateTimeField()
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "question"], name="screening_answer_once")]

    def __str__(self):
        return f"{self.question}: {self.answer}"
