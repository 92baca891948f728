import hashlib
import re
from urllib.parse import urlencode

import pytest
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)

from reporting.models import ReportVersion
from reporting.services import signing
from tests import department
from tests.reporting.browser import address, html, put
from tests.reporting.conftest import LIKELY, NOW, PASSWORD, with_password
from vqflow import unlocking
from vqflow.models import AuditEvent, IdempotentRequest, User

pytestmark = pytest.mark.django_db
SIGNED = {"version": 2, "credential": PASSWORD}


class TestSigning:
    def test_shows_what_will_be_signed(self, report, order, attending, page_of):
        answer = page_of(attending).get(address("sign", order))
        shown = html(answer)
        assert ("Sign as final" in shown, LIKELY["impression"] in shown) == (True, True)
        assert "disabled" not in re.search(r"<button[^>]*>Sign as final", shown)[0]

    def test_signs(self, report, order, attending, page_of):
        answer = put(page_of(attending), "sign", order, SIGNED)
        assert (answer.status_code, answer.url) == (302, address("report", order))
        order.refresh_from_db()
        assert (ReportVersion.objects.get().kind, order.state) == ("final", "reported")

    def test_a_second_press_of_the_button_signs_once_and_is_answered_alike(
        self, report, order, attending, page_of
    ):
        page, data = page_of(attending), {**SIGNED, "request_id": "8c1c"}
        first, second = put(page, "sign", order, data), put(page, "sign", order, data)
        assert (first.status_code, second.status_code, second["Location"]) == (302, 302, first.url)
        assert ReportVersion.objects.count() == 1

    def test_the_button_of_a_resident_after_preliminary_is_disabled_with_the_reason(
        self, report, order, resident, page_of
    ):
        signing.sign(report, draft_version=2, by=resident, now=NOW)
        shown = html(page_of(resident).get(address("sign", order)))
        assert "disabled" in re.search(r"<button[^>]*>Sign as preliminary", shown)[0]
        assert "An attending physician signs it final." in shown

    def test_who_comes_second_reads_who_signed_when(self, report, order, site, attending, page_of):
        signing.sign(report, draft_version=2, by=attending, now=NOW)
        answer = put(page_of(with_password(department.attending(site))), "sign", order, SIGNED)
        assert answer.status_code == 409
        assert "Ada Lund signed this report on 8 Mar 2027 at 15:00." in html(answer)
        assert ReportVersion.objects.count() == 1

    def test_a_draft_that_changed_is_read_again_first(self, report, order, attending, page_of):
        answer = put(page_of(attending), "sign", order, {**SIGNED, "version": 1})
        assert (answer.status_code, ReportVersion.objects.count()) == (409, 0)
        assert "Read it again, then sign." in html(answer)

    @pytest.mark.parametrize("version", ["", "two", "0", str(2**40)])
    def test_a_version_that_cannot_be_is_refused(self, report, order, attending, page_of, version):
        answer = put(page_of(attending), "sign", order, {**SIGNED, "version": version})
        assert (answer.status_code, ReportVersion.objects.count()) == (422, 0)

    def test_there_is_nothing_to_sign_before_the_first_draft(self, order, attending, page_of):
        assert page_of(attending).get(address("sign", order)).status_code == 404

    def test_is_not_for_technologists(self, report, order, technologist, page_of):
        assert put(page_of(technologist), "sign", order, SIGNED).status_code == 403
        assert ReportVersion.objects.count() == 0


class TestWhoSigns:
    def test_is_asked_for_the_password_and_recorded(self, report, order, attending, page_of):
        shown = html(page_of(attending).get(address("sign", order)))
        assert re.search(r'<input[^>]*type="password"[^>]*name="credential"[^>]*autofocus', shown)
        put(page_of(attending), "sign", order, SIGNED)
        assert AuditEvent.objects.get(action="report.signed").data["confirmed_by"] == "password"

    @pytest.mark.parametrize("typed", ["", "seven grey geese"])
    def test_a_wrong_password_signs_nothing_and_is_asked_again(
        self, report, order, attending, page_of, typed
    ):
        answer = put(page_of(attending), "sign", order, {"version": 2, "credential": typed})
        assert (answer.status_code, ReportVersion.objects.count()) == (422, 0)
        assert ("This is not your password." if typed else "Enter your password") in html(answer)
        assert typed == "" or typed not in html(answer)

    def test_the_fifth_wrong_try_ends_it_until_the_next_sign_in(self, report, order, attending, page_of):
        page = page_of(attending)
        for number in range(5):
            answer = put(page, "sign", order, {"version": 2, "credential": f"guess {number}"})
        assert "Five wrong tries" in html(answer)
        assert put(page, "sign", order, SIGNED).status_code == 422
        assert ReportVersion.objects.count() == 0
        assert AuditEvent.objects.filter(action="account.not_confirmed", outcome="failure").count() == 6
        unlocking.forgive(User.objects.get(pk=attending.pk))  # as a sign-in does
        assert put(page, "sign", order, SIGNED).status_code == 302

    def test_a_code_of_the_app_signs_once(self, report, order, attending, page_of):
        secret = generate_totp_secret()
        TOTP.activate(attending, secret)
        code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
        page, sent = page_of(attending), {"version": 2, "credential": code, "request_id": "77aa"}
        first = put(page, "sign", order, sent)
        again = put(page, "sign", order, sent)
        assert (first.status_code, again.status_code, ReportVersion.objects.count()) == (302, 302, 1)
        assert AuditEvent.objects.get(action="report.signed").data["confirmed_by"] == "code"
        # The same code in another request is used up.
        answer = put(page, "retract", order, {"number": 1, "reason": "Wrong.", "credential": code})
        assert (answer.status_code, ReportVersion.objects.count()) == (422, 1)
        assert "A code works once" in html(answer)

    def test_the_password_is_kept_nowhere(self, report, order, attending, page_of):
        put(page_of(attending), "sign", order, {**SIGNED, "request_id": "8c1d"})
        [kept] = IdempotentRequest.objects.all()
        body = urlencode({**SIGNED, "request_id": "8c1d"})
        head = f"POST {address('sign', order)}\n{attending.role} {attending.site_code}\n"
        assert kept.fingerprint != hashlib.sha256((head + body).encode()).hexdigest()
        assert PASSWORD not in str(list(AuditEvent.objects.values()))

    def test_a_passkeys_answer_that_is_none_is_a_wrong_try(self, report, order, attending, page_of):
        for answer in (
            "{}",
            "no json",
            '{"id": "x", "rawId": "eA", "type": "public-key", "response": {}}',
            "[]",
        ):
            sent = put(page_of(attending), "sign", order, {"version": 2, "passkey": answer})
            assert (sent.status_code, ReportVersion.objects.count()) == (422, 0)
        assert "The passkey was not accepted." in html(sent)
