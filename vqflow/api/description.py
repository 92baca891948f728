"""The API describes itself: its root, the OpenAPI schema, and a page to browse and try it."""

from functools import lru_cache

from django.contrib.auth.decorators import login_not_required
from django.http import JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from vqflow.api.operations import Operation
from vqflow.api.problems import PROBLEM_TYPE
from vqflow.pages import page


class RootOut(serializers.Serializer):
    title = serializers.CharField()
    version = serializers.CharField()
    schema = serializers.CharField(help_text="Address of the OpenAPI schema.")
    docs = serializers.CharField(help_text="Address of the page to browse it.")
    operations = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), help_text="Methods by address."
    )


class Root(Operation):
    actions = {"GET": "api.describe"}

    @extend_schema(operation_id="root", summary="What there is", responses=RootOut)
    def get(self, request):
        described = schema()
        operations = {
            path: sorted(method.upper() for method in methods) for path, methods in described["paths"].items()
        }
        facts = {
            "title": described["info"]["title"],
            "version": described["info"]["version"],
            "schema": reverse("api:schema"),
            "docs": reverse("api:docs"),
            "operations": operations,
        }
        return Response(RootOut(facts).data)


class SchemaDocument(Operation):
    actions = {"GET": "api.describe"}
    renderer_classes = [
        OpenApiYamlRenderer,
        OpenApiYamlRenderer2,
        OpenApiJsonRenderer,
        OpenApiJsonRenderer2,
    ]

    @extend_schema(exclude=True)
    def get(self, request):
        return Response(schema())


@lru_cache(maxsize=1)
def schema():
    """The schema of every operation, whoever asks; the same until the server starts anew."""
    return SchemaGenerator().get_schema(request=None, public=True)


@page("api.describe")
def docs(request):
    """Swagger UI with every script in a file of its own: the content security policy allows nothing else."""
    return render(request, "vqflow/api_docs.html")


@csrf_exempt
@login_not_required
def nowhere(request):
    """Any other address under the API: problem details, not a page, for whoever asks."""
    facts = {"type": "about:blank", "title": "Not found", "status": 404}
    sentence = f"There is no such address. See {reverse('api:root')} for those that there are."
    return JsonResponse({**facts, "detail": sentence}, status=404, content_type=PROBLEM_TYPE)
