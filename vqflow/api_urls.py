from django.urls import path, re_path

from vqflow.api import description

app_name = "api"
urlpatterns = [
    path("", description.Root.as_view(), name="root"),
    path("schema/", description.SchemaDocument.as_view(), name="schema"),
    path("docs/", description.docs, name="docs"),
    # Last of all addresses under /api/v1/.
    re_path(r"^[\s\S]+\Z", description.nowhere, name="nowhere"),
]
