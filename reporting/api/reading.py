"""What the criteria make of a reading, who has a report open, and a physician's presets."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from reporting.api.reports import answer_of, checked
from reporting.engine.findings import InvalidReading, parse
from reporting.serializers.reports import (
    EvaluationIn,
    EvaluationOut,
    PresetIn,
    PresetNameIn,
    PresetOut,
    PresetUseIn,
    ReportOut,
)
from reporting.services import drafting, evaluation, locks, presets, prose
from scheduling.api.site import SiteOperation
from scheduling.services import access
from vqflow.errors import Invalid


class Evaluations(SiteOperation):
    actions = {"POST": "report.write"}

    @extend_schema(
        operation_id="report_evaluate",
        summary="Counts, suggested category with its row, probability and sentences of a reading; nothing is saved",
        request=EvaluationIn,
        responses=EvaluationOut,
    )
    def post(self, request, pk):
        order = access.unseen_order(pk, by=request.user, action="report.write")
        values = checked(EvaluationIn(data=request.data))
        try:
            found = parse(values["reading"])
        except InvalidReading as refusal:
            fields = {"reading": [f"{refusal.path}: {refusal.sentence}"]}
            raise Invalid("Some values cannot be right.", fields=fields) from refusal
        frame = evaluation.frame(order).read_as(found)
        chosen = {"scheme": values["scheme"], "category": _known(values)}
        judged = evaluation.of(frame, **chosen, reading=found)
        language = values.get("language", frame.rules.language)
        answer = {
            "counts": judged.counts,
            "suggestion": judged.suggestion,
            "refusal": judged.refusal,
            "probability": judged.probability,
            "not_counted": list(judged.idle.values()),
            "offered_schemes": frame.offered,
            "prose": prose.generated(found, frame.study, **chosen, language=language),
        }
        return Response(EvaluationOut(answer).data)


def _known(values):
    refusal = {"category": ["Choose one of the terms of the scheme."]}
    if values["category"] and not drafting.has_term(values["scheme"], values["category"]):
        raise Invalid("Some values cannot be right.", fields=refusal)
    return values["category"]


class TakingOver(SiteOperation):
    actions = {"POST": "report.write"}

    @extend_schema(
        operation_id="report_take_over",
        summary="Take over a report that somebody else has open; what they have saved stays",
        request=None,
        responses=ReportOut,
    )
    def post(self, request, pk):
        order = access.order(pk, by=request.user, action="report.write")
        return Response(answer_of(locks.take_over(order, by=request.user, now=timezone.now()), request.user))


class Presets(SiteOperation):
    actions = {"GET": "report.write", "POST": "report.write"}

    @extend_schema(
        operation_id="presets_list", summary="One's own presets, by name", responses=PresetOut(many=True)
    )
    def get(self, request):
        return Response(PresetOut(presets.of(request.user), many=True).data)

    @extend_schema(
        operation_id="preset_save",
        summary="Save a draft's content as a preset, without what belongs to its patient only",
        request=PresetIn,
        responses={201: PresetOut},
    )
    def post(self, request):
        values = checked(PresetIn(data=request.data))
        order = access.order(values["order"], by=request.user, action="report.write")
        made = presets.keep(drafting.existing(order), name=values["name"], by=request.user)
        return Response(PresetOut(made).data, status=201)


class Preset(SiteOperation):
    actions = {"PATCH": "report.write", "DELETE": "report.write"}

    @extend_schema(
        operation_id="preset_rename",
        summary="Rename a preset of one's own",
        request=PresetNameIn,
        responses=PresetOut,
    )
    def patch(self, request, pk):
        found = presets.one(pk, by=request.user)
        values = checked(PresetNameIn(data=request.data))
        return Response(PresetOut(presets.rename(found, name=values["name"], by=request.user)).data)

    @extend_schema(
        operation_id="preset_delete", summary="Delete a preset of one's own", responses={204: None}
    )
    def delete(self, request, pk):
        presets.delete(presets.one(pk, by=request.user), by=request.user)
        return Response(status=204)


class PresetUse(SiteOperation):
    actions = {"POST": "report.write"}

    @extend_schema(
        operation_id="report_apply_preset",
        summary="Put a preset's content over the draft; 409 when somebody else has saved after this version was read",
        request=PresetUseIn,
        responses=ReportOut,
    )
    def post(self, request, pk):
        order = access.order(pk, by=request.user, action="report.write")
        values, now = checked(PresetUseIn(data=request.data)), timezone.now()
        preset = presets.one(values["preset"], by=request.user)
        draft = drafting.open_draft(order, by=request.user, now=now)
        version = values["draft_version"]
        saved = presets.apply(preset, draft, draft_version=version, by=request.user, now=now)
        return Response(answer_of(saved, request.user))
