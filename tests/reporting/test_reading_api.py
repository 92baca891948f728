"""The structured draft, the evaluation and the presets through the API."""

import json
import re

import pytest
from django.urls import reverse

from reporting.engine import differential
from reporting.engine.findings import (
    LIMITS,
    NONSEGMENTAL,
    OTHER_FINDINGS,
    Change,
    Effusion,
    Level,
    Perfusion,
    Quality,
    Technique,
    Ventilation,
    Xray,
    kept,
)
from reporting.engine.segments import SEGMENTS
from reporting.models import Preset
from reporting.services import drafting, locks
from tests import department
from tests.reporting.conftest import LIKELY, NOW
from vqflow import catalogues

pytestmark = pytest.mark.django_db
NORMAL = {
    "segment_scheme": "SEG18",
    "segments": {
        segment.code: {"perfusion": "normal", "ventilation": "normal", "xray": "clear"}
        for segment in SEGMENTS["SEG18"]
    },
}
DRAFT = {
    "scheme": "MOD_PIOPED_II",
    "category": "nondiagnostic",
    "findings": "",
    "impression": "Nondiagnostic.",
    "draft_version": 1,
}


def asked(page, method, name, data=None, **kwargs):
    url = reverse(f"reporting_api:{name}", kwargs=kwargs or None)
    return getattr(page, method)(url, json.dumps(data or {}), content_type="application/json")


class TestTheStructuredDraft:
    def test_is_kept_with_the_suggestion_that_was_judged_here(self, order, attending, page_of):
        data = {**DRAFT, "reading": NORMAL, "override_reason": "Much motion.", "next_step": "CTPA."}
        answer = asked(page_of(attending), "put", "report", data, pk=order.pk)
        draft = answer.json()["draft"]
        assert (answer.status_code, draft["reading"]) == (200, NORMAL)
        assert (draft["suggested"], draft["override_reason"], draft["next_step"]) == (
            "normal",
            "Much motion.",
            "CTPA.",
        )

    def test_what_is_left_out_stays(self, order, attending, page_of):
        page = page_of(attending)
        asked(page, "put", "report", {**DRAFT, "reading": NORMAL}, pk=order.pk)
        asked(page, "put", "report", {**DRAFT, "findings": "Two.", "draft_version": 2}, pk=order.pk)
        assert (drafting.of(order).reading, drafting.of(order).findings) == (NORMAL, "Two.")

    def test_a_reading_that_cannot_be_is_refused_at_its_place(self, order, attending, page_of):
        data = {**DRAFT, "reading": {"segments": {"RB1": {"perfusion": "huge"}}}}
        answer = asked(page_of(attending), "put", "report", data, pk=order.pk)
        assert answer.status_code == 422
        assert "segments.RB1.perfusion: Choose one of" in str(answer.json()["errors"])

    def test_a_suggestion_cannot_be_sent(self, order, attending, page_of):
        answer = asked(page_of(attending), "put", "report", {**DRAFT, "suggested": "normal"}, pk=order.pk)
        assert answer.status_code == 422


class TestTheEvaluation:
    def test_gives_counts_suggestion_and_sentences(self, order, attending, page_of):
        data = {"scheme": "MOD_PIOPED_II", "category": "normal", "reading": NORMAL}
        body = asked(page_of(attending), "post", "evaluate", data, pk=order.pk).json()
        assert (body["suggestion"]["category"], body["counts"]["equivalents"]) == ("normal", 0)
        assert (body["offered_schemes"], body["refusal"]) == (
            ["TEN_TERMS", "PIOPED_I", "MOD_PIOPED_II", "TRINARY"],
            "",
        )
        assert body["prose"]["impression"]

    def test_says_why_there_is_no_suggestion(self, order, attending, page_of):
        data = {"scheme": "MOD_PIOPED_II", "reading": {}}
        body = asked(page_of(attending), "post", "evaluate", data, pk=order.pk).json()
        assert (body["suggestion"], body["refusal"][:11]) == (None, "18 segments")

    @pytest.mark.parametrize(
        "change", [{"category": "pe_present"}, {"reading": {"segments": {"RB99": {}}}}, {"scheme": "X"}]
    )
    def test_refuses_what_cannot_be(self, order, attending, page_of, change):
        data = {"scheme": "MOD_PIOPED_II", "reading": NORMAL, **change}
        assert asked(page_of(attending), "post", "evaluate", data, pk=order.pk).status_code == 422

    def test_is_for_physicians_of_the_site_only(self, order, site, elsewhere, page_of):
        data = {"scheme": "MOD_PIOPED_II", "reading": NORMAL}
        lead, stranger = department.lead(site), department.attending(elsewhere)
        assert asked(page_of(lead), "post", "evaluate", data, pk=order.pk).status_code == 403
        assert asked(page_of(stranger), "post", "evaluate", data, pk=order.pk).status_code == 404


def test_a_report_is_taken_over(report, order, attending, resident, page_of):
    locks.stay(order, by=resident, now=NOW)
    answer = asked(page_of(attending), "post", "take-over", pk=order.pk)
    assert (answer.status_code, answer.json()["draft"]["impression"]) == (200, LIKELY["impression"])
    assert drafting.of(order).read_by == attending


class TestPresets:
    def test_are_saved_listed_applied_renamed_and_deleted(self, report, site, order, attending, page_of):
        page, other = page_of(attending), department.performed(site)
        made = asked(page, "post", "presets", {"order": order.pk, "name": "Likely"})
        assert made.status_code == 201
        pk = made.json()["id"]
        assert [each["name"] for each in page.get(reverse("reporting_api:presets")).json()] == ["Likely"]
        used = asked(page, "post", "apply-preset", {"preset": pk, "draft_version": 1}, pk=other.pk)
        assert (used.status_code, used.json()["draft"]["impression"]) == (200, LIKELY["impression"])
        late = asked(page, "post", "apply-preset", {"preset": pk, "draft_version": 1}, pk=other.pk)
        assert late.status_code == 200  # the same text is no conflict
        assert asked(page, "patch", "preset", {"name": "Embolism"}, pk=pk).json()["name"] == "Embolism"
        assert asked(page, "delete", "preset", pk=pk).status_code == 204
        assert Preset.objects.count() == 0

    def test_nobody_has_those_of_somebody_else(self, report, order, attending, resident, page_of):
        pk = asked(page_of(attending), "post", "presets", {"order": order.pk, "name": "Mine"}).json()["id"]
        page = page_of(resident)
        assert page.get(reverse("reporting_api:presets")).json() == []
        for method, name, data in (
            ("patch", "preset", {"name": "Yours"}),
            ("delete", "preset", None),
        ):
            assert asked(page, method, name, data, pk=pk).status_code == 404
        use = {"preset": pk, "draft_version": 2}
        assert asked(page, "post", "apply-preset", use, pk=order.pk).status_code == 404


class TestTheDocumentation:
    TEXT = (catalogues.PROJECT / "docs/api.md").read_text()

    def test_names_everything_that_a_reading_may_hold_and_every_word_of_it(self):
        words = (Perfusion, Ventilation, Xray, Effusion, Quality, Change, Level, Technique)
        named = [*kept.READING_KEYS, *kept.SEGMENT_KEYS, *NONSEGMENTAL, *LIMITS, *OTHER_FINDINGS]
        named += [str(word) for each in words for word in each if str(word)]
        named += [name for by, regions in differential.REGIONS.items() for name in (by, *regions)]
        assert [name for name in dict.fromkeys(named) if f"`{name}`" not in self.TEXT] == []

    def test_shows_a_reading_that_is_taken(self, order, attending, page_of):
        [example] = re.findall(r"```json\n(\{\n  \"draft_version\".*?)```", self.TEXT, re.S)
        data = json.loads(example)
        del data["reading"]["comparison"]["prior_order"]  # of a patient of the reader's
        answer = asked(page_of(attending), "put", "report", data, pk=order.pk)
        assert (answer.status_code, answer.json()["draft"]["reading"]) == (200, data["reading"])
