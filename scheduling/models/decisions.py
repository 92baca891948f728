"""What physicians decide and ask about an order, what its report said, and what is still to be done for it."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from scheduling.models.orders import Order
from scheduling.models.protocols import Protocol
from scheduling.models.querysets import of_site
from vqflow.constraints import one_of, together


class Decision(models.Model):
    """What a physician decided: the protocol, an override, the answer to a consult.

    Taken by phone, it names the physician and the person who wrote it down, and is countersigned later.
    """

    class Kind(models.TextChoices):
        VETTING = "vetting", "Vetting"
        OVERRIDE = "override", "Override"
        HOLD = "hold", "Not yet"

    order = models.ForeignKey(Order, models.CASCADE, related_name="decisions")
    kind = models.CharField(max_length=10, choices=Kind)
    rule = models.CharField(
        max_length=20, blank=True, help_text="The screening or X-ray rule that is answered."
    )
    reason = models.CharField(max_length=300)
    protocol = models.ForeignKey(
        Protocol, models.PROTECT, null=True, blank=True, related_name="+", help_text="What a vetting chose."
    )
    suggested = models.ForeignKey(
        Protocol,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="What the answers spoke for.",
    )
    deviation = models.CharField(
        "why another protocol", max_length=200, blank=True, default="", db_default=""
    )
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
            one_of("kind", ["vetting", "override", "hold"], name="decision_kind_known"),
            models.CheckConstraint(condition=~Q(reason=""), name="decision_has_reason"),
            models.CheckConstraint(
                condition=Q(kind="vetting", rule="") | (Q(kind__in=["override", "hold"]) & ~Q(rule="")),
                name="decision_rule_named",
            ),
            models.CheckConstraint(
                condition=Q(suggested__isnull=True) | Q(protocol=models.F("suggested")) | ~Q(deviation=""),
                name="decision_deviation_has_reason",
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
                fields=[
                    *("kind", "rule", "reason", "physician", "decided_at", "recorded_by", "by_phone"),
                    *("protocol", "suggested", "deviation"),
                ],
            ),
        ]

    def __str__(self):
        return f"{self.kind} {self.rule}".strip()


class OrderQuestion(models.Model):
    """What a physician asks before vetting an order, and the answer. Open until it is answered."""

    class To(models.TextChoices):
        DESK = "desk", "The desk"
        REFERRER = "referrer", "The referrer"

    order = models.ForeignKey(Order, models.CASCADE, related_name="questions")
    to = models.CharField(max_length=8, choices=To)
    text = models.CharField(max_length=280)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    answer = models.CharField(max_length=500, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = of_site("order__site__code").as_manager()

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            one_of("to", ["desk", "referrer"], name="order_question_to_known"),
            models.CheckConstraint(condition=~Q(text=""), name="order_question_asks"),
            together("answered_at", "answered_by", name="order_question_answered_complete"),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answer="")
                | (Q(answered_at__isnull=False) & ~Q(answer="")),
                name="order_question_answered_with_words",
            ),
            models.UniqueConstraint(
                fields=["order"], condition=Q(answered_at__isnull=True), name="order_question_one_open"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="write_once", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="only_answered", fields=["order", "to", "text", "asked_at", "asked_by"]),
        ]

    def __str__(self):
        return self.text


class Outcome(models.Model):
    """What the signed report of an order says in one term, passed down by whoever keeps the reports."""

    order = models.OneToOneField(Order, models.CASCADE, related_name="outcome")
    term = models.CharField(max_length=60)
    meaning = models.CharField(max_length=30, blank=True, help_text="Such as PE unlikely.")
    reported_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(term=""), name="outcome_has_term")]

    def __str__(self):
        return self.term


class Task(models.Model):
    """Something that somebody has to ask, answer or do for an order."""

    class Kind(models.TextChoices):
        ASK = "ask", "Ask the patient"
        CONSULT = "consult", "Physician's decision"
        COUNTERSIGN = "countersign", "Countersign"
        PHONE = "phone", "Phone the patient"
        QUESTION = "question", "Answer the physician"

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
            one_of("kind", ["ask", "consult", "countersign", "phone", "question"], name="task_kind_known"),
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
