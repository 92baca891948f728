"""What the API of critical results takes and gives."""

from rest_framework import serializers

from reporting import critical_list
from reporting.engine.critical import FAILURES, METHODS, Asked, Kind, Stage
from reporting.models import Closing
from reporting.services.critical.telling import LONGEST
from vqflow.api.fields import LARGEST_ID, Choice, Flag, Input, Line

STATES = ["open", "closed"]


class StateQuery(Input):
    state = serializers.ChoiceField(STATES, required=False)


class ToldIn(Input):
    """All six fields, and that it was read back. An e-mail is no method."""

    told_to = Line(max_length=LONGEST["told_to"], allow_blank=True, help_text="Name of who can act on it.")
    method = serializers.CharField(max_length=10, help_text=f"One of: {', '.join(METHODS)}.")
    told_at = serializers.DateTimeField(required=False, help_text="Now, where it is left out.")
    finding = Line(max_length=LONGEST["finding"], allow_blank=True, help_text="What was told.")
    read_back = Flag(help_text="Whether who was told repeated it.")
    results = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID),
        required=False,
        max_length=100,
        help_text="Ids of what was told. 409 where more is open by now; left out, all that is open is closed.",
    )
    note = Line(max_length=LONGEST["note"], required=False, allow_blank=True)


class AttemptIn(Input):
    whom = Line(max_length=LONGEST["whom"], allow_blank=True)
    method = Choice(list(METHODS.items()), default="phone")
    outcome = Choice(list(FAILURES.items()))
    note = Line(max_length=LONGEST["note"], required=False, allow_blank=True)


class WithdrawalIn(Input):
    reason = Line(max_length=LONGEST["reason"], allow_blank=True)


class AttemptOut(serializers.Serializer):
    tried_at = serializers.DateTimeField()
    tried_by = serializers.CharField(source="tried_by.name")
    whom = serializers.CharField()
    method = serializers.ChoiceField(list(METHODS.items()))
    outcome = serializers.ChoiceField(list(FAILURES.items()))
    note = serializers.CharField()


class EscalationOut(serializers.Serializer):
    minutes = serializers.IntegerField(help_text="After it was identified.")
    asked = serializers.ChoiceField([str(each) for each in Asked])
    escalated_at = serializers.DateTimeField()


class ToldOut(serializers.Serializer):
    finding = serializers.CharField()
    told_by = serializers.CharField(source="told_by.name")
    told_to = serializers.CharField()
    told_at = serializers.DateTimeField()
    method = serializers.ChoiceField(list(METHODS.items()))
    read_back = serializers.BooleanField()
    note = serializers.CharField()


class WithdrawalOut(serializers.Serializer):
    reason = serializers.CharField()
    withdrawn_by = serializers.CharField(source="withdrawn_by.name")
    withdrawn_at = serializers.DateTimeField()


class CriticalOut(serializers.Serializer):
    """A line of critical_list."""

    id = serializers.IntegerField(source="result.pk", max_value=LARGEST_ID)
    order = serializers.IntegerField(source="result.report.order_id", max_value=LARGEST_ID)
    accession_number = serializers.CharField(source="result.report.order.accession_number")
    kind = serializers.ChoiceField([str(each) for each in Kind], source="result.kind")
    finding = serializers.CharField(source="result.finding")
    stage = serializers.ChoiceField([str(each) for each in Stage], source="result.stage")
    identified_at = serializers.DateTimeField(source="result.identified_at")
    identified_by = serializers.CharField(source="result.identified_by.name")
    due_at = serializers.DateTimeField(source="result.due_at")
    is_overdue = serializers.BooleanField()
    must_be_told = serializers.CharField(source="must_tell", help_text="Who must be told by now.")
    closing = serializers.ChoiceField(Closing.choices, source="result.closing", allow_null=True)
    closed_at = serializers.DateTimeField(source="result.closed_at", allow_null=True)
    attempts = AttemptOut(many=True)
    escalations = EscalationOut(many=True)
    told = ToldOut(source="result.told", default=None, allow_null=True)
    withdrawal = WithdrawalOut(source="result.withdrawal", default=None, allow_null=True)


def answer(lines):
    return CriticalOut(lines, many=True).data


def of_order(order, now):
    return answer(critical_list.of_order(order, now=now))
