"""A person's browser and a system's API client against the running stack, each answer with its seconds."""

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar
from urllib.parse import urlencode

from scheduling.demo.clinic import PASSWORD
from scheduling.demo.department import TOKEN

PATIENCE_SECONDS = 20


@dataclass(frozen=True)
class Answer:
    """`url` is where redirects ended; `headers` by name, whatever their case."""

    status: int
    body: str
    url: str
    content_type: str
    seconds: float
    headers: Mapping[str, str]

    @property
    def json(self):
        return json.loads(self.body)


class Browser:
    """Keeps cookies as a browser does."""

    def __init__(self, url):
        self.url = url
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path, **headers):
        return self._ask(urllib.request.Request(self.url + path, headers=headers))

    def post(self, path, fields, **headers):
        """Send a form, with the CSRF token of the page at the same path."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(path).body).group(1)
        data = urlencode({**fields, "csrfmiddlewaretoken": token}).encode()
        return self._ask(urllib.request.Request(self.url + path, data=data, headers=headers))

    def sign_in(self, username):
        return self.post("/account/login/", {"login": username, "password": PASSWORD})

    def _ask(self, request):
        begun = time.monotonic()
        try:
            answer = self.opener.open(request, timeout=PATIENCE_SECONDS)
        except urllib.error.HTTPError as refusal:
            answer = refusal
        with answer:
            body = answer.read().decode()
        seconds = time.monotonic() - begun
        headers = answer.headers
        return Answer(answer.status, body, answer.url, headers.get_content_type(), seconds, headers)


class Api(Browser):
    """The integration account."""

    def call(self, path, fields=None):
        """GET, or POST with `fields` as JSON."""
        headers = {"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"}
        data = None if fields is None else json.dumps(fields).encode()
        return self._ask(urllib.request.Request(f"{self.url}/api/v1/{path}", data=data, headers=headers))

    def new_order(self):
        """The number of a STAT order, which may be booked at once."""
        fields = {"clinical_question": "Acute pulmonary embolism?", "ward": "Emergency", "sex": "male"}
        referrer = self.call("referrers").json["results"][0]["id"]
        return self.call("orders/stat", {**fields, "referrer": referrer}).json["id"]

    def book(self, order):
        """Book the best visit for an order."""
        best = self.call(f"orders/{order}/itineraries?days=14").json["proposals"][0]
        return self.call(f"orders/{order}/appointment", {"starts": best["starts"]})
