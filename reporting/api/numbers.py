"""The department's numbers: which there are, the figures of one panel, and the same as CSV."""

from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from reporting.forms.numbers import PERIODS, ChoiceForm
from reporting.models import NumbersKept
from reporting.numbers import panels, sheets
from reporting.numbers.choice import in_one_go
from scheduling.api.site import SiteOperation
from scheduling.models import Agent, PatientClass
from vqflow.api.problems import PROBLEM_TYPE, Problem
from vqflow.errors import Invalid, NotFound

QUERY = [
    OpenApiParameter("period", str, enum=list(PERIODS), description='Days; "own": from `first` to `last`.'),
    OpenApiParameter("first", OpenApiTypes.DATE, description="First local day."),
    OpenApiParameter("last", OpenApiTypes.DATE, description="Last local day."),
    OpenApiParameter("protocol", str, description="Key of a protocol of the site."),
    OpenApiParameter("agent", str, enum=[key for key in Agent.values if key]),
    OpenApiParameter("patient_class", str, enum=PatientClass.values),
    OpenApiParameter("site", str, enum=["all"], description="All sites together, for at most 92 days."),
]
NAMES = {each.name for each in QUERY}
REFUSED = {
    (404, PROBLEM_TYPE): OpenApiResponse(Problem, "There are no such numbers."),
    (422, PROBLEM_TYPE): OpenApiResponse(Problem, "This choice of cases cannot be right."),
}


class NumberOut(serializers.Serializer):
    key = serializers.CharField()
    title = serializers.CharField()
    section = serializers.CharField()
    definition = serializers.CharField(help_text="What is counted, in words.")


class FigureOut(serializers.Serializer):
    label = serializers.CharField()
    value = serializers.JSONField(
        allow_null=True, help_text="Minutes, MBq, per cent or a count; null where there are too few cases."
    )
    text = serializers.CharField(help_text="As a person reads it, with its interval.")


class NumberTableOut(serializers.Serializer):
    caption = serializers.CharField()
    columns = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(
        child=serializers.ListField(child=serializers.JSONField(allow_null=True)),
        help_text="The first of each row is its name; the others are bare figures.",
    )


class NumbersOut(NumberOut):
    first = serializers.DateField()
    last = serializers.DateField()
    count = serializers.IntegerField(help_text="How many cases stand behind it.")
    kept_at = serializers.DateTimeField(allow_null=True, help_text="What was recorded until then is counted.")
    figures = FigureOut(many=True)
    tables = NumberTableOut(many=True)
    notes = serializers.ListField(child=serializers.CharField())


class Numbers(SiteOperation):
    actions = {"GET": "numbers.view"}

    @extend_schema(
        operation_id="numbers_list",
        summary="Which numbers there are, with what each counts",
        responses=NumberOut(many=True),
    )
    def get(self, request):
        return Response(NumberOut(panels.ALL, many=True).data)


class Number(SiteOperation):
    actions = {"GET": "numbers.view"}

    @extend_schema(
        operation_id="numbers_get",
        summary="The figures of one panel; no patients' data",
        parameters=QUERY,
        responses={200: NumbersOut, **REFUSED},
    )
    def get(self, request, key):
        panel, choice, found = _read(self, request, key)
        kept = NumbersKept.objects.filter(site=self.site).first()
        about = {name: getattr(panel, name) for name in ("key", "title", "section", "definition")}
        return Response(
            NumbersOut(
                {
                    **about,
                    "first": choice.first,
                    "last": choice.last,
                    "count": found.count,
                    "kept_at": kept.kept_at if kept else None,
                    "figures": [_figure(each) for each in found.figures],
                    "tables": [_table(each) for each in found.tables],
                    "notes": found.notes,
                }
            ).data
        )


class NumberAsCsv(SiteOperation):
    actions = {"GET": "numbers.view"}

    @extend_schema(
        operation_id="numbers_csv",
        summary="The figures of one panel as CSV; text that a spreadsheet would take for a formula is quoted",
        parameters=QUERY,
        responses={(200, "text/csv"): OpenApiTypes.STR, **REFUSED},
    )
    def get(self, request, key):
        panel, choice, found = _read(self, request, key)
        text = sheets.text(sheets.figures(panel, found, choice))
        return HttpResponse(text, content_type="text/csv; charset=utf-8")


def _read(view, request, key):
    panel = panels.BY_KEY.get(key)
    if panel is None:
        raise NotFound("There are no such numbers. GET /api/v1/numbers lists them.")
    choice = _choice(view.site, request)
    in_one_go()
    return panel, choice, panel.read(choice)


def _choice(site, request):
    if unknown := sorted(request.query_params.keys() - NAMES):
        raise Invalid("There is no such filter.", fields={unknown[0][:60]: ["There is no such filter."]})
    today = timezone.now().astimezone(ZoneInfo(site.time_zone)).date()
    form = ChoiceForm(request.query_params, site=site, user=request.user, today=today)
    if not form.is_valid():
        fields = {name: list(sentences) for name, sentences in form.errors.items()}
        raise Invalid("This choice of cases cannot be right.", fields=fields)
    return form.choice()


def _figure(each):
    return {"label": each.label, "value": each.cell.value, "text": each.cell.text}


def _table(table):
    rows = [[row[0].text, *(sheets.bare(cell) for cell in row[1:])] for row in table.rows]
    return {"caption": table.caption, "columns": table.columns, "rows": rows}
