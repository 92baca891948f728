"""The waiting room's screen as programs read it."""

from rest_framework import serializers


class WaitingOut(serializers.Serializer):
    initials = serializers.CharField(help_text="Empty where a sign would be a whole name.")
    digits = serializers.CharField(help_text="The last three of the patient number.")
    when = serializers.ChoiceField(["now", "next", "later", "ask"], help_text="ask: not known on this day.")
    about = serializers.DateTimeField(
        allow_null=True, help_text="When the patient will be called in, to five minutes; if later."
    )
    is_here = serializers.BooleanField()
