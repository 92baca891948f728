from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from reporting.engine.signing import Signature, Standing, digest, moment, why_not_sign, why_not_write
from reporting.engine.states import ReportState

ZONE = ZoneInfo("America/New_York")
SIGNED = Signature("Ada Lund", "on 8 Mar 2027 at 10:42")


def standing(
    report=ReportState.DRAFT, order="performed", category="normal", impression="Normal.", signature=None
):
    return Standing(order, report, category, impression, signature)


def test_a_complete_draft_of_a_performed_examination_may_be_signed():
    assert why_not_write(standing()) is None
    assert why_not_sign(standing(), ReportState.FINAL) is None


def test_an_attending_may_sign_final_after_a_preliminary_signature():
    assert why_not_sign(standing(ReportState.PRELIMINARY, signature=SIGNED), ReportState.FINAL) is None


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (
            {"order": "in_progress"},
            "This examination is in progress. A report can be written once all its steps are finished.",
        ),
        (
            {"report": ReportState.FINAL, "order": "reported", "signature": SIGNED},
            "Ada Lund signed this report on 8 Mar 2027 at 10:42. A signed report cannot be changed.",
        ),
        (
            {"report": ReportState.PRELIMINARY, "signature": SIGNED},
            "Ada Lund signed this report on 8 Mar 2027 at 10:42 as preliminary. "
            "An attending physician signs it final.",
        ),
        ({"category": ""}, "Choose a category, then sign."),
        ({"impression": " \n"}, "Write the impression, then sign."),
    ],
)
def test_a_preliminary_signature_is_refused_with_the_reason(facts, sentence):
    assert why_not_sign(standing(**facts), ReportState.PRELIMINARY) == sentence


def test_a_moment_of_today_is_a_clock_time_and_of_another_day_has_its_date():
    at = datetime(2027, 3, 8, 3, 30, tzinfo=UTC)  # the evening before, in New York
    assert moment(at, ZONE, now=datetime(2027, 3, 8, 4, 59, tzinfo=UTC)) == "at 22:30"
    assert moment(at, ZONE, now=datetime(2027, 3, 8, 12, 0, tzinfo=UTC)) == "on 7 Mar 2027 at 22:30"
    assert moment(at, ZONE) == "on 7 Mar 2027 at 22:30"


def test_the_digest_is_of_sorted_compact_utf8_json():
    # printf '{"a":"é","b":1}' | sha256sum
    expected = "aa58fba8483623bed37c1b02edfccbdd9a53123837c20bfa4cb4049993a2872e"
    assert digest({"b": 1, "a": "é"}) == digest({"a": "é", "b": 1}) == expected


def test_the_digest_differs_when_one_letter_differs():
    assert digest({"impression": "no PE"}) != digest({"impression": "now PE"})
