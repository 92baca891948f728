"""What a page asks for while a report is read: the criteria's answer, who has the report open, presets."""

import pytest
from django.urls import reverse
from django.utils import timezone

from reporting.engine.segments import SEGMENTS
from reporting.models import Preset, Report
from reporting.services import drafting, locks, presets, signing
from tests import department
from tests.reporting.browser import address, html, put
from tests.reporting.conftest import LIKELY, NOW
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
WORDS = {"q": "normal", "v": "normal", "x": "clear"}
NORMAL = {
    "reading": "SEG18",
    "scheme": "MOD_PIOPED_II",
    **{f"{letter}-{segment.code}": word for segment in SEGMENTS["SEG18"] for letter, word in WORDS.items()},
}


def evaluated(page, order, **data):
    answer = put(page, "evaluate", order, data)
    assert answer.status_code == 200
    return answer


class TestTheEvaluation:
    def test_of_a_normal_map_suggests_normal_with_its_row_and_its_source(self, order, attending, page_of):
        answer = evaluated(page_of(attending), order, **NORMAL)
        shown, suggestion = html(answer), answer.context["evaluation"].suggestion
        assert (suggestion.category, answer.context["evaluation"].counts.equivalents) == ("normal", 0)
        for fact in ("The criteria suggest: Normal", suggestion.sentence, suggestion.row, suggestion.source):
            assert str(fact) in shown
        assert 'value="normal" data-accept' in shown

    def test_counts_what_is_mismatched_and_what_is_left(self, order, attending, page_of):
        data = {**NORMAL, "q-RB9": "large", "q-LB8": "moderate", "q-RB1": ""}
        answer = evaluated(page_of(attending), order, **data)
        counts = answer.context["evaluation"].counts
        assert (counts.equivalents, counts.mismatched, counts.incomplete) == (1.5, ("RB9", "LB8"), ("RB1",))
        assert 'data-mismatched="RB9 LB8" data-incomplete="RB1"' in html(answer)
        assert "1 of 18 segments not assessed." in html(answer)
        assert "The criteria suggest" not in html(answer)

    def test_saves_nothing_and_reads_nothing_that_is_audited(self, order, attending, page_of):
        evaluated(page_of(attending), order, **NORMAL)
        assert Report.objects.count() == 0
        assert not AuditEvent.objects.filter(action__startswith="report").exists()

    def test_another_category_than_the_suggested_one_asks_why(self, order, attending, page_of):
        page = page_of(attending)
        other = evaluated(page, order, **NORMAL, category="nondiagnostic")
        same = evaluated(page, order, **NORMAL, category="normal")
        assert ("data-override" in html(other), "data-override" in html(same)) == (True, False)

    def test_the_probability_stands_beside_pioped_i_only_and_by_the_readers_prior(
        self, order, attending, page_of
    ):
        data = {**NORMAL, "scheme": "PIOPED_I", "category": "high_probability"}
        page = page_of(attending)
        unknown = html(evaluated(page, order, **data))
        assert "Choose the clinical probability before the scan" in unknown
        assert "<strong>56 %</strong>" in html(evaluated(page, order, **data, prior="low"))
        other = evaluated(page, order, **{**data, "scheme": "MOD_PIOPED_II", "prior": "low"})
        assert 'id="probability"' not in html(other)

    def test_schemes_that_do_not_fit_are_named_with_the_reason(self, order, attending, page_of):
        assert "EANM, SPECT: for SPECT only." in html(evaluated(page_of(attending), order, **NORMAL))

    def test_renews_generated_lines_and_keeps_own_ones(self, order, attending, page_of):
        page = page_of(attending)
        first = {
            name: text
            for name, _, text in evaluated(page, order, **NORMAL, category="normal").context["prose"]
        }
        assert first["impression"]
        own = {f"said-{name}": text for name, text in first.items()} | first
        own["findings"] += "\nSeen with the CT of today."
        again = evaluated(page, order, **{**NORMAL, "q-RB9": "large", **own}, category="high_probability")
        found = {name: text for name, _, text in again.context["prose"]}
        assert "Seen with the CT of today." in found["findings"].splitlines()
        assert "RB9" in found["findings"]
        assert found["impression"] != first["impression"]

    def test_is_for_physicians_of_the_site_only(self, order, site, elsewhere, page_of):
        assert put(page_of(department.lead(site)), "evaluate", order, NORMAL).status_code == 403
        assert put(page_of(department.attending(elsewhere)), "evaluate", order, NORMAL).status_code == 404

    @pytest.mark.parametrize("data", [{}, {"reading": "SEG99"}, {**NORMAL, "q-RB1": "huge"}, {"scheme": "X"}])
    def test_answers_whatever_is_sent(self, order, attending, page_of, data):
        evaluated(page_of(attending), order, **data)

    def test_takes_few_queries(self, order, attending, page_of, django_assert_num_queries):
        page = page_of(attending)
        evaluated(page, order, **NORMAL)
        # Session, user, begin, order, steps and protocol, rules, earlier results, end.
        with django_assert_num_queries(10):
            evaluated(page, order, **NORMAL)


class TestTwoReaders:
    def beat(self, page, order, **data):
        return put(page, "presence", order, data, **{"X-VQFlow-Poll": "1"})

    def test_the_open_form_has_the_report_and_the_second_page_shows_who(
        self, order, attending, resident, page_of
    ):
        first = self.beat(page_of(resident), order, edits="yes")
        assert (first["X-VQFlow-Reader"], first["X-VQFlow-Version"], html(first).strip()) == ("mine", "1", "")
        shown = html(page_of(attending).get(address("report", order)))
        assert "Rob Vance reads this report since" in shown
        assert ("Take over" in shown, 'id="report-form"' in shown) == (True, False)

    def test_a_page_that_only_looks_takes_nothing_and_sees_when_it_is_free(
        self, order, attending, resident, page_of
    ):
        self.beat(page_of(resident), order, edits="yes")
        page = page_of(attending)
        assert self.beat(page, order)["X-VQFlow-Reader"] == "theirs"
        locks.leave(order, by=resident)
        answer = self.beat(page, order)
        assert (answer["X-VQFlow-Reader"], "Nobody has this report open now." in html(answer)) == (
            "free",
            True,
        )
        assert drafting.of(order).read_by is None

    def test_who_is_taken_over_is_told_at_the_next_sign_of_life(self, order, attending, resident, page_of):
        self.beat(page_of(resident), order, edits="yes")
        taken = put(page_of(attending), "take-over", order, {})
        assert (taken.status_code, taken.url) == (302, address("report", order))
        told = self.beat(page_of(resident), order, edits="yes")
        assert (told["X-VQFlow-Reader"], "Ada Lund reads this report since" in html(told)) == ("theirs", True)
        assert 'id="report-form"' in html(page_of(attending).get(address("report", order)))

    def test_a_report_that_was_signed_meanwhile_is_closed(self, report, order, attending, resident, page_of):
        signing.sign(report, draft_version=2, by=attending, now=NOW)
        answer = self.beat(page_of(resident), order, edits="yes")
        assert (answer["X-VQFlow-Reader"], "Ada Lund signed this report" in html(answer)) == ("closed", True)

    def test_a_closed_page_gives_the_report_back(self, order, resident, page_of):
        page = page_of(resident)
        self.beat(page, order, edits="yes")
        assert put(page, "leave", order, {}).status_code == 204
        assert locks.reader(drafting.of(order), timezone.now()) is None

    @pytest.mark.parametrize("name", ["presence", "take-over", "leave"])
    def test_is_for_physicians_of_the_site_only(self, order, site, elsewhere, page_of, name):
        assert put(page_of(department.technologist(site)), name, order, {}).status_code == 403
        assert put(page_of(department.attending(elsewhere)), name, order, {}).status_code == 404


class TestPresets:
    FORM = {**NORMAL, "category": "normal", "findings": "Even.", "impression": "Normal.", "prior": "low"}

    def kept(self, page, order, name="Normal study", version=1):
        return put(
            page,
            "report-presets",
            order,
            {**self.FORM, "version": version, "keep": "yes", "preset_name": name},
        )

    def test_are_saved_from_the_form_without_what_is_one_patients_own(self, order, attending, page_of):
        assert self.kept(page_of(attending), order).status_code == 302
        preset = Preset.objects.get(owner=attending)
        assert (preset.name, preset.category, preset.impression) == ("Normal study", "normal", "Normal.")
        assert ("prior" in preset.reading, len(preset.reading["segments"])) == (False, 18)
        assert drafting.of(order).reading["prior"] == "low"

    def test_are_applied_over_the_form_whose_text_can_be_put_back(self, order, site, attending, page_of):
        page, other = page_of(attending), department.performed(site)
        self.kept(page, order)
        preset = Preset.objects.get()
        data = {"scheme": "TEN_TERMS", "category": "", "findings": "My own.", "impression": "", "version": 1}
        answer = put(page, "report-presets", other, {**data, "apply": preset.pk})
        saved = drafting.of(other)
        assert (answer.status_code, saved.category, saved.findings) == (200, "normal", "Even.")
        back = dict(answer.context["kept"]["fields"])
        assert back["findings"] == "My own."
        put(page, "draft", other, {**back, "version": answer.context["kept"]["version"]})
        assert drafting.of(other).findings == "My own."

    def test_need_a_name_and_the_text_stays(self, order, attending, page_of):
        answer = self.kept(page_of(attending), order, name="  ")
        assert (answer.status_code, "Give the preset a name." in html(answer)) == (422, True)
        assert drafting.of(order).findings == ""  # nothing is half done

    def test_are_renamed_and_deleted_by_their_owner_only(self, order, attending, resident, page_of):
        page, url = page_of(attending), reverse("reporting:presets")
        self.kept(page, order)
        self.kept(page, order, name="Another", version=2)
        preset = Preset.objects.get(name="Another")
        taken = page.post(url, {"preset": preset.pk, "name": "Normal study"})
        assert (taken.status_code, "already" in html(taken)) == (409, True)
        assert page.post(url, {"preset": preset.pk, "name": "Spare"}).status_code == 302
        assert page_of(resident).post(url, {"preset": preset.pk, "delete": "yes"}).status_code == 404
        assert "Spare" not in html(page_of(resident).get(url))
        assert page_of(attending).post(url, {"preset": preset.pk, "delete": "yes"}).status_code == 302
        assert [each.name for each in presets.of(attending)] == ["Normal study"]

    def test_a_preset_of_somebody_else_is_not_found(self, order, attending, resident, page_of):
        self.kept(page_of(attending), order)
        data = {**LIKELY, "version": 2, "apply": Preset.objects.get().pk}
        assert put(page_of(resident), "report-presets", order, data).status_code == 404
        assert drafting.of(order).impression == "Normal."
