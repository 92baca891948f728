"""The OpenAPI schema of every operation: the idempotency key of writes, problem details as answers."""

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

SAFE = ("GET", "HEAD", "OPTIONS")
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Your own key for this write (80 characters at most). Sent again, it is answered again.",
)
PROBLEM_TYPE = "application/problem+json"
PROBLEMS = {
    "400": "The request is not well-formed JSON.",
    "401": "Nobody is signed in.",
    "403": "This role may not do this.",
    "404": "There is no such thing at this site.",
    "409": "A rule of the department holds it back, or somebody was faster.",
    "415": "Send application/json.",
    "422": "A value cannot be right; see errors.",
    "423": "The session is locked.",
}
PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    },
}


class Schema(AutoSchema):
    """Every write takes an idempotency key; every operation can answer with problem details."""

    def get_override_parameters(self):
        return [] if self.method in SAFE else [IDEMPOTENCY_KEY]

    def get_tags(self):
        return [self.path.split("/")[3]]

    def _get_response_bodies(self, *args, **kwargs):
        bodies = super()._get_response_bodies(*args, **kwargs)
        for code, what in PROBLEMS.items():
            if self.method in SAFE and code in ("409",):
                continue
            bodies.setdefault(
                code, {"description": what, "content": {PROBLEM_TYPE: {"schema": PROBLEM_SCHEMA}}}
            )
        return bodies
