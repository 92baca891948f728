"""Programs that call the API, and a clock that stands still for them."""

import json
from datetime import timedelta

from django.test import Client
from django.utils import timezone
from rest_framework.authtoken.models import Token

from tests import department

ROOT = "/api/v1/"


class Caller:
    """One account with its token. Every method answers (status, body)."""

    def __init__(self, user):
        self.user = user
        token, _ = Token.objects.get_or_create(user=user)
        self.headers = {"Authorization": f"Token {token.key}"}
        self.client = Client(headers=self.headers)

    def get(self, address, **parameters):
        return _read(self.client.get(ROOT + address, parameters))

    def post(self, address, body=None, *, key=None):
        return self.send("post", address, body, key=key)

    def put(self, address, body=None, *, key=None):
        return self.send("put", address, body, key=key)

    def send(self, method, address, body=None, *, key=None):
        return _read(self.answer(method, address, body, key=key))

    def answer(self, method, address, body=None, *, key=None):
        """The whole response."""
        headers = {"Idempotency-Key": key} if key else {}
        content = json.dumps({} if body is None else body)
        call = getattr(self.client, method)
        return call(ROOT + address, content, content_type="application/json", headers=headers)


def _read(response):
    kind = "application/problem+json" if response.status_code >= 400 else "application/json"
    assert response["Content-Type"] == kind, response.content
    return response.status_code, response.json()


class Clock:
    """The application's clock, standing at `now` until it is moved."""

    def __init__(self, monkeypatch, now=department.NOW):
        self.now = now
        monkeypatch.setattr(timezone, "now", lambda: self.now)

    def pass_by(self, **duration):
        self.now += timedelta(**duration)
