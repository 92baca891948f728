import pytest

from reporting.models import Report
from reporting.services import drafting, signing
from tests import department
from tests.reporting.browser import address, html, put
from tests.reporting.conftest import LIKELY, NOW

pytestmark = pytest.mark.django_db
FORM = {**LIKELY, "version": 1}
CONFLICT = "Your text is kept below; compare it with the saved text, then save again."


class TestSavingTheDraft:
    def test_saves_and_returns_to_the_page(self, order, attending, page_of):
        answer = put(page_of(attending), "draft", order, FORM)
        assert (answer.status_code, answer.url) == (302, address("report", order))
        saved = drafting.of(order)
        assert ({field: getattr(saved, field) for field in LIKELY}, saved.draft_version) == (LIKELY, 2)

    def test_saves_and_goes_to_signing(self, order, attending, page_of):
        answer = put(page_of(attending), "draft", order, {**FORM, "then": "sign"})
        assert (answer.status_code, answer.url) == (302, address("sign", order))

    def test_the_autosave_is_answered_with_the_new_version_only(self, order, attending, page_of):
        answer = put(page_of(attending), "draft", order, FORM, **{"X-VQFlow-Autosave": "1"})
        assert (answer.status_code, answer["X-VQFlow-Version"], answer.content) == (204, "2", b"")

    def test_a_draft_may_be_incomplete(self, order, attending, page_of):
        data = {"scheme": "TEN_TERMS", "version": 1, "findings": "", "impression": ""}
        assert put(page_of(attending), "draft", order, data).status_code == 302

    def test_another_scheme_without_javascript_lets_the_old_term_go(self, order, attending, page_of):
        data = {**FORM, "scheme": "EANM_SPECT", "category": "normal", "use_scheme": "yes"}
        assert put(page_of(attending), "draft", order, data).status_code == 302
        saved = drafting.of(order)
        assert (saved.scheme, saved.category, saved.findings) == ("EANM_SPECT", "", LIKELY["findings"])

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"category": "low_probability", "scheme": "TRINARY"}, "category"),
            ({"category": "x" * 41}, "category"),
            ({"scheme": "PIOPED_9"}, "scheme"),
            ({"scheme": ""}, "scheme"),
            ({"findings": "x" * 20_001}, "findings"),
            ({"impression": "a\x00b"}, "impression"),
            ({"version": "two"}, "version"),
            ({"version": 2**40}, "version"),
            ({"version": ""}, "version"),
        ],
    )
    def test_what_cannot_be_right_is_said_at_its_field_and_the_text_stays(
        self, order, attending, page_of, change, field
    ):
        page = page_of(attending)
        answer = put(page, "draft", order, {**FORM, **change})
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
        assert {**LIKELY, **change}["findings"] in html(answer)
        autosave = put(page, "draft", order, {**FORM, **change}, **{"X-VQFlow-Autosave": "1"})
        assert autosave.status_code == 422
        assert Report.objects.count() == 0

    def test_what_somebody_else_saved_stays_and_ones_own_text_is_kept_beside_it(
        self, report, order, attending, page_of
    ):
        data = {**FORM, "category": "normal", "findings": "My own findings."}
        answer = put(page_of(attending), "draft", order, data)
        shown, form = html(answer), answer.context["form"]
        assert answer.status_code == 409
        assert (CONFLICT in shown, "Rob Vance saved this report" in shown) == (True, True)
        assert (form["findings"].value(), form["category"].value()) == ("My own findings.", "normal")
        assert LIKELY["findings"] in shown
        assert "data-autosave-url" not in shown  # it would overwrite the saved text unseen
        assert drafting.of(order).findings == LIKELY["findings"]
        again = put(page_of(attending), "draft", order, {**data, "version": form["version"].value()})
        assert (again.status_code, drafting.of(order).findings) == (302, "My own findings.")

    def test_the_autosave_reads_the_conflict_in_a_sentence(self, report, order, attending, page_of):
        data = {**FORM, "findings": "My own findings."}
        answer = put(page_of(attending), "draft", order, data, **{"X-VQFlow-Autosave": "1"})
        assert (answer.status_code, answer["Content-Type"]) == (409, "text/plain; charset=utf-8")
        assert answer.content.decode().endswith(CONFLICT)

    def test_text_that_comes_after_the_final_signature_is_kept_on_the_page(
        self, report, order, attending, resident, page_of
    ):
        signing.sign(report, draft_version=2, by=attending, now=NOW)
        data = {**FORM, "version": 2, "findings": "My own findings."}
        answer = put(page_of(resident), "draft", order, data)
        assert (answer.status_code, "My own findings." in html(answer)) == (409, True)
        assert "report-form" not in html(answer)

    @pytest.mark.parametrize("role", ["technologist", "lead", "scheduler"])
    def test_is_for_physicians_only(self, order, site, page_of, role):
        user = getattr(department, role)(site)
        assert put(page_of(user), "draft", order, FORM).status_code == 403
        assert Report.objects.count() == 0

    def test_a_reload_of_the_answer_leads_to_the_page(self, order, attending, page_of):
        answer = page_of(attending).get(address("draft", order))
        assert (answer.status_code, answer.url) == (302, address("report", order))
