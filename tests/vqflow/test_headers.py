"""Headers of every answer: nothing inline runs, nothing is kept, nothing leaks to other sites."""

import re

import pytest

pytestmark = pytest.mark.django_db

PAGES = ["/worklist/", "/lock/", "/account/login/", "/healthz", "/nowhere/"]


@pytest.fixture
def browser(page_of, tess):
    return page_of(tess)


@pytest.mark.parametrize("url", PAGES)
def test_policy_allows_nothing_inline_and_nothing_from_elsewhere(browser, url):
    policy = browser.get(url)["Content-Security-Policy"]
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";") if part.strip())
    assert rules == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "object-src": "'none'",
    }


@pytest.mark.parametrize("url", PAGES)
def test_nothing_is_kept_or_indexed(browser, url):
    answer = browser.get(url)
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]


def test_referrer_goes_to_no_other_site_but_our_own_forms_are_known(browser):
    # "no-referrer" makes browsers send "Origin: null" with every form, which the check of forged requests refuses.
    assert browser.get("/worklist/")["Referrer-Policy"] == "same-origin"


def test_every_answer_can_be_found_in_the_log(browser):
    first, second = (browser.get("/worklist/")["X-Request-ID"] for _ in range(2))
    assert re.fullmatch(r"[0-9a-f]{32}", first)
    assert first != second


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(client, tess):
    client.post("/account/login/", {"login": "tess", "password": "a long enough secret"})
    (name,) = [name for name in client.cookies if "session" in name]
    cookie = client.cookies[name]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize("url", PAGES[:3])
def test_pages_hold_no_inline_script_style_or_handler(browser, url):
    page = browser.get(url).content.decode()
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=", page) == []


def test_log_line_has_the_path_and_never_the_query(browser, caplog):
    caplog.set_level("INFO", logger="vqflow.request")
    browser.get("/worklist/?name=Okafor")
    lines = [record.getMessage() for record in caplog.records if record.name == "vqflow.request"]
    assert len(lines) == 1
    assert "/worklist/" in lines[0]
    assert "Okafor" not in lines[0]
