from datetime import timedelta

import pytest

from reporting.engine.criteria import TABLES
from reporting.engine.segments import SEGMENTS
from reporting.models import CriticalResult, Report, ReportingRules
from reporting.services import drafting, signing, versions
from scheduling.models import Language
from tests import department
from tests.reporting.conftest import LIKELY, NOW
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=7)


def audited(action):
    return AuditEvent.objects.filter(action=action)


def content(report):
    return {field: getattr(report, field) for field in LIKELY}


def test_a_draft_opens_in_the_sites_default_scheme(site, order, resident):
    site.default_scheme = "PIOPED_I"
    site.save(update_fields=["default_scheme"])
    order.refresh_from_db()
    report = drafting.open_draft(order, by=resident, now=NOW)
    assert (report.scheme, report.category, report.state, report.draft_version) == (
        "PIOPED_I",
        "",
        "draft",
        1,
    )
    assert (report.written_by, report.written_at) == (resident, NOW)
    assert audited("report.opened").get().patient_ids == [order.patient_id]


def test_an_open_draft_is_opened_again_as_it_is(report, order, attending):
    assert drafting.open_draft(order, by=attending, now=LATER) == report
    assert audited("report.opened").count() == 1


def test_no_draft_opens_before_the_examination_is_finished(site, resident):
    order = department.order(site)
    with pytest.raises(Conflict) as refusal:
        drafting.open_draft(order, by=resident, now=NOW)
    assert refusal.value.sentence == (
        "This examination is vetted. A report can be written once all its steps are finished."
    )
    assert Report.objects.count() == 0


def test_a_technologist_may_not_write(order, technologist):
    with pytest.raises(NotAllowed):
        drafting.write(order, draft_version=1, **LIKELY, by=technologist, now=NOW)
    assert Report.objects.count() == 0


def test_a_save_raises_the_version_and_is_audited_without_the_text(report, order, resident):
    assert content(report) == LIKELY
    assert (report.draft_version, report.written_by, report.written_at) == (2, resident, NOW)
    event = audited("report.saved").get()
    assert (event.patient_ids, event.data) == ([order.patient_id], {"draft_version": 2})


def test_what_somebody_else_has_saved_is_not_overwritten(report, attending):
    text = {**LIKELY, "impression": "Normal scan."}
    with pytest.raises(Conflict) as refusal:
        drafting.save(report, draft_version=1, **text, by=attending, now=LATER)
    assert refusal.value.sentence == (
        "Rob Vance saved this report at 15:00. "
        "Your text is kept below; compare it with the saved text, then save again."
    )
    assert content(drafting.current(report)) == LIKELY
    assert audited("report.saved").count() == 1


def test_ones_own_save_in_another_window_is_named_as_such(report, resident):
    with pytest.raises(Conflict, match=r"^You saved this report at 15:00 in another window\."):
        drafting.save(report, draft_version=1, **{**LIKELY, "findings": ""}, by=resident, now=LATER)


def test_the_text_that_is_already_there_is_no_conflict_and_no_change(report, attending):
    again = drafting.save(report, draft_version=1, **LIKELY, by=attending, now=LATER)
    assert (again.draft_version, again.written_at) == (2, NOW)
    assert audited("report.saved").count() == 1


def test_line_ends_are_kept_in_one_form(report, resident):
    text = {**LIKELY, "findings": "Left: normal.\r\nRight: normal."}
    saved = drafting.save(report, draft_version=2, **text, by=resident, now=LATER)
    assert saved.findings == "Left: normal.\nRight: normal."


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"scheme": "PIOPED_9"}, {"scheme": ["Choose one of the schemes."]}),
        (
            {"scheme": "TRINARY", "category": "low_probability"},
            {"category": ["Choose one of the terms of Trinary."]},
        ),
        ({"findings": "x" * 20_001}, {"findings": ["At most 20000 characters; this has 20001."]}),
        ({"impression": "x" * 20_001}, {"impression": ["At most 20000 characters; this has 20001."]}),
    ],
)
def test_what_cannot_be_right_is_refused_at_its_field(report, resident, change, fields):
    with pytest.raises(Invalid) as refusal:
        drafting.save(report, draft_version=2, **{**LIKELY, **change}, by=resident, now=LATER)
    assert refusal.value.fields == fields
    assert content(drafting.current(report)) == LIKELY


def test_a_final_report_is_not_written_any_more(report, attending, resident):
    signing.sign(report, draft_version=2, by=attending, now=NOW)
    with pytest.raises(Conflict) as refusal:
        drafting.save(report, draft_version=2, **{**LIKELY, "findings": ""}, by=resident, now=LATER)
    assert refusal.value.sentence == (
        "Ada Lund signed this report on 8 Mar 2027 at 15:00. A signed report cannot be changed."
    )
    assert content(drafting.current(report)) == LIKELY


def test_a_preliminary_report_may_still_be_written(report, attending, resident):
    signing.sign(report, draft_version=2, by=resident, now=NOW)
    text = {**LIKELY, "impression": "Pulmonary embolism, right lower lobe."}
    saved = drafting.save(report, draft_version=2, **text, by=attending, now=LATER)
    assert (saved.state, saved.draft_version, content(saved)) == ("preliminary", 3, text)


def test_a_draft_waits_while_the_examination_goes_on_again(report, order, resident):
    order.state = "in_progress"  # the technologist has undone the last end
    order.save(update_fields=["state"])
    assert drafting.why_not_write(drafting.of(order), resident) == (
        "This examination is in progress. A report can be written once all its steps are finished."
    )
    with pytest.raises(Conflict):
        drafting.save(report, draft_version=2, **{**LIKELY, "findings": ""}, by=resident, now=LATER)


@pytest.mark.parametrize("language", Language.values)
def test_a_report_is_written_in_every_language_that_its_form_offers(report, resident, language):
    saved = drafting.save(report, draft_version=2, language=language, by=resident, now=LATER)
    assert saved.language == language


def every(**finding):
    """All 18 segments alike: a reading as JSON."""
    return {
        "segments": {segment.code: dict(finding) for segment in SEGMENTS["SEG18"]},
        "segment_scheme": "SEG18",
    }


NORMAL = every(perfusion="normal", ventilation="normal", xray="clear")
TWO_MISMATCHES = {
    **NORMAL,
    "segments": {
        **NORMAL["segments"],
        "RB9": {"perfusion": "large", "ventilation": "normal", "xray": "clear"},
        "LB8": {"perfusion": "large", "ventilation": "normal", "xray": "clear"},
    },
}


class TestTheStructuredDraft:
    @pytest.fixture
    def started(self, order, resident):
        """A draft in modified PIOPED II, nothing chosen yet."""
        return drafting.write(order, draft_version=1, scheme="MOD_PIOPED_II", by=resident, now=NOW)

    def test_what_is_left_out_stays(self, report, resident):
        saved = drafting.save(report, draft_version=2, next_step="CT angiography.", by=resident, now=LATER)
        assert (content(saved), saved.next_step, saved.draft_version) == (LIKELY, "CT angiography.", 3)

    def test_the_suggestion_is_judged_here_with_the_row_that_matched(self, started, resident):
        saved = drafting.save(started, draft_version=2, reading=TWO_MISMATCHES, by=resident, now=NOW)
        assert (saved.category, saved.suggested) == ("", "high_probability")
        assert saved.suggested_by in [row.key for row in TABLES["MOD_PIOPED_II"].rows]
        again = drafting.save(saved, draft_version=3, reading=NORMAL, by=resident, now=NOW)
        assert again.suggested == "normal"

    def test_nothing_is_suggested_from_an_incomplete_map(self, started, resident):
        reading = {"segments": {"RB1": {"perfusion": "normal"}}}
        saved = drafting.save(started, draft_version=2, reading=reading, by=resident, now=NOW)
        assert (saved.suggested, saved.suggested_by) == ("", "")
        assert saved.reading["segments"] == {"RB1": {"perfusion": "normal"}}

    def test_a_suggestion_is_never_taken_from_the_writer(self, started, resident):
        with pytest.raises(TypeError, match="A report has no suggested"):
            drafting.save(started, draft_version=2, suggested="normal", by=resident, now=NOW)

    def test_a_reason_is_kept_only_while_the_category_differs_from_the_suggested_one(self, started, resident):
        def saved(version, **content):
            made = drafting.save(started, draft_version=version, **content, by=resident, now=NOW)
            return made.override_reason

        differs = {"reading": NORMAL, "category": "nondiagnostic", "override_reason": "Poor ventilation."}
        assert saved(2, **differs) == "Poor ventilation."
        assert saved(3, category="normal") == ""

    def test_a_reason_does_not_stay_with_another_category(self, started, resident):
        """Neither left out with the new category, nor with a map that suggests something else."""

        def saved(version, **content):
            made = drafting.save(started, draft_version=version, **content, by=resident, now=NOW)
            return made.category, made.override_reason

        differs = {"reading": NORMAL, "category": "nondiagnostic", "override_reason": "Poor ventilation."}
        saved(2, **differs)
        assert saved(3, findings="Even.") == ("nondiagnostic", "Poor ventilation.")
        assert saved(4, category="very_low_probability") == ("very_low_probability", "")
        own = {"category": "nondiagnostic", "override_reason": "Poor ventilation again."}
        assert saved(5, **own) == ("nondiagnostic", "Poor ventilation again.")

    @pytest.mark.parametrize(
        ("change", "fields"),
        [
            (
                {"reading": {"segments": {"RB11": {}}}},
                {"reading": ["segments.RB11: Nothing has this name."]},
            ),
            ({"scheme": "EANM_SPECT", "category": ""}, {"scheme": ["EANM, SPECT: for SPECT only."]}),
            ({"language": "tlh"}, {"language": ["Choose one of the languages."]}),
            ({"override_reason": "x" * 301}, {"override_reason": ["At most 300 characters; this has 301."]}),
        ],
    )
    def test_what_cannot_be_right_is_refused(self, started, resident, change, fields):
        with pytest.raises(Invalid) as refusal:
            drafting.save(started, draft_version=2, **change, by=resident, now=NOW)
        assert refusal.value.fields == fields

    def test_a_scheme_that_the_department_does_not_offer_is_refused(self, site, started, resident):
        ReportingRules.objects.create(site=site, offered_schemes=["MOD_PIOPED_II"])
        with pytest.raises(Invalid) as refusal:
            drafting.save(started, draft_version=2, scheme="PIOPED_I", by=resident, now=NOW)
        assert refusal.value.fields == {"scheme": ["PIOPED I is not offered in this department."]}

    def test_where_the_default_scheme_does_not_fit_the_first_that_does_is_taken(self, site, order, resident):
        site.default_scheme = "EANM_SPECT"
        site.save(update_fields=["default_scheme"])
        ReportingRules.objects.create(site=site, offered_schemes=["EANM_SPECT", "PIOPED_I"], language="de")
        order.refresh_from_db()
        report = drafting.open_draft(order, by=resident, now=NOW)
        assert (report.scheme, report.language) == ("PIOPED_I", "de")

    def test_a_critical_category_opens_its_record_with_the_first_save(self, report, resident):
        found = CriticalResult.objects.get(report=report)
        assert (found.identified_at, found.identified_by, found.stage) == (NOW, resident, "draft")
        drafting.save(report, draft_version=report.draft_version, findings="Two.", by=resident, now=LATER)
        assert CriticalResult.objects.count() == 1

    def test_an_addendum_writes_its_own_text_only(self, report, attending):
        signing.sign(report, draft_version=2, by=attending, now=NOW)
        begun = versions.begin(drafting.current(report), "addendum", by=attending, now=LATER)
        text = {"addendum": "Compared with the CT of today.", "findings": "Another text."}
        saved = drafting.save(begun, draft_version=begun.draft_version, **text, by=attending, now=LATER)
        assert (saved.addendum, content(saved)) == (text["addendum"], LIKELY)
