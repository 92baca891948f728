"""What the reports' API takes and gives."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from reporting.engine.schemes import SCHEMES, Group
from reporting.engine.states import ReportState
from reporting.models import ReportVersion
from reporting.services import reading
from reporting.services.drafting import LARGEST_VERSION, LONGEST_CATEGORY, LONGEST_TEXT
from reporting.worklist import NO_DRAFT
from scheduling.models import Priority
from vqflow.api.fields import Input

STATES = [NO_DRAFT, *(str(state) for state in ReportState)]


class SignatureIn(Input):
    draft_version = serializers.IntegerField(
        min_value=1, max_value=LARGEST_VERSION, help_text="The version of the draft that you have read."
    )


class ReportIn(SignatureIn):
    scheme = serializers.ChoiceField([(scheme.key, scheme.name) for scheme in SCHEMES.values()])
    category = serializers.CharField(
        allow_blank=True, max_length=LONGEST_CATEGORY, help_text="Key of one of the scheme's terms."
    )
    findings = serializers.CharField(allow_blank=True, max_length=LONGEST_TEXT)
    impression = serializers.CharField(allow_blank=True, max_length=LONGEST_TEXT)


class ContentOut(serializers.Serializer):
    scheme = serializers.CharField()
    category = serializers.CharField(help_text="Empty while no category is chosen.")
    category_label = serializers.SerializerMethodField()
    group = serializers.SerializerMethodField()
    findings = serializers.CharField()
    impression = serializers.CharField()

    def get_category_label(self, content) -> str:
        term = reading.term(content)
        return term.label if term else ""

    @extend_schema_field(serializers.ChoiceField([*(str(group) for group in Group), ""]))
    def get_group(self, content):
        term = reading.term(content)
        return str(term.group) if term else ""


class DraftOut(ContentOut):
    draft_version = serializers.IntegerField(help_text="1 before the first save.")
    written_by = serializers.CharField(source="written_by.name", default=None, allow_null=True)
    written_at = serializers.DateTimeField(allow_null=True)


class VersionOut(ContentOut):
    number = serializers.IntegerField()
    kind = serializers.ChoiceField(ReportVersion.Kind.choices)
    signed_by = serializers.CharField(source="signed_by.name")
    signed_at = serializers.DateTimeField()
    content_hash = serializers.CharField(help_text="SHA-256 of the signed content.")


class ReportOut(serializers.Serializer):
    order = serializers.IntegerField()
    accession_number = serializers.CharField()
    state = serializers.ChoiceField(STATES)
    draft = DraftOut(allow_null=True, help_text="Null for those who may not write reports.")
    versions = VersionOut(many=True, help_text="Newest first.")
    why_not_write = serializers.CharField(allow_null=True)
    why_not_sign = serializers.CharField(allow_null=True)


class RowsQuery(serializers.Serializer):
    state = serializers.ChoiceField(STATES, required=False)


class RowOut(serializers.Serializer):
    order = serializers.IntegerField(source="order.pk")
    accession_number = serializers.CharField(source="order.accession_number")
    priority = serializers.ChoiceField(Priority.choices, source="order.priority")
    state = serializers.ChoiceField(STATES)
    performed_end_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    is_late = serializers.BooleanField()
