"""A mail scanner opens every link of every mail by GET and HEAD, again and again: nothing in the database changes.

The short round opens the links of 12 mails twice, VQFLOW_SOAK=1 those of 1,000 mails five times.
"""

import hashlib
import os
import re
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.cookiejar import CookieJar

import pytest
from django.db import connection
from django.utils import timezone

from scheduling.models import Message, MessageState
from scheduling.services import messages
from tests import crowd, department
from tests.faults.senders import senders
from tests.relay import running

SOAK = os.environ.get("VQFLOW_SOAK") == "1"
MAILS, ROUNDS, SCANNERS = (1000, 5, 4) if SOAK else (12, 2, 2)
LONGEST_SECONDS = 3600 if SOAK else 300
pytestmark = [
    pytest.mark.fault,
    pytest.mark.timeout(LONGEST_SECONDS, func_only=True),
    pytest.mark.django_db(transaction=True),
]
ADDRESS = re.compile(r"https?://[^\s\"'<>]+")
# How often which address asks is counted there, for a few minutes.
NOT_STATE = ("vqflow_cache",)


@pytest.fixture
def relay(settings):
    with running(settings) as listening:
        yield listening


@pytest.fixture
def pages(relay, tmp_path, settings):
    """The web server as production starts it; mails carry its address."""
    with senders(tmp_path) as crew:
        settings.PUBLIC_URL = crew.env["PUBLIC_URL"] = f"http://127.0.0.1:{crew.port}"
        crew.start("web")
        yield crew


@pytest.fixture
def links(pages, relay, settings):
    """Every address of our own in the mails that patients got."""
    booked = department.booked(department.site(), first_day=department.TODAY + timedelta(days=4))
    Message.objects.all().delete()
    crowd.reminded(crowd.like(booked, MAILS, in_all_languages=True), due_at=timezone.now())
    messages.send_due(now=timezone.now(), seconds=LONGEST_SECONDS)
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.SENT}
    return sorted({link for mail in relay.mails for link in addresses(mail, settings.PUBLIC_URL)})


def addresses(mail, public_url):
    """Ours in headers, text and HTML."""
    texts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    texts += [str(value) for value in mail.values()]
    found = {link.rstrip(".,)>") for text in texts for link in ADDRESS.findall(str(text))}
    return {link for link in found if link.startswith(public_url)}


def state():
    """{table: digest of all its rows}."""
    with connection.cursor() as cursor:
        tables = [each for each in connection.introspection.table_names(cursor) if each not in NOT_STATE]
        return {table: rows_of(cursor, table) for table in tables}


def rows_of(cursor, table):
    cursor.execute(f'SELECT row::text FROM "{table}" AS row')
    return hashlib.sha256("\n".join(sorted(text for (text,) in cursor)).encode()).hexdigest()


def changed(before):
    after = state()
    return sorted(table for table in before | after if before.get(table) != after.get(table))


def opened(link, method, *, keeps_cookies, data=None):
    """The status where redirects ended."""
    jar = [urllib.request.HTTPCookieProcessor(CookieJar())] if keeps_cookies else []
    request = urllib.request.Request(link, method=method, data=data)
    try:
        with urllib.request.build_opener(*jar).open(request, timeout=60) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.status


def scan(links):
    """The statuses that several scanners at once got; every other round keeps cookies, as a browser does."""
    wanted = [
        (link, method, n % 2 == 0) for n in range(ROUNDS) for link in links for method in ("GET", "HEAD")
    ]
    with ThreadPoolExecutor(SCANNERS) as scanners:
        return list(scanners.map(lambda each: opened(*each[:2], keeps_cookies=each[2]), wanted))


def test_a_scanner_that_opens_every_link_changes_nothing(links):
    before = state()
    assert len(links) >= MAILS
    answers = scan(links)
    assert len(answers) == len(links) * 2 * ROUNDS
    assert all(status < 500 for status in answers)
    assert answers.count(200) >= len(answers) // 2
    assert changed(before) == []


def test_whoever_presses_changes_something(links, pages):
    """The negative control: one press by POST, as a mail program stops reminders for its user."""
    before = state()
    stop = next(link for link in links if "/a/stop/" in link)
    assert opened(stop, "POST", keeps_cookies=False, data=b"List-Unsubscribe=One-Click") == 200
    assert "scheduling_patient" in changed(before), pages.log()
