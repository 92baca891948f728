"""Opening a mailed link: nothing is written by looking, the token is gone at once, the date of birth opens."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from scheduling.models import MessageKind, PatientLink
from scheduling.services import booking
from tests import department, mailed
from vqflow.models import AuditEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]


@pytest.fixture
def appointment(site):
    return department.booked(site)


@pytest.fixture
def written():
    """The statements that write, of all that runs meanwhile."""
    found = []

    def watch(execute, sql, params, many, context):
        if not sql.lstrip().upper().startswith(("SELECT", "SAVEPOINT", "RELEASE")):
            found.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield found


def test_the_token_leaves_the_address_at_once(client, appointment):
    path, _ = mailed.link(appointment)
    answer = client.get(path)
    assert (answer.status_code, answer["Location"]) == (302, "/a/")
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert path.rsplit("/", 1)[1] not in str(client.cookies)


def test_the_cookie_is_its_own_short_and_out_of_reach_of_scripts(client, appointment):
    client.get(mailed.link(appointment)[0])
    cookie = client.cookies["vqflow_visit"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert (cookie["max-age"], cookie["expires"]) == ("", "")
    assert settings.SESSION_COOKIE_NAME not in client.cookies


def test_with_https_the_cookie_is_bound_to_this_host(client, appointment, settings):
    settings.HTTPS = True
    client.get(mailed.link(appointment)[0], secure=True)
    assert client.cookies["__Host-vqflow_visit"]["secure"]
    assert client.cookies["__Host-vqflow_visit"]["path"] == "/"


def test_a_scanner_that_opens_every_link_again_and_again_writes_nothing(appointment, written):
    visit, stop = (
        mailed.link(appointment, kind=MessageKind.REMINDER, name=name)[0] for name in ("link", "stop")
    )
    written.clear()
    for path in (visit, stop) * 5:
        scanner = Client()
        for method in (scanner.head, scanner.get):
            method(path, follow=True)
        for page in ("confirm/", "cancel/", "unlock/", "accept/", "decline/", "questions/", "another-time/"):
            scanner.get(f"/a/{page}")
            scanner.head(f"/a/{page}")
    assert written == []


def test_before_the_date_of_birth_the_page_tells_neither_name_nor_time(client, appointment):
    page = client.get(mailed.link(appointment)[0], follow=True).content.decode()
    patient = appointment.procedure.order.patient
    assert "Date of birth" in page
    assert "In an emergency" in page
    for private in (patient.given_name, patient.family_name, "2027", "Entrance B", "lung", "scan", "breath"):
        assert private not in page


def test_the_date_of_birth_opens_the_visit(client, appointment):
    row = mailed.opened(client, appointment)
    assert "Your appointment" in client.get("/a/").content.decode()
    row.refresh_from_db()
    assert (row.unlocked_at, row.wrong_tries) == (department.NOW, 0)
    assert AuditEvent.objects.filter(action="link.unlocked").count() == 1


def test_a_wrong_date_is_said_at_the_field(client, appointment):
    path, row = mailed.link(appointment)
    client.get(path)
    answer = mailed.unlock(client, year="1961")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "You can try 4 more times" in page
    assert "<title>Please check:" in page
    assert 'aria-invalid="true"' in page
    assert 'value="1961"' in page
    row.refresh_from_db()
    assert row.wrong_tries == 1


@pytest.mark.parametrize("date", [{"day": ""}, {"day": "31", "month": "2"}, {"year": "17"}, {"month": "May"}])
def test_what_is_no_date_costs_no_try(client, appointment, date):
    path, row = mailed.link(appointment)
    client.get(path)
    answer = mailed.unlock(client, **date)
    assert answer.status_code == 422
    assert "for example 5, 11 and 1960" in answer.content.decode()
    row.refresh_from_db()
    assert row.wrong_tries == 0


def test_figures_of_another_script_are_a_date_too(client, appointment):
    client.get(mailed.link(appointment)[0])
    assert (
        mailed.unlock(client, day="\u0661\u0667", month="\u0665", year="\u0661\u0669\u0666\u0660").status_code
        == 302
    )


def test_five_wrong_dates_close_the_link_for_everybody(client, appointment):
    path, _ = mailed.link(appointment)
    client.get(path)
    for _ in range(4):
        assert mailed.unlock(client, year="1961").status_code == 422
    last = mailed.unlock(client, year="1961")
    assert last.status_code == 409
    assert 'Call us: <bdi dir="ltr">' in last.content.decode()
    assert "Back to your appointment" not in last.content.decode()
    answer = Client().get(path, follow=True)
    assert answer.status_code == 410
    page = answer.content.decode()
    assert "Please call us" in page
    assert "+1 212 555 0100" in page


def test_an_unknown_link_is_answered_in_words(client, site):
    answer = client.get("/a/" + "x" * 43, follow=True)
    assert answer.status_code == 410
    assert "Please open the link in our message again" in answer.content.decode()


@pytest.mark.parametrize("address", ["/a/abc", "/a/stop/abc", "/a/%F0%9F%98%80"])
def test_an_address_that_a_mail_program_has_broken_is_answered_in_words(client, site, address):
    assert client.get(address, follow=True).status_code == 410


def test_a_moved_appointment_says_which_link_to_open(client, appointment):
    path, _ = mailed.link(appointment)
    appointment.revision += 1
    appointment.save(update_fields=["revision"])
    assert "about an earlier time" in client.get(path, follow=True).content.decode()


def test_a_cancelled_appointment_says_so(client, appointment, site):
    path, _ = mailed.link(appointment)
    booking.cancel(appointment, reason="Ill", by=department.scheduler(site), now=department.NOW)
    page = client.get(path, follow=True).content.decode()
    assert "<h1>Your appointment is cancelled</h1>" in page
    assert "This appointment is cancelled" in page


def test_a_link_ends_after_the_visit(client, appointment):
    path, row = mailed.link(appointment)
    PatientLink.objects.filter(pk=row.pk).update(expires_at=department.NOW)
    assert "This link has ended" in client.get(path, follow=True).content.decode()


def test_an_old_cookie_opens_nothing(client, appointment, monkeypatch):
    mailed.opened(client, appointment)
    real = timezone.now()
    monkeypatch.setattr("django.core.signing.time.time", lambda: real.timestamp() + 3601)
    assert client.get("/a/").status_code == 410


def test_a_cookie_of_somebodys_own_making_opens_nothing(client, appointment):
    _, row = mailed.link(appointment)
    client.cookies["vqflow_visit"] = f'{{"link_pk":{row.pk},"is_unlocked":true}}:x:y'
    assert client.get("/a/").status_code == 410


def test_pages_behind_the_date_of_birth_lead_to_it(client, appointment):
    client.get(mailed.link(appointment)[0])
    for page in ("what-happens/", "cancel/", "calendar/appointment.ics", "questions/", "another-time/"):
        answer = client.get(f"/a/{page}")
        assert (answer.status_code, answer["Location"]) == (302, "/a/")


def test_forms_before_the_date_of_birth_do_nothing(client, appointment, site):
    site.patients_cancel = True
    site.save(update_fields=["patients_cancel"])
    client.get(mailed.link(appointment)[0])
    for page in ("confirm/", "cancel/"):
        assert mailed.post(client, f"/a/{page}")["Location"] == "/a/"
    appointment.refresh_from_db()
    assert (appointment.state, appointment.confirmed_at) == ("booked", None)


def test_another_link_opened_meanwhile_locks_the_first(client, appointment, site):
    mailed.opened(client, appointment)
    client.get(mailed.link(department.booked(site))[0])
    assert "Date of birth" in client.get("/a/").content.decode()


def test_a_form_of_one_link_does_nothing_to_another(client, appointment, site):
    mailed.opened(client, appointment)
    form = mailed.mark(client)
    other = department.booked(site)
    mailed.opened(client, other)
    answer = client.post("/a/confirm/", {"link": form})
    assert answer.status_code == 409
    assert "You have opened another link" in answer.content.decode()
    for each in (appointment, other):
        each.refresh_from_db()
        assert each.confirmed_at is None


def test_forms_are_protected_against_other_sites(appointment):
    client = Client(enforce_csrf_checks=True)
    path, row = mailed.link(appointment)
    client.get(path)
    answer = mailed.unlock(client)
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "Please open the link in our message again" in page
    row.refresh_from_db()
    assert row.unlocked_at is None


def test_a_form_with_its_token_is_taken(appointment):
    client = Client(enforce_csrf_checks=True)
    client.get(mailed.link(appointment)[0])
    page = client.get("/a/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    assert mailed.unlock(client, csrfmiddlewaretoken=token).status_code == 302


def test_leaving_forgets_the_link(client, appointment):
    mailed.opened(client, appointment)
    assert "Nobody can see your appointment here now" in mailed.post(client, "/a/leave/").content.decode()
    assert client.get("/a/").status_code == 410


def test_the_page_is_in_the_patients_language_and_can_be_in_another(client, site):
    patient = department.patient(site, language="ar")
    appointment = department.booked(site, of=patient)
    page = client.get(mailed.link(appointment)[0], follow=True).content.decode()
    assert '<html lang="ar" dir="rtl">' in page
    client.post("/a/language/", {"language": "de"})
    assert '<html lang="de" dir="ltr">' in client.get("/a/").content.decode()
    client.post("/a/language/", {"language": "xx"})
    assert '<html lang="ar" dir="rtl">' in client.get("/a/").content.decode()


def test_without_a_link_the_page_is_in_the_browsers_language(client, site):
    page = client.get("/a/abc", follow=True, headers={"Accept-Language": "zh-CN,en;q=0.5"}).content.decode()
    assert '<html lang="zh-hans"' in page


def test_only_the_methods_that_a_page_has_are_answered(client, appointment):
    mailed.opened(client, appointment)
    assert client.get("/a/confirm/").status_code == 405
    assert client.put("/a/").status_code == 405
    assert client.get("/a/language/").status_code == 405


def test_pages_hold_no_script_and_no_inline_style(client, appointment):
    mailed.opened(client, appointment)
    for path in ("/a/", "/a/what-happens/", "/a/cancel/"):
        answer = client.get(path)
        page = answer.content.decode()
        assert re.findall(r"<script|<style|\sstyle=|\son[a-z]+=|https?://", page) == []
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        assert "no-store" in answer["Cache-Control"]


def test_a_session_of_the_staff_takes_no_part(client, appointment, site):
    tess = department.technologist(site)
    client.force_login(tess)
    session = client.session
    session["seen_at"] = seen = timezone.now().timestamp() - timedelta(hours=1).total_seconds()
    session.save()
    mailed.opened(client, appointment)
    page = client.get("/a/").content.decode()
    assert "Your appointment" in page
    assert tess.username not in page
    assert client.session["seen_at"] == seen
    assert "locked" not in client.session
    assert not AuditEvent.objects.filter(agent_name=tess.username, action__startswith="link.").exists()


def test_a_second_factor_is_not_asked_of_patients(client, appointment, site, settings):
    settings.REQUIRE_MFA_ROLES = ["technologist"]
    client.force_login(department.technologist(site))
    mailed.opened(client, appointment)
    assert "Your appointment" in client.get("/a/").content.decode()


def test_an_address_that_is_not_there_is_answered_in_the_patients_words(client, site):
    answer = client.get("/a/nowhere/at/all/", headers={"Accept-Language": "de"})
    assert answer.status_code == 404
    page = answer.content.decode()
    assert '<html lang="de"' in page
    assert "start page" not in page


def test_a_fault_of_ours_is_answered_in_the_patients_words(appointment, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("a fault")

    browser = Client(raise_request_exception=False)
    mailed.opened(browser, appointment)
    monkeypatch.setattr("scheduling.letters.visits", broken)
    answer = browser.get("/a/")
    assert answer.status_code == 500
    assert "The mistake is ours" in answer.content.decode()
