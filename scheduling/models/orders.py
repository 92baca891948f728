"""Orders: what was asked for, the safety questions, what physicians decided, and what is still to be asked."""

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from scheduling.engine.states import OPEN_ORDER, ORDER_TRANSITIONS, OrderState
from scheduling.models.patients import Patient
from scheduling.models.protocols import Protocol
from scheduling.models.querysets import of_site
from scheduling.models.sites import Site
from vqflow.constraints import one_of, together


class Priority(models.TextChoices):
    STAT = "stat", "STAT"
    URGENT = "urgent", "Urgent"
    ROUTINE = "routine", "Routine"


class PatientClass(models.TextChoices):
    """HL7 table 0004."""

    OUTPATIENT = "O", "Outpatient"
    INPATIENT = "I", "Inpatient"
    EMERGENCY = "E", "Emergency"


@pghistory.track()
class Referrer(models.Model):
    """A clinician who orders examinations and must be reachable with the result."""

    site = models.ForeignKey(Site, models.PROTECT)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True)
    name = models.CharField(max_length=150)
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
    referrer = models.ForeignKey(Referrer, models.PROTECT, related_name="orders")
    ward = models.CharField("ward or emergency department", max_length=60, blank=True)
    patient_class = models.CharField(max_length=1, choices=PatientClass)
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
            models.CheckConstraint(
                condition=~Q(state__in=[OrderState.DECLINED, OrderState.CANCELLED]) | ~Q(closed_reason=""),
                name="order_closed_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(wells_score__isnull=True) | Q(wells_score__range=(0, 12.5)),
                name="order_wells_range",
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
            )
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


class Decision(models.Model):
    """What a physician decided: the protocol, an override, the answer to a consult.

    Taken by phone, it names the physician and the person who wrote it down, and is countersigned later.
    """

    class Kind(models.TextChoices):
        VETTING = "vetting", "Vetting"
        OVERRIDE = "override", "Override"

    order = models.ForeignKey(Order, models.CASCADE, related_name="decisions")
    kind = models.CharField(max_length=10, choices=Kind)
    rule = models.CharField(
        max_length=20, blank=True, help_text="The screening or X-ray rule that is answered."
    )
    reason = models.CharField(max_length=300)
    physician = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    by_phone = models.BooleanField(default=False)
    lapsed_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="An override of the X-ray window ends with its appointment, a vetting with a change of protocol.",
    )
    countersigned_at = models.DateTimeField(null=True, blank=True)
    countersigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = of_site("order__site__code").as_manager()

    class Meta:
        constraints = [
            one_of("kind", ["vetting", "override"], name="decision_kind_known"),
            models.CheckConstraint(condition=~Q(reason=""), name="decision_has_reason"),
            models.CheckConstraint(
                condition=Q(kind="vetting", rule="") | (Q(kind="override") & ~Q(rule="")),
                name="decision_rule_named",
            ),
            models.CheckConstraint(
                condition=Q(by_phone=True) | Q(physician=models.F("recorded_by")),
                name="decision_own_or_by_phone",
            ),
            together("countersigned_at", "countersigned_by", name="decision_countersigned_complete"),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(kind="vetting", lapsed_at__isnull=True),
                name="decision_one_vetting_per_order",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="write_once", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="only_countersigned",
                fields=["kind", "rule", "reason", "physician", "decided_at", "recorded_by", "by_phone"],
            ),
        ]

    def __str__(self):
        return f"{self.kind} {self.rule}".strip()


class Task(models.Model):
    """Something that somebody has to ask, answer or do for an order."""

    class Kind(models.TextChoices):
        ASK = "ask", "Ask the patient"
        CONSULT = "consult", "Physician's decision"
        COUNTERSIGN = "countersign", "Countersign"
        PHONE = "phone", "Phone the patient"

    order = models.ForeignKey(Order, models.CASCADE, related_name="tasks")
    kind = models.CharField(max_length=12, choices=Kind)
    about = models.CharField(max_length=80, help_text="The rule, decision or message that it is about.")
    sentence = models.CharField(max_length=300)
    stage = models.CharField(max_length=10, blank=True, help_text="The stage that waits for it.")
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = of_site("order__site__code").as_manager()

    class Meta:
        ordering = ["due_at", "opened_at"]
        constraints = [
            one_of("kind", ["ask", "consult", "countersign", "phone"], name="task_kind_known"),
            models.CheckConstraint(
                condition=Q(closed_by__isnull=True) | Q(closed_at__isnull=False), name="task_closed_complete"
            ),
            models.UniqueConstraint(
                fields=["order", "kind", "about"], condition=Q(closed_at__isnull=True), name="task_open_once"
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(closed_at__isnull=True), name="task_open")]

    def __str__(self):
        return self.sentence
