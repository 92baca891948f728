import re

import pytest

from reporting.models import ReportVersion
from reporting.services import signing
from tests import department
from tests.reporting.browser import address, html, put
from tests.reporting.conftest import LIKELY, NOW

pytestmark = pytest.mark.django_db


class TestSigning:
    def test_shows_what_will_be_signed(self, report, order, attending, page_of):
        answer = page_of(attending).get(address("sign", order))
        shown = html(answer)
        assert ("Sign as final" in shown, LIKELY["impression"] in shown) == (True, True)
        assert "disabled" not in re.search(r"<button[^>]*>Sign as final", shown)[0]

    def test_signs(self, report, order, attending, page_of):
        answer = put(page_of(attending), "sign", order, {"version": 2})
        assert (answer.status_code, answer.url) == (302, address("report", order))
        order.refresh_from_db()
        assert (ReportVersion.objects.get().kind, order.state) == ("final", "reported")

    def test_a_second_press_of_the_button_signs_once_and_is_answered_alike(
        self, report, order, attending, page_of
    ):
        page, data = page_of(attending), {"version": 2, "request_id": "8c1c"}
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
        answer = put(page_of(department.attending(site)), "sign", order, {"version": 2})
        assert answer.status_code == 409
        assert "Ada Lund signed this report on 8 Mar 2027 at 15:00." in html(answer)
        assert ReportVersion.objects.count() == 1

    def test_a_draft_that_changed_is_read_again_first(self, report, order, attending, page_of):
        answer = put(page_of(attending), "sign", order, {"version": 1})
        assert (answer.status_code, ReportVersion.objects.count()) == (409, 0)
        assert "Read it again, then sign." in html(answer)

    @pytest.mark.parametrize("version", ["", "two", "0", str(2**40)])
    def test_a_version_that_cannot_be_is_refused(self, report, order, attending, page_of, version):
        answer = put(page_of(attending), "sign", order, {"version": version})
        assert (answer.status_code, ReportVersion.objects.count()) == (422, 0)

    def test_there_is_nothing_to_sign_before_the_first_draft(self, order, attending, page_of):
        assert page_of(attending).get(address("sign", order)).status_code == 404

    def test_is_not_for_technologists(self, report, order, technologist, page_of):
        assert put(page_of(technologist), "sign", order, {"version": 2}).status_code == 403
        assert ReportVersion.objects.count() == 0
