"""What the reports' API takes and gives."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from reporting.engine.schemes import SCHEMES, Group
from reporting.engine.states import ReportState
from reporting.models import LATER_KINDS, ReportVersion
from reporting.services import prose, reading
from reporting.services.drafting import LARGEST_VERSION, LONGEST_CATEGORY, LONGEST_TEXT
from reporting.services.drafting import LONGEST_REASON as LONGEST_OVERRIDE
from reporting.services.presets import LONGEST_NAME
from reporting.services.versions import LONGEST_REASON
from reporting.worklist import NO_DRAFT
from scheduling.models import Priority
from vqflow.api.fields import Input

STATES = [NO_DRAFT, *(str(state) for state in ReportState)]


CREDENTIAL = {
    "max_length": 128,
    "trim_whitespace": False,
    "help_text": "The signer's own password, or the code of the authenticator app. It is kept nowhere.",
}


class GiveUpIn(Input):
    draft_version = serializers.IntegerField(
        min_value=1, max_value=LARGEST_VERSION, help_text="The version of the draft that you have read."
    )


class SignatureIn(GiveUpIn):
    credential = serializers.CharField(**CREDENTIAL)


class LaterVersionIn(Input):
    kind = serializers.ChoiceField([(kind, kind.label) for kind in LATER_KINDS])
    reason = serializers.CharField(
        required=False, allow_blank=True, max_length=LONGEST_REASON, help_text="An amendment says why."
    )


class RetractionIn(Input):
    number = serializers.IntegerField(
        min_value=1, max_value=32767, help_text="The newest version that you have read."
    )
    reason = serializers.CharField(max_length=LONGEST_REASON, help_text="The referrer reads it.")
    credential = serializers.CharField(**CREDENTIAL)


class ReportIn(GiveUpIn):
    scheme = serializers.ChoiceField([(scheme.key, scheme.name) for scheme in SCHEMES.values()])
    category = serializers.CharField(
        allow_blank=True, max_length=LONGEST_CATEGORY, help_text="Key of one of the scheme's terms."
    )
    findings = serializers.CharField(allow_blank=True, max_length=LONGEST_TEXT)
    impression = serializers.CharField(allow_blank=True, max_length=LONGEST_TEXT)
    reading = serializers.DictField(
        required=False, help_text="What was seen, segment by segment (docs/api.md). Left out: it stays."
    )
    override_reason = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=LONGEST_OVERRIDE,
        help_text="Why the category is not the suggested one; needed to sign. Left out: it stays.",
    )
    next_step = serializers.CharField(
        required=False, allow_blank=True, max_length=LONGEST_TEXT, help_text="Left out: it stays."
    )
    addendum = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=LONGEST_TEXT,
        help_text="Where an addendum has been begun, the only text that is written.",
    )
    language = serializers.ChoiceField(
        prose.languages(), required=False, help_text="Of the generated sentences. Left out: it stays."
    )


class EvaluationIn(Input):
    scheme = serializers.ChoiceField([(scheme.key, scheme.name) for scheme in SCHEMES.values()])
    category = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=LONGEST_CATEGORY
    )
    reading = serializers.DictField()
    language = serializers.ChoiceField(prose.languages(), required=False)


class CategorySuggestionOut(serializers.Serializer):
    category = serializers.CharField()
    row = serializers.CharField(help_text="Key of the row of the scheme's table that matched.")
    sentence = serializers.CharField()
    findings = serializers.ListField(child=serializers.CharField())
    segments = serializers.ListField(child=serializers.CharField())
    source = serializers.CharField()


class MapCountsOut(serializers.Serializer):
    equivalents = serializers.FloatField(help_text="Mismatched segment equivalents.")
    percent = serializers.FloatField(help_text="Of both lungs' volume.")
    mismatched = serializers.ListField(child=serializers.CharField())
    incomplete = serializers.ListField(child=serializers.CharField())


class ProseOut(serializers.Serializer):
    findings = serializers.CharField()
    impression = serializers.CharField()
    next_step = serializers.CharField()


class EvaluationOut(serializers.Serializer):
    counts = MapCountsOut()
    suggestion = CategorySuggestionOut(allow_null=True)
    refusal = serializers.CharField(help_text="Why there is no suggestion, and what to do.")
    probability = serializers.IntegerField(
        allow_null=True, help_text="Percent with embolism after the scan (PIOPED I planar, by the prior)."
    )
    not_counted = serializers.ListField(
        child=serializers.CharField(),
        help_text="A sentence for each column with values of what was not done; such a report is not signed.",
    )
    offered_schemes = serializers.ListField(child=serializers.CharField())
    prose = ProseOut()


class PresetNameIn(Input):
    name = serializers.CharField(max_length=LONGEST_NAME)


class PresetIn(PresetNameIn):
    order = serializers.IntegerField(min_value=1, help_text="Whose draft the preset is made from.")


class PresetUseIn(Input):
    preset = serializers.IntegerField(min_value=1)
    draft_version = serializers.IntegerField(min_value=1, max_value=LARGEST_VERSION)


class ContentOut(serializers.Serializer):
    scheme = serializers.CharField()
    category = serializers.CharField(help_text="Empty while no category is chosen.")
    category_label = serializers.SerializerMethodField()
    group = serializers.SerializerMethodField()
    suggested = serializers.CharField(help_text="The category that the criteria gave, if any did.")
    suggested_by = serializers.CharField(help_text="The row of the scheme's table that matched.")
    override_reason = serializers.CharField(help_text="Why the category is not the suggested one.")
    reading = serializers.DictField(help_text="What was seen, segment by segment.")
    findings = serializers.CharField()
    impression = serializers.CharField()
    next_step = serializers.CharField()
    language = serializers.CharField()

    def get_category_label(self, content) -> str:
        term = reading.term(content)
        return term.label if term else ""

    @extend_schema_field(serializers.ChoiceField([*(str(group) for group in Group), ""]))
    def get_group(self, content):
        term = reading.term(content)
        return str(term.group) if term else ""


class PresetOut(ContentOut):
    id = serializers.IntegerField()
    name = serializers.CharField()


class DraftOut(ContentOut):
    addendum = serializers.CharField(help_text="The text of an addendum that has been begun.")
    draft_version = serializers.IntegerField(help_text="1 before the first save.")
    written_by = serializers.CharField(source="written_by.name", default=None, allow_null=True)
    written_at = serializers.DateTimeField(allow_null=True)


class VersionOut(ContentOut):
    number = serializers.IntegerField()
    kind = serializers.ChoiceField(ReportVersion.Kind.choices)
    signed_by = serializers.CharField(source="signed_by.name")
    signed_at = serializers.DateTimeField()
    reason = serializers.CharField(help_text="Why it was amended or retracted.")
    addendum = serializers.CharField(help_text="The text of an addendum; the rest is what it was added to.")
    previous_hash = serializers.CharField(
        help_text="content_hash of the version before; empty for the first."
    )
    content_hash = serializers.CharField(help_text="SHA-256 of the signed content.")


class ReportOut(serializers.Serializer):
    order = serializers.IntegerField()
    accession_number = serializers.CharField()
    state = serializers.ChoiceField(STATES)
    fhir_status = serializers.CharField(
        help_text="DiagnosticReport.status (FHIR R4): registered, preliminary, final, appended, amended, "
        "entered-in-error; empty while there is no report."
    )
    next_kind = serializers.ChoiceField(
        ["", *LATER_KINDS], help_text="What has been begun of a signed report."
    )
    next_reason = serializers.CharField(help_text="Why it is being amended.")
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
    handed_over_at = serializers.DateTimeField(allow_null=True)
    limited = serializers.CharField(help_text="Why the examination was handed over as not complete.")
    awaits_release = serializers.BooleanField(help_text="The patient still waits in the department.")
