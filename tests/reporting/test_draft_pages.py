import pytest

from reporting.engine.segments import SEGMENTS
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
        data = {**FORM, "scheme": "TRINARY", "category": "normal", "use_scheme": "yes"}
        assert put(page_of(attending), "draft", order, data).status_code == 302
        saved = drafting.of(order)
        assert (saved.scheme, saved.category, saved.findings) == ("TRINARY", "", LIKELY["findings"])

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

    def test_the_autosave_gets_both_texts_side_by_side_in_a_conflict(self, report, order, attending, page_of):
        data = {**FORM, "findings": "My own findings."}
        answer = put(page_of(attending), "draft", order, data, **{"X-VQFlow-Autosave": "1"})
        assert (answer.status_code, answer["Content-Type"]) == (409, "text/html; charset=utf-8")
        shown = html(answer)
        assert ("Rob Vance saved this report" in shown, 'data-version="2"' in shown) == (True, True)
        assert ("My own findings." in shown, LIKELY["findings"] in shown) == (True, True)
        assert drafting.of(order).findings == LIKELY["findings"]

    def test_the_autosave_says_which_field_cannot_be_right(self, order, attending, page_of):
        data = {**FORM, "findings": "x" * 20_001}
        answer = put(page_of(attending), "draft", order, data, **{"X-VQFlow-Autosave": "1"})
        assert (answer.status_code, answer["Content-Type"]) == (422, "text/plain; charset=utf-8")
        assert "20000" in answer.content.decode()

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


READING = {"reading": "SEG18", "q-RB1": "large", "v-RB1": "normal", "x-RB1": "clear"}


class TestTheReadingInTheForm:
    def test_is_saved_with_the_draft(self, order, attending, page_of):
        put(page_of(attending), "draft", order, {**FORM, **READING, "quality": "good", "cteph": "no"})
        assert drafting.of(order).reading == {
            "segment_scheme": "SEG18",
            "segments": {"RB1": {"perfusion": "large", "ventilation": "normal", "xray": "clear"}},
            "quality": "good",
            "cteph": False,
        }

    def test_stays_where_the_page_did_not_show_it(self, order, attending, page_of):
        page = page_of(attending)
        put(page, "draft", order, {**FORM, **READING})
        put(page, "draft", order, {**FORM, "version": 2, "findings": "Two."})
        assert (list(drafting.of(order).reading["segments"]), drafting.of(order).findings) == (
            ["RB1"],
            "Two.",
        )

    def test_what_cannot_be_right_in_it_is_left_out_and_all_else_is_safe(self, order, attending, page_of):
        wrong = {**FORM, **READING, "d-p-by": "lung", "d-p-as": "percent", "d-p-lung-right-percent": "forty"}
        autosave = put(page_of(attending), "draft", order, wrong, **{"X-VQFlow-Autosave": "1"})
        assert (autosave.status_code, autosave["X-VQFlow-Version"]) == (200, "2")
        assert autosave.content.decode().startswith("Left out: ")
        assert list(drafting.of(order).reading) == ["segments", "segment_scheme"]
        answer = put(page_of(attending), "draft", order, {**wrong, "version": 2})
        assert (answer.status_code, "This should be a number." in html(answer)) == (422, True)
        assert answer.context["form"]["version"].value() == 2

    def test_an_accepted_suggestion_is_the_category(self, order, attending, page_of):
        data = {**FORM, "scheme": "MOD_PIOPED_II", "category": "", "accept": "normal"}
        put(page_of(attending), "draft", order, data)
        assert drafting.of(order).category == "normal"

    def test_without_javascript_the_sentences_are_written_by_a_button(self, order, attending, page_of):
        every = {
            f"{letter}-{segment.code}": word
            for segment in SEGMENTS["SEG18"]
            for letter, word in (("q", "normal"), ("v", "normal"), ("x", "clear"))
        }
        data = {"reading": "SEG18", **every, "scheme": "MOD_PIOPED_II", "category": "normal", "version": 1}
        data |= {"findings": "Seen with Dr Lund.", "impression": "", "next_step": "", "then": "prose"}
        assert put(page_of(attending), "draft", order, data).status_code == 302
        saved = drafting.of(order)
        assert "Normal" in saved.impression
        assert "Seen with Dr Lund." in saved.findings.splitlines()
        assert len(saved.findings.splitlines()) > 2
