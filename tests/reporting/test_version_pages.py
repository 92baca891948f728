import pytest

from reporting.models import Report
from reporting.services import drafting, signing
from tests.reporting.browser import address, html, put
from tests.reporting.conftest import LIKELY, NOW, PASSWORD
from tests.reporting.test_versions import NORMAL, added, amended, current, retracted

pytestmark = pytest.mark.django_db


@pytest.fixture
def final(report, attending):
    return signing.sign(report, draft_version=2, by=attending, now=NOW)


def draft_version(report):
    return current(report).draft_version


class TestTheAddendumsPage:
    def test_begins_with_the_first_save_and_leads_to_signing(self, report, final, order, attending, page_of):
        page = page_of(attending)
        assert "It stands below the report" in html(page.get(address("addendum", order)))
        assert current(report).next_kind == ""
        saved = put(
            page, "addendum", order, {"version": draft_version(report), "addendum": "Told.", "then": "sign"}
        )
        assert (saved.status_code, saved.url) == (302, address("sign", order))
        shown = html(page.get(saved.url))
        assert "Sign the addendum" in shown
        assert "Told." in shown
        signed = put(page, "sign", order, {"version": draft_version(report), "credential": PASSWORD})
        assert (signed.status_code, current(report).state) == (302, "amended")

    def test_saves_while_it_is_typed(self, report, final, order, attending, page_of):
        sent = {"version": draft_version(report), "addendum": "To"}
        answer = put(page_of(attending), "addendum", order, sent, **{"X-VQFlow-Autosave": "1"})
        assert (answer.status_code, answer["X-VQFlow-Version"]) == (204, str(draft_version(report)))
        sent = {"version": answer["X-VQFlow-Version"], "addendum": "Told."}
        again = put(page_of(attending), "addendum", order, sent, **{"X-VQFlow-Autosave": "1"})
        assert (again.status_code, current(report).addendum) == (204, "Told.")

    def test_of_another_version_is_refused_and_the_text_kept(self, report, final, order, attending, page_of):
        sent = {"version": 1, "addendum": "Mine."}
        answer = put(page_of(attending), "addendum", order, sent)
        assert answer.status_code == 409
        assert "Mine." in html(answer)
        assert current(report).addendum == ""

    def test_of_a_report_that_is_not_final_says_why_not(self, report, order, attending, page_of):
        assert "This report is not final yet." in html(page_of(attending).get(address("addendum", order)))


class TestTheAmendment:
    def test_asks_why_then_opens_the_report(self, report, final, order, attending, page_of):
        page = page_of(attending)
        assert put(page, "amend", order, {"reason": " "}).status_code == 422
        answer = put(page, "amend", order, {"reason": "A segment was missed."})
        assert (answer.status_code, answer.url) == (302, address("report", order))
        assert current(report).next_reason == "A segment was missed."
        drafting.save(current(report), draft_version=draft_version(report), **NORMAL, by=attending, now=NOW)
        shown = html(page.get(address("sign", order)))
        assert "Sign the amended report" in shown
        assert "What changes" in shown
        assert "<ins>" in shown

    def test_is_thrown_away(self, report, final, order, attending, page_of):
        page = page_of(attending)
        put(page, "amend", order, {"reason": "A segment was missed."})
        answer = put(page, "give-up", order, {"version": draft_version(report)})
        assert (answer.status_code, current(report).next_kind) == (302, "")


class TestTheRetraction:
    def test_needs_a_reason_and_the_password(self, report, final, order, attending, page_of):
        page = page_of(attending)
        shown = html(page.get(address("retract", order)))
        assert "marked as entered in error" in shown
        assert put(page, "retract", order, {"number": 1, "credential": PASSWORD}).status_code == 422
        assert put(page, "retract", order, {"number": 1, "reason": "Wrong."}).status_code == 422
        assert current(report).state == "final"
        sent = {"number": 1, "reason": "Wrong.", "credential": PASSWORD, "request_id": "a1"}
        first, again = put(page, "retract", order, sent), put(page, "retract", order, sent)
        assert (first.status_code, again.status_code) == (302, 302)
        assert (current(report).state, report.versions.count()) == ("retracted", 2)

    def test_of_an_older_version_is_refused(self, report, final, order, attending, page_of):
        added(report, "Told.", attending)
        sent = {"number": 1, "reason": "Wrong.", "credential": PASSWORD}
        assert put(page_of(attending), "retract", order, sent).status_code == 409
        assert current(report).state == "amended"

    def test_is_no_page_of_residents(self, report, final, order, resident, page_of):
        assert page_of(resident).get(address("retract", order)).status_code == 403


def test_all_versions_are_listed_with_what_each_changed(report, final, order, attending, page_of):
    amended(report, NORMAL, attending, "A segment was missed.")
    added(report, "Told.", attending)
    retracted(report, attending)
    shown = html(page_of(attending).get(address("versions", order)))
    places = [shown.index(f'id="version-{number}"') for number in (4, 3, 2, 1)]
    assert places == sorted(places)
    assert "What changed" in shown
    assert shown.count("Retracted</span>") == 3  # all but the retraction itself
    assert "A segment was missed." in shown
    assert LIKELY["impression"] in shown


def test_a_technologist_reads_final_versions_only(report, order, resident, technologist, page_of):
    signing.sign(report, draft_version=2, by=resident, now=NOW)
    shown = html(page_of(technologist).get(address("versions", order)))
    assert "Nothing is signed yet" in shown
    assert Report.objects.get().state == "preliminary"
