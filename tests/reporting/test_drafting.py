from datetime import timedelta

import pytest

from reporting.models import Report
from reporting.services import drafting, signing
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
    site.default_scheme = "EANM_SPECT"
    site.save(update_fields=["default_scheme"])
    order.refresh_from_db()
    report = drafting.open_draft(order, by=resident, now=NOW)
    assert (report.scheme, report.category, report.state, report.draft_version) == (
        "EANM_SPECT",
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
