"""The OpenAPI schema of every operation: the idempotency key of writes, problem details as answers."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from vqflow.api.fields import Input
from vqflow.api.problems import PROBLEM_TYPE, Problem

SAFE = ("GET", "HEAD", "OPTIONS")
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "maxLength": 80, "pattern": "^[ -~]*$"},
    OpenApiParameter.HEADER,
    description="Your own key for this write (80 characters at most). Sent again, it is answered again.",
)
READ_PROBLEMS = {
    "401": "Nobody is signed in.",
    "403": "This role may not do this.",
    "404": "There is no such thing at this site.",
    "422": "A value cannot be right; see errors.",
    "423": "The session is locked.",
}
BODY_PROBLEMS = {"400": "The request is not well-formed JSON.", "415": "Send application/json."}
WRITE_PROBLEMS = {"409": "A rule of the department holds it back, or somebody was faster."}


class Session(OpenApiAuthenticationExtension):
    """The page's session. The cookie's name is that of an installation behind HTTPS."""

    target_class = "vqflow.api.access.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema):
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-vqflow_session",
            "description": "The session of a signed-in browser; writes need the CSRF token as X-CSRFToken.",
        }


class Schema(AutoSchema):
    """Every write takes an idempotency key; every operation can answer with problem details."""

    @property
    def _is_write(self):
        return self.method not in SAFE and self.method not in getattr(self.view, "searches", ())

    def get_override_parameters(self):
        return [IDEMPOTENCY_KEY] if self._is_write else []

    def get_description(self):
        # The view's docstring speaks to programmers, and may be the base class's.
        return getattr(self.view, self.method.lower()).__doc__ or ""

    def get_tags(self):
        return [self.path.split("/")[3] or "root"]

    def _get_response_bodies(self, *args, **kwargs):
        bodies = super()._get_response_bodies(*args, **kwargs)
        problems = dict(READ_PROBLEMS)
        if self.method not in SAFE:
            problems |= BODY_PROBLEMS
        if self._is_write:
            problems |= WRITE_PROBLEMS
        schema = self.resolve_serializer(Problem, "response").ref
        for code, what in problems.items():
            bodies.setdefault(code, {"description": what, "content": {PROBLEM_TYPE: {"schema": schema}}})
        return dict(sorted(bodies.items()))

    def _map_basic_serializer(self, serializer, direction):
        mapped = super()._map_basic_serializer(serializer, direction)
        if isinstance(serializer, Input):
            mapped["additionalProperties"] = False
        return mapped
