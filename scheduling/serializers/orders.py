"""Orders: what is asked for, the safety questions, and what physicians decide."""

from decimal import Decimal

from rest_framework import serializers

from scheduling.engine import wells
from scheduling.engine.rules import Action, Stage
from scheduling.engine.screening import QUESTIONS, RULES
from scheduling.engine.states import OrderState
from scheduling.examinations import OVERRIDABLE
from scheduling.models import (
    Decision,
    DimerUnits,
    Language,
    Order,
    Patient,
    PatientClass,
    Priority,
    Protocol,
    Referrer,
    Sex,
    Task,
    Transport,
)
from scheduling.serializers.patients import PatientRow, live
from vqflow.api.fields import Choice, Flag, Input, Instant, Line, OfSite, Text
from vqflow.models import Role, User

LARGEST_D_DIMER = 1_000_000
DEVIATION = Decision._meta.get_field("deviation").max_length
DECISION_REASON = Decision._meta.get_field("reason").max_length
RULE_IDS = sorted({rule.id for rule in RULES} | OVERRIDABLE)


def _length(name):
    return Order._meta.get_field(name).max_length


def active(rows):
    return rows.filter(is_active=True)


class Physician(serializers.PrimaryKeyRelatedField):
    """The id of a physician of the caller's own site."""

    default_error_messages = {
        "does_not_exist": "There is no such physician at your site.",
        "incorrect_type": "Give the physician's id, a whole number.",
    }

    def __init__(self, **options):
        super().__init__(queryset=User.objects.none(), **options)

    def get_queryset(self):
        site_code = self.context["request"].user.site_code
        return User.objects.filter(role=Role.READER, site_code=site_code, is_active=True)

    def to_internal_value(self, data):
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("incorrect_type")
        return super().to_internal_value(data)


class AnswersIn(Input):
    """Answers to the safety questions, by the question's key; see screening/questions."""

    def get_fields(self):
        return {question.key: Choice(question.choices, required=False) for question in QUESTIONS}


class OrderIn(Input):
    patient = OfSite(Patient, live)
    referrer = OfSite(Referrer, active)
    priority = Choice(Priority.choices)
    patient_class = Choice(PatientClass.choices)
    clinical_question = Text(max_length=_length("clinical_question"))
    indication_code = Line(max_length=10, required=False, allow_blank=True, help_text="ICD-10")
    indication_text = Line(max_length=150, required=False, allow_blank=True)
    wells_score = serializers.DecimalField(
        3, 1, min_value=Decimal(0), max_value=Decimal("12.5"), required=False, allow_null=True
    )
    wells_criteria = serializers.ListField(
        child=Choice([(each.key, each.label) for each in wells.CRITERIA]),
        max_length=len(wells.CRITERIA),
        required=False,
        help_text="What the score is added up from; a score beside them must be their sum.",
    )
    d_dimer_ng_per_ml = serializers.IntegerField(
        min_value=0, max_value=LARGEST_D_DIMER, required=False, allow_null=True
    )
    d_dimer_units = Choice(DimerUnits.choices, required=False)
    transport = Choice(Transport.choices, required=False)
    language = Choice(
        Language.choices, required=False, help_text="The patient's, where it is not as recorded."
    )
    interpreter_needed = Flag(required=False)
    ward = Line(max_length=_length("ward"), required=False, allow_blank=True)
    answers = AnswersIn(required=False)


class StatOrderIn(Input):
    """Five fields. Without a name the patient is unidentified and gets a temporary number."""

    name = Line(max_length=100, required=False, allow_blank=True, default="", help_text="Surname, given name")
    sex = Choice(Sex.choices, default=Sex.UNKNOWN)
    clinical_question = Text(max_length=_length("clinical_question"))
    referrer = OfSite(Referrer, active)
    ward = Line(max_length=_length("ward"))


class VettingIn(Input):
    protocol = OfSite(Protocol, active)
    note = Line(max_length=300, required=False, allow_blank=True, help_text="For the technologist.")
    reason = Line(
        max_length=DEVIATION,
        required=False,
        allow_blank=True,
        help_text="Why another protocol than the suggested one; needed where it is another.",
    )
    read_at = Instant(
        required=False, help_text="When the answers were read: an answer changed since then is a conflict."
    )


class PhoneVettingIn(VettingIn):
    physician = Physician(help_text="Who said so on the phone, and will countersign.")


class ReasonIn(Input):
    reason = Line(max_length=_length("closed_reason"))


class OverrideIn(Input):
    rule = Choice(RULE_IDS)
    reason = Line(max_length=DECISION_REASON)


class PhoneOverrideIn(OverrideIn):
    physician = Physician(help_text="Who said so on the phone, and will countersign.")


class ChoiceOut(serializers.Serializer):
    value = serializers.CharField()
    label = serializers.CharField()


class QuestionOut(serializers.Serializer):
    key = serializers.CharField()
    text = serializers.CharField()
    hint = serializers.CharField()
    choices = ChoiceOut(many=True)


class RuleOut(serializers.Serializer):
    id = serializers.CharField()
    question = serializers.CharField(allow_null=True)
    when = serializers.ListField(child=serializers.CharField(), help_text="The answers that it is about.")
    action = serializers.ChoiceField([str(each) for each in Action])
    stages = serializers.ListField(child=serializers.ChoiceField([str(each) for each in Stage]))
    effect = serializers.CharField()
    source = serializers.CharField()
    override = serializers.CharField(allow_null=True, help_text="Who may override it, if anybody.")


class ScreeningOut(serializers.Serializer):
    questions = QuestionOut(many=True)
    rules = RuleOut(many=True)


class EffectOut(serializers.Serializer):
    """What one rule does to one order."""

    rule = serializers.CharField(source="rule_id")
    action = serializers.ChoiceField([str(each) for each in Action])
    stages = serializers.SerializerMethodField(help_text="The stages that wait for it, or that it is about.")
    sentence = serializers.CharField()
    source = serializers.CharField()
    override = serializers.CharField(allow_null=True)
    question = serializers.CharField(allow_null=True)
    open = serializers.BooleanField(help_text="The answer is unknown, and somebody has to ask.")

    def get_stages(self, effect) -> list[str]:
        return sorted(str(stage) for stage in effect.stages)


class TaskOut(serializers.Serializer):
    id = serializers.IntegerField()
    order = serializers.IntegerField(source="order_id")
    kind = serializers.ChoiceField(Task.Kind.choices)
    about = serializers.CharField()
    sentence = serializers.CharField()
    stage = serializers.CharField()
    opened_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True)


class ClosedTaskOut(TaskOut):
    closed_at = serializers.DateTimeField()
    closed_by = serializers.CharField(source="closed_by.name")


class DecisionOut(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(Decision.Kind.choices)
    rule = serializers.CharField()
    reason = serializers.CharField()
    protocol = serializers.CharField(source="protocol.name", default=None, allow_null=True)
    suggested = serializers.CharField(source="suggested.name", default=None, allow_null=True)
    deviation = serializers.CharField(help_text="Why another protocol than the suggested one was chosen.")
    lapsed_at = serializers.DateTimeField(allow_null=True, help_text="Since when it no longer counts.")
    physician = serializers.CharField(source="physician.name")
    decided_at = serializers.DateTimeField()
    recorded_by = serializers.CharField(source="recorded_by.name")
    by_phone = serializers.BooleanField()
    countersigned_at = serializers.DateTimeField(allow_null=True)


class NamedOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class OrderRow(serializers.Serializer):
    id = serializers.IntegerField()
    accession_number = serializers.CharField()
    state = serializers.ChoiceField([str(state) for state in OrderState])
    priority = serializers.ChoiceField(Priority.choices)
    patient_class = serializers.ChoiceField(PatientClass.choices)
    patient = PatientRow()
    referrer = NamedOut()
    protocol = NamedOut(source="procedure.protocol")
    ward = serializers.CharField()
    clinical_question = serializers.CharField()
    ordered_at = serializers.DateTimeField()


class OrderOut(OrderRow):
    indication_code = serializers.CharField()
    indication_text = serializers.CharField()
    wells_score = serializers.FloatField(allow_null=True)
    wells_criteria = serializers.ListField(child=serializers.CharField())
    d_dimer_ng_per_ml = serializers.IntegerField(allow_null=True)
    d_dimer_units = serializers.CharField(help_text="FEU or DDU; empty where nobody has said.")
    transport = serializers.ChoiceField(Transport.choices)
    protocol_note = serializers.CharField(source="procedure.protocol_note")
    requested_procedure_id = serializers.CharField(source="procedure.requested_procedure_id")
    study_instance_uid = serializers.CharField(source="procedure.study_instance_uid")
    closed_reason = serializers.CharField(help_text="Why it was declined or cancelled.")
    why_not_book = serializers.CharField(allow_null=True)
    answers = serializers.DictField(child=serializers.CharField())
    effects = EffectOut(many=True)
    resolved_rules = serializers.ListField(
        child=serializers.CharField(), help_text="The rules that a physician has decided on."
    )
    tasks = TaskOut(many=True, help_text="What is still to be asked, decided, countersigned or phoned.")
    decisions = DecisionOut(many=True)
