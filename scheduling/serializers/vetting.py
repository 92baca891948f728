"""Vetting: the suggestion and why, what is asked back, answers to consults, what waits, V/Q or CTPA."""

from rest_framework import serializers

from scheduling import order_waits
from scheduling.models import OrderQuestion, Priority
from scheduling.serializers.orders import DECISION_REASON, RULE_IDS, NamedOut, OrderRow, Physician
from scheduling.services.consults import DECISIONS
from vqflow.api.fields import Choice, Flag, Input, Line, Text


def _length(name):
    return OrderQuestion._meta.get_field(name).max_length


class ConsultIn(Input):
    rule = Choice(RULE_IDS)
    decision = Choice(DECISIONS, help_text="not_yet keeps what it holds back.")
    text = Line(max_length=DECISION_REASON)


class PhoneConsultIn(ConsultIn):
    physician = Physician(help_text="Who said so on the phone, and will countersign.")


class AskIn(Input):
    text = Line(max_length=_length("text"))
    to = Choice(OrderQuestion.To.choices, default=OrderQuestion.To.DESK)


class AnswerIn(Input):
    answer = Text(max_length=_length("answer"))


class EnquiryOut(serializers.Serializer):
    """What a physician asked back about an order, and the answer."""

    id = serializers.IntegerField()
    order = serializers.IntegerField(source="order_id")
    to = serializers.ChoiceField(OrderQuestion.To.choices)
    text = serializers.CharField()
    asked_at = serializers.DateTimeField()
    asked_by = serializers.CharField(source="asked_by.name")
    answer = serializers.CharField(help_text="Empty while nobody has answered.")
    answered_at = serializers.DateTimeField(allow_null=True)
    answered_by = serializers.CharField(source="answered_by.name", default=None, allow_null=True)


class WhyOut(serializers.Serializer):
    rule = serializers.CharField(help_text="Empty where no answer is behind it.")
    sentence = serializers.CharField()
    source = serializers.CharField()


class SuggestionOut(serializers.Serializer):
    """The protocol that the answers speak for; a physician chooses."""

    protocol = NamedOut()
    reasons = WhyOut(source="why.reasons", many=True)
    changes = WhyOut(source="why.changes", many=True, help_text="What is done otherwise within it.")
    notes = WhyOut(source="why.notes", many=True, help_text="What changes nothing.")
    unknown = serializers.ListField(
        source="why.unknown",
        child=serializers.CharField(),
        help_text="Questions whose answer may lead to another protocol.",
    )


class ScanOut(serializers.Serializer):
    order = serializers.IntegerField(source="order.pk")
    performed_at = serializers.DateTimeField(allow_null=True)
    protocol = serializers.CharField(source="order.procedure.protocol.name")
    term = serializers.CharField(help_text="Of its report; empty while there is none.")
    meaning = serializers.CharField()


class FilmOut(serializers.Serializer):
    modality = serializers.CharField()
    ended_at = serializers.DateTimeField()
    elsewhere = serializers.CharField(help_text="The place, where it was not taken here.")


class TopicOut(serializers.Serializer):
    """One line of the comparison: information, never a decision."""

    key = serializers.CharField()
    title = serializers.CharField()
    vq = serializers.CharField()
    ctpa = serializers.CharField()
    source = serializers.CharField()


class VettingCaseOut(serializers.Serializer):
    """What helps to vet one order."""

    order = serializers.IntegerField()
    suggestion = SuggestionOut(allow_null=True)
    questions = EnquiryOut(many=True, help_text="What was asked back, with the answers.")
    scans = ScanOut(many=True, help_text="Earlier V/Q scans, newest first.")
    films = FilmOut(many=True, help_text="Earlier chest X-rays and chest CTs, newest first.")
    comparison = TopicOut(many=True, help_text="V/Q or CTPA: what the answers make relevant.")


class WaitingQuery(Input):
    waiting = Choice([(each, each) for each in order_waits.LISTS], default="unbooked")
    priority = Choice(Priority.choices, required=False)
    late = Flag(default=False, help_text="Only what is past the site's target and not booked.")


class BlockOut(serializers.Serializer):
    label = serializers.CharField()
    sentence = serializers.CharField()


class WaitingRow(serializers.Serializer):
    """An open order with what it waits for."""

    order = OrderRow()
    due_at = serializers.DateTimeField(help_text="The latest start by the site's target.")
    starts_at = serializers.DateTimeField(source="order.starts_at", allow_null=True)
    late = serializers.BooleanField(source="is_late")
    blocks = BlockOut(many=True, help_text="What holds it back, the first thing first.")
    action = serializers.ChoiceField(
        [*order_waits.ACTIONS, "order"], help_text="What the caller can do next for it."
    )
